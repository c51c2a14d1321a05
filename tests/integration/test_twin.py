"""A configuration set in the office, over a real broker, to the agent as a process: only what changed is opened again."""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer

from controller import db
from controller.fleet.operations import register_box
from controller.gateway import Gateway
from controller.http import auth
from controller.http.build import build
from controller.http.metrics import Metrics
from controller.http.routing import Permission
from controller.http.table import ROUTES
from controller.sites.operations import create_site
from edge_agent.seams import SystemClock
from edge_agent.wire.session import Broker, MqttSession
from edge_agent.wire.topics import gateway_filters
from tests.network_line import NetworkLine
from tests.servers import Mosquitto

SITE = "twin-1"
SECONDS = 20.0
CONVERGED_SECONDS = 10.0
TWIN = "/api/v1/boxes/b1/twin"
HEADERS = {"Authorization": "Bearer sw_it"}
CASES = pytest.mark.parametrize("schema_url", ["sqlite"], indirect=True)


def device(name: str, port: int) -> dict[str, Any]:
    return {"id": name, "kind": "scanner", "model": "scanner.serial", "address": f"tcp:127.0.0.1:{port}"}


def document(ports: dict[str, int]) -> dict[str, Any]:
    return {
        "device": [device(name, port) for name, port in ports.items()],
        "station": [{"id": f"desk-{name}", "scanner": name} for name in ports],
    }


def write_config(folder: Path, broker_port: int, ports: dict[str, int]) -> Path:
    made = document(ports)
    lines = [f'[box]\nid = "b1"\nsite = "{SITE}"\nstate_dir = "state"\n[broker]\nhost = "127.0.0.1"\nport = {broker_port}']
    for table in ("device", "station"):
        for entry in made[table]:
            lines.append(f"[[{table}]]")
            lines += [f"{key} = {json.dumps(value)}" for key, value in entry.items()]
    path = folder / "agent.toml"
    path.write_text("\n".join([*lines, "[limits]\nballast_bytes = 65536\n"]))
    return path


@asynccontextmanager
async def agent(config: Path) -> AsyncIterator[asyncio.subprocess.Process]:
    command = (sys.executable, "-m", "edge_agent", "run", "--config", str(config))
    with (config.parent / "agent.log").open("ab") as log:
        process = await asyncio.create_subprocess_exec(*command, stderr=log)
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


