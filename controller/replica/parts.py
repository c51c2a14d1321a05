"""The three ways in which a part of the replica is told.

`Versioned`: many rows with versions (docs/adr/0016); what changed since is told, and what is not at the site any more as gone.
`Whole`: few rows; told all together when they are others than those the box has.
`Listed`: few rows, each of which may be long (documents); the place names each by its id and a digest, and what is another is told.
"""

# ruff: noqa: S608 -- what is put into the texts is names and numbers of ours; values are parameters
from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import msgspec
from msgspec import Struct

from controller import db
from edge_agent.wire.open_work import Document
from edge_agent.wire.replica import ReplicaRows, rows_of

NUMBERED_AT_ONCE = 10_000
"""Rows of a table that get their version for one request: an import of many is numbered by several."""

MOST_LISTED = 100
"""Documents of a part that a box is told of: their places fit into a cursor."""
NOTHING_LISTED = "none"

Id = int | str


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What a page says of a part; `place` is where the box is then.  `more`: there may be more of it."""

    rows: ReplicaRows
    place: str
    more: bool = False


class Part(Protocol):
    @property
    def name(self) -> str:
        """As pages and cursors name it."""
        ...

    async def number(self, site_id: str, version: int | None) -> bool:
        """Give rows that changed the version; None: only look.  True: (more) rows have none yet."""
        ...

    def version_of(self, place: str | None) -> int | None:
        """The version that a place had come to; None: it is no place of this part."""
        ...

    async def since(self, site_id: str, place: str | None, limit: int) -> Told:
        """What changed since the place; None: from the beginning."""
        ...


@dataclass(frozen=True, slots=True)
class Changed:
    """A row that changed, and what it is at the site now; None: not there any more."""

    version: int
    id: Id
    row: Struct | None


Read = Callable[[str, tuple[int, Id], int], Awaitable[Sequence[Changed]]]
"""A site's rows whose (version, id) is behind the second parameter, in that order, at most so many."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Versioned:
    """`table` has a column `version` that every change sets to NULL.  `is_of_site`: it has a `site_id`, else it is of the chain."""

    name: str
    table: str
    read: Read
    is_of_site: bool = False
    first_id: Id = 0
    """Lower than any; of the ids' own type."""

    async def number(self, site_id: str, version: int | None) -> bool:
        where = "version IS NULL AND site_id = ?" if self.is_of_site else "version IS NULL"
        site = (site_id,) if self.is_of_site else ()
        if version is None:
            return bool(await db.fetch(f"SELECT 1 AS one FROM {self.table} WHERE {where} LIMIT 1", *site))
        chosen = f"FROM {self.table} WHERE {where} ORDER BY id LIMIT {NUMBERED_AT_ONCE}"
        among = f"id IN (SELECT id {chosen})"
        if db.engine() is db.Engine.POSTGRES:
            # Chosen once, found by their places: where the planner takes the table for small, a join chooses anew for every row.
            among = f"ctid = ANY(ARRAY(SELECT ctid {chosen} FOR UPDATE SKIP LOCKED))"
        return await db.execute(f"UPDATE {self.table} SET version = ? WHERE {among}", version, *site) == NUMBERED_AT_ONCE

    def version_of(self, place: str | None) -> int | None:
        found = self._place(place)
        return None if found is None else found[0]

    async def since(self, site_id: str, place: str | None, limit: int) -> Told:
        after = self._place(place) or (0, self.first_id)
        is_anew = place is None
        changed = await self.read(site_id, after, limit)
        rows = [each.row for each in changed if each.row is not None]
        gone = [] if is_anew else [str(each.id) for each in changed if each.row is None]
        version, last = (changed[-1].version, changed[-1].id) if changed else after
        return Told(rows=rows_of(rows, gone=gone, anew=is_anew), place=f"{version}:{last}", more=len(changed) == limit)

    def _place(self, place: str | None) -> tuple[int, Id] | None:
        if place is None:
            return 0, self.first_id
        version, _, last = place.partition(":")
        if not _is_number(version):
            return None
        if isinstance(self.first_id, str):
            return int(version), last
        return (int(version), int(last)) if _is_number(last) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Whole:
    """`read` gives all rows of a site, always in the same order."""

    name: str
    read: Callable[[str], Awaitable[Sequence[Struct]]]

    async def number(self, site_id: str, version: int | None) -> bool:
        del site_id, version
        return False

    def version_of(self, place: str | None) -> int | None:
        del place
        return 0

    async def since(self, site_id: str, place: str | None, limit: int) -> Told:
        del limit
        rows = await self.read(site_id)
        tag = hashlib.sha256(msgspec.json.encode(rows)).hexdigest()[:16]
        return Told(rows=rows_of([] if tag == place else rows, anew=tag != place), place=tag)


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """`read` gives a site's open documents, the most urgent first; the first `MOST_LISTED` are told, and none of the others."""

    name: str
    read: Callable[[str], Awaitable[Sequence[Document]]]

    async def number(self, site_id: str, version: int | None) -> bool:
        del site_id, version
        return False

    def version_of(self, place: str | None) -> int | None:
        del place
        return 0

    async def since(self, site_id: str, place: str | None, limit: int) -> Told:
        del limit
        rows = {str(row.id): row for row in (await self.read(site_id))[:MOST_LISTED]}
        now = {id_: hashlib.sha256(msgspec.json.encode(row)).hexdigest()[:8] for id_, row in rows.items()}
        before = _digests(place)
        changed = [row for id_, row in rows.items() if before is None or before.get(id_) != now[id_]]
        gone = [] if before is None else [id_ for id_ in before if id_ not in now]
        told = "-".join(f"{id_}:{digest}" for id_, digest in sorted(now.items()))
        return Told(rows=rows_of(changed, gone=gone, anew=before is None), place=told or NOTHING_LISTED)


def _digests(place: str | None) -> dict[str, str] | None:
    """What the place says the box has; None: nobody knows."""
    if place is None or place == NOTHING_LISTED:
        return None if place is None else {}
    pairs = [piece.partition(":") for piece in place.split("-")]
    return {id_: digest for id_, _, digest in pairs} if all(_is_number(id_) and digest for id_, _, digest in pairs) else None


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 18
