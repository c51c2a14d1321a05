from __future__ import annotations

import asyncio
import contextlib
import sqlite3
import sys
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from uuid import uuid4

import pytest
from asyncpg.exceptions import DataError, DeadlockDetectedError, InterfaceError

from controller import db, events
from controller.db import ConstraintViolated, DatabaseInUse


class Ping(events.Event, frozen=True, kw_only=True):
    name = "ping"
    n: int


async def add_site(code: str) -> None:
    await db.execute("INSERT INTO site (id, name, currency, time_zone) VALUES (?, ?, 'CNY', 'UTC')", code, code)


async def sites() -> list[str]:
    return [row["id"] for row in await db.fetch("SELECT id FROM site ORDER BY id")]


async def test_transaction_commits_and_rolls_back(database: str) -> None:
    async with db.transaction():
        await add_site("a")
    with pytest.raises(RuntimeError, match="no"):
        async with db.transaction():
            await add_site("b")
            raise RuntimeError("no")
    assert await sites() == ["a"]


async def test_nested_transaction_joins_the_outer(database: str) -> None:
    with pytest.raises(RuntimeError):
        async with db.transaction():
            async with db.transaction():
                await add_site("a")
            raise RuntimeError
    assert await sites() == []


async def test_savepoint_undoes_only_its_own_work(database: str) -> None:
    async with db.transaction():
        await add_site("a")
        with pytest.raises(ConstraintViolated):
            async with db.savepoint():
                await add_site("a")
        await add_site("b")
    assert await sites() == ["a", "b"]


@pytest.mark.parametrize("count", [2, db.COPIED_FROM])
async def test_many_rows_are_inserted_all_or_none(database: str, count: int) -> None:
    columns = ("id", "name", "currency", "time_zone")
    rows = [(f"s{number:03}", "Shop", "CNY", "UTC") for number in range(count)]
    async with db.transaction():
        await db.insert_many("site", columns, rows)
        with pytest.raises(ConstraintViolated):
            async with db.savepoint():
                await db.insert_many("site", columns, [*((f"t{code}", *rest) for code, *rest in rows), rows[0]])
    assert await sites() == [row[0] for row in rows]


async def test_instants_and_uuids_come_back_as_they_went_in(database: str) -> None:
    instant = datetime(2026, 11, 21, 9, 0, 0, 123456, tzinfo=timezone(timedelta(hours=8)))
    fact = uuid4()
    await db.execute(
        "INSERT INTO stock_movement (sku_id, from_location_id, to_location_id, quantity, reason, fact_id, occurred_at, recorded_at)"
        " VALUES (1, 1, 2, 3, 'why?', ?, ?, ?)",
        fact,
        db.utc(instant),
        db.now(),
    )
    row = (await db.fetch("SELECT * FROM stock_movement WHERE fact_id = ?", fact))[0]
    assert row["occurred_at"] == instant
    assert row["occurred_at"].tzinfo == UTC
    assert row["fact_id"] == fact


async def test_the_ledger_refuses_update_and_delete(database: str) -> None:
    await db.execute(
        "INSERT INTO stock_movement (sku_id, from_location_id, to_location_id, quantity, reason, occurred_at, recorded_at) "
        "VALUES (1, 1, 2, 3, 'x', ?, ?)",
        db.now(),
        db.now(),
    )
    for statement in ("UPDATE stock_movement SET quantity = 4", "DELETE FROM stock_movement"):
        with pytest.raises(ConstraintViolated, match="append-only"):
            await db.execute(statement)


async def test_writers_queue_and_none_is_lost(database: str) -> None:
    await add_site("counter")

    async def work() -> None:
        async with db.transaction():
            name = (await db.fetch("SELECT name FROM site WHERE id = 'counter'" + db.for_update()))[0]["name"]
            await asyncio.sleep(0)
            await db.execute("UPDATE site SET name = ?", str((0 if name == "counter" else int(name)) + 1))

    async with asyncio.TaskGroup() as group:
        for _ in range(40):
            group.create_task(work())
    assert (await db.fetch("SELECT name FROM site"))[0]["name"] == "40"


async def test_a_cancelled_transaction_frees_the_writer(database: str) -> None:
    started = asyncio.Event()

    async def hang() -> None:
        async with db.transaction():
            await add_site("never")
            started.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(hang())
    await started.wait()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await add_site("after")
    assert await sites() == ["after"]


