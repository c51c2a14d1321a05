from __future__ import annotations

import contextlib
from collections.abc import Mapping
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.devices import KeyEvent, Symbol
from drivers.documents.barcodes import check_data, fnc1_form
from drivers.documents.model import Symbology
from drivers.emulators.scanner import ScannerEmulator
from drivers.emulators.wedge import Typing, press, typeable, typed_keys
from drivers.errors import ProtocolViolation
from drivers.registry import find
from drivers.scanners.calibration import CALIBRATION_ELEMENTS, CALIBRATION_TEXT, SIGNATURE, find_frame
from drivers.scanners.hid_wedge import HidWedge
from drivers.scanners.layouts import LAYOUTS
from drivers.scanners.serial_scanner import SerialScanner
from drivers.scanners.strokes import CapsLock
from drivers.symbols.commands import SAFE_LETTERS
from drivers.testing import GarbageFirst, OneByteAtATime, ScriptedKeys, ScriptedTransport, Through

DROPPED = KeyEvent(0, 3, 0)
PREFIXES = ("", "#", "\x02", "SC", "*+")
SUFFIXES = {
    "\r": ("enter", ""),
    "\t": ("tab", ""),
    "": ("none", ""),
    "#\r": ("text", "#\r"),
    "*": ("text", "*"),
    "\t\r": ("any", ""),
}
GS_KEYS = ("ctrl", "f8", "{GS}", "|", "<GS>")


def wedge(keys: ScriptedKeys, **options: object) -> HidWedge:
    driver = find("scanner.wedge").build(keys, {"idle_ms": 10, **options})
    assert isinstance(driver, HidWedge)
    return driver


def serial(data: bytes, options: Mapping[str, object] | None = None, through: Through | None = None) -> SerialScanner:
    driver = find("scanner.serial").build(ScriptedTransport((None, data), through=through), {"idle_ms": 10, **(options or {})})
    assert isinstance(driver, SerialScanner)
    return driver


def learned_from(events: list[KeyEvent], *, lamp: bool = False, **options: object) -> dict[str, object]:
    scanner = wedge(ScriptedKeys(events, caps_lock=lamp), **options)
    assert scanner.read_symbol(0.5) is None  # it is no symbol
    learned = scanner.take_learned()
    assert learned is not None
    assert scanner.take_learned() is None
    return dict(learned)


def test_it_can_be_printed_as_every_gs1_symbol() -> None:
    for symbology in (Symbology.GS1_128, Symbology.GS1_DATAMATRIX, Symbology.GS1_QR):
        check_data(symbology, CALIBRATION_ELEMENTS)
    assert fnc1_form(CALIBRATION_ELEMENTS) == "\x1d" + CALIBRATION_TEXT


def test_the_signature_is_the_same_keys_everywhere_and_the_text_differs_between_all_layouts() -> None:
    assert set(SIGNATURE) <= SAFE_LETTERS
    for one, other in combinations(LAYOUTS, 2):
        assert typed_keys(CALIBRATION_TEXT, Typing(layout=one)) != typed_keys(CALIBRATION_TEXT, Typing(layout=other))


@pytest.mark.parametrize("layout", sorted(LAYOUTS))
@pytest.mark.parametrize("gs", GS_KEYS)
@pytest.mark.parametrize("aim", ["", "]C1"])
def test_every_layout_gs_prefix_and_suffix_is_learned_exactly(layout: str, gs: str, aim: str) -> None:
    for number, prefix in enumerate(PREFIXES):
        for other, (suffix, options) in enumerate(SUFFIXES.items()):
            typing = Typing(layout=layout, gs=gs, prefix=prefix, suffix=suffix)
            configured_now = sorted(LAYOUTS)[(number + other) % len(LAYOUTS)]
            assert learned_from(typed_keys(aim + CALIBRATION_TEXT, typing), layout=configured_now) == {
                "layout": layout,
                "caps_lock": "follow",
                "prefix": prefix,
                "suffix": options[0],
                "suffix_text": options[1],
                "gs": "" if gs in ("ctrl", "f8") else gs,
                "sends_aim": bool(aim),
            }


@st.composite
def scanners(draw: st.DrawFn) -> tuple[Typing, bool, str]:
    """A scanner's configuration, whether it sends AIM identifiers, and a text that it may read."""
    typing = Typing(
        layout=draw(st.sampled_from(sorted(LAYOUTS))),
        gs=draw(st.sampled_from(GS_KEYS)),
        prefix=draw(st.sampled_from(PREFIXES)),
        suffix=draw(st.sampled_from(sorted(SUFFIXES))),
        caps_lock=draw(st.sampled_from(CapsLock)),
        ctrl_alt=draw(st.booleans()),
    )
    letters = [*sorted(set(typeable(typing.layout)) - set("{}|<>*#]")), "\x1d"]
    return typing, draw(st.booleans()), draw(st.text(alphabet=letters, min_size=1, max_size=30))


