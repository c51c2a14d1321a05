"""The page of how orders of channels come in: marketplaces that are asked, how that went, and secrets that channels sign with."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from aiohttp import web

from controller import db
from controller.errors import DomainError
from controller.http.routing import BadParameter, Permission, number
from controller.intake import marketplaces, signing
from controller.intake.api import channel_of
from controller.web.access import actor_of
from controller.web.forms import Sent, sent_by
from controller.web.pages import Pages, Values, new_key, text_of
from controller.web.routes import PageRoute, see_other

SECTION: Final = "/marketplaces"
DONE: Final = frozenset({"kept", "asked", "ended", "stopped", "made"})


@dataclass(frozen=True, slots=True)
class MarketplacePages:
    pages: Pages

    async def listing(self, request: web.Request) -> web.StreamResponse:
        return await self._listing(request)

    async def _listing(
        self, request: web.Request, *, error: str = "", sent: Sent | None = None, secret: str = "", status: int = 200
    ) -> web.Response:
        done, is_fragment = text_of(request, "done"), request.headers.get("HX-Request") == "true" and request.method == "GET"
        values: Values = {
            "marketplaces": await marketplaces.marketplaces(),
            "secrets": await signing.secrets_held(),
            "at": db.now(),
            "writes": actor_of(request).may_at(Permission.ORDERS_WRITE, None),
            "secret": secret,
            "channel": sent.field("channel") if sent else "",
            "typed": {name: value for name, value in sent.fields.items() if name != "sealed_token"} if sent and error else {},
            "done": done if done in DONE else "",
            "error": error,
            "new_key": new_key,
            "is_fragment": is_fragment,
        }
        return await self.pages.show(request, "marketplaces.html", SECTION, values, status=status)

    async def new_secret(self, request: web.Request) -> web.StreamResponse:
        """Shown in the answer of the form, once: it stands in no address, and no reload makes another."""
        sent, made = sent_by(request), list[str]()

        async def verb() -> None:
            made.append(await signing.new_secret(channel_of(sent.field("channel"))))

        try:
            await sent.once(verb)
        except DomainError as error:
            return await self._listing(request, error=error.code, sent=sent, status=422)
        return await self._listing(request, sent=sent, secret=made[0]) if made else see_other(f"{SECTION}?done=made")

    async def end_old(self, request: web.Request) -> web.StreamResponse:
        return await self._do(request, "ended", lambda sent: signing.end_old_secrets(channel_of(sent.field("channel"))))

    async def put(self, request: web.Request) -> web.StreamResponse:
        async def verb(sent: Sent) -> None:
            every = number(sent.field("every") or "60", "every")
            channel = channel_of(sent.field("channel"))
            token = sent.field("sealed_token")
            if token:
                await marketplaces.put_marketplace(channel, sent.field("url"), token=token, every_seconds=every)
            else:
                await marketplaces.change_marketplace(channel, sent.field("url"), every_seconds=every)

        return await self._do(request, "kept", verb)

    async def poll(self, request: web.Request) -> web.StreamResponse:
        return await self._do(request, "asked", lambda sent: marketplaces.ask_now(channel_of(sent.field("channel"))))

    async def stop(self, request: web.Request) -> web.StreamResponse:
        return await self._do(request, "stopped", lambda sent: marketplaces.stop(channel_of(sent.field("channel"))))

    async def _do(self, request: web.Request, done: str, verb: Callable[[Sent], Awaitable[object]]) -> web.StreamResponse:
        sent = sent_by(request)
        try:
            await sent.once(lambda: verb(sent))
        except (DomainError, BadParameter) as error:
            code = error.code if isinstance(error, DomainError) else "bad_marketplace"
            return await self._listing(request, error=code, sent=sent, status=422)
        return see_other(f"{SECTION}?done={done}")


def marketplace_routes(pages: Pages) -> list[PageRoute]:
    shown, read, write = MarketplacePages(pages), Permission.ORDERS_READ, Permission.ORDERS_WRITE
    forms = {
        "secrets": shown.new_secret,
        "secrets/end-old": shown.end_old,
        "channels": shown.put,
        "poll": shown.poll,
        "stop": shown.stop,
    }
    return [
        PageRoute("GET", SECTION, shown.listing, permission=read, whole_chain=True),
        *(PageRoute("POST", f"{SECTION}/{path}", handler, permission=write, whole_chain=True) for path, handler in forms.items()),
    ]
