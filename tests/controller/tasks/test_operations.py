"""Tasks: once while they wait, one person each, closed once; on both engines."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from controller import db
from controller.errors import Conflict, NotFound
from controller.events import acting
from controller.tasks import operations, queries
from controller.tasks.kinds import KINDS
from controller.tasks.operations import NotYours, ReasonNeeded, TaskIsClosed, TaskTaken, close_tasks, open_task
from controller.tasks.queries import Asked
from controller.tasks.states import TaskState

MORNING = datetime(2026, 11, 22, 8, tzinfo=UTC)
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


async def asked_for(key: str, *, kind: str = "count_needed", site: str | None = "s1", due: datetime | None = None) -> int:
    return await open_task(kind, site=site, key=key, subject=key, arguments={"bin": key}, due=due)


async def events_of(name: str) -> int:
    return int((await db.fetch("SELECT COUNT(*) AS n FROM event WHERE name = ?", name))[0]["n"])


async def test_a_key_is_one_task_while_it_waits_and_a_new_one_afterwards(database: str) -> None:
    first = await asked_for("A-1", due=NOON)
    again = await open_task(
        "count_needed", site="s1", key="A-1", subject="A-1", arguments={"bin": "A-1", "missing": 3}, due=MORNING
    )
    assert again == first
    found = await queries.task(first)
    assert (found.times, found.arguments, found.due) == (2, {"bin": "A-1", "missing": 3}, MORNING)
    await asked_for("A-1", due=None)
    assert (await queries.task(first)).due == MORNING, "no time is no earlier one"
    assert await close_tasks("A-1") == 1
    assert await close_tasks("A-1") == 0
    assert await asked_for("A-1") != first
    assert (await events_of("task_opened"), await events_of("task_closed")) == (2, 1)


async def test_twenty_who_ask_at_once_make_one_task(database: str) -> None:
    found = await asyncio.gather(*(db.in_transaction(lambda: asked_for("A-1")) for _ in range(20)))
    assert len(set(found)) == 1
    assert (await queries.task(found[0])).times == 20
    assert await events_of("task_opened") == 1


async def test_a_task_is_opened_in_the_transaction_of_whoever_asks(database: str) -> None:
    with pytest.raises(ZeroDivisionError):
        async with db.transaction():
            await asked_for("A-1")
            raise ZeroDivisionError
    assert await queries.tasks(Asked(), limit=10) == []
    with pytest.raises(ValueError, match="no kind of task"):
        await asked_for("A-1", kind="nonsense")


async def test_of_twenty_people_one_claims_it(database: str) -> None:
    task = await asked_for("A-1")

    async def try_it(person: int) -> bool:
        with acting(f"person:{person}"):
            try:
                await db.in_transaction(lambda: operations.claim(task))
            except TaskTaken:
                return False
        return True

    assert sum(await asyncio.gather(*(try_it(person) for person in range(20)))) == 1
    assert await events_of("task_claimed") == 1


async def test_who_claimed_it_gives_it_back_or_finishes_it_and_others_do_not(database: str) -> None:
    task = await asked_for("A-1")
    with acting("person:mei"):
        await operations.claim(task)
        await operations.claim(task)
    with acting("person:jan"):
        with pytest.raises(TaskTaken) as taken:
            await operations.finish(task)
        assert taken.value.by == "person:mei"
        with pytest.raises(NotYours):
            await operations.give_back(task)
        await operations.give_back(task, others_too=True)
        await operations.give_back(task)
        await operations.finish(task)
        await operations.finish(task)
    found = await queries.task(task)
    assert (found.state, found.closed_by) == (TaskState.DONE, "person:jan")
    for verb in (operations.claim, operations.give_back):
        with pytest.raises(TaskIsClosed):
            await verb(task)


async def test_dropping_takes_a_reason_and_happens_whoever_has_it(database: str) -> None:
    task = await asked_for("A-1")
    with acting("person:mei"):
        await operations.claim(task)
    for bad in ("", "   ", "x" * 201, "two\nlines"):
        with pytest.raises(ReasonNeeded):
            await operations.drop(task, reason=bad)
    await operations.drop(task, reason=" the bin is gone ")
    await operations.drop(task, reason="again")
    found = await queries.task(task)
    assert (found.state, found.reason) == (TaskState.DROPPED, "the bin is gone")
    with pytest.raises(TaskIsClosed):
        await operations.finish(task)
    with pytest.raises(NotFound):
        await operations.drop(10**9, reason="there is none")


async def test_what_waits_comes_worst_first_and_in_pages_of_any_size(database: str) -> None:
    kinds = list(KINDS)
    for number in range(25):
        await asked_for(f"k{number}", kind=kinds[number % len(kinds)], site="s1" if number % 3 else None)
    everything = await queries.tasks(Asked(), limit=100)
    assert [(one.severity, one.id) for one in everything] == sorted((one.severity, one.id) for one in everything)
    for size in (1, 4, 25):
        shown: list[int] = []
        after: str | None = None
        while batch := await queries.tasks(Asked(), after=after, limit=size):
            shown += [one.id for one in batch]
            after = batch[-1].position
        assert shown == [one.id for one in everything]
    assert {one.site for one in await queries.tasks(Asked(), limit=100, sites=["s1"])} == {"s1"}
    assert sum((await queries.waiting()).values()) == 25
    assert await queries.tasks(Asked(), limit=9, sites=[]) == []
    for bad in ("x", "1", "-", "1-", "9" * 30):
        with pytest.raises(ValueError, match="cursor"):
            await queries.tasks(Asked(), after=bad, limit=1)


async def test_lists_are_narrowed_by_site_kind_state_and_who_is_at_it(database: str) -> None:
    first, second = await asked_for("a"), await asked_for("b", kind="stock_short", site="s2")
    with acting("person:mei"):
        await operations.claim(second)
    assert [one.id for one in await queries.tasks(Asked(mine="person:mei"), limit=9)] == [second]
    assert [one.id for one in await queries.tasks(Asked(site="s1"), limit=9)] == [first]
    assert [one.id for one in await queries.tasks(Asked(kind="stock_short"), limit=9)] == [second]
    assert [one.id for one in await queries.tasks(Asked(state=TaskState.OPEN), limit=9)] == [first]
    await close_tasks("a")
    await close_tasks("b", state=TaskState.DROPPED)
    assert [one.id for one in await queries.tasks(Asked(state=TaskState.DONE), limit=9)] == [first]
    assert await queries.tasks(Asked(state=TaskState.DONE), limit=9, after=str(first)) == []
    with pytest.raises(NotFound):
        await queries.task(first, sites=["s2"])


VERBS = st.lists(st.tuples(st.sampled_from(["open", "close", "claim", "back", "done", "drop"]), st.sampled_from("ab")), max_size=14)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(steps=VERBS)
async def test_a_task_goes_its_ways_like_the_model(database: str, steps: list[tuple[str, str]]) -> None:
    """A task is open, claimed by a or b, or closed; what the model forbids raises, and changes nothing."""
    await db.execute("DELETE FROM task")
    task, state, holder = await asked_for("k"), "open", ""
    for verb, person in steps:
        with acting(f"person:{person}"):
            try:
                match verb:
                    case "open":
                        newer = await asked_for("k")
                        assert (newer == task) is (state in ("open", "claimed"))
                        task, state = newer, state if newer == task else "open"
                    case "close":
                        assert await close_tasks("k") == (state in ("open", "claimed"))
                        state = state if state == "dropped" else "done"
                    case "claim":
                        await operations.claim(task)
                        assert state == "open" or (state == "claimed" and holder == person)
                        state, holder = "claimed", person
                    case "back":
                        await operations.give_back(task)
                        assert state == "open" or (state == "claimed" and holder == person)
                        state = "open"
                    case "done":
                        await operations.finish(task)
                        assert state in ("open", "done") or (state == "claimed" and holder == person)
                        state = "done"
                    case _:
                        await operations.drop(task, reason="why not")
                        assert state != "done"
                        state = "dropped"
            except (Conflict, NotYours):
                assert state in ("done", "dropped") or (state == "claimed" and holder != person)
        found = await queries.task(task)
        assert (found.state.value, found.claimed_by if state == "claimed" else None) == (
            state,
            f"person:{holder}" if state == "claimed" else None,
        )
