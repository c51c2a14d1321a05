"""Accounts of customers: what they owe us, within a limit, and what they paid of it.  Minor units."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from controller import events
from controller.db import Row, among, execute, fetch, listing, now, transaction, utc
from controller.errors import NotFound
from controller.payments.cards import refuse_card_numbers
from controller.payments.errors import BadPayment, CreditExceeded
from controller.payments.events import AccountChanged


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """`owed_minor` below 0: we owe the customer."""

    id: int
    customer_id: int
    currency: str
    limit_minor: int
    owed_minor: int

    @property
    def left_minor(self) -> int:
        return max(self.limit_minor - self.owed_minor, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountMovement:
    kind: str
    amount_minor: int
    document: str
    recorded_at: datetime
    actor: str
    note: str | None


async def account(customer_id: int, currency: str) -> Account:
    """Raises NotFound."""
    rows = await fetch("SELECT * FROM customer_account WHERE customer_id = ? AND currency = ?", customer_id, currency)
    if not rows:
        raise NotFound("account of customer", f"{customer_id} in {currency}")
    return _account(rows[0])


async def accounts(
    *, after: int = 0, limit: int, customer_ids: Collection[int] | None = None, owing: bool = False
) -> list[Account]:
    """In order of their ids, above `after`; of these customers (None: all), `owing`: only those that owe something."""
    conditions, params = ["id > ?"], list[object]([after])
    if customer_ids is not None:
        conditions.append(among("customer_id"))
        params.append(listing(customer_ids))
    if owing:
        conditions.append("owed_minor > 0")
    sql = f"SELECT * FROM customer_account WHERE {' AND '.join(conditions)} ORDER BY id LIMIT ?"  # noqa: S608 -- of ours
    return [_account(row) for row in await fetch(sql, *params, limit)]


def _account(row: Row) -> Account:
    told = ("id", "customer_id", "currency", "limit_minor", "owed_minor")
    return Account(**{name: row[name] for name in told})


async def owed_before(account_id: int, instant: datetime) -> int:
    """What was owed at an instant: the sum of all that was booked before."""
    rows = await fetch(
        "SELECT COALESCE(SUM(amount_minor), 0) AS owed FROM account_entry WHERE account_id = ? AND recorded_at < ?",
        *(account_id, utc(instant)),
    )
    return int(rows[0]["owed"])


async def booked(account_id: int, begin: datetime, end: datetime, *, after: int, limit: int) -> list[tuple[int, AccountMovement]]:
    """Between two instants, the oldest first, with their ids, above the id `after`: a statement."""
    rows = await fetch(
        "SELECT * FROM account_entry WHERE account_id = ? AND recorded_at >= ? AND recorded_at < ? AND id > ? ORDER BY id LIMIT ?",
        *(account_id, utc(begin), utc(end), after, limit),
    )
    return [(row["id"], _movement(row)) for row in rows]


async def owed_up_to(account_id: int, entry_id: int) -> int:
    """What was owed once an entry was booked."""
    rows = await fetch(
        "SELECT COALESCE(SUM(amount_minor), 0) AS owed FROM account_entry WHERE account_id = ? AND id <= ?", account_id, entry_id
    )
    return int(rows[0]["owed"])


async def movements(account_id: int, *, before: int | None = None, limit: int = 200) -> list[tuple[int, AccountMovement]]:
    """The newest first, with their ids."""
    rows = await fetch(
        "SELECT * FROM account_entry WHERE account_id = ? AND id < ? ORDER BY id DESC LIMIT ?", account_id, before or 1 << 62, limit
    )
    return [(row["id"], _movement(row)) for row in rows]


def _movement(row: Row) -> AccountMovement:
    told = ("kind", "amount_minor", "document", "recorded_at", "actor", "note")
    return AccountMovement(**{name: row[name] for name in told})


async def set_limit(customer_id: int, currency: str, limit_minor: int) -> None:
    """What a customer may owe at most; opens the account.  A limit below what is owed stops further charges.  Raises BadPayment."""
    if limit_minor < 0:
        raise BadPayment(f"a credit limit of {limit_minor}: expected 0 or more")
    async with transaction():
        await execute(
            "INSERT INTO customer_account (customer_id, currency, limit_minor, owed_minor) VALUES (?, ?, ?, 0) "
            "ON CONFLICT (customer_id, currency) DO UPDATE SET limit_minor = excluded.limit_minor",
            *(customer_id, currency, limit_minor),
        )
        await _tell(await account(customer_id, currency), "limit", limit_minor)


async def charge(customer_id: int, currency: str, amount: int, *, document: str) -> bool:
    """Let a customer owe more, once per document; False when it was booked before.  Raises CreditExceeded, NotFound."""
    return await _book(customer_id, currency, "charge", amount, document=document, limited=True)


async def credit(customer_id: int, currency: str, amount: int, *, document: str) -> bool:
    """A refund to the account, once per document."""
    return await _book(customer_id, currency, "credit", -amount, document=document)


async def repay(customer_id: int, currency: str, amount: int, *, document: str, note: str | None = None) -> bool:
    """A customer pays arrears; `document`: the bank's or the till's reference, once.  Raises BadPayment, NotFound."""
    if amount <= 0:
        raise BadPayment(f"a repayment of {amount}: expected an amount above 0")
    refuse_card_numbers({"reference": document, "note": note})
    return await _book(customer_id, currency, "repayment", -amount, document=document, note=note)


async def _book(
    customer_id: int, currency: str, kind: str, delta: int, *, document: str, limited: bool = False, note: str | None = None
) -> bool:
    async with transaction():
        found = await account(customer_id, currency)
        rows = await fetch(
            "INSERT INTO account_entry (account_id, kind, amount_minor, document, recorded_at, actor, note) "
            "VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (account_id, kind, document) DO NOTHING RETURNING id",
            *(found.id, kind, delta, document, now(), events.actor().actor, note),
        )
        if not rows:
            return False
        condition = "owed_minor + ? <= limit_minor" if limited else "owed_minor + ? IS NOT NULL"
        changed = await execute(
            f"UPDATE customer_account SET owed_minor = owed_minor + ? WHERE id = ? AND {condition}",  # noqa: S608 -- of ours
            *(delta, found.id, delta),
        )
        if not changed:
            raise CreditExceeded(customer_id, delta, found.left_minor)
        await _tell(await account(customer_id, currency), kind, delta)
    return True


async def _tell(found: Account, kind: str, amount: int) -> None:
    event = AccountChanged(
        customer_id=found.customer_id, kind=kind, amount_minor=amount, owed_minor=found.owed_minor, currency=found.currency
    )
    await events.record(event, subject=f"customer:{found.customer_id}")
