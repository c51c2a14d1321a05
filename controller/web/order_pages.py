"""One order's page: all that is known of it, and its next steps, each a form that has one effect however often it is sent."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from aiohttp import web

from controller.customers import order_addresses
from controller.customers.addresses import Address
from controller.db import transaction
from controller.errors import Conflict, DomainError, Forbidden, NotFound, Rejected
from controller.fulfilment import operations as fulfilment
from controller.fulfilment.claims import release_claim
from controller.fulfilment.ending import give_up_rest
from controller.fulfilment.queries import pick_lists_of
from controller.http.auth import require
from controller.http.errors import Problem
from controller.http.routing import BadParameter, Permission, number
from controller.orders import linking, operations, tags
from controller.orders import queries as orders
from controller.orders.flags import FlagKind, clear_flag, set_flag
from controller.orders.queries import StoredOrder
from controller.review import cases
from controller.review.cases import CaseMoved
from controller.review.queries import case as case_of
from controller.review.states import WAITING, CaseState
from controller.web import invoice_pages
from controller.web.access import actor_of
from controller.web.forms import MAX_REASON, Sent, sent_by
from controller.web.order_shown import lines_wanted, may_change, order_values
from controller.web.order_steps import STAGES, permission_of
from controller.web.order_words import ORDER_DONE
from controller.web.pages import Pages, form_values, text_of
from controller.web.routes import PageRoute
from controller.web.shown import order_at

Verb = Callable[[Sent, StoredOrder], Awaitable[object]]
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
UNREASONED: Final = frozenset({"submit", "release", "approve", "release-claim", "tag", "untag", "invoice", "invoice-print"})
"""What is said without a reason; `approve` may have one."""


@dataclass(frozen=True, slots=True)
class OrderPages:
    pages: Pages

    async def order(self, request: web.Request) -> web.StreamResponse:
        return await self._order(request)

    async def _order(
        self, request: web.Request, *, error: DomainError | BadParameter | None = None, address: Address | None = None
    ) -> web.Response:
        values = await order_values(request.match_info["no"], actor_of(request))
        done = text_of(request, "done")
        values |= form_values(request) | {"done": done if done in ORDER_DONE and error is None else "", "error_code": ""}
        if error is not None:
            values |= {"error": str(error), "error_code": error.code if isinstance(error, DomainError) else "bad_parameter"}
        if address is not None:
            values["address"] = address
        return await self.pages.show(request, "order.html", "/orders", values, status=_status(error))

    async def reveal(self, request: web.Request) -> web.StreamResponse:
        """Where it goes to in clear, once, in the answer of a form; recorded."""
        sent, shown = sent_by(request), list[Address]()
        order = await order_at(request.match_info["no"], sent.actor.sites)
        _require(sent, Permission.CUSTOMERS_REVEAL, order)

        async def verb() -> None:
            shown.append(await order_addresses.reveal(order.id, site=order.site))

        try:
            await sent.acting(verb)
        except DomainError as error:
            return await self._order(request, error=error)
        return await self._order(request, address=shown[0])

    def does(self, name: str, verb: Verb, stage: str = "") -> Handler:
        """The handler of a form; `stage`: of the review that it speaks for."""

        async def handle(request: web.Request) -> web.StreamResponse:
            sent = sent_by(request)
            order = await order_at(request.match_info["no"], sent.actor.sites)
            if name not in UNREASONED:
                _check_reason(sent)
            try:
                _require(sent, permission_of(name, stage), order, each=name in ("flag", "clear", "release-claim"))
                await sent.once(lambda: verb(sent, order))
            except NotFound:
                raise
            except (DomainError, BadParameter) as error:
                return await self._order(request, error=error)
            raise web.HTTPSeeOther(f"/orders/{order.no}?done={name}")

        return handle


def _status(error: DomainError | BadParameter | None) -> int:
    if error is None:
        return 200
    if isinstance(error, Forbidden):
        return 403
    return 409 if isinstance(error, Conflict) or not isinstance(error, (Rejected, BadParameter)) else 422


def _check_reason(sent: Sent) -> None:
    """Raises Problem 400: the browser asks for one, too."""
    reason = sent.field("reason")
    if not 0 < len(reason) <= MAX_REASON or not reason.isprintable():
        raise Problem(400, "malformed_form", f"`reason`: expected 1 to {MAX_REASON} characters on one line.")


def _require(sent: Sent, permission: Permission, order: StoredOrder, *, each: bool = False) -> None:
    """Raises Problem 403 (never), Forbidden (not at all of its sites); `each`: at one of them is enough."""
    require(sent.actor, permission)
    sites = sent.actor.at(permission).sites
    if not (order.is_seen_at(sites) if each else may_change(sent.actor, permission, order)):
        raise Forbidden(f"{order.no} is promised from other sites too: whoever sees all of them changes it")


async def _submit(_: Sent, order: StoredOrder) -> None:
    await operations.submit(order.no)


async def _release(sent: Sent, order: StoredOrder) -> None:
    """Somebody of some sites releases what is promised from those."""
    sites = sent.actor.sites
    whole = sites is None or set(order.sites) <= sites
    for site in [None] if whole else [site for site in order.sites if site in (sites or ())]:
        await fulfilment.release(order.no, site=site)


async def _release_claim(sent: Sent, order: StoredOrder) -> None:
    """Raises NotFound (no list of this order, or of a site of theirs), NotClaimed."""
    found = next((one for one in await pick_lists_of(order.no) if one.no == sent.field("pick_list")), None)
    if found is None or not sent.actor.may_at(Permission.WAVES_MANAGE, found.site):
        raise NotFound("pick list", sent.field("pick_list")[:40])
    await release_claim(found.no)


async def _approve(sent: Sent, order: StoredOrder) -> None:
    async with transaction():
        await _require_no_review(order.no)
        await operations.approve(order.no, reason=sent.field("reason"))


async def _hold(sent: Sent, order: StoredOrder) -> None:
    async with transaction():
        await _require_no_review(order.no)
        await operations.hold(order.no, reason=sent.field("reason"))


async def _resume(sent: Sent, order: StoredOrder) -> None:
    """What was approved before somebody held it is approved still."""
    reason = sent.field("reason")
    async with transaction():
        if await _require_no_review(order.no) is CaseState.APPROVED:
            await operations.approve(order.no, reason=reason)
        else:
            await operations.resume(order.no, reason=reason)


def _of_stage(stage: CaseState) -> dict[str, Verb]:
    """What the review says at a stage."""

    async def approve(sent: Sent, order: StoredOrder) -> None:
        settled = [kind for kind in FlagKind if sent.field(f"flag-{kind}") == "yes"]
        await cases.approve(order.no, stage, reason=sent.field("reason"), clear=settled)

    async def hold(sent: Sent, order: StoredOrder) -> None:
        await cases.hold(order.no, stage, reason=sent.field("reason"))

    async def resume(sent: Sent, order: StoredOrder) -> None:
        await cases.resume(order.no, reason=sent.field("reason"))

    return {"resume": resume} if stage is CaseState.HELD else {"approve": approve, "hold": hold}


async def _require_no_review(no: str) -> CaseState | None:
    """Where its review is; with the order locked.  Raises CaseMoved: somebody has still to say something there."""
    await operations.lock([(await orders.order(no)).id])
    try:
        state = (await case_of(no)).state
    except NotFound:
        return None
    if state in WAITING:
        raise CaseMoved(no, state)
    return state


async def _cancel(sent: Sent, order: StoredOrder) -> None:
    await fulfilment.cancel(order.no, reason=sent.field("reason"))


async def _close(sent: Sent, order: StoredOrder) -> None:
    await give_up_rest(order.no, reason=sent.field("reason"))


async def _split(sent: Sent, order: StoredOrder) -> None:
    """`q-2` of line 2: how many base units of it become the other order's."""
    asked = {name: number(value.strip(), name) for name, value in sent.fields.items() if name.startswith("q-") and value.strip()}
    lines = (await orders.lines([order.id]))[order.id]
    await linking.split(order.no, lines_wanted(lines, asked), reason=sent.field("reason"))


