"""Webhooks are signed: HMAC-SHA256 over time, nonce and body, with a secret of the channel.  What was sent once counts once."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import uuid4

from controller.customers.keyring import Place
from controller.customers.sealing import seal, unseal
from controller.db import execute, fetch, now, transaction
from controller.errors import Forbidden

TIME, NONCE, SIGNATURE = "X-Shelfwire-Time", "X-Shelfwire-Nonce", "X-Shelfwire-Signature"
TOLERANCE = timedelta(minutes=5)
KEPT = timedelta(days=1)
_BYTES = 32


class BadSignature(Forbidden):
    """It was not sent by who it says, or not just now, or a second time."""

    code = "bad_signature"


def signature(secret: str, time: str, nonce: str, body: bytes) -> str:
    """In hex: HMAC-SHA256 (RFC 2104) over the time, a dot, the nonce, a dot, and the body."""
    return hmac.new(secret.encode(), f"{time}.{nonce}.".encode() + body, hashlib.sha256).hexdigest()


async def new_secret(channel: str) -> str:
    """A secret that the channel signs with from now on; the one before it holds until it is ended."""
    secret_id, text = uuid4().hex, secrets.token_urlsafe(_BYTES)
    await execute(
        "INSERT INTO intake_secret (id, channel, sealed, made_at) VALUES (?, ?, ?, ?)",
        *(secret_id, channel, await seal(text, _place(secret_id)), now()),
    )
    return text


@dataclass(frozen=True, slots=True)
class Held:
    """So many secrets of a channel hold; `made_at`: the newest one.  A secret itself is never shown again."""

    channel: str
    secrets: int
    made_at: datetime


async def secrets_held() -> list[Held]:
    """By channel."""
    rows = await fetch("SELECT channel, made_at FROM intake_secret WHERE ended_at IS NULL ORDER BY channel, made_at")
    made: dict[str, list[datetime]] = {}
    for row in rows:
        made.setdefault(row["channel"], []).append(row["made_at"])
    return [Held(channel, len(times), times[-1]) for channel, times in made.items()]


async def end_old_secrets(channel: str) -> int:
    """All but the newest of a channel hold no more; how many that were."""
    return await execute(
        "UPDATE intake_secret SET ended_at = ? WHERE channel = ? AND ended_at IS NULL AND id <> "
        "(SELECT id FROM intake_secret WHERE channel = ? AND ended_at IS NULL ORDER BY made_at DESC, id DESC LIMIT 1)",
        *(now(), channel, channel),
    )


async def verify(channel: str, body: bytes, headers: Mapping[str, str]) -> None:
    """Raises BadSignature.  A nonce is used up by what was signed well; in the caller's transaction."""
    told = {name.lower(): value for name, value in headers.items()}
    time, nonce, sent = (told.get(name.lower(), "") for name in (TIME, NONCE, SIGNATURE))
    if not (time.isascii() and time.isdigit() and len(time) <= 12 and 8 <= len(nonce) <= 64 and nonce.isascii()):
        raise BadSignature(f"expected {TIME} in seconds since 1970, {NONCE} of 8 to 64 characters, {SIGNATURE} in hex")
    rows = await fetch("SELECT id, sealed FROM intake_secret WHERE channel = ? AND ended_at IS NULL ORDER BY made_at", channel)
    known = [await unseal(row["sealed"], _place(row["id"])) for row in rows]
    wanted = [signature(secret, time, nonce, body).encode() for secret in known or [secrets.token_urlsafe(_BYTES)]]
    matches = [hmac.compare_digest(each, sent.encode(errors="replace")) for each in wanted]
    if not (known and any(matches)):
        raise BadSignature("the signature does not fit: is it made with this channel's secret, over time, nonce and body?")
    if abs(now().timestamp() - int(time)) > TOLERANCE.total_seconds():
        raise BadSignature("it was signed more than five minutes ago, or is not signed yet: set the sender's clock, sign again")
    async with transaction():
        changed = await fetch(
            "INSERT INTO intake_nonce (channel, nonce, seen_at) VALUES (?, ?, ?) ON CONFLICT (channel, nonce) DO NOTHING "
            "RETURNING id",
            *(channel, nonce, now()),
        )
    if not changed:
        raise BadSignature("this nonce was used before: sign what is new with a new one")


async def forget_nonces(at: datetime) -> int:
    """Those that are too old to be sent again; how many."""
    return await execute("DELETE FROM intake_nonce WHERE seen_at < ?", at - KEPT)


def _place(secret_id: str) -> Place:
    return Place("intake_secret", "sealed", secret_id)
