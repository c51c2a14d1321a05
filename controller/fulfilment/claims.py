"""Who has a pick list in hand: granted once, by a conditional UPDATE; given back by its person or by a manager.

The last pick ends it, too: of a list that is picked nobody asks who has it, and who takes a pick of it back has it again.
Claims of one person end the same in whatever order they are told; of two people's the first to arrive counts (docs/adr/0046).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from controller import events
from controller.db import among, execute, execute_many, fetch, listing, now, transaction
from controller.errors import Conflict, NotFound
from controller.fulfilment import lists
from controller.fulfilment.events import PickClaimEnded, PickListClaimed
from controller.fulfilment.lists import PickListNow
from controller.fulfilment.numbers import PICK_LISTS
from controller.people.queries import names_of
from controller.tasks.operations import open_task


class NotClaimed(Conflict):
    """Nobody has it: there is nothing to release."""

    code = "not_claimed"

    def __init__(self, pick_list: str) -> None:
        super().__init__(f"nobody has {pick_list} in hand: whoever scans it first gets it")
        self.pick_list = pick_list


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """`by` as `claimer` names people; `takes_over`: they knew who had it."""

    id: UUID
    by: str
    box: str
    at: datetime
    tote: str | None = None
    takes_over: bool = False


def claimer(person: str | None, box: str) -> str:
    """As `claimed_by` names who acts, which is how events do: where nobody signs in it is the box."""
    return f"person:{person}" if person else f"box:{box}"


async def grant(pick_list: PickListNow, claim: Claim) -> bool:
    """Give them the list, if nobody else has it; False: somebody has.  In the caller's transaction, with the order locked.

    A claim of the same person that is told late changes nothing but a tote that nobody named.  Records PickListClaimed.
    """
    is_ended = await _noted(pick_list, claim)
    tote = claim.tote if pick_list.parcel is None else None  # of what is packed the tote is empty again
    granted = 0
    if not is_ended:
        granted = await execute(
            "UPDATE pick_list SET claimed_by = ?, claimed_box = ?, claimed_at = ?, claim = ?, tote = COALESCE(?, tote) "
            "WHERE id = ? AND (claim IS NULL OR (claimed_by = ? AND (claimed_at, claim) < (?, ?)) OR (? AND claimed_at < ?))",
            *(claim.by, claim.box, claim.at, str(claim.id), tote, pick_list.id),
            *(claim.by, claim.at, str(claim.id), claim.takes_over, claim.at),
        )
    if granted:
        await _told(pick_list, claim)
        return True
    if tote is not None:
        await execute(
            "UPDATE pick_list SET tote = ? WHERE id = ? AND tote IS NULL AND (claimed_at IS NULL OR claimed_at >= ?)",
            *(tote, pick_list.id, claim.at),
        )
    return is_ended or await _has(pick_list, claim)


async def give_back(pick_list: PickListNow, claim: UUID, *, at: datetime, by: str) -> None:
    """That claim is over, whether or not it was told yet; a later one of anybody stays.  Records PickClaimEnded."""
    await execute(
        "INSERT INTO pick_claim (id, pick_list_id, ended_at, ended_by) VALUES (?, ?, ?, ?) "
        "ON CONFLICT (id) DO UPDATE SET ended_at = excluded.ended_at, ended_by = excluded.ended_by "
        "WHERE pick_claim.ended_at IS NULL",
        *(str(claim), pick_list.id, at, by),
    )
    await _freed(pick_list, claim)


async def release_claim(number: str) -> None:
    """A manager takes the list out of somebody's hands: whoever scans it next gets it.  Records PickClaimEnded.

    Raises NotFound, NotClaimed.
    """
    async with transaction():
        one = (await lists.by_number([number])).get(number)
        if one is None:
            raise NotFound(PICK_LISTS.what, number)
        rows = await fetch("SELECT claim FROM pick_list WHERE id = ? AND claim IS NOT NULL", one.id)
        if not rows:
            raise NotClaimed(number)
        await give_back(one, UUID(rows[0]["claim"]), at=now(), by=events.actor().actor)


async def lost(pick_list: PickListNow, claim: Claim) -> str:
    """Note that somebody else has it; who, in words.  If they fetched goods for it all the same, a person is asked to look."""
    await execute("UPDATE pick_claim SET is_lost = ? WHERE id = ?", True, str(claim.id))
    await look_for_two([pick_list])
    holder = (await fetch("SELECT claimed_by, claimed_box FROM pick_list WHERE id = ?", pick_list.id))[0]
    return f"{pick_list.no} is in the hands of {holder['claimed_by']} at box {holder['claimed_box']}: go on with another list"


async def picked_by(seen: Mapping[tuple[int, str], datetime], pick_lists: Sequence[PickListNow]) -> None:
    """These people fetched something for these lists (by id), at the latest then; two at one list are a task for a person."""
    await execute_many(
        "INSERT INTO pick_by (pick_list_id, picked_by, last_at) VALUES (?, ?, ?) ON CONFLICT (pick_list_id, picked_by) "
        "DO UPDATE SET last_at = CASE WHEN excluded.last_at > pick_by.last_at THEN excluded.last_at ELSE pick_by.last_at END",
        [(*who, at) for who, at in sorted(seen.items())],
    )
    await look_for_two(pick_lists)


async def look_for_two(pick_lists: Sequence[PickListNow]) -> None:
    """Somebody fetched goods for a list while another had it, or after they were told so: what lies in packing wants a look."""
    rows = await fetch(
        "SELECT l.id, l.claimed_by, b.picked_by FROM pick_list l JOIN pick_by b ON b.pick_list_id = l.id "  # noqa: S608 -- a column
        f"WHERE {among('l.id')} AND l.claim IS NOT NULL AND b.picked_by <> l.claimed_by AND (b.last_at >= l.claimed_at OR EXISTS "
        "(SELECT 1 FROM pick_claim c WHERE c.pick_list_id = l.id AND c.claimed_by = b.picked_by AND c.is_lost)) "
        "ORDER BY l.id, b.id",
        listing([one.id for one in pick_lists]),
    )
    by_id = {one.id: one for one in pick_lists}
    people = {row[column].partition(":")[2] for row in rows for column in ("claimed_by", "picked_by")}
    names = await names_of(people) if rows else {}
    for row in rows:
        one = by_id[row["id"]]
        told = {"holder": _named(row["claimed_by"], names), "other": _named(row["picked_by"], names)}
        arguments = {"pick_list": one.no, "order": one.order_no, **told}
        key = f"pick_conflict:{one.no}/{row['picked_by']}"
        await open_task("pick_conflict", site=one.site, key=key, subject=one.order_no, arguments=arguments)


def _named(by: str, names: Mapping[str, str]) -> str:
    name = by.partition(":")[2]
    return names.get(name, name)


async def _noted(pick_list: PickListNow, claim: Claim) -> bool:
    """It is on record; whether it was given back before it was told."""
    rows = await fetch(
        "INSERT INTO pick_claim (id, pick_list_id, claimed_by, box, claimed_at, tote) VALUES (?, ?, ?, ?, ?, ?) "
        "ON CONFLICT (id) DO UPDATE SET claimed_by = excluded.claimed_by, box = excluded.box, claimed_at = excluded.claimed_at, "
        "tote = excluded.tote RETURNING ended_at",
        *(str(claim.id), pick_list.id, claim.by, claim.box, claim.at, claim.tote),
    )
    return rows[0]["ended_at"] is not None


async def _has(pick_list: PickListNow, claim: Claim) -> bool:
    return bool(await fetch("SELECT 1 AS one FROM pick_list WHERE id = ? AND claimed_by = ?", pick_list.id, claim.by))


async def _told(pick_list: PickListNow, claim: Claim) -> None:
    told = PickListClaimed(pick_list=pick_list.no, by=claim.by, box=claim.box, tote=claim.tote, took_over=claim.takes_over)
    await events.record(told, subject=pick_list.order_no, site=pick_list.site)
    await look_for_two([pick_list])


async def _freed(pick_list: PickListNow, claim: UUID) -> None:
    rows = await fetch(
        "UPDATE pick_list SET claimed_by = NULL, claimed_box = NULL, claimed_at = NULL, claim = NULL "
        "WHERE id = ? AND claim = ? RETURNING id",
        *(pick_list.id, str(claim)),
    )
    if rows:
        await events.record(PickClaimEnded(pick_list=pick_list.no), subject=pick_list.order_no, site=pick_list.site)
