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


class CategorySaved(Event, frozen=True, kw_only=True):
    """It is called so and stands there from now on; the subject is `category:` and its code."""

    name: ClassVar[str] = "category_saved"
    name_en: str
    name_zh: str
    parent: str | None


class CategoryRemoved(Event, frozen=True, kw_only=True):
    name: ClassVar[str] = "category_removed"


class SkusCategorised(Event, frozen=True, kw_only=True):
    """`count` SKUs (the first 200 by name) are in `category` now; None: in none."""

    name: ClassVar[str] = "skus_categorised"
    category: str | None
    skus: list[str]
    count: int


class SubstituteSaved(Event, frozen=True, kw_only=True):
    """`numerator / denominator` base units of it stand for one of the SKU, which is the subject; `rank` 1 is offered first."""

    name: ClassVar[str] = "substitute_saved"
    substitute: str
    numerator: int
    denominator: int
    rank: int


class SubstituteRemoved(Event, frozen=True, kw_only=True):
    name: ClassVar[str] = "substitute_removed"
    substitute: str
