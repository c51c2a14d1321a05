"""Labels in TSPL: text and matrix codes as pictures, lines and bars as BAR, so that only numbers and dots are sent.

TSPL's own BARCODE, QRCODE and TEXT are not used: their code sets, versions and fonts are the printer's choice, so the symbol might
not fit where it was laid out, and quotes in their data need care.  A printer obeys ESC ! and ~! wherever it meets them, even in
the data of BITMAP (which is what ESC ! D is for), so they are kept out of it.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from drivers.devices import Encoded
from drivers.documents.model import Label
from drivers.printers.label_ink import Media, Rectangle, Stamp, check_copies, ink, lay_out, stamp_of, whole
from drivers.printers.tspl_options import PICTURE_BYTES, TsplOptions

_MOST_COPIES = 9999
_INVERTED = bytes(byte ^ 0xFF for byte in range(256))
_REAL_TIME = (b"\x1b!", b"~!")


def encode_label(label: Label, options: TsplOptions, *, copies: int, copy_mark: bool) -> Encoded:
    """One label; the printer makes the copies.  Raises Unsupported."""
    check_copies(copies, _MOST_COPIES)
    media = Media(options.media_width, options.media_height)
    layout = lay_out(label, options.dpi, media, mark=options.copy_text if copy_mark else "")
    between = {
        "gap": f"GAP {_millimetres(options.gap)},0 mm",
        "mark": f"BLINE {_millimetres(options.gap)},0 mm",
        "continuous": "GAP 0 mm,0 mm",
    }
    head = (
        f"\r\nSIZE {_millimetres(label.width)},{_millimetres(label.height)}",
        between[options.sensor],
        f"DIRECTION {options.direction}",
        "REFERENCE 0,0",
        "CLS",
    )
    parts: Iterable[Rectangle | Stamp] = [stamp_of(whole(layout))] if options.whole else ink(layout)
    lines = [line.encode() for line in head]
    for part in parts:
        lines += [_bar(part)] if isinstance(part, Rectangle) else [_bitmap(band) for band in part.bands(PICTURE_BYTES)]
    lines.append(f"PRINT 1,{copies}\r\n".encode())
    return Encoded(b"\r\n".join(lines), copies, layout.notes)


def _millimetres(length: Decimal) -> str:
    return f"{length.normalize():f} mm"


def _bar(area: Rectangle) -> bytes:
    return f"BAR {area.x},{area.y},{area.width},{area.height}".encode()


def _bitmap(stamp: Stamp) -> bytes:
    """Mode 1 adds to what is there; 0 is black."""
    head = f"BITMAP {stamp.x},{stamp.y},{stamp.stride},{stamp.height},1,".encode()
    return head + _defused(stamp.rows.translate(_INVERTED))


def _defused(picture: bytes) -> bytes:
    """The picture with one dot more wherever its bytes would be a real-time command."""
    for command in _REAL_TIME:
        picture = picture.replace(command, command[:1] + b"\x20")
    return picture
