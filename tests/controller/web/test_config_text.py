"""A configuration as text: written, read back, and where a wrong key stands."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.fleet.twin_diff import TwinFault
from controller.web.config_text import UnreadableText, config_text, faults_by_line, line_of, read_config

NAMES = st.text(min_size=1, max_size=12).filter(lambda text: text.isprintable())
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
VALUES = st.one_of(st.booleans(), st.integers(-(2**53), 2**53), TEXTS, st.lists(TEXTS, max_size=3))
ENTRIES = st.dictionaries(NAMES, VALUES | st.dictionaries(NAMES, VALUES, min_size=1, max_size=3), min_size=1, max_size=5)
DOCUMENT = """# the till
[[device]]
id = "scanner"
address = "serial:/dev/ttyACM0"

[[device]]
id = "scale"
options.port.baud = 9600
address = "nowhere"

[settings]
log_level = "LOUD"
"""


@given(st.lists(ENTRIES, min_size=1, max_size=3), ENTRIES)
def test_what_is_written_is_read_back(devices: list[dict[str, object]], settings: dict[str, object]) -> None:
    document = {"device": devices, "settings": settings}
    assert read_config(config_text(document)) == document


@given(st.text(max_size=200))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        assert isinstance(read_config(text), dict)
    except UnreadableText as refused:
        assert str(refused)


@pytest.mark.parametrize("text", ["[device", '{"device": ', "a = 2026-11-22", '{"a": NaN}', "a = inf", "x" * 70_000, "[" * 50_000])
def test_what_is_no_configuration_is_refused(text: str) -> None:
    with pytest.raises(UnreadableText):
        read_config(text)


def test_json_is_read_too() -> None:
    assert read_config(' {"settings": {"log_level": "INFO"}}') == {"settings": {"log_level": "INFO"}}


@pytest.mark.parametrize(
    ("key", "line"),
    [
        ("device[1].address", 9),
        ("device[0].address", 4),
        ("device[1].kind", 6),
        ("device[1].options.port.baud", 8),
        ("settings.log_level", 12),
        ("station[0].id", None),
        ("", None),
    ],
)
def test_a_key_is_found_or_else_its_table(key: str, line: int | None) -> None:
    assert line_of(key, DOCUMENT) == line


def test_faults_come_in_the_order_of_the_text() -> None:
    faults = [TwinFault(key=key, code="wrong_value", message="…") for key in ("", "settings.log_level", "device[1].address")]
    assert [(line, source) for line, source, _ in faults_by_line(faults, DOCUMENT)] == [
        (9, 'address = "nowhere"'),
        (12, 'log_level = "LOUD"'),
        (None, ""),
    ]
