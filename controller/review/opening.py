"""Terms of clocks and opening hours, as people set them: for a site, or wherever nothing else is said."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, timedelta
from zoneinfo import ZoneInfo

from controller import events
from controller.db import execute, execute_many, fetch, transaction
from controller.errors import NotFound
from controller.review.clocks import TERMS, BadTerm, ClockKind, Counts, Hours, Span, Term, check_spans, check_term
from controller.review.events import ClockTermsChanged
from controller.review.stamps import renew_stamp
from controller.sites.queries import known_sites
from controller.sites.queries import site as site_row

ANYWHERE = ""
MAX_CLOSED = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """What was said of a site; `spans` by weekday (0 is Monday)."""

    spans: Mapping[int, Sequence[Span]]
    closed: Sequence[date]


async def terms_of(site: str | None) -> dict[ClockKind, Term]:
    """The terms that hold at a site (None: at none in particular)."""
    return holding_at(site, {each: await terms_said(each) for each in {ANYWHERE, site or ANYWHERE}})


def holding_at(site: str | None, said: Mapping[str, Mapping[ClockKind, Term]]) -> dict[ClockKind, Term]:
    """Of what was said by site: the site's own, else those of anywhere, else what the product comes with."""
    return {**TERMS, **said.get(ANYWHERE, {}), **said.get(site or ANYWHERE, {})}


async def all_terms() -> dict[str, dict[ClockKind, Term]]:
    """Whatever was said, by site."""
    said: dict[str, dict[ClockKind, Term]] = defaultdict(dict)
    for row in await fetch("SELECT site, kind, seconds, near, counts FROM clock_term"):
        said[row["site"]][ClockKind(row["kind"])] = _term(row)
    return dict(said)


async def terms_said(site: str) -> dict[ClockKind, Term]:
    """Those that were said of just this site, or of anywhere."""
    rows = await fetch("SELECT kind, seconds, near, counts FROM clock_term WHERE site = ? ORDER BY kind", site)
    return {ClockKind(row["kind"]): _term(row) for row in rows}


def _term(row: Mapping[str, int | str]) -> Term:
    return Term(
        length=timedelta(seconds=int(row["seconds"])), near=timedelta(seconds=int(row["near"])), counts=Counts(str(row["counts"]))
    )


async def hours_of(site: str | None, counts: Iterable[Counts] = (Counts.OPENING,)) -> Hours:
    """The opening hours of a site, its own or those of anywhere; read only where they count."""
    if Counts.OPENING not in set(counts):
        return Hours()
    found = await opening_of(site or ANYWHERE)
    if not any(found.spans.values()) and site:
        shared = await opening_of(ANYWHERE)
        found = Opening(spans=shared.spans, closed=[*found.closed, *shared.closed])
    zone = UTC if site is None else ZoneInfo((await site_row(site)).time_zone)
    return Hours(zone=zone, spans=found.spans, closed=frozenset(found.closed))


async def opening_of(site: str) -> Opening:
    spans: dict[int, list[Span]] = defaultdict(list)
    for row in await fetch("SELECT weekday, opens, closes FROM opening_hours WHERE site = ? ORDER BY weekday, opens", site):
        spans[row["weekday"]].append(Span(row["opens"], row["closes"]))
    rows = await fetch("SELECT day FROM closed_day WHERE site = ? ORDER BY day", site)
    return Opening(spans=dict(spans), closed=[_day(row["day"]) for row in rows])


def _day(value: date | str) -> date:
    return date.fromisoformat(value[:10]) if isinstance(value, str) else value


async def set_term(site: str, kind: ClockKind, term: Term | None) -> None:
    """How long it may take at a site (ANYWHERE: wherever nothing else is said) from now on; None: as elsewhere.

    Clocks that run keep their deadlines.  Records ClockTermsChanged.  Raises BadTerm, NotFound.
    """
    if term is not None:
        check_term(term)
    await check_site(site)
    async with transaction():
        if term is None:
            await execute("DELETE FROM clock_term WHERE site = ? AND kind = ?", site, kind.value)
        else:
            await execute(
                "INSERT INTO clock_term (site, kind, seconds, near, counts) VALUES (?, ?, ?, ?, ?) ON CONFLICT (site, kind) "
                "DO UPDATE SET seconds = excluded.seconds, near = excluded.near, counts = excluded.counts",
                *(site, kind.value, int(term.length.total_seconds()), int(term.near.total_seconds()), term.counts.value),
            )
        await renew_stamp()
        await events.record(ClockTermsChanged(at=site), subject=f"clocks:{site}", site=site or None)


async def set_opening(site: str, opening: Opening) -> None:
    """When a site works, from now on.  Records ClockTermsChanged.  Raises BadTerm, NotFound."""
    if any(not 0 <= weekday <= 6 for weekday in opening.spans):
        raise BadTerm("weekdays count from 0, Monday, to 6")
    if len(opening.closed) > MAX_CLOSED:
        raise BadTerm(f"at most {MAX_CLOSED} days on which a site does not open")
    for spans in opening.spans.values():
        check_spans(spans)
    await check_site(site)
    async with transaction():
        await execute("DELETE FROM opening_hours WHERE site = ?", site)
        await execute("DELETE FROM closed_day WHERE site = ?", site)
        await execute_many(
            "INSERT INTO opening_hours (site, weekday, opens, closes) VALUES (?, ?, ?, ?)",
            [
                (site, weekday, span.opens, span.closes)
                for weekday, spans in sorted(opening.spans.items())
                for span in sorted(spans)
            ],
        )
        await execute_many("INSERT INTO closed_day (site, day) VALUES (?, ?)", [(site, day) for day in sorted(set(opening.closed))])
        await renew_stamp()
        await events.record(ClockTermsChanged(at=site), subject=f"clocks:{site}", site=site or None)


async def check_site(site: str) -> None:
    """Raises NotFound."""
    if site != ANYWHERE and site not in await known_sites([site]):
        raise NotFound("site", site)