async def _merge(sent: Sent, order: StoredOrder) -> None:
    other = await order_at(sent.field("other"), sent.actor.sites)
    _require(sent, Permission.ORDERS_WRITE, other)
    await linking.merge(order.no, [other.no], reason=sent.field("reason"))


async def _undo(sent: Sent, order: StoredOrder) -> None:
    found = next((one for one in await linking.links([order.id]) if str(one.id) == sent.field("link")), None)
    if found is None:
        raise NotFound("link of orders", sent.field("link")[:20])
    other = await order_at(found.to_order if found.from_order == order.no else found.from_order, None)
    _require(sent, Permission.ORDERS_WRITE, other)
    await linking.undo(found.id, reason=sent.field("reason"))


async def _flag(sent: Sent, order: StoredOrder) -> None:
    await set_flag(order.id, _kind(sent), sent.field("reason"))


async def _clear(sent: Sent, order: StoredOrder) -> None:
    await clear_flag(order.id, _kind(sent), sent.field("reason"))


async def _tag(sent: Sent, order: StoredOrder) -> None:
    await tags.add(order.no, sent.field("tag"))


async def _untag(sent: Sent, order: StoredOrder) -> None:
    await tags.remove(order.no, sent.field("tag"))


def _kind(sent: Sent) -> FlagKind:
    """Raises Problem 400."""
    if sent.field("kind") not in set(FlagKind):
        raise Problem(400, "malformed_form", f"`kind`: expected one of {', '.join(FlagKind)}.")
    return FlagKind(sent.field("kind"))


