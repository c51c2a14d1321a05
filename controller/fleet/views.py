"""The fleet as it is shown: what queries return and the API answers."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from msgspec import Struct


class FaultView(Struct, frozen=True, kw_only=True):
    code: str
    message: str


class DeviceView(Struct, frozen=True, kw_only=True):
    """A device as its box last reported it."""

    box: str
    id: str
    kind: str
    model: str
    address: str
    state: str
    faults: list[FaultView]
    since: datetime | None


class AlertView(Struct, frozen=True, kw_only=True):
    box: str
    key: str
    code: str
    message: str
    at: datetime


class BoxView(Struct, frozen=True, kw_only=True):
    """`waiting`: facts on the box that are not here yet, as of `last_seen`."""

    id: str
    site: str
    name: str
    link: str
    since: datetime | None
    last_seen: datetime | None
    waiting: int | None
    oldest_at: datetime | None
    disk_free: int | None
    revoked_at: datetime | None


class FactView(Struct, frozen=True, kw_only=True):
    """A fact as it is stored.  `uncertain_ms` None: nobody knows how far `occurred_at` is off."""

    id: UUID
    box: str
    epoch: UUID
    stream: str
    seq: int
    fact_name: str
    version: int
    site: str
    station: str | None
    device: str | None
    person: str | None
    at: datetime
    occurred_at: datetime
    uncertain_ms: int | None
    received_at: datetime
    replay: bool
    data: dict[str, object]
    outcome: str
    code: str | None
    detail: str | None
    waits_for: str | None


class RejectedView(Struct, frozen=True, kw_only=True):
    """A message that could not become a fact; `payload` has the replacement character where it is not UTF-8."""

    id: str
    topic: str
    payload: str
    code: str
    detail: str
    first_at: datetime
    last_at: datetime
    times: int


class PrintQueueView(Struct, frozen=True, kw_only=True):
    """A printer with jobs that have not come to their end.  `waiting`: not begun; `uncertain`: a person is to look for them.

    `reason`: why nothing comes out, if that is known: what holds the first job, what the printer reports, or `box_offline`.
    """

    box: str
    printer: str
    state: str
    waiting: int
    oldest_at: datetime | None
    uncertain: int
    reason: FaultView | None


class PrintJobView(Struct, frozen=True, kw_only=True):
    """`step` 0: the box has not answered yet.  `device`: the printer asked for; `printer`: the one that holds it or printed it.

    `priority` from 0 (first) to 9: 1 is urgent, 5 the rule, 9 bulk.
    """

    id: str
    box: str
    device: str
    template: str
    version: str
    copies: int
    test: bool
    priority: int
    state: str
    step: int
    proof: str | None
    printer: str | None
    fault: FaultView | None
    document: str | None
    requested_by: str
    cancel_wanted: bool
    created_at: datetime
    expires_at: datetime | None
    changed_at: datetime


class Decision(Struct, frozen=True, kw_only=True):
    """How often people said something about an uncertain print job; `waiting`: what the box has still to do."""

    count: int = 0
    waiting: str | None = None


class CommandView(Struct, frozen=True, kw_only=True):
    """`code`: its one result."""

    id: str
    box: str
    device: str
    command: str
    state: str
    code: str | None
    message: str | None
    requested_by: str
    created_at: datetime
    expires_at: datetime
    done_at: datetime | None
