"""Codes that are no goods over HTTP: said and undone any number of times, listed, and told with receipts."""

from __future__ import annotations

from aiohttp.test_utils import TestClient

from controller import events
from controller.sales.no_goods import settle
from tests.controller.http.test_goods_api import call, till

__all__ = ["client", "milk"]
from tests.controller.http.test_goods_api import client, milk

PATH = "/sales-no-goods"
POST = {"sku": "POST", "quantity": 1, "amount_minor": 500}


async def said(client: TestClient, path: str, **body: object) -> list[tuple[str, str]]:
    status, answer = await call(client, "POST", path, body)
    assert status in (200, 201), answer
    return [(row["code"], row["outcome"]) for row in answer["items"]]


async def test_a_code_is_no_goods_until_it_is_undone(client: TestClient) -> None:
    _, told = await call(client, "POST", "/sales", {"receipts": [till("1", POST, {**POST, "sku": "milk"})]})
    assert (told["waiting"], told["no_goods"]) == (1, 0)
    assert await said(client, PATH, codes=["POST", "D"], reason="postage") == [("D", "done"), ("POST", "done")]
    assert await said(client, PATH, codes=["POST"], reason="postage") == [("POST", "same")]
    assert await said(client, PATH, codes=["POST"], reason="fee", note="of the carrier") == [("POST", "changed")]
    await settle()
    _, told = await call(client, "POST", "/sales", {"receipts": [till("2", POST)]})
    assert (told["booked"], told["no_goods"]) == (1, 1)
    assert (await call(client, "GET", "/sales-waiting"))[1]["items"] == []
    _, listed = await call(client, "GET", f"{PATH}?per=1")
    assert [(row["code"], row["reason"], row["note"], row["lines"]) for row in listed["items"]] == [
        ("POST", "fee", "of the carrier", 2)
    ]
    _, rest = await call(client, "GET", f"{PATH}?after={listed['next']}&reason=postage")
    assert [row["code"] for row in rest["items"]] == ["D"]
    _, detail = await call(client, "GET", "/sales/1")
    assert [row["state"] for row in detail["lines"]] == ["no_goods", "booked"]
    assert await said(client, f"{PATH}/undo", codes=["POST"]) == [("POST", "done")]
    assert await said(client, f"{PATH}/undo", codes=["POST"]) == [("POST", "same")]
    await settle()
    _, waiting = await call(client, "GET", "/sales-waiting")
    assert [(row["text"], row["lines"]) for row in waiting["items"]] == [("POST", 2)]
    assert [(row.data["is_goods"], row.actor) for row in await events.history("POST")] == [
        (False, "token:all"), (False, "token:all"), (True, "token:all"),
    ]  # fmt: skip


async def test_what_is_asked_wrongly_is_refused(client: TestClient) -> None:
    for body in ({"codes": [], "reason": "fee"}, {"codes": ["X"], "reason": "boredom"}, {"codes": ["X\n"], "reason": "fee"}):
        assert (await call(client, "POST", PATH, body))[0] in (400, 422), body
    assert (await call(client, "POST", f"{PATH}/undo", {"codes": ["never said"]}))[0] == 404
    assert (await call(client, "GET", f"{PATH}?reason=boredom"))[0] == 400
