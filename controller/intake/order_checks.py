"""What a file's orders are, held against what is known: an order as channels send it, or what is wrong with which row.  Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

import msgspec

from controller.intake.document import MAX_BYTES, MOST_LINES, SentAddress, SentBuyer, SentLine, SentOrder
from controller.intake.mapping import MAX_GOODS, Mapped
from controller.intake.order_file import COLUMNS, OF_LINES, OF_PEOPLE, Row, RowError
from controller.payments.policies import PayTerms
from controller.pricing.imports import BadCell, instant_of, minor_of
from edge_agent.wire.prices import line_amount

SENT = frozenset({"shipping", "ship", "send", "delivery", "快递", "配送", "发货", "邮寄", "物流", "快递发货"})
FETCHED = frozenset({"collection", "collect", "pickup", "pick-up", "fetch", "自提", "到店自提", "门店自提", "上门自提"})
TERMS = {
    PayTerms.PREPAID: frozenset({"prepaid", "prepay", "in advance", "先付", "预付", "先付款", "款到发货"}),
    PayTerms.ON_DELIVERY: frozenset({"on_delivery", "on delivery", "cod", "cash on delivery", "货到付款", "到付"}),
    PayTerms.ACCOUNT: frozenset({"account", "on account", "credit", "挂账", "月结", "账期", "赊账"}),
}
YES = frozenset({"yes", "y", "true", "1", "是", "预售"})
NO = frozenset({"", "no", "n", "false", "0", "否"})
PLACE = ("province", "city", "district", "street", "line2", "postcode")
LONGEST_OF = {"name": 100, "phone": 40, "email": 254, "customer": 200, "region": 40, "site": 40}
MOST_UNITS = 10**6
_SHORTENED = re.compile(r"\d(\.\d+)?[eE]\+?\d+")
"""What a spreadsheet makes of a number that is too long for it."""
_THOUSANDS = re.compile(r"[0-9]{1,3}(,[0-9]{3})+(\.[0-9]+)?")
_DAY = re.compile(r"([0-9]{4})[-/.年]([0-9]{1,2})[-/.月]([0-9]{1,2})日?(.*)", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """What one of the goods costs by the catalogue, in minor units; None: no whole amount."""

    minor: int | None
    currency: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    currency: str
    zone: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """`goods`: what is mapped; `taken`: references that orders with other content have; `placed`: documents that came before."""

    goods: Mapping[str, Mapped]
    prices: Mapping[str, Price]
    sites: Mapping[str, Site]
    zone: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedOrder:
    """`document`: the order as it is kept, None where there are `errors`; `missing`: goods that nobody mapped.

    `terms`: how it is paid, empty: at another till; `presale`: so many lines may be promised before they arrive.
    """

    reference: str
    row: int
    rows: int
    units: int = 0
    total_minor: int = 0
    currency: str = ""
    delivery: str = ""
    terms: str = ""
    presale: int = 0
    document: bytes | None = None
    missing: frozenset[str] = frozenset()
    errors: Sequence[RowError] = ()


class _Bad(Exception):
    """What is wrong with a row."""

    def __init__(self, row: Row, column: str, code: str) -> None:
        super().__init__(code)
        self.error = RowError(row.number, column, code, "" if column in OF_PEOPLE else row.cell(column)[:64])


def check(reference: str, rows: Sequence[Row], known: Known) -> CheckedOrder:
    """An order is taken whole, or not at all: a row that is wrong keeps the others of its order out, too."""
    errors: list[RowError] = []
    lines: list[SentLine] = []
    order: SentOrder | None = None
    try:
        order = _head(reference, rows, known)
    except _Bad as bad:
        errors.append(bad.error)
    currency = order.currency if order is not None else ""
    for row in rows:
        try:
            lines.append(_line(row, currency, known))
        except _Bad as bad:
            errors.append(bad.error)
    if order is None or errors:
        return CheckedOrder(reference=reference, row=rows[0].number, rows=len(rows), errors=errors)
    document = msgspec.json.encode(msgspec.structs.replace(order, lines=lines))
    if len(document) > MAX_BYTES:
        error = RowError(rows[0].number, "reference", "too_many_lines", reference)
        return CheckedOrder(reference=reference, row=rows[0].number, rows=len(rows), errors=[error])
    return CheckedOrder(
        reference=reference,
        row=rows[0].number,
        rows=len(rows),
        units=sum(line.quantity for line in lines),
        total_minor=_total(lines, known.goods),
        currency=order.currency,
        delivery=order.delivery,
        terms=order.pay_terms.value if order.pay_terms is not None else "",
        presale=sum(line.presale for line in lines),
        document=document,
        missing=frozenset(line.goods for line in lines) - known.goods.keys(),
    )


def _total(lines: Sequence[SentLine], goods: Mapping[str, Mapped]) -> int:
    """To be looked at; nobody's goods are counted by the piece."""
    return sum(line_amount(line.quantity, line.price_minor, goods[line.goods].each if line.goods in goods else 1) for line in lines)


