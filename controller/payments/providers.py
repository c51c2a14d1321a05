"""Providers of payments over HTTP: what they are asked, signed; what they answer; what is known when they do not.

A call is made with a key that was written down before; whoever loses the answer asks for the key, and never calls twice blindly.
The protocol is docs/payments.md.  Amounts in minor units.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
from dataclasses import dataclass, field
from typing import Annotated, Literal
from urllib.parse import quote

import aiohttp
import msgspec
from msgspec import Meta, Struct

from controller import db
from controller.answers import body_of
from controller.payments.config import Payments, ProviderSection

SECONDS = 20.0
MOST_OF_AN_ANSWER = 64 * 1024
SIGNATURE, TIME = "X-Shelfwire-Signature", "X-Shelfwire-Time"
_TRY_AGAIN = frozenset({408, 409, 425, 429})


class Unanswered(Exception):
    """Nobody knows whether it was done: the key is to be asked for."""


class NeverHappened(Exception):
    """It surely was not done: it may be called again."""


class Refused(Exception):
    """The provider said no, for good."""


class Unconfigured(Exception):
    """There is no such provider, or no secret to sign with."""


class Told(Struct, frozen=True, kw_only=True):
    """A provider's answer.  `id` names the movement, the same in its callback; `payment` is its reference of the payment."""

    status: Literal["done", "pending", "refused"]
    payment: Annotated[str, Meta(max_length=128)] | None = None
    id: Annotated[str, Meta(max_length=160)] | None = None
    amount_minor: Annotated[int, Meta(ge=0, le=10**12)] | None = None
    pay_url: Annotated[str, Meta(max_length=500)] | None = None
    error: str | None = None


class Wanted(Struct, frozen=True, kw_only=True):
    """What a provider is asked to do."""

    key: str
    action: str
    order: str
    payment: str | None
    amount_minor: int
    currency: str


@dataclass(slots=True)
class Kept:
    """The providers of this process."""

    sections: dict[str, ProviderSection] = field(default_factory=dict)


def set_providers(config: Payments) -> None:
    """Make configured providers known in this process, once the database is open."""
    db.memory("payments.providers", Kept).sections = dict(config.providers)


def known_providers() -> list[str]:
    return sorted(db.memory("payments.providers", Kept).sections)


def _section(provider: str) -> ProviderSection:
    """Raises Unconfigured."""
    section = db.memory("payments.providers", Kept).sections.get(provider)
    if section is None:
        raise Unconfigured(f"no provider {provider} is configured: [[payment_provider]]")
    return section


async def secret_of(provider: str) -> bytes:
    """Raises Unconfigured."""
    section = _section(provider)
    if section.secret_file is None:
        raise Unconfigured(f"provider {provider} has no secret_file")
    try:
        return (await asyncio.to_thread(section.secret_file.read_bytes)).strip()
    except OSError as error:
        raise Unconfigured(f"the secret of provider {provider} cannot be read: {error.strerror}") from error


def signature(secret: bytes, moment: str, body: bytes) -> str:
    """HMAC-SHA256 over `moment.body`, in hex; `moment` is the header X-Shelfwire-Time, in seconds since 1970."""
    return hmac.new(secret, moment.encode() + b"." + body, hashlib.sha256).hexdigest()


async def do(provider: str, wanted: Wanted) -> Told:
    """Ask for it, once.  Raises Unanswered, NeverHappened, Refused, Unconfigured."""
    return await _exchange(provider, "POST", "/v1/operations", wanted.key, msgspec.json.encode(wanted))


async def ask_for(provider: str, key: str) -> Told:
    """What became of a key.  Raises NeverHappened (the provider never saw it), Unanswered, Refused, Unconfigured."""
    return await _exchange(provider, "GET", f"/v1/operations/{quote(key, safe='')}", key, b"")


async def _exchange(provider: str, method: str, path: str, key: str, body: bytes) -> Told:
    secret, moment = await secret_of(provider), str(int(db.now().timestamp()))
    headers = {"Content-Type": "application/json", "Idempotency-Key": key, TIME: moment, SIGNATURE: signature(secret, moment, body)}
    url = _section(provider).url.rstrip("/") + path
    try:
        async with (
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=SECONDS)) as session,
            session.request(method, url, data=body or None, headers=headers, allow_redirects=False) as response,
        ):
            answer = await body_of(response, MOST_OF_AN_ANSWER)
    except (aiohttp.ClientConnectorError, aiohttp.InvalidURL) as error:
        what = f"{provider} cannot be reached: {type(error).__name__}"
        raise (NeverHappened if method == "POST" else Unanswered)(what) from error
    except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:
        raise Unanswered(f"{provider} did not answer: {type(error).__name__}") from error
    return _read(provider, method, response.status, answer)


def _read(provider: str, method: str, status: int, answer: bytes) -> Told:
    if method == "GET" and status == 404:
        raise NeverHappened(f"{provider} never saw it")
    if status // 100 == 4 and status not in _TRY_AGAIN and method == "POST":
        raise Refused(f"{provider} answers {status}: {_words(answer)}")
    if status // 100 != 2:
        raise Unanswered(f"{provider} answers {status}")
    try:
        told = msgspec.json.decode(answer, type=Told)
    except msgspec.DecodeError as error:
        raise Unanswered(f"{provider} answers what cannot be read: {error}") from error
    if told.status == "refused":
        raise Refused(told.error or f"{provider} refused it")
    return told


def _words(answer: bytes) -> str:
    return answer[:120].decode(errors="replace").replace("\0", " ")
