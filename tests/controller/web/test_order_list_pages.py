"""The list of orders and what is done to many, as forms and addresses: filters, columns, views, selections, files; who may what."""

from __future__ import annotations

import html
import re
from dataclasses import replace

import pytest
from aiohttp.test_utils import TestClient
from hypothesis import given
from hypothesis import strategies as st

from controller.orders import batch_work, batches, queries
from controller.orders.flags import FlagKind, set_flag
from controller.orders.numbers import ORDERS
from controller.orders.operations import hold, place
from controller.orders.states import Bulk, OrderState
from controller.payments import operations as payments
from controller.payments.operations import Expected
from controller.payments.policies import PayTerms
from controller.people.policies import Grant
from controller.web.order_filters import COLUMNS, Asked, asked_in, asked_of
from edge_agent.wire.roles import Role
from tests.controller.people.browser import logged_in
from tests.controller.tracking.shop import HOME, PHONE, PersonShop

FIELD = re.compile(r'<input type="hidden" name="([\w-]+)" value="([^"]*)"')


@pytest.fixture
async def shop(client: TestClient) -> PersonShop:
    shop = await PersonShop.open()
    (await logged_in("Boss", Grant(Role.ADMIN))).at(client)
    return shop


async def shown(client: TestClient, address: str = "/orders") -> str:
    answer = await client.get(address, headers={"Accept": "text/html"})
    assert answer.status == 200, await answer.text()
    return html.unescape(await answer.text())


async def numbers(client: TestClient, address: str) -> list[str]:
    return re.findall(r'data-no="([^"]+)"', await shown(client, address))


def form(page: str, action: str) -> dict[str, str]:
    return dict(FIELD.findall(page.partition(f'action="{action}"')[2].partition("</form>")[0]))


async def press(client: TestClient, where: str, page: str, **fields: str) -> tuple[int, str]:
    """Send a form as it stands on a page, with what is typed."""
    sent = {**form(page, where), **fields}
    answer = await client.post(where, data=sent, headers={"Accept": "text/html"}, allow_redirects=False)
    return answer.status, answer.headers.get("Location") or html.unescape(await answer.text())


async def states(*orders: str) -> list[OrderState]:
    return [(await queries.order(no)).state for no in orders]


async def test_each_filter_finds_what_it_says_and_a_chip_takes_it_away(client: TestClient, shop: PersonShop) -> None:
    held, flagged = await shop.another(), await shop.another()
    await hold(held, reason="asked")
    await set_flag(ORDERS.row_id(flagged), FlagKind.CREDIT, "owes")
    await payments.expect(
        Expected(order_id=ORDERS.row_id(held), order_no=held, amount_minor=9, currency="CNY", terms=PayTerms.PREPAID)
    )
    for query, found in {
        "": [flagged, held, shop.order],
        "state=on_hold": [held],
        "flag=credit": [flagged],
        "payment=pending": [held],
        "stage=problem": [flagged, held],
        "stage=release&site=s1": [flagged, shop.order],
        "due=over": [],
        f"q={held}": [held],
        "channel=web&sort=oldest": [shop.order, held, flagged],
        "state=nonsense&flag=nonsense&stage=nonsense&sort=nonsense": [flagged, held, shop.order],
    }.items():
        assert await numbers(client, f"/orders?{query}") == found, query
    page = await shown(client, "/orders?flag=credit&site=s1&per=1")
    assert 'href="/orders?site=s1"' in page
    assert 'href="/orders?flag=credit"' in page
    assert "Next page" not in page
    pages = await shown(client, "/orders?per=2")
    (following,) = re.findall(r'href="([^"]+)" rel="next"', pages)
    assert await numbers(client, following) == [shop.order]


async def test_columns_are_chosen_and_a_view_of_them_is_saved_shared_and_forgotten(client: TestClient, shop: PersonShop) -> None:
    address = "/orders?state=approved&col=total&col=customer"
    page = await shown(client, address)
    assert re.findall(r'<th scope="col"[^>]*>(\w+)</th>', page) == ["Order", "Customer", "Total"]
    assert "欧**" in page
    status, location = await press(client, "/order-views", page, name="Big ones", role="manager")
    assert (status, location) == (303, "/orders?state=approved&col=customer&col=total&done=saved")
    (await logged_in("Li", Grant(Role.MANAGER, "s1"))).at(client)
    page = await shown(client)
    assert "Big ones" in page
    assert "Forget view" not in page
    (await logged_in("Pick", Grant(Role.PICKER, "s1"))).at(client)
    assert "Big ones" not in await shown(client)
    status, page = await press(client, "/order-views", await shown(client, address), name="x" * 61)
    assert status == 422
    assert "bad_view" in page


