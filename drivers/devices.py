"""What a device is to its user.  Named by UnifiedPOS where it has the device (it has no label printer).

A driver is synchronous and used by one thread.  It is given an open `Transport`; opening, reopening and closing are its user's.
Every wait is bounded (1 s or less).  All methods raise only `DriverError`s.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import Protocol, runtime_checkable

from drivers.documents.model import Label, Receipt


class Transport(Protocol):
    """A byte pipe.  Raises DeviceUnavailable when the other end is gone, DeviceTimeout where said."""

    def write(self, data: bytes) -> None:
        """All of it, or an error.  Raises DeviceTimeout when the device takes no more for 1 s."""
        ...

    def read(self, size: int, timeout: float) -> bytes:
        """1 to `size` bytes as soon as there are any; b"" after `timeout` seconds of silence."""
        ...

    def read_until(self, terminator: bytes, timeout: float, limit: int = 4096) -> bytes:
        """Up to and with `terminator`.  Raises DeviceTimeout (what was read is dropped), ProtocolViolation past `limit` bytes."""
        ...

    def discard_input(self) -> None:
        """Forget what came in and was not read (a late answer to an old question)."""
        ...

    def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class KeyEvent:
    """One event of an input device, numbered as in Linux' ``input-event-codes.h`` (EV_KEY 1: value 0 up, 1 down, 2 repeat)."""

    type: int
    code: int
    value: int


class KeySource(Protocol):
    """A grabbed keyboard-like input device; nobody else sees its keys."""

    def read_events(self, timeout: float) -> Sequence[KeyEvent]:
        """What happened, in order; empty after `timeout` seconds of silence.  Raises DeviceUnavailable when it is gone."""
        ...

    def is_caps_lock_on(self) -> bool:
        """The CapsLock lamp, from which a decoder starts and starts again.  Raises DeviceUnavailable when it is gone."""
        ...

    def held_keys(self) -> frozenset[int]:
        """The codes of the keys that are down now.  Raises DeviceUnavailable when it is gone."""
        ...

    def close(self) -> None: ...


class ReportSource(Protocol):
    """A USB HID device that is no keyboard: whole reports, each with its report id as the first byte (0 where it has none).

    Source: USB HID 1.11, sections 5.6 and 6.2.2; Linux ``Documentation/hid/hidraw.rst``.
    """

    @property
    def descriptor(self) -> bytes:
        """The report descriptor, which says where in a report everything is."""
        ...

    def read_report(self, timeout: float) -> bytes:
        """The next input report, id first; b"" after `timeout` seconds of silence.  Raises DeviceUnavailable when it is gone."""
        ...

    def write_report(self, report: bytes) -> None:
        """An output report, id first.  Raises DeviceUnavailable, DeviceTimeout (it does not take it)."""
        ...

    def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Symbol:
    """What a scanner read: the symbol's bytes without AIM prefix, the AIM identifier (``]E0``) if it sent one."""

    data: bytes
    aim: str | None = None


@dataclass(frozen=True, slots=True)
class Weight:
    """Grams, whether they are at rest and in range (`stable`), and the frame they came in; `is_net`: the scale took a tare off."""

    grams: Decimal
    stable: bool
    raw: bytes = b""
    is_net: bool = False

    @property
    def is_legal(self) -> bool:
        """Whether it may be booked: stable, more than nothing, with the frame that proves it.  All others are for displays."""
        return self.stable and self.grams > 0 and bool(self.raw)


class Readiness(StrEnum):
    """Three values, never two: no answer is `unknown`, not `ok` and not `fault`."""

    OK = "ok"
    FAULT = "fault"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class PrinterStatus:
    """`faults` stop printing (`paper_out`, `cover_open`, `cutter`, `paused`, `head_hot`, …); `warnings` do not (`paper_low`, …)."""

    readiness: Readiness
    faults: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    drawer_open: bool | None = None
    raw: bytes = b""
    is_one_way: bool = False
    """It is configured as a printer that never answers: jobs are sent unseen, with the proof `written`."""


class PrintProof(StrEnum):
    """What the device told us after the last byte, best first."""

    CONFIRMED = "confirmed"
    STATUS_OK = "status_ok"
    WRITTEN = "written"


@runtime_checkable
class Scanner(Protocol):
    def read_symbol(self, timeout: float) -> Symbol | None:
        """The next symbol, or None after `timeout` seconds.  Raises ProtocolViolation for a read that cannot be trusted."""
        ...


@runtime_checkable
class Signals(Protocol):
    """A device that can tell the person at it by sound or light whether what was read is safe.  Optional."""

    def signal(self, *, good: bool) -> None:
        """Once for each answer; does nothing where it was not configured.  Raises DeviceUnavailable, DeviceTimeout."""
        ...


@runtime_checkable
class Learns(Protocol):
    """A device that can be told by a symbol how it is configured (the calibration barcode).  Optional."""

    def take_learned(self) -> Mapping[str, object] | None:
        """The options that a calibration symbol taught since the last call; None if there was none.  Its user keeps them."""
        ...


