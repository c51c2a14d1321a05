"""What a customer may get instead of goods that are short: named by people, else of the same category.

`propose` is pure: the same numbers give the same list.  Who knows the stock and the prices (`controller/orders/substituting.py`)
reads them and asks it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

from controller import db, events
from controller.catalog.events import SubstituteRemoved, SubstituteSaved
from controller.catalog.queries import SkuRow, skus_by_code, skus_by_id
from controller.errors import NotFound, Rejected

SHOWN = 8
"""Proposals that a person looks through."""
MOST_OF_A_CATEGORY = 500
LARGEST = 10**6
"""Of a ratio's two numbers."""


class BadSubstitute(Rejected):
    code = "bad_substitute"


class Reason(StrEnum):
    """Why something is proposed: a person named it, or it is of the same category."""

    NAMED = "named"
    CATEGORY = "category"


@dataclass(frozen=True, slots=True, kw_only=True)
class Substitute:
    """A person said so.  `numerator / denominator` base units of it stand for one base unit of the SKU; `rank`: 1 comes first."""

    id: int
    sku: str
    substitute: str
    name_en: str
    name_zh: str
    base_unit: str
    numerator: int
    denominator: int
    rank: int
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """`quantity` base units that are short; `price`: in minor units for one base unit, as the customer has it."""

    quantity: int
    price: Fraction


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """What could be given.  `ratio`: base units of it for one that is short; `rank` None: nobody named it.

    `available` base units can be promised; `price` in minor units for one base unit.
    """

    sku_id: int
    sku: str
    available: int
    price: Fraction
    ratio: Fraction = Fraction(1)
    rank: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """`quantity` base units of it stand for `replaces` that are short; `dearer_minor`: by how much the customer's sum changes."""

    sku_id: int
    sku: str
    reason: Reason
    quantity: int
    replaces: int
    available: int
    dearer_minor: int


def propose(wanted: Wanted, candidates: Iterable[Candidate], *, limit: int = SHOWN) -> list[Proposal]:
    """The best first: what people named, by their rank; then those of the category.

    Among these: what replaces all of it before what replaces less, then the nearest price, then what there is most of.
    What is not there, or not enough of it for one base unit, is not proposed.
    """
    found = [(each, made) for each in candidates if (made := _made(wanted, each)) is not None]
    found.sort(key=lambda pair: _order(wanted, *pair))
    return [made for _, made in found[:limit]]


