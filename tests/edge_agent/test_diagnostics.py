"""The bundle tells how the box is and none of its secrets; it is on disk before it is sent, and sent until it is there."""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import io
import os
import sqlite3
import subprocess
import sys
import tarfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path
from random import Random

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from drivers.devices import KeyEvent
from drivers.recording import Mark, Ring, Way
from drivers.registry import Kind
from edge_agent import diagnostics, diagnostics_sending
from edge_agent.config import BoxConfig, BrokerConfig, Config, ControllerConfig, DeviceConfig
from edge_agent.controller_link import Controller
from edge_agent.diagnostics import Told, kernel_tail, make_bundle, parts_of, quick_check, recording_of, secrets_of, shape_of
from edge_agent.diagnostics_sending import BundleSender, NoController
from edge_agent.masking import Masker
from tests.doubles import NOON
from tests.edge_agent.conftest import let_pass
from tests.edge_agent.test_app import agent, wait_for_line
from tests.servers import Mosquitto

BADGE = "SHELFXIDK7QWERTYUIOPASDF"


def files(bundle: bytes) -> dict[str, str]:
    with tarfile.open(fileobj=io.BytesIO(bundle)) as opened:
        found = {}
        for member in opened.getmembers():
            content = opened.extractfile(member)
            assert content is not None
            found[member.name.removeprefix("diagnostics/")] = content.read().decode()
        return found


async def says(told: Told) -> Told:
    return told


def config_in(folder: Path) -> Config:
    (folder / "broker.password").write_text("broker-hunter2\n")
    (folder / "box.token").write_text("token-hunter2\n")
    options = {"password": "option-hunter2", "note": "broker-hunter2"}
    return Config(
        box=BoxConfig(id="b1", site="sh-01", state_dir=folder),
        broker=BrokerConfig(host="h", port=1883, username="box", password_file=folder / "broker.password"),
        controller=ControllerConfig(url="https://me:url-hunter2@controller/", token_file=folder / "box.token"),
        devices=(DeviceConfig(id="x", kind=Kind.SCALE, model="toledo.8217", address="tcp:h:1", options=options),),
    )


async def test_what_is_on_disk_is_told_without_what_is_secret(tmp_path: Path) -> None:
    config = config_in(tmp_path)
    with sqlite3.connect(tmp_path / "facts.db") as db:
        db.execute("CREATE TABLE t (a)")
    db.close()
    (tmp_path / "replica.db").write_bytes(b"this is no database at all" * 100)
    made = files(await make_bundle(parts_of(config, NOON), Masker(secrets_of(config), ["b1"], b"k"), NOON))
    assert set(made) == {"about.json", "config.json", "databases.json", "files.json", "kernel.txt"}
    assert "hunter2" not in "".join(made.values())
    assert '"facts.db": "ok"' in made["databases.json"]
    assert "not a database" in made["databases.json"]
    assert "broker.password" in made["config.json"], "where the secret is may be seen"
    assert "person-" in made["about.json"]


async def test_a_part_that_fails_says_so_and_spoils_no_other() -> None:
    async def broken() -> Told:
        raise ValueError("token=abcdefgh")

    made = files(await make_bundle([("broken.json", broken), ("good.json", lambda: says({"a": Decimal(1)}))], Masker(), NOON))
    assert made["broken.json"] == "broken.json could not be made: ValueError: token=***\n"
    assert '"a": "1"' in made["good.json"]


