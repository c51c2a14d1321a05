"""Agent, broker and controller together, each its own process: what IT asks of a box from afar, and two boxes under one name."""

from __future__ import annotations

import asyncio
import io
import re
import sqlite3
import tarfile
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import closing
from pathlib import Path

import pytest

from tests.shopday.devices import SCANNER
from tests.shopday.programs import Program
from tests.shopday.shop import BOX, Shop, open_shop

SECONDS = 60
SYMBOLS = [f"NOWHERE-{number:03d}" for number in range(25)]


@pytest.fixture
async def shop(tmp_path: Path) -> AsyncIterator[Shop]:
    async with open_shop(tmp_path) as shop:
        yield shop


async def until(condition: Callable[[], Awaitable[object]]) -> None:
    async with asyncio.timeout(SECONDS):
        while not await condition():
            await asyncio.sleep(0.1)


async def command(shop: Shop, name: str, arguments: Mapping[str, object]) -> str:
    """Its id, once the box has done it."""
    sent = await shop.api.post(f"/boxes/{BOX}/commands", {"name": name, "args": dict(arguments)})

    async def is_done() -> bool:
        return bool((await shop.api.get(f"/commands/{sent['id']}"))["state"] == "done")

    await until(is_done)
    return str(sent["id"])


def stored_scans(shop: Shop) -> list[str]:
    """What the controller has, each fact once."""
    with closing(sqlite3.connect(f"{(shop.folder / 'controller' / 'controller.db').as_uri()}?mode=ro", uri=True)) as database:
        payloads = " ".join(row[0] for row in database.execute("SELECT payload FROM fact WHERE name = 'scan'"))
    return sorted(re.findall(r'"(NOWHERE-\d+)"', payloads))


async def test_a_box_sends_its_diagnostics_and_its_log_when_asked(shop: Shop) -> None:
    asked = await command(shop, "collect_diagnostics", {})

    async def bundle() -> list[object]:
        return await shop.api.all(f"/boxes/{BOX}/diagnostics")  # type: ignore[return-value]  # JSON

    await until(bundle)
    address = f"{shop.api.url}/api/v1/boxes/{BOX}/diagnostics/{asked}"
    async with shop.api.http.get(address, headers={"Authorization": f"Bearer {shop.api.token}"}) as answer:
        assert answer.status == 200
        content = await answer.read()
    with tarfile.open(fileobj=io.BytesIO(content)) as packed:
        names = packed.getnames()
        texts = b"".join(file.read() for each in packed if (file := packed.extractfile(each)) is not None)
    assert any(name.endswith("agent.log") or "log" in name for name in names), names
    assert (shop.folder / "box.token").read_bytes().strip() not in texts
    await command(shop, "log_level", {"level": "DEBUG", "minutes": 1})


async def test_two_agents_under_one_name_are_told_apart_and_lose_nothing(shop: Shop, tmp_path: Path) -> None:
    """A copied card: the second has the first one's name, and a state folder and an epoch of its own."""
    config = (shop.folder / "agent.toml").read_text(encoding="utf-8")
    head = config.partition("[floor]")[0].replace(f'{shop.folder / "box"}"', f'{tmp_path / "clone"}"')
    (tmp_path / "clone.toml").write_text(head, encoding="utf-8")
    clone = Program("clone", ("edge_agent", "run", "--config", str(tmp_path / "clone.toml")), tmp_path / "clone.log")
    await clone.start()
    try:
        for symbol in SYMBOLS:
            await shop.devices[SCANNER].do({"do": "scan", "text": symbol})

        async def is_told() -> bool:
            alerts = {alert["key"]: alert["message"] for alert in await shop.api.all("/alerts")}
            return "Two boxes" in alerts.get("ctl-same-id", "") and "calls itself" in alerts.get("same-id", "")

        await until(is_told)
        assert clone.is_running, clone.tail()
    finally:
        await clone.stop()

    async def has_all() -> bool:
        return stored_scans(shop) == SYMBOLS

    await until(has_all)

    async def has_log() -> bool:
        return "calls itself" in str(await shop.api.all(f"/boxes/{BOX}/logs"))

    await until(has_log)
