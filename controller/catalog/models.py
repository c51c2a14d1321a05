"""What is sold, and which printed codes name it."""

# ruff: noqa: D106 -- Meta is Tortoise's
from __future__ import annotations

from enum import StrEnum

from tortoise import fields
from tortoise.models import Model

from controller.schema import check
from controller.sites.models import Site


class BaseUnit(StrEnum):
    """The unit that every quantity of a SKU counts."""

    PIECE = "piece"
    GRAM = "gram"
    MILLILITRE = "millilitre"


class SymbolKind(StrEnum):
    """How a barcode is looked up.

    GTIN: by its 14 digits.  TEXT: by the text exactly as the symbol holds it.  MEASURED: an in-store EAN-13, by its first seven
    digits; the next five are the quantity in base units (GS1 General Specifications, section 2.1.12).
    """

    GTIN = "gtin"
    TEXT = "text"
    MEASURED = "measured"


class Tracking(StrEnum):
    """What is known of each piece: nothing, the lot it belongs to, or itself (its serial number, and its lot if it has one)."""

    NONE = "none"
    LOT = "lot"
    SERIAL = "serial"


class UnknownState(StrEnum):
    OPEN = "open"
    LINKED = "linked"


class Category(Model):
    """Table `category`.  Goods of one kind, in a tree; no parent: it stands at the top."""

    id = fields.BigIntField(primary_key=True)
    code = fields.CharField(max_length=64, unique=True)
    name_en = fields.CharField(max_length=200)
    name_zh = fields.CharField(max_length=200)
    parent: fields.ForeignKeyNullableRelation[Category] = fields.ForeignKeyField(
        "controller.Category", related_name=False, null=True, on_delete=fields.RESTRICT
    )

    class Meta:
        table = "category"
        indexes = (("parent_id",),)


class Product(Model):
    """What a customer browses; its SKUs are what is stocked."""

    id = fields.BigIntField(primary_key=True)
    code = fields.CharField(max_length=64, unique=True)
    name_en = fields.CharField(max_length=200)
    name_zh = fields.CharField(max_length=200)

    class Meta:
        table = "product"


class Sku(Model):
    """A sellable unit.  `price_minor`: minor units for one piece, 100 g or 100 ml; `weight_grams`: of one base unit.

    `shelf_life_days`: from being made until it expires; `min_remaining_days`: how many must be left when it goes to a customer.
    `version`: of what boxes keep of it; NULL after every change of it or of its barcodes (docs/adr/0016).
    """

    id = fields.BigIntField(primary_key=True)
    product: fields.ForeignKeyRelation[Product] = fields.ForeignKeyField("controller.Product", related_name=False)
    code = fields.CharField(max_length=64, unique=True)
    name_en = fields.CharField(max_length=200)
    name_zh = fields.CharField(max_length=200)
    base_unit = fields.CharField(max_length=16)
    price_minor = fields.BigIntField()
    currency = fields.CharField(max_length=3)
    weight_grams = fields.BigIntField(null=True)
    tracking = fields.CharField(max_length=8, db_default=Tracking.NONE.value)
    shelf_life_days = fields.BigIntField(null=True)
    min_remaining_days = fields.BigIntField(null=True)
    image_hash = fields.CharField(max_length=64, null=True)
    image_type = fields.CharField(max_length=32, null=True)
    version = fields.BigIntField(null=True)
    category: fields.ForeignKeyNullableRelation[Category] = fields.ForeignKeyField(
        "controller.Category", related_name=False, null=True, on_delete=fields.RESTRICT
    )

    class Meta:
        table = "sku"
        indexes = (("version", "id"), ("category_id", "id"))


class SkuSubstitute(Model):
    """Table `sku_substitute`.  Somebody says: when there is none of `sku`, a customer may get `substitute`.

    `numerator / denominator`: base units of the substitute for one base unit of the SKU; `rank`: 1 is offered first.
    """

    id = fields.BigIntField(primary_key=True)
    sku: fields.ForeignKeyRelation[Sku] = fields.ForeignKeyField("controller.Sku", related_name=False)
    substitute: fields.ForeignKeyRelation[Sku] = fields.ForeignKeyField("controller.Sku", related_name=False)
    numerator = fields.BigIntField(db_default=1)
    denominator = fields.BigIntField(db_default=1)
    rank = fields.IntField(db_default=1)
    note = fields.CharField(max_length=200, db_default="")

    class Meta:
        table = "sku_substitute"
        unique_together = (("sku_id", "substitute_id"),)
        indexes = (("substitute_id",),)


class SkuImage(Model):
    """A SKU's picture as it travels to boxes: small, made here, named by the SHA-256 of its bytes."""

    hash = fields.CharField(max_length=64, primary_key=True)
    media_type = fields.CharField(max_length=32)
    body = fields.BinaryField()
    created_at = fields.DatetimeField()

    class Meta:
        table = "sku_image"


class Barcode(Model):
    """A printed code of a SKU in a pack unit: one scan is `numerator / denominator` base units.  No site: of the whole chain."""

    id = fields.BigIntField(primary_key=True)
    kind = fields.CharField(max_length=8)
    symbol = fields.CharField(max_length=512)
    sku: fields.ForeignKeyRelation[Sku] = fields.ForeignKeyField("controller.Sku", related_name=False)
    numerator = fields.BigIntField(default=1)
    denominator = fields.BigIntField(default=1)
    site: fields.ForeignKeyNullableRelation[Site] = fields.ForeignKeyField("controller.Site", related_name=False, null=True)
    active = fields.BooleanField(default=True)

    class Meta:
        table = "barcode"
        indexes = (("sku_id",),)


class UnknownBarcode(Model):
    """A symbol that somebody scanned and nobody knows, kept until it is linked.  `key`: the text, or its hash if it is long."""

    id = fields.BigIntField(primary_key=True)
    key = fields.CharField(max_length=512, unique=True)
    text = fields.CharField(max_length=4096)
    gtin = fields.CharField(max_length=14, null=True)
    raw_b64 = fields.TextField(null=True)
    first_seen = fields.DatetimeField()
    last_seen = fields.DatetimeField()
    count = fields.BigIntField(default=1)
    site_id = fields.CharField(max_length=40)
    box = fields.CharField(max_length=40)
    station = fields.CharField(max_length=40, null=True)
    state = fields.CharField(max_length=8, default=UnknownState.OPEN.value)

    class Meta:
        table = "unknown_barcode"
        indexes = (("state", "id"),)


class CatalogVersion(Model):
    """One row whose `stamp` changes with every change of a barcode: what caches compare."""

    id = fields.BigIntField(primary_key=True)
    stamp = fields.CharField(max_length=32)

    class Meta:
        table = "catalog_version"


EXTRA_SQL = (
    check("category", "category_parent", "NEW.parent_id IS NULL OR NEW.parent_id <> NEW.id"),
    check(
        "sku_substitute",
        "sku_substitute_ratio",
        "NEW.sku_id <> NEW.substitute_id AND NEW.numerator > 0 AND NEW.denominator > 0 AND NEW.rank > 0",
    ),
    "CREATE INDEX IF NOT EXISTS sku_changed ON sku (id) WHERE version IS NULL",
    "CREATE UNIQUE INDEX IF NOT EXISTS barcode_chain ON barcode (kind, symbol) WHERE active AND site_id IS NULL",
    "CREATE UNIQUE INDEX IF NOT EXISTS barcode_site ON barcode (kind, symbol, site_id) WHERE active AND site_id IS NOT NULL",
    "INSERT INTO catalog_version (id, stamp) VALUES (1, 'new') ON CONFLICT (id) DO NOTHING",
)
