"""Which history a cursor belongs to: a database that was put back from a copy has not had all that boxes were told of.

Each start of a controller takes a new stamp and notes how far the one before had come.  A cursor names the stamp under which it was
given: what it has seen is in this database's past only if that stamp had come as far here, too.
"""

# ruff: noqa: S608 -- what is put into the texts is ours; values are parameters
from __future__ import annotations

import re
import secrets
from dataclasses import dataclass, field

from controller import db

STAMPS_KEPT = 1000
"""Starts that are remembered; a box that slept through more of them begins anew."""
_NAME = re.compile(r"[a-z_]{1,40}")
_PLACE = re.compile(r"[A-Za-z0-9:-]{1,2000}")


@dataclass(frozen=True, slots=True)
class Cursor:
    """How far a box has come: under which stamp, and its place in each part."""

    stamp: str
    places: dict[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return ".".join([self.stamp, *(f"{name}~{place}" for name, place in self.places.items())])


def parse_cursor(text: str) -> Cursor | None:
    """None for what is no cursor."""
    stamp, *pieces = text.split(".")
    places: dict[str, str] = {}
    for piece in pieces:
        name, _, place = piece.partition("~")
        if not _NAME.fullmatch(name) or not _PLACE.fullmatch(place):
            return None
        places[name] = place
    return Cursor(stamp, places) if stamp and places else None


async def begin_stamp() -> None:
    """At the start of a controller, before it serves boxes."""
    async with db.transaction():
        (row,) = await db.fetch(f"SELECT stamp, version FROM replica_version WHERE id = 1{db.for_update()}")
        if row["stamp"]:
            await db.execute(
                "INSERT INTO replica_past (stamp, version, ended_at) VALUES (?, ?, ?)", row["stamp"], row["version"], db.now()
            )
        await db.execute("UPDATE replica_version SET stamp = ? WHERE id = 1", secrets.token_hex(8))
        await db.execute(
            "DELETE FROM replica_past WHERE stamp NOT IN (SELECT stamp FROM replica_past ORDER BY ended_at DESC LIMIT ?)",
            STAMPS_KEPT,
        )


async def now_under() -> str:
    """The stamp of now."""
    return str((await db.fetch("SELECT stamp FROM replica_version WHERE id = 1"))[0]["stamp"])


async def reached(stamp: str) -> int | None:
    """How far the versions came under a stamp; None: that was not in this database's past."""
    rows = await db.fetch(
        "SELECT version FROM replica_version WHERE id = 1 AND stamp = ? UNION ALL SELECT version FROM replica_past WHERE stamp = ?",
        *(stamp, stamp),
    )
    return int(rows[0]["version"]) if rows else None


async def next_version() -> int:
    """Raise the version by one; the first of a database that no controller was started on takes a stamp, too."""
    (row,) = await db.fetch(
        "UPDATE replica_version SET version = version + 1, stamp = CASE WHEN stamp = '' THEN ? ELSE stamp END "
        "WHERE id = 1 RETURNING version",
        secrets.token_hex(8),
    )
    return int(row["version"])
