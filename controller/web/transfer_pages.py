"""The pages of transfers: what goes from site to site, one of them with its lines, and what is decided about it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote, urlencode

from aiohttp import web

from controller.errors import DomainError, NotFound
from controller.http.errors import Problem
from controller.http.routing import PageRequest, Permission, page
from controller.sites import queries as site_queries
from controller.transfers import operations, queries
from controller.transfers.operations import Decision, NewLine, NewTransfer, Settlement
from controller.transfers.queries import Asked, StoredTransfer
from controller.transfers.states import TransferState
from controller.web.access import actor_of
from controller.web.forms import MAX_REASON, Sent, sent_by
from controller.web.pages import Pages, Values, new_key, page_request, paged, text_of
from controller.web.routes import PageRoute, see_other
from controller.web.shown import MAX_SITES, account_of, names_of

SECTION: Final = "/transfers"
DONE = frozenset({"planned", "approved", "cancelled", "closed", "settled"})


@dataclass(frozen=True, slots=True)
class TransferPages:
    pages: Pages

    async def listing(self, request: web.Request) -> web.Response:
        return await self._listing(request, {})

    async def one(self, request: web.Request) -> web.Response:
        return await self._one(request, {})

    async def plan(self, request: web.Request) -> web.Response:
        """A draft.  What is wrong with the form is told on the page, with what was typed."""
        sent = sent_by(request)
        made: list[str] = []

        async def create() -> None:
            made.append(await operations.create(_planned(sent)))

        try:
            await sent.once(create)
        except (DomainError, Problem) as error:
            return await self._listing(request, {"error": _code_of(error), "typed": dict(sent.fields)}, status=422)
        return see_other(f"{SECTION}/{quote(made[0])}?done=planned" if made else SECTION)

    async def act(self, request: web.Request) -> web.Response:
        """Approve, cancel, close an end, or decide what became of goods."""
        sent, number = sent_by(request), request.match_info["no"]
        found = await queries.transfer(number, sites=sent.actor.sites)
        theirs = {found.from_site, found.to_site} - {None}
        if sent.actor.sites is not None and not theirs <= set(sent.actor.sites):
            raise NotFound("transfer", number)
        try:
            verb, done = _verb(sent, number)
            await sent.once(verb)
        except (DomainError, Problem) as error:
            return await self._one(request, {"error": _code_of(error), "typed": dict(sent.fields)}, status=422)
        return see_other(f"{SECTION}/{quote(number, safe='')}?{urlencode({'done': done})}")

    async def _listing(self, request: web.Request, refused: Values, status: int = 200) -> web.Response:
        wanted, actor = page_request(request), actor_of(request)
        state = text_of(request, "state")
        asked = Asked(
            state=TransferState(state) if state in set(TransferState) else None,
            site=text_of(request, "site"),
            q=text_of(request, "q"),
            only_open=state == "open",
        )
        found = await _page(asked, wanted if request.method == "GET" else PageRequest(), actor.sites)
        sites = [site.id for site in await site_queries.sites(limit=MAX_SITES, only=actor.sites)]
        values = {**found, "sites": sites, "state": state, "asked": asked, "states": list(TransferState)}
        shown = {**paged(request, values, "q", "state", "site"), **_form(), **refused}
        return await self._show(request, "transfers.html", shown, status)

    async def _one(self, request: web.Request, refused: Values, status: int = 200) -> web.Response:
        found = await queries.transfer(request.match_info["no"], sites=actor_of(request).sites)
        bookings = await queries.bookings(found.id)
        people = [row.person for row in bookings if row.person] + [found.created_by, found.approved_by or ""]
        done = text_of(request, "done")
        shown = {
            "transfer": found,
            "lines": await queries.lines(found.id),
            "bookings": bookings,
            "names": await names_of(account_of(person) or person for person in people if person),
            "done": done if done in DONE else "",
            "may": _may(found),
            **_form(),
            **refused,
        }
        return await self._show(request, "transfer.html", shown, status)

    async def _show(self, request: web.Request, template: str, values: Mapping[str, object], status: int = 200) -> web.Response:
        is_fragment = request.headers.get("HX-Request") == "true" and request.method == "GET"
        shown = {"is_fragment": is_fragment, "next_page": "", "first_page": SECTION, **values}
        return await self.pages.show(request, template, SECTION, shown, status=status)


async def _page(asked: Asked, wanted: PageRequest, sites: frozenset[str] | None) -> dict[str, object]:
    rows = await queries.transfers(asked, before=wanted.number() or None, limit=wanted.limit, sites=sites)
    shown = page(rows, wanted, key=lambda row: row.id)
    return {"transfers": shown.items, "next": shown.next}


def _form() -> dict[str, object]:
    return {"error": "", "typed": {}, "new_key": new_key}


def _may(found: StoredTransfer) -> dict[str, bool]:
    """Which buttons a transfer has."""
    moving = (TransferState.APPROVED, TransferState.SHIPPING, TransferState.IN_TRANSIT)
    return {
        "approve": found.state is TransferState.DRAFT,
        "cancel": found.state in (TransferState.DRAFT, TransferState.APPROVED),
        "close_sent": found.sent_closed_at is None and found.state in moving,
        "close_received": found.received_closed_at is None and found.state in moving[1:],
        "settle": found.state in (TransferState.RECEIVED, TransferState.RECEIVED_SHORT, TransferState.IN_TRANSIT),
    }


def _verb(sent: Sent, number: str) -> tuple[Callable[[], Awaitable[object]], str]:
    """What the form asks for, and what is said when it is done.  Raises Problem 400."""
    match sent.field("verb"):
        case "approve":
            return lambda: operations.approve(number), "approved"
        case "cancel":
            return lambda: operations.cancel(number), "cancelled"
        case "close_sent":
            return lambda: operations.close(number, sent=True), "closed"
        case "close_received":
            return lambda: operations.close(number, sent=False), "closed"
        case "settle":
            settlement = _settlement(sent)
            return lambda: operations.settle(number, settlement), "settled"
    raise Problem(400, "malformed_form", "`verb`: expected approve, cancel, close_sent, close_received or settle.")


def _settlement(sent: Sent) -> Settlement:
    quantity, reason, decision = sent.field("quantity"), sent.field("reason"), sent.field("decision")
    if not _is_count(quantity) or decision not in set(Decision) or not 0 < len(reason) <= MAX_REASON:
        raise Problem(400, "malformed_form", "A decision needs a quantity, what became of the goods, and a reason.")
    return Settlement(sku=sent.field("sku"), quantity=int(quantity), decision=Decision(decision), reason=reason)


def _planned(sent: Sent) -> NewTransfer:
    """Lines as they are typed: a code and a number each.  Raises Problem 400, NotFound."""
    from_site, to_site = sent.field("from_site"), sent.field("to_site")
    for site in (from_site, to_site):
        if sent.actor.sites is not None and site not in sent.actor.sites:
            raise NotFound("site", site)
    lines = []
    for text in sent.field("lines").splitlines():
        code, _, quantity = text.strip().replace("\t", " ").rpartition(" ")
        if not text.strip():
            continue
        if not code or not _is_count(quantity):
            raise Problem(400, "bad_transfer", f"`{text[:60]}`: expected a SKU's code and a number.")
        lines.append(NewLine(sku=code.strip(), quantity=int(quantity)))
    note = sent.field("note")[:MAX_REASON] or None
    return NewTransfer(from_site=from_site, to_site=to_site, lines=lines, note=note)


def _is_count(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 12


def _code_of(error: DomainError | Problem) -> str:
    return error.body.code if isinstance(error, Problem) else error.code


def transfer_routes(pages: Pages) -> list[PageRoute]:
    shown = TransferPages(pages)
    read, write = Permission.TRANSFERS_READ, Permission.TRANSFERS_WRITE
    return [
        PageRoute("GET", SECTION, shown.listing, permission=read),
        PageRoute("POST", SECTION, shown.plan, permission=write),
        PageRoute("GET", f"{SECTION}/{{no}}", shown.one, permission=read),
        PageRoute("POST", f"{SECTION}/{{no}}", shown.act, permission=write),
    ]
