"""The pages of replenishment: proposals by origin, one with its numbers and picture, what would have happened, alerts."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Final
from urllib.parse import urlencode

from aiohttp import web

from controller.db import in_transaction
from controller.errors import DomainError, NotFound
from controller.http.errors import Problem
from controller.http.routing import PER_DEFAULT, Actor, BadParameter, Permission, number, page
from controller.purchasing import operations as purchasing
from controller.purchasing import queries as purchase_orders
from controller.replenishment import alerts, operations, queries, runs
from controller.replenishment.alerts import AlertKind
from controller.replenishment.operations import MOST_AT_ONCE, Made
from controller.replenishment.queries import Asked
from controller.sites.queries import sites as sites_of
from controller.transfers import operations as transfers
from controller.transfers import queries as transfer_queries
from controller.web.access import actor_of
from controller.web.forms import Sent, sent_by
from controller.web.pages import Pages, Values, new_key, page_request, paged, text_of
from controller.web.routes import PageRoute, see_other
from controller.web.shown import MAX_SITES, account_of, names_of
from controller.web.stock_pages import page_of

SECTION: Final = "/replenishment"
ALERTS: Final = "/stock-alerts"
TAKEN_BACK: Final = "The proposals were accepted by mistake"
"""Why a draft is cancelled, in its history."""


@dataclass(frozen=True, slots=True)
class ReplenishmentPages:
    pages: Pages

    async def listing(self, request: web.Request) -> web.StreamResponse:
        return await self._listing(request)

    async def _listing(self, request: web.Request, error: str = "", status: int = 200) -> web.Response:
        actor, site = actor_of(request), text_of(request, "site")
        here = [row.id for row in await sites_of(limit=MAX_SITES, only=actor.sites)]
        values: Values = {
            "groups": await queries.groups(site, actor.sites),
            "runs": await queries.runs(limit=10, site=site, sites=actor.sites),
            "sites": here,
            "writable": [each for each in here if actor.may_at(Permission.PURCHASING_WRITE, each)],
            "site": site,
            "done": text_of(request, "done"),
            "made": [(no, page_of(no)) for no in _numbers(text_of(request, "made"))],
            "error": error,
            "new_key": new_key,
            "is_fragment": request.headers.get("HX-Request") == "true" and request.method == "GET",
        }
        return await self.pages.show(request, "replenishment.html", SECTION, values, status=status)

    async def lines(self, request: web.Request) -> web.StreamResponse:
        where = {name: text_of(request, name) for name in ("kind", "site", "origin")}
        return await self._lines(request, where)

    async def _lines(self, request: web.Request, where: Mapping[str, str], error: str = "", status: int = 200) -> web.Response:
        actor, wanted = actor_of(request), page_request(request)
        wanted = replace(wanted, per=min(wanted.per, PER_DEFAULT))  # a form has no more fields
        asked = _asked(where)
        rows = await queries.proposals(asked, after=wanted.number(), limit=wanted.limit, sites=actor.sites)
        shown = page(rows, wanted, key=lambda row: row.id)
        values: Values = {
            "rows": shown.items,
            **where,
            "writes": actor.may_at(Permission.PURCHASING_WRITE, where["site"] or None),
            "error": error,
            "new_key": new_key,
            **paged(request, {"next": shown.next}, "kind", "site", "origin"),
        }
        return await self.pages.show(request, "replenishment_lines.html", SECTION, values, status=status)

    async def proposal(self, request: web.Request) -> web.StreamResponse:
        return await self._proposal(request)

    async def _proposal(self, request: web.Request, error: str = "", status: int = 200) -> web.Response:
        from controller.replenishment.picture import picture  # noqa: PLC0415 -- NumPy is loaded when somebody looks

        actor = actor_of(request)
        row, told = await queries.proposal(_id(request), actor.sites)
        values: Values = {
            "row": row,
            "told": told,
            "picture": await picture(row.sku, row.site_id),
            "writes": actor.may_at(Permission.PURCHASING_WRITE, row.site_id),
            "done": text_of(request, "done"),
            "error": error,
            "new_key": new_key,
        }
        return await self.pages.show(request, "replenishment_proposal.html", SECTION, values, status=status)

    async def change(self, request: web.Request) -> web.StreamResponse:
        sent, proposal = sent_by(request), _id(request)
        await queries.proposal(proposal, sent.actor.sites)
        try:
            quantity = number(sent.field("quantity"), "quantity")
            await sent.once(lambda: operations.change(proposal, quantity))
        except (DomainError, BadParameter) as error:
            return await self._proposal(request, _code(error), status=422)
        return see_other(f"{SECTION}/proposals/{proposal}?done=changed")

    async def selected(self, request: web.Request) -> web.StreamResponse:
        """Accept or dismiss what is ticked."""
        sent = sent_by(request)
        where = {name: sent.field(name) for name in ("kind", "site", "origin")}
        try:
            return await _decide(sent, _ticked(sent), sent.field("verb"))
        except (DomainError, Problem) as error:
            return await self._lines(request, where, _code(error), status=422)

    async def accept(self, request: web.Request) -> web.StreamResponse:
        """Accept a whole group."""
        sent = sent_by(request)
        try:
            ids = await queries.ids_of(sent.field("kind"), sent.field("site"), sent.field("origin"), MOST_AT_ONCE)
            if not ids:  # the second click of a double click, or somebody else was quicker
                return see_other(f"{SECTION}?done=accepted")
            return await _decide(sent, ids, "accept")
        except (DomainError, Problem) as error:
            return await self._listing(request, _code(error), status=422)

    async def undo(self, request: web.Request) -> web.StreamResponse:
        """Take back an acceptance: the drafts that it made are cancelled, and their sites are computed anew."""
        sent = sent_by(request)
        numbers = _numbers(sent.field("made"))
        try:
            await sent.once(lambda: in_transaction(lambda: _take_back(numbers, sent)))
        except (DomainError, Problem) as error:
            return await self._listing(request, _code(error), status=409)
        return see_other(f"{SECTION}?done=undone")

    async def run(self, request: web.Request) -> web.StreamResponse:
        sent = sent_by(request)
        site = sent.field("site")
        _require_site(sent.actor, site)
        try:
            await sent.once(lambda: in_transaction(lambda: runs.ask(site)))
        except DomainError as error:
            return await self._listing(request, error.code, status=409)
        return see_other(f"{SECTION}?{urlencode({'done': 'asked', 'site': site})}")

    async def back_test(self, request: web.Request) -> web.StreamResponse:
        from controller.replenishment.picture import what_if  # noqa: PLC0415 -- NumPy is loaded when somebody looks

        site, tested, error = text_of(request, "site"), None, ""
        _require_site(actor_of(request), site)
        try:
            tested = await what_if(site)
        except NotFound:
            raise
        except (DomainError, ValueError) as failed:
            error = getattr(failed, "code", "nothing_to_test")
        return await self.pages.show(
            request, "replenishment_back_test.html", SECTION, {"site": site, "tested": tested, "error": error}
        )

    async def alerts(self, request: web.Request) -> web.StreamResponse:
        actor, wanted = actor_of(request), page_request(request)
        kind, site = text_of(request, "kind"), text_of(request, "site")
        rows = await queries.alerts(after=wanted.number(), limit=wanted.limit, kind=kind, site=site, sites=actor.sites)
        shown = page(rows, wanted, key=lambda row: row.id)
        values: Values = {
            "rows": shown.items,
            "kinds": [each.value for each in AlertKind],
            "counts": await queries.alert_counts(site, actor.sites),
            "kind": kind,
            "site": site,
            "sites": [row.id for row in await sites_of(limit=MAX_SITES, only=actor.sites)],
            "names": await names_of(account_of(row.acknowledged_by) for row in shown.items if row.acknowledged_by),
            "new_key": new_key,
            **paged(request, {"next": shown.next}, "kind", "site"),
        }
        return await self.pages.show(request, "stock_alerts.html", ALERTS, values)

    async def acknowledge(self, request: web.Request) -> web.StreamResponse:
        sent, alert = sent_by(request), _id(request)
        await queries.alert(alert, sent.actor.sites)
        await sent.once(lambda: alerts.acknowledge(alert))
        kind = sent.field("kind")
        return see_other(f"{ALERTS}?{urlencode({'kind': kind})}" if kind in set(AlertKind) else ALERTS)


async def _decide(sent: Sent, ids: list[int], verb: str) -> web.Response:
    """Raises DomainError, Problem."""
    if not ids or verb not in ("accept", "dismiss"):
        raise Problem(400, "malformed_form", "Tick at least one proposal, then accept or dismiss.")
    for site in await queries.sites_of(ids):
        _require_site(sent.actor, site)
    if verb == "dismiss":
        await sent.once(lambda: operations.dismiss(ids, sent.field("reason")))
        return see_other(f"{SECTION}?done=dismissed")
    made: list[Made] = []

    async def accept() -> None:
        made.extend(await operations.accept(ids))

    await sent.once(accept)
    return see_other(f"{SECTION}?{urlencode({'done': 'accepted', 'made': ', '.join(each.number for each in made)[:150]})}")


def _numbers(text: str) -> list[str]:
    """Of drafts, as a page named them."""
    return [no for no in (each.strip() for each in text.split(",")) if no[:3] in ("PO-", "TR-") and page_of(no)]


async def _take_back(numbers: list[str], sent: Sent) -> None:
    """Raises NotFound, Problem (409: it is no draft any more)."""
    found = set()
    for no in numbers:
        site, state = await _made_for(no, sent.actor)
        _require_site(sent.actor, site)
        if state != "draft":
            raise Problem(409, "approved_by_now", f"{no} is {state}: cancel it on its own page.")
        if no.startswith("PO-"):
            await purchasing.cancel(no, reason=TAKEN_BACK)
        else:
            await transfers.cancel(no)
        found.add(site)
    for site in sorted(found):
        with suppress(runs.AlreadyRunning):
            await runs.ask(site)


async def _made_for(no: str, actor: Actor) -> tuple[str, str]:
    """Site and state of a draft."""
    if no.startswith("PO-"):
        order = await purchase_orders.order(no, sites=actor.sites)
        return order.site, order.state.value
    moved = await transfer_queries.transfer(no, sites=actor.sites)
    return moved.to_site or "", moved.state.value


def _require_site(actor: Actor, site: str) -> None:
    """Raises NotFound for a site that somebody does not see."""
    if not site or (actor.sites is not None and site not in actor.sites):
        raise NotFound("site", site)


def _ticked(sent: Sent) -> list[int]:
    return [
        int(name[1:]) for name in sent.fields if name[:1] == "p" and name[1:].isascii() and name[1:].isdigit() and len(name) < 19
    ]


def _id(request: web.Request) -> int:
    text = request.match_info["id"]
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        raise NotFound("proposal", text[:40])
    return int(text)


def _asked(where: Mapping[str, str]) -> Asked:
    is_moved = where["kind"] == "transfer"
    return Asked(
        site=where["site"],
        kind=where["kind"],
        supplier="" if is_moved else where["origin"],
        source=where["origin"] if is_moved else "",
    )


def _code(error: DomainError | BadParameter | Problem) -> str:
    if isinstance(error, Problem):
        return error.body.code
    return error.code if isinstance(error, DomainError) else "bad_parameter"


def replenishment_routes(pages: Pages) -> list[PageRoute]:
    shown = ReplenishmentPages(pages)
    read, write = Permission.PURCHASING_READ, Permission.PURCHASING_WRITE
    return [
        PageRoute("GET", SECTION, shown.listing, permission=read),
        PageRoute("GET", f"{SECTION}/lines", shown.lines, permission=read),
        PageRoute("GET", f"{SECTION}/proposals/{{id}}", shown.proposal, permission=read),
        PageRoute("GET", f"{SECTION}/back-test", shown.back_test, permission=read),
        PageRoute("POST", f"{SECTION}/proposals/{{id}}/change", shown.change, permission=write),
        PageRoute("POST", f"{SECTION}/selected", shown.selected, permission=write),
        PageRoute("POST", f"{SECTION}/accept", shown.accept, permission=write),
        PageRoute("POST", f"{SECTION}/undo", shown.undo, permission=write),
        PageRoute("POST", f"{SECTION}/run", shown.run, permission=write),
        PageRoute("GET", ALERTS, shown.alerts, permission=Permission.STOCK_READ),
        PageRoute("POST", f"{ALERTS}/{{id}}/acknowledge", shown.acknowledge, permission=Permission.STOCK_WRITE),
    ]