class Pace(StrEnum):
    """How a scale wants to be asked."""

    STREAM = "stream"
    """It talks by itself: `read_weight` listens for the next frame, and is called again at once."""
    POLL = "poll"
    """It answers questions; asking costs nothing."""
    ON_DEMAND = "on_demand"
    """It answers questions, but not for nothing (it beeps, or closes a weighing): ask only when somebody wants the weight."""


@runtime_checkable
class Scale(Protocol):
    @property
    def pace(self) -> Pace: ...

    def read_weight(self) -> Weight | None:
        """The weight now; None when the scale says "nothing new".  Raises DeviceFault (motion is no fault: `stable` is False)."""
        ...


@runtime_checkable
class Zeroes(Protocol):
    """A scale whose zero the host can set.  Optional."""

    def zero(self) -> None:
        """Make what lies there the new zero.  Raises DeviceFault (motion, too much on it), DeviceTimeout."""
        ...


@runtime_checkable
class Tares(Protocol):
    """A scale whose tare the host can set.  Optional."""

    def tare(self) -> None:
        """Take what lies there as tare: weights are net from here on.  Raises DeviceFault (motion), DeviceTimeout."""
        ...

    def clear_tare(self) -> None:
        """Weights are gross again.  Raises DeviceFault, DeviceTimeout."""
        ...


@dataclass(frozen=True, slots=True)
class PricedWeight:
    """One weighing of a price computing scale; `unit_price` and `amount` in minor units of the currency, per kilogram."""

    weight: Weight
    unit_price: int
    amount: int


@runtime_checkable
class PriceScale(Protocol):
    """A scale that computes the amount itself, so that weight, unit price and amount belong together.  Optional."""

    def weigh(self, unit_price: int) -> PricedWeight | None:
        """One weighing at `unit_price` (minor units per kilogram); None while it moves, or if nothing moved since the last one.

        The same weighing is never given twice where the protocol forbids it.  Raises DeviceFault, DeviceTimeout.
        """
        ...


@dataclass(frozen=True, slots=True)
class Encoded:
    """A document in a printer's language, ready to be sent, and how many copies of it will come out.

    `again` is sent behind `data` for each copy but the first, by whoever sends it: a hundred copies take no more memory than two.
    """

    data: bytes
    copies: int = 1
    warnings: tuple[str, ...] = field(default=())
    again: bytes = b""


class Printer(Protocol):
    """Common to receipt and label printers.  `send` then `prove`, with the journal's edges between them."""

    def status(self) -> PrinterStatus:
        """Asks the device.  Silence is Readiness.UNKNOWN, never an error.  Raises DeviceUnavailable."""
        ...

    def send(self, encoded: Encoded) -> None:
        """Write all bytes.  Raises DeviceUnavailable, DeviceTimeout (part of it may be out)."""
        ...

    def prove(self, encoded: Encoded, timeout: float) -> PrintProof:
        """After `send`: the best proof that can be had within `timeout`.  Raises DeviceFault (stopped midway), DeviceTimeout."""
        ...


@runtime_checkable
class POSPrinter(Printer, Protocol):
    def encode_receipt(self, receipt: Receipt, *, copy_mark: bool = False) -> Encoded:
        """Pure.  Raises Unsupported (a character no font of ours has)."""
        ...

    def open_drawer(self) -> None: ...


@runtime_checkable
class Announces(Protocol):
    """A printer that tells by itself when something changes: a drawer, its cover, its paper.  Optional."""

    def announced(self) -> PrinterStatus | None:
        """What it told last since it was asked or listened to; None if nothing.  Never waits.  Raises DeviceUnavailable."""
        ...


@runtime_checkable
class Resumes(Protocol):
    """A printer that prints the rest of a job when its fault is gone, and can still prove it then.  Optional."""

    def resume_proof(self, timeout: float) -> PrintProof | None:
        """After `prove` raised DeviceFault: wait on for the answer to the question it asked; None if none comes within `timeout`.

        Nothing is asked again: a printer that was switched off and on would say yes to a job that it has forgotten.  Raises
        DeviceFault (still, or again, stopped), DeviceUnavailable.
        """
        ...


@runtime_checkable
class LineDisplay(Protocol):
    """A customer display: rows of characters, two of 20 as a rule."""

    @property
    def size(self) -> tuple[int, int]:
        """Rows, columns."""
        ...

    def show(self, lines: Sequence[str]) -> None:
        """These lines and nothing else, each cut to the display's columns; a character it has not comes out as ``?``.

        Raises DeviceUnavailable, DeviceTimeout.
        """
        ...


@runtime_checkable
class LabelPrinter(Printer, Protocol):
    def encode_label(self, label: Label, *, copies: int = 1, copy_mark: bool = False) -> Encoded:
        """Pure.  Raises Unsupported (too large for the media, a character no font of ours has)."""
        ...
