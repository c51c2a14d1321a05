"""A real agent under attack from its store's network: the attached scanner keeps answering, secrets stay where they are."""

from __future__ import annotations

import asyncio
import itertools
import stat
import threading
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from aiohttp import ClientSession, CookieJar, StreamReader, TCPConnector

from tests.edge_agent.floor.client import TOKEN
from tests.edge_agent.test_app import agent, wait_for_line
from tests.servers import free_port

CONFIG = """
[box]
id = "b1"
site = "s1"
state_dir = "state"
log_level = "DEBUG"
[broker]
host = "127.0.0.1"
port = 1
username = "b1"
password_file = "password"
[controller]
url = "http://127.0.0.1:1"
token_file = "token"
[[device]]
id = "scanner"
kind = "scanner"
model = "scanner.serial"
address = "tcp:127.0.0.1:{scanner}"
[[station]]
id = "till"
scanner = "scanner"
[[station]]
id = "desk"
[limits]
ballast_bytes = 65536
[floor]
port = {port}
sign_in = "{sign_in}"
time_zone = "UTC"
"""
BADGE, PIN = "SHELFXIDBCDEFGHIJKLNOPRS", "739146"
SECRETS = (BADGE, "BCDEFGHIJKLNOPRS", PIN, "BROKER-CANARY-1", "TOKEN-CANARY-2")


@dataclass
class Shop:
    """An agent, its scanner's cable, and what it wrote into its log."""

    folder: Path
    address: str
    cable: asyncio.StreamWriter
    log: list[str] = field(default_factory=list)
    numbers: Callable[[], int] = field(default_factory=lambda: itertools.count(1).__next__)

    def scan(self, text: str) -> None:
        self.cable.write(text.encode() + b"\r")


@asynccontextmanager
async def shop(folder: Path, sign_in: str) -> AsyncIterator[Shop]:
    cables: asyncio.Queue[asyncio.StreamWriter] = asyncio.Queue()
    server = await asyncio.start_server(lambda _, writer: cables.put_nowait(writer), "127.0.0.1", 0)
    port = free_port()
    for name, secret in (("password", "BROKER-CANARY-1"), ("token", "TOKEN-CANARY-2")):
        (folder / name).write_text(secret)
        (folder / name).chmod(0o600)
    path = folder / "agent.toml"
    path.write_text(CONFIG.format(scanner=server.sockets[0].getsockname()[1], port=port, sign_in=sign_in))
    with agent(path) as process:
        await asyncio.to_thread(wait_for_line, process, "the floor's pages are served")
        async with asyncio.timeout(20):
            cable = await cables.get()
        made = Shop(folder, f"http://127.0.0.1:{port}", cable)
        assert process.stderr is not None
        reader = threading.Thread(target=made.log.extend, args=(process.stderr,), daemon=True)
        reader.start()
        yield made
        process.terminate()
        await asyncio.to_thread(process.wait, 10)
        await asyncio.to_thread(reader.join, 10)
    cable.close()
    server.close()


@asynccontextmanager
async def tablet(shop: Shop, connections: int = 100) -> AsyncIterator[tuple[ClientSession, str]]:
    """A browser with its token."""
    async with ClientSession(shop.address, cookie_jar=CookieJar(unsafe=True), connector=TCPConnector(limit=connections)) as session:
        async with session.get("/floor/login") as response:
            token = TOKEN.findall(await response.text())[0]
        yield session, token


async def post(session: ClientSession, token: str, path: str, body: Mapping[str, object]) -> tuple[int, str]:
    headers = {"X-Csrf-Token": token, "Accept": "application/json"}
    async with session.post(path, json=body, headers=headers) as response:
        return response.status, await response.text()


async def readings(session: ClientSession, token: str, *sent: Mapping[str, object], station: str = "desk") -> tuple[int, str]:
    return await post(session, token, f"/floor/stations/{station}/readings", {"readings": sent})


@asynccontextmanager
async def heard(session: ClientSession, station: str) -> AsyncIterator[StreamReader]:
    """The stream of a station's screen, from its first beat on."""
    async with session.get(f"/floor/events?station={station}") as response:
        assert response.status == 200
        await response.content.readuntil(b"event: beat")
        yield response.content


async def page_of(session: ClientSession, path: str) -> str:
    async with session.get(path) as response:
        return await response.text()


async def scans_are_answered(shop: Shop, stream: StreamReader, times: int, within: float) -> None:
    """One after another at the attached scanner."""
    for _ in range(times):
        shop.scan(f"29{shop.numbers():05d}")
        async with asyncio.timeout(within):
            while not (await stream.readline()).startswith(b"event: answer"):
                pass


@pytest.fixture
async def open_shop(tmp_path: Path) -> AsyncIterator[Shop]:
    async with shop(tmp_path, "none") as made:
        yield made


