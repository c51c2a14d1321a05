"""Once an hour what is done with goes, and nothing that is open or that makes a repetition harmless."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

import pytest

from controller import db, events, retention
from controller.config import Retention
from controller.fleet import operations
from controller.fleet.events import BoxRegistered
from controller.ingest import ingest
from tests.controller.boxes import WireBox, register, scan

DAYS = Retention(events_days=30, requests_days=30, messages_days=30, logs_days=30)


def ago(days: int) -> datetime:
    return db.now() - timedelta(days=days)


async def ids(table: str, key: str = "id") -> set[str]:
    return {str(row["key"]) for row in await db.fetch(f"SELECT {key} AS key FROM {table}")}


async def job(name: str, state: str, *, days: int = 100, step: int = 3, sent: bool = True, box: str = "b1") -> None:
    await db.execute(
        "INSERT INTO print_job (id, box, device, template, version, data, copies, priority, copy, test, state, step, requested_by, "
        "cancel_wanted, created_at, sent_at, changed_at) "
        "VALUES (?, ?, 'p', 't', 'v', '{}', 1, 5, false, false, ?, ?, 'x', false, ?, ?, ?)",
        *(name, box, state, step, ago(days), ago(days) if sent else None, ago(days)),
    )


async def command(name: str, state: str, *, days: int = 100, sent: bool = True, kind: str = "identify", args: str = "{}") -> None:
    await db.execute(
        "INSERT INTO command (id, box, device, name, args, state, requested_by, created_at, expires_at, sent_at, done_at) "
        "VALUES (?, 'b1', '_', ?, ?, ?, 'x', ?, ?, ?, ?)",
        *(name, kind, args, state, ago(days), ago(days), ago(days) if sent else None, ago(days) if state == "done" else None),
    )


async def test_print_jobs_go_once_no_box_can_say_anything_more_of_them(database: str) -> None:
    await register()
    await register("gone")
    await db.execute("UPDATE box SET revoked_at = ? WHERE id = 'gone'", db.now())
    for state in ("requested", "accepted", "queued", "sending", "sent", "uncertain"):
        await job(f"open-{state}", state)
    for state in ("printed", "failed", "expired", "cancelled"):
        await job(f"old-{state}", state)
        await job(f"new-{state}", state, days=10)
    await job("never-sent", "expired", step=0, sent=False)
    await job("unanswered", "expired", step=0)
    await job("of-revoked", "expired", step=0, box="gone")
    gone = await retention.prune(DAYS)
    kept = await ids("print_job")
    assert gone == {"print_job": 6}
    assert {name for name in kept if name.startswith(("open-", "new-"))} | {"unanswered"} == kept
    assert len(kept) == 6 + 4 + 1


async def test_commands_go_but_not_what_is_waited_for_or_decided_about_an_open_job(database: str) -> None:
    await register()
    await job("doubt", "uncertain")
    await command("old", "done")
    await command("new", "done", days=10)
    await command("waits", "requested")
    await command("unanswered", "expired")
    await command("never-sent", "expired", sent=False)
    await command("decides", "done", kind="resolve_job", args='{"job": "doubt", "outcome": "again"}')
    await command("decided", "done", kind="resolve_job", args='{"job": "long-gone", "outcome": "again"}')
    await command("bundled", "done", kind="collect_diagnostics")
    await db.execute(
        "INSERT INTO diagnostics (command, box, received_at, size, digest, content) VALUES ('bundled', 'b1', ?, 1, 'd', ?)",
        ago(1),
        b"x",
    )
    assert await retention.prune(DAYS) == {"command": 3}
    assert await ids("command") == {"new", "waits", "unanswered", "decides", "bundled"}


async def test_events_go_only_after_every_consumer_has_seen_them(database: str) -> None:
    for number in range(6):
        await events.record(BoxRegistered(box=f"b{number}"), subject=f"b{number}")
    await db.execute("UPDATE event SET recorded_at = ? WHERE subject <> 'b1'", ago(40))
    assert await retention.prune(DAYS) == {}, "no consumer has begun"
    seen = await events.feed(0)
    await events.move_cursor("quick", seen[-1].position)
    await events.move_cursor("slow", seen[3].position)
    assert await retention.prune(DAYS) == {"event": 3}
    assert [event.subject for event in await events.feed(0)] == ["b1", "b4", "b5"]
    assert [event.subject for event in await events.feed(await events.cursor("slow"))] == ["b4", "b5"]


async def test_an_event_after_all_were_let_go_of_is_seen(database: str) -> None:
    await events.record(BoxRegistered(box="b1"), subject="b1")
    position = await events.newest()
    await events.move_cursor("reader", position)
    await db.execute("UPDATE event SET recorded_at = ?", ago(40))
    assert await retention.prune(DAYS) == {"event": 1}
    await events.record(BoxRegistered(box="b2"), subject="b2")
    assert [event.subject for event in await events.feed(position)] == ["b2"]


async def test_more_than_one_batch_goes_and_what_fails_stops_nothing_else(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "BATCH", 2)
    monkeypatch.setattr(retention, "_JOBS", "nonsense")
    await register()
    for number in range(5):
        await command(f"c{number}", "done")
    assert await retention.prune(DAYS) == {"command": 5}


async def test_messages_logs_points_and_bundles_have_their_time(database: str) -> None:
    await register()
    for number, days in enumerate((1, 100)):
        await db.execute(
            "INSERT INTO rejected_message (digest, topic, payload, code, detail, first_at, last_at, times) "
            "VALUES (?, 't', ?, 'c', 'd', ?, ?, 1)",
            *(f"d{number}", b"x", ago(days), ago(days)),
        )
        await db.execute(
            "INSERT INTO box_log (box, start, line, at, received_at, level, name, message, times) "
            "VALUES ('b1', 's', ?, ?, ?, 'ERROR', 'n', 'm', 1)",
            *(number, ago(days), ago(days)),
        )
        await db.execute(
            "INSERT INTO box_point (box, slot, waiting, queued, disk_free, loop_lag_ms, offset_ms) VALUES ('b1', ?, 0, 0, 0, 0, 0)",
            int(ago(2 * days - 2).timestamp()) // 300,
        )
        await db.execute(
            "INSERT INTO diagnostics (command, box, received_at, size, digest, content) VALUES (?, 'b1', ?, 1, 'd', ?)",
            *(f"c{number}", ago(days), b"x"),
        )
    assert await retention.prune(DAYS) == {"rejected_message": 1, "box_log": 1, "box_point": 1, "diagnostics": 1}
    assert await ids("diagnostics", "command") == {"c0"}


async def test_a_fact_whose_second_identity_was_forgotten_is_still_known(database: str) -> None:
    await register()
    box = WireBox()
    first = box.envelope(scan())
    again = box.envelope(scan(), id=first.id)
    await ingest([box.message(first), box.message(again)])
    assert len(await ids("fact_again", "no")) == 1
    await db.execute("UPDATE fact_again SET received_at = ?", ago(100))
    assert await retention.prune(DAYS) == {"fact_again": 1}
    before = await ids("event", "id")
    await ingest([box.message(again)])
    assert await ids("fact") == {str(UUID(str(first.id)))}
    assert await ids("event", "id") == before, "it had no second effect"


async def test_what_a_person_asks_after_pruning_is_asked(database: str) -> None:
    await register()
    await retention.prune(DAYS)
    sent = await operations.send_command("b1", "reset_statistics", {"device": "scanner", "name": "GoodScanCount"})
    assert await ids("command") == {sent}
