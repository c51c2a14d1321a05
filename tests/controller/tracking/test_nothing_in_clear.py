"""After a whole story the planted name, number and street are in no file of the database, no log, event, message or print.

Bytes of the SQLite files, a dump of PostgreSQL, the log at DEBUG, what was published, and what the API stored of answers.
"""

from __future__ import annotations

import logging
import subprocess
from pathlib import Path
from urllib.parse import urlsplit

import msgspec
import pytest
from aiohttp.test_utils import TestClient, TestServer

from controller import db, printing
from controller.app import Parts, make_app
from controller.config import parse_config
from controller.customers import erasing, order_addresses
from controller.customers.merging import merge, undo
from controller.customers.operations import Change, add_customer, add_note, change_customer, recognise
from controller.customers.policies import Contact, MergeReason, Preferences, Profile
from controller.http import auth
from controller.http.routing import Permission
from controller.orders.numbers import ORDERS
from controller.tracking.public import NoSuchOrder, look_up
from controller.tracking.timeline import timeline
from tests.controller.tracking.shop import HOME, NAME, PHONE, STREET, PersonShop
from tests.servers import Postgres

MAIL, NOTE, PLATFORM_ID = "ouyang.qingxia@example.com", "门铃坏了敲窗户", "buyer-oyqx-7788"
PLANTED = (NAME, PHONE, "+86" + PHONE, PHONE[3:], STREET, MAIL, NOTE, PLATFORM_ID, "青霞", "qingxia", "幽兰巷")
TOKEN = "sw_story"


async def tell_the_story() -> PersonShop:
    """Ordered, recognised, changed, merged, sent, looked up, seen, exported; over the API, too."""
    shop = await PersonShop.open()
    seen = await recognise(Contact(name=NAME, phone=PHONE, email=MAIL, channel="tmall", channel_id=PLATFORM_ID))
    assert seen is not None
    other = await add_customer(Profile(name=NAME, email=MAIL))
    merged = await merge(shop.customer, other, MergeReason.SAME_EMAIL)
    await undo(merged)
    await add_note(shop.customer, NOTE)
    profile, _ = await erasing.reveal(shop.customer)
    change = Change(version=2, profile=msgspec.structs.replace(profile, email=MAIL), preferences=Preferences(), language="zh-CN")
    try:
        await change_customer(shop.customer, change)
    except Exception as error:
        logging.getLogger("story").info("refused: %s", error)
    await order_addresses.set_address(ORDERS.row_id(shop.order), msgspec.structs.replace(HOME, street=STREET + "乙"))
    await order_addresses.reveal(ORDERS.row_id(shop.order))
    await shop.send()
    await printing.catch_up()
    await look_up(shop.order, PHONE[-4:], "10.0.0.1")
    with pytest.raises(NoSuchOrder):
        await look_up(shop.order, "0000", "10.0.0.1")
    await over_the_api(shop)
    await timeline(shop.order)
    return shop


async def over_the_api(shop: PersonShop) -> None:
    await auth.create_token("story", list(Permission), token=TOKEN)
    config = parse_config({"data": "/nowhere"}, {}, "test")
    async with TestClient(TestServer(make_app(config, Parts()), host="127.0.0.1")) as client:
        number = f"CU-{100_000 + shop.customer}"
        person = {"name": NAME, "phone": PHONE, "email": MAIL}
        wishes: list[tuple[str, str, object, int]] = [
            ("POST", "/customers", {"person": person}, 201),
            ("POST", "/customers/search", {"q": PHONE}, 200),
            ("POST", f"/customers/{number}/reveal", None, 200),
            ("POST", f"/customers/{number}/notes", {"text": NOTE}, 204),
            ("POST", f"/customers/{number}/export", None, 200),
            ("POST", f"/orders/{shop.order}/address/reveal", None, 200),
            ("POST", "/customers", {"person": {"name": NAME, "phone": "call " + NAME}}, 422),
        ]
        for at, (method, path, body, status) in enumerate(wishes):
            headers = {"Authorization": f"Bearer {TOKEN}", "Idempotency-Key": f"k{at}"}
            answer = await client.request(method, f"/api/v1{path}", json=body, headers=headers)
            text = await answer.text()
            assert answer.status == status, f"{path}: {text}"
            assert status != 422 or NAME not in text


def found_in(text: bytes) -> list[str]:
    return [word for word in PLANTED if word.encode() in text or word.encode("utf-16-le") in text]


def dump_of(url: str, postgres: Postgres) -> bytes:
    name = urlsplit(url).path.strip("/")
    command = [str(postgres.bin / "pg_dump"), "-h", "127.0.0.1", "-p", str(postgres.port), "-U", "postgres", name]
    return subprocess.run(command, capture_output=True, check=True).stdout


async def test_nothing_of_a_person_lies_in_clear_anywhere(
    database: str, postgres: Postgres, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    logging.getLogger("aiosqlite").setLevel(logging.INFO)
    await tell_the_story()
    told = caplog.text.encode()
    assert found_in(told) == [], "in the log"
    events = str([(row["subject"], row["data"]) for row in await db.fetch("SELECT subject, data FROM event")])
    assert found_in(events.encode()) == [], "in events"
    jobs = str(await db.fetch("SELECT data, document FROM print_job")) + str(await db.fetch("SELECT payload FROM fact"))
    assert found_in(jobs.encode()) == [], "in what goes over MQTT"
    if database.startswith("sqlite"):
        folder = Path(urlsplit(database).path).parent
        files = [path for path in folder.glob("controller.db*") if path.is_file()]
        assert files
        stored = b"".join(path.read_bytes() for path in files)
    else:
        stored = dump_of(database, postgres)
        assert b"order_address" in stored
    assert found_in(stored) == [], "in the database"


async def test_the_search_finds_what_is_not_sealed(database: str, postgres: Postgres) -> None:
    """That the proof above can fail."""
    shop = await PersonShop.open()
    await db.execute("UPDATE order_address SET city = ? WHERE order_id = ?", NAME, ORDERS.row_id(shop.order))
    if database.startswith("sqlite"):
        stored = b"".join(path.read_bytes() for path in Path(urlsplit(database).path).parent.glob("controller.db*"))
    else:
        stored = dump_of(database, postgres)
    assert NAME in found_in(stored)