def _head(reference: str, rows: Sequence[Row], known: Known) -> SentOrder:
    """What is said of the whole order; without its lines.  Raises _Bad."""
    if len(rows) > MOST_LINES:
        raise _Bad(rows[MOST_LINES], "reference", "too_many_lines")
    told = {column: _one(rows, column) for column in COLUMNS if column not in OF_LINES}
    first = rows[0]
    for column, longest in LONGEST_OF.items():
        if len(told[column]) > longest:
            raise _Bad(first, column, "too_long")
    for column in (*PLACE, "note"):
        if len(told[column]) > 200:
            raise _Bad(first, column, "too_long")
    if _SHORTENED.fullmatch(told["phone"]):
        raise _Bad(first, "phone", "shortened")
    site = told["site"]
    if site and site not in known.sites:
        raise _Bad(first, "site", "unknown_site")
    delivery = _delivery(first, told)
    return SentOrder(
        reference=reference,
        currency=_currency(rows, told["currency"], site, known),
        lines=[],
        delivery=delivery,
        site=site or None,
        region=told["region"] or None,
        pay_terms=_terms(first, told),
        due_at=_due(first, told["due"], known.sites[site].zone if site else known.zone),
        buyer=SentBuyer(id=told["customer"], name=told["name"], phone=told["phone"], email=told["email"]),
        address=_address(first, told) if delivery == "shipping" else None,
    )


def _one(rows: Sequence[Row], column: str) -> str:
    """What the rows of an order say, one of them or all alike.  Raises _Bad."""
    said = ""
    for row in rows:
        cell = row.cell(column)
        if said and cell and cell != said:
            raise _Bad(row, column, "says_otherwise")
        said = said or cell
    return said


def _delivery(row: Row, told: Mapping[str, str]) -> Literal["shipping", "collection"]:
    word = told["delivery"].casefold()
    has_place = any(told[column] for column in PLACE)
    if word and word not in SENT | FETCHED:
        raise _Bad(row, "delivery", "bad_delivery")
    if word in FETCHED or (not word and told["site"] and not has_place):
        if not told["site"]:
            raise _Bad(row, "site", "no_site")
        return "collection"
    if not told["city"] or not told["street"]:
        raise _Bad(row, "street" if told["city"] else "city", "no_address")
    return "shipping"


def _terms(row: Row, told: Mapping[str, str]) -> PayTerms | None:
    """Raises _Bad."""
    word = told["terms"].casefold()
    if not word:
        return None
    found = next((terms for terms, words in TERMS.items() if word in words), None)
    if found is None:
        raise _Bad(row, "terms", "bad_terms")
    if found is PayTerms.ACCOUNT and not any(told[column] for column in ("customer", "phone", "email")):
        raise _Bad(row, "terms", "no_account")
    return found


def _address(row: Row, told: Mapping[str, str]) -> SentAddress:
    country = told["country"].upper() or "CN"
    if len(country) != 2 or not (country.isascii() and country.isalpha()):
        raise _Bad(row, "country", "bad_country")
    place = {column: told[column] for column in (*PLACE, "name", "phone", "note")}
    return SentAddress(country=country, **place)


def _currency(rows: Sequence[Row], said: str, site: str, known: Known) -> str:
    """Raises _Bad."""
    if said:
        if len(said) != 3 or not (said.isascii() and said.isalpha()):
            raise _Bad(rows[0], "currency", "bad_currency")
        found = said.upper()
    elif site:
        found = known.sites[site].currency
    else:
        own = {known.prices[row.cell("sku")].currency for row in rows if row.cell("sku") in known.prices}
        if len(own) != 1:
            raise _Bad(rows[0], "currency", "no_currency")
        (found,) = own
    if site and found != known.sites[site].currency:
        raise _Bad(rows[0], "currency", "other_currency")
    return found


def _due(row: Row, text: str, zone: str) -> datetime | None:
    """A day is until its end.  Raises _Bad."""
    if not text:
        return None
    told = _DAY.fullmatch(text)
    try:
        day = "" if told is None else f"{told[1]}-{int(told[2]):02}-{int(told[3]):02}"
        instant = instant_of(f"{day}{'' if told is None else told[4]}", "due", zone)
        return instant if told is not None and told[4] else instant + timedelta(days=1, seconds=-1)
    except (BadCell, OverflowError) as error:
        raise _Bad(row, "due", "bad_due") from error


def _line(row: Row, currency: str, known: Known) -> SentLine:
    """Raises _Bad."""
    goods, quantity = row.cell("sku"), row.cell("quantity").replace(" ", "")
    if not goods or len(goods) > MAX_GOODS:
        raise _Bad(row, "sku", "no_goods")
    if not (quantity.isascii() and quantity.isdigit() and len(quantity) <= 7 and 0 < int(quantity) <= MOST_UNITS):
        raise _Bad(row, "quantity", "bad_quantity")
    presale = row.cell("presale").casefold()
    if presale not in YES | NO:
        raise _Bad(row, "presale", "bad_presale")
    price = _price(row, goods, currency, known)
    return SentLine(goods=goods, quantity=int(quantity), price_minor=price, presale=presale in YES)


def _price(row: Row, goods: str, currency: str, known: Known) -> int:
    """Raises _Bad."""
    text = row.cell("price").strip("¥￥$€ ")
    if text:
        try:
            return minor_of(text.replace(",", "") if _THOUSANDS.fullmatch(text) else text, currency)
        except BadCell as error:
            raise _Bad(row, "price", "bad_price") from error
    price = known.prices.get(goods)
    if price is None or price.minor is None or currency not in ("", price.currency):
        raise _Bad(row, "price", "no_price")
    return price.minor
