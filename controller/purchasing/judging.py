"""What is wrong with a receipt becomes a task for a person, and stops being one when it is put right.

It is judged by what the receipt's sums say, not by which fact was told last.
"""

# ruff: noqa: S608 -- what is put into the texts is column names; values are parameters
from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date

from controller import db
from controller.purchasing.documents import looks_like_order
from controller.purchasing.numbers import PURCHASE_ORDERS, RECEIPTS
from controller.purchasing.policies import OPEN, Life, is_over, is_worse, life_of
from controller.purchasing.states import OrderState
from controller.stock.lots import Cause, block
from controller.tasks.operations import Task, close_tasks, open_tasks
from controller.tasks.queries import LastAsked, told_of

KINDS = (
    "receipt_unannounced", "receipt_unknown_order", "receipt_order_ended", "receipt_not_ordered", "receipt_over", "receipt_damaged",
    "receipt_expired", "receipt_short_dated", "receipt_short",
)  # fmt: skip


@dataclass(slots=True)
class Found:
    """What is wrong: by kind and what it is about, the words for it."""

    no: str
    site: str
    tasks: dict[tuple[str, str], dict[str, object]] = field(default_factory=dict)

    def add(self, kind: str, about: str = "", **words: object) -> None:
        self.tasks[kind, about] = {"receipt": self.no, **words}


async def judge(receipt_ids: Collection[int]) -> None:
    """Open and close the tasks of these receipts.  Expired lots are blocked: nobody is to be sold them meanwhile."""
    rows = await db.fetch(
        "SELECT r.*, o.state AS order_state, p.over_percent, p.min_days, "
        "EXISTS (SELECT 1 FROM receipt_line l WHERE l.receipt_id = r.id AND l.good + l.damaged > 0) AS came FROM receipt r "
        "LEFT JOIN purchase_order o ON o.id = r.order_id LEFT JOIN supplier p ON p.id = r.supplier_id "
        f"WHERE {db.among('r.id')} ORDER BY r.id",
        db.listing(sorted(receipt_ids)),
    )
    lines, parts = await _lines(receipt_ids), await _parts(receipt_ids)
    ordered = await _ordered({row["order_id"] for row in rows if row["order_id"] is not None})
    judged, expired = [], []
    for row in rows:
        found = Found(RECEIPTS.number(row["id"]), row["site_id"])
        _judge_document(found, row, came=bool(row["came"]))
        _judge_lines(found, row, lines[row["id"]], ordered)
        expired += [(lot, found.no) for lot in _judge_parts(found, row["day"], row["min_days"] or 0, parts[row["id"]])]
        judged.append(found)
    await _settle_tasks(judged)
    for lot, no in expired:
        await block(lot, reason=f"expired when it came ({no})", cause=Cause.EXPIRED)


async def _lines(ids: Collection[int]) -> dict[int, list[db.Row]]:
    """Those that something may be wrong with."""
    rows = await db.fetch(
        "SELECT l.receipt_id, l.sku_id, s.code AS sku, l.good + l.damaged AS units, l.damaged, l.short_reason FROM receipt_line l "
        "JOIN sku s ON s.id = l.sku_id JOIN receipt r ON r.id = l.receipt_id "
        f"WHERE {db.among('l.receipt_id')} AND (r.order_id IS NOT NULL OR l.damaged > 0 OR l.short_reason IS NOT NULL) "
        "ORDER BY l.receipt_id, l.sku_id",
        db.listing(sorted(ids)),
    )
    return _by(rows, "receipt_id")


async def _parts(ids: Collection[int]) -> dict[int, list[db.Row]]:
    rows = await db.fetch(
        "SELECT p.receipt_id, s.code AS sku, p.units, p.lot_id, t.code AS lot, t.expiry, "
        "EXISTS (SELECT 1 FROM lot_block b WHERE b.lot_id = t.id AND b.cause = 'expired') AS blocked FROM receipt_part p "
        f"JOIN lot t ON t.id = p.lot_id JOIN sku s ON s.id = p.sku_id WHERE {db.among('p.receipt_id')} AND p.units > 0 "
        "AND t.expiry IS NOT NULL ORDER BY p.receipt_id, p.lot_id",
        db.listing(sorted(ids)),
    )
    return _by(rows, "receipt_id")


