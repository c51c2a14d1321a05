"""Labels for a receipt printer: the whole label as raster, so nothing of its data is ever text to the printer.

A receipt printer senses no gap between labels: on a roll of die-cut labels it would drift.  So it is continuous paper that is cut
to the label's length, or torn.
"""

from __future__ import annotations

from decimal import Decimal

from PIL import Image

from drivers.devices import Encoded
from drivers.documents.bitmap import ink_label
from drivers.documents.errors import DocumentError
from drivers.documents.layout import dots
from drivers.documents.model import Label
from drivers.errors import Unsupported
from drivers.printers.escpos_encoder import raster_of_ink
from drivers.printers.escpos_label_options import EscposLabelOptions
from drivers.printers.label_ink import Media, check_copies, lay_out

_MOST_COPIES = 200
_INITIALIZE = b"\x1b@"
_CUTS = {"full": b"\x1dVA\x00", "partial": b"\x1dVB\x00", "none": b""}
"""GS V 65 and 66: feed to the knife, then cut (Epson ESC/POS reference, GS V, function B)."""


def encode_label(label: Label, options: EscposLabelOptions, *, copies: int, copy_mark: bool) -> Encoded:
    """Each copy is sent, and cut off.  Raises Unsupported."""
    check_copies(copies, _MOST_COPIES)
    layout = lay_out(label, options.dpi, Media(options.media_width), mark=options.copy_text if copy_mark else "")
    try:
        ink = ink_label(layout)
    except DocumentError as error:
        raise Unsupported(str(error)) from error
    feed = dots(Decimal(options.feed), options.dpi) if options.cut == "none" else 0
    left = (options.width - ink.width) // 2 if options.align == "center" else 0
    paper = Image.new("1", (options.width, ink.height + feed))
    paper.paste(ink, (left, 0))
    once = _INITIALIZE + b"".join(raster_of_ink(paper)) + _CUTS[options.cut]
    return Encoded(once * copies, copies, layout.notes)
