"""Commands to a box: each done at most once, before it expires, with one result.

The request is on disk before it is acknowledged; a repeated id gets its stored result.  What was begun when the box stopped is not
begun again: its result says `interrupted`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from sqlite3 import Connection
from uuid import UUID

from edge_agent.disk import Disk
from edge_agent.errors import AgentError
from edge_agent.facts import FactsDb
from edge_agent.inbox import Arrival, Inbox, Kind, Request
from edge_agent.outbox import Outbox
from edge_agent.seams import Clock
from edge_agent.wire.codec import decode
from edge_agent.wire.errors import WireError
from edge_agent.wire.facts import CommandDone, FactDraft
from edge_agent.wire.messages import CommandRequest, Stream

Arguments = Mapping[str, str | int]
Effect = Callable[[str, Arguments], Awaitable[None]]
"""Does one command, given its id and arguments.  Raises AgentError, BadArguments."""


class BadArguments(AgentError):
    code = "bad_arguments"


@dataclass(frozen=True, slots=True)
class Outcome:
    code: str
    message: str | None = None


class Commands:
    """See the module's docstring.  `effects` by command name."""

    def __init__(self, stores: tuple[FactsDb, Outbox, Inbox], disk: Disk, clock: Clock, effects: Mapping[str, Effect]) -> None:
        self._facts, self._outbox, self._inbox = stores
        self._disk = disk
        self._clock = clock
        self._effects = effects

    async def recover(self) -> None:
        """After a start: what was open ends as `interrupted`."""
        for request in await self._disk.run(lambda: self._inbox.open_requests(Kind.COMMAND)):
            await self._finish(request, Outcome("interrupted", "The box stopped while it did this; look whether it was done."))

    async def take(self, request: Request, acknowledge: Callable[[], None]) -> Arrival:
        """FINISHED: its stored result waits in the outbox again.  Raises OutboxFull (not stored, not acknowledged)."""
        try:
            command = decode(CommandRequest, request.request)
        except WireError as error:
            command, outcome = None, Outcome(error.code, str(error)[:512])
        arrival = await self._disk.run(lambda: self._inbox.accept(request, command.expires_at if command else None))
        acknowledge()
        if arrival is Arrival.FINISHED:
            await self._disk.run(lambda: self._inbox.send_result_again(Kind.COMMAND, request.id))
        if arrival is not Arrival.NEW:
            return arrival
        if command is not None:
            outcome = await self._do(request.id, command)
        await self._finish(request, outcome)
        return arrival

    async def _do(self, command_id: str, command: CommandRequest) -> Outcome:
        if command.expires_at <= self._clock.now():
            return Outcome("expired")
        effect = self._effects.get(command.name)
        if effect is None:
            return Outcome("unknown_command", f"this agent knows: {', '.join(sorted(self._effects))}")
        try:
            await effect(command_id, command.args)
        except AgentError as error:
            return Outcome(error.code, str(error)[:512])
        return Outcome("ok")

    async def _finish(self, request: Request, outcome: Outcome) -> None:
        done = CommandDone(command=request.id, code=outcome.code, message=outcome.message)

        def work(_: Connection) -> None:
            (envelope,) = self._outbox.append([FactDraft(data=done, stream=Stream.RESULT, device=request.device)])
            self._inbox.finish(Kind.COMMAND, request.id, str(envelope.id))

        await self._disk.run(lambda: self._facts.write(work))


def text(args: Arguments, key: str) -> str:
    """Raises BadArguments."""
    value = args.get(key)
    if not isinstance(value, str) or not value:
        raise BadArguments(f"argument {key!r} must be a text")
    return value


def number(args: Arguments, key: str) -> int:
    """Raises BadArguments."""
    value = args.get(key)
    if not isinstance(value, int) or value < 0:
        raise BadArguments(f"argument {key!r} must be a whole number")
    return value


def identifier(args: Arguments, key: str) -> UUID:
    """Raises BadArguments."""
    try:
        return UUID(text(args, key))
    except ValueError:
        raise BadArguments(f"argument {key!r} must be a UUID") from None
