"""An order typed in the office: nothing is stored before it is placed, it is placed once, and it goes its whole way from there."""

from __future__ import annotations

import asyncio
import html
import re
from datetime import UTC, datetime

import pytest
from aiohttp.test_utils import TestClient

from controller import db
from controller.customers.addresses import Address
from controller.customers.operations import add_customer
from controller.customers.policies import Profile
from controller.fulfilment.queries import parcels_of, pick_lists_of
from controller.orders import queries as orders
from controller.orders.seams import seams
from controller.people.policies import Grant
from controller.review.judging import judge_placed
from controller.stock.operations import move
from controller.stock.presale import set_presale
from controller.taxes import settings
from controller.taxes.stored import Region
from controller.tracking.reading import tracked
from edge_agent.wire.roles import Role
from edge_agent.wire.rounding import Mode
from edge_agent.wire.totals import Level
from tests.controller.orders_shop import told
from tests.controller.people.browser import logged_in
from tests.controller.tracking.shop import PersonShop
from tests.controller.web.test_order_pages import press, shop

__all__ = ["shop"]
INPUT = re.compile(r"<input([^>]*)>")
OPTION = re.compile(r'<select name="(\w+)".*?</select>', re.DOTALL)


class Desk:
    """The form as a browser holds it: each button sends all of it, and what comes back is the form."""

    def __init__(self, client: TestClient) -> None:
        self.client = client
        self.fields: dict[str, str] = {}
        self.shown = ""

    async def open(self) -> Desk:
        answer = await self.client.get("/orders/new?lang=en", headers={"Accept": "text/html"})
        assert answer.status == 200
        self._read(await answer.text())
        return self

    def _read(self, text: str) -> None:
        self.shown = html.unescape(text)
        form = text.partition('action="/orders/new"')[2].partition("</form>")[0]
        self.fields = {}
        for attributes in INPUT.findall(form):
            told = dict(re.findall(r'([\w-]+)="([^"]*)"', attributes))
            if told.get("type") not in ("radio", "checkbox") or attributes.endswith(" checked"):
                self.fields[told["name"]] = html.unescape(told.get("value", ""))
        for select in re.findall(r"<select.*?</select>", form, re.DOTALL):
            name = re.findall(r'name="(\w+)"', select)[0]
            self.fields[name] = (re.findall(r'value="([^"]*)" selected', select) or [""])[0]

    async def press(self, verb: str, **typed: str) -> tuple[int, str]:
        """The status, and where it leads; the form is what came back."""
        sent = self.fields | {name.replace("__", "-"): value for name, value in typed.items()} | {"verb": verb}
        answer = await self.client.post("/orders/new", data=sent, headers={"Accept": "text/html"}, allow_redirects=False)
        if answer.status != 303:
            self._read(await answer.text())
        return answer.status, answer.headers.get("Location", "")


@pytest.fixture
async def desk(client: TestClient, shop: PersonShop) -> Desk:
    seams().judge = judge_placed
    await shop.shop.stock("milk", 5)
    return await Desk(client).open()


async def test_articles_come_by_code_by_name_and_by_barcode_with_their_price(desk: Desk, shop: PersonShop) -> None:
    before = await told("order_placed")
    assert (await desk.press("add", article="tea"))[0] == 200
    assert await desk.press("add", article=f"3*{shop.shop.codes['milk']}") == (200, "")
    assert await desk.press("add", article="milk e") == (200, "")
    assert (desk.fields["skus"], desk.fields["q-1"], desk.fields["q-2"], desk.fields["p-2"]) == ('["tea","milk"]', "1", "4", "2.50")
    assert (await desk.press("add", article="nothing like it"))[0] == 422
    assert "nothing like it" in desk.shown
    assert desk.fields["skus"] == '["tea","milk"]'
    assert await desk.press("add", article="en") == (200, "")
    assert "Which one?" in desk.shown
    await desk.press("remove:1")
    assert (desk.fields["skus"], desk.fields["q-1"]) == ('["tea"]', "1")
    assert await told("order_placed") == before
    assert not await db.fetch("SELECT id FROM sales_order WHERE channel = 'office'")


