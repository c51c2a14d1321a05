"""What boxes measure, log and collect: kept in bounds, shown to whoever may see the box, fetched by whoever may change it."""

from __future__ import annotations

import gzip
import hashlib
import io
from collections.abc import AsyncIterator
from datetime import timedelta
from itertools import count

import pytest
from aiohttp.test_utils import TestClient, TestServer
from hypothesis import given
from hypothesis import strategies as st

from controller import db, events
from controller.errors import NotFound
from controller.fleet import diagnostics, measured, measured_api, operations, presence
from controller.http import auth
from controller.http.build import build
from controller.http.metrics import Metrics
from controller.http.routing import Permission
from edge_agent.wire.codec import decode, encode
from edge_agent.wire.errors import WireError
from edge_agent.wire.messages import Stream
from edge_agent.wire.session import Incoming
from edge_agent.wire.telemetry import LogLine, LogLines, MachineState, QueueDepth, ReplicaState, StreamDepth, Telemetry
from tests.controller.boxes import register

ROOT = "shelfwire/1/sh-01/b1/_"
_keys = count()


def telemetry(waiting: int = 3, *, ahead: timedelta = timedelta(0)) -> Telemetry:
    return Telemetry(
        waiting=waiting,
        oldest_at=None,
        disk_free=10**9,
        at=db.now() + ahead,
        streams=[StreamDepth(stream=Stream.FACT, waiting=waiting)],
        queues=[QueueDepth(printer="labels", waiting=2), QueueDepth(printer="receipts", waiting=1)],
        machine=MachineState(memory_free=5 * 10**8, cpu_celsius=51),
        loop_lag_ms=4,
        replica=ReplicaState(version="1.2", age=9),
        statistics={"scanner": {"GoodScanCount": 7}},
    )


def lines(*numbers: int, start: str = "a", level: str = "WARNING") -> LogLines:
    return LogLines(
        start=start, lines=[LogLine(no=no, at=db.now(), level=level, name="edge_agent.x", message=f"line {no}") for no in numbers]
    )


async def tell(family: str, message: Telemetry | LogLines) -> None:
    told = Incoming(f"{ROOT}/{family}", encode(message), retain=False, duplicate=False, acknowledge=lambda: None)
    async with db.transaction():
        await presence.note([told])


@pytest.fixture
async def api(database: str) -> AsyncIterator[TestClient]:
    await register()
    await register("b2", "sh-02")
    app = build(measured_api.ROUTES, metrics=Metrics(), max_body=4 * 1024 * 1024)
    await auth.create_token("it", list(Permission), token="it")
    await auth.create_token("manager", [Permission.FLEET_READ], token="manager")
    await auth.create_token("elsewhere", list(Permission), sites=["sh-02"], token="elsewhere")
    async with TestClient(TestServer(app, host="127.0.0.1")) as client:
        yield client


async def get(api: TestClient, path: str, *, who: str = "it", status: int = 200):  # type: ignore[no-untyped-def]
    answer = await api.get(f"/api/v1/boxes{path}", headers={"Authorization": f"Bearer {who}"})
    assert answer.status == status, await answer.text()
    return await answer.json()


async def put(api: TestClient, command: str, body: bytes, digest: str = "", *, who: str = "it") -> int:
    headers = {"Authorization": f"Bearer {who}", "Content-Type": "application/gzip", "Idempotency-Key": f"k{next(_keys)}"}
    named = digest or hashlib.sha256(body).hexdigest()
    return (await api.put(f"/box/v1/diagnostics/{command}?sha256={named}", data=io.BytesIO(body), headers=headers)).status


async def test_the_latest_is_shown_and_a_day_of_points_with_it(api: TestClient) -> None:
    await get(api, "/b1/telemetry", status=404)
    await tell("tel", telemetry(1))
    await tell("tel", telemetry(2, ahead=timedelta(seconds=90)))
    shown = await get(api, "/b1/telemetry")
    assert (shown["told"]["waiting"], shown["told"]["machine"]["cpu_celsius"]) == (2, 51)
    assert 85_000 < shown["offset_ms"] <= 90_000
    points = (await get(api, "/b1/telemetry/history"))["items"]
    assert [(point["waiting"], point["queued"], point["replica_age"]) for point in points[-1:]] == [(2, 3, 9)]
    assert len(points) <= 2, "telemetry of the same five minutes is one point"
    assert await get(api, "/b1/statistics") == {"devices": {"scanner": {"GoodScanCount": 7}}}
    assert (await measured.latest("cpu_celsius")) == {"b1": 51.0}
    assert (await db.fetch("SELECT waiting FROM box WHERE id = 'b1'"))[0]["waiting"] == 2


