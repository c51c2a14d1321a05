"""What label printers' emulators have in common: the roll, the queue of jobs, and a label as a picture.

A job is printed label by label; what stops the printer stops it between two labels, and it goes on where it stopped.
"""

from __future__ import annotations

import base64
import re
from collections import deque
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from io import BytesIO

import zxingcpp
from PIL import Image, ImageChops, ImageDraw

from drivers.documents.fonts import draw, measure
from drivers.emulators.drawn_symbol import drawn_symbol
from drivers.emulators.emulator import BadCommand, Command, Report, no_command, no_fault, switch_of, text_of

ROLL_COMMANDS = ("fault", "paper", "off_and_on")
_WHITE, _BLACK = 255, 0
_MOST_DOTS = 8000


class LabelImage:
    """One pixel per dot; what does not fit on it is cut off."""

    def __init__(self, width: int, height: int) -> None:
        self.image = Image.new("L", (min(max(width, 8), _MOST_DOTS), min(max(height, 8), _MOST_DOTS)), _WHITE)

    def copy(self) -> LabelImage:
        copy = LabelImage(*self.image.size)
        copy.image = self.image.copy()
        return copy

    def png_b64(self) -> str:
        out = BytesIO()
        self.image.convert("1").save(out, "PNG")
        return base64.b64encode(out.getvalue()).decode()

    def fill(self, x: int, y: int, width: int, height: int) -> None:
        if width > 0 and height > 0:
            ImageDraw.Draw(self.image).rectangle((x, y, x + width - 1, y + height - 1), fill=_BLACK)

    def frame(self, left: int, top: int, right: int, bottom: int, thickness: int) -> None:
        if right >= left and bottom >= top:
            ImageDraw.Draw(self.image).rectangle((left, top, right, bottom), outline=_BLACK, width=max(1, thickness))

    def bits(self, x: int, y: int, stride: int, data: bytes, *, mode: str = "or") -> None:
        """`stride` bytes a row, 1 is black; `mode` is `or`, `xor` or `over` (white dots erase)."""
        height = len(data) // stride
        if not height:
            return
        picture = Image.frombytes("1", (stride * 8, height), data[: stride * height]).convert("L").point(_inverted)
        if mode == "over":
            self.image.paste(picture, (x, y))
            return
        layer = Image.new("L", self.image.size, _WHITE)
        layer.paste(picture, (x, y))
        if mode == "xor":
            self.image = ImageChops.difference(self.image, layer.point(_inverted))
        else:
            self.image = ImageChops.darker(self.image, layer)

    def text(self, x: int, y: int, text: str, size: int) -> None:
        """A printer's own letters, `size` high: Latin only."""
        text = "".join(char for char in text if " " <= char <= "~")
        layer = Image.new("L", (max(1, int(measure(text, size, "mono")) + 2), 2 * size), _WHITE)
        canvas = ImageDraw.Draw(layer)
        canvas.fontmode = "1"
        draw(canvas, (0, size), text, size, "mono")
        self._stamp(layer, x, y)

    def symbol(self, at: tuple[int, int], form: zxingcpp.BarcodeFormat, data: str, module: int, height: int = 0) -> bool:
        """`height` 0 for a matrix code.  False if the data is wrong: the real ones print nothing then."""
        options = {"ec_level": "M"} if form == zxingcpp.BarcodeFormat.QRCode else {}
        try:
            small = drawn_symbol(form, data, **options)
        except ValueError:
            return False
        columns, rows = small.size
        if height:
            small = small.crop((0, 0, columns, 1))
        self._stamp(small.resize((columns * module, height or rows * module), Image.Resampling.NEAREST), *at)
        return True

    def _stamp(self, picture: Image.Image, x: int, y: int) -> None:
        layer = Image.new("L", self.image.size, _WHITE)
        layer.paste(picture, (x, y))
        self.image = ImageChops.darker(self.image, layer)


@dataclass(frozen=True, slots=True)
class Printout:
    """What one print command asked for."""

    picture: LabelImage
    copies: int


def number_at(words: Sequence[str], index: int, default: int = 0) -> int:
    """A whole number among a command's arguments; `default` where there is none."""
    match = re.match(r"[0-9]{1,5}", words[index]) if index < len(words) else None
    return int(match[0]) if match else default


def _inverted(value: int) -> int:
    return 255 - value


@dataclass(slots=True)
class PrintJob:
    """`remaining` labels are still to come."""

    number: int
    picture: LabelImage
    remaining: int


class LabelRoll:
    """Jobs, the labels left on the roll, and the faults."""

    def __init__(
        self, printer: str, faults: Sequence[str], stops: Collection[str], report: Report, commands: Sequence[str] = ROLL_COMMANDS
    ) -> None:
        """`printer` names it in refusals; `stops` are those of its `faults` that keep it from printing."""
        self._printer = printer
        self._known = tuple(faults)
        self._commands = tuple(commands)
        self._stops = frozenset(stops)
        self._report = report
        self._left: int | None = None
        self._count = 0
        self.faults: set[str] = set()
        self.jobs: deque[PrintJob] = deque()
        self.printed = 0
        """Labels that ever came out."""
        self._told = 0

    @property
    def is_stopped(self) -> bool:
        return bool(self.faults & self._stops)

    @property
    def remaining(self) -> int:
        return sum(job.remaining for job in self.jobs)

    def take_news(self) -> int:
        """Labels that came out since it was last asked."""
        news, self._told = self.printed - self._told, self.printed
        return news

    def add(self, picture: LabelImage, copies: int) -> None:
        self._count += 1
        self.jobs.append(PrintJob(self._count, picture, copies))
        self.go_on()

    def cancel(self) -> None:
        """What waits is forgotten; `off_and_on` does that too."""
        self.jobs.clear()

    def go_on(self) -> None:
        """Print what waits, until the roll is empty or something stops it."""
        while self.jobs and not self.is_stopped:
            job = self.jobs[0]
            done = job.remaining if self._left is None else min(job.remaining, self._left)
            if done:
                self._report({"event": "paper", "png_b64": job.picture.png_b64(), "copies": done, "id": job.number})
            job.remaining -= done
            self.printed += done
            if self._left is not None:
                self._left -= done
            if job.remaining:
                self.turn("paper_out", on=True)
            else:
                self.jobs.popleft()

    def turn(self, fault: str, *, on: bool) -> None:
        """The printer itself did it: whoever watches is told."""
        if on is not (fault in self.faults):
            (self.faults.add if on else self.faults.discard)(fault)
            self._report({"event": "fault", "name": fault, "on": on})

    def on_command(self, command: Command) -> None:
        """`fault`, `paper` and `off_and_on`.  Raises BadCommand."""
        match command.get("do"):
            case "fault":
                name = text_of(command, "name")
                if name not in self._known:
                    raise no_fault(self._printer, name, self._known)
                (self.faults.add if switch_of(command) else self.faults.discard)(name)
                if name == "paper_out":
                    self._left = None
            case "paper":
                left = command.get("labels")
                if not isinstance(left, int) or isinstance(left, bool) or left < 0:
                    raise BadCommand(f"'paper' needs 'labels' as a whole number from 0, got {left!r}")
                self._left = left
                self.turn("paper_out", on=False)
            case "off_and_on":
                self.cancel()
            case other:
                raise no_command(self._printer, other, self._commands)
        self.go_on()
