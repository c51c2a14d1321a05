"""Who calls.  Machines send `Authorization: Bearer <token>`; only the SHA-256 of a token is stored.

A browser may view the pages without a log-in where `[http] open_pages` says so (on only for a loopback binding, unless configured);
elsewhere it may log in with a token as the password (HTTP Basic, RFC 7617), until people have log-ins of their own.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import hashlib
import json
import secrets
from collections.abc import Iterable, Mapping

from controller.db import execute, fetch, now
from controller.errors import NotFound
from controller.http.errors import Problem
from controller.http.routing import Actor, Permission, Route

PREFIX = "sw_"
BASIC = 'Basic realm="Shelfwire"'
REMEMBER_SECONDS = 2.0
MAX_REMEMBERED = 10_000
ANYONE = Actor(name="anyone", permissions=frozenset())
VISITOR = Actor(
    name="visitor",
    permissions=frozenset(permission for permission in Permission if permission.value.endswith(".read"))
    | {Permission.CATALOG_WRITE, Permission.FLEET_WRITE, Permission.FULFILMENT_WRITE, Permission.ORDERS_WRITE, Permission.PUBLIC},
)
"""Someone at the controller's own machine, where pages are open: sees everything, may do what the pages have buttons for."""


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

    async def by_basic(self, header: str | None) -> Actor:
        """A token as the password of HTTP Basic; the user name is ignored.  Raises Problem 401."""
        scheme, _, encoded = (header or "").partition(" ")
        try:
            password = base64.b64decode(encoded, validate=True).decode().partition(":")[2]
        except (binascii.Error, UnicodeDecodeError):
            password = ""
        if scheme.lower() != "basic" or not password:
            raise unauthenticated("This page needs a log-in: any name, and a token as the password.", challenge=BASIC)
        return await self.actor(password, challenge=BASIC)

    async def actor(self, token: str, *, challenge: str = "Bearer") -> Actor:
        """Whose token this is.  Raises Problem 401."""
        digest = hash_of(token)
        now = asyncio.get_running_loop().time()
        known = self._known.get(digest)
        if known is not None and known[0] > now:
            return known[1]
        actor = await _stored_actor(digest)
        if actor is None:
            self._known.pop(digest, None)
            raise unauthenticated("The token is not known here.", challenge=challenge)
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


def unauthenticated(detail: str, *, challenge: str = "Bearer") -> Problem:
    return Problem(401, "not_authenticated", detail, headers={"WWW-Authenticate": challenge})


def require(actor: Actor, permission: Permission) -> None:
    """Raises Problem 403."""
    if not actor.may(permission):
        raise Problem(403, "not_permitted", f"{actor.name!r} lacks the permission `{permission.value}`.")


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
