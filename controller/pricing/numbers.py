"""Numbers of label batches."""

from __future__ import annotations

from controller.documents.numbers import Series

BATCHES = Series("LB", "label batch")
