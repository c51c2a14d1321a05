"""Commands to a box: each done at most once, before it expires, with one result.

The request is on disk before it is acknowledged; a repeated id gets its stored result.  What was begun when the box stopped is not
begun again: its result says `interrupted`.  What may take its time goes on beside the rest, while `run` does.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from sqlite3 import Connection
from typing import Final

from edge_agent.disk import Disk
from edge_agent.errors import AgentError, OutboxFull
from edge_agent.facts import FactsDb
from edge_agent.inbox import Arrival, Inbox, Kind, Request
from edge_agent.outbox import Outbox
from edge_agent.seams import Clock, failpoint
from edge_agent.wire.codec import decode
from edge_agent.wire.commands import Arguments, read_arguments
from edge_agent.wire.errors import WireError
from edge_agent.wire.facts import CommandDone, FactDraft
from edge_agent.wire.messages import ClockState, CommandRequest, Stream

Effect = Callable[[str, Arguments], Awaitable[str | None]]
"""Does one command, given its id and arguments, and says what there is to say.  Raises AgentError, WireError."""

SLOW: Final = frozenset({"restart_device", "test_print", "move_job", "collect_diagnostics"})
"""They wait for a device: nothing else may wait for them."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Outcome:
    code: str
    message: str | None = None


@dataclass(frozen=True, slots=True)
class _Taken:
    """A command with what is left of its time: `until_ms` by the boot clock, None where the request does not say."""

    request: Request
    command: CommandRequest
    until_ms: int | None


class Commands:
    """See the module's docstring.  `effects` by command name."""

    def __init__(
        self,
        stores: tuple[FactsDb, Outbox, Inbox],
        disk: Disk,
        clock: Clock,
        clock_state: Callable[[], ClockState],
        effects: Mapping[str, Effect],
    ) -> None:
        self._facts, self._outbox, self._inbox = stores
        self._disk = disk
        self._clock = clock
        self._clock_state = clock_state
        self._effects = effects
        self._slow: asyncio.Queue[_Taken] = asyncio.Queue()
        self.watching: Callable[[str], AbstractContextManager[None]] = lambda _: contextlib.nullcontext()
        """Around each that takes its time, by its name."""

    async def recover(self) -> None:
        """After a start: what was open ends as `interrupted`."""
        for request in await self._disk.run(lambda: self._inbox.open_requests(Kind.COMMAND)):
            await self._finish(request, Outcome("interrupted", "The box stopped while it did this; look whether it was done."))

    async def run(self) -> None:
        """Until cancelled: does what may take its time."""
        async with asyncio.TaskGroup() as tasks:
            while True:
                taken = await self._slow.get()
                tasks.create_task(self._do_beside(taken), name=f"command[{taken.command.name}]")

    async def take(self, request: Request, acknowledge: Callable[[], None]) -> Arrival:
        """FINISHED: its stored result waits in the outbox again.  Raises OutboxFull (not stored, not acknowledged)."""
        arrived_ms = self._clock.mono_ms()
        try:
            command = decode(CommandRequest, request.request)
        except WireError as error:
            command, unreadable = None, Outcome(error.code, str(error)[:512])
        arrival = await self._disk.run(lambda: self._inbox.accept(request, command.expires_at if command else None))
        acknowledge()
        if arrival is Arrival.FINISHED:
            await self._disk.run(lambda: self._inbox.send_result_again(Kind.COMMAND, request.id))
        if arrival is not Arrival.NEW:
            return arrival
        if command is None:
            await self._finish(request, unreadable)
            return arrival
        taken = _Taken(request, command, None if command.ttl_ms is None else arrived_ms + command.ttl_ms)
        if command.name in SLOW:
            self._slow.put_nowait(taken)
        else:
            await self._finish_by_doing(taken)
        return arrival

    async def _do_beside(self, taken: _Taken) -> None:
        try:
            with self.watching(f"command {taken.command.name}"):
                await self._finish_by_doing(taken)
        except OutboxFull as full:
            _log.warning("a command's result could not be stored: %s", full, extra={"command": taken.request.id})

    async def _finish_by_doing(self, taken: _Taken) -> None:
        outcome = await self._do(taken)
        failpoint("command.after_effect")
        await self._finish(taken.request, outcome)

    async def _do(self, taken: _Taken) -> Outcome:
        command = taken.command
        if self._is_expired(taken):
            return Outcome("expired")
        effect = self._effects.get(command.name)
        if effect is None:
            return Outcome("unknown_command", f"this agent knows: {', '.join(sorted(self._effects))}")
        _log.info("a command: %s", command.name, extra={"command": taken.request.id, "actor": command.actor})
        try:
            message = await effect(taken.request.id, read_arguments(command.name, command.args))
        except (AgentError, WireError) as error:
            return Outcome(error.code, str(error)[:512])
        except Exception:  # noqa: BLE001 -- a mistake of ours ends the command, not the box
            _log.exception("a command failed", extra={"command": taken.request.id})
            return Outcome("internal_error", "The box made a mistake; it is in its log.")
        return Outcome("ok", message)

    def _is_expired(self, taken: _Taken) -> bool:
        """By boot time since it came; the wall clock counts only while it is known to be right, or where nothing else is said."""
        if taken.until_ms is not None and self._clock.mono_ms() >= taken.until_ms:
            return True
        return (taken.until_ms is None or self._clock_state().synced) and taken.command.expires_at <= self._clock.now()

    async def _finish(self, request: Request, outcome: Outcome) -> None:
        done = CommandDone(command=request.id, code=outcome.code, message=outcome.message)

        def work(_: Connection) -> None:
            (envelope,) = self._outbox.append([FactDraft(data=done, stream=Stream.RESULT, device=request.device)])
            self._inbox.finish(Kind.COMMAND, request.id, str(envelope.id))

        await self._disk.run(lambda: self._facts.write(work))
