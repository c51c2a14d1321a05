"""What boxes say becomes stored and applied facts: `ingest(batch)` is one transaction; what it returns may be told to the boxes.

A batch is read (`fleet/intake.py`), new identities are inserted at once, new facts go grouped by name to their features
(`dispatch.py`), outcomes are stored, the transaction commits.  Only then are acks built, and only then may the caller free the
broker of the messages.  Facts that came before cost one conflict each and are acked again.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from uuid import UUID

import msgspec

from controller import dispatch
from controller.db import Row, in_transaction, now
from controller.events import Event, record, record_many
from controller.facts import FactIn, Outcome, Parked, Rejected
from controller.fleet import rejects, storage
from controller.fleet.acks import AckOut, Verdict, acks_of
from controller.fleet.dating import KnownClock, date, in_utc
from controller.fleet.events import FactParked, FactRejected, FactsTaken
from controller.fleet.intake import Readable, Reading, Slot, Unreadable, read
from controller.fleet.storage import Arrival
from controller.observer import Taken
from edge_agent.seams import failpoint
from edge_agent.wire.facts import FACTS, ClockSynced, Fact
from edge_agent.wire.session import Incoming

RETRIED_AT_ONCE = 500
"""Parked facts tried again in one transaction."""
Read = Callable[[Incoming], Sequence[Reading]]
_NOTHING = UUID(int=0)


async def ingest(batch: Sequence[Incoming], tell: Taken | None = None, read: Read = read) -> list[AckOut]:
    """Store and apply all that a batch says, in one transaction; on return it is committed and the acks may go out.

    `read`: what a message says, where some of it was read before.
    Any order, any number of times.  Raises only when the database does: then nothing is stored, and the batch is to be given again.
    """
    failpoint("ctl.after_receive")
    readings = [reading for message in batch for reading in read(message)]
    verdicts, taken = await in_transaction(lambda: _take(readings))
    if tell:
        tell(taken)
    failpoint("ctl.after_commit_before_ack")
    return acks_of(verdicts)


async def retry_parked(*, due_only: bool) -> int:
    """Apply parked facts again, in transactions of their own: those that `unpark` marked, or all.  Returns how many could be."""
    applied, after = 0, _NOTHING
    while True:
        rows, count = await in_transaction(lambda after=after: _retry(after, due_only=due_only))  # type: ignore[misc]  # mypy on defaults
        applied += count
        if not rows:
            return applied
        after = rows[-1]["id"]


# --- one transaction ------------------------------------------------------------------------------------------------------------


async def _take(readings: Sequence[Reading]) -> tuple[list[Verdict], Counter[tuple[str, str]]]:
    received_at = now()
    boxes = {reading.slot.box for reading in readings if reading.slot}
    sites = await storage.sites_of(boxes) if boxes else {}
    known = [reading for reading in readings if isinstance(reading, Readable) and reading.slot.box in sites]
    reasons = await storage.refusals_of(boxes - sites.keys())
    refused = [_refusal(reading, reasons) for reading in readings if _is_refused(reading, sites)]
    clocks = await _clocks(known)
    first, repeated = _distinct(
        [
            Arrival(
                reading,
                sites[reading.slot.box],
                date(reading.envelope, received_at, clocks.get((reading.slot.box, reading.envelope.boot))),
                received_at,
            )
            for reading in known
        ]
    )
    new = await storage.insert_new(first)
    fresh = first if new is None else [arrival for arrival in first if arrival.reading.envelope.id in new]
    old = [] if new is None else [arrival for arrival in first if arrival.reading.envelope.id not in new]
    verdicts, reused = await _settle(old + repeated)
    applied, taken = await _apply_new(fresh)
    verdicts += applied
    refused += reused
    verdicts += [(refusal.slot, refusal.why.code) for refusal in refused if refusal.slot]
    await rejects.store(refused, received_at)
    failpoint("ctl.before_commit")
    return verdicts, taken


def _is_refused(reading: Reading, sites: Mapping[str, str]) -> bool:
    return isinstance(reading, Unreadable) or reading.slot.box not in sites


def _refusal(reading: Reading, reasons: Mapping[str, Rejected]) -> Unreadable:
    return reading if isinstance(reading, Unreadable) else _refused(reading, reasons[reading.slot.box])


def _refused(reading: Readable, why: Rejected) -> Unreadable:
    return Unreadable(reading.topic, msgspec.json.encode(reading.envelope), why, reading.slot)


async def _clocks(readings: Sequence[Readable]) -> dict[tuple[str, str], KnownClock]:
    """What is known of the clocks of those that were not synchronised, from the tables and from the batch itself."""
    doubtful = {reading.slot.box for reading in readings if not reading.envelope.clock.synced}
    clocks = {
        (reading.slot.box, fact.boot): KnownClock(fact.mono_ms, in_utc(fact.at), fact.error_ms)
        for reading in readings
        if isinstance(fact := reading.fact, ClockSynced)
    }
    if about := doubtful | {box for box, _ in clocks}:
        await storage.hold_clocks(about)
    return clocks | await storage.clocks_of(doubtful) if doubtful else {}


def _distinct(arrivals: Sequence[Arrival]) -> tuple[list[Arrival], list[Arrival]]:
    """Those with an identity and an id that none before them in the batch has; and the others."""
    if len({a.reading.slot for a in arrivals}) == len(arrivals) == len({a.reading.envelope.id for a in arrivals}):
        return list(arrivals), []  # nearly always
    identities: set[Slot] = set()
    ids: set[UUID] = set()
    first: list[Arrival] = []
    repeated: list[Arrival] = []
    for arrival in arrivals:
        slot, fact = arrival.reading.slot, arrival.reading.envelope.id
        (repeated if slot in identities or fact in ids else first).append(arrival)
        identities.add(slot)
        ids.add(fact)
    return first, repeated


async def _settle(old: Sequence[Arrival]) -> tuple[list[Verdict], list[Unreadable]]:
    """What came before: acked again as it was then.  The identity of another fact, or the id of another box's, is refused."""
    if not old:
        return [], []
    verdicts: list[Verdict] = []
    reused: list[Unreadable] = []
    again: list[Arrival] = []
    identities = await storage.by_identity([arrival.reading.slot for arrival in old])
    ids = await storage.by_id([arrival.reading.envelope.id for arrival in old])
    for arrival in old:
        slot, fact = arrival.reading.slot, arrival.reading.envelope.id
        holder, stored = identities.get((slot.box, slot.epoch, slot.stream.value, slot.seq)), ids.get(fact)
        if holder is not None and holder.id == fact:
            verdicts.append((slot, holder.code))
        elif holder is not None or stored is None:
            detail = f"({slot.epoch}, {slot.stream}, {slot.seq}) was used by another fact"
            reused.append(_refused(arrival.reading, Rejected("seq_reused", detail)))
        elif stored.box == slot.box:
            again.append(arrival)
            verdicts.append((slot, stored.code))
        else:
            reused.append(_refused(arrival.reading, Rejected("id_reused", f"fact {fact} is of another box")))
    await storage.note_again(again)
    return verdicts, reused


