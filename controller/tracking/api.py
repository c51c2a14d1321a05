"""Over HTTP: where an order is, what happened to it, where it goes to, whose it is; forgetting; the keys of personal data."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from msgspec import Struct

from controller.customers import erasing, order_addresses, queries, resealing, rotation, sealing
from controller.customers.addresses import Address
from controller.customers.api import ONE, CustomerInClear, CustomerNoteView, customer_id
from controller.customers.errors import KeysUnavailable
from controller.errors import NotFound
from controller.http.routing import Actor, Call, Permission, Reply, Route
from controller.orders import queries as orders
from controller.orders.numbers import ORDERS
from controller.orders.queries import StoredOrder
from controller.tracking import forgetting
from controller.tracking.reading import tracked
from controller.tracking.reasons import require_reason
from controller.tracking.timeline import Entry, timeline

ORDER = "/api/v1/orders/{no}"


class NodeView(Struct, frozen=True, kw_only=True):
    """`step`: done, now, ahead, passed_by."""

    node: str
    step: str
    at: datetime | None


class PartView(Struct, frozen=True, kw_only=True):
    """A parcel of the order, or one that will be."""

    node: str
    parcel: str | None
    carrier: str
    tracking_no: str | None
    promised_on: date | None
    handed_over_at: datetime | None
    delivered_at: datetime | None


class NodesView(Struct, frozen=True, kw_only=True):
    """`node`: the one of the 15 that the order is at."""

    order: str
    node: str
    nodes: list[NodeView]
    parts: list[PartView]


class EntryView(Struct, frozen=True, kw_only=True):
    """`kind`: event, fact, print, payment, carrier; `who` as events name actors; `proof` of paper."""

    at: datetime
    kind: str
    name: str
    who: str
    box: str
    device: str
    station: str
    state: str
    proof: str
    reference: str
    data: dict[str, object]


class TimelineView(Struct, frozen=True, kw_only=True):
    """Oldest first."""

    order: str
    entries: list[EntryView]


class AddressInClear(Struct, frozen=True, kw_only=True):
    order: str
    address: Address


class OrderNumbers(Struct, frozen=True, kw_only=True):
    """The newest first, 200 at most."""

    orders: list[str]


class Erasure(Struct, frozen=True, kw_only=True):
    """`done`: forgotten; else it is done as soon as the orders under way are through."""

    done: bool
    under_way: list[str]


class KeyView(Struct, frozen=True, kw_only=True):
    id: str
    purpose: str
    state: str
    master: str
    made_at: datetime
    opens: bool


class KeysView(Struct, frozen=True, kw_only=True):
    """`trouble`: why nothing opens, or null; `waiting`: values of each column that lie under old keys."""

    trouble: str | None
    keys: list[KeyView]
    waiting: dict[str, int]


class Rotation(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`hashes`: new keys for the hashes by which people are found, too: after a key was stolen."""

    hashes: bool = False


async def _order(call: Call[Any]) -> StoredOrder:
    """Raises NotFound, for an order of other sites, too."""
    return await order_seen_by(call.path["no"], call.actor)


async def order_seen_by(no: str, actor: Actor) -> StoredOrder:
    order = await orders.order(no)
    if not order.is_seen_at(actor.sites):
        raise NotFound("order", no)
    return order


async def nodes(call: Call[None]) -> NodesView:
    order = await _order(call)
    found = await tracked(order)
    told = ("parcel", "carrier", "tracking_no", "promised_on", "handed_over_at", "delivered_at")
    return NodesView(
        order=order.no,
        node=found.node.value,
        nodes=[NodeView(node=each.node.value, step=each.step.value, at=each.at) for each in found.nodes],
        parts=[PartView(node=part.node.value, **{name: getattr(part, name) for name in told}) for part in found.parts],
    )


async def history(call: Call[None]) -> TimelineView:
    order = await _order(call)
    return TimelineView(order=order.no, entries=[_entry(entry) for entry in await timeline(order.no)])


def _entry(entry: Entry) -> EntryView:
    told = ("at", "name", "who", "box", "device", "station", "state", "proof", "reference", "data")
    return EntryView(kind=entry.kind.value, **{name: getattr(entry, name) for name in told})


async def reveal(call: Call[None]) -> CustomerInClear:
    """Raises NoReason."""
    await require_reason(customer_id(call), call.actor.account, call.actor.sites)
    person, notes = await erasing.reveal(customer_id(call))
    shown = [CustomerNoteView(id=each.id, text=each.text, made_at=each.made_at, made_by=each.made_by) for each in notes]
    return CustomerInClear(no=call.path["customer"], person=person, notes=shown)


