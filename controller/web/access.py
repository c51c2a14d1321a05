"""Who sees pages, and how it is made sure that a write comes from a page of ours and not from a foreign one."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from urllib.parse import urlsplit

from aiohttp import web

from controller.http import auth
from controller.http.dispatch import TOKENS
from controller.http.errors import Problem
from controller.http.routing import Actor, Permission

_ACTOR = web.RequestKey("actor", Actor)


@dataclass(frozen=True, slots=True)
class Access:
    """`open_pages`: no log-in (loopback); `names`: host names by which the pages may be reached."""

    open_pages: bool
    names: frozenset[str]

    async def actor(self, request: web.Request) -> Actor:
        """Raises Problem 401, 403, 421."""
        self._check_host(request)
        if self.open_pages:
            request[_ACTOR] = auth.VISITOR
            return auth.VISITOR
        actor = await request.app[TOKENS].by_basic(request.headers.get("Authorization"))
        if actor.sites is not None:
            raise Problem(403, "not_permitted", "These pages show all sites, and this token is for some of them: use the API.")
        request[_ACTOR] = actor
        return actor

    def permissions(self, request: web.Request) -> frozenset[Permission]:
        """Of the one whom `actor` found; none before that."""
        return request[_ACTOR].permissions if _ACTOR in request else frozenset()

    def _check_host(self, request: web.Request) -> None:
        """A foreign name that resolves to this machine (DNS rebinding) must not read pages that ask for no log-in."""
        host = _host_of(f"//{request.host}")[1]
        if host not in self.names and not _is_address(host):
            raise Problem(421, "unknown_host", f"This controller is not {host!r}; add the name to [http] names.")


def check_origin(request: web.Request) -> None:
    """Refuse a form that a page of another origin sends.  Raises Problem 403."""
    site = request.headers.get("Sec-Fetch-Site")
    origin = request.headers.get("Origin")
    foreign = site not in (None, "same-origin", "none") or (origin is not None and _host_of(origin)[0] != request.host)
    if foreign:
        raise Problem(403, "foreign_origin", "The form was sent by a page of another site; open this controller's own page.")


def _host_of(address: str) -> tuple[str, str]:
    """Host with its port as written, and the host alone; empty when the address is none."""
    try:
        parts = urlsplit(address)
        return parts.netloc, (parts.hostname or "").lower()
    except ValueError:
        return "", ""


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return host == "localhost"
    return True
