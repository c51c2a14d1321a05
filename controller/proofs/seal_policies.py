"""How entries are sealed: pure.  What is hashed of an entry, and which entry of a block is not what was sealed."""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from controller.db import Row

GENESIS = "0" * 64
"""What the first block names as the one before it."""
COLUMNS = (
    "id",
    "sku_id",
    "from_location_id",
    "to_location_id",
    "lot_id",
    "serial",
    "quantity",
    "reason",
    "document",
    "fact_id",
    "person",
    "device",
    "approved_by",
    "occurred_at",
    "recorded_at",
)
_DIGEST = struct.Struct(">I12s")  # how far the id is from the block's first, and the beginning of SHA-256
_encode = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True)
class Seal:
    """`digests`: one of 16 bytes for each entry."""

    first_id: int
    last_id: int
    entries: int
    previous: str
    hash: str
    digests: bytes


def canonical(entry: Row) -> bytes:
    """An entry as a JSON array in the order of `COLUMNS`, instants in UTC with microseconds: the same bytes on both engines."""
    return _encode([entry[name] for name in COLUMNS])


def seal(previous: str, entries: Sequence[Row]) -> Seal:
    """A block over entries in the order of their ids; not empty, and their ids less than 2^32 apart."""
    whole = hashlib.sha256(bytes.fromhex(previous))
    first = int(entries[0]["id"])
    digests = []
    for entry in entries:
        told = canonical(entry)
        whole.update(told)
        digests.append(_DIGEST.pack(entry["id"] - first, hashlib.sha256(told).digest()[:12]))
    return Seal(first, int(entries[-1]["id"]), len(entries), previous, whole.hexdigest(), b"".join(digests))


@dataclass(frozen=True, slots=True)
class Broken:
    """An entry that is not what was sealed: `changed`, `missing`, or `added`; or a seal that does not fit (`entry` None)."""

    block: int
    entry: int | None
    what: str


def differing(block: int, first_id: int, digests: bytes, entries: Sequence[Row]) -> list[Broken]:
    """Which entries of a block are not what was sealed, in order; empty when each is."""
    sealed = {first_id + offset: digest for offset, digest in _DIGEST.iter_unpack(digests)}
    now = {int(entry["id"]): hashlib.sha256(canonical(entry)).digest()[:12] for entry in entries}
    found = []
    for entry in sorted(sealed.keys() | now.keys()):
        if entry not in now:
            found.append(Broken(block, entry, "missing"))
        elif entry not in sealed:
            found.append(Broken(block, entry, "added"))
        elif sealed[entry] != now[entry]:
            found.append(Broken(block, entry, "changed"))
    return found
