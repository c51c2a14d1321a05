"""One order's page: every axis, every step by permission, every part of it; nothing of a person in clear until somebody asks."""

from __future__ import annotations

import html
import re

import pytest
from aiohttp.test_utils import TestClient

from controller import db
from controller.events import history
from controller.fulfilment.operations import release
from controller.invoices.policies import Seller
from controller.invoices.sellers import SellerAt, set_seller
from controller.orders import linking, queries
from controller.orders.flags import FlagKind, flags, set_flag
from controller.orders.money import owe
from controller.orders.numbers import ORDERS
from controller.orders.operations import hold
from controller.orders.totals import recount
from controller.payments.policies import PayTerms
from controller.people.policies import Grant
from controller.sites.operations import create_site
from edge_agent.wire.roles import Role
from tests.controller.people.browser import logged_in
from tests.controller.tracking.shop import NAME, PHONE, STREET, PersonShop

FORM = re.compile(r'<form[^>]* action="([^"]+)">(.*?)</form>', re.DOTALL)
FIELD = re.compile(r'name="([\w-]+)" value="([^"]*)"')


@pytest.fixture
async def shop(client: TestClient) -> PersonShop:
    shop = await PersonShop.open()
    (await logged_in("Boss", Grant(Role.ADMIN))).at(client)
    return shop


async def shown(client: TestClient, order: str, *, language: str = "en") -> str:
    answer = await client.get(f"/orders/{order}?lang={language}", headers={"Accept": "text/html"})
    assert answer.status == 200
    return html.unescape(await answer.text())


async def verbs(client: TestClient, order: str) -> list[str]:
    return sorted(
        {action.rpartition("/")[2] for action, _ in FORM.findall(await shown(client, order)) if f"/orders/{order}" in action}
    )


async def press(client: TestClient, order: str, verb: str, **fields: str) -> tuple[int, str]:
    """Send a form as it stands on the page, with what is typed."""
    own = next(dict(FIELD.findall(inside)) for action, inside in FORM.findall(await shown(client, order)) if action.endswith(verb))
    answer = await client.post(f"/orders/{order}/{verb}", data=own | fields, headers={"Accept": "text/html"}, allow_redirects=False)
    return answer.status, answer.headers.get("Location") or html.unescape(await answer.text())


async def state(order: str) -> str:
    return (await queries.order(order)).state.value


async def test_each_axis_has_a_tag_and_a_line_says_where_it_comes_from(client: TestClient, shop: PersonShop) -> None:
    await recount(ORDERS.row_id(shop.order))
    await owe(ORDERS.row_id(shop.order), PayTerms.ON_DELIVERY)
    page = await shown(client, shop.order)
    axes = page.partition('class="facts actions axes"')[2].partition("</dl>")[0]
    assert re.findall(r"<dt>(\w+)</dt>", axes) == ["Order", "Payment", "Fulfilment"]
    assert axes.count('<svg class="icon"') == 3
    assert "s1: 2" in page
    assert "Net" in page
    assert f'href="/payments/{shop.order}"' in page
    assert f'href="/orders/{shop.order}/sourcing"' in page


async def test_steps_are_those_that_are_legal_now(client: TestClient, shop: PersonShop) -> None:
    always = ["address", "cancel", "flag", "invoice", "tag", "template"]
    assert await verbs(client, shop.order) == sorted([*always, "hold", "release", "split"])
    assert await press(client, shop.order, "hold", reason="a call") == (303, f"/orders/{shop.order}?done=hold")
    assert await state(shop.order) == "on_hold"
    assert await verbs(client, shop.order) == sorted([*always, "resume", "split"])
    assert (await press(client, shop.order, "resume", reason="they called"))[0] == 303
    assert await state(shop.order) == "approved", "what was approved is approved still"
    assert (await press(client, shop.order, "release"))[0] == 303
    assert await verbs(client, shop.order) == sorted([*always, "hold"])
    assert "PL-100001" in await shown(client, shop.order)


