"""What differs between the configuration that a box is to have and the one that it reports, key by key.  Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from msgspec import Struct

from edge_agent.wire.messages import TwinError

_ENTRY = re.compile(r"(device|station)\[(\d+)\](?:\.(.+))?")
_MISSING = object()


class TwinFault(Struct, frozen=True, kw_only=True):
    """Why a key of the desired configuration does not hold; `key` as in the document, `device[1].address`."""

    key: str
    code: str
    message: str


class KeyDiff(Struct, frozen=True, kw_only=True):
    """`key` names entries by their ids: `device.scale.address`, `settings.log_level`.  None: not there."""

    key: str
    desired: object = None
    reported: object = None
    error: TwinFault | None = None


def diff(
    desired: Mapping[str, object], reported: Mapping[str, object], errors: Sequence[TwinError | TwinFault] = ()
) -> list[KeyDiff]:
    """Sorted by key.  What the desired document does not say of settings and symbols is the box's own affair, and no difference."""
    wanted, found = dict(_flat(desired)), dict(_flat(reported))
    entries = {key for key in found if key.startswith(("device.", "station."))}
    because = {_named(error.key, desired): TwinFault(key=error.key, code=error.code, message=error.message) for error in errors}
    keys = {key for key in {*wanted, *entries} if wanted.get(key, _MISSING) != found.get(key, _MISSING)}
    return [
        KeyDiff(key=key, desired=wanted.get(key), reported=found.get(key), error=because.get(key))
        for key in sorted(keys | because.keys())
    ]


def _flat(document: Mapping[str, object]) -> Iterator[tuple[str, object]]:
    for table, value in document.items():
        for prefix, entry in _entries(table, value):
            for key, item in entry.items():
                if key == "options" and isinstance(item, Mapping):
                    yield from ((f"{prefix}.options.{option}", set_to) for option, set_to in item.items())
                elif key != "id" or table not in ("device", "station"):
                    yield f"{prefix}.{key}", item


def _entries(table: str, value: object) -> Iterator[tuple[str, Mapping[str, object]]]:
    """A table's entries, with what their keys begin with."""
    if isinstance(value, Mapping):
        yield table, value
    elif isinstance(value, Sequence) and not isinstance(value, str):
        for index, entry in enumerate(value):
            if isinstance(entry, Mapping):
                yield f"{table}.{entry.get('id', index)}", entry


def _named(key: str, document: Mapping[str, object]) -> str:
    """`device[1].address` as `device.scale.address`."""
    found = _ENTRY.fullmatch(key)
    if found is None:
        return key
    entries = document.get(found[1])
    index = int(found[2])
    entry = entries[index] if isinstance(entries, list) and index < len(entries) else None
    name = entry.get("id", index) if isinstance(entry, Mapping) else index
    return f"{found[1]}.{name}" + (f".{found[3]}" if found[3] else "")
