"""The agent's session over TLS: with the right broker by its certificate, and with nobody else; each failure in its own words."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from random import Random

import pytest

from edge_agent.wire.session import Broker, Connected, Incoming, MqttSession, Tls
from edge_agent.wire.tls import TlsFailed, client_context
from edge_agent.wire.topics import box_filters
from provisioning.authority import Authority, Signed, Wanted, make_authority, now
from provisioning.issuing import Addresses
from provisioning.mosquitto import withdraw
from provisioning.register import Issued, Kind
from tests.integration.secure_broker import HOST, RawClient, Refused, SecureBroker, Will, context, of_tomorrow, running

OBSERVER = "\nuser observer\ntopic readwrite #\n"
SECONDS = 10.0


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SecureBroker]:
    broker = SecureBroker(tmp_path_factory.mktemp("tls"))
    for box in ("box-a", "box-b", "leaver", "renewed", "revoked"):
        broker.box(box, "sh-01")
    broker.desk.revoke("revoked")
    broker.write(OBSERVER)
    with running(broker):
        yield broker


@pytest.fixture(scope="module")
def stranger(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """A CA with the very name of ours."""
    return make_authority(tmp_path_factory.mktemp("stranger"), "Test CA", None, now())


def tls_of(folder: Path, name: str = "box") -> Tls:
    return Tls(ca=folder / "ca.pem", cert=folder / f"{name}.pem", key=folder / f"{name}.key")


def session(port: int, tls: Tls, *, host: str = HOST, filters: list[str] | None = None) -> MqttSession:
    where = Broker(host=host, port=port, client_id="sh-01.box", tls=tls, retry_seconds=(0.02, 0.05))
    return MqttSession(where, filters or [], random=Random(1))


@asynccontextmanager
async def run(one: MqttSession) -> AsyncIterator[MqttSession]:
    task = asyncio.create_task(one.run())
    try:
        yield one
    finally:
        task.cancel()
        await asyncio.wait([task])


async def until(condition: Callable[[], object], seconds: float = SECONDS) -> float:
    loop = asyncio.get_running_loop()
    began = loop.time()
    while not condition():
        assert loop.time() - began < seconds, "it did not happen in time"
        await asyncio.sleep(0.005)
    return loop.time() - began


async def trouble_with(one: MqttSession) -> str:
    async with run(one):
        await until(lambda: one.trouble)
        assert not one.is_connected
        return one.trouble or ""


# --- the broker that the box knows ------------------------------------------------------------------------------------------------


async def test_a_box_speaks_and_hears_by_its_certificate(shop: SecureBroker) -> None:
    box = session(shop.port, tls_of(shop.folder / "pki/boxes/box-a"), filters=box_filters("sh-01", "box-a"))
    gateway = session(shop.port, tls_of(shop.gateway(), "gateway"), filters=["shelfwire/1/+/+/_/tel"])
    async with run(box), run(gateway):
        await until(lambda: box.is_connected and gateway.is_connected)
        await box.publish("shelfwire/1/sh-01/box-a/_/tel", b"here")
        await gateway.publish("shelfwire/1/sh-01/box-a/_/ack", b"heard")
        assert [await heard(gateway), await heard(box)] == [b"here", b"heard"]
        assert box.trouble is None


async def heard(one: MqttSession) -> bytes:
    async with asyncio.timeout(SECONDS):
        async for event in one.events():
            if isinstance(event, Incoming):
                event.acknowledge()
                return event.payload
            assert isinstance(event, Connected)
    raise AssertionError


# --- certificates that the broker does not take -----------------------------------------------------------------------------------


def written(folder: Path, signed: Signed, ca: bytes) -> Tls:
    folder.mkdir(exist_ok=True)
    for name, content in (("box.pem", signed.certificate), ("box.key", signed.key), ("ca.pem", ca)):
        (folder / name).write_bytes(content)
    return tls_of(folder)


ANY = Issued(serial="0", kind=Kind.BOX, name="box-a", issued_at=now(), not_after=now())
OWN = Wanted(kind=Kind.BOX, name="box-a", common_name="box-a", days=30)


@pytest.mark.parametrize(
    ("what", "words"),
    [
        ("revoked", "was revoked"),
        ("ended", "Our own certificate has ended"),
        ("another CA's", "does not take our own certificate"),
        ("a server's", "does not take our own certificate"),
        ("of tomorrow", "does not take our own certificate"),
        ("signed by itself", "does not take our own certificate"),
        ("none", "asks for a certificate"),
    ],
)
async def test_a_certificate_that_the_broker_does_not_take_is_told_apart(
    shop: SecureBroker, stranger: Authority, tmp_path: Path, what: str, words: str
) -> None:
    ours = (shop.folder / "pki/ca.pem").read_bytes()
    match what:
        case "revoked":
            tls = tls_of(shop.folder / "pki/boxes/revoked")
        case "ended":
            tls = written(tmp_path, shop.authority.issue(OWN, now() - timedelta(days=60)), ours)
        case "another CA's":
            tls = written(tmp_path, stranger.issue(OWN, now()), ours)
        case "of tomorrow":
            tls = written(tmp_path, of_tomorrow(shop.authority).issue(OWN, now() + timedelta(days=2)), ours)
        case "signed by itself":
            itself = make_authority(tmp_path / "itself", "box-a", None, now())
            tls = written(tmp_path, Signed(key=(tmp_path / "itself/ca.key").read_bytes(), certificate=itself.pem, issued=ANY), ours)
        case "a server's":
            server = Wanted(kind=Kind.FLOOR, name="box-a", common_name="box-a", hosts=("box-a",), days=30)
            tls = written(tmp_path, shop.authority.issue(server, now()), ours)
        case _:
            tls = Tls(ca=shop.folder / "pki/ca.pem")
    assert words in await trouble_with(session(shop.port, tls))


@pytest.mark.parametrize("what", ["missing", "not a key", "of another", "empty ca"])
async def test_files_that_cannot_be_used_are_named(shop: SecureBroker, tmp_path: Path, what: str) -> None:
    folder = shop.folder / "pki/boxes"
    tls = tls_of(folder / "box-a")
    match what:
        case "missing":
            tls = tls_of(tmp_path)
        case "not a key":
            (tmp_path / "key").write_text("rubbish")
            tls = Tls(ca=tls.ca, cert=tls.cert, key=tmp_path / "key")
        case "of another":
            tls = Tls(ca=tls.ca, cert=tls.cert, key=folder / "box-b/box.key")
        case _:
            (tmp_path / "ca").write_text("")
            tls = Tls(ca=tmp_path / "ca", cert=tls.cert, key=tls.key)
    trouble = await trouble_with(session(shop.port, tls))
    assert "files cannot be used" in trouble
    assert str(tls.ca) in trouble


# --- servers that are not the broker ----------------------------------------------------------------------------------------------


@asynccontextmanager
async def impostor(folder: Path, signed: Signed) -> AsyncIterator[tuple[int, bytearray]]:
    """Somebody who holds this certificate and listens; what it got to hear."""
    folder.mkdir(exist_ok=True)
    (folder / "cert").write_bytes(signed.certificate)
    (folder / "key").write_bytes(signed.key)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(folder / "cert", folder / "key")
    got = bytearray()

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while piece := await reader.read(1000):
            got.extend(piece)
        writer.close()

    server = await asyncio.start_server(listen, "127.0.0.1", 0, ssl=tls)
    async with server:
        yield server.sockets[0].getsockname()[1], got


SERVER = Wanted(kind=Kind.BROKER, name=HOST, common_name=HOST, hosts=(HOST,), days=30)


@pytest.mark.parametrize(
    ("what", "words"),
    [
        ("another CA", "no certificate of our CA"),
        ("another box", "no certificate of our CA"),
        ("another host", "has another name"),
        ("ended", "has ended"),
        ("of tomorrow", "is not valid yet"),
    ],
)
async def test_a_server_that_is_not_the_broker_gets_to_hear_nothing(
    shop: SecureBroker, stranger: Authority, tmp_path: Path, what: str, words: str
) -> None:
    match what:
        case "another CA":
            signed = stranger.issue(SERVER, now())
        case "another box":
            signed = shop.authority.issue(OWN, now())
        case "of tomorrow":
            signed = of_tomorrow(shop.authority).issue(SERVER, now() + timedelta(days=2))
        case "another host":
            other = Wanted(kind=Kind.BROKER, name="x", common_name=HOST, hosts=("other.example",), days=30)
            signed = shop.authority.issue(other, now())
        case _:
            signed = shop.authority.issue(SERVER, now() - timedelta(days=60))
    async with impostor(tmp_path / "impostor", signed) as (port, got):
        trouble = await trouble_with(session(port, tls_of(shop.folder / "pki/boxes/box-a")))
    assert words in trouble
    assert not got


async def test_what_speaks_no_tls_is_told_as_that(shop: SecureBroker) -> None:
    async def answer(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        assert "No secure connection" in await trouble_with(session(port, tls_of(shop.folder / "pki/boxes/box-a")))


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1])
def test_old_tls_is_not_spoken(shop: SecureBroker, version: ssl.TLSVersion) -> None:
    old = shop.client(shop.folder / "pki/boxes/box-a")
    with pytest.warns(DeprecationWarning):
        old.minimum_version = old.maximum_version = version
    old.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.raises(Refused):
        RawClient(shop.port, old)


# --- clocks ----------------------------------------------------------------------------------------------------------------------


def handshake(client: ssl.SSLContext, folder: Path, name: str = HOST) -> None:
    """In memory, with a server that holds the files of `folder`.  Raises SSLError."""
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(folder / "broker.pem", folder / "broker.key")
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    ends = [
        client.wrap_bio(to_client, to_server, server_hostname=name),
        server.wrap_bio(to_server, to_client, server_side=True),
    ]
    for _ in range(4):
        for end in list(ends):
            try:
                end.do_handshake()
                ends.remove(end)
            except ssl.SSLWantReadError:
                continue
    assert not ends


def test_a_box_whose_clock_began_anew_looks_at_signature_and_name_but_not_at_dates(
    shop: SecureBroker, stranger: Authority, tmp_path: Path
) -> None:
    box = tls_of(shop.folder / "pki/boxes/box-a")
    old = shop.authority.issue(SERVER, now() - timedelta(days=60))
    for name, signed in (("old", old), ("strange", stranger.issue(SERVER, now()))):
        (tmp_path / name).mkdir()
        (tmp_path / name / "broker.pem").write_bytes(signed.certificate)
        (tmp_path / name / "broker.key").write_bytes(signed.key)
    in_1970 = client_context(box, now=3600.0)
    handshake(in_1970, tmp_path / "old")
    with pytest.raises(ssl.SSLCertVerificationError):
        handshake(client_context(box), tmp_path / "old")
    with pytest.raises(ssl.SSLCertVerificationError):
        handshake(client_context(box, now=3600.0), tmp_path / "strange")
    with pytest.raises(ssl.SSLCertVerificationError):
        handshake(client_context(box, now=3600.0), tmp_path / "old", "other.example")


def test_a_renewed_certificate_is_valid_from_the_cas_beginning_on(shop: SecureBroker, tmp_path: Path) -> None:
    """A box whose clock stood still for a year takes the broker's new one."""
    renewed = shop.authority.issue(SERVER, now() + timedelta(days=365))
    (tmp_path / "broker.pem").write_bytes(renewed.certificate)
    (tmp_path / "broker.key").write_bytes(renewed.key)
    handshake(client_context(tls_of(shop.folder / "pki/boxes/box-a")), tmp_path)


