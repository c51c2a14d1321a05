"""Whether the books add up: a difference is settled as its diff showed, seals are looked at, what goods cost is explained."""

from __future__ import annotations

from pathlib import Path

from aiohttp.test_utils import TestClient

from controller import db
from controller.costing import valuing
from controller.owed import ALL_PROOFS
from controller.people.policies import Grant
from controller.proofs.reconciler import Reconciler
from controller.stock.presale import presale_of
from edge_agent.wire.roles import Role
from tests.browser.shop import BrowserShop
from tests.controller.people.browser import logged_in
from tests.controller.web.test_forms import client_of, form, press, shown

__all__ = ["client", "shop"]
from tests.controller.web.test_forms import client, shop

MILK = "/stock/MILK-1L?site=sh-01"


async def test_a_wrong_number_is_shown_and_put_right_once(client: TestClient) -> None:
    await db.execute("UPDATE availability SET reserved = reserved + 5 WHERE sku_id = (SELECT id FROM sku WHERE code = 'MILK-1L')")
    await Reconciler(ALL_PROOFS, pause=0).full_pass()
    page = await shown(client, "/ledger")
    assert "reserved of MILK-1L" in page or "availability of MILK-1L" in page
    action, fields = await form(client, "/ledger", "/differences/1")
    for _ in range(2):  # a double click
        assert await press(client, action, {**fields, "trust": "rows"}) == (303, "/ledger?done=settled")
    assert (await Reconciler(ALL_PROOFS, pause=0).full_pass()).differences == 0
    assert "Every number follows from the entries behind it." in await shown(client, "/ledger")
    assert "MILK-1L" in await shown(client, "/ledger?state=settled")


async def test_a_difference_that_moved_since_is_not_settled(client: TestClient) -> None:
    await db.execute("UPDATE availability SET reserved = reserved + 5 WHERE sku_id = (SELECT id FROM sku WHERE code = 'MILK-1L')")
    await Reconciler(ALL_PROOFS, pause=0).full_pass()
    action, fields = await form(client, "/ledger", "/differences/1")
    status, page = await press(client, action, {**fields, "stored": "77", "trust": "rows"})
    assert (status, "the difference is another one by now" in page) == (409, True)
    assert (await press(client, action, {**fields, "key": "k2", "trust": "both"}))[0] == 409


async def test_only_people_of_the_whole_chain_see_what_concerns_all_sites(shop: BrowserShop, tmp_path: Path) -> None:
    async with client_of(tmp_path, open_pages=False) as closed:
        here, everywhere = await logged_in("Mei", Grant(Role.MANAGER, "sh-01")), await logged_in("Bo", Grant(Role.MANAGER))
        assert (await closed.get("/ledger", headers=here.cookie)).status == 403
        assert 'href="/ledger"' not in await shown(closed, "/stock", **here.cookie)
        assert 'href="/ledger"' in await shown(closed, "/stock", **everywhere.cookie)


async def test_what_goods_cost_is_told_with_the_entries_behind_it(client: TestClient) -> None:
    await valuing.catch_up()
    page = await shown(client, "/stock/MILK-1L/cost?site=sh-01")
    assert "Received" in page
    assert "Of unknown cost" in page
    assert "/stock/MILK-1L/cost?site=sh-01" in await shown(client, MILK)
    assert (await client.get("/stock/MILK-1L/cost?site=none")).status == 404


async def test_how_much_may_be_sold_before_it_arrives_is_said_at_the_sku(client: TestClient) -> None:
    action, fields = await form(client, MILK, "/presale")
    for _ in range(2):
        assert await press(client, action, {**fields, "presale": "40"}) == (303, "/stock/MILK-1L?site=sh-01&done=presale")
    (sku,) = await db.fetch("SELECT id FROM sku WHERE code = 'MILK-1L'")
    assert await presale_of(sku["id"], "sh-01") == (40, 0)
    status, page = await press(client, action, {**fields, "key": "other", "presale": "-1"})
    assert (status, "a whole number from 0 on" in page, 'value="-1"' in page) == (422, True, True)


async def test_the_ledger_of_a_sku_has_the_address_that_people_guess(client: TestClient) -> None:
    answer = await client.get("/stock/MILK-1L/ledger?site=sh-01", allow_redirects=False)
    assert (answer.status, answer.headers["Location"]) == (303, "/stock/MILK-1L/why?site=sh-01&figure=on_hand")