@given(scanners())
def test_after_calibration_random_texts_are_read_as_printed(scanner: tuple[Typing, bool, str]) -> None:
    typing, sends_aim, text = scanner
    aim = "]C1" if sends_aim else ""
    learned = learned_from(typed_keys(aim + CALIBRATION_TEXT, typing))
    calibrated = wedge(ScriptedKeys(typed_keys(aim + text, typing)), **learned)
    assert calibrated.read_symbol(0.5) == Symbol(text.encode(), aim or None)


@pytest.mark.parametrize("layout", sorted(LAYOUTS))
def test_what_the_lamp_means_is_learned_where_it_shows(layout: str) -> None:
    def scan(caps: CapsLock, *, lamp: bool, now: str = "follow") -> object:
        typing = Typing(layout=layout, caps_lock=caps, lamp=lamp)
        return learned_from(typed_keys(CALIBRATION_TEXT, typing), lamp=lamp, caps_lock=now)["caps_lock"]

    assert scan(CapsLock.INVERTED, lamp=False) == "inverted"
    assert scan(CapsLock.IGNORE, lamp=True) == "ignore"
    assert scan(CapsLock.IGNORE, lamp=False, now="ignore") == "ignore"
    assert scan(CapsLock.FOLLOW, lamp=False, now="inverted") == "follow"
    if layout in ("fr", "de"):  # the digits show it
        assert scan(CapsLock.FOLLOW, lamp=True) == "follow"
    else:  # following the lamp and turning case always look the same
        with pytest.raises(ProtocolViolation, match="CapsLock is on"):
            scan(CapsLock.FOLLOW, lamp=True)


@pytest.mark.parametrize("now", sorted(LAYOUTS))
def test_a_scanner_that_types_numbers_keeps_its_layout(now: str) -> None:
    learned = learned_from(typed_keys("]d2" + CALIBRATION_TEXT, Typing(by_numbers=True)), lamp=True, layout=now)
    assert (learned["layout"], learned["gs"], learned["suffix"], learned["caps_lock"]) == (now, "", "enter", "follow")


def test_a_layout_that_cannot_be_told_is_refused() -> None:
    by_number = typed_keys("#", Typing(by_numbers=True, suffix=""))
    before, after = CALIBRATION_TEXT.split("#")
    typing = Typing(layout="es", suffix="")
    events = typed_keys(before, typing) + by_number + typed_keys(after, typing) + press(28)
    with pytest.raises(ProtocolViolation, match="es or it"):
        wedge(ScriptedKeys(events)).read_symbol(0.5)


@pytest.mark.parametrize("place", [13, 20, 30, len(CALIBRATION_TEXT) - 1])
def test_a_damaged_calibration_is_refused_and_nothing_learned(place: int) -> None:
    damaged = CALIBRATION_TEXT[:place] + CALIBRATION_TEXT[place + 1 :]
    scanner = wedge(ScriptedKeys(typed_keys(damaged), [], typed_keys("4006381333931")))
    with pytest.raises(ProtocolViolation, match="nothing was learned"):
        scanner.read_symbol(0.5)
    assert scanner.take_learned() is None
    assert scanner.read_symbol(0.5) == Symbol(b"4006381333931")


def test_lost_keys_a_missing_gs_and_two_scans_in_one_are_refused() -> None:
    events = typed_keys(CALIBRATION_TEXT)
    without_gs = typed_keys(CALIBRATION_TEXT.replace("\x1d", ""))
    for damaged, why in (
        ([[DROPPED], events], "lost"),
        ([[*events, DROPPED]], "lost"),
        ([without_gs], "FNC1"),
        ([events + events], "twice"),
        ([typed_keys(CALIBRATION_TEXT, Typing(prefix="x" * 17))], "17 characters"),
        ([typed_keys("]C1#" + CALIBRATION_TEXT)], "before its prefix"),
    ):
        scanner = wedge(ScriptedKeys(*damaged))
        with pytest.raises(ProtocolViolation, match=why):
            scanner.read_symbol(0.5)
        assert scanner.take_learned() is None


@given(st.data())
def test_a_damaged_calibration_never_teaches_another_layout(data: st.DataObject) -> None:
    layout = data.draw(st.sampled_from(sorted(LAYOUTS)))
    events = typed_keys("]C1" + CALIBRATION_TEXT, Typing(layout=layout))
    lost = data.draw(st.sets(st.integers(0, len(events) - 1), max_size=6))
    scanner = wedge(ScriptedKeys([event for at, event in enumerate(events) if at not in lost]))
    with contextlib.suppress(ProtocolViolation):
        scanner.read_symbol(0.5)
    learned = scanner.take_learned()
    assert learned is None or learned["layout"] == layout


