"""Whatever our own description of the API allows, and whatever it forbids, is answered, and never by an error of ours.

Each operation of docs/openapi.json gets values made from its schemas: right ones, right ones with a part made wrong, other JSON.
"""

from __future__ import annotations

import asyncio
import base64
import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from aiohttp.test_utils import TestClient, TestServer
from hypothesis import given, settings
from hypothesis import strategies as st

from controller import db
from controller.app import Parts, make_app
from controller.config import parse_config
from controller.documents.operations import store_builtin
from controller.http import auth
from controller.http.routing import Permission
from tests.controller.orders_shop import OrderShop

DOCUMENT: dict[str, Any] = json.loads(Path("docs/openapi.json").read_text())
SCHEMAS: dict[str, Any] = DOCUMENT["components"]["schemas"]
OPERATIONS = [
    (method, path, operation)
    for path, methods in DOCUMENT["paths"].items()
    for method, operation in methods.items()
    if path not in ("/healthz", "/readyz", "/metrics", "/api/v1/openapi.json")
]
KNOWN = ["s1", "b1", "tea", "SKU-1", "1001", "shelf-label", "1", "0", "9" * 18, "x"]
"""What may name something that is there."""
ODD = st.one_of(
    st.sampled_from(
        ["", " ", "..", "%", "\x7f", "é", "\u202e", "\ud7ff", "𝔘", "'; DROP TABLE sku; --", "%_", "=1+1", "<script>", "9" * 30]
    ),
    st.text(max_size=30),
)
WORDS = st.one_of(st.sampled_from(KNOWN), ODD)
JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=6,
)
DEEP = [b"[" * 50_000, b'{"a":' * 900 + b"1" + b"}" * 900, b'{"document":' + b"[" * 960 + b"]" * 960 + b"}", b"\xff", b"nul"]


def values(schema: Mapping[str, Any], depth: int = 0) -> st.SearchStrategy[Any]:
    """What a schema of ours allows, near enough; what is missed is refused, and that is fine, too."""
    if "$ref" in schema:
        return values(SCHEMAS[schema["$ref"].rpartition("/")[2]], depth)
    for choice in ("anyOf", "oneOf"):
        if choice in schema:
            return st.one_of([values(each, depth) for each in schema[choice]])
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    if "const" in schema:
        return st.just(schema["const"])
    make = _MAKERS.get(schema.get("type", ""))
    return JUNK if make is None or depth > 5 else make(schema, depth)


def _object(schema: Mapping[str, Any], depth: int) -> st.SearchStrategy[Any]:
    known = {name: values(each, depth + 1) for name, each in schema.get("properties", {}).items()}
    if not known:
        return st.dictionaries(WORDS, JUNK, max_size=3)
    needed = set(schema.get("required", ()))
    return st.fixed_dictionaries(
        {name: each for name, each in known.items() if name in needed},
        optional={name: each for name, each in known.items() if name not in needed},
    )


def _text(schema: Mapping[str, Any], _: int) -> st.SearchStrategy[Any]:
    match schema.get("format"):
        case "date-time":
            return st.datetimes().map(lambda at: f"{at.isoformat()}Z")
        case "uuid":
            return st.uuids().map(str)
    texts = WORDS
    if "pattern" in schema and not schema["pattern"].startswith(r"^[^\x00"):
        texts = st.one_of(st.from_regex(re.compile(schema["pattern"], re.ASCII), fullmatch=True), WORDS)
    longest = schema.get("maxLength")
    return texts if longest is None else texts | st.just("字" * longest)


_MAKERS: dict[str, Callable[[Mapping[str, Any], int], st.SearchStrategy[Any]]] = {
    "object": _object,
    "array": lambda schema, depth: st.lists(values(schema.get("items", {}), depth + 1), max_size=3),
    "string": _text,
    "integer": lambda schema, _: st.integers(schema.get("minimum", -(2**63)), schema.get("maximum", 2**63)) | st.just(10**30),
    "number": lambda *_: st.floats(allow_nan=False, allow_infinity=False),
    "boolean": lambda *_: st.booleans(),
    "null": lambda *_: st.none(),
}


