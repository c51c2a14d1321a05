"""What boxes are told of taxes: what holds now, what will, and the class of each SKU."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from fractions import Fraction

import pytest

from controller import db
from controller.catalog.operations import NewSku, create_sku
from controller.replica.goods import GOODS
from controller.taxes.schedule import MOST_CHANGES, classes_of, schedule
from controller.taxes.settings import NewRate, percent, set_class, set_rate, set_region, set_site_region
from edge_agent.wire.taxes import SiteTaxes
from tests.controller.taxes.test_operations import BEGIN, JULY, china, region

pytestmark = pytest.mark.usefixtures("database")

MAY = datetime(2026, 5, 1, tzinfo=UTC)


def values(told: SiteTaxes, tax_class: str) -> list[Fraction]:
    return [rate.value for rate in told.rates_of(tax_class)]


async def test_a_change_that_is_said_ahead_is_told_with_its_instant() -> None:
    await china()
    await set_rate(NewRate(region="CN", code="vat-13", value=percent("12"), effective_from=JULY))
    now, later = await schedule("s1", MAY)
    assert (now.since, values(now, "standard"), values(now, "grain")) == (None, [Fraction(13, 100)], [Fraction(9, 100)])
    assert (later.since, values(later, "standard"), values(later, "grain")) == (JULY, [Fraction(12, 100)], [Fraction(9, 100)])
    (only,) = await schedule("s1", JULY)
    assert (only.since, only.rates) == (None, later.rates)


async def test_of_many_changes_the_next_ones_are_told() -> None:
    await china()
    for month in range(MOST_CHANGES + 5):
        begins = JULY + timedelta(days=30 * month)
        await set_rate(NewRate(region="CN", code="vat-13", value=percent(str(month + 1)), effective_from=begins))
    told = await schedule("s1", MAY)
    assert len(told) == MOST_CHANGES + 1
    assert told[-1].since == JULY + timedelta(days=30 * (MOST_CHANGES - 1))


async def test_a_site_of_no_region_sells_without_tax() -> None:
    await china()
    assert await schedule("s2", MAY) == []


async def test_what_a_city_says_of_a_code_is_instead_of_what_its_state_says() -> None:
    await china()
    await set_region(region("CN-SH", parent="CN"))
    await set_site_region("s1", "CN-SH")
    await set_rate(NewRate(region="CN-SH", code="vat-13", value=percent("10"), effective_from=BEGIN))
    await set_rate(NewRate(region="CN-SH", code="local", value=percent("1"), effective_from=BEGIN, rank=1))
    (told,) = await schedule("s1", MAY)
    assert [(rate.code, rate.value) for rate in told.rates_of("standard")] == [
        ("vat-13", Fraction(10, 100)),
        ("local", Fraction(1, 100)),
    ]


async def test_a_sku_that_gets_another_class_is_told_to_boxes() -> None:
    rice = await china()
    tea = await create_sku(NewSku(code="tea", name_en="Tea", name_zh="茶", price_minor=100))
    await GOODS.number("s1", 3)
    await set_class("tea", "grain")
    assert await classes_of({rice, tea}) == {rice: "grain", tea: "grain"}
    assert await db.fetch("SELECT code FROM sku WHERE version IS NULL") == [{"code": "tea"}]
    await GOODS.number("s1", 4)
    told = await GOODS.read("s1", (0, 0), 10)
    assert [(each.row.sku, each.row.tax_class) for each in told if each.row is not None] == [("rice", "grain"), ("tea", "grain")]  # type: ignore[attr-defined]  # a ReplicaItem
