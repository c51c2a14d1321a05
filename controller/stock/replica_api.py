"""The replica over HTTP, for boxes."""

from __future__ import annotations

from controller.http.routing import Call, Permission, Reply, Route
from controller.stock.replica import page_since
from edge_agent.wire.replica import DIGEST, digest_of, encode_page


async def page(call: Call[None]) -> Reply:
    body = encode_page(await page_since(call.path["site"], call.query.get("since", "")))
    return Reply(body=body, media_type="application/json", headers={DIGEST: digest_of(body)})


ROUTES = [
    Route(
        "GET",
        "/box/v1/replica/{site}",
        page,
        permission=Permission.BOX,
        reply=bytes,
        summary="What a box keeps of the catalogue and of its site's stock: all of it, or what changed since",
        filters={"since": "`next` of the page before; without it, from the beginning"},
    ),
]
