"""What the pages of the fleet show: boxes by their health, one box tab by tab, one device.  Read only."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from controller import events
from controller.errors import NotFound
from controller.fleet import box_queries, certificates, diagnostics, measured, twin_queries
from controller.fleet import queries as fleet
from controller.fleet.health_groups import Group
from controller.fleet.health_queries import BoxHealth, box_health, fleet_health
from controller.fleet.print_queues import print_queues
from controller.fleet.views import BoxView, CommandView
from controller.http.routing import Actor, PageRequest, Permission
from controller.web import fleet_words
from controller.web.config_text import config_text
from controller.web.shown import MAX_SITES, Ask, account_of, names_of
from edge_agent.wire.commands import COMMANDS

Shown = dict[str, object]
TABS: Final = ("overview", "devices", "queue", "config", "logs", "security")
LATEST: Final = 8
JOBS: Final = 20
LINES: Final = 50
VERSIONS: Final = 20


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the list of boxes is asked for; `group` empty: the first one in which somebody is needed."""

    group: str = ""
    site: str = ""
    q: str = ""


async def fleet_list(request: PageRequest, asked: Wanted, sites: Collection[str] | None) -> Shown:
    """A page of boxes, site after site; the cursor is `site:box`."""
    every = await fleet_health(sites=sites)
    matching = [each for each in every if _matches(each.box, asked)]
    counts = Counter(each.group.value for each in matching)
    opened = asked.group if asked.group in {*Group, "all"} else ("action" if counts["action"] and not asked.q else "all")
    rows = [each for each in matching if opened in ("all", each.group)]
    page = [each for each in rows if not request.after or (each.box.site, each.box.id) > _cursor(request.after)][: request.limit]
    has_more = len(page) == request.limit
    page = page[: request.limit - 1] if has_more else page
    return {
        "rows": page,
        "next": f"{page[-1].box.site}:{page[-1].box.id}" if has_more else None,
        "groups": [(name, counts[name]) for name in fleet_words.GROUPS],
        "group": opened,
        "total": len(matching),
        "any": bool(every),
        "sites": sorted({each.box.site for each in every})[:MAX_SITES],
    }


def _matches(box: BoxView, asked: Wanted) -> bool:
    wanted = asked.q.casefold()
    return (not asked.site or box.site == asked.site) and (not wanted or wanted in f"{box.id}\n{box.name}\n{box.site}".casefold())


def _cursor(after: str) -> tuple[str, str]:
    site, _, box = after.partition(":")
    return site, box


async def box_page(box_id: str, tab: str, who: Actor, request: PageRequest, before: int = 0) -> Shown:
    """`before`: an event's id, only older ones are shown; 0: the newest.  Raises NotFound."""
    health = await box_health(box_id, sites=who.sites)
    values: Shown = {"health": health, "box": health.box, "tab": tab, "tabs": TABS}
    match tab:
        case "overview":
            return values | await _overview(health)
        case "devices":
            return values | {"devices": [device for _, device in await fleet.devices(box_id=box_id, limit=box_queries.MANY)]}
        case "queue":
            return values | await _queue(health.box, who)
        case "logs":
            return values | await _logs(box_id, request, before)
        case "security":
            return values | {"certificates": await certificates.certificates(box_id)}
        case _:
            return values | await config(box_id)


async def _overview(health: BoxHealth) -> Shown:
    box_id = health.box.id
    held = [each for each in await certificates.certificates(box_id) if each.revoked_at is None]
    points = await measured.history(box_id)
    return {
        "identity": await box_queries.identity(box_id),
        "telemetry": await _telemetry(box_id),
        "parked": await fleet.facts(outcome="parked", box_id=box_id, limit=LINES),
        "certificate": max(held, key=lambda each: each.not_after, default=None),
        "points": points,
        "strip": strip([point.at for point in points], [point.waiting for point in points]),
        **await told_commands(await box_queries.commands_of(box_id, limit=LATEST)),
    }


async def _telemetry(box_id: str) -> measured.TelemetryView | None:
    try:
        return await measured.telemetry(box_id)
    except NotFound:
        return None


def strip(instants: Sequence[datetime], waiting: Sequence[int]) -> list[tuple[datetime, bool]]:
    """The last points as a strip of (when, whether nothing waited)."""
    return list(zip(instants, (count == 0 for count in waiting), strict=True))[-288:]


