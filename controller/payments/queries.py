"""What others ask about money: whether orders may leave, who still pays, what happened."""

# ruff: noqa: S608 -- what is put into the texts is conditions of ours; values are parameters
from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from controller.db import Row, among, fetch, listing
from controller.errors import NotFound
from controller.payments.numbers import PAYMENTS, REFUNDS
from controller.payments.policies import EntryKind, Means
from controller.payments.states import CallState
from controller.payments.stored import Balance, balance_from, balance_of, balances, payment_of

__all__ = ["Balance", "StoredEntry", "StoredRefund", "balance", "balance_by_no", "balances", "entries", "is_paid", "refunds"]

balance = balance_of


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredEntry:
    id: int
    payment: str
    means: Means
    kind: EntryKind
    amount_minor: int
    occurred_at: datetime
    recorded_at: datetime
    provider: str
    event_id: str | None
    actor: str
    note: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredRefund:
    """Something that a provider or a person is to do; a refund, or another `action`."""

    id: int
    no: str
    order_no: str
    payment: str
    means: Means
    provider: str
    action: str
    amount_minor: int
    currency: str
    state: CallState
    reason: str
    asked_by: str
    approved_by: str | None
    created_at: datetime
    done_at: datetime | None
    error: str | None


async def is_paid(order_ids: Collection[int]) -> set[int]:
    """Those of these orders that may leave, as far as money goes: paid, authorised, paid on delivery, or of no matter."""
    found = await balances(order_ids)
    return {order_id for order_id in order_ids if order_id not in found or found[order_id].may_leave}


async def balance_by_no(order_no: str) -> Balance:
    """Raises NotFound."""
    rows = await fetch("SELECT order_id FROM order_due WHERE order_no = ?", order_no)
    if not rows:
        raise NotFound("money expected for order", order_no)
    return await balance_of(rows[0]["order_id"])


async def entries(order_id: int) -> list[StoredEntry]:
    """What happened to an order's money, the oldest first: also what payments that are its own now did for another order before."""
    rows = await fetch(
        "SELECT e.*, p.means FROM payment_entry e JOIN payment p ON p.id = e.payment_id WHERE p.order_id = ? OR e.order_id = ? "
        "ORDER BY e.id LIMIT 1000",
        *(order_id, order_id),
    )
    return [
        StoredEntry(
            id=row["id"],
            payment=PAYMENTS.number(row["payment_id"]),
            means=Means(row["means"]),
            kind=EntryKind(row["kind"]),
            amount_minor=row["amount_minor"],
            occurred_at=row["occurred_at"],
            recorded_at=row["recorded_at"],
            provider=row["provider"],
            event_id=row["event_id"],
            actor=row["actor"],
            note=row["note"],
        )
        for row in rows
    ]


_CALLS = (
    "SELECT c.*, p.means, p.provider, p.currency, d.order_no FROM payment_call c JOIN payment p ON p.id = c.payment_id "
    "JOIN order_due d ON d.order_id = p.order_id"
)


async def refunds(order_id: int) -> list[StoredRefund]:
    """What was asked of providers and people for an order, the oldest first: refunds, captures, all of it."""
    return [refund_of(row) for row in await fetch(f"{_CALLS} WHERE p.order_id = ? ORDER BY c.id", order_id)]


async def refund(refund_no: str) -> StoredRefund:
    """Raises NotFound."""
    rows = await fetch(f"{_CALLS} WHERE c.id = ?", REFUNDS.row_id(refund_no))
    if not rows:
        raise NotFound(REFUNDS.what, refund_no)
    return refund_of(rows[0])


def refund_of(row: Row) -> StoredRefund:
    return StoredRefund(
        id=row["id"],
        no=REFUNDS.number(row["id"]),
        order_no=row["order_no"],
        payment=PAYMENTS.number(row["payment_id"]),
        means=Means(row["means"]),
        provider=row["provider"],
        action=row["action"],
        amount_minor=row["amount_minor"],
        currency=row["currency"],
        state=CallState(row["state"]),
        reason=row["reason"],
        asked_by=row["asked_by"],
        approved_by=row["approved_by"],
        created_at=row["created_at"],
        done_at=row["done_at"],
        error=row["error"],
    )


async def dues(*, sites: Collection[str] | None, before: int | None, limit: int, q: str = "") -> list[Balance]:
    """What orders owe and paid, the newest first, below the id `before`, of these sites (None: all); `q`: an order's number."""
    conditions, params = ["d.order_id < ?"], list[object]([before or 1 << 62])
    if sites is not None:
        conditions.append(among("d.site_id"))
        params.append(listing(sorted(sites)))
    if q:
        conditions.append("d.order_no = ?")
        params.append(q.upper())
    rows = await fetch(
        f"SELECT d.* FROM order_due d WHERE {' AND '.join(conditions)} ORDER BY d.order_id DESC LIMIT ?", *params, limit
    )
    paid: dict[int, list[Row]] = {row["order_id"]: [] for row in rows}
    for row in await fetch(f"SELECT * FROM payment WHERE {among('order_id')} ORDER BY order_id, id", listing(paid)):
        paid[row["order_id"]].append(row)
    return [balance_from(row, [payment_of(each) for each in paid[row["order_id"]]]) for row in rows]
