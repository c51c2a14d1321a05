"""What the pages of counts show."""

from __future__ import annotations

from collections.abc import Iterable

from controller import db
from controller.counts import planning, queries, review_queries, reviewing
from controller.counts.queries import Session
from controller.counts.review_queries import Row
from controller.counts.states import SessionState
from controller.http.routing import BadParameter, PageRequest, number, page
from controller.sites.queries import site as site_of
from controller.web.shown import account_of, names_of

_SHOWN_DUE = 20
_SHOWN_SCANS = 50


async def plans(site: str) -> dict[str, object]:
    """What could be counted at a site: what is due by class, what is suspected, its zones."""
    now = db.now()
    due = await planning.due_bins(site)
    late = [each for each in due if each.due is not None and each.due <= now]
    return {
        "due": late[:_SHOWN_DUE],
        "due_of": {abc: sum(each.abc == abc for each in late) for abc in ("A", "B", "C")},
        "coming": next((each.due for each in due if each.due is not None and each.due > now), None),
        "suspects": (await planning.suspects(site))[:_SHOWN_DUE],
        "zones": sorted({each.zone for each in due if each.zone}),
    }


async def one(found: Session, wanted: PageRequest) -> dict[str, object]:
    """A session, its bins and who counts them."""
    rows = await queries.bins(found.id, after=wanted.number(), limit=wanted.limit)
    shown = page(rows, wanted, key=lambda row: row.id)
    people = {person for row in shown.items for person in row.people}
    return {
        "session": found,
        "bins": shown.items,
        "next": shown.next,
        "names": await names_of([*people, account_of(found.created_by), account_of(found.closed_by or "")]),
        "uncounted": found.bins - found.counted,
    }


async def review(found: Session, wanted: PageRequest, state: str, *, may_approve: bool) -> dict[str, object]:
    """What differed, by value; what nobody could read; who counted.  Raises BadParameter."""
    if state not in ("differences", "waiting", "all", "accepted", "rejected", "undone"):
        raise BadParameter("state", "differences, waiting, all, accepted, rejected or undone")
    rows = await review_queries.rows(found.id, after=cursor(wanted.after), limit=wanted.limit, state=state)
    shown = page(rows, wanted, key=lambda row: f"{row.weight}-{row.id}")
    parts = await review_queries.parts(found.id, limit=_SHOWN_SCANS)
    decided = [account_of(row.decided_by) for row in shown.items if row.decided_by]
    return {
        "session": found,
        "currency": (await site_of(found.site)).currency,
        "net_minor": await review_queries.net_value(found.id),
        "rows": shown.items,
        "next": shown.next,
        "state": state,
        "parts": parts,
        "unmatched": await review_queries.unmatched(found.id, limit=_SHOWN_SCANS),
        "recounts": await queries.bins(found.id, limit=_SHOWN_SCANS, to_recount=True),
        "acceptable": await _acceptable(found, may_approve=may_approve),
        "names": await _names(parts, decided),
        "decides": found.state in (SessionState.REVIEW, SessionState.BOOKED, SessionState.REJECTED),
    }


async def _acceptable(found: Session, *, may_approve: bool) -> int:
    return await reviewing.acceptable(found.no, may_approve=may_approve) if found.state is SessionState.REVIEW else 0


async def _names(parts: Iterable[review_queries.Part], others: Iterable[str | None]) -> dict[str, str]:
    return await names_of([*(part.person for part in parts), *others])


def cursor(after: str | None) -> tuple[int, int] | None:
    """Weight and id of the last row shown.  Raises BadParameter."""
    if after is None:
        return None
    weight, _, row = after.partition("-")
    return number(weight, "after"), number(row, "after")


async def evidence(found: Session, row_id: int) -> dict[str, object]:
    """One difference: the scans behind it, and what moved."""
    row: Row = await review_queries.row(found.no, row_id)
    scans, moved = await review_queries.evidence(row), await review_queries.movements(row)
    people = [*(scan.person for scan in scans), *(account_of(each.person or "") or each.person for each in moved)]
    return {
        "session": found,
        "currency": (await site_of(found.site)).currency,
        "row": row,
        "scans": scans,
        "movements": moved,
        "names": await names_of([*people, account_of(row.decided_by or "")]),
        "decides": found.state in (SessionState.REVIEW, SessionState.BOOKED, SessionState.REJECTED),
    }
