"""Whose name stands on a paper: in no event, job or message; the box that prints it asks, and nobody else is told."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import msgspec
import pytest

from controller import db, printing
from controller.documents.operations import store_builtin
from controller.documents.queries import current
from controller.errors import NotFound
from controller.fleet import requests
from controller.http.routing import Actor, Call, Permission
from controller.invoices import printing as invoice_printing
from controller.invoices.operations import issue
from controller.invoices.policies import Buyer
from controller.private_fields import fields
from controller.shipping.carriers import Kind
from drivers.documents.templates import fill, load_template
from edge_agent.wire.codec import decode
from edge_agent.wire.messages import JobRequest
from tests.controller.customers.keys import open_test_keys
from tests.controller.invoices.bills import open_bills, order_of
from tests.controller.shipping.desk import Desk
from tests.controller.shipping.stand_in import stand_in
from tests.controller.test_printing import add_printers

BOX = Actor(name="b1", permissions=frozenset({Permission.BOX}), sites=frozenset({"s1"}), kind="box")


async def asked_by(actor: Actor, job: str) -> Mapping[str, str]:
    return await fields(Call(actor=actor, body=None, path={"job": job}))


async def the_job(private: str) -> db.Row:
    rows = await db.fetch("SELECT * FROM print_job WHERE private LIKE ?", f"{private}%")
    assert len(rows) == 1
    return rows[0]


async def test_an_invoice_is_filled_with_its_buyer_as_it_prints(database: str) -> None:
    await open_test_keys()
    await store_builtin()
    shop = await open_bills()
    await add_printers()
    await shop.stock("tea", 5)
    number = await issue(await order_of(shop, ("tea", 2, 1130), discount=60), Buyer(name="李雷", tax_number="9133X"))
    await invoice_printing.want(number, box="b1")
    await invoice_printing.want(number, box="b1")
    await printing.catch_up()
    rows = await db.fetch("SELECT * FROM print_job ORDER BY request_key")
    assert [(row["request_key"], bool(row["copy"])) for row in rows] == [
        (f"invoice:{number}:1", False),
        (f"invoice:{number}:2", True),
    ]
    job = rows[0]
    assert "李雷" not in str(await db.fetch("SELECT * FROM event")) + str(rows)
    told = await asked_by(BOX, job["id"])
    document = str(fill(load_template((await current("invoice")).body), {**msgspec.json.decode(job["data"]), **told}))
    for text in (number, "李雷", "9133X", "¥22.00", "¥2.53", "13 %", "折扣 Discount"):
        assert text in document


async def test_only_the_box_of_a_job_that_is_not_done_is_told(database: str) -> None:
    await open_test_keys()
    await store_builtin()
    shop = await open_bills()
    await add_printers()
    await shop.stock("tea", 5)
    number = await issue(await order_of(shop, ("tea", 2, 1130)), Buyer(name="李雷"))
    await invoice_printing.want(number, box="b1")
    await printing.catch_up()
    job = (await the_job("invoice_buyer"))["id"]
    assert await asked_by(BOX, job) == {"buyer": "李雷"}
    other = Actor(name="b2", permissions=BOX.permissions, sites=frozenset({"s1"}), kind="box")
    for actor, of in ((other, job), (BOX, "another")):
        with pytest.raises(NotFound):
            await asked_by(actor, of)
    await db.execute("UPDATE print_job SET state = 'printed' WHERE id = ?", job)
    with pytest.raises(NotFound):
        await asked_by(BOX, job)


async def test_a_shipping_label_bears_its_address_and_no_message_does(database: str, tmp_path: Path) -> None:
    desk = await Desk.open(tmp_path)
    await store_builtin()
    await add_printers()
    async with stand_in() as carrier:
        await desk.carrier("fast", Kind.HTTP, address=carrier.address)
        await desk.labelled(2)
    await printing.catch_up()
    await db.execute("UPDATE box SET link = 'online'")
    job = await the_job("order_address")
    everything = str(await db.fetch("SELECT * FROM event")) + str(await db.fetch("SELECT * FROM print_job"))
    sent = [one for one in await requests.claim() if job["id"] in one.topic]
    assert len(sent) == 1
    for text in ("李雷", "13800138000", "世纪大道"):
        assert text not in everything
        assert text not in sent[0].payload.decode()
    request = decode(JobRequest, sent[0].payload)
    assert request.private
    told = await asked_by(BOX, job["id"])
    document = str(fill(load_template((await current("shipping-label")).body), {**request.data, **told}))
    for text in ("李雷 13800138000", "上海市上海市浦东新区", "世纪大道 100 号 5 楼", "fast standard", "TN00000001"):
        assert text in document
