from __future__ import annotations

import pytest

from controller.orders.flags import FlagKind
from controller.review.policies import BadLimits, Checked, Limits, PricedLine, check_limits, discount_share, findings, way_of
from controller.review.prompts import prompt
from controller.review.rules import Outcome


def order(
    price: int = 100, listed: int | None = 100, discount: int = 0, credit: str | None = None, owed: int = 0, flaws: object = None
) -> Checked:
    return Checked(
        lines=[PricedLine(sku="tea", unit_price_minor=price, listed_minor=listed)],
        discount=discount,
        credit=credit,
        arrears_minor=owed,
        flaws=flaws,  # type: ignore[arg-type]  # pairs, or None
    )


@pytest.mark.parametrize(
    ("price", "listed", "odd"),
    [(100, 100, False), (120, 100, False), (121, 100, True), (70, 100, False), (69, 100, True), (0, 100, True), (9, None, False)],
)
def test_a_price_may_be_off_by_exactly_its_tolerance(price: int, listed: int | None, odd: bool) -> None:
    limits = Limits(price_above_bp=2000, price_below_bp=3000)
    assert (FlagKind.PRICE_ANOMALY in findings(order(price, listed), limits)) is odd


def test_a_free_article_may_be_free() -> None:
    assert not findings(order(0, 0), Limits())
    assert FlagKind.PRICE_ANOMALY in findings(order(1, 0), Limits())


def test_discounts_credit_and_arrears_are_found_with_their_reasons() -> None:
    found = findings(order(discount=3001, credit="C", owed=101), Limits(arrears_minor=100))
    assert found[FlagKind.PRICE_ANOMALY] == "discounts of 30.01 %, at most 30 % expected"
    assert found[FlagKind.CREDIT] == "credit rating C; owes 101, at most 100 expected"
    assert not findings(order(discount=3000, credit="B", owed=100), Limits(arrears_minor=100))


def test_what_is_not_limited_is_not_looked_at() -> None:
    nothing = Limits(price_above_bp=None, price_below_bp=None, discount_bp=None, ratings=(), arrears_minor=None, address=False)
    assert not findings(order(999, 1, 9999, "C", 10**9, [("street", "missing_street")]), nothing)


def test_an_address_says_what_is_wrong_by_field_and_no_more() -> None:
    flaws = [("street", "street_too_short"), ("phone", "missing_phone")]
    assert findings(order(flaws=flaws), Limits())[FlagKind.BAD_ADDRESS] == "street: street too short; phone: missing phone"


@pytest.mark.parametrize(
    ("before", "after", "share"), [(1000, 700, 3000), (1000, 1000, 0), (1000, 1100, 0), (0, 0, 0), (3, 2, 3333)]
)
def test_shares_of_discounts_are_rounded_down(before: int, after: int, share: int) -> None:
    assert discount_share(before, after) == share


@pytest.mark.parametrize(
    ("outcome", "has_table", "flagged", "approved", "finance"),
    [
        (Outcome.PASS, True, False, True, False),
        (Outcome.PASS, True, True, False, False),
        (None, False, False, True, False),
        (None, True, False, False, False),
        (Outcome.FINANCE, True, False, False, True),
        (Outcome.HOLD, True, False, False, False),
    ],
)
def test_ways(outcome: Outcome | None, has_table: bool, flagged: bool, approved: bool, finance: bool) -> None:
    way = way_of(outcome, has_table=has_table, is_flagged=flagged)
    assert (way.approved, way.needs_finance) == (approved, finance)


def test_customers_are_asked_in_their_language() -> None:
    asks = ["phone:missing_phone", "street:street_too_short"]
    assert prompt(asks, "en").splitlines()[1:] == ["- a telephone number is missing", "- street and house number is not complete"]
    assert prompt(asks, "zh-CN").splitlines()[1:] == ["- 联系电话未填写", "- 街道和门牌号不完整"]
    assert prompt([], "en") == ""


@pytest.mark.parametrize(
    "limits", [Limits(price_above_bp=-1), Limits(ratings=("CC",)), Limits(ratings=("c",)), Limits(arrears_minor=-1)]
)
def test_limits_that_cannot_be_are_refused(limits: Limits) -> None:
    with pytest.raises(BadLimits):
        check_limits(limits)