async def reveal_address(call: Call[None]) -> AddressInClear:
    order = await _order(call)
    return AddressInClear(order=order.no, address=await order_addresses.reveal(order.id, site=order.site))


async def orders_of_customer(call: Call[None]) -> OrderNumbers:
    await queries.customer(customer_id(call))
    numbers = [ORDERS.number(order_id) for order_id in await forgetting.orders_of(customer_id(call), limit=200)]
    if call.actor.sites is not None:
        numbers = [no for no in numbers if (await orders.order(no)).is_seen_at(call.actor.sites)]
    return OrderNumbers(orders=numbers)


async def erase(call: Call[None]) -> Erasure:
    done = await forgetting.ask_and_forget(customer_id(call))
    still = [] if done else await forgetting.under_way(await forgetting.orders_of(customer_id(call)))
    return Erasure(done=done, under_way=still)


async def export(call: Call[None]) -> Reply:
    body = forgetting.encoded(await forgetting.export(customer_id(call)))
    name = f'attachment; filename="{call.path["customer"]}.json"'
    return Reply(body, "application/json", headers={"Content-Disposition": name})


async def keys(_: Call[None]) -> KeysView:
    states = await rotation.states()
    told = ("id", "purpose", "state", "master", "made_at", "opens")
    wrong = sealing.trouble()
    return KeysView(
        trouble=wrong,
        keys=[KeyView(**{name: getattr(state, name) for name in told}) for state in states],
        waiting=await resealing.waiting() if wrong is None else {},
    )


async def new_master(call: Call[Rotation]) -> Rotation:
    """Before the transaction: a new key in the file.  Raises KeysUnavailable."""
    path = sealing.path()
    if path is None or sealing.trouble() is not None:
        raise KeysUnavailable(sealing.trouble() or "no key file is configured")
    await rotation.new_master(path)
    return call.body


async def rotate(call: Call[Rotation]) -> None:
    path = sealing.path()
    if path is None:
        raise KeysUnavailable("no key file is configured")
    await rotation.finish_rotation(path, hashes=call.body.hashes)


_may = Permission
ROUTES = [
    Route(
        "GET",
        f"{ORDER}/nodes",
        nodes,
        permission=_may.ORDERS_READ,
        reply=NodesView,
        summary="Where an order is: its 15 nodes and its parcels",
    ),
    Route(
        "GET",
        f"{ORDER}/timeline",
        history,
        permission=_may.ORDERS_READ,
        reply=TimelineView,
        summary="All that happened to an order: events, scans, prints with their proof, money, carriers",
    ),
    Route(
        "POST",
        f"{ORDER}/address/reveal",
        reveal_address,
        permission=_may.CUSTOMERS_REVEAL,
        reply=AddressInClear,
        summary="Show where an order goes to in clear; that somebody looked is recorded",
        confidential=True,
    ),
    Route(
        "POST",
        f"{ONE}/reveal",
        reveal,
        permission=_may.CUSTOMERS_REVEAL,
        reply=CustomerInClear,
        summary="Show a customer in clear; that somebody looked is recorded",
        confidential=True,
    ),
    Route(
        "GET",
        f"{ONE}/orders",
        orders_of_customer,
        permission=_may.CUSTOMERS_READ,
        reply=OrderNumbers,
        summary="The orders of a customer",
    ),
    Route(
        "POST",
        f"{ONE}/erase",
        erase,
        permission=_may.CUSTOMERS_ERASE,
        reply=Erasure,
        summary="Forget a customer, as soon as no order of theirs is under way",
        whole_chain=True,
    ),
    Route(
        "POST",
        f"{ONE}/export",
        export,
        permission=_may.CUSTOMERS_REVEAL,
        summary="All that is stored of a customer, as JSON",
        confidential=True,
        whole_chain=True,
    ),
    Route(
        "GET",
        "/api/v1/sealing-keys",
        keys,
        permission=_may.KEYS_WRITE,
        reply=KeysView,
        summary="The keys of personal data",
        whole_chain=True,
    ),
    Route(
        "POST",
        "/api/v1/sealing-keys/rotation",
        rotate,
        permission=_may.KEYS_WRITE,
        body=Rotation,
        summary="Make new keys of personal data; all of it is sealed anew in the background",
        example=Rotation(),
        before=new_master,
        whole_chain=True,
    ),
]
