"""Verbs on people: add, change, give roles, let go; badge, PIN, password.  Each takes the version off its row for the boxes.

Who asks is checked by `require_reach` (`controller/people/reach.py`), which api and pages call before.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from controller import db, events
from controller.errors import NotFound
from controller.people.errors import BadName, BadPassword, BadPin, EasyPin, LastAdmin, NameTaken
from controller.people.events import (
    BadgeIssued,
    BadgeWithdrawn,
    PasswordSet,
    PersonActivated,
    PersonAdded,
    PersonChanged,
    PersonDeactivated,
    PersonRolesChanged,
    PinSet,
)
from controller.people.policies import Grant, folded, is_easy_pin, is_name, is_pin, password_flaw
from controller.people.queries import grants_of, person
from controller.people.sessions import end_sessions
from controller.people.verifiers import Verifier, Verifiers, badge_hash, new_badge, new_person_id
from edge_agent.ui.locales import Language
from edge_agent.wire.roles import Role

verifiers = Verifiers()


async def add_person(name: str, *, language: Language = Language.ENGLISH, roles: Iterable[Grant] = ()) -> str:
    """A person, who cannot log in yet; returns the id.  Records PersonAdded.  Raises BadName, NameTaken, NotFound (site)."""
    if not is_name(name):
        raise BadName
    person_id, instant = new_person_id(), db.now()
    async with db.transaction():
        added = await db.execute(
            "INSERT INTO person (id, name, name_key, language, active, created_at, changed_at) VALUES (?, ?, ?, ?, ?, ?, ?) "
            "ON CONFLICT (name_key) DO NOTHING",
            *(person_id, name, folded(name), language.value, True, instant, instant),
        )
        if not added:
            raise NameTaken(name)
        await events.record(PersonAdded(), subject=person_id)
        await set_roles(person_id, roles)
    return person_id


async def change_person(person_id: str, *, name: str, language: Language) -> None:
    """Records PersonChanged if something did.  Raises BadName, NameTaken, NotFound."""
    if not is_name(name):
        raise BadName
    async with db.transaction():
        before = await person(person_id)
        changed = [field for field, value in (("name", name), ("language", language)) if getattr(before, field) != value]
        if not changed:
            return
        others = await db.fetch("SELECT id FROM person WHERE name_key = ? AND id <> ?", folded(name), person_id)
        if others:
            raise NameTaken(name)
        await _update(person_id, "name = ?, name_key = ?, language = ?", name, folded(name), language.value)
        await events.record(PersonChanged(fields=changed), subject=person_id)


async def set_roles(person_id: str, roles: Iterable[Grant]) -> None:
    """These and no others.  Records PersonRolesChanged if it did.  Raises NotFound (person, site), LastAdmin."""
    wanted = set(roles)
    async with db.transaction():
        await _touch(person_id)
        before = set(await grants_of(person_id))
        if wanted == before:
            return
        for grant in before - wanted:
            await _take_role(person_id, grant)
        for grant in sorted(wanted - before, key=_as_text):
            await _give_role(person_id, grant)
        await _require_an_admin_besides(person_id, before)
        changed = PersonRolesChanged(before=sorted(map(_as_text, before)), after=sorted(map(_as_text, wanted)))
        await events.record(changed, subject=person_id)


async def give_role(person_id: str, grant: Grant) -> None:
    """One more.  As `set_roles`."""
    async with db.transaction():
        await _touch(person_id)
        await set_roles(person_id, {*await grants_of(person_id), grant})


async def take_role(person_id: str, grant: Grant) -> None:
    """One less.  As `set_roles`."""
    async with db.transaction():
        await _touch(person_id)
        await set_roles(person_id, set(await grants_of(person_id)) - {grant})


def _as_text(grant: Grant) -> str:
    return f"{grant.role}@{grant.site or '*'}"


async def _take_role(person_id: str, grant: Grant) -> None:
    here, site = ("site_id IS NULL", ()) if grant.site is None else ("site_id = ?", (grant.site,))
    await db.execute(f"DELETE FROM person_role WHERE person_id = ? AND role = ? AND {here}", person_id, grant.role.value, *site)  # noqa: S608 -- ours


async def _give_role(person_id: str, grant: Grant) -> None:
    try:
        await db.execute(
            "INSERT INTO person_role (person_id, role, site_id) VALUES (?, ?, ?)", person_id, grant.role.value, grant.site
        )
    except db.ConstraintViolated as error:  # the role was not there in this transaction: it is the site's foreign key
        raise NotFound("site", grant.site) from error


async def set_active(person_id: str, *, active: bool) -> None:
    """Someone who left, or came back.  Who is not active has no session, and boxes forget them; what they did keeps their id.

    Records PersonDeactivated or PersonActivated.  Raises NotFound, LastAdmin.
    """
    async with db.transaction():
        before = await grants_of(person_id)
        if not await db.execute(
            "UPDATE person SET active = ?, changed_at = ?, version = NULL WHERE id = ? AND active <> ?",
            *(active, db.now(), person_id, active),
        ):
            await person(person_id)
            return
        if not active:
            await _require_an_admin_besides(person_id, before)
            await end_sessions(person_id)
        await events.record(PersonActivated() if active else PersonDeactivated(), subject=person_id)


async def issue_badge(person_id: str) -> str:
    """The text of a new badge, to be shown once; the one before opens nothing any more.  Records BadgeIssued.  Raises NotFound."""
    text = new_badge()
    async with db.transaction():
        await _update(person_id, "badge_hash = ?", badge_hash(text))
        await events.record(BadgeIssued(), subject=person_id)
        await end_sessions(person_id, means="badge")
    return text


async def withdraw_badge(person_id: str) -> None:
    """It was lost.  Records BadgeWithdrawn if there was one.  Raises NotFound."""
    async with db.transaction():
        if (await person(person_id)).has_badge:
            await _update(person_id, "badge_hash = NULL")
            await events.record(BadgeWithdrawn(), subject=person_id)
            await end_sessions(person_id, means="badge")


async def pin_verifier(person_id: str, pin: str) -> Verifier:
    """What is kept of a PIN that is to be this person's.  Before the transaction.  Raises NotFound, BadPin, EasyPin."""
    if not is_pin(pin):
        raise BadPin
    if is_easy_pin(pin):
        raise EasyPin
    await person(person_id)
    return await verifiers.of_pin(pin)


