"""What is wrong with a device's options, in words for whoever writes the configuration."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from decimal import Decimal
from enum import Enum
from typing import Literal, get_args, get_origin, get_type_hints

import msgspec

_WORDS = {
    Decimal: "a number, without quotes",
    bool: "true or false, without quotes",
    int: "a whole number, without quotes",
    str: "a text in quotes",
}


def missing_options(options: type, given: Mapping[str, object]) -> list[str]:
    """A sentence for each option that has no default and is not given."""
    hints = get_type_hints(options)
    needed = [each.name for each in dataclasses.fields(options) if each.default is each.default_factory is dataclasses.MISSING]
    return [f"its option {name!r} is missing; expected {_expected(hints[name])}" for name in needed if name not in given]


def wrong_options(options: type, given: Mapping[str, object]) -> list[str]:
    """A sentence for each option whose value is not one of its type's."""
    hints = get_type_hints(options)
    sentences = []
    for name, value in given.items():
        try:
            msgspec.convert(value, type=hints[name])
        except msgspec.ValidationError:
            sentences.append(f"its option {name!r} cannot be {_written(value)}; expected {_expected(hints[name])}")
    return sentences


def _expected(hint: object) -> str:
    if get_origin(hint) is Literal:
        return f"one of {', '.join(map(_written, get_args(hint)))}"
    if isinstance(hint, type) and issubclass(hint, Enum):
        return f"one of {', '.join(_written(each.value) for each in hint)}"
    return _WORDS.get(hint, str(hint)) if isinstance(hint, type) else str(hint)


def _written(value: object) -> str:
    """As TOML has it."""
    if isinstance(value, bool):
        return str(value).lower()
    return f'"{value}"' if isinstance(value, str) else str(value)
