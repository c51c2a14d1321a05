"""All that happened to an order in one list by time: what was recorded, what people scanned, paper with its proof, money, carriers.

An entry says when, what, who, by which device; its words are the pages'.  No personal data: events and facts hold none.
"""

# ruff: noqa: S608 -- what is put into the texts is conditions of ours; values are parameters
from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from controller import db, events
from controller.fleet import queries as fleet
from controller.fleet.views import PrintJobView
from controller.fulfilment import queries as fulfilment
from controller.orders.numbers import ORDERS
from controller.payments import queries as payments

MOST = 2000
TOLD_OTHERWISE = frozenset({"document_wanted", "stock_reserved", "payment_changed", "shipment_moved"})
"""Events that a fact, a print job, the ledger of payments or the carrier's own words tell better."""


class Kind(StrEnum):
    EVENT = "event"
    FACT = "fact"
    PRINT = "print"
    PAYMENT = "payment"
    CARRIER = "carrier"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """`at`: when it happened, as far as known; `who`: as events name actors (`person:p-…`, `box:…`); `proof`: of paper.

    `reference`: the id of the fact or print job behind it.
    """

    at: datetime
    kind: Kind
    name: str
    who: str = ""
    box: str = ""
    device: str = ""
    station: str = ""
    state: str = ""
    proof: str = ""
    reference: str = ""
    data: dict[str, object] = field(default_factory=dict)


async def timeline(order_no: str) -> list[Entry]:
    """Oldest first, 2,000 of each kind at most.  Raises NotFound."""
    order_id = ORDERS.row_id(order_no)
    recorded = await events.history(order_no, MOST)
    found = [_event(each) for each in recorded if each.name not in TOLD_OTHERWISE]
    found += await _facts(order_no, order_id, recorded)
    found += await _prints(order_no, order_id)
    found += await _payments(order_id)
    found += await _carriers(order_id)
    return sorted(found, key=lambda entry: (entry.at, _RANK[entry.kind]))


_RANK = {Kind.FACT: 0, Kind.EVENT: 1, Kind.PRINT: 2, Kind.PAYMENT: 3, Kind.CARRIER: 4}
"""Of one instant: what was read comes before what followed from it."""


def _event(recorded: events.Recorded) -> Entry:
    box = recorded.actor.removeprefix("box:") if recorded.actor.startswith("box:") else ""
    return Entry(at=recorded.recorded_at, kind=Kind.EVENT, name=recorded.name, who=recorded.actor, box=box, data=recorded.data)


async def _facts(order_no: str, order_id: int, recorded: Sequence[events.Recorded]) -> list[Entry]:
    """What people scanned for it: the facts behind its entries of the ledger, and behind its events."""
    causes = {fact for each in recorded if (fact := _uuid(each.cause)) is not None}
    causes |= {fact for row in await _movements(order_no, order_id) if (fact := _uuid(row["fact_id"])) is not None}
    rows = await db.fetch(
        f"SELECT id, name, box, station, device, person, occurred_at, outcome, code FROM fact WHERE {db.among('id')} "
        "ORDER BY occurred_at, mono_ms, box, seq LIMIT ?",
        *(db.listing([str(fact) for fact in causes] if db.engine() is db.Engine.SQLITE else causes), MOST),
    )
    return [
        Entry(
            at=row["occurred_at"],
            kind=Kind.FACT,
            name=row["name"],
            who=f"person:{row['person']}" if row["person"] else f"box:{row['box']}",
            box=row["box"],
            device=row["device"] or "",
            station=row["station"] or "",
            state=row["outcome"],
            reference=str(row["id"]),
            data={"code": row["code"]} if row["code"] else {},
        )
        for row in rows
    ]


async def _movements(order_no: str, order_id: int) -> list[db.Row]:
    """Its entries of the ledger, by the bins that it was picked from and the time it was under way."""
    lists = await fulfilment.pick_lists_of(order_no)
    if not lists:
        return []
    bins = await db.fetch(
        "SELECT DISTINCT p.location_id FROM pick_line p JOIN pick_list l ON l.id = p.pick_list_id WHERE l.order_id = ?", order_id
    )
    return await db.fetch(
        f"SELECT fact_id FROM stock_movement WHERE {db.among('from_location_id')} AND occurred_at >= ? AND document = ? LIMIT ?",
        *(db.listing(row["location_id"] for row in bins), min(each.released_at for each in lists), order_no, MOST),
    )


async def _prints(order_no: str, order_id: int) -> list[Entry]:
    shipments = await db.fetch("SELECT id, parcel_no FROM shipment WHERE order_id = ?", order_id)
    lists = await fulfilment.pick_lists_of(order_no)
    documents = {
        order_no,
        *(one.no for one in lists),
        *(one.parcel for one in lists if one.parcel),
        *(row["parcel_no"] for row in shipments),
    }
    jobs = [job for document in sorted(documents) for job in await fleet.print_jobs(document=document, limit=200)]
    return [_print(job) for job in jobs]


def _print(job: PrintJobView) -> Entry:
    return Entry(
        at=job.changed_at,
        kind=Kind.PRINT,
        name=job.template,
        who=job.requested_by,
        box=job.box,
        device=job.printer or job.device,
        state=job.state,
        proof=job.proof or "",
        reference=job.id,
        data={"document": job.document} if job.document else {},
    )


async def _payments(order_id: int) -> list[Entry]:
    currency = await db.fetch("SELECT currency FROM sales_order WHERE id = ?", order_id)
    return [
        Entry(
            at=entry.occurred_at,
            kind=Kind.PAYMENT,
            name=entry.kind.value,
            who=entry.actor,
            data={
                "payment": entry.payment,
                "means": entry.means.value,
                "amount_minor": entry.amount_minor,
                "currency": currency[0]["currency"] if currency else "",
                "provider": entry.provider,
            },
        )
        for entry in await payments.entries(order_id)
    ]


async def _carriers(order_id: int) -> list[Entry]:
    """What carriers told of its shipments."""
    rows = await db.fetch(
        "SELECT t.* FROM tracking_event t JOIN shipment s ON s.carrier = t.carrier AND s.tracking_no = t.tracking_no "
        "WHERE s.order_id = ? ORDER BY t.occurred_at, t.id LIMIT ?",
        *(order_id, MOST),
    )
    return [
        Entry(
            at=row["occurred_at"],
            kind=Kind.CARRIER,
            name=row["action"],
            who=f"carrier:{row['carrier']}",
            data={"tracking_no": row["tracking_no"], "place": row["place"]},
        )
        for row in rows
    ]


def _uuid(text: object) -> UUID | None:
    if isinstance(text, UUID) or text is None:
        return text
    try:
        return UUID(str(text))
    except ValueError:
        return None


def people_in(entries: Iterable[Entry]) -> set[str]:
    """The ids of people who did something here."""
    return {entry.who.removeprefix("person:") for entry in entries if entry.who.startswith("person:")}
