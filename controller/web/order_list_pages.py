"""The list of orders: filters, sorting, columns, saved views with their numbers, rows to choose; a page of a million at a time."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlencode

from aiohttp import web

from controller import db
from controller.customers import home, order_addresses
from controller.customers import queries as customers
from controller.errors import DomainError
from controller.http.auth import require
from controller.http.routing import Actor, BadParameter, Permission, number, page
from controller.orders import listing, saved, tags
from controller.orders import queries as orders
from controller.orders.batch_api import may_do
from controller.orders.flags import FlagKind, blocking
from controller.orders.listing import COUNTED, Sort, Wanted
from controller.orders.queries import StoredOrder
from controller.orders.saved import StoredView
from controller.orders.states import TAGGING, Bulk, OrderState
from controller.payments.policies import PaymentState
from controller.payments.stored import balances
from controller.people.queries import grants_of
from controller.sites.queries import sites as sites_of
from controller.tracking.board import Stage, clocks_of
from controller.web.access import actor_of
from controller.web.forms import Sent, sent_by
from controller.web.list_files import AT_ONCE, ListFile, send
from controller.web.order_filters import COLUMNS, LATE, Asked, Due, asked_in, asked_of
from controller.web.pages import Pages, new_key, page_request, text_of
from controller.web.routes import PageRoute, see_other
from controller.web.shown import MAX_SITES
from edge_agent.wire.roles import Role

SECTION: Final = "/orders"
DONE: Final = frozenset({"saved", "forgotten"})
KEPT_SECONDS: Final = 10
"""A number beside a view is that old at most; while it is, it is counted for all who see the same."""
AT_A_LOOK: Final = 500
PER_PHONE: Final = 20
LOOKS: Final = 4
"""The last digits of a telephone are compared with so many orders at a time, so often: each order has a hash of its own."""
BUILT_IN: Final = (
    ("review", "stage=review"),
    ("release", "stage=release"),
    ("late", "stage=late"),
    ("problem", "stage=problem"),
    ("unpaid", "payment=pending"),
    ("approved", "state=approved"),
)


@dataclass(frozen=True, slots=True)
class FoundByPhone:
    """`below`: older orders than this id may fit, too; 0: none do."""

    ids: list[int]
    below: int


@dataclass(frozen=True, slots=True)
class ShownView:
    """`view` None: one of ours.  `count` None: not counted yet."""

    name: str
    query: str
    view: StoredView | None
    count: int | None
    is_here: bool


@dataclass(slots=True)
class Counts:
    """Numbers of orders by what is asked for and who asks, for some seconds."""

    _kept: dict[tuple[str, frozenset[str] | None], tuple[float, int]] = field(default_factory=dict)

    async def of(self, query: str, actor: Actor) -> int:
        key, at = (query, actor.sites), db.now()
        known = self._kept.get(key)
        if known is not None and known[0] > at.timestamp():
            return known[1]
        asked = asked_in(query, sees_money=actor.may(Permission.PAYMENTS_READ))
        found = await listing.count(asked.wanted(at), sites_of_asked(asked, actor))
        if len(self._kept) > 500:
            self._kept.clear()
        self._kept[key] = (at.timestamp() + KEPT_SECONDS, found)
        return found

    def known(self, query: str, actor: Actor) -> int | None:
        found = self._kept.get((query, actor.sites))
        return None if found is None else found[1]


def sites_of_asked(asked: Asked, actor: Actor) -> frozenset[str] | None:
    """Whose orders somebody finds: by money, those whose money they may see."""
    return (actor.at(Permission.ORDERS_READ, Permission.PAYMENTS_READ) if asked.payment else actor).sites


@dataclass(frozen=True, slots=True)
class OrderListPages:
    pages: Pages
    counts: Counts = field(default_factory=Counts)

    async def listing(self, request: web.Request) -> web.StreamResponse:
        return await self.show(request)

    async def show(
        self,
        request: web.Request,
        *,
        error: str = "",
        sent: Sent | None = None,
        status: int = 200,
        found: FoundByPhone | None = None,
    ) -> web.Response:
        """`found`: of these orders only, as somebody looked for them by what stands in no address."""
        actor = actor_of(request).at(Permission.ORDERS_READ)
        require(actor, Permission.ORDERS_READ)
        asked = self.asked(request, sent)
        values = await self._rows(request, asked, actor, None if found is None else found.ids)
        is_fragment = request.headers.get("HX-Request") == "true" and request.method == "GET"
        done = text_of(request, "done")
        values |= {
            **await _choices(actor),
            "asked": asked,
            "views": await self._views(asked, actor, is_counting=is_fragment),
            "roles": list(Role),
            "found_by_phone": found is not None,
            "older_by_phone": 0 if found is None else found.below,
            "typed": dict(sent.fields) if sent else {},
            "done": done if done in DONE else "",
            "error": error,
            "look_account": actor.account,
            "new_key": new_key,
            "is_fragment": is_fragment,
            "filters": urlencode(asked.filters),
            "chips": [(name, value, _address(asked.without(name), {})) for name, value in asked.filters.items()],
        }
        return await self.pages.show(request, "orders.html", SECTION, values, status=status)

    def asked(self, request: web.Request, sent: Sent | None = None) -> Asked:
        """From the address; of a form, what its list was asked for."""
        sees_money = actor_of(request).may(Permission.PAYMENTS_READ)
        if sent is not None:
            return asked_in(sent.field("query"), sees_money=sees_money)
        return asked_of(list(request.query.items()), sees_money=sees_money)

    async def _rows(self, request: web.Request, asked: Asked, actor: Actor, found: Sequence[int] | None) -> dict[str, object]:
        wanted, at, turn = asked.wanted(db.now()), db.now(), page_request(request)
        if found is not None:
            wanted = Wanted(ids=found)
        sites = sites_of_asked(asked, actor)
        try:
            rows = await orders.sorted_orders(asked.sort, after=turn.after, limit=turn.limit, wanted=wanted, sites=sites)
        except orders.BadCursor as error:
            raise BadParameter("after", "a cursor as an earlier page gave it") from error
        shown = page(rows, turn, key=lambda order: orders.cursor_of(order, asked.sort))
        ids = [order.id for order in shown.items]
        per = {"per": str(turn.per)} if request.query.get("per") else {}
        first = _address(asked, per)
        money = actor.at(Permission.ORDERS_READ, Permission.PAYMENTS_READ)
        return {
            "orders": shown.items,
            "flags": await blocking(ids),
            "clocks": await clocks_of(ids, at) if "clock" in asked.columns else {},
            "money": await _money(shown.items, money) if "payment" in asked.columns else {},
            "names_of_customers": await _names(shown.items, actor) if "customer" in asked.columns else {},
            "count": len(ids) if found is not None else await listing.count(wanted, sites),
            "counted": COUNTED,
            "upto": max(ids, default=0) if not turn.after and asked.sort is Sort.NEWEST else await _newest(),
            "next_page": "" if shown.next is None else _address(asked, {**per, "after": shown.next}),
            "first_page": first,
            "per": turn.per,
        }

    async def _views(self, asked: Asked, actor: Actor, *, is_counting: bool) -> list[ShownView]:
        """Ours and people's, each with its number if it is known or is to be counted now."""
        stored = await saved.views(actor.account, await _roles(actor))
        every: list[tuple[str, str, StoredView | None]] = [
            (name, query, None) for name, query in BUILT_IN if name != "unpaid" or actor.may(Permission.PAYMENTS_READ)
        ]
        every += [(view.name, view.query, view) for view in stored]
        found = []
        for name, query, view in every:
            count = await self.counts.of(query, actor) if is_counting else self.counts.known(query, actor)
            found.append(ShownView(name, query, view, count, query == asked.query))
        return found

    async def by_phone(self, request: web.Request) -> web.StreamResponse:
        """Found in the answer of a form: what was typed stands in no address."""
        sent = sent_by(request)
        typed = "".join(sent.field("sealed_phone").split())
        try:
            before = number(sent.field("before") or "0", "before")
            found = await self._with_phone(typed, self.asked(request, sent), sent.actor, before)
        except DomainError as refused:
            return await self.show(request, error=refused.code, sent=sent, status=422)
        return await self.show(request, sent=sent, found=found)

    async def _with_phone(self, typed: str, asked: Asked, actor: Actor, before: int) -> FoundByPhone:
        """A page of orders below the id `before`; of four digits, of those that match the filters."""
        if len(typed) != 4 or not (typed.isascii() and typed.isdigit()):
            ids = await order_addresses.orders_by_phone(typed, country=home.country(), limit=PER_PHONE + 1, before=before)
            return FoundByPhone(ids[:PER_PHONE], ids[PER_PHONE - 1] if len(ids) > PER_PHONE else 0)
        sites, wanted, ids, below = sites_of_asked(asked, actor), asked.wanted(db.now()), list[int](), before
        for _ in range(LOOKS):
            rows = await listing.page_of(wanted, before=below or None, limit=AT_A_LOOK, sites=sites)
            for order_id in await order_addresses.ending_in([row["id"] for row in rows], typed):
                if len(ids) == PER_PHONE:
                    return FoundByPhone(ids, ids[-1])
                ids.append(order_id)
            if len(rows) < AT_A_LOOK:
                return FoundByPhone(ids, 0)
            below = rows[-1]["id"]
        return FoundByPhone(ids, below)

    async def save_view(self, request: web.Request) -> web.StreamResponse:
        sent = sent_by(request)
        require(sent.actor, Permission.ORDERS_READ)
        asked, role = self.asked(request, sent), sent.field("role")
        try:
            chosen = Role(role) if role in set(Role) else None
            await sent.once(lambda: saved.save(sent.actor.account, sent.field("name"), asked.query, role=chosen))
        except DomainError as refused:
            return await self.show(request, error=refused.code, sent=sent, status=422)
        return see_other(_address(asked, {"done": "saved"}))

    async def forget_view(self, request: web.Request) -> web.StreamResponse:
        """The page that comes then is what the view showed: saving it again takes it back."""
        sent, gone = sent_by(request), list[StoredView]()
        require(sent.actor, Permission.ORDERS_READ)

        async def verb() -> None:
            gone.append(await saved.forget(sent.actor.account, number(request.match_info["id"], "id")))

        await sent.once(verb)
        asked = asked_in(gone[0].query) if gone else Asked()
        return see_other(_address(asked, {"done": "forgotten"}))