async def test_a_bundle_has_its_size_and_says_what_it_left_out() -> None:
    random = Random(1)
    noise = [random.randbytes(diagnostics.LARGEST_PART // 2).hex() for _ in range(9)]
    parts = [(f"{number}.txt", lambda text=text: says(text)) for number, text in enumerate(noise)]
    bundle = await make_bundle(parts, Masker(), NOON)
    assert len(bundle) <= diagnostics.LARGEST
    made = files(bundle)
    assert made["left-out.txt"].splitlines()[0] == "8.txt"
    assert made["0.txt"] == noise[0]


def test_recordings_tell_how_it_went_and_not_what_was_read_or_printed() -> None:
    ring = Ring()
    ring.add(Way.DEVICE, Mark.OPENED)
    for piece in (BADGE[:9], BADGE[9:], "\r\n", "4006381333931"):
        ring.add(Way.DEVICE, piece.encode())
    ring.add(Way.DEVICE, (KeyEvent(1, 30, 1),))
    told = recording_of(Kind.SCANNER, ring)
    assert BADGE[9:] not in told
    assert "4006381333931" not in told
    assert '"shape": "AAAAAAAA' in told
    paper = Ring()
    paper.add(Way.HOST, b"\x1b@Li Wei, 1 Nanjing Road")
    paper.add(Way.DEVICE, b"\x16")
    told = recording_of(Kind.RECEIPT_PRINTER, paper)
    assert b"Nanjing".hex() not in told
    assert '"hex": "16"' in told
    scale = Ring()
    scale.add(Way.DEVICE, b"\x02 00.120\r")
    assert b"00.120".hex() in recording_of(Kind.SCALE, scale)
    assert shape_of(b"a1-\x1d\xff") == "A9-\\x1dX"


def test_files_that_cannot_be_read_are_told_of(tmp_path: Path) -> None:
    assert quick_check(tmp_path / "nothing.db") == "is not there"
    assert "may not be read" in kernel_tail(tmp_path)
    (tmp_path / "dev").mkdir()
    (tmp_path / "dev/kmsg").write_text("6,1,2,-;usb 1-1: new device\n")
    assert "usb 1-1" in kernel_tail(tmp_path)


# --- on its way -----------------------------------------------------------------------------------------------------------------


@dataclass
class Office:
    """The controller's end: what it answers, and what it got."""

    answers: list[int] = field(default_factory=list)
    got: list[tuple[str, bytes]] = field(default_factory=list)
    url: str = ""

    async def take(self, request: web.Request) -> web.Response:
        body = await request.read()
        assert request.query["sha256"] == hashlib.sha256(body).hexdigest()
        assert request.headers["Authorization"] == "Bearer box-token"
        status = self.answers.pop(0) if self.answers else 204
        if status == 204:
            self.got.append((request.match_info["command"], body))
        return web.Response(status=status)


@pytest.fixture
async def office() -> AsyncIterator[Office]:
    made = Office()
    app = web.Application(client_max_size=4 << 20)
    app.router.add_put("/box/v1/diagnostics/{command}", made.take)
    async with TestServer(app, host="127.0.0.1") as server:
        made.url = str(server.make_url("")).rstrip("/")
        yield made


def sender(folder: Path, office: Office, content: bytes = b"how it is") -> BundleSender:
    async def make() -> bytes:
        return gzip.compress(content)

    return BundleSender(folder, Controller(url=office.url, token="box-token"), make, Random(1))


@asynccontextmanager
async def running(sending: BundleSender) -> AsyncIterator[None]:
    task = asyncio.create_task(sending.run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])


async def until_gone(folder: Path) -> None:
    async with asyncio.timeout(10):
        while list((folder / "diagnostics").glob("*")):
            await asyncio.sleep(0.01)


async def test_a_bundle_is_sent_and_then_gone(tmp_path: Path, office: Office) -> None:
    sending = sender(tmp_path, office, os.urandom(1 << 20))
    async with running(sending):
        assert "bytes are on their way" in await sending.collect("command-1")
        await until_gone(tmp_path)
    assert [command for command, _ in office.got] == ["command-1"]


async def test_what_the_controller_never_got_is_sent_after_a_restart(tmp_path: Path, office: Office) -> None:
    await sender(tmp_path, replace(office, url="http://127.0.0.1:1")).collect("command-1")
    (path,) = (tmp_path / "diagnostics").iterdir()
    assert path.stat().st_mode & 0o777 == 0o600
    async with running(sender(tmp_path, office)):
        await until_gone(tmp_path)
    assert [command for command, _ in office.got] == ["command-1"]


async def test_it_is_tried_again_while_the_controller_has_trouble(
    tmp_path: Path, office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(diagnostics_sending, "FIRST_WAIT", 0.01)
    office.answers = [503, 500]
    sending = sender(tmp_path, office)
    async with running(sending):
        await sending.collect("command-1")
        await until_gone(tmp_path)
    assert len(office.got) == 1


@pytest.mark.parametrize("status", [404, 409, 422])
async def test_what_the_controller_will_never_take_goes(tmp_path: Path, office: Office, status: int) -> None:
    office.answers = [status]
    sending = sender(tmp_path, office)
    async with running(sending):
        await sending.collect("command-1")
        await until_gone(tmp_path)
    assert office.got == []


async def test_only_the_newest_wait_and_a_box_without_a_controller_says_so(tmp_path: Path, office: Office) -> None:
    away = sender(tmp_path, replace(office, url="http://127.0.0.1:1"))
    for number in range(5):
        await away.collect(f"command-{number}")
        os.utime(tmp_path / f"diagnostics/command-{number}.tar.gz", (number, number))
    assert len(list((tmp_path / "diagnostics").iterdir())) == diagnostics_sending.MOST_WAITING
    with pytest.raises(NoController):
        await sender(tmp_path, replace(office, url="")).collect("command-1")
    with pytest.raises(NoController):
        await away.collect("../../etc/passwd")


# --- at the box -----------------------------------------------------------------------------------------------------------------


async def test_the_running_agent_s_bundle_has_none_of_the_secrets_that_were_planted(mosquitto: Mosquitto, tmp_path: Path) -> None:
    scanner: asyncio.Queue[asyncio.StreamWriter] = asyncio.Queue()
    server = await asyncio.start_server(lambda _, writer: scanner.put_nowait(writer), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    (tmp_path / "pw").write_text("planted-password")
    (tmp_path / "tk").write_text("planted-token")
    config = tmp_path / "agent.toml"
    config.write_text(f"""
[box]
id = "b1"
site = "diag-1"
state_dir = "state"
log_level = "DEBUG"
[broker]
host = "127.0.0.1"
port = {mosquitto.port}
username = "box"
password_file = "pw"
[controller]
url = "http://planted-user:planted-userinfo@127.0.0.1:1"
token_file = "tk"
[[device]]
id = "scanner"
kind = "scanner"
model = "scanner.serial"
address = "tcp:127.0.0.1:{port}"
[limits]
ballast_bytes = 65536
""")
    command = [sys.executable, "-m", "edge_agent", "diagnostics", "--config", str(config), "-o", str(tmp_path / "out.tar.gz")]
    with agent(config) as process:
        await asyncio.to_thread(wait_for_line, process, "ready")
        async with asyncio.timeout(20):
            writer = await scanner.get()
        writer.write(f"{BADGE}\r".encode())
        await writer.drain()
        await asyncio.to_thread(wait_for_line, process, "scan")
        done = await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True, timeout=30)
        assert done.returncode == 0, done.stderr
        assert "from the running agent" in done.stdout
        writer.close()
        server.close()
    assert (tmp_path / "out.tar.gz").stat().st_mode & 0o777 == 0o600
    made = files((tmp_path / "out.tar.gz").read_bytes())
    everything = "".join(made.values())
    assert "planted" not in everything
    assert BADGE[8:] not in everything
    assert {"telemetry.json", "liveness.json", "devices.json", "log.txt", "recordings/scanner.jsonl", "outbox.json"} <= set(made)
    assert "delivery" in made["liveness.json"]
    assert "GoodScanCount" in made["telemetry.json"]
    assert "could not be made" not in everything
    alone = await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True, timeout=30)
    assert "without the agent" in alone.stdout, alone.stderr


async def test_time_passes_for_nobody_without_a_bundle(tmp_path: Path, office: Office) -> None:
    async with running(sender(tmp_path, office)):
        await let_pass(10_000)
    assert office.got == []
