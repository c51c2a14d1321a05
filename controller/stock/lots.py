"""Lots: found or made by what was read, blocked and unblocked everywhere at once."""

# ruff: noqa: S608 -- what is put into the texts is column names; values are parameters
from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from controller import db, events
from controller.errors import NotFound, Rejected
from controller.stock.events import LotBlocked, LotExpiryDisputed, LotUnblocked
from controller.stock.granting import lock, save
from controller.stock.policies import Change, Granting
from controller.tasks.operations import open_task

MAX_CODE = 64


class BadLot(Rejected):
    code = "bad_lot"


@dataclass(frozen=True, slots=True, kw_only=True)
class LotSeen:
    """What a symbol or a person told of the lot of some goods: the maker's code, the day it expires, both, or nothing."""

    sku_id: int
    code: str | None = None
    expiry: date | None = None

    @property
    def key(self) -> str | None:
        """What tells lots of a SKU apart; None: nothing was told."""
        if self.code:
            return f"code:{self.code}"
        return f"expiry:{self.expiry.isoformat()}" if self.expiry else None


def lot_told(sku_id: int, code: str | None, expiry: date | None = None) -> LotSeen:
    """What a fact tells of a lot, as all who read facts keep it: the same code is the same lot, whoever tells it."""
    return LotSeen(sku_id=sku_id, code=code_told(code), expiry=expiry)


def code_told(text: str | None) -> str | None:
    """A code of a lot or a piece as it is kept: what cannot be printed shows as U+FFFD, and it has an end."""
    kept = "".join(letter if letter.isprintable() else "\ufffd" for letter in (text or "").strip())[:MAX_CODE]
    return kept.strip() or None


async def lot_of(sku_id: int, code: str | None, expiry: date | None = None, *, site: str | None = None) -> int:
    """The id of the lot, made if it is new; 0 when neither code nor expiry was told.

    Commutes: what is not known never overwrites what is; of two expiries the earlier holds, whichever was told first, and a person
    is asked (LotExpiryDisputed, task `lot_expiry_disputed` for `site`).  Raises BadLot.
    """
    return (await lots_of([LotSeen(sku_id=sku_id, code=code, expiry=expiry)], site=site))[0]


async def lots_of(seen: Sequence[LotSeen], *, site: str | None = None) -> list[int]:
    """As `lot_of`, for many at once: an id for each."""
    wanted: dict[tuple[int, str], LotSeen] = {}
    for each in seen:
        if each.code and (len(each.code) > MAX_CODE or not each.code.isprintable()):
            raise BadLot(f"lot {each.code[:MAX_CODE]!r}: expected 1 to {MAX_CODE} printable characters")
        if each.key:
            wanted.setdefault((each.sku_id, each.key), each)
    if not wanted:
        return [0] * len(seen)
    async with db.transaction():
        known = await _known(wanted)
        new = [each for each in seen if each.key and _tells_more(each, known.get((each.sku_id, each.key)))]
        if new:
            await _save(new)
            before, known = known, await _known(wanted)
            for key, row in sorted(known.items()):
                await _tell_dispute(row, before.get(key), site)
    return [int(known[each.sku_id, each.key]["id"]) if each.key else 0 for each in seen]


async def _known(wanted: dict[tuple[int, str], LotSeen]) -> dict[tuple[int, str], db.Row]:
    rows = await db.fetch(
        "SELECT l.id, l.sku_id, l.key, l.code, l.expiry, l.latest_expiry, s.code AS sku FROM lot l JOIN sku s ON s.id = l.sku_id "
        f"WHERE {db.among('l.sku_id')} AND {db.among('l.key')}",
        db.listing(sorted({sku for sku, _ in wanted})),
        db.listing(sorted({key for _, key in wanted})),
    )
    return {(row["sku_id"], row["key"]): row for row in rows if (row["sku_id"], row["key"]) in wanted}


def _tells_more(seen: LotSeen, row: db.Row | None) -> bool:
    if row is None:
        return True
    return seen.expiry is not None and (row["expiry"] is None or not row["expiry"] <= seen.expiry <= row["latest_expiry"])


async def _save(new: Sequence[LotSeen]) -> None:
    instant = db.now()
    ordered = sorted(new, key=lambda each: (each.sku_id, each.key or ""))
    rows = [(each.sku_id, each.key or "", each.code or None, each.expiry, each.expiry, instant) for each in ordered]
    await db.execute_many(
        "INSERT INTO lot (sku_id, key, code, expiry, latest_expiry, created_at) VALUES (?, ?, ?, ?, ?, ?) "
        "ON CONFLICT (sku_id, key) DO UPDATE SET "
        "expiry = CASE WHEN lot.expiry IS NULL OR excluded.expiry < lot.expiry THEN excluded.expiry ELSE lot.expiry END, "
        "latest_expiry = CASE WHEN lot.latest_expiry IS NULL OR excluded.latest_expiry > lot.latest_expiry "
        "THEN excluded.latest_expiry ELSE lot.latest_expiry END",
        rows,
    )


async def _tell_dispute(row: db.Row, before: db.Row | None, site: str | None) -> None:
    """Once for each pair of dates."""
    kept, told = row["expiry"], row["latest_expiry"]
    if kept == told or (before is not None and (before["expiry"], before["latest_expiry"]) == (kept, told)):
        return
    code = row["code"] or row["key"]
    await events.record(LotExpiryDisputed(sku_id=row["sku_id"], code=code, kept=kept, told=told), subject=str(row["id"]), site=site)
    arguments = {"sku": row["sku"], "lot": code, "kept": kept.isoformat(), "told": told.isoformat()}
    await open_task("lot_expiry_disputed", site=site, key=f"lot_expiry:{row['id']}", subject=row["sku"], arguments=arguments)


