"""The replica over HTTP, for boxes."""

from __future__ import annotations

import asyncio
import gzip

from controller.http.routing import Call, Permission, Reply, Route
from controller.replica.pages import page_since
from edge_agent.wire.replica import DIGEST, digest_of, encode_page

PACKED_FROM = 1024
"""Bytes from which on a page is packed for a box that can unpack it."""
_LEVEL = 3


async def page(call: Call[None]) -> Reply:
    names = call.query.get("parts")
    told = await page_since(call.path["site"], call.query.get("since", ""), None if names is None else names.split(","))
    body = encode_page(told)
    headers = {"Vary": "Accept-Encoding"}
    if "gzip" in call.encodings and len(body) >= PACKED_FROM:
        body = await asyncio.to_thread(gzip.compress, body, _LEVEL, mtime=0)
        headers["Content-Encoding"] = "gzip"
    return Reply(body=body, media_type="application/json", headers={**headers, DIGEST: digest_of(body)})


ROUTES = [
    Route(
        "GET",
        "/box/v1/replica/{site}",
        page,
        permission=Permission.BOX,
        reply=bytes,
        summary="What a box keeps of goods, stock, people and more: all of it, or what changed since",
        filters={
            "since": "`next` of the page before; without it, from the beginning",
            "parts": "the parts that are wanted, with commas between; without it, all",
        },
    ),
]
