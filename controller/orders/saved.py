"""Saved views of the list of orders: filters under a name, one's own or shared with those who have a role.

They stand beside the list whose filters they name, and not with people: who leaves takes nothing of them along, and a filter that
is renamed is renamed here.
"""

# ruff: noqa: S608 -- what is put into the texts is conditions of ours; values are parameters
from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from controller.db import among, execute, fetch, listing, now, transaction
from controller.errors import Conflict, NotFound, Rejected
from edge_agent.wire.roles import Role

MOST_VIEWS = 30
"""Of one person: more than that are found by nobody."""
MAX_NAME, MAX_QUERY = 60, 1000


class BadView(Rejected):
    code = "bad_view"


class TooManyViews(Conflict):
    code = "too_many_views"


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredView:
    """`query`: as the list's address has it.  `role`: whom its owner shares it with."""

    id: int
    owner: str
    name: str
    query: str
    role: Role | None


async def views(owner: str, roles: Collection[Role]) -> list[StoredView]:
    """Their own first, by name, then what others share with one of their roles."""
    rows = await fetch(
        f"SELECT * FROM saved_view WHERE owner = ? OR {among('role')} "
        "ORDER BY CASE WHEN owner = ? THEN 0 ELSE 1 END, name, id LIMIT ?",
        *(owner, listing(sorted(roles)), owner, 2 * MOST_VIEWS),
    )
    told = ("id", "owner", "name", "query")
    return [StoredView(role=Role(row["role"]) if row["role"] else None, **{name: row[name] for name in told}) for row in rows]


async def save(owner: str, name: str, query: str, *, role: Role | None = None) -> None:
    """Keep it, or keep something else under its name.  Raises BadView, TooManyViews."""
    plain = " ".join(name.split())
    if not 0 < len(plain) <= MAX_NAME or not plain.isprintable() or len(query) > MAX_QUERY:
        raise BadView(f"a view has a name of 1 to {MAX_NAME} characters on one line, and at most {MAX_QUERY} of filters")
    async with transaction():
        await execute(
            "INSERT INTO saved_view (owner, name, query, role, saved_at) VALUES (?, ?, ?, ?, ?) "
            "ON CONFLICT (owner, name) DO UPDATE SET query = excluded.query, role = excluded.role, saved_at = excluded.saved_at",
            *(owner, plain, query, role and role.value, now()),
        )
        rows = await fetch("SELECT COUNT(*) AS n FROM saved_view WHERE owner = ?", owner)
        if rows[0]["n"] > MOST_VIEWS:
            raise TooManyViews(f"{MOST_VIEWS} views are the most that one person keeps: forget one first")


async def forget(owner: str, view_id: int) -> StoredView:
    """One's own; what it was, so that it can be saved again.  Raises NotFound."""
    rows = await fetch("DELETE FROM saved_view WHERE id = ? AND owner = ? RETURNING *", view_id, owner)
    if not rows:
        raise NotFound("saved view", view_id)
    row = rows[0]
    return StoredView(
        id=row["id"], owner=row["owner"], name=row["name"], query=row["query"], role=Role(row["role"]) if row["role"] else None
    )
