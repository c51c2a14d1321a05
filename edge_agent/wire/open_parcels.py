"""What a site packs and hands over, as its boxes keep it: parts `packs` and `hand_overs` of the replica."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

Whole = Annotated[int, Meta(ge=0, le=2**63 - 1)]


class PackLine(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """So many base units of a SKU should be in the parcel; `symbol`, and `gtin` if it is one: a barcode that names it."""

    sku: str
    name_en: str
    name_zh: str
    symbol: str
    quantity: Whole
    gtin: str | None = None
    unit: str = "piece"


class OpenPack(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A pick list whose goods are fetched and in no parcel: `number` or its `tote` is scanned, `order` is whose it is.

    `least` and `most`: grams that its parcel weighs with goods and carton, None: a weight of them is not known.
    `recalled`: the lots of its goods that were recalled since they were fetched; it is not packed.
    """

    id: Whole
    number: str
    order: str
    lines: list[PackLine]
    tote: str | None = None
    least: Whole | None = None
    most: Whole | None = None
    recalled: list[str] = []


class ParcelLine(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A parcel that waits: by its number, or by `symbol`, the carrier's own.  `recalled`: lots in it; it stays here.

    `is_held`: its order is flagged; it is not handed over until that is cleared.
    """

    parcel: str
    order: str
    symbol: str = ""
    recalled: list[str] = []
    is_held: bool = False


class OpenHandOver(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What somebody comes for: a carrier with its manifest (`number`), or a customer with the pick-up `code` of order `number`.

    `title`: the carrier's code; empty: a customer.  `lines`: the parcels that are still here.
    """

    id: Whole
    number: str
    lines: list[ParcelLine]
    title: str = ""
    code: str | None = None
