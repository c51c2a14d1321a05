"""Sessions over a restart: limits go on, nothing in the file opens a door, a file that is no such file logs nobody in."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.floor.config import FloorConfig
from edge_agent.floor.port import Person
from edge_agent.floor.server import Floor
from edge_agent.floor.session_file import SessionFile
from edge_agent.floor.sessions import Sessions
from tests.doubles import FixedClock
from tests.edge_agent.floor.client import Screen, serve
from tests.edge_agent.floor.fake_box import FakeBox

LI = Person(id="p-1", name="Li", language="zh-CN", roles=frozenset({"floor", "it"}))
MINUTE = 60_000


def sessions(clock: FixedClock) -> Sessions:
    return Sessions(clock, idle_ms=30 * MINUTE, longest_ms=120 * MINUTE)


def restarted(clock: FixedClock, before: Sessions, path: Path, boot: str = "boot-1") -> Sessions:
    SessionFile(path).save(before.kept("boot-1"))
    after = sessions(clock)
    kept = SessionFile(path).load(boot)
    if kept is not None:
        after.restore(kept)
    return after


def test_a_restart_keeps_person_tokens_and_limits(tmp_path: Path) -> None:
    clock, path = FixedClock(), tmp_path / "sessions.json"
    before = sessions(clock)
    cookie, gone = before.begin(LI), before.begin(LI)
    token = before.csrf(cookie)
    before.end(gone)
    clock.pass_time(20 * 60)
    after = restarted(clock, before, path)
    assert after.is_csrf(cookie, token), "a form that was open can be sent"
    assert after.find(gone) is None
    session = after.find(cookie, is_use=False)
    assert session is not None
    assert session.person == LI
    clock.pass_time(10 * 60)
    assert after.find(cookie) is None, "idle for 30 minutes, the restart among them"


def test_the_file_is_its_owner_s_and_holds_no_cookie(tmp_path: Path) -> None:
    path = tmp_path / "sessions.json"
    before = sessions(FixedClock())
    cookie = before.begin(LI)
    restarted(FixedClock(), before, path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert cookie not in path.read_text()


def test_after_a_start_of_the_machine_people_log_in_again(tmp_path: Path) -> None:
    clock = FixedClock()
    before = sessions(clock)
    cookie = before.begin(LI)
    assert restarted(clock, before, tmp_path / "sessions.json", "boot-2").find(cookie) is None


@given(st.binary(max_size=200))
def test_whatever_is_in_the_file_it_is_no_session(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    path = tmp_path_factory.mktemp("any") / "sessions.json"
    path.write_bytes(content)
    assert SessionFile(path).load("boot-1") is None


def test_a_disk_that_does_not_take_it_is_told_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    file = SessionFile(tmp_path / "nowhere" / "sessions.json")
    for _ in range(3):
        file.save(sessions(FixedClock()).kept("boot-1"))
    assert [record.getMessage() for record in caplog.records] == ["sessions are only in memory"]


async def test_a_log_in_is_on_disk_before_it_is_answered_and_a_log_out_too(tmp_path: Path) -> None:
    box = FakeBox()
    box.kept_at = tmp_path / "sessions.json"
    pages = await serve(box, FloorConfig(time_zone="UTC"))
    try:
        screen: Screen = await pages.screen()
        await screen.sign_in()
        kept = SessionFile(box.kept_at).load("boot-1")
        assert kept is not None
        assert [each.person for each in kept.sessions] == ["p-1"]
        again = Floor(box, FloorConfig(time_zone="UTC"), pages.clock, "counter-1")
        await again.restore()
        await screen.post("/floor/logout")
        kept = SessionFile(box.kept_at).load("boot-1")
        assert kept is not None
        assert kept.sessions == ()
    finally:
        await pages.close()
