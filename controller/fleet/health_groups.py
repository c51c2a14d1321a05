"""Which boxes need somebody: each box's group of health, and why it is in it (UX, section 4).  Pure.

The worst that holds decides: the first rule that matches, in the order of `Group`.  What nobody knows is never counted as ok:
a device without an answer, a box that never told how much waits on it, one that was never heard.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

HEARTBEAT: Final = timedelta(seconds=60)
"""How often a box tells how it is."""
SILENT_AFTER: Final = 3 * HEARTBEAT
BACKLOG_AGE: Final = timedelta(minutes=5)
CONFIGURATION_TIME: Final = timedelta(minutes=10)
"""So long a new configuration may take until it is one that does not arrive."""
CERTIFICATE_URGENT: Final = timedelta(days=7)
CERTIFICATE_SOON: Final = timedelta(days=30)
DISK_LEAST: Final = 500 * 1024 * 1024
"""Bytes: with fewer free ones a day of scans and a bundle of diagnostics may not fit."""
_CERTIFICATE_ALERT: Final = "certificate_ends"
"""Raised 30 days ahead; the certificate's own date says more."""


class Group(StrEnum):
    """The groups, the first that matches wins."""

    RETIRED = "retired"
    UNCLAIMED = "unclaimed"
    ACTION = "action"
    SILENT = "silent"
    DEGRADED = "degraded"
    UPDATING = "updating"
    OK = "ok"


class DeviceSign(Struct, frozen=True):
    """A device that is not simply ready or busy; `faults` are (code, message)."""

    id: str
    state: str
    faults: tuple[tuple[str, str], ...] = ()


class Signs(Struct, frozen=True, kw_only=True):
    """What is known of one box.  `configuration_since`: since when it has not applied what it is to be; None: it has."""

    is_revoked: bool = False
    is_known: bool = True
    link: str = "online"
    since: datetime | None = None
    last_seen: datetime | None = None
    waiting: int | None = None
    oldest_at: datetime | None = None
    disk_free: int | None = None
    agent: str | None = None
    is_clock_wrong: bool = False
    certificate_ends: datetime | None = None
    uncertain: int = 0
    devices: tuple[DeviceSign, ...] = ()
    alerts: tuple[tuple[str, str], ...] = ()
    configuration_since: datetime | None = None


class Reason(Struct, frozen=True, kw_only=True):
    """Why a box is in a group.  `code` has its words and its fix on the page; `about`: the device, the count, the version.

    `fault` and `message`: what the box itself said, in English.
    """

    group: Group
    code: str
    about: str = ""
    fault: str = ""
    message: str = ""
    at: datetime | None = None


def reasons_of(signs: Signs, now: datetime, usual: str | None = None) -> list[Reason]:
    """All that is to be said of a box, the worst first; none for a box that is well.  `usual`: the agent that most boxes have."""
    if signs.is_revoked:
        return [Reason(group=Group.RETIRED, code="revoked")]
    if not signs.is_known:
        return [Reason(group=Group.UNCLAIMED, code="never_heard")]
    return [*_action(signs, now), *_silent(signs, now), *_degraded(signs, now, usual), *_updating(signs, now)]


def group_of(reasons: Iterable[Reason]) -> Group:
    """The group of the first reason; without any, ok."""
    return next((reason.group for reason in reasons), Group.OK)


def usual_agent(versions: Iterable[str | None]) -> str | None:
    """The version that most boxes have; of several, the newest.  A first box with a new one makes no other look old."""
    counted = Counter(version for version in versions if version)
    return max(counted, key=lambda version: (counted[version], _ordered(version)), default=None)


def _action(signs: Signs, now: datetime) -> Iterator[Reason]:
    """What a person has to put right."""
    for device in signs.devices:
        if device.state == "fault":
            for code, message in device.faults or (("", ""),):
                yield Reason(group=Group.ACTION, code="device_fault", about=device.id, fault=code, message=message)
    for code, message in signs.alerts:
        if code != _CERTIFICATE_ALERT:
            yield Reason(group=Group.ACTION, code="alert", fault=code, message=message)
    if signs.uncertain:
        yield Reason(group=Group.ACTION, code="prints_uncertain", about=str(signs.uncertain))
    if signs.disk_free is not None and signs.disk_free < DISK_LEAST:
        yield Reason(group=Group.ACTION, code="disk_low", about=str(signs.disk_free // 1024**2))
    if signs.certificate_ends is not None and signs.certificate_ends <= now:
        yield Reason(group=Group.ACTION, code="certificate_ended", at=signs.certificate_ends)
    elif signs.certificate_ends is not None and signs.certificate_ends < now + CERTIFICATE_URGENT:
        yield Reason(group=Group.ACTION, code="certificate_urgent", at=signs.certificate_ends)


def _silent(signs: Signs, now: datetime) -> Iterator[Reason]:
    if signs.last_seen is None or now - signs.last_seen > SILENT_AFTER:
        yield Reason(group=Group.SILENT, code="silent", at=signs.last_seen)


def _degraded(signs: Signs, now: datetime, usual: str | None) -> Iterator[Reason]:
    """It works, but not as it should; or nobody knows whether it does."""
    if signs.link != "online":
        yield Reason(group=Group.DEGRADED, code="link_down", at=signs.since)
    if signs.waiting and signs.oldest_at is not None and now - signs.oldest_at > BACKLOG_AGE:
        yield Reason(group=Group.DEGRADED, code="backlog", about=str(signs.waiting), at=signs.oldest_at)
    if signs.is_clock_wrong:
        yield Reason(group=Group.DEGRADED, code="clock_wrong")
    for device in signs.devices:
        if device.state != "fault":
            code, message = device.faults[0] if device.faults else ("", "")
            is_gone = device.state == "absent"
            reason = Reason(group=Group.DEGRADED, code="device_absent" if is_gone else "device_unknown", about=device.id)
            yield replace(reason, fault=code, message=message)
    if signs.waiting is None or signs.disk_free is None:
        yield Reason(group=Group.DEGRADED, code="not_told")
    ends = signs.certificate_ends
    if ends is not None and now + CERTIFICATE_URGENT <= ends < now + CERTIFICATE_SOON:
        yield Reason(group=Group.DEGRADED, code="certificate_soon", at=ends)
    if signs.agent and usual and _ordered(signs.agent) < _ordered(usual):
        yield Reason(group=Group.DEGRADED, code="version_behind", about=usual)
    if signs.configuration_since is not None and now - signs.configuration_since > CONFIGURATION_TIME:
        yield Reason(group=Group.DEGRADED, code="configuration_late", at=signs.configuration_since)


def _updating(signs: Signs, now: datetime) -> Iterator[Reason]:
    since = signs.configuration_since
    if since is not None and now - since <= CONFIGURATION_TIME:
        yield Reason(group=Group.UPDATING, code="configuration_new", at=since)


def _ordered(version: str) -> tuple[tuple[int, ...], bool, str]:
    """Versions in their order: by their numbers, and a plain one after its own pre-releases."""
    numbers, _, rest = version.partition("-")
    parts = tuple(int(part) if part.isascii() and part.isdigit() and len(part) < 10 else -1 for part in numbers.split("."))
    return parts, not rest, rest
