"""Orders reach their suppliers: by real SMTP, by real HTTP, as files; what fails waits, is told, and blocks nobody."""

from __future__ import annotations

import asyncio
import csv
import io
import json
from collections.abc import AsyncIterator
from pathlib import Path
from random import Random

import pytest

from controller import db
from controller.purchasing import operations
from controller.purchasing.answers import Answered, AnsweredLine, accept, read_answer, read_csv, refuse, take
from controller.purchasing.config import Purchasing
from controller.purchasing.delivering import secret_of, signature
from controller.purchasing.errors import BadOrder
from controller.purchasing.outbox import claim_due, retry_sending
from controller.purchasing.policies import Channel
from controller.purchasing.queries import answers, lines, order, sendings
from controller.purchasing.sending import LEASE, run, send_next, sent
from controller.purchasing.states import AnswerState, OrderState, SendingState
from controller.purchasing.suppliers import SupplierData, put_supplier
from tests.controller.purchasing.buying import BuyingShop, tasks
from tests.controller.purchasing.suppliers_servers import MailServer, WebSupplier, mail_server, web_supplier


@pytest.fixture
async def mail() -> AsyncIterator[MailServer]:
    async with mail_server() as server:
        yield server


@pytest.fixture
async def site() -> AsyncIterator[WebSupplier]:
    async with web_supplier() as supplier:
        yield supplier


def config(mail: MailServer | None = None, **more: object) -> Purchasing:
    post = {"smtp_host": "127.0.0.1", "smtp_port": mail.port, "smtp_tls": "none", "sender": "shop@example.com"} if mail else {}
    return Purchasing(company="Example Stores", **{**post, **more})  # type: ignore[arg-type]  # of many kinds


async def reached_by(channel: Channel, address: str) -> None:
    await put_supplier("dairy", SupplierData(name="Dairy <North> & 北", channel=channel, address=address, lead_days=2))


async def due_now() -> None:
    """As if the pause were over."""
    await db.execute("UPDATE purchase_sending SET next_at = ? WHERE state = 'waiting'", db.now())


async def work(config: Purchasing) -> None:
    while await send_next(config, Random(1)):
        pass


async def state_of(no: str) -> tuple[OrderState, SendingState, str | None]:
    found = await order(no)
    newest = (await sendings(found.id))[0]
    return found.state, newest.state, newest.error


async def test_a_mail_brings_the_order_as_pdf_and_csv(database: str, mail: MailServer) -> None:
    shop = await BuyingShop.open()
    await reached_by(Channel.EMAIL, "orders@dairy.example")
    no = await shop.ordered(("milk", 2), ("tea", 1))
    await operations.send(no)
    await work(config(mail))
    (got,) = mail.mails
    assert (got["To"], got["From"], got["Message-ID"]) == (
        "orders@dairy.example",
        "shop@example.com",
        f"<{no.lower()}.1@shelfwire>",
    )
    files = {part.get_filename(): part.get_payload(decode=True) for part in got.iter_attachments()}
    assert set(files) == {f"{no}.1.pdf", f"{no}.1.csv"}
    pdf, table = files[f"{no}.1.pdf"], files[f"{no}.1.csv"]
    assert isinstance(pdf, bytes)
    assert pdf.startswith(b"%PDF-")
    assert b"STSong-Light" in pdf, "Han glyphs come from the reader's font"
    assert isinstance(table, bytes)
    rows = list(csv.DictReader(io.StringIO(table.decode("utf-8-sig"))))
    assert [(row["sku"], row["their_code"], row["packs"], row["price_minor"]) for row in rows] == [
        ("milk", "MILK", "2", "1200"),
        ("tea", "TEA", "1", "1200"),
    ]
    assert await state_of(no) == (OrderState.SENT, SendingState.SENT, None)


async def test_a_mail_whose_yes_was_lost_is_sent_again_with_the_same_id(database: str, mail: MailServer) -> None:
    shop = await BuyingShop.open()
    await reached_by(Channel.EMAIL, "orders@dairy.example")
    no = await shop.ordered(("milk", 1))
    await operations.send(no)
    mail.hang_up = True
    await work(config(mail))
    state, sending, error = await state_of(no)
    assert (state, sending) == (OrderState.APPROVED, SendingState.WAITING)
    assert error is not None
    await due_now()
    await work(config(mail))
    assert [each["Message-ID"] for each in mail.mails] == [f"<{no.lower()}.1@shelfwire>"] * 2
    assert (await state_of(no))[1] is SendingState.SENT


