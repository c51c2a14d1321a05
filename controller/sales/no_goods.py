"""Codes of receipts that are no goods (postage, fees, discounts): said of the chain, undone, and what waits is settled after it.

What a line is follows from what is known of its code: goods are booked, whatever was said of the code; else it is no goods, if
somebody said so; else it waits.  So receipts, words and links may come in any order.
"""

# ruff: noqa: S608 -- what is put into the texts is names of ours; values are parameters
from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from controller import db, events
from controller.errors import NotFound
from controller.sales.events import SaleCodeSaid, SaleLinesSettled
from controller.sales.policies import LineState, SaleState

AT_ONCE = 2000
"""Lines of a transaction, so that a till never waits long for its turn."""
COUNTED = 10_000
MAX_CODE = 512


class NoGoodsReason(StrEnum):
    """What a code is, that is no goods."""

    POSTAGE = "postage"
    FEE = "fee"
    DISCOUNT = "discount"
    VOUCHER = "voucher"
    CORRECTION = "correction"
    OTHER = "other"


class Said(StrEnum):
    """What became of a code.  `same`: it was so already; `changed`: only its reason or note is another one."""

    DONE = "done"
    CHANGED = "changed"
    SAME = "same"


@dataclass(frozen=True, slots=True, kw_only=True)
class NoGoods:
    """A code that is no goods; `lines`: how many lines of receipts are kept because of it, counted up to `COUNTED`."""

    id: int
    text: str
    reason: NoGoodsReason
    note: str
    said_at: datetime
    said_by: str
    lines: int


async def set_aside(codes: Iterable[str], reason: NoGoodsReason, note: str = "") -> dict[str, Said]:
    """From now on these codes are no goods, in the whole chain; lines that wait for them are settled in the background.

    Records SaleCodeSaid for each that was not so before.
    """
    wanted = sorted(set(codes))
    async with db.transaction():
        who = (db.now(), events.actor().actor)
        made: set[str] = set()
        for start in range(0, len(wanted), 100):
            part = wanted[start : start + 100]
            rows = await db.fetch(
                "INSERT INTO sale_no_goods (text, reason, note, is_active, said_at, said_by) "
                f"VALUES {', '.join(['(?, ?, ?, TRUE, ?, ?)'] * len(part))} "
                "ON CONFLICT (text) DO UPDATE SET reason = excluded.reason, note = excluded.note, is_active = TRUE, "
                "said_at = excluded.said_at, said_by = excluded.said_by WHERE NOT sale_no_goods.is_active RETURNING text",
                *(value for text in part for value in (text, reason.value, note, *who)),
            )
            made.update(row["text"] for row in rows)
        rows = await db.fetch(
            "UPDATE sale_no_goods SET reason = ?, note = ?, said_at = ?, said_by = ? "
            f"WHERE is_active AND (reason <> ? OR note <> ?) AND {db.among('text')} RETURNING text",
            *(reason.value, note, *who, reason.value, note, db.listing([text for text in wanted if text not in made])),
        )
        changed = {row["text"] for row in rows}
        said = [(SaleCodeSaid(code=text, is_goods=False, reason=reason.value), text) for text in sorted(made | changed)]
        await events.record_many(said)
    return {text: Said.DONE if text in made else Said.CHANGED if text in changed else Said.SAME for text in wanted}


async def take_back(codes: Iterable[str]) -> dict[str, Said]:
    """They are goods again: their lines wait, and are booked once somebody says what they are.

    Records SaleCodeSaid for each that was no goods.  Raises NotFound for one of which nobody ever said that.
    """
    wanted = sorted(set(codes))
    async with db.transaction():
        known = await db.fetch(f"SELECT text FROM sale_no_goods WHERE {db.among('text')}", db.listing(wanted))
        if missing := sorted(set(wanted) - {row["text"] for row in known}):
            raise NotFound("code that is no goods", missing[0][:80])
        rows = await db.fetch(
            "UPDATE sale_no_goods SET is_active = FALSE, said_at = ?, said_by = ? "
            f"WHERE is_active AND {db.among('text')} RETURNING text",
            *(db.now(), events.actor().actor, db.listing(wanted)),
        )
        done = sorted(row["text"] for row in rows)
        await events.record_many([(SaleCodeSaid(code=text, is_goods=True, reason=""), text) for text in done])
    return {text: Said.DONE if text in done else Said.SAME for text in wanted}


