"""Shops for tests of orders."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from controller.orders.seams import SEAMS, Seams
from tests.controller.customers.keys import open_test_keys
from tests.controller.two_sites import TwoSites, from_both


@pytest.fixture
async def sites(database: str) -> AsyncIterator[TwoSites]:
    """Two sites, sourced by `from_both`; all is approved; what is sealed works."""
    before, plain = (SEAMS.source, SEAMS.judge, SEAMS.bulk), Seams()
    SEAMS.source, SEAMS.judge, SEAMS.bulk = from_both, plain.judge, plain.bulk
    await open_test_keys()
    yield await TwoSites.open()
    SEAMS.source, SEAMS.judge, SEAMS.bulk = before
