"""The pages of waves: who may do what where, and what a refused form keeps."""

from __future__ import annotations

import html
import itertools

import pytest
from aiohttp.test_utils import TestClient

from controller.orders.operations import place
from controller.people.policies import Grant
from controller.sites.operations import create_site
from controller.waves import queries
from controller.waves.composing import compose_waves
from controller.waves.rules import Rule, put_rule, rules
from controller.waves.states import WaveState
from edge_agent.wire.roles import Role
from tests.controller.orders_shop import OrderShop
from tests.controller.people.browser import Somebody, logged_in

RULE = {
    "site": "s1",
    "rule": "0",
    "version": "0",
    "name": "Mine",
    "priority": "5",
    "max_lists": "9",
    "mode": "single",
    "timing": "hand",
}


_keys = itertools.count()


@pytest.fixture
async def shop(client: TestClient) -> OrderShop:
    shop = await OrderShop.open()
    await shop.stock("tea", 10)
    await create_site("s2", name="Shop 2")
    return shop


async def post(client: TestClient, who: Somebody, path: str, **fields: str) -> tuple[int, str]:
    answer = await client.post(
        path,
        data={**who.form, "key": f"k{next(_keys)}", **fields},
        headers=who.cookie | {"Accept": "text/html"},
        allow_redirects=False,
    )
    return answer.status, answer.headers.get("Location") or html.unescape(await answer.text())


async def test_a_refused_rule_keeps_what_was_typed_and_links_to_its_field(client: TestClient, shop: OrderShop) -> None:
    boss = await logged_in("Boss", Grant(Role.MANAGER))
    status, text = await post(client, boss, "/wave-rules", **RULE, times="25:99")
    assert (status, 'href="#f-times"' in text, 'value="Mine"' in text, 'value="25:99"' in text) == (422, True, True, True)
    assert await rules("s1") == []
    assert (await post(client, boss, "/wave-rules", **RULE, verb="preview"))[0] == 200
    assert await rules("s1") == []
    assert await post(client, boss, "/wave-rules", **RULE) == (303, "/wave-rules?site=s1&done=kept")
    (kept,) = await rules("s1")
    status, text = await post(client, boss, "/wave-rules", **{**RULE, "rule": str(kept.id), "version": "7"})
    assert (status, "somebody else changed this rule" in text) == (422, True)
    assert (await post(client, boss, f"/wave-rules/{kept.id}/remove", site="s1"))[0] == 303
    assert (await post(client, boss, f"/wave-rules/{kept.id}/remove", site="s1"))[0] == 422


async def test_composing_nothing_shows_why(client: TestClient, shop: OrderShop) -> None:
    boss = await logged_in("Boss", Grant(Role.MANAGER))
    await place(shop.order(("tea", 1)))
    status, where = await post(client, boss, "/waves", site="s1")
    assert (status, where) == (303, "/wave-rules?site=s1&preview=yes&done=nothing")
    page = await (await client.get(where, headers=boss.cookie)).text()
    assert "Fits no rule" in page


async def test_a_picker_looks_and_prints_and_nobody_reaches_another_site(client: TestClient, shop: OrderShop) -> None:
    await place(shop.order(("tea", 1)))
    await put_rule(Rule(site="s1", name="all"))
    (no,) = await compose_waves("s1")
    picker = await logged_in("Picker", Grant(Role.PICKER, "s1"))
    page = await (await client.get(f"/waves/{no}", headers=picker.cookie)).text()
    assert ("/release" in page, "/cancel" in page) == (False, False)
    for verb in ("release", "cancel", "take-out"):
        assert (await post(client, picker, f"/waves/{no}/{verb}"))[0] == 403
    assert (await post(client, picker, "/waves", site="s1"))[0] == 403
    there = await logged_in("There", Grant(Role.MANAGER, "s2"))
    assert (await client.get(f"/waves/{no}", headers=there.cookie)).status == 404
    assert (await post(client, there, f"/waves/{no}/release"))[0] == 404
    assert (await post(client, there, "/waves", site="s1"))[0] == 404
    assert (await post(client, there, "/wave-rules", **RULE))[0] == 404
    assert (await queries.wave(no)).state is WaveState.COMPOSED
    assert len(await rules("s1")) == 1


async def test_what_cannot_be_done_is_told_on_the_wave_s_page(client: TestClient, shop: OrderShop) -> None:
    boss = await logged_in("Boss", Grant(Role.MANAGER))
    await place(shop.order(("tea", 1)))
    await put_rule(Rule(site="s1", name="all"))
    (no,) = await compose_waves("s1")
    status, text = await post(client, boss, f"/waves/{no}/print", box="b1")
    assert (status, "no list of it is to be picked" in text) == (422, True)
    assert await post(client, boss, f"/waves/{no}/cancel", reason="rain") == (303, f"/waves/{no}?done=cancelled")
    status, text = await post(client, boss, f"/waves/{no}/release")
    assert (status, "this wave had moved on" in text) == (422, True)
