"""What happens to recalls.  The subject is the recall's number."""

from __future__ import annotations

from typing import ClassVar

from controller.events import Event


class LotRecalled(Event, frozen=True, kw_only=True):
    """A lot is called back everywhere; `sites` had some of it.  The subject is the recall's number, as in what follows."""

    name: ClassVar[str] = "lot_recalled"
    sku: str
    lot: str
    reason: str
    sites: list[str]


class RecallSiteCleared(Event, frozen=True, kw_only=True):
    """Nothing of the lot is outside quarantine at a site any more."""

    name: ClassVar[str] = "recall_site_cleared"
    cleared: str


class RecallEnded(Event, frozen=True, kw_only=True):
    name: ClassVar[str] = "recall_ended"
    reason: str
