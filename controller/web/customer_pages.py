"""The pages of customers: found by what is exactly theirs, masked until somebody asks, who is recorded.

Personal data come and go in the bodies of forms, never in an address: fields that begin with `sealed_` are kept out of what is
stored of a form, and what is shown in clear is the answer of a form, which no reload repeats unasked.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import date

from aiohttp import web

from controller import events
from controller.customers import erasing, home, merging, operations, queries, sealing
from controller.customers.addresses import Address
from controller.customers.errors import BadCustomer
from controller.customers.identities import known_by
from controller.customers.numbers import CUSTOMERS
from controller.customers.operations import Change
from controller.customers.policies import MergeReason, Preferences, Profile
from controller.errors import DomainError, NotFound
from controller.http.routing import Actor, Permission, page
from controller.orders import queries as orders
from controller.orders.listing import Wanted as WantedOrders
from controller.orders.listing import visible
from controller.orders.queries import StoredOrder
from controller.tracking import forgetting
from controller.tracking.buyers import forget_buyer
from controller.tracking.reasons import require_reason
from controller.web.access import actor_of
from controller.web.forms import Sent, sent_by
from controller.web.pages import Pages, Values, new_key, page_request, paged, text_of
from controller.web.routes import PageRoute, see_other
from controller.web.shown import account_of, names_of
from edge_agent.ui.locales import Language

SECTION = "/customers"
DONE = frozenset({"saved", "rated", "noted", "merged", "apart", "undone", "asked", "erased"})
MOST_ORDERS = 50
Verb = Callable[[Sent, int], Awaitable[object]]


@dataclass(frozen=True, slots=True)
class CustomerPages:
    pages: Pages

    async def listing(self, request: web.Request) -> web.StreamResponse:
        """The newest, to who sees the whole chain; everybody else searches."""
        wanted, actor = page_request(request), actor_of(request)
        values: dict[str, object] = {"customers": None, "next": None}
        if actor.sites is None:
            rows = page(await queries.customers(before=wanted.number() or None, limit=wanted.limit), wanted, key=lambda row: row.id)
            values = {"customers": rows.items, "next": rows.next, "complete": await queries.how_complete()}
        return await self._list(request, paged(request, values))

    async def find(self, request: web.Request) -> web.StreamResponse:
        """Found in the answer of a form: what was typed stands in no address."""
        typed = sent_by(request).field("sealed_q")
        error, found = "" if typed else "nothing_typed", list[queries.StoredCustomer]()
        try:
            found = await queries.found(typed, country=home.country())
        except DomainError as refused:
            error = refused.code
        values = {"customers": found, "typed": typed, "next_page": "", "first_page": SECTION, "error": error}
        return await self._list(request, values, status=(409 if typed else 422) if error else 200)

    async def _list(self, request: web.Request, values: Values, status: int = 200) -> web.Response:
        done = request.query.get("done") == "buyer_erased"
        shown = {"is_buyer_erased": done, "buyer_error": "", "message": "", **values}
        shown = {"typed": None, "error": "", "complete": None, "trouble": sealing.trouble(), "new_key": new_key, **shown}
        return await self.pages.show(request, "customers.html", SECTION, shown, status=status)

    async def erase_buyer(self, request: web.Request) -> web.StreamResponse:
        """Somebody without a record: nothing of what was typed is shown again, nor stands in an address."""
        sent = sent_by(request)
        try:
            await sent.once(lambda: _erase_buyer(sent))
        except DomainError as refused:
            told = {"customers": None, "next_page": "", "first_page": SECTION, "buyer_error": refused.code, "message": str(refused)}
            return await self._list(request, told, status=409)
        return see_other(f"{SECTION}?done=buyer_erased")

    async def doubles(self, request: web.Request) -> web.StreamResponse:
        wanted = page_request(request)
        one, _, other = (wanted.after or "0-0").partition("-")
        after = (int(one), int(other)) if one.isdecimal() and other.isdecimal() else (0, 0)
        rows = page(await merging.suggestions(after=after, limit=wanted.limit), wanted, key=lambda row: f"{row.one}-{row.other}")
        people = {each: await queries.customer(each) for row in rows.items for each in (row.one, row.other)}
        values = paged(request, {"rows": rows.items, "people_by_id": people, "next": rows.next})
        shown = {**values, "reasons": list(MergeReason), "new_key": new_key}
        return await self.pages.show(request, "customer_doubles.html", SECTION, shown)

    async def new(self, request: web.Request) -> web.StreamResponse:
        return await self._new(request, None)

    async def _new(self, request: web.Request, typed: Profile | None, error: DomainError | None = None) -> web.Response:
        told = {"error": error.code if error else "", "message": str(error) if error else ""}
        values: Values = {"typed_profile": typed, "new_key": new_key, **told}
        return await self.pages.show(request, "customer_new.html", SECTION, values, status=422 if error else 200)

    async def add(self, request: web.Request) -> web.StreamResponse:
        sent = sent_by(request)
        added: list[int] = []

        async def verb() -> None:
            profile, likes = _profile(sent, Profile()), _preferences(sent)
            added.append(await operations.add_customer(profile, likes, country=home.country(), language=_language(sent)))

        try:
            await sent.once(verb)
        except DomainError as error:
            return await self._new(request, _typed(sent), error)
        raise web.HTTPSeeOther(f"{SECTION}/{CUSTOMERS.number(added[0])}?done=saved" if added else SECTION)

    async def customer(self, request: web.Request) -> web.StreamResponse:
        return await self._customer(request)

    async def reveal(self, request: web.Request) -> web.StreamResponse:
        """In clear, once, in the answer of a form, for who has a reason; recorded."""
        sent, shown = sent_by(request), list[tuple[Profile, list[queries.Note]]]()

        async def verb() -> None:
            actor = actor_of(request)
            await require_reason(_id(request), actor.account, actor.sites)
            shown.append(await erasing.reveal(_id(request)))

        try:
            await sent.acting(verb)
        except DomainError as error:
            return await self._customer(request, error)
        return await self._customer(request, revealed=shown[0])

    async def _customer(
        self,
        request: web.Request,
        error: DomainError | None = None,
        revealed: tuple[Profile, list[queries.Note]] | None = None,
    ) -> web.Response:
        row, actor = await queries.customer(_id(request)), actor_of(request)
        family = await queries.family(row.id)
        history = await events.happened_to(row.no, limit=50)
        done = text_of(request, "done")
        values: Values = {
            "row": row,
            "revealed": revealed,
            "known": sorted({(each.identity.kind.value, each.identity.channel) for each in await known_by(family)}),
            "orders": await _orders(row.id, actor),
            "doubles": await _doubles(row.id),
            "merges": await merging.merges_of(family),
            "number": CUSTOMERS.number,
            "reasons": list(MergeReason),
            "history": history,
            "names": await names_of(account_of(event.actor) for event in history),
            "trouble": sealing.trouble(),
            "under_way": await forgetting.under_way(await forgetting.orders_of(row.id)) if row.erasure_asked_at else [],
            "done": done if done in DONE else "",
            "error": error.code if error else "",
            "message": str(error) if error else "",
            "new_key": new_key,
        }
        return await self.pages.show(request, "customer.html", SECTION, values, status=409 if error else 200)

    def does(self, verb: Verb, done: str) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        """The handler of a form on a customer's page."""

        async def handle(request: web.Request) -> web.StreamResponse:
            sent, customer_id = sent_by(request), _id(request)
            try:
                await sent.once(lambda: verb(sent, customer_id))
            except DomainError as error:
                return await self._customer(request, error)
            raise web.HTTPSeeOther(f"{SECTION}/{CUSTOMERS.number(customer_id)}?done={done}")

        return handle

    async def export(self, request: web.Request) -> web.StreamResponse:
        """All that is stored of somebody, as a file."""
        sent, made = sent_by(request), list[bytes]()

        async def verb() -> None:
            made.append(forgetting.encoded(await forgetting.export(_id(request))))

        try:
            await sent.acting(verb)
        except DomainError as error:
            return await self._customer(request, error)
        name = f'attachment; filename="{request.match_info["customer"]}.json"'
        headers = {"Content-Disposition": name, "Cache-Control": "private, no-store"}
        return web.Response(body=made[0], content_type="application/json", headers=headers)


