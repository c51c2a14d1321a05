"""The pages of customers: masked until somebody asks, found by what is whole, merged and erased; the public look-up."""

from __future__ import annotations

import re

import pytest
from aiohttp.test_utils import TestClient

from controller import db
from controller.customers import merging, queries, sealing
from controller.customers.operations import add_customer
from controller.customers.policies import Profile
from controller.events import history
from controller.fulfilment.operations import cancel
from controller.people.policies import Grant
from edge_agent.wire.roles import Role
from tests.controller.people.browser import Somebody, form_of, logged_in, told
from tests.controller.tracking.shop import NAME, PHONE, STREET, PersonShop


@pytest.fixture
async def shop(client: TestClient) -> PersonShop:
    return await PersonShop.open()


@pytest.fixture
async def boss(client: TestClient, shop: PersonShop) -> Somebody:
    return (await logged_in("Boss", Grant(Role.ADMIN))).at(client)


async def send(client: TestClient, path: str, key: str = "k", **fields: str) -> tuple[int, str]:
    """Status, and what the page that comes says."""
    form = await form_of(client, "/customers")
    answer = await client.post(path, data={**form, "key": key, **fields}, headers={"Accept": "text/html"})
    return answer.status, await answer.text()


async def text_of(client: TestClient, path: str) -> str:
    answer = await client.get(path, headers={"Accept": "text/html"})
    assert answer.status == 200, await answer.text()
    return await answer.text()


async def test_lists_and_pages_are_masked(client: TestClient, boss: Somebody, shop: PersonShop) -> None:
    for path in ("/customers", "/customers/CU-100001", f"/orders/{shop.order}/timeline"):
        page = await text_of(client, path)
        assert "欧**" in page
        assert "139****4321" in page
        for word in (NAME, PHONE, STREET):
            assert word not in page, path


async def test_somebody_in_clear_is_shown_once_and_recorded(client: TestClient, boss: Somebody, shop: PersonShop) -> None:
    status, page = await send(client, "/customers/CU-100001/reveal")
    assert (status, NAME in page, PHONE in page) == (200, True, True)
    seen = (await history("CU-100001"))[-1]
    assert (seen.name, seen.actor) == ("personal_data_seen", f"person:{boss.id}")
    status, page = await send(client, f"/orders/{shop.order}/timeline")
    assert (status, STREET in page) == (200, True)
    assert (await history(shop.order))[-1].actor == f"person:{boss.id}"
    assert STREET not in await text_of(client, f"/orders/{shop.order}/timeline")


@pytest.mark.parametrize("typed", [PHONE, "+86 139-8765-4321", NAME, "CU-100001"])
async def test_who_is_searched_is_found_without_a_trace_in_the_address(client: TestClient, boss: Somebody, typed: str) -> None:
    status, page = await send(client, "/customers/find", sealed_q=typed)
    assert (status, "CU-100001" in page) == (200, True)


async def test_parts_find_nobody_and_the_page_says_so(client: TestClient, boss: Somebody) -> None:
    _, page = await send(client, "/customers/find", sealed_q=PHONE[:7])
    assert "Nobody has exactly this." in page
    assert "sealed" in page


async def test_a_customer_is_added_changed_rated_and_noted_and_no_form_leaves_a_hash(client: TestClient, boss: Somebody) -> None:
    status, page = await send(client, "/customers", "a1", sealed_name="李四", sealed_phone="13900001111", delivery="locker")
    assert (status, "Saved." in page) == (200, True)
    (found,) = await queries.found("13900001111")
    one = f"/customers/{found.no}"
    person = {"sealed_name": "李四光", "sealed_phone": "13900001111", "sealed_address_street": "人民路1号", "version": "1"}
    assert "Saved." in (await send(client, f"{one}/change", "a2", **person))[1]
    assert (await queries.profile_of(found.id)).name == "李四光"
    status, page = await send(client, f"{one}/change", "a3", **person)
    assert (status, "Somebody else changed this record" in told(page)) == (409, True)
    await send(client, f"{one}/rate", "a4", grade="B", credit="C")
    assert await queries.rating(found.id) == queries.Rating("B", "C")
    await send(client, f"{one}/notes", "a5", sealed_text="rings twice")
    assert "rings twice" in (await send(client, f"{one}/reveal"))[1]
    kept = {row["body_hash"] for row in await db.fetch("SELECT body_hash FROM idempotency")}
    assert len(kept) < 5, "forms that differ by personal data alone have one hash"


async def test_what_is_typed_wrong_is_told_and_kept_on_the_page(client: TestClient, boss: Somebody) -> None:
    status, page = await send(client, "/customers", sealed_name="李四", sealed_phone="call me")
    assert (status, "phone: expected a telephone number" in told(page)) == (422, True)
    assert 'value="李四"' in page


