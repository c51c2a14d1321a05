"""The pages of a real agent: a process of its own, without broker and controller."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path
from random import Random

import pytest
from aiohttp import ClientSession, CookieJar

from tests.edge_agent.floor.client import TOKEN
from tests.edge_agent.test_app import agent, wait_for_line
from tests.servers import free_port

CONFIG = """
[box]
id = "b1"
site = "s1"
state_dir = "state"
[broker]
host = "127.0.0.1"
port = 1
[[device]]
id = "labels"
kind = "label_printer"
model = "zpl"
address = "tcp:127.0.0.1:1"
[[device]]
id = "scale"
kind = "scale"
model = "toledo.8217"
address = "tcp:127.0.0.1:1"
[[station]]
id = "desk"
label_printer = "labels"
scale = "scale"
[limits]
ballast_bytes = 65536
[floor]
port = {port}
sign_in = "{sign_in}"
time_zone = "UTC"
"""


class Browser:
    """Cookies and the token of the latest page."""

    def __init__(self, session: ClientSession, address: str) -> None:
        self._session = session
        self._address = address
        self._random = Random(1)
        self.token = ""

    async def get(self, path: str) -> str:
        async with self._session.get(self._address + path, allow_redirects=True) as response:
            text = await response.text()
            assert response.status == 200, (response.status, text[:500])
            self.token = TOKEN.findall(text)[0]
            return text

    async def read(self, text: str, reading_id: str | None = None) -> dict[str, object]:
        return await self.send({"id": reading_id or f"{self._random.getrandbits(64):x}", "text": text})

    async def send(self, *readings: dict[str, object]) -> dict[str, object]:
        headers = {"X-Csrf-Token": self.token, "Accept": "application/json"}
        body = {"readings": readings}
        async with self._session.post(f"{self._address}/floor/stations/desk/readings", json=body, headers=headers) as response:
            assert response.status == 200, await response.text()
            return dict(await response.json())

    async def press(self, control: str, **more: str) -> dict[str, object]:
        headers = {"X-Csrf-Token": self.token, "Accept": "application/json"}
        fields = {"id": f"{self._random.getrandbits(64):x}", "control": control, **more}
        async with self._session.post(f"{self._address}/floor/stations/desk/presses", data=fields, headers=headers) as response:
            assert response.status == 200, await response.text()
            return dict(await response.json())


@pytest.fixture
async def browser(tmp_path: Path) -> AsyncIterator[Browser]:
    port = free_port()
    path = tmp_path / "agent.toml"
    path.write_text(CONFIG.format(port=port, sign_in="none"))
    with agent(path) as process:
        wait_for_line(process, "the floor's pages are served")
        async with ClientSession(cookie_jar=CookieJar(unsafe=True)) as session:
            yield Browser(session, f"http://127.0.0.1:{port}")


def said(answer: dict[str, object]) -> str:
    answers = answer["answers"]
    assert isinstance(answers, list)
    return re.sub(r"<[^>]+>", "", answers[0]["panel"]).strip()


async def test_a_screen_counts_undoes_and_trains_at_the_real_station(browser: Browser) -> None:
    assert "Count" in await browser.get("/floor/stations/desk")
    assert "Scan the bin" in said(await browser.press("count"))
    assert "A-03" in said(await browser.read("A-03"))
    first = await browser.read("4006381333931", "again-1")
    assert "4006381333931" in said(first)
    assert await browser.read("4006381333931", "again-1") | {"turn": 0, "task": ""} == first | {"turn": 0, "task": ""}
    page = await browser.get("/floor/stations/desk")
    assert page.count('class="reading ok"') == 2
    undone = await browser.press("undo")
    assert [each["undoes"] for each in undone["answers"]] == ["again-1"]  # type: ignore[attr-defined]  # JSON
    assert "reading ok undone" in await browser.get("/floor/stations/desk")
    assert "Stop" not in said(await browser.press("stop"))
    assert "nothing is booked" in said(await browser.press("drill"))


async def test_what_a_screen_kept_while_it_could_not_send_is_counted_by_when_it_was_read(browser: Browser) -> None:
    """Twelve of one article, scanned one after another and sent at once, are twelve; two reads within the guard are one."""
    await browser.get("/floor/stations/desk")
    await browser.press("count")
    await browser.read("A-03")
    readings = [{"id": f"kept-{number}", "text": "4006381333931", "age": 20_000 - 1000 * number} for number in range(12)]
    readings.append({"id": "double", "text": "4006381333931", "age": 8_900})
    answers = (await browser.send(*readings))["answers"]
    assert [each["verdict"] for each in answers] == ["ok"] * 12 + ["duplicate"]  # type: ignore[attr-defined]  # JSON
    assert ">12<" in await browser.get("/floor/stations/desk")


async def test_every_page_shows_the_real_box(browser: Browser) -> None:
    home = await browser.get("/floor")
    assert "Shelf labels" in home
    assert "Look" in home
    assert "labels" in await browser.get("/floor/prints")
    assert "scale" in await browser.get("/floor/scale")
    status = await browser.get("/")
    assert "Not connected" in status
    assert "<code>b1</code>" in status
    assert "no catalogue yet" in await browser.get("/floor/lookup?q=milk")
    assert "SHELFXSTICKER" in await browser.get("/floor/help")


async def test_without_a_catalogue_a_label_says_so_in_both_languages(browser: Browser) -> None:
    await browser.get("/floor/labels?station=desk")
    assert "Scan an item" in said(await browser.press("sticker"))
    assert "no catalogue yet" in said(await browser.read("4006381333931"))
    await browser.get("/floor/labels?lang=zh-CN")
    assert "本机还没有商品目录" in said(await browser.read("4006381333932"))
    assert "3 张" in said(await browser.press("quantity", number="3"))


async def test_nobody_gets_in_without_a_badge(tmp_path: Path) -> None:
    port = free_port()
    path = tmp_path / "agent.toml"
    path.write_text(CONFIG.format(port=port, sign_in="pin"))
    with agent(path) as process:
        wait_for_line(process, "the floor's pages are served")
        async with ClientSession(cookie_jar=CookieJar(unsafe=True)) as session:
            browser = Browser(session, f"http://127.0.0.1:{port}")
            assert "Scan your badge" in await browser.get("/floor")
            fields = {"csrf": browser.token, "badge": "SHELFXIDBCDEFGHIJKLNOPRS", "pin": "1234", "next": "/floor"}
            async with session.post(f"http://127.0.0.1:{port}/floor/login", data=fields) as response:
                assert response.status == 401
                assert "do not belong together" in await response.text()