async def _apply_new(fresh: Sequence[Arrival]) -> tuple[list[Verdict], Counter[tuple[str, str]]]:
    """Hand new facts to their features, and store what became of them; how many became what, by name and outcome."""
    taken: Counter[tuple[str, str]] = Counter()
    groups: dict[str, list[tuple[Slot, FactIn[Any]]]] = {}
    verdicts: list[Verdict] = []
    unreadable: list[tuple[UUID, Outcome]] = []
    for arrival in fresh:
        reading = arrival.reading
        if isinstance(reading.fact, Rejected):
            verdicts.append((reading.slot, reading.fact.code))
            unreadable.append((reading.envelope.id, reading.fact))
            taken["unreadable", "rejected"] += 1
            continue
        groups.setdefault(reading.envelope.name, []).append((reading.slot, _fact_in(arrival, reading.fact)))
    outcomes: list[tuple[FactIn[Any], Outcome]] = []
    for name in sorted(groups, key=dispatch.place):
        facts = [fact for _, fact in groups[name]]
        results = await dispatch.run(name, facts)
        outcomes += zip(facts, results, strict=True)
        taken.update((name, _outcome(result)) for result in results)
        verdicts += [
            (slot, result.code if isinstance(result, Rejected) else None)
            for (slot, _), result in zip(groups[name], results, strict=True)
        ]
    await storage.store_outcomes([*unreadable, *((fact.id, outcome) for fact, outcome in outcomes)])
    await _tell(outcomes)
    return verdicts, taken


