"""A run of one site as its process knows it, and that it is still its."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from controller import db
from controller.replenishment.plan import DAYS
from controller.replenishment.series import Ints
from controller.replenishment.supply import Rules


class TakenOver(Exception):
    """Another process has this run now."""


@dataclass(slots=True)
class SiteRun:
    """A run of one site.  `day`: its business day; `claim`: by which this process has it."""

    id: int
    site_id: str
    day: int
    claim: str
    rules: Rules = field(default_factory=dict)
    classed: Ints = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    classes: tuple[str, ...] = ()
    days: int = DAYS
    done: int = 0
    proposals: int = 0

    def classes_of(self, skus: Sequence[int]) -> list[str]:
        """What sells nothing is of the last one."""
        if not len(self.classed):
            return ["C"] * len(skus)
        wanted = np.asarray(skus, dtype=np.int64)
        places = np.minimum(np.searchsorted(self.classed, wanted), len(self.classed) - 1)
        is_known = (self.classed[places] == wanted).tolist()
        return [self.classes[place] if known else "C" for place, known in zip(places.tolist(), is_known, strict=True)]


async def check(run: SiteRun) -> None:
    """Still ours, for the rest of this transaction.  Raises TakenOver."""
    if not await db.execute(
        "UPDATE replenishment_run SET told_at = ? WHERE id = ? AND claim = ? AND state = 'running'", db.now(), run.id, run.claim
    ):
        raise TakenOver(run.site_id)
