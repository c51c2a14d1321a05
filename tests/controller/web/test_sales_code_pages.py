"""Codes that are no goods on the pages: several at once, looked at and said once, listed, and undone."""

from __future__ import annotations

import pytest
from aiohttp.test_utils import TestClient

from controller.sales.no_goods import settle
from controller.sales.recording import record
from tests.controller.sales.tills import line, receipt
from tests.controller.web.test_forms import form, press, shown

__all__ = ["client", "shop"]
from tests.controller.web.test_forms import client, shop

HERE, LIST = "/sales/codes", "/sales/no-goods"


@pytest.fixture
async def waits(client: TestClient) -> None:
    lines = [line("POST"), line("BANK CHARGES"), line("D", -1), line("what<b>?", is_sku=False)]
    await record([receipt("1", *lines, site="sh-01"), receipt("2", line("POST"), site="sh-01")], source="token:pos")


async def csv(client: TestClient, name: str) -> list[str]:
    return (await (await client.get(f"/lists/{name}.csv")).text()).splitlines()


async def test_several_are_ticked_looked_at_and_said_once(client: TestClient, waits: None) -> None:
    assert 'href="/sales/codes"' in await shown(client, "/sales")
    assert (await csv(client, "sales-codes"))[1].startswith("POST,True,1,2,")
    _, hidden = await form(client, HERE, "/codes")
    status, page = await press(client, HERE, {**hidden, "verb": "look", "c-1": "POST", "c-2": "D"})
    assert (status, "2 codes are no goods" in page, 'value="POST"' in page) == (200, True, True)
    chosen = {**hidden, "c-1": "POST", "c-2": "D", "verb": "say"}
    status, page = await press(client, HERE, chosen)
    assert (status, "choose what these codes are" in page, 'value="POST"' in page) == (422, True, True)
    for _ in range(2):
        said = {**chosen, "key": "the-same", "reason": "postage", "note": "of the carrier"}
        assert await press(client, HERE, said) == (303, f"{LIST}?done=2")
    page = await shown(client, f"{LIST}?done=2")
    assert "2 codes are no goods from now on" in page
    assert "of the carrier" in page
    assert "POST" not in "".join(await csv(client, "sales-codes"))
    assert await settle() == 3
    assert [row.split(",")[:4] for row in (await csv(client, "sales-no-goods"))[1:]] == [
        ["POST", "postage", "of the carrier", "2"],
        ["D", "postage", "of the carrier", "1"],
    ]
    assert "No goods" in await shown(client, "/sales/1")
    assert "No code matches" in await shown(client, f"{LIST}?kind=fee")


async def test_undone_they_wait_again(client: TestClient, waits: None) -> None:
    _, hidden = await form(client, HERE, "/codes")
    await press(client, HERE, {**hidden, "verb": "say", "reason": "fee", "c-1": "POST"})
    await settle()
    _, hidden = await form(client, LIST, "/no-goods")
    assert await press(client, LIST, {**hidden, "c-1": "POST"}) == (303, f"{HERE}?undone=1")
    await settle()
    page = await shown(client, f"{HERE}?undone=1&q=pos")
    assert "1 code counts as goods again" in page
    assert "BANK" not in page
    assert "Nobody said yet" in await shown(client, LIST)


async def test_what_is_chosen_wrongly_is_told(client: TestClient, waits: None) -> None:
    _, hidden = await form(client, HERE, "/codes")
    status, page = await press(client, HERE, {**hidden, "verb": "look"})
    assert (status, "tick the codes" in page) == (422, True)
    status, page = await press(client, LIST, {**hidden, "key": "other"})
    assert (status, "tick codes of this list" in page) == (422, True)
    status, _ = await press(client, LIST, {**hidden, "key": "third", "c-1": "never said"})
    assert status == 422
    first = await shown(client, f"{HERE}?per=1")
    assert "POST" in first
    cursor = first.split("after=")[1].split('"')[0]
    assert "BANK CHARGES" in await shown(client, f"{HERE}?per=1&after={cursor}")
    assert (await client.get(f"{HERE}?after=x")).status == 400
