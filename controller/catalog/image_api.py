"""Pictures of SKUs over HTTP: people upload them, boxes fetch them by their hash."""

from __future__ import annotations

from msgspec import Struct

from controller.catalog import images
from controller.http.routing import Call, Permission, Reply, Route

_FOR_EVER = {"Cache-Control": "public, max-age=31536000, immutable"}


class ImageView(Struct, frozen=True, kw_only=True):
    """`hash`: the hex SHA-256 of the small picture that boxes get; `bytes`: how large it is."""

    sku: str
    hash: str
    media_type: str
    bytes: int


async def put(call: Call[bytes]) -> ImageView:
    made = await images.put_image(call.path["sku"], call.body)
    return ImageView(sku=call.path["sku"], hash=made.hash, media_type=made.media_type, bytes=len(made.body))


async def show(call: Call[None]) -> Reply:
    found = await images.image_of(call.path["sku"])
    return Reply(body=found.body, media_type=found.media_type, headers={"ETag": f'"{found.hash}"', "Cache-Control": "no-cache"})


async def remove(call: Call[None]) -> None:
    await images.remove_image(call.path["sku"])


async def for_box(call: Call[None]) -> Reply:
    found = await images.image(call.path["hash"])
    return Reply(body=found.body, media_type=found.media_type, headers={"ETag": f'"{found.hash}"', **_FOR_EVER})


_OF_SKU = "/api/v1/skus/{sku}/image"

ROUTES = [
    Route("GET", _OF_SKU, show, permission=Permission.CATALOG_READ, reply=bytes, summary="A SKU's picture, as boxes get it"),
    Route(
        "PUT",
        _OF_SKU,
        put,
        permission=Permission.CATALOG_WRITE,
        body=bytes,
        accepts="image/*",
        reply=ImageView,
        whole_chain=True,
        summary="Give a SKU a picture (JPEG, PNG or WebP); a small one is made of it",
    ),
    Route("DELETE", _OF_SKU, remove, permission=Permission.CATALOG_WRITE, whole_chain=True, summary="Take a SKU's picture off it"),
    Route(
        "GET",
        "/box/v1/images/{hash}",
        for_box,
        permission=Permission.BOX,
        reply=bytes,
        summary="A picture by its content address; it never changes",
    ),
]
