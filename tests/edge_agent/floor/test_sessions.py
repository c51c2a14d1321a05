"""How long somebody is logged in, and how often an address may try."""

from __future__ import annotations

from edge_agent.floor.port import Person
from edge_agent.floor.sessions import LOCK_MS, MOST_SESSIONS, TRIES_PER_ADDRESS, Sessions, Tries
from tests.doubles import FixedClock

LI = Person(id="p-1", name="Li")
MINUTE = 60_000


def sessions(clock: FixedClock) -> Sessions:
    return Sessions(clock, idle_ms=30 * MINUTE, longest_ms=120 * MINUTE)


def test_a_session_that_nobody_uses_ends() -> None:
    clock = FixedClock()
    held = sessions(clock)
    cookie = held.begin(LI)
    clock.pass_time(29 * 60)
    assert held.find(cookie) is not None
    clock.pass_time(29 * 60)
    session = held.find(cookie, is_use=False)
    assert session is not None
    clock.pass_time(60)
    assert held.find(cookie) is None, "what is only sent to the screen is no use"
    assert session.ended.is_set()


def test_a_session_ends_however_much_it_is_used() -> None:
    clock = FixedClock()
    held = sessions(clock)
    cookie = held.begin(LI)
    for _ in range(5):
        assert held.find(cookie) is not None
        clock.pass_time(24 * 60)
    assert held.find(cookie) is None


def test_logging_in_never_gives_a_cookie_that_was_there_before_and_the_oldest_make_room() -> None:
    held = sessions(FixedClock())
    cookies = [held.begin(LI) for _ in range(MOST_SESSIONS + 1)]
    assert len(set(cookies)) == len(cookies)
    assert held.find(cookies[0]) is None
    assert held.find(cookies[-1]) is not None


def test_a_token_is_of_one_cookie() -> None:
    held = sessions(FixedClock())
    one, two = held.begin(LI), held.begin(LI)
    assert held.is_csrf(one, held.csrf(one))
    assert not held.is_csrf(two, held.csrf(one))
    assert not held.is_csrf(None, held.csrf(""))
    assert not held.is_csrf(one, "é")


def test_an_address_waits_after_many_wrong_tries_and_is_forgiven() -> None:
    clock = FixedClock()
    tries = Tries(clock)
    for _ in range(TRIES_PER_ADDRESS):
        assert tries.wait_seconds("10.0.0.1") == 0
        tries.was_wrong("10.0.0.1")
    assert tries.wait_seconds("10.0.0.1") == LOCK_MS // 1000
    assert tries.wait_seconds("10.0.0.2") == 0
    clock.pass_time(LOCK_MS / 1000)
    assert tries.wait_seconds("10.0.0.1") == 0
    tries.was_wrong("10.0.0.1")
    assert tries.wait_seconds("10.0.0.1") == 0
