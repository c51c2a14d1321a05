"""What an order's own page shows: all that is known of it, of the sites that its viewer sees.  Read only; a query for each kind."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from controller.customers import order_addresses, sealing
from controller.customers import queries as customers
from controller.customers.numbers import CUSTOMERS
from controller.errors import NotFound
from controller.fleet import queries as fleet
from controller.fulfilment import queries as fulfilment
from controller.fulfilment.queries import StoredParcel, StoredPickLine, StoredPickList
from controller.fulfilment.states import ParcelState, PickListState
from controller.http.routing import Actor, Permission
from controller.intake.merging import suggested_with
from controller.orders import flags as order_flags
from controller.orders import linking, tags
from controller.orders import queries as orders
from controller.orders.allocations import Allocation, open_allocations
from controller.orders.flags import StoredFlag
from controller.orders.queries import StoredLine, StoredOrder
from controller.orders.states import OPEN
from controller.orders.totals import kept_before
from controller.payments.stored import balances
from controller.review import queries as review
from controller.review.queries import StoredCase
from controller.shipping.queries import of_order
from controller.shipping.shipments import StoredShipment
from controller.shipping.states import ShipmentState
from controller.tracking.timeline import Entry, Kind, people_in, timeline
from controller.web.invoice_shown import invoice_values
from controller.web.order_steps import Standing, Step, steps_of
from controller.web.payment_pages import money_values
from controller.web.shown import MANY, account_of, asks_of, names_of, order_at

LATEST = 20
MOST_SPLIT = 40
"""Lines that the form of a split offers: a form has a bounded number of fields."""


@dataclass(frozen=True, slots=True)
class Part:
    """A pick list with what became of it; `shipments`: the newest last, the ones that were given up too; `papers`: its labels."""

    pick_list: StoredPickList
    lines: Sequence[StoredPickLine]
    parcel: StoredParcel | None
    shipments: Sequence[StoredShipment]
    papers: Sequence[Entry]

    @property
    def is_out(self) -> bool:
        return self.parcel is not None and self.parcel.state is ParcelState.HANDED_OVER

    @property
    def shipment(self) -> StoredShipment | None:
        """The one that counts."""
        return next((one for one in reversed(self.shipments) if one.state is not ShipmentState.VOID), None)

    @property
    def state(self) -> str:
        """Of the pick list, until its parcel is out."""
        return "handed_over" if self.is_out else self.pick_list.state.value


async def order_values(no: str, who: Actor) -> dict[str, object]:
    """Raises NotFound."""
    seen = who.at(Permission.ORDERS_READ)
    order = await order_at(no, seen.sites)
    lines = (await orders.lines([order.id]))[order.id]
    promised = await open_allocations([order.id])
    entries = await timeline(order.no)
    parts = await _parts(order, entries)
    flags = (await order_flags.flags([order.id]))[order.id]
    case = await _case(order.no)
    standing = _standing(order, case, flags, parts, promised, lines)
    latest = list(reversed(entries))[:LATEST]
    links = await linking.links([order.id])
    told: dict[str, object] = {
        "order": order,
        "lines": lines,
        "promised": _by_line(promised, seen.sites),
        "parts": [part for part in parts if seen.sites is None or part.pick_list.site in seen.sites],
        "is_handed_over": standing.is_out and all(part.is_out for part in _kept(parts)),
        "total": await kept_before(order.id),
        "flags": flags,
        "case": case if case is not None and _may(who, Permission.REVIEW_READ, order) else None,
        "links": links,
        "entries": latest,
        "entry_count": len(entries),
        "back": f"/orders/{order.no}",
        **await _steps(standing, order, who),
        **await _prints(order, who),
        **await invoice_values(order, who),
        **await _person(order, who),
        **await _money(order, who),
    }
    pickers = {account_of(part.pick_list.claimed_by) for part in parts if part.pick_list.is_in_hand and part.pick_list.claimed_by}
    return told | {"names": await names_of(_people(latest, flags, case) | {one for one in pickers if one})}


def _kept(parts: Sequence[Part]) -> list[Part]:
    return [part for part in parts if part.pick_list.state is not PickListState.WITHDRAWN]


def _standing(
    order: StoredOrder,
    case: StoredCase | None,
    flags: Sequence[StoredFlag],
    parts: Sequence[Part],
    promised: Sequence[Allocation],
    lines: Sequence[StoredLine],
) -> Standing:
    return Standing(
        state=order.state,
        case=None if case is None else case.state,
        pieces=sum(line.quantity for line in lines),
        waits=any(not one.is_released for one in promised),
        is_released=any(one.is_released for one in promised),
        is_out=any(part.is_out for part in _kept(parts)),
        is_flagged=any(flag.is_set for flag in flags),
    )


def _people(entries: Sequence[Entry], flags: Sequence[StoredFlag], case: StoredCase | None) -> set[str]:
    """The ids of who is named on the page."""
    actors = [by for flag in flags for by in (flag.set_by, flag.cleared_by)]
    if case is not None:
        actors += [case.service_by, case.decided_by, case.claimed_by]
    return people_in(entries) | {person for by in actors if by and (person := account_of(by))}


def _may(who: Actor, permission: Permission, order: StoredOrder) -> bool:
    """Of something that shows for the whole order."""
    return who.may(permission) and order.is_seen_at(who.at(permission).sites)


def may_change(who: Actor, permission: Permission, order: StoredOrder) -> bool:
    """Whether they may, at all sites of the order; goods are released at each by itself."""
    if permission is Permission.FULFILMENT_WRITE:
        return _may(who, permission, order)
    sites = who.at(permission).sites
    return who.may(permission) and (sites is None or set(order.sites) <= sites)


async def _steps(standing: Standing, order: StoredOrder, who: Actor) -> dict[str, object]:
    steps: list[Step] = [step for step in steps_of(standing) if may_change(who, step.permission, order)]
    changes = may_change(who, Permission.ORDERS_WRITE, order) and order.state in OPEN
    mergeable = await linking.mergeable(order.no) if changes and not standing.is_released else []
    return {
        "steps": steps,
        "changes": changes,
        "tags_write": may_change(who, Permission.ORDERS_WRITE, order),
        "known_tags": await tags.known(),
        "flags_write": order.state in OPEN and _may(who, Permission.ORDERS_WRITE, order),
        "undoes": changes and not standing.is_released,
        "mergeable": await _visible(mergeable, who.at(Permission.ORDERS_WRITE).sites),
        "merge_hint": await _visible(await suggested_with(order.id), who.at(Permission.ORDERS_WRITE).sites) if mergeable else [],
        "is_blocked": standing.is_flagged and standing.waits,
        "flag_kinds": list(order_flags.FlagKind),
        "most_split": MOST_SPLIT,
    }


async def _visible(numbers: Sequence[str], sites: Collection[str] | None) -> list[str]:
    """Those that somebody sees all of."""
    if sites is None or not numbers:
        return list(numbers)
    return [no for no in numbers if set((await orders.order(no)).sites) <= set(sites)]


async def _parts(order: StoredOrder, entries: Sequence[Entry]) -> list[Part]:
    lists = await fulfilment.pick_lists_of(order.no)
    if not lists:
        return []
    lines = await fulfilment.lines_of(one.id for one in lists)
    parcels = await fulfilment.parcels_of(order.no)
    shipments: dict[str, list[StoredShipment]] = {}
    for one in await of_order(order.id):
        shipments.setdefault(one.parcel_no, []).append(one)
    papers: dict[object, list[Entry]] = {}
    for entry in entries:
        if entry.kind is Kind.PRINT:
            papers.setdefault(entry.data.get("document"), []).append(entry)
    return [
        Part(
            pick_list=one,
            lines=lines[one.id],
            parcel=parcels.get(one.id),
            shipments=shipments.get(one.parcel or "", []),
            papers=papers.get(one.parcel, []) if one.parcel else [],
        )
        for one in lists
    ]


def _by_line(promised: Sequence[Allocation], sites: Collection[str] | None) -> Mapping[int, list[Allocation]]:
    """What is promised from where, by the ids of lines."""
    found: dict[int, list[Allocation]] = {}
    for one in promised:
        if sites is None or one.site in sites:
            found.setdefault(one.order_line_id, []).append(one)
    return found


async def _case(no: str) -> StoredCase | None:
    try:
        return await review.case(no)
    except NotFound:
        return None


async def _prints(order: StoredOrder, who: Actor) -> dict[str, object]:
    if not _may(who, Permission.PRINTS_READ, order):
        return {"prints": None, "asks": []}
    sites = who.at(Permission.PRINTS_READ).sites
    prints = await fleet.print_jobs(limit=MANY, document=order.no, sites=sites)
    return {"prints": prints, "asks": await asks_of(order.no, sites=sites)}


async def _person(order: StoredOrder, who: Actor) -> dict[str, object]:
    """Whom it is for and where it goes, masked."""
    stored = await order_addresses.stored_address(order.id)
    knows = order.customer_id is not None and _may(who, Permission.CUSTOMERS_READ, order)
    names = await customers.masked_names([order.customer_id]) if knows and order.customer_id is not None else {}
    return {
        "stored": stored,
        "masked": await order_addresses.masked_address(order.id) if stored else None,
        "address": None,
        "trouble": sealing.trouble(),
        "customer_no": CUSTOMERS.number(order.customer_id) if knows and order.customer_id is not None else "",
        "customer_name": names.get(order.customer_id or 0, ""),
        "reveals": stored is not None and may_change(who, Permission.CUSTOMERS_REVEAL, order),
    }


async def _money(order: StoredOrder, who: Actor) -> dict[str, object]:
    """As the page of its money shows it; `balance` None: nothing is to be paid, or it is not for this person."""
    seen = who.at(Permission.PAYMENTS_READ)
    if not _may(who, Permission.PAYMENTS_READ, order):
        return {"balance": None, "sees_money": False}
    balance = (await balances([order.id])).get(order.id)
    if balance is None:
        return {"balance": None, "sees_money": True}
    if seen.sites is not None and balance.site not in seen.sites:
        return {"balance": None, "sees_money": False}
    return {**await money_values(balance, seen), "sees_money": True}


def lines_wanted(lines: Sequence[StoredLine], fields: Mapping[str, int]) -> dict[int, int]:
    """What a form asks to be split off, by position."""
    return {line.position: fields[f"q-{line.position}"] for line in lines if fields.get(f"q-{line.position}")}
