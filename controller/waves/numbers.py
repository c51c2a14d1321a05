"""Numbers of waves, as people see and scan them."""

from __future__ import annotations

from controller.documents.numbers import Series

WAVES = Series("WV", "wave")