async def test_who_may_less_has_fewer_buttons_and_is_refused(client: TestClient, shop: PersonShop) -> None:
    somebody = (await logged_in("Finn", Grant(Role.FINANCE))).at(client)
    assert await verbs(client, shop.order) == ["invoice"]
    for verb in ("approve", "hold", "resume", "cancel", "release", "split", "flag", "clear", "undo", "merge", "address"):
        fields = {**somebody.form, "key": verb, "reason": "mine", "kind": "credit"}
        answer = await client.post(f"/orders/{shop.order}/{verb}", data=fields)
        assert answer.status == 403, verb
    await create_site("s9", name="Elsewhere")
    (await logged_in("There", Grant(Role.MANAGER, "s9"))).at(client)
    assert (await client.get(f"/orders/{shop.order}")).status == 404


async def test_a_flag_is_set_holds_it_up_and_is_cleared_with_a_reason(client: TestClient, shop: PersonShop) -> None:
    assert (await press(client, shop.order, "flag", kind="credit", reason="owes us"))[0] == 303
    page = await shown(client, shop.order)
    assert ("owes us" in page, "It is released when its flags are cleared." in page) == (True, True)
    assert "release" not in await verbs(client, shop.order)
    assert (await press(client, shop.order, "clear", reason=""))[0] == 400
    assert (await press(client, shop.order, "clear", reason="paid today")) == (303, f"/orders/{shop.order}?done=clear")
    (flag,) = (await flags([ORDERS.row_id(shop.order)]))[ORDERS.row_id(shop.order)]
    assert (flag.kind, flag.is_set, flag.clear_reason) == (FlagKind.CREDIT, False, "paid today")
    assert "owes us → paid today" in await shown(client, shop.order)


async def test_tags_are_put_on_and_taken_off_and_lead_to_the_others(client: TestClient, shop: PersonShop) -> None:
    await hold(shop.order, reason="a tag is put on in any state")
    for _ in range(2):
        assert (await press(client, shop.order, "tag", tag="双十一 & co")) == (303, f"/orders/{shop.order}?done=tag")
    assert (await queries.order(shop.order)).tags == ("双十一 & co",)
    assert [each.name for each in await history(shop.order)].count("order_tagged") == 1
    page = await shown(client, shop.order)
    assert 'href="/orders?tag=%E5%8F%8C%E5%8D%81%E4%B8%80+%26+co"' in page
    assert "已加标签" in await shown(client, shop.order, language="zh-CN")
    status, text = await press(client, shop.order, "tag", tag="x" * 33)
    assert (status, "bad_tag" in text) == (422, True)
    assert (await press(client, shop.order, "untag"))[0] == 303
    assert (await queries.order(shop.order)).tags == ()
    assert "Tag removed" in await shown(client, shop.order)


async def test_an_order_is_split_and_taken_back_and_merged(client: TestClient, shop: PersonShop) -> None:
    status, text = await press(client, shop.order, "split", reason="later", **{"q-1": "2"})
    assert (status, "something has to stay" in text) == (422, True)
    assert (await press(client, shop.order, "split", reason="later", **{"q-1": "1"}))[0] == 303
    (link,) = await linking.links([ORDERS.row_id(shop.order)])
    assert f'href="/orders/{link.to_order}"' in await shown(client, shop.order)
    assert f'href="/orders/{shop.order}"' in await shown(client, link.to_order)
    assert (await press(client, shop.order, "undo", reason="together after all"))[0] == 303
    assert (await linking.links([ORDERS.row_id(shop.order)]))[0].is_undone
    other = await shop.another()
    assert (await press(client, shop.order, "merge", other=other, reason="one parcel"))[0] == 303
    assert await state(other) == "cancelled"


async def test_a_form_sent_twice_has_one_effect_and_one_too_late_is_told(client: TestClient, shop: PersonShop) -> None:
    action, inside = next(one for one in FORM.findall(await shown(client, shop.order)) if one[0].endswith("/cancel"))
    own = dict(FIELD.findall(inside)) | {"reason": "customer asked"}
    for _ in range(2):
        assert (await client.post(action, data=own, allow_redirects=False)).status == 303
    assert [one.name for one in await history(shop.order)].count("order_cancelled") == 1
    late = await client.post(f"/orders/{shop.order}/hold", data=own | {"key": "late"}, headers={"Accept": "text/html"})
    assert (late.status, "this order had moved on" in await late.text()) == (409, True)
    assert await verbs(client, shop.order) == ["address", "tag", "template"]