async def test_one_that_is_refused_for_good_blocks_nobody_and_is_somebody_s_task(database: str, mail: MailServer) -> None:
    shop = await BuyingShop.open()
    await reached_by(Channel.EMAIL, "gone@dairy.example")
    bad, good = await shop.ordered(("milk", 1)), await shop.ordered(("tea", 1))
    await operations.send(bad)
    await operations.send(good)
    mail.refusals = ["550 no such user"]
    await work(config(mail))
    assert (await state_of(bad))[1] is SendingState.FAILED
    assert "550 no such user" in ((await state_of(bad))[2] or "")
    assert (await state_of(good))[1] is SendingState.SENT
    assert (await tasks())["purchase_not_sent"] == bad
    await retry_sending((await sendings((await order(bad)).id))[0].id)
    await work(config(mail))
    assert (await state_of(bad))[0] is OrderState.SENT
    assert await tasks() == {}


async def test_a_server_that_is_not_there_is_tried_later_and_not_for_ever(database: str) -> None:
    shop = await BuyingShop.open()
    await reached_by(Channel.EMAIL, "orders@dairy.example")
    no = await shop.ordered(("milk", 1))
    await operations.send(no)
    nowhere = Purchasing(smtp_host="127.0.0.1", smtp_port=1, smtp_tls="none", sender="a@b.example")
    for _ in range(11):
        await due_now()
        await work(nowhere)
        assert (await state_of(no))[1] is SendingState.WAITING
    await due_now()
    await work(nowhere)
    assert (await state_of(no))[1] is SendingState.FAILED
    assert set(await tasks()) == {"purchase_not_sent"}


async def test_a_post_is_signed_keeps_its_key_and_its_answer_is_taken_in(database: str, site: WebSupplier, tmp_path: Path) -> None:
    shop = await BuyingShop.open()
    await reached_by(Channel.HTTP, site.address)
    key = tmp_path / "key"
    key.write_text("very secret\n")
    told = config(key_file=key)
    no = await shop.ordered(("milk", 2))
    await operations.send(no)
    site.answers = [(503, b""), (200, b'{"reference": "AB-7", "lines": [{"position": 1, "packs": 1, "theirs": true}]}')]
    await work(told)
    assert (await state_of(no))[2] == f"{site.address} answers 503"
    await due_now()
    await work(told)
    keys = [headers["Idempotency-Key"] for headers, _ in site.posted]
    assert keys == [f"{no.lower()}.1@shelfwire"] * 2
    headers, body = site.posted[1]
    assert headers["X-Shelfwire-Signature"] == signature(secret_of(told, "dairy"), headers["X-Shelfwire-Time"], body)
    assert json.loads(body)["lines"][0]["their_code"] == "MILK"
    found = await order(no)
    assert (found.state, found.has_answer) == (OrderState.SENT, True)
    (answer, _), *_ = await answers(found.id)
    await accept(no, answer.id)
    assert ((await order(no)).state, (await order(no)).reference, await shop.incoming("milk")) == (OrderState.CONFIRMED, "AB-7", 12)


@pytest.mark.parametrize("status", [301, 400, 404, 422])
async def test_a_post_that_is_refused_is_not_repeated(database: str, site: WebSupplier, tmp_path: Path, status: int) -> None:
    shop = await BuyingShop.open()
    await reached_by(Channel.HTTP, site.address)
    (tmp_path / "key").write_text("x")
    site.answers = [(status, b"no")]
    no = await shop.ordered(("milk", 1))
    await operations.send(no)
    await work(config(key_file=tmp_path / "key"))
    assert (await state_of(no))[1] is SendingState.FAILED
    assert len(site.posted) == 1


async def test_a_file_is_there_whole_or_not_at_all(database: str, tmp_path: Path) -> None:
    shop = await BuyingShop.open()
    await reached_by(Channel.FILE, "dairy")
    no = await shop.ordered(("milk", 1))
    await operations.send(no)
    (tmp_path / "out").write_text("a file where the folder should be")
    await work(config(folder=tmp_path / "out"))
    assert (await state_of(no))[1] is SendingState.WAITING
    await due_now()
    await work(config(folder=tmp_path / "there"))
    assert sorted(path.name for path in (tmp_path / "there/dairy").iterdir()) == [f"{no}.1.csv", f"{no}.1.pdf"]
    assert (await state_of(no))[0] is OrderState.SENT
    await operations.send(no)
    await work(config(folder=tmp_path / "there"))
    assert (tmp_path / f"there/dairy/{no}.2.csv").is_file()


async def test_what_is_cancelled_before_it_was_sent_is_not_sent(database: str, mail: MailServer) -> None:
    shop = await BuyingShop.open()
    await reached_by(Channel.EMAIL, "orders@dairy.example")
    no = await shop.ordered(("milk", 1))
    await operations.send(no)
    await operations.cancel(no, reason="twice")
    await work(config(mail))
    assert (mail.mails, (await state_of(no))[1]) == ([], SendingState.WITHDRAWN)