def _outcome(result: Outcome) -> str:
    return "parked" if isinstance(result, Parked) else "rejected" if isinstance(result, Rejected) else "applied"


def _fact_in(arrival: Arrival, data: Fact) -> FactIn[Any]:
    envelope = arrival.reading.envelope
    return FactIn(
        id=envelope.id,
        box=envelope.box,
        site_id=arrival.site,
        device=envelope.device,
        station=envelope.station,
        person=envelope.person,
        data=data,
        occurred_at=arrival.dated.occurred_at,
        uncertain_ms=arrival.dated.uncertain_ms,
        told_at=envelope.at,
    )


async def _retry(after: UUID, *, due_only: bool) -> tuple[list[Row], int]:
    rows = await storage.take_parked(after, due_only=due_only, limit=RETRIED_AT_ONCE)
    groups: dict[str, list[FactIn[Any]]] = {}
    for row in rows:
        groups.setdefault(row["name"], []).append(_fact_of(row))
    applied = 0
    for name in sorted(groups, key=dispatch.place):
        results = await dispatch.run(name, groups[name])
        outcomes = list(zip(groups[name], results, strict=True))
        done = [fact.id for fact, outcome in outcomes if not isinstance(outcome, Parked | Rejected)]
        await storage.store_applied(done)
        await storage.store_outcomes([(fact.id, outcome) for fact, outcome in outcomes])
        for fact, outcome in outcomes:
            if isinstance(outcome, Rejected):  # its box was told "parked" long ago: a person must hear of it
                await record(_refusal_of(fact, outcome), subject=str(fact.id), site=fact.site_id)
        applied += len(done)
    if rows:
        failpoint("ctl.parked_retried")
    return rows, applied


def _fact_of(row: Row) -> FactIn[Any]:
    return FactIn(
        id=row["id"],
        box=row["box"],
        site_id=row["site"],
        device=row["device"],
        station=row["station"],
        person=row["person"],
        data=msgspec.json.decode(row["payload"], type=FACTS[(row["name"], row["version"])]),
        occurred_at=row["occurred_at"],
        uncertain_ms=row["uncertain_ms"],
        told_at=row["at"],
    )


def _refusal_of(fact: FactIn[Any], outcome: Rejected) -> Event:
    return FactRejected(box=fact.box, fact_name=fact.data.name, code=outcome.code, detail=outcome.detail)


async def _tell(outcomes: Sequence[tuple[FactIn[Any], Outcome]]) -> None:
    """One event per site for all facts, and one each for those that are not applied."""
    sites: defaultdict[str, Counter[str]] = defaultdict(Counter)
    events: dict[str, list[tuple[Event, str]]] = {}
    for fact, outcome in outcomes:
        sites[fact.site_id][fact.data.name] += 1
        match outcome:
            case Parked(code, waits_for):
                event: Event = FactParked(box=fact.box, fact_name=fact.data.name, code=code, waits_for=waits_for)
                events.setdefault(fact.site_id, []).append((event, str(fact.id)))
            case Rejected():
                events.setdefault(fact.site_id, []).append((_refusal_of(fact, outcome), str(fact.id)))
    for site, names in sorted(sites.items()):
        taken = FactsTaken(count=names.total(), by_name=dict(names))
        await record_many([(taken, site), *events.get(site, [])], site=site)