class Cause(StrEnum):
    """Why a lot is blocked: somebody said so, it is recalled, or it had expired when it came.  Each ends by itself."""

    PERSON = "person"
    RECALL = "recall"
    EXPIRED = "expired"


async def block(lot_id: int, *, reason: str, cause: Cause = Cause.PERSON) -> dict[str, int]:
    """Nothing of a lot is granted any more, anywhere; base units of it on hand by site.  Again, it changes nothing.

    A lot that is blocked for another cause already is blocked for both.
    Where less is left than is promised, the latest commitments are withdrawn (CommitmentWithdrawn).  Records LotBlocked.
    Raises NotFound, BadLot (no reason).
    """
    if not reason.strip():
        raise BadLot("blocking a lot needs a reason")
    return await _block(lot_id, LotBlocked(reason=reason.strip()), cause)


async def unblock(lot_id: int, *, cause: Cause = Cause.PERSON) -> dict[str, int]:
    """This cause holds no more: without another one what is on hand of the lot may be granted again; base units by site.

    Records LotUnblocked if it may.  Raises NotFound.
    """
    return await _block(lot_id, None, cause)


async def _block(lot_id: int, told: LotBlocked | None, cause: Cause) -> dict[str, int]:
    """Locks in the order of all: the rows that grant, then the lot; a movement of the lot comes wholly before, or after."""
    async with db.transaction():
        found = await db.fetch("SELECT sku_id FROM lot WHERE id = ?", lot_id)
        if not found:
            raise NotFound("lot", lot_id)
        sku_id = int(found[0]["sku_id"])
        await db.fetch("SELECT id FROM availability WHERE sku_id = ? ORDER BY sku_id, site_id" + db.for_update(), sku_id)
        state = await db.fetch("SELECT blocked FROM lot WHERE id = ?" + db.for_update(), lot_id)
        there = await _on_hand(sku_id, lot_id)
        blocked = await _blocked_with(lot_id, told, cause)
        if bool(state[0]["blocked"]) == blocked:
            return there
        await db.execute("UPDATE lot SET blocked = ? WHERE id = ?", blocked, lot_id)
        changes: dict[Granting, Change] = {
            (sku_id, site): Change(quarantined=quantity if blocked else -quantity) for site, quantity in there.items()
        }
        await save(await lock(sorted(changes)), changes)
        await events.record(told or LotUnblocked(), subject=str(lot_id))
    return there


async def _blocked_with(lot_id: int, told: LotBlocked | None, cause: Cause) -> bool:
    """Add the cause, or (None) take it away; whether one is left.  With the lot's row held."""
    if told is None:
        await db.execute("DELETE FROM lot_block WHERE lot_id = ? AND cause = ?", lot_id, cause.value)
        return bool(await db.fetch("SELECT id FROM lot_block WHERE lot_id = ? LIMIT 1", lot_id))
    await db.execute(
        "INSERT INTO lot_block (lot_id, cause, reason, created_at, created_by) VALUES (?, ?, ?, ?, ?) "
        "ON CONFLICT (lot_id, cause) DO NOTHING",
        *(lot_id, cause.value, told.reason[:400], db.now(), events.actor().actor),
    )
    return True


async def _on_hand(sku_id: int, lot_id: int) -> dict[str, int]:
    """What of a lot could be granted if it is not blocked: on hand and not in a quarantine place."""
    rows = await db.fetch(
        "SELECT l.site_id, CAST(SUM(b.on_hand) AS BIGINT) AS quantity FROM balance b JOIN location l ON l.id = b.location_id "
        "WHERE b.sku_id = ? AND b.lot_id = ? AND b.on_hand > 0 AND l.kind IN ('bin', 'receiving', 'packing') "
        "GROUP BY l.site_id ORDER BY l.site_id",
        *(sku_id, lot_id),
    )
    return {row["site_id"]: int(row["quantity"]) for row in rows}


@dataclass(frozen=True, slots=True)
class LotLevel:
    """Base units of a lot on hand at a site."""

    id: int
    code: str | None
    expiry: date | None
    blocked: bool
    on_hand: int


async def lots_at(sku_id: int, site_id: str, *, after: int = 0, limit: int = 50) -> list[LotLevel]:
    """Lots of a SKU that are on hand at a site, in order of id."""
    rows = await db.fetch(
        "SELECT o.id, o.code, o.expiry, o.blocked, CAST(SUM(b.on_hand) AS BIGINT) AS on_hand FROM balance b "
        "JOIN location l ON l.id = b.location_id JOIN lot o ON o.id = b.lot_id "
        "WHERE b.sku_id = ? AND l.site_id = ? AND b.on_hand > 0 AND o.id > ? "
        "AND l.kind IN ('bin', 'receiving', 'packing', 'quarantine') "
        "GROUP BY o.id, o.code, o.expiry, o.blocked ORDER BY o.id LIMIT ?",
        *(sku_id, site_id, after, limit),
    )
    return [LotLevel(row["id"], row["code"], row["expiry"], bool(row["blocked"]), int(row["on_hand"])) for row in rows]


@dataclass(frozen=True, slots=True)
class Block:
    """Why a lot is blocked, in the words of who said so."""

    cause: Cause
    reason: str


async def blocks_of(lot_ids: Iterable[int]) -> dict[int, list[Block]]:
    """What holds these lots back, each cause once; lots that nothing holds back are left out."""
    rows = await db.fetch(
        f"SELECT lot_id, cause, reason FROM lot_block WHERE {db.among('lot_id')} ORDER BY lot_id, id",
        db.listing(sorted(set(lot_ids))),
    )
    found: dict[int, list[Block]] = {}
    for row in rows:
        found.setdefault(int(row["lot_id"]), []).append(Block(Cause(row["cause"]), row["reason"]))
    return found
