"""Stock as a browser without scripts sees it: levels, one SKU, why it is this number, and a difference that is booked once."""

from __future__ import annotations

from datetime import date

import pytest
from aiohttp.test_utils import TestClient

from controller import db
from controller.catalog.operations import NewSku, create_sku
from controller.people.policies import Grant
from controller.sites.operations import create_site
from controller.sites.queries import bins
from controller.stock.lots import Cause, block, lot_of, lots_at
from controller.stock.operations import Adjustment, ReserveLine, adjust, reserve
from controller.stock.presale import set_presale
from controller.stock.queries import level
from edge_agent.wire.roles import Role
from tests.browser.shop import BrowserShop
from tests.controller.people.browser import logged_in
from tests.controller.web.test_forms import client_of, form, press, shown

__all__ = ["client", "shop"]
from tests.controller.web.test_forms import client, shop

MILK = "/stock/MILK-1L?site=sh-01"


async def on_hand(code: str) -> int:
    sku = (await db.fetch("SELECT id FROM sku WHERE code = ?", code))[0]["id"]
    found = await level(sku, "sh-01")
    assert found is not None
    return found.on_hand


async def test_a_level_leads_to_its_sku_and_that_to_the_entries_behind_it(client: TestClient) -> None:
    listing = await shown(client, "/stock?q=milk&site=sh-01")
    assert f'href="{MILK}"' in listing
    assert "TEA-500" not in listing
    page = await shown(client, MILK)
    assert "On hand at sh-01, the last 90 days" in page
    assert "4006381333931" in page
    assert "/stock/MILK-1L/why?site=sh-01&figure=on_hand" in page
    ledger = await shown(client, "/stock/MILK-1L/why?site=sh-01")
    assert "On hand: why is it 24?" in ledger
    assert "Received" in ledger
    assert "counter-1" in ledger


async def test_a_difference_is_booked_once_and_its_entry_names_who(client: TestClient, shop: BrowserShop) -> None:
    action, fields = await form(client, MILK, "/adjust")
    fields |= {"bin": "A-01", "way": "found", "quantity": "2", "reason": "behind the shelf"}
    for _ in range(2):  # a double click
        assert await press(client, action, fields) == (303, "/stock/MILK-1L?site=sh-01&done=adjusted")
    assert await on_hand("MILK-1L") == 26
    ledger = await shown(client, "/stock/MILK-1L/why?site=sh-01")
    assert "behind the shelf" in ledger
    assert "Difference booked by a person" in ledger


async def test_a_difference_may_name_the_lot_and_what_is_presold_has_its_why(client: TestClient) -> None:
    sku = (await db.fetch("SELECT id FROM sku WHERE code = ?", "MILK-1L"))[0]["id"]
    place = (await bins("sh-01", ["A-01"]))["A-01"].id
    early, late = [await lot_of(sku, f"L{month}", date(2030, month, 1)) for month in (1, 2)]
    for lot in (early, late):
        await adjust(Adjustment(sku_id=sku, location_id=place, change=5, reason="found", lot_id=lot), person="test")
    action, fields = await form(client, MILK, "/adjust")
    assert f'<option value="{late}">L2' in await shown(client, MILK)
    status, _ = await press(
        client, action, {**fields, "bin": "A-01", "way": "gone", "quantity": "3", "reason": "x", "lot": str(late)}
    )
    assert status == 303
    assert {lot.id: lot.on_hand for lot in await lots_at(sku, "sh-01")} == {early: 5, late: 2}
    other, _ = await press(client, action, {**fields, "bin": "A-01", "quantity": "3", "reason": "x", "lot": "99", "key": "another"})
    assert other == 422
    await block(late, reason="wet carton")
    page = await shown(client, MILK)
    assert ("Blocked: not sold" in page, "wet carton" in page, "Recalled" in page) == (True, True, False)
    await block(late, reason="salmonella", cause=Cause.RECALL)
    await block(early, reason="late", cause=Cause.EXPIRED)
    page = await shown(client, MILK)
    assert all(words in page for words in ("Blocked: not sold", "Recalled: not sold", "Expired when it came: not sold"))
    await set_presale(sku, "sh-01", 99)
    await reserve([ReserveLine(line_key="o/1", sku_id=sku, quantity=90, presale=True)], site_id="sh-01")
    assert "/stock/MILK-1L/why?site=sh-01&figure=presold" in await shown(client, MILK)
    assert "Sold before it came" in await shown(client, "/stock/MILK-1L/why?site=sh-01&figure=presold")


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ({"bin": "Z-99"}, "this site has no bin of that name"),
        ({"quantity": "1.5"}, "not a whole number above zero"),
        ({"quantity": "9" * 17}, "not a whole number above zero"),
        ({"quantity": "0"}, "needs a number above zero and a reason"),
        ({"reason": " "}, "needs a number above zero and a reason"),
    ],
)
async def test_a_form_with_a_mistake_says_so_and_keeps_what_was_typed(
    client: TestClient, typed: dict[str, str], words: str
) -> None:
    action, fields = await form(client, MILK, "/adjust")
    fields |= {"bin": "A-01", "way": "gone", "quantity": "3", "reason": "broken glass", **typed}
    status, page = await press(client, action, fields)
    assert (status, words in page) == (422, True)
    assert f'value="{fields["bin"]}"' in page
    assert await on_hand("MILK-1L") == 24


async def test_a_code_with_a_slash_has_a_page_and_an_unknown_one_has_none(client: TestClient) -> None:
    await create_sku(NewSku(code="A/B 1", name_en="Bolt", name_zh="螺栓", price_minor=100), [])
    page = await shown(client, "/stock/A%2FB%201")
    assert "No site ever had it." in page
    assert (await client.get("/stock/NONE")).status == 404
    assert (await client.get("/stock/MILK-1L?site=none")).status == 404


async def test_people_of_another_site_see_and_change_nothing_here(shop: BrowserShop, tmp_path: object) -> None:
    async with client_of(tmp_path, open_pages=False) as closed:  # type: ignore[arg-type]  # pytest's own
        await create_site("sh-02", name="Shop 2")
        elsewhere = await logged_in("Elsa", Grant(Role.MANAGER, "sh-02"))
        assert (await closed.get(MILK, headers=elsewhere.cookie)).status == 404
        assert (await closed.get("/stock/MILK-1L/why?site=sh-01", headers=elsewhere.cookie)).status == 404
        fields = {**elsewhere.form, "site": "sh-01", "bin": "A-01", "way": "gone", "quantity": "3", "reason": "x", "key": "k"}
        status, _ = await press(closed, "/stock/MILK-1L/adjust", fields, **elsewhere.cookie)
        assert status in (403, 404)
    assert await on_hand("MILK-1L") == 24
