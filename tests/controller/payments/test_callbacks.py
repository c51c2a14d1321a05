"""Callbacks: signed, twice, late, out of order, of payments that nobody knows."""

from __future__ import annotations

import itertools
import json
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller import db
from controller.payments.callbacks import BadSignature, Callback, CallbackState, take, verified, waiting
from controller.payments.capturing import capture
from controller.payments.errors import BadPayment, CardNumberRefused
from controller.payments.operations import Taking, move
from controller.payments.operations import take as take_money
from controller.payments.policies import Means, PaymentState
from controller.payments.providers import SIGNATURE, TIME
from controller.payments.refunds import refund_rest
from tests.controller.payments.money import checked, ledger, order, rows
from tests.controller.payments.provider_server import Provider, provider, signed
from tests.controller.payments.test_calling import all_calls, authorised

pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture
async def acme(database: str, tmp_path: Path) -> AsyncIterator[Provider]:
    assert database
    async with provider(tmp_path) as found:
        yield found


def told(kind: str, amount: int = 10_000, *, event: str, **more: object) -> Callback:
    fields: dict[str, object] = {
        "id": event,
        "payment": "pay_1",
        "kind": kind,
        "amount_minor": amount,
        "currency": "CNY",
        "at": db.now(),
        **more,
    }
    return msgspec.convert(fields, Callback)


# --- signatures -----------------------------------------------------------------------------------------------------------------


def body(**more: object) -> bytes:
    fields = {
        "id": "e1",
        "payment": "pay_1",
        "kind": "captured",
        "amount_minor": 1,
        "currency": "CNY",
        "at": "2026-01-01T00:00:00Z",
    }
    return json.dumps({**fields, **more}).encode()


async def test_a_signed_callback_is_read(acme: Provider) -> None:
    assert acme
    assert (await verified("acme", body(), signed(body()))).amount_minor == 1


async def test_a_signature_that_is_not_right_is_refused(acme: Provider) -> None:
    assert acme
    seconds = int(db.now().timestamp())
    wrong = [
        {},
        signed(body(amount_minor=2)),
        signed(body(), secret=b"another"),
        {**signed(body()), TIME: str(seconds + 1)},
        {**signed(body()), SIGNATURE: "\udcff"},
        signed(body(), at=seconds - 301),
        signed(body(), at=seconds + 301),
        signed(body(), at=-5),
    ]
    for headers in wrong:
        with pytest.raises(BadSignature):
            await verified("acme", body(), headers)
    with pytest.raises(BadSignature):
        await verified("nobody", body(), signed(body()))


async def test_what_cannot_be_read_is_refused_in_words(acme: Provider) -> None:
    assert acme
    unreadable = [
        b"",
        b"[]",
        b"{}",
        body(kind="paid"),
        body(amount_minor=0),
        body(amount_minor="1"),
        body(currency="yuan"),
        body(at="2026-01-01T00:00:00"),
        body(id="a\0b"),
        b"\xff",
    ]
    for wrong in unreadable:
        with pytest.raises(BadPayment):
            await verified("acme", wrong, signed(wrong))


async def test_a_card_number_in_a_callback_is_refused(acme: Provider) -> None:
    assert acme
    for field in ("id", "payment", "key", "error"):
        sent = body(**{field: "4111111111111111"})
        with pytest.raises(CardNumberRefused):
            await verified("acme", sent, signed(sent))
    assert not await rows("SELECT id FROM payment_callback")


@given(st.binary(max_size=200))
def test_any_bytes_give_a_callback_or_a_refusal(sent: bytes) -> None:
    try:
        msgspec.json.decode(sent, type=Callback)
    except msgspec.DecodeError:
        return


# --- in any order, any number of times ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("order_of_arrival", list(itertools.permutations(range(3))))
async def test_they_come_to_the_same_in_every_order(acme: Provider, order_of_arrival: tuple[int, ...]) -> None:
    """Captured before it was authorised, refunded before it was captured."""
    assert acme
    await authorised()
    happened = [told("captured", 9000, event="c"), told("refunded", 2000, event="r"), told("settled", 7000, event="s")]
    for index in order_of_arrival:
        await take("acme", happened[index])
        await take("acme", happened[index])
    sums = (await checked(1)).sums
    assert (sums.authorised, sums.captured, sums.refunded, sums.settled) == (10_000, 9000, 2000, 7000)
    assert not await waiting()


