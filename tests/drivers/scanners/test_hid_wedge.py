"""Key codes and SYN_DROPPED: Linux input-event-codes.h and event-codes.rst; GS as Ctrl+], as scanners are configured."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from drivers.devices import KeyEvent, Learns, Scanner, Symbol
from drivers.emulators.wedge import Typing, caps_lock_pressed, typeable, typed_keys
from drivers.errors import DeviceUnavailable, DriverError, ProtocolViolation, Unsupported
from drivers.registry import find
from drivers.scanners.hid_wedge import HidWedge, Suffix, WedgeOptions
from drivers.scanners.layouts import LAYOUTS
from drivers.scanners.strokes import CapsLock
from drivers.testing import ScriptedKeys

LEFT_SHIFT, RIGHT_SHIFT, LEFT_CTRL, LEFT_ALT, CAPS_LOCK = 42, 54, 29, 56, 58
ENTER, KEYPAD_ENTER, TAB, RIGHT_BRACE, F8, BACKSPACE = 28, 96, 15, 27, 66, 14
# KEY_1 … KEY_0 and a few letters, as numbered in input-event-codes.h
CODES = {
    "1": 2,
    "2": 3,
    "3": 4,
    "4": 5,
    "5": 6,
    "6": 7,
    "7": 8,
    "8": 9,
    "9": 10,
    "0": 11,
    "e": 18,
    "c": 46,
    "a": 30,
    "b": 48,
    "]": 27,
}
DROPPED = KeyEvent(0, 3, 0)
REPORT = KeyEvent(0, 0, 0)
CAPS_LAMP = [KeyEvent(0x11, 1, 0), REPORT]
FORGOTTEN = [KeyEvent(4, 4, 0x70024), REPORT]  # what the kernel's queue still holds of a key once its state was asked for


def key(code: int, value: int = 1) -> list[KeyEvent]:
    return [KeyEvent(1, code, value), REPORT]


def press(code: int) -> list[KeyEvent]:
    return key(code) + key(code, 0)


def held(modifier: int, events: Iterable[KeyEvent]) -> list[KeyEvent]:
    return [*key(modifier), *events, *key(modifier, 0)]


def typed(text: str) -> list[KeyEvent]:
    """`text` as a scanner types it on the us layout."""
    events: list[KeyEvent] = []
    for char in text:
        if char == "\x1d":
            events += held(LEFT_CTRL, press(RIGHT_BRACE))
        elif char.lower() != char:
            events += held(LEFT_SHIFT, press(CODES[char.lower()]))
        else:
            events += press(CODES[char])
    return events


def wedge(*batches: Sequence[KeyEvent], keys: ScriptedKeys | None = None, **options: object) -> HidWedge:
    driver = find("scanner.wedge").build(keys or ScriptedKeys(*batches), options)
    assert isinstance(driver, HidWedge)
    return driver


@pytest.mark.parametrize(
    "rest",
    [
        [typed("333931") + press(ENTER)],
        [press(ENTER)],
        [key(ENTER, 0), []],
        [FORGOTTEN, typed("1") + press(ENTER)],
        [CAPS_LAMP, typed("1") + press(ENTER)],
    ],
)
def test_what_is_typed_before_the_first_pause_may_be_half_a_scan_and_is_refused(rest: list[list[KeyEvent]]) -> None:
    scanner = wedge(keys=ScriptedKeys(*rest, typed("4006381333931") + press(ENTER), is_typing=True))
    with pytest.raises(ProtocolViolation, match="begun before"):
        scanner.read_symbol(0.5)
    assert scanner.read_symbol(0.1) == Symbol(b"4006381333931")


@pytest.mark.parametrize("suffix", [ENTER, KEYPAD_ENTER, TAB])
def test_typed_keys_are_a_scan(suffix: int) -> None:
    scanner = wedge(typed("]E04006381333931") + press(suffix))
    assert scanner.read_symbol(0.1) == Symbol(b"4006381333931", "]E0")
    assert scanner.read_symbol(0.1) is None


def test_each_event_alone_and_all_at_once_are_the_same_scan() -> None:
    events = typed("4006381333931") + press(ENTER)
    assert wedge(*([event] for event in events)).read_symbol(0.5) == wedge(events).read_symbol(0.5) == Symbol(b"4006381333931")


def test_two_scans_in_one_burst_stay_apart() -> None:
    scanner = wedge(typed("123") + press(ENTER) + typed("456") + press(ENTER))
    assert [scanner.read_symbol(0.1), scanner.read_symbol(0.1), scanner.read_symbol(0.1)] == [Symbol(b"123"), Symbol(b"456"), None]


def test_group_separator_comes_as_ctrl_bracket_or_f8() -> None:
    assert wedge(typed("]C110ab\x1d12") + press(ENTER)).read_symbol(0.1) == Symbol(b"10ab\x1d12", "]C1")
    assert wedge(typed("10") + press(F8) + typed("12") + press(ENTER)).read_symbol(0.1) == Symbol(b"10\x1d12")


def test_caps_lock_turns_letters_and_nothing_else() -> None:
    shifted_digits = held(RIGHT_SHIFT, press(CODES["1"]))
    events = typed("aB1") + shifted_digits + press(ENTER)
    assert wedge(events).read_symbol(0.1) == Symbol(b"aB1!")
    assert wedge(keys=ScriptedKeys(events, caps_lock=True)).read_symbol(0.1) == Symbol(b"Ab1!")
    assert wedge(press(CAPS_LOCK) + events).read_symbol(0.1) == Symbol(b"Ab1!")
    assert wedge([KeyEvent(0x11, 1, 1), *events]).read_symbol(0.1) == Symbol(b"Ab1!")


def test_a_shift_that_is_held_at_the_start_counts() -> None:
    keys = ScriptedKeys(press(CODES["a"]) + key(LEFT_SHIFT, 0) + press(CODES["a"]) + press(ENTER), held=frozenset({LEFT_SHIFT}))
    assert wedge(keys=keys).read_symbol(0.1) == Symbol(b"Aa")


def test_one_of_two_shifts_let_go_is_still_shift() -> None:
    events = held(LEFT_SHIFT, held(RIGHT_SHIFT, press(CODES["a"])) + press(CODES["b"])) + press(ENTER)
    assert wedge(events).read_symbol(0.1) == Symbol(b"AB")


def test_a_repeated_key_is_one_character() -> None:
    assert wedge(key(CODES["1"]) + key(CODES["1"], 2) + key(CODES["1"], 0) + press(ENTER)).read_symbol(0.1) == Symbol(b"1")


def test_keypad_digits_are_digits() -> None:
    assert wedge(press(79) + press(80) + press(82) + press(KEYPAD_ENTER)).read_symbol(0.1) == Symbol(b"120")


@pytest.mark.parametrize(
    "spoiler", [press(BACKSPACE), held(LEFT_ALT, press(CODES["1"])), held(LEFT_CTRL, press(CODES["1"])), press(250)]
)
def test_a_key_that_has_no_character_refuses_the_scan_and_not_the_next(spoiler: list[KeyEvent]) -> None:
    scanner = wedge(typed("12") + spoiler + typed("3") + press(ENTER), typed("456") + press(ENTER))
    with pytest.raises(ProtocolViolation):
        scanner.read_symbol(0.1)
    assert scanner.read_symbol(0.1) == Symbol(b"456")


def test_a_scan_whose_suffix_never_came_is_refused_after_a_pause() -> None:
    scanner = wedge(typed("123"), idle_ms=10)
    with pytest.raises(ProtocolViolation, match="suffix"):
        scanner.read_symbol(0.5)
    assert scanner.read_symbol(0.01) is None


def test_a_pause_ends_a_scan_where_no_suffix_is_configured() -> None:
    assert wedge(typed("123"), suffix="none", idle_ms=10).read_symbol(0.5) == Symbol(b"123")


def test_tab_is_data_where_enter_is_the_suffix() -> None:
    assert wedge(typed("1") + press(TAB) + typed("2") + press(ENTER), suffix="enter").read_symbol(0.1) == Symbol(b"1\t2")


def test_dropped_events_refuse_the_scan_and_the_next_is_right() -> None:
    scanner = wedge([*typed("40063"), DROPPED, *typed("13339")], typed("31") + press(ENTER), typed("123") + press(ENTER))
    with pytest.raises(ProtocolViolation, match="dropped"):
        scanner.read_symbol(0.1)
    assert scanner.read_symbol(0.1) == Symbol(b"123")


def test_after_dropped_events_the_modifiers_are_asked_for() -> None:
    keys = ScriptedKeys(
        [*key(LEFT_SHIFT), *press(CODES["a"]), DROPPED],  # the release of Shift was dropped
        press(ENTER),
        typed("ab") + press(ENTER),
    )
    scanner = wedge(keys=keys)
    with pytest.raises(ProtocolViolation):
        scanner.read_symbol(0.1)
    assert scanner.read_symbol(0.1) == Symbol(b"ab")


@given(cut=st.integers(1, 60), lost=st.integers(1, 60))
def test_dropped_events_never_make_a_wrong_code(cut: int, lost: int) -> None:
    right = [Symbol(b"4006381333931", "]E0"), Symbol(b"9638507", "]E0"), Symbol(b"123")]
    events = [event for text in ("]E04006381333931", "]E09638507", "123") for event in typed(text) + press(ENTER)]
    keys = ScriptedKeys([*events[:cut], DROPPED], events[cut + lost :])
    scanner = wedge(keys=keys, idle_ms=10)
    scanner.sync()
    keys.held = _modifiers_down(events[: cut + lost])  # what the kernel will say after the drop
    read, refused = _read_all(scanner)
    assert all(symbol in right for symbol in read)
    assert refused == 1


def _read_all(scanner: HidWedge) -> tuple[list[Symbol], int]:
    read: list[Symbol] = []
    refused = 0
    while True:
        try:
            symbol = scanner.read_symbol(0.05)
        except ProtocolViolation:
            refused += 1
            continue
        if symbol is None:
            return read, refused
        read.append(symbol)


def _modifiers_down(events: Sequence[KeyEvent]) -> frozenset[int]:
    down: set[int] = set()
    for event in events:
        if event.type == 1 and event.code in (LEFT_SHIFT, LEFT_CTRL):
            (down.add if event.value else down.discard)(event.code)
    return frozenset(down)


EVENTS = st.builds(KeyEvent, st.sampled_from([0, 1, 4, 0x11]), st.integers(0, 130), st.integers(0, 2))


@given(st.lists(st.lists(EVENTS, max_size=20), max_size=5), st.sampled_from(list(Suffix)))
@example([[KeyEvent(0, 3, 0)]], Suffix.NONE)
def test_any_events_give_symbols_or_typed_errors(batches: list[list[KeyEvent]], suffix: Suffix) -> None:
    scanner = HidWedge(ScriptedKeys(*batches), WedgeOptions(suffix=suffix, suffix_text="#\r" * (suffix is Suffix.TEXT), idle_ms=10))
    for _ in range(sum(map(len, batches)) + 2):
        try:
            symbol = scanner.read_symbol(0.02)
        except DriverError:
            continue
        if symbol is None:
            break
        assert symbol.data


@st.composite
def typings(draw: st.DrawFn) -> tuple[str, Typing]:
    """What a scanner may type on a layout, and how."""
    layout = draw(st.sampled_from(sorted(LAYOUTS)))
    text = draw(st.text(alphabet=typeable(layout) + "\x1d", min_size=1, max_size=40))
    typing = Typing(
        layout=layout,
        gs=draw(st.sampled_from(["ctrl", "f8"])),
        suffix=draw(st.sampled_from(["\r", "\t"])),
        caps_lock=draw(st.sampled_from(CapsLock)),
        lamp=draw(st.booleans()),
        ctrl_alt=draw(st.booleans()),
    )
    return text, typing


@given(typings())
def test_whatever_a_layout_can_type_is_read_as_typed(typed_text: tuple[str, Typing]) -> None:
    text, typing = typed_text
    scanner = wedge(
        keys=ScriptedKeys(typed_keys(text, typing), caps_lock=typing.lamp), layout=typing.layout, caps_lock=typing.caps_lock.value
    )
    if text.startswith("]") and len(text) < 4:
        return
    symbol = scanner.read_symbol(0.1)
    assert symbol is not None
    assert (symbol.aim or "").encode() + symbol.data == text.encode()


@given(st.text(alphabet=typeable("us") + "\x1déü€", min_size=1, max_size=20), st.sampled_from(sorted(LAYOUTS)))
def test_alt_and_numbers_are_read_on_every_layout(text: str, layout: str) -> None:
    events = typed_keys("]Q1" + text, Typing(by_numbers=True))
    assert wedge(events, layout=layout).read_symbol(0.1) == Symbol(text.encode(), "]Q1")


@pytest.mark.parametrize(
    ("digits", "char"),
    [
        ("65", "A"),
        ("065", "A"),
        ("0065", "A"),
        ("029", "\x1d"),
        ("0128", "€"),
        ("0233", "é"),
        ("130", "é"),  # both code pages
        ("0129", None),  # not in Windows-1252
        ("157", None),  # Ø or ¥
        ("300", None),
        ("0", None),
        ("00065", None),
    ],
)
def test_numbers_typed_with_alt_are_characters_where_that_is_sure(digits: str, char: str | None) -> None:
    keypad = {"7": 71, "8": 72, "9": 73, "4": 75, "5": 76, "6": 77, "1": 79, "2": 80, "3": 81, "0": 82}
    events = typed("1") + held(LEFT_ALT, [event for digit in digits for event in press(keypad[digit])]) + typed("2") + press(ENTER)
    scanner = wedge(events)
    if char is None:
        with pytest.raises(ProtocolViolation, match="keypad"):
            scanner.read_symbol(0.1)
    else:
        assert scanner.read_symbol(0.1) == Symbol(f"1{char}2".encode())


def test_an_accent_and_what_follows_it_are_one_character_or_refused() -> None:
    circumflex, e, s, space = 26, 18, 31, 57
    assert wedge(press(circumflex) + press(e) + press(ENTER), layout="fr").read_symbol(0.1) == Symbol("ê".encode())
    assert wedge(press(circumflex) + press(space) + press(ENTER), layout="fr").read_symbol(0.1) == Symbol(b"^")
    for second in (s, circumflex, ENTER):
        scanner = wedge(press(circumflex) + press(second) + press(ENTER), typed("5") + press(ENTER), layout="fr")
        with pytest.raises(ProtocolViolation):
            scanner.read_symbol(0.1)
        assert scanner.read_symbol(0.1) is not None


def test_digits_of_a_french_keyboard_need_shift_and_turn_with_caps_lock() -> None:
    one_two = press(2) + press(3) + press(ENTER)
    assert wedge(one_two, layout="fr").read_symbol(0.1) == Symbol("&é".encode())
    assert wedge(keys=ScriptedKeys(one_two, caps_lock=True), layout="fr").read_symbol(0.1) == Symbol(b"12")
    assert wedge(caps_lock_pressed() + one_two, layout="fr").read_symbol(0.1) == Symbol(b"12")
    assert wedge(keys=ScriptedKeys(one_two, caps_lock=True), layout="fr", caps_lock="ignore").read_symbol(0.1) == Symbol(
        "&é".encode()
    )


def test_the_keypad_s_digits_with_shift_are_no_digits() -> None:
    with pytest.raises(ProtocolViolation):
        wedge(held(LEFT_SHIFT, press(79)) + press(ENTER)).read_symbol(0.1)


@pytest.mark.parametrize("gs", ["{GS}", "|", "<GS>", "~"])
def test_a_text_that_stands_for_fnc1_becomes_fnc1(gs: str) -> None:
    events = typed_keys("]C110AB\x1d17270101", Typing(gs=gs))
    assert wedge(events, gs=gs).read_symbol(0.1) == Symbol(b"10AB\x1d17270101", "]C1")
    assert wedge(events).read_symbol(0.1) == Symbol(b"10AB" + gs.encode() + b"17270101", "]C1")


def test_prefix_and_suffix_text_are_off_the_data_and_a_scan_without_them_is_refused() -> None:
    typing = Typing(prefix="#", suffix="*\r")
    scanner = wedge(
        typed_keys("]Q1a*b", typing),
        typed_keys("123", Typing(suffix="*\r")),
        typed_keys("#12", Typing()),
        prefix="#",
        suffix="text",
        suffix_text="*\r",
        idle_ms=10,
    )
    assert scanner.read_symbol(0.5) == Symbol(b"a*b", "]Q1")
    with pytest.raises(ProtocolViolation, match="expected '#'"):
        scanner.read_symbol(0.5)
    with pytest.raises(ProtocolViolation, match="suffix"):
        scanner.read_symbol(0.5)


def test_a_scan_without_the_aim_identifier_that_is_due_is_refused() -> None:
    scanner = wedge(typed("4006381") + press(ENTER), sends_aim=True)
    with pytest.raises(ProtocolViolation, match="AIM"):
        scanner.read_symbol(0.1)


def test_enter_inside_a_scan_that_ends_with_a_pause_is_refused() -> None:
    with pytest.raises(ProtocolViolation):
        wedge(typed("1") + press(ENTER) + typed("2"), suffix="none", idle_ms=10).read_symbol(0.5)


def test_a_scan_without_an_end_does_not_fill_the_memory() -> None:
    scanner = wedge(typed("1" * 5000), typed("1" * 5000) + press(ENTER), typed("2") + press(ENTER))
    with pytest.raises(ProtocolViolation, match="longer"):
        scanner.read_symbol(0.5)
    assert scanner.read_symbol(0.5) == Symbol(b"2")


def test_a_shift_that_is_stuck_refuses_scans_until_it_is_let_go() -> None:
    stuck = key(LEFT_SHIFT) + typed("12") + press(ENTER)
    scanner = wedge(stuck, [], key(LEFT_SHIFT, 0) + typed("12") + press(ENTER), idle_ms=10)
    with pytest.raises(ProtocolViolation):
        scanner.read_symbol(0.5)
    assert scanner.read_symbol(0.5) == Symbol(b"12")


@pytest.mark.parametrize(
    "options", [{"suffix": "text"}, {"suffix_text": "#"}, {"prefix": "x" * 17}, {"gs": "x" * 17}, {"caps_lock": "on"}]
)
def test_contradictory_options_are_refused_with_a_sentence(options: dict[str, object]) -> None:
    with pytest.raises(Unsupported, match=r"scanner\.wedge"):
        find("scanner.wedge").build(ScriptedKeys(), options)


def test_a_thousand_scans_of_two_scanners_side_by_side_are_all_there_in_order() -> None:
    texts = [f"]C0{number:05d}-aB" for number in range(500)]
    one = wedge(*(typed_keys(text, Typing(layout="fr")) for text in texts), layout="fr")
    two = wedge(*(typed_keys(text[::-1], Typing(layout="de")) for text in texts), layout="de")
    for text in texts:
        assert one.read_symbol(0.1) == Symbol(text[3:].encode(), "]C0")
        assert two.read_symbol(0.1) == Symbol(text[::-1].encode())
    assert one.read_symbol(0.01) is None


def test_two_scanners_at_once_do_not_mix() -> None:
    one, two = wedge(typed("12"), typed("3") + press(ENTER)), wedge(typed("98"), typed("7") + press(ENTER))
    assert (one.read_symbol(0.1), two.read_symbol(0.1)) == (Symbol(b"123"), Symbol(b"987"))


def test_an_unplugged_scanner_is_unavailable() -> None:
    keys = ScriptedKeys(typed("123"))
    keys.ends_gone = True
    with pytest.raises(DeviceUnavailable):
        wedge(keys=keys).read_symbol(0.1)


@pytest.mark.parametrize("options", [{"layout": "dvorak"}, {"suffix": "space"}, {"idle_ms": 5}])
def test_unknown_options_are_refused_with_a_sentence(options: dict[str, object]) -> None:
    with pytest.raises(Unsupported, match=r"scanner\.wedge"):
        find("scanner.wedge").build(ScriptedKeys(), options)


def test_it_is_a_scanner() -> None:
    assert isinstance(wedge(), Scanner)
    assert isinstance(wedge(), Learns)
