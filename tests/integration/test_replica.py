"""The controller's replica and the agent's puller together: on both engines, killed in the middle, and offline."""

from __future__ import annotations

import asyncio
import io
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path
from random import Random

import pytest
from aiohttp.test_utils import TestServer
from PIL import Image

from controller import db
from controller.catalog.images import put_image
from controller.catalog.imports import import_catalog
from controller.catalog.operations import NewBarcode, NewSku, add_barcode, create_sku
from controller.catalog.policies import Ambiguous, Found, Unknown
from controller.catalog.queries import SymbolKey, resolve
from controller.documents.operations import store_builtin
from controller.http import auth
from controller.http.build import build
from controller.http.metrics import Metrics
from controller.http.routing import Permission
from controller.http.table import ROUTES
from controller.people.operations import add_person, issue_badge, pin_verifier, set_active, set_pin
from controller.people.policies import Grant
from controller.stock.ledger import move
from controller.taxes.settings import NewRate, percent, set_class, set_rate, set_region, set_site_region
from controller.taxes.stored import Region
from drivers import devices
from edge_agent.controller_link import Controller
from edge_agent.people import People, Verified, Wrong
from edge_agent.replica import Replica
from edge_agent.replica_images import ReplicaImages
from edge_agent.replica_images import fetch_from as fetch_image
from edge_agent.replica_parts import PEOPLE, TEMPLATES, Part
from edge_agent.replica_pull import ReplicaKeeper, fetch_from
from edge_agent.seams import SystemClock
from edge_agent.stations import Item, Missing, scanned
from edge_agent.templates import Templates
from edge_agent.templates import fetch_from as fetch_template
from edge_agent.wire.roles import Role
from edge_agent.wire.rounding import Mode
from edge_agent.wire.totals import Level
from tests.controller.goods import Shop

HEADER = "sku,name_en,name_zh,base_unit,price_minor,barcode,pack,site\n"
MILK, CASE, ONE_DIGIT_OFF = "6901234567892", "16901234567899", "6901234567893"


class Box:
    """The pulling half of an agent."""

    def __init__(self, folder: Path, url: str) -> None:
        self.replica = Replica(folder / "replica.db", "s1", SystemClock())
        fetch = fetch_from(Controller(url=url, token="sw_box"), "s1", self.replica.parts)
        self.keeper = ReplicaKeeper(self.replica, fetch, SystemClock(), Random(7), 60)

    async def pull(self) -> bool:
        return await asyncio.to_thread(self._pull)

    def _pull(self) -> bool:
        is_done = self.keeper.pull()
        self.replica.close_writer()  # each pull is another thread here
        return is_done

    def rows(self, part: Part) -> list:
        rows = self.replica.rows(part)
        assert not isinstance(rows, Missing)
        return rows

    def lookup(self, text: str) -> Item | Missing:
        read = scanned("scanner", devices.Symbol(text.encode()), 0)
        return self.replica.lookup(read.symbol.text, read.gtin)


@pytest.fixture
async def shop(schema_url: str) -> AsyncIterator[Shop]:
    await db.connect(schema_url)
    yield await Shop.open()
    await db.close()


@pytest.fixture
async def controller(shop: Shop) -> AsyncIterator[TestServer]:
    await auth.create_token("box", [Permission.BOX], sites=[shop.site], token="sw_box")
    server = TestServer(build(ROUTES, metrics=Metrics(), max_body=10_000), host="127.0.0.1")
    await server.start_server()
    yield server
    await server.close()


@pytest.fixture
def box(tmp_path: Path, controller: TestServer) -> Iterator[Box]:
    box = Box(tmp_path, str(controller.make_url("")))
    yield box
    box.replica.close_reader()
    box.replica.close_writer()


