"""Suppliers and purchase orders as people and papers need them."""

# ruff: noqa: S608 -- what is put into the texts is column names and conditions of ours; values are parameters
from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from msgspec import Struct

from controller import db
from controller.errors import NotFound
from controller.purchasing.answers import Stored
from controller.purchasing.numbers import PURCHASE_ORDERS
from controller.purchasing.papers import Paper, PaperLine
from controller.purchasing.policies import OrderedLine, differences
from controller.purchasing.states import AnswerState, OrderState, SendingState


class PurchaseOrderView(Struct, frozen=True, kw_only=True):
    """Quantities in base units, `total_minor` in the supplier's currency; `sending`: of what was to be sent last."""

    no: str
    state: OrderState
    supplier: str
    supplier_name: str
    site: str
    currency: str
    origin: str
    note: str
    reference: str | None
    revision: int
    created_at: datetime
    approved_at: datetime | None
    sent_at: datetime | None
    confirmed_at: datetime | None
    closed_at: datetime | None
    reason: str | None
    lines: int
    units: int
    received: int
    total_minor: int
    expected_on: date | None
    sending: SendingState | None
    answer_waits: bool


class OrderRow(PurchaseOrderView, frozen=True, kw_only=True):
    """An order in a list; `total_minor` of the lines whose price is known; `waits`: what a person must see to first."""

    id: int
    created_by: str
    approved_by: str | None

    @property
    def has_answer(self) -> bool:
        return self.answer_waits


class PurchaseLineView(Struct, frozen=True, kw_only=True):
    """`units`, `received` and `owed` (still to come) in base units; `price_minor` per pack."""

    position: int
    sku: str
    name_en: str
    name_zh: str
    their_code: str
    pack_numerator: int
    pack_denominator: int
    packs: int
    units: int
    price_minor: int | None
    expected_on: date | None
    received: int
    owed: int
    closed: bool


class LineRow(PurchaseLineView, frozen=True, kw_only=True):
    """See `models.PurchaseOrderLine`."""

    base_unit: str


class SendingView(Struct, frozen=True, kw_only=True):
    """`is_cancel`: it tells the supplier that the order is not wanted any more."""

    id: int
    revision: int
    channel: str
    address: str
    state: SendingState
    tries: int
    next_at: datetime
    sent_at: datetime | None
    error: str | None
    message_id: str
    is_cancel: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedOrders:
    """Which orders; empty is all.  `state`: one, or `open` for those whose goods are to come."""

    state: str = ""
    site: str = ""
    supplier: str = ""
    q: str = ""


_ORDER = (
    "SELECT o.id, o.state, p.code AS supplier, p.name AS supplier_name, o.site_id AS site, o.currency, o.origin, "
    "o.note, o.reference, o.revision, o.created_at, o.created_by, o.approved_at, o.approved_by, o.sent_at, "
    "o.confirmed_at, o.closed_at, o.reason "
    "FROM purchase_order o JOIN supplier p ON p.id = o.supplier_id "
)
OPEN_STATES = ("approved", "sent", "confirmed", "partly_received")


async def orders(
    asked: AskedOrders, *, before: int | None = None, limit: int = 50, sites: Collection[str] | None = None
) -> list[OrderRow]:
    """The newest first; those for `sites`, None: all."""
    conditions = ["o.id < ?"]
    found: list[object] = [before or 2**62]
    if asked.state == "open":
        conditions.append(f"o.state IN ({', '.join(repr(state) for state in OPEN_STATES)})")
    for column, value in (
        ("o.state", "" if asked.state == "open" else asked.state),
        ("o.site_id", asked.site),
        ("p.code", asked.supplier),
    ):
        if value:
            conditions.append(f"{column} = ?")
            found.append(value)
    if asked.q:
        conditions.append("(o.id = ? OR o.reference = ? OR LOWER(p.name) LIKE ?)")
        found += [_id_of(asked.q), asked.q, f"%{asked.q.lower()}%"]
    if sites is not None:
        conditions.append(db.among("o.site_id"))
        found.append(db.listing(sorted(sites)))
    rows = await db.fetch(f"{_ORDER} WHERE {' AND '.join(conditions)} ORDER BY o.id DESC LIMIT ?", *found, limit)
    return await _with_sums(rows)


async def order(no: str, *, sites: Collection[str] | None = None) -> OrderRow:
    """Raises NotFound, for one of another site, too."""
    rows = await db.fetch(f"{_ORDER} WHERE o.id = ?", PURCHASE_ORDERS.row_id(no))
    if not rows or (sites is not None and rows[0]["site"] not in sites):
        raise NotFound("purchase order", no)
    return (await _with_sums(rows))[0]


