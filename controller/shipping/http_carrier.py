"""A carrier with an HTTP interface of JSON.  `docs/carriers.md` describes it, for whoever puts one in front of a real carrier.

What the carrier did is uncertain from the moment a request may have reached it until its answer is read: only a connection that was
never made, or an answer that says so, is certain.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Annotated, TypeVar
from urllib.parse import quote as quoted

import aiohttp
import msgspec
from msgspec import Meta, Struct

from controller.answers import body_of
from controller.shipping.adapters import Bought, LabelWanted, ManifestPaper, NotAsked, Quote, Refused, Seen, Uncertain
from controller.shipping.choosing import Goods
from controller.shipping.file_based import seen_in

SECONDS = 20.0
MOST_BYTES = 1 << 20
NOT_DONE = frozenset({401, 403, 404, 405, 429})
"""Answers of who did nothing, and may be asked again."""
T = TypeVar("T")
_NUMBER = re.compile(r"[A-Za-z0-9-]{4,64}")


class _Label(Struct, frozen=True):
    tracking_no: str
    price_minor: Annotated[int, Meta(ge=0, le=10**9)] | None = None
    route: str = ""


class _Price(Struct, frozen=True):
    service: str
    price_minor: Annotated[int, Meta(ge=0, le=10**9)]


class _Event(Struct, frozen=True):
    tracking_no: str
    at: str
    code: str
    text: str = ""
    place: str = ""
    id: str = ""


class _Reference(Struct, frozen=True):
    reference: str = ""


class HttpCarrier:
    """`address` is where its paths begin; `token` is sent as a bearer, empty: none."""

    def __init__(self, address: str, token: str = "", *, seconds: float = SECONDS) -> None:
        self._address, self._seconds = address.rstrip("/"), seconds
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}

    async def quote(self, goods: Goods) -> Sequence[Quote]:
        status, body = await self._ask("POST", "/quotes", asdict(goods))
        _require(status, body)
        return [Quote(one.service, one.price_minor) for one in _decode(body, list[_Price])]

    async def buy(self, wanted: LabelWanted) -> Bought:
        asked = {
            "key": wanted.key,
            "order": wanted.order,
            "service": wanted.service,
            "grams": wanted.goods.grams,
            "value_minor": wanted.goods.value_minor,
            "currency": wanted.currency,
            "dangerous": wanted.goods.dangerous,
            "cold": wanted.goods.cold,
            "to": msgspec.to_builtins(wanted.to),
        }
        status, body = await self._ask("POST", "/labels", asked, {"Idempotency-Key": wanted.key})
        if status in NOT_DONE:
            raise NotAsked(f"the carrier answered {status}")
        if 400 <= status < 500 and status not in (408, 409, 425):
            raise Refused(f"the carrier answered {status}: {_words(body)}")
        if status not in (200, 201):
            raise Uncertain(f"the carrier answered {status}")
        return _bought(body)

    async def find(self, key: str) -> Bought | None:
        status, body = await self._ask("GET", f"/labels/{quoted(key, safe='')}")
        if status in (404, 410):
            return None
        if status != 200:
            raise Uncertain(f"the carrier answered {status} when it was asked for our key")
        return _bought(body)

    async def void(self, key: str, tracking_no: str) -> None:  # noqa: ARG002 -- our key names it
        status, body = await self._ask("DELETE", f"/labels/{quoted(key, safe='')}")
        if status not in (200, 204, 404, 410):
            _require(status, body)

    async def track(self, tracking_nos: Sequence[str]) -> Sequence[Seen]:
        status, body = await self._ask("POST", "/tracking", {"tracking_nos": list(tracking_nos)})
        _require(status, body)
        return [seen for one in _decode(body, list[_Event]) if (seen := seen_in(msgspec.to_builtins(one)))]

    async def manifest(self, paper: ManifestPaper) -> str:
        asked = {
            "number": paper.number,
            "site": paper.site,
            "day": paper.day.isoformat(),
            "tracking_nos": list(paper.tracking_nos),
        }
        status, body = await self._ask("POST", "/manifests", asked, {"Idempotency-Key": paper.number})
        _require(status, body)
        return _decode(body, _Reference).reference[:80] or paper.number

    async def _ask(
        self, method: str, path: str, body: object = None, headers: Mapping[str, str] | None = None
    ) -> tuple[int, bytes]:
        """Raises NotAsked (no connection was made), Uncertain (it may have arrived)."""
        timeout = aiohttp.ClientTimeout(total=self._seconds)
        data = None if body is None else msgspec.json.encode(body)
        sent = {**self._headers, **(headers or {}), "Content-Type": "application/json"}
        try:
            async with (
                aiohttp.ClientSession(timeout=timeout) as session,
                session.request(method, self._address + path, data=data, headers=sent, allow_redirects=False) as answer,
            ):
                return answer.status, await body_of(answer, MOST_BYTES)
        except (aiohttp.ClientConnectorError, aiohttp.InvalidURL, aiohttp.ConnectionTimeoutError) as error:
            raise NotAsked(f"no connection to the carrier: {type(error).__name__}") from error
        except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:
            raise Uncertain(f"no answer from the carrier: {type(error).__name__}") from error


def _bought(body: bytes) -> Bought:
    """An answer that cannot be read is none: the label may be there.  Raises Uncertain."""
    label = _decode(body, _Label)
    if not _NUMBER.fullmatch(label.tracking_no):
        raise Uncertain("the carrier's answer has no number that could be printed")
    return Bought(label.tracking_no, label.price_minor, label.route[:80])


def _decode(body: bytes, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Uncertain("the carrier's answer cannot be read") from error


def _require(status: int, body: bytes) -> None:
    if status not in (200, 201, 204):
        raise Uncertain(f"the carrier answered {status}: {_words(body)}")


def _words(body: bytes) -> str:
    return "".join(letter for letter in body.decode(errors="replace")[:160] if letter.isprintable())
