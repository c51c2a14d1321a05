"""Print templates: JSON text with `{placeholder}`s, filled with data to a `Label` or a `Receipt`.

A template is content-addressed: its version is the SHA-256 of its bytes (`content_version`).  It holds no words: those come with
the data, so that one template serves every language.  `fields` declares each placeholder:

    {"name": "shelf-label", "kind": "label", "width": "60", "height": "40",
     "fields": {"name": {"type": "text", "about": "Name of the product"}},
     "elements": [{"type": "text", "x": "2", "y": "2", "width": "56", "height": "8", "text": "{name}"}]}

A label has `elements` (text, barcode, box, picture; millimetres as decimal strings), a receipt `parts` (line, rule, code, logo, and
`each`, which repeats its parts for every row of a list field).  Pictures are PNG in base64, 64 KiB each at most.  An element whose
placeholders are all empty is left out.  Braces are doubled.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Literal, TypeAlias

import msgspec
from msgspec import Meta, Struct

from drivers.documents.errors import BadData, BadTemplate
from drivers.documents.model import Barcode, Box, Code, Element, Label, Line, Logo, Part, Picture, Receipt, Rule, Text
from drivers.documents.schema import (
    BarcodeSpec,
    BoxSpec,
    CodeSpec,
    EachSpec,
    ElementSpec,
    LineSpec,
    ListField,
    LogoSpec,
    Name,
    PartSpec,
    PictureSpec,
    RuleSpec,
    Spec,
    TextField,
    TextSpec,
    png_problem,
)

Row: TypeAlias = Mapping[str, str | int]
Data: TypeAlias = Mapping[str, str | int | list[dict[str, str | int]]]

MAX_SIDE = Decimal(1000)
"""Millimetres."""
MAX_BYTES = 256 * 1024
"""What a box takes, pictures and all."""

_PIECES = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|([{}])")


class _Head(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A template's own keys; its elements or parts are read one by one, so that each can tell its own problem."""

    name: Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9-]{0,39}$")]
    kind: Literal["label", "receipt"]
    fields: dict[Name, msgspec.Raw]
    width: Decimal | None = None
    height: Decimal | None = None
    elements: list[msgspec.Raw] | None = None
    parts: list[msgspec.Raw] | None = None
    open_drawer: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """A template that was read and found sound.  `width` and `height` are None for a receipt."""

    name: str
    kind: Literal["label", "receipt"]
    fields: Mapping[str, TextField | ListField]
    items: tuple[Spec, ...]
    width: Decimal | None = None
    height: Decimal | None = None
    open_drawer: bool = False


def content_version(body: bytes) -> str:
    """The template's version: hexadecimal SHA-256 of its bytes as they are."""
    return hashlib.sha256(body).hexdigest()


def load_template(body: bytes) -> Template:
    """Read a template.  Raises BadTemplate with all its problems, each with where it is (`elements[2]: …`)."""
    if len(body) > MAX_BYTES:
        raise BadTemplate("not a template", (f"{len(body)} bytes, expected at most {MAX_BYTES}",))
    try:
        head = msgspec.json.decode(body, type=_Head)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadTemplate("not a template", (str(error),)) from error
    problems = _shape_problems(head)
    fields: dict[str, TextField | ListField] = {}
    for name, raw in head.fields.items():
        try:
            fields[name] = msgspec.json.decode(raw, type=TextField | ListField)
        except msgspec.DecodeError as error:
            problems.append(f"fields.{name}: {error}")
    items = _items(head, problems)
    if not problems:
        problems = _placeholder_problems(fields, items) + _place_problems(head, items)
    if problems:
        raise BadTemplate(f"template {head.name!r}", tuple(problems))
    return Template(
        name=head.name,
        kind=head.kind,
        fields=fields,
        items=items,
        width=head.width,
        height=head.height,
        open_drawer=head.open_drawer,
    )


def _shape_problems(head: _Head) -> list[str]:
    """What a label has, a receipt has not, and the other way round."""
    label = {"width": head.width, "height": head.height, "elements": head.elements}
    wanted, unwanted = (label, {"parts": head.parts}) if head.kind == "label" else ({"parts": head.parts}, label)
    missing = [f"a {head.kind} needs `{key}`" for key, value in wanted.items() if value is None]
    if head.kind == "label" and not all(
        side.is_finite() and 0 < side <= MAX_SIDE for side in (head.width, head.height) if side is not None
    ):
        missing.append(f"width and height are from 0 to {MAX_SIDE} mm")
    return missing + [f"a {head.kind} has no `{key}`" for key, value in unwanted.items() if value is not None]


def _items(head: _Head, problems: list[str]) -> tuple[Spec, ...]:
    where, kind, raws = ("elements", ElementSpec, head.elements) if head.kind == "label" else ("parts", PartSpec, head.parts)
    items: list[Spec] = []
    for index, raw in enumerate(raws or []):
        try:
            item = msgspec.json.decode(raw, type=kind)
        except msgspec.DecodeError as error:
            problems.append(f"{where}[{index}]: {error}")
            continue
        items.append(item)
        problem = png_problem(item.png) if isinstance(item, PictureSpec | LogoSpec) else None
        if problem:
            problems.append(f"{where}[{index}]: {problem}")
    return tuple(items)


def _place_problems(head: _Head, items: Sequence[Spec]) -> list[str]:
    """Every element lies on the label."""
    problems: list[str] = []
    for index, item in enumerate(items):
        if not isinstance(item, ElementSpec) or head.width is None or head.height is None:
            continue
        if not all(length.is_finite() for length in (item.x, item.y, item.width, item.height)):
            problems.append(f"elements[{index}]: its place and size are not numbers")
            continue
        inside = item.x >= 0 and item.y >= 0 and item.x + item.width <= head.width and item.y + item.height <= head.height
        if not inside or item.width <= 0 or item.height <= 0:
            problems.append(f"elements[{index}]: does not lie on the label of {head.width} x {head.height} mm")
    return problems


