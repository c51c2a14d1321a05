"""The automatic checks of an order, and what a ruling means for its way.  Pure.

A check finds something or nothing; what it finds becomes a flag with its reason.  Reasons hold no personal data.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated

from msgspec import Meta, Struct

from controller.errors import Rejected
from controller.orders.flags import MAX_REASON, FlagKind
from controller.review.rules import Outcome

BASIS = 10_000
"""Basis points of the whole."""
_NAMED = 3
"""Lines that a reason names."""


Share = Annotated[int, Meta(ge=0, le=100 * BASIS)]


class BadLimits(Rejected):
    code = "bad_review_limits"


class Limits(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """When checks flag an order; None: never.

    A line's price may be `price_above_bp` above the price in force, `price_below_bp` below it; discounts may be `discount_bp` of
    the order; customers of these credit `ratings`, or who owe more than `arrears_minor`, are not trusted; `address`: whether what
    is wrong with an address counts.
    """

    price_above_bp: Share | None = 2_000
    price_below_bp: Share | None = 3_000
    discount_bp: Share | None = 3_000
    ratings: Annotated[tuple[Annotated[str, Meta(min_length=1, max_length=1)], ...], Meta(max_length=26)] = ("C", "D")
    arrears_minor: Annotated[int, Meta(ge=0, le=10**12)] | None = None
    address: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class PricedLine:
    """`listed_minor`: the price in force for as much; None: nobody said one."""

    sku: str
    unit_price_minor: int
    listed_minor: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What the checks look at.  `flaws`: field and flaw of the address, None: it goes nowhere; `discount` in basis points.

    `twin`: the order before it that is the same.
    """

    lines: Sequence[PricedLine]
    discount: int
    credit: str | None
    arrears_minor: int
    flaws: Sequence[tuple[str, str]] | None
    twin: str | None = None


Findings = Mapping[FlagKind, str]
FOUND_BY_CHECKS = frozenset({FlagKind.BAD_ADDRESS, FlagKind.PRICE_ANOMALY, FlagKind.CREDIT, FlagKind.DUPLICATE_SUSPECTED})
"""The flags that checks set, and take back when they find nothing any more."""


def check_limits(limits: Limits) -> None:
    """Raises BadLimits."""
    for name in ("price_above_bp", "price_below_bp", "discount_bp"):
        value = getattr(limits, name)
        if value is not None and not 0 <= value <= 100 * BASIS:
            raise BadLimits(f"{name}: expected 0 to {100 * BASIS} basis points, or none")
    if limits.arrears_minor is not None and not 0 <= limits.arrears_minor <= 10**12:
        raise BadLimits("arrears_minor: expected 0 to 10^12 minor units, or none")
    if len(limits.ratings) > 26 or any(len(rating) != 1 or not "A" <= rating <= "Z" for rating in limits.ratings):
        raise BadLimits("ratings: expected letters from A to Z")


def findings(order: Checked, limits: Limits) -> Findings:
    """What is wrong with the order, by flag."""
    found = {
        FlagKind.BAD_ADDRESS: _address(order, limits),
        FlagKind.PRICE_ANOMALY: _prices(order, limits),
        FlagKind.CREDIT: _credit(order, limits),
        FlagKind.DUPLICATE_SUSPECTED: f"the same customer ordered the same goods as {order.twin}" if order.twin else "",
    }
    return {kind: reason[:MAX_REASON] for kind, reason in found.items() if reason}


def _address(order: Checked, limits: Limits) -> str:
    if not limits.address or not order.flaws:
        return ""
    return "; ".join(f"{field}: {flaw.replace('_', ' ')}" for field, flaw in order.flaws)


def _prices(order: Checked, limits: Limits) -> str:
    odd = [line for line in order.lines if is_odd(line, limits)]
    told = [f"{line.sku}: {line.unit_price_minor} instead of {line.listed_minor}" for line in odd[:_NAMED]]
    if len(odd) > _NAMED:
        told.append(f"{len(odd) - _NAMED} more lines")
    if limits.discount_bp is not None and order.discount > limits.discount_bp:
        told.insert(0, f"discounts of {_percent(order.discount)}, at most {_percent(limits.discount_bp)} expected")
    return "; ".join(told)


def is_odd(line: PricedLine, limits: Limits) -> bool:
    """Its price is further from the one in force than allowed; exactly the tolerance is allowed."""
    if line.listed_minor is None:
        return False
    off = (line.unit_price_minor - line.listed_minor) * BASIS
    above, below = limits.price_above_bp, limits.price_below_bp
    if off > 0:
        return above is not None and off > above * line.listed_minor
    return below is not None and -off > below * line.listed_minor


def _credit(order: Checked, limits: Limits) -> str:
    told = []
    if order.credit is not None and order.credit in limits.ratings:
        told.append(f"credit rating {order.credit}")
    if limits.arrears_minor is not None and order.arrears_minor > limits.arrears_minor:
        told.append(f"owes {order.arrears_minor}, at most {limits.arrears_minor} expected")
    return "; ".join(told)


def _percent(basis_points: int) -> str:
    whole, rest = divmod(basis_points, 100)
    return f"{whole}.{rest:02d} %" if rest else f"{whole} %"


def discount_share(before_minor: int, after_minor: int) -> int:
    """The share of what was given off, in basis points, rounded down; 0 where nothing was."""
    if before_minor <= 0 or after_minor >= before_minor:
        return 0
    return (before_minor - after_minor) * BASIS // before_minor


def asks_of(flaws: Iterable[tuple[str, str]] | None) -> list[str]:
    """What is to be asked of the customer, as `field:flaw`, each once."""
    return list(dict.fromkeys(f"{field}:{flaw}" for field, flaw in flaws or ()))


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """Where an order goes next: approved at once, or to people, `needs_finance` of them after service."""

    approved: bool
    needs_finance: bool


def way_of(outcome: Outcome | None, *, has_table: bool, is_flagged: bool) -> Way:
    """Without a table of rules only flags stop an order; an order for which no rule holds goes to a person."""
    passes = outcome is Outcome.PASS or (outcome is None and not has_table)
    return Way(approved=passes and not is_flagged, needs_finance=outcome is Outcome.FINANCE)


_LOOKED_AT = frozenset(
    {
        FlagKind.BAD_ADDRESS,
        FlagKind.PRICE_ANOMALY,
        FlagKind.CREDIT,
        FlagKind.ADDRESS_CHANGED,
        FlagKind.REFUND_ASKED,
        FlagKind.DUPLICATE_SUSPECTED,
    }
)
"""Flags that a review settles; others hold an order up too, and are settled elsewhere: goods arrive, money comes."""


def needs_a_look(flags: Iterable[FlagKind]) -> bool:
    return not _LOOKED_AT.isdisjoint(flags)


def is_stricter(outcome: Outcome | None, than: Outcome | None) -> bool:
    """Where no rule held a person of service looked, or would."""
    return (outcome or Outcome.SERVICE).strictness > (than or Outcome.SERVICE).strictness
