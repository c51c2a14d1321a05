"""The buttons of the pages, as a browser without scripts sends them: done once, by those who may, told in words."""

from __future__ import annotations

import html
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp.test_utils import TestClient, TestServer

from controller import db
from controller.app import Parts, make_app
from controller.config import parse_config
from controller.events import history
from controller.fleet.operations import PrintOrder, request_print
from controller.people.policies import Grant
from edge_agent.wire.facts import JobChanged, JobState
from edge_agent.wire.messages import Stream
from edge_agent.wire.roles import Role
from tests.browser.shop import BrowserShop
from tests.controller.people.browser import logged_in
from tests.databases import copied

FORM = re.compile(r'<form[^>]* action="([^"]+)">(.*?)</form>', re.DOTALL)
FIELD = re.compile(r'name="(\w+)" value="([^"]*)"')


@pytest.fixture
async def shop(schema_file: Path, tmp_path: Path) -> AsyncIterator[BrowserShop]:
    await db.connect(copied(schema_file, tmp_path / "c.db"))
    shop = BrowserShop()
    await shop.open()
    await shop.busy_day()
    yield shop
    await db.close()


@pytest.fixture
async def client(shop: BrowserShop, tmp_path: Path) -> AsyncIterator[TestClient]:
    async with client_of(tmp_path) as client:
        yield client


def client_of(tmp_path: Path, **http: object) -> TestClient:
    config = parse_config({"data": str(tmp_path), "http": http}, {}, "test")
    return TestClient(TestServer(make_app(config, Parts()), host="127.0.0.1"))


async def shown(client: TestClient, path: str, **headers: str) -> str:
    response = await client.get(path, headers=headers)
    assert response.status == 200, path
    return html.unescape(await response.text())


async def form(client: TestClient, path: str, ending: str, **wanted: str) -> tuple[str, dict[str, str]]:
    """The address and the hidden fields of the form of a page that has these."""
    for action, content in FORM.findall(await shown(client, path)):
        fields = dict(FIELD.findall(content))
        if action.endswith(ending) and wanted.items() <= fields.items():
            return action, fields
    raise AssertionError(f"{path} has no form for {ending} {wanted}")


async def press(client: TestClient, action: str, fields: dict[str, str], **headers: str) -> tuple[int, str]:
    """The status, and where it leads or what it says."""
    response = await client.post(action, data=fields, headers={"Accept": "text/html", **headers}, allow_redirects=False)
    return response.status, response.headers.get("Location") or html.unescape(await response.text())


async def commands(name: str) -> list[str]:
    return [row["args"] for row in await db.fetch("SELECT args FROM command WHERE name = ? ORDER BY id", name)]


@pytest.mark.parametrize("path", ["/", "/prints", "/orders/SO-100001"])
async def test_an_uncertain_print_asks_and_the_answer_goes_to_its_box_once(client: TestClient, path: str) -> None:
    assert "We can't tell whether Shelf label SO-100001 came out." in await shown(client, path)
    action, fields = await form(client, path, "/resolution", outcome="again")
    assert await press(client, action, fields) == (303, path)
    assert await press(client, action, fields) == (303, path)
    assert [args for args in await commands("resolve_job") if '"again"' in args] == await commands("resolve_job")
    assert len(await commands("resolve_job")) == 1
    page = await shown(client, path)
    assert "Someone asked for Shelf label SO-100001 again." in page
    assert "/resolution" not in page


async def test_the_opposite_answer_changes_nothing_and_says_so(client: TestClient) -> None:
    action, printed = await form(client, "/prints", "/resolution", outcome="printed")
    _, again = await form(client, "/prints", "/resolution", outcome="again")
    assert (await press(client, action, printed))[0] == 303
    status, text = await press(client, action, again)
    assert status == 409
    assert "Nothing was changed: this print job had moved on." in text
    assert len(await commands("resolve_job")) == 1


async def test_a_print_that_waits_can_be_called_off(shop: BrowserShop, client: TestClient) -> None:
    job = await request_print(PrintOrder(box="counter-1", template="shelf-label", data={}, document="SO-100001"))
    action, fields = await form(client, "/prints", f"{job}/cancel")
    assert await press(client, action, fields) == (303, "/prints")
    assert await press(client, action, fields | {"key": "another-page"}) == (303, "/prints")
    assert len(await commands("cancel_job")) == 1
    assert "Cancelling: waits for the box." in await shown(client, "/prints")
    await shop.happens(JobChanged(job=job, step=1, state=JobState.PRINTED, printer="label-printer"), stream=Stream.RESULT)
    status, text = await press(client, action, fields | {"key": "too-late"})
    assert status == 409
    assert "Nothing was changed" in text


async def test_a_print_that_waits_is_shown_by_printer_and_can_be_the_next(shop: BrowserShop, client: TestClient) -> None:
    job = await request_print(PrintOrder(box="counter-1", template="shelf-label", data={}, document="SO-100001"))
    assert "Why it waits" in await shown(client, "/prints")
    action, fields = await form(client, "/prints", f"{job}/priority")
    assert await press(client, action, fields) == (303, "/prints")
    assert (await db.fetch("SELECT priority FROM print_job WHERE id = ?", job))[0]["priority"] == 1
    assert f"{job}/priority" not in await shown(client, "/prints"), "it is the most urgent already"


