"""What every page of the floor keeps to: who comes in, from where, with which token; headers; errors in words."""

from __future__ import annotations

import pytest

from edge_agent.floor.guard import HEADERS
from edge_agent.floor.pace import AT_ONCE, PER_SECOND
from edge_agent.floor.server import For
from tests.edge_agent.floor.client import Pages
from tests.edge_agent.floor.fake_box import IMAGE, IT_BADGE, IT_PIN, PEOPLE, busy_day

FINANCE_BADGE, FINANCE_PIN = list(PEOPLE)[2]


def path_of(pattern: str) -> str:
    return (
        pattern.replace("{station}", "counter-1")
        .replace("{job}", "job-1")
        .replace("{name}", "floor.css")
        .replace("{digest}", IMAGE)
        .replace("{symbol}", "4006381333931")
    )


async def test_each_page_is_there_with_its_headers(pages: Pages) -> None:
    screen = await pages.screen()
    await screen.sign_in()
    busy_day(pages.box)
    for route in pages.floor.routes:
        if route.method == "GET" and route.path not in ("/floor/events", "/floor/root.crt"):
            response, _ = await screen.get(path_of(route.path))
            assert response.status == 200, route.path
            assert {name: response.headers.get(name) for name in HEADERS} == HEADERS


async def test_who_is_not_logged_in_sees_the_box_and_the_log_in_only(pages: Pages) -> None:
    screen = await pages.screen()
    await screen.get("/floor/login")
    for route in pages.floor.routes:
        path = path_of(route.path)
        if route.of is For.EVERYONE:
            continue
        if route.method == "GET":
            response, _ = await screen.get(path)
            assert (response.status, response.headers["Location"].partition("?")[0]) == (303, "/floor/login"), path
        else:
            assert (await screen.post(path, id="1", text="x")).status == 401, path
    assert pages.box.places["counter-1"].booked == []


async def test_a_role_that_does_not_work_here_gets_no_page(pages: Pages) -> None:
    screen = await pages.screen()
    await screen.sign_in(FINANCE_BADGE, FINANCE_PIN)
    response, text = await screen.get("/floor")
    assert response.status == 403
    assert "A manager or IT can" in text


async def test_the_log_is_for_those_who_care_for_boxes(pages: Pages) -> None:
    screen, it = await pages.screen(), await pages.screen()
    await screen.sign_in()
    await it.sign_in(IT_BADGE, IT_PIN)
    assert "INFO line 49" not in (await screen.get("/"))[1]
    assert "INFO line 49" in (await it.get("/"))[1]


async def test_a_form_needs_the_token_of_its_page(pages: Pages) -> None:
    screen = await pages.screen()
    await screen.sign_in()
    for route in pages.floor.routes:
        if route.method == "POST":
            for token in ("", "0" * 64):
                response = await screen.post(path_of(route.path), token=token, id="1", text="4006381333931", badge="b", pin="1")
                assert response.status == 403, route.path
    assert pages.box.places["counter-1"].booked == []
    assert pages.box.said == []


@pytest.mark.parametrize(
    "headers",
    [{"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}, {"Origin": "https://evil.example"}, {"Origin": "null"}],
)
async def test_a_form_of_another_site_is_refused(pages: Pages, headers: dict[str, str]) -> None:
    screen = await pages.screen()
    await screen.sign_in()
    response = await screen.post("/floor/stations/counter-1/readings", headers=headers, id="1", text="4006381333931")
    assert response.status == 403
    assert pages.box.places["counter-1"].booked == []


@pytest.mark.parametrize(
    ("host", "status"), [("evil.example", 421), ("counter-1.local", 200), ("counter-1", 200), ("10.0.0.7:8443", 200)]
)
async def test_the_box_answers_to_its_own_names_only(pages: Pages, host: str, status: int) -> None:
    screen = await pages.screen()
    assert (await screen.get("/", Host=host))[0].status == status


async def test_what_is_not_there_says_so_in_words(pages: Pages) -> None:
    screen = await pages.screen()
    await screen.sign_in()
    response, text = await screen.get("/floor/nothing")
    assert response.status == 404
    assert "There is no such page here" in text
    response, text = await screen.get("/floor/stations/elsewhere")
    assert response.status == 404
    assert "no such station" in text


async def test_assets_are_kept_for_ever_by_their_version(pages: Pages) -> None:
    screen = await pages.screen()
    _, text = await screen.get("/floor/login")
    address = text.split('href="')[2].split('"')[0]
    assert address.startswith("/floor/static/tokens.css?v=")
    response, _ = await screen.get(address)
    assert response.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    response, _ = await screen.get("/floor/static/tokens.css?v=old")
    assert response.headers["Cache-Control"] == "no-cache"


async def test_a_request_that_is_too_large_is_refused(pages: Pages) -> None:
    screen = await pages.screen()
    await screen.sign_in()
    response = await screen.send("/floor/stations/counter-1/readings", {"id": "1", "text": "9" * 100_000})
    assert response.status == 413


async def test_a_page_that_breaks_does_not_end_the_server(pages: Pages) -> None:
    screen = await pages.screen()
    await screen.sign_in()
    box = pages.box

    async def broken() -> object:
        raise RuntimeError("no")

    box.queues = broken  # type: ignore[method-assign,assignment]  # the box breaks
    response, text = await screen.get("/floor/prints")
    assert response.status == 500
    assert "its log says what" in text
    del box.queues
    assert (await screen.get("/floor/prints"))[0].status == 200


async def test_a_screen_that_sends_too_fast_is_told_so_and_its_readings_come_through_later(pages: Pages) -> None:
    screen = await pages.screen()
    await screen.sign_in()
    pages.clock.pass_time(AT_ONCE / PER_SECOND)
    statuses = {(await screen.post("/floor/logout/nowhere")).status for _ in range(AT_ONCE)}
    assert statuses == {404}
    at, symbol = "/floor/stations/counter-1/readings", "4006381333931"
    refused = await screen.post(at, id="1", text=symbol)
    assert (refused.status, refused.headers["Retry-After"]) == (429, "1")
    assert "Nothing was done" in await refused.text()
    assert pages.box.places["counter-1"].booked == []
    page, _ = await screen.get("/floor")
    assert page.status == 200, "looking is not sending"
    pages.clock.pass_time(1)
    assert (await screen.post(at, id="1", text=symbol)).status < 400
    assert len(pages.box.places["counter-1"].booked) == 1
