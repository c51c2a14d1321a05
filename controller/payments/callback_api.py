"""Where providers call back, and what they told that fits nowhere yet."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct

from controller.http.routing import Call, Page, Permission, Route, page
from controller.payments.callbacks import CallbackState, StoredCallback, take, verified, waiting
from controller.payments.providers import SIGNATURE, TIME


class CallbackTaken(Struct, frozen=True, kw_only=True):
    """`waiting`: kept, for no payment of ours yet or before what it follows."""

    state: CallbackState


class CallbackView(Struct, frozen=True, kw_only=True):
    """`reference` is the provider's own of the payment; `event` names the movement."""

    id: int
    provider: str
    event: str
    reference: str
    kind: str
    amount_minor: int
    currency: str
    received_at: datetime
    state: CallbackState
    detail: str | None


async def called_back(call: Call[bytes]) -> CallbackTaken:
    """Signed: X-Shelfwire-Signature is the HMAC-SHA256, in hex, of X-Shelfwire-Time, a dot and the body.  docs/payments.md."""
    told = await verified(call.path["provider"], call.body, call.headers)
    return CallbackTaken(state=await take(call.path["provider"], told))


async def listing(call: Call[None]) -> Page[CallbackView]:
    found = await waiting(after=call.page.number(), limit=call.page.limit)
    shown = page(found, call.page, key=lambda told: str(told.id))
    return Page(items=[_view(told) for told in shown.items], next=shown.next)


def _view(told: StoredCallback) -> CallbackView:
    return CallbackView(
        id=told.id,
        provider=told.provider,
        event=told.event_id,
        reference=told.reference,
        kind=told.kind,
        amount_minor=told.amount_minor,
        currency=told.currency,
        received_at=told.received_at,
        state=told.state,
        detail=told.detail,
    )


_EXAMPLE = (
    b'{"id": "mv_81", "payment": "pay_17", "kind": "captured", "amount_minor": 11300, "currency": "CNY", '
    b'"at": "2026-11-22T10:15:00Z", "key": "sw-4f1c09b2a7d35e6810ffac21"}'
)

ROUTES = [
    Route(
        "POST",
        "/api/v1/payment-callbacks/{provider}",
        called_back,
        permission=Permission.PUBLIC,
        body=bytes,
        accepts="application/json",
        reply=CallbackTaken,
        summary="A provider tells what became of a payment",
        example=_EXAMPLE,
        headers=(TIME, SIGNATURE),
        keyed_by_body=True,
    ),
    Route(
        "GET",
        "/api/v1/payment-callbacks",
        listing,
        permission=Permission.PAYMENTS_READ,
        reply=Page[CallbackView],
        summary="What providers told that fits nowhere yet, the oldest first",
        whole_chain=True,
    ),
]
