"""What providers tell: once, twice, late, in any order, of payments nobody here knows.  Nothing is lost, nothing counted twice.

A callback is one row by (provider, event id).  What comes too early, or for no payment of ours, waits in sight until it fits.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct

from controller import db
from controller.errors import Forbidden
from controller.payments import calls, providers
from controller.payments.calls import Answer
from controller.payments.cards import refuse_card_numbers
from controller.payments.errors import BadPayment, NotCovered
from controller.payments.ledger import Movement, book
from controller.payments.numbers import PAYMENTS
from controller.payments.policies import EntryKind, fill
from controller.payments.refunds import refund_ended
from controller.payments.states import OPEN, CallState
from controller.tasks.operations import close_tasks, open_task

WINDOW = timedelta(minutes=5)
"""By how much a callback's time may differ from ours: an older one is a replay."""


class BadSignature(Forbidden):
    code = "bad_signature"


class CallbackState(StrEnum):
    """`WAITING`: for no payment of ours, or before what it follows.  `REJECTED`: for another currency."""

    WAITING = "waiting"
    APPLIED = "applied"
    REJECTED = "rejected"


class Callback(Struct, frozen=True, kw_only=True):
    """`id` names the movement, once per provider; `payment` is the provider's reference, `key` what we called it with."""

    id: Annotated[str, Meta(min_length=1, max_length=160)]
    payment: Annotated[str, Meta(min_length=1, max_length=128)]
    kind: Literal["authorised", "captured", "voided", "refunded", "failed", "chargeback", "settled"]
    amount_minor: Annotated[int, Meta(ge=1, le=10**12)]
    currency: Annotated[str, Meta(pattern=r"^[A-Z]{3}$")]
    at: datetime
    key: Annotated[str, Meta(max_length=64)] | None = None
    error: Annotated[str, Meta(max_length=200)] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredCallback:
    id: int
    provider: str
    event_id: str
    reference: str
    kind: str
    amount_minor: int
    currency: str
    received_at: datetime
    state: CallbackState
    detail: str | None


async def verified(provider: str, body: bytes, headers: Mapping[str, str]) -> Callback:
    """Raises BadSignature (an unknown provider, too), BadPayment (it cannot be read), CardNumberRefused."""
    try:
        secret = await providers.secret_of(provider)
    except providers.Unconfigured as error:
        raise BadSignature(f"provider {provider} is not configured to call back") from error
    moment, sent = headers.get(providers.TIME, ""), headers.get(providers.SIGNATURE, "")
    if not hmac.compare_digest(providers.signature(secret, moment, body).encode(), sent.encode(errors="replace")):
        raise BadSignature("the signature is not that of the body and its time")
    if not (moment.isascii() and moment.isdigit() and len(moment) <= 12):
        raise BadSignature("the time is not one in seconds since 1970")
    if abs(db.now() - datetime.fromtimestamp(int(moment), UTC)) > WINDOW:
        raise BadSignature("the time is more than five minutes away from ours: sign it anew")
    try:
        told = msgspec.json.decode(body, type=Callback)
    except msgspec.DecodeError as error:
        raise BadPayment(f"the callback cannot be read: {error}") from error
    if told.at.tzinfo is None or any("\0" in text for text in (told.id, told.payment, told.key or "", told.error or "")):
        raise BadPayment("the callback's time has no zone, or a text of it has U+0000")
    refuse_card_numbers({"id": told.id, "payment": told.payment, "key": told.key, "error": told.error})
    return told


async def take(provider: str, told: Callback) -> CallbackState:
    """Take in what a provider told; the same again changes nothing.  What it makes possible is taken in with it."""
    async with db.transaction():
        rows = await db.fetch(
            "INSERT INTO payment_callback (provider, event_id, reference, key, kind, amount_minor, currency, occurred_at, "
            "received_at, state, detail) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) "
            "ON CONFLICT (provider, event_id) DO NOTHING RETURNING *",
            *(provider, told.id, told.payment, told.key, told.kind, told.amount_minor, told.currency, db.utc(told.at), db.now()),
            *(CallbackState.WAITING.value, told.error),
        )
        if not rows:
            found = await db.fetch("SELECT state FROM payment_callback WHERE provider = ? AND event_id = ?", provider, told.id)
            return CallbackState(found[0]["state"])
        state = await _apply(rows[0])
        if state is CallbackState.APPLIED:
            await retry_waiting(provider, told.payment)
    return state


