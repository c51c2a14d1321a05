from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.catalog.categories import categorise, save_category
from controller.catalog.models import BaseUnit
from controller.catalog.operations import NewSku, create_sku
from controller.catalog.queries import sku
from controller.catalog.substitutes import (
    BadSubstitute,
    Candidate,
    Proposal,
    Reason,
    Wanted,
    alternatives,
    forget_substitute,
    name_substitute,
    propose,
    substitutes,
)
from controller.errors import NotFound


def of(code: str, available: int, price: int = 100, *, rank: int | None = None, ratio: Fraction = Fraction(1)) -> Candidate:
    return Candidate(sku_id=sum(code.encode()), sku=code, available=available, price=Fraction(price), rank=rank, ratio=ratio)


FIVE = Wanted(quantity=5, price=Fraction(100))


def names(proposals: list[Proposal]) -> list[str]:
    return [each.sku for each in proposals]


def test_what_people_named_comes_first_by_its_rank() -> None:
    found = propose(FIVE, [of("near", 99), of("second", 9, 900, rank=2), of("first", 9, 500, rank=1)])
    assert names(found) == ["first", "second", "near"]
    assert [each.reason for each in found] == [Reason.NAMED, Reason.NAMED, Reason.CATEGORY]


def test_of_a_category_all_of_it_then_the_nearest_price_then_the_most() -> None:
    found = propose(FIVE, [of("some", 4, 100), of("dear", 5, 130), of("cheap", 5, 80), of("much", 50, 130)])
    assert names(found) == ["cheap", "much", "dear", "some"]


def test_a_ratio_says_how_much_stands_for_how_much() -> None:
    (made,) = propose(FIVE, [of("half", 9, 60, rank=1, ratio=Fraction(2))])
    assert (made.quantity, made.replaces, made.dearer_minor) == (8, 4, 8 * 60 - 4 * 100)
    (made,) = propose(FIVE, [of("double", 9, 150, rank=1, ratio=Fraction(1, 2))])
    assert (made.quantity, made.replaces, made.dearer_minor) == (3, 5, 450 - 500)


def test_what_is_not_there_is_not_proposed() -> None:
    assert propose(FIVE, [of("none", 0), of("less", -3, rank=1), of("two for one", 1, rank=1, ratio=Fraction(2))]) == []


candidates = st.builds(
    of,
    st.text("abc", min_size=1, max_size=4),
    st.integers(-3, 40),
    st.integers(0, 500),
    rank=st.none() | st.integers(1, 3),
    ratio=st.fractions(Fraction(1, 9), 9, max_denominator=9),
)


@given(st.integers(1, 30), st.lists(candidates, unique_by=lambda each: each.sku), st.randoms())
def test_order_of_asking_does_not_matter_and_no_more_is_offered_than_there_is(quantity, found, random) -> None:  # type: ignore[no-untyped-def]
    wanted = Wanted(quantity=quantity, price=Fraction(100))
    made = propose(wanted, found)
    again = list(found)
    random.shuffle(again)
    assert propose(wanted, again) == made
    by_name = {each.sku: each for each in found}
    for each in made:
        assert 0 < each.replaces <= quantity
        assert 0 < each.quantity <= each.available
        assert each.quantity >= each.replaces * by_name[each.sku].ratio
        assert each.replaces == quantity or each.available < (each.replaces + 1) * by_name[each.sku].ratio


async def _goods() -> None:
    for code, price, unit in (("tea", 250, BaseUnit.PIECE), ("mint", 240, BaseUnit.PIECE), ("loose", 90, BaseUnit.GRAM)):
        await create_sku(NewSku(code=code, name_en=code, name_zh=code, price_minor=price, base_unit=unit))
    await create_sku(NewSku(code="euro", name_en="euro", name_zh="euro", currency="EUR"))
    await save_category("hot", name_en="Hot", name_zh="热饮")


@pytest.mark.usefixtures("database")
async def test_people_name_change_and_forget() -> None:
    await _goods()
    await name_substitute("tea", "loose", numerator=50, rank=2)
    await name_substitute("tea", "mint", note="as fresh")
    assert [(each.substitute, each.rank) for each in await substitutes("tea")] == [("mint", 1), ("loose", 2)]
    assert await substitutes("mint") == []
    await name_substitute("tea", "loose", numerator=40)
    assert [(each.numerator, each.rank) for each in await substitutes("tea")] == [(40, 1), (1, 1)]
    await forget_substitute("tea", "mint")
    with pytest.raises(NotFound):
        await forget_substitute("tea", "mint")
    for other in ("tea", "euro"):
        with pytest.raises(BadSubstitute):
            await name_substitute("tea", other)
    with pytest.raises(NotFound):
        await name_substitute("tea", "cocoa")
    with pytest.raises(BadSubstitute):
        await name_substitute("tea", "mint", numerator=0)


@pytest.mark.usefixtures("database")
async def test_a_category_offers_what_is_sold_in_the_same_unit() -> None:
    await _goods()
    await categorise(["tea", "mint", "loose", "euro"], "hot")
    await name_substitute("tea", "loose", numerator=50, rank=3)
    found = await alternatives((await sku("tea")).id)
    assert [(each.sku.code, each.rank) for each in found] == [("loose", 3), ("mint", None)]
