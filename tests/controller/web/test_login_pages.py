"""Log-in, log-out and one's own page, as a browser without scripts goes through them."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp.test_utils import TestClient, TestServer

from controller import db
from controller.app import Parts, make_app
from controller.config import parse_config
from controller.events import history
from controller.people import operations
from controller.people.operations import add_person
from controller.people.policies import Grant
from controller.people.sessions import Limits, open_session, session_of
from edge_agent.wire.roles import Role
from tests.controller.people.browser import PASSWORD, form_of, logged_in, told
from tests.databases import copied


@pytest.fixture
async def database(schema_file: Path, tmp_path: Path) -> AsyncIterator[None]:
    await db.connect(copied(schema_file, tmp_path / "c.db"))
    yield
    await db.close()


@pytest.fixture
async def client(database: None, tmp_path: Path) -> AsyncIterator[TestClient]:
    config = parse_config({"data": str(tmp_path), "http": {"open_pages": False}}, {}, "test")
    async with TestClient(TestServer(make_app(config, Parts()), host="127.0.0.1")) as client:
        yield client


@pytest.fixture
async def mei(database: None) -> str:
    person = await add_person("Mei", roles=[Grant(Role.ADMIN)])
    await operations.set_password(person, await operations.password_verifier(person, PASSWORD))
    return person


async def log_in(client: TestClient, password: str = PASSWORD, **more: str) -> tuple[int, str, str]:
    """Status, where it leads, and what the page says."""
    fields = {**await form_of(client, "/login"), "name": "mei", "password": password, "next": "/stock", **more}
    answer = await client.post("/login", data=fields, headers={"Accept": "text/html"}, allow_redirects=False)
    return answer.status, answer.headers.get("Location", ""), told(await answer.text())


def token_of(client: TestClient, name: str = "shelfwire") -> str:
    return next(cookie.value for cookie in client.session.cookie_jar if cookie.key == name)


async def test_without_people_the_log_in_says_how_the_first_one_is_made(client: TestClient) -> None:
    page = await (await client.get("/login")).text()
    assert "python -m controller people add" in page


async def test_a_log_in_leads_to_where_one_wanted_and_never_elsewhere(client: TestClient, mei: str) -> None:
    assert await log_in(client) == (303, "/stock", "")
    for wanted in ("//evil.example", "/\\evil.example", "https://evil.example", "/x\r\nSet-Cookie: a=b", "", "/login"):
        assert (await log_in(client, next=wanted))[1] == "/"


async def test_a_log_in_begins_a_new_session_and_ends_the_one_before(client: TestClient, mei: str) -> None:
    await client.get("/login")
    planted = token_of(client)
    await log_in(client)
    first = token_of(client)
    assert first != planted
    assert await session_of(planted, Limits()) is None
    await log_in(client)
    assert token_of(client) != first
    assert await session_of(first, Limits()) is None


async def test_a_session_s_cookie_is_for_this_host_and_no_script(client: TestClient, mei: str) -> None:
    fields = {**await form_of(client, "/login"), "name": "mei", "password": PASSWORD}
    answer = await client.post("/login", data=fields, allow_redirects=False)
    cookie = next(text for text in answer.headers.getall("Set-Cookie") if text.startswith("shelfwire="))
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert "Secure" not in cookie
    over_https = await client.get("/login", headers={"X-Forwarded-Proto": "https"})
    cookie = next(text for text in over_https.headers.getall("Set-Cookie") if "shelfwire=" in text)
    assert cookie.startswith("__Host-shelfwire=")
    assert "Secure" in cookie


async def test_a_wrong_password_says_how_long_to_wait_and_no_more(client: TestClient, mei: str) -> None:
    answers = [await log_in(client, "wrong") for _ in range(5)]
    assert {status for status, *_ in answers} == {401}
    assert answers[0][2] == "Name and password do not match anybody who may log in here. Type both again."
    assert re.search(r"the next try is heard in (30|2\d) seconds\.$", answers[4][2])
    status, _, words = await log_in(client)
    assert status == 429
    assert re.search(r"The next one is heard in (30|2\d|1\d) seconds", words)
    fields = {**await form_of(client, "/login"), "name": "nobody", "password": "x"}
    unknown = await client.post("/login", data=fields)
    assert told(await unknown.text()) == answers[0][2]


async def test_a_badge_with_its_pin_opens_less(client: TestClient, mei: str) -> None:
    badge = await operations.issue_badge(mei)
    await operations.set_pin(mei, await operations.pin_verifier(mei, "2580"))
    fields = {**await form_of(client, "/login?with=badge"), "badge": badge, "pin": "2580"}
    answer = await client.post("/login", data=fields, headers={"Accept": "text/html"})
    assert answer.status == 200
    refused = await client.get("/admin/people", headers={"Accept": "text/html"})
    assert refused.status == 403
    page = await refused.text()
    assert "people.read" in page
    assert "Who can give you what this takes: Mei." in page
    assert 'name="badge"' in await (await client.get("/login")).text(), "this browser remembers that it is shared"


async def test_a_log_out_ends_the_session_and_its_open_streams(client: TestClient, mei: str) -> None:
    await log_in(client)
    token = token_of(client)
    stream = await client.get("/events")
    assert (await stream.content.readline()).startswith(b"event: beat")
    answer = await client.post("/logout", data=await form_of(client, "/me"), allow_redirects=False)
    assert answer.headers["Location"] == "/login"
    async with asyncio.timeout(5):
        rest = await stream.content.read()
    assert rest.endswith(b"event: ended\ndata: \n\n")
    assert await session_of(token, Limits()) is None
    assert token_of(client) != token
    assert (await client.get("/stock", headers={"Accept": "text/html"}, allow_redirects=False)).status == 303
    assert [event.actor for event in await history(mei) if event.name == "logged_out"] == [f"person:{mei}"]


async def test_a_role_that_is_taken_away_ends_what_is_watched(client: TestClient, mei: str) -> None:
    pia = (await logged_in("Pia", Grant(Role.PICKER))).at(client)
    stream = await client.get("/events")
    await stream.content.readline()
    await operations.set_roles(pia.id, [Grant(Role.FLOOR)])
    async with asyncio.timeout(10):
        assert (await stream.content.read()).endswith(b"event: ended\ndata: \n\n")


async def test_a_new_password_asks_for_the_old_one_and_ends_the_other_sessions(client: TestClient, mei: str) -> None:
    await log_in(client)
    other = await open_session(mei, means="password", address="10.0.0.9", agent="x")
    form = {**await form_of(client, "/me"), "password": "five words and one wall", "again": "five words and one wall"}

    async def change(**more: str) -> str:
        answer = await client.post("/me/password", data=form | more, headers={"Accept": "text/html"})
        return told(await answer.text())

    assert "the present password is another one" in await change(key="1", current="wrong")
    assert "the two new passwords differ" in await change(key="2", current=PASSWORD, again="something else")
    assert "guessed first" in await change(key="3", current=PASSWORD, password="password1234", again="password1234")
    assert await session_of(other, Limits()) is not None
    assert "The password is changed." in await change(key="4", current=PASSWORD)
    assert await session_of(other, Limits()) is None
    assert (await client.get("/me")).status == 200, "this session stays"
    assert (await log_in(client, "five words and one wall"))[0] == 303


async def test_one_s_language_and_one_s_sessions_are_one_s_own(client: TestClient, mei: str) -> None:
    await log_in(client)
    mine = await open_session(mei, means="password", address="10.0.0.9", agent="x")
    theirs = await logged_in("Pia", Grant(Role.ADMIN))
    form = await form_of(client, "/me")
    for token, ends in ((mine, True), (theirs.token, False)):
        session = await session_of(token, Limits())
        assert session is not None
        await client.post(f"/me/sessions/{session.id}/end", data={**form, "key": str(session.id)})
        assert (await session_of(token, Limits()) is None) is ends
    page = await client.post("/me/language", data={**form, "key": "k", "language": "zh-CN"}, headers={"Accept": "text/html"})
    assert "语言已修改" in await page.text()
    assert "你的权限" in await (await client.get("/me")).text()


async def test_a_visitor_of_open_pages_is_nobody_and_may_log_in(database: None, mei: str, tmp_path: Path) -> None:
    config = parse_config({"data": str(tmp_path)}, {}, "test")
    async with TestClient(TestServer(make_app(config, Parts()), host="127.0.0.1")) as client:
        assert (await client.get("/me", allow_redirects=False)).headers["Location"] == "/login?next=/me"
        assert (await client.get("/admin/people")).status == 403
        await log_in(client)
        assert (await client.get("/admin/people")).status == 200