async def test_what_comes_too_early_waits_in_sight(acme: Provider) -> None:
    assert acme
    await authorised()
    assert await take("acme", told("refunded", 2000, event="r")) is CallbackState.WAITING
    [shown] = await waiting()
    assert (shown.kind, shown.amount_minor, shown.state) == ("refunded", 2000, CallbackState.WAITING)
    assert await take("acme", told("captured", event="c")) is CallbackState.APPLIED
    assert (await checked(1)).sums.refunded == 2000


async def test_a_payment_that_nobody_knows_is_kept_and_a_person_asked(acme: Provider) -> None:
    assert acme
    await order(1)
    assert await take("acme", told("captured", event="c", payment="pay_77")) is CallbackState.WAITING
    assert len(await waiting()) == 1
    assert len(await rows("SELECT id FROM task WHERE kind = 'payment_unknown' AND state = 'open'")) == 1
    taking = Taking(means=Means.ONLINE, amount_minor=10_000, provider="acme", reference="pay_77")
    await take_money(1, taking)
    await take("acme", told("settled", event="s", payment="pay_77"))
    sums = (await checked(1)).sums
    assert (sums.captured, sums.settled) == (10_000, 10_000), "what the provider told is what a person took down"
    assert not await waiting()


async def test_a_chargeback_is_never_refused(acme: Provider) -> None:
    assert acme
    await authorised()
    await take("acme", told("captured", event="c"))
    await take("acme", told("refunded", event="r"))
    await take("acme", told("chargeback", event="b"))
    balance = await checked(1)
    assert (balance.sums.charged_back, balance.sums.kept, balance.state) == (10_000, -10_000, PaymentState.REFUNDED)


async def test_another_currency_is_rejected_in_sight(acme: Provider) -> None:
    assert acme
    await authorised()
    assert await take("acme", told("captured", event="c", currency="EUR")) is CallbackState.REJECTED
    assert [shown.state for shown in await waiting()] == [CallbackState.REJECTED]


async def test_a_failure_that_was_told_sets_free_what_was_set_apart(acme: Provider) -> None:
    number = await authorised()
    acme.lose = 1
    await capture(number)
    await all_calls()
    key = list(acme.done)[-1]
    await take("acme", told("failed", event="f", key=key, error="expired"))
    assert (await checked(1)).sums.capturing == 0
    assert ("failed", 10_000) in await ledger(1)


async def test_a_capture_after_the_end_goes_back(acme: Provider) -> None:
    await authorised()
    await refund_rest(1, reason="cancelled")
    await take("acme", told("captured", 4000, event="c"))
    await all_calls()
    balance = await checked(1)
    assert balance.sums.captured in (0, 4000)
    assert balance.sums.kept == 0
    assert acme.actions()[0] == ("authorise", 10_000)


async def test_a_capture_of_a_parted_payment_is_spread_over_its_parts(acme: Provider) -> None:
    assert acme
    await authorised()
    await order(2, 6000)
    await move(1, 2, 6000)
    await take("acme", told("captured", event="c"))
    assert ((await checked(1)).sums.captured, (await checked(2)).sums.captured) == (4000, 6000)
    await take("acme", told("refunded", event="r"))
    assert ((await checked(1)).sums.refunded, (await checked(2)).sums.refunded) == (4000, 6000)


async def test_the_time_of_what_happened_is_the_providers(acme: Provider) -> None:
    assert acme
    await authorised()
    long_ago = db.now() - timedelta(days=3)
    await take("acme", told("captured", event="c", at=long_ago))
    [entry] = await rows("SELECT occurred_at, recorded_at FROM payment_entry WHERE kind = 'captured'")
    assert entry["occurred_at"] == long_ago
    assert entry["recorded_at"] > long_ago
