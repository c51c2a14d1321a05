"""Verbs on people, on both engines: what changes, what is refused, what is recorded, what boxes are told."""

from __future__ import annotations

import pytest

from controller import db
from controller.errors import NotFound
from controller.events import history
from controller.people import operations, queries, sessions
from controller.people.errors import BadName, BadPassword, BadPin, EasyPin, LastAdmin, NameTaken
from controller.people.operations import add_person
from controller.people.policies import Grant
from controller.people.sessions import Limits, open_session, session_of
from controller.people.verifiers import badge_hash
from controller.sites.operations import create_site
from edge_agent.ui.locales import Language
from edge_agent.wire.roles import Role
from tests.controller.people.browser import PASSWORD

pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture(autouse=True)
async def _sites(database: str) -> None:
    await create_site("s1", name="One")
    await create_site("s2", name="Two")


async def names(person: str) -> list[str]:
    return [event.name for event in await history(person)]


async def stored(person: str) -> db.Row:
    return (await db.fetch("SELECT * FROM person WHERE id = ?", person))[0]


async def numbered() -> None:
    await db.execute("UPDATE person SET version = 1")


async def test_names_are_what_people_log_in_by() -> None:
    await add_person("Li Wei")
    with pytest.raises(NameTaken):
        await add_person("ＬＩ  wei")
    other = await add_person("Li Wei 2")
    with pytest.raises(NameTaken):
        await operations.change_person(other, name="li wei", language=Language.ENGLISH)
    for name in ("", " x", "a\nb", "x" * 81):
        with pytest.raises(BadName):
            await add_person(name)


async def test_a_role_is_given_where_there_is_a_site_and_the_person_is_added_with_it_or_not_at_all() -> None:
    with pytest.raises(NotFound):
        await add_person("Mei", roles=[Grant(Role.FLOOR, "nowhere")])
    assert not await queries.anybody()
    mei = await add_person("Mei", roles=[Grant(Role.FLOOR, "s1")])
    await operations.give_role(mei, Grant(Role.PICKER))
    await operations.give_role(mei, Grant(Role.PICKER))
    assert await queries.grants_of(mei) == [Grant(Role.FLOOR, "s1"), Grant(Role.PICKER)]
    await operations.take_role(mei, Grant(Role.FLOOR, "s1"))
    assert await queries.grants_of(mei) == [Grant(Role.PICKER)]
    changed = [event.data for event in await history(mei) if event.name == "person_roles_changed"]
    assert changed[-1] == {"before": ["floor@s1", "picker@*"], "after": ["picker@*"]}
    assert len(changed) == 3, "giving what was there already is no change"


async def test_the_last_admin_stays() -> None:
    first = await add_person("First", roles=[Grant(Role.ADMIN)])
    await operations.set_roles(first, [])
    await operations.set_roles(first, [Grant(Role.ADMIN)])
    await operations.set_password(first, await operations.password_verifier(first, PASSWORD))
    for refused in (operations.set_roles(first, []), operations.set_active(first, active=False)):
        with pytest.raises(LastAdmin):
            await refused
    second = await add_person("Second", roles=[Grant(Role.ADMIN)])
    with pytest.raises(LastAdmin):
        await operations.set_active(first, active=False)
    await operations.set_password(second, await operations.password_verifier(second, PASSWORD))
    await operations.set_active(first, active=False)
    assert not (await queries.person(first)).active


async def test_pins_and_passwords_are_stored_as_verifiers_and_never_recorded() -> None:
    mei = await add_person("Mei")
    with pytest.raises(BadPin):
        await operations.set_pin(mei, await operations.pin_verifier(mei, "12"))
    with pytest.raises(EasyPin):
        await operations.set_pin(mei, await operations.pin_verifier(mei, "1234"))
    with pytest.raises(BadPassword) as refused:
        await operations.set_password(mei, await operations.password_verifier(mei, "password1234"))
    assert refused.value.flaw == "common"
    await operations.set_pin(mei, await operations.pin_verifier(mei, "2580"))
    await operations.set_password(mei, await operations.password_verifier(mei, PASSWORD))
    badge = await operations.issue_badge(mei)
    row = await stored(mei)
    assert row["badge_hash"] == badge_hash(badge)
    kept = " ".join(str(value) for value in [*row.values(), *(event.data for event in await history(mei))])
    for secret in ("2580", PASSWORD, badge):
        assert secret not in kept
    assert "pin_set" in await names(mei)


async def test_what_ends_sessions() -> None:
    mei = await add_person("Mei", roles=[Grant(Role.ADMIN)])

    async def opened(means: sessions.Means = "password") -> str:
        return await open_session(mei, means=means, address="10.0.0.9", agent="x")

    keep, other, by_badge = await opened(), await opened(), await opened("badge")
    kept = await session_of(keep, Limits())
    assert kept is not None
    await operations.set_password(mei, await operations.password_verifier(mei, PASSWORD), keep=kept.id)
    assert [await session_of(token, Limits()) is not None for token in (keep, other, by_badge)] == [True, False, False]
    by_badge = await opened("badge")
    await operations.issue_badge(mei)
    assert [await session_of(token, Limits()) is not None for token in (keep, by_badge)] == [True, False]
    second = await add_person("Second", roles=[Grant(Role.ADMIN)])
    await operations.set_password(second, await operations.password_verifier(second, PASSWORD))
    await operations.set_active(mei, active=False)
    assert await session_of(keep, Limits()) is None


async def test_every_change_takes_the_version_off_for_the_boxes() -> None:
    mei = await add_person("Mei", roles=[Grant(Role.FLOOR, "s1")])
    assert (await stored(mei))["version"] is None
    verifier = await operations.pin_verifier(mei, "2580")
    for change in (
        lambda: operations.change_person(mei, name="Mei Lin", language=Language.CHINESE),
        lambda: operations.give_role(mei, Grant(Role.PICKER, "s1")),
        lambda: operations.take_role(mei, Grant(Role.PICKER, "s1")),
        lambda: operations.issue_badge(mei),
        lambda: operations.set_pin(mei, verifier),
        lambda: operations.withdraw_badge(mei),
        lambda: operations.set_active(mei, active=False),
        lambda: operations.set_active(mei, active=True),
    ):
        await numbered()
        await change()
        assert (await stored(mei))["version"] is None


async def test_lists_go_by_name_and_are_searched_as_names_are_folded() -> None:
    people = {name: await add_person(name, roles=[Grant(Role.FLOOR, "s1")]) for name in ("Anna", "Bea_1", "Bea%2", "王小美")}
    assert [row.name for row in await queries.people(limit=2)] == ["Anna", "Bea%2"]
    assert [row.name for row in await queries.people(after="bea%2", limit=2)] == ["Bea_1", "王小美"]
    assert [row.name for row in await queries.people(q="BEA_")] == ["Bea_1"]
    assert [row.name for row in await queries.people(q="小")] == ["王小美"]
    assert [row.name for row in await queries.people(q=people["Anna"])] == ["Anna"]
    assert await queries.people(sites=["s2"]) == []


async def test_no_verifier_is_made_or_checked_while_writers_wait() -> None:
    """Each takes a tenth of a second, and on SQLite a transaction has the file for itself."""
    mei = await add_person("Mei")
    for slow in (
        lambda: operations.pin_verifier(mei, "2580"),
        lambda: operations.password_verifier(mei, PASSWORD),
        lambda: operations.verifiers.is_password(PASSWORD, None),
    ):
        with pytest.raises(RuntimeError, match="before the transaction"):
            async with db.transaction():
                await slow()
        await slow()