@pytest.mark.parametrize("prefix", ["", "\x02", "<"])
@pytest.mark.parametrize(
    ("suffix", "framing"), [("\r", "line"), ("\n", "line"), ("\r\n", "line"), ("", "idle"), ("\x03", "suffix"), (">\r", "suffix")]
)
@pytest.mark.parametrize("now", [{"framing": "line"}, {"framing": "idle"}, {"framing": "suffix", "suffix": "\x03", "prefix": "?"}])
@pytest.mark.parametrize("through", [None, OneByteAtATime])
def test_a_serial_scanner_learns_its_frame(
    prefix: str, suffix: str, framing: str, now: dict[str, object], through: Through | None
) -> None:
    emulator = ScannerEmulator(lambda _: None)
    for aim in ("]C1", ""):
        emulator.on_command({"do": "configure", "prefix": prefix, "suffix": suffix, "send_aim": bool(aim)})
        calibration = emulator.on_command({"do": "scan", "text": CALIBRATION_TEXT, "aim": "]C1"})
        scanner = serial(calibration, now, through)
        assert scanner.read_symbol(0.5) is None
        learned = scanner.take_learned()
        expected = "" if framing == "line" else suffix
        assert learned == {"framing": framing, "prefix": prefix, "suffix": expected, "gs": "", "sends_aim": bool(aim)}
        scan = emulator.on_command({"do": "scan", "text": "10AB\x1d17270101", "aim": "]C1"})
        assert serial(scan, learned).read_symbol(0.5) == Symbol(b"10AB\x1d17270101", aim or None)


def test_a_serial_scanner_learns_what_stands_for_fnc1() -> None:
    scanner = serial(b"]C1" + CALIBRATION_TEXT.replace("\x1d", "{GS}").encode() + b"\r")
    assert scanner.read_symbol(0.5) is None
    learned = scanner.take_learned()
    assert learned is not None
    assert learned["gs"] == "{GS}"
    assert serial(b"]C110A{GS}17270101\r", learned).read_symbol(0.5) == Symbol(b"10A\x1d17270101", "]C1")


def test_scans_before_a_calibration_are_delivered_and_do_not_become_its_prefix() -> None:
    scanner = serial(b"]E04006381333931\r\n]C1" + CALIBRATION_TEXT.encode() + b"\r\n")
    assert scanner.read_symbol(0.5) == Symbol(b"4006381333931", "]E0")
    assert scanner.read_symbol(0.5) is None
    learned = scanner.take_learned()
    assert learned is not None
    assert (learned["prefix"], learned["framing"]) == ("", "line")


def test_a_damaged_calibration_on_a_line_is_refused() -> None:
    damaged = CALIBRATION_TEXT.replace("#", "\xb5").encode("latin-1")
    for data in (damaged + b"\r", b"\xff" + CALIBRATION_TEXT.encode() + b"\r", CALIBRATION_TEXT[:-1].encode() + b"\r"):
        scanner = serial(data)
        with pytest.raises(ProtocolViolation, match="nothing was learned"):
            scanner.read_symbol(0.5)
        assert scanner.take_learned() is None
    with pytest.raises(ProtocolViolation, match="nothing was learned"):
        serial(CALIBRATION_TEXT.encode() + b"\r", through=GarbageFirst).read_symbol(0.5)


@given(st.text())
def test_only_the_calibration_s_own_text_is_found(text: str) -> None:
    assert find_frame(text) is None


def test_a_beginning_that_looked_like_a_scan_of_its_own_is_not_left_out_in_silence() -> None:
    options = {"suffix": "text", "suffix_text": "*"}
    events = typed_keys(CALIBRATION_TEXT, Typing(prefix="*+"))  # its prefix ends a scan, as configured now
    scanner = wedge(ScriptedKeys(events, [], events[16:]), **options)
    with pytest.raises(ProtocolViolation, match="its beginning"):
        scanner.read_symbol(0.5)
    assert scanner.take_learned() is None


def test_a_prefix_that_is_the_suffix_as_configured_now_is_still_the_prefix() -> None:
    scanner = serial(b"#" + CALIBRATION_TEXT.encode() + b"\r", {"framing": "suffix", "suffix": "#"})
    assert scanner.read_symbol(0.5) is None
    learned = scanner.take_learned()
    assert learned is not None
    assert (learned["prefix"], learned["framing"]) == ("#", "line")
