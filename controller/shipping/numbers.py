"""Numbers of shipments and manifests, as people and carriers see them."""

from __future__ import annotations

from controller.documents.numbers import Series

SHIPMENTS = Series("SH", "shipment")
MANIFESTS = Series("MF", "manifest")