async def test_a_box_of_another_site_is_not_there(api: TestClient) -> None:
    await tell("tel", telemetry())
    for path in ("telemetry", "telemetry/history", "statistics", "logs", "diagnostics"):
        await get(api, f"/b1/{path}", who="elsewhere", status=404)


async def test_lines_are_stored_once_paged_and_bounded(api: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measured, "LINES_KEPT", 5)
    await tell("log", lines(1, 2, 3))
    await tell("log", lines(2, 3, 4, level="ERROR"))  # 2 and 3 came before
    await tell("log", lines(1, start="another start"))
    first = await get(api, "/b1/logs?per=2")
    assert [row["message"] for row in first["items"]] == ["line 1", "line 4"]
    assert [row["message"] for row in (await get(api, f"/b1/logs?per=9&after={first['next']}"))["items"]] == [
        "line 3",
        "line 2",
        "line 1",
    ]
    assert [row["message"] for row in (await get(api, "/b1/logs?level=ERROR"))["items"]] == ["line 4"]
    await get(api, "/b1/logs?level=DEBUG", status=400)
    await tell("log", lines(10, 11, 12))
    assert [row["message"] for row in (await get(api, "/b1/logs"))["items"]] == [f"line {no}" for no in (12, 11, 10, 1, 4)]


async def test_a_bundle_is_stored_once_by_its_command_and_fetched_by_it_alone(api: TestClient) -> None:
    command = await operations.send_command("b1", "collect_diagnostics", {})
    body = gzip.compress(b"how it is")
    assert await put(api, command, body) == 204
    assert await put(api, command, body) == 204
    assert await put(api, command, gzip.compress(b"another")) == 409
    (shown,) = (await get(api, "/b1/diagnostics"))["items"]
    assert (shown["command"], shown["size"], shown["digest"]) == (command, len(body), hashlib.sha256(body).hexdigest())
    path = f"/api/v1/boxes/b1/diagnostics/{command}"
    assert (await api.get(path, headers={"Authorization": "Bearer manager"})).status == 403
    answer = await api.get(path, headers={"Authorization": "Bearer it"})
    assert (answer.status, await answer.read()) == (200, body)
    assert f"b1-{command}.tar.gz" in answer.headers["Content-Disposition"]
    told = [(event.name, event.actor) for event in await events.history("b1")]
    assert told[-1] == ("diagnostics_fetched", "token:it")
    assert [name for name, _ in told].count("diagnostics_received") == 1
    await get(api, f"/b2/diagnostics/{command}", status=404)


async def test_what_is_no_bundle_of_this_command_is_refused(api: TestClient) -> None:
    command = await operations.send_command("b1", "collect_diagnostics", {})
    other = await operations.send_command("b1", "identify", {})
    body = gzip.compress(b"how it is")
    assert await put(api, command, body, "0" * 64) == 422
    assert await put(api, command, b"no gzip at all") == 422
    assert await put(api, command, b"\x1f\x8b" + b"0" * diagnostics.LARGEST) == 422
    assert await put(api, other, body) == 404
    assert await put(api, "nothing", body) == 404
    assert await put(api, command, body, who="elsewhere") == 404
    assert await put(api, command, body, who="manager") == 403
    assert (await get(api, "/b1/diagnostics"))["items"] == []


async def test_a_box_speaks_for_no_other_box(database: str) -> None:
    await register()
    await register("b2")
    command = await operations.send_command("b1", "collect_diagnostics", {})
    body = gzip.compress(b"how it is")
    with pytest.raises(NotFound):
        await diagnostics.keep(command, body, hashlib.sha256(body).hexdigest(), box="b2", sites=frozenset({"sh-01"}))


async def test_only_the_newest_bundles_of_a_box_are_kept(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    await register()
    monkeypatch.setattr(diagnostics, "KEPT_OF_A_BOX", 2)
    commands = [await operations.send_command("b1", "collect_diagnostics", {}) for _ in range(4)]
    for command in commands:
        body = gzip.compress(command.encode())
        async with db.transaction():
            await diagnostics.keep(command, body, hashlib.sha256(body).hexdigest(), box="b1", sites=None)
    assert {row.command for row in await diagnostics.bundles("b1")} == set(commands[-2:])


@given(st.binary(max_size=200) | st.from_regex(r'\{"v":1,"start":"\w*","lines":\[\{"no":\d{1,3}\}\]\}').map(str.encode))
def test_what_is_no_line_of_a_log_is_a_wire_error(payload: bytes) -> None:
    for kind in (LogLines, Telemetry):
        try:
            decode(kind, payload)
        except WireError:
            continue
