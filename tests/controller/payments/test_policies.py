"""Pure decisions about money."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.payments.cards import looks_like_card, passes_luhn
from controller.payments.errors import NotRefundable
from controller.payments.policies import (
    Means,
    Paid,
    PaymentState,
    PayTerms,
    Sums,
    fill,
    largest,
    may_leave,
    spread_refund,
    state_of,
    summed,
)


@pytest.mark.parametrize(
    ("due", "sums", "state"),
    [
        (100, Sums(), PaymentState.PENDING),
        (0, Sums(), PaymentState.CAPTURED),
        (100, Sums(authorised=100), PaymentState.AUTHORISED),
        (100, Sums(authorised=60), PaymentState.PARTIAL),
        (100, Sums(authorised=100, voided=100), PaymentState.PENDING),
        (100, Sums(authorised=99, captured=99), PaymentState.PARTIAL),
        (100, Sums(authorised=100, captured=100), PaymentState.CAPTURED),
        (100, Sums(authorised=105, captured=105), PaymentState.CAPTURED),
        (100, Sums(authorised=100, captured=100, refunded=1), PaymentState.PARTIAL),
        (99, Sums(authorised=100, captured=100, refunded=1), PaymentState.CAPTURED),
        (100, Sums(authorised=100, captured=100, refunded=100), PaymentState.REFUNDED),
        (0, Sums(authorised=100, captured=100, refunded=100), PaymentState.REFUNDED),
        (100, Sums(authorised=100, captured=100, charged_back=100), PaymentState.REFUNDED),
    ],
)
def test_the_state_follows_from_the_sums(due: int, sums: Sums, state: PaymentState) -> None:
    assert state_of(due, sums) is state


@pytest.mark.parametrize(
    ("terms", "sums", "may"),
    [
        (PayTerms.PREPAID, Sums(authorised=100), True),
        (PayTerms.PREPAID, Sums(authorised=99), False),
        (PayTerms.PREPAID, Sums(authorised=100, captured=100), True),
        (PayTerms.PREPAID, Sums(authorised=100, captured=100, refunded=1), False),
        (PayTerms.ACCOUNT, Sums(), False),
        (PayTerms.ON_DELIVERY, Sums(), True),
    ],
)
def test_unpaid_goods_stay(terms: PayTerms, sums: Sums, may: bool) -> None:
    assert may_leave(100, terms, sums) is may


def test_the_tolerance_is_rounded_down() -> None:
    assert (largest(999, 1500), largest(100, 0), largest(0, 5000)) == (1148, 100, 0)


paids = st.lists(st.integers(0, 500), max_size=5).map(
    lambda amounts: [
        Paid(id=at, means=Means.CASH, sums=Sums(captured=amount), authorises_first=False) for at, amount in enumerate(amounts, 1)
    ]
)


@given(paids, st.integers(1, 3000), st.data())
def test_a_refund_is_spread_without_a_rest_or_not_at_all(payments: list[Paid], amount: int, data: st.DataObject) -> None:
    first = data.draw(st.lists(st.sampled_from([paid.id for paid in payments]), unique=True)) if payments else []
    left = {paid.id: paid.sums.refundable for paid in payments}
    if amount > sum(left.values()):
        with pytest.raises(NotRefundable):
            spread_refund(payments, amount, first)
        return
    plan = spread_refund(payments, amount, first)
    assert sum(part for _, part in plan) == amount
    assert all(0 < part <= left[payment] for payment, part in plan)
    assert all(part == left[payment] for payment, part in plan[:-1]), "one after the other"


@given(st.lists(st.tuples(st.integers(1, 9), st.integers(0, 50)), max_size=6), st.integers(0, 400))
def test_filling_fills_in_order_and_no_more_than_fits(rooms: list[tuple[int, int]], amount: int) -> None:
    filled = fill(rooms, amount)
    assert sum(part for _, part in filled) == min(amount, sum(room for _, room in rooms))


def test_the_sums_of_an_order_are_those_of_its_payments() -> None:
    payments = [
        Paid(id=1, means=Means.CASH, sums=Sums(captured=40), authorises_first=False),
        Paid(id=2, means=Means.ONLINE, sums=Sums(authorised=60, captured=10), authorises_first=True),
    ]
    whole = summed(payments)
    assert (whole.captured, whole.open_authorised) == (50, 50)


@pytest.mark.parametrize(
    "text",
    [
        "4111111111111111",
        "4111 1111 1111 1111",
        "paid by 5555-5555-5555-4444 today",
        "378282246310005",
        "6011111111111117",
        "3530111333300000",
        "30569309025904",
        "6200000000000005",
        "2223003122003222",
        "４１１１１１１１１１１１１１１１",
    ],
)
def test_numbers_of_cards_are_seen(text: str) -> None:
    """Test numbers that networks publish."""
    assert looks_like_card(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "4111111111111112",
        "SO-100001",
        "4200001234202611221234567890",
        "2026112222001412345678901234",
        "6901234567892",
        "1000000000000008",
    ],
)
def test_other_numbers_are_not(text: str) -> None:
    """A wrong check digit, an order, transactions of WeChat Pay and Alipay (28 digits), an EAN-13, an issuer that is none."""
    assert not looks_like_card(text)


@given(st.text(alphabet="0123456789", min_size=12, max_size=18))
def test_one_check_digit_of_ten_is_right(digits: str) -> None:
    assert sum(passes_luhn(digits + str(last)) for last in range(10)) == 1


@given(st.text(max_size=60))
def test_any_text_is_read(text: str) -> None:
    looks_like_card(text)
