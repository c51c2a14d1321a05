"""A recording becomes a test that our driver passes."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from drivers.devices import Encoded, KeyEvent
from drivers.emulators.emulator import make_emulator
from drivers.errors import Unsupported
from drivers.recording import Content, Entry, Mark, Recording, Ring, Way
from drivers.registry import find
from drivers.regression import regression_test
from drivers.transports.buffered import Buffered

HOST, DEVICE = Way.HOST, Way.DEVICE


def recorded(
    model: str, *what: tuple[Way, Content], options: dict[str, object] | None = None, over: str = "bytes", descriptor: bytes = b""
) -> Recording:
    entries = tuple(Entry(index * 0.01, way, content) for index, (way, content) in enumerate(what))
    return Recording(device="front-1", model=model, over=over, options=options or {}, entries=entries, descriptor=descriptor)


def run(source: str) -> None:
    """As pytest would; a test of ours is data, too."""
    names: dict[str, object] = {}
    exec(compile(source, "recorded", "exec"), names)  # noqa: S102 -- that is what is tested
    test = names["test_front_1_as_recorded"]
    assert callable(test)
    test()


SCALE = recorded(
    "toledo.8217",
    (HOST, Mark.OPENED),
    (HOST, b"W"),
    (DEVICE, b"\x0201"),
    (DEVICE, b".234\r"),
    (HOST, b"W"),
    (DEVICE, b"\x02?A\r"),
    (HOST, b"W"),
    (DEVICE, b"\x02?B\r"),
    (HOST, b"W"),
    options={"unit": "kg"},
)


def test_a_scale_s_weights_and_faults_are_what_the_test_expects() -> None:
    source = regression_test(SCALE)
    assert "Decimal('1234" in source
    assert "pytest.raises(DeviceFault)" in source
    assert "(b'W', b'\\x0201.234\\r')" in source
    run(source)


def test_it_fails_when_the_driver_makes_something_else_of_it() -> None:
    source = regression_test(SCALE).replace("Decimal('1234", "Decimal('9")
    with pytest.raises(AssertionError):
        run(source)


def test_a_frame_that_was_cut_off_by_the_recording_s_end_is_left_out() -> None:
    run(regression_test(recorded("scanner.serial", (DEVICE, b"milk\rbrea"), options={"framing": "line"})))


def test_all_scans_of_one_piece_are_expected() -> None:
    source = regression_test(recorded("scanner.serial", (DEVICE, b"milk\rbread\rtea\r")))
    assert source.count("Symbol(data=") == 3
    run(source)


def test_what_the_box_said_about_a_scan_does_not_end_the_test_before_the_damaged_one() -> None:
    source = regression_test(
        recorded(
            "scanner.serial",
            (HOST, Mark.OPENED),
            (DEVICE, b"]E04006381333931\r"),
            (HOST, b"\x07"),
            (DEVICE, b"\xff]E04006381333931\r"),
            (HOST, b"\x07\x07\x07"),
            (DEVICE, b"]E04006381333931\r"),
            (HOST, b"\x07"),
            options={"sends_aim": True, "beeps_on_bel": True},
        )
    )
    assert source.count("Symbol(data=") == 2
    assert "with pytest.raises(ProtocolViolation):" in source
    assert source.count("device.signal(good=True)") == 2
    assert source.count("device.signal(good=False)") == 1
    run(source)


class EmulatedPipe:
    """A line to an emulator in this process."""

    def __init__(self, protocol: str) -> None:
        self._emulator = make_emulator(protocol, lambda _: None)
        self._said = b""

    def send(self, data: bytes) -> None:
        self._said += self._emulator.on_bytes(data)

    def receive(self, timeout: float) -> bytes:
        del timeout
        said, self._said = self._said, b""
        return said

    def close(self) -> None:
        self._said = b""


@pytest.mark.parametrize(("model", "protocol"), [("zpl", "zpl"), ("tspl", "tspl"), ("epl2", "epl2"), ("escpos", "escpos")])
def test_a_printer_s_conversation_is_what_the_test_expects(model: str, protocol: str) -> None:
    ring = Ring()
    printer: Any = find(model).build(Buffered(EmulatedPipe(protocol), model, ring))
    expected = [printer.status()]
    printer.send(Encoded(b"Milk\r\n"))
    expected.append(printer.status())
    entries, _ = ring.since()
    source = regression_test(Recording(device="front-1", model=model, over="bytes", entries=entries))
    assert "Milk" in source
    assert source.count(f"readiness=Readiness.{expected[0].readiness.name}") >= 1
    run(source)


def key(code: int) -> Iterable[KeyEvent]:
    return (KeyEvent(1, code, 1), KeyEvent(0, 0, 0), KeyEvent(1, code, 0), KeyEvent(0, 0, 0))


def test_a_wedge_s_keys_are_the_scan_that_they_were() -> None:
    keys = tuple(event for code in (2, 3, 4, 28) for event in key(code))
    source = regression_test(recorded("scanner.wedge", (DEVICE, frozenset()), (DEVICE, False), (DEVICE, keys), over="keys"))
    assert "Symbol(data=b'123'" in source
    run(source)


def test_the_longest_part_between_two_openings_is_taken() -> None:
    what: list[tuple[Way, Content]]
    what = [(HOST, Mark.OPENED), (DEVICE, b"x"), (HOST, Mark.CLOSED), (HOST, Mark.OPENED), (DEVICE, b"milk\r"), (DEVICE, b"tea\r")]
    source = regression_test(recorded("scanner.serial", *what))
    assert "x" not in source.split("exchange(")[1].split("as device")[0].replace("exchange", "")


@pytest.mark.parametrize(
    ("recording", "why"),
    [
        (recorded("toledo.8217", options={"unit": "kg"}), "nothing passed"),
        (recorded("toledo.8217", (HOST, b"Q"), (DEVICE, b"x"), options={"unit": "kg"}), "takes nothing"),
        (recorded("display.escpos", (HOST, b"Milk")), "only listens|begins otherwise"),
    ],
)
def test_what_cannot_be_a_test_says_why(recording: Recording, why: str) -> None:
    with pytest.raises(Unsupported, match=why):
        regression_test(recording)


def test_the_source_is_in_house_format(tmp_path: Path) -> None:
    del tmp_path
    source = regression_test(SCALE)
    assert source.startswith('"""front-1, a toledo.8217, as recorded')
    compile(source, "recorded", "exec")
