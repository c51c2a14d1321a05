"""Orders from a file on the pages: sent, looked at, started once; what is wrong in words, and as a file."""

from __future__ import annotations

import html

from aiohttp import FormData
from aiohttp.test_utils import TestClient

from controller import db
from controller.intake.importing import hand_on
from controller.intake.taking import take_waiting
from controller.people.policies import Grant
from edge_agent.wire.roles import Role
from tests.controller.orders_shop import told
from tests.controller.people.browser import logged_in
from tests.controller.tracking.shop import PersonShop
from tests.controller.web.test_order_pages import FIELD, FORM, shop

__all__ = ["shop"]
FILE = (
    "订单号,商品编码,数量,单价,门店,收件人,手机号\n"
    "A-1,tea,2,2.50,s1,王梅,13800001234\nA-2,tea,1,,s1,,\nA-3,=1+1,x,1,s1,,\nA-4,new-goods,1,3.00,s1,,\n"
)


async def page(client: TestClient, path: str, language: str = "en") -> str:
    answer = await client.get(f"{path}?lang={language}", headers={"Accept": "text/html"})
    assert answer.status == 200
    return html.unescape(await answer.text())


async def hidden(client: TestClient, path: str) -> dict[str, str]:
    return next(dict(FIELD.findall(inside)) for action, inside in FORM.findall(await page(client, path)) if action == path)


async def send(client: TestClient, body: bytes, name: str = "orders.csv") -> tuple[int, str]:
    data = FormData(await hidden(client, "/orders/import"))
    if body:
        data.add_field("file", body, filename=name)
    answer = await client.post("/orders/import", data=data, headers={"Accept": "text/html"}, allow_redirects=False)
    return answer.status, answer.headers.get("Location") or html.unescape(await answer.text())


async def test_a_file_is_looked_at_started_once_and_followed(client: TestClient, shop: PersonShop) -> None:
    before = await told("order_placed")
    status, where = await send(client, FILE.encode("gb18030"))
    assert (status, where) == (303, "/orders/import/1")
    shown = await page(client, where)
    assert "Checked, nothing ordered yet" in shown
    assert "Make 3 orders" in shown
    assert "The quantity is not a whole number from 1 to 1,000,000." in shown
    assert "new-goods" in shown
    assert "王梅" not in shown
    own = await hidden(client, where)
    for _ in range(2):
        answer = await client.post(where, data=own | {"verb": "start"}, allow_redirects=False)
        assert answer.status == 303
    assert await hand_on() == 3
    await take_waiting()
    assert await told("order_placed") == before + 2
    shown = await page(client, where)
    assert "3 of 3 orders dealt with" in shown
    assert "Say what they are" in shown
    assert (await send(client, FILE.encode("gb18030")))[1] == where
    assert "Here already" in await page(client, where)


async def test_terms_and_presale_are_looked_at_and_then_the_orders(client: TestClient, shop: PersonShop) -> None:
    file = "reference,sku,quantity,price,site,terms,presale\nP-1,tea,2,2.50,s1,prepaid,no\nP-2,tea,1,2.50,s1,cod,yes\n"
    _, where = await send(client, file.encode())
    shown = await page(client, where)
    assert all(word in shown for word in ("Before it leaves", "When it is handed over", "1 line from presale"))
    await client.post(where, data=await hidden(client, where) | {"verb": "start"}, allow_redirects=False)
    await hand_on()
    await take_waiting()
    rows = await db.fetch(
        "SELECT o.reference, d.terms, l.presale FROM sales_order o JOIN order_due d ON d.order_id = o.id "
        "JOIN order_line l ON l.order_id = o.id WHERE o.channel = 'file' ORDER BY o.reference"
    )
    assert [(row["reference"], row["terms"], bool(row["presale"])) for row in rows] == [
        ("P-1", "prepaid", False),
        ("P-2", "on_delivery", True),
    ]


async def test_what_is_wrong_is_a_file_in_the_reader_s_words_that_no_spreadsheet_runs(client: TestClient, shop: PersonShop) -> None:
    _, where = await send(client, FILE.encode().replace(b",x,1,", b",=2,1,"))
    rows = (await (await client.get(f"{where}/errors.csv?lang=zh-CN")).text()).splitlines()
    assert rows[1].startswith("4,quantity,bad_quantity,")
    assert rows[1].endswith(",'=2")
    assert "整数" in rows[1]


async def test_what_is_no_file_of_orders_is_said_where_it_was_chosen(client: TestClient, shop: PersonShop) -> None:
    for body in (b"", b"rubbish", b"PK\x03\x04", b"\xff\xfe\x00\xd8"):
        status, shown = await send(client, body)
        assert status == 422
        assert 'role="alert"' in shown
    answer = await client.post("/orders/import/1", data=await hidden(client, "/orders/import") | {"verb": "start"})
    assert answer.status == 404


async def test_it_is_for_who_may_order_in_the_whole_chain(client: TestClient, shop: PersonShop) -> None:
    for grant in (Grant(Role.MANAGER, "s1"), Grant(Role.FINANCE)):
        (await logged_in(f"Some {grant.role}", grant)).at(client)
        assert (await client.get("/orders/import")).status == 403
