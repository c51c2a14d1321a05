"""The pages of money: what orders are to be paid and were paid, what does not add up, refunds that wait for somebody."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from aiohttp import web

from controller.errors import DomainError, NotFound
from controller.http.money_api import money_differences
from controller.http.routing import Actor, Permission, page
from controller.payments import callbacks, operations, queries, refunds
from controller.payments.api import money_of, require_balance, require_refund
from controller.payments.errors import BadPayment
from controller.payments.policies import Means, PayTerms
from controller.payments.stored import Balance
from controller.pricing.imports import BadCell, minor_of
from controller.web.access import actor_of
from controller.web.forms import Sent, sent_by
from controller.web.pages import Pages, Values, new_key, page_request, paged, text_of
from controller.web.routes import PageRoute
from controller.web.shown import account_of, names_of

SECTION: Final = "/payments"
DONE = frozenset({"taken", "refund", "approved", "declined", "confirmed"})
BY_HAND = (Means.CASH, Means.CARD_TERMINAL, Means.WECHAT, Means.ALIPAY, Means.BANK_TRANSFER, Means.GIFT_CARD, Means.CHANNEL)
"""What a person can say to have taken."""
Verb = Callable[[Sent, Balance], Awaitable[object]]
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, slots=True)
class PaymentPages:
    pages: Pages

    async def listing(self, request: web.Request) -> web.StreamResponse:
        wanted, actor, kind = page_request(request), actor_of(request), text_of(request, "show")
        values: dict[str, object] = {"show": kind, "may_see_told": actor.sites is None}
        if kind == "differences":
            found = await money_differences(sites=actor.sites, after=wanted.number(), limit=wanted.limit)
            some = page(found, wanted, key=lambda each: each.order_id)
            values |= {"differences": some.items, "next": some.next}
        elif kind == "untold" and actor.sites is None:
            told = page(await callbacks.waiting(after=wanted.number(), limit=wanted.limit), wanted, key=lambda each: each.id)
            values |= {"told": told.items, "next": told.next}
        else:
            q = text_of(request, "q")
            dues = await queries.dues(sites=actor.sites, before=wanted.number() or None, limit=wanted.limit, q=q)
            shown = page(dues, wanted, key=lambda each: each.order_id)
            values |= {"balances": shown.items, "next": shown.next, "show": ""}
        return await self.pages.show(request, "payments.html", SECTION, paged(request, values, "q", "show"))

    async def order(self, request: web.Request) -> web.StreamResponse:
        return await self._order(request, request.match_info["no"])

    async def _order(self, request: web.Request, order_no: str, error: str = "") -> web.Response:
        actor = actor_of(request)
        balance = await require_balance(order_no, actor)
        done = text_of(request, "done")
        values: Values = {
            **await money_values(balance, actor),
            "means": BY_HAND,
            "limit_minor": await refunds.limit_of(balance.currency),
            "done": done if done in DONE else "",
            "error": error,
            "new_key": new_key,
        }
        return await self.pages.show(request, "order_payments.html", SECTION, values, status=422 if error else 200)

    def of_order(self, verb: Verb, done: str) -> Handler:
        """The handler of a form about an order's money."""

        async def handle(request: web.Request) -> web.StreamResponse:
            sent = sent_by(request)
            return await self._do(sent, await require_balance(request.match_info["no"], sent.actor), verb, done)

        return handle

    def of_refund(self, verb: Callable[[str], Awaitable[object]], done: str) -> Handler:
        """The handler of a form about one refund."""

        async def handle(request: web.Request) -> web.StreamResponse:
            sent, refund_no = sent_by(request), request.match_info["refund"]
            await require_refund(refund_no, sent.actor)
            balance = await require_balance((await queries.refund(refund_no)).order_no, sent.actor)
            return await self._do(sent, balance, lambda *_: verb(refund_no), done)

        return handle

    async def _do(self, sent: Sent, balance: Balance, verb: Verb, done: str) -> web.StreamResponse:
        try:
            await sent.once(lambda: verb(sent, balance))
        except NotFound:
            raise
        except BadCell:
            return await self._order(sent.request, balance.order_no, "bad_cell")
        except DomainError as error:
            return await self._order(sent.request, balance.order_no, error.code)
        raise web.HTTPSeeOther(f"{SECTION}/{balance.order_no}?done={done}")


async def money_values(balance: Balance, actor: Actor) -> dict[str, object]:
    """What `order_money.html` shows; the order's page includes it, too."""
    money = await money_of(balance.order_id)
    people = [account_of(each.asked_by) for each in money.refunds] + [account_of(entry.actor) for entry in money.entries]
    return {"balance": balance, "money": money, "names": await names_of(people), "me": actor.account, "terms": PayTerms}


async def _take(sent: Sent, balance: Balance) -> None:
    taking = operations.Taking(
        means=_means(sent.field("means")),
        amount_minor=minor_of(sent.field("amount"), balance.currency),
        reference=sent.field("reference") or None,
    )
    await operations.take(balance.order_id, taking)


async def _refund(sent: Sent, balance: Balance) -> None:
    wanted = refunds.Refund(
        amount_minor=minor_of(sent.field("amount"), balance.currency),
        reason=sent.field("reason"),
        is_given=sent.field("given") == "yes",
    )
    await refunds.refund(balance.order_id, wanted)


def _means(text: str) -> Means:
    """Raises BadPayment."""
    if text not in set(BY_HAND):
        raise BadPayment("expected means that the page offers")
    return Means(text)


def payment_routes(pages: Pages) -> list[PageRoute]:
    shown, may = PaymentPages(pages), Permission
    refund = f"{SECTION}/refunds/{{refund}}"
    return [
        PageRoute("GET", SECTION, shown.listing, permission=may.PAYMENTS_READ),
        PageRoute("GET", f"{SECTION}/{{no}}", shown.order, permission=may.PAYMENTS_READ),
        PageRoute("POST", f"{SECTION}/{{no}}/take", shown.of_order(_take, "taken"), permission=may.PAYMENTS_WRITE),
        PageRoute("POST", f"{SECTION}/{{no}}/refund", shown.of_order(_refund, "refund"), permission=may.PAYMENTS_WRITE),
        PageRoute("POST", f"{refund}/approve", shown.of_refund(refunds.approve, "approved"), permission=may.PAYMENTS_APPROVE),
        PageRoute("POST", f"{refund}/decline", shown.of_refund(refunds.decline, "declined"), permission=may.PAYMENTS_APPROVE),
        PageRoute(
            "POST", f"{refund}/confirm", shown.of_refund(refunds.confirm_by_hand, "confirmed"), permission=may.PAYMENTS_WRITE
        ),
    ]
