"""Pages of order templates: made, changed, switched off, made of a past order; their barcodes; who may do what where."""

from __future__ import annotations

import html
from collections.abc import AsyncIterator
from hashlib import sha256
from pathlib import Path

import pytest
from aiohttp.test_utils import TestClient, TestServer

from controller import db
from controller.app import Parts, make_app
from controller.config import parse_config
from controller.orders.operations import place
from controller.orders.presets import presets
from controller.orders.templates import TemplateLine, template, templates
from controller.people.policies import Grant
from controller.sites.operations import create_site
from edge_agent.wire.roles import Role
from tests.controller.orders_shop import OrderShop
from tests.controller.people.browser import Somebody, logged_in


@pytest.fixture
async def client(tmp_path: Path, schema_file: Path) -> AsyncIterator[TestClient]:
    path = tmp_path / "c.db"
    path.write_bytes(schema_file.read_bytes())
    await db.connect(f"sqlite://{path}")
    config = parse_config({"data": str(tmp_path), "http": {"open_pages": False}}, {}, "test")
    async with TestClient(TestServer(make_app(config, Parts()), host="127.0.0.1")) as client:
        yield client
    await db.close()


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
