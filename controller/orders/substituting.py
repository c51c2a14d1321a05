"""What is short of an order's line is given as something else: proposed with its stock and its price, taken by a person.

It is an amendment of the order: the line gets smaller, a new one has the substitute's goods, all of it or nothing.
"""

# ruff: noqa: S608 -- what is put into the texts is expressions of ours; values are parameters
from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

from controller import events
from controller.catalog.queries import SkuRow, sku
from controller.catalog.substitutes import Alternative, Candidate, Proposal, Wanted, alternatives, propose
from controller.db import among, fetch, listing, transaction
from controller.errors import NotFound
from controller.orders import queries
from controller.orders.allocations import open_allocations
from controller.orders.amending import Amendment, LineChange, amend
from controller.orders.errors import BadOrder, NotChangeable
from controller.orders.events import OrderLineSubstituted
from controller.orders.flags import FlagKind, clear_flag
from controller.orders.policies import NewLine
from controller.orders.queries import StoredLine, StoredOrder
from controller.orders.states import OPEN, OrderState, WhenShort
from controller.orders.transitions import locked, site_of
from controller.pricing.queries import prices_at
from controller.stock.channels import FREE_FOR
from edge_agent.wire.prices import line_amount, price_per


class Pricing(StrEnum):
    """What the customer pays for a substitute: no more than for what it stands for, or what it costs itself."""

    KEPT = "kept"
    OWN = "own"


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """A proposal as a person looks at it; `unit_price_minor` for one piece, 100 g or 100 ml, as it costs itself."""

    proposal: Proposal
    sku: SkuRow
    unit_price_minor: int
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Shortness:
    """`replaceable` base units of a line may be given as something else now; `lacking` of them are not there."""

    order: StoredOrder
    line: StoredLine
    lacking: int
    replaceable: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Taking:
    """For `replaces` base units of a line the customer gets `quantity` of `sku`; None: as its ratio says, without one: as many."""

    position: int
    sku: str
    replaces: int
    reason: str
    pricing: Pricing = Pricing.KEPT
    quantity: int | None = None
    version: int | None = None


async def shortness(no: str, position: int) -> Shortness:
    """How much of a line is not there, and how much of it may be given as something else.  Raises NotFound."""
    order = await queries.order(no)
    line = next((one for one in (await queries.lines([order.id]))[order.id] if one.position == position), None)
    if line is None:
        raise NotFound(f"line of {no}", position)
    return await _shortness(order, line)


async def _shortness(order: StoredOrder, line: StoredLine) -> Shortness:
    is_released = any(one.is_released for one in await open_allocations([order.id]))
    replaceable = 0 if order.state not in OPEN else line.wanting if is_released else line.quantity
    lacking = line.wanting
    if order.state is OrderState.DRAFT:
        free = (await _available(order, [line.sku_id])).get(line.sku_id, 0)
        lacking = max(line.quantity - free, 0)
    elif line.is_withdrawn and not is_released:
        lacking = line.quantity
    return Shortness(order=order, line=line, lacking=min(lacking, replaceable), replaceable=replaceable)


async def offers(found: Shortness, quantity: int | None = None) -> list[Offer]:
    """What may stand for so many base units of a line, the best first; None: for what is lacking, or all that may be replaced."""
    order, line = found.order, found.line
    wanted = min(quantity or found.lacking or found.replaceable, found.replaceable)
    if wanted <= 0:
        return []
    known = {each.sku.id: each for each in await alternatives(line.sku_id) if each.sku.currency == order.currency}
    stock = await _available(order, known)
    prices = await prices_at(known, order.site)
    made = propose(
        Wanted(quantity=wanted, price=Fraction(line.unit_price_minor, line.price_per)),
        [_candidate(each, stock.get(sku_id, 0), prices[sku_id]) for sku_id, each in known.items()],
    )
    return [
        Offer(proposal=one, sku=known[one.sku_id].sku, unit_price_minor=prices[one.sku_id], note=known[one.sku_id].note)
        for one in made
    ]


def _candidate(each: Alternative, available: int, price_minor: int) -> Candidate:
    return Candidate(
        sku_id=each.sku.id,
        sku=each.sku.code,
        available=available,
        price=Fraction(price_minor, price_per(each.sku.base_unit)),
        ratio=each.ratio,
        rank=each.rank,
    )