async def test_it_says_what_can_be_promised_and_what_it_comes_to(desk: Desk) -> None:
    await desk.press("add", article="9*milk", site="s1")
    assert "only 5 there" in desk.shown
    await desk.press("count", q__1="5")
    assert "5 there" in desk.shown and "only" not in desk.shown.partition('id="promise"')[2].partition("</div>")[0]
    assert "12.50" in desk.shown.partition("To pay")[2].partition("</dl>")[0]
    answer = await desk.client.get("/orders/new/promise?site=s1&line=6*milk&lang=en")
    assert "only 5 there" in await answer.text()


async def test_an_order_is_taxed_where_it_is_said_to_go(desk: Desk) -> None:
    for code, percent in (("HOME", "13"), ("ABROAD", "0")):
        region = Region(code=code, name=code, parent=None, is_inclusive=False, level=Level.LINE, mode=Mode.HALF_UP, step=1)
        await settings.set_region(region)
        begin = datetime(2020, 1, 1, tzinfo=UTC)
        await settings.set_rate(settings.NewRate(region=code, code="vat", value=settings.percent(percent), effective_from=begin))
    await settings.set_site_region("s1", "HOME")
    await desk.press("add", article="5*milk", site="s1")
    assert "14.13" in desk.shown.partition("To pay")[2].partition("</dl>")[0]
    await desk.press("count", region="ABROAD")
    assert "12.50" in desk.shown.partition("To pay")[2].partition("</dl>")[0]
    assert (await desk.press("place", region="MOON"))[0] == 422
    assert "no such tax region" in desk.shown
    assert (await desk.press("place", region="ABROAD"))[0] == 303
    (row,) = await db.fetch("SELECT region, total_minor FROM sales_order WHERE channel = 'office'")
    assert (row["region"], row["total_minor"]) == ("ABROAD", 1250)


async def test_a_double_click_is_one_order(desk: Desk) -> None:
    await desk.press("add", article="2*tea", site="s1")
    answers = await asyncio.gather(*(desk.press("place", sealed_name="Li Lei", sealed_phone="13900001234") for _ in range(3)))
    placed = await db.fetch("SELECT id, customer_id, site, delivery FROM sales_order WHERE channel = 'office'")
    assert len(placed) == 1
    assert (placed[0]["site"], placed[0]["delivery"], placed[0]["customer_id"] is not None) == ("s1", "collection", True)
    where = {where for status, where in answers if status == 303}
    assert where <= {"/orders/SO-100002", "/orders/new"}
    assert "/orders/SO-100002" in where
    assert (await desk.press("place", sealed_name="Li Lei"))[1] == "/orders/SO-100002"
    keys = await db.fetch("SELECT * FROM idempotency")
    assert not [row for row in keys if "Li Lei" in str(row)]


async def test_a_known_customer_has_it_sent_to_their_own_address_that_nobody_sees_in_clear(desk: Desk) -> None:
    home = Address(name="Han Mei", phone="13700001234", province="上海市", city="上海市", street="Huaihai Lu 99, 4th floor")
    await add_customer(Profile(name="Han Mei", phone="13700001234", addresses=(home,)))
    await desk.press("add", article="tea")
    assert (await desk.press("find", sealed_q="13700001234"))[0] == 200
    number = re.findall(r'value="customer:(CU-\d+)"', desk.shown)[0]
    await desk.press(f"customer:{number}")
    assert "Huaihai Lu 99, 4th floor" not in desk.shown
    status, where = await desk.press("place", delivery="shipping", site="s1", terms="on_delivery")
    assert status == 303
    order = await orders.order(where.rpartition("/")[2])
    assert await db.fetch("SELECT city FROM order_address WHERE order_id = ?", order.id) == [{"city": "上海市"}]
    assert (await db.fetch("SELECT gross_minor FROM order_total WHERE order_id = ?", order.id))[0]["gross_minor"] == 250
    assert (await desk.press("find", sealed_q="13700009999"))[0] == 422


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ({"skus": "[]"}, "no_lines"),
        ({"q-1": "none"}, "bad_quantity"),
        ({"p-1": "12,5"}, "bad_price"),
        ({"site": ""}, "no_site"),
        ({"site": "s9"}, "no_site"),
        ({"delivery": "shipping"}, "no_address"),
        ({"due": "soon"}, "bad_due"),
        ({"q-1": "999999"}, "insufficient_stock"),
        ({"skus": '["gone"]'}, "unknown_article"),
        (
            {"delivery": "shipping", "sealed_to_name": "W", "sealed_to_city": "W", "sealed_to_street": "x" * 600},
            "bad_customer",
        ),
        ({"terms": "account"}, "no_account"),
    ],
)
async def test_what_is_no_order_yet_is_told_and_the_form_stays(desk: Desk, typed: dict[str, str], code: str) -> None:
    await desk.press("add", article="tea", site="s1", sealed_phone="13900001234")
    status, _ = await desk.press("place", **{name.replace("-", "__"): value for name, value in typed.items()})
    assert status == 422
    assert f"<code>{code}</code>" in desk.shown
    assert 'role="alert"' in desk.shown
    if "skus" not in typed:
        assert desk.fields["skus"] == '["tea"]'


