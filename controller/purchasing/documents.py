"""What a scanned or typed document is: an order of ours, a notice or a number of a supplier's, or something nobody announced."""

# ruff: noqa: S608 -- what is put into the texts is column names; values are parameters
from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from controller import db
from controller.catalog.policies import storable
from controller.errors import NotFound
from controller.purchasing.numbers import PURCHASE_ORDERS

LONGEST = 500


@dataclass(frozen=True, slots=True)
class Meaning:
    """What goods under a document belong to; all None: nothing that was announced."""

    order_id: int | None = None
    notice_id: int | None = None
    supplier_id: int | None = None


UNANNOUNCED = Meaning()


def document_of(text: str | None) -> str:
    """A document as receipts are told apart by; empty: none."""
    return storable((text or "").strip())[:LONGEST]


async def meanings(documents: Iterable[tuple[str, str]]) -> dict[tuple[str, str], Meaning]:
    """By site and document; an order counts at the site that it is for.  The one with the smaller id wins, so that it stays so."""
    wanted = {pair for pair in documents if pair[1]}
    texts = db.listing(sorted({text for _, text in wanted}))
    orders = await db.fetch(
        "SELECT id, site_id, supplier_id, reference FROM purchase_order "
        f"WHERE {db.among('id')} OR {db.among('reference')} ORDER BY id",
        *(db.listing(sorted(_order_ids(text for _, text in wanted))), texts),
    )
    notices = await db.fetch(
        f"SELECT id, site_id, supplier_id, order_id, number FROM shipping_notice WHERE {db.among('number')} ORDER BY id", texts
    )
    found: dict[tuple[str, str], Meaning] = {}
    for row in orders:
        if row["reference"]:
            found.setdefault((row["site_id"], row["reference"]), _of_order(row))
    for row in notices:
        meaning = Meaning(row["order_id"], row["id"], row["supplier_id"])
        key = (row["site_id"], row["number"])
        if key not in found or found[key].notice_id is None:
            found[key] = meaning
    for row in orders:
        found[row["site_id"], PURCHASE_ORDERS.number(row["id"])] = _of_order(row)
    return {pair: found.get(pair, UNANNOUNCED) for pair in wanted}


def looks_like_order(document: str) -> bool:
    """It has the form of a number of ours."""
    return bool(_order_ids([document]))


def _of_order(row: Mapping[str, int]) -> Meaning:
    return Meaning(row["id"], None, row["supplier_id"])


def _order_ids(texts: Iterable[str]) -> set[int]:
    found = set()
    for text in texts:
        try:
            found.add(PURCHASE_ORDERS.row_id(text))
        except NotFound:
            continue
    return found
