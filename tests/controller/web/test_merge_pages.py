"""Orders that could go in one parcel on a page: merged with what was ticked, or never asked again."""

from __future__ import annotations

from aiohttp.test_utils import TestClient

from controller import db
from controller.orders import queries as orders
from controller.people.policies import Grant
from edge_agent.wire.roles import Role
from tests.controller.people.browser import logged_in
from tests.controller.tracking.shop import PersonShop
from tests.controller.web.test_order_import_pages import hidden, page
from tests.controller.web.test_order_pages import shop

__all__ = ["shop"]
HERE = "/order-merges"


async def three(shop: PersonShop) -> list[str]:
    found = [shop.order, await shop.another(), await shop.another()]
    await db.execute("UPDATE sales_order SET delivery = 'shipping'")
    return found


async def send(client: TestClient, **fields: str) -> tuple[int, str]:
    own = {name: value for name, value in (await hidden(client, HERE)).items() if not name.startswith("order-")}
    sent = own | {name.replace("__", "-"): value for name, value in fields.items()}
    answer = await client.post(HERE, data=sent, headers={"Accept": "text/html"}, allow_redirects=False)
    return answer.status, answer.headers.get("Location") or await answer.text()


async def test_those_that_are_ticked_become_one_and_the_page_of_an_order_says_so_before(
    client: TestClient, shop: PersonShop
) -> None:
    first, second, third = await three(shop)
    shown = await page(client, HERE)
    assert all(no in shown for no in (first, second, third))
    assert "saves 2 parcels" in shown
    assert "欧阳青霞" not in shown
    assert "One parcel would do" in await page(client, f"/orders/{second}")
    status, where = await send(client, verb="merge", **{f"order__{first}": "yes", f"order__{third}": "yes"})
    assert (status, where) == (303, f"{HERE}?done=merged&into={first}")
    assert (await orders.order(third)).state.value == "cancelled"
    assert (await orders.order(first)).total_minor == 1000
    assert (await send(client, verb="merge", **{f"order__{first}": "yes"}))[0] == 409


async def test_not_these_is_remembered(client: TestClient, shop: PersonShop) -> None:
    await three(shop)
    assert (await send(client, verb="aside"))[0] == 303
    shown = await page(client, HERE)
    assert "No orders could go in one parcel now." in shown
    assert "One parcel would do" not in await page(client, f"/orders/{shop.order}")


async def test_a_channel_s_hours_are_set_by_who_sees_all_sites(client: TestClient, shop: PersonShop) -> None:
    assert (await send(client, verb="window", channel="web", hours="48"))[0] == 303
    assert "48 hours" in await page(client, HERE)
    assert (await send(client, verb="window", channel="web", hours="often"))[0] == 409
    (await logged_in("Mina", Grant(Role.MANAGER, "s1"))).at(client)
    assert 'value="window"' not in await page(client, HERE)