async def test_what_waits_for_its_review_is_not_approved_past_it(client: TestClient, shop: PersonShop) -> None:
    order_id = ORDERS.row_id(shop.order)
    await db.execute("UPDATE sales_order SET state = 'in_review' WHERE id = ?", order_id)
    await db.execute("UPDATE review_case SET state = 'finance' WHERE order_id = ?", order_id)
    action, inside = next(one for one in FORM.findall(await shown(client, shop.order)) if "/approve" in one[0])
    assert action == f"/orders/{shop.order}/finance/approve"
    own = dict(FIELD.findall(inside))
    answer = await client.post(f"/orders/{shop.order}/approve", data=own, headers={"Accept": "text/html"})
    assert (answer.status, await state(shop.order)) == (409, "in_review")
    assert (await client.post(action, data=own | {"key": "again"}, allow_redirects=False)).status == 303
    assert await state(shop.order) == "approved"


async def test_a_person_is_masked_until_somebody_asks(client: TestClient, shop: PersonShop) -> None:
    page = await shown(client, shop.order)
    assert "139****4321" in page
    assert not [word for word in (NAME, PHONE, STREET) if word in page]
    status, page = await press(client, shop.order, "address")
    assert (status, STREET in page) == (200, True)
    assert "personal_data_seen" in [one.name for one in await history(shop.order)]
    assert STREET not in await shown(client, shop.order)


async def test_all_its_pick_lists_and_parcels_show_in_both_languages(client: TestClient, shop: PersonShop) -> None:
    await release(shop.order)
    await db.execute("UPDATE pick_list SET state = 'withdrawn'")
    await db.execute("UPDATE order_allocation SET is_released = ?", False)
    await release(shop.order)
    page = await shown(client, shop.order)
    assert ("PL-100001" in page, "PL-100002" in page, "Withdrawn" in page) == (True, True, True)
    await set_flag(ORDERS.row_id(shop.order), FlagKind.CREDIT, "x1")
    page = await shown(client, shop.order, language="zh-CN")
    for words in ("承诺来源", "履约", "挂起订单", "解除标记", "顾客与地址", "已上拣货单"):
        assert words in page, words


async def test_a_held_order_says_so(client: TestClient, shop: PersonShop) -> None:
    await hold(shop.order, reason="a call")
    page = await shown(client, shop.order)
    assert "On hold" in page
    assert "“a call”" in re.sub(r"<[^>]+>", "", page)


async def test_an_invoice_is_issued_printed_got_and_taken_back(client: TestClient, shop: PersonShop) -> None:
    await recount(ORDERS.row_id(shop.order))
    status, page = await press(client, shop.order, "invoice")
    assert (status, "no_seller" in page) == (409, True)
    await set_seller(SellerAt(seller=Seller(name="Tea House")))
    fields = {"buyer": "李雷", "buyer_tax_number": "9133X"}
    assert await press(client, shop.order, "invoice", **fields) == (303, f"/orders/{shop.order}?done=invoice")
    page = await shown(client, shop.order)
    assert "INV-000001" in page
    assert "李雷" not in page
    answer = await client.get(f"/orders/{shop.order}/invoices/INV-000001")
    assert (answer.status, (await answer.read())[:5]) == (200, b"%PDF-")
    assert (await client.get(f"/orders/{shop.order}/invoices/INV-000002")).status == 404
    assert (await press(client, shop.order, "invoice-print"))[0] in (303, 404), "no box has packed it"
    assert (await press(client, shop.order, "invoice-correct", reason="wrong buyer"))[0] == 303
    page = await shown(client, shop.order, language="zh-CN")
    assert "CN-000001" in page
    assert "wrong buyer" in page
    assert "invoice-correct" not in await verbs(client, shop.order)