async def test_what_the_controller_knows_is_told_at_the_box_and_offline(box: Box, shop: Shop, controller: TestServer) -> None:
    new = NewSku(code="milk", name_en="Milk", name_zh="牛奶", price_minor=420)
    milk = await create_sku(new, [NewBarcode(barcode=MILK), NewBarcode(barcode=CASE, numerator=24)])
    await move([shop.arrival(milk, 48)])
    assert await box.pull()
    found = box.lookup(MILK)
    assert isinstance(found, Item)
    assert (found.sku, found.name_en, found.name_zh, found.price_minor, found.on_hand) == ("milk", "Milk", "牛奶", 420, 48)
    await move([shop.sale(milk, 5)])
    await import_catalog([HEADER, "milk,Milk 1 l,牛奶,piece,450,,,\n"])
    assert await box.pull()
    await controller.close()
    assert not await box.pull()
    found = box.lookup(CASE)
    assert isinstance(found, Item)
    assert (found.name_en, found.price_minor, found.on_hand, found.numerator) == ("Milk 1 l", 450, 43, 24)
    assert found.age_ms is not None
    assert found.age_ms < 60_000
    assert box.lookup(ONE_DIGIT_OFF) is Missing.UNKNOWN


async def test_the_box_resolves_a_symbol_as_the_controller_does(box: Box) -> None:
    for code, barcodes in {
        "milk": [NewBarcode(barcode=MILK), NewBarcode(barcode=CASE, numerator=24), NewBarcode(barcode="HALF", denominator=2)],
        "ham": [NewBarcode(barcode="2100101WWWWWC"), NewBarcode(barcode="TWO")],
        "tea": [NewBarcode(barcode="TWO", site_id="s1"), NewBarcode(barcode="2100101003509")],
    }.items():
        await create_sku(NewSku(code=code, name_en=code, name_zh=code), barcodes)
    assert await box.pull()
    texts = [
        MILK,
        "0" + MILK,
        CASE,
        "HALF",
        "half",
        "TWO",
        "2100101003509",
        "2100101001208",
        "2100101000003",
        ONE_DIGIT_OFF,
        "nobody",
    ]
    reads = [scanned("scanner", devices.Symbol(text.encode()), 0) for text in texts]
    meanings = await resolve([SymbolKey(read.symbol.text, read.gtin) for read in reads], site_id="s1")
    for text, meaning in zip(texts, meanings, strict=True):
        match box.lookup(text), meaning:
            case Item() as item, Found() as found:
                assert (item.sku, item.numerator, item.denominator) == (found.sku, found.numerator, found.denominator), text
            case (Missing.UNKNOWN, Unknown()) | (Missing.SEVERAL, Ambiguous()):
                pass
            case other:
                raise AssertionError(f"{text}: {other}")


async def test_killed_in_the_middle_it_goes_on_where_it_was(box: Box, controller: TestServer, tmp_path: Path) -> None:
    """A process of its own pulls five pages and is killed -9 after the second is on disk."""
    await import_catalog([HEADER, *(f"sku-{n},Thing {n},东西,piece,1,B-{n},,\n" for n in range(9000))])
    script = (
        "import sys, pathlib; from random import Random; from edge_agent.seams import SystemClock\n"
        "from edge_agent.replica import Replica; from edge_agent.replica_pull import ReplicaKeeper, fetch_from\n"
        "from edge_agent.controller_link import Controller\n"
        "replica = Replica(pathlib.Path(sys.argv[1]), 's1', SystemClock())\n"
        "fetch = fetch_from(Controller(url=sys.argv[2], token='sw_box'), 's1', replica.parts); pages = 0\n"
        "def slowly(since):\n"
        "    global pages; pages += 1\n"
        "    if pages == 3: print('two', flush=True); sys.stdin.read()\n"
        "    return fetch(since)\n"
        "ReplicaKeeper(replica, slowly, SystemClock(), Random(1), 60).pull()\n"
    )
    puller = subprocess.Popen(
        [sys.executable, "-c", script, str(tmp_path / "replica.db"), str(controller.make_url(""))],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=Path(__file__).parents[2],
    )
    with puller:
        assert puller.stdout is not None
        assert await asyncio.to_thread(puller.stdout.readline) == b"two\n"
        os.kill(puller.pid, signal.SIGKILL)
    box.replica.prepare()
    assert box.lookup("B-1") is Missing.NO_CATALOGUE
    await add_barcode("sku-1", NewBarcode(barcode="B-NEW"))
    assert "goods~0:" not in box.replica.cursor(), "two pages are there"
    box.replica.close_writer()
    assert await box.pull()
    for symbol in ("B-0", "B-1", "B-NEW", "B-8999"):
        assert isinstance(box.lookup(symbol), Item), symbol


