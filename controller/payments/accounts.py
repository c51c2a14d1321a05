"""Accounts of customers: what they owe us, within a limit, and what they paid of it.  Minor units."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from controller import events
from controller.db import execute, fetch, now, transaction
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
    row = rows[0]
    return Account(
        id=row["id"],
        customer_id=row["customer_id"],
        currency=row["currency"],
        limit_minor=row["limit_minor"],
        owed_minor=row["owed_minor"],
    )


async def movements(account_id: int, *, before: int | None = None, limit: int = 200) -> list[tuple[int, AccountMovement]]:
    """The newest first, with their ids."""
    rows = await fetch(
        "SELECT * FROM account_entry WHERE account_id = ? AND id < ? ORDER BY id DESC LIMIT ?", account_id, before or 1 << 62, limit
    )
    return [
        (
            row["id"],
            AccountMovement(
                kind=row["kind"],
                amount_minor=row["amount_minor"],
                document=row["document"],
                recorded_at=row["recorded_at"],
                actor=row["actor"],
                note=row["note"],
            ),
        )
        for row in rows
    ]


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
