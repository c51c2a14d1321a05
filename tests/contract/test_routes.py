"""Rules over every route of the API, and over every event that the pages must have words for."""

from __future__ import annotations

import importlib
import json
import pkgutil
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from aiohttp import web

import controller
from controller.app import Parts, api_routes, make_app
from controller.config import parse_config
from controller.events import Event
from controller.http import openapi
from controller.http.routing import BadRoute, Call, Page, Permission, Route
from controller.http.table import API_VERSION, ROUTES
from controller.web import words
from controller.web.build import Website
from controller.web.routes import PageRoute

ALL = api_routes(Parts())
CONFIG = parse_config({}, {}, "test")
INT64 = 2**63


async def nothing(_: Call[None]) -> None: ...


def test_a_route_without_a_permission_cannot_be_built() -> None:
    with pytest.raises(TypeError):
        Route("GET", "/x", nothing, summary="X")  # type: ignore[call-arg]  # that is the point
    with pytest.raises(BadRoute):
        Route("GET", "/x", nothing, permission="orders.read", summary="X")  # type: ignore[arg-type]  # a word is no permission


@pytest.mark.parametrize("route", ALL, ids=lambda route: f"{route.method} {route.path}")
def test_every_route_declares_what_it_needs(route: Route) -> None:
    assert isinstance(route.permission, Permission)
    if route.permission is Permission.PUBLIC:
        is_signed = route.keyed_by_body and any(name.endswith("-Signature") for name in route.headers)
        assert is_signed or not route.writes, "who writes without a token signs"
        known = {"/healthz", "/readyz", "/metrics", openapi.PATH}
        assert is_signed or route.path in known, "only health and the description are public"
    elif route.writes:
        assert not route.permission.value.endswith(".read"), "a write needs more than a read permission"


def test_a_page_without_a_permission_cannot_be_built() -> None:
    async def handler(_: web.Request) -> web.StreamResponse:
        return web.Response()

    with pytest.raises(TypeError):
        PageRoute("GET", "/x", handler)  # type: ignore[call-arg]  # that is the point
    with pytest.raises(BadRoute):
        PageRoute("GET", "/x", handler, permission="stock.read")  # type: ignore[arg-type]  # a word is no permission


def test_nothing_is_served_past_the_tables() -> None:
    """Every path of the application is in the table of the API or of the pages, or below /static."""
    app = make_app(CONFIG, Parts())
    declared = {(route.method, route.path) for route in ALL} | {(page.method, page.path) for page in Website(CONFIG.http).routes()}
    served = {
        (route.method, route.resource.canonical)
        for route in app.router.routes()
        if route.resource is not None and route.method != "HEAD" and not route.resource.canonical.startswith("/static/")
    }
    assert served == declared


def test_pages_that_change_something_need_more_than_a_read_permission() -> None:
    for route in Website(CONFIG.http).routes():
        if route.method == "POST":
            assert not route.permission.value.endswith(".read"), route.path


def test_no_route_is_declared_twice() -> None:
    keys = [(route.method, route.path) for route in ALL]
    assert len(keys) == len(set(keys))


def test_every_feature_with_an_api_is_in_the_table() -> None:
    for module in pkgutil.walk_packages(controller.__path__, "controller."):
        if module.name.endswith(".api"):
            for route in importlib.import_module(module.name).ROUTES:
                assert route in ROUTES, f"{module.name}: {route.method} {route.path} is missing in controller/http/table.py"


def _bodies() -> list[type]:
    return [route.body for route in ALL if route.body not in (None, bytes)]


def _unbounded(schema: Any, path: str, components: dict[str, Any], seen: frozenset[str] = frozenset()) -> Iterator[str]:
    """Places in a body where an integer or a text has no upper bound: a database column has one."""
    if "$ref" in schema:
        name = schema["$ref"].split("/")[-1]
        if name not in seen:
            yield from _unbounded(components[name], path, components, seen | {name})
        return
    for option in schema.get("anyOf", []):
        yield from _unbounded(option, path, components, seen)
    kind = schema.get("type")
    if kind == "integer" and not (schema.get("maximum", INT64) < INT64 and schema.get("minimum", -INT64 - 1) >= -INT64):
        yield f"{path}: integer without bounds"
    if kind == "string" and not ({"maxLength", "pattern", "format", "enum"} & schema.keys()):
        yield f"{path}: text without a greatest length"
    for name, field in schema.get("properties", {}).items():
        yield from _unbounded(field, f"{path}.{name}", components, seen)
    if isinstance(schema.get("items"), dict):
        yield from _unbounded(schema["items"], f"{path}[]", components, seen)


@pytest.mark.parametrize("body", _bodies(), ids=lambda body: body.__name__)
def test_bodies_are_bounded(body: type) -> None:
    (schema,), components = msgspec.json.schema_components([body])
    assert list(_unbounded(schema, body.__name__, components)) == []


@pytest.mark.parametrize("body", _bodies(), ids=lambda body: body.__name__)
def test_bodies_refuse_fields_they_do_not_know(body: type) -> None:
    assert body.__struct_config__.forbid_unknown_fields  # type: ignore[attr-defined]  # a msgspec Struct


def test_the_description_is_whole() -> None:
    document = openapi.document(ALL, API_VERSION)
    text = json.dumps(document)
    for name in {part.split('"')[0] for part in text.split("#/components/schemas/")[1:]}:
        assert name in document["components"]["schemas"]
    operations = [operation for path in document["paths"].values() for operation in path.values()]
    assert len(operations) == len(ALL)
    assert len({operation["operationId"] for operation in operations}) == len(ALL)
    pages = [route for route in ALL if route.pages]
    assert pages, "no list is paged"
    assert all(route.reply is not Page for route in pages), "a Page says of what"


def test_every_operation_is_explained_and_shows_a_body_that_it_takes() -> None:
    """Pictures, sheets and packed files cannot be shown in a text."""
    document = openapi.document(ALL, API_VERSION)
    for route in ALL:
        operation = document["paths"][route.path][route.method.lower()]
        assert operation["summary"]
        for media_type, content in operation.get("requestBody", {}).get("content", {}).items():
            if media_type == "application/json" and route.body is bytes:  # signed, so that its very bytes count
                assert isinstance(route.example, bytes)
                assert isinstance(msgspec.json.decode(route.example), dict), route.path
            elif media_type == "application/json":
                assert msgspec.convert(content["example"], route.body, strict=False) == route.example, route.path
            elif media_type == "text/csv":
                assert "," in content["example"].splitlines()[0], f"{route.path}: a file's first lines, readable"


def _events(base: type[Event]) -> Iterator[type[Event]]:
    for event in base.__subclasses__():
        if event.__module__.startswith("controller."):
            yield event
        yield from _events(event)


def test_pages_have_words_for_every_event() -> None:
    missing = {event.name for event in _events(Event)} - words.EVENTS.keys()
    assert not missing