async def test_deadlock_is_retried(database: str) -> None:
    for code in "ab":
        await add_site(code)
    both = asyncio.Barrier(2)
    first = {"x": True, "y": True}

    async def work(name: str, order: str) -> None:
        for code in order:
            await db.execute("UPDATE site SET name = name || ? WHERE id = ?", name, code)
            if first.pop(name, False) and db.engine() is db.Engine.POSTGRES:
                await both.wait()

    async with asyncio.TaskGroup() as group:
        group.create_task(db.in_transaction(lambda: work("x", "ab")))
        group.create_task(db.in_transaction(lambda: work("y", "ba")))
    assert [sorted(row["name"][1:]) for row in await db.fetch("SELECT name FROM site")] == [["x", "y"]] * 2


async def test_second_process_on_sqlite_is_refused(tmp_path: Path) -> None:
    url = f"sqlite://{tmp_path}/one.db"
    await db.connect(url)
    script = f"import asyncio\nfrom controller import db\nasyncio.run(db.connect({url!r}))"
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", script, stderr=asyncio.subprocess.PIPE)
    _, stderr = await process.communicate()
    await db.close()
    assert process.returncode != 0
    assert b"DatabaseInUse" in stderr
    assert b"in use by another controller process" in stderr


async def test_the_lock_is_free_again_after_close(tmp_path: Path) -> None:
    for _ in range(2):
        await db.connect(f"sqlite://{tmp_path}/one.db")
        await db.close()
    assert DatabaseInUse.__doc__


async def test_event_is_stored_only_with_its_transaction(database: str) -> None:
    with pytest.raises(RuntimeError):
        async with db.transaction():
            await events.record(Ping(n=1), subject="x")
            raise RuntimeError
    with events.acting("token:demo", "request 7"):
        async with db.transaction():
            await events.record(Ping(n=2), subject="x", site="s1")
    recorded = await events.feed(0)
    assert [(e.name, e.data, e.actor, e.cause, e.site) for e in recorded] == [("ping", {"n": 2}, "token:demo", "request 7", "s1")]
    assert await events.newest() == recorded[0].position


async def test_feed_skips_no_event_that_commits_late(database: str) -> None:
    """The late one has drawn its id before the early one, and is committed after it was read."""
    if db.engine() is db.Engine.SQLITE:
        return
    late_drawn, early_done = asyncio.Event(), asyncio.Event()

    async def late() -> None:
        async with db.transaction():
            await events.record(Ping(n=1), subject="late")
            late_drawn.set()
            await early_done.wait()

    task = asyncio.create_task(late())
    await late_drawn.wait()
    await events.record(Ping(n=2), subject="early")
    seen = await events.feed(0)
    early_done.set()
    await task
    seen += await events.feed(seen[-1].position if seen else 0)
    assert sorted(e.subject for e in seen) == ["early", "late"]


async def test_events_of_another_cluster_are_still_read_in_order(database: str) -> None:
    """A dump keeps the numbers of the transactions it came from; the cluster it is loaded into counts anew."""
    for number in range(4):
        await events.record(Ping(n=number), subject=str(number))
    seen = (await events.feed(0, 2))[-1].position
    if db.engine() is db.Engine.SQLITE:
        assert await events.settle_restored() is False
        return
    await db.execute("UPDATE event SET transaction_id = transaction_id + 1000000")
    await events.move_cursor("printing", seen + (1000000 << 40))
    assert await events.settle_restored() is True
    await events.record(Ping(n=4), subject="new")
    unseen = await events.feed(await events.cursor("printing"))
    assert [each.subject for each in unseen] == ["2", "3", "new"]
    assert await events.settle_restored() is False


async def test_follow_wakes_on_commit(database: str) -> None:
    follower = events.follow(0)
    following = asyncio.ensure_future(anext(follower))
    await asyncio.sleep(0)
    await events.record(Ping(n=5), subject="x")
    assert (await following).data == {"n": 5}
    await follower.aclose()


@contextlib.asynccontextmanager
async def full_sqlite(folder: Path) -> AsyncIterator[None]:
    """A database that may grow by 20 pages of 4 KiB only."""
    await db.connect(f"sqlite://{folder}/controller.db", create_schema=True)
    (row,) = await db.fetch("PRAGMA page_count")
    pages = int(row["page_count"])
    await db.fetch(f"PRAGMA max_page_count = {pages + 20}")
    try:
        yield
    finally:
        await db.close()


