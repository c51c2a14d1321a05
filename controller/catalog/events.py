"""What happens to the catalogue."""

from __future__ import annotations

from typing import ClassVar

from controller.events import Event


class SkuCreated(Event, frozen=True, kw_only=True):
    """The subject is the SKU's code."""

    name: ClassVar[str] = "sku_created"
    name_en: str
    name_zh: str


class BarcodeAdded(Event, frozen=True, kw_only=True):
    """A printed code names a SKU from now on; the subject is the symbol."""

    name: ClassVar[str] = "barcode_added"
    sku: str
    kind: str
    numerator: int
    denominator: int


class UnknownBarcodeSeen(Event, frozen=True, kw_only=True):
    """Somebody scanned what nobody knows, for the first time or again after it was linked; the subject is the symbol's text."""

    name: ClassVar[str] = "unknown_barcode"
    text: str
    gtin: str | None
    raw_b64: str | None
    box: str
    station: str | None


class CatalogImported(Event, frozen=True, kw_only=True):
    name: ClassVar[str] = "catalog_imported"
    rows: int
    bad_rows: int


class SkuImageChanged(Event, frozen=True, kw_only=True):
    """`hash`: of its new picture; None: it has none any more."""

    name: ClassVar[str] = "sku_image_changed"
    hash: str | None
