from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import date, timedelta

import pytest

from controller import db
from controller.errors import NotFound
from controller.orders.operations import place
from controller.orders.states import WhenShort
from controller.sourcing import changing
from controller.sourcing.deciding import Cause, decisions
from controller.sourcing.plans import Because, Point, Rate, Unsourced
from controller.sourcing.settings import TermsSetting, settings
from controller.stock.channels import add_channel, set_buffer
from controller.stock.lots import LotSeen, lots_of
from controller.stock.operations import InsufficientStock, move
from tests.controller.orders_shop import books_add_up
from tests.controller.sourcing.chain import Chain, order_id, promised, wanting

SHANGHAI, BEIJING = Point(31_230_400, 121_473_700), Point(39_904_200, 116_407_400)


@pytest.fixture
async def chain(database: str) -> Chain:
    return await Chain.open("a", "b", "c")


async def reasons(order_no: str) -> dict[str, str]:
    found = (await decisions(order_id(order_no)))[0]
    return {verdict.site: verdict.reason.value for verdict in found.plan.verdicts}


async def test_an_order_comes_from_the_one_site_that_has_it_all(chain: Chain) -> None:
    await chain.stock("tea", a=5, b=5)
    await chain.stock("milk", b=5, c=5)
    no = await chain.placed(("tea", 2), ("milk", 3))
    assert await promised(no) == [(1, "b", 2), (2, "b", 3)]
    (kept,) = await decisions(order_id(no))
    assert (kept.cause, kept.plan.because, kept.plan.runner_up) == (Cause.PLACED, Because.FEWER_SITES, kept.plan.runner_up)
    assert kept.plan.runner_up is not None
    assert set(kept.plan.runner_up.sites) == {"a", "c"}
    assert await books_add_up()


async def test_it_is_divided_when_it_must_be(chain: Chain) -> None:
    await chain.stock("tea", a=5, b=4)
    no = await chain.placed(("tea", 7))
    assert await promised(no) == [(1, "a", 5), (1, "b", 2)]
    assert await books_add_up()


async def test_what_is_short_is_refused_or_waits(chain: Chain) -> None:
    await chain.stock("tea", a=2, b=1)
    with pytest.raises(InsufficientStock) as short:
        await chain.placed(("tea", 4))
    assert (short.value.wanted, short.value.available) == (4, 3)
    no = await place(replace(chain.order(("tea", 4)), when_short=WhenShort.ACCEPT))
    assert await promised(no) == [(1, "a", 2), (1, "b", 1)]
    assert await wanting(no) == [1]
    assert [kept.plan.unsourced for kept in await decisions(order_id(no))] == [None, Unsourced.SHORT]


async def test_the_nearest_site_by_where_it_goes(chain: Chain) -> None:
    await chain.stock("tea", a=5, b=5)
    await changing.set_site("a", point=BEIJING, capacity=None, reason="opened")
    await changing.set_site("b", point=SHANGHAI, capacity=None, reason="opened")
    await changing.set_area("CN-1", zone="north", point=BEIJING, reason="areas")
    await changing.set_area("CN-31", zone="east", point=SHANGHAI, reason="areas")
    south, north = await place(chain.order(("tea", 1), region="CN-31")), await place(chain.order(("tea", 1), region="CN-11"))
    assert (await promised(south))[0][1] == "b"
    assert (await promised(north))[0][1] == "a"
    (kept,) = await decisions(order_id(south))
    assert kept.plan.runner_up is not None
    assert kept.plan.runner_up.cost.distance == 1067


async def test_freight_by_zone(chain: Chain) -> None:
    await chain.stock("tea", a=5, b=5)
    await changing.set_area("CN", zone="all", point=None, reason="areas")
    await changing.set_rate("", "all", Rate(900, 200), reason="contract")
    await changing.set_rate("b", "all", Rate(700, 200), reason="contract")
    no = await place(chain.order(("tea", 1), region="CN-31"))
    (kept,) = await decisions(order_id(no))
    assert (await promised(no), kept.plan.chosen and kept.plan.chosen.cost.freight) == ([(1, "b", 1)], 700)


async def test_a_channel_has_its_own_order_of_sites(chain: Chain) -> None:
    await chain.stock("tea", a=5, b=5, c=5)
    await add_channel("web", name_en="Web", name_zh="网店")
    await changing.set_rank("web", "c", 0, reason="warehouse first")
    await changing.set_rank("web", "b", 5, reason="then this")
    await changing.set_rank("web", "a", None, used=False, reason="not for the web")
    first = await chain.placed(("tea", 5))
    assert await promised(first) == [(1, "c", 5)]
    assert await reasons(first) == {"a": "not_for_channel", "b": "rank"}
    assert await promised(await chain.placed(("tea", 5))) == [(1, "b", 5)]
    with pytest.raises(InsufficientStock):
        await chain.placed(("tea", 1))
    assert await promised(await place(chain.order(("tea", 1), channel="till"))) == [(1, "a", 1)]


