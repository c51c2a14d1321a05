"""Money of orders: what is due, what comes, what is delivered, and whose account it is on."""

from __future__ import annotations

import pytest

from controller import db
from controller.errors import NotFound
from controller.payments import accounts
from controller.payments.capturing import Starting, capture, deliver, start, void
from controller.payments.errors import BadPayment, CardNumberRefused, CreditExceeded, NotCovered, OrderEnded, OverTolerance
from controller.payments.ledger import Movement, book
from controller.payments.numbers import PAYMENTS
from controller.payments.operations import Taking, set_actual, take
from controller.payments.policies import EntryKind, Means, PaymentState, PayTerms
from controller.payments.queries import is_paid
from controller.payments.refunds import refund_rest
from tests.controller.payments.money import cash, checked, ledger, order, rows

pytestmark = pytest.mark.usefixtures("database")


async def test_several_means_pay_one_order() -> None:
    await order(1)
    assert (await checked(1)).state is PaymentState.PENDING
    await cash(1, 4000)
    assert (await checked(1)).state is PaymentState.PARTIAL
    assert not await is_paid([1])
    await take(1, Taking(means=Means.WECHAT, amount_minor=6000, provider="wechat", reference="4200001"))
    balance = await checked(1)
    assert (balance.state, balance.rest_minor) == (PaymentState.CAPTURED, 0)
    assert await is_paid([1]) == {1}


async def test_a_providers_reference_is_one_payment_however_often_it_is_told() -> None:
    await order(1)
    await order(2)
    told = Taking(means=Means.BANK_TRANSFER, amount_minor=10_000, provider="bank", reference="line-7")
    first = await take(1, told)
    assert await take(1, told) == first
    assert len(await ledger(1)) == 1
    with pytest.raises(BadPayment, match="for another order"):
        await take(2, told)


async def test_more_than_is_due_is_taken_and_shown() -> None:
    await order(1)
    await cash(1, 10_500)
    balance = await checked(1)
    assert (balance.state, balance.rest_minor) == (PaymentState.CAPTURED, -500)


async def test_nothing_due_is_paid_and_an_order_nobody_expects_money_for_is_no_matter() -> None:
    await order(1, 0)
    assert (await checked(1)).state is PaymentState.CAPTURED
    assert await is_paid([1, 999]) == {1, 999}
    with pytest.raises(NotFound):
        await cash(999)


async def test_what_is_due_may_change_but_not_its_currency_and_not_after_the_end() -> None:
    await order(1)
    await order(1, 8000)
    assert (await checked(1)).due_minor == 8000
    await refund_rest(1, reason="cancelled")
    with pytest.raises(OrderEnded):
        await order(1, 9000)


@pytest.mark.parametrize("amount", [0, -1, 10**13])
async def test_amounts_that_are_none_are_refused(amount: int) -> None:
    await order(1)
    with pytest.raises(BadPayment):
        await cash(1, amount)


async def test_on_delivery_it_may_leave_and_is_paid_when_it_is_handed_over() -> None:
    await order(1, terms=PayTerms.ON_DELIVERY)
    await cash(1, 3000)
    assert await is_paid([1]) == {1}
    await deliver(1)
    await deliver(1)
    assert await ledger(1) == [("captured", 3000), ("captured", 7000)]
    balance = await checked(1)
    assert [payment.means for payment in balance.payments] == [Means.CASH, Means.CASH_ON_DELIVERY]


async def test_delivering_a_prepaid_order_that_is_not_paid_books_no_money() -> None:
    await order(1)
    await deliver(1)
    await deliver(999)
    assert (await checked(1)).rest_minor == 10_000


async def test_captured_is_never_more_than_authorised() -> None:
    await order(1)
    number = await start(1, Starting(means=Means.ONLINE, provider="acme"))
    payment = PAYMENTS.row_id(number)
    await book(Movement(payment_id=payment, kind=EntryKind.AUTHORISED, amount_minor=10_000, event_id="a1"))
    assert not await book(Movement(payment_id=payment, kind=EntryKind.AUTHORISED, amount_minor=10_000, event_id="a1"))
    assert await is_paid([1]) == {1}
    await capture(number, 6000)
    with pytest.raises(NotCovered):
        await capture(number, 4001)
    with pytest.raises(NotCovered):
        await book(Movement(payment_id=payment, kind=EntryKind.CAPTURED, amount_minor=10_001))
    with pytest.raises(db.ConstraintViolated):
        await db.execute("UPDATE payment SET captured_minor = 10001 WHERE id = ?", payment)


