from __future__ import annotations

import asyncio
import itertools

import pytest
from aiohttp import DummyCookieJar
from aiohttp.test_utils import TestClient, TestServer

from controller import db
from controller.app import Parts, make_app
from controller.config import parse_config
from controller.intake.signing import (
    NONCE,
    SIGNATURE,
    TIME,
    BadSignature,
    end_old_secrets,
    forget_nonces,
    new_secret,
    signature,
    verify,
)
from tests.controller.intake.sent import document
from tests.controller.orders_shop import OrderShop

_nonces = itertools.count(10_000_000)
BODY = document()


def headers(secret: str, body: bytes = BODY, *, late: int = 0, nonce: str = "") -> dict[str, str]:
    time, once = str(int(db.now().timestamp()) + late), nonce or str(next(_nonces))
    return {TIME: time, NONCE: once, SIGNATURE: signature(secret, time, once, body)}


async def test_what_the_channel_signed_just_now_is_let_in_once(shop: OrderShop) -> None:
    secret = await new_secret("tmall")
    signed = headers(secret)
    await verify("tmall", BODY, signed)
    with pytest.raises(BadSignature, match="nonce"):
        await verify("tmall", BODY, signed)
    await verify("tmall", BODY, headers(secret))


async def test_a_replay_at_once_is_let_in_once(shop: OrderShop) -> None:
    signed = headers(await new_secret("tmall"))
    answers = await asyncio.gather(*(verify("tmall", BODY, signed) for _ in range(6)), return_exceptions=True)
    assert sum(answer is None for answer in answers) == 1


async def test_what_is_forged_old_or_of_another_channel_is_refused_and_uses_nothing_up(shop: OrderShop) -> None:
    secret = await new_secret("tmall")
    await new_secret("jd")
    good = headers(secret)
    for channel, body, sent in [
        ("tmall", BODY + b" ", good),
        ("jd", BODY, good),
        ("nobody", BODY, good),
        ("tmall", BODY, {**good, SIGNATURE: "0" * 64}),
        ("tmall", BODY, {**good, SIGNATURE: "\u00e9"}),
        ("tmall", BODY, {**good, NONCE: "other-nonce"}),
        ("tmall", BODY, {**good, TIME: "soon"}),
        ("tmall", BODY, {}),
        ("tmall", BODY, headers(secret, late=-301)),
        ("tmall", BODY, headers(secret, late=301)),
        ("tmall", BODY, headers("guess")),
    ]:
        with pytest.raises(BadSignature):
            await verify(channel, body, sent)
    await verify("tmall", BODY, good)


async def test_a_secret_is_changed_without_a_gap(shop: OrderShop) -> None:
    old = await new_secret("tmall")
    new = await new_secret("tmall")
    for secret in (old, new):
        await verify("tmall", BODY, headers(secret))
    assert await end_old_secrets("tmall") == 1
    assert await end_old_secrets("tmall") == 0
    await verify("tmall", BODY, headers(new))
    with pytest.raises(BadSignature):
        await verify("tmall", BODY, headers(old))
    stored = await db.fetch("SELECT sealed FROM intake_secret")
    assert not [row for row in stored if old in row["sealed"] or new in row["sealed"]]


async def test_nonces_are_kept_as_long_as_they_could_be_sent_again(shop: OrderShop) -> None:
    await verify("tmall", BODY, headers(await new_secret("tmall")))
    assert await forget_nonces(db.now()) == 0
    assert len(await db.fetch("SELECT 1 FROM intake_nonce")) == 1


async def test_a_channel_sends_over_http_without_a_token(shop: OrderShop) -> None:
    secret = await new_secret("tmall")
    server = TestServer(make_app(parse_config({}, {}, "test"), Parts()), host="127.0.0.1")
    async with TestClient(server, cookie_jar=DummyCookieJar()) as client:
        kind = {"Content-Type": "application/json"}
        path = "/api/v1/intake/tmall/orders"
        refused = await client.post(path, data=BODY, headers={**kind, **headers("guess")})
        assert (refused.status, (await refused.json())["code"]) == (403, "bad_signature")
        taken = await client.post(path, data=BODY, headers={**kind, **headers(secret)})
        assert (taken.status, (await taken.json())["known"]) == (200, False)
        again = await client.post(path, data=BODY, headers={**kind, **headers(secret)})
        assert (await again.json())["id"] == (await taken.json())["id"]
    assert len(await db.fetch("SELECT 1 FROM raw_order")) == 1
