"""The pages of the fleet over HTTP: what is shown to whom, what a form does once, and what it says when it is refused."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp.test_utils import TestClient, TestServer

from controller import db, events
from controller.app import Parts, make_app
from controller.config import parse_config
from controller.fleet.events import BoxLinkChanged
from controller.fleet.operations import register_box
from controller.fleet.queries import commands
from controller.fleet.twin_queries import twin_versions, twin_view
from controller.people.policies import Grant
from controller.sites.operations import create_site
from edge_agent.wire.facts import CommandDone
from edge_agent.wire.messages import Stream
from edge_agent.wire.roles import Role
from tests.browser.shop import BrowserShop
from tests.controller.people.browser import form_of, logged_in, told
from tests.databases import copied

BOX = "/fleet/boxes/counter-1"
PAGES = ["/fleet", BOX, *(f"{BOX}/{tab}" for tab in ("devices", "queue", "config", "logs", "security"))]
PAGES += ["/fleet/devices/counter-1/label-printer"]
RIGHT = '[[device]]\nid = "scanner"\nkind = "scanner"\nmodel = "scanner.serial"\naddress = "serial:/dev/ttyACM0"\n'


@pytest.fixture
async def shop(schema_file: Path, tmp_path: Path) -> AsyncIterator[BrowserShop]:
    await db.connect(copied(schema_file, tmp_path / "c.db"))
    shop = BrowserShop()
    await shop.open()
    await create_site("sh-02", name="Huaihai Road")
    await register_box("till-9", site="sh-02", name="Till 9")
    await shop.busy_day()
    yield shop
    await db.close()


@pytest.fixture
async def client(shop: BrowserShop, tmp_path: Path) -> AsyncIterator[TestClient]:
    config = parse_config({"data": str(tmp_path), "http": {"open_pages": False}}, {}, "test")
    async with TestClient(TestServer(make_app(config, Parts()), host="127.0.0.1")) as client:
        yield client


async def send(client: TestClient, path: str, key: str = "k", **fields: str) -> tuple[int, str]:
    form = await form_of(client, "/me")
    answer = await client.post(path, data={**form, "key": key, **fields}, headers={"Accept": "text/html"})
    return answer.status, await answer.text()


async def text_of(client: TestClient, path: str) -> str:
    answer = await client.get(path)
    assert answer.status == 200, path
    return await answer.text()


async def test_boxes_are_counted_by_group_and_opened_where_somebody_is_needed(client: TestClient) -> None:
    (await logged_in("Ida", Grant(Role.IT))).at(client)
    page = await text_of(client, "/fleet")
    counts = re.findall(r'class="count">(\d+)</span><span class="name">([^<]+)', page)
    assert counts == [
        *[("1", "Needs action"), ("0", "Silent"), ("0", "Degraded"), ("0", "Updating"), ("0", "OK")],
        *[("1", "Not claimed"), ("0", "Retired"), ("2", "All")],
    ]
    assert ("counter-1" in page, "till-9" in page) == (True, False)
    assert "till-9" in await text_of(client, "/fleet?group=unclaimed")
    assert "No box of this group matches" in await text_of(client, "/fleet?q=nothing")
    assert "till-9" in await text_of(client, "/fleet?q=TILL")


async def test_boxes_are_paged_by_site_and_id(client: TestClient) -> None:
    (await logged_in("Ida", Grant(Role.IT))).at(client)
    for number in range(5):
        await register_box(f"b{number}", site="sh-01", name=f"Box {number}")
    seen, address = [], "/fleet?group=all&per=3"
    while address:
        page = await text_of(client, address)
        seen += re.findall(r'href="/fleet/boxes/([a-z0-9-]+)"', page)
        following = re.findall(r'href="([^"]+)" rel="next"', page)
        address = following[0].replace("&amp;", "&") if following else ""
    assert seen == ["b0", "b1", "b2", "b3", "b4", "counter-1", "till-9"]


async def test_people_of_a_site_see_its_boxes_only(client: TestClient) -> None:
    (await logged_in("There", Grant(Role.IT, "sh-02"))).at(client)
    page = await text_of(client, "/fleet?group=all")
    assert ("till-9" in page, "counter-1" in page) == (True, False)
    for path in PAGES[1:]:
        assert (await client.get(path)).status == 404, path
    for path, fields in ((f"{BOX}/commands", {"command": "identify"}), (f"{BOX}/revoke", {"confirm": "counter-1"})):
        assert (await send(client, path, key=path, **fields))[0] == 404
    assert await commands() == []


async def test_a_manager_sees_everything_and_has_no_button(client: TestClient) -> None:
    (await logged_in("Max", Grant(Role.MANAGER, "sh-01"))).at(client)
    for path in PAGES:
        page = await text_of(client, path)
        assert not re.findall(r'action="/fleet[^"]*"', page), path
    assert "fleet.write" in await text_of(client, BOX)
    assert (await send(client, f"{BOX}/commands", command="identify"))[0] == 403


async def test_somebody_who_may_not_is_told_who_can_give_it(client: TestClient) -> None:
    (await logged_in("Flo", Grant(Role.FLOOR, "sh-01"))).at(client)
    assert (await client.get("/fleet")).status == 403
    assert "/fleet" not in (await text_of(client, "/me")).partition("<main")[0]


async def test_identify_is_asked_once_and_its_result_shows(client: TestClient, shop: BrowserShop) -> None:
    (await logged_in("Ida", Grant(Role.IT))).at(client)
    for _ in range(2):
        status, page = await send(client, f"{BOX}/commands", command="identify")
        assert (status, "Waits for the box" in page) == (200, True)
    (asked,) = await commands(box_id="counter-1")
    assert "Ida" in page
    await shop.happens(CommandDone(command=asked.id, code="ok"), stream=Stream.RESULT)
    assert "Done" in (await text_of(client, BOX)).partition('id="h-asked"')[2]


async def test_what_is_not_done_in_time_shows_as_expired(client: TestClient) -> None:
    (await logged_in("Ida", Grant(Role.IT))).at(client)
    await send(client, f"{BOX}/commands", command="flush")
    await db.execute("UPDATE command SET state = 'expired', code = 'expired'")
    assert "Expired, not done" in await text_of(client, BOX)


async def test_a_printer_is_asked_for_a_test_print_and_shows_it_at_its_page(client: TestClient) -> None:
    (await logged_in("Ida", Grant(Role.IT))).at(client)
    path = "/fleet/devices/counter-1/label-printer"
    status, page = await send(client, f"{path}/commands", command="test_print")
    assert (status, "Test print" in page.partition('id="h-asked"')[2]) == (200, True)
    (asked,) = await commands(box_id="counter-1")
    assert (asked.device, asked.command) == ("label-printer", "test_print")
    assert "Test print" not in await text_of(client, "/fleet/devices/counter-1/scale")
    assert (await client.get("/fleet/devices/counter-1/nothing")).status == 404
    assert (await send(client, f"{path}/commands", key="x", command="identify"))[0] == 400


async def test_an_uncertain_print_job_is_answered_at_the_queue_of_its_box(client: TestClient) -> None:
    (await logged_in("Ida", Grant(Role.IT))).at(client)
    page = await text_of(client, f"{BOX}/queue")
    (path,) = set(re.findall(r'action="(/prints/[^"]+/resolution)"', page))
    status, page = await send(client, path, outcome="printed", back=f"{BOX}/queue")
    assert (status, "Waits for box counter-1" in page, 'aria-current="page">Queue' in page) == (200, True, True)


async def test_a_configuration_is_refused_with_its_keys_and_lines_and_then_saved(client: TestClient) -> None:
    (await logged_in("Ida", Grant(Role.IT))).at(client)
    wrong = RIGHT.replace("scanner.serial", "scanner.typo")
    status, page = await send(client, f"{BOX}/config", version="0", document=wrong)
    assert status == 422
    assert "Line 4" in page
    assert "device[0].model" in page
    assert "scanner.typo" in page.partition("<textarea")[2], "what was typed is kept"
    assert (await twin_view("counter-1")).version == 0
    status, page = await send(client, f"{BOX}/config/check", key="c", version="0", document=RIGHT)
    assert (status, "Nothing is wrong with it" in page) == (200, True)
    assert (await twin_view("counter-1")).version == 0, "checking sets nothing"
    for _ in range(2):
        status, page = await send(client, f"{BOX}/config", key="s", version="0", document=RIGHT, note="new scanner")
        assert (status, "Saved." in told(page)) == (200, True)
    assert [(each.version, each.note) for each in await twin_versions("counter-1")] == [(1, "new scanner")]


async def test_text_that_is_no_configuration_is_kept_and_told(client: TestClient) -> None:
    (await logged_in("Ida", Grant(Role.IT))).at(client)
    status, page = await send(client, f"{BOX}/config", version="0", document="[[device]\nid = <b>")
    assert status == 422
    assert "cannot be read as TOML or JSON" in page
    assert "id = &lt;b&gt;" in page.partition("<textarea")[2]
    assert (await send(client, f"{BOX}/config", key="n", version="x", document=RIGHT))[0] == 400


async def test_the_second_of_two_editors_is_told_who_was_faster(client: TestClient) -> None:
    (await logged_in("Mei", Grant(Role.IT))).at(client)
    await send(client, f"{BOX}/config", version="0", document=RIGHT)
    (await logged_in("Ida", Grant(Role.IT))).at(client)
    status, page = await send(client, f"{BOX}/config", version="0", document='[settings]\nlog_level = "DEBUG"\n')
    assert status == 409
    assert re.search(r"Mei changed this at \d\d:\d\d", told(page))
    assert "DEBUG" in page.partition("<textarea")[2]
    assert "scanner.serial" in str((await twin_view("counter-1")).document)
    assert 'name="version" value="1"' in page, "the next one is saved over it knowingly"


async def test_going_back_is_a_version_of_its_own(client: TestClient) -> None:
    (await logged_in("Ida", Grant(Role.IT))).at(client)
    await send(client, f"{BOX}/config", key="1", version="0", document=RIGHT)
    await send(client, f"{BOX}/config", key="2", version="1", document='[settings]\nlog_level = "DEBUG"\n')
    status, page = await send(client, f"{BOX}/config/roll-back", key="3", version="2", to="1")
    assert (status, "newest one again" in told(page)) == (200, True)
    assert (await twin_view("counter-1")).version == 3
    assert (await send(client, f"{BOX}/config/roll-back", key="4", version="2", to="1"))[0] == 409
    assert (await send(client, f"{BOX}/config/roll-back", key="5", version="3", to="99"))[0] == 404


async def test_a_box_is_revoked_by_typing_its_id(client: TestClient) -> None:
    (await logged_in("Ida", Grant(Role.IT))).at(client)
    status, page = await send(client, f"{BOX}/revoke", confirm="counter")
    assert (status, "type counter-1 to confirm" in told(page)) == (422, True)
    assert await db.fetch("SELECT 1 AS one FROM box WHERE revoked_at IS NOT NULL") == []
    status, page = await send(client, f"{BOX}/revoke", key="r", confirm="counter-1")
    assert (status, "Revoked." in told(page)) == (200, True)
    assert "counter-1" in await text_of(client, "/fleet?group=retired")
    assert (await send(client, f"{BOX}/commands", key="i", command="identify"))[0] == 409


async def test_a_script_gets_the_live_region_alone(client: TestClient) -> None:
    (await logged_in("Ida", Grant(Role.IT))).at(client)
    for path in PAGES:
        answer = await client.get(path, headers={"HX-Request": "true"})
        text = await answer.text()
        assert (answer.status, "<html" in text, "<main" in text) == (200, False, False), path


async def test_what_happened_to_a_box_shows_the_newest_first_and_pages_to_the_oldest(client: TestClient) -> None:
    """However long it has been there: also when more has happened than one question to the database asks for."""
    (await logged_in("Ida", Grant(Role.IT))).at(client)
    async with db.transaction():
        for number in range(620):
            link = ("online", "offline")[number % 2]
            await events.record(BoxLinkChanged(box="counter-1", link=link), subject="counter-1", site="sh-01")
    recorded = [event.id for event in await events.happened_to("counter-1", 2000)]
    assert recorded == sorted(recorded, reverse=True)
    seen, cursors, address = 0, [], f"{BOX}/logs"
    while address:
        shown = (await text_of(client, address)).partition('id="h-history"')[2]
        seen += shown.count("<li>")
        found = re.search(r"\?before=(\d+)#", shown)
        cursors += [int(found[1])] if found else []
        address = f"{BOX}/logs?before={found[1]}" if found else ""
    assert seen == len(recorded)
    assert cursors == recorded[49:-1:50]
    assert (await client.get(f"{BOX}/logs?before=x")).status == 400
