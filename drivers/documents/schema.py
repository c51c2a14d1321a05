"""What a print template's JSON holds: element, part and field specifications.  `templates` reads and fills them."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, TypeAlias

from msgspec import Meta, Struct

from drivers.documents.model import Align, Font, Rotation, Symbology

Name = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
Millimetres: TypeAlias = Decimal
MAX_PICTURE_BYTES = 64 * 1024
MAX_PICTURE_PIXELS = 4_000_000
"""Some 60 kB of a hostile PNG would unpack to gigabytes."""

Png = Annotated[bytes, Meta(min_length=1, max_length=MAX_PICTURE_BYTES)]
"""In JSON as base64."""


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
    font: Font = "sans"
    rotation: Rotation = 0


class BarcodeSpec(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="barcode"):
    x: Millimetres
    y: Millimetres
    width: Millimetres
    height: Millimetres
    symbology: Symbology
    data: str
    human_readable: bool = True
    rotation: Rotation = 0


class BoxSpec(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="box"):
    x: Millimetres
    y: Millimetres
    width: Millimetres
    height: Millimetres
    thickness: Millimetres


class PictureSpec(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="picture"):
    x: Millimetres
    y: Millimetres
    width: Millimetres
    height: Millimetres
    png: Png
    dither: bool = False


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


class LogoSpec(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="logo"):
    """`width` in percent of the paper's."""

    png: Png
    width: Annotated[int, Meta(ge=1, le=100)] = 60
    dither: bool = False


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


ElementSpec: TypeAlias = TextSpec | BarcodeSpec | BoxSpec | PictureSpec
PartSpec: TypeAlias = LineSpec | RuleSpec | CodeSpec | LogoSpec | EachSpec
Spec: TypeAlias = ElementSpec | PartSpec


def png_problem(png: bytes) -> str | None:
    """Why it is no picture that we take, by its head alone (PNG, third edition, 5.2 and 11.2.1); None if it may be one."""
    if png[:8] != b"\x89PNG\r\n\x1a\n" or png[12:16] != b"IHDR" or len(png) < 33:
        return "`png` is not a PNG picture in base64"
    width, height = int.from_bytes(png[16:20], "big"), int.from_bytes(png[20:24], "big")
    if not 0 < width * height <= MAX_PICTURE_PIXELS:
        return f"`png` has {width} x {height} pixels, expected 1 to {MAX_PICTURE_PIXELS} in all"
    return None