async def _queue(box: BoxView, who: Actor) -> Shown:
    if not who.may_at(Permission.PRINTS_READ, box.site):
        return {"queues": [], "prints": [], "asks": [], "sees_prints": False}
    queues = [queue for queue in await print_queues(after=f"{box.id}/", limit=JOBS, sites=[box.site]) if queue.box == box.id]
    prints = await fleet.print_jobs(box_id=box.id, limit=JOBS)
    doubtful = await fleet.print_jobs(box_id=box.id, state="uncertain", limit=JOBS)
    said = await fleet.decisions([job.id for job in doubtful])
    asks = [Ask(job, said[job.id]) for job in doubtful]
    return {"queues": queues, "prints": prints, "asks": asks, "sees_prints": True, "back": f"/fleet/boxes/{box.id}/queue"}


async def _logs(box_id: str, request: PageRequest, before: int) -> Shown:
    found = await events.happened_to(box_id, LINES + 1, before)
    lines = await measured.log_lines(box_id, before=request.number() or None, limit=LINES + 1)
    newest = found[:LINES]
    return {
        "history": newest,
        "is_older": bool(before),
        "older": newest[-1].id if len(found) > LINES else 0,
        "names": await names_of(account_of(event.actor) for event in newest),
        "lines": lines[:LINES],
        "next": lines[LINES - 1].no if len(lines) > LINES else None,
        "bundles": await diagnostics.bundles(box_id, limit=LATEST),
        "collecting": [each for each in await box_queries.commands_of(box_id, limit=JOBS) if each.command == "collect_diagnostics"][
            :3
        ],
    }


async def config(box_id: str) -> Shown:
    """The configuration as it is to be, as it is, and its versions."""
    twin = await twin_queries.twin_view(box_id)
    versions = await twin_queries.twin_versions(box_id, limit=VERSIONS)
    document = twin.document if twin.document is not None else (twin.reported.document if twin.reported else {})
    people = [account_of(each.changed_by) for each in versions] + [account_of(twin.changed_by or "")]
    return {"twin": twin, "versions": versions, "text": config_text(document), "names": await names_of(people)}


async def device_page(box_id: str, device_id: str, who: Actor) -> Shown:
    """Raises NotFound."""
    found = await box_queries.device(box_id, device_id, sites=who.sites)
    box = await fleet.box(box_id)
    twin = await twin_queries.twin_view(box_id)
    document = twin.reported.document if twin.reported else twin.document or {}
    statistics = (await measured.statistics([box_id])).get(box_id, {}).get(device_id, {})
    sees_prints = "printer" in found.kind and who.may_at(Permission.PRINTS_READ, box.site)
    return {
        "device": found,
        "box": box,
        "options": _options(document, device_id),
        "stations": _stations(document, device_id),
        "statistics": statistics,
        "prints": await box_queries.jobs_of(box_id, device_id, limit=LATEST) if sees_prints else None,
        "back": f"/fleet/devices/{box_id}/{device_id}",
        **await told_commands(await box_queries.commands_of(box_id, device_id=device_id, limit=LATEST)),
    }


def _entries(document: dict[str, object], table: str) -> list[dict[str, object]]:
    entries = document.get(table)
    return [each for each in entries if isinstance(each, dict)] if isinstance(entries, list) else []


def _options(document: dict[str, object], device_id: str) -> dict[str, object]:
    entry = next((each for each in _entries(document, "device") if each.get("id") == device_id), {})
    options = entry.get("options")
    return options if isinstance(options, dict) else {}


def _stations(document: dict[str, object], device_id: str) -> list[str]:
    """The stations that name the device."""
    return [
        str(each.get("id"))
        for each in _entries(document, "station")
        if any(value == device_id or (isinstance(value, list) and device_id in value) for key, value in each.items() if key != "id")
    ]


async def told_commands(rows: Sequence[CommandView]) -> Shown:
    """Commands with what became of them, in a word of `fleet_words.COMMAND_STATE`."""
    told = [(row, outcome(row)) for row in rows]
    return {"commands": told, "names": await names_of(account_of(row.requested_by) for row in rows), "known_commands": COMMANDS}


def outcome(command: CommandView) -> str:
    """`waiting`, `ok`, `expired` or `refused`."""
    if command.state == "requested":
        return "waiting"
    return command.code if command.code in ("ok", "expired") else "refused"
