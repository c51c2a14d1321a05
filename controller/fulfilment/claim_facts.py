"""Claims as boxes tell them: a list in somebody's hands, and out of them.  They commute, see `claims`."""

from __future__ import annotations

from collections.abc import Sequence

from controller.facts import APPLIED, FactIn, Outcome, Rejected
from controller.fulfilment import claims, lists
from controller.fulfilment.claims import Claim, claimer
from controller.fulfilment.facts import no_list
from edge_agent.wire.pick_facts import PickClaimed, PickUnclaimed

TAKEN_CODE = "claimed_by_other"
"""What a box is told whose claim came too late."""


async def apply_pick_claimed(facts: Sequence[FactIn[PickClaimed]]) -> list[Outcome]:
    """The list is theirs, unless somebody else has it: then it is rejected, which tells the box; picks are booked all the same."""
    now = await lists.by_number(fact.data.pick_list for fact in facts)
    outcomes: list[Outcome] = []
    for fact in facts:
        pick_list = now.get(fact.data.pick_list)
        if pick_list is None or pick_list.site != fact.site_id:
            outcomes.append(Rejected("unknown_pick_list", no_list(fact.data.pick_list)))
            continue
        claim = Claim(
            id=fact.id,
            by=claimer(fact.person, fact.box),
            box=fact.box,
            at=fact.occurred_at,
            tote=fact.data.tote,
            takes_over=fact.data.takes_over,
        )
        granted = await claims.grant(pick_list, claim)
        outcomes.append(APPLIED if granted else Rejected(TAKEN_CODE, await claims.lost(pick_list, claim)))
    return outcomes


async def apply_pick_unclaimed(facts: Sequence[FactIn[PickUnclaimed]]) -> list[Outcome]:
    """Whoever had it has it no more.  It may be told before the claim that it ends."""
    now = await lists.by_number(fact.data.pick_list for fact in facts)
    outcomes: list[Outcome] = []
    for fact in facts:
        pick_list = now.get(fact.data.pick_list)
        if pick_list is None or pick_list.site != fact.site_id:
            outcomes.append(Rejected("unknown_pick_list", no_list(fact.data.pick_list)))
            continue
        await claims.give_back(pick_list, fact.data.claim, at=fact.occurred_at, by=claimer(fact.person, fact.box))
        outcomes.append(APPLIED)
    return outcomes
