"""OpenAPI 3.1 from the route table: served at /api/v1/openapi.json and kept in docs/openapi.json."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, get_args

import msgspec
from apispec import APISpec

from controller.http.errors import ProblemBody
from controller.http.routing import PER_DEFAULT, PER_MAX, Call, Permission, Reply, Route

PATH = "/api/v1/openapi.json"
_REFERENCE = "#/components/schemas/{name}"
_TEXT = {"type": "string"}

Json = dict[str, Any]


def document(routes: Sequence[Route], version: str) -> Json:
    """The description of `routes`."""
    spec = APISpec(
        title="Shelfwire",
        version=version,
        openapi_version="3.1.0",
        info={
            "description": "Order and inventory state of a chain of stores.  Every write needs an `Idempotency-Key`; errors are "
            "problem+json (RFC 9457) with a stable `code`; lists page by key (`after`, `per`)."
        },
    )
    spec.components.security_scheme("token", {"type": "http", "scheme": "bearer"})
    schemas, components = _schemas(routes)
    for name, schema in components.items():
        spec.components.schema(name, schema)
    for route in routes:
        spec.path(path=route.path, operations={route.method.lower(): _operation(route, schemas)})
    found: Json = spec.to_dict()
    return found


def text(routes: Sequence[Route], version: str) -> str:
    return json.dumps(document(routes, version), indent=2, ensure_ascii=False, sort_keys=False) + "\n"


def openapi_route(routes: Sequence[Route], version: str) -> Route:
    """Serves the description of `routes` (and of itself)."""

    async def describe(_: Call[None]) -> Reply:
        return Reply(body, "application/json", headers={"Cache-Control": "no-cache"})

    own = Route("GET", PATH, describe, permission=Permission.PUBLIC, reply=bytes, summary="This API's description (OpenAPI 3.1)")
    body = text([*routes, own], version).encode()
    return own


def _schemas(routes: Sequence[Route]) -> tuple[dict[Any, Json], dict[str, Json]]:
    types = [ProblemBody]
    for route in routes:
        types += [kind for kind in (route.body, route.reply) if kind not in (None, bytes) and kind not in types]
    found, components = msgspec.json.schema_components(types, ref_template=_REFERENCE, schema_hook=_anything)
    return dict(zip(types, found, strict=True)), {name: _of_fixed_length(schema) for name, schema in components.items()}


def _of_fixed_length(schema: Any) -> Any:
    """Arrays of so many items say so by `maxItems` alone: apispec takes `items: false` for a schema's name."""
    if isinstance(schema, dict):
        return {name: _of_fixed_length(value) for name, value in schema.items() if not (name == "items" and value is False)}
    return [_of_fixed_length(each) for each in schema] if isinstance(schema, list) else schema


def _anything(kind: type) -> Json:
    """Fields typed `object`: any JSON."""
    if kind is object:
        return {"description": "any JSON"}
    raise NotImplementedError


def _operation(route: Route, schemas: dict[Any, Json]) -> Json:
    operation: Json = {
        "operationId": _operation_id(route),
        "summary": route.summary,
        "tags": [route.path.split("/")[3] if route.path.startswith("/api/v1/") else "machine"],
        "parameters": _parameters(route),
        "responses": _responses(route, schemas),
        "x-permission": route.permission.value,
        "security": [] if route.permission is Permission.PUBLIC else [{"token": []}],
    }
    if route.handler.__doc__:
        operation["description"] = " ".join(route.handler.__doc__.split())
    if route.body is not None:
        content: Json = {"schema": _TEXT if route.body is bytes else schemas[route.body]}
        if route.example is not None:
            file = route.example
            content["example"] = file.decode() if isinstance(file, bytes) else msgspec.to_builtins(file)
        operation["requestBody"] = {"required": True, "content": {route.accepts: content}}
    return operation


def _operation_id(route: Route) -> str:
    words = [part.strip("{}") for part in route.path.split("/") if part]
    return "_".join([route.method.lower(), *words]).replace(".", "_").replace("-", "_")


def _parameters(route: Route) -> list[Json]:
    found: list[Json] = [{"name": name, "in": "path", "required": True, "schema": _TEXT} for name in route.parameters]
    found += [{"name": name, "in": "query", "description": what, "schema": _TEXT} for name, what in route.filters.items()]
    if route.pages:
        found.append({"name": "after", "in": "query", "description": "`next` of the page before", "schema": _TEXT})
        per = {"type": "integer", "minimum": 1, "maximum": PER_MAX, "default": PER_DEFAULT}
        found.append({"name": "per", "in": "query", "description": "rows on the page", "schema": per})
    found += [{"name": name, "in": "header", "required": True, "schema": _TEXT} for name in route.headers]
    if route.writes and not route.keyed_by_body:
        key = {"type": "string", "pattern": r"^[\x21-\x7e]{1,200}$"}
        what = "new for each write; the same when the same write is sent again"
        found.append({"name": "Idempotency-Key", "in": "header", "required": True, "description": what, "schema": key})
    return found


def _responses(route: Route, schemas: dict[Any, Json]) -> Json:
    problem = {"description": "What went wrong", "content": {"application/problem+json": {"schema": schemas[ProblemBody]}}}
    refused = {"4XX": problem, "5XX": problem}
    if route.reply is None:
        done: Json = {"description": "Done"}
        return {"200" if not route.writes else "2XX": done, **refused}
    if route.reply is bytes:
        return {"200": {"description": "Done", "content": {"*/*": {"schema": {}}}}, **refused}
    content = {"application/json": {"schema": schemas[route.reply]}}
    items = get_args(route.reply)
    description = f"A page of {items[0].__name__}" if route.pages and items else "Done"
    return {"2XX" if route.writes else "200": {"description": description, "content": content}, **refused}
