"""Pick lists and parcels over HTTP.  What is done with a whole order: `order_api.py`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import TypeVar

from msgspec import Struct

from controller.errors import NotFound
from controller.fulfilment import operations, queries
from controller.fulfilment.claims import release_claim
from controller.fulfilment.numbers import PARCELS, PICK_LISTS
from controller.fulfilment.queries import StoredParcel, StoredPickLine, StoredPickList
from controller.fulfilment.states import ParcelState, PickListState
from controller.http.routing import BadParameter, Call, Page, Permission, Route, page
from controller.orders.numbers import ORDERS

E = TypeVar("E", bound=StrEnum)
T = TypeVar("T")


class PickListView(Struct, frozen=True, kw_only=True):
    """One site's part of an order, at its `attempt` there; `parcel` once it is packed.

    `claimed_by`: who has or had it in hand, `person:` and an id, or `box:` and a box's; `tote`: what it is picked into.
    """

    no: str
    order: str
    site: str
    attempt: int
    state: PickListState
    parcel: str | None
    released_at: datetime
    claimed_by: str | None
    claimed_at: datetime | None
    tote: str | None


class PickLineView(Struct, frozen=True, kw_only=True):
    """Quantities in base units; `lot` and `expiry` are what is expected in the bin.

    `recalled`: that lot is recalled, and a pick of it is refused; `other_lot`: something of another lot was picked.
    """

    sku: str
    name_zh: str
    name_en: str
    base_unit: str
    bin: str
    quantity: int
    picked: int
    short: bool
    lot: str | None
    expiry: date | None
    recalled: bool
    other_lot: bool


class PickListDetail(Struct, frozen=True, kw_only=True):
    pick_list: PickListView
    lines: list[PickLineView]


class ParcelView(Struct, frozen=True, kw_only=True):
    """Weights in grams; `expected_grams` is null when the catalogue lacks a weight.

    `reason`: why it weighs other than its goods, as whoever packed it said: `more_in_it`, `less_in_it`, `other`, or their words.
    """

    no: str
    pick_list: str
    order: str
    site: str
    box: str
    state: ParcelState
    grams: Decimal
    expected_grams: int | None
    weight_mismatch: bool
    reason: str | None
    label_copies: int
    packed_at: datetime
    handed_over_at: datetime | None


async def pick_lists(call: Call[None]) -> Page[PickListView]:
    rows = await queries.pick_lists(
        after=call.page.number(),
        limit=call.page.limit,
        state=_state(PickListState, call.query.get("state")),
        sites=_wanted_sites(call),
    )
    return page([pick_list_view(row) for row in rows], call.page, key=lambda view: PICK_LISTS.row_id(view.no))


async def pick_list(call: Call[None]) -> PickListDetail:
    found = await queries.pick_list(call.path["no"])
    _check_site(call, found.site, PICK_LISTS.what)
    return PickListDetail(pick_list=pick_list_view(found), lines=_lines(await queries.pick_lines(found.id)))


async def end_claim(call: Call[None]) -> PickListView:
    found = await queries.pick_list(call.path["no"])
    _check_site(call, found.site, PICK_LISTS.what)
    await release_claim(found.no)
    return pick_list_view(await queries.pick_list(found.no))


async def parcels(call: Call[None]) -> Page[ParcelView]:
    rows = await queries.parcels(
        before=call.page.number() or None,
        limit=call.page.limit,
        state=_state(ParcelState, call.query.get("state")),
        sites=_wanted_sites(call),
    )
    return page([_parcel(row) for row in rows], call.page, key=lambda view: PARCELS.row_id(view.no))


async def parcel(call: Call[None]) -> ParcelView:
    return _parcel(await _visible_parcel(call))


async def reprint_label(call: Call[None]) -> ParcelView:
    await _visible_parcel(call)
    await operations.reprint_label(call.path["no"])
    return _parcel(await queries.parcel(call.path["no"]))


def _wanted_sites(call: Call[None]) -> list[str] | None:
    """The sites asked for among those that the caller may see; None: all."""
    asked, seen = call.query.get("site"), call.actor.sites
    if asked is None:
        return None if seen is None else sorted(seen)
    return [asked] if seen is None or asked in seen else []


def _check_site(call: Call[T], site: str, what: str) -> None:
    if call.actor.sites is not None and site not in call.actor.sites:
        raise NotFound(what, call.path["no"])


async def _visible_parcel(call: Call[None]) -> StoredParcel:
    found = await queries.parcel(call.path["no"])
    _check_site(call, found.site, PARCELS.what)
    return found


def _state(states: type[E], text: str | None) -> E | None:
    if text is None:
        return None
    try:
        return states(text)
    except ValueError as error:
        raise BadParameter("state", f"one of {', '.join(states)}") from error


def pick_list_view(row: StoredPickList) -> PickListView:
    return PickListView(
        no=row.no,
        order=row.order,
        site=row.site,
        attempt=row.attempt,
        state=row.state,
        parcel=row.parcel,
        released_at=row.released_at,
        claimed_by=row.claimed_by,
        claimed_at=row.claimed_at,
        tote=row.tote,
    )


def _lines(rows: Sequence[StoredPickLine]) -> list[PickLineView]:
    return [
        PickLineView(
            sku=row.sku,
            name_zh=row.name_zh,
            name_en=row.name_en,
            base_unit=row.base_unit,
            bin=row.bin,
            quantity=row.quantity,
            picked=row.picked,
            short=row.is_short and row.picked < row.quantity,
            lot=row.lot,
            expiry=row.expiry,
            recalled=row.is_recalled,
            other_lot=row.is_other_lot,
        )
        for row in rows
    ]


def _parcel(row: StoredParcel) -> ParcelView:
    return ParcelView(
        no=row.no,
        pick_list=PICK_LISTS.number(row.pick_list_id),
        order=ORDERS.number(row.order_id),
        site=row.site,
        box=row.box,
        state=row.state,
        grams=row.grams,
        expected_grams=row.expected_grams,
        weight_mismatch=row.weight_mismatch,
        reason=row.reason,
        label_copies=row.label_copies,
        packed_at=row.packed_at,
        handed_over_at=row.handed_over_at,
    )


_FILTERS = {"state": "only those in this state", "site": "only those of this site"}

ROUTES = [
    Route(
        "GET",
        "/api/v1/pick-lists",
        pick_lists,
        permission=Permission.FULFILMENT_READ,
        reply=Page[PickListView],
        summary="List pick lists, the oldest first",
        filters=_FILTERS,
    ),
    Route(
        "GET",
        "/api/v1/pick-lists/{no}",
        pick_list,
        permission=Permission.FULFILMENT_READ,
        reply=PickListDetail,
        summary="One pick list with its lines in walking order",
    ),
    Route(
        "POST",
        "/api/v1/pick-lists/{no}/release-claim",
        end_claim,
        permission=Permission.WAVES_MANAGE,
        reply=PickListView,
        summary="Take a pick list out of somebody's hands, so that another one can claim it",
    ),
    Route(
        "GET",
        "/api/v1/parcels",
        parcels,
        permission=Permission.FULFILMENT_READ,
        reply=Page[ParcelView],
        summary="List parcels, the newest first",
        filters=_FILTERS,
    ),
    Route(
        "GET",
        "/api/v1/parcels/{no}",
        parcel,
        permission=Permission.FULFILMENT_READ,
        reply=ParcelView,
        summary="One parcel",
    ),
    Route(
        "POST",
        "/api/v1/parcels/{no}/label",
        reprint_label,
        permission=Permission.FULFILMENT_WRITE,
        reply=ParcelView,
        summary="Print a parcel's label once more",
    ),
]
