"""Templates over HTTP: for boxes by content address, for people as a list."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct

from controller.documents import queries
from controller.http.routing import Call, Page, Permission, Reply, Route, page


class TemplateView(Struct, frozen=True, kw_only=True):
    """`version` is the hex SHA-256 of the template's bytes; `current` marks what new jobs are printed with."""

    id: str
    name: str
    version: str
    kind: str
    current: bool
    created_at: datetime


async def body(call: Call[None]) -> Reply:
    found = await queries.template(call.path["name"], call.path["version"])
    return Reply(
        body=found.body,
        media_type="application/json",
        headers={"Cache-Control": "public, max-age=31536000, immutable", "ETag": f'"{found.version}"'},
    )


async def listing(call: Call[None]) -> Page[TemplateView]:
    rows = await queries.templates(after=call.page.after or "", limit=call.page.limit)
    return page([_view(row) for row in rows], call.page, key=lambda view: view.id)


def _view(row: queries.StoredTemplate) -> TemplateView:
    return TemplateView(
        id=f"{row.name}/{row.version}",
        name=row.name,
        version=row.version,
        kind=row.kind,
        current=row.is_current,
        created_at=row.created_at,
    )


ROUTES = [
    Route(
        "GET",
        "/box/v1/templates/{name}/{version}",
        body,
        permission=Permission.BOX,
        summary="A print template by its content address; it never changes",
    ),
    Route(
        "GET",
        "/api/v1/templates",
        listing,
        permission=Permission.DOCUMENTS_READ,
        reply=Page[TemplateView],
        summary="List print templates, all versions",
    ),
]
