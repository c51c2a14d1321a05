"""The pages of people: what an administrator does there, and what one of some sites, or somebody else, does not."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp.test_utils import TestClient, TestServer

from controller import db
from controller.app import Parts, make_app
from controller.config import parse_config
from controller.events import history
from controller.people import login, operations, queries
from controller.people.login import Browser
from controller.people.operations import add_person
from controller.people.policies import Grant
from controller.sites.operations import create_site
from edge_agent.wire.roles import Role
from tests.controller.people.browser import PASSWORD, Somebody, form_of, logged_in, told
from tests.databases import copied

SHOP = Browser(address="127.0.0.1", agent="x")


@pytest.fixture
async def client(schema_file: Path, tmp_path: Path) -> AsyncIterator[TestClient]:
    await db.connect(copied(schema_file, tmp_path / "c.db"))
    await create_site("s1", name="One")
    await create_site("s2", name="Two")
    config = parse_config({"data": str(tmp_path), "http": {"open_pages": False}}, {}, "test")
    async with TestClient(TestServer(make_app(config, Parts()), host="127.0.0.1")) as client:
        yield client
    await db.close()


@pytest.fixture
async def boss(client: TestClient) -> Somebody:
    return (await logged_in("Boss", Grant(Role.ADMIN))).at(client)


async def send(client: TestClient, path: str, key: str = "k", **fields: str) -> tuple[int, str]:
    """Status, and what the page that comes says."""
    form = await form_of(client, "/me")
    answer = await client.post(path, data={**form, "key": key, **fields}, headers={"Accept": "text/html"})
    return answer.status, await answer.text()


async def test_somebody_is_added_gets_a_badge_and_logs_in_with_it(client: TestClient, boss: Somebody) -> None:
    status, page = await send(client, "/admin/people", name="王小美", language="zh-CN", role="picker@s1")
    assert (status, "Saved." in page) == (200, True)
    (person,) = await queries.people(q="王小美")
    status, page = await send(client, f"/admin/people/{person.id}/badge", key="b1")
    badge = re.findall(r"SHELFXID[A-Z]{16}", page)[0]
    assert 'src="data:image/svg+xml;base64,' in page
    status, page = await send(client, f"/admin/people/{person.id}/badge", key="b1")
    assert "SHELFXID" not in page, "the same form again shows nothing, and makes no other badge"
    assert "shown already" in page
    assert "The PIN is set." in (await send(client, f"/admin/people/{person.id}/pin", key="p1", pin="2580"))[1]
    assert await login.by_badge(badge, "2580", SHOP)
    assert {event.actor for event in await history(person.id) if event.name != "logged_in"} == {f"person:{boss.id}"}
    kept = [row["response"] + row["body_hash"] for row in await db.fetch("SELECT response, body_hash FROM idempotency")]
    assert kept
    assert not [row for row in kept if badge in row]


@pytest.mark.parametrize(
    ("path", "fields", "words"),
    [
        ("pin", {"pin": "1234"}, "tried first"),
        ("pin", {"pin": "12"}, "4 to 8 digits"),
        ("password", {"password": "password1234"}, "guessed first"),
        ("", {"name": "boss", "language": "en"}, "has this name already"),
        ("", {"name": "", "language": "en"}, "1 to 80 characters"),
    ],
)
async def test_what_is_refused_is_told_in_words(
    client: TestClient, boss: Somebody, path: str, fields: dict[str, str], words: str
) -> None:
    mei = await add_person("Mei", roles=[Grant(Role.FLOOR)])
    status, page = await send(client, f"/admin/people/{mei}/{path}".rstrip("/"), **fields)
    assert status == 422
    assert words in told(page)
    for secret in ("1234", "password1234"):
        assert f'value="{secret}"' not in page


async def test_the_last_admin_cannot_leave(client: TestClient, boss: Somebody) -> None:
    await operations.set_password(boss.id, await operations.password_verifier(boss.id, PASSWORD))
    (await logged_in("Other", Grant(Role.ADMIN))).at(client)
    status, page = await send(client, f"/admin/people/{boss.id}/active", active="no")
    assert (status, "nobody else with a password" in told(page)) == (422, True)


async def test_who_left_is_listed_among_those_who_left(client: TestClient, boss: Somebody) -> None:
    mei = await add_person("Mei", roles=[Grant(Role.FLOOR)])
    await send(client, f"/admin/people/{mei}/active", active="no")
    assert "Mei" not in await (await client.get("/admin/people")).text()
    assert "Mei" in await (await client.get("/admin/people?state=left")).text()


async def test_an_admin_of_one_site_sees_and_changes_the_people_of_that_site_only(client: TestClient, boss: Somebody) -> None:
    here = await add_person("Here", roles=[Grant(Role.FLOOR, "s1")])
    there = await add_person("There", roles=[Grant(Role.FLOOR, "s2")])
    both = await add_person("Both", roles=[Grant(Role.FLOOR, "s1"), Grant(Role.PICKER, "s2")])
    (await logged_in("Ada", Grant(Role.ADMIN, "s1"))).at(client)
    page = await (await client.get("/admin/people")).text()
    assert [name in page for name in (">Here<", ">Boss<", ">Both<", ">There<")] == [True, True, True, False]
    assert "Picker · s2" not in page
    assert (await client.get(f"/admin/people/{there}")).status == 404
    assert (await send(client, f"/admin/people/{here}/pin", key="1", pin="2580"))[0] == 200
    for person, status in ((there, 404), (boss.id, 403), (both, 403)):
        assert (await send(client, f"/admin/people/{person}/pin", key=f"2{person}", pin="2580"))[0] == status
    for role, status in (("picker@s1", 200), ("picker@s2", 422), ("floor@*", 422)):
        assert (await send(client, f"/admin/people/{here}/roles/give", key=f"3{role}", role=role))[0] == status, role
    assert (await send(client, "/admin/people", key="4", name="New", language="en", role="picker@s1"))[0] == 200
    assert (await send(client, "/admin/people", key="5", name="Newer", language="en", role="admin@*"))[0] == 422
    assert await queries.people(q="Newer") == []


async def test_a_manager_sees_who_works_there_and_has_no_buttons(client: TestClient, boss: Somebody) -> None:
    here = await add_person("Here", roles=[Grant(Role.FLOOR, "s1")])
    (await logged_in("Max", Grant(Role.MANAGER, "s1"))).at(client)
    page = await (await client.get(f"/admin/people/{here}")).text()
    assert page.count('method="post"') == 1, "log out"
    assert "Add person" not in await (await client.get("/admin/people")).text()
    assert (await send(client, f"/admin/people/{here}/pin", pin="2580"))[0] == 403


async def test_what_a_log_in_lacks_is_said(client: TestClient, boss: Somebody) -> None:
    person = await add_person("Zhao", roles=[Grant(Role.PICKER, "s1")])
    assert "nothing yet: set a password" in await (await client.get(f"/admin/people/{person}")).text()
    page = (await send(client, f"/admin/people/{person}/pin", key="p", pin="2580"))[1]
    assert "The PIN is set." in page
    assert "PIN, no badge: make a badge" in page
    assert "nothing yet" not in page


async def test_who_may_not_is_told_by_name(client: TestClient, boss: Somebody) -> None:
    (await logged_in("Li Wei", Grant(Role.PICKER, "s1"))).at(client)
    answer = await client.get("/admin/people", headers={"Accept": "text/html"})
    page = await answer.text()
    assert (answer.status, "Li Wei is logged in here and has no role with the permission people.read." in page) == (403, True)
    assert "p-" not in re.sub(r"<[^>]*>", "", page)


async def test_people_are_paged_and_searched(client: TestClient, boss: Somebody) -> None:
    for number in range(5):
        await add_person(f"Name {number}", roles=[Grant(Role.FLOOR)])
    page = await (await client.get("/admin/people?q=name&per=2")).text()
    assert [f"Name {number}" in page for number in range(3)] == [True, True, False]
    following = re.findall(r'href="([^"]+)" rel="next"', page)[0].replace("&amp;", "&")
    page = await (await client.get(following)).text()
    assert [f"Name {number}" in page for number in range(1, 5)] == [False, True, True, False]
