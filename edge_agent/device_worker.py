"""The thread of one device: open, use, back off, reopen; also when something was plugged in, or this one is gone."""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Protocol

from drivers.errors import DeviceUnavailable, DriverError, Unsupported
from drivers.recording import Ring
from drivers.registry import OpenDevice, find, open_device
from drivers.transports.opening import parse_address
from drivers.udev import Identity, Ports, Seen
from edge_agent.config import DeviceConfig
from edge_agent.device_events import Reporter
from edge_agent.faults import fault
from edge_agent.known_devices import KnownDevices
from edge_agent.liveness import READ_MS, Beats
from edge_agent.wire.messages import Condition

FIRST_WAIT = 1.0
LONGEST_WAIT = 30.0
"""Seconds between two tries to open a device: doubled each time, with jitter (0.5 to 1 of it)."""
STEADY = 10.0
"""A device that was there for as many seconds is tried again soon when it goes."""

_log = logging.getLogger(__name__)


class Use(Protocol):
    """What a thread does with its device, and while it has none."""

    def serve(self, opened: OpenDevice) -> None:
        """Until `report.stop` or `report.gone`.  Raises DriverErrors."""
        ...

    def stay_absent(self, seconds: float, why: str) -> None:
        """Until `report.come`, or for so many seconds."""
        ...

    def look(self) -> None:
        """From the loop: let the thread look up now; `report.stop`, `report.gone` or `report.come` is set."""
        ...

    def end(self) -> None:
        """On the thread, last of all."""
        ...


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What devices are opened with: what stands at an address (None: nobody can say), what is known of each, chance."""

    random: Random
    ports: Ports | None = None
    known: KnownDevices = field(default_factory=KnownDevices)

    beats: Callable[[], Beats | None] = lambda: None
    """Asked when a thread begins: they are there only once the box is."""

    def at(self, address: str) -> Seen | None:
        return None if self.ports is None else self.ports.at(parse_address(address))


class DeviceSwapped(DeviceUnavailable):
    """Another device stands where this one stood; nobody has said yet that it takes over."""

    code = "device_swapped"


class Worker:
    """See the module's docstring.  `thread` runs it; the other methods are the loop's."""

    def __init__(self, config: DeviceConfig, use: Use, report: Reporter, around: Surroundings) -> None:
        self.config = config
        self.thread = threading.Thread(target=self._run, name=f"device[{config.id}]", daemon=True)
        self.ring = Ring()
        self._use = use
        self._report = report
        self._around = around
        self._is_lost = False
        self._is_remote = config.address.startswith("tcp:")
        self._sys_path = ""
        report.on_learned = self._learns

    def stop(self) -> None:
        self._report.stop.set()
        self._report.come.set()
        self._use.look()

    def plugged(self) -> None:
        """Something was plugged in, or a person says that it may be used: try now, if it is waited for."""
        if not self._is_remote:
            self.wake()

    def wake(self) -> None:
        """Try to open it now, if it is not open."""
        self._report.come.set()
        self._use.look()

    def unplugged(self, sys_path: str) -> None:
        if self._sys_path and f"{self._sys_path}/".startswith(f"{sys_path}/"):
            self._report.gone.set()
            self._use.look()

    def options(self) -> Mapping[str, object]:
        """As configured, and over that as a symbol taught, unless the driver does not know that any more."""
        learned = {**self.config.options, **self._around.known.of(self.config.id).learned}
        try:
            find(self.config.model).check_options(learned)
        except Unsupported:
            return self.config.options
        return learned

    def seen(self) -> Identity | None:
        """What stands at its address now, as far as can be said."""
        seen = self._around.at(self.config.address)
        return None if seen is None else seen.identity

    # --- on the thread -------------------------------------------------------------------------------------------------------

    def _run(self) -> None:
        beats = self._around.beats()
        if beats is None:
            self._use_on_and_on()
            return
        beat = beats.loop(self.thread.name, limit_ms=READ_MS, is_vital=False)
        self._report.working = beat.working
        try:
            self._use_on_and_on()
        finally:
            beats.forget(beat)

    def _use_on_and_on(self) -> None:
        wait = FIRST_WAIT
        while not self._report.stop.is_set():
            self._report.come.clear()
            self._report.gone.clear()
            began = time.monotonic()
            why = self._serve()
            self._sys_path = ""
            if self._report.stop.is_set():
                break
            if time.monotonic() - began >= STEADY:
                wait = FIRST_WAIT
            self._use.stay_absent(wait * self._around.random.uniform(0.5, 1.0), why)
            wait = FIRST_WAIT if self._report.come.is_set() else min(wait * 2, LONGEST_WAIT)
        self._use.end()

    def _serve(self) -> str:
        """Open it and use it as long as it is there; why it is not there any more."""
        try:
            with self._report.working(READ_MS):
                found = self._open()
            with contextlib.closing(found) as opened:
                self._found()
                self._use.serve(opened)
        except DeviceSwapped as error:
            return self._lost(Condition.FAULT, error.code, str(error))
        except DeviceUnavailable as error:
            return self._lost(Condition.ABSENT, "absent", str(error))
        except Unsupported as error:
            return self._lost(Condition.FAULT, error.code, str(error))
        except DriverError as error:
            return self._lost(Condition.UNKNOWN, error.code, str(error))
        except Exception:  # noqa: BLE001 -- a broken driver must not stop the other devices
            _log.exception("a driver failed", extra={"device": self.config.id})
            return self._lost(Condition.FAULT, "internal_error", "")
        return ""

    def _open(self) -> OpenDevice:
        self._check()
        opened = open_device(self.config.model, self.config.address, self.options(), self.ring)
        if opened.kind is not self.config.kind:
            opened.close()
            raise Unsupported(f"{self.config.model} is a {opened.kind}, configured as a {self.config.kind}: correct its `kind`")
        try:
            self._sys_path = self._check()  # again: it may have come only after it was asked for
        except BaseException:
            opened.close()
            raise
        return opened

    def _check(self) -> str:
        """The place in sysfs of what stands at the address, "" if nobody can say.  Raises DeviceSwapped."""
        seen = self._around.at(self.config.address)
        if seen is None:
            return ""
        if seen.identity is not None:
            self._check_identity(seen.identity)
        return seen.sys_path

    def _check_identity(self, identity: Identity) -> None:
        """Raises DeviceSwapped."""
        before = self._around.known.sees(self.config.id, identity)
        if before is not None:
            raise DeviceSwapped(
                f"{identity} is plugged in where {before} was. If it replaces that one, say so on the box: "
                f"shelfwire-agent devices confirm {self.config.id}; else plug the old one in again."
            )

    def _learns(self, options: Mapping[str, object]) -> None:
        self._around.known.learns(self.config.id, options)
        self._report.come.set()  # it is opened again at once
        _log.info("a device was taught its options by a symbol", extra={"device": self.config.id, "options": dict(options)})

    def _found(self) -> None:
        if self._is_lost:
            _log.info("device is back", extra={"device": self.config.id})
        self._is_lost = False

    def _lost(self, state: Condition, code: str, message: str) -> str:
        """Logged once, until it is back."""
        told = fault(code, message)
        if not self._is_lost:
            _log.warning("device is lost: %s", told.message, extra={"device": self.config.id})
        self._is_lost = True
        self._report.state(state, [told])
        return told.message