async def _choices(actor: Actor) -> dict[str, object]:
    """What the filters offer, and the verbs that somebody may use on many."""
    return {
        "states": list(OrderState),
        "kinds": list(FlagKind),
        "dues": list(Due),
        "payments": list(PaymentState) if actor.may(Permission.PAYMENTS_READ) else [],
        "stages": [*Stage, LATE],
        "sorts": list(Sort),
        "all_columns": [name for name in COLUMNS if _may_see(name, actor)],
        "sites": [site.id for site in await sites_of(limit=MAX_SITES, only=actor.sites)],
        "channels": await listing.channels(),
        "tags": await tags.known(),
        "verbs": [verb for verb in Bulk if may_do(actor, verb)],
        "tagging": TAGGING,
        "finds": actor.may(Permission.CUSTOMERS_FIND) and actor.at(Permission.CUSTOMERS_FIND).sites is None,
    }


def _may_see(column: str, actor: Actor) -> bool:
    needed = {"payment": Permission.PAYMENTS_READ, "customer": Permission.CUSTOMERS_READ}
    return column not in needed or actor.may(needed[column])


async def _money(shown: Sequence[StoredOrder], actor: Actor) -> Mapping[int, str]:
    if not actor.may(Permission.PAYMENTS_READ):
        return {}
    found = await balances([order.id for order in shown if order.is_seen_at(actor.sites)])
    return {order_id: balance.state.value for order_id, balance in found.items()}


