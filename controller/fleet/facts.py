"""What the fleet's own facts do, in lists (`controller/facts.py` says how handlers work).  Scans are in `scans.py`."""

# ruff: noqa: S608 -- the only texts put into statements are our own names
from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime

import msgspec

from controller.db import Engine, Row, among, engine, execute, execute_many, fetch, listing, now
from controller.events import record
from controller.facts import APPLIED, FactIn, Outcome, Parked, Rejected, refused_weight, unpark
from controller.fleet.dating import KnownClock, by_boot_clock, in_utc
from controller.fleet.events import CommandChanged, DrawerMoved, EpochEnded, PrintJobChanged, ScanWasRefused
from controller.fleet.states import CommandState, PrintState
from edge_agent.wire.facts import (
    RESTARTED,
    ClockSynced,
    CommandDone,
    Drawer,
    EpochClosed,
    JobChanged,
    PrintRequested,
    ScanRefused,
    Weighed,
)

LARGEST = 2**62
ID_LENGTH = 40
CARD_PUT_BACK = "the box knows less than it had told: its card or its folder was put back to an earlier copy"
_JOB = re.compile(r"[a-z0-9-]{1,40}")


async def apply_weighed(facts: Sequence[FactIn[Weighed]]) -> list[Outcome]:
    """A weight of no task is kept as it is."""
    return [refused_weight(fact.data.weight.grams) or APPLIED for fact in facts]


async def apply_drawer(facts: Sequence[FactIn[Drawer]]) -> list[Outcome]:
    for fact in facts:
        event = DrawerMoved(box=fact.box, device=fact.device, open=fact.data.open)
        await record(event, subject=str(fact.id), site=fact.site_id)
    return [APPLIED] * len(facts)


async def apply_scan_refused(facts: Sequence[FactIn[ScanRefused]]) -> list[Outcome]:
    for fact in facts:
        event = ScanWasRefused(box=fact.box, station=fact.station, code=fact.data.code, message=fact.data.message)
        await record(event, subject=str(fact.id), site=fact.site_id)
    return [APPLIED] * len(facts)


# --- clocks and epochs ----------------------------------------------------------------------------------------------------------


async def apply_clock_synced(facts: Sequence[FactIn[ClockSynced]]) -> list[Outcome]:
    """The best knowledge of a boot's clock wins, and dates the facts of that boot that had no date."""
    await execute_many(
        "INSERT INTO box_clock (box, boot, mono_ms, at, error_ms) VALUES (?, ?, ?, ?, ?) ON CONFLICT (box, boot) DO UPDATE "
        "SET mono_ms = excluded.mono_ms, at = excluded.at, error_ms = excluded.error_ms "
        "WHERE excluded.error_ms < box_clock.error_ms "
        "OR (excluded.error_ms = box_clock.error_ms AND excluded.mono_ms < box_clock.mono_ms)",
        [(fact.box, clean(fact.data.boot), *_clock_of(fact.data)) for fact in facts],
    )
    for box, boot in sorted({(fact.box, clean(fact.data.boot)) for fact in facts}):
        await _date_again(box, boot)
    return [APPLIED] * len(facts)


def _clock_of(synced: ClockSynced) -> tuple[int, datetime, int]:
    return min(synced.mono_ms, LARGEST), in_utc(synced.at), min(synced.error_ms, LARGEST)


async def _date_again(box: str, boot: str) -> None:
    clocks = await fetch("SELECT mono_ms, at, error_ms FROM box_clock WHERE box = ? AND boot = ?", box, boot)
    rows = await fetch("SELECT id, mono_ms, received_at FROM fact WHERE undated AND box = ? AND boot = ?", box, boot)
    clock = KnownClock(**clocks[0])
    dated = [(by_boot_clock(row["mono_ms"], row["received_at"], clock), row["id"]) for row in rows]
    await execute_many(
        "UPDATE fact SET occurred_at = ?, uncertain_ms = ?, undated = false WHERE id = ?",
        [(date.occurred_at, date.uncertain_ms, fact) for date, fact in dated],
    )


