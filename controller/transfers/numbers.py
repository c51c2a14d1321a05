"""Numbers of transfers."""

from __future__ import annotations

from controller.documents.numbers import Series

TRANSFERS = Series("TR", "transfer")
