"""People on the box: badges, PINs whose guessing costs time, and who is gone."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import os
import signal
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from controller.people.policies import FIRST_WAIT, LONGEST_WAIT
from controller.people.policies import TRIES as TRIES_AT_THE_OFFICE
from controller.people.verifiers import Verifiers
from controller.people.verifiers import badge_hash as hash_at_the_office
from edge_agent.people import FIRST_WAIT_MS, KEPT, LONGEST_WAIT_MS, TRIES, People, Verified, Waits, Wrong, badge_hash, wait_ms
from edge_agent.wire.replica import ReplicaPerson
from tests.edge_agent.conftest import FixedClock

BADGE = "SHELFXIDBCDFGHKLMNPRSTVX"
CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
PIN = CHEAP.hash("4711")


def person(number: int = 1, *, badge: str | None = BADGE, pin: str | None = PIN) -> ReplicaPerson:
    held = None if badge is None else badge_hash(badge)
    return ReplicaPerson(
        id=f"p-{number:012}", name=f"Li {number}", language="zh-CN", badge=held, pin=pin, roles=["floor", "picker"]
    )


@pytest.fixture
async def people(tmp_path: Path, clock: FixedClock) -> People:
    people = People(tmp_path / "tries.json", clock)
    await people.follow([person(), person(2, badge=None)])
    return people


async def again(tmp_path: Path, clock: FixedClock) -> People:
    """As after a restart."""
    people = People(tmp_path / "tries.json", clock)
    await people.follow([person()])
    return people


class TestBadge:
    async def test_it_says_whose_it_is_in_any_case_of_its_letters(self, people: People) -> None:
        found = people.by_badge(f" {BADGE.lower()} ")
        assert found is not None
        assert (found.id, found.name, found.language, found.roles) == (person().id, "Li 1", "zh-CN", ("floor", "picker"))
        assert people.by_id(found.id) == found

    @given(st.text(max_size=60))
    @settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
    def test_any_other_text_is_nobody_s(self, text: str) -> None:
        people = People(Path("/nowhere"), FixedClock())
        asyncio.run(people.follow([person()]))
        assert (people.by_badge(text) is None) == (text.strip().upper() != BADGE)
        assert badge_hash(text) == hash_at_the_office(text)

    async def test_who_is_not_told_any_more_is_nobody(self, people: People) -> None:
        await people.follow([person(2)])
        assert people.by_id(person().id) is None
        assert people.by_badge(BADGE) == people.by_id(person(2).id)
        assert isinstance(await people.check_pin(person().id, "4711"), Wrong)

    async def test_among_five_thousand_it_takes_less_than_two_milliseconds(self, tmp_path: Path, clock: FixedClock) -> None:
        people = People(tmp_path / "tries.json", clock)
        await people.follow([person(number, badge=f"{BADGE}{number}") for number in range(5000)])
        seconds = []
        for number in range(0, 5000, 7):
            began = time.thread_time()
            found = people.by_badge(f"{BADGE}{number}")
            seconds.append(time.thread_time() - began)
            assert found is not None
        assert sorted(seconds)[len(seconds) * 99 // 100] < 0.002


class TestPin:
    async def test_the_right_one_with_the_verifier_that_the_controller_makes(self, tmp_path: Path, clock: FixedClock) -> None:
        people = People(tmp_path / "tries.json", clock)
        await people.follow([person(pin=await Verifiers().of_pin("4711"))])
        verified = await people.sign_in(BADGE, "4711")
        assert isinstance(verified, Verified)
        assert verified.person == people.by_badge(BADGE)

    @pytest.mark.parametrize("pin", ["", "4712", "47110", "٤٧١١", "\ud800", "\0", "x" * 100_000])
    async def test_another_is_wrong(self, people: People, pin: str) -> None:
        assert await people.sign_in(BADGE, pin) == Wrong(TRIES - 1)

    @pytest.mark.parametrize(
        "verifier", [None, "", "$argon2id$", "plain", "$argon2id$v=19$m=9999999,t=2,p=1$AAAAAAAAAAA$AAAAAAAAAAA"]
    )
    async def test_who_has_none_that_can_be_checked_does_not_come_in(
        self, tmp_path: Path, clock: FixedClock, verifier: str | None
    ) -> None:
        people = People(tmp_path / "tries.json", clock)
        await people.follow([person(pin=verifier)])
        assert await people.check_pin(person().id, "") == Wrong(TRIES - 1)

    async def test_the_fifth_wrong_one_costs_time_and_each_more_twice_as_much(self, people: People, clock: FixedClock) -> None:
        assert [await people.sign_in(BADGE, "0") for _ in range(5)] == [Wrong(4), Wrong(3), Wrong(2), Wrong(1), Wrong(0, 30)]
        assert await people.sign_in(BADGE, "4711") == Waits(30), "not judged, though it is right"
        clock.advance(timedelta(seconds=29))
        assert await people.check_pin(person().id, "4711") == Waits(1), "by badge and by id it is the same person"
        clock.advance(timedelta(seconds=1))
        assert await people.sign_in(BADGE, "0") == Wrong(0, 60)
        clock.advance(timedelta(seconds=60))
        assert isinstance(await people.sign_in(BADGE, "4711"), Verified)
        assert await people.sign_in(BADGE, "0") == Wrong(4), "the right one ends the row"

    async def test_a_row_of_yesterday_counts_no_more(self, people: People, clock: FixedClock) -> None:
        for _ in range(4):
            await people.sign_in(BADGE, "0")
        clock.advance(timedelta(hours=25))
        assert await people.sign_in(BADGE, "0") == Wrong(4)

    async def test_nobody_s_badge_is_answered_and_counted_like_a_wrong_pin(self, people: People, clock: FixedClock) -> None:
        answers = [await people.sign_in("SHELFXIDNOBODY", "4711") for _ in range(6)]
        assert answers == [Wrong(4), Wrong(3), Wrong(2), Wrong(1), Wrong(0, 30), Waits(30)]
        clock.advance(timedelta(seconds=1))
        assert isinstance(await people.sign_in(BADGE, "4711"), Verified), "nobody else waits for it"

    async def test_it_takes_as_long_for_nobody(self, tmp_path: Path, clock: FixedClock) -> None:
        people = People(tmp_path / "tries.json", clock)
        await people.follow([person(pin=await Verifiers().of_pin("4711"))])
        await people.sign_in(BADGE, "4711")

        async def fastest(badge: str) -> float:
            taken = []
            for _ in range(4):
                began = time.perf_counter()
                await people.sign_in(badge, "0")
                taken.append(time.perf_counter() - began)
            return min(taken)

        known, unknown = await fastest(BADGE), await fastest("SHELFXIDNOBODY")
        assert 0.2 < known / unknown < 5, "without the hash it would be a hundred times less"

    async def test_the_loop_goes_on_meanwhile_and_a_crowd_is_sent_away(self, people: People) -> None:
        answers = await asyncio.gather(*(people.sign_in(f"NOBODY{number}", "0") for number in range(20)))
        assert answers.count(Waits(1)) == 12

    def test_the_costs_are_those_of_the_office(self) -> None:
        assert (
            TRIES_AT_THE_OFFICE,
            FIRST_WAIT.total_seconds() * 1000,
            LONGEST_WAIT.total_seconds() * 1000,
        ) == (TRIES, FIRST_WAIT_MS, LONGEST_WAIT_MS)
        assert [wait_ms(count) for count in (0, 4, 5, 6, 9, 10, 500)] == [0, 0, 30_000, 60_000, 480_000, 900_000, 900_000]


class TestRestart:
    async def test_it_takes_no_attempt_back(self, people: People, tmp_path: Path, clock: FixedClock) -> None:
        for _ in range(5):
            await people.sign_in(BADGE, "0")
        clock.wall += timedelta(seconds=10)
        clock.milliseconds = 5  # another boot
        after = await again(tmp_path, clock)
        assert await after.sign_in(BADGE, "4711") == Waits(20)
        assert (tmp_path / "tries.json").stat().st_mode & 0o777 == 0o600

    async def test_a_clock_that_went_back_makes_nobody_wait_longer_than_the_whole(
        self, people: People, tmp_path: Path, clock: FixedClock
    ) -> None:
        for _ in range(5):
            await people.sign_in(BADGE, "0")
        clock.wall -= timedelta(days=400)
        assert await (await again(tmp_path, clock)).sign_in(BADGE, "4711") == Waits(30)

    def test_a_power_cut_before_it_is_judged_takes_none_back(self, tmp_path: Path) -> None:
        script = (
            "import asyncio, pathlib, sys; from edge_agent.people import People; from edge_agent.seams import SystemClock\n"
            "asyncio.run(People(pathlib.Path(sys.argv[1]), SystemClock()).sign_in('NOBODY', '0'))\n"
        )
        armed = os.environ | {"SHELFWIRE_FAILPOINTS": "people.counted_before_judged=crash"}
        path = tmp_path / "tries.json"
        for count in (1, 2):
            ended = subprocess.run(
                [sys.executable, "-c", script, str(path)], env=armed, cwd=Path(__file__).parents[2], check=False, timeout=60
            )
            assert ended.returncode == -signal.SIGKILL
            assert f'"count":{count}'.encode() in path.read_bytes()

    @pytest.mark.parametrize("content", [b"", b"{", b'{"a": 1}', b"\xff\xfe", b'{"a": {"count": 9, "failed_at": "never"}}'])
    async def test_a_damaged_file_counts_anew_and_says_so(
        self, tmp_path: Path, clock: FixedClock, content: bytes, caplog: pytest.LogCaptureFixture
    ) -> None:
        (tmp_path / "tries.json").write_bytes(content)
        assert await (await again(tmp_path, clock)).sign_in(BADGE, "0") == Wrong(4)
        assert "count anew" in caplog.text

    async def test_a_disk_that_takes_nothing_is_told_once_and_attempts_count_on(
        self, tmp_path: Path, clock: FixedClock, caplog: pytest.LogCaptureFixture
    ) -> None:
        people = People(tmp_path / "gone" / "tries.json", clock)
        await people.follow([person()])
        answers = [await people.sign_in(BADGE, "0") for _ in range(5)]
        assert answers[-1] == Wrong(0, 30)
        assert caplog.text.count("only in memory") == 1

    async def test_unknown_badges_do_not_push_a_person_s_attempts_out(self, people: People) -> None:
        for _ in range(3):
            await people.sign_in(BADGE, "0")
        for number in range(KEPT + 20):
            people._count(f"badge:{number}")
        assert await people.sign_in(BADGE, "0") == Wrong(1)
        assert len(people._tries or {}) == KEPT


async def test_nothing_secret_is_logged(people: People, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    await people.sign_in(BADGE, "9876")
    told = "".join(
        f"{record.getMessage()} {vars(record)['person']} {record.args}"
        for record in caplog.records
        if record.name == "edge_agent.people"
    )
    assert "a wrong PIN" in told
    for secret in ("9876", BADGE, hashlib.sha256(BADGE.encode()).hexdigest(), "Li 1"):
        assert secret not in told


def test_its_memory_is_given_back() -> None:
    """In a process of its own: 19 MB for each attempt, and none of it stays."""
    script = (
        "import asyncio, pathlib, sys, tempfile\n"
        "from edge_agent.people import People\nfrom edge_agent.seams import SystemClock\n"
        "rss = lambda: int(open('/proc/self/statm').read().split()[1]) * 4\n"
        "async def run(people):\n"
        "    await people.sign_in('NOBODY', '0'); before = rss()\n"
        "    for n in range(6): await people.sign_in(f'NOBODY{n}', '0')\n"
        "    print(rss() - before)\n"
        "asyncio.run(run(People(pathlib.Path(tempfile.mkdtemp()) / 'tries.json', SystemClock())))\n"
    )
    grown = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, cwd=Path(__file__).parents[2], check=True
    )
    assert int(grown.stdout) < 4096
