"""A hostile client on a real broker: after each blow a good fact is applied and acked by the real gateway, and the pages work."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from random import Random
from typing import Any
from uuid import UUID

import msgspec
import pytest
from aiohttp.test_utils import TestClient, TestServer

from controller import db
from controller.app import Parts, make_app
from controller.catalog.operations import NewBarcode, NewSku, create_sku
from controller.config import parse_config
from controller.documents.operations import store_builtin
from controller.fleet.operations import PrintOrder, request_print, send_command
from controller.gateway import Gateway
from controller.http import auth
from controller.http.routing import Permission
from edge_agent.seams import SystemClock, uuid4
from edge_agent.wire.codec import decode, encode
from edge_agent.wire.facts import Scan
from edge_agent.wire.messages import Ack, Stream, Symbol
from edge_agent.wire.session import Incoming, Session
from edge_agent.wire.topics import gateway_filters
from tests.controller.boxes import WireBox
from tests.integration.test_facts_arrive import SITE, prepare, running, session_of
from tests.servers import Mosquitto

SECONDS = 5
BASE = f"shelfwire/1/{SITE}/b1"
Json = dict[str, Any]
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


@dataclass
class Hostile:
    """Speaks as box `b1` (and whatever else it likes), and hears what that box is told."""

    session: Session
    wire: WireBox = field(default_factory=lambda: WireBox(clock=SystemClock()))  # type: ignore[arg-type]  # a Clock
    verdicts: dict[tuple[UUID, str, int], str] = field(default_factory=dict)
    _heard: asyncio.Event = field(default_factory=asyncio.Event)

    async def listen(self) -> None:
        async for event in self.session.events():
            if isinstance(event, Incoming):
                if event.topic.endswith("/ack"):
                    self._note(decode(Ack, event.payload))
                event.acknowledge()

    def _note(self, ack: Ack) -> None:
        codes = {one.seq: one.code for one in ack.rejected}
        for low, high in ack.ranges:
            for seq in range(low, min(high, low + 10_000) + 1):
                self.verdicts[ack.epoch, ack.stream.value, seq] = codes.get(seq, "ok")
        self._heard.set()

    async def say(self, tail: str, payload: bytes, *, retain: bool = False) -> None:
        await self.session.publish(f"{BASE}/{tail}", payload, retain=retain)

    def envelope(self, name: str, data: Json, *, stream: str = "fact", **changes: object) -> Json:
        """As JSON, so that it may be anything; numbered as an outbox does."""
        seq = next(self.wire.seqs[Stream(stream)])
        good: Json = json.loads(encode(self.wire.envelope(Scan(symbol=Symbol(text="x")), stream=Stream(stream), seq=seq)))
        return good | {"name": name, "data": data} | changes

    async def fact(self, name: str, data: Json, *, stream: str = "fact", tail: str | None = None, **changes: object) -> str:
        """Send one and wait for the verdict on it: `ok` or a code."""
        envelope = self.envelope(name, data, stream=stream, **changes)
        await self.say(tail or f"scanner/fact/{name}", json.dumps(envelope).encode())
        return await self.verdict(envelope)

    async def verdict(self, envelope: Json) -> str:
        key = UUID(envelope["epoch"]), envelope["stream"], envelope["seq"]
        async with asyncio.timeout(SECONDS):
            while key not in self.verdicts:
                self._heard.clear()
                await self._heard.wait()
        return self.verdicts.pop(key)

    async def is_served(self) -> None:
        """A good fact is applied and acked in time."""
        envelope = self.envelope("scan", {"symbol": {"text": "4006381333931"}})
        await self.say("scanner/fact/scan", json.dumps(envelope).encode())
        assert await self.verdict(envelope) == "ok"
        rows = await db.fetch("SELECT outcome FROM fact WHERE id = ?", UUID(envelope["id"]))
        assert [row["outcome"] for row in rows] == ["applied"]


@asynccontextmanager
async def attacked(broker: Mosquitto, url: str, name: str) -> AsyncIterator[Hostile]:
    try:
        await prepare(url, "b1", "b2")
        await store_builtin()
        await create_sku(NewSku(code="tea", name_en="Tea", name_zh="茶"), [NewBarcode(barcode="4006381333931")])
        gateway = Gateway(session_of(broker, f"{name}-gw", gateway_filters(), 1), SystemClock(), Random(1), "gw")
        client = session_of(broker, f"{name}-evil", [f"{BASE}/_/ack"], 2)
        hostile = Hostile(client)
        async with running(gateway.run, client.run, hostile.listen) as tasks:
            async with asyncio.timeout(SECONDS):
                while not (gateway.is_connected and client.is_connected):
                    await asyncio.sleep(0.01)
            await hostile.is_served()
            yield hostile
            await hostile.is_served()
            assert not [task for task in tasks if task.done()], "the gateway lives"
    finally:
        await db.close()


@pytest.fixture
async def hostile(own_mosquitto: Mosquitto, schema_url: str) -> AsyncIterator[Hostile]:
    async with attacked(own_mosquitto, schema_url, "h") as client:
        yield client


async def rejected() -> set[str]:
    return {row["code"] for row in await db.fetch("SELECT code FROM rejected_message")}


TAILS = [
    "scanner/fact/scan",
    "_/batch",
    "p/job/x/res",
    "p/cmd/x/res",
    "scanner/state",
    "_/state",
    "_/desc",
    "_/alert/disk",
    "_/tel",
]
GARBAGE: Sequence[bytes] = [
    b"\x00\xff\xfe" * 50,
    b"{",
    b"[" * 65_000,
    b'{"a":' * 13_000,
    b"null",
    b'"' + b"\\u0000" * 9000 + b'"',
    b"x" * (64 * 1024 - 1),
    b"x" * (64 * 1024),
    b"x" * (64 * 1024 + 1),
    b"x" * (1 << 20),
    b'{"messages": [1, null, "x", [], {}]}',
    b'{"v": 99999999999999999999999999999999}',
    b'{"v": 1e400}',
]


async def test_garbage_on_every_family(hostile: Hostile) -> None:
    random = Random(11)
    for tail in TAILS:
        await asyncio.gather(*(hostile.say(tail, each, retain=tail.endswith(("state", "desc", "disk"))) for each in GARBAGE))
        await hostile.say(tail, random.randbytes(2000))
        await hostile.is_served()
    assert {"bad_payload"} <= await rejected()


async def test_other_boxes_sites_and_epochs(hostile: Hostile) -> None:
    scan = {"symbol": {"text": "4006381333931"}}
    assert await hostile.fact("scan", scan, box="b2") == "wrong_box"
    assert await hostile.fact("scan", scan, epoch=str(uuid4(Random(5)))) == "ok"
    assert await hostile.fact("scan", scan, seq=2**53) == "ok"
    used = hostile.envelope("scan", scan)
    for _ in range(2):
        await hostile.say("scanner/fact/scan", json.dumps(used).encode())
        assert await hostile.verdict(used) == "ok"
    other = used | {"id": str(uuid4(Random(6)))}
    await hostile.say("scanner/fact/scan", json.dumps(other).encode())
    assert await hostile.verdict(other) == "seq_reused"
    for topic in ("shelfwire/1/nowhere/b1/scanner/fact/scan", f"shelfwire/1/{SITE}/b9/scanner/fact/scan"):
        await hostile.session.publish(topic, json.dumps(hostile.envelope("scan", scan, box=topic.split("/")[3])).encode())
    for topic in ("S%H", "ü", "x" * 500, "_"):
        await hostile.session.publish(f"shelfwire/1/{topic}/b1/scanner/fact/scan", b"x")
    await hostile.is_served()
    assert {"unknown_box", "bad_topic", "wrong_box", "seq_reused"} <= await rejected()


async def test_one_poisoned_message_takes_no_neighbour_along(hostile: Hostile) -> None:
    good = [hostile.envelope("scan", {"symbol": {"text": f"g{number}"}}) for number in range(20)]
    poison = hostile.envelope("scan", {"symbol": {"text": ""}})
    worse = hostile.envelope("received", {"document": "D", "symbol": {"text": "a\0b"}, "quantity": 1})
    messages = [*map(json.dumps, [*good[:10], poison, worse]), "7", *map(json.dumps, good[10:])]
    await hostile.say("_/batch", b'{"v":1,"messages":[' + ",".join(messages).encode() + b"]}")
    assert await hostile.verdict(poison) == "bad_payload"
    assert await hostile.verdict(worse) == "ok", "parked until somebody links the code"
    for each in good:
        assert await hostile.verdict(each) == "ok"


NUL = "a\0b"
SYMBOL = {"text": NUL, "aim": NUL, "raw_b64": NUL}
FACTS: Sequence[tuple[str, Json, str]] = [
    ("scan", {"symbol": SYMBOL, "activity": NUL}, "fact"),
    ("scan", {"symbol": {"text": "\U0010ffff\u202e<script>alert(1)</script>{{7*7}}"}}, "fact"),
    ("scan", {"symbol": {"text": "x" * 4096, "raw_b64": "y" * 50_000}}, "fact"),
    ("received", {"document": NUL, "symbol": SYMBOL, "quantity": 1}, "fact"),
    ("received", {"document": NUL, "symbol": {"text": "4006381333931"}, "gtin": "04006381333931", "quantity": 1}, "fact"),
    ("received", {"document": "D", "symbol": {"text": "4006381333931"}, "gtin": "04006381333931", "quantity": 2**53}, "fact"),
    ("received", {"document": "D", "symbol": {"text": "4006381333931"}, "quantity": -1}, "fact"),
    ("counted", {"bin": NUL, "lines": []}, "fact"),
    ("counted", {"bin": "receiving", "lines": [{"symbol": SYMBOL, "quantity": 1}]}, "fact"),
    ("counted", {"bin": "receiving", "lines": [{"symbol": {"text": f"c{n}"}, "quantity": 2**53} for n in range(1000)]}, "fact"),
    (
        "counted",
        {
            "bin": "receiving",
            "lines": [{"symbol": {"text": "4006381333931"}, "gtin": "04006381333931", "quantity": 10**12} for _ in range(600)],
        },
        "fact",
    ),
    ("picked", {"pick_list": NUL, "symbol": SYMBOL, "quantity": 1}, "fact"),
    ("picked", {"pick_list": "PL-999999", "symbol": {"text": "x"}, "quantity": 1}, "fact"),
    ("pick_short", {"pick_list": NUL, "symbol": SYMBOL}, "fact"),
    ("packed", {"pick_list": NUL, "weight": {"grams": "NaN", "raw_b64": NUL}}, "fact"),
    ("handed_over", {"parcel": NUL}, "fact"),
    ("handed_over", {"parcel": "PC-999999\0"}, "fact"),
    ("weighed", {"weight": {"grams": "NaN", "raw_b64": NUL}}, "fact"),
    ("weighed", {"weight": {"grams": "1E+999999999", "raw_b64": ""}}, "fact"),
    ("weighed", {"weight": {"grams": "-" + "9" * 50_000, "raw_b64": ""}}, "fact"),
    ("drawer", {"open": True, "job": NUL}, "fact"),
    ("print_requested", {"job": NUL, "request": {"template": NUL, "version": NUL, "data": {NUL: NUL}}}, "result"),
    ("print_requested", {"job": "j1", "request": {"template": NUL, "version": NUL, "data": {NUL: NUL}}}, "result"),
    ("job_changed", {"job": "never-heard-of", "step": 1, "state": "printed", "printer": "p"}, "result"),
    (
        "job_changed",
        {"job": "j1", "step": 2**53, "state": "failed", "printer": "p", "fault": {"code": NUL, "message": NUL}},
        "result",
    ),
    ("command_done", {"command": "never-sent", "code": NUL, "message": NUL}, "result"),
    ("clock_synced", {"boot": NUL, "mono_ms": 10**30, "at": "9999-12-31T23:59:59.999999-12:00", "error_ms": 10**30}, "aux"),
    ("clock_synced", {"boot": "boot-1", "mono_ms": 0, "at": "0001-01-01T00:00:00+14:00", "error_ms": 0}, "aux"),
    ("epoch_closed", {"epoch": str(UUID(int=1)), "last_seq": {NUL: 10**30}, "salvaged": 10**30, "reason": NUL}, "aux"),
    ("scan_refused", {"code": NUL, "message": NUL}, "aux"),
    ("made_up", {}, "fact"),
    ("scan", {}, "fact"),
]


async def test_every_fact_with_the_worst_in_it_gets_a_verdict(hostile: Hostile, tmp_path: Path) -> None:
    """Applied, parked or rejected, but never again and again; and all of it can be shown."""
    for name, data, stream in FACTS:
        verdict = await hostile.fact(name, data, stream=stream)
        assert verdict not in ("ingest_error", "handler_error"), f"{name} {str(data)[:80]}: nobody foresaw this"
    for times in ({"at": "1970-01-01T00:00:00Z"}, {"at": "9999-12-31T23:59:59-12:00"}, {"at": "0001-01-01T00:00:00+14:00"}):
        for synced in (True, False):
            clock = {"synced": synced, "error_ms": 10**30 if synced else None}
            odd: Json = {**times, "clock": clock, "mono_ms": 10**30, "person": NUL, "boot": NUL}
            assert await hostile.fact("scan", {"symbol": {"text": "x"}}, **odd) == "ok"
    assert await hostile.fact("scan", {"symbol": {"text": "x"}}, mono_ms=-1) == "bad_payload"
    assert await hostile.fact("scan", {"symbol": {"text": "x"}}, at="2026-11-21T12:00:00") == "bad_payload"
    await _all_is_shown(tmp_path)


async def test_states_of_boxes_with_the_worst_in_them_can_be_shown(hostile: Hostile, tmp_path: Path) -> None:
    late, early = "9999-12-31T23:59:59.999999Z", "0001-01-01T00:00:00Z"
    session = str(uuid4(Random(9)))
    said: Sequence[tuple[str, Json]] = [
        ("_/state", {"state": "offline", "session": session, "boot": NUL, "at": late}),
        ("_/state", {"state": "online", "session": session, "boot": NUL, "at": late}),
        ("_/state", {"state": "offline", "session": str(uuid4(Random(10))), "boot": "stale will", "at": late}),
        ("_/tel", {"waiting": 10**30, "oldest_at": late, "disk_free": 10**30, "at": early}),
        (
            "_/desc",
            {
                "agent": NUL,
                "epoch": session,
                "speaks": {NUL: [10**30]},
                "devices": [{"id": "scanner", "kind": NUL, "model": "<b>", "address": NUL}] * 2,
            },
        ),
        ("scanner/state", {"state": "fault", "faults": [{"code": NUL, "message": "<script>"}] * 100, "at": late}),
        ("ghost/state", {"state": "ready", "at": early}),
        ("_/alert/disk", {"code": NUL, "message": "<img src=x onerror=alert(1)>", "at": late}),
        ("_/alert/old", {"code": "old", "message": "", "at": early}),
    ]
    for tail, message in said:
        await hostile.say(tail, json.dumps(message).encode(), retain=True)
        await hostile.is_served()
    async with asyncio.timeout(SECONDS):
        while not await db.fetch("SELECT 1 FROM alert WHERE key = 'old'"):
            await asyncio.sleep(0.01)
    assert (await db.fetch("SELECT link FROM box WHERE id = 'b1'"))[0]["link"] == "online", "a will of another life is stale"
    await _all_is_shown(tmp_path)


async def test_results_that_come_twice_or_for_nothing(hostile: Hostile) -> None:
    command = await send_command("b1", "identify", {})
    job = await request_print(PrintOrder(box="b1", device="p", template="shelf-label", data={}))
    for code in ("ok", "failed"):
        done = {"command": command, "code": code}
        assert await hostile.fact("command_done", done, stream="result", tail=f"p/cmd/{command}/res") == "ok"
    rows = await db.fetch("SELECT code FROM command WHERE id = ?", command)
    assert rows[0]["code"] == "ok", "the first result stays"
    for step, state in ((3, "printed"), (2, "sending"), (3, "failed")):
        change = {"job": job, "step": step, "state": state, "printer": "p"}
        assert await hostile.fact("job_changed", change, stream="result", tail=f"p/job/{job}/res") == "ok"
    assert (await db.fetch("SELECT state FROM print_job WHERE id = ?", job))[0]["state"] == "printed", "the highest step wins"


async def test_a_job_that_never_expires_is_sent(hostile: Hostile) -> None:
    for end in (datetime.max.replace(tzinfo=UTC), datetime.max.replace(tzinfo=timezone(timedelta(hours=-12)))):
        job = await request_print(PrintOrder(box="b1", device="p", template="shelf-label", data={}, expires_at=end))
        assert (await db.fetch("SELECT expires_at FROM print_job WHERE id = ?", job))[0]["expires_at"].tzinfo is not None
    session = str(uuid4(Random(9)))
    await hostile.say("_/state", json.dumps({"state": "online", "session": session, "boot": "b", "at": str(NOW)}).encode())
    async with asyncio.timeout(SECONDS):
        while await db.fetch("SELECT 1 FROM print_job WHERE sent_at IS NULL"):
            await asyncio.sleep(0.01)


async def _all_is_shown(tmp_path: Path) -> None:
    await auth.create_token("all", list(Permission), token="sw_all")
    app = make_app(parse_config({"data": str(tmp_path)}, {}, "test"), Parts())
    async with TestClient(TestServer(app, host="127.0.0.1"), headers={"Authorization": "Bearer sw_all"}) as client:
        for path in ("/", "/stock", "/prints", "/unknown-barcodes", "/?lang=zh"):
            page = await client.get(path)
            text = await page.text()
            assert page.status == 200, path
            assert "<script>alert" not in text, path
            assert "<img src=x" not in text, path
        for path in ("boxes", "devices", "alerts", "facts", "rejected-messages", "print-jobs", "unknown-barcodes", "events"):
            answer = await client.get(f"/api/v1/{path}?per=200")
            assert answer.status == 200, path
            assert "items" in msgspec.json.decode(await answer.read()), path
