"""The open documents of the site, as lists of pages need them: asked of the replica when it changed, and not before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from edge_agent.replica_parts import DOCUMENTS
from edge_agent.replica_pull import ReplicaKeeper
from edge_agent.wire.open_work import Head


class OpenDocuments:
    """`now` gives them by part."""

    def __init__(self, keeper: ReplicaKeeper) -> None:
        self._keeper = keeper
        self._heads: dict[str, Sequence[Head]] = {}
        self._as_of: dict[str, int] = {}

    async def now(self) -> Mapping[str, Sequence[Head]]:
        for part in DOCUMENTS:
            changes = self._keeper.changes(part)
            if changes != self._as_of.get(part):
                self._heads[part] = await self._keeper.heads(part)
                self._as_of[part] = changes
        return self._heads
