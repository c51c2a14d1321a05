"""What each command does to a box (`edge_agent.wire.commands` says what they mean)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Protocol, TypeVar

from edge_agent.commands import Effect
from edge_agent.delivery import Delivery
from edge_agent.diagnostics_sending import NoController
from edge_agent.disk import Disk
from edge_agent.errors import AgentError
from edge_agent.outbox import Outbox
from edge_agent.spooler import Resolution, Spooler
from edge_agent.statistics import Statistics
from edge_agent.wire import commands
from edge_agent.wire.commands import Arguments
from edge_agent.wire.messages import JobRequest

T = TypeVar("T")


class NoSuchDevice(AgentError):
    """The command is for a device that this box does not have, or not of that kind."""

    code = "no_such_device"


class DeviceRefused(AgentError):
    """The device could not do it; the message is its own."""

    code = "device_refused"


Collect = Callable[[str], Awaitable[str]]
"""Makes the bundle that a command asked for and sends it; what there is to say.  Raises NoController."""


async def no_bundle(command: str) -> str:
    """A box that cannot make one."""
    raise NoController(f"nothing here makes the bundle of command {command}")


class Hands(Protocol):
    """What commands do to devices."""

    async def restart(self, device: str) -> None:
        """Close it and open it again.  Raises NoSuchDevice."""
        ...

    async def test_paper(self, printer: str) -> str:
        """A test page past the queue; how sure it is that it came out.  Raises NoSuchDevice, DeviceRefused."""
        ...


class NoHands:
    """A box without devices."""

    async def restart(self, device: str) -> None:
        raise NoSuchDevice(f"this box has no device {device!r}")

    async def test_paper(self, printer: str) -> str:
        raise NoSuchDevice(f"this box has no printer {printer!r}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Effects:
    """`identify` and `tell_again` are the box's own; `hands` says who does what to devices."""

    outbox: Outbox
    disk: Disk
    delivery: Delivery
    spooler: Spooler
    identify: Callable[[], None]
    tell_again: Callable[[], None]
    log_for_a_while: Callable[[str, float], None]
    hands: Callable[[], Hands]
    statistics: Statistics
    collect: Callable[[], Collect]

    def by_name(self) -> Mapping[str, Effect]:
        return {
            "identify": self._identify,
            "rebirth": self._rebirth,
            "flush": self._flush,
            "resend": self._resend,
            "cancel_job": self._cancel_job,
            "move_job": self._move_job,
            "prioritise_job": self._prioritise_job,
            "resolve_job": self._resolve_job,
            "test_print": self._test_print,
            "restart_device": self._restart_device,
            "log_level": self._log_level,
            "reset_statistics": self._reset_statistics,
            "collect_diagnostics": self._collect_diagnostics,
        }

    async def _identify(self, _: str, __: Arguments) -> None:
        self.identify()

    async def _rebirth(self, _: str, __: Arguments) -> None:
        self.tell_again()

    async def _flush(self, _: str, __: Arguments) -> str:
        waiting = (await self.disk.run(self.outbox.backlog)).waiting
        self.delivery.look_again()
        return f"{waiting} facts waited for the controller"

    async def _resend(self, _: str, args: Arguments) -> str:
        wanted = _of(args, commands.Resend)
        again = await self.disk.run(lambda: self.outbox.resend(wanted.epoch, wanted.stream, wanted.start))
        self.delivery.look_again()
        return f"{again} facts wait again"

    async def _cancel_job(self, _: str, args: Arguments) -> None:
        wanted = _of(args, commands.CancelJob)
        await self.spooler.cancel(wanted.job, person=wanted.person or None)

    async def _move_job(self, _: str, args: Arguments) -> None:
        wanted = _of(args, commands.MoveJob)
        await self.spooler.move(wanted.job, wanted.printer, person=wanted.person or None)

    async def _prioritise_job(self, _: str, args: Arguments) -> None:
        wanted = _of(args, commands.PrioritiseJob)
        await self.spooler.prioritise(wanted.job, wanted.priority, person=wanted.person or None)

    async def _resolve_job(self, _: str, args: Arguments) -> None:
        wanted = _of(args, commands.ResolveJob)
        await self.spooler.resolve(wanted.job, Resolution(wanted.outcome), person=wanted.person or None)

    async def _test_print(self, command_id: str, args: Arguments) -> str | None:
        """Of a template: a job with the command's id."""
        wanted = _of(args, commands.TestPrint)
        if wanted.template is None or wanted.version is None:
            return await self.hands().test_paper(wanted.printer)
        request = JobRequest(template=wanted.template, version=wanted.version, data={}, test=True)
        await self.spooler.request(command_id, wanted.printer, request)
        return None

    async def _restart_device(self, _: str, args: Arguments) -> None:
        await self.hands().restart(_of(args, commands.RestartDevice).device)

    async def _log_level(self, _: str, args: Arguments) -> str:
        wanted = _of(args, commands.LogLevel)
        self.log_for_a_while(wanted.level, wanted.minutes * 60)
        return f"the log is at {wanted.level} for {wanted.minutes} minutes"

    async def _collect_diagnostics(self, command_id: str, _: Arguments) -> str:
        return await self.collect()(command_id)

    async def _reset_statistics(self, _: str, args: Arguments) -> str:
        wanted = _of(args, commands.ResetStatistics)
        if not self.statistics.has(wanted.device):
            raise NoSuchDevice(f"this box has no device {wanted.device!r}")
        return "begun anew: " + (", ".join(self.statistics.reset(wanted.device, wanted.name)) or "nothing had been counted")


def _of(args: Arguments, kind: type[T]) -> T:
    """The arguments of this very command, as `read_arguments` made them."""
    if not isinstance(args, kind):
        raise TypeError(f"{args!r} are not the arguments of {kind.__name__}")
    return args
