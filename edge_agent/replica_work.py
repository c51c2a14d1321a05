"""Open work in the replica's file: a document by a number that was read, whether a code is a bin, and what is open at all."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Final

import msgspec
from msgspec.structs import replace

from edge_agent.replica_parts import BINS, DOCUMENTS, ORDER_TEMPLATES, PICKS, RECALLS, SITES, TAXES, TRANSFERS
from edge_agent.stations.model import Item, Known, Missing
from edge_agent.wire.open_work import Document, Head, OpenPick, SiteBin
from edge_agent.wire.order_facts import OrderTemplate, Shortcut
from edge_agent.wire.replica import ReplicaRecall, ReplicaSite
from edge_agent.wire.taxes import SiteTaxes

MOST_HEADS: Final = 500
"""Documents of a part that a list goes through."""
MOST_SITES: Final = 500
MOST_TOGETHER: Final = 60
"""Documents that are in hand at once, or go by one number."""
_HEADS: Final = msgspec.json.Decoder(Head)
_RECALLS: Final = msgspec.json.Decoder(ReplicaRecall)
_SITES: Final = msgspec.json.Decoder(ReplicaSite)
_TAXES: Final = msgspec.json.Decoder(SiteTaxes)
_SHORTCUTS: Final = msgspec.json.Decoder(Shortcut)
_PICKS: Final = msgspec.json.Decoder(OpenPick)
_SITE_BINS: Final = msgspec.json.Decoder(SiteBin)
_BY_NUMBER: Final = (
    "SELECT body FROM kept WHERE edition = ? AND part = ? AND handle IN (?, ?) "
    "UNION ALL SELECT body FROM kept WHERE edition = ? AND part = ? AND other = ? LIMIT 1"
)


def around(reader: sqlite3.Connection, edition: int, part: str, numbers: Sequence[str | None], place: str | None) -> Known:
    """What there is around a reading; a part that is none has no documents.  The first number is the one that was asked for."""
    number, *also = numbers
    found = _bin(reader, edition, place) if place is not None else None
    document = _document(reader, edition, part, number) if number is not None else None
    return Known(
        document=document,
        others=_others(reader, edition, number, also) if part == PICKS.name else (),
        is_bin=True if found is not None else False if place is not None and _knows_bins(reader, edition) else None,
        is_quarantine=found is not None and found.kind == "quarantine",
        holds=_in_tote(reader, edition, place) if part == PICKS.name and place is not None else None,
        sites=_sites(reader, edition) if part == TRANSFERS.name and document is None else (),
        shortcuts=_shortcuts(reader, edition) if part == ORDER_TEMPLATES.name else (),
        taxes=_taxes(reader, edition) if part == ORDER_TEMPLATES.name else (),
    )


def with_recalls(reader: sqlite3.Connection, edition: int, found: Item | Missing) -> Item | Missing:
    """An item with the codes of its lots that are recalled."""
    if isinstance(found, Missing):
        return found
    rows = reader.execute(
        "SELECT body FROM kept WHERE edition = ? AND part = ? AND handle = ? ORDER BY id", (edition, RECALLS.name, found.sku)
    ).fetchall()
    return replace(found, recalled=tuple(_RECALLS.decode(body).lot for (body,) in rows)) if rows else found


def heads(reader: sqlite3.Connection, edition: int, part: str) -> list[Head]:
    """What is open of a part, by number; without its lines, so that many long ones take little memory."""
    rows = reader.execute(
        "SELECT body FROM kept WHERE edition = ? AND part = ? ORDER BY handle LIMIT ?", (edition, part, MOST_HEADS)
    )
    return [_HEADS.decode(body) for (body,) in rows] if part in DOCUMENTS else []


def _document(reader: sqlite3.Connection, edition: int, part: str, number: str) -> Document | OrderTemplate | None:
    wanted = ORDER_TEMPLATES if part == ORDER_TEMPLATES.name else DOCUMENTS.get(part)
    if wanted is None:
        return None
    row = reader.execute(_BY_NUMBER, (edition, part, number, number.upper(), edition, part, number)).fetchone()
    found: Document | OrderTemplate | None = msgspec.json.decode(row[0], type=wanted.row) if row is not None else None
    return found


def _shortcuts(reader: sqlite3.Connection, edition: int) -> tuple[Shortcut, ...]:
    """The templates and presets of a counter, without their lines."""
    rows = reader.execute(
        "SELECT body FROM kept WHERE edition = ? AND part = ? ORDER BY id LIMIT ?", (edition, ORDER_TEMPLATES.name, MOST_HEADS)
    )
    return tuple(_SHORTCUTS.decode(body) for (body,) in rows)


def _taxes(reader: sqlite3.Connection, edition: int) -> tuple[SiteTaxes, ...]:
    rows = reader.execute("SELECT body FROM kept WHERE edition = ? AND part = ? ORDER BY id", (edition, TAXES.name))
    return tuple(_TAXES.decode(body) for (body,) in rows)


def _others(reader: sqlite3.Connection, edition: int, number: str | None, also: Sequence[str | None]) -> tuple[OpenPick, ...]:
    """The pick lists of these numbers, and those of a wave."""
    found: dict[int, OpenPick] = {}
    wanted = [("handle", each) for each in also[:MOST_TOGETHER]] + [("other", (number or "").upper())]
    for column, value in wanted:
        rows = reader.execute(
            f"SELECT body FROM kept WHERE edition = ? AND part = ? AND {column} = ? ORDER BY id LIMIT ?",  # noqa: S608 -- two of ours
            (edition, PICKS.name, value, MOST_TOGETHER),
        ).fetchall()
        picks = [_PICKS.decode(body) for (body,) in rows]
        found |= {pick.id: pick for pick in picks}
    return tuple(found.values())


def _in_tote(reader: sqlite3.Connection, edition: int, tote: str) -> str | None:
    """The number of the list that is fetched into it, or waits in it to be packed."""
    row = reader.execute("SELECT handle FROM kept WHERE edition = ? AND tote = ? LIMIT 1", (edition, tote)).fetchone()
    return None if row is None else str(row[0])


def _bin(reader: sqlite3.Connection, edition: int, code: str) -> SiteBin | None:
    row = reader.execute("SELECT body FROM kept WHERE edition = ? AND part = ? AND id = ?", (edition, BINS.name, code)).fetchone()
    return _SITE_BINS.decode(row[0]) if row is not None else None


def _sites(reader: sqlite3.Connection, edition: int) -> tuple[tuple[str, str], ...]:
    rows = reader.execute(
        "SELECT body FROM kept WHERE edition = ? AND part = ? ORDER BY id LIMIT ?", (edition, SITES.name, MOST_SITES)
    ).fetchall()
    return tuple((site.id, site.name) for site in (_SITES.decode(body) for (body,) in rows))


def _knows_bins(reader: sqlite3.Connection, edition: int) -> bool:
    return bool(reader.execute("SELECT 1 FROM kept WHERE edition = ? AND part = ? LIMIT 1", (edition, BINS.name)).fetchone())
