"""Two boxes under one identity, as a copied card makes them: they take the connection from each other, again and again.

Each start of an agent begins an epoch of its own and its description names it, so that one box never goes back to an earlier epoch:
descriptions that alternate are those of two.  Kept in memory: while it goes on, it shows again soon.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from controller.database import memory
from controller.db import fetch, now
from controller.fleet.alerts import clear_alert, raise_alert
from edge_agent.wire.messages import Alert

KEY = "ctl-same-id"
RETURNS = 4
"""So many returns to an earlier epoch: what a broker delivers once more, in its order, makes two."""
WITHIN = timedelta(minutes=10)
"""The alert ends when so much time went by without one."""
_EPOCHS = 8


@dataclass(slots=True)
class Seen:
    """The latest epochs of one box, and when it went back to an earlier one."""

    epochs: deque[UUID] = field(default_factory=lambda: deque(maxlen=_EPOCHS))
    returns: deque[datetime] = field(default_factory=lambda: deque(maxlen=RETURNS))

    def hear(self, epoch: UUID, at: datetime) -> bool:
        """Whether it can only be that there are two of this box."""
        if self.epochs and self.epochs[-1] == epoch:
            return False
        if epoch in self.epochs:
            self.epochs.remove(epoch)
            self.returns.append(at)
        self.epochs.append(epoch)
        return len(self.returns) == RETURNS and at - self.returns[0] <= WITHIN


class _Memory(dict[str, Seen]):
    """By box."""


async def hear(box: str, site: str, epoch: UUID) -> None:
    """A box described itself.  Inside the caller's transaction."""
    if memory("clones", _Memory).setdefault(box, Seen()).hear(epoch, now()):
        message = (
            f"Two boxes call themselves {box}, perhaps by a copied card: they take the connection from each other. Switch one off "
            "and enrol it as a box of its own. What both have read is kept and arrives."
        )
        await raise_alert(box, site, KEY, Alert(code="two_boxes", message=message, at=now()))


async def tell_when_over() -> None:
    """Clear the alerts of boxes that have been one for a while.  Inside the caller's transaction."""
    known: Mapping[str, Seen] = memory("clones", _Memory)
    for row in await fetch(
        "SELECT alert.box, alert.at, box.site FROM alert JOIN box ON box.id = alert.box WHERE alert.key = ?", KEY
    ):
        seen = known.get(row["box"])
        last = max([row["at"], *(seen.returns if seen else ())])
        if now() - last > WITHIN:
            await clear_alert(row["box"], row["site"], KEY)
