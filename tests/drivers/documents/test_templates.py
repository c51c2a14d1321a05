from __future__ import annotations

import base64
import hashlib
import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.documents.errors import BadData, BadTemplate
from drivers.documents.model import Barcode, Code, Label, Line, Logo, Picture, Receipt, Rule, Symbology, Text
from drivers.documents.schema import MAX_PICTURE_BYTES
from drivers.documents.templates import MAX_BYTES, content_version, fill, load_template
from tests.drivers.documents import samples
from tests.drivers.documents.test_pictures import bomb, disc


def body(**changes: object) -> bytes:
    whole = {
        "name": "tag",
        "kind": "label",
        "width": "40",
        "height": "20",
        "fields": {"name": {"type": "text", "about": "Name"}},
        "elements": [{"type": "text", "x": "1", "y": "1", "width": "38", "height": "5", "text": "{name}"}],
    }
    return json.dumps(whole | changes).encode()


def test_the_version_is_the_hash_of_the_bytes_as_they_are() -> None:
    assert content_version(b"{ }") == hashlib.sha256(b"{ }").hexdigest()
    assert content_version(b"{ }") != content_version(b"{}")


@pytest.mark.parametrize("name", ["receipt", "shelf-label", "shipping-label"])
def test_built_in_templates_are_sound_and_say_what_each_field_is(name: str) -> None:
    template = samples.template(name)
    assert template.name == name
    assert all(field.about for field in template.fields.values())


def test_all_problems_are_told_at_once_with_their_places() -> None:
    bad = body(
        width=None,
        fields={"a": {"type": "number"}},
        elements=[{"type": "text", "x": "1"}, {"type": "circle"}],
    )
    with pytest.raises(BadTemplate) as caught:
        load_template(bad)
    assert [problem.split(":")[0] for problem in caught.value.problems] == [
        "a label needs `width`",
        "fields.a",
        "elements[0]",
        "elements[1]",
    ]


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"fields": {}}, "{name} is not a text field"),
        ({"elements": []}, "field name is used nowhere"),
        ({"width": "30"}, "does not lie on the label"),
        ({"width": "NaN"}, "width and height"),
        ({"parts": []}, "a label has no `parts`"),
        ({"kind": "poster"}, "Invalid enum value"),
        ({"colour": "red"}, "unknown field"),
    ],
)
def test_a_template_that_could_not_be_filled_is_refused(changes: dict, problem: str) -> None:
    with pytest.raises(BadTemplate, match=problem.replace("{", r"\{")):
        load_template(body(**changes))


def test_a_placeholder_of_a_list_is_known_only_inside_it() -> None:
    fields = {"rows": {"type": "list", "about": "Rows", "fields": {"a": {"type": "text", "about": "A"}}}}
    parts = [{"type": "line", "text": "{a}"}, {"type": "each", "field": "rows", "parts": [{"type": "line", "text": "{a} {b}"}]}]
    whole = {"name": "list", "kind": "receipt", "fields": fields, "parts": parts}
    with pytest.raises(BadTemplate) as caught:
        load_template(json.dumps(whole).encode())
    assert caught.value.problems == ("item 0: {a} is not a text field", "item 1: {b} is not a field of 'rows'")


@given(st.binary(max_size=200))
def test_any_bytes_give_a_template_or_a_typed_error(data: bytes) -> None:
    with pytest.raises(BadTemplate):
        load_template(data)


def test_filling_puts_the_data_into_its_places() -> None:
    label = samples.label("shelf-label", samples.SHELF_DATA)
    texts = [element.text for element in label.elements if isinstance(element, Text)]
    assert texts == ["西湖龙井绿茶（特级）", "¥188.00", "每罐", "TEA-LJ-250"]
    assert (label.width, label.height) == (Decimal(60), Decimal(40))


def test_an_element_whose_placeholders_are_empty_is_left_out() -> None:
    label = samples.label("shelf-label", samples.SHELF_DATA)
    assert [element.symbology for element in label.elements if isinstance(element, Barcode)] == [Symbology.EAN13]


