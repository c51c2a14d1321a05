"""Changing an order: a draft freely, what is placed as far as its goods can be promised, what is released in few things.

Each change is recorded with what was before.  Of whom it goes to only the names of fields are told.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from controller import events
from controller.catalog.queries import skus_by_code
from controller.customers.addresses import Address
from controller.customers.order_addresses import set_address
from controller.db import Row, execute, fetch, transaction, utc
from controller.errors import NotFound, StaleVersion
from controller.orders import allocations, queries
from controller.orders.allocations import Allocation, Target, note_sites, open_allocations
from controller.orders.errors import BadOrder, NotChangeable, ReleasedAlready
from controller.orders.events import Change, OrderChanged
from controller.orders.flags import FlagKind, set_flag
from controller.orders.money import owe_again
from controller.orders.numbers import ORDERS
from controller.orders.placing import LINE_COLUMNS, LINE_MARKS, line_values
from controller.orders.policies import NewLine, check_currency, check_line
from controller.orders.promising import Need, Promising, need_of, promise, when_short
from controller.orders.queries import StoredOrder
from controller.orders.states import OPEN, Delivery, OrderState, WhenShort
from controller.orders.transitions import locked, site_of
from controller.sites.queries import site
from controller.stock.granting import lock
from edge_agent.wire.prices import line_amount


@dataclass(frozen=True, slots=True, kw_only=True)
class LineChange:
    """A line by its position; `quantity` 0 removes it, None leaves it, and so does a price of None."""

    position: int
    quantity: int | None = None
    unit_price_minor: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Amendment:
    """What is to be different; None leaves it.  `version`: what was read.  `no_due`: nothing is due any more.

    `when_short` None: as the order's channel says.  `of_wanting`: no more is taken away from a line than what is promised from
    nowhere, at the price that it has; that much, and new lines, are possible while the rest is being fetched.
    """

    reason: str
    version: int | None = None
    lines: Sequence[LineChange] = ()
    new_lines: Sequence[NewLine] = ()
    site: str | None = None
    region: str | None = None
    delivery: Delivery | None = None
    due_at: datetime | None = None
    no_due: bool = False
    min_remaining_days: int | None = None
    when_short: WhenShort | None = None
    of_wanting: bool = False


@dataclass(slots=True)
class _Work:
    """One change under way."""

    order: StoredOrder
    lines: dict[int, Row]
    promised: dict[int, list[Allocation]]
    told: list[Change] = field(default_factory=list)
    needs: list[Need] = field(default_factory=list)

    def tell(self, name: str, before: str | int | None, after: str | int | None) -> None:
        self.told.append(Change(field=name, before=before, after=after))


async def amend(no: str, change: Amendment) -> None:
    """All of the change or nothing.  Records OrderChanged.

    Raises NotFound (the order, a line, a SKU), StaleVersion, NotChangeable, ReleasedAlready, BadOrder, InsufficientStock,
    NotSourced.
    """
    async with transaction():
        order_id, state = await locked(no)
        order = await queries.order(no)
        if change.version not in (None, order.version):
            raise StaleVersion(ORDERS.what, no)
        if state not in OPEN:
            raise NotChangeable(no, "nothing", f"it is {state}")
        promised: dict[int, list[Allocation]] = {}
        for one in await open_allocations([order_id]):
            promised.setdefault(one.position, []).append(one)
        work = _Work(order=order, lines=await _rows(order_id), promised=promised)
        _check(work, change)
        await _terms(work, change)
        await _lines(work, change)
        if not work.told:
            return
        await execute("UPDATE sales_order SET version = version + 1 WHERE id = ?", order_id)
        await owe_again(order_id)
        await events.record(OrderChanged(changes=work.told, reason=change.reason), subject=no, site=await site_of(order_id))


async def _rows(order_id: int) -> dict[int, Row]:
    rows = await fetch("SELECT * FROM order_line WHERE order_id = ? ORDER BY position", order_id)
    return {row["position"]: row for row in rows}


def _check(work: _Work, change: Amendment) -> None:
    """What is released can get another due date, and nothing else."""
    no, order = work.order.no, work.order
    released = sorted({one.site for parts in work.promised.values() for one in parts if one.is_released})
    if released and (change.lines or change.new_lines) and not change.of_wanting:
        raise ReleasedAlready(no, released)
    for name in ("site", "region", "delivery", "min_remaining_days"):
        if released and getattr(change, name) not in (None, getattr(order, name)):
            raise NotChangeable(no, name, f"it is released for picking at {', '.join(released)}")
    for one in change.lines:
        if one.position not in work.lines or work.lines[one.position]["is_removed"]:
            raise NotFound(f"line of {no}", one.position)
        if change.of_wanting and not _is_of_wanting(one, work.lines[one.position]):
            raise ReleasedAlready(no, released)
    for one_new in change.new_lines:
        check_line(one_new, len(work.lines) + 1)
    going = {one.position for one in change.lines if one.quantity == 0}
    left = [position for position, row in work.lines.items() if not row["is_removed"] and position not in going]
    if not left and not change.new_lines:
        raise BadOrder(f"{no} would have no lines left: cancel it")
    if (change.delivery or order.delivery) is not Delivery.SHIPPING and (change.site or order.site) is None:
        raise BadOrder(f"an order for {change.delivery or order.delivery} names its site")


def _is_of_wanting(change: LineChange, row: Row) -> bool:
    """Whether only what is promised from nowhere goes away."""
    price = row["unit_price_minor"] if change.unit_price_minor is None else change.unit_price_minor
    after = row["quantity"] if change.quantity is None else change.quantity
    return bool(price == row["unit_price_minor"] and row["quantity"] - row["wanting"] <= after <= row["quantity"])


# --- the order itself -----------------------------------------------------------------------------------------------------------


async def _terms(work: _Work, change: Amendment) -> None:
    order = work.order
    due = None if change.no_due else order.due_at if change.due_at is None else utc(change.due_at)
    wanted = {
        "site": change.site or order.site,
        "region": change.region or order.region,
        "delivery": (change.delivery or order.delivery).value,
        "due_at": due,
        "min_remaining_days": order.min_remaining_days if change.min_remaining_days is None else change.min_remaining_days,
    }
    for name, after in wanted.items():
        before = getattr(order, name)
        if before != after:
            await execute(f"UPDATE sales_order SET {name} = ? WHERE id = ?", after, order.id)  # noqa: S608 -- a name of the table above
            work.tell(name, _text(before), _text(after))
    if change.site is not None and change.site != order.site:
        check_currency(order.currency, change.site, (await site(change.site)).currency)
        await note_sites([(change.site, order.id)])
        await _move_to_site(work, change)


def _text(value: object) -> str | int | None:
    return value if isinstance(value, int | None) else value.isoformat() if isinstance(value, datetime) else str(value)


async def _move_to_site(work: _Work, change: Amendment) -> None:
    """All that is promised is promised there instead; what was wanting, too."""
    to_site = change.site
    if work.order.state is OrderState.DRAFT or to_site is None:
        return
    away = [one for parts in work.promised.values() for one in parts if one.site != to_site]
    await lock(sorted({(one.sku_id, at) for one in away for at in (one.site, to_site)}))
    await allocations.end(away)
    for position, row in work.lines.items():
        lost = sum(one.quantity for one in away if one.position == position)
        if lost or row["wanting"]:
            work.needs.append(need_of(row, lost + row["wanting"]))
        work.promised[position] = [one for one in work.promised.get(position, []) if one.site == to_site]
    await _promise(work, to_site, change)


# --- its lines ------------------------------------------------------------------------------------------------------------------


async def _lines(work: _Work, change: Amendment) -> None:
    if work.order.state is not OrderState.DRAFT:
        at = {one.site for parts in work.promised.values() for one in parts}
        touched = {work.lines[one.position]["sku_id"] for one in change.lines}
        await lock(sorted((sku_id, site_id) for sku_id in touched for site_id in at))
    for one in change.lines:
        await _change_line(work, one)
    if change.new_lines:
        await _add_lines(work, change.new_lines)
    await _promise(work, change.site or work.order.site, change)


async def _change_line(work: _Work, change: LineChange) -> None:
    row = work.lines[change.position]
    before, name = row["quantity"], f"line {change.position}"
    after = before if change.quantity is None else change.quantity
    price = row["unit_price_minor"] if change.unit_price_minor is None else change.unit_price_minor
    if after < 0 or price < 0:
        raise BadOrder(f"{name}: a quantity and a price are 0 or more")
    if price != row["unit_price_minor"]:
        work.tell(f"{name} price", row["unit_price_minor"], price)
    if after == 0:
        await execute("UPDATE order_line SET is_removed = ?, wanting = 0 WHERE id = ?", True, row["id"])
        await allocations.end(work.promised.get(change.position, []))
        work.tell(f"{name} {row['sku']}", before, 0)
        return
    wanting = row["wanting"]
    if after < before:
        less = before - after
        from_wanting = min(wanting, less)
        wanting -= from_wanting
        if work.order.state is not OrderState.DRAFT and less > from_wanting:
            await allocations.give_up(work.promised.get(change.position, []), less - from_wanting)
    if after != before:
        work.tell(f"{name} {row['sku']}", before, after)
    await execute(
        "UPDATE order_line SET quantity = ?, unit_price_minor = ?, amount_minor = ?, wanting = ? WHERE id = ?",
        *(after, price, line_amount(after, price, row["price_per"]), wanting, row["id"]),
    )
    if after > before and work.order.state is not OrderState.DRAFT:
        # what it waited for already is asked for again with it, as `promise` wants
        changed = {**row, "quantity": after, "amount_minor": line_amount(after, price, row["price_per"])}
        work.needs.append(need_of(changed, after - before + wanting))


async def _add_lines(work: _Work, new: Sequence[NewLine]) -> None:
    skus = await skus_by_code([line.sku for line in new])
    for number, line in enumerate(new, len(work.lines) + 1):
        if line.sku not in skus:
            raise NotFound("SKU", line.sku)
        rows = await fetch(
            f"INSERT INTO order_line {LINE_COLUMNS} VALUES {LINE_MARKS} RETURNING id, amount_minor",  # noqa: S608 -- ours
            *line_values(work.order.id, number, line, skus[line.sku]),
        )
        work.tell(f"line {number} {line.sku}", None, line.quantity)
        if work.order.state is not OrderState.DRAFT:
            target = Target(work.order.id, rows[0]["id"], number)
            work.needs.append(
                Need(
                    target=target,
                    sku_id=skus[line.sku].id,
                    sku=line.sku,
                    quantity=line.quantity,
                    amount_minor=rows[0]["amount_minor"],
                    presale=line.presale,
                )
            )


async def _promise(work: _Work, site_id: str | None, change: Amendment) -> None:
    if not work.needs:
        return
    order, needs = work.order, work.needs
    work.needs = []
    how = Promising(
        order_id=order.id,
        channel=order.channel,
        currency=order.currency,
        site=site_id,
        region=order.region,
        when_short=await when_short(order.channel, change.when_short),
    )
    await promise(needs, how)


# --- whom it goes to ------------------------------------------------------------------------------------------------------------


async def address_changed(no: str, address: Address, *, reason: str) -> None:
    """It goes there from now on; once it is approved, that is flagged, and somebody looks.

    Records OrderAddressSet, with the names of fields only.  Raises NotFound, NotChangeable (it is closed or cancelled),
    BadCustomer, KeysUnavailable.
    """
    async with transaction():
        order_id, state = await locked(no)
        if state not in OPEN:
            raise NotChangeable(no, "the address", f"it is {state}")
        if not await set_address(order_id, address, site=await site_of(order_id)):
            return
        await execute("UPDATE sales_order SET version = version + 1 WHERE id = ?", order_id)
        if state in (OrderState.APPROVED, OrderState.ON_HOLD):
            await set_flag(order_id, FlagKind.ADDRESS_CHANGED, reason.strip()[:200] or "the address was changed after approval")
