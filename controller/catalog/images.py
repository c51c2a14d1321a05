"""Pictures of SKUs: made small here, so that nothing of what was uploaded but its look travels to boxes.

A picture is kept under the SHA-256 of its bytes and never changes; the same one for two SKUs is kept once.
"""

from __future__ import annotations

import asyncio
import hashlib
import io
import warnings
from dataclasses import dataclass

from PIL import Image, ImageOps

from controller import db, events
from controller.catalog.events import SkuImageChanged
from controller.errors import NotFound, Rejected

LARGEST = 8 * 1024 * 1024
"""Bytes of an uploaded picture."""
MOST_PIXELS = 40_000_000
EDGE = 320
"""Pixels of the longer edge of what is kept."""
MEDIA_TYPE = "image/webp"
_READ = ("JPEG", "PNG", "WEBP")
_QUALITY = 80


class BadImage(Rejected):
    code = "bad_image"


@dataclass(frozen=True, slots=True)
class StoredImage:
    """`hash`: the hex SHA-256 of `body`."""

    hash: str
    media_type: str
    body: bytes


async def put_image(sku: str, uploaded: bytes) -> StoredImage:
    """Make it the picture of a SKU.  Records SkuImageChanged.  Raises BadImage, NotFound (SKU)."""
    body = await asyncio.to_thread(small, uploaded)
    made = StoredImage(hashlib.sha256(body).hexdigest(), MEDIA_TYPE, body)
    async with db.transaction():
        await db.execute(
            "INSERT INTO sku_image (hash, media_type, body, created_at) VALUES (?, ?, ?, ?) ON CONFLICT (hash) DO NOTHING",
            *(made.hash, made.media_type, made.body, db.now()),
        )
        await _point(sku, made.hash, made.media_type)
    return made


async def remove_image(sku: str) -> None:
    """The SKU has none any more.  Records SkuImageChanged.  Raises NotFound (SKU)."""
    async with db.transaction():
        await _point(sku, None, None)


async def image_of(sku: str) -> StoredImage:
    """Raises NotFound: there is no such SKU, or it has no picture."""
    rows = await db.fetch("SELECT image_hash FROM sku WHERE code = ?", sku)
    if not rows:
        raise NotFound("SKU", sku)
    if rows[0]["image_hash"] is None:
        raise NotFound("picture of SKU", sku)
    return await image(rows[0]["image_hash"])


async def image(digest: str) -> StoredImage:
    """By its hash, as a box asks for it.  Raises NotFound."""
    rows = await db.fetch("SELECT hash, media_type, body FROM sku_image WHERE hash = ?", digest)
    if not rows:
        raise NotFound("picture", digest)
    return StoredImage(rows[0]["hash"], rows[0]["media_type"], bytes(rows[0]["body"]))


async def _point(sku: str, digest: str | None, media_type: str | None) -> None:
    """What no SKU points to any more is thrown away."""
    rows = await db.fetch(f"SELECT id, image_hash FROM sku WHERE code = ?{db.for_update()}", sku)  # noqa: S608 -- ours
    if not rows:
        raise NotFound("SKU", sku)
    before = rows[0]["image_hash"]
    if before == digest:
        return
    await db.execute(
        "UPDATE sku SET image_hash = ?, image_type = ?, version = NULL WHERE id = ?", digest, media_type, rows[0]["id"]
    )
    if before is not None:
        await db.execute(
            "DELETE FROM sku_image WHERE hash = ? AND NOT EXISTS (SELECT 1 FROM sku WHERE image_hash = ?)", before, before
        )
    await events.record(SkuImageChanged(hash=digest), subject=sku)


def small(uploaded: bytes) -> bytes:
    """The picture upright, at most 320 pixels wide and high, as WebP without anything else that was in the file.

    Blocks.  Raises BadImage: no JPEG, PNG or WebP, damaged, or too large.
    """
    if len(uploaded) > LARGEST:
        raise BadImage(f"a picture has at most {LARGEST} bytes, this one {len(uploaded)}")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            with Image.open(io.BytesIO(uploaded), formats=_READ) as opened:
                clean = _clean(opened)
    except BadImage:
        raise
    except Exception as error:  # Pillow's decoders raise whatever they stumble over
        raise BadImage(f"this is no JPEG, PNG or WebP picture that can be read ({type(error).__name__})") from error
    out = io.BytesIO()
    Image.frombytes(clean.mode, clean.size, clean.tobytes()).save(out, "WEBP", quality=_QUALITY, method=4)
    return out.getvalue()


def _clean(opened: Image.Image) -> Image.Image:
    """Raises BadImage."""
    if opened.width * opened.height > MOST_PIXELS:
        raise BadImage(f"a picture has at most {MOST_PIXELS} pixels, this one {opened.width} x {opened.height}")
    opened.draft("RGB", (2 * EDGE, 2 * EDGE))
    upright = ImageOps.exif_transpose(opened)
    upright.thumbnail((EDGE, EDGE))
    return upright.convert("RGBA" if upright.has_transparency_data else "RGB")
