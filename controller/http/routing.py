"""The route table: what a feature's `api.py` writes, and what the HTTP side hands to its handlers.

A feature exports `ROUTES`; `controller/http/table.py` lists them, and `build.py` turns them into an aiohttp application::

    class PlaceOrder(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
        no: Annotated[str, Meta(min_length=1, max_length=40)]
        lines: Annotated[list[Line], Meta(min_length=1, max_length=500)]

    async def place(call: Call[PlaceOrder]) -> Created[OrderView]:
        order = await operations.place(no=call.body.no, lines=call.body.lines)
        return Created(order, location=f"/api/v1/orders/{order.no}")

    async def listing(call: Call[None]) -> Page[OrderView]:
        rows = await queries.orders(after=call.page.after, limit=call.page.limit, state=call.query.get("state"))
        return page(rows, call.page, key=lambda order: order.no)

    ROUTES = [
        Route("POST", "/api/v1/orders", place, permission=Permission.ORDERS_WRITE, body=PlaceOrder, reply=OrderView,
              summary="Place an order", example=PlaceOrder(no="1001", lines=[…])),
        Route("GET", "/api/v1/orders", listing, permission=Permission.ORDERS_READ, reply=Page[OrderView],
              summary="List orders", filters={"state": "only orders in this state"}),
    ]

A write (POST, PUT, PATCH, DELETE) runs inside one `transaction()` together with its idempotency row, with `events.acting` set: the
handler opens none of its own, does no I/O but the database's, and may run again after a serialization failure.  A read has none.
Handlers raise DomainErrors; `http/errors.py` turns them into answers.  A query parameter must be declared in `filters` (`after` and
`per` belong to every route whose reply is a Page; a numeric cursor is `call.page.number()`, a numeric filter `number(text, name)`).
A token of some sites only reaches `{site}` in a path and `site` in a body if it is one of them (`http/auth.py` sees to that), and
no route with `whole_chain`; handlers filter what else they show by `call.actor.sites`.
Raw bodies (CSV): `body=bytes, accepts="text/csv"`.  Raw answers: return `Reply`.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, Generic, Literal, TypeVar, get_origin

import msgspec

T = TypeVar("T")
B = TypeVar("B")

WRITES = frozenset({"POST", "PUT", "PATCH", "DELETE"})
PER_DEFAULT = 50
PER_MAX = 200
PLAIN = r"^[^\x00-\x1f\x7f]*$(?!\n)"
"""Pattern of a text on one line; `$` alone lets a line end pass."""
_PATH = re.compile(r"(/([a-z0-9._-]+|\{[a-z_]+\}))+")


class BadParameter(ValueError):
    """A query parameter that cannot be read; answered with 400."""

    def __init__(self, name: str, expected: str) -> None:
        super().__init__(f"query parameter `{name}`: expected {expected}")
        self.name = name


def number(text: str, name: str) -> int:
    """A whole number from a query parameter.  Raises BadParameter."""
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        raise BadParameter(name, "a whole number of at most 18 digits")
    return int(text)


class Permission(StrEnum):
    """What an actor may do.  `PUBLIC` asks for nobody, `BOX` is what boxes carry, `PERSON` what everybody has who is logged in."""

    PUBLIC = "public"
    BOX = "box"
    PERSON = "person"
    PEOPLE_READ = "people.read"
    PEOPLE_WRITE = "people.write"
    CATALOG_READ = "catalog.read"
    CATALOG_WRITE = "catalog.write"
    SITES_READ = "sites.read"
    SITES_WRITE = "sites.write"
    TASKS_READ = "tasks.read"
    TASKS_WRITE = "tasks.write"
    TASKS_MANAGE = "tasks.manage"
    STOCK_READ = "stock.read"
    STOCK_WRITE = "stock.write"
    COUNTS_READ = "counts.read"
    COUNTS_WRITE = "counts.write"
    COUNTS_PLAN = "counts.plan"
    COUNTS_REVIEW = "counts.review"
    COUNTS_APPROVE = "counts.approve"
    PURCHASING_READ = "purchasing.read"
    PURCHASING_WRITE = "purchasing.write"
    TRANSFERS_READ = "transfers.read"
    TRANSFERS_WRITE = "transfers.write"
    SALES_READ = "sales.read"
    SALES_WRITE = "sales.write"
    PRICES_READ = "prices.read"
    PRICES_WRITE = "prices.write"
    ORDERS_READ = "orders.read"
    ORDERS_WRITE = "orders.write"
    PAYMENTS_READ = "payments.read"
    PAYMENTS_WRITE = "payments.write"
    PAYMENTS_APPROVE = "payments.approve"
    TAXES_WRITE = "taxes.write"
    REVIEW_READ = "review.read"
    REVIEW_SERVICE = "review.service"
    REVIEW_FINANCE = "review.finance"
    REVIEW_RULES = "review.rules"
    CUSTOMERS_READ = "customers.read"
    CUSTOMERS_FIND = "customers.find"
    CUSTOMERS_REVEAL = "customers.reveal"
    CUSTOMERS_WRITE = "customers.write"
    CUSTOMERS_ERASE = "customers.erase"
    KEYS_WRITE = "keys.write"
    FULFILMENT_READ = "fulfilment.read"
    FULFILMENT_WRITE = "fulfilment.write"
    WAVES_MANAGE = "waves.manage"
    SHIPPING_MANAGE = "shipping.manage"
    SHIPPING_TELL = "shipping.tell"
    DOCUMENTS_READ = "documents.read"
    DOCUMENTS_WRITE = "documents.write"
    PRINTS_READ = "prints.read"
    PRINTS_WRITE = "prints.write"
    FLEET_READ = "fleet.read"
    FLEET_WRITE = "fleet.write"
    EVENTS_READ = "events.read"


Scope = frozenset[tuple[str | None, frozenset[Permission]]]
"""What somebody may do, site by site; under None, what they may do in the whole chain."""


@dataclass(frozen=True, slots=True)
class Actor:
    """Who calls: a token's name or a person's id, what they may do, and the sites that they may see (None: all).

    People have a `scope`, as they may do one thing here and another there: `permissions` and `sites` are all of it taken together,
    and `at` narrows the sites to those where something is allowed.  What a token may do, it may at all of its sites.
    """

    name: str
    permissions: frozenset[Permission]
    sites: frozenset[str] | None = None
    kind: Literal["token", "person", "page", "box"] = "token"
    scope: Scope | None = None

    @property
    def account(self) -> str:
        """How events name it."""
        return f"{self.kind}:{self.name}"

    def may(self, permission: Permission) -> bool:
        return permission is Permission.PUBLIC or permission in self.permissions

    def may_at(self, permission: Permission, site: str | None) -> bool:
        """At this site; None: in the whole chain."""
        sites = self.at(permission).sites
        return self.may(permission) and (sites is None or site in sites)

    def at(self, *permissions: Permission) -> Actor:
        """The same, seeing only the sites where it may do all of this."""
        if self.scope is None:
            return self
        wanted = set(permissions) - {Permission.PUBLIC}
        by_site = dict(self.scope)
        chain = by_site.get(None, frozenset())
        if wanted <= chain:
            return replace(self, sites=None)
        return replace(self, sites=frozenset(site for site, held in self.scope if site is not None and wanted <= held | chain))


@dataclass(frozen=True, slots=True)
class PageRequest:
    """Keyset paging: rows after the key `after`; ask the query for `limit` rows, one more than are shown."""

    after: str | None = None
    per: int = PER_DEFAULT

    @property
    def limit(self) -> int:
        return self.per + 1

    def number(self) -> int:
        """The cursor of a list that is in order of a number; 0 at its beginning.  Raises BadParameter."""
        return 0 if self.after is None else number(self.after, "after")


class Page(msgspec.Struct, Generic[T], frozen=True, kw_only=True):
    """One page; `next` is the `after` of the following one, None at the end."""

    items: list[T]
    next: str | None = None


def page(rows: Sequence[T], request: PageRequest, *, key: Callable[[T], object]) -> Page[T]:
    """The page that `request` asked for, from up to `request.limit` rows in key order."""
    shown = list(rows[: request.per])
    more = len(rows) > request.per
    return Page(items=shown, next=str(key(shown[-1])) if more and shown else None)


@dataclass(frozen=True, slots=True)
class Created(Generic[T]):
    """201 with a `Location`."""

    body: T
    location: str


@dataclass(frozen=True, slots=True)
class Reply:
    """A raw answer, for what is not JSON: a picture, a CSV file, a stored document."""

    body: bytes
    media_type: str
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Call(Generic[B]):
    """One request as its handler sees it; no aiohttp below this line.  `key` is the Idempotency-Key of a write."""

    actor: Actor
    body: B
    path: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    page: PageRequest = field(default_factory=PageRequest)
    key: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    """Those that the route names, as they came; one that was not sent is left out."""
    encodings: frozenset[str] = frozenset()
    """Content codings that the caller unpacks, such as `gzip`; those with a weight are left out."""


Method = Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
Handler = Callable[[Call[Any]], Awaitable[Any]]


class BadRoute(TypeError):
    """A route was declared in a way that cannot be served; raised at import."""


@dataclass(frozen=True, slots=True)
class Route:
    """One operation of the API.  Cannot be built without a permission (a `Permission`, not a word) and a summary."""

    method: Method
    path: str
    handler: Handler
    permission: Permission = field(kw_only=True)
    summary: str = field(kw_only=True)
    body: type[Any] | None = field(default=None, kw_only=True)
    reply: Any = field(default=None, kw_only=True)
    example: object = field(default=None, kw_only=True)
    filters: Mapping[str, str] = field(default_factory=dict, kw_only=True)
    accepts: str = field(default="application/json", kw_only=True)
    whole_chain: bool = field(default=False, kw_only=True)
    """It concerns all sites, so that a token of some of them may not use it."""
    before: Handler | None = field(default=None, kw_only=True)
    """Of a write: works out, before its transaction, what takes long; what it returns is the body that the handler gets."""
    confidential: bool = field(default=False, kw_only=True)
    """Body and answer hold a secret: neither the answer nor a hash of the body is kept with the Idempotency-Key."""

    headers: tuple[str, ...] = field(default=(), kw_only=True)
    """What else of the request's head the handler judges: a signature, say."""
    keyed_by_body: bool = field(default=False, kw_only=True)
    """Whoever calls has no Idempotency-Key to send: the same body again is the same write."""

    def __post_init__(self) -> None:
        where = f"route {self.method} {self.path}"
        if not isinstance(self.permission, Permission):
            raise BadRoute(f"{where} declares permission {self.permission!r}, expected a Permission")
        if not self.summary:
            raise BadRoute(f"{where} has no summary")
        if not _PATH.fullmatch(self.path):
            raise BadRoute(f"{where}: the path is not one of plain segments and {{names}}")
        if self.body is not None and not self.writes:
            raise BadRoute(f"{where} reads, but declares a body")
        if {"after", "per"} & set(self.filters):
            raise BadRoute(f"{where}: `after` and `per` come with every Page")

    @property
    def writes(self) -> bool:
        return self.method in WRITES

    @property
    def pages(self) -> bool:
        """Whether its reply is a `Page[…]`."""
        return (get_origin(self.reply) or self.reply) is Page

    @property
    def parameters(self) -> list[str]:
        """The names in the path, in order."""
        return re.findall(r"\{([a-z_]+)\}", self.path)
