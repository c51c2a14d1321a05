"""Money of orders over HTTP: what is due and paid, money taken, asked for, captured, given back."""

from __future__ import annotations

import re
from collections.abc import Mapping

from controller.errors import NotFound
from controller.http.routing import Actor, Call, Created, Page, Permission, Route, page
from controller.payments import accounts, capturing, operations, queries, refunds
from controller.payments.ledger import payment_row
from controller.payments.numbers import PAYMENTS
from controller.payments.policies import Means
from controller.payments.stored import Balance, balance_of
from controller.payments.views import (
    AccountView,
    AskRefund,
    BalanceView,
    CapturePayment,
    ConfirmRefund,
    OrderMoney,
    RefundView,
    Repay,
    SetCredit,
    SetRefundLimit,
    StartPayment,
    TakePayment,
    balance_view,
    entry_view,
    payment_view,
    refund_view,
)


async def require_balance(order_no: str, actor: Actor) -> Balance:
    """The money of an order that somebody may see.  Raises NotFound."""
    found = await queries.balance_by_no(order_no)
    if actor.sites is not None and found.site not in actor.sites:
        raise NotFound("money expected for order", order_no)
    return found


async def require_payment(payment_no: str, actor: Actor) -> Balance:
    """The money of the order that a payment is for.  Raises NotFound."""
    row = await payment_row(PAYMENTS.row_id(payment_no))
    found = await balance_of(row["order_id"])
    if actor.sites is not None and found.site not in actor.sites:
        raise NotFound(PAYMENTS.what, payment_no)
    return found


async def require_refund(refund_no: str, actor: Actor) -> None:
    """Raises NotFound."""
    await require_balance((await queries.refund(refund_no)).order_no, actor)


async def money_of(order_id: int) -> OrderMoney:
    balance = await balance_of(order_id)
    return OrderMoney(
        balance=balance_view(balance),
        payments=[payment_view(payment) for payment in balance.payments],
        entries=[entry_view(entry) for entry in await queries.entries(order_id)],
        refunds=[refund_view(each) for each in await queries.refunds(order_id)],
    )


async def listing(call: Call[None]) -> Page[BalanceView]:
    found = await queries.dues(
        sites=call.actor.sites, before=call.page.number() or None, limit=call.page.limit, q=call.query.get("q", "")
    )
    shown = page(found, call.page, key=lambda balance: str(balance.order_id))
    return Page(items=[balance_view(balance) for balance in shown.items], next=shown.next)


async def money(call: Call[None]) -> OrderMoney:
    return await money_of((await require_balance(call.path["no"], call.actor)).order_id)


async def take(call: Call[TakePayment]) -> Created[OrderMoney]:
    balance, body = await require_balance(call.path["no"], call.actor), call.body
    taking = operations.Taking(
        means=body.means, amount_minor=body.amount_minor, provider=body.provider, reference=body.reference, note=body.note
    )
    await operations.take(balance.order_id, taking)
    return Created(await money_of(balance.order_id), location=f"/api/v1/orders/{balance.order_no}/payments")


async def start(call: Call[StartPayment]) -> Created[OrderMoney]:
    """The answer comes at once; what the provider did is seen a moment later, in the order's payments or by events."""
    balance, body = await require_balance(call.path["no"], call.actor), call.body
    starting = capturing.Starting(means=body.means, provider=body.provider, amount_minor=body.amount_minor)
    await capturing.start(balance.order_id, starting)
    return Created(await money_of(balance.order_id), location=f"/api/v1/orders/{balance.order_no}/payments")


async def capture(call: Call[CapturePayment]) -> OrderMoney:
    balance = await require_payment(call.path["no"], call.actor)
    await capturing.capture(call.path["no"], call.body.amount_minor)
    return await money_of(balance.order_id)


async def void(call: Call[None]) -> OrderMoney:
    balance = await require_payment(call.path["no"], call.actor)
    await capturing.void(call.path["no"])
    return await money_of(balance.order_id)


async def refund(call: Call[AskRefund]) -> OrderMoney:
    """One refund per payment that gives back.  Above the limit it waits for a second person."""
    balance, body = await require_balance(call.path["no"], call.actor), call.body
    wanted = refunds.Refund(amount_minor=body.amount_minor, reason=body.reason, first=body.first, is_given=body.is_given)
    await refunds.refund(balance.order_id, wanted)
    return await money_of(balance.order_id)


async def approve(call: Call[None]) -> RefundView:
    await require_refund(call.path["no"], call.actor)
    await refunds.approve(call.path["no"])
    return refund_view(await queries.refund(call.path["no"]))


async def decline(call: Call[None]) -> RefundView:
    await require_refund(call.path["no"], call.actor)
    await refunds.decline(call.path["no"])
    return refund_view(await queries.refund(call.path["no"]))


async def confirm(call: Call[ConfirmRefund]) -> RefundView:
    await require_refund(call.path["no"], call.actor)
    await refunds.confirm_by_hand(call.path["no"], call.body.note)
    return refund_view(await queries.refund(call.path["no"]))


