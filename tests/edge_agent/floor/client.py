"""The floor's application on a port of loopback, and a client that behaves like a browser: cookies, tokens, our own origin."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from random import Random

from aiohttp import ClientResponse
from aiohttp.test_utils import TestClient, TestServer

from edge_agent.floor.config import FloorConfig
from edge_agent.floor.server import Floor
from tests.doubles import FixedClock
from tests.edge_agent.floor.fake_box import BADGE, PIN, FakeBox

TOKEN = re.compile(r'<meta name="csrf" content="([0-9a-f]{64})">')


@dataclass
class Screen:
    """A browser at the floor's pages."""

    client: TestClient
    token: str = ""
    random: Random = field(default_factory=lambda: Random(4))

    async def get(self, path: str, **headers: str) -> tuple[ClientResponse, str]:
        response = await self.client.get(path, allow_redirects=False, headers=headers)
        text = await response.text()
        found = TOKEN.search(text)
        self.token = found[1] if found else self.token
        return response, text

    async def post(
        self, path: str, *, token: str | None = None, headers: dict[str, str] | None = None, **fields: str
    ) -> ClientResponse:
        data = {"csrf": self.token if token is None else token, **fields}
        return await self.client.post(path, data=data, headers=headers, allow_redirects=False)

    async def send(self, path: str, *readings: dict[str, object]) -> ClientResponse:
        headers = {"X-Csrf-Token": self.token, "Accept": "application/json"}
        return await self.client.post(path, json={"readings": readings}, headers=headers)

    async def sign_in(self, badge: str = BADGE, pin: str = PIN, after: str = "/floor") -> ClientResponse:
        await self.get("/floor/login")
        response = await self.post("/floor/login", badge=badge, pin=pin, next=after)
        await self.get("/floor/help")
        return response


@dataclass
class Pages:
    box: FakeBox
    clock: FixedClock
    floor: Floor
    server: TestServer
    clients: list[TestClient] = field(default_factory=list)

    async def screen(self) -> Screen:
        client = TestClient(self.server)
        self.clients.append(client)
        return Screen(client)

    async def close(self) -> None:
        for client in self.clients:
            await client.session.close()
        await self.server.close()


async def serve(box: FakeBox, config: FloorConfig | None = None) -> Pages:
    clock = FixedClock()
    floor = Floor(box, config or FloorConfig(time_zone="UTC"), clock, "counter-1")
    server = TestServer(floor.app(), host="127.0.0.1")
    await server.start_server()
    return Pages(box, clock, floor, server)
