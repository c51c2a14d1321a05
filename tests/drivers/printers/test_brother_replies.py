"""The status layout of Brother's Raster Command Reference (QL-720NW v1.01, p. 21)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.errors import ProtocolViolation
from drivers.printers.brother_options import PT, PT_TAPES, QL, QL_PAPERS, Family, Paper
from drivers.printers.brother_replies import Said, parse_status


def frame(
    *,
    said: int = 0,
    errors: tuple[int, int] = (0, 0),
    media: tuple[int, int, int] = (62, 0, 0x0A),
    phase: int = 0,
    series: int = 0x34,
) -> bytes:
    """`media` is width, length, type."""
    data = bytearray(bytes.fromhex("8020423441303000") + bytes(24))
    data[3] = series
    data[8], data[9] = errors
    data[10], data[17], data[11] = media
    data[14], data[18], data[19] = 0x3F, said, phase
    return bytes(data)


def test_a_reply_tells_the_media() -> None:
    status = parse_status(frame())
    assert (status.said, status.faults, status.is_printing) == (Said.REPLY, (), False)
    assert (status.media_width, status.media_length, status.media_type) == (62, 0, 0x0A)


@pytest.mark.parametrize(
    ("errors", "faults"),
    [
        ((0x01, 0), ("paper_out",)),
        ((0x02, 0), ("paper_out",)),
        ((0x03, 0), ("paper_out",)),
        ((0x04, 0), ("cutter",)),
        ((0x80, 0), ("mechanical",)),
        ((0, 0x01), ("wrong_media",)),
        ((0, 0x10), ("cover_open",)),
        ((0, 0x20), ("head_hot",)),
        ((0, 0x40), ("paper_feed",)),
        ((0, 0x80), ("printer_error",)),
        ((0x02, 0x10), ("paper_out", "cover_open")),
    ],
)
def test_errors(errors: tuple[int, int], faults: tuple) -> None:
    assert parse_status(frame(said=2, errors=errors)).faults == faults


@pytest.mark.parametrize(
    ("media", "paper", "family", "faults"),
    [
        ((62, 0, 0x0A), QL_PAPERS["62"], QL, ()),
        ((62, 0, 0x4A), QL_PAPERS["62"], QL, ()),
        ((62, 29, 0x0B), QL_PAPERS["62x29"], QL, ()),
        ((62, 29, 0x0B), QL_PAPERS["62"], QL, ("wrong_media",)),
        ((62, 0, 0x0A), QL_PAPERS["62x29"], QL, ("wrong_media",)),
        ((29, 0, 0x0A), QL_PAPERS["62"], QL, ("wrong_media",)),
        ((62, 0, 0x0B), QL_PAPERS["62"], QL, ("wrong_media",)),
        ((0, 0, 0x00), QL_PAPERS["62"], QL, ("paper_out",)),
        ((24, 0, 0x01), PT_TAPES["24"], PT, ()),
        ((24, 0, 0x03), PT_TAPES["24"], PT, ()),
        ((4, 0, 0x01), PT_TAPES["3.5"], PT, ()),
        ((12, 0, 0x01), PT_TAPES["24"], PT, ("wrong_media",)),
        ((24, 0, 0xFF), PT_TAPES["24"], PT, ("wrong_media",)),
    ],
)
def test_the_media_in_it_is_compared_with_what_it_was_configured_for(
    media: tuple[int, int, int], paper: Paper, family: Family, faults: tuple
) -> None:
    assert parse_status(frame(media=media, series=family.series)).fits(paper, family) == faults


@pytest.mark.parametrize(
    "data",
    [
        b"",
        frame()[:31],
        frame() + b"\x00",
        b"\x81" + frame()[1:],
        frame(said=9),
        frame(phase=7),
        frame(series=0x99),
        b"\x80\x20B" * 11,
    ],
)
def test_what_is_no_status_is_a_violation(data: bytes) -> None:
    with pytest.raises(ProtocolViolation):
        parse_status(data)


@given(st.binary(max_size=40) | st.binary(min_size=29, max_size=29).map(lambda rest: b"\x80\x20B" + rest))
def test_any_bytes_give_a_status_or_a_violation(data: bytes) -> None:
    try:
        parse_status(data)
    except ProtocolViolation:
        return


def test_the_pins_of_every_paper_fit_the_head() -> None:
    for family, papers in ((QL, QL_PAPERS.values()), (PT, PT_TAPES.values())):
        for paper in papers:
            assert paper.offset + paper.pins <= family.pins
            assert paper.pins < float(paper.millimetres) * family.dpi / 25.4
