"""An invoice as it is read: its words, its lines and sums as text, in Chinese and English; as PDF, and as data for its template."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from controller.documents import pdf
from controller.documents.pdf import Sheet
from controller.fulfilment.papers import Fields, money_text, quantity_text
from controller.invoices.policies import Buyer, Content, InvoiceLine, RateSum
from controller.invoices.queries import StoredInvoice

_KINDS = {"shipping": "运费 Shipping", "fee": "附加费 Fee"}
_MEANS = {
    "cash": "现金 Cash",
    "card_terminal": "刷卡 Card",
    "wechat": "微信支付 WeChat Pay",
    "alipay": "支付宝 Alipay",
    "online": "在线支付 Online",
    "bank_transfer": "银行转账 Bank transfer",
    "cash_on_delivery": "货到付款 Cash on delivery",
    "account": "挂账 On account",
    "gift_card": "礼品卡 Gift card",
    "channel": "平台代收 Marketplace",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What stands on the paper but for whom it is for; `corrects`: the number of the invoice that it takes back some of."""

    title: str
    about: list[str]
    lines: list[tuple[str, str, str, str]]
    sums: list[tuple[str, str]]
    total: str
    payments: list[tuple[str, str]]


def written(one: StoredInvoice, corrects: str | None) -> Written:
    content = one.content
    about = [f"更正 Corrects {corrects}: {one.reason}"] if corrects else []
    return Written(
        title="更正发票 Correction" if corrects else "发票 Invoice",
        about=about,
        lines=[_line(line, content.currency) for line in content.lines],
        sums=_sums(content),
        total=money_text(content.payable_minor, content.currency),
        payments=[(_MEANS.get(each.means, each.means), money_text(each.minor, content.currency)) for each in content.payments],
    )


def _line(line: InvoiceLine, currency: str) -> tuple[str, str, str, str]:
    """Name, quantity, price, amount as it is priced."""
    name = line.name_zh or line.name_en or _KINDS.get(line.kind, line.kind)
    per = "" if line.price_per == 1 else f"/{quantity_text(line.price_per, line.base_unit)}"
    price = money_text(line.unit_price_minor, currency) + per
    return name, quantity_text(line.quantity, line.base_unit), price, money_text(line.amount_minor, currency)


def _sums(content: Content) -> list[tuple[str, str]]:
    def text(minor: int) -> str:
        return money_text(minor, content.currency)

    found = [("折扣 Discount", text(-content.discount_minor))] if content.discount_minor else []
    found.append(("不含税 Net", text(content.net_minor)))
    found += [
        (f"{rate.name or rate.code} {percent_text(rate)} / {text(rate.base_minor)}", text(rate.tax_minor)) for rate in content.rates
    ]
    if content.certificate:
        found.append((f"免税 Tax exempt {content.certificate}", text(0)))
    return [*found, ("抹零 Rounding", text(content.rounding_minor))] if content.rounding_minor else found


def percent_text(rate: RateSum) -> str:
    """`13 %`, `8.875 %`; what no decimal says exactly is rounded to four digits."""
    percent = Decimal(rate.numerator * 100) / Decimal(rate.denominator)
    return f"{percent.quantize(Decimal('0.0001')).normalize():f} %"


def buyer_text(buyer: Buyer) -> str:
    """A line each: name, address, tax number."""
    number = f"税号 Tax No. {buyer.tax_number}" if buyer.tax_number else ""
    return "\n".join(part for part in (buyer.name, buyer.address, number) if part)


def seller_about(content: Content) -> str:
    seller = content.seller
    number = f"税号 Tax No. {seller.tax_number}" if seller.tax_number else ""
    return "\n".join(part for part in (seller.address, number) if part)


def fields(one: StoredInvoice, corrects: str | None, *, is_named: bool) -> Fields:
    """For the template; without the buyer, whose words the box fetches as it prints (`is_named`: there is one)."""
    paper = written(one, corrects)
    data: Fields = {
        "seller": one.content.seller.name,
        "seller_about": seller_about(one.content),
        "title": paper.title,
        "number": one.number,
        "at": one.issued_on.isoformat(),
        "order_word": "订单 Order",
        "order": one.order_no,
        "corrects": "\n".join(paper.about),
        "lines": [
            {"name": name, "quantity": quantity, "price": price, "amount": amount} for name, quantity, price, amount in paper.lines
        ],
        "sums": [{"name": name, "amount": amount} for name, amount in paper.sums],
        "total_word": "合计 Total",
        "total": paper.total,
        "payments": [{"name": name, "amount": amount} for name, amount in paper.payments],
        "closing": one.content.seller.note,
    }
    if is_named:
        data["buyer_word"] = "购买方 Buyer"
    return data


def as_pdf(one: StoredInvoice, corrects: str | None, buyer: Buyer) -> bytes:
    """A4.  Takes some tenths of a second for hundreds of lines: call it in a thread."""
    paper = written(one, corrects)
    seller = one.content.seller
    named = buyer_text(buyer)
    head = [
        seller.name,
        *seller_about(one.content).splitlines(),
        f"日期 Date {one.issued_on.isoformat()}",
        f"订单 Order {one.order_no}",
    ]
    foot = [f"{name}: {amount}" for name, amount in paper.sums]
    foot += [f"合计 Total: {paper.total}", *(f"{name}: {amount}" for name, amount in paper.payments)]
    return pdf.as_pdf(
        Sheet(
            name=one.number,
            author=seller.name,
            title=f"{paper.title} {one.number}",
            head=[*head, *paper.about, *([f"购买方 Buyer: {'; '.join(named.splitlines())}"] if named else [])],
            columns=("#", "品名 Article", "数量 Quantity", "单价 Price", "金额 Amount"),
            widths=(10, 80, 30, 30, 30),
            rows=[[str(rank), *line] for rank, line in enumerate(paper.lines, 1)],
            foot=[*foot, *([seller.note] if seller.note else [])],
        )
    )
