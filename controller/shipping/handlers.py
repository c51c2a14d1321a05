"""Shipping over HTTP: shipments and their labels, lists for drivers, what carriers tell."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated

from msgspec import Meta, Struct

from controller.errors import NotFound
from controller.http.routing import PLAIN, BadParameter, Call, Page, page
from controller.shipping import carriers, manifests, purchases, tracking
from controller.shipping.adapters import Seen
from controller.shipping.choosing import Judged, Why
from controller.shipping.file_based import seen_in
from controller.shipping.manifests import StoredManifest
from controller.shipping.numbers import MANIFESTS
from controller.shipping.queries import Asked, shipments
from controller.shipping.shipments import StoredShipment, shipment
from controller.shipping.states import ManifestState, ShipmentState

Code = Annotated[str, Meta(pattern=r"^[a-z0-9-]{1,40}$")]
Reason = Annotated[str, Meta(min_length=1, max_length=200, pattern=PLAIN)]
Number = Annotated[str, Meta(pattern=r"^[A-Za-z0-9-]{4,64}$")]


class ShipmentView(Struct, frozen=True, kw_only=True):
    """`noticed`: late, silent or lost, empty: nothing; grams; money in minor units of `currency`."""

    no: str
    order: str
    parcel: str
    site: str
    state: ShipmentState
    carrier: str
    service: str
    tracking_no: str | None
    grams: int
    price_minor: int | None
    currency: str
    promised_on: date | None
    noticed: str
    manifest: str | None
    created_at: datetime
    handed_over_at: datetime | None
    delivered_at: datetime | None


class ServiceJudged(Struct, frozen=True, kw_only=True):
    carrier: str
    service: str
    price_minor: int
    days: int
    why: Why


class Telling(Struct, frozen=True, kw_only=True):
    """What the carrier told; `action` empty: it changed nothing."""

    at: datetime
    recorded_at: datetime
    action: str
    text: str
    place: str
    source: str


class ShipmentDetail(Struct, frozen=True, kw_only=True):
    """`label`: how far its purchase is, with `error`; `services`: the chosen one first; `rule`: which one decided."""

    shipment: ShipmentView
    label: str
    error: str
    rule: int | None
    services: list[ServiceJudged]
    tellings: list[Telling]


class ChooseService(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    carrier: Code
    service: Code
    reason: Reason


class Settle(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the carrier did: sold the label with this number, or (null) nothing."""

    tracking_no: Number | None
    reason: Reason


