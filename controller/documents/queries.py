"""Templates as they are stored."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from controller.db import Row, fetch
from controller.errors import NotFound


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredTemplate:
    """`version` is the hex SHA-256 of `body`; `kind` is `label` or `receipt`; `is_current` marks what new jobs are printed with."""

    name: str
    version: str
    kind: str
    body: bytes
    created_at: datetime
    is_current: bool


_SELECT = """
    SELECT t.name, t.version, t.kind, t.body, t.created_at, c.version AS current_version
    FROM print_template t LEFT JOIN current_template c ON c.name = t.name
"""


async def current(name: str) -> StoredTemplate:
    """What new jobs named so are printed with.  Raises NotFound."""
    rows = await fetch(f"{_SELECT} WHERE t.name = ? AND t.version = c.version", name)
    if not rows:
        raise NotFound("print template", name)
    return _stored(rows[0])


async def template(name: str, version: str) -> StoredTemplate:
    """One version, as a box asks for it.  Raises NotFound."""
    rows = await fetch(f"{_SELECT} WHERE t.name = ? AND t.version = ?", name, version)
    if not rows:
        raise NotFound("print template", f"{name}/{version}")
    return _stored(rows[0])


async def current_versions() -> list[StoredTemplate]:
    """What new jobs are printed with, by name."""
    return [_stored(row) for row in await fetch(f"{_SELECT} WHERE t.version = c.version ORDER BY t.name")]


async def templates(*, after: str, limit: int) -> list[StoredTemplate]:
    """All versions of all templates, by name and version; `after` is a `name/version`."""
    name, _, version = after.partition("/")
    rows = await fetch(
        f"{_SELECT} WHERE t.name > ? OR (t.name = ? AND t.version > ?) ORDER BY t.name, t.version LIMIT ?",
        name,
        name,
        version,
        limit,
    )
    return [_stored(row) for row in rows]


def _stored(row: Row) -> StoredTemplate:
    return StoredTemplate(
        name=row["name"],
        version=row["version"],
        kind=row["kind"],
        body=row["body"].encode(),
        created_at=row["created_at"],
        is_current=row["version"] == row["current_version"],
    )
