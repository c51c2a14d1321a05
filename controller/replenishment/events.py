"""Events of replenishment."""

from __future__ import annotations

from typing import ClassVar

from controller.events import Event


class ReplenishmentRan(Event, frozen=True, kw_only=True):
    """A run of a site is over: how much it proposes, and how many alerts are open."""

    name: ClassVar[str] = "replenishment_ran"
    proposals: int
    alerts: int


class ProposalDecided(Event, frozen=True, kw_only=True):
    """A proposal was changed, dismissed, or made into a purchase order or transfer (`document`)."""

    name: ClassVar[str] = "proposal_decided"
    state: str
    quantity: int
    document: str | None = None
    reason: str | None = None


class ReplenishmentRuleSet(Event, frozen=True, kw_only=True):
    name: ClassVar[str] = "replenishment_rule_set"
    about: str
    changes: dict[str, int | bool | None]