def test_a_section_repeats_for_every_row() -> None:
    receipt = samples.receipt()
    lines = [(part.text, part.right) for part in receipt.parts if isinstance(part, Line)]
    assert ("  2 × €12.50", "€25.00") in lines
    assert ("  1 盒 × ¥188.00", "¥188.00") in lines
    assert sum(isinstance(part, Rule) for part in receipt.parts) == 2
    assert receipt.parts[-1] == Code(symbology=Symbology.CODE128, data="S-2026-000123")


def test_missing_superfluous_and_wrong_data_are_told_at_once() -> None:
    data: dict[str, Any] = {
        **samples.RECEIPT_DATA,
        "shop": ["a"],
        "colour": "red",
        "lines": [{"name": "Tea", "quantity": 1, "price": "1"}],
    }
    del data["total"]
    with pytest.raises(BadData) as caught:
        fill(samples.template("receipt"), data)
    assert set(caught.value.problems) == {
        "colour is no field of it",
        "shop is a list, expected text or a whole number",
        "lines[0].amount is missing",
        "total is missing",
    }


def test_doubled_braces_are_braces_and_data_is_never_a_placeholder() -> None:
    template = load_template(
        body(elements=[{"type": "text", "x": "1", "y": "1", "width": "38", "height": "5", "text": "{{{name}}}"}])
    )
    label = fill(template, {"name": "{name} }} {{"})
    assert isinstance(label, Label)
    assert [element.text for element in label.elements if isinstance(element, Text)] == ["{{name} }} {{}"]


PLACE = {"x": "1", "y": "1", "width": "8", "height": "8"}


def picture(png: bytes, **more: object) -> dict:
    return {"type": "picture", **PLACE, "png": base64.b64encode(png).decode(), **more}


def test_a_template_carries_its_pictures() -> None:
    label = fill(load_template(body(fields={}, elements=[picture(disc(), dither=True)])), {})
    assert isinstance(label, Label)
    side = Decimal(8)
    assert label.elements == (Picture(x=Decimal(1), y=Decimal(1), width=side, height=side, png=disc(), dither=True),)
    parts = [{"type": "logo", "png": base64.b64encode(disc()).decode(), "width": 40}]
    receipt = fill(load_template(json.dumps({"name": "r", "kind": "receipt", "fields": {}, "parts": parts}).encode()), {})
    assert receipt == Receipt(parts=(Logo(png=disc(), width=40),))


@pytest.mark.parametrize(
    ("element", "problem"),
    [
        (picture(b"GIF89a" + b"." * 40), "not a PNG"),
        (picture(bomb(60000, 60000)), "60000 x 60000 pixels"),
        (picture(disc() + b"." * MAX_PICTURE_BYTES), "length <= 65536"),
        ({**picture(b""), "png": "no base64!"}, "base64"),
        (picture(disc(), x="39"), "does not lie on the label"),
        ({**PLACE, "type": "text", "text": "a", "rotation": 45}, "rotation"),
        ({**PLACE, "type": "text", "text": "a", "font": "comic"}, "font"),
        ({**PLACE, "type": "barcode", "symbology": "code93", "data": "a"}, "symbology"),
    ],
)
def test_an_element_that_cannot_be_printed_is_refused(element: dict, problem: str) -> None:
    with pytest.raises(BadTemplate, match=problem):
        load_template(body(fields={}, elements=[element]))


def test_a_template_larger_than_a_box_takes_is_refused() -> None:
    with pytest.raises(BadTemplate, match="expected at most 262144"):
        load_template(body(name="x" * MAX_BYTES))


def test_elements_may_be_turned_and_text_may_be_mono() -> None:
    turned = {**PLACE, "type": "text", "text": "{name}", "rotation": 90, "font": "mono"}
    code = {**PLACE, "type": "barcode", "symbology": "gs1_datamatrix", "data": "(10){name}", "rotation": 270}
    label = fill(load_template(body(elements=[turned, code])), {"name": "A1"})
    assert isinstance(label, Label)
    assert [element.rotation for element in label.elements if isinstance(element, Text | Barcode)] == [90, 270]
    assert isinstance(label.elements[1], Barcode)
    assert label.elements[1].data == "(10)A1"
