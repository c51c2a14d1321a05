"""What could not become a fact is kept for inspection: once per content, counted, bounded."""

# ruff: noqa: S608 -- the only texts put into statements are our own names
from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime

from controller.db import execute, fetch
from controller.events import record
from controller.fleet.events import MessageRejected
from controller.fleet.intake import Unreadable

KEPT = 10_000
"""Rows of `rejected_message`; the ones seen longest ago go first."""


async def store(messages: Sequence[Unreadable], received_at: datetime) -> None:
    """Keep them; the first of each content is an event, its repetitions only count."""
    if not messages:
        return
    distinct = {_digest(message): message for message in messages}
    for digest, message in sorted(distinct.items()):
        rows = await fetch(
            "INSERT INTO rejected_message (digest, topic, payload, code, detail, first_at, last_at, times) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, 1) ON CONFLICT (digest) DO UPDATE "
            "SET times = rejected_message.times + 1, last_at = excluded.last_at RETURNING times",
            digest,
            message.topic.replace("\0", "\ufffd"),
            bytes(message.payload),
            message.why.code,
            message.why.detail.replace("\0", "\ufffd"),
            received_at,
            received_at,
        )
        if rows[0]["times"] == 1:
            await record(MessageRejected(code=message.why.code, detail=message.why.detail), subject=digest)
    oldest = "SELECT last_at FROM rejected_message ORDER BY last_at DESC LIMIT 1 OFFSET ?"
    await execute(f"DELETE FROM rejected_message WHERE last_at < ({oldest})", KEPT)


def _digest(message: Unreadable) -> str:
    content = b"\0".join((message.topic.encode(errors="replace"), message.why.code.encode(), message.payload))
    return hashlib.sha256(content).hexdigest()