@asynccontextmanager
async def gateway(broker: Mosquitto, name: str, seed: int) -> AsyncIterator[None]:
    where = Broker(host="127.0.0.1", port=broker.port, client_id=name, expiry=0, retry_seconds=(0.05, 0.2))
    session = MqttSession(where, gateway_filters("gateways"), random=Random(seed))
    task = asyncio.create_task(Gateway(session, SystemClock(), Random(seed), name).run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


class Office:
    """Whoever sets configurations, over the API."""

    def __init__(self, client: TestClient) -> None:
        self._client = client

    @classmethod
    @asynccontextmanager
    async def open(cls, schema_url: str) -> AsyncIterator[Office]:
        await db.connect(schema_url)
        await create_site(SITE, name="Shop")
        await register_box("b1", site=SITE, name="Till")
        await auth.create_token("it", [Permission.FLEET_READ, Permission.FLEET_WRITE], token="sw_it")
        client: TestClient = TestClient(TestServer(build(ROUTES, metrics=Metrics(), max_body=100_000), host="127.0.0.1"))
        try:
            await client.start_server()
            yield cls(client)
        finally:
            await client.close()
            await db.close()

    async def twin(self) -> dict[str, Any]:
        async with self._client.get(TWIN, headers=HEADERS) as response:
            return dict(await response.json())

    async def change(self, version: int, wanted: dict[str, Any], status: int = 200) -> dict[str, Any]:
        body = {"version": version, "document": wanted}
        headers = {**HEADERS, "Idempotency-Key": f"change-{version}-{status}"}
        async with self._client.put(TWIN, json=body, headers=headers) as response:
            told = dict(await response.json())
            assert response.status == status, told
            return told

    async def until(self, state: str, version: int, seconds: float = SECONDS) -> dict[str, Any]:
        async def is_so() -> bool:
            seen = await self.twin()
            return bool(seen["state"] == state and (seen["reported"] or {}).get("version") == version)

        await eventually(is_so, seconds)
        return await self.twin()


async def eventually(is_so: Callable[[], Awaitable[bool]], seconds: float = SECONDS) -> None:
    async with asyncio.timeout(seconds):
        while not await is_so():
            await asyncio.sleep(0.05)


async def opened(scanner: NetworkLine, times: int) -> None:
    async def is_so() -> bool:
        return scanner.opened >= times

    await eventually(is_so)


async def scans_of(name: str) -> int:
    rows = await db.fetch("SELECT count(*) AS n FROM fact WHERE name = 'scan' AND device = ?", name)
    return int(rows[0]["n"])


@CASES
async def test_one_of_four_moves_and_the_others_never_notice(own_mosquitto: Mosquitto, tmp_path: Path, schema_url: str) -> None:
    async with AsyncExitStack() as stack:
        names = ("one", "two", "three", "four")
        guns = {name: await stack.enter_async_context(NetworkLine.listening()) for name in names}
        elsewhere = await stack.enter_async_context(NetworkLine.listening())
        office = await stack.enter_async_context(Office.open(schema_url))
        await stack.enter_async_context(gateway(own_mosquitto, "gw-a", 1))
        await stack.enter_async_context(gateway(own_mosquitto, "gw-b", 2))
        ports = {name: gun.port for name, gun in guns.items()}
        await stack.enter_async_context(agent(write_config(tmp_path, own_mosquitto.port, ports)))
        for gun in guns.values():
            await opened(gun, 1)
        await office.until("file", 0)

        scanning = asyncio.create_task(scan_all_the_time([guns[name] for name in names[:3]]))
        moved = document({**ports, "four": elsewhere.port})
        await office.change(0, moved)
        view = await office.until("applied", 1, CONVERGED_SECONDS)
        await opened(elsewhere, 1)
        scanning.cancel()
        await asyncio.gather(scanning, return_exceptions=True)

        assert view["diff"] == []
        assert [gun.opened for gun in guns.values()] == [1, 1, 1, 1]
        elsewhere.scan("moved")
        await eventually(lambda: _is(scans_of("four"), 1))
        for name in names[:3]:
            await eventually(partial(_are_stored, name, guns[name]))

        wrong = await office.change(1, document({**ports, "four": 0}) | {"broker": {"host": "elsewhere"}}, status=422)
        assert {"broker"} <= {error["key"] for error in wrong["data"]["errors"]}
        await office.change(0, moved, status=409)


@CASES
async def test_it_gets_there_through_a_kill_and_a_broker_that_forgot_everything(
    own_mosquitto: Mosquitto, tmp_path: Path, schema_url: str
) -> None:
    async with AsyncExitStack() as stack:
        old, new = [await stack.enter_async_context(NetworkLine.listening()) for _ in range(2)]
        office = await stack.enter_async_context(Office.open(schema_url))
        await stack.enter_async_context(gateway(own_mosquitto, "gw", 1))
        config = write_config(tmp_path, own_mosquitto.port, {"one": old.port})
        async with agent(config):
            await opened(old, 1)
            await office.until("file", 0)
        await office.change(0, document({"one": new.port, "two": old.port}))  # while it is down
        own_mosquitto.stop(kill=True)
        own_mosquitto.wipe()
        own_mosquitto.start()
        async with agent(config):
            await office.until("applied", 1, CONVERGED_SECONDS * 2)  # a start, and two connections anew
            await opened(new, 1)
        before = new.opened
        async with agent(config):  # what was applied holds, whatever the file says
            await opened(new, before + 1)
            new.scan("after")
            await eventually(lambda: _is(scans_of("one"), 1))
            rows = await db.fetch("SELECT id FROM device ORDER BY id")
            assert [row["id"] for row in rows] == ["one", "two"]
            await office.change(1, document({"one": new.port}))
            await office.until("applied", 2, CONVERGED_SECONDS)
            await eventually(lambda: _is(_device_count(), 1))


async def scan_all_the_time(guns: list[NetworkLine]) -> None:
    for number in range(100_000):
        for gun in guns:
            gun.scan(f"code-{number}")
        await asyncio.sleep(0.02)


async def _are_stored(name: str, gun: NetworkLine) -> bool:
    return await scans_of(name) == gun.scans


async def _is(value: Awaitable[int], expected: int) -> bool:
    return await value == expected


async def _device_count() -> int:
    return int((await db.fetch("SELECT count(*) AS n FROM device"))[0]["n"])
