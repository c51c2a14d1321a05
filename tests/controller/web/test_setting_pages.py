"""Sites, sellers and screens on pages: said by whoever may, refused with what was typed, shown once where it is secret."""

from __future__ import annotations

import html
import re
from pathlib import Path

import pytest
from aiohttp.test_utils import TestClient

from controller.errors import NotFound
from controller.invoices.errors import NoSeller
from controller.invoices.sellers import seller_at
from controller.people.policies import Grant
from controller.sites import queries as sites
from controller.sites.operations import create_site
from controller.tracking.screens import screen_of, screens
from edge_agent.wire.roles import Role
from tests.browser.shop import BrowserShop
from tests.controller.people.browser import Somebody, logged_in
from tests.controller.web.test_forms import client_of, form, press, shown

__all__ = ["client", "shop"]
from tests.controller.web.test_forms import client, shop

SITE = "sh-01"
CLOCK = {"name": "Shop 1", "time_zone": "Europe/Berlin", "day_starts": "04:00", "address": "Lange Straße 1, Berlin"}
SELLER = {
    "name": "Tea House Ltd.",
    "address": "1 Tea Street",
    "tax_number": "91330100MA27XL0000",
    "note": "Bank 42",
    "prefix": "TH",
    "correction_prefix": "THC",
}
ADDRESS = re.compile(r'<code id="address">([^<]+)</code>')


async def test_a_site_s_clock_and_address_are_said_on_its_page(client: TestClient) -> None:
    page = await shown(client, "/sites")
    assert f'href="/sites/{SITE}"' in page
    assert f'href="/sites/{SITE}"' not in await shown(client, "/sites?q=nowhere")
    action, fields = await form(client, f"/sites/{SITE}", f"/sites/{SITE}")
    assert await press(client, action, {**fields, **CLOCK}) == (303, f"/sites/{SITE}?done=saved")
    assert (await sites.site(SITE)).address == CLOCK["address"]
    page = await shown(client, f"/sites/{SITE}?done=saved")
    for text in ("Saved. It holds from now on.", "begins at 04:00", CLOCK["address"], "Europe/Berlin 04:00"):
        assert text in page, text


@pytest.mark.parametrize("wrong", [{"time_zone": "Mars/Olympus"}, {"day_starts": "25:00"}, {"name": ""}, {"address": "x" * 201}])
async def test_a_clock_that_cannot_be_is_refused_and_what_was_typed_stays(client: TestClient, wrong: dict[str, str]) -> None:
    before = await sites.site(SITE)
    action, fields = await form(client, f"/sites/{SITE}", f"/sites/{SITE}")
    status, page = await press(client, action, {**fields, **CLOCK, "name": "Typed before", **wrong})
    assert (status, "Nothing was changed" in page, "bad_site" in page) == (422, True, True)
    assert f'value="{wrong.get("name", "Typed before")}"' in page
    assert await sites.site(SITE) == before


async def test_a_site_and_its_bins_are_added_on_pages(client: TestClient) -> None:
    action, fields = await form(client, "/sites", "/sites")
    new = {"id": "sh-09", "currency": "EUR", **CLOCK}
    status, page = await press(client, action, {**fields, **new, "id": "Shop 9"})
    assert (status, 'value="Shop 9"' in page) == (422, True)
    assert await press(client, action, {**fields, **new, "key": "a"}) == (303, "/sites/sh-09?done=added")
    status, page = await press(client, action, {**fields, **new, "key": "b"})
    assert (status, "this code is taken already" in page) == (409, True)
    assert "No bins yet." in await shown(client, "/sites/sh-09?done=added")
    action, fields = await form(client, "/sites/sh-09", "/bins")
    bin_ = {"code": "A/01 <b>", "zone": "chilled", "capacity": "240"}
    assert await press(client, action, {**fields, **bin_}) == (303, "/sites/sh-09?done=bin#h-bins")
    status, page = await press(client, action, {**fields, **bin_, "key": "again"})
    assert (status, "already_exists" in page) == (409, True)
    action, fields = await form(client, "/sites/sh-09?bin=A%2F01+%3Cb%3E", "/bins/change")
    status, page = await press(client, action, {**fields, "code": bin_["code"], "zone": "dry", "capacity": "many"})
    assert (status, "Edit bin A/01 <b>" in page, 'action="/sites/sh-09/bins/change"' in page) == (422, True, True)
    assert (await press(client, action, {**fields, "code": bin_["code"], "zone": "dry", "capacity": "", "key": "k"}))[0] == 303
    (place,) = await sites.bins_by_code("sh-09", q="DRY")
    assert (place.code, place.zone, place.capacity) == ("A/01 <b>", "dry", None)
    assert "No bin matches this search." in await shown(client, "/sites/sh-09?q=zzz")


async def test_sites_and_bins_come_page_by_page(client: TestClient) -> None:
    for number in range(3):
        await create_site(f"z-{number}", name=f"Zed {number}")
    page = await shown(client, "/sites?q=zed&per=2")
    assert ("Zed 1" in page, "Zed 2" in page) == (True, False)
    following = re.search(r'href="([^"]+)" rel="next"', page)
    assert following is not None
    page = await shown(client, html.unescape(following[1]))
    assert ("Zed 1" in page, "Zed 2" in page) == (False, True)


