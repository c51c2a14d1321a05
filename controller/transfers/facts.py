"""Facts of transfers: goods that left for another site, goods that came from one, an end that is done.

In any order: goods that came before anybody said that they were sent are booked out of transit, which owes them until then.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TypeVar

from controller.catalog.reading import Read, read
from controller.db import Row
from controller.facts import APPLIED, FactIn, Outcome, Parked
from controller.sites.models import LocationKind
from controller.sites.queries import bins, known_sites, specials
from controller.stock.lots import code_told, lot_told, lots_of
from controller.stock.operations import consume
from controller.stock.shelves import shelves
from controller.tasks.operations import open_task
from controller.transfers.booking import Booking, book, booked_under, not_booked, tell_sites, undo
from controller.transfers.policies import Kind, Teller
from controller.transfers.records import close_end, hold_key, hold_what_is_to_go, lock, refresh
from edge_agent.wire.facts import Retracted
from edge_agent.wire.goods_facts import Condition, TransferClosed, TransferEnd, TransferReceived, TransferSent

F = TypeVar("F", TransferSent, TransferReceived)


async def apply_transfer_sent(facts: Sequence[FactIn[TransferSent]]) -> list[Outcome]:
    """Book what left its shelf into the transit of the site that it goes to.  An unknown symbol or bin parks its fact."""
    places = await _shelves_of(facts)
    outcomes: list[Outcome] = []
    taken: list[tuple[FactIn[TransferSent], Booking]] = []
    for fact, (found, place) in zip(facts, places, strict=True):
        if not isinstance(found, Read):
            outcomes.append(found)
        elif place is None:
            outcomes.append(Parked("unknown_bin", f"bin:{fact.site_id}:{fact.data.bin}"[:512]))
        else:
            taken.append((fact, _booking(fact, found, Kind.SENT, place)))
            outcomes.append(APPLIED)
    rows = await lock(fact.data.document for fact, _ in taken)
    sites = await known_sites({fact.data.to for fact, _ in taken if fact.data.to})
    for number, group in _by_number(await _lots(taken)).items():
        row = rows[number]
        for fact, _ in group:
            to_site = fact.data.to if fact.data.to in sites else None
            row = await tell_sites(row, Teller.SENDER, from_site=fact.site_id, to_site=to_site)
            await _ask_if_astray(row, "from_site", fact.site_id)
        for booking in await not_booked([booking for _, booking in group]):
            await consume(hold_key(row["id"], booking.sku_id), booking.units)
        await book(row, [booking for _, booking in group])
    await refresh(row["id"] for row in rows.values())
    return outcomes


async def apply_transfer_received(facts: Sequence[FactIn[TransferReceived]]) -> list[Outcome]:
    """Book what came out of transit into the receiving place, damaged goods into quarantine.  An unknown symbol parks its fact."""
    there = await specials({fact.site_id for fact in facts})
    outcomes: list[Outcome] = []
    taken: list[tuple[FactIn[TransferReceived], Booking]] = []
    for fact, found in zip(facts, await read([(fact, fact.data, fact.data.quantity) for fact in facts]), strict=True):
        if not isinstance(found, Read):
            outcomes.append(found)
            continue
        good = fact.data.condition is Condition.GOOD
        place = there[fact.site_id, LocationKind.RECEIVING if good else LocationKind.QUARANTINE]
        taken.append((fact, _booking(fact, found, Kind.RECEIVED if good else Kind.DAMAGED, place)))
        outcomes.append(APPLIED)
    rows = await lock(fact.data.document for fact, _ in taken)
    for number, group in _by_number(await _lots(taken)).items():
        row = rows[number]
        for fact, _ in group:
            row = await tell_sites(row, Teller.RECEIVER, to_site=fact.site_id)
            await _ask_if_astray(row, "to_site", fact.site_id)
        await book(row, [booking for _, booking in group])
    await refresh(row["id"] for row in rows.values())
    return outcomes


async def apply_transfer_closed(facts: Sequence[FactIn[TransferClosed]]) -> list[Outcome]:
    """An end said that it is done.  What it tells later still counts."""
    rows = await lock(fact.data.document for fact in facts)
    for fact in sorted(facts, key=lambda fact: (fact.data.document, fact.id)):
        row = rows[fact.data.document]
        if fact.data.end is TransferEnd.SENT:
            await tell_sites(row, Teller.SENDER, from_site=fact.site_id)
            await close_end(row, "sent_closed_at", fact.occurred_at)
        else:
            await tell_sites(row, Teller.RECEIVER, to_site=fact.site_id)
            await close_end(row, "received_closed_at", fact.occurred_at)
        rows[fact.data.document] = (await lock([fact.data.document]))[fact.data.document]
    await refresh(row["id"] for row in rows.values())
    return [APPLIED for _ in facts]


async def take_back_transferred(fact: FactIn[Retracted]) -> Outcome | None:
    """What the fact it names moved goes back, as of then; what was to go is held again.  None: it moved nothing."""
    booked = await booked_under(str(fact.data.fact))
    if booked is None:
        return None
    await lock([booked["number"]])
    await undo(booked, fact.id, fact.person)
    await refresh([booked["transfer_id"]])
    if booked["kind"] == Kind.SENT.value:
        await hold_what_is_to_go(booked["transfer_id"])
    return APPLIED


async def _shelves_of(facts: Sequence[FactIn[TransferSent]]) -> list[tuple[Read | Outcome, int | None]]:
    """What each fact is about, and the place that it took it from; None: a bin that nobody knows."""
    readings = await read([(fact, fact.data, fact.data.quantity) for fact in facts])
    pairs = list(zip(facts, readings, strict=True))
    unsaid = await shelves((found.sku_id, fact.site_id) for fact, found in pairs if isinstance(found, Read) and not fact.data.bin)
    named: dict[tuple[str, str], int] = {}
    for site in sorted({fact.site_id for fact in facts}):
        codes = [fact.data.bin for fact in facts if fact.site_id == site and fact.data.bin]
        named |= {(site, code): place.id for code, place in (await bins(site, codes)).items()}
    return [
        (
            found,
            named.get((fact.site_id, fact.data.bin)) if fact.data.bin else unsaid.get((getattr(found, "sku_id", 0), fact.site_id)),
        )
        for fact, found in pairs
    ]


def _by_number(taken: Sequence[tuple[FactIn[F], Booking]]) -> Mapping[str, list[tuple[FactIn[F], Booking]]]:
    found: dict[str, list[tuple[FactIn[F], Booking]]] = defaultdict(list)
    for fact, booking in sorted(taken, key=lambda pair: pair[0].data.document):
        found[fact.data.document].append((fact, booking))
    return found


async def _ask_if_astray(row: Row, end: str, site: str) -> None:
    """Goods left or came where the transfer does not say: somebody must look which of the two is wrong."""
    if row[end] == site:
        return
    told = {"transfer": row["number"], "site": site, "expected": row[end] or ""}
    await open_task(
        "transfer_astray", site=site, key=f"transfer_astray:{row['number']}:{site}", subject=row["number"], arguments=told
    )


async def _lots(taken: Sequence[tuple[FactIn[F], Booking]]) -> list[tuple[FactIn[F], Booking]]:
    """The same, with the lots that the facts name."""
    told = [index for index, (fact, _) in enumerate(taken) if fact.data.lot or fact.data.expiry]
    seen = [lot_told(taken[at][1].sku_id, taken[at][0].data.lot, taken[at][0].data.expiry) for at in told]
    lots = dict(zip(told, await lots_of(seen), strict=True)) if seen else {}
    return [(fact, replace(booking, lot_id=lots.get(index, 0))) for index, (fact, booking) in enumerate(taken)]


def _booking(fact: FactIn[F], found: Read, kind: Kind, place: int) -> Booking:
    return Booking(
        key=str(fact.id),
        kind=kind,
        sku_id=found.sku_id,
        units=found.units,
        place=place,
        occurred_at=fact.occurred_at,
        serial=code_told(fact.data.serial) if found.units == 1 else None,
        fact_id=fact.id,
        person=fact.person,
        device=f"{fact.box}/{fact.device or '_'}",
        reason=fact.data.reason if isinstance(fact.data, TransferReceived) else None,
    )
