"""The floor's routes and who may use them, as one table; a route without a line here fails."""

from __future__ import annotations

import pytest

from tests.edge_agent.floor.client import Pages, Screen
from tests.edge_agent.floor.fake_box import IMAGE, PEOPLE, busy_day

ROLES = {next(iter(sorted(person.roles)), "none"): login for login, person in PEOPLE.items()}
"""Badge and PIN by role; `none`: a person with a badge and no role here."""
MATRIX = """
everyone  GET   /
workers   GET   /floor
everyone  GET   /floor/login
everyone  POST  /floor/login
everyone  POST  /floor/logout
workers   POST  /floor/station
workers   GET   /floor/stations/{station}
workers   POST  /floor/stations/{station}/readings
workers   POST  /floor/stations/{station}/presses
workers   GET   /floor/lookup
workers   GET   /floor/images/{digest}
workers   GET   /floor/labels
workers   GET   /floor/prints
workers   GET   /floor/prints/{job}
workers   POST  /floor/prints/{job}/priority
workers   POST  /floor/prints/{job}/printer
workers   POST  /floor/prints/{job}/resolution
workers   POST  /floor/prints/{job}/cancellation
workers   GET   /floor/scale
workers   GET   /floor/scan/{symbol}
workers   POST  /floor/scan/{symbol}/label
workers   GET   /floor/help
workers   POST  /floor/help/sheet
everyone  GET   /floor/events
everyone  GET   /floor/root.crt
everyone  GET   /floor/static/{name}
"""
RIGHTS = {(method, path): who for who, method, path in (line.split() for line in MATRIX.strip().splitlines())}
WORKERS = ("floor", "picker", "manager", "it", "admin")
OTHERS = ("finance", "none")


def path_of(pattern: str) -> str:
    for name, value in (
        ("station", "counter-1"),
        ("job", "job-1"),
        ("name", "floor.css"),
        ("digest", IMAGE),
        ("symbol", "4006381333931"),
    ):
        pattern = pattern.replace(f"{{{name}}}", value)
    return pattern


async def status_of(screen: Screen, method: str, path: str) -> int:
    if method == "GET":
        return (await screen.get(path_of(path)))[0].status
    return (await screen.post(path_of(path), badge="", pin="", id="")).status


def test_the_table_has_every_route(pages: Pages) -> None:
    assert set(RIGHTS) == {(route.method, route.path) for route in pages.floor.routes}
    assert set(ROLES) == {*WORKERS, *OTHERS}


@pytest.mark.parametrize("role", [*WORKERS, *OTHERS])
async def test_each_role_reaches_what_the_table_says(pages: Pages, role: str) -> None:
    busy_day(pages.box)
    for (method, path), who in RIGHTS.items():
        if path in ("/floor/events", "/floor/root.crt", "/floor/logout", "/floor/login"):
            continue  # a stream does not end; no CA is configured; who logs out is nobody
        screen = await pages.screen()
        await screen.sign_in(*ROLES[role])
        status = await status_of(screen, method, path)
        is_refused = status in (401, 403) or (status == 303 and method == "GET")
        assert is_refused is (who == "workers" and role in OTHERS), (method, path, status)


async def test_who_may_not_work_here_gets_no_stream_of_a_station(pages: Pages) -> None:
    for role in OTHERS:
        screen = await pages.screen()
        await screen.sign_in(*ROLES[role])
        for query in ("?station=counter-1", "?regions=prints", "?regions=tiles+strip"):
            assert (await screen.get(f"/floor/events{query}"))[0].status == 403


async def test_who_left_is_logged_out_at_the_next_request_and_a_lesser_role_holds_at_once(pages: Pages) -> None:
    screen = await pages.screen()
    await screen.sign_in()
    assert (await screen.get("/floor"))[0].status == 200
    pages.box.left.add("p-1")
    response, _ = await screen.get("/floor")
    assert (response.status, response.headers["Location"]) == (303, "/floor/login?next=%2Ffloor")
    pages.box.left.clear()
    assert (await screen.get("/floor"))[0].status == 303, "it stays over"
