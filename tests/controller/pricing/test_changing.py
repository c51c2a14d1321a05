from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller import db
from controller.catalog.operations import NewSku, create_sku
from controller.pricing.changing import BadChange, Change, Many, NothingChanges, Way, change_many, change_of, preview
from controller.pricing.imports import BadCell
from controller.pricing.operations import NewPrice, PriceConflict, schedule
from controller.pricing.queries import batches, prices
from tests.controller.goods import Shop


@pytest.mark.parametrize(
    ("way", "typed", "step", "before", "after"),
    [
        ("to", "12.90", "1", 500, 1290),
        ("by", "-0.50", "1", 420, 370),
        ("by", "+1", "1", 420, 520),
        ("by", "-9", "1", 420, 0),
        ("percent", "-5", "1", 1290, 1226),
        ("percent", "-5", "10", 1290, 1230),
        ("percent", "2.5", "1", 1000, 1025),
        ("percent", "-100", "1", 999, 0),
        ("percent", "10", "100", 1290, 1400),
    ],
)
def test_a_change_is_rounded_once(way: str, typed: str, step: str, before: int, after: int) -> None:
    assert change_of(way, typed, "CNY", step).of(before) == after


@pytest.mark.parametrize(
    ("way", "typed", "step"), [("percent", "five", "1"), ("times", "2", "1"), ("percent", "5", "0"), ("percent", "", "1")]
)
def test_what_cannot_be_read_is_refused(way: str, typed: str, step: str) -> None:
    with pytest.raises(BadChange):
        change_of(way, typed, "CNY", step)


def test_an_amount_is_read_as_amounts_are() -> None:
    for way, typed in (("to", "-1"), ("by", "1.234"), ("to", "")):
        with pytest.raises(BadCell):
            change_of(way, typed, "CNY")


@given(st.sampled_from(Way), st.text("0123456789.+-,% x", max_size=8), st.integers(0, 10**9), st.sampled_from(["1", "10", "100"]))
def test_any_text_is_a_price_or_refused(way: Way, typed: str, before: int, step: str) -> None:
    try:
        after = change_of(way.value, typed, "CNY", step).of(before)
    except (BadChange, BadCell):
        return
    assert after >= 0
    assert way is Way.TO or after % int(step) == 0


async def stocked() -> Shop:
    shop = await Shop.open()
    for code in ("milk", "tea"):
        await shop.stock(code, 5)
    await db.execute("UPDATE sku SET price_minor = 1000")
    await create_sku(NewSku(code="euro", name_en="euro", name_zh="euro", price_minor=1000, currency="EUR"))
    return shop


def many(*codes: str, percent: int = -10, site: str | None = "s1") -> Many:
    change = Change(way=Way.PERCENT, amount=percent * 100)
    return Many(skus=codes, change=change, site=site, effective_from=db.now() + timedelta(days=1))


@pytest.mark.usefixtures("database")
async def test_it_is_looked_at_said_and_labelled() -> None:
    await stocked()
    wanted = many("tea", "milk")
    assert [(line.sku.code, line.before_minor, line.after_minor, line.wrong) for line in await preview(wanted)] == [
        ("milk", 1000, 900, None),
        ("tea", 1000, 900, None),
    ]
    assert await prices() == []
    assert await change_many(wanted) == 2
    (batch,) = await batches()
    assert (batch.site_id, batch.effective_at, batch.labels) == ("s1", wanted.effective_from, 2)
    with pytest.raises(NothingChanges):
        await change_many(many())
    with pytest.raises(NothingChanges):
        await change_many(many("tea", percent=0, site=None))


@pytest.mark.usefixtures("database")
async def test_what_is_said_already_is_what_a_change_starts_from() -> None:
    await stocked()
    later = db.now() + timedelta(hours=1)
    await schedule([NewPrice(sku="tea", price_minor=2000, currency="CNY", effective_from=later, site="s1")])
    assert [line.after_minor for line in await preview(many("tea"))] == [1800]
    assert [line.after_minor for line in await preview(many("tea", site=None))] == [900]


@pytest.mark.usefixtures("database")
async def test_what_cannot_be_is_named_and_all_is_left() -> None:
    await stocked()
    wanted = many("milk", "tea")
    await schedule([NewPrice(sku="tea", price_minor=555, currency="CNY", effective_from=wanted.effective_from, site="s1")])
    assert [line.wrong is None for line in await preview(wanted)] == [True, False]
    with pytest.raises(PriceConflict, match="already"):
        await db.in_transaction(lambda: change_many(wanted))
    assert {row.sku for row in await prices(site="s1")} == {"tea"}
    with pytest.raises(BadChange, match="cocoa"):
        await preview(many("milk", "cocoa"))
