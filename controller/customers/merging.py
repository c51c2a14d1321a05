"""One person under two records: found by what they share, merged, told apart, and a merge taken back."""

# ruff: noqa: S608 -- what is put into the texts is column names and conditions of ours; values are parameters
from __future__ import annotations

import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import msgspec

from controller import db, events
from controller.customers import sealing
from controller.customers.errors import BadMerge, MergeOvertaken
from controller.customers.events import CustomerMergeUndone, CustomersMerged, CustomersToldApart
from controller.customers.keyring import Place
from controller.customers.numbers import CUSTOMERS
from controller.customers.operations import locked, profile_in, write_profile
from controller.customers.policies import IdentityKind, MergeReason, Profile, filled_up
from controller.errors import NotFound


@dataclass(frozen=True, slots=True)
class Suggestion:
    """`one` < `other`, who share `kinds`: one person, perhaps."""

    one: int
    other: int
    kinds: tuple[IdentityKind, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredMerge:
    id: str
    kept: int
    merged: int
    reason: MergeReason
    at: datetime
    by: str
    undone_at: datetime | None


async def suggestions(*, of: int | None = None, after: tuple[int, int] = (0, 0), limit: int = 50) -> list[Suggestion]:
    """Pairs that share an identity and were not told apart, in order of their ids behind the pair `after`; `of`: with this one."""
    mine, params = ("AND (s.customer_id = ? OR o.customer_id = ?)", (of, of)) if of is not None else ("", ())
    one = "CASE WHEN s.customer_id < o.customer_id THEN s.customer_id ELSE o.customer_id END"
    other = "CASE WHEN s.customer_id < o.customer_id THEN o.customer_id ELSE s.customer_id END"
    rows = await db.fetch(
        f"SELECT one, other, kind FROM (SELECT DISTINCT {one} AS one, {other} AS other, s.kind AS kind FROM customer_identity s "
        f"JOIN customer_identity o ON o.hash = s.hash AND o.kind = s.kind AND o.customer_id <> s.customer_id "
        f"WHERE s.is_shared {mine}) p WHERE (one, other) > (?, ?) "
        "AND NOT EXISTS (SELECT 1 FROM customer c WHERE c.id IN (p.one, p.other) AND c.state <> 'active') "
        "AND NOT EXISTS (SELECT 1 FROM customers_apart a WHERE a.one = p.one AND a.other = p.other) "
        "ORDER BY one, other, kind LIMIT ?",
        *(*params, *after, limit * len(IdentityKind)),
    )
    kinds: dict[tuple[int, int], list[IdentityKind]] = {}
    for row in rows:
        kinds.setdefault((row["one"], row["other"]), []).append(IdentityKind(row["kind"]))
    return [Suggestion(*pair, tuple(shared)) for pair, shared in kinds.items()][:limit]


async def merge(kept: int, merged: int, reason: MergeReason) -> str:
    """`merged` turned out to be `kept`: who is known by its identities is `kept`, whose record is filled up with what it lacked.

    Orders keep whose they were, and count for `kept`.  The merge's id, by which it is taken back.  Records CustomersMerged.
    Raises BadMerge (the same one), NotFound, CustomerGone, KeysUnavailable.
    """
    if kept == merged:
        raise BadMerge("somebody cannot be merged into themselves")
    async with db.transaction():
        rows = {row["id"]: row for row in await locked([kept, merged])}
        before = await profile_in(rows[kept])
        fuller = filled_up(before, await profile_in(rows[merged]))
        merge_id = secrets.token_hex(16)
        moved = await _take_over(kept, merged)
        sealed = None
        version = rows[kept]["version"]
        if fuller != before:
            sealed = await sealing.seal(msgspec.json.encode(before).decode(), _place(merge_id))
            await write_profile(rows[kept], fuller)
            version += 1
        await db.execute(
            "UPDATE customer SET state = 'merged', merged_into = ?, version = version + 1, changed_at = ? WHERE id = ?",
            *(kept, db.now(), merged),
        )
        await db.execute(
            "INSERT INTO customer_merge (id, kept, merged, reason, moved, sealed, kept_version, at, by) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            *(merge_id, kept, merged, reason.value, json.dumps(moved), sealed, version, db.now(), events.actor().actor),
        )
        event = CustomersMerged(merged=CUSTOMERS.number(merged), reason=reason.value)
        await events.record(event, subject=CUSTOMERS.number(kept))
    return merge_id


async def _take_over(kept: int, merged: int) -> list[str]:
    """The identities of `merged` become `kept`'s; what both have stays where it is, and `kept` owns it.  Those that moved."""
    of = "SELECT id, hash, is_shared FROM customer_identity WHERE customer_id = ? ORDER BY id"
    rows, mine = await db.fetch(of, merged), {row["hash"]: row for row in await db.fetch(of, kept)}
    moved = []
    for row in rows:
        if row["hash"] not in mine:
            await db.execute("UPDATE customer_identity SET customer_id = ? WHERE id = ?", kept, row["id"])
            moved.append(str(row["id"]))
        elif not row["is_shared"]:
            await db.execute("UPDATE customer_identity SET is_shared = ? WHERE id = ?", True, row["id"])
            await db.execute("UPDATE customer_identity SET is_shared = ? WHERE id = ?", False, mine[row["hash"]]["id"])
    return moved


async def undo(merge_id: str) -> None:
    """They are two after all: each is known by what it was known by.  Twice is once.  Records CustomerMergeUndone.

    What `kept` learned since stays with it; its record says again what it said before, unless somebody changed it since.
    Raises NotFound, MergeOvertaken (`kept` was merged or erased since), KeysUnavailable.
    """
    async with db.transaction():
        rows = await db.fetch(f"SELECT * FROM customer_merge WHERE id = ?{db.for_update()}", merge_id)
        if not rows:
            raise NotFound("merge", merge_id)
        row = rows[0]
        if row["undone_at"] is not None:
            return
        kept = await _still(row["kept"], "active")
        await _still(row["merged"], "merged")
        for identity in json.loads(row["moved"]):
            await db.execute(
                "UPDATE customer_identity SET customer_id = ? WHERE id = ? AND customer_id = ?",
                row["merged"],
                identity,
                row["kept"],
            )
        await db.execute(
            "UPDATE customer SET state = 'active', merged_into = NULL, version = version + 1, changed_at = ? WHERE id = ?",
            *(db.now(), row["merged"]),
        )
        if row["sealed"] is not None and kept["version"] == row["kept_version"]:
            text = await sealing.unseal(row["sealed"], _place(merge_id))
            await write_profile(kept, msgspec.json.decode(text, type=Profile))
        await db.execute(
            "UPDATE customer_merge SET undone_at = ?, undone_by = ?, sealed = NULL WHERE id = ?",
            *(db.now(), events.actor().actor, merge_id),
        )
        event = CustomerMergeUndone(merged=CUSTOMERS.number(row["merged"]))
        await events.record(event, subject=CUSTOMERS.number(row["kept"]))


async def _still(customer_id: int, state: str) -> db.Row:
    """The row, held.  Raises MergeOvertaken."""
    rows = await db.fetch(f"SELECT * FROM customer WHERE id = ?{db.for_update()}", customer_id)
    if not rows or rows[0]["state"] != state:
        raise MergeOvertaken(f"{CUSTOMERS.number(customer_id)} is not {state} any more: undo what was done to it since first")
    return rows[0]


async def tell_apart(one: int, other: int) -> None:
    """They share something and are two: not suggested again.  Twice is once.  Records CustomersToldApart.

    Raises BadMerge, NotFound, CustomerGone.
    """
    if one == other:
        raise BadMerge("somebody cannot be told apart from themselves")
    low, high = sorted((one, other))
    async with db.transaction():
        await locked([low, high])
        added = await db.execute(
            "INSERT INTO customers_apart (one, other, at, by) VALUES (?, ?, ?, ?) ON CONFLICT (one, other) DO NOTHING",
            *(low, high, db.now(), events.actor().actor),
        )
        if added:
            await events.record(CustomersToldApart(other=CUSTOMERS.number(high)), subject=CUSTOMERS.number(low))


async def merges_of(customer_ids: Sequence[int]) -> list[StoredMerge]:
    """Of which these are a part, the newest first."""
    rows = await db.fetch(
        f"SELECT * FROM customer_merge WHERE {db.among('kept')} OR {db.among('merged')} ORDER BY at DESC, id LIMIT 100",
        *(db.listing(customer_ids), db.listing(customer_ids)),
    )
    told = ("id", "kept", "merged", "at", "by", "undone_at")
    return [StoredMerge(reason=MergeReason(row["reason"]), **{name: row[name] for name in told}) for row in rows]


async def forget_merges(customer_ids: Sequence[int]) -> None:
    """What was kept for taking merges back; they stay done."""
    await db.execute(f"UPDATE customer_merge SET sealed = NULL WHERE {db.among('kept')}", db.listing(customer_ids))


def _place(merge_id: str) -> Place:
    return Place("customer_merge", "sealed", merge_id)


async def shared_with(customer_id: int) -> list[int]:
    """Others who have an identity of this one."""
    return sorted({each for found in await suggestions(of=customer_id) for each in (found.one, found.other)} - {customer_id})
