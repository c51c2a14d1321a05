"""The commands to a box and their arguments: one class each, checked before a command is sent and before it is done.

>>> read_arguments("log_level", {"level": "DEBUG", "minutes": 5})
LogLevel(level='DEBUG', minutes=5)
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Final, Literal
from uuid import UUID

import msgspec
from msgspec import Meta, Struct

from edge_agent.wire.errors import BadArguments, UnknownCommand
from edge_agent.wire.messages import Rank, Stream, Text, TopicId

Filled = Annotated[str, Meta(min_length=1, max_length=512)]
Level = Literal["DEBUG", "INFO", "WARNING", "ERROR"]


class Identify(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Every station says who it is, by light, sound and words."""


class Rebirth(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All that the box keeps at the broker is published again."""


class Flush(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What waits for the controller is sent now, not at its next turn."""


class Resend(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename={"start": "from"}):
    """What the controller had acked of a stream is sent again: all that the box still has, or of one epoch from a number on."""

    stream: Stream
    epoch: UUID | None = None
    start: Annotated[int, Meta(ge=0, le=2**53)] = 1


class TestPrint(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A test page past the queue; with `template` and its `version`: that one, as a print job with the command's id."""

    printer: TopicId
    template: Filled | None = None
    version: Filled | None = None


class RestartDevice(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Close a device and open it again; a printer ends its job before."""

    device: TopicId


class LogLevel(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Write the log at another level, for so many minutes; then it is as configured again."""

    level: Level
    minutes: Annotated[int, Meta(ge=1, le=24 * 60)] = 15


class ResetStatistics(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The statistics of a device begin anew: all, or the one of this name."""

    device: TopicId
    name: Annotated[str, Meta(pattern=r"^((M_)?[A-Z][A-Za-z0-9]{0,59})?$")] = ""


class CollectDiagnostics(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What tells how the box is, with secrets masked, in one file that the box sends to the controller."""


class CancelJob(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A print job that has not begun is not printed."""

    job: Filled
    person: Text = ""


class ResolveJob(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a person says about an uncertain print job."""

    job: Filled
    outcome: Literal["printed", "again"]
    person: Text = ""


class MoveJob(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A queued print job goes to another printer of its box, and stays there."""

    job: Filled
    printer: TopicId
    person: Text = ""


class PrioritiseJob(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A queued print job gets another rank."""

    job: Filled
    priority: Rank
    person: Text = ""


Arguments = (
    Identify
    | Rebirth
    | Flush
    | Resend
    | TestPrint
    | RestartDevice
    | LogLevel
    | ResetStatistics
    | CollectDiagnostics
    | CancelJob
    | ResolveJob
    | MoveJob
    | PrioritiseJob
)

COMMANDS: Final[Mapping[str, type[Arguments]]] = {
    "identify": Identify,
    "rebirth": Rebirth,
    "flush": Flush,
    "resend": Resend,
    "test_print": TestPrint,
    "restart_device": RestartDevice,
    "log_level": LogLevel,
    "reset_statistics": ResetStatistics,
    "collect_diagnostics": CollectDiagnostics,
    "cancel_job": CancelJob,
    "resolve_job": ResolveJob,
    "move_job": MoveJob,
    "prioritise_job": PrioritiseJob,
}


def read_arguments(name: str, args: Mapping[str, str | int]) -> Arguments:
    """Raises UnknownCommand, BadArguments: what is wrong, and what the command takes."""
    kind = COMMANDS.get(name)
    if kind is None:
        raise UnknownCommand(f"there is no command {name!r}; there are {', '.join(sorted(COMMANDS))}")
    try:
        return msgspec.convert(dict(args), kind)
    except msgspec.ValidationError as error:
        raise BadArguments(f"{name}: {error}; {_takes(kind)}") from error


def _takes(kind: type[Arguments]) -> str:
    """The arguments by name, optional ones in brackets."""
    fields = msgspec.structs.fields(kind)
    if not fields:
        return "it takes no arguments"
    return "it takes " + ", ".join(one.encode_name if one.required else f"[{one.encode_name}]" for one in fields)
