"""The health of boxes: what is known of each, read at once for all, and the group that it is in."""

# ruff: noqa: S608 -- the only texts put into statements are our own names
from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime

import msgspec
from msgspec import Struct

from controller.db import Row, among, fetch, listing, now
from controller.errors import NotFound
from controller.fleet.health_groups import DeviceSign, Group, Reason, Signs, group_of, reasons_of, usual_agent
from controller.fleet.queries import box as box_of
from controller.fleet.views import BoxView, FaultView

_IN_DOUBT = "state NOT IN ('printed', 'failed', 'expired', 'cancelled') AND state = 'uncertain'"
"""Literals, so that the partial index serves it."""


class BoxHealth(Struct, frozen=True, kw_only=True):
    """A box with its group and all the reasons, the worst first.  `agent`: its version, as far as it told one."""

    box: BoxView
    agent: str | None
    group: Group
    reasons: list[Reason]


class _Told(Struct, frozen=True):
    """Of a box's description."""

    agent: str = ""


async def fleet_health(*, sites: Iterable[str] | None = None) -> list[BoxHealth]:
    """All boxes of these sites, in order of site and id."""
    at, scope = ("", []) if sites is None else (f"WHERE {among('site')}", [listing(sorted(sites))])
    return await _healths(await fetch(f"SELECT * FROM box {at} ORDER BY site, id", *scope))


async def box_health(box_id: str, *, sites: Iterable[str] | None = None) -> BoxHealth:
    """Raises NotFound."""
    await box_of(box_id, sites=sites)
    rows = await fetch("SELECT * FROM box WHERE id = ?", box_id)
    found = await _healths(rows, of=[box_id])
    if not found:
        raise NotFound("box", box_id)
    return found[0]


async def _healths(rows: Sequence[Row], *, of: Collection[str] | None = None) -> list[BoxHealth]:
    """`of` None: of them all, which is read whole rather than box by box."""
    agents = {row["id"]: _agent(row["description"]) for row in rows}
    told = agents.values() if of is None else [_agent(row["description"]) for row in await fetch("SELECT description FROM box")]
    usual, at = usual_agent(told), now()
    facts = await _Known.read(of)
    found = []
    for row in rows:
        reasons = reasons_of(facts.signs(row, agents[row["id"]]), at, usual)
        box = msgspec.convert(row, BoxView)
        found.append(BoxHealth(box=box, agent=agents[row["id"]], group=group_of(reasons), reasons=reasons))
    return found


class _Known(Struct, frozen=True):
    """What other tables say, by box."""

    devices: Mapping[str, list[DeviceSign]]
    alerts: Mapping[str, list[tuple[str, str]]]
    uncertain: Mapping[str, int]
    certificates: Mapping[str, datetime]
    configurations: Mapping[str, datetime]
    wrong_clocks: frozenset[str]

    @classmethod
    async def read(cls, of: Collection[str] | None) -> _Known:
        def only(column: str) -> str:
            return "" if of is None else f"AND {among(column)}"

        which = [] if of is None else [listing(sorted(of))]
        devices, alerts = defaultdict[str, list[DeviceSign]](list), defaultdict[str, list[tuple[str, str]]](list)
        for row in await fetch(
            f"SELECT box, id, state, faults FROM device WHERE state NOT IN ('ready', 'busy') {only('box')} ORDER BY box, id", *which
        ):
            faults = tuple((each.code, each.message) for each in msgspec.json.decode(row["faults"], type=list[FaultView]))
            devices[row["box"]].append(DeviceSign(row["id"], row["state"], faults))
        for row in await fetch(f"SELECT box, code, message FROM alert WHERE 1 = 1 {only('box')} ORDER BY box, no", *which):
            alerts[row["box"]].append((row["code"], row["message"]))
        prints = await fetch(f"SELECT box, count(*) AS doubts FROM print_job WHERE {_IN_DOUBT} {only('box')} GROUP BY box", *which)
        held = await fetch(
            f"SELECT box, not_after FROM box_certificate WHERE revoked_at IS NULL {only('box')} ORDER BY not_after", *which
        )
        twins = await fetch(
            "SELECT box, changed_at FROM box_twin WHERE document IS NOT NULL AND coalesce(applied_version, 0) < version "
            f"{only('box')}",
            *which,
        )
        undated = await fetch(
            "SELECT DISTINCT fact.box FROM fact JOIN box ON box.id = fact.box AND box.boot = fact.boot "
            f"WHERE fact.undated {only('fact.box')}",
            *which,
        )
        return cls(
            devices,
            alerts,
            {row["box"]: row["doubts"] for row in prints},
            {row["box"]: row["not_after"] for row in held},
            {row["box"]: row["changed_at"] for row in twins if row["changed_at"] is not None},
            frozenset(row["box"] for row in undated),
        )

    def signs(self, row: Row, agent: str | None) -> Signs:
        box = row["id"]
        return Signs(
            is_revoked=row["revoked_at"] is not None,
            is_known=row["last_seen"] is not None or row["description"] is not None,
            link=row["link"],
            since=row["since"],
            last_seen=row["last_seen"],
            waiting=row["waiting"],
            oldest_at=row["oldest_at"],
            disk_free=row["disk_free"],
            agent=agent,
            is_clock_wrong=box in self.wrong_clocks,
            certificate_ends=self.certificates.get(box),
            uncertain=self.uncertain.get(box, 0),
            devices=tuple(self.devices.get(box, ())),
            alerts=tuple(self.alerts.get(box, ())),
            configuration_since=self.configurations.get(box),
        )


def _agent(description: str | None) -> str | None:
    return None if description is None else msgspec.json.decode(description, type=_Told).agent or None