def _made(wanted: Wanted, one: Candidate) -> Proposal | None:
    replaces = min(wanted.quantity, one.available * one.ratio.denominator // one.ratio.numerator)
    if replaces <= 0:
        return None
    quantity = -(-replaces * one.ratio.numerator // one.ratio.denominator)
    return Proposal(
        sku_id=one.sku_id,
        sku=one.sku,
        reason=Reason.CATEGORY if one.rank is None else Reason.NAMED,
        quantity=quantity,
        replaces=replaces,
        available=one.available,
        dearer_minor=_rounded(quantity * one.price) - _rounded(replaces * wanted.price),
    )


def _order(wanted: Wanted, one: Candidate, made: Proposal) -> tuple[object, ...]:
    """A rank counts among what is named; after it, and in a category: all of it, near in price, much of it."""
    distance = abs(one.price * one.ratio - wanted.price)
    return (one.rank is None, one.rank or 0, made.replaces < wanted.quantity, distance, -one.available, one.sku)


def _rounded(amount: Fraction) -> int:
    """Half up, as an order's lines are."""
    return (2 * amount.numerator + amount.denominator) // (2 * amount.denominator)


_NAMED = (
    "SELECT n.id, s.code AS sku, o.code AS substitute, o.name_en, o.name_zh, o.base_unit, n.numerator, n.denominator, "
    "n.rank, n.note FROM sku_substitute n JOIN sku s ON s.id = n.sku_id JOIN sku o ON o.id = n.substitute_id"
)


async def substitutes(sku: str) -> list[Substitute]:
    """What people named for a SKU, the first choice first.  Raises NotFound."""
    if sku not in await skus_by_code([sku]):
        raise NotFound("SKU", sku)
    return [Substitute(**row) for row in await db.fetch(f"{_NAMED} WHERE s.code = ? ORDER BY n.rank, n.id", sku)]


async def name_substitute(
    sku: str, substitute: str, *, numerator: int = 1, denominator: int = 1, rank: int = 1, note: str = ""
) -> None:
    """From now on it is offered for the SKU; saying it again changes ratio, rank and note.  Records SubstituteSaved.

    Raises NotFound (either SKU), BadSubstitute.
    """
    if sku == substitute:
        raise BadSubstitute("goods are no substitute for themselves")
    if not (0 < numerator <= LARGEST and 0 < denominator <= LARGEST and 0 < rank <= 1000):
        raise BadSubstitute(f"a ratio is of numbers of 1 to {LARGEST}, a rank is 1 to 1000")
    if len(note) > 200 or not note.isprintable():
        raise BadSubstitute("a note has at most 200 characters on one line")
    async with db.transaction():
        one, other = await _pair(sku, substitute)
        if one.currency != other.currency:
            raise BadSubstitute(f"{sku} is sold in {one.currency}, {substitute} in {other.currency}")
        await db.execute(
            "INSERT INTO sku_substitute (sku_id, substitute_id, numerator, denominator, rank, note) VALUES (?, ?, ?, ?, ?, ?) "
            "ON CONFLICT (sku_id, substitute_id) DO UPDATE SET numerator = excluded.numerator, "
            "denominator = excluded.denominator, rank = excluded.rank, note = excluded.note",
            *(one.id, other.id, numerator, denominator, rank, note),
        )
        told = SubstituteSaved(substitute=substitute, numerator=numerator, denominator=denominator, rank=rank)
        await events.record(told, subject=sku)


async def forget_substitute(sku: str, substitute: str) -> None:
    """It is not offered any more, unless it is of the same category.  Records SubstituteRemoved.  Raises NotFound."""
    async with db.transaction():
        one, other = await _pair(sku, substitute)
        if not await db.execute("DELETE FROM sku_substitute WHERE sku_id = ? AND substitute_id = ?", one.id, other.id):
            raise NotFound(f"substitute of {sku}", substitute)
        await events.record(SubstituteRemoved(substitute=substitute), subject=sku)


async def _pair(sku: str, substitute: str) -> tuple[SkuRow, SkuRow]:
    found = await skus_by_code([sku, substitute])
    for code in (sku, substitute):
        if code not in found:
            raise NotFound("SKU", code)
    return found[sku], found[substitute]


@dataclass(frozen=True, slots=True, kw_only=True)
class Alternative:
    """What could stand for a SKU, before stock and prices are known."""

    sku: SkuRow
    ratio: Fraction
    rank: int | None
    note: str


async def alternatives(sku_id: int) -> list[Alternative]:
    """What people named for a SKU, and what is sold in the same unit and currency in its own category."""
    named = await db.fetch(
        "SELECT substitute_id, numerator, denominator, rank, note FROM sku_substitute WHERE sku_id = ? ORDER BY rank, id", sku_id
    )
    alike = await db.fetch(
        "SELECT o.id FROM sku s JOIN sku o ON o.category_id = s.category_id AND o.id <> s.id AND o.base_unit = s.base_unit "
        "AND o.currency = s.currency WHERE s.id = ? ORDER BY ABS(o.price_minor - s.price_minor), o.id LIMIT ?",
        *(sku_id, MOST_OF_A_CATEGORY),
    )
    rows = await skus_by_id([*(row["substitute_id"] for row in named), *(row["id"] for row in alike)])
    return _joined(named, [row["id"] for row in alike], rows)


def _joined(named: Sequence[db.Row], alike: Sequence[int], rows: dict[int, SkuRow]) -> list[Alternative]:
    found = [
        Alternative(
            sku=rows[row["substitute_id"]],
            ratio=Fraction(row["numerator"], row["denominator"]),
            rank=row["rank"],
            note=row["note"],
        )
        for row in named
    ]
    said = {each.sku.id for each in found}
    return found + [Alternative(sku=rows[one], ratio=Fraction(1), rank=None, note="") for one in alike if one not in said]
