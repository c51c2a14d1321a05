"""A TOML table that is read key by key, so that all its errors are told at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")


class Table:
    """A TOML table that is read key by key; collects errors with key paths, unknown keys among them."""

    def __init__(self, values: Mapping[str, object], path: str, errors: list[str]) -> None:
        self._values = values
        self._path = path
        self._known: set[str] = set()
        self.errors = errors

    def has(self, key: str) -> bool:
        return key in self._values

    def wrong(self, key: str, what: str, instead: T | None = None) -> T:
        self.errors.append(f"{self._path}{key}: {what}")
        return instead  # type: ignore[return-value]  # never used: errors end in ConfigErrors

    def _take(self, key: str, kind: type[T], default: T, expected: str) -> T:
        self._known.add(key)
        value = self._values.get(key, default)
        if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
            return self.wrong(key, f"{value!r}, expected {expected}", default)
        return value

    def text(self, key: str, default: str, check: Callable[[str], str | None] = lambda _: None) -> str:
        value = self._take(key, str, default, "a text")
        problem = check(value)
        return value if problem is None else self.wrong(key, problem, default)

    def number(self, key: str, default: int, low: int, high: int) -> int:
        value = self._take(key, int, default, "a whole number")
        return value if low <= value <= high else self.wrong(key, f"{value}, expected {low} to {high}", default)

    def flag(self, key: str, default: bool) -> bool:  # noqa: FBT001 -- the value of a key, like the others
        return self._take(key, bool, default, "true or false")

    def texts(self, key: str, default: tuple[str, ...], check: Callable[[str], str | None] = lambda _: None) -> tuple[str, ...]:
        values = self._take(key, list, list(default), "a list of texts")
        if not all(isinstance(value, str) for value in values):
            return self.wrong(key, f"{values!r}, expected a list of texts", default)
        problems = [problem for value in values if (problem := check(value)) is not None]
        return self.wrong(key, "; ".join(problems), default) if problems else tuple(values)

    def path(self, key: str) -> Path | None:
        text = self.text(key, "")
        return Path(text).expanduser() if text else None

    def file(self, key: str) -> Path | None:
        """One that must be there if it is named."""
        path = self.path(key)
        return path if path is None or path.is_file() else self.wrong(key, f"there is no file {path}")

    def reading(self, read: Callable[[], T], key: str, default: T) -> T:
        try:
            return read()
        except OSError as error:
            return self.wrong(key, f"cannot be read: {error.strerror}", default)

    def table(self, key: str) -> Table:
        return Table(self._take(key, dict, {}, "a table"), f"{self._path}{key}.", self.errors)

    def tables(self, key: str) -> list[Table]:
        values = self._take(key, list, [], "a list of tables")
        return [
            Table(value, f"{self._path}{key}[{index}].", self.errors)
            for index, value in enumerate(values)
            if isinstance(value, dict)
        ]

    def close(self) -> None:
        for key in self._values.keys() - self._known:
            self.wrong(key, f"unknown key; known here: {', '.join(sorted(self._known))}")
