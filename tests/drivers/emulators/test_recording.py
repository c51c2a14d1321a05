"""A recording played again: the device's side, after what the host wrote then, as fast as then."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from decimal import Decimal
from pathlib import Path

import pytest

from drivers.emulators.emulator import BadCommand
from drivers.emulators.recording import LONGEST_PAUSE, RecordingEmulator
from drivers.recording import Entry, Mark, Recording, Way, dump_recording
from drivers.registry import open_device
from tests.drivers.running import running_emulator

HOST, DEVICE = Way.HOST, Way.DEVICE
WEIGHINGS = (
    Entry(0.0, HOST, Mark.OPENED),
    Entry(0.1, HOST, b"W"),
    Entry(0.2, DEVICE, b"\x0201.2"),
    Entry(0.25, DEVICE, b"34\r"),
    Entry(60.0, HOST, b"W"),
    Entry(60.0, DEVICE, b"\x0205.000\r"),
)


def stored(folder: Path, *entries: Entry, over: str = "bytes") -> str:
    path = folder / "recording.jsonl"
    path.write_text(dump_recording(Recording(device="scale", model="toledo.8217", over=over, entries=entries)), encoding="utf-8")
    return str(path)


class Playing:
    def __init__(self, file: str) -> None:
        self.told: list[Mapping[str, object]] = []
        self.emulator = RecordingEmulator(self.told.append)
        self.emulator.on_command({"do": "load", "file": file})

    def until_silent(self) -> tuple[bytes, float]:
        """What it says by itself, and the seconds that it takes."""
        said, seconds = b"", 0.0
        while (tick := self.emulator.tick_every) > 0:
            said += self.emulator.on_tick(tick)
            seconds += tick
        return said, seconds


def test_it_answers_as_it_did_when_it_is_asked_as_it_was(tmp_path: Path) -> None:
    playing = Playing(stored(tmp_path, *WEIGHINGS))
    assert playing.until_silent() == (b"", 0.0)
    assert playing.emulator.on_bytes(b"W") == b""
    said, seconds = playing.until_silent()
    assert said == b"\x0201.234\r"
    assert 0.1 <= seconds <= 0.4
    assert playing.emulator.on_bytes(b"W") == b"\x0205.000\r"
    assert playing.told == [{"event": "end"}]
    assert playing.emulator.on_bytes(b"W") == b""


def test_what_it_was_not_asked_then_it_does_not_answer_and_says_so(tmp_path: Path) -> None:
    playing = Playing(stored(tmp_path, *WEIGHINGS))
    assert playing.emulator.on_bytes(b"Z") == b""
    assert playing.told == [{"event": "unexpected", "hex": "5a", "expected": "57"}]
    playing.emulator.on_bytes(b"W")
    assert playing.until_silent()[0] == b"\x0201.234\r"


def test_a_host_that_is_faster_than_then_misses_nothing(tmp_path: Path) -> None:
    playing = Playing(stored(tmp_path, *WEIGHINGS))
    assert playing.emulator.on_bytes(b"WW") == b"\x0201.234\r\x0205.000\r"


def test_a_device_that_talks_by_itself_does_and_long_pauses_are_short(tmp_path: Path) -> None:
    playing = Playing(stored(tmp_path, Entry(0, DEVICE, b"a"), Entry(500, DEVICE, b"b")))
    said, seconds = playing.until_silent()
    assert said == b"ab"
    assert LONGEST_PAUSE <= seconds <= LONGEST_PAUSE + 1
    playing.emulator.on_command({"do": "again"})
    assert playing.until_silent()[0] == b"ab"


@pytest.mark.parametrize("content", ["", "{}", "no recording"])
def test_what_is_no_recording_is_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / "x").write_text(content)
    for command in ({"do": "load", "file": str(tmp_path / "x")}, {"do": "load", "file": "/nowhere"}, {"do": "dance"}):
        with pytest.raises(BadCommand):
            RecordingEmulator(lambda _: None).on_command(command)


def test_keys_go_over_no_line(tmp_path: Path) -> None:
    with pytest.raises(BadCommand, match="make a test of it"):
        RecordingEmulator(lambda _: None).on_command({"do": "load", "file": stored(tmp_path, over="keys")})


def test_our_driver_weighs_on_a_recording(tmp_path: Path) -> None:
    link = tmp_path / "scale"
    with running_emulator("recording", pty=link) as emulator:
        emulator.tell("load", file=stored(tmp_path, *WEIGHINGS))
        with closing(open_device("toledo.8217", f"serial:{link}", {"unit": "kg"})) as scale:
            weighed = [scale.driver.read_weight() for _ in range(2)]  # type: ignore[union-attr]  # a Scale
    assert [each and each.grams for each in weighed] == [Decimal(1234), Decimal(5000)]
