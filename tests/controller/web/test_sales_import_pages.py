"""A file of sales on the pages: looked at first and nothing booked, then taken in once, with every row that cannot be read."""

from __future__ import annotations

import html

from aiohttp import FormData
from aiohttp.test_utils import TestClient

from controller import db
from controller.sales.imports import go_on
from tests.controller.web.test_forms import form, press, shown

__all__ = ["client", "shop"]
from tests.controller.web.test_forms import client, shop

FILE = (
    "receipt,occurred_at,sku,quantity,unit_price\n"
    "4711,2026-11-20 11:58,MILK-1L,2,5.90\n4712,2026-11-20 12:01,TEA-500,1,19.90\n4713,2026-11-20 12:02,TEA-500,one,19.90\n"
)


async def send(client: TestClient, text: str, **fields: str) -> tuple[int, str]:
    _, hidden = await form(client, "/sales/import", "/import")
    data = FormData({**hidden, "site": "sh-01", "till": "2", "dates": "iso", "decimal": "point", **fields})
    if text:
        data.add_field("file", text.encode(), filename="sales.csv", content_type="text/csv")
    answer = await client.post("/sales/import", data=data, headers={"Accept": "text/html"}, allow_redirects=False)
    return answer.status, answer.headers.get("Location") or html.unescape(await answer.text())


async def sold() -> int:
    return int((await db.fetch("SELECT COUNT(*) AS n FROM sale"))[0]["n"])


async def test_a_file_is_looked_at_and_then_taken_in_as_it_was(client: TestClient) -> None:
    status, page = await send(client, FILE, verb="preview")
    assert (status, "Take in 2 receipts" in page, "quantity" in page) == (200, True, True)
    assert await sold() == 0
    kept = page.split('name="kept" value="')[1].split('"')[0]
    status, where = await send(client, "", verb="take", kept=kept)
    assert (status, where) == (303, "/sales/import/1")
    await go_on(1)
    page = await shown(client, where)
    assert "2 / 2" in page
    assert "/sales/import/1/errors.csv" in page
    assert await sold() == 2
    errors = await (await client.get("/sales/import/1/errors.csv")).text()
    assert errors.splitlines()[1].startswith("4,")
    assert await send(client, "", verb="take", kept=kept) == (303, "/sales/import/1"), "the same file is the same import"


async def test_what_is_no_file_of_sales_is_told_with_what_was_chosen(client: TestClient) -> None:
    status, page = await send(client, "a,b\n1,2\n", verb="take", till="till-9")
    assert (status, "No receipt can be read from this file" in page) == (422, True)
    assert 'value="till-9"' in page
    assert (await send(client, "", verb="take", kept="?"))[0] == 422
    status, page = await send(client, FILE, verb="take", site="none")
    assert (status, "Choose the site that sold it" in page) == (422, True)
    assert await sold() == 0


async def test_the_list_of_sales_leads_to_it(client: TestClient) -> None:
    assert 'href="/sales/import"' in await shown(client, "/sales")
    status, _ = await press(client, "/sales/import", {"verb": "preview"})
    assert status == 403, "a form without its token"
