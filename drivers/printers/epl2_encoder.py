"""Labels in EPL2: text and matrix codes as pictures, lines and bars as LO, so that only numbers and dots are sent.

EPL2's own B, b and A are not used: the printer chooses code sets and fonts, QR codes are in Japanese models only, and quotes and
backslashes in their data need care.
"""

from __future__ import annotations

from drivers.devices import Encoded
from drivers.documents.layout import dots
from drivers.documents.model import Label
from drivers.printers.epl2_options import PICTURE_BYTES, Epl2Options
from drivers.printers.label_ink import Media, Rectangle, Stamp, check_copies, ink, lay_out

_MOST_COPIES = 9999
_INVERTED = bytes(byte ^ 0xFF for byte in range(256))


def encode_label(label: Label, options: Epl2Options, *, copies: int, copy_mark: bool) -> Encoded:
    """One label; the printer makes the copies.  Raises Unsupported.

    Pictures come before lines: whether GW erases what is below its white dots is not in the guide.  q and Q clear the image, so
    they come before N.
    """
    check_copies(copies, _MOST_COPIES)
    media = Media(options.media_width, options.media_height)
    layout = lay_out(label, options.dpi, media, mark=options.copy_text if copy_mark else "")
    gap = dots(options.gap, options.dpi)
    between = {"gap": f"{gap}", "mark": f"B{gap}", "continuous": "0"}[options.sensor]
    width = (layout.width + 7) // 8 * 8
    head = ("", f"q{width}", f"Q{layout.height},{between}", f"Z{options.direction[0].upper()}", "N", "")
    parts = sorted(ink(layout), key=lambda part: isinstance(part, Rectangle))
    chunks = ["\r\n".join(head).encode()]
    for part in parts:
        chunks += [_line(part)] if isinstance(part, Rectangle) else [_picture(band) for band in part.bands(PICTURE_BYTES)]
    return Encoded(b"".join(chunks) + f"P{copies}\r\n".encode(), copies, layout.notes)


def _line(area: Rectangle) -> bytes:
    return f"LO{area.x},{area.y},{area.width},{area.height}\r\n".encode()


def _picture(stamp: Stamp) -> bytes:
    """1 is white."""
    head = f"GW{stamp.x},{stamp.y},{stamp.stride},{stamp.height},".encode()
    return head + stamp.rows.translate(_INVERTED) + b"\r\n"
