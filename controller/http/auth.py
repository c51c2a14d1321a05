"""Who calls.  Machines send `Authorization: Bearer <token>`; people log in and have a session, whose token is in a cookie.

Of tokens only the SHA-256 is stored.  A browser may view the pages without a log-in where `[http] open_pages` says so (on only for
a loopback binding, unless configured).
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from controller.db import execute, fetch, now
from controller.errors import NotFound
from controller.http.errors import Problem
from controller.http.routing import Actor, Permission, Route
from controller.people import sessions
from controller.people.policies import MAY, WEAKLY_PROVEN, permissions_by_site
from controller.people.queries import grants_of, person
from controller.people.sessions import Limits, Session, form_token
from edge_agent.wire.roles import Role

PREFIX = "sw_"
REMEMBER_SECONDS = 2.0
MAX_REMEMBERED = 10_000
CSRF_HEADER = "X-CSRF-Token"
MAX_TOKEN = 64
ANYONE = Actor(name="anyone", permissions=frozenset())
VISITOR = Actor(
    name="visitor",
    permissions=frozenset(Permission) - {Permission.BOX, Permission.PEOPLE_READ, Permission.PEOPLE_WRITE},
    kind="page",
)
"""Someone at the controller's own machine, where pages are open: sees everything but people, may use the pages' buttons."""


def hash_of(token: str) -> str:
    """Of a token as a header brings it: bytes that are no UTF-8 come as lone surrogates."""
    return hashlib.sha256(token.encode(errors="surrogateescape")).hexdigest()


async def create_token(
    name: str, permissions: Iterable[Permission], *, sites: Iterable[str] | None = None, token: str | None = None
) -> str:
    """Store a token and return it; nobody can read it again.  Making the same one again replaces what it may do."""
    token = token or PREFIX + secrets.token_urlsafe(32)
    scope = None if sites is None else json.dumps(sorted(sites))
    await execute(
        "INSERT INTO api_token (hash, name, permissions, sites, created_at) VALUES (?, ?, ?, ?, ?) "
        "ON CONFLICT (hash) DO UPDATE SET name = excluded.name, permissions = excluded.permissions, sites = excluded.sites",
        hash_of(token),
        name,
        json.dumps(sorted(permission.value for permission in permissions)),
        scope,
        now(),
    )
    return token


class Tokens:
    """Tells whose token it is; remembers for 2 s, so that a request waits for no running write, and a revoked token ends soon."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[float, Actor]] = {}

    async def by_bearer(self, header: str | None) -> Actor:
        """Raises Problem 401."""
        scheme, _, token = (header or "").partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            raise unauthenticated("The request has no token.")
        return await self.actor(token.strip())

    async def actor(self, token: str) -> Actor:
        """Whose token this is.  Raises Problem 401."""
        digest = hash_of(token)
        now = asyncio.get_running_loop().time()
        known = self._known.get(digest)
        if known is not None and known[0] > now:
            return known[1]
        actor = await _stored_actor(digest)
        if actor is None:
            self._known.pop(digest, None)
            raise unauthenticated("The token is not known here.")
        if len(self._known) >= MAX_REMEMBERED:
            self._known.clear()
        self._known[digest] = (now + REMEMBER_SECONDS, actor)
        return actor


async def _stored_actor(digest: str) -> Actor | None:
    rows = await fetch("SELECT name, permissions, sites FROM api_token WHERE hash = ?", digest)
    if not rows:
        return None
    row = rows[0]
    known = {permission.value for permission in Permission}
    sites = None if row["sites"] is None else frozenset(json.loads(row["sites"]))
    permissions = frozenset(Permission(value) for value in json.loads(row["permissions"]) if value in known)
    return Actor(name=row["name"], permissions=permissions, sites=sites)


@dataclass(frozen=True, slots=True)
class LoggedIn:
    """A session with who has it.  `form`: what its forms carry."""

    session: Session
    actor: Actor
    language: str
    name: str
    form: str


class People:
    """Tells whose session it is.  Nothing is remembered: a role that was taken is gone with the next request."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits

    async def by_cookie(self, token: str | None, *, is_use: bool = True) -> LoggedIn | None:
        """None when there is no such session, or when it has lapsed."""
        if not token or len(token) > MAX_TOKEN:
            return None
        session = await sessions.session_of(token, self.limits, is_use=is_use)
        if session is None:
            return None
        row = await person(session.person)
        return LoggedIn(session, await actor_of(session), row.language, row.name, form_token(token))

    async def for_api(self, token: str | None, header: str | None) -> Actor:
        """A session may use the API from a page of ours, which knows the session's form token.  Raises Problem 401, 403."""
        found = await self.by_cookie(token)
        if found is None:
            raise unauthenticated("The request has no token.")
        if not hmac.compare_digest(found.form, header or ""):
            raise Problem(403, "form_too_old", f"A session uses the API with the header {CSRF_HEADER}, as its pages carry it.")
        return found.actor


async def actor_of(session: Session) -> Actor:
    """What the person of a session may do by it.  A badge with its PIN proves less than a password, and opens less."""
    allowed = WEAKLY_PROVEN if session.means == "badge" else MAY[Role.ADMIN]
    by_site = {site: held & allowed for site, held in permissions_by_site(await grants_of(session.person)).items()}
    return Actor(
        name=session.person,
        permissions=frozenset({Permission.PERSON}.union(*by_site.values())),
        sites=None if None in by_site else frozenset(site for site in by_site if site is not None),
        kind="person",
        scope=frozenset(by_site.items()),
    )


def unauthenticated(detail: str) -> Problem:
    return Problem(401, "not_authenticated", detail, headers={"WWW-Authenticate": "Bearer"})


def require(actor: Actor, permission: Permission) -> None:
    """Raises Problem 403."""
    if not actor.may(permission):
        told = f"{actor.name!r} lacks the permission `{permission.value}`."
        raise Problem(403, "not_permitted", told, data={"permission": permission.value})


def require_sites(actor: Actor, route: Route, path: Mapping[str, str]) -> None:
    """A token of some sites uses no route of the whole chain, and none of another site's.  Raises Problem 403, NotFound."""
    if actor.sites is None:
        return
    if route.whole_chain:
        raise Problem(403, "not_permitted", f"{actor.name!r} is for some sites only, and this concerns all of them.")
    if "site" in path and path["site"] not in actor.sites:
        raise NotFound("site", path["site"])


def require_site_of(actor: Actor, body: object) -> None:
    """The same for the `site` that a body names; without one it would hold in the whole chain.  Raises Problem 403, NotFound."""
    site = getattr(body, "site", "")
    if actor.sites is None or site == "" or site in actor.sites:
        return
    if site is None:
        raise Problem(403, "not_permitted", f"{actor.name!r} is for some sites only: name one of them as `site`.")
    raise NotFound("site", site)
