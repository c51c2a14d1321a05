"""Open count sessions as boxes may know them: what is to be counted, and for blind ones nothing of what is expected."""

# ruff: noqa: S608 -- what is put into the texts is conditions of ours; values are parameters
from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from controller import db
from controller.counts.numbers import SESSIONS
from controller.counts.states import SessionKind


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenBin:
    """A bin that is to be counted.  `not_by`: people whose count it is a recount of.

    `expected`: base units by SKU code as the ledger has them now, None in a blind session.
    """

    code: str
    round: int
    counted: bool
    not_by: Sequence[str]
    expected: dict[str, int] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenSession:
    """A session that waits for counters, as boxes may know it."""

    id: int
    no: str
    site: str
    kind: SessionKind
    scope: str
    blind: bool
    counters: int
    bins: Sequence[OpenBin]


async def open_sessions(site: str, *, only: Collection[int] | None = None) -> list[OpenSession]:
    """Sessions with bins to count, in order of number; those with a recount among them.  Blind ones come without expectations."""
    which, params = ("", []) if only is None else (f" AND {db.among('s.id')}", [db.listing(sorted(only))])
    found = await db.fetch(
        "SELECT s.* FROM count_session s WHERE s.site = ? AND (s.state IN ('planned', 'open') OR (s.state = 'review' AND EXISTS "
        f"(SELECT 1 FROM count_bin b WHERE b.session_id = s.id AND b.done_at IS NULL AND b.round > 1))){which} ORDER BY s.id",
        *(site, *params),
    )
    by_session: dict[int, list[db.Row]] = defaultdict(list)
    for each in await db.fetch(
        f"SELECT * FROM count_bin WHERE {db.among('session_id')} ORDER BY id", db.listing([row["id"] for row in found])
    ):
        by_session[each["session_id"]].append(each)
    before = await _counted_before([each["id"] for rows_ in by_session.values() for each in rows_ if each["round"] > 1])
    seen = {row["id"] for row in found if not row["blind"]}
    expected = await _expected_now([each["location_id"] for session_id in seen for each in by_session[session_id]])
    return [
        OpenSession(
            id=row["id"],
            no=SESSIONS.number(row["id"]),
            site=row["site"],
            kind=SessionKind(row["kind"]),
            scope=row["scope"],
            blind=bool(row["blind"]),
            counters=row["counters"],
            bins=[
                OpenBin(
                    code=each["code"],
                    round=each["round"],
                    counted=each["parts"] >= row["counters"],
                    not_by=before[each["id"]],
                    expected=None if row["blind"] else expected[each["location_id"]],
                )
                for each in by_session[row["id"]]
            ],
        )
        for row in found
    ]


async def _counted_before(bin_ids: Sequence[int]) -> dict[int, list[str]]:
    found: dict[int, list[str]] = defaultdict(list)
    for row in await db.fetch(
        "SELECT DISTINCT p.bin_id, p.person FROM count_part p JOIN count_bin b ON b.id = p.bin_id AND p.round < b.round "
        f"WHERE {db.among('p.bin_id')} AND p.state = 'counts' AND p.person IS NOT NULL ORDER BY p.bin_id, p.person",
        db.listing(sorted(bin_ids)),
    ):
        found[row["bin_id"]].append(row["person"])
    return found


async def _expected_now(location_ids: Sequence[int]) -> dict[int, dict[str, int]]:
    found: dict[int, dict[str, int]] = defaultdict(dict)
    for row in await db.fetch(
        "SELECT b.location_id, s.code, SUM(b.on_hand) AS there FROM balance b JOIN sku s ON s.id = b.sku_id "
        f"WHERE {db.among('b.location_id')} AND b.on_hand > 0 GROUP BY b.location_id, s.code ORDER BY s.code",
        db.listing(sorted(set(location_ids))),
    ):
        found[row["location_id"]][row["code"]] = int(row["there"])
    return found
