"""What a screen is told: each answer once and in order, what it missed, and a word when that cannot be known any more."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC

import pytest

from edge_agent.floor.live import BEHIND, KEPT, Live, Watcher
from edge_agent.floor.render import Look, Renderer
from edge_agent.floor.shown import Shown
from edge_agent.ui.locales import Language
from tests.doubles import FixedClock
from tests.edge_agent.floor.fake_box import FakeBox

ENGLISH, CHINESE = Look(Language.ENGLISH), Look(Language.CHINESE)


class Watched:
    def __init__(self) -> None:
        self.box = FakeBox(("counter-1", "counter-2"))
        renderer = Renderer({"asset": str, "has_root": False}, UTC, FixedClock().now)
        self.live = Live(self.box, renderer, Shown(self.box).regions)


@pytest.fixture
async def watched() -> AsyncIterator[Watched]:
    watched = Watched()
    running = asyncio.create_task(watched.live.run())
    await asyncio.sleep(0)
    yield watched
    running.cancel()
    await asyncio.wait([running])


def ids(watcher: Watcher) -> list[str]:
    return [json.loads(data)["id"] for _, data in watcher.answers]


async def test_a_screen_hears_its_own_station_in_its_own_language(watched: Watched) -> None:
    one, two = Watcher(ENGLISH, "counter-1", frozenset()), Watcher(CHINESE, "counter-2", frozenset())
    with watched.live.watching(one, ""), watched.live.watching(two, ""):
        first = watched.box.scan("counter-1", "4006381333931")
        second = watched.box.scan("counter-2", "4006381333931")
    assert (ids(one), ids(two)) == ([first.id], [second.id])
    assert "Whole milk" in json.loads(one.answers[0][1])["panel"]
    assert "全脂牛奶" in json.loads(two.answers[0][1])["panel"]


async def test_a_screen_that_comes_back_gets_what_it_missed_and_nothing_twice(watched: Watched) -> None:
    watcher = Watcher(ENGLISH, "counter-1", frozenset())
    with watched.live.watching(watcher, ""):
        watched.box.scan("counter-1", "1111111")
    last = watched.live.id_of(watcher.answers[-1][0])
    missed = [watched.box.scan("counter-1", f"222222{number}").id for number in range(3)]
    watched.box.scan("counter-2", "3333333")
    again = Watcher(ENGLISH, "counter-1", frozenset())
    with watched.live.watching(again, last):
        assert ids(again) == missed
    assert not again.must_reload
    fresh = Watcher(ENGLISH, "counter-1", frozenset())
    with watched.live.watching(fresh, watched.live.position):
        assert ids(fresh) == []


@pytest.mark.parametrize("last", ["0123-1", "x", "-", "another-run-7", "²", "-5"])
async def test_what_cannot_be_known_loads_the_page_anew(watched: Watched, last: str) -> None:
    watcher = Watcher(ENGLISH, "counter-1", frozenset())
    with watched.live.watching(watcher, last):
        assert watcher.must_reload


async def test_who_was_away_for_too_long_loads_anew_and_so_does_who_takes_nothing(watched: Watched) -> None:
    start = watched.live.position
    idle = Watcher(ENGLISH, "counter-1", frozenset())
    with watched.live.watching(idle, ""):
        for number in range(KEPT + 1):
            watched.box.scan("counter-1", f"{number:07}")
    assert idle.must_reload
    assert len(idle.answers) <= BEHIND
    watcher = Watcher(ENGLISH, "counter-1", frozenset())
    with watched.live.watching(watcher, start):
        assert watcher.must_reload


async def test_a_region_is_rendered_once_and_sent_only_when_it_changed(watched: Watched) -> None:
    watchers = [Watcher(ENGLISH, "counter-1", frozenset({"strip", "task"})) for _ in range(2)]
    with watched.live.watching(watchers[0], ""), watched.live.watching(watchers[1], ""):
        await watched.live.look()
        first = [dict(watcher.pending) for watcher in watchers]
        assert first[0].keys() == {"strip", "task"}
        assert first[0] == first[1]
        for watcher in watchers:
            watcher.pending.clear()
        await watched.live.look()
        assert watchers[0].pending == {}
        watched.box.device("labels", "fault")
        await watched.live.look()
        assert watchers[0].pending.keys() == {"strip"}
        assert watchers[0].pending["strip"][0] > first[0]["strip"][0]


async def test_one_broken_region_does_not_stop_the_others(watched: Watched) -> None:
    async def broken() -> object:
        raise RuntimeError("no")

    watched.box.queues = broken  # type: ignore[method-assign,assignment]  # the box breaks
    watcher = Watcher(ENGLISH, "counter-1", frozenset({"prints", "strip"}))
    with watched.live.watching(watcher, ""):
        await watched.live.look()
    assert watcher.pending.keys() == {"strip"}


async def test_scales_are_asked_while_somebody_looks(watched: Watched) -> None:
    one, two = Watcher(ENGLISH, None, frozenset({"scale"})), Watcher(CHINESE, None, frozenset({"scale"}))
    with watched.live.watching(one, ""):
        with watched.live.watching(two, ""):
            assert watched.box.is_weighing
        assert watched.box.is_weighing
        watched.box.put_on_scale("1234", stable=True)
        assert one.weights["scale"].is_stable
    assert not watched.box.is_weighing
