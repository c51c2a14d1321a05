from __future__ import annotations

from collections.abc import AsyncIterator
from io import BytesIO

import pytest
import zxingcpp
from aiohttp.test_utils import TestClient, TestServer
from PIL import Image

from controller.documents.operations import store_builtin
from controller.fleet.operations import PrintOrder, request_print
from controller.http import auth
from controller.http.build import build
from controller.http.metrics import Metrics
from controller.http.routing import Permission
from controller.http.table import ROUTES
from tests.controller.orders_shop import OrderShop

LABEL = {"name": "Tea 茶", "price": "1.00", "ean13": "4006381333931"}


@pytest.fixture
async def client(database: str) -> AsyncIterator[TestClient]:
    await store_builtin()
    await OrderShop.open()
    await auth.create_token("all", list(Permission), token="sw_all")
    await auth.create_token("elsewhere", list(Permission), sites=["s2"], token="sw_elsewhere")
    app = build(ROUTES, metrics=Metrics(), max_body=100_000)
    async with TestClient(TestServer(app, host="127.0.0.1"), headers={"Authorization": "Bearer sw_all"}) as client:
        yield client


async def job(data: dict) -> str:
    return await request_print(PrintOrder(box="b1", device="labels", template="shelf-label", data=data))


async def test_a_job_is_shown_as_it_is_on_paper(client: TestClient) -> None:
    address = f"/api/v1/print-jobs/{await job(LABEL)}/preview"
    picture = await client.get(address, params={"format": "png"})
    assert picture.headers["Content-Type"] == "image/png"
    image = Image.open(BytesIO(await picture.read()))
    assert [symbol.text for symbol in zxingcpp.read_barcodes(image.convert("L"))] == ["4006381333931"]
    page = await client.get(address)
    assert page.headers["Content-Type"] == "application/pdf"
    assert page.headers["Cache-Control"] == "private, no-store"
    assert b"/MediaBox [ 0 0 170.07" in await page.read()  # 60 mm


async def test_what_cannot_be_drawn_is_told(client: TestClient) -> None:
    answer = await client.get(f"/api/v1/print-jobs/{await job({**LABEL, 'ean13': '4006381333932'})}/preview")
    assert answer.status == 422
    assert (await answer.json())["code"] == "not_drawable"


async def test_an_unknown_job_and_a_strange_format_are_refused(client: TestClient) -> None:
    known = await job(LABEL)
    assert (await client.get("/api/v1/print-jobs/none/preview")).status == 404
    assert (await client.get(f"/api/v1/print-jobs/{known}/preview?format=bmp")).status == 400
    elsewhere = await client.get(f"/api/v1/print-jobs/{known}/preview", headers={"Authorization": "Bearer sw_elsewhere"})
    assert elsewhere.status == 404
