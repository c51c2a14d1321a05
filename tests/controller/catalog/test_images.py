"""Pictures of SKUs: whatever is uploaded, only a small picture made here is kept and told."""

from __future__ import annotations

import hashlib
import io
import struct
import zlib
from collections.abc import AsyncIterator

import msgspec
import pytest
from aiohttp.test_utils import TestClient, TestServer
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from controller import db, events
from controller.catalog import images
from controller.catalog.images import EDGE, BadImage, put_image, remove_image, small
from controller.catalog.operations import NewSku, create_sku
from controller.errors import NotFound
from controller.http import auth
from controller.http.build import build
from controller.http.metrics import Metrics
from controller.http.routing import Permission
from controller.http.table import ROUTES
from controller.replica.pages import page_since
from controller.sites.operations import create_site
from edge_agent.wire.replica import ReplicaItem


def picture(width: int = 900, height: int = 600, form: str = "JPEG", colour: object = (200, 30, 40), **saved: object) -> bytes:
    out = io.BytesIO()
    mode = "RGBA" if form != "JPEG" and isinstance(colour, tuple) and len(colour) == 4 else "RGB"
    Image.new(mode, (width, height), colour).save(out, form, **saved)  # type: ignore[arg-type]  # Pillow's own
    return out.getvalue()


