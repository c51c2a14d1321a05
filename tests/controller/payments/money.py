"""Orders to be paid, for tests: numbers only, as payments know nothing else of them."""

from __future__ import annotations

from controller import db, events
from controller.payments.operations import Expected, Taking, expect, take
from controller.payments.policies import Means, PayTerms
from controller.payments.stored import Balance, balance_of


async def order(
    order_id: int,
    amount: int = 10_000,
    terms: PayTerms = PayTerms.PREPAID,
    *,
    customer: int | None = None,
    tolerance_bp: int = 0,
    site: str | None = "s1",
) -> int:
    """What it is to be paid, in CNY."""
    await expect(
        Expected(
            order_id=order_id,
            order_no=f"SO-{100_000 + order_id}",
            amount_minor=amount,
            currency="CNY",
            terms=terms,
            site=site,
            customer_id=customer,
            tolerance_bp=tolerance_bp,
        )
    )
    return order_id


async def cash(order_id: int, amount: int = 10_000) -> str:
    return await take(order_id, Taking(means=Means.CASH, amount_minor=amount))


async def rows(sql: str, *params: object) -> list[db.Row]:
    return await db.fetch(sql, *params)


async def ledger(order_id: int) -> list[tuple[str, int]]:
    """Kinds and amounts of an order's entries, in their order."""
    found = await db.fetch("SELECT kind, amount_minor FROM payment_entry WHERE order_id = ? ORDER BY id", order_id)
    return [(row["kind"], row["amount_minor"]) for row in found]


async def checked(order_id: int) -> Balance:
    """The balance, after every sum of every payment was held against its entries."""
    for payment in await db.fetch("SELECT * FROM payment"):
        for column, kinds in _KINDS.items():
            entries = await db.fetch("SELECT kind, amount_minor FROM payment_entry WHERE payment_id = ?", payment["id"])
            assert payment[column] == sum(row["amount_minor"] for row in entries if row["kind"] in kinds), (column, entries)
    return await balance_of(order_id)


_KINDS = {
    "expected_minor": {"expected"},
    "authorised_minor": {"authorised", "moved_auth"},
    "voided_minor": {"voided"},
    "captured_minor": {"captured", "moved_capt"},
    "refunded_minor": {"refunded"},
    "charged_back_minor": {"chargeback"},
    "settled_minor": {"settled"},
}


def person(name: str) -> str:
    return f"person:{name}"


acting = events.acting