async def _available(order: StoredOrder, sku_ids: Collection[int]) -> dict[int, int]:
    """What the order's channel could be promised: at the site that it names, else at all that sell in its currency."""
    here, sites = ("", []) if order.site is None else ("AND site_id = ?", [order.site])
    rows = await fetch(
        "SELECT sku_id, CAST(SUM(CASE WHEN free > 0 THEN free ELSE 0 END) AS BIGINT) AS free FROM ("
        f"SELECT sku_id, {FREE_FOR} AS free FROM availability WHERE {among('sku_id')} "
        f"AND site_id IN (SELECT id FROM site WHERE currency = ?) {here}) levels GROUP BY sku_id",
        *(order.channel, listing(sorted(sku_ids)), order.currency, *sites),
    )
    return {row["sku_id"]: int(row["free"]) for row in rows}


async def substitute(no: str, taking: Taking) -> None:
    """Give it instead; all of it is promised, or nothing changes.  Records OrderChanged, OrderLineSubstituted.

    Raises NotFound (order, line, SKU), StaleVersion, BadOrder, NotChangeable, ReleasedAlready, InsufficientStock, NotSourced.
    """
    async with transaction():
        order_id, _ = await locked(no)
        found = await shortness(no, taking.position)
        if not found.replaceable:
            raise NotChangeable(no, f"line {taking.position}", "what is left of it is being fetched, or the order is over")
        if not 0 < taking.replaces <= found.replaceable:
            raise BadOrder(f"{taking.replaces} of line {taking.position}: expected 1 to {found.replaceable}")
        other = await sku(taking.sku)
        if other.id == found.line.sku_id or other.currency != found.order.currency:
            raise BadOrder(f"{taking.sku} cannot stand for {found.line.sku}: expected other goods, sold in {found.order.currency}")
        line = await _new_line(found, taking, other)
        await amend(no, _amendment(found, taking, line))
        told = OrderLineSubstituted(
            position=taking.position,
            sku=found.line.sku,
            replaces=taking.replaces,
            substitute=other.code,
            quantity=line.quantity,
            dearer_minor=line_amount(line.quantity, line.unit_price_minor, price_per(other.base_unit))
            - _replaced(found.line, taking),
            reason=taking.reason,
        )
        await events.record(told, subject=no, site=await site_of(order_id))
        left = (await queries.lines([order_id]))[order_id]
        if not any(one.lacks for one in left):
            await clear_flag(order_id, FlagKind.STOCK_SHORT, f"{other.code} is given for {found.line.sku}"[:200])


def _replaced(line: StoredLine, taking: Taking) -> int:
    """What the part that is replaced cost: the line's amount less what is left of it, so that the cents of rounding go along."""
    return line.amount_minor - line_amount(line.quantity - taking.replaces, line.unit_price_minor, line.price_per)


async def _new_line(found: Shortness, taking: Taking, other: SkuRow) -> NewLine:
    """Raises BadOrder: nobody said how much of it stands for one of the line's."""
    quantity = taking.quantity or await _quantity(found.line, taking, other)
    per = price_per(other.base_unit)
    unit = (await prices_at([other.id], found.order.site))[other.id]
    if taking.pricing is Pricing.KEPT:
        unit = _replaced(found.line, taking) * per // quantity
    return NewLine(sku=other.code, quantity=quantity, unit_price_minor=unit)


async def _quantity(line: StoredLine, taking: Taking, other: SkuRow) -> int:
    named = next((each for each in await alternatives(line.sku_id) if each.sku.id == other.id), None)
    if named is None and other.base_unit != line.base_unit:
        raise BadOrder(
            f"{other.code} is counted in {other.base_unit}: say how much of it stands for {taking.replaces} {line.base_unit}"
        )
    ratio = Fraction(1) if named is None else named.ratio
    return -(-taking.replaces * ratio.numerator // ratio.denominator)


def _amendment(found: Shortness, taking: Taking, line: NewLine) -> Amendment:
    left = found.line.quantity - taking.replaces
    changes: Sequence[LineChange] = [LineChange(position=taking.position, quantity=left)]
    return Amendment(
        reason=taking.reason,
        version=taking.version,
        lines=changes,
        new_lines=[line],
        when_short=WhenShort.REFUSE,
        of_wanting=taking.replaces <= found.line.wanting,
    )