async def _with_sums(rows: Sequence[db.Row]) -> list[OrderRow]:
    ids = db.listing([row["id"] for row in rows])
    sums = await db.fetch(
        "SELECT order_id, COUNT(*) AS lines, SUM(units) AS units, SUM(received) AS received, "
        "SUM(packs * COALESCE(price_minor, 0)) AS total_minor, "
        "MIN(CASE WHEN received < units AND NOT closed THEN expected_on END) AS expected_on "
        f"FROM purchase_order_line WHERE {db.among('order_id')} GROUP BY order_id",
        ids,
    )
    by_order = {row["order_id"]: row for row in sums}
    sendings = {
        row["order_id"]: row["state"]
        for row in await db.fetch(f"SELECT order_id, state FROM purchase_sending WHERE {db.among('order_id')} ORDER BY id", ids)
    }
    waiting = await db.fetch(f"SELECT order_id FROM purchase_answer WHERE state = 'waiting' AND {db.among('order_id')}", ids)
    answered = {row["order_id"] for row in waiting}
    nothing: db.Row = {"lines": 0, "units": 0, "received": 0, "total_minor": 0, "expected_on": None}
    found = []
    for row in rows:
        line = by_order.get(row["id"], nothing)
        counted: db.Row = {name: int(line[name]) for name in ("lines", "units", "received", "total_minor")}
        due = line["expected_on"]
        found.append(
            OrderRow(
                **{**row, "state": OrderState(row["state"])},
                **counted,
                no=PURCHASE_ORDERS.number(row["id"]),
                expected_on=date.fromisoformat(due) if isinstance(due, str) else due,
                sending=SendingState(sendings[row["id"]]) if row["id"] in sendings else None,
                answer_waits=row["id"] in answered,
            )
        )
    return found


async def lines(order_id: int) -> list[LineRow]:
    rows = await db.fetch(
        "SELECT l.position, s.code AS sku, s.name_en, s.name_zh, s.base_unit, l.their_code, l.pack_numerator, l.pack_denominator, "
        "l.packs, l.units, l.price_minor, l.expected_on, l.received, l.owed, l.closed FROM purchase_order_line l "
        "JOIN sku s ON s.id = l.sku_id WHERE l.order_id = ? ORDER BY l.position",
        order_id,
    )
    return [LineRow(**{**row, "closed": bool(row["closed"])}) for row in rows]


async def sendings(order_id: int) -> list[SendingView]:
    """The newest first."""
    rows = await db.fetch(
        "SELECT id, revision, channel, address, state, tries, next_at, sent_at, error, message_id, is_cancel "
        "FROM purchase_sending "
        "WHERE order_id = ? ORDER BY id DESC LIMIT 20",
        order_id,
    )
    return [SendingView(**{**row, "state": SendingState(row["state"]), "is_cancel": bool(row["is_cancel"])}) for row in rows]


async def answers(order_id: int) -> list[tuple[Stored, datetime]]:
    """What the supplier answered, the newest first, each with what it changes in the order as it is now."""
    rows = await db.fetch("SELECT * FROM purchase_answer WHERE order_id = ? ORDER BY id DESC LIMIT 20", order_id)
    told = await db.fetch(
        f"SELECT * FROM purchase_answer_line WHERE {db.among('answer_id')} ORDER BY answer_id, position",
        db.listing([row["id"] for row in rows]),
    )
    ordered = [
        OrderedLine(position=line.position, packs=line.packs, price_minor=line.price_minor, expected_on=line.expected_on)
        for line in await lines(order_id)
    ]
    by_answer: dict[int, dict[int, OrderedLine]] = defaultdict(dict)
    mine = {line.position: line for line in ordered}
    for line in told:
        was = mine.get(line["position"])
        if was is None:
            continue
        by_answer[line["answer_id"]][line["position"]] = OrderedLine(
            position=line["position"],
            packs=was.packs if line["packs"] is None else line["packs"],
            price_minor=was.price_minor if line["price_minor"] is None else line["price_minor"],
            expected_on=was.expected_on if line["expected_on"] is None else line["expected_on"],
        )
    return [
        (
            Stored(
                id=row["id"],
                state=AnswerState(row["state"]),
                source=row["source"],
                reference=row["reference"],
                differences=differences(ordered, by_answer[row["id"]]),
            ),
            row["came_at"],
        )
        for row in rows
    ]


async def paper_of(no: str, company: str, *, is_cancel: bool = False) -> Paper:
    """The order as its supplier gets it, or (`is_cancel`) that it is not wanted any more.  Raises NotFound."""
    found = await db.fetch(
        "SELECT o.id, o.revision, o.currency, o.note, o.approved_at, o.created_at, p.name, p.code, p.language, t.id AS site, "
        "t.name AS site_name FROM purchase_order o JOIN supplier p ON p.id = o.supplier_id JOIN site t ON t.id = o.site_id "
        "WHERE o.id = ?",
        PURCHASE_ORDERS.row_id(no),
    )
    if not found:
        raise NotFound("purchase order", no)
    row = found[0]
    names = ("position", "their_code", "sku", "name_en", "name_zh", "packs", "pack_numerator", "pack_denominator")
    return Paper(
        no=no,
        revision=max(row["revision"], 1),
        company=company,
        supplier=row["name"],
        supplier_code=row["code"],
        site=row["site"],
        site_name=row["site_name"],
        ordered_on=(row["approved_at"] or row["created_at"]).date(),
        language=row["language"],
        currency=row["currency"],
        note=row["note"],
        lines=[
            PaperLine(**{name: getattr(line, name) for name in names}, price_minor=line.price_minor, expected_on=line.expected_on)
            for line in await lines(row["id"])
            if is_cancel or not line.closed
        ],
        is_cancel=is_cancel,
    )


def _id_of(text: str) -> int:
    try:
        return PURCHASE_ORDERS.row_id(text.strip().upper())
    except NotFound:
        return 0