async def test_a_counter_knows_the_taxes_of_its_site_and_when_they_change(box: Box) -> None:
    assert await box.pull()
    assert box.replica.around("order_templates", None, None).taxes == ()
    begins = datetime(2030, 1, 1, tzinfo=UTC)
    await set_region(Region(code="CN", name="China", parent=None, is_inclusive=True, level=Level.LINE, mode=Mode.HALF_UP, step=1))
    await set_site_region("s1", "CN")
    for since, value in ((datetime(2020, 1, 1, tzinfo=UTC), "13"), (begins, "12")):
        await set_rate(NewRate(region="CN", code="vat", value=percent(value), effective_from=since))
    await create_sku(NewSku(code="book", name_en="Book", name_zh="书"), [NewBarcode(barcode=MILK)])
    await set_class("book", "books")
    assert await box.pull()
    now, later = box.replica.around("order_templates", None, None).taxes
    assert [(each.since, [rate.value for rate in each.rates_of("books")]) for each in (now, later)] == [
        (None, [Fraction(13, 100)]),
        (begins, [Fraction(12, 100)]),
    ]
    found = box.lookup(MILK)
    assert isinstance(found, Item)
    assert found.tax_class == "books"


async def test_a_database_that_was_replaced_is_fetched_anew(box: Box) -> None:
    await create_sku(NewSku(code="milk", name_en="Milk", name_zh="牛奶"), [NewBarcode(barcode=MILK)])
    assert await box.pull()
    await db.execute("UPDATE barcode SET active = ?", False)
    await db.execute("UPDATE replica_version SET stamp = 'another'")
    assert await box.pull()
    assert box.lookup(MILK) is Missing.UNKNOWN


class TestPeople:
    async def test_they_sign_in_offline_and_who_left_does_not_any_more(
        self, box: Box, controller: TestServer, tmp_path: Path
    ) -> None:
        li, wang = [await add_person(name, roles=[Grant(Role.FLOOR, "s1")]) for name in ("Li", "Wang")]
        badge, other = await issue_badge(li), await issue_badge(wang)
        await set_pin(li, await pin_verifier(li, "4711"))
        people = People(tmp_path / "wrong-pins.json", SystemClock())
        assert await box.pull()
        await people.follow(box.rows(PEOPLE))
        await set_active(wang, active=False)
        assert await box.pull()
        await controller.close()
        await people.follow(box.rows(PEOPLE))
        signed = await people.sign_in(badge, "4711")
        assert isinstance(signed, Verified)
        assert (signed.person.id, signed.person.name, signed.person.roles) == (li, "Li", ("floor",))
        assert people.by_badge(other) is None
        assert await people.sign_in(other, "4711") == Wrong(4)


async def test_the_current_templates_and_a_picture_are_there_when_the_controller_is_not(
    box: Box, controller: TestServer, tmp_path: Path
) -> None:
    await store_builtin()
    await create_sku(NewSku(code="milk", name_en="Milk", name_zh="牛奶"), [NewBarcode(barcode=MILK)])
    out = io.BytesIO()
    Image.new("RGB", (600, 600), (250, 250, 250)).save(out, "PNG")
    await put_image("milk", out.getvalue())
    address = Controller(url=str(controller.make_url("")), token="sw_box")
    templates = Templates(tmp_path / "templates", fetch_template(address))
    images = ReplicaImages(tmp_path / "images", fetch_image(address), SystemClock().mono_ms)
    assert await box.pull()
    assert await templates.follow(box.rows(TEMPLATES))
    item = box.lookup(MILK)
    assert isinstance(item, Item)
    assert item.image is not None
    assert await images.image(item.image) is not None
    await controller.close()
    version = templates.current["shelf-label"]
    assert (await templates.get("shelf-label", version)).name == "shelf-label"
    file = await images.image(item.image)
    assert file is not None
    with Image.open(file) as shown:
        assert shown.size == (320, 320)
