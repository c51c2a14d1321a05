"""Logging in: who gets in, who waits, and that nobody learns who exists."""

from __future__ import annotations

import asyncio

import pytest

from controller import db
from controller.people import login, operations
from controller.people.login import Browser, TooManyTries, WrongLogIn
from controller.people.operations import add_person
from controller.people.policies import TRIES, TRIES_OF_AN_ADDRESS, Grant
from controller.people.sessions import Limits, forget_old, session_of
from edge_agent.wire.roles import Role
from tests.controller.people.browser import PASSWORD
from tests.doubles import NOON, FixedClock

SHOP = Browser(address="10.0.0.1", agent="x")


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(NOON)


@pytest.fixture
async def mei(database_url: str, clock: FixedClock) -> str:
    await db.connect(database_url, create_schema=True, clock=clock)
    person = await add_person("Mei", roles=[Grant(Role.FLOOR)])
    await operations.set_password(person, await operations.password_verifier(person, PASSWORD))
    return person


@pytest.fixture(autouse=True)
async def _closed(mei: str) -> object:
    yield
    await db.close()


async def fails(name: str = "mei", browser: Browser = SHOP) -> int:
    """The seconds to wait after a wrong password."""
    with pytest.raises(WrongLogIn) as refused:
        await login.by_password(name, "wrong", browser)
    return refused.value.wait


async def test_a_name_is_heard_as_it_is_typed_and_a_badge_as_it_is_scanned(mei: str) -> None:
    session = await session_of(await login.by_password(" MEI ", PASSWORD, SHOP), Limits())
    assert session is not None
    assert (session.person, session.means) == (mei, "password")
    badge = await operations.issue_badge(mei)
    with pytest.raises(WrongLogIn):
        await login.by_badge(badge, "2580", SHOP)
    await operations.set_pin(mei, await operations.pin_verifier(mei, "2580"))
    session = await session_of(await login.by_badge(badge.lower(), "2580", SHOP), Limits())
    assert session is not None
    assert session.means == "badge"


async def test_the_fifth_failure_costs_time_and_more_each_time(mei: str, clock: FixedClock) -> None:
    assert [await fails() for _ in range(TRIES)] == [0, 0, 0, 0, 30]
    with pytest.raises(TooManyTries) as refused:
        await login.by_password("mei", PASSWORD, SHOP)
    assert refused.value.wait == 30
    clock.pass_time(31)
    assert await fails() == 60
    clock.pass_time(61)
    await login.by_password("mei", PASSWORD, SHOP)
    assert await fails() == 0, "a right one forgives the name's failures"


async def test_somebody_who_does_not_exist_waits_just_the_same(mei: str) -> None:
    words = set()
    for name in ("mei", "nobody"):
        assert [await fails(name) for _ in range(TRIES)] == [0, 0, 0, 0, 30]
        with pytest.raises(TooManyTries) as refused:
            await login.by_password(name, "wrong", SHOP)
        words.add(str(refused.value))
    assert len(words) == 1


async def test_who_left_is_nobody(mei: str) -> None:
    await operations.set_active(mei, active=False)
    with pytest.raises(WrongLogIn):
        await login.by_password("mei", PASSWORD, SHOP)


async def test_an_address_waits_for_trying_many_names(mei: str, clock: FixedClock) -> None:
    waits = [await fails(f"name {number}") for number in range(TRIES_OF_AN_ADDRESS)]
    assert waits == [0] * (TRIES_OF_AN_ADDRESS - 1) + [30]
    with pytest.raises(TooManyTries):
        await login.by_password("mei", PASSWORD, SHOP)
    await login.by_password("mei", PASSWORD, Browser(address="10.0.0.2", agent="x"))
    clock.pass_time(31)
    await login.by_password("mei", PASSWORD, SHOP)
    assert await fails("another") > 0, "a right one in between does not make the address innocent"


async def test_who_has_a_network_of_addresses_waits_like_who_has_one(mei: str) -> None:
    """Every house has 2^64 addresses of IPv6: one for each try; a neighbour's network is another."""
    for number in range(TRIES_OF_AN_ADDRESS):
        await fails(f"name {number}", Browser(address=f"2001:db8:0:1::{number:x}", agent="x"))
    with pytest.raises(TooManyTries):
        await login.by_password("mei", PASSWORD, Browser(address="2001:db8:0:1:ffff::1", agent="x"))
    await login.by_password("mei", PASSWORD, Browser(address="2001:db8:0:2::1", agent="x"))
    await login.by_password("mei", PASSWORD, Browser(address="::ffff:10.0.0.9", agent="x"))


async def test_many_at_once_get_no_more_tries_than_one_after_another(mei: str) -> None:
    async def attempt() -> str:
        try:
            await login.by_password("mei", "wrong", SHOP)
        except (WrongLogIn, TooManyTries) as error:
            return error.code
        return "in"

    outcomes = await asyncio.gather(*(attempt() for _ in range(12)))
    assert outcomes.count("wrong_log_in") == TRIES
    assert outcomes.count("too_many_tries") == 12 - TRIES


async def test_sessions_end_when_idle_and_when_old(mei: str, clock: FixedClock) -> None:
    limits = Limits()
    token = await login.by_password("mei", PASSWORD, SHOP)
    clock.pass_time(60 * 29)
    assert await session_of(token, limits) is not None
    clock.pass_time(60 * 29)
    assert await session_of(token, limits, is_use=False) is not None
    clock.pass_time(60 * 2)
    assert await session_of(token, limits) is None, "watching is no use"
    token = await login.by_password("mei", PASSWORD, SHOP)
    for _ in range(36):
        assert await session_of(token, limits) is not None
        clock.pass_time(60 * 20)
    assert await session_of(token, limits) is None
    assert await forget_old(limits) == 2


async def test_guessing_one_s_own_password_costs_what_the_log_in_costs(mei: str) -> None:
    for _ in range(TRIES):
        assert not await login.is_own_password(mei, "wrong", SHOP)
    with pytest.raises(TooManyTries):
        await login.is_own_password(mei, PASSWORD, SHOP)
