"""How emulated printers draw the barcodes that a driver leaves to them.  Pure."""

from __future__ import annotations

import zxingcpp
from PIL import Image

from drivers.symbols.gs1 import FNC1, in_brackets, parse_elements


def drawn_symbol(form: zxingcpp.BarcodeFormat, data: str, **options: str | bool) -> Image.Image:
    """One pixel a module, no quiet zone; data that begins with FNC1 (U+001D) is a GS1 symbol.

    Raises ValueError (the symbology has no such data).
    """
    if data.startswith(FNC1):
        elements = parse_elements(data)
        if elements is None:
            raise ValueError(f"{data!r} is no GS1 element string")
        data, options = in_brackets(elements), {**options, "gs1": True}
    try:
        image = zxingcpp.create_barcode(data, form, **options).to_image(scale=1, add_quiet_zones=False)
    except RuntimeError as error:
        raise ValueError(f"{data!r} cannot be drawn: {error}") from error
    height, width = image.shape
    return Image.frombytes("L", (width, height), bytes(image))  # type: ignore[call-overload]  # its stub leaves out that it is a buffer