async def retry_waiting(provider: str, reference: str) -> None:
    """What was told of this payment too early may fit now; until nothing more does.  In the caller's transaction."""
    while True:
        waiting = await db.fetch(
            "SELECT * FROM payment_callback WHERE provider = ? AND reference = ? AND state = ? ORDER BY occurred_at, id",
            *(provider, reference, CallbackState.WAITING.value),
        )
        states = [await _apply(row) for row in waiting]
        if CallbackState.APPLIED not in states:
            return


async def _apply(row: db.Row) -> CallbackState:
    payments = await _payments_of(row)
    if not payments:
        await _unknown(row)
        return CallbackState.WAITING
    order_id = payments[0]["order_id"]
    await db.fetch(f"SELECT order_id FROM order_due WHERE order_id = ?{db.for_update()}", order_id)  # noqa: S608 -- of ours
    payments = await _payments_of(row)
    if row["currency"] != payments[0]["currency"]:
        return await _mark(row, CallbackState.REJECTED, f"{PAYMENTS.number(payments[0]['id'])} is in {payments[0]['currency']}")
    try:
        async with db.savepoint():
            await _book(row, payments)
    except NotCovered as error:
        return await _mark(row, CallbackState.WAITING, str(error))
    await db.execute("UPDATE payment_callback SET payment_id = ? WHERE id = ?", payments[0]["id"], row["id"])
    await _mark(row, CallbackState.APPLIED, row["detail"])
    await close_tasks(_key(row))
    for order in sorted({payment["order_id"] for payment in payments}):
        await refund_ended(order)
    return CallbackState.APPLIED


async def _payments_of(row: db.Row) -> list[db.Row]:
    """The payment that the provider means, whole before its parts; by its reference, or by the key that we called with."""
    found = await db.fetch(
        "SELECT * FROM payment WHERE provider = ? AND reference = ? ORDER BY (parent_id IS NOT NULL), id",
        *(row["provider"], row["reference"]),
    )
    if found or row["key"] is None:
        return found
    found = await db.fetch(
        "SELECT p.* FROM payment p JOIN payment_call c ON c.payment_id = p.id "
        "WHERE p.provider = ? AND c.key = ? AND p.reference IS NULL",
        *(row["provider"], row["key"]),
    )
    for payment in found:
        await db.execute("UPDATE payment SET reference = ? WHERE id = ? AND reference IS NULL", row["reference"], payment["id"])
    return found


async def _book(row: db.Row, payments: Sequence[db.Row]) -> None:
    kind = EntryKind(row["kind"])
    call = await _call_of(row, kind, payments)
    if kind is EntryKind.FAILED:
        await _failed(row, call, payments[0])
    elif call is not None:
        answer = Answer(amount_minor=row["amount_minor"], event_id=row["event_id"], occurred_at=row["occurred_at"])
        await calls.succeed(call["id"], answer)
    elif not (await _is_booked(row) or await _was_taken(row, kind, payments[0])):
        await _spread(row, kind, payments)


async def _is_booked(row: db.Row) -> bool:
    """Our call's answer was quicker than this callback."""
    found = await db.fetch(
        "SELECT 1 AS one FROM payment_entry WHERE provider = ? AND event_id = ? LIMIT 1", row["provider"], row["event_id"]
    )
    return bool(found)


async def _was_taken(row: db.Row, kind: EntryKind, payment: db.Row) -> bool:
    """A person took it down before the provider told it: the same money, under the same reference."""
    if kind is not EntryKind.CAPTURED or payment["expected_minor"]:
        return False
    found = await db.fetch(
        "SELECT 1 AS one FROM payment_entry WHERE payment_id = ? AND kind = ? AND amount_minor = ? AND event_id IS NULL LIMIT 1",
        *(payment["id"], kind.value, row["amount_minor"]),
    )
    return bool(found)