@st.composite
def bodies(draw: st.DrawFn, operation: Mapping[str, Any]) -> tuple[bytes, str]:
    content = operation.get("requestBody", {}).get("content", {})
    media_type = next(iter(content), "application/json")
    if not media_type.endswith("json"):
        return draw(st.binary(max_size=300)), media_type.replace("*", "png")
    if draw(st.integers(0, 9)) == 0:
        return draw(st.sampled_from(DEEP)), media_type
    body = draw(values(content[media_type]["schema"])) if content else draw(JUNK)
    if isinstance(body, dict) and body and draw(st.integers(0, 2)) == 0:
        body = body | {draw(st.sampled_from(sorted(body))): draw(JUNK)}
    return json.dumps(body).encode(), media_type


@st.composite
def requests(draw: st.DrawFn) -> tuple[str, str, dict[str, str], bytes | None]:
    method, path, operation = draw(st.sampled_from(OPERATIONS))
    known = {each["name"]: each for each in operation.get("parameters", ())}
    for name in re.findall(r"\{(\w+)\}", path):
        text = draw(values(known[name].get("schema", {})) if name in known else WORDS)
        path = path.replace(f"{{{name}}}", quote(str(text).encode(errors="replace"), safe="") or "%20")
    query = [
        f"{name}={quote(str(draw(values(each.get('schema', {})) | WORDS)).encode(errors='replace'), safe='')}"
        for name, each in known.items()
        if each["in"] == "query" and draw(st.booleans())
    ]
    headers = {"Authorization": "Bearer sw_all"}
    if method == "get":
        return method, f"{path}?{'&'.join(query)}", headers, None
    body, media_type = draw(bodies(operation))
    key = base64.b16encode(draw(st.binary(min_size=8, max_size=8))).decode()
    return method, f"{path}?{'&'.join(query)}", headers | {"Content-Type": media_type, "Idempotency-Key": key}, body


def test_no_request_that_can_be_written_is_an_error_of_ours(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Fuzz targets 10 and 11: API, filters, cursors."""
    with asyncio.Runner() as runner:
        client = runner.run(_start(tmp_path))
        seen: dict[int, int] = {}

        async def ask(method: str, url: str, headers: dict[str, str], body: bytes | None) -> tuple[int, str, bytes]:
            async with client.request(method, url, headers=headers, data=body) as response:
                return response.status, response.content_type, await response.read()

        @settings(max_examples=1500, deadline=None, derandomize=True, database=None)
        @given(requests())
        def any_request(request: tuple[str, str, dict[str, str], bytes | None]) -> None:
            status, media_type, answer = runner.run(ask(*request))
            seen[status] = seen.get(status, 0) + 1
            assert status < 500, answer
            if status >= 400:
                assert media_type == "application/problem+json"
                assert {"status", "title", "code"} <= json.loads(answer).keys()

        any_request()
        runner.run(_stop(client))
    assert seen.keys() & {200, 201, 404, 422} == {200, 201, 404, 422}, seen  # it got through to what it is about
    assert "Traceback" not in caplog.text


async def _start(folder: Path) -> TestClient:
    await db.connect(f"sqlite://{folder}/controller.db", create_schema=True)
    await auth.create_token("all", list(Permission), token="sw_all")
    shop = await OrderShop.open()
    await store_builtin()
    await shop.stock("tea", 50)
    await shop.released(("tea", 2))
    client = TestClient(TestServer(make_app(parse_config({"data": str(folder)}, {}, "test"), Parts()), host="127.0.0.1"))
    await client.start_server()
    return client


async def _stop(client: TestClient) -> None:
    await client.close()
    await db.close()