def order_routes(pages: Pages) -> list[PageRoute]:
    """Whose word a review waits for may give it here, too: a route for each stage."""
    shown, base, may = OrderPages(pages), "/orders/{no}", Permission
    verbs: dict[str, tuple[Verb, Permission]] = {
        "submit": (_submit, may.ORDERS_WRITE),
        "release": (_release, may.FULFILMENT_WRITE),
        "approve": (_approve, may.REVIEW_SERVICE),
        "hold": (_hold, may.ORDERS_WRITE),
        "resume": (_resume, may.ORDERS_WRITE),
        "cancel": (_cancel, may.ORDERS_WRITE),
        "close": (_close, may.ORDERS_WRITE),
        "split": (_split, may.ORDERS_WRITE),
        "merge": (_merge, may.ORDERS_WRITE),
        "undo": (_undo, may.ORDERS_WRITE),
        "flag": (_flag, may.ORDERS_WRITE),
        "clear": (_clear, may.ORDERS_WRITE),
        "tag": (_tag, may.ORDERS_WRITE),
        "untag": (_untag, may.ORDERS_WRITE),
        "release-claim": (_release_claim, may.WAVES_MANAGE),
        "invoice": (invoice_pages.issue, may.PAYMENTS_WRITE),
        "invoice-correct": (invoice_pages.correct, may.PAYMENTS_WRITE),
        "invoice-print": (invoice_pages.print_out, may.PAYMENTS_WRITE),
    }
    return [
        PageRoute("GET", base, shown.order, permission=may.ORDERS_READ),
        *invoice_pages.invoice_routes(),
        PageRoute("POST", f"{base}/address", shown.reveal, permission=may.CUSTOMERS_REVEAL),
        *(
            PageRoute("POST", f"{base}/{name}", shown.does(name, verb), permission=permission)
            for name, (verb, permission) in verbs.items()
        ),
        *(
            PageRoute("POST", f"{base}/{stage}/{name}", shown.does(name, verb, stage), permission=permission)
            for stage, permission in STAGES.items()
            for name, verb in _of_stage(CaseState(stage)).items()
        ),
    ]