def _texts(item: Spec) -> tuple[str, ...]:
    match item:
        case TextSpec():
            return (item.text,)
        case LineSpec():
            return (item.text, item.right)
        case BarcodeSpec() | CodeSpec():
            return (item.data,)
        case _:
            return ()


def _names(text: str) -> list[str]:
    """The placeholders in a text; a lone brace or a bad name comes out as it is, and is no field."""
    return [match[1] if match[1] is not None else match[2] for match in _PIECES.finditer(text) if match[0] not in ("{{", "}}")]


def _placeholder_problems(fields: Mapping[str, TextField | ListField], items: Sequence[Spec]) -> list[str]:
    """Every placeholder is declared where it stands, every declared field is used."""
    problems: list[str] = []
    used: set[str] = set()
    top = {name for name, field in fields.items() if isinstance(field, TextField)}
    for index, item in enumerate(items):
        names = [name for text in _texts(item) for name in _names(text)]
        problems += [f"item {index}: {{{name}}} is not a text field" for name in names if name not in top]
        used |= set(names)
        if not isinstance(item, EachSpec):
            continue
        field = fields.get(item.field)
        if not isinstance(field, ListField):
            problems.append(f"item {index}: {item.field!r} is not a list field")
            continue
        inner = {name for part in item.parts for text in _texts(part) for name in _names(text)}
        problems += [f"item {index}: {{{name}}} is not a field of {item.field!r}" for name in sorted(inner - field.fields.keys())]
        problems += [f"field {item.field}.{name} is used nowhere" for name in sorted(field.fields.keys() - inner)]
        used.add(item.field)
    return problems + [f"field {name} is used nowhere" for name in sorted(fields.keys() - used)]


def fill(template: Template, data: Data) -> Label | Receipt:
    """Put the data into the template's places.  Pure.  Raises BadData: all that is missing, superfluous or of the wrong type."""
    problems = _data_problems(template.fields, data)
    if problems:
        raise BadData(f"data for template {template.name!r}", tuple(problems))
    values = {name: str(data.get(name, "")) for name, field in template.fields.items() if isinstance(field, TextField)}
    if template.kind == "label" and template.width is not None and template.height is not None:
        elements = [_element(item, values) for item in template.items if isinstance(item, ElementSpec)]
        return Label(width=template.width, height=template.height, elements=tuple(e for e in elements if e is not None))
    parts: list[Part] = []
    for item in template.items:
        if isinstance(item, EachSpec):
            rows = data[item.field]
            assert isinstance(rows, list)  # noqa: S101 -- checked above, with a typed error
            filled = [_part(part, {**values, **_row(row)}) for row in rows for part in item.parts]
        else:
            filled = [_part(item, values)]
        parts += [part for part in filled if part is not None]
    return Receipt(parts=tuple(parts), open_drawer=template.open_drawer)


def _row(row: Row) -> dict[str, str]:
    return {name: str(value) for name, value in row.items()}


def _data_problems(fields: Mapping[str, TextField | ListField], data: Data, prefix: str = "") -> list[str]:
    problems = [f"{prefix}{name} is no field of it" for name in sorted(data.keys() - fields.keys())]
    for name, field in fields.items():
        value = data.get(name)
        if value is None and not (isinstance(field, TextField) and field.optional):
            problems.append(f"{prefix}{name} is missing")
        elif isinstance(field, TextField) and isinstance(value, list):
            problems.append(f"{prefix}{name} is a list, expected text or a whole number")
        elif isinstance(field, ListField) and value is not None and not isinstance(value, list):
            problems.append(f"{prefix}{name} is not a list")
        elif isinstance(field, ListField) and isinstance(value, list):
            for index, row in enumerate(value):
                problems += _data_problems(field.fields, row, f"{prefix}{name}[{index}].")
    return problems


def _insert(text: str, values: Mapping[str, str]) -> str:
    def piece(match: re.Match[str]) -> str:
        return match[0][0] if match[0] in ("{{", "}}") else values.get(match[1], "")

    return _PIECES.sub(piece, text)


def _is_left_out(item: Spec, values: Mapping[str, str]) -> bool:
    """All its placeholders are empty, and it has some."""
    names = [name for text in _texts(item) for name in _names(text)]
    return bool(names) and not any(values.get(name) for name in names)


def _element(item: Spec, values: Mapping[str, str]) -> Element | None:
    if _is_left_out(item, values):
        return None
    places = msgspec.structs.asdict(item)
    match item:
        case TextSpec():
            return Text(**places | {"text": _insert(item.text, values)})
        case BarcodeSpec():
            return Barcode(**places | {"data": _insert(item.data, values)})
        case BoxSpec():
            return Box(**places)
        case PictureSpec():
            return Picture(**places)
        case _:
            return None


def _part(item: Spec, values: Mapping[str, str]) -> Part | None:
    if _is_left_out(item, values):
        return None
    match item:
        case LineSpec():
            places = msgspec.structs.asdict(item)
            return Line(**places | {"text": _insert(item.text, values), "right": _insert(item.right, values)})
        case CodeSpec():
            return Code(symbology=item.symbology, data=_insert(item.data, values))
        case RuleSpec():
            return Rule()
        case LogoSpec():
            return Logo(png=item.png, width=item.width, dither=item.dither)
        case _:
            return None
