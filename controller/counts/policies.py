"""Pure decisions of counting."""

from __future__ import annotations

from collections.abc import Mapping


def variances(counted: Mapping[int, int], expected: Mapping[int, int]) -> dict[int, int]:
    """Counted minus expected for each SKU where they differ.  The bin was counted whole: what is not listed was not there."""
    skus = counted.keys() | expected.keys()
    found = {sku: counted.get(sku, 0) - expected.get(sku, 0) for sku in sorted(skus)}
    return {sku: variance for sku, variance in found.items() if variance}