async def test_doubles_are_merged_taken_back_and_told_apart(client: TestClient, boss: Somebody, shop: PersonShop) -> None:
    other = await add_customer(Profile(name="欧阳女士", phone=PHONE))
    assert "CU-100002" in await text_of(client, "/customers/doubles")
    status, page = await send(client, "/customers/CU-100001/merge", "m1", other="CU-100002", reason="same_phone")
    assert (status, "Merged." in page) == (200, True)
    merge = re.findall(r'name="merge" value="(\w+)"', page)[0]
    assert "taken back" in (await send(client, "/customers/CU-100001/undo", "m2", merge=merge))[1]
    assert "They are two" in (await send(client, "/customers/CU-100001/apart", "m3", other="CU-100002"))[1]
    assert await merging.suggestions() == []
    assert (await queries.customer(other)).state == "active"


async def test_erasing_waits_for_orders_and_says_for_which(client: TestClient, boss: Somebody, shop: PersonShop) -> None:
    _, page = await send(client, "/customers/CU-100001/erase", "e1")
    assert "still under way" in told(page)
    assert shop.order in page
    other = await add_customer(Profile(name="李四", phone="13900001111"))
    _, page = await send(client, "/customers/CU-100002/erase", "e2")
    assert "Erased." in told(page)
    assert (await queries.customer(other)).person is None


async def test_an_export_is_a_file(client: TestClient, boss: Somebody) -> None:
    form = await form_of(client, "/customers")
    answer = await client.post("/customers/CU-100001/export", data=form)
    assert answer.headers["Content-Disposition"] == 'attachment; filename="CU-100001.json"'
    assert (await answer.json())["profile"]["name"] == NAME


async def test_without_the_key_pages_say_so_and_orders_go_on(client: TestClient, boss: Somebody, shop: PersonShop) -> None:
    sealing.close_keys("there is no key file")
    for path in ("/customers", "/customers/CU-100001", f"/orders/{shop.order}/timeline", "/orders", f"/orders/{shop.order}"):
        page = await text_of(client, path)
        assert NAME not in page
    assert "there is no key file" in await text_of(client, "/customers")
    assert (await send(client, "/customers/find", sealed_q=PHONE))[0] == 409


async def test_a_manager_of_a_site_finds_and_finance_does_not_see_in_clear(client: TestClient, shop: PersonShop) -> None:
    (await logged_in("Mo", Grant(Role.MANAGER, "s1"))).at(client)
    page = await text_of(client, "/customers")
    assert "CU-100001" not in page, "the list is for who sees the whole chain"
    assert "CU-100001" in (await send(client, "/customers/find", sealed_q=PHONE))[1]
    (await logged_in("Fi", Grant(Role.FINANCE))).at(client)
    assert "Show in clear" not in await text_of(client, "/customers/CU-100001")
    assert (await send(client, "/customers/CU-100001/reveal"))[0] == 403


async def test_everybody_looks_up_an_order_by_number_and_digits(client: TestClient, shop: PersonShop) -> None:
    assert "Where is my order?" in await text_of(client, "/track?no=SO-100001")
    form = await form_of(client, "/track")
    answer = await client.post("/track", data={**form, "no": "so-100001", "sealed_proof": "4321"})
    page = await answer.text()
    assert (answer.status, "Goods set aside" in page, "欧**" in page) == (200, True, True)
    for word in (NAME, PHONE, STREET, "139"):
        assert word not in re.sub(r'datetime="\d{4}-\d\d-\d\dT[\d:.]+\+00:00"', "", page)  # digits of an instant
    wrong = [
        await (await client.post("/track", data={**form, "no": no, "sealed_proof": "0000"})).text() for no in ("SO-100001", "SO-1")
    ]
    assert (
        told(wrong[0])
        == told(wrong[1])
        == "No order goes with this number and these digits. Look at both in your confirmation, then try again."
    )
    zh = await (await client.post("/track?lang=zh-CN", data={**form, "no": "SO-100001", "sealed_proof": "4321"})).text()
    assert "已分配库存" in zh


async def test_somebody_without_a_record_is_erased_by_an_order_and_what_it_was_made_with(
    client: TestClient, boss: Somebody, shop: PersonShop
) -> None:
    assert "Erase somebody without a record" in await text_of(client, "/customers")
    await cancel(shop.order, reason="called off")
    status, page = await send(client, "/customers/erase-buyer", key="k1", order=shop.order, sealed_phone=PHONE)
    assert (status, "there is a customer&#39;s record" in page, PHONE in page) == (409, True, False)
    await db.execute("UPDATE sales_order SET customer_id = NULL")
    status, page = await send(client, "/customers/erase-buyer", key="k2", order=shop.order, sealed_phone="13900000000")
    assert (status, "not_found" in page) == (409, True)
    status, page = await send(client, "/customers/erase-buyer", key="k3", order=shop.order.lower(), sealed_phone=PHONE)
    assert (status, "Erased. The orders stay" in page) == (200, True)
    assert await db.fetch("SELECT order_id FROM order_address") == []
