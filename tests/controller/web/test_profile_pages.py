"""Station profiles on a page: said once, chosen for a site, refused in words."""

from __future__ import annotations

from pathlib import Path

from aiohttp.test_utils import TestClient

from controller.people.policies import Grant
from controller.profiles.queries import chosen, profile
from edge_agent.wire.roles import Role
from tests.browser.shop import BrowserShop
from tests.controller.people.browser import logged_in
from tests.controller.web.test_forms import client_of, form, press, shown

__all__ = ["client", "shop"]
from tests.controller.web.test_forms import client, shop

PAGE = "/station-profiles"
DESK = {"name": "desk", "sign_in": "badge", "activities": "counting, receiving", "quiet_minutes": "20", "double_read_ms": "300"}


async def test_a_profile_says_that_adjustments_need_a_manager_and_a_site_takes_it(client: TestClient) -> None:
    action, fields = await form(client, PAGE, PAGE)
    assert await press(client, action, {**fields, **DESK, "manager_adjusts": "yes"}) == (303, f"{PAGE}?done=saved")
    stored = await profile("desk")
    assert (stored.manager_adjusts, stored.activities, stored.sign_in) == (True, ("counting", "receiving"), "badge")
    action, fields = await form(client, PAGE, "/choose", site="sh-01")
    assert await press(client, action, {**fields, "profile": "desk"}) == (303, f"{PAGE}?done=chosen")
    assert await chosen("sh-01") == "desk"
    page = await shown(client, PAGE)
    assert "manager's badge" in page
    action, fields = await form(client, f"{PAGE}?edit=desk", PAGE)
    fields.pop("manager_adjusts")  # a box that is not ticked sends nothing
    assert await press(client, action, {**fields, **DESK}) == (303, f"{PAGE}?done=saved")
    assert not (await profile("desk")).manager_adjusts


async def test_what_cannot_be_is_refused_in_words_with_what_was_typed(client: TestClient) -> None:
    action, fields = await form(client, PAGE, PAGE)
    for number, wrong in enumerate(
        (
            {"name": "Desk 1"},
            {"quiet_minutes": "x"},
            {"quiet_minutes": "9999"},
            {"activities": "Count!"},
            {"sign_in": "eye"},
        )
    ):
        status, page = await press(client, action, {**fields, **DESK, **wrong, "key": f"k{number}"})
        assert (status, "Nothing was changed: a name has" in page) == (422, True), wrong
    await press(client, action, {**fields, **DESK})
    choose, hidden = await form(client, PAGE, "/choose", site="sh-01")
    await press(client, choose, {**hidden, "profile": "desk"})
    status, page = await press(client, f"{PAGE}/remove", {**fields, "key": "r", "name": "desk"})
    assert (status, "a site has this profile" in page) == (422, True)


async def test_who_looks_after_no_boxes_changes_none(shop: BrowserShop, tmp_path: Path) -> None:
    async with client_of(tmp_path, open_pages=False) as closed:
        picker = await logged_in("Pia", Grant(Role.PICKER, "sh-01"))
        status, _ = await press(closed, PAGE, {**picker.form, **DESK, "key": "k"}, **picker.cookie)
        assert status == 403
