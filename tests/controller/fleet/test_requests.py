"""Requests on their way to boxes: how long they still hold, who asked, and which are never sent."""

from __future__ import annotations

from datetime import timedelta

import pytest

from controller import db
from controller.events import acting
from controller.fleet import requests
from controller.fleet.operations import BadArguments, UnknownCommand, send_command
from edge_agent.wire.codec import decode
from edge_agent.wire.messages import CommandRequest
from tests.controller.boxes import register


async def claimed() -> list[CommandRequest]:
    async with db.transaction():
        return [decode(CommandRequest, one.payload) for one in await requests.claim()]


async def test_each_sending_says_what_is_left_of_its_time(database: str) -> None:
    await register()
    await db.execute("UPDATE box SET link = 'online'")
    with acting("anna"):
        await send_command("b1", "log_level", {"level": "DEBUG", "minutes": 5}, lasts=timedelta(minutes=10))
    (first,) = await claimed()
    assert (first.name, first.args, first.actor) == ("log_level", {"level": "DEBUG", "minutes": 5}, "anna")
    assert first.ttl_ms is not None
    assert 590_000 < first.ttl_ms <= 600_000
    await db.execute("UPDATE command SET sent_at = NULL, expires_at = ?", db.now() + timedelta(minutes=2))
    (again,) = await claimed()
    assert again.ttl_ms is not None
    assert 110_000 < again.ttl_ms <= 120_000


@pytest.mark.parametrize(
    ("name", "arguments", "words"),
    [
        ("log_level", {"level": "LOUD"}, "it takes level, [minutes]"),
        ("log_level", {"level": "DEBUG", "minutes": 100_000}, "minutes"),
        ("restart_device", {}, "it takes device"),
        ("restart_device", {"device": "Not An Id"}, "device"),
        ("identify", {"loudly": 1}, "it takes no arguments"),
        ("resolve_job", {"job": "j1", "outcome": "burnt"}, "outcome"),
    ],
)
async def test_wrong_arguments_are_refused_with_words_and_nothing_is_sent(
    database: str, name: str, arguments: dict[str, str | int], words: str
) -> None:
    await register()
    with pytest.raises(BadArguments) as caught:
        await send_command("b1", name, arguments)
    assert words in str(caught.value)
    with pytest.raises(UnknownCommand, match="restart_device"):
        await send_command("b1", "dance", {})
    assert await db.fetch("SELECT id FROM command") == []