class GiveUp(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    reason: Reason


class Tell(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One telling; `code`: accepted, in_transit, out_for_delivery, delivered, exception, returned; others change nothing.

    `at`: ISO 8601 with its time zone; `id`: the carrier's own of this telling, if it has one.
    """

    tracking_no: Number
    at: Annotated[str, Meta(min_length=1, max_length=40, pattern=PLAIN)]
    code: Annotated[str, Meta(min_length=1, max_length=40, pattern=PLAIN)]
    text: Annotated[str, Meta(max_length=200, pattern=PLAIN)] = ""
    place: Annotated[str, Meta(max_length=80, pattern=PLAIN)] = ""
    id: Annotated[str, Meta(max_length=80, pattern=PLAIN)] = ""


class TellAll(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    events: Annotated[list[Tell], Meta(min_length=1, max_length=1000)]


class News(Struct, frozen=True, kw_only=True):
    news: int


class ManifestView(Struct, frozen=True, kw_only=True):
    """`waiting` of its `shipments` are still at the site; `reference`: the carrier's."""

    no: str
    carrier: str
    site: str
    day: date
    run: int
    state: ManifestState
    shipments: int
    waiting: int
    reference: str
    closed_at: datetime | None


async def list_shipments(call: Call[None]) -> Page[ShipmentView]:
    asked = Asked(state=_state(call.query.get("state", "")), site=call.query.get("site", ""), q=call.query.get("q", ""))
    found = await shipments(asked, before=call.page.number() or None, limit=call.page.limit, sites=call.actor.sites)
    return page([view_of(one) for one in found], call.page, key=lambda view: int(view.no[3:]) - 100_000)


async def show(call: Call[None]) -> ShipmentDetail:
    one = await seen_by(call.path["no"], call.actor.sites)
    label = await purchases.stand_of(one)
    choice = one.choice
    judged = [*([choice.chosen] if choice and choice.chosen else []), *(choice.others if choice else ())]
    return ShipmentDetail(
        shipment=view_of(one),
        label=label.state.value,
        error=label.error,
        rule=choice.rule if choice else None,
        services=[
            ServiceJudged(carrier=each.carrier, service=each.service, price_minor=each.price_minor, days=each.days, why=each.why)
            for each in judged
        ],
        tellings=[
            Telling(
                at=row["occurred_at"],
                recorded_at=row["recorded_at"],
                action=row["action"],
                text=row["text"],
                place=row["place"],
                source=row["source"],
            )
            for row in await tracking.tellings(one)
        ],
    )


async def choose(call: Call[ChooseService]) -> ShipmentDetail:
    one = await seen_by(call.path["no"], call.actor.sites)
    await purchases.choose_by_hand(one.no, await service_named(one, call.body.carrier, call.body.service), reason=call.body.reason)
    return await show(Call(actor=call.actor, body=None, path=call.path))


async def settle(call: Call[Settle]) -> ShipmentDetail:
    await seen_by(call.path["no"], call.actor.sites)
    await purchases.settle(call.path["no"], call.body.tracking_no, reason=call.body.reason)
    return await show(Call(actor=call.actor, body=None, path=call.path))


async def void(call: Call[GiveUp]) -> ShipmentDetail:
    await seen_by(call.path["no"], call.actor.sites)
    await purchases.void(call.path["no"], reason=call.body.reason)
    return await show(Call(actor=call.actor, body=None, path=call.path))


async def print_again(call: Call[None]) -> ShipmentView:
    await seen_by(call.path["no"], call.actor.sites)
    await purchases.print_again(call.path["no"])
    return view_of(await shipment(call.path["no"]))


async def tell(call: Call[TellAll]) -> News:
    """Webhook of a carrier."""
    code = (await carriers.carrier(call.path["carrier"])).code
    return News(news=await tracking.take(code, [_seen(one) for one in call.body.events], source="webhook"))


async def list_manifests(call: Call[None]) -> Page[ManifestView]:
    sites = None if call.actor.sites is None else sorted(call.actor.sites)
    found = await manifests.manifests(before=call.page.number() or None, limit=call.page.limit, sites=sites)
    return page([_manifest(one) for one in found], call.page, key=lambda view: int(view.no[3:]) - 100_000)


async def close_manifest(call: Call[None]) -> ManifestView:
    one = await manifests.manifest(call.path["no"])
    if call.actor.sites is not None and one.site not in call.actor.sites:
        raise NotFound("manifest", one.no)
    await manifests.close(one.no)
    return _manifest(await manifests.manifest(one.no))


# --- views ----------------------------------------------------------------------------------------------------------------------


async def seen_by(no: str, sites: frozenset[str] | None) -> StoredShipment:
    """Raises NotFound, for one of other sites too."""
    one = await shipment(no)
    if sites is not None and one.site not in sites:
        raise NotFound("shipment", no)
    return one


async def service_named(one: StoredShipment, carrier: str, service: str) -> Judged:
    """What it would cost and take.  Raises NotFound."""
    for offer in await carriers.offers(active_only=True):
        if (offer.service.carrier, offer.service.code) == (carrier, service) and offer.service.zone in ("", one.zone):
            return Judged(carrier, service, offer.service.price(one.grams), offer.service.days, Why.PERSON)
    raise NotFound("service", f"{carrier}/{service}")


def _state(text: str) -> ShipmentState | None:
    if not text:
        return None
    try:
        return ShipmentState(text)
    except ValueError as error:
        raise BadParameter("state", "a state of shipments") from error


def _seen(one: Tell) -> Seen:
    found = seen_in(
        {
            "tracking_no": one.tracking_no,
            "at": one.at,
            "code": one.code,
            "text": one.text,
            "place": one.place,
            "id": one.id,
        }
    )
    if found is None:
        raise BadParameter("at", "a time with its zone")
    return found


def view_of(one: StoredShipment) -> ShipmentView:
    return ShipmentView(
        no=one.no,
        order=one.order_no,
        parcel=one.parcel_no,
        site=one.site,
        state=one.state,
        carrier=one.carrier,
        service=one.service,
        tracking_no=one.tracking_no,
        grams=one.grams,
        price_minor=one.price_minor,
        currency=one.currency,
        promised_on=one.promised_on,
        noticed=one.noticed,
        manifest=None if one.manifest_id is None else MANIFESTS.number(one.manifest_id),
        created_at=one.created_at,
        handed_over_at=one.handed_over_at,
        delivered_at=one.delivered_at,
    )


def _manifest(one: StoredManifest) -> ManifestView:
    return ManifestView(
        no=one.no,
        carrier=one.carrier,
        site=one.site,
        day=one.day,
        run=one.run,
        state=one.state,
        shipments=one.shipments,
        waiting=one.waiting,
        reference=one.reference,
        closed_at=one.closed_at,
    )
