from __future__ import annotations

import struct
import zlib
from contextlib import suppress
from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from drivers.documents.errors import BadPicture
from drivers.documents.pictures import fit_picture, to_bitmap


def png(image: Image.Image) -> bytes:
    out = BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


def disc(mode: str = "L", size: tuple[int, int] = (40, 20)) -> bytes:
    """A black disc of 16 on white, or on nothing."""
    image = Image.new(mode, size, "#00000000" if mode == "RGBA" else "white")
    ImageDraw.Draw(image).ellipse((12, 2, 27, 17), fill="black")
    return png(image)


@pytest.mark.parametrize(("room", "size"), [((80, 80), (80, 40)), ((80, 10), (20, 10)), ((1, 1), (1, 1)), ((40, 20), (40, 20))])
def test_it_is_as_large_as_fits_with_its_aspect_kept(room: tuple[int, int], size: tuple[int, int]) -> None:
    assert fit_picture(disc(), *room, dither=False).size == size


@pytest.mark.parametrize("mode", ["L", "RGBA", "1"])
def test_what_is_transparent_is_white(mode: str) -> None:
    image = fit_picture(disc(mode), 40, 20, dither=False)
    assert image.getpixel((0, 0)) == 255
    assert image.getpixel((20, 10)) == 0


def test_grey_is_black_or_white_or_dots() -> None:
    grey = png(Image.new("L", (32, 32), 100))
    assert fit_picture(grey, 32, 32, dither=False).histogram()[0] == 32 * 32
    dotted = fit_picture(grey, 32, 32, dither=True).histogram()
    assert dotted[0] + dotted[255] == 32 * 32
    assert 0.5 < dotted[0] / 1024 < 0.7


def test_a_bitmap_has_its_first_dot_in_the_highest_bit() -> None:
    image = Image.new("L", (10, 2), 255)
    image.putpixel((0, 0), 0)
    image.putpixel((9, 1), 0)
    bitmap = to_bitmap(image)
    assert (bitmap.width, bitmap.height, bitmap.stride, bitmap.rows) == (10, 2, 2, b"\x80\x00\x00\x40")


def bomb(width: int, height: int) -> bytes:
    """The head of a PNG that claims to be so large, and little else."""
    head = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0" * 99)) + chunk(b"IEND", b"")


@pytest.mark.parametrize("data", [b"", b"GIF89a", disc()[:60], bomb(60000, 60000), bomb(0, 5), bomb(100, 100)])
def test_what_is_no_picture_or_a_bomb_is_refused(data: bytes) -> None:
    with pytest.raises(BadPicture):
        fit_picture(data, 100, 100, dither=False)


@given(st.binary(max_size=80), st.integers(0, 200))
def test_a_broken_picture_gives_typed_errors_only(noise: bytes, at: int) -> None:
    whole = disc()
    with suppress(BadPicture):
        fit_picture(whole[:at] + noise + whole[at + len(noise) :], 20, 20, dither=False)
