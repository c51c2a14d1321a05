"""A box's configuration as documents of the twin, checked by the very reader that the box uses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec

from edge_agent.config import BoxConfig, BrokerConfig, Config
from edge_agent.desired import LARGEST, document_hash, document_of, read_desired, wrong_device

__all__ = ["Checked", "WrongKey", "check_document", "document_hash"]

_NOBODY = Config(box=BoxConfig(id="box", site="site", state_dir=Path("/")), broker=BrokerConfig(host="broker", port=1))
"""What no document says; nothing of it is read."""


@dataclass(frozen=True, slots=True)
class WrongKey:
    """`key` as in `device[1].address`; empty: the document as a whole."""

    key: str
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Checked:
    """`document` in its shortest form, without what is a default; to be used only without errors."""

    document: dict[str, object]
    errors: tuple[WrongKey, ...] = ()


def check_document(document: Mapping[str, object]) -> Checked:
    """All that is wrong with a document, as far as it can be told away from the box.  Loads drivers; blocks for that."""
    size = len(msgspec.json.encode(document))
    if size > LARGEST:
        return Checked({}, (WrongKey(key="", code="too_large", message=f"the document has {size} bytes; at most {LARGEST} fit"),))
    reading = read_desired(document, _NOBODY, _NOBODY, wrong_device)
    shortest = document_of(reading.config)
    settings = document.get("settings")
    shortest["settings"] = settings if isinstance(settings, dict) else {}  # what it does not say is the box's own affair
    return Checked(shortest, tuple(WrongKey(error.key, error.code, error.message) for error in reading.errors))
