"""What people do on the floor: log-in, readings, buttons, prints; each once, and only what is right."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.floor.pages import local_address
from edge_agent.floor.sessions import TRIES_PER_ADDRESS
from tests.edge_agent.floor.client import Pages, Screen
from tests.edge_agent.floor.fake_box import BADGE, busy_day

MILK = "4006381333931"
READINGS = "/floor/stations/counter-1/readings"
PRESSES = "/floor/stations/counter-1/presses"


async def logged_in(pages: Pages) -> Screen:
    screen = await pages.screen()
    await screen.sign_in()
    return screen


async def test_the_log_in_gives_a_new_cookie_and_says_who_is_at_the_station(pages: Pages) -> None:
    screen = await pages.screen()
    first, _ = await screen.get("/floor/login")
    before = first.cookies["floor"].value
    response = await screen.sign_in(after="/floor/prints")
    assert response.headers["Location"] == "/floor/prints"
    cookie = response.cookies["floor"]
    assert cookie.value != before
    assert (cookie["httponly"], cookie["samesite"]) == (True, "Strict")
    assert pages.box.places["counter-1"].person == "Li Wei"
    _, text = await screen.get("/floor")
    assert "Li Wei is logged in" in text


async def test_the_log_out_ends_the_session_and_leaves_the_station(pages: Pages) -> None:
    screen = await logged_in(pages)
    response = await screen.post("/floor/logout")
    assert response.headers["Location"] == "/floor/login"
    assert (await screen.get("/floor"))[0].status == 303
    assert pages.box.places["counter-1"].person is None


@pytest.mark.parametrize(("badge", "pin"), [(BADGE, "0000"), ("SHELFXIDNOBODY", "4711"), ("", "4711"), (BADGE, "")])
async def test_what_does_not_belong_together_gets_nobody_in(pages: Pages, badge: str, pin: str) -> None:
    screen = await pages.screen()
    response = await screen.sign_in(badge, pin)
    assert response.status == 401
    text = await response.text()
    assert "Error:" in text.split("</title>")[0]
    assert 'role="alert"' in text
    assert pin not in text or not pin
    assert (await screen.get("/floor"))[0].status == 303


async def test_too_many_wrong_tries_wait_whoever_counts_them(pages: Pages) -> None:
    screen = await pages.screen()
    await screen.get("/floor/login")
    pages.box.must_wait = 90
    response = await screen.post("/floor/login", badge=BADGE, pin="1")
    assert response.status == 429
    assert "Try again in 2 minutes." in await response.text()
    pages.box.must_wait = 0
    for _ in range(TRIES_PER_ADDRESS):
        await screen.post("/floor/login", badge=BADGE, pin="1")
    tried = pages.box.tried
    assert (await screen.post("/floor/login", badge=BADGE, pin="4711")).status == 429
    assert pages.box.tried == tried, "the box is not even asked"


@pytest.mark.parametrize(
    "after", ["https://evil.example", "//evil.example", "/floor/../../x\nSet-Cookie: a", "javascript:1", "/api", ""]
)
async def test_a_log_in_leads_to_our_own_pages_only(pages: Pages, after: str) -> None:
    screen = await pages.screen()
    assert (await screen.sign_in(after=after)).headers["Location"] == "/floor"


@given(st.text(max_size=200))
def test_any_address_is_ours_or_none(wanted: str) -> None:
    found = local_address(wanted)
    assert found is None or (found == wanted and found.startswith("/") and not found.startswith("//") and "\n" not in found)


async def test_a_reading_is_booked_once_however_often_it_is_sent(pages: Pages) -> None:
    screen = await logged_in(pages)
    first = await (await screen.send(READINGS, {"id": "a", "text": MILK}, {"id": "b", "text": MILK})).json()
    again = await (await screen.send(READINGS, {"id": "b", "text": MILK}, {"id": "a", "text": MILK})).json()
    assert [each["id"] for each in first["answers"]] == ["a", "b"]
    assert again["answers"] == first["answers"][::-1]
    assert pages.box.places["counter-1"].booked == [MILK, MILK]
    assert pages.box.places["counter-1"].person == "Li Wei"


async def test_a_form_leads_back_and_a_repeated_one_books_nothing(pages: Pages) -> None:
    screen = await logged_in(pages)
    for _ in range(2):
        response = await screen.post(READINGS, id="1", text=MILK, to="/floor/lookup")
        assert (response.status, response.headers["Location"]) == (303, "/floor/lookup")
    response = await screen.post(PRESSES, id="2", control="drill", to="//evil.example")
    assert response.headers["Location"] == "/floor/stations/counter-1"
    assert pages.box.places["counter-1"].booked == [MILK]
    assert (await screen.post(READINGS, id="3", text=" ")).status == 422


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{",
        b'{"readings": []}',
        b'{"readings": [{"id": "1"}]}',
        b'{"readings": [{"id": "", "text": "1"}]}',
        b'{"readings": [{"id": "1", "text": ""}]}',
        b'{"readings": [{"id": "1", "text": "1", "age": "x"}]}',
        b'{"readings": [' + b",".join(b'{"id": "%d", "text": "1"}' % number for number in range(33)) + b"]}",
        b"\xff",
    ],
)
async def test_what_no_page_of_ours_sends_is_refused(pages: Pages, body: bytes) -> None:
    screen = await logged_in(pages)
    headers = {"X-Csrf-Token": screen.token, "Content-Type": "application/json"}
    response = await screen.client.post(READINGS, data=body, headers=headers)
    assert response.status == 400
    assert pages.box.places["counter-1"].booked == []


@pytest.mark.parametrize(
    "fields",
    [{"id": ""}, {"id": "x" * 65}, {"id": "1", "number": "-1"}, {"id": "1", "number": "12345678"}, {"id": "1", "number": "²"}],
)
async def test_a_button_that_no_page_has_is_refused(pages: Pages, fields: dict[str, str]) -> None:
    screen = await logged_in(pages)
    assert (await screen.post(PRESSES, control="quantity", id=fields["id"], number=fields.get("number", ""))).status == 422


async def test_a_print_is_answered_once_and_says_when_it_had_moved_on(pages: Pages) -> None:
    screen = await logged_in(pages)
    busy_day(pages.box)
    await screen.get("/floor/prints")
    assert (await screen.post("/floor/prints/job-0/resolution", outcome="printed")).status == 303
    response = await screen.post("/floor/prints/job-0/resolution", outcome="again")
    assert response.status == 409
    assert "had moved on" in await response.text()
    assert (await screen.post("/floor/prints/job-1/cancellation")).status == 303
    assert (await screen.post("/floor/prints/job-1/cancellation")).status == 409
    assert (await screen.post("/floor/prints/job-2/resolution", outcome="maybe")).status == 422
    assert pages.box.said == [("job-0", "printed", "p-1"), ("job-1", "cancel", "p-1")]


async def test_a_print_is_put_first_or_sent_to_another_printer_from_its_own_page(pages: Pages) -> None:
    screen = await logged_in(pages)
    busy_day(pages.box)
    response, page = await screen.get("/floor/prints/job-1")
    assert response.status == 200
    assert "Print at receipts" in page
    assert pages.box.said == [], "looking at it does nothing"
    assert (await screen.post("/floor/prints/job-1/priority")).headers["Location"] == "/floor/prints"
    assert "comes before the others already" in (await screen.get("/floor/prints/job-1"))[1]
    assert (await screen.post("/floor/prints/job-1/printer", printer="receipts")).status == 303
    assert [job.id for job in pages.box.jobs["receipts"]] == ["job-3", "job-1"]
    assert pages.box.said == [("job-1", "first", "p-1"), ("job-1", "receipts", "p-1")]


async def test_a_printer_that_cannot_take_a_print_says_why_and_nothing_changes(pages: Pages) -> None:
    screen = await logged_in(pages)
    busy_day(pages.box)
    pages.box.why_not["receipts"] = "does_not_fit"
    page = (await screen.get("/floor/prints/job-1"))[1]
    assert "its paper is too small" in page
    assert "Print at receipts" not in page
    for printer, status in (("receipts", 409), ("nowhere", 409), ("", 422), ("x" * 65, 422)):
        assert (await screen.post("/floor/prints/job-1/printer", printer=printer)).status == status
    assert pages.box.said == []


async def test_what_waits_no_more_is_neither_put_first_nor_moved(pages: Pages) -> None:
    screen = await logged_in(pages)
    busy_day(pages.box)
    await screen.get("/floor/prints")
    for job in ("job-0", "gone"):
        assert (await screen.get(f"/floor/prints/{job}"))[0].status == 409
        assert (await screen.post(f"/floor/prints/{job}/priority")).status == 409
        assert (await screen.post(f"/floor/prints/{job}/printer", printer="receipts")).status == 409
    assert pages.box.said == []


async def test_without_a_log_in_nothing_says_who_it_was(open_pages: Pages) -> None:
    screen = await open_pages.screen()
    await screen.get("/floor")
    await screen.post(READINGS, id="1", text=MILK)
    assert open_pages.box.places["counter-1"].person is None
    assert "The log shows for IT" in (await screen.get("/"))[1]