async def _ordered(order_ids: Collection[int]) -> dict[tuple[int, int], db.Row]:
    rows = await db.fetch(
        f"SELECT order_id, sku_id, units, received FROM purchase_order_line WHERE {db.among('order_id')}",
        db.listing(sorted(order_ids)),
    )
    return {(row["order_id"], row["sku_id"]): row for row in rows}


def _by(rows: Collection[db.Row], column: str) -> dict[int, list[db.Row]]:
    found: dict[int, list[db.Row]] = defaultdict(list)
    for row in rows:
        found[row[column]].append(row)
    return found


def _judge_document(found: Found, row: db.Row, *, came: bool) -> None:
    if not came:
        return
    if row["order_id"] is None and row["notice_id"] is None:
        kind = "receipt_unknown_order" if looks_like_order(row["document"]) else "receipt_unannounced"
        found.add(kind, document=row["document"])
    elif row["order_state"] is not None and OrderState(row["order_state"]) not in OPEN:
        found.add("receipt_order_ended", order=PURCHASE_ORDERS.number(row["order_id"]), state=row["order_state"])


def _judge_lines(found: Found, row: db.Row, lines: Collection[db.Row], ordered: dict[tuple[int, int], db.Row]) -> None:
    for line in lines:
        if line["damaged"]:
            found.add("receipt_damaged", line["sku"], sku=line["sku"], units=line["damaged"])
        if line["short_reason"] is not None:
            found.add("receipt_short", line["sku"], sku=line["sku"], reason=line["short_reason"])
        if row["order_id"] is None or not line["units"]:
            continue
        order = PURCHASE_ORDERS.number(row["order_id"])
        wanted = ordered.get((row["order_id"], line["sku_id"]))
        if wanted is None:
            found.add("receipt_not_ordered", line["sku"], sku=line["sku"], units=line["units"], order=order)
        elif is_over(wanted["units"], wanted["received"], row["over_percent"] or 0):
            over = wanted["received"] - wanted["units"]
            found.add("receipt_over", line["sku"], sku=line["sku"], units=over, order=order)


def _judge_parts(found: Found, day: date, min_days: int, parts: Collection[db.Row]) -> list[int]:
    """The lots that must be blocked."""
    expired = []
    for part in parts:
        words = {"sku": part["sku"], "units": part["units"], "expiry": part["expiry"].isoformat(), "lot": part["lot"] or ""}
        match life_of(part["expiry"], day, min_days):
            case Life.EXPIRED:
                found.add("receipt_expired", str(part["lot_id"]), **words)
                if not part["blocked"]:
                    expired.append(int(part["lot_id"]))
            case Life.SHORT:
                found.add("receipt_short_dated", str(part["lot_id"]), days=(part["expiry"] - day).days, **words)
            case _:
                continue
    return expired


async def _settle_tasks(judged: Collection[Found]) -> None:
    told = await told_of([found.no for found in judged], KINDS)
    wanted = {
        f"{kind}:{found.no}:{about}": Task(kind, site=found.site, subject=found.no, arguments=words)
        for found in judged
        for (kind, about), words in found.tasks.items()
    }
    for key in sorted(told.keys() - wanted.keys()):
        await close_tasks(key)
    await open_tasks({key: task for key, task in sorted(wanted.items()) if _is_news(told.get(key), task.arguments)})


def _is_news(before: LastAsked | None, words: Mapping[str, object]) -> bool:
    """What waits gets the newer numbers; what a person has seen to is asked again only when it has become worse."""
    if before is None or not (before.waits or before.is_seen_to):
        return True
    return before.arguments != words if before.waits else is_worse(before.arguments, words)
