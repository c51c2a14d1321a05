"""Independent readers of printers' languages, for tests: what a printer would take for a command.  Know nothing of our encoders."""

from __future__ import annotations

import re

TSPL_BITMAP = re.compile(rb"BITMAP (\d+),(\d+),(\d+),(\d+),(\d),")
EPL2_GRAPHIC = re.compile(rb"GW(\d+),(\d+),(\d+),(\d+),")


def lines_of(data: bytes, picture: re.Pattern[bytes]) -> tuple[list[bytes], list[bytes]]:
    """The command lines, each picture's without its data, and those data; the third and fourth number are its bytes and rows."""
    lines: list[bytes] = []
    pictures: list[bytes] = []
    while data:
        if match := picture.match(data):
            end = match.end() + int(match[3]) * int(match[4])
            assert end <= len(data), "the data end before the picture does"
            lines.append(match[0])
            pictures.append(data[match.end() : end])
            data = data[end:]
        else:
            line, _, data = data.partition(b"\r\n")
            if line:
                lines.append(line)
    return lines, pictures