async def test_a_print_that_waits_can_be_sent_to_another_printer_of_its_kind(shop: BrowserShop, client: TestClient) -> None:
    job = await request_print(PrintOrder(box="counter-1", template="shelf-label", data={}, document="SO-100001"))
    assert f"{job}/printer" not in await shown(client, "/prints"), "the box has one label printer"
    columns = "kind, model, address, state, faults, since, described"
    await db.execute(
        f"INSERT INTO device (box, id, {columns}) SELECT box, 'labels-2', {columns} FROM device WHERE id = 'label-printer'"
    )
    action, fields = await form(client, "/prints", f"{job}/printer")
    assert await press(client, action, fields | {"printer": "labels-2"}) == (303, "/prints")
    assert (await db.fetch("SELECT device FROM print_job WHERE id = ?", job))[0]["device"] == "labels-2"


async def test_what_was_printed_can_be_printed_again_once_for_a_form(shop: BrowserShop, client: TestClient) -> None:
    job = await request_print(PrintOrder(box="counter-1", template="shelf-label", data={}, document="SO-100001"))
    await shop.happens(JobChanged(job=job, step=5, state=JobState.PRINTED, printer="label-printer"), stream=Stream.RESULT)
    action, fields = await form(client, "/prints", f"{job}/reprint")
    for _ in range(2):
        assert await press(client, action, fields) == (303, "/prints")
    copies = await db.fetch("SELECT id FROM print_job WHERE copy AND document = 'SO-100001'")
    assert len(copies) == 1


async def test_an_order_is_released_and_cancelled_from_its_page(client: TestClient) -> None:
    action, release = await form(client, "/orders/SO-100001", "/release")
    _, cancel = await form(client, "/orders/SO-100001", "/cancel")
    assert await press(client, action, release) == (303, "/orders/SO-100001?done=release")
    assert await press(client, action, release) == (303, "/orders/SO-100001?done=release")
    page = await shown(client, "/orders/SO-100001")
    assert "PL-100001" in page
    assert "/release" not in page
    status, text = await press(client, "/orders/SO-100001/cancel", cancel)
    assert (status, "reason" in text) == (400, True)
    assert (await press(client, "/orders/SO-100001/cancel", cancel | {"reason": "customer asked"}))[0] == 303
    page = await shown(client, "/orders/SO-100001")
    assert "“customer asked” page:visitor" in re.sub(r"<[^>]+>", "", page)
    assert "/orders/SO-100001/cancel" not in page
    names = [event.name for event in await history("SO-100001")]
    assert (names.count("pick_list_released"), names.count("order_cancelled")) == (1, 1)


async def test_a_cancelled_order_is_not_released(client: TestClient) -> None:
    action, release = await form(client, "/orders/SO-100001", "/release")
    _, cancel = await form(client, "/orders/SO-100001", "/cancel")
    await press(client, "/orders/SO-100001/cancel", cancel | {"reason": "customer asked"})
    status, text = await press(client, action, release)
    assert status == 409
    assert "Nothing was changed: this order had moved on." in text


@pytest.mark.parametrize(
    "back", ["//evil.example/", "https://evil.example/", "/prints?state=x&lang=\r\nX: y", "/api/v1/orders", ""]
)
async def test_a_form_leads_to_our_own_pages_only(client: TestClient, back: str) -> None:
    action, fields = await form(client, "/prints", "/resolution")
    assert await press(client, action, fields | {"back": back}) == (303, "/prints")


@pytest.mark.parametrize(
    ("fields", "headers", "status"),
    [
        ({}, {"Origin": "http://evil.example"}, 403),
        ({}, {"Sec-Fetch-Site": "cross-site"}, 403),
        ({"key": ""}, {}, 400),
        ({"outcome": "perhaps"}, {}, 400),
        ({}, {"Content-Type": "text/plain"}, 415),
    ],
)
async def test_what_is_no_form_of_ours_changes_nothing(
    client: TestClient, fields: dict[str, str], headers: dict[str, str], status: int
) -> None:
    action, own = await form(client, "/prints", "/resolution")
    assert (await press(client, action, own | fields, **headers))[0] == status
    assert await commands("resolve_job") == []


async def test_who_may_only_look_gets_no_buttons(shop: BrowserShop, tmp_path: Path) -> None:
    async with client_of(tmp_path, open_pages=False) as client:
        looker = (await logged_in("Finn", Grant(Role.FINANCE))).at(client)
        page = await shown(client, "/orders/SO-100001")
        posts = re.findall('method="post" action="([^"]*)"', page)
        assert posts == ["/logout", "/orders/SO-100001/invoice"], "finance issues invoices, and only looks at the rest"
        status, _ = await press(client, "/orders/SO-100001/release", {"key": "k", **looker.form})
        assert status == 403
        assert (await press(client, "/orders/SO-100001/release", {"key": "k"}))[0] == 403
        (await logged_in("Pia", Grant(Role.PICKER))).at(client)
        assert "/release" in await shown(client, "/orders/SO-100001")
        assert "/cancel" not in await shown(client, "/orders/SO-100001")


async def test_what_a_print_looks_like_is_a_click_away(client: TestClient) -> None:
    data = {"name": "Tea 茶", "price": "1.00", "ean13": "4006381333931"}
    job = await request_print(PrintOrder(box="counter-1", template="shelf-label", data=data, document="SO-100001"))
    assert f'href="/prints/{job}/preview.png"' in await shown(client, "/prints")
    picture = await client.get(f"/prints/{job}/preview.png")
    assert picture.headers["Content-Type"] == "image/png"
    assert (await picture.read()).startswith(b"\x89PNG")
    assert (await client.get("/prints/none/preview.png")).status == 404
