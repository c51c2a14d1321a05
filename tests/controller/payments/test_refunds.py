"""Money that goes back: never more than was captured, above a limit with a second person, by whoever took it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from functools import partial

import pytest

from controller import db, events
from controller.errors import Conflict, IllegalTransition, NotFound
from controller.payments.capturing import Starting, capture, start
from controller.payments.errors import BadPayment, CardNumberRefused, NotRefundable, SecondPersonNeeded
from controller.payments.ledger import Movement, book
from controller.payments.numbers import PAYMENTS
from controller.payments.operations import Taking, take
from controller.payments.policies import EntryKind, Means, PaymentState, PayTerms
from controller.payments.queries import refund as refund_told
from controller.payments.queries import refunds
from controller.payments.refunds import Refund, approve, confirm_by_hand, decline, refund, refund_rest, set_refund_limit
from controller.payments.states import CallState
from tests.controller.payments.money import cash, checked, ledger, order, person, rows

pytestmark = pytest.mark.usefixtures("database")


async def online(order_id: int, amount: int = 10_000, *, captured: int | None = None) -> str:
    """An authorised payment of a provider, captured as far as said."""
    number = await start(order_id, Starting(means=Means.ONLINE, provider="acme", amount_minor=amount))
    payment = PAYMENTS.row_id(number)
    await db.execute("UPDATE payment_call SET state = 'done'")
    await book(Movement(payment_id=payment, kind=EntryKind.AUTHORISED, amount_minor=amount))
    if captured:
        await book(Movement(payment_id=payment, kind=EntryKind.CAPTURED, amount_minor=captured))
    return number


async def test_cash_is_given_back_by_hand_and_then_it_is_so() -> None:
    await order(1)
    await cash(1)
    [number] = await refund(1, Refund(amount_minor=2500, reason="scratched"))
    assert ((await checked(1)).sums.refunding, await ledger(1)) == (2500, [("captured", 10_000)])
    await confirm_by_hand(number)
    await confirm_by_hand(number)
    balance = await checked(1)
    assert (balance.sums.refunding, balance.sums.refunded, balance.state) == (0, 2500, PaymentState.PARTIAL)
    assert (await rows("SELECT state FROM task WHERE kind = 'refund_by_hand'"))[0]["state"] == "done"


async def test_what_was_handed_out_already_is_booked_at_once() -> None:
    await order(1)
    await cash(1)
    await refund(1, Refund(amount_minor=10_000, reason="returned", is_given=True))
    assert (await checked(1)).state is PaymentState.REFUNDED


async def test_a_refund_is_never_more_than_is_left() -> None:
    await order(1)
    await cash(1)
    await refund(1, Refund(amount_minor=6000, reason="first"))
    with pytest.raises(NotRefundable) as refused:
        await refund(1, Refund(amount_minor=4001, reason="second"))
    assert (refused.value.wanted, refused.value.left) == (4001, 4000)
    with pytest.raises(db.ConstraintViolated):
        await db.execute("UPDATE payment SET refunded_minor = 4001")


@pytest.mark.parametrize(("amount", "reason"), [(0, "x"), (-1, "x"), (1, " ")])
async def test_a_refund_has_an_amount_and_a_reason(amount: int, reason: str) -> None:
    await order(1)
    await cash(1)
    with pytest.raises(BadPayment):
        await refund(1, Refund(amount_minor=amount, reason=reason))


async def test_a_refund_takes_the_latest_means_first_or_those_that_are_named() -> None:
    await order(1)
    first, second = await cash(1, 4000), await cash(1, 6000)
    await refund(1, Refund(amount_minor=7000, reason="r"))
    assert [(each.payment, each.amount_minor) for each in await refunds(1)] == [(second, 6000), (first, 1000)]
    await order(2)
    first, second = await cash(2, 4000), await cash(2, 6000)
    await refund(2, Refund(amount_minor=7000, reason="r", first=[first]))
    assert [(each.payment, each.amount_minor) for each in await refunds(2)] == [(first, 4000), (second, 3000)]
    with pytest.raises(BadPayment):
        await refund(1, Refund(amount_minor=1, reason="r", first=[first]))


# --- four eyes ------------------------------------------------------------------------------------------------------------------


async def proposed() -> str:
    await order(1, 100_000)
    await cash(1, 100_000)
    with events.acting(person("ann")):
        [number] = await refund(1, Refund(amount_minor=60_000, reason="returned"))
    return number


async def test_above_the_limit_a_second_person_approves() -> None:
    number = await proposed()
    assert (await refund_told(number)).state is CallState.PROPOSED
    with events.acting(person("ann")), pytest.raises(SecondPersonNeeded):
        await approve(number)
    with pytest.raises(Conflict):
        await confirm_by_hand(number)
    with events.acting(person("ben")):
        await approve(number)
    told = await refund_told(number)
    assert (told.state, told.approved_by) == (CallState.BY_HAND, person("ben"))
    await confirm_by_hand(number)
    assert (await checked(1)).sums.refunded == 60_000
    with events.acting(person("ben")), pytest.raises(IllegalTransition):
        await approve(number)


async def test_what_is_declined_is_free_again() -> None:
    number = await proposed()
    with events.acting(person("ben")):
        await decline(number)
    assert (await refund_told(number)).state is CallState.WITHDRAWN
    assert (await checked(1)).sums.refundable == 100_000
    assert (await rows("SELECT state FROM task WHERE kind = 'refund_to_approve'"))[0]["state"] == "done"


async def test_many_small_refunds_of_one_order_do_not_pass_under_the_limit() -> None:
    await order(1, 100_000)
    await cash(1, 100_000)
    await refund(1, Refund(amount_minor=30_000, reason="a"))
    [number] = await refund(1, Refund(amount_minor=30_000, reason="b"))
    assert (await refund_told(number)).state is CallState.PROPOSED


async def test_above_the_limit_nothing_was_handed_out_already() -> None:
    await order(1, 100_000)
    await cash(1, 100_000)
    with pytest.raises(SecondPersonNeeded):
        await refund(1, Refund(amount_minor=60_000, reason="r", is_given=True))
    assert await refunds(1) == []


async def test_finance_sets_the_limit() -> None:
    await set_refund_limit("CNY", 100)
    await order(1)
    await cash(1)
    [number] = await refund(1, Refund(amount_minor=101, reason="r"))
    assert (await refund_told(number)).state is CallState.PROPOSED
    with pytest.raises(BadPayment):
        await set_refund_limit("CNY", -1)


# --- the end of an order --------------------------------------------------------------------------------------------------------


async def test_a_cancelled_order_gives_back_what_is_left_and_gives_up_the_rest() -> None:
    await order(1, 20_000)
    await cash(1, 5000)
    await refund(1, Refund(amount_minor=1000, reason="scratched", is_given=True))
    held = await online(1, 15_000, captured=2000)
    numbers = await refund_rest(1, reason="cancelled")
    assert len(numbers) == 2
    calls = [
        (each.action, each.payment == held, each.amount_minor) for each in await refunds(1) if each.state is not CallState.DONE
    ]
    assert sorted(calls) == [("refund", False, 4000), ("refund", True, 2000), ("void", True, 13_000)]
    assert await refund_rest(1, reason="cancelled") == []
    assert await refund_rest(999, reason="nobody expects money for it") == []


async def test_what_comes_after_the_end_goes_back_too() -> None:
    await order(1)
    await refund_rest(1, reason="cancelled")
    await take(1, Taking(means=Means.BANK_TRANSFER, amount_minor=10_000, provider="bank", reference="late"))
    assert [(each.action, each.amount_minor) for each in await refunds(1)] == [("refund", 10_000)]


async def test_an_unpaid_cancelled_order_is_settled() -> None:
    await order(1)
    await refund_rest(1, reason="cancelled")
    balance = await checked(1)
    assert (balance.state, balance.rest_minor) == (PaymentState.PENDING, 0)


async def test_a_card_number_is_no_reason() -> None:
    await order(1)
    await cash(1)
    with pytest.raises(CardNumberRefused):
        await refund(1, Refund(amount_minor=1, reason="to 5555-5555-5555-4444"))


async def test_refunds_that_are_not_there() -> None:
    for verb in (approve, decline, confirm_by_hand):
        with pytest.raises(NotFound):
            await verb("RF-100001")


# --- at once --------------------------------------------------------------------------------------------------------------------


async def outcome(work: Awaitable[object]) -> object:
    try:
        return await work
    except (NotRefundable, Conflict) as error:
        return type(error).__name__


async def test_two_refunds_at_once_never_exceed_what_was_captured() -> None:
    await order(1)
    await cash(1)
    found = await asyncio.gather(
        *(outcome(db.in_transaction(lambda: refund(1, Refund(amount_minor=4000, reason="r")))) for _ in range(6))
    )
    assert found.count("NotRefundable") == 4
    assert (await checked(1)).sums.refunding == 8000


async def test_capture_and_cancel_at_once_leave_nothing_with_us() -> None:
    for order_id in range(1, 9):
        await order(order_id, terms=PayTerms.PREPAID)
        number = await online(order_id)
        await asyncio.gather(
            outcome(db.in_transaction(partial(capture, number))),
            outcome(db.in_transaction(partial(refund_rest, order_id, reason="cancelled"))),
        )
        balance = await checked(order_id)
        calls = [(each.action, each.state.value) for each in await refunds(order_id) if each.state is not CallState.DONE]
        assert ("void", "waiting") in calls
        assert ("capture", "waiting") not in calls
        assert balance.sums.captured + balance.sums.capturing <= balance.sums.authorised


async def test_a_refund_is_approved_once_by_many_at_once() -> None:
    number = await proposed()

    async def by(name: str) -> None:
        with events.acting(person(name)):
            await approve(number)

    found = await asyncio.gather(*(outcome(by(name)) for name in ("ben", "cid", "dora")))
    assert found.count(None) == 1
