"""Verbs of the fleet: register a box, ask it to print, to cancel, to resolve, to do something.

What is asked is a row first; the gateway publishes it after the commit and until the box answers (`requests.py`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from random import Random

import msgspec
from msgspec import Struct

from controller.db import Row, execute, fetch, for_update, now, transaction
from controller.documents.queries import current
from controller.errors import Conflict, IllegalTransition, NotFound, Rejected
from controller.events import actor, record
from controller.fleet import requests
from controller.fleet.dating import in_utc
from controller.fleet.events import BoxRegistered, CommandChanged, PrintJobChanged
from controller.fleet.queries import decisions
from controller.fleet.states import FINAL, PrintState
from controller.sites.queries import site as site_of
from edge_agent.seams import system_random, uuid7
from edge_agent.wire import errors as wire
from edge_agent.wire.commands import COMMANDS, read_arguments
from edge_agent.wire.messages import Priority

COMMAND_TIME = timedelta(minutes=10)
"""How long a command may wait for its box, unless said otherwise."""
DECISION_TIME = timedelta(days=7)
"""The same for what a person decided about a print job: it holds until the box is back."""
_ID = re.compile(r"[a-z0-9-]{1,40}")


class BadBox(Rejected):
    code = "bad_box"


class BoxElsewhere(Conflict):
    """The box is registered at another site."""

    code = "box_elsewhere"

    def __init__(self, box: str, site: str) -> None:
        super().__init__(f"box {box} belongs to site {site}")
        self.box = box
        self.site = site


class AlreadyDecided(Conflict):
    """Somebody else said the opposite about this print job, and the box has not done it yet."""

    code = "already_decided"

    def __init__(self, job: str, resolution: str) -> None:
        super().__init__(f"print job {job} was resolved as {resolution!r} already; its box will do it")
        self.job = job
        self.resolution = resolution


class BoxIsRevoked(Conflict):
    """Nothing is asked of a box that was revoked."""

    code = "box_revoked"

    def __init__(self, box: str) -> None:
        super().__init__(f"box {box} was revoked; let it in with a new certificate first")
        self.box = box


class UnknownCommand(Rejected):
    code = "unknown_command"

    def __init__(self, command: str) -> None:
        super().__init__(f"no command {command!r}; there are {', '.join(sorted(COMMANDS))}")
        self.command = command


class BadArguments(Rejected):
    """An argument of a command is missing or wrong."""

    code = "bad_arguments"


class Resolution(StrEnum):
    """What a person says about an uncertain print job: it came out, or print it again (marked as a copy)."""

    PRINTED = "printed"
    AGAIN = "again"


class PrintOrder(Struct, frozen=True, kw_only=True):
    """What to print, where.  `device` None: the box's printer of the template's kind.  The same `key` again is the same job.

    `copy`: it was printed before, so the paper is marked COPY.  `private`: whose personal data is on it; `data` has none.
    """

    box: str
    device: str | None = None
    template: str
    data: Mapping[str, str | int | list[dict[str, str | int]]]
    document: str | None = None
    key: str | None = None
    copies: int = 1
    copy: bool = False
    test: bool = False
    expires_at: datetime | None = None
    priority: int = Priority.NORMAL
    private: str = ""


async def register_box(box: str, *, site: str, name: str) -> None:
    """Let a box's facts in; again renames it.  Records BoxRegistered.  Raises BadBox, NotFound (site), BoxElsewhere."""
    if not _ID.fullmatch(box):
        raise BadBox(f"box id {box!r} is not 1 to 40 of a-z, 0-9 and '-'")
    async with transaction():
        await site_of(site)
        is_new = await execute(
            "INSERT INTO box (id, site, name, link, created_at) VALUES (?, ?, ?, 'offline', ?) ON CONFLICT (id) DO NOTHING",
            *(box, site, name, now()),
        )
        if is_new:
            await record(BoxRegistered(box=box), subject=box, site=site)
        elif not await execute("UPDATE box SET name = ? WHERE id = ? AND site = ?", name, box, site):
            raise BoxElsewhere(box, (await _box(box))["site"])


