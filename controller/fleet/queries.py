"""Reads of the fleet.  Lists are in the order of their keyset; `sites` None: all of them."""

# ruff: noqa: S608 -- the only texts put into statements are our own names
from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from uuid import UUID

import msgspec

from controller.db import Row, among, fetch, listing
from controller.errors import NotFound
from controller.fleet.states import FINAL, CommandState, PrintState
from controller.fleet.views import (
    AlertView,
    BoxView,
    CommandView,
    Decision,
    DeviceView,
    FactView,
    FaultView,
    PrintJobView,
    RejectedView,
)


async def boxes(*, after: str = "", limit: int = 50, sites: Iterable[str] | None = None) -> list[BoxView]:
    rows = await fetch(f"SELECT * FROM box WHERE id > ? {_at('site', sites)} ORDER BY id LIMIT ?", after, *_sites(sites), limit)
    return [_box(row) for row in rows]


async def box(box_id: str, *, sites: Iterable[str] | None = None) -> BoxView:
    """Raises NotFound."""
    rows = await fetch(f"SELECT * FROM box WHERE id = ? {_at('site', sites)}", box_id, *_sites(sites))
    if not rows:
        raise NotFound("box", box_id)
    return _box(rows[0])


async def devices(
    *, box_id: str | None = None, after: int = 0, limit: int = 50, sites: Iterable[str] | None = None
) -> list[tuple[int, DeviceView]]:
    """With the number that the list is in order of."""
    of_box, box_ids = ("AND d.box = ?", [box_id]) if box_id else ("", [])
    rows = await fetch(
        f"SELECT d.* FROM device d JOIN box b ON b.id = d.box WHERE d.no > ? {of_box} {_at('b.site', sites)} ORDER BY d.no LIMIT ?",
        *(after, *box_ids, *_sites(sites), limit),
    )
    return [(row["no"], _device(row)) for row in rows]


async def alerts(*, after: int = 0, limit: int = 50, sites: Iterable[str] | None = None) -> list[tuple[int, AlertView]]:
    """With the number that the list is in order of."""
    rows = await fetch(
        f"SELECT a.* FROM alert a JOIN box b ON b.id = a.box WHERE a.no > ? {_at('b.site', sites)} ORDER BY a.no LIMIT ?",
        *(after, *_sites(sites), limit),
    )
    return [
        (row["no"], AlertView(box=row["box"], key=row["key"], code=row["code"], message=row["message"], at=row["at"]))
        for row in rows
    ]


async def facts(
    *,
    outcome: str | None = None,
    box_id: str | None = None,
    name: str | None = None,
    after: UUID | None = None,
    limit: int = 50,
    sites: Iterable[str] | None = None,
) -> list[FactView]:
    """The newest first, in order of id (a box's clock is in it)."""
    conditions, params = ["outcome IN ('applied', 'parked', 'rejected')"], list[object]()
    if outcome in ("applied", "parked", "rejected"):
        conditions = [f"outcome = '{outcome}'"]  # a literal, so that the partial indexes serve it
    elif outcome is not None:
        return []
    for column, value in (("box", box_id), ("name", name)):
        if value is not None:
            conditions.append(f"{column} = ?")
            params.append(value)
    if after is not None:
        conditions.append("id < ?")
        params.append(after)
    where = " AND ".join(conditions)
    rows = await fetch(
        f"SELECT * FROM fact WHERE {where} {_at('site', sites)} ORDER BY id DESC LIMIT ?", *params, *_sites(sites), limit
    )
    return [_fact(row) for row in rows]


async def parked_facts() -> int:
    """How many facts wait for something."""
    return int((await fetch("SELECT count(*) AS parked FROM fact WHERE outcome = 'parked'"))[0]["parked"])


async def fact(fact_id: UUID, *, sites: Iterable[str] | None = None) -> FactView:
    """Raises NotFound."""
    rows = await fetch(f"SELECT * FROM fact WHERE id = ? {_at('site', sites)}", fact_id, *_sites(sites))
    if not rows:
        raise NotFound("fact", fact_id)
    return _fact(rows[0])


async def rejected_messages(*, after: str = "", limit: int = 50) -> list[RejectedView]:
    """In order of their digest."""
    rows = await fetch("SELECT * FROM rejected_message WHERE digest > ? ORDER BY digest LIMIT ?", after, limit)
    return [
        RejectedView(
            id=row["digest"],
            topic=row["topic"],
            payload=bytes(row["payload"]).decode(errors="replace"),
            code=row["code"],
            detail=row["detail"],
            first_at=row["first_at"],
            last_at=row["last_at"],
            times=row["times"],
        )
        for row in rows
    ]