def _id(request: web.Request) -> int:
    """Raises NotFound."""
    return CUSTOMERS.row_id(request.match_info["customer"])


async def _orders(customer_id: int, actor: Actor) -> list[StoredOrder]:
    """The newest of a customer's that this viewer sees."""
    ids = await forgetting.orders_of(customer_id, limit=MOST_ORDERS)
    seen = await visible(ids, actor.sites) if ids else []
    return await orders.orders(before=None, limit=MOST_ORDERS, wanted=WantedOrders(ids=seen)) if seen else []


async def _doubles(customer_id: int) -> list[tuple[queries.StoredCustomer, list[str]]]:
    """Others who share something, and what."""
    return [
        (await queries.customer(found.other if found.one == customer_id else found.one), [kind.value for kind in found.kinds])
        for found in await merging.suggestions(of=customer_id)
    ]


def _language(sent: Sent) -> str | None:
    return sent.field("language") if sent.field("language") in set(Language) else None


def _preferences(sent: Sent) -> Preferences:
    """Raises BadCustomer."""
    texts = {name: sent.field(name) for name in ("delivery", "payment", "contact_by")}
    for name, text in texts.items():
        if len(text) > 40 or not all(character.isascii() and (character.isalnum() or character in "_.-") for character in text):
            raise BadCustomer(name, "a code of at most 40 letters and digits")
    return Preferences(**texts, marketing=sent.field("marketing") == "yes")


