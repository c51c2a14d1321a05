"""Money that goes with a part of an order: a split order's payments are parted, merged orders' are put together."""

# ruff: noqa: S608 -- what is put into the texts is column names of ours; values are parameters
from __future__ import annotations

from controller import events
from controller.db import Row, execute, fetch, now, transaction
from controller.payments.errors import BadPayment, NotCovered
from controller.payments.ledger import Movement, keep_state, lock_due, payment_row, tell, write_entry
from controller.payments.numbers import PAYMENTS
from controller.payments.policies import EntryKind, fill
from controller.payments.stored import Balance, balance_of


async def move(from_order: int, to_order: int, amount_minor: int | None = None) -> None:
    """Move money from one order to another, the oldest payments first; None: all of it, whatever its state (orders are merged).

    A part is taken of what was captured, then of what is authorised.  What both are to be paid is said by `expect`, before this.
    In the caller's transaction, with both orders locked.  Raises NotFound, BadPayment (another currency), NotCovered.
    """
    if from_order == to_order:
        return
    async with transaction():
        for order_id in sorted((from_order, to_order)):
            await lock_due(order_id)
        source, target = await balance_of(from_order), await balance_of(to_order)
        if source.currency != target.currency:
            raise BadPayment(f"{source.order_no} is paid in {source.currency} and {target.order_no} in {target.currency}")
        if amount_minor is None:
            await _move_all(source, to_order)
        elif amount_minor > 0:
            await _move_part(source, to_order, amount_minor)


async def _move_all(source: Balance, to_order: int) -> None:
    for payment in source.payments:
        await execute("UPDATE payment SET order_id = ? WHERE id = ?", to_order, payment.id)
        row = await payment_row(payment.id)
        await tell(row, EntryKind.MOVED_CAPTURED, payment.sums.captured)
    await keep_state(await balance_of(source.order_id))


async def _move_part(source: Balance, to_order: int, amount: int) -> None:
    """Whole parts of payments; each leaves its sums right: what was captured is captured there, too."""
    rows = [await payment_row(payment.id) for payment in source.payments]
    captured = fill([(row["id"], _free_captured(row)) for row in rows], amount)
    rest = amount - sum(part for _, part in captured)
    authorised = fill([(row["id"], _free_authorised(row)) for row in rows if row["authorises_first"]], rest)
    if rest > sum(part for _, part in authorised):
        raise NotCovered(source.order_no, "moved", amount)
    children: dict[int, Row] = {}
    for payment_id, part in captured:
        row = await payment_row(payment_id)
        children[payment_id] = await _child(row, to_order)
        await _shift_captured(row, children[payment_id], part)
    for payment_id, part in authorised:
        row = await payment_row(payment_id)
        child = children.get(payment_id) or await _child(row, to_order)
        await _shift_authorised(row, child, part)


def _free_captured(row: Row) -> int:
    return int(row["captured_minor"] - row["refunded_minor"] - row["refunding_minor"] - row["charged_back_minor"])


def _free_authorised(row: Row) -> int:
    return int(row["authorised_minor"] - row["voided_minor"] - row["captured_minor"] - row["capturing_minor"])


async def _child(row: Row, to_order: int) -> Row:
    """The part of a payment at the other order; the provider knows it by the reference of the whole."""
    rows = await fetch(
        "INSERT INTO payment (order_id, parent_id, means, provider, reference, currency, authorises_first, expected_minor, "
        "authorised_minor, voided_minor, capturing_minor, captured_minor, refunding_minor, refunded_minor, charged_back_minor, "
        "settled_minor, created_at, created_by) VALUES (?, ?, ?, ?, ?, ?, ?, 0, 0, 0, 0, 0, 0, 0, 0, 0, ?, ?) RETURNING *",
        *(to_order, row["parent_id"] or row["id"], row["means"], row["provider"], row["reference"], row["currency"]),
        *(bool(row["authorises_first"]), now(), events.actor().actor),
    )
    return rows[0]


async def _shift_captured(row: Row, child: Row, amount: int) -> None:
    """In an order that breaks no CHECK in between: first authorised there, last here."""
    if row["authorises_first"]:
        await _add(child, "authorised_minor", amount)
    await _add(row, "captured_minor", -amount)
    await _add(child, "captured_minor", amount)
    if row["authorises_first"]:
        await _add(row, "authorised_minor", -amount)
        await _write(row, child, EntryKind.MOVED_AUTHORISED, amount)
    await _write(row, child, EntryKind.MOVED_CAPTURED, amount)


async def _shift_authorised(row: Row, child: Row, amount: int) -> None:
    await _add(child, "authorised_minor", amount)
    await _add(row, "authorised_minor", -amount)
    await _write(row, child, EntryKind.MOVED_AUTHORISED, amount)


async def _add(payment: Row, column: str, delta: int) -> None:
    await execute(f"UPDATE payment SET {column} = {column} + ? WHERE id = ?", delta, payment["id"])


async def _write(row: Row, child: Row, kind: EntryKind, amount: int) -> None:
    """One entry at each end, which names the other."""
    for payment, other, delta in ((row, child, -amount), (child, row, amount)):
        note = PAYMENTS.number(other["id"])
        await write_entry(payment, Movement(payment_id=payment["id"], kind=kind, amount_minor=delta, note=note))
        await tell(payment, kind, delta)
