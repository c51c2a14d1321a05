"""What a print template's JSON holds: element, part and field specifications.  `templates` reads and fills them."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, TypeAlias

from msgspec import Meta, Struct

from drivers.documents.model import Align, Symbology

Name = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
Millimetres: TypeAlias = Decimal


class TextSpec(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="text"):
    x: Millimetres
    y: Millimetres
    width: Millimetres
    height: Millimetres
    text: str
    lines: Annotated[int, Meta(ge=1, le=50)] = 1
    align: Align = "left"
    bold: bool = False
    fill: bool = False


class BarcodeSpec(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="barcode"):
    x: Millimetres
    y: Millimetres
    width: Millimetres
    height: Millimetres
    symbology: Symbology
    data: str
    human_readable: bool = True


class BoxSpec(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="box"):
    x: Millimetres
    y: Millimetres
    width: Millimetres
    height: Millimetres
    thickness: Millimetres


class LineSpec(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="line"):
    text: str
    right: str = ""
    align: Align = "left"
    bold: bool = False
    double: bool = False


class RuleSpec(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="rule"):
    pass


class CodeSpec(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="code"):
    symbology: Symbology
    data: str


class EachSpec(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="each"):
    """Its parts, once for every row of the list field."""

    field: Name
    parts: list[LineSpec | RuleSpec | CodeSpec]


class TextField(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="type", tag="text"):
    about: str
    optional: bool = False


class ListField(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="type", tag="list"):
    about: str
    fields: dict[Name, TextField]


ElementSpec: TypeAlias = TextSpec | BarcodeSpec | BoxSpec
PartSpec: TypeAlias = LineSpec | RuleSpec | CodeSpec | EachSpec
Spec: TypeAlias = ElementSpec | PartSpec
