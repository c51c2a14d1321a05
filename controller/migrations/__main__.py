"""`python -m controller.migrations`: write the migration that brings the schema to the models, if they differ."""

from __future__ import annotations

import asyncio
import tempfile

from controller import database


async def _write() -> None:
    with tempfile.TemporaryDirectory() as folder:
        await database.connect(f"sqlite://{folder}/models.db")
        try:
            for path in await database.write_migration() or ["models and migrations agree"]:
                print(path)
        finally:
            await database.close()


if __name__ == "__main__":
    asyncio.run(_write())