async def _names(shown: Sequence[StoredOrder], actor: Actor) -> Mapping[int, str]:
    """By customer; masked."""
    if not actor.may(Permission.CUSTOMERS_READ):
        return {}
    sites = actor.at(Permission.ORDERS_READ, Permission.CUSTOMERS_READ).sites
    return await customers.masked_names([each.customer_id for each in shown if each.customer_id and each.is_seen_at(sites)])


async def _newest() -> int:
    rows = await db.fetch("SELECT MAX(id) AS newest FROM sales_order")
    return int(rows[0]["newest"] or 0)


async def _roles(actor: Actor) -> Collection[Role]:
    return {grant.role for grant in await grants_of(actor.name)} if actor.kind == "person" else set()


def _address(asked: Asked, more: Mapping[str, str]) -> str:
    query = "&".join(part for part in (asked.query, urlencode(more)) if part)
    return f"{SECTION}?{query}" if query else SECTION


# --- as a file ------------------------------------------------------------------------------------------------------------------


async def _piece(filters: Mapping[str, str], after: str, sites: Collection[str] | None) -> Sequence[object]:
    wanted = asked_of(list(filters.items())).wanted(db.now())
    return await orders.orders(before=int(after) if after else None, limit=AT_ONCE, wanted=wanted, sites=sites)


FILE: Final = ListFile(
    "orders",
    Permission.ORDERS_READ,
    _piece,
    "id",
    "no reference channel state site region delivery placed_at due_at total_minor currency is_stock_short pickup_code tags",
)


async def as_file(request: web.Request) -> web.StreamResponse:
    """All that match, the newest first."""
    actor = actor_of(request)
    asked = asked_of(list(request.query.items()), sees_money=actor.may(Permission.PAYMENTS_READ))
    return await send(request, FILE, asked.filters, sites_of_asked(asked, actor))


def order_list_routes(pages: Pages) -> list[PageRoute]:
    shown, may = OrderListPages(pages), Permission
    return [
        PageRoute("GET", SECTION, shown.listing, permission=may.ORDERS_READ),
        PageRoute("POST", "/orders-by-phone", shown.by_phone, permission=may.CUSTOMERS_FIND, whole_chain=True),
        PageRoute("POST", "/order-views", shown.save_view, permission=may.PERSON),
        PageRoute("POST", "/order-views/{id}/forget", shown.forget_view, permission=may.PERSON),
        PageRoute("GET", f"/lists/{FILE.name}.csv", as_file, permission=may.ORDERS_READ),
    ]
