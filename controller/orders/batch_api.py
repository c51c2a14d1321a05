"""Many orders at once over HTTP: start, look at, stop."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated

from msgspec import Meta, Struct

from controller.errors import Forbidden, NotFound
from controller.http.routing import PLAIN, Actor, Call, Created, Page, Permission, Route, page
from controller.orders import batches
from controller.orders.api import Instant, Site
from controller.orders.batches import StoredBatch
from controller.orders.change_api import Number, Reason
from controller.orders.errors import BadOrder
from controller.orders.flags import FlagKind
from controller.orders.listing import Wanted
from controller.orders.numbers import BATCHES, ORDERS
from controller.orders.states import TAGGING, UNDONE_BY, Batch, Bulk, OrderState
from controller.orders.tag_api import Tag
from controller.orders.tags import plain

Text = Annotated[str, Meta(min_length=1, max_length=64, pattern=PLAIN)]


class Matching(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """As the list's filters: all orders that match, also those that are on no page."""

    state: OrderState | None = None
    site: Site | None = None
    channel: Text | None = None
    due_before: Instant | None = None
    flag: FlagKind | None = None
    tag: Tag | None = None
    customer: Annotated[int, Meta(ge=1, le=2**53)] | None = None
    q: Text | None = None


class StartBatch(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`orders`, or all that match `matching`.  `tag`: which one is put on them (`tag`), or taken off (`untag`)."""

    action: Bulk
    reason: Reason
    tag: Tag | None = None
    orders: Annotated[list[Number], Meta(min_length=1, max_length=10_000)] | None = None
    matching: Matching | None = None


class UndoBatch(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    reason: Reason


class OrderBatchView(Struct, frozen=True, kw_only=True):
    """`done` and `failed` of `total` orders; as long as it is running, the others are to come.

    `undoes`: the batch that it takes back; `undone_by`: the one that takes it back.
    """

    no: str
    action: Bulk
    reason: str
    state: Batch
    started_by: str
    total: int
    done: int
    failed: int
    created_at: datetime
    finished_at: datetime | None
    undoes: str | None = None
    undone_by: str | None = None
    tag: str | None = None


class FailureView(Struct, frozen=True, kw_only=True):
    """Why an order was refused, as it would have been alone."""

    id: int
    order: str
    code: str
    message: str


NEEDS: Mapping[Bulk, Permission] = {
    Bulk.RELEASE: Permission.FULFILMENT_WRITE,
    Bulk.APPROVE: Permission.REVIEW_SERVICE,
    Bulk.RESUME: Permission.REVIEW_SERVICE,
    Bulk.REVIEW: Permission.REVIEW_SERVICE,
    Bulk.WITHDRAW: Permission.FULFILMENT_WRITE,
}
"""What a verb takes beside orders.write, as it does for one order."""


def allowed(actor: Actor, action: Bulk) -> Actor:
    """Who asks, seeing the sites where they may do this.  Raises Forbidden."""
    needed = NEEDS.get(action, Permission.ORDERS_WRITE)
    if not may_do(actor, action):
        raise Forbidden(f"to {action} orders takes {Permission.ORDERS_WRITE} and {needed}")
    return actor.at(Permission.ORDERS_WRITE, needed)


def may_do(actor: Actor, action: Bulk) -> bool:
    """Somewhere."""
    return actor.may(NEEDS.get(action, Permission.ORDERS_WRITE)) and actor.may(Permission.ORDERS_WRITE)


async def start(call: Call[StartBatch]) -> Created[OrderBatchView]:
    body = call.body
    actor = allowed(call.actor, body.action)
    if (body.orders is None) == (body.matching is None):
        raise BadOrder("name the orders, or what they match: one of the two")
    if (body.tag is not None) != (body.action in TAGGING):
        raise BadOrder("a tag is named to put it on orders or to take it off, and for nothing else")
    no = await batches.start(body.action, _wanted(body), reason=body.reason, tag=body.tag or "", sites=actor.sites)
    return Created(_view(await batches.batch(no)), location=f"/api/v1/order-batches/{no}")


def _wanted(body: StartBatch) -> Wanted:
    if body.orders is not None:
        return Wanted(ids=sorted({ORDERS.row_id(no) for no in body.orders}))
    found = body.matching or Matching()
    return Wanted(
        state=found.state,
        site=found.site,
        channel=found.channel,
        due_before=found.due_before,
        flag=found.flag,
        tag=None if found.tag is None else plain(found.tag),
        customer_id=found.customer,
        q=found.q,
    )


async def listing(call: Call[None]) -> Page[OrderBatchView]:
    rows = await batches.batches(before=call.page.number() or None, limit=call.page.limit, started_by=_mine(call))
    return page([_view(row) for row in rows], call.page, key=lambda view: BATCHES.row_id(view.no))


async def detail(call: Call[None]) -> OrderBatchView:
    return _view(await _seen(call))


async def failures(call: Call[None]) -> Page[FailureView]:
    await _seen(call)
    rows = await batches.failures(call.path["no"], after=call.page.number(), limit=call.page.limit)
    shown = [FailureView(id=row.id, order=row.order, code=row.code, message=row.message) for row in rows]
    return page(shown, call.page, key=lambda view: view.id)


async def stop(call: Call[None]) -> OrderBatchView:
    await _seen(call)
    await batches.stop(call.path["no"])
    return _view(await batches.batch(call.path["no"]))


async def undo(call: Call[UndoBatch]) -> Created[OrderBatchView]:
    found = await seen_batch(call.path["no"], call.actor)
    if found.action in UNDONE_BY:
        allowed(call.actor, UNDONE_BY[found.action])
    no = await batches.undo(found.no, reason=call.body.reason)
    return Created(_view(await batches.batch(no)), location=f"/api/v1/order-batches/{no}")


def _mine(call: Call[None]) -> str | None:
    """Who sees some sites sees what they started; None: everything."""
    return None if call.actor.sites is None else call.actor.account


async def _seen(call: Call[None]) -> StoredBatch:
    return await seen_batch(call.path["no"], call.actor)


async def seen_batch(no: str, actor: Actor) -> StoredBatch:
    """Raises NotFound, for what others started too, when some sites are all that one sees."""
    found = await batches.batch(no)
    if actor.sites is not None and actor.account != found.actor:
        raise NotFound(BATCHES.what, found.no)
    return found


def _view(row: StoredBatch) -> OrderBatchView:
    return OrderBatchView(
        no=row.no,
        action=row.action,
        reason=row.reason,
        state=row.state,
        started_by=row.actor,
        total=row.total,
        done=row.done,
        failed=row.failed,
        created_at=row.created_at,
        finished_at=row.finished_at,
        undoes=row.undoes,
        undone_by=row.undone_by,
        tag=row.tag,
    )


ROUTES = [
    Route(
        "POST",
        "/api/v1/order-batches",
        start,
        permission=Permission.ORDERS_WRITE,
        body=StartBatch,
        reply=OrderBatchView,
        summary="Release, cancel, hold, approve, tag or source anew many orders, in the background",
        example=StartBatch(action=Bulk.RELEASE, reason="morning wave", matching=Matching(state=OrderState.APPROVED, site="s1")),
    ),
    Route(
        "GET",
        "/api/v1/order-batches",
        listing,
        permission=Permission.ORDERS_READ,
        reply=Page[OrderBatchView],
        summary="What was done to many orders at once, the newest first",
    ),
    Route(
        "GET",
        "/api/v1/order-batches/{no}",
        detail,
        permission=Permission.ORDERS_READ,
        reply=OrderBatchView,
        summary="How far it is",
    ),
    Route(
        "GET",
        "/api/v1/order-batches/{no}/failures",
        failures,
        permission=Permission.ORDERS_READ,
        reply=Page[FailureView],
        summary="Orders that were refused, and why",
    ),
    Route(
        "POST",
        "/api/v1/order-batches/{no}/stop",
        stop,
        permission=Permission.ORDERS_WRITE,
        reply=OrderBatchView,
        summary="Leave what is not done yet",
    ),
    Route(
        "POST",
        "/api/v1/order-batches/{no}/undo",
        undo,
        permission=Permission.ORDERS_WRITE,
        body=UndoBatch,
        reply=OrderBatchView,
        summary="Take back, once, what was done to its orders, in the background",
        example=UndoBatch(reason="the wrong list"),
    ),
]
