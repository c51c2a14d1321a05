"""Certificates of boxes: who is let in, what is taken back, and that nothing of a revoked box is taken in afterwards."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from controller import db
from controller.errors import NotFound
from controller.fleet import certificates, presence
from controller.fleet.alerts import tell_of_certificates
from controller.fleet.certificates import BadCertificate, CertificateTaken, Revocation, holder_of, register_certificate, revoke
from controller.fleet.operations import BoxIsRevoked, send_command
from controller.ingest import ingest
from controller.revoking import BrokerRights
from edge_agent.wire.codec import encode
from edge_agent.wire.messages import BoxState, Link
from edge_agent.wire.session import Incoming
from provisioning.authority import Authority, Signed, Wanted, make_authority, now
from provisioning.errors import NotTold
from provisioning.mosquitto import access_list
from provisioning.register import Kind, Register
from tests.controller.boxes import WireBox, register, scan
from tests.doubles import NOON


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return make_authority(tmp_path_factory.mktemp("ca"), "Test CA", None, now())


def issue(authority: Authority, box: str = "b1") -> Signed:
    return authority.issue(Wanted(kind=Kind.BOX, name=box, common_name=box, site="sh-01"), now())


@pytest.fixture
def told() -> Iterator[list[Revocation]]:
    heard: list[Revocation] = []
    forget = certificates.watch_revocations(heard.append)
    yield heard
    forget()


async def events(name: str) -> int:
    return int((await db.fetch("SELECT count(*) AS n FROM event WHERE name = ?", name))[0]["n"])


async def test_a_registered_certificate_opens_doors_until_it_is_revoked(
    database: str, authority: Authority, told: list[Revocation]
) -> None:
    await register()
    signed = issue(authority)
    serial = signed.issued.serial
    assert await holder_of(serial) is None
    for _ in range(2):
        view = await register_certificate("b1", signed.certificate.decode())
        assert (view.serial, view.not_after, view.revoked_at) == (serial, signed.issued.not_after, None)
    holder = await holder_of(serial)
    assert holder is not None
    assert (holder.box, holder.site) == ("b1", "sh-01")
    await revoke("b1")
    await revoke("b1")
    assert await holder_of(serial) is None
    assert told == [Revocation("b1", (serial,)), Revocation("b1", ())]
    assert (await events("box_certified"), await events("box_revoked")) == (1, 1)
    with pytest.raises(CertificateTaken):
        await register_certificate("b1", signed.certificate.decode())


async def test_one_certificate_of_two_is_revoked_and_the_box_goes_on(database: str, authority: Authority) -> None:
    await register()
    old, new = issue(authority), issue(authority)
    for signed in (old, new):
        await register_certificate("b1", signed.certificate.decode())
    await revoke("b1", old.issued.serial)
    assert await holder_of(old.issued.serial) is None
    assert await holder_of(new.issued.serial) is not None
    await send_command("b1", "identify", {})
    with pytest.raises(NotFound):
        await revoke("b1", "ff")


async def test_an_ended_certificate_opens_nothing(database: str, authority: Authority) -> None:
    await register()
    signed = authority.issue(Wanted(kind=Kind.BOX, name="b1", common_name="b1", days=1), now() - timedelta(days=3))
    await register_certificate("b1", signed.certificate.decode())
    assert await holder_of(signed.issued.serial) is None


@pytest.mark.parametrize("pem", ["", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----", "店"])
async def test_what_is_no_certificate_is_refused(database: str, pem: str) -> None:
    await register()
    with pytest.raises(BadCertificate):
        await register_certificate("b1", pem)


async def test_the_certificate_of_another_box_is_refused(database: str, authority: Authority) -> None:
    await register("b1")
    with pytest.raises(BadCertificate):
        await register_certificate("b1", issue(authority, "b2").certificate.decode())
    with pytest.raises(NotFound):
        await register_certificate("b2", issue(authority, "b2").certificate.decode())
    with pytest.raises(NotFound):
        await revoke("b2")


async def test_what_a_revoked_box_sends_is_kept_for_a_person_and_not_taken_in(database: str) -> None:
    await register()
    box = WireBox()
    first, late = box.messages(scan("1"), scan("2"))
    await ingest([first])
    await revoke("b1")
    acks = await ingest([late, first])
    assert [[one.code for one in ack.ack.rejected] for ack in acks] == [["box_revoked", "box_revoked"]]
    assert len(await db.fetch("SELECT id FROM fact")) == 1
    kept = await db.fetch("SELECT code FROM rejected_message")
    assert [row["code"] for row in kept] == ["box_revoked", "box_revoked"]


async def test_a_revoked_box_is_offline_and_stays_so(database: str) -> None:
    await register()
    state = BoxState(state=Link.ONLINE, session=WireBox().epoch, boot="x", at=NOON)
    message = Incoming("shelfwire/1/sh-01/b1/_/state", encode(state), True, False, lambda: None)
    assert await presence.note([message]) == {"b1"}
    await revoke("b1")
    assert await presence.note([message]) == set()
    assert [row["link"] for row in await db.fetch("SELECT link FROM box")] == ["offline"]
    with pytest.raises(BoxIsRevoked):
        await send_command("b1", "identify", {})


async def test_with_a_new_certificate_a_revoked_box_is_in_service_again(database: str, authority: Authority) -> None:
    await register()
    await register_certificate("b1", issue(authority).certificate.decode())
    await revoke("b1")
    renewed = issue(authority)
    await register_certificate("b1", renewed.certificate.decode())
    assert await holder_of(renewed.issued.serial) is not None
    acks = await ingest(WireBox().messages(scan()))
    assert not acks[0].ack.rejected


async def test_a_certificate_that_ends_soon_is_told_of_until_there_is_a_newer_one(database: str, authority: Authority) -> None:
    await register()
    soon = authority.issue(Wanted(kind=Kind.BOX, name="b1", common_name="b1", days=20), now())
    await register_certificate("b1", soon.certificate.decode())
    for _ in range(2):
        await tell_of_certificates()
    (alert,) = await db.fetch("SELECT key, code, message FROM alert")
    assert (alert["key"], alert["code"]) == ("ctl-certificate", "certificate_ends")
    assert f"{soon.issued.not_after:%Y-%m-%d}" in alert["message"]
    await register_certificate("b1", issue(authority).certificate.decode())
    await tell_of_certificates()
    assert await db.fetch("SELECT key FROM alert") == []


# --- the broker's access list -----------------------------------------------------------------------------------------------------


def broker_folder(folder: Path, *boxes: Signed) -> Path:
    access = folder / "shelfwire.acl"
    access.write_text(access_list(Register(issued=tuple(each.issued for each in boxes))))
    return access


async def test_the_brokers_list_follows_what_is_revoked(database: str, authority: Authority, tmp_path: Path) -> None:
    for box in ("b1", "b2"):
        await register(box)
    access = broker_folder(tmp_path, issue(authority, "b1"), issue(authority, "b2"))
    whole = access.read_text()
    rights = BrokerRights(access, None)
    await rights.settle()
    assert access.read_text() == whole
    await revoke("b1")
    await rights.settle()
    assert "user b1\n" not in access.read_text()
    assert "user b2\n" in access.read_text()
    await register_certificate("b1", issue(authority, "b1").certificate.decode())
    await BrokerRights(access, None).settle()  # of another process
    assert sorted(access.read_text().split("\n\n")[1:]) != []
    assert "user b1\n" in access.read_text()


async def test_a_broker_that_could_not_be_told_is_told_again(database: str, authority: Authority, tmp_path: Path) -> None:
    await register()
    access = broker_folder(tmp_path, issue(authority))
    rights = BrokerRights(access, tmp_path / "pid")
    await revoke("b1")
    for _ in range(2):
        with pytest.raises(NotTold):
            await rights.settle()


async def test_a_list_that_is_not_there_is_told_as_an_error_and_not_made(database: str, tmp_path: Path) -> None:
    await register()
    await revoke("b1")
    with pytest.raises(OSError, match=r"shelfwire\.acl"):
        await BrokerRights(tmp_path / "shelfwire.acl", None).settle()
    assert not list(tmp_path.glob("*shelfwire*"))
    assert not (tmp_path / "withdrawn").exists()
