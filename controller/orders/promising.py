"""Goods for lines: from the site that was named, or from those that sourcing says.  In the caller's transaction, the order locked.

Each grant is the stock's conditional UPDATE.  A site that lost a race for its goods is not asked for them again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from controller import db, events
from controller.orders import allocations
from controller.orders.allocations import Target
from controller.orders.channels import when_short_of
from controller.orders.events import OrderLineWanting
from controller.orders.flags import FlagKind, set_flag
from controller.orders.numbers import ORDERS
from controller.orders.policies import check_currency
from controller.orders.seams import Portion, SourceRequest, WantedLine, seams
from controller.orders.states import OrderState, WhenShort
from controller.sites.queries import site
from controller.stock import operations as stock
from controller.stock.channels import available_to_promise
from controller.stock.granting import lock
from controller.stock.operations import InsufficientStock, ReserveLine, Terms

SOURCED_AGAIN = 8
"""How often sites may lose a race before the order counts as short."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """So many base units for a line that are promised from nowhere yet."""

    target: Target
    sku_id: int
    sku: str
    quantity: int
    amount_minor: int
    presale: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Promising:
    """For which order, and how.  `is_waiting`: goods may have arrived.

    `is_new`: its lines never had an allocation, and its row says that it is approved.
    """

    order_id: int
    channel: str
    currency: str
    site: str | None
    region: str | None
    when_short: WhenShort
    instead_of: str | None = None
    is_new: bool = False
    is_waiting: bool = False


async def promise(needs: Sequence[Need], how: Promising) -> None:
    """Promise all of it; what is short is refused, or wanting (flagged `stock_short`), as `how` says.

    What of `needs` was wanting before is part of them, and is wanting no more, as far as it is promised.
    Raises InsufficientStock, NotSourced.
    """
    if how.site is not None and how.when_short is WhenShort.REFUSE:
        await _grant([(need, how.site, need.quantity) for need in needs], how)
        missing: list[tuple[Need, int]] = []
    else:
        missing = await (_at_site(needs, how, how.site) if how.site is not None else _sourced(needs, how))
    if missing or not how.is_new:
        await _write_wanting(needs, missing)
    if missing:
        await _say_wanting(missing, how)


async def promise_more(needs: Sequence[Need], how: Promising) -> list[tuple[Need, int]]:
    """Promise what can be promised of what is wanting; what was, for which need."""
    missing = await (_at_site(needs, how, how.site) if how.site is not None else _sourced(needs, how))
    await _write_wanting(needs, missing)
    still = {need.target.line_id: quantity for need, quantity in missing}
    given = [(need, need.quantity - still.get(need.target.line_id, 0)) for need in needs]
    return [(need, quantity) for need, quantity in given if quantity]


async def _grant(parts: Sequence[tuple[Need, str, int]], how: Promising) -> None:
    """Allocations, and holds for them; by site, with all their rows locked in order first where they are several."""
    if not parts:
        return
    rows = [(need.target, site_id, quantity) for need, site_id, quantity in parts]
    if how.is_new:
        keys = await allocations.write_first(rows, channel=how.channel, state=OrderState.APPROVED.value)
    else:
        keys = await allocations.write(rows)
    by_site: dict[str, list[ReserveLine]] = {}
    for (need, site_id, quantity), key in zip(parts, keys, strict=True):
        line = ReserveLine(line_key=key, sku_id=need.sku_id, quantity=quantity, presale=need.presale)
        by_site.setdefault(site_id, []).append(line)
    if len(by_site) > 1:
        await lock(sorted({(need.sku_id, site_id) for need, site_id, _ in parts}))
    for number, (site_id, lines) in enumerate(sorted(by_site.items())):
        terms = Terms(channel=how.channel, instead_of=None if number else how.instead_of)
        try:
            await stock.reserve(lines, site_id=site_id, terms=terms)
        except InsufficientStock as short:
            raise _Refused(site_id, short) from short


class _Refused(InsufficientStock):
    """The same, and which site it was."""

    def __init__(self, site_id: str, short: InsufficientStock) -> None:
        super().__init__(short.sku, short.wanted, short.available)
        self._site = site_id

    @property
    def site(self) -> str:
        return self._site


async def _at_site(needs: Sequence[Need], how: Promising, site_id: str) -> list[tuple[Need, int]]:
    """All of it from one site, or as much of each line as it can give; what is missing."""
    try:
        async with db.savepoint():
            await _grant([(need, site_id, need.quantity) for need in needs], how)
    except InsufficientStock:
        return await _piecemeal(needs, how, site_id)
    return []


async def _piecemeal(needs: Sequence[Need], how: Promising, site_id: str) -> list[tuple[Need, int]]:
    """In order of SKU, as all grants go."""
    await lock(sorted({(need.sku_id, site_id) for need in needs}))
    missing = []
    for need in sorted(needs, key=lambda need: (need.sku_id, need.target.position)):
        free = (await available_to_promise(need.sku_id, site_id, how.channel)).available
        part = min(free, need.quantity)
        if part:
            await _grant([(need, site_id, part)], how)
        if part < need.quantity:
            missing.append((need, need.quantity - part))
    return missing


async def _sourced(needs: Sequence[Need], how: Promising) -> list[tuple[Need, int]]:
    """From where sourcing says, again without whom refused; what is missing.  Raises InsufficientStock, NotSourced."""
    by_position = {need.target.position: need for need in needs}
    refused: frozenset[tuple[int, str]] = frozenset()
    for _ in range(SOURCED_AGAIN):
        portions = await seams().source(_request(needs, how, refused))
        missing = _missing(needs, portions)
        if missing and how.when_short is WhenShort.REFUSE:
            need, short = missing[0]
            raise InsufficientStock(need.sku, need.quantity, need.quantity - short)
        try:
            async with db.savepoint():
                await _check_currencies({portion.site for portion in portions}, how.currency)
                await _grant([(by_position[one.position], one.site, one.quantity) for one in portions if one.quantity], how)
        except _Refused as error:
            sku_ids = {need.sku_id for need in needs if need.sku == error.sku}
            refused |= {(sku_id, error.site) for sku_id in sku_ids}
            continue
        return missing
    if how.when_short is WhenShort.REFUSE:
        raise InsufficientStock(needs[0].sku, needs[0].quantity, 0)
    return [(need, need.quantity) for need in needs]


def _request(needs: Sequence[Need], how: Promising, refused: frozenset[tuple[int, str]]) -> SourceRequest:
    lines = [
        WantedLine(
            position=need.target.position,
            sku_id=need.sku_id,
            quantity=need.quantity,
            amount_minor=need.amount_minor,
            presale=need.presale,
        )
        for need in needs
    ]
    return SourceRequest(
        order_id=how.order_id,
        channel=how.channel,
        currency=how.currency,
        region=how.region,
        lines=lines,
        refused=refused,
        is_waiting=how.is_waiting,
    )


def _missing(needs: Sequence[Need], portions: Iterable[Portion]) -> list[tuple[Need, int]]:
    given: dict[int, int] = {}
    for portion in portions:
        given[portion.position] = given.get(portion.position, 0) + portion.quantity
    short = [(need, need.quantity - given.get(need.target.position, 0)) for need in needs]
    return [(need, quantity) for need, quantity in short if quantity > 0]


async def _check_currencies(sites: Iterable[str], currency: str) -> None:
    for site_id in sorted(sites):
        check_currency(currency, site_id, (await site(site_id)).currency)


async def _write_wanting(needs: Sequence[Need], missing: Sequence[tuple[Need, int]]) -> None:
    wanting = {need.target.line_id: 0 for need in needs} | {need.target.line_id: quantity for need, quantity in missing}
    await db.execute_many(
        "UPDATE order_line SET wanting = ? WHERE id = ?", [(quantity, line) for line, quantity in wanting.items()]
    )


async def _say_wanting(missing: Sequence[tuple[Need, int]], how: Promising) -> None:
    told: list[tuple[events.Event, str]] = [
        (OrderLineWanting(position=need.target.position, sku=need.sku, missing=quantity), ORDERS.number(how.order_id))
        for need, quantity in missing
    ]
    await events.record_many(told, site=how.site)
    need, quantity = missing[0]
    await set_flag(how.order_id, FlagKind.STOCK_SHORT, f"{quantity} of {need.sku} are wanting"[:200])


async def when_short(channel: str, wanted: WhenShort | None) -> WhenShort:
    """What was asked for, else what the channel has, else: it is refused."""
    return await when_short_of(channel) if wanted is None else wanted


async def needs_of(order_id: int) -> list[Need]:
    """What the lines of a stored order want, all of it."""
    rows = await db.fetch("SELECT * FROM order_line WHERE order_id = ? AND NOT is_removed ORDER BY position", order_id)
    return [need_of(row, row["quantity"]) for row in rows]


def need_of(row: Mapping[str, object], quantity: int) -> Need:
    """So much of a line's row."""
    whole = int(str(row["quantity"]))
    return Need(
        target=Target(int(str(row["order_id"])), int(str(row["id"])), int(str(row["position"]))),
        sku_id=int(str(row["sku_id"])),
        sku=str(row["sku"]),
        quantity=quantity,
        amount_minor=int(str(row["amount_minor"])) * quantity // whole,
        presale=bool(row["presale"]),
    )
