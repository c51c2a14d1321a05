"""Who sees pages, and how it is made sure that a write comes from a page of ours and not from a foreign one."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from urllib.parse import urlsplit

from aiohttp import web

from controller.http import auth
from controller.http.dispatch import TOKENS
from controller.http.errors import Problem
from controller.http.routing import Actor


@dataclass(frozen=True, slots=True)
class Access:
    """`open_pages`: no log-in (loopback); `names`: host names by which the pages may be reached."""

    open_pages: bool
    names: frozenset[str]

    async def actor(self, request: web.Request) -> Actor:
        """Raises Problem 401, 403, 421."""
        self._check_host(request)
        if self.open_pages:
            return auth.VISITOR
        actor = await request.app[TOKENS].by_basic(request.headers.get("Authorization"))
        if actor.sites is not None:
            raise Problem(403, "not_permitted", "These pages show all sites, and this token is for some of them: use the API.")
        return actor

    def _check_host(self, request: web.Request) -> None:
        """A foreign name that resolves to this machine (DNS rebinding) must not read pages that ask for no log-in."""
        host = (urlsplit(f"//{request.host}").hostname or "").lower()
        if host not in self.names and not _is_address(host):
            raise Problem(421, "unknown_host", f"This controller is not {host!r}; add the name to [http] names.")


def check_origin(request: web.Request) -> None:
    """Refuse a form that a page of another origin sends.  Raises Problem 403."""
    site = request.headers.get("Sec-Fetch-Site")
    origin = request.headers.get("Origin")
    foreign = site not in (None, "same-origin", "none") or (origin is not None and urlsplit(origin).netloc != request.host)
    if foreign:
        raise Problem(403, "foreign_origin", "The form was sent by a page of another site; open this controller's own page.")


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return host == "localhost"
    return True