async def test_listed_only(chain: Chain) -> None:
    await chain.stock("tea", a=5, b=5)
    await changing.set_terms("", TermsSetting(listed_only=True), reason="contract")
    await changing.set_rank("", "b", 0, reason="listed")
    no = await chain.placed(("tea", 1))
    assert await promised(no) == [(1, "b", 1)]
    assert await reasons(no) == {"a": "not_for_channel", "c": "not_for_channel"}


async def test_a_channels_buffer_is_not_promised(chain: Chain) -> None:
    await chain.stock("tea", a=5, b=5)
    await add_channel("web", name_en="Web", name_zh="网店")
    await set_buffer("web", 4, site="a", reason="for the shop")
    assert await promised(await chain.placed(("tea", 3))) == [(1, "b", 3)]


async def test_a_site_that_is_full_today_is_not_asked(chain: Chain) -> None:
    await chain.stock("tea", a=9, b=9)
    await changing.set_site("a", point=None, capacity=2, reason="small")
    sites = [(await promised(await chain.placed(("tea", 1))))[0][1] for _ in range(4)]
    assert sorted(sites) == ["a", "b", "b", "b"] or sites.count("a") <= 2
    with pytest.raises(InsufficientStock):
        for _ in range(3):
            await place(replace(chain.order(("tea", 1)), region=None, lines=chain.order(("tea", 9)).lines))


async def test_what_keeps_too_short_is_not_promised_and_what_expires_first_goes_first(chain: Chain) -> None:
    sku = await chain.stock("tea")
    await db.execute("UPDATE sku SET tracking = 'lot', min_remaining_days = 10 WHERE id = ?", sku)
    today = db.now().date()
    for site, days in (("a", 3), ("b", 40), ("c", 20)):
        (lot,) = await lots_of([LotSeen(sku_id=sku, code=f"L{days}", expiry=_on(today, days))], site=site)
        await move([chain.arrival("tea", site, 5, lot=lot)])
    no = await chain.placed(("tea", 2))
    assert await promised(no) == [(1, "c", 2)]
    assert await reasons(no) == {"a": "keeps_too_short", "b": "cheaper"}
    longer = await place(replace(chain.order(("tea", 2)), min_remaining_days=30))
    assert await promised(longer) == [(1, "b", 2)]


def _on(today: date, days: int) -> date:
    return today + timedelta(days=days)


async def test_buyers_at_once_get_what_is_there_and_no_more(chain: Chain) -> None:
    sku = await chain.stock("tea", a=7, b=5, c=8)

    async def buy() -> bool:
        try:
            await db.in_transaction(lambda: place(chain.order(("tea", 1))))
        except InsufficientStock:
            return False
        return True

    assert sum(await asyncio.gather(*(buy() for _ in range(32)))) == 20
    rows = await db.fetch("SELECT SUM(reserved) AS n FROM availability WHERE sku_id = ?", sku)
    assert int(rows[0]["n"]) == 20
    assert await books_add_up()


# --- settings -------------------------------------------------------------------------------------------------------------------


async def test_settings_are_told_with_what_was_before(chain: Chain) -> None:
    await changing.set_rate("", "", Rate(900, 200), reason="contract")
    await changing.set_rate("", "", Rate(900, 200), reason="again")
    await changing.set_rate("", "", None, reason="over")
    rows = await db.fetch("SELECT data FROM event WHERE name = 'sourcing_changed' ORDER BY id")
    assert len(rows) == 2
    assert '"before":"900 200","after":null' in rows[1]["data"]
    assert (await settings()).rates == {}


async def test_settings_that_make_no_sense_are_refused(chain: Chain) -> None:
    with pytest.raises(changing.BadSetting):
        await changing.set_site("a", point=Point(91_000_000, 0), capacity=None, reason="x")
    with pytest.raises(changing.BadSetting):
        await changing.set_site("a", point=None, capacity=-1, reason="x")
    with pytest.raises(changing.BadSetting):
        await changing.set_rate("a", "", Rate(1, 1), reason=" ")
    with pytest.raises(changing.BadSetting):
        await changing.set_rank("", "a", -1, reason="x")
    with pytest.raises(changing.BadSetting):
        await changing.set_safety(0, "a", -1, reason="x")
    with pytest.raises(NotFound):
        await changing.set_site("nowhere", point=None, capacity=None, reason="x")
    with pytest.raises(NotFound):
        await changing.set_terms("nobody", TermsSetting(), reason="x")


async def test_the_narrowest_safety_counts(chain: Chain) -> None:
    sku = await chain.stock("tea", a=5, b=5)
    await changing.set_safety(0, "", 5, reason="all")
    await changing.set_safety(sku, "b", 0, reason="sells out")
    no = await chain.placed(("tea", 1))
    assert await promised(no) == [(1, "b", 1)]
    (kept,) = await decisions(order_id(no))
    assert kept.plan.runner_up is not None
    assert kept.plan.runner_up.cost.balance == 50
