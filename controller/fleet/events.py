"""What happened in the fleet."""

from __future__ import annotations

from typing import ClassVar

from controller.events import Event


class FactsTaken(Event, frozen=True, kw_only=True):
    """Facts of a site were committed in one go: how many, by name.  One event per site and transaction, not per scan."""

    name: ClassVar[str] = "facts_taken"
    count: int
    by_name: dict[str, int]


class FactParked(Event, frozen=True, kw_only=True):
    """A fact waits for something that has not arrived."""

    name: ClassVar[str] = "fact_parked"
    box: str
    fact_name: str
    code: str
    waits_for: str


class FactRejected(Event, frozen=True, kw_only=True):
    """A fact was refused for good; it is kept."""

    name: ClassVar[str] = "fact_rejected"
    box: str
    fact_name: str
    code: str
    detail: str


class MessageRejected(Event, frozen=True, kw_only=True):
    """Something that is no fact of a known box came in; it is kept for inspection."""

    name: ClassVar[str] = "message_rejected"
    code: str
    detail: str


class BoxRegistered(Event, frozen=True, kw_only=True):
    name: ClassVar[str] = "box_registered"
    box: str


class BoxCertified(Event, frozen=True, kw_only=True):
    """A box is let in with a certificate."""

    name: ClassVar[str] = "box_certified"
    box: str
    serial: str


class BoxRevoked(Event, frozen=True, kw_only=True):
    """A box, or some of its certificates, were taken back; `is_whole`: nothing of it is taken in any more."""

    name: ClassVar[str] = "box_revoked"
    box: str
    serials: list[str]
    is_whole: bool


class BoxLinkChanged(Event, frozen=True, kw_only=True):
    """A box came online or went offline."""

    name: ClassVar[str] = "box_link_changed"
    box: str
    link: str


class DeviceChanged(Event, frozen=True, kw_only=True):
    """A device's state or faults changed."""

    name: ClassVar[str] = "device_changed"
    box: str
    device: str
    state: str
    faults: list[dict[str, str]]


class AlertRaised(Event, frozen=True, kw_only=True):
    name: ClassVar[str] = "alert_raised"
    box: str
    key: str
    code: str
    message: str


class AlertCleared(Event, frozen=True, kw_only=True):
    name: ClassVar[str] = "alert_cleared"
    box: str
    key: str


class PrintJobChanged(Event, frozen=True, kw_only=True):
    """A print job was requested, born on a box, or took edges there; `document` is what it is for (an order's number)."""

    name: ClassVar[str] = "print_job_changed"
    job: str
    box: str
    printer: str | None
    template: str
    state: str
    proof: str | None = None
    fault: str | None = None
    document: str | None = None


class CommandChanged(Event, frozen=True, kw_only=True):
    """A command was requested, done (`code` is its result), or ran out of time."""

    name: ClassVar[str] = "command_changed"
    command: str
    box: str
    command_name: str
    state: str
    code: str | None = None


class DiagnosticsReceived(Event, frozen=True, kw_only=True):
    """A box sent the bundle that a command asked for."""

    name: ClassVar[str] = "diagnostics_received"
    box: str
    command: str
    size: int


class DiagnosticsFetched(Event, frozen=True, kw_only=True):
    """Somebody took a box's bundle; the event's actor says who."""

    name: ClassVar[str] = "diagnostics_fetched"
    box: str
    command: str


class TwinChanged(Event, frozen=True, kw_only=True):
    """The configuration that a box is to have was changed; `keys`: which, at most 100."""

    name: ClassVar[str] = "twin_changed"
    box: str
    version: int
    keys: list[str]


class TwinReported(Event, frozen=True, kw_only=True):
    """A box told another configuration of itself, or other keys that do not hold."""

    name: ClassVar[str] = "twin_reported"
    box: str
    version: int
    applied_version: int
    errors: list[str]


class DrawerMoved(Event, frozen=True, kw_only=True):
    """A cash drawer opened or closed."""

    name: ClassVar[str] = "drawer_moved"
    box: str
    device: str | None
    open: bool


class ScanWasRefused(Event, frozen=True, kw_only=True):
    """A box could not take a scan in, and told the person so."""

    name: ClassVar[str] = "scan_was_refused"
    box: str
    station: str | None
    code: str
    message: str


class EpochEnded(Event, frozen=True, kw_only=True):
    """A box's outbox was quarantined or its numbers were used twice; it went on with a new one."""

    name: ClassVar[str] = "epoch_ended"
    box: str
    salvaged: int
    reason: str
