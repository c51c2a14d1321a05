"""What is to come to a site from suppliers: orders, and notices of goods that nobody ordered here."""

# ruff: noqa: S608 -- what is put into the texts is names of ours; values are parameters
from __future__ import annotations

from controller import db
from controller.purchasing.numbers import PURCHASE_ORDERS
from controller.replica.documents import lines_of
from controller.replica.parts import MOST_LISTED, Listed
from edge_agent.wire.open_work import Document, OpenReceipt

_OPEN = "'approved', 'sent', 'confirmed', 'partly_received'"


async def _read(site_id: str) -> list[Document]:
    """Orders first, by the day on which they are due.  An order and a notice never share an id: one's is even, the other's odd."""
    return [*await _orders(site_id), *await _notices(site_id)]


async def _orders(site_id: str) -> list[Document]:
    rows = await db.fetch(
        "SELECT o.id, o.reference, s.name AS supplier, "
        "(SELECT MIN(l.expected_on) FROM purchase_order_line l WHERE l.order_id = o.id) AS due, "
        "(SELECT MIN(n.number) FROM shipping_notice n WHERE n.order_id = o.id AND NOT n.closed) AS notice "
        f"FROM purchase_order o JOIN supplier s ON s.id = o.supplier_id WHERE o.site_id = ? AND o.state IN ({_OPEN}) "
        "ORDER BY due, o.id LIMIT ?",
        *(site_id, MOST_LISTED),
    )
    lines = await db.fetch(
        "SELECT order_id AS document, sku_id, units AS expected, received AS got FROM purchase_order_line "
        f"WHERE NOT closed AND {db.among('order_id')} ORDER BY order_id, position",
        db.listing([row["id"] for row in rows]),
    )
    told = await lines_of(site_id, lines)
    return [
        OpenReceipt(
            id=row["id"] * 2,
            number=PURCHASE_ORDERS.number(row["id"]),
            other=row["notice"] or row["reference"],
            supplier=row["supplier"],
            due=row["due"],
            lines=told.get(row["id"], []),
        )
        for row in rows
    ]


async def _notices(site_id: str) -> list[Document]:
    rows = await db.fetch(
        "SELECT n.id, n.number, n.expected_on AS due, s.name AS supplier FROM shipping_notice n "
        "JOIN supplier s ON s.id = n.supplier_id "
        "WHERE n.site_id = ? AND n.order_id IS NULL AND NOT n.closed ORDER BY due, n.id LIMIT ?",
        *(site_id, MOST_LISTED),
    )
    lines = await db.fetch(
        "SELECT n.notice_id AS document, n.sku_id, n.units AS expected, COALESCE((SELECT SUM(l.good + l.damaged) "
        "FROM receipt_line l JOIN receipt r ON r.id = l.receipt_id "
        "WHERE r.notice_id = n.notice_id AND l.sku_id = n.sku_id), 0) AS got "
        f"FROM shipping_notice_line n WHERE {db.among('n.notice_id')} ORDER BY n.notice_id, n.position",
        db.listing([row["id"] for row in rows]),
    )
    told = await lines_of(site_id, [{**line, "got": int(line["got"])} for line in lines])
    return [
        OpenReceipt(
            id=row["id"] * 2 + 1, number=row["number"], supplier=row["supplier"], due=row["due"], lines=told.get(row["id"], [])
        )
        for row in rows
    ]


RECEIPTS = Listed(name="receipts", read=_read)
