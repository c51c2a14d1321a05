"""What a viewer does: forms of our own pages, that work without scripts.  Each answers with a redirect to where its result shows.

A form sent twice has one effect: its `key` gets the stored answer, and the verbs themselves do nothing a second time.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from aiohttp import web

from controller.catalog.operations import link_barcode
from controller.errors import Conflict, DomainError
from controller.events import acting
from controller.fleet import queries as fleet
from controller.fleet.operations import Resolution, cancel_print, resolve_print
from controller.fleet.queue_operations import move_print, prioritise_print, reprint
from controller.http.dispatch import IN_FLIGHT, JSON
from controller.http.errors import Problem
from controller.http.idempotency import Answer, nothing_before, once, request_of
from controller.http.routing import Actor, BadParameter, Permission, number
from controller.web import shown
from controller.web.access import CSRF_FIELD, FIELDS, actor_of
from controller.web.pages import Pages, form_values, page_request
from controller.web.routes import PageRoute
from edge_agent.wire.messages import Priority

UNKEPT = frozenset({CSRF_FIELD, "password", "again", "current", "pin", "badge"})
"""Fields that tell two forms apart by nothing, or whose hash must not lie in the database."""
SEALED = "sealed_"
"""How the names of fields begin that hold personal data: of them, no hash is kept either."""
MAX_REASON = 200
_BACK = re.compile(
    r"/(prints(\?state=[a-z]+)?|orders/[A-Z]{2}-[0-9]{1,18}|fleet/boxes/[a-z0-9-]{1,40}/queue|fleet/devices(/[a-z0-9-]{1,40}){2})?"
)


def is_kept(name: str) -> bool:
    """Whether a field counts for telling one form from another."""
    return name not in UNKEPT and not name.startswith(SEALED)


@dataclass(frozen=True, slots=True)
class Sent:
    """A form as it came, and from whom."""

    request: web.Request
    actor: Actor
    fields: Mapping[str, str]

    def field(self, name: str) -> str:
        return self.fields.get(name, "").strip()

    def back(self, default: str) -> str:
        """Where the form was, if that is a page of ours."""
        wanted = self.field("back")
        return wanted if _BACK.fullmatch(wanted) else default

    async def acting(self, verb: Callable[[], Awaitable[object]]) -> None:
        """Do it as this person."""
        with acting(self.actor.account, f"http:{self.request.method} {self.request.path}"[:128]):
            await verb()

    async def once(self, verb: Callable[[], Awaitable[object]], before: Callable[[], Awaitable[None]] = nothing_before) -> None:
        """Do it, unless this very form was done before or is being done just now; `before` its transaction, what takes long.

        Raises what `verb` and `before` raise, Problem 400, 422.
        """
        body = "\0".join(f"{name}={value}" for name, value in sorted(self.fields.items()) if is_kept(name))
        identity = request_of(
            actor=self.actor.account, key=self.field("key") or None, route=f"POST {self.request.path}", body=body.encode()
        )

        async def work() -> Answer:
            with acting(self.actor.account, f"http:{identity.key}"):
                await verb()
            return Answer(status=303, body=b"", media_type=JSON)

        try:
            await once(identity, self.request.app[IN_FLIGHT], work, before)
        except Problem as problem:
            if problem.body.code != "request_in_flight":  # the second click of a double click: the first one does it
                raise


class Forms:
    """The handlers; `pages` show what came of a form that was refused."""

    def __init__(self, pages: Pages) -> None:
        self._pages = pages

    async def link(self, request: web.Request) -> web.Response:
        """Link an unknown barcode to a SKU."""
        sent = sent_by(request)
        code, sku = sent.field("code"), sent.field("sku")
        try:
            units = number(sent.field("units") or "1", "units")
            site = await shown.site_of_unknown(code, sent.actor.sites)
            await sent.once(lambda: link_barcode(code, sku, numerator=units, site_id=site))
        except (DomainError, BadParameter) as error:
            tried = {"error": str(error), "tried": {"code": code, "sku": sku}}
            values = {**await shown.unknown(page_request(request), sent.actor.sites), **form_values(request), **tried}
            return await self._pages.show(request, "unknown.html", "/unknown-barcodes", values, status=422)
        raise web.HTTPSeeOther(f"/unknown-barcodes?{urlencode({'linked': sku})}")

    async def resolve_print(self, request: web.Request) -> web.Response:
        """A person looked at the printer."""
        sent = sent_by(request)
        if sent.field("outcome") not in set(Resolution):
            raise Problem(
                400, "malformed_form", f"`outcome` is {sent.field('outcome')!r}, expected one of {', '.join(Resolution)}."
            )
        resolution = Resolution(sent.field("outcome"))
        return await self._to_print(sent, lambda: resolve_print(request.match_info["id"], resolution))

    async def cancel_print(self, request: web.Request) -> web.Response:
        sent = sent_by(request)
        return await self._to_print(sent, lambda: cancel_print(request.match_info["id"]))

    async def prioritise_print(self, request: web.Request) -> web.Response:
        """Let it be the next one."""
        sent = sent_by(request)
        return await self._to_print(sent, lambda: prioritise_print(request.match_info["id"], Priority.URGENT))

    async def move_print(self, request: web.Request) -> web.Response:
        """To another printer of its box, for good."""
        sent = sent_by(request)
        return await self._to_print(sent, lambda: move_print(request.match_info["id"], sent.field("printer")))

    async def reprint(self, request: web.Request) -> web.Response:
        sent = sent_by(request)
        return await self._to_print(sent, lambda: reprint(request.match_info["id"]))

    async def _to_print(self, sent: Sent, verb: Callable[[], Awaitable[object]]) -> web.Response:
        await _job_here(sent)
        try:
            await sent.once(verb)
        except Conflict as error:
            values = {
                **await shown.prints(page_request(sent.request), "", sent.actor.sites),
                **form_values(sent.request),
                "error": str(error),
            }
            values |= {"first_page": "/prints"}
            return await self._pages.show(sent.request, "prints.html", "/prints", values, status=409)
        raise web.HTTPSeeOther(sent.back("/prints"))


def sent_by(request: web.Request) -> Sent:
    return Sent(request, actor_of(request), request[FIELDS])


async def _job_here(sent: Sent) -> None:
    """Raises NotFound for a print job that this person does not see."""
    await fleet.print_job(sent.request.match_info["id"], sites=sent.actor.sites)


def form_routes(forms: Forms) -> list[PageRoute]:
    """What is done; each with the permission that it needs."""
    may = Permission
    return [
        PageRoute("POST", "/unknown-barcodes", forms.link, permission=may.CATALOG_WRITE),
        PageRoute("POST", "/prints/{id}/resolution", forms.resolve_print, permission=may.PRINTS_WRITE),
        PageRoute("POST", "/prints/{id}/cancel", forms.cancel_print, permission=may.PRINTS_WRITE),
        PageRoute("POST", "/prints/{id}/priority", forms.prioritise_print, permission=may.PRINTS_WRITE),
        PageRoute("POST", "/prints/{id}/printer", forms.move_print, permission=may.PRINTS_WRITE),
        PageRoute("POST", "/prints/{id}/reprint", forms.reprint, permission=may.PRINTS_WRITE),
    ]
