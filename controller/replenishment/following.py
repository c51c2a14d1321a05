"""What replenishment follows: a site whose business days begin at other instants has its demand counted by days anew."""

from __future__ import annotations

from controller.events import Recorded
from controller.following import Follower
from controller.replenishment import demand
from controller.sites.events import SiteChanged


async def _take(recorded: Recorded) -> None:
    """Only forgotten here, so that a long ledger is no long transaction: the loop that follows demand takes it in again."""
    if recorded.data["is_clock"]:
        await demand.begin_again()


FOLLOWER = Follower("replenishment", frozenset({SiteChanged.name}), _take)
