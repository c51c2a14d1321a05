"""`python -m controller.migrations`: write the migration that brings the schema to the models, if they differ."""

from __future__ import annotations

import asyncio
import re
import tempfile
from pathlib import Path

from controller import database


async def _write() -> tuple[list[str], dict[str, str]]:
    with tempfile.TemporaryDirectory() as folder:
        await database.connect(f"sqlite://{folder}/models.db")
        try:
            return await database.write_migration(), database.given_keys()
        finally:
            await database.close()


def _keep_given(migration: str, keys: dict[str, str]) -> str:
    """Tortoise's writer forgets `generated=False`: a key that we give would become one that the database counts."""
    for model, key in keys.items():
        migration = re.sub(
            rf"""(name=["']{model}["'],(?:(?!CreateModel).)*?["']{key}["'],\s*fields\.(?:Big)?IntField\()(?!generated)""",
            r"\1generated=False, ",
            migration,
            flags=re.DOTALL,
        )
    return migration


def main() -> None:
    paths, keys = asyncio.run(_write())
    for path in paths:
        file = Path(path)
        file.write_text(_keep_given(file.read_text(encoding="utf-8"), keys), encoding="utf-8")
    print("\n".join(map(str, paths)) or "models and migrations agree")


if __name__ == "__main__":
    main()
