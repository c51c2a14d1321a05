"""Lines whose goods nobody knew are booked once somebody says what they are, as of the time of their receipt.

What somebody said to be no goods is kept so; goods that it turns out to be are booked all the same.
"""

# ruff: noqa: S608 -- what is put into the texts is names of ours; values are parameters
from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Sequence
from contextlib import aclosing
from random import Random

from controller import db, events
from controller.catalog.events import BarcodeAdded, CatalogImported, SkuCreated
from controller.sales.booking import Goods, book
from controller.sales.events import SaleCodeSaid, SaleLinked, SalesBooked
from controller.sales.no_goods import nothing_waits, settle
from controller.sales.policies import LineState, NewLine, document_of
from controller.sales.recording import Meaning, meaning_of, meanings

log = logging.getLogger(__name__)

CONSUMER = "sales"
AT_ONCE = 2000
CODES_AT_ONCE = 100
_LONGEST_PAUSE = 30.0
_WAKES = frozenset({BarcodeAdded.name, CatalogImported.name, SkuCreated.name})


async def run(random: Random) -> None:
    """Book what can be booked whenever the catalogue has grown, and settle what is no goods, for ever.

    What fails is tried again after a pause that grows.
    """
    failures = 0
    while True:
        try:
            await settle()
            await book_waiting()
            failures = 0
            async with aclosing(events.follow(await events.cursor(CONSUMER))) as recordings:
                async for recorded in recordings:
                    if recorded.name in _WAKES:
                        await book_waiting()
                    elif recorded.name == SaleCodeSaid.name or _may_be_late(recorded):
                        await settle()
                    async with db.transaction():
                        await events.move_cursor(CONSUMER, recorded.position)
        except Exception:
            failures += 1
            log.exception("booking sales that waited failed")
            await asyncio.sleep(random.uniform(0, min(_LONGEST_PAUSE, 2.0**failures)))


def _may_be_late(recorded: events.Recorded) -> bool:
    """Receipts that were being taken in while somebody said what a code is may have been too late to know of it."""
    return recorded.name == SalesBooked.name and bool(recorded.data["waiting"] or recorded.data.get("no_goods"))


async def book_waiting() -> int:
    """Book every line that waits, or was said to be no goods, and whose goods are known by now; how many.  Records SaleLinked."""
    done = 0
    for state, texts_after in ((LineState.WAITING, _texts), (LineState.NO_GOODS, _texts_of_no_goods)):
        after = 0
        while texts := await texts_after(after):
            after = texts[-1]["last"]
            done += await db.in_transaction(lambda texts=texts, state=state: _book_texts(texts, state))  # type: ignore[misc]  # mypy on defaults
    return done


async def _texts(after: int) -> list[db.Row]:
    """What lines wait for, by site, in the order of the line that has waited longest."""
    return await db.fetch(
        "SELECT l.text, l.is_sku, s.site_id, MIN(l.id) AS last FROM sale_line l JOIN sale s ON s.id = l.sale_id "
        "WHERE l.state = 'waiting' GROUP BY l.text, l.is_sku, s.site_id HAVING MIN(l.id) > ? ORDER BY MIN(l.id) LIMIT ?",
        *(after, AT_ONCE),
    )


async def _texts_of_no_goods(after: int) -> list[db.Row]:
    """Codes that were said to be no goods, as either kind and at each site."""
    kinds = "(SELECT 0 AS is_sku UNION ALL SELECT 1)"
    return await db.fetch(
        "SELECT n.text, k.is_sku, s.id AS site_id, n.id AS last FROM (SELECT id, text FROM sale_no_goods WHERE id > ? "
        f"ORDER BY id LIMIT {CODES_AT_ONCE}) n CROSS JOIN {kinds} k CROSS JOIN site s ORDER BY n.id",
        after,
    )


async def _book_texts(texts: Sequence[db.Row], state: LineState) -> int:
    asked = [(row["site_id"], _line(row["text"], bool(row["is_sku"]), 1)) for row in texts]
    known = await meanings(asked)
    resolved = {key for key, meaning in known.items() if meaning_of(_line(key[0], key[1], 1), meaning)[0] is not LineState.WAITING}
    done, after = 0, 0
    while resolved and (rows := await _lines({text for text, _, _ in resolved}, state, after)):
        after = rows[-1]["id"]
        found = [(row, known[key]) for row in rows if (key := (row["text"], bool(row["is_sku"]), row["site_id"])) in resolved]
        done += await _book(
            [(row, meaning_of(_line(row["text"], bool(row["is_sku"]), row["quantity"]), each)) for row, each in found]
        )
    return done


async def _lines(texts: set[str], state: LineState, after: int) -> list[db.Row]:
    """Locked, so that two who look at once book each line once."""
    return await db.fetch(
        "SELECT l.*, s.site_id, s.till, s.number, s.occurred_at, s.day FROM sale_line l JOIN sale s ON s.id = l.sale_id "
        f"WHERE l.state = '{state.value}' AND {db.among('l.text')} AND l.id > ? ORDER BY l.id LIMIT {AT_ONCE}" + db.for_update(),
        db.listing(sorted(texts)),
        after,
    )


async def _book(found: Sequence[tuple[db.Row, Meaning]]) -> int:
    goods = [_goods(row, meaning) for row, meaning in found if meaning[0] is LineState.BOOKED]
    costs = iter(await book(goods))
    await db.execute_many(
        "UPDATE sale_line SET state = ?, sku_id = ?, units = ?, cost_minor = ? WHERE id = ?",
        [
            (state.value, sku_id, units, next(costs) if state is LineState.BOOKED else None, row["id"])
            for row, (state, sku_id, units) in found
        ],
    )
    await nothing_waits(sorted({row["sale_id"] for row, _ in found}))
    for site, lines in sorted(Counter(row["site_id"] for row, _ in found).items()):
        await events.record(SaleLinked(lines=lines), subject=site, site=site)
    return len(found)


def _line(text: str, is_sku: bool, quantity: int) -> NewLine:  # noqa: FBT001 -- a column of the row, as it is
    return NewLine(text=text, is_sku=is_sku, quantity=quantity, amount_minor=0)


def _goods(row: db.Row, meaning: Meaning) -> Goods:
    return Goods(
        site=row["site_id"],
        till=row["till"],
        document=document_of(row["till"], row["number"]),
        occurred_at=row["occurred_at"],
        day=row["day"],
        sku_id=meaning[1] or 0,
        units=meaning[2] or 0,
        amount_minor=row["amount_minor"],
        is_damaged=bool(row["is_damaged"]),
    )
