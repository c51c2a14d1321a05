"""What `/readyz` looks at: the database, its schema, and for a gateway the broker; a sentence for what is not well."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping

from controller import db
from controller.database import pending_migrations
from controller.http.health import Check

Trouble = Callable[[], str | None]
"""Why there is no connection to the broker, in words; None while there is one."""


def checks(broker_trouble: Trouble) -> Mapping[str, Check]:
    """By the names that `/readyz` shows."""

    async def database() -> str | None:
        try:
            async with asyncio.timeout(2):
                await db.fetch("SELECT 1 AS one FROM api_token LIMIT 1")
        except Exception as error:  # noqa: BLE001 -- whatever keeps it from answering is the answer
            return f"does not answer: {type(error).__name__}"
        return None

    async def broker() -> str | None:
        return broker_trouble()

    return {"database": database, "schema": _schema_check(), "broker": broker}


def _schema_check() -> Check:
    """A schema at its newest migration stays there as long as this process lives: then it is looked at no more."""
    is_newest = False

    async def schema() -> str | None:
        nonlocal is_newest
        if is_newest:
            return None
        try:
            async with asyncio.timeout(2):
                pending = await pending_migrations()
        except Exception as error:  # noqa: BLE001 -- whatever keeps it from answering is the answer
            return f"cannot be read: {type(error).__name__}"
        is_newest = not pending
        return f"has not had {', '.join(pending)}: run `shelfwire-controller migrate`" if pending else None

    return schema