async def test_who_sells_is_said_for_the_chain_and_for_a_site(client: TestClient) -> None:
    with pytest.raises(NoSeller):
        await seller_at(SITE)
    assert "Nobody said who sells in the whole chain." in await shown(client, "/sellers")
    action, fields = await form(client, "/sellers", "/sellers")
    status, page = await press(client, action, {**fields, **SELLER, "correction_prefix": "th"})
    assert (status, "begin differently" in page, 'value="Tea House Ltd."' in page) == (422, True, True)
    assert await press(client, action, {**fields, **SELLER, "prefix": "th", "key": "k"}) == (303, "/sellers?done=saved&edit=chain")
    assert (await seller_at(SITE)).prefix == "TH"
    assert "as the whole chain" in await shown(client, "/sellers")
    action, fields = await form(client, f"/sellers?edit={SITE}", f"/sellers/{SITE}")
    own = {**SELLER, "name": "Shop One GmbH", "prefix": "S1", "correction_prefix": "S1C", "at_packing": "yes"}
    assert (await press(client, action, {**fields, **own}))[0] == 303
    stored = await seller_at(SITE)
    assert (stored.seller.name, stored.at_packing) == ("Shop One GmbH", True)
    assert (await seller_at(None)).seller.name == "Tea House Ltd."
    page = await shown(client, f"/sellers?edit={SITE}")
    assert 'name="at_packing" value="yes" checked' in page
    for number, wrong in enumerate(({"name": " "}, {"prefix": "1A"}, {"note": "x" * 401}, {"address": "two\nlines"})):
        status, page = await press(client, action, {**fields, **own, **wrong, "key": f"w{number}"})
        assert (status, "Nothing was changed" in page) == (422, True), wrong


async def test_a_screen_s_address_is_shown_once_and_lets_it_in_until_it_is_removed(client: TestClient) -> None:
    assert "No screen yet." in await shown(client, "/screens")
    action, fields = await form(client, "/screens", "/screens")
    wanted = {**fields, "site": SITE, "name": "Entrance", "language": "en"}
    status, page = await press(client, action, wanted)
    found = ADDRESS.search(page)
    assert (status, found is not None, "data:image/svg+xml;base64," in page) == (200, True, True)
    assert found is not None
    path, _, key = found[1].partition("?key=")
    assert path == str(client.make_url("/terminal"))
    assert (await screen_of(key)) is not None
    assert await press(client, action, wanted) == (303, "/screens?done=made"), "the same form: no second screen"
    page = await shown(client, "/screens")
    assert ("Entrance" in page, key in page) == (True, False)
    status, page = await press(client, action, {**wanted, "key": "other"})
    assert (status, "this site has a screen of that name" in page, 'value="Entrance"' in page) == (409, True, True)
    status, page = await press(client, action, {**wanted, "name": " ", "key": "third"})
    assert (status, "bad_screen" in page) == (422, True)
    action, fields = await form(client, "/screens", "/remove", screen="Entrance")
    assert await press(client, action, fields) == (303, "/screens?done=removed")
    assert (await screen_of(key), await screens(SITE)) == (None, [])
    status, page = await press(client, action, {**fields, "key": "twice"})
    assert (status, "not here any more" in page) == (422, True)


async def test_each_sees_and_says_only_what_is_theirs(shop: BrowserShop, tmp_path: Path) -> None:
    await create_site("other", name="The Other One")
    async with client_of(tmp_path, open_pages=False) as closed:
        manager, finance, admin = [
            await logged_in(role.value, Grant(role, SITE)) for role in (Role.MANAGER, Role.FINANCE, Role.ADMIN)
        ]
        for path in ("/sites", "/sellers", "/screens"):
            page = await shown(closed, path, **admin.cookie)
            assert ("The Other One" in page, SITE in page or path == "/screens") == (False, True), path
        assert (await closed.get("/sites/other", headers=admin.cookie)).status == 404
        assert 'action="/sellers' not in await shown(closed, "/sellers", **manager.cookie)
        assert f'action="/sellers/{SITE}"' in await shown(closed, "/sellers", **finance.cookie)
        tried: tuple[tuple[Somebody, str, dict[str, str], int], ...] = (
            (manager, f"/sites/{SITE}", CLOCK, 403),
            (manager, f"/sellers/{SITE}", SELLER, 403),
            (manager, "/screens", {"site": SITE, "name": "x"}, 403),
            (finance, "/sellers", SELLER, 403),
            (finance, "/sellers/other", SELLER, 404),
            (admin, "/sites/other", CLOCK, 404),
            (admin, "/sites/other/bins", {"code": "A"}, 404),
            (admin, "/sites", {"id": "mine", "currency": "CNY", **CLOCK}, 403),
            (admin, "/screens", {"site": "other", "name": "x"}, 404),
            (admin, "/screens/remove", {"site": "other", "screen": "x"}, 404),
        )
        for who, path, fields, status in tried:
            assert (
                await press(
                    closed, path, {**who.form, **fields, "key": f"k{tried.index((who, path, fields, status))}"}, **who.cookie
                )
            )[0] == status, (who, path)
    with pytest.raises(NotFound):
        await sites.site("mine")


@pytest.mark.parametrize("path", ["/sites", f"/sites/{SITE}", "/sellers", "/screens"])
async def test_the_live_region_comes_alone_and_in_both_languages(client: TestClient, path: str) -> None:
    region = await shown(client, path, **{"HX-Request": "true"})
    assert "<html" not in region
    assert "<form" not in re.sub(r'<form[^>]*action="/screens/remove".*?</form>', "", region, flags=re.DOTALL)
    assert re.search("[一-鿿]", await shown(client, path, **{"Accept-Language": "zh-CN"}))
