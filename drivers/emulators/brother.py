"""Brother QL-820NWB (300 dpi, 62 mm roll in it) and PT-P750W (180 dpi, 24 mm tape).

Source: Brother, Raster Command Reference QL-800/810W/820NWB v1.01 and PT-E550W/P750W/P710BT v1.01; flow charts in chapter 5.

Commands: ``fault`` with `paper_out`, `cover_open`, `cutter`, `mute` (it prints, but says nothing), `late` (the cutter fails after
the last label was told to be completed); ``paper`` (`labels` of it are left; then paper_out); ``media`` (`width` and `length` in
millimetres of what is put in; length 0: continuous); ``off_and_on``.
Report: ``{"event": "paper", "png_b64": …, "copies": 1, "id": k}``, what the head reaches, as it lies when it comes out; ``fault``.

What comes out is told as the manual has it: phase "printing", "printing completed", phase "receiving".  After an error the rest of
the job is forgotten.
"""

from __future__ import annotations

from PIL import Image

from drivers.emulators.brother_commands import Asked, Page, RasterReader
from drivers.emulators.emulator import BadCommand, Command, Report
from drivers.emulators.label_paper import ROLL_COMMANDS, LabelImage, LabelRoll
from drivers.printers.brother_options import PT, PT_TAPES, QL, QL_PAPERS, Family, Paper
from drivers.registry import Kind

_ERRORS_1 = {"paper_out": 0x02, "cutter": 0x04}
_ERRORS_2 = {"wrong_media": 0x01, "cover_open": 0x10}
_STOPS = ("paper_out", "cover_open", "cutter")
KIND = Kind.LABEL_PRINTER
COMMANDS = (*ROLL_COMMANDS, "media")
FAULTS = (*_STOPS, "mute", "late")
_REPLY, _COMPLETED, _ERROR, _NOTICE, _PHASE = 0x00, 0x01, 0x02, 0x05, 0x06
_COVER_OPENED, _COVER_CLOSED = 1, 2


class BrotherEmulator:
    def __init__(self, report: Report, family: Family, papers: tuple[Paper, ...], first: Paper) -> None:
        self._family, self._papers, self._paper = family, papers, first
        self._roll = LabelRoll("brother printer", FAULTS, _STOPS, report, COMMANDS)
        self._reader = RasterReader(family.pins, is_pt=family is PT)
        self._is_forgetting = False

    @property
    def unknown(self) -> list[str]:
        return self._reader.unknown

    def on_bytes(self, data: bytes) -> bytes:
        answers = b""
        for each in self._reader.read(data):
            answers += self._status(_REPLY) if each is Asked.STATUS else self._print(each) if isinstance(each, Page) else b""
        return self._said(answers)

    def on_command(self, command: Command) -> bytes:
        if command.get("do") == "media":
            self._put_in(command.get("width"), command.get("length", 0))
            return b""
        was_open = "cover_open" in self._roll.faults
        self._roll.on_command(command)
        if command.get("do") == "off_and_on":
            self._reader.forget()
            self._is_forgetting = False
        is_open = "cover_open" in self._roll.faults
        if is_open is was_open:
            return b""
        return self._said(self._status(_NOTICE, notice=_COVER_OPENED if is_open else _COVER_CLOSED))

    def _said(self, answers: bytes) -> bytes:
        return b"" if "mute" in self._roll.faults else answers

    def _put_in(self, width: object, length: object) -> None:
        found = [paper for paper in self._papers if (paper.width, paper.length) == (width, length)]
        if not found:
            raise BadCommand(f"there is no roll of {width!r} x {length!r} mm")
        self._paper = found[0]

    def _print(self, page: Page) -> bytes:
        if self._is_forgetting:
            self._is_forgetting = not page.is_last
            return b""
        wrong = () if self._is_wanted(page) else ("wrong_media",)
        printed = self._roll.printed
        if not wrong:
            self._roll.add(self._image(page), 1)
        if wrong or self._roll.printed == printed:
            self._roll.cancel()
            self._is_forgetting = not page.is_last
            return self._status(_ERROR, extra=wrong)
        if "late" in self._roll.faults and page.is_last:
            self._roll.turn("cutter", on=True)
            return self._told() + self._status(_ERROR)
        return self._told()

    def _told(self) -> bytes:
        return self._status(_PHASE, is_printing=True) + self._status(_COMPLETED, is_printing=True) + self._status(_PHASE)

    def _is_wanted(self, page: Page) -> bool:
        if page.announced != len(page.lines):
            self.unknown.append(f"{page.announced} lines were announced, {len(page.lines)} came")
        kind = (0x0B if self._paper.length else 0x0A) if self._family is QL else 0x01
        there = (kind, self._paper.width, self._paper.length)
        named = (page.wanted_type, page.wanted_width, page.wanted_length)
        return all(want in (None, have) for want, have in zip(named, there, strict=True))

    def _image(self, page: Page) -> LabelImage:
        """As a person sees it: the first bit of a line is at the right."""
        whole = LabelImage(self._family.pins, len(page.lines))
        whole.bits(0, 0, self._family.pins // 8, b"".join(page.lines))
        left = self._paper.offset
        ink = whole.image.point([255 - value for value in range(256)]).getbbox()
        if ink and (ink[0] < left or ink[2] > left + self._paper.pins):
            self.unknown.append("ink beside the paper")
        seen = LabelImage(self._paper.pins, len(page.lines))
        reached = whole.image.crop((left, 0, left + self._paper.pins, whole.image.height))
        seen.image.paste(reached.transpose(Image.Transpose.FLIP_LEFT_RIGHT))
        return seen

    def _status(self, said: int, *, is_printing: bool = False, notice: int = 0, extra: tuple[str, ...] = ()) -> bytes:
        faults = {*self._roll.faults, *extra}
        frame = bytearray(32)
        frame[:8] = bytes((0x80, 0x20, 0x42, self._family.series, 0x41, 0x30, 0x30, 0x00))
        frame[8] = sum(bit for name, bit in _ERRORS_1.items() if name in faults)
        frame[9] = sum(bit for name, bit in _ERRORS_2.items() if name in faults)
        frame[10], frame[17] = self._paper.width, self._paper.length
        frame[11] = (0x0B if self._paper.length else 0x0A) if self._family is QL else 0x01
        frame[14] = 0x3F if self._family is QL else 0x00
        frame[18], frame[19], frame[22] = said, int(is_printing), notice
        return bytes(frame)


def brother_ql(report: Report) -> BrotherEmulator:
    """With a 62 mm roll in it."""
    return BrotherEmulator(report, QL, tuple(QL_PAPERS.values()), QL_PAPERS["62"])


def brother_pt(report: Report) -> BrotherEmulator:
    """With a 24 mm tape in it."""
    return BrotherEmulator(report, PT, tuple(PT_TAPES.values()), PT_TAPES["24"])