async def apply_epoch_closed(facts: Sequence[FactIn[EpochClosed]]) -> list[Outcome]:
    """An epoch that ended is noted once, with what its box knew of it, so that gaps in it are explained.

    A box that just started again says so each time: an event only if the controller knows more of that epoch than the box does.
    """
    for fact in facts:
        closed = fact.data
        is_new = await execute(
            "INSERT INTO closed_epoch (box, epoch, last_seq, salvaged, reason, closed_at) VALUES (?, ?, ?, ?, ?, ?) "
            "ON CONFLICT (box, epoch) DO NOTHING",
            fact.box,
            closed.epoch,
            msgspec.json.encode(closed.last_seq).decode(),
            min(closed.salvaged, LARGEST),
            clean(closed.reason),
            fact.occurred_at,
        )
        if is_new and closed.reason == RESTARTED:
            await _look_for_a_card_put_back(fact)
        elif is_new:
            event = EpochEnded(box=fact.box, salvaged=closed.salvaged, reason=closed.reason)
            await record(event, subject=fact.box, site=fact.site_id)
    return [APPLIED] * len(facts)


async def _look_for_a_card_put_back(fact: FactIn[EpochClosed]) -> None:
    known = await fetch(
        "SELECT stream, max(seq) AS seq FROM fact WHERE box = ? AND epoch = ? GROUP BY stream", fact.box, fact.data.epoch
    )
    if any(row["seq"] > fact.data.last_seq.get(row["stream"], 0) for row in known):
        event = EpochEnded(box=fact.box, salvaged=0, reason=CARD_PUT_BACK)
        await record(event, subject=fact.box, site=fact.site_id)


# --- print jobs -----------------------------------------------------------------------------------------------------------------


async def apply_print_requested(facts: Sequence[FactIn[PrintRequested]]) -> list[Outcome]:
    """A job born on a box becomes known here; what the box said of it before is applied then."""
    return [await _adopt(fact) for fact in facts]


async def _adopt(fact: FactIn[PrintRequested]) -> Outcome:
    job, request = fact.data.job, fact.data.request
    if not _JOB.fullmatch(job):
        return Rejected("bad_job", f"{job[:80]!r} is no id of a print job")
    is_new = await execute(
        "INSERT INTO print_job (id, box, device, template, version, data, copies, priority, copy, test, state, step, document, "
        "requested_by, cancel_wanted, created_at, expires_at, changed_at) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, ?, ?, false, ?, ?, ?) ON CONFLICT DO NOTHING",
        job,
        fact.box,
        fact.device or "_",
        clean(request.template),
        clean(request.version),
        msgspec.json.encode(request.data).decode(),
        request.copies,
        request.priority,
        request.copy,
        request.test,
        PrintState.ACCEPTED.value,
        None if request.document is None else clean(request.document),
        fact.person or f"box:{fact.box}",
        fact.occurred_at,
        None if request.expires_at is None else in_utc(request.expires_at),
        now(),
    )
    if is_new:
        await unpark(f"print_job:{job}")
        return APPLIED
    owner = await fetch("SELECT box FROM print_job WHERE id = ?", job)
    return APPLIED if owner[0]["box"] == fact.box else Rejected("job_of_another_box", f"print job {job} is not of box {fact.box}")


async def apply_job_changed(facts: Sequence[FactIn[JobChanged]]) -> list[Outcome]:
    """The highest step of a job wins, in whatever order steps arrive.  A job that is not known yet parks its steps."""
    jobs = await _jobs({fact.data.job for fact in facts})
    best: dict[str, FactIn[JobChanged]] = {}
    outcomes: list[Outcome] = []
    for fact in facts:
        job = jobs.get(fact.data.job)
        if job is None:
            outcomes.append(Parked("unknown_job", f"print_job:{fact.data.job}"))
        elif job["box"] != fact.box:
            outcomes.append(Rejected("job_of_another_box", f"print job {fact.data.job} is not of box {fact.box}"))
        else:
            outcomes.append(APPLIED)
            if fact.data.step > max(job["step"], best[fact.data.job].data.step if fact.data.job in best else 0):
                best[fact.data.job] = fact
    await _take_steps(best, jobs)
    return outcomes


