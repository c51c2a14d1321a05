"""What who counts blind must not see at the box: the stock of goods that lie in bins which a blind count still waits for.

Which bins these are is in the replica, in the open counts.  Of goods in more bins than the replica knows, any of them may be one.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection
from typing import Final

import msgspec
from msgspec.structs import replace

from edge_agent.replica_parts import COUNTS
from edge_agent.stations.model import Item, Missing
from edge_agent.wire.open_work import OpenCount
from edge_agent.wire.replica import BINS_TOLD

_SEEN: Final = '"blind":false'
"""How a count says that it is not blind; inside a text of JSON it cannot stand so, for its quotes."""
_COUNTS: Final = msgspec.json.Decoder(OpenCount)
_BLIND: Final = "SELECT body FROM kept WHERE edition = ? AND part = ? AND instr(body, ?) = 0"


def kept_blind(reader: sqlite3.Connection, edition: int, found: Item | Missing) -> Item | Missing:
    """An item without its stock, where a blind count waits for it."""
    if isinstance(found, Missing) or not found.bins:
        return found
    return _hidden(found) if _is_waited_for(reader, edition, found) else found


def all_kept_blind(reader: sqlite3.Connection, edition: int, found: Collection[Item]) -> tuple[Item, ...]:
    """The same for a page of items."""
    waiting = _waited_for(reader.execute(_BLIND, (edition, COUNTS.name, _SEEN)).fetchall())
    return tuple(_hidden(each) if _lies_in(each, waiting) else each for each in found)


def _is_waited_for(reader: sqlite3.Connection, edition: int, item: Item) -> bool:
    """Only counts that name one of its bins are read, or any if it may lie in more: a scan is answered within milliseconds."""
    named = "" if len(item.bins) >= BINS_TOLD else f" AND ({' OR '.join(['instr(body, ?) > 0'] * len(item.bins))})"
    codes = [] if not named else [f'"bin":{msgspec.json.encode(code).decode()}' for code, _ in item.bins]
    rows = reader.execute(f"{_BLIND}{named}", (edition, COUNTS.name, _SEEN, *codes)).fetchall()
    return bool(rows) and _lies_in(item, _waited_for(rows))


def _waited_for(rows: Collection[tuple[bytes | str]]) -> frozenset[str]:
    """Bins of counts that nobody has counted yet, or that are to be counted again."""
    return frozenset(each.bin for (body,) in rows for each in _COUNTS.decode(body).bins if not each.is_counted)


def _lies_in(item: Item, waiting: frozenset[str]) -> bool:
    return bool(waiting) and (len(item.bins) >= BINS_TOLD or any(code in waiting for code, _ in item.bins))


def _hidden(item: Item) -> Item:
    return replace(item, on_hand=0, bins=tuple((code, 0) for code, _ in item.bins), is_blind=True)
