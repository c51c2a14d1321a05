"""An order that is being typed: all of it stands in its form, so that it works without scripts and nothing of it is stored before
it is placed.  Personal data stand in fields that are kept out of what is stored of a form.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from controller.catalog.policies import Found, SymbolKey
from controller.catalog.queries import SkuRow, resolve, skus, skus_by_code
from controller.customers.addresses import Address
from controller.customers.policies import Contact
from controller.errors import Rejected
from controller.orders.states import Delivery
from controller.payments.policies import PayTerms
from controller.pricing.imports import BadCell, major_of, minor_of
from controller.sites.queries import SiteRow
from drivers.symbols.parse import parse_symbol
from edge_agent.wire.prices import price_per

MOST_LINES = 50
MOST_FOUND = 8
ADDRESS = ("name", "phone", "province", "city", "district", "street", "postcode", "country", "note")
_TIMES = re.compile(r"([0-9]{1,6})\s*[*x×]\s*(\S.*)", re.IGNORECASE)
_REFERENCE = re.compile(r"[A-Za-z0-9_-]{8,40}")


class EntryRefused(Rejected):
    """What was typed is no order yet; `why` says why, `where` with which article."""

    code = "entry_refused"

    def __init__(self, why: str, where: str = "") -> None:
        super().__init__(f"{why} {where}".strip())
        self.why = why
        self.where = where


@dataclass(frozen=True, slots=True)
class TypedLine:
    """As it was typed: `quantity` of base units, `price` in major units of one piece, 100 g or 100 ml."""

    sku: str
    quantity: str
    price: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """Everything of the form."""

    reference: str
    lines: tuple[TypedLine, ...] = ()
    delivery: Delivery = Delivery.COLLECTION
    site: str = ""
    presale: bool = False
    customer: str = ""
    own_address: bool = False
    due: str = ""
    terms: str = ""
    region: str = ""
    person: Mapping[str, str] = field(default_factory=dict)
    address: Mapping[str, str] = field(default_factory=dict)

    def with_line(self, sku: SkuRow, units: int) -> Entry:
        """More of what is there already is one line.  Raises EntryRefused."""
        for index, line in enumerate(self.lines):
            if line.sku == sku.code and line.quantity.isascii() and line.quantity.isdigit():
                more = replace(line, quantity=str(int(line.quantity) + units))
                return replace(self, lines=(*self.lines[:index], more, *self.lines[index + 1 :]))
        if len(self.lines) >= MOST_LINES:
            raise EntryRefused("too_many_lines")
        return replace(self, lines=(*self.lines, TypedLine(sku.code, str(units), major_of(sku.price_minor, sku.currency))))

    def without_line(self, index: int) -> Entry:
        return replace(self, lines=tuple(line for place, line in enumerate(self.lines) if place != index))

    @property
    def contact(self) -> Contact:
        return Contact(**{name: self.person.get(name, "") for name in ("name", "phone", "email")})

    def sent_to(self) -> Address | None:
        """Where it goes, if something was typed; the person's name and telephone where it says no other."""
        told = {name: self.address.get(name, "") for name in ADDRESS}
        if not any(told[name] for name in ("city", "street", "province", "district", "postcode")):
            return None
        told["name"] = told["name"] or self.person.get("name", "")
        told["phone"] = told["phone"] or self.person.get("phone", "")
        told["country"] = told["country"].upper() or "CN"
        return Address(**told)


def entry_of(fields: Mapping[str, str]) -> Entry:
    """The form as it came; whatever is odd is as if it had not been typed.  Raises EntryRefused (the form is not ours)."""
    reference = fields.get("reference", "")
    if not _REFERENCE.fullmatch(reference):
        raise EntryRefused("bad_form")
    codes = _codes(fields.get("skus", "[]"))
    lines = [TypedLine(code, fields.get(f"q-{n}", "").strip(), fields.get(f"p-{n}", "").strip()) for n, code in enumerate(codes, 1)]
    delivery = fields.get("delivery", "")
    return Entry(
        reference=reference,
        lines=tuple(lines),
        delivery=Delivery.SHIPPING if delivery == Delivery.SHIPPING.value else Delivery.COLLECTION,
        site=fields.get("site", "").strip(),
        presale=fields.get("presale") == "yes",
        customer=fields.get("customer", "").strip(),
        own_address=fields.get("own_address") == "yes",
        due=fields.get("due", "").strip(),
        region=fields.get("region", "").strip(),
        terms=fields.get("terms", "") if fields.get("terms") in set(PayTerms) else "",
        person={name: " ".join(fields.get(f"sealed_{name}", "").split()) for name in ("name", "phone", "email")},
        address={name: " ".join(fields.get(f"sealed_to_{name}", "").split()) for name in ADDRESS},
    )


def _codes(text: str) -> list[str]:
    """Raises EntryRefused."""
    try:
        return msgspec.json.decode(text, type=list[str])[:MOST_LINES]
    except (msgspec.DecodeError, RecursionError) as error:
        raise EntryRefused("bad_form") from error


async def article_of(text: str, site: str) -> tuple[SkuRow | None, int, list[SkuRow]]:
    """What was scanned or typed means: an article and how many base units (`3*tea`); or those that it may mean."""
    times = _TIMES.fullmatch(text)
    count, named = (int(times[1]), times[2].strip()) if times else (1, text)
    exact = (await skus_by_code([named])).get(named)
    if exact is not None:
        return exact, max(count, 1), []
    parsed = parse_symbol(named.encode())
    (meaning,) = await resolve([SymbolKey(parsed.text, parsed.gtin14)], site_id=site)
    if isinstance(meaning, Found) and (units := meaning.base_units(max(count, 1))):
        return (await skus_by_code([meaning.sku]))[meaning.sku], units, []
    found = await skus(limit=MOST_FOUND, q=named)
    return (found[0], max(count, 1), []) if len(found) == 1 else (None, max(count, 1), found)


def units_of(line: TypedLine) -> int:
    """Raises EntryRefused."""
    text = line.quantity
    if not (text.isascii() and text.isdigit() and len(text) <= 9 and int(text)):
        raise EntryRefused("bad_quantity", line.sku)
    return int(text)


def price_of(line: TypedLine, currency: str) -> int:
    """Minor units.  Raises EntryRefused."""
    try:
        return minor_of(line.price, currency)
    except BadCell as error:
        raise EntryRefused("bad_price", line.sku) from error


def due_of(text: str, zone: str) -> datetime | None:
    """An instant of the site's time.  Raises EntryRefused."""
    if not text:
        return None
    try:
        found = datetime.fromisoformat(text)
        return (found if found.tzinfo else found.replace(tzinfo=ZoneInfo(zone))).astimezone(UTC)
    except (ValueError, OverflowError, ZoneInfoNotFoundError) as error:
        raise EntryRefused("bad_due") from error


def currency_of(entry: Entry, site: SiteRow | None, known: Mapping[str, SkuRow]) -> str:
    """The site's; else the goods'."""
    if site is not None:
        return site.currency
    return next((known[line.sku].currency for line in entry.lines if line.sku in known), "CNY")


def per(sku: SkuRow) -> int:
    """How many base units a price is for."""
    return price_per(sku.base_unit)