async def test_a_provider_is_asked_for_the_rest_with_the_tolerance_of_weighed_goods() -> None:
    """Authorise the estimate of 100.00 and 15 %, weigh, capture the actual 103.20, give up the rest."""
    await order(1, tolerance_bp=1500)
    number = await start(1, Starting(means=Means.ONLINE, provider="acme"))
    assert (await rows("SELECT amount_minor FROM payment_call"))[0]["amount_minor"] == 11_500
    await book(Movement(payment_id=PAYMENTS.row_id(number), kind=EntryKind.AUTHORISED, amount_minor=11_500))
    with pytest.raises(OverTolerance):
        await set_actual(1, 11_501)
    await set_actual(1, 10_320)
    await deliver(1)
    calls = await rows("SELECT action, amount_minor FROM payment_call ORDER BY id")
    assert [(call["action"], call["amount_minor"]) for call in calls][1:] == [("capture", 10_320), ("void", 1180)]


async def test_no_provider_is_asked_for_what_people_take_nor_for_nothing() -> None:
    await order(1)
    with pytest.raises(BadPayment):
        await start(1, Starting(means=Means.CASH, provider="manual"))
    await cash(1)
    with pytest.raises(BadPayment):
        await start(1, Starting(means=Means.ONLINE, provider="acme"))


async def test_giving_up_what_was_not_asked_for_yet_withdraws_it() -> None:
    await order(1)
    number = await start(1, Starting(means=Means.ONLINE, provider="acme"))
    await void(number)
    await void(number)
    assert [row["state"] for row in await rows("SELECT state FROM payment_call")] == ["withdrawn"]


# --- accounts -------------------------------------------------------------------------------------------------------------------


async def test_an_account_is_charged_within_its_limit_and_repaid() -> None:
    await accounts.set_limit(7, "CNY", 15_000)
    await order(1, terms=PayTerms.ACCOUNT, customer=7)
    assert await is_paid([1]) == {1}
    await order(2, terms=PayTerms.ACCOUNT, customer=7)
    assert await is_paid([2]) == set(), "150.00 do not hold 200.00"
    assert await accounts.repay(7, "CNY", 8000, document="bank-1")
    assert not await accounts.repay(7, "CNY", 8000, document="bank-1")
    await order(2, terms=PayTerms.ACCOUNT, customer=7)
    found = await accounts.account(7, "CNY")
    assert (await is_paid([2]), found.owed_minor, found.left_minor) == ({2}, 12_000, 3000)
    entries = await accounts.movements(found.id)
    assert [entry.amount_minor for _, entry in entries] == [10_000, -8000, 10_000]


async def test_a_cancelled_order_is_credited_to_its_account() -> None:
    await accounts.set_limit(7, "CNY", 15_000)
    await order(1, terms=PayTerms.ACCOUNT, customer=7)
    await refund_rest(1, reason="cancelled")
    assert (await accounts.account(7, "CNY")).owed_minor == 0
    assert (await checked(1)).state is PaymentState.REFUNDED


async def test_an_account_refuses_more_than_its_limit_and_an_order_without_customer_has_none() -> None:
    await accounts.set_limit(7, "CNY", 100)
    await order(1, customer=7)
    with pytest.raises(CreditExceeded) as refused:
        await take(1, Taking(means=Means.ACCOUNT, amount_minor=101))
    assert refused.value.left == 100
    await order(2)
    with pytest.raises(BadPayment):
        await take(2, Taking(means=Means.ACCOUNT, amount_minor=1))
    with pytest.raises(BadPayment):
        await order(3, terms=PayTerms.ACCOUNT)
    assert await ledger(1) == []


# --- no card numbers ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("field", ["reference", "note"])
async def test_a_card_number_is_refused_in_every_field(field: str) -> None:
    await order(1)
    told = {"reference": None, "note": None, field: "paid with 4111 1111 1111 1111"}
    with pytest.raises(CardNumberRefused) as refused:
        await take(1, Taking(means=Means.CARD_TERMINAL, amount_minor=100, reference=told["reference"], note=told["note"]))
    assert refused.value.field == field
    assert "4111" not in str(refused.value)
    assert await ledger(1) == []


async def test_entries_are_never_changed() -> None:
    await order(1)
    await cash(1)
    with pytest.raises(db.ConstraintViolated):
        await db.execute("UPDATE payment_entry SET amount_minor = 1")


async def test_the_terms_are_kept_by_expect() -> None:
    await expect_twice()
    assert (await checked(1)).terms is PayTerms.ON_DELIVERY


async def expect_twice() -> None:
    await order(1)
    await order(1, terms=PayTerms.ON_DELIVERY)
