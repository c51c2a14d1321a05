"""Requests made from the description of the API: right ones, right ones with a part made wrong, and what is no request at all.

They are drawn first and sent afterwards, so that what one of them changes may be seen by the next; nothing is made smaller.
"""

from __future__ import annotations

import copy
import itertools
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

Json = dict[str, Any]
FAR = ["0001-01-01T00:00:00+14:00", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999-12:00", "1900-02-28T12:00:00Z"]
DAYS = [*FAR, "2026-11-21", "2026-11-21T12:00:00Z", "0001-01-01", "9999-12-31"]
ODD_TEXTS = [
    "",
    " ",
    "..",
    "%",
    "\x7f",
    "é",
    "\u202e",
    "𝔘",
    "'; DROP TABLE sku; --",
    "%_",
    "=1+1",
    "<script>",
    "9" * 30,
    "\0",
    "\ud800",
]
ODD = st.one_of(st.sampled_from(ODD_TEXTS), st.text(st.characters(), max_size=30), st.integers().map(str))
HUGE = st.sampled_from([0, -1, 1, 2**31, 2**53, 2**63 - 1, 2**63, -(2**63), 10**30])
JUNK = st.recursive(
    st.none() | st.booleans() | HUGE | st.floats(allow_nan=False, allow_infinity=False) | ODD,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(ODD, inner, max_size=3),
    max_leaves=6,
)
BROKEN = [b"[" * 50_000, b'{"a":' * 900 + b"1" + b"}" * 900, b"\xff", b"nul", b"", b'"\\ud800"', b"[]", b"null", b"NaN", b"\x00"]
MEDIA = ["text/plain", "application/json; charset=klingon", "image/svg+xml", "application/x-www-form-urlencoded", "/", ""]
KEYS = [None, "", "a b", "é", "k" * 201, "\t"]
"""Idempotency-Keys that are none."""
_numbers = itertools.count(1)


@dataclass(frozen=True)
class Sent:
    """One request; `url` is quoted already."""

    method: str
    path: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None

    def __str__(self) -> str:
        return f"{self.method} {self.url} {dict(self.headers)} {(self.body or b'')[:300]!r}"


@dataclass(frozen=True)
class Maker:
    """`known`: by the name of a field or parameter, or by the place of a path, what is there under that name."""

    document: Json
    known: Mapping[str, list[Any]]

    def drawn(self, method: str, path: str, count: int, start: int = 0) -> list[Sent]:
        """`count` requests for one operation, the same ones each time."""
        made: list[Sent] = []

        @seed(start)
        @settings(
            max_examples=count,
            deadline=None,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(self.requests(method, path))
        def draw(sent: Sent) -> None:
            made.append(sent)

        draw()
        return made

    def requests(self, method: str, path: str) -> st.SearchStrategy[Sent]:
        operation = self.document["paths"][path][method]

        @st.composite
        def one(draw: st.DrawFn) -> Sent:
            url = f"{draw(self._path(path))}{draw(self._query(operation))}"
            headers = {"Authorization": "Bearer sw_all"}
            if method == "get":
                return Sent(method, path, url, headers)
            key = draw(st.sampled_from(KEYS)) if draw(st.integers(0, 29)) == 29 else f"fuzz-{next(_numbers)}"
            if key is not None:
                headers["Idempotency-Key"] = key
            body, media_type = draw(self._body(operation))
            return Sent(method, path, url, {**headers, "Content-Type": media_type}, body)

        return one()

    def _path(self, path: str) -> st.SearchStrategy[str]:
        @st.composite
        def filled(draw: st.DrawFn) -> str:
            found = path
            for name in re.findall(r"\{(\w+)\}", path):
                texts = ODD if draw(st.integers(0, 11)) == 11 else self.text_of(name, path.split("/")[3])
                text = str(draw(texts)).encode(errors="surrogatepass")
                found = found.replace(f"{{{name}}}", quote(text, safe="") or "%20", 1)
            return found

        return filled()

    def _query(self, operation: Json) -> st.SearchStrategy[str]:
        @st.composite
        def query(draw: st.DrawFn) -> str:
            parts = []
            often = draw(st.integers(0, 3))
            for each in operation.get("parameters", ()):
                if each["in"] == "query" and draw(st.integers(0, 3)) > often:
                    text = str(draw(self._of_query(each)))
                    parts.append(f"{each['name']}={quote(text.encode(errors='surrogatepass'), safe='')}")
            if draw(st.integers(0, 39)) == 39:
                parts.append("no_such=1")
            return f"?{'&'.join(parts)}" if parts else ""

        return query()

    def _of_query(self, parameter: Json) -> st.SearchStrategy[Any]:
        usual = [self.text_of(parameter["name"], ""), self.values(parameter["schema"], parameter["name"])]
        return st.one_of(
            *usual, *usual, ODD, st.sampled_from([*FAR, "2026-11-21", "0001-01-01", "9999-12-31", "2026-11-21T12:00:00Z"])
        )

    def text_of(self, name: str, place: str) -> st.SearchStrategy[Any]:
        found = self.known.get(f"{place}/{name}") or self.known.get(name, [])
        return st.sampled_from(found) if found else ODD | st.sampled_from(["1", "2", "x"])

    def _body(self, operation: Json) -> st.SearchStrategy[tuple[bytes, str]]:
        content: Json = operation.get("requestBody", {}).get("content", {})
        media_type = next(iter(content), "application/json")
        told: Json = content.get(media_type, {})

        @st.composite
        def body(draw: st.DrawFn) -> tuple[bytes, str]:
            way = draw(st.integers(0, 23))
            if way == 23:
                return draw(st.sampled_from(BROKEN)), media_type.replace("*", "png")
            sent_as = draw(st.sampled_from(MEDIA)) if way == 22 else media_type.replace("*", "png")
            if not media_type.endswith("json"):
                return draw(self._file(told)), sent_as
            if not told:
                return json.dumps(draw(JUNK)).encode() if way == 21 else b"", sent_as
            made = draw(self._object(told, way))
            return json.dumps(made).encode(), sent_as

        return body()

    def _file(self, told: Json) -> st.SearchStrategy[bytes]:
        lines = [*self.known.get("csv", ()), str(told.get("example", "sku\n"))]
        damaged = st.tuples(st.sampled_from(lines), ODD, st.integers(0, 60)).map(
            lambda each: each[0][: each[2]] + each[1] + each[0][each[2] :]
        )
        return st.one_of(
            st.sampled_from(lines).map(lambda text: text.encode(errors="replace")),
            damaged.map(lambda text: text.encode(errors="replace")),
            st.binary(max_size=300),
        )

    def _object(self, told: Json, way: int) -> st.SearchStrategy[Any]:
        @st.composite
        def made(draw: st.DrawFn) -> Any:
            """0-5: the example as it is; 6-10: what the schema allows; 11-20: one of them with a part made wrong."""
            allowed = (way % 2 and way > 5) or told.get("example") is None
            body = draw(self.values(told["schema"])) if allowed else self.at_home(copy.deepcopy(told["example"]), draw)
            if way < 11 or not isinstance(body, dict) or not body:
                return body
            name = draw(st.sampled_from(sorted(body)))
            match way % 5:
                case 0:
                    body.pop(name)
                case 1:
                    body["no_such_field"] = draw(JUNK)
                case _:
                    _spoil(body, name, draw)
            return body

        return made()

    def at_home(self, value: Any, draw: st.DrawFn, name: str = "") -> Any:
        """An example, with the names of what is really there."""
        if isinstance(value, dict):
            return {key: self.at_home(each, draw, key) for key, each in value.items()}
        if isinstance(value, list):
            return [self.at_home(each, draw, name) for each in value]
        return draw(st.sampled_from(self.known[name])) if name in self.known and value is not None else value

    def values(self, schema: Json, name: str = "", depth: int = 0) -> st.SearchStrategy[Any]:
        """What a schema allows, near enough; what is missed is refused, and that is fine, too."""
        if "$ref" in schema:
            return self.values(self.document["components"]["schemas"][schema["$ref"].rpartition("/")[2]], name, depth)
        for choice in ("anyOf", "oneOf"):
            if choice in schema:
                return st.one_of([self.values(each, name, depth) for each in schema[choice]])
        if "enum" in schema:
            return st.sampled_from(schema["enum"])
        make = self._makers().get(schema.get("type", ""))
        return JUNK if make is None or depth > 5 else make(schema, name, depth)

    def _makers(self) -> dict[str, Callable[[Json, str, int], st.SearchStrategy[Any]]]:
        return {
            "object": self._struct,
            "array": self._list,
            "string": self._text,
            "integer": self._integer,
            "number": lambda *_: st.floats(allow_nan=False, allow_infinity=False),
            "boolean": lambda *_: st.booleans(),
            "null": lambda *_: st.none(),
        }

    def _struct(self, schema: Json, _: str, depth: int) -> st.SearchStrategy[Any]:
        known = {name: self.values(each, name, depth + 1) for name, each in schema.get("properties", {}).items()}
        if not known:
            return st.dictionaries(ODD, JUNK, max_size=3)
        needed = set(schema.get("required", ()))
        return st.fixed_dictionaries(
            {name: each for name, each in known.items() if name in needed},
            optional={name: each for name, each in known.items() if name not in needed},
        )

    def _list(self, schema: Json, name: str, depth: int) -> st.SearchStrategy[Any]:
        if "prefixItems" in schema:
            return st.tuples(*[self.values(each, name, depth + 1) for each in schema["prefixItems"]]).map(list)
        return st.lists(self.values(schema.get("items") or {}, name, depth + 1), min_size=schema.get("minItems", 0), max_size=3)

    def _text(self, schema: Json, name: str, _: int) -> st.SearchStrategy[Any]:
        match schema.get("format"):
            case "date-time":
                return st.datetimes().map(lambda at: f"{at.isoformat()}Z") | st.sampled_from(FAR)
            case "date":
                return st.dates().map(str) | st.sampled_from(["0001-01-01", "9999-12-31"])
            case "uuid":
                return st.uuids().map(str)
        texts = [st.sampled_from(self.known[name])] * 3 if name in self.known else []
        pattern = schema.get("pattern", "")
        if pattern and not pattern.startswith("^[^"):
            texts.append(st.from_regex(re.compile(pattern, re.ASCII), fullmatch=True))
        longest = schema.get("maxLength", 40)
        return st.one_of(*texts, ODD, st.sampled_from(["字" * longest, "x" * (longest + 1)]))

    def _integer(self, schema: Json, name: str, _: int) -> st.SearchStrategy[Any]:
        low, high = schema.get("minimum", -(2**63)), schema.get("maximum", 2**63)
        inside = st.integers(low, high) | st.sampled_from([low, high]) | st.integers(max(low, -5), max(low, min(high, 50)))
        known = [number for number in self.known.get(name, []) if isinstance(number, int)]
        return st.one_of(inside, inside, st.sampled_from(known) if known else inside, HUGE)


def _spoil(body: dict[str, Any], name: str, draw: st.DrawFn) -> None:
    """Make one value another one, at the bottom rather than at the top."""
    inner = body[name]
    while isinstance(inner, list) and inner and isinstance(inner[0], dict) and inner[0] and draw(st.booleans()):
        body, name = inner[0], draw(st.sampled_from(sorted(inner[0])))
        inner = body[name]
    same_kind = {bool: st.booleans(), int: HUGE, str: ODD | st.sampled_from(DAYS)}.get(type(inner), JUNK)
    body[name] = draw(same_kind if draw(st.integers(0, 3)) else JUNK)
