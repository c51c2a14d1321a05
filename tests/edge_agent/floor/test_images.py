"""Pictures of goods on the pages: in what a search found, and by their hash."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace

from tests.edge_agent.floor.client import Pages
from tests.edge_agent.floor.fake_box import IMAGE, ITEMS


async def test_what_a_search_found_has_its_picture(pages: Pages, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(pages.box.items, "4006381333931", replace(ITEMS["4006381333931"], image=IMAGE))
    pages.box.images[IMAGE] = tmp_path / "picture.webp"
    pages.box.images[IMAGE].write_bytes(b"RIFF....WEBP")
    screen = await pages.screen()
    await screen.sign_in()
    await screen.post("/floor/station", station="counter-1", next="/floor/lookup")
    _, page = await screen.get("/floor/lookup?q=milk")
    assert f'<img src="/floor/images/{IMAGE}" alt=""' in page
    picture = await screen.client.get(f"/floor/images/{IMAGE}")
    assert (picture.status, picture.content_type, await picture.read()) == (200, "image/webp", b"RIFF....WEBP")
    assert (await screen.client.get(f"/floor/images/{'b' * 64}")).status == 404