class TestSmall:
    @pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP"])
    def test_it_is_a_small_webp_whatever_came(self, form: str) -> None:
        made = Image.open(io.BytesIO(small(picture(form=form))))
        assert (made.format, made.size) == ("WEBP", (320, 213))
        assert max(Image.open(io.BytesIO(small(picture(40, 30, form)))).size) == 40, "none is made larger"

    def test_a_transparent_ground_stays_so(self) -> None:
        made = Image.open(io.BytesIO(small(picture(form="PNG", colour=(0, 0, 0, 0)))))
        assert made.mode == "RGBA"

    def test_it_is_turned_upright_and_nothing_else_of_the_file_is_in_it(self) -> None:
        exif = Image.Exif()
        exif[0x0112] = 6  # orientation: the camera was turned
        exif[0x010E] = "taken at 31.2304 N 121.4737 E"
        body = small(picture(exif=exif))
        made = Image.open(io.BytesIO(body))
        assert made.size == (213, 320)
        assert not made.getexif()
        assert b"121.47" not in body
        assert b"<script" not in small(picture() + b"<script>alert(1)</script>")

    def test_the_same_picture_is_the_same_bytes(self) -> None:
        assert small(picture()) == small(picture())

    @pytest.mark.parametrize(
        "uploaded",
        [
            b"",
            b"GIF89a\x01\x00\x01\x00\x00\x00\x00;",
            b"<svg xmlns='http://www.w3.org/2000/svg'/>",
            b"%PDF-1.4",
            b"BM" + bytes(200),
            picture()[:300],
            picture(form="PNG")[:-200],
            b"\x89PNG\r\n\x1a\n" + b"\x00" * 100,
        ],
    )
    def test_what_is_no_picture_is_refused(self, uploaded: bytes) -> None:
        with pytest.raises(BadImage):
            small(uploaded)

    def test_what_would_unpack_to_gigabytes_is_refused_before_it_is_unpacked(self) -> None:
        def chunk(kind: bytes, data: bytes) -> bytes:
            return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

        header = struct.pack(">IIBBBBB", 50_000, 50_000, 8, 2, 0, 0, 0)
        bomb = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")
        with pytest.raises(BadImage):
            small(bomb)

    def test_a_file_that_is_too_large_is_refused(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(images, "LARGEST", 100)
        with pytest.raises(BadImage, match="at most 100 bytes"):
            small(picture())

    @settings(max_examples=60, deadline=None)
    @given(st.binary(max_size=300), st.integers(0, 800), st.sampled_from(["JPEG", "PNG", "WEBP"]))
    def test_whatever_is_uploaded_it_is_a_picture_or_refused(self, junk: bytes, at: int, form: str) -> None:
        whole = picture(60, 40, form)
        for uploaded in (junk, whole[:at] + junk + whole[at + len(junk) :]):
            try:
                made = small(uploaded)
            except BadImage:
                continue
            assert max(Image.open(io.BytesIO(made)).size) <= EDGE


@pytest.fixture
async def milk(database: str) -> str:
    assert database
    await create_site("s1", name="Shop 1")
    await create_sku(NewSku(code="milk", name_en="Milk", name_zh="牛奶"))
    return "milk"


async def told(cursor: str = "") -> list[ReplicaItem]:
    return msgspec.json.decode((await page_since("s1", cursor)).parts["goods"].rows, type=list[ReplicaItem])


async def test_a_picture_is_told_with_its_sku_and_one_that_nobody_has_is_thrown_away(milk: str) -> None:
    cursor = (await page_since("s1", "")).next
    first = await put_image(milk, picture())
    (item,) = await told(cursor)
    assert item.image is not None
    assert (item.image.hash, item.image.media_type) == (hashlib.sha256(first.body).hexdigest(), "image/webp")
    await create_sku(NewSku(code="tea", name_en="Tea", name_zh="茶"))
    await put_image("tea", picture())
    await put_image(milk, picture(colour=(1, 2, 3)))
    assert (await images.image(first.hash)).body == first.body, "another SKU has it"
    await remove_image("tea")
    with pytest.raises(NotFound):
        await images.image(first.hash)
    assert {each.sku: each.image is None for each in await told()} == {"milk": False, "tea": True}
    assert (await db.fetch("SELECT count(*) AS n FROM sku_image"))[0]["n"] == 1
    names = [event.name for event in await events.history(milk)]
    assert names.count("sku_image_changed") == 2


class TestOverHttp:
    @pytest.fixture
    async def client(self, milk: str) -> AsyncIterator[TestClient]:
        assert milk
        await auth.create_token("box", [Permission.BOX], sites=["s1"], token="sw_box")
        await auth.create_token("office", [Permission.CATALOG_READ, Permission.CATALOG_WRITE], token="sw_office")
        await auth.create_token("one", [Permission.CATALOG_READ, Permission.CATALOG_WRITE], sites=["s1"], token="sw_one")
        app = build(ROUTES, metrics=Metrics(), max_body=1_000_000)
        async with TestClient(TestServer(app, host="127.0.0.1"), headers={"Authorization": "Bearer sw_office"}) as client:
            yield client

    async def put(self, client: TestClient, body: bytes, kind: str, **headers: str) -> int:
        headers = {"Content-Type": kind, "Idempotency-Key": hashlib.sha256(body + kind.encode()).hexdigest()[:40], **headers}
        return (await client.put("/api/v1/skus/milk/image", data=body, headers=headers)).status

    async def test_it_is_uploaded_shown_fetched_by_a_box_and_taken_off(self, client: TestClient) -> None:
        assert await self.put(client, picture(), "image/jpeg") == 200
        shown = await client.get("/api/v1/skus/milk/image")
        body = await shown.read()
        assert (shown.content_type, Image.open(io.BytesIO(body)).size) == ("image/webp", (320, 213))
        box = {"Authorization": "Bearer sw_box"}
        fetched = await client.get(f"/box/v1/images/{hashlib.sha256(body).hexdigest()}", headers=box)
        assert (fetched.status, await fetched.read()) == (200, body)
        assert "immutable" in fetched.headers["Cache-Control"]
        assert (await client.get("/box/v1/images/none", headers=box)).status == 404
        assert (await client.delete("/api/v1/skus/milk/image", headers={"Idempotency-Key": "d"})).status == 204
        assert (await client.get("/api/v1/skus/milk/image")).status == 404

    async def test_what_is_refused(self, client: TestClient) -> None:
        assert await self.put(client, b"nothing", "image/png") == 422
        assert await self.put(client, picture(), "application/json") == 415
        assert await self.put(client, b"x" * 1_000_001, "image/png") == 413
        assert await self.put(client, picture(), "image/png", Authorization="Bearer sw_box") == 403
        assert await self.put(client, picture(), "image/png", Authorization="Bearer sw_one") == 403
        headers = {"Content-Type": "image/png", "Idempotency-Key": "k"}
        assert (await client.put("/api/v1/skus/none/image", data=picture(), headers=headers)).status == 404
        assert (await client.get("/box/v1/images/x")).status == 403