async def test_numbers_of_views_come_with_the_fragment(client: TestClient, shop: PersonShop) -> None:
    assert 'class="count"' not in await shown(client)
    answer = await client.get("/orders", headers={"Accept": "text/html", "HX-Request": "true"})
    text = html.unescape(await answer.text())
    assert "<html" not in text
    assert re.findall(r"To be released <span class=\"count\">(\d+)", text) == ["1"]


async def test_chosen_orders_are_done_in_the_background_and_taken_back(client: TestClient, shop: PersonShop) -> None:
    second, third = await shop.another(), await shop.another()
    page = await shown(client)
    ticked = {f"o-{shop.order}": "on"}  # without scripts, each ticked row is a field
    status, location = await press(
        client, "/order-batches", page, which="chosen", action="hold", reason="recount", orders=second, **ticked
    )
    assert status == 303
    await batch_work.work()
    assert await states(shop.order, second, third) == [OrderState.ON_HOLD, OrderState.ON_HOLD, OrderState.APPROVED]
    page = await shown(client, location)
    assert page.count("Done</span>") >= 2
    status, location = await press(client, f"{location}/undo", page, reason="counted")
    assert status == 303
    await batch_work.work()
    assert OrderState.ON_HOLD not in await states(shop.order, second)
    assert "Takes back" in await shown(client, location)
    assert "recount" in await shown(client, "/order-batches")


async def test_chosen_orders_are_tagged_found_by_it_and_the_tag_is_taken_back(client: TestClient, shop: PersonShop) -> None:
    second = await shop.another()
    chosen = {"which": "chosen", "action": "tag", "reason": "campaign", "orders": second}
    status, text = await press(client, "/order-batches", await shown(client), **chosen)
    assert (status, "bad_tag" in text, "campaign" in text) == (422, True, True)
    status, location = await press(client, "/order-batches", await shown(client), **chosen, tag="双十一")
    assert status == 303
    await batch_work.work()
    assert await numbers(client, "/orders?tag=双十一") == [second]
    page = await shown(client, "/orders?tag=双十一&state=approved")
    assert 'href="/orders?state=approved"' in page  # the chip that takes the filter away
    assert re.findall(r'<option value="双十一">', page)
    answer = await client.get("/lists/orders.csv?tag=双十一")
    head, row = (await answer.text()).splitlines()
    assert (head.rpartition(",")[2], row.rpartition(",")[2]) == ("tags", "双十一")
    assert "双十一" in await shown(client, "/order-batches")
    status, location = await press(client, f"{location}/undo", await shown(client, location), reason="the wrong list")
    assert status == 303
    await batch_work.work()
    assert "Remove a tag" in await shown(client, location)
    assert await numbers(client, "/orders?tag=双十一") == []


async def test_orders_that_cannot_be_sourced_again_say_why(client: TestClient, shop: PersonShop) -> None:
    page = await shown(client)
    status, location = await press(client, "/order-batches", page, which="matching", action="source", reason="the site closes")
    assert status == 303
    await batch_work.work()
    page = await shown(client, location)
    assert "site_is_named" in page
    assert "the customer named the site" in page
    assert f'action="{location}/undo"' not in page


async def test_all_that_match_are_those_that_were_shown(client: TestClient, shop: PersonShop) -> None:
    page = await shown(client, "/orders?state=approved")
    assert form(page, "/order-batches")["count"] == "1"
    late = await shop.another()
    every = {"which": "matching", "reason": "recount"}
    status, _ = await press(client, "/order-batches", page, action="hold", **every)
    assert status == 303
    await batch_work.work()
    assert await states(shop.order, late) == [OrderState.ON_HOLD, OrderState.APPROVED]
    status, text = await press(client, "/order-batches", page, action="hold", key="another", **every)
    assert status == 409
    assert "nothing_matches" in text
    assert "recount" in text  # what was typed is kept


async def test_a_cancellation_asks_for_the_number_typed(client: TestClient, shop: PersonShop) -> None:
    page = await shown(client)
    for typed in ("", "2"):
        status, text = await press(
            client, "/order-batches", page, which="matching", action="cancel", reason="closing", typed=typed, key=f"k{typed}"
        )
        assert (status, "count_not_typed" in text) == (422, True)
    assert await states(shop.order) == [OrderState.APPROVED]
    status, _ = await press(client, "/order-batches", page, which="matching", action="cancel", reason="closing", typed="1")
    assert status == 303
    await batch_work.work()
    assert await states(shop.order) == [OrderState.CANCELLED]


