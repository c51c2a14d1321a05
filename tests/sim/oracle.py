"""What must hold of a world at rest, with what only the world knows: beeps, paper, true time."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from controller import db
from tests.shopday.invariants import TERMINAL, Evidence, check, kept_by_box
from tests.sim.boxes import PRINTERS
from tests.sim.people import Identify, name_on_paper
from tests.sim.vloop import START

if TYPE_CHECKING:
    from tests.sim.boxes import SimBox
    from tests.sim.world import World

SLACK_MS = 2
"""Instants travel in whole milliseconds."""


async def violations(world: World) -> list[str]:
    """What does not hold, in words; empty if all does."""
    rows = await db.fetch("SELECT * FROM fact")
    found = [f"I12: {box.id} still has {box.pending()} facts waiting" for box in world.boxes if box.pending()]
    found += [
        f"I12: {row['id']} is up and shown as {row['link']}"
        for row in await db.fetch("SELECT id, link FROM box")
        if row["link"] != "online"
    ]
    for box in world.boxes:
        found += _scans(box, rows)
        found += await _commands(world, box)
    found += await world.twins.violations(world)
    found += await _books(world)
    found += await _paper(world, rows)
    found += await _expiry(rows)
    return found + await _time(rows)


def _scans(box: SimBox, rows: list[db.Row]) -> list[str]:
    """I1: what the box beeped for is stored; I2: nothing is stored that nobody scanned."""
    stored = Counter(json.loads(row["payload"])["symbol"]["text"] for row in rows if row["box"] == box.id and row["name"] == "scan")
    lost = [
        f"I1: {box.id} beeped {n} times for {text!r}, {stored[text]} stored"
        for text, n in box.beeps.items()
        if stored[text] < n - box.card.forgiven[text]
    ]
    return lost + [f"I2: {n} scans of {text!r} stored, {box.scans[text]} made" for text, n in stored.items() if n > box.scans[text]]


async def _books(world: World) -> list[str]:
    """I1 to I6 by the tables.

    Where a card was replaced and took unsent facts with it, gaps are by right.  A person who goes on there as if nothing had
    happened may count what is no bin: somebody in the office sees to that.
    """
    evidence = Evidence(
        papers={(box.id, name): len(printer.papers) for box in world.boxes for name, printer in box.printers.items()}
    )
    for box in world.boxes:
        evidence.kept |= box.card.kept | kept_by_box(box.folder / "facts.db")
    torn = tuple(f"{box.id}/{epoch}/" for box in world.boxes for epoch in box.card.torn_epochs)

    async def query(sql: str) -> list[db.Row]:
        return await db.fetch(sql)

    by_right = (*torn, *(["counted"] if world.plan.restores else []))
    return [
        str(found) for found in await check(query, evidence) if not (found.invariant == "I3" and found.what.startswith(by_right))
    ]


async def _paper(world: World, rows: list[db.Row]) -> list[str]:
    """I6, job by job: what its state says lies in the trays, at printers that its edges name; a second time only marked, because a
    person said so.
    """
    edges: dict[str, set[str]] = defaultdict(set)
    sent_at: dict[str, set[str]] = defaultdict(set)
    for row in rows:
        if row["name"] == "job_changed":
            said = json.loads(row["payload"])
            edges[said["job"]].add(said["state"])
            if said["state"] == "sending":
                sent_at[said["job"]].add(said["printer"])
    boxes = {box.id: box for box in world.boxes}
    found = []
    for job in await db.fetch("SELECT id, box, device, printer, state, copies, data FROM print_job"):
        text = name_on_paper(job["data"])
        alike = [name for name in PRINTERS if PRINTERS[name] == PRINTERS[job["device"]]]
        trays = {name: boxes[job["box"]].printers[name].with_text(text) for name in alike}
        tray = [paper for papers in trays.values() for paper in papers]
        marked = sum(paper.is_copy for paper in tray)
        found += [
            f"I6: job {job['id']} lies at {name}, and was sent to {sorted(sent_at[job['id']])}"
            for name, papers in trays.items()
            if papers and name not in sent_at[job["id"]]
        ]
        found += [
            f"I6: {job['state']} job {job['id']}, copies {job['copies']}: {len(tray) - marked} + {marked} marked; {problem}"
            for problem in _tray_problems(job, len(tray) - marked, marked, edges[job["id"]], world.desk.again[job["id"]])
        ]
    return found


def _tray_problems(job: db.Row, plain: int, marked: int, edges: set[str], decisions: int) -> list[str]:
    wanted = job["copies"]
    problems = {
        "twice without a mark": plain > wanted,
        "marked without a decision": marked > decisions * wanted,
        "not at its end": job["state"] not in TERMINAL,
    }
    if "uncertain" not in edges:
        expected = wanted if job["state"] == "printed" else 0
        problems[f"expected {expected}"] = plain + marked != expected
    else:
        problems["printed, and nothing there"] = job["state"] == "printed" and plain + marked == 0
    return [problem for problem, is_so in problems.items() if is_so]


async def _commands(world: World, box: SimBox) -> list[str]:
    """I7: done once at most, in time, and a result says so truly."""
    asked = sorted((one for one in world.desk.identities if one.box == box.id), key=lambda one: one.asked_at)
    results = {row["id"]: row for row in await db.fetch("SELECT id, state, code FROM command WHERE box = ?", box.id)}
    found = [f"I7: {row['id']} is still {row['state']}" for row in results.values() if row["state"] == "requested"]
    for command in asked:
        found += _identify_problems(command, box.identified, results[command.command]["code"])
    return found


def _identify_problems(command: Identify, done: list[tuple[float, bool]], code: str | None) -> list[str]:
    """One such command per box: each time that the box said who it is belongs to it."""
    problems = []
    if len(done) > 1:
        problems.append(f"I7: {command} was done {len(done)} times")
    if any(is_synced and at > command.expires_at for at, is_synced in done):
        problems.append(f"I7: {command} was done late: {done}")
    if (code == "ok" and not done) or (done and code not in ("ok", "interrupted")):
        problems.append(f"I7: {command} was done {len(done)} times, its result says {code}")
    return problems


async def _expiry(rows: list[db.Row]) -> list[str]:
    """I11: a box, whatever its wall clock says, lets nothing expire before its time."""
    times = {row["id"]: row["expires_at"] for row in await db.fetch("SELECT id, expires_at FROM command")}
    times |= {row["id"]: row["expires_at"] for row in await db.fetch("SELECT id, expires_at FROM print_job")}
    found = []
    for row in rows:
        said = json.loads(row["payload"]) if row["name"] in ("command_done", "job_changed") else {}
        if "expired" in (said.get("code"), said.get("state")):
            expires = times.get(said.get("command") or said["job"])
            if expires is not None and _true_time(row) < expires - timedelta(milliseconds=SLACK_MS):
                found.append(f"I11: {said} on {row['box']} at {_true_time(row)}, and its time was {expires}")
    return found


def _true_time(row: db.Row) -> datetime:
    """By the boot clock, which is never wrong here."""
    return START + timedelta(milliseconds=row["mono_ms"])


async def _time(rows: list[db.Row]) -> list[str]:
    """I11: what has no flag is dated right, and what could be dated is."""
    known = {(row["box"], row["boot"]) for row in await db.fetch("SELECT box, boot FROM box_clock")}
    found = []
    for row in rows:
        error = row["occurred_at"] - _true_time(row)
        if row["uncertain_ms"] is not None and abs(error) > timedelta(milliseconds=row["uncertain_ms"] + SLACK_MS):
            found.append(f"I11: {row['name']} {row['id']} is dated {error} off, within {row['uncertain_ms']} ms it says")
        if row["undated"] and (row["box"], row["boot"]) in known:
            found.append(f"I11: {row['name']} {row['id']} has no date, and the clock of its boot is known")
    return found
