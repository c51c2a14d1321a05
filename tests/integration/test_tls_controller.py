"""The controller's doors: boxes by certificate, each to its own site, and a revoked one at none of them within two seconds."""

from __future__ import annotations

import asyncio
import http.client
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random

import pytest
from aiohttp.test_utils import TestClient, TestServer

from controller import db
from controller.app import Parts, make_app
from controller.config import BoxHttp, Config, parse_config
from controller.fleet.certificates import register_certificate, revoke
from controller.gateway import Gateway
from controller.http import auth
from controller.http.box_door import BoxDoor, box_app, box_listener
from controller.http.metrics import Metrics
from controller.http.routing import Permission
from controller.http.table import ROUTES
from controller.replica.history import begin_stamp
from controller.revoking import BrokerRights
from controller.sites.operations import create_site
from edge_agent.controller_link import Controller, ControllerLink, ControllerSilent
from edge_agent.seams import SystemClock
from edge_agent.tls import NewContext
from edge_agent.wire.codec import decode
from edge_agent.wire.errors import Refused
from edge_agent.wire.messages import Ack
from edge_agent.wire.session import Broker, Incoming, MqttSession, Tls
from edge_agent.wire.tls import client_context
from edge_agent.wire.topics import box_filters, gateway_filters
from provisioning.authority import Wanted, make_authority, now
from provisioning.register import Kind
from tests.controller.boxes import WireBox, register, scan
from tests.databases import copied
from tests.integration.secure_broker import HOST, SecureBroker, running

SECONDS = 10.0


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> SecureBroker:
    """Certificates, and a broker that may be started."""
    shop = SecureBroker(tmp_path_factory.mktemp("controller"))
    shop.box("b1", "sh-01")
    shop.box("b2", "sh-02")
    shop.write()
    return shop


@pytest.fixture
async def database(schema_file: Path, tmp_path: Path) -> AsyncIterator[None]:
    await db.connect(copied(schema_file, tmp_path / "controller.db"))
    await begin_stamp()
    for site in ("sh-01", "sh-02"):
        await create_site(site, name=site)
    await register("b1", "sh-01")
    await register("b2", "sh-02")
    yield
    await db.close()


def door_config(shop: SecureBroker) -> BoxHttp:
    folder = shop.gateway()
    return BoxHttp(host="127.0.0.1", port=0, ca=folder / "ca.pem", cert=folder / "box-http.pem", key=folder / "box-http.key")


@asynccontextmanager
async def listening(shop: SecureBroker) -> AsyncIterator[int]:
    door = BoxDoor()
    async with box_listener(door_config(shop), box_app(ROUTES, Metrics(), door), door) as port:
        yield port


def certificate_of(folder: Path) -> NewContext:
    return lambda: client_context(Tls(ca=folder / "ca.pem", cert=folder / "box.pem", key=folder / "box.key"))


@dataclass
class Asking:
    """The agent's own way to the controller, in a thread."""

    link: ControllerLink

    async def __call__(self, path: str) -> tuple[int, bytes]:
        answer = await asyncio.to_thread(self.link.get, path, limit=1_000_000)
        return answer.status, answer.body


def asking(port: int, tls: NewContext | None, token: str = "") -> Asking:
    return Asking(ControllerLink(Controller(url=f"https://{HOST}:{port}", token=token, tls=tls)))


async def let_in(shop: SecureBroker, box: str) -> NewContext:
    folder = shop.folder / "pki/boxes" / box
    await register_certificate(box, (folder / "box.pem").read_text())
    return certificate_of(folder)


async def test_a_box_reads_what_is_its_own_sites_and_no_other(shop: SecureBroker, database: None) -> None:
    async with listening(shop) as port:
        ask = asking(port, await let_in(shop, "b1"))
        assert (await ask("/box/v1/replica/sh-01"))[0] == 200
        status, body = await ask("/box/v1/replica/sh-02")
        assert (status, b"not_found" in body) == (404, True)
        assert (await ask(f"/box/v1/templates/none/{'0' * 64}"))[0] == 404
        for path in ("/api/v1/boxes", "/", "/metrics", "/healthz", "/api/v1/openapi.json"):
            assert (await ask(path))[0] == 404
        ask.link.close()


