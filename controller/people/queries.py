"""Reads of people."""

# ruff: noqa: S608 -- what is put into the texts is column names of ours; values are parameters
from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime

from controller import db
from controller.errors import NotFound
from controller.people.policies import Grant, folded
from edge_agent.wire.roles import Role

_COLUMNS = (
    "id, name, name_key, language, active, badge_hash IS NOT NULL AS has_badge, pin_hash IS NOT NULL AS has_pin, "
    "password_hash IS NOT NULL AS has_password, created_at, changed_at"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonRow:
    """A person, without what only proves who they are."""

    id: str
    name: str
    name_key: str
    language: str
    active: bool
    has_badge: bool
    has_pin: bool
    has_password: bool
    created_at: datetime
    changed_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """What a log-in is checked against."""

    person: str
    name: str
    pin_hash: str | None
    password_hash: str | None


def _row(row: db.Row) -> PersonRow:
    flags = {name: bool(row[name]) for name in ("active", "has_badge", "has_pin", "has_password")}
    return PersonRow(**{**row, **flags})


async def person(person_id: str) -> PersonRow:
    """Raises NotFound."""
    rows = await db.fetch(f"SELECT {_COLUMNS} FROM person WHERE id = ?", person_id)
    if not rows:
        raise NotFound("person", person_id)
    return _row(rows[0])


async def people(
    *, after: str = "", limit: int = 50, q: str = "", active: bool | None = None, sites: Collection[str] | None = None
) -> list[PersonRow]:
    """In order of their folded names, from after the one whose `name_key` is `after`; `q`: part of a name, or an id.

    `sites`: those who have a role at one of them, or in the whole chain; None: everybody.
    """
    conditions, values = ["name_key > ?"], [after]
    if q:
        pattern = folded(q).replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        conditions.append("(name_key LIKE ? ESCAPE '\\' OR id = ?)")
        values += [f"%{pattern}%", q]
    where = " AND ".join(conditions)
    extra: list[object] = []
    if active is not None:
        where += " AND active = ?"
        extra.append(active)
    if sites is not None:
        here = f"(r.site_id IS NULL OR {db.among('r.site_id')})"
        where += f" AND EXISTS (SELECT 1 FROM person_role r WHERE r.person_id = person.id AND {here})"
        extra.append(db.listing(sorted(sites)))
    rows = await db.fetch(f"SELECT {_COLUMNS} FROM person WHERE {where} ORDER BY name_key LIMIT ?", *values, *extra, limit)
    return [_row(row) for row in rows]


async def anybody() -> bool:
    """Whether there is a person at all."""
    return bool(await db.fetch("SELECT 1 AS one FROM person LIMIT 1"))


async def admins(limit: int = 5) -> list[str]:
    """Names of those who can give anybody anything: active admins of the whole chain."""
    rows = await db.fetch(
        "SELECT p.name FROM person p WHERE p.active AND EXISTS (SELECT 1 FROM person_role r WHERE r.person_id = p.id "
        "AND r.role = 'admin' AND r.site_id IS NULL) ORDER BY p.name_key LIMIT ?",
        limit,
    )
    return [row["name"] for row in rows]


async def grants_of(person_id: str) -> list[Grant]:
    return (await grants_of_all([person_id]))[person_id]


async def grants_of_all(person_ids: Iterable[str]) -> dict[str, list[Grant]]:
    """By person; a role that this version does not know is none."""
    found: dict[str, list[Grant]] = defaultdict(list)
    rows = await db.fetch(
        f"SELECT person_id, role, site_id FROM person_role WHERE {db.among('person_id')} ORDER BY person_id, role, site_id",
        db.listing(sorted(set(person_ids))),
    )
    for row in rows:
        if row["role"] in set(Role):
            found[row["person_id"]].append(Grant(Role(row["role"]), row["site_id"]))
    return found


async def names_of(person_ids: Iterable[str]) -> dict[str, str]:
    """Names by id, of those whom we know."""
    rows = await db.fetch(f"SELECT id, name FROM person WHERE {db.among('id')}", db.listing(sorted(set(person_ids))))
    return {row["id"]: row["name"] for row in rows}


async def by_name(name: str) -> Credentials | None:
    """Of an active person."""
    return await _credentials("name_key = ?", folded(name))


async def by_badge(digest: str) -> Credentials | None:
    """Of an active person."""
    return await _credentials("badge_hash = ?", digest)


async def by_id(person_id: str) -> Credentials | None:
    """Of an active person."""
    return await _credentials("id = ?", person_id)


async def _credentials(condition: str, value: str) -> Credentials | None:
    rows = await db.fetch(f"SELECT id, name, pin_hash, password_hash FROM person WHERE active AND {condition}", value)
    if not rows:
        return None
    row = rows[0]
    return Credentials(person=row["id"], name=row["name"], pin_hash=row["pin_hash"], password_hash=row["password_hash"])
