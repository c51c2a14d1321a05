"""What is still to come, document by document: what `availability.incoming` is the sum of, for whoever asks why, and for its proof.

The documents belong to features that import stock; here they are put side by side.
"""

# ruff: noqa: S608 -- what is put into the texts is ours; values are parameters
from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from controller import db
from controller.proofs.proving import PROOFS, Proof, level_proof
from controller.purchasing.numbers import PURCHASE_ORDERS

_ORDERS = (
    "SELECT l.sku_id, o.site_id, CAST(o.id AS VARCHAR(20)) AS document, 'purchase_order' AS kind, l.owed, l.expected_on "
    "FROM purchase_order_line l JOIN purchase_order o ON o.id = l.order_id WHERE l.owed > 0 AND {which}"
)
_NOTICES = (
    "SELECT l.sku_id, n.site_id, n.number AS document, 'shipping_notice' AS kind, l.owed, n.expected_on "
    "FROM shipping_notice_line l JOIN shipping_notice n ON n.id = l.notice_id WHERE l.owed > 0 AND {which}"
)
_TRANSFERS = (
    "SELECT l.sku_id, t.to_site AS site_id, t.number AS document, 'transfer' AS kind, l.expected AS owed, "
    "CAST(NULL AS DATE) AS expected_on "
    "FROM transfer_line l JOIN transfer t ON t.id = l.transfer_id WHERE l.expected > 0 AND {which}"
)
_OWED = (_ORDERS, _NOTICES, _TRANSFERS)
"""One for each kind of document; `which` is a condition on SKU ids."""
_INCOMING = " UNION ALL ".join(
    f"SELECT sku_id, site_id, 0, owed FROM ({sql.format(which='l.sku_id > ? AND l.sku_id <= ?')}) owed_{number}"
    for number, sql in enumerate(_OWED)
)
ALL_PROOFS: tuple[Proof, ...] = (*PROOFS, level_proof("incoming", _INCOMING, len(_OWED)))
"""Every number about stock."""


@dataclass(frozen=True, slots=True)
class Owed:
    """A document that still owes base units of a SKU to a site; `kind`: purchase_order, shipping_notice, transfer."""

    document: str
    kind: str
    owed: int
    expected_on: date | None


async def owed(sku_id: int, site_id: str) -> list[Owed]:
    """In the order of documents: the sum is what is incoming."""
    parts = " UNION ALL ".join(sql.format(which="l.sku_id = ?") for sql in _OWED)
    rows = await db.fetch(
        f"SELECT document, kind, owed, expected_on FROM ({parts}) still_owed WHERE site_id = ? ORDER BY kind, document",
        *(sku_id, sku_id, sku_id, site_id),
    )
    return [Owed(_number(row), row["kind"], int(row["owed"]), _day(row["expected_on"])) for row in rows]


def _number(row: db.Row) -> str:
    return PURCHASE_ORDERS.number(int(row["document"])) if row["kind"] == "purchase_order" else row["document"]


def _day(value: date | str | None) -> date | None:
    """SQLite forgets what a column is declared as in a UNION."""
    return date.fromisoformat(value) if isinstance(value, str) else value
