"""Numbers of pick lists and parcels, as they are printed and scanned."""

from __future__ import annotations

from controller.documents.numbers import Series

PICK_LISTS = Series("PL", "pick list")
PARCELS = Series("PC", "parcel")
