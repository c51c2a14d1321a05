"""Reading a TOML table key by key, noting everything that is wrong with its path."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from reprlib import Repr
from typing import TypeVar

T = TypeVar("T")
_SHORT = Repr()
"""What stands where something else should may be of any size and depth."""
_SHORT.maxstring = _SHORT.maxother = 80
Check = Callable[[object], str | None]
"""What is wrong with a value, as the end of a sentence; None if nothing is."""


def not_empty(value: object) -> str | None:
    return None if value else "must not be empty"


@dataclass(frozen=True, slots=True)
class Wrong:
    """One key that is wrong, and what was expected; `code` is stable."""

    key: str
    message: str
    code: str = "wrong_value"

    def __str__(self) -> str:
        return f"{self.key}: {self.message}"


class Table:
    """One table of the file.  Every read notes its key; what was not read by `finish` is unknown."""

    def __init__(self, values: Mapping[str, object], where: str, folder: Path, errors: list[Wrong]) -> None:
        self._values = values
        self._where = where
        self._folder = folder
        self._errors = errors
        self._known: set[str] = set()

    @property
    def where(self) -> str:
        """Its own path, as it stands before its keys."""
        return self._where

    def wrong(self, key: str, sentence: str, code: str = "wrong_value") -> None:
        self._errors.append(Wrong(f"{self._where}{key}", sentence, code))

    def is_wrong(self, key: str) -> bool:
        return any(each.key == f"{self._where}{key}" for each in self._errors)

    def table(self, key: str, *, required: bool = True) -> Table:
        value = self._get(key, dict, "a table", {} if not required else None)
        return Table(value or {}, f"{self._where}{key}.", self._folder, self._errors)

    def tables(self, key: str) -> list[Table]:
        items = self._get(key, list, f"a list of tables, written as [[{key}]]", []) or []
        tables = []
        for index, item in enumerate(items):
            if isinstance(item, dict):
                tables.append(Table(item, f"{self._where}{key}[{index}].", self._folder, self._errors))
            else:
                self.wrong(f"{key}[{index}]", f"must be a table, written as [[{key}]]")
        return tables

    def text(self, key: str, default: str | None = None, check: Check | None = None) -> str:
        value = self._get(key, str, "a string", default)
        if value is None:
            return ""
        problem = check(value) if check is not None and value != default else None
        if problem:
            self.wrong(key, f"{value!r} {problem}")
        return value

    def texts(self, key: str, check: Check) -> tuple[str, ...]:
        """A list of texts, empty if it is not there; each is checked."""
        values = self._get(key, list, "a list of strings", []) or []
        for value in values:
            problem = check(value) if isinstance(value, str) else "must be a string"
            if problem:
                self.wrong(key, f"{value!r} {problem}")
        return tuple(str(value) for value in values)

    def number(self, key: str, default: int, *, low: int, high: int) -> int:
        value = self._get(key, int, "a whole number", default)
        if value is None:
            return default
        if not low <= value <= high:
            self.wrong(key, f"{value} must be between {low} and {high}")
        return value

    def flag(self, key: str, *, default: bool) -> bool:
        return bool(self._get(key, bool, "true or false", default))

    def path(self, key: str) -> Path:
        return self._folder / self.text(key, check=not_empty)

    def file(self, key: str) -> Path | None:
        """An optional file, which must exist if it is named."""
        text = self.text(key, "")
        if not text:
            return None
        path = self._folder / text
        if not path.is_file():
            self.wrong(key, f"there is no file {path}")
        return path

    def mapping(self, key: str) -> Mapping[str, object]:
        return self._get(key, dict, "a table", {}) or {}

    def finish(self) -> None:
        for key in self._values:
            if key not in self._known:
                near = get_close_matches(key, self._known, 1)
                sentence = f"is not a key here; did you mean {near[0]!r}?" if near else _not_a_key(self._known)
                self.wrong(key, sentence, code="unknown_key")

    def _get(self, key: str, kind: type[T], name: str, default: T | None) -> T | None:
        self._known.add(key)
        if key not in self._values:
            if default is None:
                self.wrong(key, f"is missing; expected {name}", code="missing")
            return default
        value = self._values[key]
        if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
            self.wrong(key, f"must be {name}, not {_SHORT.repr(value)}")
            return default
        return value


def _not_a_key(known: set[str]) -> str:
    return f"is not a key here; there are: {', '.join(sorted(known))}"