def _profile(sent: Sent, before: Profile) -> Profile:
    """What was typed; the first address is the one on the page, others stay.  Raises BadCustomer."""
    fields = ("name", "phone", "province", "city", "district", "street", "postcode")
    typed = {name: sent.field(f"sealed_address_{name}") for name in fields}
    country = sent.field("sealed_address_country").upper() or "CN"
    first = (Address(country=country, **typed),) if any(typed.values()) else ()
    return Profile(
        name=sent.field("sealed_name"),
        phone=sent.field("sealed_phone"),
        email=sent.field("sealed_email"),
        company=sent.field("sealed_company"),
        birthday=_day(sent.field("sealed_birthday")),
        addresses=(*first, *before.addresses[1:]),
    )


def _typed(sent: Sent) -> Profile | None:
    """To be shown again."""
    try:
        return _profile(sent, Profile())
    except BadCustomer:
        return None


def _day(text: str) -> date | None:
    """Raises BadCustomer."""
    try:
        return date.fromisoformat(text) if text else None
    except ValueError as error:
        raise BadCustomer("birthday", "a date such as 1990-01-31") from error


async def _change(sent: Sent, customer_id: int) -> None:
    version = sent.field("version")
    if not version.isdecimal() or len(version) > 9:
        raise BadCustomer("version", "the one of the page")
    profile = _profile(sent, await queries.profile_of(customer_id))
    change = Change(
        version=int(version), profile=profile, preferences=_preferences(sent), language=_language(sent), country=home.country()
    )
    await operations.change_customer(customer_id, change)


async def _rate(sent: Sent, customer_id: int) -> None:
    await operations.rate(customer_id, grade=sent.field("grade") or None, credit=sent.field("credit") or None)


async def _note(sent: Sent, customer_id: int) -> None:
    await operations.add_note(customer_id, sent.field("sealed_text"))


async def _merge(sent: Sent, customer_id: int) -> None:
    reason = sent.field("reason")
    if reason not in set(MergeReason):
        raise BadCustomer("reason", "one that the page offers")
    await merging.merge(customer_id, CUSTOMERS.row_id(sent.field("other").upper()), MergeReason(reason))


async def _apart(sent: Sent, customer_id: int) -> None:
    await merging.tell_apart(customer_id, CUSTOMERS.row_id(sent.field("other").upper()))


async def _undo(sent: Sent, customer_id: int) -> None:
    """One of this customer's own.  Raises NotFound."""
    own = {merge.id for merge in await merging.merges_of(await queries.family(customer_id))}
    if sent.field("merge") not in own:
        raise NotFound("merge", sent.field("merge"))
    await merging.undo(sent.field("merge"))


async def _erase_buyer(sent: Sent) -> None:
    phone, email = sent.field("sealed_phone"), sent.field("sealed_email")
    await forget_buyer(sent.field("order").strip().upper(), phone=phone, email=email, country=home.country())


async def _erase(_: Sent, customer_id: int) -> None:
    await forgetting.ask_and_forget(customer_id)


def customer_routes(pages: Pages) -> list[PageRoute]:
    customers, may = CustomerPages(pages), Permission
    read, write, one = may.CUSTOMERS_READ, may.CUSTOMERS_WRITE, f"{SECTION}/{{customer}}"
    forms = [
        (f"{one}/change", _change, "saved", may.CUSTOMERS_REVEAL),
        (f"{one}/rate", _rate, "rated", write),
        (f"{one}/notes", _note, "noted", write),
        (f"{one}/merge", _merge, "merged", write),
        (f"{one}/apart", _apart, "apart", write),
        (f"{one}/undo", _undo, "undone", write),
        (f"{one}/erase", _erase, "asked", may.CUSTOMERS_ERASE),
    ]
    return [
        PageRoute("GET", SECTION, customers.listing, permission=read),
        PageRoute("POST", f"{SECTION}/find", customers.find, permission=may.CUSTOMERS_FIND),
        PageRoute("GET", f"{SECTION}/new", customers.new, permission=write),
        PageRoute("POST", SECTION, customers.add, permission=write),
        PageRoute("POST", f"{SECTION}/erase-buyer", customers.erase_buyer, permission=may.CUSTOMERS_ERASE, whole_chain=True),
        PageRoute("GET", f"{SECTION}/doubles", customers.doubles, permission=read, whole_chain=True),
        PageRoute("GET", one, customers.customer, permission=read),
        PageRoute("POST", f"{one}/reveal", customers.reveal, permission=may.CUSTOMERS_REVEAL),
        PageRoute("POST", f"{one}/export", customers.export, permission=may.CUSTOMERS_REVEAL, whole_chain=True),
        *(
            PageRoute("POST", path, customers.does(verb, done), permission=needs, whole_chain=needs is may.CUSTOMERS_ERASE)
            for path, verb, done, needs in forms
        ),
    ]
