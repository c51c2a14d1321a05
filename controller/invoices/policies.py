"""What an invoice says, and what a correction takes back of it.  Pure; minor units, integers; every sum is that of its lines."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from msgspec import Struct, structs


class Seller(Struct, frozen=True, kw_only=True):
    """As it was when it was issued; `note` stands at the bottom (bank, register, terms)."""

    name: str
    address: str = ""
    tax_number: str = ""
    note: str = ""


class Buyer(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Whom it is for.  Personal data: sealed wherever it is kept.  All empty: nobody was named."""

    name: str = ""
    address: str = ""
    tax_number: str = ""


class LineTax(Struct, frozen=True, kw_only=True):
    """A rate on a line: `numerator / denominator` of `base_minor`."""

    code: str
    name: str
    numerator: int
    denominator: int
    base_minor: int
    tax_minor: int


class InvoiceLine(Struct, frozen=True, kw_only=True):
    """`quantity` base units at `unit_price_minor` for `price_per`; charges (`kind` shipping, fee) have no SKU and quantity 1.

    net + tax = gross.
    """

    position: int
    kind: str
    sku: str
    name_zh: str
    name_en: str
    base_unit: str
    quantity: int
    unit_price_minor: int
    price_per: int
    amount_minor: int
    discount_minor: int
    net_minor: int
    tax_minor: int
    gross_minor: int
    exempted_minor: int
    taxes: tuple[LineTax, ...] = ()


class RateSum(Struct, frozen=True, kw_only=True):
    """One rate over the whole document."""

    code: str
    name: str
    numerator: int
    denominator: int
    base_minor: int
    tax_minor: int


class GivenDiscount(Struct, frozen=True, kw_only=True):
    """As it was given by hand: an amount, or basis points; `position` None: over the goods of the order."""

    minor: int
    basis_points: int
    position: int | None
    reason: str


class PaidBy(Struct, frozen=True, kw_only=True):
    """What was captured, less what went back, when it was issued.  No references: who reads the paper has no use for them."""

    means: str
    minor: int


class Content(Struct, frozen=True, kw_only=True):
    """All that a document says but for its buyer; `rounding_minor` is on its total.  Payable is gross + rounding."""

    currency: str
    is_inclusive: bool
    seller: Seller
    lines: tuple[InvoiceLine, ...]
    discounts: tuple[GivenDiscount, ...] = ()
    payments: tuple[PaidBy, ...] = ()
    rounding_minor: int = 0
    certificate: str | None = None
    total_version: int = 0
    """Which count of the order (`order_total.version`) it was issued from."""

    @property
    def discount_minor(self) -> int:
        return sum(line.discount_minor for line in self.lines)

    @property
    def net_minor(self) -> int:
        return sum(line.net_minor for line in self.lines)

    @property
    def tax_minor(self) -> int:
        return sum(line.tax_minor for line in self.lines)

    @property
    def gross_minor(self) -> int:
        return sum(line.gross_minor for line in self.lines)

    @property
    def payable_minor(self) -> int:
        return self.gross_minor + self.rounding_minor

    @property
    def rates(self) -> list[RateSum]:
        """Taxes per rate, in the order in which they stand on the lines."""
        sums: dict[tuple[str, str, int, int], list[int]] = {}
        for tax in (tax for line in self.lines for tax in line.taxes):
            base_and_tax = sums.setdefault((tax.code, tax.name, tax.numerator, tax.denominator), [0, 0])
            base_and_tax[0] += tax.base_minor
            base_and_tax[1] += tax.tax_minor
        return [
            RateSum(code=code, name=name, numerator=numerator, denominator=denominator, base_minor=base, tax_minor=tax)
            for (code, name, numerator, denominator), (base, tax) in sums.items()
        ]


@dataclass(frozen=True, slots=True)
class TooMuch:
    """More of a line is to be taken back than is left of it."""

    position: int
    left: int


def taken_back(corrections: Iterable[Content]) -> dict[int, int]:
    """Base units that corrections have taken back, by position."""
    found: dict[int, int] = defaultdict(int)
    for line in (line for one in corrections for line in one.lines):
        found[line.position] -= line.quantity
    return dict(found)


def too_much(invoice: Content, before: Mapping[int, int], wanted: Mapping[int, int]) -> TooMuch | None:
    """The first line of which `wanted` asks for more than is left (a line that is not there has nothing left)."""
    held = {line.position: line.quantity - before.get(line.position, 0) for line in invoice.lines}
    for position, quantity in sorted(wanted.items()):
        if quantity > held.get(position, 0):
            return TooMuch(position, held.get(position, 0))
    return None


def whole(invoice: Content, before: Mapping[int, int]) -> dict[int, int]:
    """All that is left of it, by position."""
    left = {line.position: line.quantity - before.get(line.position, 0) for line in invoice.lines}
    return {position: quantity for position, quantity in left.items() if quantity}


def correction(invoice: Content, before: Mapping[int, int], wanted: Mapping[int, int]) -> Content:
    """What takes `wanted` base units of its lines back, after `before` was taken: all numbers below zero.

    Each amount is the difference of two shares of the whole line, so that corrections of a line add up to it, however it is cut.
    The rounding of the total goes with the last of it.
    """
    lines = tuple(
        _part(line, before.get(line.position, 0), wanted[line.position], is_inclusive=invoice.is_inclusive)
        for line in invoice.lines
        if wanted.get(line.position)
    )
    is_last = whole(invoice, before) == dict(wanted)
    return structs.replace(
        invoice, lines=lines, discounts=(), payments=(), rounding_minor=-invoice.rounding_minor if is_last else 0
    )


def _part(line: InvoiceLine, before: int, quantity: int, *, is_inclusive: bool) -> InvoiceLine:
    def part(minor: int) -> int:
        return -(minor * (before + quantity) // line.quantity - minor * before // line.quantity)

    taxes = tuple(structs.replace(tax, base_minor=part(tax.base_minor), tax_minor=part(tax.tax_minor)) for tax in line.taxes)
    net, tax, discount = part(line.net_minor), sum(tax.tax_minor for tax in taxes), part(line.discount_minor)
    priced = line.gross_minor if is_inclusive else line.net_minor
    beyond = part(line.amount_minor - line.discount_minor - priced)
    return structs.replace(
        line,
        quantity=-quantity,
        amount_minor=(net + tax if is_inclusive else net) + discount + beyond,
        discount_minor=discount,
        net_minor=net,
        tax_minor=tax,
        gross_minor=net + tax,
        exempted_minor=part(line.exempted_minor),
        taxes=taxes,
    )


def left_minor(invoice: Content, corrections: Sequence[Content]) -> int:
    """What is payable by an invoice and its corrections together."""
    return invoice.payable_minor + sum(one.payable_minor for one in corrections)