async def test_one_reading_sent_many_times_at_once_is_one_and_each_is_answered(open_shop: Shop) -> None:
    async with tablet(open_shop) as (session, token):
        again = {"id": "one", "text": "4006381333931"}
        answers = await asyncio.gather(*(readings(session, token, again) for _ in range(12)))
        assert {status for status, _ in answers} == {200}
        async with session.get("/floor/stations/desk") as response:
            assert (await response.text()).count('class="reading ok"') == 1


async def test_an_id_that_another_station_used_gets_nothing_of_its_answer(open_shop: Shop) -> None:
    async with tablet(open_shop) as (session, token):
        await readings(session, token, {"id": "mine", "text": "1111111"}, station="till")
        await readings(session, token, {"id": "mine", "text": "2222222"}, station="desk")
        _, told = await readings(session, token, {"id": "mine", "text": "3333333"}, station="till")
        assert "1111111" in told
        assert "2222222" not in told


async def test_a_badge_that_is_read_twice_at_a_screen_is_shown_to_nobody(open_shop: Shop) -> None:
    async with tablet(open_shop) as (session, token), heard(session, "desk") as stream:
        told = [(await readings(session, token, {"id": f"b{number}", "text": BADGE}))[1] for number in range(3)]
        await readings(session, token, {"id": "end", "text": "1234567"})
        seen = b""
        async with asyncio.timeout(10):
            while b"1234567" not in seen:
                seen += await stream.readline()
        page = await page_of(session, "/floor/stations/desk")
    assert "BCDEFGHIJKLNOPRS" not in "".join(told) + seen.decode() + page


async def test_the_scanner_answers_while_a_tablet_floods_and_screens_idle(open_shop: Shop) -> None:
    """500 scans a second from one tablet, 200 idle screens, 100 connections that never say what they want."""
    port = int(open_shop.address.rpartition(":")[2])
    idle = [await asyncio.open_connection("127.0.0.1", port) for _ in range(100)]
    for _, writer in idle:
        writer.write(b"GET /floor HTTP/1.1\r\nHost: ")
    async with AsyncExitStack() as stack:
        session, token = await stack.enter_async_context(tablet(open_shop, connections=0))
        for _ in range(200):
            screen = await stack.enter_async_context(session.get("/floor/events?station=desk&regions=task+strip"))
            assert screen.status == 200
        stream = await stack.enter_async_context(heard(session, "till"))
        flooding = True

        async def flood(who: int) -> int:
            sent = 0
            while flooding:
                batch = [{"id": f"{who}-{sent + each}", "text": f"{who:02d}{sent + each:06d}"} for each in range(20)]
                status, _ = await readings(session, token, *batch)
                assert status == 200
                sent += 20
            return sent

        floods = [asyncio.create_task(flood(who)) for who in range(10)]
        await scans_are_answered(open_shop, stream, 30, within=2)
        flooding = False
        assert sum(await asyncio.gather(*floods)) > 0
    for _, writer in idle:
        writer.close()


async def test_no_secret_is_in_the_log_on_disk_or_on_the_open_pages(tmp_path: Path) -> None:
    """Badges, PINs, cookies, tokens: a day of them, and then everything that the agent wrote is searched."""
    async with shop(tmp_path, "pin") as made, tablet(made) as (session, token):
        stream_of_cookies = {cookie.value for cookie in session.cookie_jar}
        for number in range(7):
            fields = {"csrf": token, "badge": BADGE, "pin": PIN, "next": "/floor"}
            async with session.post("/floor/login", data=fields) as response:
                assert response.status == (401 if number < 5 else 429)
                page = await response.text()
                assert PIN not in page
                assert BADGE not in page
        made.scan(BADGE)
        made.scan("4006381333931")
        made.scan(BADGE)
        status = await page_of(session, "/")
        async with asyncio.timeout(10):
            while not any("badge_unknown" in line or "answer" in line for line in made.log):
                await asyncio.sleep(0.05)
        secrets = {*SECRETS, *stream_of_cookies, token}
    assert not [line for line in made.log if any(secret in line for secret in secrets)]
    assert not any(secret in status for secret in secrets - {token})
    written = {path: path.read_bytes() for path in (tmp_path / "state").rglob("*") if path.is_file()}
    assert written
    assert not [path.name for path, data in written.items() if any(secret.encode() in data for secret in secrets)]


async def test_what_the_agent_keeps_is_read_by_its_owner_alone(open_shop: Shop) -> None:
    """Whatever the umask of whoever starts it."""
    async with tablet(open_shop) as (session, token):
        await readings(session, token, {"id": "1", "text": "4006381333931"})
    state = open_shop.folder / "state"
    assert stat.S_IMODE(state.stat().st_mode) == 0o700
    loose = {
        str(path.relative_to(state)): oct(path.stat().st_mode)
        for path in state.rglob("*")
        if path.stat().st_mode & (0o007 if stat.S_ISSOCK(path.stat().st_mode) else 0o077)
    }
    assert loose == {}
