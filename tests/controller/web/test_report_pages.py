"""Reports and the opening stock as a browser without scripts sees them."""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import FormData
from aiohttp.test_utils import TestClient
from openpyxl import load_workbook

from controller import db
from controller.replenishment.demand import catch_up
from controller.reports import opening
from controller.reports.table import REPORTS
from controller.stock.operations import move
from tests.controller.goods import Shop, numbers
from tests.controller.web.test_forms import client_of, form, press, shown
from tests.databases import copied

LONG = "from=2026-11-01&to=2026-12-01"


@pytest.fixture
async def milk(schema_file: Path, tmp_path: Path) -> AsyncIterator[int]:
    await db.connect(copied(schema_file, tmp_path / "c.db"))
    shop = await Shop.open()
    sku = await shop.stock("milk", 20)
    await move([shop.sale(sku, 4, minute=10)])
    await catch_up()
    yield sku
    await db.close()


@pytest.fixture
async def client(milk: int, tmp_path: Path) -> AsyncIterator[TestClient]:
    async with client_of(tmp_path) as client:
        yield client


@pytest.mark.parametrize("name", REPORTS)
async def test_every_report_has_its_page_and_its_files(client: TestClient, name: str) -> None:
    page = await shown(client, f"/reports/{name}?{LONG}")
    listing = await shown(client, "/reports")
    assert f'href="/reports/{name}"' in listing
    answer = await client.get(f"/reports/{name}/file.csv?{LONG}")
    lines = list(csv.reader(io.StringIO((await answer.read()).decode("utf-8-sig"))))
    assert lines[0] == [column.name for column in REPORTS[name].columns]
    assert answer.headers["Content-Disposition"] == f'attachment; filename="{name}_2026-11-01_2026-12-01.csv"'
    answer = await client.get(f"/reports/{name}/file.xlsx?{LONG}")
    sheet = load_workbook(io.BytesIO(await answer.read()))[name]
    assert sheet.max_row == len(lines)
    assert ("milk" in page) == (len(lines) > 1)


async def test_a_picture_has_its_numbers_in_a_table(client: TestClient) -> None:
    page = await shown(client, f"/reports/velocity?{LONG}")
    assert 'role="img" aria-label="Base units sold"' in page
    assert "Show data" in page


@pytest.mark.parametrize("query", ["from=x", "from=2026-12-01&to=2026-11-01", "after=s1:x", "per=0x"])
async def test_what_cannot_be_read_is_told(client: TestClient, query: str) -> None:
    assert (await client.get(f"/reports/turnover?{query}")).status == 400


async def send(client: TestClient, body: bytes) -> tuple[int, str]:
    action, fields = await form(client, "/stock/import", "/stock/import")
    data = FormData(fields)
    data.add_field("file", body, filename="opening.csv", content_type="text/csv")
    answer = await client.post(action, data=data, allow_redirects=False)
    return answer.status, answer.headers.get("Location") or await answer.text()


async def test_a_file_is_checked_confirmed_and_followed(client: TestClient, milk: int) -> None:
    status, where = await send(client, b"site,bin,sku,quantity\ns1,A-1,milk,7\ns1,Z,milk,7\n")
    assert status == 303
    page = await shown(client, where)
    assert "The site has no such bin" in page
    assert "Checked, nothing booked yet" in page
    assert (await numbers(milk))[0] == 16
    errors = await (await client.get(f"{where}/errors.csv")).text()
    assert "unknown_bin" in errors
    action, fields = await form(client, where, where)
    assert await press(client, action, fields | {"verb": "confirm"}) == (303, where)
    await opening.apply_all()
    assert (await numbers(milk))[0] == 23
    assert "1 of 1 lines booked" in await shown(client, where)
    assert await send(client, b"site,bin,sku,quantity\ns1,A-1,milk,7\ns1,Z,milk,7\n") == (303, where)


@pytest.mark.parametrize("body", [b"", b"nonsense"])
async def test_what_is_no_such_file_is_told_on_the_page(client: TestClient, body: bytes) -> None:
    status, page = await send(client, body)
    assert status == 422
    assert 'role="alert"' in page


async def test_a_file_without_the_forms_token_is_refused(client: TestClient) -> None:
    data = FormData({"csrf": "wrong"})
    data.add_field("file", b"site,bin,sku,quantity\n", filename="x.csv")
    assert (await client.post("/stock/import", data=data)).status == 403
