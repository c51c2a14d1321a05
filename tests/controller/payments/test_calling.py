"""Calls to a provider: each is made once under its key; an answer that was lost is asked for, never called for again blindly."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from random import Random

import pytest

from controller import db
from controller.payments import calls
from controller.payments.callbacks import Callback, take
from controller.payments.calling import call_next, run
from controller.payments.capturing import Starting, capture, deliver, start, void
from controller.payments.config import Payments, ProviderSection
from controller.payments.policies import Means, PaymentState
from controller.payments.providers import set_providers
from controller.payments.queries import refunds
from controller.payments.refunds import Refund, refund, refund_rest
from controller.payments.states import CallState
from tests.controller.payments.money import checked, ledger, order, rows
from tests.controller.payments.provider_server import Provider, provider

pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture
async def acme(database: str, tmp_path: Path) -> AsyncIterator[Provider]:
    assert database
    async with provider(tmp_path) as found:
        yield found


async def all_calls() -> None:
    """What the worker does until nothing is due."""
    while await call_next(Random(1)):
        pass


async def due_now() -> None:
    await db.execute("UPDATE payment_call SET next_at = ?", db.now() - timedelta(seconds=1))


async def authorised(order_id: int = 1, amount: int = 10_000) -> str:
    await order(order_id, amount)
    number = await start(order_id, Starting(means=Means.ONLINE, provider="acme"))
    await all_calls()
    return number


async def test_authorise_capture_and_refund(acme: Provider) -> None:
    number = await authorised()
    assert (await checked(1)).state is PaymentState.AUTHORISED
    await capture(number)
    await all_calls()
    assert (await checked(1)).state is PaymentState.CAPTURED
    await refund(1, Refund(amount_minor=2500, reason="scratched"))
    await all_calls()
    balance = await checked(1)
    assert (balance.sums.refunded, balance.sums.refunding, acme.unsigned) == (2500, 0, 0)
    assert acme.actions() == [("authorise", 10_000), ("capture", 10_000), ("refund", 2500)]
    [payment] = balance.payments
    assert payment.reference == "pay_1"


async def test_a_capture_whose_answer_was_lost_is_asked_for(acme: Provider) -> None:
    number = await authorised()
    acme.lose = 1
    await capture(number)
    await all_calls()
    assert [each.state for each in await refunds(1)] == [CallState.DONE, CallState.ASKING]
    assert (await checked(1)).sums.capturing == 10_000, "it stays set apart until it is known"
    await due_now()
    await all_calls()
    assert (await checked(1)).sums.captured == 10_000
    assert (len(acme.asked), acme.actions()) == (1, [("authorise", 10_000), ("capture", 10_000)])


async def test_a_call_without_an_answer_holds_up_no_other(acme: Provider) -> None:
    acme.holds = holds = asyncio.Event()
    for order_id in (1, 2):
        await order(order_id)
        await start(order_id, Starting(means=Means.ONLINE, provider="acme"))
    calling = asyncio.create_task(run(Random(1)))
    try:
        async with asyncio.timeout(15):
            while not acme.done:
                await asyncio.sleep(0.02)
            assert len(acme.done) == 1, "one of the two is still waited for"
            holds.set()
            while len(acme.done) < 2:
                await asyncio.sleep(0.02)
    finally:
        calling.cancel()
        await asyncio.gather(calling, return_exceptions=True)


async def test_what_never_arrived_is_called_again_under_its_key(acme: Provider) -> None:
    number = await authorised()
    acme.forget = True
    await capture(number)
    await all_calls()
    await due_now()
    await all_calls()
    assert [each.state for each in await refunds(1)][-1] is CallState.WAITING
    await due_now()
    await all_calls()
    assert (await checked(1)).sums.captured == 10_000


async def test_a_process_that_died_in_a_call_leaves_it_to_be_asked_for(acme: Provider) -> None:
    number = await authorised()
    await capture(number)
    await db.execute("UPDATE payment_call SET state = 'calling', tries = 1 WHERE state = 'waiting'")
    await due_now()
    await all_calls()
    assert len(acme.asked) == 1
    assert acme.actions() == [("authorise", 10_000)], "it was asked for, and not called"


async def test_a_provider_that_cannot_be_reached_is_tried_again(acme: Provider, tmp_path: Path) -> None:
    nowhere = ProviderSection(url="http://127.0.0.1:1/", secret_file=tmp_path / "secret")
    set_providers(Payments(providers={"acme": nowhere}))
    await order(1)
    await start(1, Starting(means=Means.ONLINE, provider="acme"))
    await all_calls()
    [call] = await refunds(1)
    assert (call.state, acme.actions()) == (CallState.WAITING, [])


async def test_a_refusal_sets_free_what_was_set_apart_and_asks_a_person(acme: Provider) -> None:
    number = await authorised()
    acme.refuse = True
    await capture(number)
    await all_calls()
    balance = await checked(1)
    assert (balance.sums.capturing, balance.sums.open_authorised) == (0, 10_000)
    assert ("failed", 10_000) in await ledger(1)
    [task] = await rows("SELECT arguments FROM task WHERE kind = 'payment_failed'")
    assert "402" in task["arguments"]


async def test_a_provider_that_is_not_configured_is_refused_in_words(acme: Provider) -> None:
    await order(1)
    await start(1, Starting(means=Means.ONLINE, provider="nobody"))
    await all_calls()
    [call] = await refunds(1)
    assert (call.state, acme.actions()) == (CallState.FAILED, [])
    assert "nobody" in str(call.error)


async def test_a_person_is_told_when_nobody_knows_for_long(acme: Provider) -> None:
    number = await authorised()
    acme.lose = 1
    await capture(number)
    await all_calls()
    acme.done.clear()
    acme.forget = True
    row = (await rows("SELECT * FROM payment_call WHERE state = 'asking'"))[0]
    await calls.report(row, "no answer")
    assert len(await rows("SELECT id FROM task WHERE kind = 'payment_failed'")) == 1


async def test_wechat_is_captured_when_the_customer_paid(acme: Provider) -> None:
    """The provider has a code to show; its callback says that it was paid."""
    acme.pending = True
    await order(1)
    await start(1, Starting(means=Means.WECHAT, provider="acme"))
    await all_calls()
    balance = await checked(1)
    assert (balance.state, balance.payments[0].pay_url) == (PaymentState.PENDING, "https://pay.example/1")
    key = next(iter(acme.done))
    told = Callback(id="mv_1", payment="pay_1", kind="captured", amount_minor=10_000, currency="CNY", at=db.now(), key=key)
    await take("acme", told)
    await take("acme", told)
    assert ((await checked(1)).state, await ledger(1)) == (PaymentState.CAPTURED, [("expected", 10_000), ("captured", 10_000)])
    assert [each.state for each in await refunds(1)] == [CallState.DONE]


async def test_an_answer_and_its_callback_are_one_movement(acme: Provider) -> None:
    number = await authorised()
    acme.lose = 1
    await capture(number)
    await all_calls()
    told = Callback(id="mv_2", payment="pay_1", kind="captured", amount_minor=10_000, currency="CNY", at=db.now())
    await take("acme", told)
    assert (await checked(1)).sums.captured == 10_000
    await due_now()
    await all_calls()
    await refund_rest(1, reason="cancelled")
    await all_calls()
    assert (await checked(1)).state is PaymentState.REFUNDED
    assert acme.actions()[-1] == ("refund", 10_000)


async def test_cancelling_gives_up_what_was_authorised_and_late_captures_go_back(acme: Provider) -> None:
    number = await authorised()
    acme.lose = 1
    await capture(number, 4000)
    await all_calls()
    await refund_rest(1, reason="cancelled")
    await all_calls()
    assert acme.actions()[-1] == ("void", 6000)
    await due_now()
    await all_calls()
    balance = await checked(1)
    assert (balance.sums.captured, balance.sums.refunded, balance.sums.voided) == (4000, 4000, 6000)


async def test_delivery_captures_what_is_due_and_gives_up_the_rest(acme: Provider) -> None:
    await authorised(1, 10_000)
    await order(1, 9000)
    await deliver(1)
    await all_calls()
    assert acme.actions()[1:] == [("capture", 9000), ("void", 1000)]
    assert (await checked(1)).state is PaymentState.CAPTURED


async def test_giving_up_by_hand(acme: Provider) -> None:
    number = await authorised()
    await void(number)
    await all_calls()
    assert acme.actions()[-1] == ("void", 10_000)
    assert (await checked(1)).state is PaymentState.PENDING
