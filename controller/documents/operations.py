"""Store templates.  A stored version never changes: its name is the hash of its content."""

from __future__ import annotations

from importlib import resources

from controller.db import execute, now, transaction
from drivers.documents.templates import content_version, load_template


async def store(body: bytes) -> str:
    """Store a template and make it the current one of its name; its version.  Repeating it changes nothing.

    Raises drivers.documents.errors.BadTemplate.
    """
    read = load_template(body)
    version = content_version(body)
    async with transaction():
        await execute(
            "INSERT INTO print_template (name, version, kind, body, created_at) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
            read.name,
            version,
            read.kind,
            body.decode(),
            now(),
        )
        await execute(
            "INSERT INTO current_template (name, version) VALUES (?, ?) "
            "ON CONFLICT (name) DO UPDATE SET version = excluded.version",
            read.name,
            version,
        )
    return version


async def store_builtin() -> list[str]:
    """Store the templates that come with the controller; called at each start.  Their versions, by name."""
    folder = resources.files("controller.documents") / "builtin"
    files = sorted((file for file in folder.iterdir() if file.name.endswith(".json")), key=lambda file: file.name)
    return [await store(file.read_bytes()) for file in files]