async def test_who_may_not_do_it_is_offered_nothing_and_refused(client: TestClient, shop: PersonShop) -> None:
    page = await shown(client)
    somebody = await logged_in("Pick", Grant(Role.PICKER, "s1"))
    somebody.at(client)
    text = await shown(client, "/orders?payment=pending&col=payment&col=customer")
    assert 'id="bulk"' not in text
    assert '<select name="payment">' not in text
    assert await numbers(client, "/orders?payment=pending") == [shop.order]  # as if nobody had asked for it
    status, _ = await press(client, "/order-batches", page, **somebody.form, which="matching", action="hold", reason="x")
    assert status == 403
    assert await batches.batches(before=None, limit=1) == []


async def test_orders_are_found_by_telephone_in_the_answer_of_a_form(client: TestClient, shop: PersonShop) -> None:
    page = await shown(client)
    for typed in (PHONE, PHONE[-4:]):
        status, text = await press(client, "/orders-by-phone", page, sealed_phone=typed)
        assert (status, re.findall(r'data-no="([^"]+)"', text)) == (200, [shop.order])
        assert PHONE not in text
    status, text = await press(client, "/orders-by-phone", page, sealed_phone="0000")
    assert (status, re.findall(r'data-no="([^"]+)"', text)) == (200, [])
    status, text = await press(client, "/orders-by-phone", page, sealed_phone="not a number")
    assert (status, "bad_customer" in text) == (422, True)


async def test_the_file_has_what_matches(client: TestClient, shop: PersonShop) -> None:
    held = await shop.another()
    await hold(held, reason="asked")
    answer = await client.get("/lists/orders.csv?state=on_hold")
    lines = (await answer.text()).splitlines()
    assert [line.partition(",")[0] for line in lines[1:]] == [held]


async def test_the_board_leads_into_the_list(client: TestClient, shop: PersonShop) -> None:
    page = await shown(client, "/order-board?site=s1")
    assert f'href="/orders/{shop.order}"' in page
    (address,) = set(re.findall(r'href="(/orders\?stage=release[^"]*)"', page))
    assert await numbers(client, html.unescape(address)) == [shop.order]


@pytest.mark.parametrize("action", list(Bulk))
async def test_every_verb_has_a_word_and_an_end(client: TestClient, shop: PersonShop, action: Bulk) -> None:
    page = await shown(client)
    typed = {"typed": "1"} if action is Bulk.CANCEL else {"tag": "vip"}
    status, location = await press(client, "/order-batches", page, which="matching", action=action.value, reason="try", **typed)
    assert status == 303
    await batch_work.work()
    assert "All looked at" in await shown(client, location)


@given(st.lists(st.tuples(st.sampled_from(["q", "state", "col", "sort", "stage", "due", "x"]), st.text(max_size=80)), max_size=8))
def test_whatever_an_address_asks_for_is_read_and_means_the_same_when_it_is_written_again(pairs: list[tuple[str, str]]) -> None:
    asked = asked_of(pairs)
    assert asked_in(asked.query) == asked
    assert set(asked.columns) <= set(COLUMNS)


def test_what_nobody_may_see_filters_nothing() -> None:
    assert asked_in("payment=pending", sees_money=False) == Asked()


@pytest.mark.parametrize("typed", [PHONE, PHONE[-4:]])
async def test_a_telephone_finds_older_orders_page_by_page(client: TestClient, shop: PersonShop, typed: str) -> None:
    await shop.shop.stock("rice", 50)
    for number in range(20):
        order = shop.shop.order(("rice", 1), reference=f"P-{number}")
        await place(replace(order, customer_id=shop.customer, address=HOME))
    page, seen = await shown(client), list[str]()
    fields = form(page, "/orders-by-phone") | {"sealed_phone": typed}
    for _ in range(2):
        answer = await client.post("/orders-by-phone", data=fields, headers={"Accept": "text/html"})
        page = html.unescape(await answer.text())
        seen += re.findall(r'data-no="([^"]+)"', page)
        fields = form(page.partition("</table>")[2], "/orders-by-phone")
    assert (len(seen), len(set(seen)), "Look among older orders" in page) == (21, 21, False)
