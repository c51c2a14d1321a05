"""An article's page, its label by a button, and the command sheet by a button."""

from __future__ import annotations

from tests.edge_agent.floor.client import Pages
from tests.edge_agent.floor.fake_box import PEOPLE

MILK = "4006381333931"
PAGE = f"/floor/scan/{MILK}"


async def test_an_article_shows_its_price_and_its_stock(open_pages: Pages) -> None:
    screen = await open_pages.screen()
    response, text = await screen.get(PAGE)
    assert response.status == 200
    assert "Whole milk 1 L" in text
    assert "12.90" in text
    assert "nobody knows when that was" in text
    assert "全脂牛奶 1 升" in (await screen.get(f"{PAGE}?lang=zh-CN"))[1]


async def test_what_is_no_article_says_so(open_pages: Pages) -> None:
    screen = await open_pages.screen()
    response, text = await screen.get("/floor/scan/%3Cb%3E1")
    assert response.status == 404
    assert "No article has code &lt;b&gt;1" in text
    open_pages.box.has_catalogue = False
    assert "no catalogue yet" in (await screen.get(PAGE))[1]
    assert (await screen.get(f"/floor/scan/{'9' * 201}"))[0].status == 404


async def test_a_label_begins_its_task_once_however_often_it_is_pressed(open_pages: Pages) -> None:
    screen = await open_pages.screen()
    _, text = await screen.get(PAGE)
    drawn = text.split('name="id" value="')[1].split('"')[0]
    for _ in range(2):
        response = await screen.post(f"{PAGE}/label", id=drawn)
        assert (response.status, response.headers["Location"]) == (303, "/floor/labels")
    at = open_pages.box.places["counter-1"]
    assert (at.task, at.booked) == ("shelf_label", [MILK])


async def test_a_task_that_is_under_way_is_not_left_for_a_label(open_pages: Pages) -> None:
    open_pages.box.scan("counter-1", "SHELFXCOUNT")
    screen = await open_pages.screen()
    _, text = await screen.get(PAGE)
    assert "has another task under way" in text
    response = await screen.post(f"{PAGE}/label", id="x")
    assert response.headers["Location"] == "/floor/stations/counter-1"
    at = open_pages.box.places["counter-1"]
    assert (at.task, at.booked) == ("counting", [])


async def test_the_sheet_is_shown_and_printed_in_the_reader_s_language(open_pages: Pages) -> None:
    screen = await open_pages.screen()
    _, text = await screen.get("/floor/help?lang=zh-CN")
    assert 'aria-label="SHELFXUNDO"' in text
    response = await screen.post("/floor/help/sheet", printer="receipts")
    assert response.status == 303
    assert open_pages.box.sheets == [("receipts", "zh-CN")]


async def test_a_printer_that_cannot_says_so(open_pages: Pages) -> None:
    screen = await open_pages.screen()
    await screen.get("/floor/help")
    for printer, status in (("scale", 409), ("nowhere", 409), ("", 422)):
        response = await screen.post("/floor/help/sheet", printer=printer)
        assert response.status == status
    assert "E-CANNOT-PRINT" in await (await screen.post("/floor/help/sheet", printer="scale")).text()


async def test_logging_out_leaves_the_station_to_who_came_meanwhile(pages: Pages) -> None:
    screen, other = await pages.screen(), await pages.screen()
    at = pages.box.places["counter-1"]
    await screen.sign_in()
    assert at.person_id == "p-1"
    await other.sign_in(*list(PEOPLE)[1])
    assert at.person_id == "p-2"
    await screen.post("/floor/logout")
    assert at.person_id == "p-2"
    await other.post("/floor/logout")
    assert at.person_id is None


async def test_who_logs_in_on_the_way_to_a_station_is_at_it(pages: Pages) -> None:
    screen = await pages.screen()
    response = await screen.sign_in(after="/floor/stations/counter-1")
    assert response.headers["Location"] == "/floor/stations/counter-1"
    assert pages.box.places["counter-1"].person_id == "p-1"