async def test_who_has_an_order_hears_that_it_is_cancelled_the_same_way(database: str, mail: MailServer) -> None:
    shop = await BuyingShop.open()
    await reached_by(Channel.EMAIL, "orders@dairy.example")
    no = await shop.ordered(("milk", 2))
    await operations.send(no)
    await work(config(mail))
    await reached_by(Channel.HAND, "")
    await operations.cancel(no, reason="twice")
    await work(config(mail))
    _, told = mail.mails
    assert (told["To"], told["Subject"]) == ("orders@dairy.example", f"采购订单取消通知 {no} (版本 2)")
    assert told["Message-ID"] == f"<{no.lower()}.2@shelfwire>"
    files = {part.get_filename(): part.get_payload(decode=True) for part in told.iter_attachments()}
    table = files[f"{no}.2.cancel.csv"]
    assert isinstance(table, bytes)
    (row,) = csv.DictReader(io.StringIO(table.decode("utf-8-sig")))
    assert (row["order"], row["packs"]) == (no, "0")
    assert await state_of(no) == (OrderState.CANCELLED, SendingState.SENT, None)
    assert [each.is_cancel for each in await sendings((await order(no)).id)] == [True, False]


async def test_one_that_was_on_its_way_when_it_was_cancelled_is_cancelled_at_the_supplier(database: str, mail: MailServer) -> None:
    shop = await BuyingShop.open()
    await reached_by(Channel.EMAIL, "orders@dairy.example")
    no = await shop.ordered(("milk", 2))
    await operations.send(no)
    row = await db.in_transaction(lambda: claim_due(db.now() + LEASE))
    assert row is not None
    await operations.cancel(no, reason="twice")
    await sent(row, no, b"")
    await work(config(mail))
    assert [each["Subject"].partition(" (")[0] for each in mail.mails] == [f"采购订单取消通知 {no}"]


async def test_the_worker_wakes_when_something_is_to_be_sent(database: str, mail: MailServer) -> None:
    shop = await BuyingShop.open()
    await reached_by(Channel.EMAIL, "orders@dairy.example")
    worker = asyncio.create_task(run(config(mail), Random(1)))
    try:
        no = await shop.ordered(("milk", 1))
        await operations.send(no)
        async with asyncio.timeout(20):
            while (await state_of(no))[0] is not OrderState.SENT:
                await asyncio.sleep(0.02)
    finally:
        worker.cancel()
    assert len(mail.mails) == 1


async def test_an_answer_as_ordered_confirms_and_another_one_waits_for_a_person(database: str) -> None:
    shop = await BuyingShop.open()
    no = await shop.ordered(("milk", 2), ("tea", 3))
    await take(no, Answered(lines=[AnsweredLine(position=1, packs=2)]), source="api")
    assert (await order(no)).state is OrderState.CONFIRMED
    other = Answered(reference="R", lines=[AnsweredLine(position=1, packs=0), AnsweredLine(position=2, packs=2, price_minor=1300)])
    first = await take(no, other, source="csv")
    again = await take(no, other, source="csv")
    assert (first.id, first.state) == (again.id, AnswerState.WAITING)
    assert [(each.position, each.field, each.ordered, each.answered) for each in first.differences] == [
        (1, "packs", 2, 0),
        (2, "packs", 3, 2),
        (2, "price_minor", 1200, 1300),
    ]
    assert (await tasks(), await shop.incoming("milk")) == ({"purchase_answer_differs": no}, 24)
    await accept(no, first.id)
    assert (await tasks(), await shop.incoming("milk"), await shop.incoming("tea")) == ({}, 0, 24)
    assert [(line.closed, line.packs, line.price_minor) for line in await lines((await order(no)).id)] == [
        (True, 2, 1200),
        (False, 2, 1300),
    ]
    late = await take(no, Answered(lines=[AnsweredLine(position=2, packs=9)]), source="api")
    await refuse(no, late.id)
    assert (await shop.incoming("tea"), await tasks()) == (24, {})


def test_what_is_no_answer_is_none() -> None:
    for body in (
        b"OK",
        b"",
        b"\xff",
        b"[]",
        b'{"status": "ok"}',
        b'{"lines": 1}',
        b'{"lines": [{"position": "x"}]}',
        b'{"lines": [1]}',
    ):
        assert read_answer(body) is None
    assert read_answer(b'{"lines": []}') == Answered()


def test_answers_are_read_from_a_table() -> None:
    table = "\ufefforder,position,packs,expected_on,reference\nPO-100001,1,8,2026-11-26,AB\nPO-100001,2,,,\nPO-100002,1,0,,\n"
    found = read_csv(table.encode())
    assert set(found) == {"PO-100001", "PO-100002"}
    assert (found["PO-100001"].reference, [line.packs for line in found["PO-100001"].lines]) == ("AB", [8, None])
    for bad in (
        b"",
        b"order\nPO-1\n",
        b"order,position\nPO-1,x\n",
        b"order,position,packs\nPO-1,1,-3\n",
        b"\xff\xfe",
        b'order,position\n"',
    ):
        with pytest.raises(BadOrder):
            read_csv(bad)
