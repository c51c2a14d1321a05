"""Descriptors: USB HID 1.11, appendix E.6 (keyboard); a HID scale, HID Point of Sale Usage Tables 1.02."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from drivers.errors import ProtocolViolation
from drivers.hid_descriptor import ReportKind, parse_descriptor, usage

KEYBOARD = bytes.fromhex(
    "05 01 09 06 A1 01 05 07 19 E0 29 E7 15 00 25 01 75 01 95 08 81 02 95 01 75 08 81 01 95 05 75 01 05 08 19 01 29 05 91 02"
    "95 01 75 03 91 01 95 06 75 08 15 00 25 65 05 07 19 00 29 65 81 00 C0"
)
# Report 3: status (one of 71h-78h), unit (one of 51h-5Ch), exponent, 16 bits of weight; report 2: enforced zero, zero.
SCALE = bytes.fromhex(
    "05 8D 09 20 A1 01 85 03 09 24 A1 02 15 01 25 08 75 08 95 01 09 70 A1 02 19 71 29 78 81 00 C0"
    "15 01 25 0C 09 50 A1 02 19 51 29 5C 81 00 C0 15 81 25 7F 09 41 81 02 15 00 26 FF 7F 75 10 09 40 81 02 C0"
    "85 02 15 00 25 01 75 01 95 02 09 81 09 80 91 02 95 01 75 06 91 03 C0"
)


def test_a_keyboard_is_read_as_the_specification_says() -> None:
    found = parse_descriptor(KEYBOARD)
    assert found.applications == (usage(1, 6),)
    assert not found.has_ids
    modifiers, constant, lamps, rest, keys = found.fields
    assert modifiers.usages == tuple(usage(7, each) for each in range(0xE0, 0xE8))
    assert (modifiers.bit_offset, modifiers.bit_size, modifiers.count, modifiers.is_array) == (0, 1, 8, False)
    assert (constant.is_constant, constant.bit_offset, rest.is_constant) == (True, 8, True)
    assert (lamps.kind, lamps.bit_offset, lamps.usages[1]) == (ReportKind.OUTPUT, 0, usage(8, 2))
    assert (keys.bit_offset, keys.is_array, keys.count) == (16, True, 6)
    assert found.size_of(ReportKind.INPUT, 0) == 9
    report = bytes([0, 0b10, 0, 0x04, 0x1E, 0, 0, 0, 0])
    assert modifiers.value_of(report, usage(7, 0xE1)) == 1
    assert keys.chosen(report)[:2] == (usage(7, 4), usage(7, 0x1E))
    assert found.compose(ReportKind.OUTPUT, 0, {usage(8, 2): 1, usage(8, 1): 1}) == b"\0\x03"


def test_choices_signs_and_collections_of_a_scale() -> None:
    found = parse_descriptor(SCALE)
    report = bytes.fromhex("03 04 0B FF 34 19")  # 645.2 oz, stable
    (status,) = found.find(ReportKind.INPUT, usage(0x8D, 0x70))
    (unit,) = found.find(ReportKind.INPUT, usage(0x8D, 0x50))
    (exponent,) = found.find(ReportKind.INPUT, usage(0x8D, 0x41))
    (weight,) = found.find(ReportKind.INPUT, usage(0x8D, 0x40))
    assert status.chosen(report) == (usage(0x8D, 0x74),)
    assert unit.chosen(report) == (usage(0x8D, 0x5B),)
    assert exponent.values(report) == (-1,)
    assert weight.values(report) == (6452,)
    assert weight.report_id == 3
    assert found.has_ids
    assert found.compose(ReportKind.OUTPUT, 2, {usage(0x8D, 0x80): 1}) == b"\x02\x02"
    assert (found.size_of(ReportKind.INPUT, 3), found.size_of(ReportKind.OUTPUT, 2), found.size_of(ReportKind.INPUT, 9)) == (
        6,
        2,
        1,
    )


def test_a_short_report_has_only_the_values_that_are_whole() -> None:
    (weight,) = parse_descriptor(SCALE).find(ReportKind.INPUT, usage(0x8D, 0x40))
    assert weight.values(bytes.fromhex("03 04 0B FF 34")) == ()
    assert weight.value_of(b"\x03", usage(0x8D, 0x40)) is None


def test_push_and_pop_bring_the_old_page_and_size_back() -> None:
    # usage page 8C, size 8, count 1; push; size 4; pop; usage FE input
    found = parse_descriptor(bytes.fromhex("05 8C 09 02 A1 01 75 08 95 01 A4 75 04 05 01 B4 09 FE 81 02 C0"))
    assert [(each.usages, each.bit_size) for each in found.fields] == [((usage(0x8C, 0xFE),), 8)]


def test_a_usage_of_four_bytes_brings_its_page_and_of_alternatives_the_first_counts() -> None:
    found = parse_descriptor(bytes.fromhex("05 01 09 02 A1 01 75 08 95 01 A9 01 0B FE 00 8C 00 09 30 A9 00 81 02 C0"))
    assert found.fields[0].usages == (usage(0x8C, 0xFE),)


@pytest.mark.parametrize(
    "broken",
    [
        "05",  # cut off
        "FE 05 00 00",  # a long item that is cut off
        "A1 01",  # a collection without an end
        "C0",  # an end without a collection
        "B4",  # pop without push
        "85 00",  # report id 0
        "75 08 97 00 00 10 00 81 02",  # a report of a megabyte
        "A1 01" * 70,
        "A4" * 70,
        "19 00 2A FF FF" * 2 + "81 00",
    ],
)
def test_a_broken_descriptor_is_refused(broken: str) -> None:
    with pytest.raises(ProtocolViolation):
        parse_descriptor(bytes.fromhex(broken))


def test_an_output_that_the_device_has_not_cannot_be_composed() -> None:
    with pytest.raises(ProtocolViolation, match="008C0012"):
        parse_descriptor(SCALE).compose(ReportKind.OUTPUT, 2, {usage(0x8C, 0x12): 1})


@given(st.binary(max_size=80), st.binary(min_size=1, max_size=70))
@example(bytes.fromhex("75 00 95 04 81 02"), b"\0")
def test_any_bytes_are_read_or_refused(descriptor: bytes, report: bytes) -> None:
    with contextlib.suppress(ProtocolViolation):
        for each in parse_descriptor(descriptor).fields:
            assert len(each.values(report)) <= each.count
            each.chosen(report)


@given(st.lists(st.tuples(st.integers(1, 12), st.integers(0, 4095)), min_size=1, max_size=12))
def test_what_is_composed_is_read_back_wherever_the_bits_lie(values: list[tuple[int, int]]) -> None:
    items = b"".join(
        bytes([0x15, 0, 0x26, 0xFF, 0x0F, 0x75, size, 0x95, 1, 0x09, index + 1, 0x91, 2]) for index, (size, _) in enumerate(values)
    )
    found = parse_descriptor(bytes([0x05, 0x8C, 0x09, 2, 0xA1, 1, *items, 0xC0]))
    wanted = {usage(0x8C, index + 1): value & ((1 << size) - 1) for index, (size, value) in enumerate(values)}
    report = found.compose(ReportKind.OUTPUT, 0, wanted)
    assert {each.usages[0]: each.values(report)[0] for each in found.fields} == wanted
