"""The field that finds everything, as a browser without scripts sends it."""

from __future__ import annotations

import pytest
from aiohttp.test_utils import TestClient

from controller.web.stock_pages import DOCUMENTS
from tests.controller.web.test_every_page import ROUTES
from tests.controller.web.test_forms import client, shop, shown

__all__ = ["client", "shop"]


@pytest.mark.parametrize(
    ("q", "leads_to"),
    [
        ("so-100001", "/orders/SO-100001"),
        ("4006381333931", "/stock/MILK-1L"),
        (" 04006381333931 ", "/stock/MILK-1L"),
        ("TEA-500", "/stock/TEA-500"),
    ],
)
async def test_what_is_one_thing_is_opened(client: TestClient, q: str, leads_to: str) -> None:
    answer = await client.get("/find", params={"q": q}, allow_redirects=False)
    assert (answer.status, answer.headers.get("Location")) == (303, leads_to)


async def test_a_part_of_a_name_gives_a_list_and_nothing_says_so(client: TestClient) -> None:
    assert "MILK-1L" in await shown(client, "/find?q=whole")
    assert "MILK-1L" in await shown(client, "/find?q=%E5%85%A8%E8%84%82")
    assert "Nothing is called <b>.".replace("<", "<") in await shown(client, "/find?q=%3Cb%3E")
    assert "Scan or type" in await shown(client, "/find")
    for odd in ("%00", "%F0%9F%A6%84", "x" * 500, "%25", "_"):
        assert "<h1>" in await shown(client, f"/find?q={odd}")


def test_every_kind_of_document_has_its_page() -> None:
    paths = {route.path.rpartition("/{")[0] for route in ROUTES if route.method == "GET" and route.path.count("{") == 1}
    assert set(DOCUMENTS.values()) <= paths
