"""What who counts must not see: the stock of bins that a blind session still waits for."""

from __future__ import annotations

from collections.abc import Mapping

from controller import db
from controller.errors import Conflict
from controller.http.routing import Actor, Permission


class BinIsBlind(Conflict):
    """Its stock is shown once it is counted, and before to who reviews counts."""

    code = "bin_is_blind"

    def __init__(self, bin_code: str) -> None:
        super().__init__(f"bin {bin_code} waits for a blind count: what it should hold is shown when it is counted")
        self.bin = bin_code


async def hidden_from(actor: Actor, site: str) -> Mapping[int, str]:
    """Bins whose stock this actor must not see; none for who may review the site's counts."""
    return {} if actor.may_at(Permission.COUNTS_REVIEW, site) else await bins_kept_blind(site)


async def require_shown(actor: Actor, site: str, bin_code: str) -> None:
    """Raises BinIsBlind."""
    if bin_code in (await hidden_from(actor, site)).values():
        raise BinIsBlind(bin_code)


async def bins_kept_blind(site: str) -> Mapping[int, str]:
    """Bins of open blind sessions that are not counted yet, or are to be counted again: codes by location."""
    rows = await db.fetch(
        "SELECT DISTINCT b.location_id, b.code FROM count_bin b JOIN count_session s ON s.id = b.session_id "
        "WHERE s.site = ? AND s.blind AND s.state IN ('planned', 'open', 'review') AND b.done_at IS NULL",
        site,
    )
    return {row["location_id"]: row["code"] for row in rows}
