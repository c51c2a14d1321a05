"""Pages of order templates: made, changed, switched off, made of a past order; their barcodes; who may do what where."""

from __future__ import annotations

import html
from hashlib import sha256

import pytest
from aiohttp.test_utils import TestClient

from controller.customers.numbers import CUSTOMERS
from controller.customers.operations import add_customer
from controller.customers.policies import Profile
from controller.orders.operations import place
from controller.orders.presets import presets
from controller.orders.templates import TemplateLine, template, templates
from controller.people.policies import Grant
from controller.sites.operations import create_site
from edge_agent.wire.roles import Role
from tests.controller.customers.keys import open_test_keys
from tests.controller.orders_shop import OrderShop
from tests.controller.people.browser import Somebody, logged_in


@pytest.fixture
async def shop(client: TestClient) -> OrderShop:
    shop = await OrderShop.open()
    await shop.stock("tea", 10)
    await shop.stock("milk", 10)
    await create_site("s2", name="Shop 2")
    return shop


async def post(client: TestClient, who: Somebody, path: str, **fields: str) -> tuple[int, str]:
    answer = await client.post(
        path,
        data={**who.form, "key": sha256(f"{path}{sorted(fields.items())}".encode()).hexdigest(), **fields},
        headers=who.cookie | {"Accept": "text/html"},
        allow_redirects=False,
    )
    return answer.status, answer.headers.get("Location") or html.unescape(await answer.text())


async def get(client: TestClient, who: Somebody, path: str) -> tuple[int, str]:
    answer = await client.get(path, headers=who.cookie | {"Accept": "text/html"})
    return answer.status, html.unescape(await answer.text())


async def test_a_template_is_made_changed_and_switched_off(client: TestClient, shop: OrderShop) -> None:
    boss = await logged_in("Boss", Grant(Role.MANAGER))
    assert await post(client, boss, "/order-templates", title="Breakfast", lines="tea 2\nmilk") == (
        303,
        "/order-templates?done=saved",
    )
    (made,) = await templates()
    assert made.lines == (TemplateLine("tea", 2), TemplateLine("milk", 1))
    page = f"/order-templates/{made.number}"
    status, _ = await post(client, boss, page, title="Brunch", lines="tea 3", version=str(made.version))
    assert (status, (await template(made.number)).title) == (303, "Brunch")
    status, text = await post(client, boss, page, title="Supper", lines="tea 4", version=str(made.version))
    assert (status, "stale_version" in text, 'value="Supper"' in text) == (422, True, True)
    assert await post(client, boss, f"{page}/switch", on="0") == (303, f"{page}?done=off")
    assert not (await template(made.number)).is_active


@pytest.mark.parametrize(("lines", "code"), [("ghost 2", "not_found"), ("tea 0", "bad_template"), ("tea 1\ntea 2", "bad_template")])
async def test_a_refused_template_keeps_what_was_typed(client: TestClient, shop: OrderShop, lines: str, code: str) -> None:
    boss = await logged_in("Boss", Grant(Role.MANAGER))
    status, text = await post(client, boss, "/order-templates", title="Breakfast", lines=lines)
    assert (status, code in text, 'value="Breakfast"' in text, lines in text) == (422, True, True, True)
    assert await templates() == []


async def test_who_is_responsible_for_one_site_changes_what_is_that_sites_alone(client: TestClient, shop: OrderShop) -> None:
    boss, here = await logged_in("Boss", Grant(Role.MANAGER)), await logged_in("Li", Grant(Role.MANAGER, "s1"))
    await post(client, boss, "/order-templates", title="For all", lines="tea 1")
    await post(client, boss, "/order-templates", title="Theirs", lines="tea 1", site="s2")
    for_all, theirs = await templates()
    assert (await get(client, here, f"/order-templates/{for_all.number}"))[0] == 200
    assert (await get(client, here, f"/order-templates/{theirs.number}"))[0] == 404
    assert (await post(client, here, f"/order-templates/{for_all.number}/switch", on="0"))[0] == 403
    assert (await post(client, here, "/order-templates", title="Mine", lines="tea 1"))[0] == 422
    assert (await post(client, here, "/order-templates", title="Mine", lines="tea 1", site="s1"))[0] == 303


async def test_a_past_order_becomes_a_template_once(client: TestClient, shop: OrderShop) -> None:
    boss = await logged_in("Boss", Grant(Role.MANAGER))
    no = await place(shop.order(("tea", 2), ("milk", 1), ("tea", 1)))
    assert "Keep as a template" in (await get(client, boss, f"/orders/{no}?lang=en"))[1]
    for _ in range(2):
        assert (await post(client, boss, f"/orders/{no}/template", title="As last week"))[0] == 303
    (made,) = await templates()
    assert (made.title, made.lines) == ("As last week", (TemplateLine("tea", 3), TemplateLine("milk", 1)))


async def test_presets_and_their_barcodes(client: TestClient, shop: OrderShop) -> None:
    boss = await logged_in("Boss", Grant(Role.MANAGER))
    assert "OP-CASH" in (await get(client, boss, "/order-templates/barcodes"))[1], "what every box has"
    assert (await post(client, boss, "/order-presets", title="Kitchen", pays="account", goes="later"))[0] == 303
    (made,) = await presets()
    status, text = await get(client, boss, "/order-templates/barcodes?lang=en")
    assert (status, made.number in text, "On account · Picked up later" in text, "OP-CASH" in text) == (200, True, True, False)
    assert (await post(client, boss, f"/order-presets/{made.number}/switch", on="0"))[0] == 303
    assert (await post(client, boss, "/order-presets", title="X", pays="shells", goes="later"))[0] == 422


async def test_a_preset_is_changed_by_one_at_a_time_and_keeps_its_customer(client: TestClient, shop: OrderShop) -> None:
    await open_test_keys()
    boss = await logged_in("Boss", Grant(Role.MANAGER))
    customer = CUSTOMERS.number(await add_customer(Profile(name="Kitchen Ltd")))
    told = {"title": "Kitchen", "pays": "account", "goes": "later", "customer": customer}
    assert (await post(client, boss, "/order-presets", **told))[0] == 303
    (made,) = await presets()
    address = f"/order-presets/{made.number}"
    status, page = await get(client, boss, address)
    assert (status, customer in page, "Save the preset" in page) == (200, True, True)
    change = {**told, "title": "Canteen", "goes": "shipped", "version": str(made.version)}
    assert await post(client, boss, address, **change) == (303, f"{address}?done=saved")
    (after,) = await presets()
    assert (after.title, after.goes.value, after.customer_id) == ("Canteen", "shipped", made.customer_id)
    status, page = await post(client, boss, address, **change | {"title": "Late"})
    assert (status, "stale_version" in page, 'value="Late"' in page) == (422, True, True)
    assert (await post(client, boss, address, **change | {"customer": "CU-999999", "version": ""}))[0] == 422
    assert await post(client, boss, f"{address}/switch", on="0", back="preset") == (303, f"{address}?done=off")
    other = await logged_in("Elsewhere", Grant(Role.MANAGER, "s2"))
    status, page = await get(client, other, address)
    assert (status, "Save the preset" in page, "On account" in page) == (200, False, True)