async def test_a_certificate_that_is_not_registered_opens_nothing_whatever_token_comes_with_it(
    shop: SecureBroker, database: None
) -> None:
    await auth.create_token("all", list(Permission), token="sw_all")
    async with listening(shop) as port:
        ask = asking(port, certificate_of(shop.folder / "pki/boxes/b1"), token="sw_all")
        status, body = await ask("/box/v1/replica/sh-01")
        assert (status, b"certificate_refused" in body) == (403, True)
        ask.link.close()


@pytest.mark.parametrize("who", ["nobody", "stranger", "server"])
async def test_who_has_no_certificate_of_a_box_does_not_get_through_the_handshake(
    shop: SecureBroker, database: None, tmp_path: Path, who: str
) -> None:
    ca = shop.folder / "pki/ca.pem"
    wanted = Wanted(kind=Kind.BOX, name="b1", common_name="b1", hosts=("b1",) if who == "server" else ())
    authority = make_authority(tmp_path / "ca", "Test CA", None, now()) if who == "stranger" else shop.authority
    signed = authority.issue(wanted, now())
    (tmp_path / "pem").write_bytes(signed.certificate)
    (tmp_path / "key").write_bytes(signed.key)
    tls = Tls(ca=ca) if who == "nobody" else Tls(ca=ca, cert=tmp_path / "pem", key=tmp_path / "key")
    async with listening(shop) as port:
        ask = asking(port, lambda: client_context(tls))
        with pytest.raises(ControllerSilent, match="closed the connection without a word"):
            await ask("/box/v1/replica/sh-01")


async def test_a_revoked_box_loses_its_open_connection_and_gets_no_other(shop: SecureBroker, database: None) -> None:
    async with listening(shop) as port:
        tls = await let_in(shop, "b1")
        open_one = http.client.HTTPSConnection(HOST, port, timeout=SECONDS, context=tls())

        def get() -> int:
            open_one.request("GET", "/box/v1/replica/sh-01")
            answer = open_one.getresponse()
            answer.read()
            return answer.status

        assert await asyncio.to_thread(get) == 200
        await revoke("b1")
        open_one.auto_open = 0  # no new connection in silence
        with pytest.raises((OSError, http.client.HTTPException)):
            await asyncio.to_thread(get)
        open_one.close()
        again = asking(port, tls)
        assert (await again("/box/v1/replica/sh-01"))[0] == 403
        again.link.close()


async def test_an_impostor_of_the_controller_is_asked_nothing(shop: SecureBroker, database: None) -> None:
    """Another box of the same CA listens there."""
    folder = shop.folder / "pki/boxes/b2"
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(folder / "box.pem", folder / "box.key")
    heard: list[bytes] = []

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(await reader.read(1000))
        writer.close()

    async with await asyncio.start_server(listen, "127.0.0.1", 0, ssl=server) as impostor:
        ask = asking(impostor.sockets[0].getsockname()[1], await let_in(shop, "b1"))
        with pytest.raises(ControllerSilent, match="no certificate of our CA"):
            await ask("/box/v1/replica/sh-01")
    assert heard in ([], [b""])


def config(**sections: object) -> Config:
    return parse_config(sections, {"XDG_DATA_HOME": "/nowhere"}, "test")


@pytest.mark.parametrize("case", ["this machine", "the network", "beside the door"])
async def test_tokens_of_boxes_hold_on_this_machine_only(shop: SecureBroker, database: None, case: str) -> None:
    folder = shop.gateway()
    match case:
        case "this machine":
            chosen = config()
        case "the network":
            chosen = config(http={"host": "0.0.0.0"})
        case _:
            door = {"ca": str(folder / "ca.pem"), "cert": str(folder / "box-http.pem"), "key": str(folder / "box-http.key")}
            chosen = config(box_http=door)
    await auth.create_token("b1", [Permission.BOX], token="sw_box")
    headers = {"Authorization": "Bearer sw_box"}
    async with TestClient(TestServer(make_app(chosen, Parts()), host="127.0.0.1"), headers=headers) as client:
        answer = await client.get("/box/v1/replica/sh-01")
        assert answer.status == (200 if case == "this machine" else 404)


