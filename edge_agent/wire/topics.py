"""Topics (MQTT 5; fixed positions: site 3, box 4, device 5, family 6).

    >>> str(BoxTopic(site="sh-01", box="b1", device="scanner", family=Family.FACT, name="scan"))
    'shelfwire/1/sh-01/b1/scanner/fact/scan'
    >>> parse("shelfwire/1/sh-01/b1/printer/job/01hx/req").leg
    'req'

Only this module builds or splits topics.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from edge_agent.wire.errors import BadTopic

ROOT = "shelfwire/1"
BOX_ITSELF = "_"
_ID = re.compile(r"[a-z0-9-]{1,40}")
_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
_HOST = "_host"

Leg = Literal["req", "res"]


class Family(StrEnum):
    """Position 6 of a box's topic: what kind of message it carries."""

    STATE = "state"
    DESC = "desc"
    FACT = "fact"
    BATCH = "batch"
    ACK = "ack"
    LIVE = "live"
    JOB = "job"
    CMD = "cmd"
    TWIN = "twin"
    ALERT = "alert"
    TEL = "tel"
    LOG = "log"


# family -> (has a name at position 7, has a leg at position 8); the name is a fact's, a live value's, a job's or command's id, …
_SHAPE: dict[Family, tuple[bool, bool]] = {
    Family.STATE: (False, False),
    Family.DESC: (False, False),
    Family.FACT: (True, False),
    Family.BATCH: (False, False),
    Family.ACK: (False, False),
    Family.LIVE: (True, False),
    Family.JOB: (True, True),
    Family.CMD: (True, True),
    Family.TWIN: (True, False),
    Family.ALERT: (True, False),
    Family.TEL: (False, False),
    Family.LOG: (False, False),
}
RETAINED = frozenset({Family.STATE, Family.DESC, Family.TWIN, Family.ALERT})


@dataclass(frozen=True, slots=True, kw_only=True)
class BoxTopic:
    """A topic below one box.  `device` is `_` for the box itself; `name` and `leg` as the family has them."""

    site: str
    box: str
    device: str = BOX_ITSELF
    family: Family
    name: str | None = None
    leg: Leg | None = None

    def __post_init__(self) -> None:
        for part in (self.site, self.box):
            _check(_ID, part)
        if self.device != BOX_ITSELF:
            _check(_ID, self.device)
        has_name, has_leg = _SHAPE[self.family]
        if has_name != (self.name is not None) or has_leg != (self.leg is not None):
            raise BadTopic(f"family {self.family} with name {self.name!r} and leg {self.leg!r} does not exist")
        if self.name is not None:
            _check(_ID if has_leg or self.family is Family.ALERT else _NAME, self.name)
        if self.leg not in (None, "req", "res"):
            raise BadTopic(f"leg {self.leg!r}, expected 'req' or 'res'")

    def __str__(self) -> str:
        parts = [ROOT, self.site, self.box, self.device, self.family.value, self.name, self.leg]
        return "/".join(part for part in parts if part is not None)


@dataclass(frozen=True, slots=True)
class GatewayTopic:
    """The retained state of a gateway; its will says that it is gone."""

    gateway: str

    def __post_init__(self) -> None:
        _check(_ID, self.gateway)

    def __str__(self) -> str:
        return f"{ROOT}/{_HOST}/{self.gateway}/state"


Topic = BoxTopic | GatewayTopic


def parse(topic: str) -> Topic:
    """Split a topic.  Raises BadTopic."""
    parts = topic.split("/")
    if parts[:2] != ROOT.split("/"):
        raise BadTopic(f"topic {topic[:80]!r} does not begin with {ROOT}/")
    match parts[2:]:
        case ["_host", gateway, "state"]:
            return GatewayTopic(gateway)
        case [site, box, device, family, *rest] if family in _FAMILIES and len(rest) <= 2:
            name, leg = (*rest, None, None)[:2]
            return BoxTopic(site=site, box=box, device=device, family=Family(family), name=name, leg=leg)  # type: ignore[arg-type]  # checked there
    raise BadTopic(f"topic {topic[:80]!r} has no known family at position 6")


_FAMILIES = frozenset(Family)


def box_filters(site: str, box: str) -> list[str]:
    """What a box subscribes to: its own requests, acks and twin, and every gateway's state."""
    own = f"{ROOT}/{site}/{box}"
    return [
        f"{own}/_/ack",
        f"{own}/+/job/+/req",
        f"{own}/+/cmd/+/req",
        f"{own}/_/twin/desired",
        f"{ROOT}/{_HOST}/+/state",
    ]


def gateway_filters(share: str | None = None) -> list[str]:
    """What a gateway subscribes to; facts, batches and results by shared subscription when `share` names a group.

    Retained families are never shared: each gateway needs all of them (MQTT 5, section 4.8.2: no retained messages are sent to a
    shared subscription at subscribe time).
    """
    prefix = f"$share/{share}/" if share else ""
    streams = ["+/fact/+", "_/batch", "+/job/+/res", "+/cmd/+/res"]
    retained = ["+/state", "_/desc", "_/twin/reported", "_/alert/+"]
    live = ["+/live/+", "_/tel", "_/log"]
    return [f"{prefix}{ROOT}/+/+/{tail}" for tail in streams] + [f"{ROOT}/+/+/{tail}" for tail in retained + live]


def _check(pattern: re.Pattern[str], part: str) -> None:
    if not pattern.fullmatch(part):
        raise BadTopic(f"{part[:60]!r} is not a topic id ({pattern.pattern})")
