"""An order as its supplier gets it, in its language: a PDF to read, CSV and JSON for machines; the same bytes each time."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from datetime import date

import msgspec

from controller.documents import pdf
from controller.documents.pdf import Sheet

_WORDS = {
    "en": {
        "title": "Purchase order", "revision": "Revision", "supplier": "Supplier", "deliver": "Deliver to", "date": "Date",
        "code": "Your code", "sku": "Our code", "name": "Article", "packs": "Packs", "pack": "Base units per pack",
        "price": "Price per pack", "amount": "Amount", "expected": "Expected on", "total": "Total", "note": "Note", "page": "Page",
        "mail": "Please find our order attached, as PDF and as CSV. Kindly confirm quantities, dates and prices.",
        "cancelled": "Cancellation of purchase order",
        "cancel_mail": "We cancel the order named below, as we sent it. Nothing of it is to be delivered any more.",
    },
    "zh-CN": {
        "title": "采购订单", "revision": "版本", "supplier": "供应商", "deliver": "收货门店", "date": "日期",
        "code": "贵司货号", "sku": "我司编码", "name": "品名", "packs": "箱数", "pack": "每箱数量",
        "price": "每箱价格", "amount": "金额", "expected": "预计到货", "total": "合计", "note": "备注", "page": "页",
        "mail": "附件为我司采购订单(PDF 与 CSV)。盼确认数量、到货日期与价格。",
        "cancelled": "采购订单取消通知",
        "cancel_mail": "以下采购订单取消,无需再发货。",
    },
}  # fmt: skip
_EXPONENTS = {"JPY": 0, "KRW": 0, "VND": 0, "CLP": 0, "KWD": 3, "BHD": 3, "TND": 3, "JOD": 3, "OMR": 3}
"""Minor units' digits, where they are not two (ISO 4217)."""
_COLUMNS = (
    "order", "revision", "position", "their_code", "sku", "name", "packs", "base_units_per_pack", "price_minor", "currency",
    "expected_on",
)  # fmt: skip
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True, slots=True, kw_only=True)
class PaperLine:
    position: int
    their_code: str
    sku: str
    name_en: str
    name_zh: str
    packs: int
    pack_numerator: int
    pack_denominator: int
    price_minor: int | None
    expected_on: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Paper:
    """What an order says; `language` and `currency` are the supplier's.  `is_cancel`: that nothing of it is wanted any more."""

    no: str
    revision: int
    company: str
    supplier: str
    supplier_code: str
    site: str
    site_name: str
    ordered_on: date
    language: str
    currency: str
    note: str
    lines: list[PaperLine]
    is_cancel: bool = False

    @property
    def name(self) -> str:
        """Of its files, without what they end with."""
        return f"{self.no}.{self.revision}.cancel" if self.is_cancel else f"{self.no}.{self.revision}"

    @property
    def title(self) -> str:
        return words(self.language)["cancelled" if self.is_cancel else "title"]

    @property
    def total_minor(self) -> int:
        return sum(line.packs * (line.price_minor or 0) for line in self.lines)


def words(language: str) -> dict[str, str]:
    return _WORDS.get(language, _WORDS["en"])


def digits_of(currency: str) -> int:
    """How many digits of an amount are behind the point (ISO 4217)."""
    return _EXPONENTS.get(currency, 2)


def money(minor: int | None, currency: str) -> str:
    """An amount as people write it, without its currency: `12.50`; empty where it is not known."""
    if minor is None:
        return ""
    digits = digits_of(currency)
    if digits == 0:
        return str(minor)
    whole, rest = divmod(abs(minor), 10**digits)
    return f"{'-' if minor < 0 else ''}{whole}.{rest:0{digits}d}"


def as_csv(paper: Paper) -> bytes:
    """UTF-8 with a mark, so that spreadsheets read it; cells that a spreadsheet would compute are quoted by an apostrophe.

    A cancellation orders 0 packs of each line.
    """
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(_COLUMNS)
    for line in paper.lines:
        name = line.name_zh if paper.language.startswith("zh") else line.name_en
        cells = (
            *(
                paper.no,
                paper.revision,
                line.position,
                _cell(line.their_code),
                _cell(line.sku),
                _cell(name),
                0 if paper.is_cancel else line.packs,
                pack_of(line),
            ),
            *("" if line.price_minor is None else line.price_minor, paper.currency, line.expected_on or ""),
        )
        writer.writerow(cells)
    return b"\xef\xbb\xbf" + out.getvalue().encode()


def _cell(text: str) -> str:
    return f"'{text}" if text.startswith(_FORMULA) else text


def pack_of(line: PaperLine) -> str:
    return str(line.pack_numerator) if line.pack_denominator == 1 else f"{line.pack_numerator}/{line.pack_denominator}"


def as_json(paper: Paper) -> bytes:
    return msgspec.json.encode({**msgspec.to_builtins(paper), "total_minor": paper.total_minor})


def as_pdf(paper: Paper) -> bytes:
    """A4, as `controller/documents/pdf.py` makes it."""
    say = words(paper.language)
    return pdf.as_pdf(
        Sheet(
            name=paper.name,
            author=paper.company,
            title=f"{paper.title} {paper.no}",
            head=_head(paper, say),
            columns=[say.get(column, "#") for column in ("", "code", "sku", "name", "packs", "pack", "price", "expected")],
            widths=(8, 27, 24, 45, 14, 16, 20, 26),
            rows=_rows(paper),
            foot=[f"{say['total']}: {money(paper.total_minor, paper.currency)} {paper.currency}"],
        )
    )


def _head(paper: Paper, say: dict[str, str]) -> list[str]:
    found = [
        paper.company,
        f"{say['revision']} {paper.revision}",
        f"{say['date']}: {paper.ordered_on.isoformat()}",
        f"{say['supplier']}: {paper.supplier} ({paper.supplier_code})",
        f"{say['deliver']}: {paper.site_name} ({paper.site})",
    ]
    return [*filter(None, found), *([f"{say['note']}: {paper.note}"] if paper.note else [])]


def _rows(paper: Paper) -> list[list[str]]:
    rows: list[list[str]] = []
    for line in paper.lines:
        name = line.name_zh if paper.language.startswith("zh") else line.name_en
        cells = [str(line.position), line.their_code, line.sku, name, str(line.packs), pack_of(line)]
        rows.append([*cells, money(line.price_minor, paper.currency), line.expected_on.isoformat() if line.expected_on else ""])
    return rows