async def test_somebody_of_one_site_orders_there_and_nowhere_else(client: TestClient, shop: PersonShop, desk: Desk) -> None:
    (await logged_in("Mina", Grant(Role.MANAGER, "s1"))).at(client)
    desk = await Desk(client).open()
    assert desk.fields["site"] == "s1"
    await desk.press("add", article="tea")
    assert (await desk.press("place", site=""))[0] == 422
    assert (await desk.press("place", site="s1"))[0] == 303
    (await logged_in("Pia", Grant(Role.PICKER, "s1"))).at(client)
    assert (await client.get("/orders/new")).status == 403


async def test_click_and_collect_from_this_page_to_the_customer_s_hands(client: TestClient, shop: PersonShop, desk: Desk) -> None:
    await desk.press("add", article="2*tea", site="s1", sealed_name="Li Lei", sealed_phone="13900001234")
    _, where = await desk.press("place")
    number = where.rpartition("/")[2]
    if (await orders.order(number)).state.value == "in_review":
        assert (await press(client, number, "approve", reason="known here"))[0] == 303
    assert (await press(client, number, "release"))[0] == 303
    no = (await pick_lists_of(number))[0].no
    own = shop.shop
    assert await own.report(own.picked(no, "tea"), own.picked(no, "tea"), own.packed(no, 200)) == ["applied"] * 3
    assert (await tracked(await orders.order(number))).node == "packed"
    (parcel,) = (await parcels_of(number)).values()
    assert await own.report(own.handed_over(parcel.no)) == ["applied"]
    assert (await orders.order(number)).state.value == "closed"


async def test_presale_from_this_page_is_kept_when_the_goods_arrive(client: TestClient, shop: PersonShop, desk: Desk) -> None:
    own = shop.shop
    moon = await own.stock("mooncake", 0)
    await set_presale(moon, "s1", 10)
    await desk.press("add", article="4*mooncake", site="s1")
    assert "only 0 there" in desk.shown
    assert (await desk.press("place"))[0] == 422
    await desk.press("count", presale="yes")
    assert "from what arrives: 10" in desk.shown
    _, where = await desk.press("place", presale="yes", sealed_name="Li Lei", sealed_phone="13900001234")
    number = where.rpartition("/")[2]
    assert (await db.fetch("SELECT presold FROM availability WHERE sku_id = ?", moon))[0]["presold"] == 4
    await move([own.shop.arrival(moon, 6)])
    rows = await db.fetch("SELECT presold, reserved + allocated AS promised FROM availability WHERE sku_id = ?", moon)
    assert rows == [{"presold": 0, "promised": 4}]
    if (await orders.order(number)).state.value == "in_review":
        assert (await press(client, number, "approve", reason="known here"))[0] == 303
    assert (await press(client, number, "release"))[0] == 303
    no = (await pick_lists_of(number))[0].no
    assert await own.report(own.picked(no, "mooncake", 4), own.packed(no, 400)) == ["applied"] * 2
    (parcel,) = (await parcels_of(number)).values()
    assert await own.report(own.handed_over(parcel.no)) == ["applied"]
    assert (await orders.order(number)).state.value == "closed"