async def test_a_key_with_a_passphrase_is_refused_and_nobody_is_asked(tmp_path: Path, shop: SecureBroker) -> None:
    make_authority(tmp_path, "x", b"secret", now())
    with pytest.raises(TlsFailed, match="passphrase"):
        client_context(Tls(ca=tmp_path / "ca.pem", cert=tmp_path / "ca.pem", key=tmp_path / "ca.key"))


# --- renewal and revocation -------------------------------------------------------------------------------------------------------


async def test_a_renewed_certificate_is_used_with_the_next_connection_without_a_restart(shop: SecureBroker) -> None:
    folder = shop.folder / "pki/boxes/renewed"
    old = shop.desk.register.newest(Kind.BOX, "renewed")
    assert old is not None
    async with run(session(shop.port, tls_of(folder))) as box:
        await until(lambda: box.is_connected)
        shop.desk.renew("renewed", Addresses(broker_port=shop.port), 30)
        shop.desk.revoke("renewed", old.serial)
        shop.write(OBSERVER)
        shop.reload()
        rival = RawClient(shop.port, shop.client(folder))  # throws the open session out; the next one needs the new certificate
        rival.leave()
        async with asyncio.timeout(SECONDS):
            async for event in box.events():
                if isinstance(event, Connected) and event.connection > 1:
                    break
        await box.publish("shelfwire/1/sh-01/renewed/_/tel", b"on")


