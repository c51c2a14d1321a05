"""What providers of payments need to be told: `[payments.providers.NAME]`."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

NAME = re.compile(r"[a-z0-9-]{1,40}")


class _Keys(Protocol):
    """A table of the configuration, as `controller/config_table.py` reads it."""

    def text(self, key: str, default: str, check: Callable[[str], str | None] = ...) -> str: ...
    def path(self, key: str) -> Path | None: ...
    def close(self) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderSection:
    """A provider that is called over HTTP at `url`; `secret_file` holds what both sides sign with (HMAC-SHA256)."""

    url: str
    secret_file: Path | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Payments:
    """`[[payment_provider]]`, by name."""

    providers: Mapping[str, ProviderSection] = field(default_factory=dict)


def read_payments(tables: Iterable[_Keys]) -> Payments:
    providers: dict[str, ProviderSection] = {}
    for table in tables:
        name = table.text("name", "", _name)
        providers[name] = ProviderSection(url=table.text("url", "", _url), secret_file=table.path("secret_file"))
        table.close()
    return Payments(providers=providers)


def _name(text: str) -> str | None:
    return None if NAME.fullmatch(text) and text != "manual" else f"{text!r}, expected 1 to 40 of a-z, 0-9 and '-', not `manual`"


def _url(text: str) -> str | None:
    return None if text.startswith(("https://", "http://")) else f"{text!r}, expected an address with http:// or https://"
