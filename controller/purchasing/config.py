"""What sending orders to suppliers needs to be told: `[purchasing]`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

TLS = ("none", "starttls", "tls")


class _Keys(Protocol):
    """A table of the configuration, as `controller/config_table.py` reads it."""

    def text(self, key: str, default: str, check: Callable[[str], str | None] = ...) -> str: ...
    def number(self, key: str, default: int, low: int, high: int) -> int: ...
    def path(self, key: str) -> Path | None: ...
    def close(self) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Purchasing:
    """`[purchasing]`.  Without `smtp_host` no mail is sent, without `folder` no file dropped, without `key_file` HTTP unsigned.

    `sender`: whose mail it is; `smtp_tls`: none, starttls or tls; `company`: our name on orders.
    """

    smtp_host: str = ""
    smtp_port: int = 587
    smtp_tls: str = "starttls"
    smtp_username: str = ""
    smtp_password_file: Path | None = None
    sender: str = ""
    company: str = ""
    folder: Path | None = None
    key_file: Path | None = None


def read_purchasing(table: _Keys) -> Purchasing:
    section = Purchasing(
        smtp_host=table.text("smtp_host", ""),
        smtp_port=table.number("smtp_port", 587, 1, 65535),
        smtp_tls=table.text("smtp_tls", "starttls", lambda text: None if text in TLS else f"{text!r}, expected {', '.join(TLS)}"),
        smtp_username=table.text("smtp_username", ""),
        smtp_password_file=table.path("smtp_password_file"),
        sender=table.text("sender", ""),
        company=table.text("company", ""),
        folder=table.path("folder"),
        key_file=table.path("key_file"),
    )
    table.close()
    return section
