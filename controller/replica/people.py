"""Who may work at a site: those with a role there or in the whole chain; anybody else is gone from its boxes."""

# ruff: noqa: S608 -- what is put into the texts is names of ours; values are parameters
from __future__ import annotations

from collections import defaultdict

from controller import db
from controller.replica.parts import Changed, Id, Versioned
from edge_agent.wire.replica import ReplicaPerson


async def _read(site_id: str, after: tuple[int, Id], limit: int) -> list[Changed]:
    people = await db.fetch(
        "SELECT id, version, name, language, badge_hash, pin_hash, active FROM person "
        "WHERE (version, id) > (?, ?) ORDER BY version, id LIMIT ?",
        *(*after, limit),
    )
    granted = await db.fetch(
        "SELECT DISTINCT person_id, role FROM person_role "
        f"WHERE (site_id IS NULL OR site_id = ?) AND {db.among('person_id')} ORDER BY person_id, role",
        site_id,
        db.listing([row["id"] for row in people if row["active"]]),
    )
    roles: dict[str, list[str]] = defaultdict(list)
    for row in granted:
        roles[row["person_id"]].append(row["role"])
    return [Changed(row["version"], row["id"], _person(row, roles.get(row["id"], []))) for row in people]


def _person(row: db.Row, roles: list[str]) -> ReplicaPerson | None:
    if not roles:
        return None
    return ReplicaPerson(
        id=row["id"],
        name=row["name"],
        language=row["language"],
        badge=row["badge_hash"],
        pin=row["pin_hash"],
        roles=roles,
    )


PEOPLE = Versioned(name="people", table="person", read=_read, first_id="")