async def _jobs(ids: set[str]) -> dict[str, Row]:
    """Locked, in one order, so that two gateways take their steps one after the other."""
    lock = "FOR UPDATE" if engine() is Engine.POSTGRES else ""
    columns = "id, box, template, document, step"
    rows = await fetch(f"SELECT {columns} FROM print_job WHERE {among('id')} ORDER BY id {lock}", listing(sorted(ids)))
    return {row["id"]: row for row in rows}


async def _take_steps(best: dict[str, FactIn[JobChanged]], jobs: dict[str, Row]) -> None:
    changes = [fact.data for fact in best.values()]
    await execute_many(
        "UPDATE print_job SET state = ?, step = ?, proof = ?, printer = ?, fault = ?, priority = ?, changed_at = ? "
        "WHERE id = ? AND step < ?",
        [
            (
                change.state.value,
                change.step,
                change.proof.value if change.proof else None,
                change.printer[:ID_LENGTH],
                msgspec.json.encode(change.fault).decode() if change.fault else None,
                change.priority,
                now(),
                change.job,
                change.step,
            )
            for change in changes
        ],
    )
    for fact in best.values():
        change, job = fact.data, jobs[fact.data.job]
        event = PrintJobChanged(
            job=change.job,
            box=fact.box,
            printer=change.printer,
            template=job["template"],
            state=change.state.value,
            proof=change.proof.value if change.proof else None,
            fault=change.fault.message if change.fault else None,
            document=job["document"],
        )
        await record(event, subject=change.job, site=fact.site_id)


# --- commands -------------------------------------------------------------------------------------------------------------------


async def apply_command_done(facts: Sequence[FactIn[CommandDone]]) -> list[Outcome]:
    """The first result of a command stays; the same one may come again.  A late result beats our own `expired`."""
    wanted = listing({fact.data.command for fact in facts})
    rows = await fetch(f"SELECT id, box, name, args FROM command WHERE {among('id')}", wanted)
    commands = {row["id"]: row for row in rows}
    return [await _finish(fact, commands.get(fact.data.command)) for fact in facts]


async def _finish(fact: FactIn[CommandDone], command: Row | None) -> Outcome:
    done = fact.data
    if command is None or command["box"] != fact.box:
        return Rejected("unknown_command", f"box {fact.box} was never sent a command {done.command}")
    is_first = await execute(
        "UPDATE command SET state = ?, code = ?, message = ?, done_at = ? WHERE id = ? AND state != ?",
        CommandState.DONE.value,
        clean(done.code),
        None if done.message is None else clean(done.message),
        fact.occurred_at,
        done.command,
        CommandState.DONE.value,
    )
    if not is_first:
        return APPLIED
    event = CommandChanged(command=done.command, box=fact.box, command_name=command["name"], state="done", code=done.code)
    await record(event, subject=done.command, site=fact.site_id)
    if command["name"] == "cancel_job" and done.code == "unknown_job":
        await _withdraw(str(msgspec.json.decode(command["args"]).get("job")), fact)
    return APPLIED


async def _withdraw(job: str, fact: FactIn[CommandDone]) -> None:
    """The box never had the job: it was cancelled before it arrived."""
    rows = await fetch(
        "UPDATE print_job SET state = ?, changed_at = ? WHERE id = ? AND box = ? AND step = 0 AND state = ? "
        "RETURNING template, document",
        PrintState.CANCELLED.value,
        now(),
        job,
        fact.box,
        PrintState.REQUESTED.value,
    )
    for row in rows:
        event = PrintJobChanged(
            job=job, box=fact.box, printer=None, template=row["template"], state="cancelled", document=row["document"]
        )
        await record(event, subject=job, site=fact.site_id)


def clean(text: str) -> str:
    """Text as PostgreSQL can hold it: without NUL."""
    return text.replace("\0", "\ufffd")
