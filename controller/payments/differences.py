"""What does not add up between what orders owe, what was paid, and the ledger behind it.  Read only; people decide."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum

from controller.db import among, fetch, listing


class DifferenceKind(StrEnum):
    """`UNPAID`: delivered, and not paid in full.  `OVERPAID`: more than is due.  `NOT_RETURNED`: cancelled, and money is here.

    `LOST`: more went back than came (a chargeback after a refund).  `LEDGER`: a sum that is not that of its entries.
    `TOTAL`: what is due is not what the order comes to.
    """

    UNPAID = "unpaid"
    OVERPAID = "overpaid"
    NOT_RETURNED = "not_returned"
    LOST = "lost"
    LEDGER = "ledger"
    TOTAL = "total"


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """`expected_minor` by the order, `found_minor` by the payments."""

    order_id: int
    order_no: str
    site: str | None
    kind: DifferenceKind
    expected_minor: int
    found_minor: int
    currency: str


_KEPT = "coalesce(sum(p.captured_minor - p.refunded_minor - p.charged_back_minor), 0)"
_KINDS = (
    f"CASE WHEN {_KEPT} < 0 THEN 'lost' WHEN d.ended_at IS NOT NULL THEN 'not_returned' "
    f"WHEN {_KEPT} > d.due_minor THEN 'overpaid' ELSE 'unpaid' END"
)


async def differences(*, sites: Collection[str] | None, after: int = 0, limit: int = 200) -> list[Difference]:
    """Of orders above the id `after`, in the order of their ids, at these sites (None: all)."""
    here, params = ("", list[object]()) if sites is None else (f"AND {among('d.site_id')}", [listing(sorted(sites))])
    rows = await fetch(
        f"SELECT d.order_id, d.order_no, d.site_id, d.currency, d.due_minor AS expected, {_KEPT} AS found, {_KINDS} AS kind "  # noqa: S608 -- ours
        f"FROM order_due d LEFT JOIN payment p ON p.order_id = d.order_id WHERE d.order_id > ? {here} "
        "GROUP BY d.order_id, d.order_no, d.site_id, d.currency, d.due_minor, d.ended_at, d.delivered_at "
        f"HAVING {_KEPT} > d.due_minor OR {_KEPT} < 0 OR (d.delivered_at IS NOT NULL AND {_KEPT} < d.due_minor) "
        "ORDER BY d.order_id LIMIT ?",
        *(after, *params, limit),
    )
    return [
        Difference(
            order_id=row["order_id"],
            order_no=row["order_no"],
            site=row["site_id"],
            kind=DifferenceKind(row["kind"]),
            expected_minor=int(row["expected"]),
            found_minor=int(row["found"]),
            currency=row["currency"],
        )
        for row in rows
    ]


_SUMS = {
    "captured_minor": "'captured', 'moved_capt'",
    "refunded_minor": "'refunded'",
    "authorised_minor": "'authorised', 'moved_auth'",
    "voided_minor": "'voided'",
    "charged_back_minor": "'chargeback'",
    "settled_minor": "'settled'",
}


async def broken_sums(*, sites: Collection[str] | None = None, after: int = 0, limit: int = 200) -> list[Difference]:
    """Payments whose sums are not those of their entries: there are none, and this proves it."""
    here, params = ("", list[object]()) if sites is None else (f"AND {among('d.site_id')}", [listing(sorted(sites))])
    found: list[Difference] = []
    for column, kinds in _SUMS.items():
        total = f"coalesce((SELECT sum(e.amount_minor) FROM payment_entry e WHERE e.payment_id = p.id AND e.kind IN ({kinds})), 0)"  # noqa: S608 -- ours
        rows = await fetch(
            f"SELECT d.order_id, d.order_no, d.site_id, d.currency, {total} AS expected, p.{column} AS found "  # noqa: S608 -- ours
            f"FROM payment p JOIN order_due d ON d.order_id = p.order_id WHERE p.{column} <> {total} "
            f"AND d.order_id > ? {here} ORDER BY d.order_id, p.id LIMIT ?",
            *(after, *params, limit),
        )
        found += [
            Difference(
                order_id=row["order_id"],
                order_no=row["order_no"],
                site=row["site_id"],
                kind=DifferenceKind.LEDGER,
                expected_minor=int(row["expected"]),
                found_minor=int(row["found"]),
                currency=row["currency"],
            )
            for row in rows
        ]
    return found