async def _call_of(row: db.Row, kind: EntryKind, payments: Sequence[db.Row]) -> db.Row | None:
    """The call of ours that it answers: by key; without one, the oldest open one of its kind for the same amount."""
    by_id = {payment["id"]: payment for payment in payments}
    states = ", ".join(f"'{state.value}'" for state in sorted(OPEN - {CallState.PROPOSED, CallState.BY_HAND}))
    found = await db.fetch(
        f"SELECT * FROM payment_call WHERE {db.among('payment_id')} AND state IN ({states}) ORDER BY id",  # noqa: S608 -- of ours
        db.listing(by_id),
    )
    if row["key"] is not None:
        found = [call for call in found if call["key"] == row["key"]]
    elif kind is EntryKind.FAILED or await _is_booked(row):
        return None
    for call in found:
        is_of_kind = kind is EntryKind.FAILED or calls.kind_of(call, by_id[call["payment_id"]]) is kind
        if is_of_kind and (row["key"] is not None or call["amount_minor"] == row["amount_minor"]):
            return call
    return None


async def _failed(row: db.Row, call: db.Row | None, payment: db.Row) -> None:
    what = row["detail"] or "the provider says that it failed"
    if call is not None and call["state"] in (CallState.CALLING.value, CallState.ASKING.value):
        await calls.refuse(call, what)
    else:
        told = Movement(payment_id=payment["id"], kind=EntryKind.FAILED, amount_minor=row["amount_minor"], event_id=row["event_id"])
        await book(replace(told, note=what[:200]))


async def _spread(row: db.Row, kind: EntryKind, payments: Sequence[db.Row]) -> None:
    """Over the payment and its parts at other orders, as far as each has room; the rest to the whole.  Raises NotCovered."""
    rooms = [(payment["id"], _room(payment, kind)) for payment in payments]
    parts = dict(fill(rooms, row["amount_minor"])) if len(payments) > 1 else {}
    rest = row["amount_minor"] - sum(parts.values())
    if rest:
        parts[payments[0]["id"]] = parts.get(payments[0]["id"], 0) + rest
    for payment_id, part in parts.items():
        await book(
            Movement(payment_id=payment_id, kind=kind, amount_minor=part, occurred_at=row["occurred_at"], event_id=row["event_id"])
        )


def _room(payment: db.Row, kind: EntryKind) -> int:
    match kind:
        case EntryKind.CAPTURED | EntryKind.VOIDED:
            free = payment["authorised_minor"] - payment["voided_minor"] - payment["captured_minor"] - payment["capturing_minor"]
        case EntryKind.REFUNDED | EntryKind.CHARGEBACK:
            back = payment["refunded_minor"] + payment["refunding_minor"] + payment["charged_back_minor"]
            free = payment["captured_minor"] - back
        case EntryKind.SETTLED:
            free = payment["captured_minor"] - payment["settled_minor"]
        case _:
            free = 0
    return max(int(free), 0)


async def _mark(row: db.Row, state: CallbackState, detail: str | None) -> CallbackState:
    await db.execute(
        "UPDATE payment_callback SET state = ?, detail = ? WHERE id = ?", state.value, detail[:200] if detail else None, row["id"]
    )
    if state is CallbackState.REJECTED:
        await _unknown(row)
    return state


async def _unknown(row: db.Row) -> None:
    words = {"provider": row["provider"], "reference": row["reference"], "kind": row["kind"]}
    await open_task("payment_unknown", site=None, key=_key(row), subject=row["reference"], arguments=words)


def _key(row: db.Row) -> str:
    return f"payment_unknown:{row['provider']}/{row['reference']}"


async def waiting(*, after: int = 0, limit: int = 200) -> list[StoredCallback]:
    """What was told and did not fit yet, or never does; the oldest first, above the id `after`."""
    rows = await db.fetch(
        "SELECT * FROM payment_callback WHERE state <> ? AND id > ? ORDER BY id LIMIT ?", CallbackState.APPLIED.value, after, limit
    )
    return [
        StoredCallback(
            id=row["id"],
            provider=row["provider"],
            event_id=row["event_id"],
            reference=row["reference"],
            kind=row["kind"],
            amount_minor=row["amount_minor"],
            currency=row["currency"],
            received_at=row["received_at"],
            state=CallbackState(row["state"]),
            detail=row["detail"],
        )
        for row in rows
    ]
