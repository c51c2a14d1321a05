"""Orders ask this sourcing, as they do in the composition."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from controller.orders.seams import SEAMS
from controller.sourcing.deciding import source_order


@pytest.fixture(autouse=True)
def asked_by_orders() -> Iterator[None]:
    before = SEAMS.source
    SEAMS.source = source_order
    yield
    SEAMS.source = before