async def request_print(order: PrintOrder, *, random: Random | None = None) -> str:
    """The id of the print job.  Records PrintJobChanged.  Raises NotFound (box, template, printer)."""
    async with transaction():
        box = await _box(order.box)
        template = await current(order.template)
        device = order.device or await _printer(order.box, template.kind)
        job = str(uuid7(_Now(), random or system_random()))
        expires = None if order.expires_at is None else in_utc(order.expires_at)
        is_new = await execute(
            "INSERT INTO print_job (id, box, device, template, version, data, copies, priority, copy, test, state, step, document, "
            "private, request_key, requested_by, cancel_wanted, created_at, expires_at, changed_at) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, ?, ?, ?, ?, false, ?, ?, ?) ON CONFLICT (request_key) DO NOTHING",
            *(job, order.box, device, template.name, template.version, msgspec.json.encode(order.data).decode(), order.copies),
            *(
                order.priority,
                order.copy,
                order.test,
                PrintState.REQUESTED.value,
                order.document,
                order.private,
                order.key,
                actor().actor,
                now(),
                expires,
                now(),
            ),
        )
        if not is_new:
            rows = await fetch("SELECT id FROM print_job WHERE request_key = ?", order.key)
            return str(rows[0]["id"])
        event = PrintJobChanged(
            job=job, box=order.box, printer=device, template=template.name, state="requested", document=order.document
        )
        await record(event, subject=job, site=box["site"])
        requests.announce()
        return job


async def cancel_print(job: str) -> None:
    """Ask the box not to print it; a job that it never got ends as cancelled.  Raises NotFound, IllegalTransition."""
    async with transaction():
        row = await _job(job)
        if PrintState(row["state"]) in FINAL:
            raise IllegalTransition(row["state"], "cancel")
        if await execute("UPDATE print_job SET cancel_wanted = true WHERE id = ? AND NOT cancel_wanted", job):
            await send_command(row["box"], "cancel_job", {"job": job}, device=row["device"], lasts=DECISION_TIME)


async def resolve_print(job: str, resolution: Resolution) -> None:
    """Tell the box what a person says about an uncertain job; the same again, until the box did it, is once.

    Raises NotFound, IllegalTransition, AlreadyDecided.
    """
    async with transaction():
        row = await _job(job)
        if row["state"] != PrintState.UNCERTAIN.value:
            raise IllegalTransition(row["state"], "resolve")
        waiting = (await decisions([job]))[job].waiting
        if waiting == resolution.value:
            return
        if waiting is not None:
            raise AlreadyDecided(job, waiting)
        arguments: dict[str, str | int] = {"job": job, "outcome": resolution.value, "person": actor().actor}
        await send_command(row["box"], "resolve_job", arguments, device=row["device"], lasts=DECISION_TIME)


async def send_command(
    box: str, name: str, arguments: Mapping[str, str | int], *, device: str = "_", lasts: timedelta = COMMAND_TIME
) -> str:
    """The id of the command.  Records CommandChanged.  Raises NotFound (box), UnknownCommand, BadArguments, BoxIsRevoked."""
    if name not in COMMANDS:
        raise UnknownCommand(name)
    try:
        read_arguments(name, arguments)
    except wire.BadArguments as error:
        raise BadArguments(str(error)) from error
    async with transaction():
        row = await _box(box)
        command = str(uuid7(_Now(), system_random()))
        await execute(
            "INSERT INTO command (id, box, device, name, args, state, requested_by, created_at, expires_at) "
            "VALUES (?, ?, ?, ?, ?, 'requested', ?, ?, ?)",
            *(command, box, device, name, msgspec.json.encode(arguments).decode(), actor().actor, now(), now() + lasts),
        )
        event = CommandChanged(command=command, box=box, command_name=name, state="requested")
        await record(event, subject=command, site=row["site"])
        requests.announce()
        return command


async def _box(box: str) -> Row:
    rows = await fetch("SELECT id, site, revoked_at FROM box WHERE id = ?", box)
    if not rows:
        raise NotFound("box", box)
    if rows[0]["revoked_at"] is not None:
        raise BoxIsRevoked(box)
    return rows[0]


async def _job(job: str) -> Row:
    rows = await fetch(f"SELECT id, box, device, state FROM print_job WHERE id = ?{for_update()}", job)  # noqa: S608 -- ours
    if not rows:
        raise NotFound("print job", job)
    return rows[0]


async def _printer(box: str, kind: str) -> str:
    """The box's printer for labels or receipts; the first by id if it has several."""
    rows = await fetch("SELECT id FROM device WHERE box = ? AND kind = ? ORDER BY id LIMIT 1", box, f"{kind}_printer")
    if not rows:
        raise NotFound(f"{kind} printer on box", box)
    return str(rows[0]["id"])


class _Now:
    """The database's clock, as `uuid7` wants one."""

    def now(self) -> datetime:
        return now()

    def mono_ms(self) -> int:
        return 0
