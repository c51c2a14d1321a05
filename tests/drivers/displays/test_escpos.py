"""Bytes from the DM-D110 specification, section 4.2: ESC @, US MD1, US C n, ESC t n, US X n, US $ n m."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.devices import LineDisplay
from drivers.emulators.emulator import BadCommand, make_emulator
from drivers.errors import DeviceUnavailable, Unsupported
from drivers.registry import find, open_device
from drivers.testing import OneByteAtATime, UnplugAfter, exchange
from drivers.transports.buffered import Buffered
from tests.drivers.running import running_emulator

SETUP = b"\x0c\x0c\x1b@\x1f\x01\x1fC\x00\x1bt\x13\x1fX\x04"
TEA = b"\x1f$\x01\x01Tea            \xd54.50\x1f$\x01\x02                    "


class Wire:
    def __init__(self, emulator: Any) -> None:
        self.emulator = emulator

    def send(self, data: bytes) -> None:
        self.emulator.on_bytes(data)

    def receive(self, timeout: float) -> bytes:
        del timeout
        return b""

    def close(self) -> None: ...


class Pair:
    def __init__(self, through: Any = lambda pipe: pipe, **options: object) -> None:
        self.reports: list[dict[str, Any]] = []
        self.emulator: Any = make_emulator("line_display", self.reports.append)  # type: ignore[arg-type]  # its reports are dicts
        self.wire = Wire(self.emulator)
        self.driver: Any = find("display.escpos").build(Buffered(through(self.wire), "pair"), options)

    @property
    def rows(self) -> list[str]:
        rows: list[str] = self.reports[-1]["rows"]
        return rows


def test_the_first_text_sets_it_up_and_the_next_does_not() -> None:
    with exchange("display.escpos", (SETUP + TEA, None), (TEA, None)) as display:
        display.show(["Tea            €4.50"])
        display.show(["Tea            €4.50", ""])
        assert isinstance(display, LineDisplay)
        assert display.size == (2, 20)


def test_through_a_printer_it_is_selected_and_the_printer_again_after() -> None:
    with exchange(
        "display.escpos", (b"\x1b=\x02" + SETUP + TEA + b"\x1b=\x01", None), options={"through_printer": True}
    ) as display:
        display.show(["Tea            €4.50"])


@pytest.mark.parametrize(("options", "setup"), [({"code_page": "cp866"}, b"\x1bt\x11"), ({"table": 7}, b"\x1bt\x07")])
def test_the_code_table_is_epsons_number_or_the_configured_one(options: dict[str, object], setup: bytes) -> None:
    pair = Pair(**options)
    sent: list[bytes] = []
    pair.wire.send = sent.append  # type: ignore[assignment, method-assign]  # what is written, instead of the emulator
    pair.driver.show(["Чай"])
    assert setup in sent[0]


def test_what_it_lacks_comes_out_as_question_marks() -> None:
    pair = Pair()
    pair.driver.show(["茶 Tee", "a\x1b@b\x00\n\tc\x7f"])
    assert pair.rows == ["? Tee               ", "a@b  c              "]


def test_a_long_line_is_cut_and_old_text_goes() -> None:
    pair = Pair(rows=2, columns=20)
    pair.driver.show(["x" * 50, "second", "third"])
    assert pair.rows == ["x" * 20, "second".ljust(20)]
    pair.driver.show(["new"])
    assert pair.rows == ["new".ljust(20), " " * 20]


@given(
    st.lists(st.text(max_size=60), max_size=4), st.lists(st.text(alphabet="\x00\x0b\x0c\x10\x18\x1b\x1f\x7f\x85=@$tX", max_size=40))
)
def test_no_text_commands_it(some: list[str], sly: list[str]) -> None:
    pair = Pair(brightness=2)
    for lines in (some, sly):
        pair.driver.show(lines)
    pair.driver.show(["#" * 20, "#" * 20])
    assert pair.rows == ["#" * 20] * 2
    assert (pair.emulator.unknown, pair.emulator.brightness, pair.emulator.passed_on) == ([], 2, b"")


@pytest.mark.parametrize("count", range(0, 70, 3))
def test_after_it_was_unplugged_inside_a_text_the_next_connection_starts_anew(count: int) -> None:
    pair = Pair(through=lambda pipe: UnplugAfter(pipe, count))
    try:
        pair.driver.show(["Total", "12.00"])
        pair.driver.show(["Total", "13.00"])
    except DeviceUnavailable:
        pass
    again: Any = find("display.escpos").build(Buffered(OneByteAtATime(pair.wire), "again"), {})
    again.show(["Thank you", "Good bye"])
    assert pair.rows == ["Thank you".ljust(20), "Good bye".ljust(20)]


def test_the_printer_behind_it_gets_what_comes_when_it_is_not_selected() -> None:
    pair = Pair(through_printer=True)
    pair.driver.show(["Hello"])
    pair.emulator.on_bytes(b"\x1b@receipt\n")
    assert pair.emulator.passed_on == b"\x1b@receipt\n"
    assert pair.rows[0] == "Hello".ljust(20)


def test_wrong_options_are_refused() -> None:
    for options in ({"rows": 0}, {"code_page": "utf-8"}, {"brightness": 9}):
        with pytest.raises(Unsupported):
            find("display.escpos").check_options(options)


# --- the emulator ---


def test_the_emulator_has_other_sizes_and_forgets_when_it_is_switched_off() -> None:
    pair = Pair(rows=4, columns=26)
    pair.emulator.on_command({"do": "size", "rows": 4, "columns": 26})
    pair.driver.show(["1", "2", "3", "4"])
    assert [row.strip() for row in pair.rows] == ["1", "2", "3", "4"]
    pair.emulator.on_command({"do": "off_and_on"})
    assert pair.rows == [" " * 26] * 4


def test_in_vertical_scroll_mode_a_full_display_moves_up() -> None:
    pair = Pair()
    pair.emulator.on_bytes(b"\x1f\x02" + b"a" * 20 + b"b" * 20 + b"c")
    assert pair.rows == ["b" * 20, "c".ljust(20)]
    pair.emulator.on_bytes(b"\x18\x0bx\r\x08y\n\x1fBz")
    assert pair.rows[1].startswith("z")


@pytest.mark.parametrize("command", [{"do": "sing"}, {"do": "size", "rows": 0, "columns": 20}, {"do": "size", "rows": 2}])
def test_wrong_commands_are_refused(command: dict[str, object]) -> None:
    with pytest.raises(BadCommand):
        Pair().emulator.on_command(command)


@given(st.binary(max_size=120))
def test_garbage_does_not_break_it(data: bytes) -> None:
    pair = Pair()
    assert pair.emulator.on_bytes(data) == b""


@pytest.mark.parametrize("kind", ["pty", "tcp"])
def test_a_text_reaches_the_display_as_a_process(kind: str, tmp_path: Path) -> None:
    with (
        running_emulator("line_display", pty=tmp_path / "display" if kind == "pty" else None) as running,
        closing(open_device("display.escpos", running.address)) as device,
    ):
        device.driver.show(["Total", "4.50"])  # type: ignore[union-attr]  # it is a line display
        assert running.next_report()["rows"] == ["Total".ljust(20), "4.50".ljust(20)]
