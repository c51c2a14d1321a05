"""Regions and rates with their instants, and totals that are kept for good."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from fractions import Fraction

import pytest

from controller import db
from controller.catalog.operations import NewSku, create_sku
from controller.customers.operations import add_customer
from controller.customers.policies import Profile
from controller.errors import NotFound
from controller.sites.operations import create_site
from controller.taxes.operations import Basket, Counted, Priced, count, keep
from controller.taxes.queries import kept
from controller.taxes.settings import (
    BadTax,
    NewRate,
    RateOverlaps,
    end_rate,
    exempt,
    percent,
    set_class,
    set_rate,
    set_region,
    set_site_region,
)
from controller.taxes.stored import Region, rates, regions
from edge_agent.wire.rounding import Mode
from edge_agent.wire.totals import Discount, Level, LineKind
from tests.controller.customers.keys import open_test_keys

pytestmark = pytest.mark.usefixtures("database")

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
JULY = datetime(2026, 7, 1, tzinfo=UTC)


def region(code: str, parent: str | None = None, **terms: object) -> Region:
    told: dict[str, object] = {"is_inclusive": True, "level": Level.LINE, "mode": Mode.HALF_UP, "step": 1, **terms}
    return Region(code=code, name=code, parent=parent, **told)  # type: ignore[arg-type]  # of each its own type


async def china() -> int:
    """Site s1 sells in China: 13 %, grain 9 %, freight 9 %, prices with tax.  The id of SKU `rice`, of class `grain`."""
    await create_site("s1", name="One")
    await set_region(region("CN"))
    await set_site_region("s1", "CN")
    for tax_class, value in (("standard", "13"), ("grain", "9"), ("shipping", "9")):
        await set_rate(NewRate(region="CN", code=f"vat-{value}", tax_class=tax_class, value=percent(value), effective_from=BEGIN))
    rice = await create_sku(NewSku(code="rice", name_en="Rice", name_zh="米", price_minor=1090))
    await set_class("rice", "grain")
    return rice


async def counted(*lines: Priced, region_code: str | None = None, customer: int | None = None) -> Counted:
    return await count(Basket(lines=lines, currency="CNY", site="s1", region=region_code, customer_id=customer))


async def test_each_line_is_taxed_by_the_class_of_its_sku() -> None:
    rice = await china()
    found = await counted(
        Priced(position=1, amount_minor=11_300, sku_id=rice + 1000),
        Priced(position=2, amount_minor=10_900, sku_id=rice),
        Priced(position=3, amount_minor=1090, kind=LineKind.SHIPPING),
        Priced(position=4, amount_minor=113, kind=LineKind.FEE),
    )
    assert [line.tax_minor for line in found.totals.lines] == [1300, 900, 90, 13]
    assert found.payable_minor == 23_403


async def test_a_site_without_a_region_sells_without_tax() -> None:
    await create_site("s1", name="One")
    found = await counted(Priced(position=1, amount_minor=999, sku_id=77))
    assert (found.totals.tax_minor, found.totals.net_minor, found.payable_minor) == (0, 999, 999)


async def test_a_city_levies_after_its_state() -> None:
    await set_region(region("US-NY", is_inclusive=False))
    await set_region(region("NYC", "US-NY", is_inclusive=False))
    await set_rate(NewRate(region="US-NY", code="state", value=percent("4"), effective_from=BEGIN))
    await set_rate(NewRate(region="US-NY", code="food", tax_class="food", value=Fraction(0), effective_from=BEGIN))
    await set_rate(NewRate(region="NYC", code="city", value=percent("4.875"), effective_from=BEGIN))
    found = await counted(Priced(position=1, amount_minor=10_000, sku_id=77), region_code="NYC")
    assert [(one.rate.code, one.tax_minor) for one in found.totals.rates] == [("state", 400), ("city", 488)]
    assert [rate.code for rate in found.taxation.rates_of("food")] == ["food", "city"]
    assert (await counted(Priced(position=1, amount_minor=10_000, sku_id=77), region_code="US-NY")).totals.tax_minor == 400


async def test_rates_change_at_an_instant() -> None:
    """Germany, second half of 2020: 16 % instead of 19 %."""
    await set_region(region("DE"))
    nineteen = await set_rate(NewRate(region="DE", code="ust", value=percent("19"), effective_from=BEGIN))
    assert await set_rate(NewRate(region="DE", code="ust", value=percent("16"), effective_from=JULY)) != nineteen
    basket = Basket(lines=[Priced(position=1, amount_minor=11_900, sku_id=77)], currency="EUR", region="DE")
    assert (await count(basket, JULY - timedelta(seconds=1))).totals.tax_minor == 1900
    assert (await count(basket, JULY)).totals.tax_minor == 1641
    assert (await count(basket, BEGIN - timedelta(days=1))).totals.tax_minor == 0
    assert [row.until for row in await rates("DE")] == [JULY, None]
    again = NewRate(region="DE", code="ust", value=percent("16"), effective_from=JULY)
    assert len({await set_rate(again), await set_rate(again)}) == 1
    with pytest.raises(RateOverlaps):
        await set_rate(NewRate(region="DE", code="ust", value=percent("5"), effective_from=JULY))


async def test_a_rate_ends() -> None:
    await set_region(region("DE"))
    rate = await set_rate(NewRate(region="DE", code="ust", value=percent("19"), effective_from=BEGIN))
    await end_rate(rate, JULY)
    basket = Basket(lines=[Priced(position=1, amount_minor=11_900, sku_id=77)], currency="EUR", region="DE")
    assert (await count(basket, JULY)).totals.tax_minor == 0
    with pytest.raises(BadTax):
        await end_rate(rate, BEGIN)
    with pytest.raises(NotFound):
        await end_rate(rate + 1, JULY)


async def test_an_exempt_customer_pays_what_is_left_without_tax() -> None:
    await china()
    await open_test_keys()
    one, other = [await add_customer(Profile(name=name, email=f"{name}@example.com")) for name in ("one", "other")]
    await exempt(one, "EX-1", valid_from=BEGIN, region_code="CN")
    await exempt(other, "EX-2", valid_from=BEGIN, until=JULY)
    found = await counted(Priced(position=1, amount_minor=11_300, sku_id=77), customer=one)
    assert (found.payable_minor, found.totals.exempted_minor, found.taxation.certificate) == (10_000, 1300, "EX-1")
    basket = Basket(lines=[Priced(position=1, amount_minor=11_300, sku_id=77)], currency="CNY", site="s1", customer_id=other)
    assert ((await count(basket, JULY)).payable_minor, (await count(basket, BEGIN)).payable_minor) == (11_300, 10_000)
    with pytest.raises(BadTax):
        await exempt(one, " ", valid_from=BEGIN)
    with pytest.raises(NotFound):
        await exempt(other + 1, "EX-3", valid_from=BEGIN)


async def test_what_was_kept_does_not_change_when_rates_do() -> None:
    await china()
    basket = Basket(
        lines=[Priced(position=1, amount_minor=11_300, sku_id=77), Priced(position=2, amount_minor=1090, kind=LineKind.SHIPPING)],
        currency="CNY",
        site="s1",
        discounts=[Discount(basis_points=1000, reason="late last time")],
    )
    assert await keep(5, "SO-100005", await count(basket)) == 1
    await set_rate(NewRate(region="CN", code="vat-13", value=percent("50"), effective_from=db.now() - timedelta(minutes=1)))
    await set_region(region("CN", mode=Mode.DOWN, level=Level.ORDER))
    found = await kept("SO-100005")
    assert (found.net_minor, found.tax_minor, found.gross_minor, found.discount_minor) == (10_000, 1260, 11_260, 1130)
    assert (found.level, found.mode, found.region) == (Level.LINE, Mode.HALF_UP, "CN")
    assert [(one.position, one.rate.value, one.tax_minor) for one in found.taxes] == [
        (1, Fraction(13, 100), 1170),
        (2, Fraction(9, 100), 90),
    ]
    assert [(each.basis_points, each.reason) for each in found.discounts] == [(1000, "late last time")]
    assert await keep(5, "SO-100005", await count(basket)) == 2
    assert (await kept("SO-100005")).version == 2
    with pytest.raises(db.ConstraintViolated):
        await db.execute("UPDATE order_total SET gross_minor = gross_minor + 1, net_minor = net_minor + 1")


async def test_what_makes_no_sense_is_refused() -> None:
    await set_region(region("A"))
    await set_region(region("B", "A"))
    for wrong in (region("A", "B"), region(""), region("x", step=0)):
        with pytest.raises(BadTax):
            await set_region(wrong)
    for parent in ("nowhere",):
        with pytest.raises(NotFound):
            await set_region(region("C", parent))
    for value, code in (("-1", "c"), ("1e3", "c"), ("", "c"), ("13", "with space")):
        with pytest.raises(BadTax):
            await set_rate(NewRate(region="A", code=code, value=percent(value), effective_from=BEGIN))
    with pytest.raises(BadTax):
        await set_rate(NewRate(region="A", code="c", value=Fraction(1), effective_from=JULY, until=BEGIN))
    with pytest.raises(NotFound):
        await set_site_region("nowhere", "A")
    with pytest.raises(NotFound):
        await set_class("nothing", "grain")
    with pytest.raises(NotFound):
        await kept("SO-1")
    assert [each.code for each in await regions()] == ["A", "B"]
