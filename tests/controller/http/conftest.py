"""A small API on a real database: notes that are written and read through the same machinery as every feature."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated

import msgspec
import pytest
from aiohttp.test_utils import TestClient, TestServer

from controller import db
from controller.errors import Conflict, Forbidden, NotFound, Rejected
from controller.http import auth
from controller.http.build import build
from controller.http.metrics import Metrics
from controller.http.routing import Call, Created, Page, Permission, Reply, Route, page


class NewNote(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    text: Annotated[str, msgspec.Meta(min_length=1, max_length=40)]
    lines: list[int] = []


class Note(msgspec.Struct, frozen=True, kw_only=True):
    key: str


class TooLate(Conflict):
    code = "too_late"


class Notes:
    """What the handlers did, and a gate that holds one of them up."""

    def __init__(self) -> None:
        self.gate = asyncio.Event()
        self.entered = asyncio.Event()

    async def add(self, call: Call[NewNote]) -> Created[Note]:
        text = call.body.text
        await auth.create_token(text, [], token=text)  # any write of the database will do
        if text == "slow":
            self.entered.set()
            await self.gate.wait()
        if text == "late":
            raise TooLate("it is too late")
        return Created(Note(key=text), location=f"/api/v1/notes/{text}")

    async def find(self, call: Call[None]) -> Note:
        match call.path["key"]:
            case "refused":
                raise Rejected("never")
            case "forbidden":
                raise Forbidden("not you")
            case "broken":
                raise RuntimeError("secret inside")
            case key if not await db.fetch("SELECT 1 FROM api_token WHERE hash = ?", auth.hash_of(key)):
                raise NotFound("note", key)
            case key:
                return Note(key=key)

    async def listing(self, call: Call[None]) -> Page[Note]:
        keys = [f"{number:04d}" for number in range(1000)]
        after = call.page.after or ""
        rows = [Note(key=key) for key in keys if key > after and key.startswith(call.query.get("prefix", ""))]
        return page(rows[: call.page.limit], call.page, key=lambda note: note.key)

    async def upload(self, call: Call[bytes]) -> Reply:
        return Reply(call.body[::-1], "text/csv")

    def routes(self) -> list[Route]:
        read, write = Permission.CATALOG_READ, Permission.CATALOG_WRITE
        return [
            Route("POST", "/api/v1/notes", self.add, permission=write, body=NewNote, reply=Note, summary="Add"),
            Route("GET", "/api/v1/notes", self.listing, permission=read, reply=Page[Note], summary="List", filters={"prefix": "…"}),
            Route("GET", "/api/v1/notes/{key}", self.find, permission=read, reply=Note, summary="Find"),
            Route(
                "POST", "/api/v1/uploads", self.upload, permission=write, body=bytes, accepts="text/csv", reply=bytes, summary="Up"
            ),
        ]


@pytest.fixture
async def database(schema_url: str) -> AsyncIterator[None]:
    await db.connect(schema_url)
    yield
    await db.close()


@pytest.fixture
def notes() -> Notes:
    return Notes()


@pytest.fixture
async def client(database: None, notes: Notes) -> AsyncIterator[TestClient]:
    app = build(notes.routes(), metrics=Metrics(), max_body=10_000)
    await auth.create_token("writer", [Permission.CATALOG_READ, Permission.CATALOG_WRITE], token="sw_writer")
    await auth.create_token("other", [Permission.CATALOG_WRITE], token="sw_other")
    await auth.create_token("reader", [Permission.CATALOG_READ], token="sw_reader")
    async with TestClient(TestServer(app, host="127.0.0.1"), headers={"Authorization": "Bearer sw_writer"}) as client:
        yield client