async def print_jobs(
    *,
    state: str | None = None,
    document: str | None = None,
    box_id: str | None = None,
    after: str | None = None,
    limit: int = 50,
    sites: Iterable[str] | None = None,
) -> list[PrintJobView]:
    """The newest first."""
    where, params = _where(("j.state", "=", state), ("j.document", "=", document), ("j.box", "=", box_id), ("j.id", "<", after))
    rows = await fetch(
        f"SELECT j.* FROM print_job j JOIN box b ON b.id = j.box WHERE {where} {_at('b.site', sites)} ORDER BY j.id DESC LIMIT ?",
        *(*params, *_sites(sites), limit),
    )
    return [_job(row) for row in rows]


async def print_job(job: str, *, sites: Iterable[str] | None = None) -> PrintJobView:
    """Raises NotFound."""
    rows = await fetch(
        f"SELECT j.* FROM print_job j JOIN box b ON b.id = j.box WHERE j.id = ? {_at('b.site', sites)}", job, *_sites(sites)
    )
    if not rows:
        raise NotFound("print job", job)
    return _job(rows[0])


async def decisions(jobs: Collection[str]) -> dict[str, Decision]:
    """What people said about these print jobs: all that boxes have still to do; what is done, if among the newest commands."""
    found = {job: Decision() for job in jobs}
    if not found:
        return found
    for row in await fetch(
        "SELECT args, state FROM command WHERE name = 'resolve_job' "
        "AND (state = 'requested' OR id IN (SELECT id FROM command ORDER BY id DESC LIMIT 500)) ORDER BY id"
    ):
        arguments = msgspec.json.decode(row["args"], type=dict[str, str | int])
        job = str(arguments.get("job"))
        if job in found:
            waiting = str(arguments.get("outcome")) if row["state"] == CommandState.REQUESTED.value else None
            found[job] = Decision(count=found[job].count + 1, waiting=waiting)
    return found


async def commands(
    *, box_id: str | None = None, after: str | None = None, limit: int = 50, sites: Iterable[str] | None = None
) -> list[CommandView]:
    """The newest first."""
    where, params = _where(("c.box", "=", box_id), ("c.id", "<", after))
    rows = await fetch(
        f"SELECT c.* FROM command c JOIN box b ON b.id = c.box WHERE {where} {_at('b.site', sites)} ORDER BY c.id DESC LIMIT ?",
        *(*params, *_sites(sites), limit),
    )
    return [_command(row) for row in rows]


async def command(command_id: str, *, sites: Iterable[str] | None = None) -> CommandView:
    """Raises NotFound."""
    rows = await fetch(
        f"SELECT c.* FROM command c JOIN box b ON b.id = c.box WHERE c.id = ? {_at('b.site', sites)}", command_id, *_sites(sites)
    )
    if not rows:
        raise NotFound("command", command_id)
    return _command(rows[0])


def _where(*conditions: tuple[str, str, object | None]) -> tuple[str, list[object]]:
    given = [(f"{column} {sign} ?", value) for column, sign, value in conditions if value is not None]
    return " AND ".join(["1 = 1", *(text for text, _ in given)]), [value for _, value in given]


def _at(column: str, sites: Iterable[str] | None) -> str:
    return "" if sites is None else f"AND {among(column)}"


def _sites(sites: Iterable[str] | None) -> list[object]:
    return [] if sites is None else [listing(sorted(sites))]


def _box(row: Row) -> BoxView:
    return msgspec.convert(row, BoxView)


def _device(row: Row) -> DeviceView:
    return msgspec.convert(row | {"faults": msgspec.json.decode(row["faults"])}, DeviceView)


def _fact(row: Row) -> FactView:
    own = {"fact_name": row["name"], "replay": bool(row["replay"]), "data": msgspec.json.decode(row["payload"])}
    return msgspec.convert(row | own, FactView)


def _job(row: Row) -> PrintJobView:
    fault = msgspec.json.decode(row["fault"], type=FaultView) if row["fault"] else None
    own = {"fault": fault, "test": bool(row["test"]), "cancel_wanted": bool(row["cancel_wanted"])}
    return msgspec.convert(row | own, PrintJobView)


def _command(row: Row) -> CommandView:
    return msgspec.convert(row | {"command": row["name"]}, CommandView)


@dataclass(frozen=True, slots=True, kw_only=True)
class PrivateJob:
    """A job of `box` that is not done, and whose personal data is on its paper."""

    box: str
    site: str
    private: str


async def private_of(job: str) -> PrivateJob | None:
    """None: there is no such job, it is done, or nobody's data is on it."""
    rows = await fetch(
        "SELECT j.box, b.site, j.private, j.state FROM print_job j JOIN box b ON b.id = j.box WHERE j.id = ? AND j.private <> ''",
        job,
    )
    if not rows or PrintState(rows[0]["state"]) in FINAL:
        return None
    return PrivateJob(box=rows[0]["box"], site=rows[0]["site"], private=rows[0]["private"])
