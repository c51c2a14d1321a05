"""`[customers]` of the controller's configuration."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from controller.customers.phones import CALLING_CODES

KEY_FILE = "keys/sealing.key"
"""Below the state folder, in a folder of its own, which a copy of the state can leave out."""


class _Keys(Protocol):
    """The table of `controller/config_table.py`, as far as it is used here."""

    def text(self, key: str, default: str, check: Callable[[str], str | None] = ...) -> str: ...
    def path(self, key: str) -> Path | None: ...
    def close(self) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Customers:
    """`[customers]`.  `key_file`: the key of personal data, outside the database; none: `keys/sealing.key` in the state folder.

    `country`: whose telephone numbers are typed without one (ISO 3166-1).
    """

    key_file: Path | None = None
    country: str = "CN"

    def key_path(self, data: Path) -> Path:
        return self.key_file or data / KEY_FILE


def read_customers(table: _Keys) -> Customers:
    section = Customers(
        key_file=table.path("key_file"),
        country=table.text("country", "CN", lambda text: None if text in CALLING_CODES else f"{text!r} is no country that we know"),
    )
    table.close()
    return section
