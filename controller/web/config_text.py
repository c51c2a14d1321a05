r"""A box's configuration as text that a person edits: TOML as in the agent's file, or JSON; and where in it a key stands.  Pure.

>>> config_text({"settings": {"log_level": "INFO"}})
'[settings]\nlog_level = "INFO"\n'
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from controller.errors import Rejected
from controller.fleet.twin_diff import TwinFault

MOST: Final = 64 * 1024
"""Characters; a document has at most 32 KiB as JSON."""
_BARE: Final = re.compile(r"[A-Za-z0-9_-]+")
_KEY: Final = re.compile(r"(\w+)\[(\d+)\](?:\.(.+))?")
_LINE: Final = re.compile(r"line (\d+)")


class UnreadableText(Rejected):
    """The text is neither TOML nor a JSON object; `line` from 1, if that is known."""

    code = "unreadable_text"

    def __init__(self, why: str, line: int | None) -> None:
        super().__init__(why)
        self.line = line


def config_text(document: Mapping[str, object]) -> str:
    """As TOML; `read_config` reads it back."""
    return "\n\n".join("\n".join(block) for table, value in document.items() for block in _blocks(table, value) if block[1:]) + "\n"


def read_config(text: str) -> dict[str, object]:
    """Raises UnreadableText."""
    if len(text) > MOST:
        raise UnreadableText(f"The text has {len(text)} characters; at most {MOST} are read.", None)
    try:
        found = json.loads(text) if text.lstrip().startswith("{") else tomllib.loads(text.replace("\r\n", "\n"))
        json.dumps(found, allow_nan=False)  # dates and infinities are TOML and no part of a configuration
    except json.JSONDecodeError as error:
        raise UnreadableText(error.msg, error.lineno) from error
    except tomllib.TOMLDecodeError as error:
        line = _LINE.search(str(error))
        raise UnreadableText(str(error), int(line[1]) if line else None) from error
    except (TypeError, ValueError, RecursionError) as error:
        raise UnreadableText("A configuration holds texts, numbers, true and false, lists and tables; no dates.", None) from error
    return dict(found)


def line_of(key: str, text: str) -> int | None:
    """The line, from 1, where a key such as `device[1].address` stands in TOML; else that of its table; None: nowhere."""
    found = _KEY.fullmatch(key)
    table, index, rest = (found[1], int(found[2]), found[3] or "") if found else (key.partition(".")[0], 0, key.partition(".")[2])
    header = re.compile(rf"\s*\[\[?\s*{re.escape(table)}\s*\]\]?")
    name = re.compile(rf"\s*(?:[\w.\"-]+\s*\.\s*)?\"?{re.escape(rest.rpartition('.')[2] or rest)}\"?\s*=")
    start, seen = None, -1
    for number, line in enumerate(text.splitlines(), 1):
        if header.match(line):
            seen += 1
            if seen > index:
                break
            start = number if seen == index else None
        elif start is not None and rest and name.match(line):
            return number
    return start


def faults_by_line(faults: Sequence[TwinFault], text: str) -> list[tuple[int | None, str, TwinFault]]:
    """Each with its line and what stands there, in the order of the text."""
    lines = text.splitlines()
    found = [(line_of(fault.key, text), fault) for fault in faults]
    placed = [(line, lines[line - 1].strip() if line else "", fault) for line, fault in found]
    return sorted(placed, key=lambda each: (each[0] is None, each[0] or 0, each[2].key))


def _blocks(table: str, value: object) -> Iterator[list[str]]:
    """The lines of each `[table]` or `[[table]]`, with what is below it."""
    if isinstance(value, Mapping):
        yield [f"[{_name(table)}]", *_lines(value)]
    elif isinstance(value, Sequence) and not isinstance(value, str):
        for entry in value:
            if isinstance(entry, Mapping):
                yield [f"[[{_name(table)}]]", *_lines(entry)]


def _lines(entry: Mapping[str, object], prefix: str = "") -> Iterator[str]:
    for key, value in entry.items():
        if isinstance(value, Mapping) and value:
            yield from _lines(value, f"{prefix}{_name(key)}.")
        elif not isinstance(value, Mapping):
            yield f"{prefix}{_name(key)} = {_value(value)}"


def _value(value: object) -> str:
    """Texts are written as JSON does, which TOML reads; but TOML wants DEL escaped."""
    if isinstance(value, Sequence) and not isinstance(value, str):
        return "[" + ", ".join(_value(each) for each in value) + "]"
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{_name(key)} = {_value(each)}" for key, each in value.items()) + " }"
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _name(key: str) -> str:
    return key if _BARE.fullmatch(key) else _value(key)