# --- the whole of a revocation ----------------------------------------------------------------------------------------------------


def session(shop: SecureBroker, folder: Path, name: str, filters: list[str]) -> MqttSession:
    tls = Tls(ca=folder / "ca.pem", cert=folder / f"{name}.pem", key=folder / f"{name}.key")
    where = Broker(host=HOST, port=shop.port, client_id="any", tls=tls, retry_seconds=(0.02, 0.05))
    return MqttSession(where, filters, random=Random(1))


@dataclass
class Speaker:
    """A box at the broker: what it says, and what it is told."""

    session: MqttSession
    wire: WireBox
    acks: asyncio.Queue[Ack]

    async def listen(self) -> None:
        async for event in self.session.events():
            if isinstance(event, Incoming):
                event.acknowledge()
                if event.topic.endswith("/ack"):
                    self.acks.put_nowait(decode(Ack, event.payload))

    async def says(self, text: str) -> bool:
        """Whether the broker took it."""
        message = self.wire.message(self.wire.envelope(scan(text)))
        try:
            await self.session.publish(message.topic, message.payload)
        except Refused:
            return False
        return True


def speaker(shop: SecureBroker, box: str, site: str) -> Speaker:
    wire = WireBox(box=box, site=site, clock=SystemClock(), random=Random(box))  # type: ignore[arg-type]  # a Clock
    return Speaker(session(shop, shop.folder / "pki/boxes" / box, "box", box_filters(site, box)), wire, asyncio.Queue())


async def test_a_revoked_box_is_off_within_two_seconds_from_the_api_to_the_broker(shop: SecureBroker, database: None) -> None:
    """Its session stays open: nothing that it says arrives, and nothing is told to it."""
    with running(shop):
        gateway = Gateway(session(shop, shop.gateway(), "gateway", gateway_filters()), SystemClock(), Random(2))
        box, other = speaker(shop, "b1", "sh-01"), speaker(shop, "b2", "sh-02")
        rights = BrokerRights(shop.folder / "broker/access/shelfwire.acl", shop.pid_file)
        loops = (gateway.run, rights.run, box.session.run, box.listen, other.session.run, other.listen)
        tasks = [asyncio.create_task(each()) for each in loops]
        async with asyncio.timeout(SECONDS):
            while not (gateway.is_connected and box.session.is_connected and other.session.is_connected):
                await asyncio.sleep(0.01)
            assert await box.says("before")
            assert not (await box.acks.get()).rejected
            await revoke_by_api("b1")
            async with asyncio.timeout(2):
                while await box.says("meanwhile"):
                    await asyncio.sleep(0.01)
            for _ in range(20):
                assert not await box.says("after")
            assert await other.says("from another")
            await other.acks.get()
        taken = [row["payload"] for row in await db.fetch("SELECT payload FROM fact")]
        assert ["before" in each or "from another" in each for each in taken] == [True, True]
        kept = await db.fetch("SELECT code, payload FROM rejected_message")
        assert {row["code"] for row in kept} <= {"box_revoked"}
        assert not [row for row in kept if b"after" in bytes(row["payload"])], "the broker lets nothing through any more"
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)


async def revoke_by_api(box: str) -> None:
    token = await auth.create_token("it", [Permission.FLEET_WRITE])
    headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": "1"}
    async with TestClient(TestServer(make_app(config(), Parts()), host="127.0.0.1"), headers=headers) as client:
        answer = await client.post(f"/api/v1/boxes/{box}/revoke", json={})
        assert (answer.status, (await answer.json())["revoked_at"] is not None) == (200, True)