async def set_limit(call: Call[SetRefundLimit]) -> None:
    await refunds.set_refund_limit(_currency(call.path["currency"]), call.body.minor)


async def account(call: Call[None]) -> AccountView:
    return await _account(call.path)


async def set_credit(call: Call[SetCredit]) -> AccountView:
    await accounts.set_limit(_customer(call.path["customer"]), _currency(call.path["currency"]), call.body.limit_minor)
    return await _account(call.path)


async def repay(call: Call[Repay]) -> AccountView:
    body = call.body
    customer, currency = _customer(call.path["customer"]), _currency(call.path["currency"])
    await accounts.repay(customer, currency, body.amount_minor, document=body.reference, note=body.note)
    return await _account(call.path)


async def _account(path: Mapping[str, str]) -> AccountView:
    found = await accounts.account(_customer(path["customer"]), _currency(path["currency"]))
    return AccountView(
        customer_id=found.customer_id,
        currency=found.currency,
        limit_minor=found.limit_minor,
        owed_minor=found.owed_minor,
        left_minor=found.left_minor,
    )


def _customer(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 15):
        raise NotFound("customer", text)
    return int(text)


def _currency(text: str) -> str:
    if not _CURRENCY.fullmatch(text):
        raise NotFound("currency", text)
    return text


_CURRENCY = re.compile(r"[A-Z]{3}")
_READ, _WRITE, _APPROVE = Permission.PAYMENTS_READ, Permission.PAYMENTS_WRITE, Permission.PAYMENTS_APPROVE
_ACCOUNT = "/api/v1/customer-accounts/{customer}/{currency}"

ROUTES = [
    Route(
        "GET",
        "/api/v1/payments",
        listing,
        permission=_READ,
        reply=Page[BalanceView],
        summary="What orders are to be paid and were paid, the newest first",
        filters={"q": "an order's number"},
    ),
    Route(
        "GET",
        "/api/v1/orders/{no}/payments",
        money,
        permission=_READ,
        reply=OrderMoney,
        summary="An order's money: balance, payments, ledger, refunds",
    ),
    Route(
        "POST",
        "/api/v1/orders/{no}/payments",
        take,
        permission=_WRITE,
        body=TakePayment,
        reply=OrderMoney,
        summary="Take money that is here",
        example=TakePayment(means=Means.CARD_TERMINAL, amount_minor=11_300, reference="slip 0815"),
    ),
    Route(
        "POST",
        "/api/v1/orders/{no}/payments/start",
        start,
        permission=_WRITE,
        body=StartPayment,
        reply=OrderMoney,
        summary="Let a provider ask for money",
        example=StartPayment(means=Means.ONLINE, provider="acme"),
    ),
    Route(
        "POST",
        "/api/v1/payments/{no}/capture",
        capture,
        permission=_WRITE,
        body=CapturePayment,
        reply=OrderMoney,
        summary="Capture what is authorised",
        example=CapturePayment(amount_minor=11_300),
    ),
    Route(
        "POST",
        "/api/v1/payments/{no}/void",
        void,
        permission=_WRITE,
        reply=OrderMoney,
        summary="Give up what is authorised and not captured",
    ),
    Route(
        "POST",
        "/api/v1/orders/{no}/refunds",
        refund,
        permission=_WRITE,
        body=AskRefund,
        reply=OrderMoney,
        summary="Give money back",
        example=AskRefund(amount_minor=2500, reason="scratched on arrival"),
    ),
    Route(
        "POST",
        "/api/v1/refunds/{no}/approve",
        approve,
        permission=_APPROVE,
        reply=RefundView,
        summary="Agree to a refund, as a second person",
    ),
    Route("POST", "/api/v1/refunds/{no}/decline", decline, permission=_APPROVE, reply=RefundView, summary="Decline a refund"),
    Route(
        "POST",
        "/api/v1/refunds/{no}/confirm",
        confirm,
        permission=_WRITE,
        body=ConfirmRefund,
        reply=RefundView,
        summary="Say that money was given back by hand",
        example=ConfirmRefund(note="cash, receipt 17"),
    ),
    Route(
        "PUT",
        "/api/v1/refund-limits/{currency}",
        set_limit,
        permission=_APPROVE,
        body=SetRefundLimit,
        summary="Above which amount a refund needs a second person",
        example=SetRefundLimit(minor=50_000),
        whole_chain=True,
    ),
    Route(
        "GET",
        _ACCOUNT,
        account,
        permission=_READ,
        reply=AccountView,
        summary="What a customer owes, and may owe",
        whole_chain=True,
    ),
    Route(
        "PUT",
        _ACCOUNT,
        set_credit,
        permission=_APPROVE,
        body=SetCredit,
        reply=AccountView,
        summary="Let a customer buy on account, up to a limit",
        example=SetCredit(limit_minor=500_000),
        whole_chain=True,
    ),
    Route(
        "POST",
        f"{_ACCOUNT}/repayments",
        repay,
        permission=_WRITE,
        body=Repay,
        reply=AccountView,
        summary="A customer pays arrears",
        example=Repay(amount_minor=120_000, reference="bank 2026-11-22/17"),
        whole_chain=True,
    ),
]