async def set_pin(person_id: str, verifier: Verifier) -> None:
    """Records PinSet.  Raises NotFound."""
    async with db.transaction():
        await _update(person_id, "pin_hash = ?", verifier)
        await events.record(PinSet(), subject=person_id)
        await end_sessions(person_id, means="badge")


async def password_verifier(person_id: str, password: str) -> Verifier:
    """What is kept of a password that is to be this person's.  Before the transaction.  Raises NotFound, BadPassword."""
    return await first_password_verifier((await person(person_id)).name, password)


async def first_password_verifier(name: str, password: str) -> Verifier:
    """The same for somebody who is to be added.  Raises BadPassword."""
    flaw = password_flaw(password, name)
    if flaw is not None:
        raise BadPassword(flaw)
    return await verifiers.of_password(password)


async def set_password(person_id: str, verifier: Verifier, *, keep: int | None = None) -> None:
    """Ends all sessions but `keep`.  Records PasswordSet.  Raises NotFound."""
    async with db.transaction():
        await _update(person_id, "password_hash = ?", verifier)
        await events.record(PasswordSet(), subject=person_id)
        await end_sessions(person_id, but=keep)


async def _touch(person_id: str) -> None:
    """A change of what boxes know of a person.  First in its transaction: two changes of one person go one after the other."""
    await _update(person_id, "active = active")


async def _update(person_id: str, columns: str, *values: object) -> None:
    sql = f"UPDATE person SET {columns}, changed_at = ?, version = NULL WHERE id = ?"  # noqa: S608 -- column names of ours
    if not await db.execute(sql, *values, db.now(), person_id):
        raise NotFound("person", person_id)


async def _require_an_admin_besides(person_id: str, before: Collection[Grant]) -> None:
    """Raises LastAdmin when this person was an admin of the whole chain and nobody is one any more who can log in by password."""
    if Grant(Role.ADMIN) not in before:
        return
    await db.fetch(f"SELECT id FROM person_role WHERE role = 'admin' AND site_id IS NULL ORDER BY id{db.for_update()}")  # noqa: S608 -- ours
    left = await db.fetch(
        "SELECT 1 AS one FROM person p JOIN person_role r ON r.person_id = p.id WHERE p.active AND p.password_hash IS NOT NULL "
        "AND r.role = 'admin' AND r.site_id IS NULL LIMIT 1"
    )
    mine = await db.fetch("SELECT password_hash FROM person WHERE id = ?", person_id)
    if not left and mine[0]["password_hash"] is not None:
        raise LastAdmin
