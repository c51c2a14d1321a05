"""Counts of the demo's past: one that is settled, what went lost besides, and three that wait for people."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import timedelta

from controller import db
from controller.counts.planning import Plan, classify_site, plan
from controller.counts.review_queries import rows
from controller.counts.reviewing import Verdict, accept
from controller.counts.sessions import session as session_of
from controller.counts.states import SessionKind
from edge_agent.wire.facts import Counted, CountLine
from edge_agent.wire.goods_facts import Adjusted
from tests.shopday.catalogue import ShopSku, shop_skus
from tests.shopday.past import SITE, Past, read

LOST = (
    (74, 0, -2, "damage"), (61, 8, -1, "theft"), (55, 14, -3, "expired"), (47, 3, -2, "theft"), (33, 19, -1, "own_use"),
    (26, 5, -4, "damage"), (15, 11, -2, "expired"), (8, 22, -1, "theft"), (3, 6, -2, "damage"),
)  # fmt: skip
"""Days ago, which article, how many, why."""
REASONS = ("theft", "damage", "misplaced", "theft", "expired", "wrong_scan")


def _lost(days_ago: int, index: int, change: int, reason: str) -> Callable[[Past], Awaitable[None]]:
    async def told(past: Past) -> None:
        sku = past.goods[index]
        past.move(days_ago, 23)
        await past.told(Adjusted(bin=sku.bin, **read(sku), change=change, reason=reason, note="Seen at closing time"))

    return told


LOSSES: Mapping[int, Sequence[Callable[[Past], Awaitable[None]]]] = {each[0]: [_lost(*each)] for each in LOST}


async def counted(past: Past) -> None:
    past.move(32, 8)
    bins = _bins(past, 0, 6)
    no = past.noted["count"] = await plan(Plan(site=SITE, kind=SessionKind.CHOSEN, bins=bins, blind=True))
    past.move(32, 20)
    await _counted(past, no, dict(zip(bins, (0, -2, 1, -3, 0, -1), strict=True)), by="Ana Silva")


async def decided(past: Past) -> None:
    past.move(31, 9)
    no = past.noted["count"]
    found = await session_of(no)
    for place, row in enumerate(await rows(found["id"], limit=50)):
        if row.state == "open":
            await accept(no, row.id, Verdict(reason=REASONS[place % len(REASONS)], seen=row.variance, may_approve=True))


async def sessions(past: Past) -> None:
    """One waits for a decision, one is under way, one is planned."""
    await classify_site(SITE)
    past.ago(hours=9)
    under_review = _bins(past, 8, 16)
    no = await plan(Plan(site=SITE, kind=SessionKind.CHOSEN, bins=under_review, blind=True))
    past.ago(hours=7)
    found = dict(zip(under_review, (-26, 3, -5, 0, 24, -9, 0, -2), strict=True))
    for by, part in (("Ana Silva", under_review[:5]), ("Zhang Min", under_review[5:])):
        await _counted(past, no, {code: found[code] for code in part}, by=by)
    past.ago(hours=3)
    under_way = _bins(past, 18, 22)
    no = await plan(Plan(site=SITE, kind=SessionKind.CHOSEN, bins=under_way, blind=True, counters=2))
    await _counted(past, no, {under_way[0]: -1}, by="Ana Silva")
    past.ago(hours=2, minutes=30)
    await plan(Plan(site=SITE, kind=SessionKind.CLASS, scope="A", most=12))


def _bins(past: Past, first: int, end: int) -> list[str]:
    return list(dict.fromkeys(sku.bin for sku in past.goods))[first:end]


async def _counted(past: Past, no: str, found: Mapping[str, int], *, by: str) -> None:
    """Each bin as the books have it but for its difference, which is in its first article."""
    facts = []
    for code, difference in found.items():
        lines = [
            CountLine(**read(sku), quantity=counted, at=past.clock.at)
            for place, (sku, there) in enumerate((await _there(past, code)).items())
            if (counted := max(0, there + (difference if place == 0 else 0)))
        ]
        facts.append(Counted(bin=code, lines=lines, session=no, began=past.clock.at - timedelta(minutes=6)))
    await past.told(*facts, by=by, station="dock")


async def _there(past: Past, code: str) -> dict[ShopSku, int]:
    known = {past.skus[sku.sku]: sku for sku in shop_skus()}
    found = await db.fetch(
        "SELECT b.sku_id, SUM(b.on_hand) AS there FROM balance b JOIN location l ON l.id = b.location_id "
        "WHERE l.site_id = ? AND l.code = ? GROUP BY b.sku_id HAVING SUM(b.on_hand) > 0 ORDER BY there DESC",
        *(SITE, code),
    )
    return {known[row["sku_id"]]: row["there"] for row in found}
