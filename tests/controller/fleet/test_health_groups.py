"""Which group a box is in: each rule, which of them wins, and that what is unknown is never ok."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from controller.fleet.health_groups import DISK_LEAST, DeviceSign, Group, Signs, group_of, reasons_of, usual_agent
from tests.doubles import NOON

WELL = Signs(
    link="online",
    since=NOON,
    last_seen=NOON,
    waiting=0,
    disk_free=10**10,
    agent="1.2.0",
    certificate_ends=NOON + timedelta(days=300),
)
PAPER = DeviceSign("label-printer", "fault", (("paper_out", "Out of paper."),))
MUTE = DeviceSign("scale", "unknown", (("device_timeout", "no answer"),))
OLD = NOON - timedelta(minutes=6)

RULES = [
    ({}, Group.OK, []),
    ({"is_revoked": True, "devices": (PAPER,)}, Group.RETIRED, ["revoked"]),
    ({"is_known": False, "last_seen": None}, Group.UNCLAIMED, ["never_heard"]),
    ({"devices": (PAPER,)}, Group.ACTION, ["device_fault"]),
    ({"alerts": (("stuck", "…"),)}, Group.ACTION, ["alert"]),
    ({"uncertain": 2}, Group.ACTION, ["prints_uncertain"]),
    ({"disk_free": DISK_LEAST - 1}, Group.ACTION, ["disk_low"]),
    ({"disk_free": DISK_LEAST}, Group.OK, []),
    ({"certificate_ends": NOON}, Group.ACTION, ["certificate_ended"]),
    ({"certificate_ends": NOON + timedelta(days=6)}, Group.ACTION, ["certificate_urgent"]),
    ({"certificate_ends": NOON + timedelta(days=7)}, Group.DEGRADED, ["certificate_soon"]),
    ({"certificate_ends": NOON + timedelta(days=30)}, Group.OK, []),
    ({"certificate_ends": NOON + timedelta(days=20), "alerts": (("certificate_ends", "…"),)}, Group.DEGRADED, ["certificate_soon"]),
    ({"last_seen": NOON - timedelta(seconds=181)}, Group.SILENT, ["silent"]),
    ({"last_seen": NOON - timedelta(seconds=180)}, Group.OK, []),
    ({"last_seen": OLD, "link": "offline"}, Group.SILENT, ["silent", "link_down"]),
    ({"last_seen": OLD, "devices": (PAPER,)}, Group.ACTION, ["device_fault", "silent"]),
    ({"link": "offline"}, Group.DEGRADED, ["link_down"]),
    ({"waiting": 9, "oldest_at": OLD}, Group.DEGRADED, ["backlog"]),
    ({"waiting": 9, "oldest_at": NOON}, Group.OK, []),
    ({"is_clock_wrong": True}, Group.DEGRADED, ["clock_wrong"]),
    ({"devices": (MUTE,)}, Group.DEGRADED, ["device_unknown"]),
    ({"devices": (DeviceSign("scale", "absent"),)}, Group.DEGRADED, ["device_absent"]),
    ({"devices": (DeviceSign("scale", "of a later version"),)}, Group.DEGRADED, ["device_unknown"]),
    ({"waiting": None}, Group.DEGRADED, ["not_told"]),
    ({"agent": "1.1.9"}, Group.DEGRADED, ["version_behind"]),
    ({"agent": "1.3.0"}, Group.OK, []),
    ({"configuration_since": NOON}, Group.UPDATING, ["configuration_new"]),
    ({"configuration_since": NOON - timedelta(minutes=11)}, Group.DEGRADED, ["configuration_late"]),
    ({"configuration_since": NOON, "devices": (MUTE,)}, Group.DEGRADED, ["device_unknown", "configuration_new"]),
]


@pytest.mark.parametrize(("changes", "group", "codes"), RULES)
def test_the_first_rule_that_matches_wins(changes: dict[str, object], group: Group, codes: list[str]) -> None:
    reasons = reasons_of(structs.replace(WELL, **changes), NOON, "1.2.0")
    assert (group_of(reasons), [reason.code for reason in reasons]) == (group, codes)


def test_reasons_come_the_worst_first() -> None:
    order = list(Group)
    signs = structs.replace(WELL, devices=(MUTE, PAPER), last_seen=OLD, link="offline", configuration_since=NOON)
    groups = [reason.group for reason in reasons_of(signs, NOON)]
    assert groups == sorted(groups, key=order.index)


@given(st.sampled_from(["waiting", "disk_free", "last_seen"]), st.booleans())
def test_what_is_unknown_is_never_ok(name: str, is_online: bool) -> None:
    signs = structs.replace(WELL, link="online" if is_online else "offline", **{name: None})
    assert group_of(reasons_of(signs, NOON)) is not Group.OK


def test_the_usual_version_is_what_most_have_and_of_equals_the_newest() -> None:
    assert usual_agent(["1.2.0", "1.2.0", "1.3.0", None]) == "1.2.0"
    assert usual_agent(["1.9.0", "1.10.0"]) == "1.10.0"
    assert usual_agent(["1.0.0-rc1", "1.0.0"]) == "1.0.0"
    assert usual_agent([None]) is None