async def test_a_revoked_box_is_off_within_two_seconds_in_its_open_session_and_with_its_will(shop: SecureBroker) -> None:
    folder = shop.folder / "pki/boxes/leaver"
    topic, will = b"shelfwire/1/sh-01/leaver/_/tel", b"shelfwire/1/sh-01/leaver/_/state"
    observer = RawClient(shop.port, shop.issued("observer"))
    observer.subscribe(b"shelfwire/1/sh-01/leaver/#")
    leaver = RawClient(shop.port, shop.client(folder), will=Will(will, b"will"))
    leaver.subscribe(b"shelfwire/1/sh-01/leaver/_/ack")
    leaver.publish(topic, b"before")
    assert (topic.decode(), b"before") in settled(observer)

    loop = asyncio.get_running_loop()
    shop.desk.revoke("leaver")
    withdraw(shop.folder / "broker/access/shelfwire.acl", "leaver")
    (shop.folder / "broker/ca.crl").write_bytes((shop.folder / "pki/ca.crl").read_bytes())
    began = loop.time()
    shop.reload()
    while True:
        try:
            leaver.publish(topic, b"after")
        except OSError:
            break
        observer.publish(b"shelfwire/1/sh-01/leaver/_/ack", b"for it")
        if (topic.decode(), b"after") not in settled(observer):
            break
        assert loop.time() - began < 2
    leaver.heard.clear()
    observer.publish(b"shelfwire/1/sh-01/leaver/_/ack", b"late")
    leaver.ping()
    assert not leaver.heard
    leaver.die()
    assert settled(observer) == set()
    with pytest.raises(Refused):
        RawClient(shop.port, shop.client(folder))
    observer.leave()


def settled(observer: RawClient) -> set[tuple[str, bytes]]:
    for _ in range(3):
        observer.publish(b"fence", b"")
    heard, observer.heard = set(observer.heard), []
    return {each for each in heard if not each[0].endswith("/ack")}


def test_a_port_with_tls_lets_nobody_in_without(shop: SecureBroker) -> None:
    with pytest.raises(Refused):
        RawClient(shop.port, None)
    with pytest.raises(Refused):
        RawClient(shop.port, context(shop.folder / "pki/ca.pem"))
