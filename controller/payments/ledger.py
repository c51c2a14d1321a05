"""Movements of payments: an entry and the sum it adds to, both or neither; what must cover it is a condition of the UPDATE."""

# ruff: noqa: S608 -- what is put into the texts is column names and conditions of ours; values are parameters
from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from controller import events
from controller.db import Row, execute, fetch, for_update, now, transaction, utc
from controller.errors import NotFound
from controller.payments.cards import refuse_card_numbers
from controller.payments.errors import NotCovered
from controller.payments.events import PaymentChanged
from controller.payments.numbers import PAYMENTS
from controller.payments.policies import EntryKind
from controller.payments.stored import Balance, balance_of

_COVERED_BY_AUTHORISATION = "(NOT authorises_first OR captured_minor + capturing_minor + voided_minor + ? <= authorised_minor)"
_NO_CONDITION = "expected_minor < expected_minor + ?"
_SUM: dict[EntryKind, tuple[str, str]] = {
    EntryKind.EXPECTED: ("expected_minor", _NO_CONDITION),
    EntryKind.AUTHORISED: ("authorised_minor", _NO_CONDITION),
    EntryKind.CAPTURED: ("captured_minor", _COVERED_BY_AUTHORISATION),
    EntryKind.VOIDED: ("voided_minor", _COVERED_BY_AUTHORISATION),
    EntryKind.REFUNDED: ("refunded_minor", "refunded_minor + refunding_minor + ? <= captured_minor"),
    EntryKind.CHARGEBACK: ("charged_back_minor", _NO_CONDITION),
    EntryKind.SETTLED: ("settled_minor", _NO_CONDITION),
}
"""What a movement adds to, and what must be so before it.  A chargeback is the bank's: it is never refused."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Movement:
    """`amount_minor` above 0.  `event_id`: the provider's id of it; the same one again is the same movement."""

    payment_id: int
    kind: EntryKind
    amount_minor: int
    occurred_at: datetime | None = None
    event_id: str | None = None
    note: str | None = None


async def lock_due(order_id: int) -> Row:
    """The lock of an order's money: held until the transaction ends.  After the order's own lock, before its payments'.

    Raises NotFound.
    """
    rows = await fetch(f"SELECT * FROM order_due WHERE order_id = ?{for_update()}", order_id)
    if not rows:
        raise NotFound("money expected for order", order_id)
    return rows[0]


async def payment_row(payment_id: int) -> Row:
    """Raises NotFound."""
    rows = await fetch("SELECT * FROM payment WHERE id = ?", payment_id)
    if not rows:
        raise NotFound(PAYMENTS.what, PAYMENTS.number(payment_id))
    return rows[0]


async def book(movement: Movement) -> bool:
    """Write a movement; False when its event was booked before.  Records PaymentChanged.  Raises NotCovered, CardNumberRefused."""
    refuse_card_numbers({"note": movement.note, "event_id": movement.event_id})
    async with transaction():
        row = await payment_row(movement.payment_id)
        if not await write_entry(row, movement):
            return False
        if movement.kind in _SUM:
            column, condition = _SUM[movement.kind]
            changed = await execute(
                f"UPDATE payment SET {column} = {column} + ? WHERE id = ? AND {condition}",
                *(movement.amount_minor, movement.payment_id, movement.amount_minor),
            )
            if not changed:
                raise NotCovered(PAYMENTS.number(movement.payment_id), movement.kind.value, movement.amount_minor)
        elif movement.kind is EntryKind.FAILED:
            await execute("UPDATE payment SET failed_at = ? WHERE id = ?", now(), movement.payment_id)
        await tell(row, movement.kind, movement.amount_minor)
    return True


async def write_entry(payment: Row, movement: Movement) -> bool:
    """The entry alone; False when its event is there.  The unique key decides, not a read before."""
    rows = await fetch(
        "INSERT INTO payment_entry (payment_id, order_id, kind, amount_minor, occurred_at, recorded_at, provider, event_id, actor, "
        "note) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING RETURNING id",
        *(movement.payment_id, payment["order_id"], movement.kind.value, movement.amount_minor),
        *(utc(movement.occurred_at) if movement.occurred_at else now(), now()),
        *(payment["provider"], movement.event_id, events.actor().actor, movement.note),
    )
    return bool(rows)


async def tell(payment: Row, kind: EntryKind, amount_minor: int) -> None:
    """Records PaymentChanged."""
    balance = await balance_of(payment["order_id"])
    await keep_state(balance)
    event = PaymentChanged(
        order_id=payment["order_id"],
        payment=PAYMENTS.number(payment["id"]),
        means=payment["means"],
        kind=kind.value,
        amount_minor=amount_minor,
        currency=payment["currency"],
        state=balance.state.value,
    )
    await events.record(event, subject=balance.order_no, site=balance.site)


async def keep_state(balance: Balance) -> None:
    """What an order's money comes to now, where lists find it; after every change of it, in the same transaction."""
    state = balance.state.value
    await execute("UPDATE order_due SET paid = ? WHERE order_id = ? AND paid <> ?", state, balance.order_id, state)


# --- what is asked for and not answered -----------------------------------------------------------------------------------------


async def hold_capture(payment_id: int, amount: int) -> bool:
    """Set apart what is to be captured, or given up; False when the authorisation does not cover it."""
    return bool(
        await execute(
            f"UPDATE payment SET capturing_minor = capturing_minor + ? WHERE id = ? AND {_COVERED_BY_AUTHORISATION}",
            *(amount, payment_id, amount),
        )
    )


async def hold_refund(payment_id: int, amount: int) -> bool:
    """Set apart what is to be refunded; False when less is left of what was captured.  The sum never exceeds it."""
    return bool(
        await execute(
            "UPDATE payment SET refunding_minor = refunding_minor + ? "
            "WHERE id = ? AND refunded_minor + refunding_minor + charged_back_minor + ? <= captured_minor",
            *(amount, payment_id, amount),
        )
    )


async def let_go(payment_id: int, kind: EntryKind, amount: int) -> None:
    """What was set apart is answered: what is booked of it is booked next, in the same transaction."""
    capturing = "capturing_minor"
    columns = {EntryKind.CAPTURED: capturing, EntryKind.VOIDED: capturing, EntryKind.REFUNDED: "refunding_minor"}
    if kind in columns:
        await execute(f"UPDATE payment SET {columns[kind]} = {columns[kind]} - ? WHERE id = ?", amount, payment_id)