async def fill() -> None:
    for number in range(200):
        await db.execute(
            "INSERT INTO site (id, name, currency, time_zone) VALUES (?, ?, 'CNY', 'UTC')", f"full-{number}", "x" * 2000
        )


async def test_a_full_disk_ends_the_whole_transaction_and_its_savepoint_says_why(tmp_path: Path) -> None:
    async with full_sqlite(tmp_path):
        with pytest.raises(sqlite3.OperationalError, match="full"):
            async with db.transaction():
                await add_site("a")
                async with db.savepoint():
                    await fill()
        assert await sites() == []


async def test_who_goes_on_in_a_transaction_that_a_full_disk_ended_is_told_that_nothing_is_stored(tmp_path: Path) -> None:
    async with full_sqlite(tmp_path):
        with pytest.raises(db.TransactionLost):
            async with db.transaction():
                await add_site("a")
                with contextlib.suppress(sqlite3.OperationalError):
                    await fill()
        assert await sites() == []


@pytest.mark.parametrize(
    ("error", "is_its_trouble"),
    [
        (InterfaceError("connection is closed"), True),
        (ConnectionResetError(), True),
        (DeadlockDetectedError(), True),
        (DataError("invalid input for query argument $1"), False),
        (KeyError("a mistake of ours"), False),
    ],
)
def test_what_is_the_database_s_trouble_is_tried_again(error: Exception, *, is_its_trouble: bool) -> None:
    assert db.is_of_the_database(error) is is_its_trouble


async def test_what_is_put_waits_until_it_is_looked_for_or_the_transaction_ends(database: str) -> None:
    site = "INSERT INTO site (id, name, currency, time_zone) VALUES (?, ?, 'CNY', 'UTC')"
    async with db.together():
        await db.put(site, [("a", "a"), ("b", "b")])
        await events.record(Ping(n=1), subject="x")
        assert await db.fetch_aside("SELECT id FROM site") == [], "it waits"
        await events.record(Ping(n=2), subject="x")
        assert await sites() == ["a", "b"], "whoever looks sees it"
        await db.put(site, [("c", "c")])
    assert await sites() == ["a", "b", "c"]
    assert [one.data["n"] for one in await events.history("x")] == [1, 2]
    await db.put(site, [("d", "d")])
    assert await sites() == ["a", "b", "c", "d"], "outside of it, nothing waits"


async def test_what_is_put_goes_with_its_transaction_and_with_its_savepoint(database: str) -> None:
    site = "INSERT INTO site (id, name, currency, time_zone) VALUES (?, ?, 'CNY', 'UTC')"
    with pytest.raises(RuntimeError, match="no"):
        async with db.together():
            await db.put(site, [("a", "a")])
            raise RuntimeError("no")
    async with db.together():
        await db.put(site, [("b", "b")])
        with pytest.raises(RuntimeError, match="no"):
            async with db.savepoint():
                await db.put(site, [("c", "c")])
                raise RuntimeError("no")
        async with db.savepoint():
            await db.put(site, [("d", "d")])
    assert await sites() == ["b", "d"]


async def test_what_is_put_and_refused_ends_the_transaction_or_the_savepoint_it_was_put_in(database: str) -> None:
    site = "INSERT INTO site (id, name, currency, time_zone) VALUES (?, ?, 'CNY', 'UTC')"
    await add_site("a")
    async with db.together():
        await add_site("b")
        with pytest.raises(ConstraintViolated):
            async with db.savepoint():
                await db.put(site, [("c", "c"), ("a", "a")])
    assert await sites() == ["a", "b"]
    with pytest.raises(ConstraintViolated):
        async with db.together():
            await db.put(site, [("d", "d"), ("a", "a")])
    assert await sites() == ["a", "b"]


async def test_many_rows_and_many_texts_do_not_wait(database: str) -> None:
    async with db.together():
        for number in range(10):
            await events.record_many([(Ping(n=10 * number + one), "y") for one in range(10)])
        await events.record_many([(Ping(n=100 + one), "y") for one in range(30)])
    assert [one.data["n"] for one in await events.history("y")] == list(range(130))
