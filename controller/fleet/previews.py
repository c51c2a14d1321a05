"""What a print job looks like on paper, as a picture or a PDF in its real size: for who has to say whether it came out."""

from __future__ import annotations

import asyncio
from typing import Literal

import msgspec

from controller.db import fetch
from controller.documents import queries as documents
from controller.errors import Rejected
from controller.fleet import queries
from controller.http.routing import BadParameter, Call, Permission, Reply, Route
from drivers.documents.errors import DocumentError
from drivers.documents.model import Label
from drivers.documents.templates import Data, fill, load_template

Format = Literal["png", "pdf"]
_MEDIA_TYPES: dict[str, str] = {"png": "image/png", "pdf": "application/pdf"}


class NotDrawable(Rejected):
    """What the job holds cannot be drawn here; the box, with other fonts, may have printed it."""

    code = "not_drawable"

    def __init__(self, job: str, reason: str) -> None:
        super().__init__(f"print job {job} cannot be drawn: {reason}")
        self.job = job


async def preview(call: Call[None]) -> Reply:
    form = call.query.get("format", "pdf")
    if form not in _MEDIA_TYPES:
        raise BadParameter("format", "png or pdf")
    body = await draw(call.path["id"], form, sites=call.actor.sites)
    return Reply(body=body, media_type=_MEDIA_TYPES[form], headers={"Cache-Control": "private, no-store"})


async def draw(job_id: str, form: str, *, sites: frozenset[str] | None) -> bytes:
    """From the layout that printers get, at 203 (``png``) or 300 (``pdf``) dots per inch; the mark of a copy is not in it.

    Raises NotFound, NotDrawable.
    """
    job = await queries.print_job(job_id, sites=sites)
    template = await documents.template(job.template, job.version)
    rows = await fetch("SELECT data FROM print_job WHERE id = ?", job.id)
    try:
        return await asyncio.to_thread(_drawn, template.body, rows[0]["data"], form)
    except (DocumentError, msgspec.DecodeError) as error:
        raise NotDrawable(job.id, str(error)) from error


def _drawn(template: bytes, data: str, form: str) -> bytes:
    """Raises DocumentError, msgspec.DecodeError."""
    from drivers.documents import preview as drawing  # noqa: PLC0415 -- loads Pillow with the first preview

    document = fill(load_template(template), msgspec.json.decode(data, type=Data))
    if isinstance(document, Label):
        return drawing.label_pdf(document) if form == "pdf" else drawing.label_png(document)
    return drawing.receipt_pdf(document) if form == "pdf" else drawing.receipt_png(document)


ROUTES = [
    Route(
        "GET",
        "/api/v1/print-jobs/{id}/preview",
        preview,
        permission=Permission.DOCUMENTS_READ,
        summary="What a print job looks like on paper",
        filters={"format": "`pdf` (the paper's real size) or `png`"},
    ),
]
