"""Open work in the replica's file: a document by a number that was read, whether a code is a bin, and what is open at all."""

from __future__ import annotations

import sqlite3
from typing import Final

import msgspec

from edge_agent.replica_parts import BINS, DOCUMENTS
from edge_agent.stations.model import Known
from edge_agent.wire.open_work import Document, Head

MOST_HEADS: Final = 500
"""Documents of a part that a list goes through."""
_HEADS: Final = msgspec.json.Decoder(Head)
_BY_NUMBER: Final = (
    "SELECT body FROM kept WHERE edition = ? AND part = ? AND handle IN (?, ?) "
    "UNION ALL SELECT body FROM kept WHERE edition = ? AND part = ? AND other = ? LIMIT 1"
)


def around(reader: sqlite3.Connection, edition: int, part: str, number: str | None, place: str | None) -> Known:
    """What there is around a reading; a part that is none has no documents."""
    return Known(
        document=_document(reader, edition, part, number) if number is not None else None,
        is_bin=_is_bin(reader, edition, place) if place is not None else None,
    )


def heads(reader: sqlite3.Connection, edition: int, part: str) -> list[Head]:
    """What is open of a part, by number; without its lines, so that many long ones take little memory."""
    rows = reader.execute(
        "SELECT body FROM kept WHERE edition = ? AND part = ? ORDER BY handle LIMIT ?", (edition, part, MOST_HEADS)
    )
    return [_HEADS.decode(body) for (body,) in rows] if part in DOCUMENTS else []


def _document(reader: sqlite3.Connection, edition: int, part: str, number: str) -> Document | None:
    wanted = DOCUMENTS.get(part)
    if wanted is None:
        return None
    row = reader.execute(_BY_NUMBER, (edition, part, number, number.upper(), edition, part, number)).fetchone()
    found: Document | None = msgspec.json.decode(row[0], type=wanted.row) if row is not None else None
    return found


def _is_bin(reader: sqlite3.Connection, edition: int, code: str) -> bool | None:
    """None: the box does not know the site's bins."""
    if reader.execute("SELECT 1 FROM kept WHERE edition = ? AND part = ? AND id = ?", (edition, BINS.name, code)).fetchone():
        return True
    knows = reader.execute("SELECT 1 FROM kept WHERE edition = ? AND part = ? LIMIT 1", (edition, BINS.name)).fetchone()
    return False if knows else None