async def among_no_goods(texts: Collection[str]) -> set[str]:
    """Which of these codes are no goods."""
    if not texts:
        return set()
    rows = await db.fetch(f"SELECT text FROM sale_no_goods WHERE is_active AND {db.among('text')}", db.listing(sorted(set(texts))))
    return {row["text"] for row in rows}


async def codes_no_goods(*, q: str = "", reason: str = "", before: int | None = None, limit: int = 50) -> list[NoGoods]:
    """Codes that are no goods, those first said last first; `q`: part of the code."""
    rows = await db.fetch(
        "SELECT n.id, n.text, n.reason, n.note, n.said_at, n.said_by, (SELECT COUNT(*) FROM (SELECT 1 FROM sale_line l "
        f"WHERE l.text = n.text AND l.state = 'no_goods' LIMIT {COUNTED}) counted) AS lines FROM sale_no_goods n "
        "WHERE n.is_active AND n.id < ? AND (? = '' OR n.reason = ?) AND (? = '' OR LOWER(n.text) LIKE ?) "
        "ORDER BY n.id DESC LIMIT ?",
        *(before or 2**62, reason, reason, q, f"%{q.lower()}%", limit),
    )
    return [NoGoods(**{**row, "reason": NoGoodsReason(row["reason"])}) for row in rows]


async def settle() -> int:
    """Make lines what was said of their codes, some at once; how many.  What is void or booked stays.  Records SaleLinesSettled."""
    done = 0
    for is_active in (True, False):
        while some := await db.in_transaction(lambda is_active=is_active: _settle(is_active=is_active)):  # type: ignore[misc]
            done += some
    return done


async def _settle(*, is_active: bool) -> int:
    """The word is held while lines are changed, so that its undoing comes before or after them, and settles them again.

    The CROSS JOIN has SQLite begin with the few words, not with the many lines.
    """
    before, after = (LineState.WAITING, LineState.NO_GOODS) if is_active else (LineState.NO_GOODS, LineState.WAITING)
    held = f"{db.for_update('l')} FOR SHARE OF n" if db.engine() is db.Engine.POSTGRES else ""
    rows = await db.fetch(
        "SELECT l.id, l.sale_id, s.site_id FROM sale_no_goods n CROSS JOIN sale_line l "
        f"JOIN sale s ON s.id = l.sale_id WHERE l.text = n.text AND {'n.is_active' if is_active else 'NOT n.is_active'} "
        f"AND l.state = '{before.value}' LIMIT {AT_ONCE}{held}"
    )
    if not rows:
        return 0
    await db.execute(f"UPDATE sale_line SET state = ? WHERE {db.among('id')}", after.value, db.listing([row["id"] for row in rows]))
    sales = sorted({row["sale_id"] for row in rows})
    if is_active:
        await nothing_waits(sales)
    else:
        await db.execute(
            f"UPDATE sale SET state = ? WHERE {db.among('id')} AND state = ? AND voids IS NULL AND voided_by IS NULL",
            *(SaleState.WAITING.value, db.listing(sales), SaleState.BOOKED.value),
        )
    for site, lines in sorted(Counter(row["site_id"] for row in rows).items()):
        await events.record(SaleLinesSettled(lines=lines, is_goods=not is_active), subject=site, site=site)
    return len(rows)


async def nothing_waits(sales: Sequence[int]) -> None:
    """Those of the receipts of which no line waits are booked."""
    await db.execute(
        f"UPDATE sale SET state = ? WHERE {db.among('id')} AND state = ? AND voids IS NULL "
        "AND NOT EXISTS (SELECT 1 FROM sale_line l WHERE l.sale_id = sale.id AND l.state = 'waiting')",
        *(SaleState.BOOKED.value, db.listing(sales), SaleState.WAITING.value),
    )
