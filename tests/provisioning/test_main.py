"""The command as IT uses it: one command each, the same again changes nothing, what stands is not overwritten."""

from __future__ import annotations

import json
import os
import signal
import ssl
import stat
import tarfile
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from edge_agent.config import load_config
from provisioning.mosquitto import reinstate, withdraw
from tests.provisioning.conftest import Provision


def certificate(path: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificate(path.read_bytes())


def everything(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_the_ca_is_an_elliptic_one_for_ten_years_with_a_closed_key(provision: Provision, tmp_path: Path) -> None:
    provision("ca")
    found = certificate(tmp_path / "pki/ca.pem")
    public_key = found.public_key()
    assert isinstance(public_key, ec.EllipticCurvePublicKey)
    assert isinstance(public_key.curve, ec.SECP256R1)
    assert 3649 <= (found.not_valid_after_utc - found.not_valid_before_utc).days <= 3651
    assert stat.S_IMODE((tmp_path / "pki/ca.key").stat().st_mode) == 0o600
    assert found.extensions.get_extension_for_class(x509.BasicConstraints).value == x509.BasicConstraints(ca=True, path_length=0)


def test_a_box_is_named_in_its_certificate_which_is_no_servers(shop: Path) -> None:
    own, pages = certificate(shop / "boxes/till-1/box.pem"), certificate(shop / "boxes/till-1/floor.pem")
    assert [each.value for each in own.subject.get_attributes_for_oid(NameOID.COMMON_NAME)] == ["till-1"]
    assert [each.value for each in own.subject.get_attributes_for_oid(NameOID.ORGANIZATIONAL_UNIT_NAME)] == ["sh-01"]
    assert list(own.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value) == [ExtendedKeyUsageOID.CLIENT_AUTH]
    assert list(pages.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value) == [ExtendedKeyUsageOID.SERVER_AUTH]
    names = pages.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["till-1.local", "till-1"]


def test_the_agent_starts_from_the_unpacked_tar(shop: Path, tmp_path: Path) -> None:
    there = tmp_path / "etc"
    there.mkdir()
    with tarfile.open(shop / "boxes/till-1.tar") as tar:
        assert {member.mode for member in tar} == {0o640}
        tar.extractall(there, filter="data")
    config = load_config(there / "agent.toml")
    assert (config.box.id, config.box.site, config.broker.host, config.broker.port) == ("till-1", "sh-01", "localhost", 8883)
    assert config.controller.url == "https://controller.shop.example:8443"
    assert (config.broker.ca, config.broker.cert, config.broker.key) == tuple(
        there / name for name in ("ca.pem", "box.pem", "box.key")
    )
    assert config.floor is not None
    assert (config.floor.host, config.floor.cert, config.floor.root) == ("0.0.0.0", there / "floor.pem", there / "ca.pem")
    context = ssl.create_default_context(cafile=str(config.broker.ca))
    context.load_cert_chain(there / "box.pem", there / "box.key")


@pytest.mark.parametrize(
    "words",
    [
        ("ca",),
        ("broker", "localhost", "127.0.0.1"),
        ("controller", "controller.shop.example"),
        ("box", "till-1", "--site", "sh-01"),
    ],
)
def test_the_same_again_changes_nothing(provision: Provision, shop: Path, words: tuple[str, ...]) -> None:
    before = everything(shop)
    assert "nothing changed" in provision(*words).output
    assert everything(shop) == before


@pytest.mark.parametrize(
    ("words", "because"),
    [
        (("box", "till-1", "--site", "sh-02"), "sh-01"),
        (("broker", "localhost", "10.0.0.1"), "127.0.0.1"),
        (("controller", "other.example"), "controller.shop.example"),
        (("box", "Till 1", "--site", "sh-01"), "small letters"),
        (("box", "gateway.controller", "--site", "sh-01"), "small letters"),
        (("box", "+", "--site", "sh-01"), "small letters"),
        (("box", "till-2", "--site", "#"), "small letters"),
        (("broker", "no host"), "host name"),
        (("broker", "-"), "host name"),
        (("controller", "controller.example", "--gateway", "A"), "small letters"),
        (("renew", "nobody"), "nobody"),
        (("revoke", "nobody"), "nobody"),
        (("revoke", "till-1", "--serial", "abc"), "abc"),
        (("mosquitto", "--to", "x", "--broker", "other"), "other"),
    ],
)
def test_what_cannot_be_done_is_said_and_changes_nothing(
    provision: Provision, shop: Path, words: tuple[str, ...], because: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    before = everything(shop)
    assert because in provision(*words, status=1).output
    assert everything(shop) == before


def test_without_a_ca_nothing_is_issued(provision: Provision) -> None:
    assert "shelfwire-provision ca" in provision("box", "till-1", "--site", "sh-01", status=1).output


def test_a_box_before_its_broker_names_the_command(provision: Provision) -> None:
    provision("ca")
    assert "broker HOST" in provision("box", "till-1", "--site", "sh-01", status=1).output
    provision("box", "till-1", "--site", "sh-01", "--broker", "broker.example")


def test_the_key_of_the_ca_may_have_a_passphrase(provision: Provision, tmp_path: Path) -> None:
    (tmp_path / "right").write_text("correct horse\n")
    (tmp_path / "wrong").write_text("battery\n")
    provision("--passphrase-file", str(tmp_path / "right"), "ca")
    assert b"ENCRYPTED" in (tmp_path / "pki/ca.key").read_bytes()
    assert "needs a passphrase" in provision("broker", "localhost", status=1).output
    assert "passphrase is wrong" in provision("--passphrase-file", str(tmp_path / "wrong"), "broker", "localhost", status=1).output
    assert "cannot be read" in provision("--passphrase-file", str(tmp_path / "none"), "broker", "localhost", status=1).output
    provision("--passphrase-file", str(tmp_path / "right"), "broker", "localhost")


@pytest.mark.parametrize(("name", "content"), [("ca.key", b"rubbish"), ("register.json", b"{")])
def test_a_damaged_folder_is_not_guessed_at(provision: Provision, shop: Path, name: str, content: bytes) -> None:
    (shop / name).write_bytes(content)
    provision("box", "till-2", "--site", "sh-01", status=1)
    assert (shop / name).read_bytes() == content
    assert not (shop / "boxes/till-2").exists()


def test_a_key_of_another_ca_is_refused(provision: Provision, shop: Path, tmp_path: Path) -> None:
    provision("--folder", str(tmp_path / "other"), "ca")
    (shop / "ca.key").write_bytes((tmp_path / "other/ca.key").read_bytes())
    assert "is not the key of" in provision("box", "till-2", "--site", "sh-01", status=1).output


def test_a_renewed_box_has_a_new_key_and_the_same_names(provision: Provision, shop: Path) -> None:
    before = certificate(shop / "boxes/till-1/box.pem"), (shop / "boxes/till-1/box.key").read_bytes()
    provision("renew", "till-1")
    after = certificate(shop / "boxes/till-1/box.pem")
    assert (after.subject, after.serial_number != before[0].serial_number) == (before[0].subject, True)
    assert (shop / "boxes/till-1/box.key").read_bytes() != before[1]
    with tarfile.open(shop / "boxes/till-1.tar") as tar:
        packed = tar.extractfile("box.pem")
        assert packed is not None
        assert packed.read() == (shop / "boxes/till-1/box.pem").read_bytes()
    listed = json.loads(provision("--json", "list").output)
    assert len([each for each in listed if (each["kind"], each["revoked_at"]) == ("box", None)]) == 2


def test_pages_may_have_further_names_and_keep_them(provision: Provision, shop: Path) -> None:
    provision("box", "till-2", "--site", "sh-01", "--page-name", "192.168.1.20", "--page-name", "kasse.shop.example")
    for _ in range(2):
        pages = certificate(shop / "boxes/till-2/floor.pem")
        names = pages.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        assert names.get_values_for_type(x509.DNSName) == ["till-2.local", "till-2", "kasse.shop.example"]
        assert [str(each) for each in names.get_values_for_type(x509.IPAddress)] == ["192.168.1.20"]
        provision("renew", "till-2")
    assert "host name" in provision("box", "till-3", "--site", "sh-01", "--page-name", "no name", status=1).output


@pytest.mark.parametrize("name", ["localhost", "controller"])
def test_servers_are_renewed_under_their_names(provision: Provision, shop: Path, name: str) -> None:
    before = everything(shop)
    provision("renew", name)
    changed = {path for path, content in everything(shop).items() if content != before.get(path)}
    expected = {"brokers/localhost/broker.pem", "brokers/localhost/broker.key"}
    if name == "controller":
        expected = {f"controllers/controller/{kind}.{end}" for kind in ("gateway", "box-http") for end in ("pem", "key")}
    assert changed == {"register.json", *expected}
    for path in expected:
        if path.endswith(".pem"):
            old, new = x509.load_pem_x509_certificate(before[path]), certificate(shop / path)
            assert old.subject == new.subject


def test_what_ends_soon_is_listed_with_a_status_of_its_own(provision: Provision, shop: Path) -> None:
    assert provision("list", "--expiring", "30").output == ""
    provision("box", "till-2", "--site", "sh-01", "--days", "10")
    lines = provision("list", "--expiring", "30", status=3).output.splitlines()
    assert [line.split()[:2] for line in lines] == [["box", "till-2"], ["floor", "till-2"]]
    provision("revoke", "till-2")
    assert provision("list", "--expiring", "30").output == ""


def test_a_revoked_box_is_on_the_list_of_the_revoked_and_has_no_rights(provision: Provision, shop: Path, tmp_path: Path) -> None:
    provision("box", "till-2", "--site", "sh-01")
    provision("mosquitto", "--to", str(tmp_path / "broker"))
    serial = certificate(shop / "boxes/till-1/box.pem").serial_number
    assert "the controller (--api)" in provision("revoke", "till-1", "--mosquitto", str(tmp_path / "broker")).output
    crl = x509.load_pem_x509_crl((tmp_path / "broker/ca.crl").read_bytes())
    assert crl.get_revoked_certificate_by_serial_number(serial) is not None
    assert len(crl) == 2  # its pages' certificate, too
    users = [line for line in (tmp_path / "broker/access/shelfwire.acl").read_text().splitlines() if line.startswith("user ")]
    assert users == ["user gateway.controller", "user till-2"]
    assert certificate(shop / "ca.pem").not_valid_after_utc == crl.next_update_utc


def test_one_serial_may_be_revoked_and_the_box_goes_on(provision: Provision, shop: Path, tmp_path: Path) -> None:
    old = certificate(shop / "boxes/till-1/box.pem").serial_number
    provision("renew", "till-1")
    provision("revoke", "till-1", "--serial", f"{old:x}")
    crl = x509.load_pem_x509_crl((shop / "ca.crl").read_bytes())
    assert [each.serial_number for each in crl] == [old]
    provision("mosquitto", "--to", str(tmp_path / "broker"))
    assert "\nuser till-1\n" in (tmp_path / "broker/access/shelfwire.acl").read_text()


def test_the_brokers_folder_is_written_again_but_not_over_somebody_elses(provision: Provision, shop: Path, tmp_path: Path) -> None:
    folder = tmp_path / "broker"
    provision("mosquitto", "--to", str(folder))
    before = everything(folder)
    provision("mosquitto", "--to", str(folder))
    assert everything(folder) == before
    assert stat.S_IMODE((folder / "broker.key").stat().st_mode) == 0o640
    (folder / "access/shelfwire.acl").write_text("user me\n")
    assert "is not ours" in provision("mosquitto", "--to", str(folder), status=1).output


def test_a_box_withdrawn_by_the_controller_stays_out_until_it_is_reinstated(
    provision: Provision, shop: Path, tmp_path: Path
) -> None:
    provision("box", "till-10", "--site", "sh-01")
    provision("mosquitto", "--to", str(tmp_path / "broker"))
    access = tmp_path / "broker/access/shelfwire.acl"
    whole = access.read_text()
    assert withdraw(access, "till-1")
    assert not withdraw(access, "till-1")
    assert "\nuser till-1\n" not in access.read_text()
    assert access.read_text().count("user ") == whole.count("user ") - 1
    assert "revoked by the controller" in provision("mosquitto", "--to", str(tmp_path / "broker")).output
    assert "\nuser till-1\n" not in access.read_text()
    reinstate(access, "till-1", "sh-01")
    assert sorted(access.read_text().split("\n\n")) != []
    provision("mosquitto", "--to", str(tmp_path / "broker"))
    assert access.read_text() == whole


def test_the_broker_is_told_by_sighup(provision: Provision, shop: Path, tmp_path: Path) -> None:
    heard: list[int] = []
    before = signal.signal(signal.SIGHUP, lambda number, _: heard.append(number))
    try:
        (tmp_path / "pid").write_text(f"{os.getpid()}\n")
        provision("mosquitto", "--to", str(tmp_path / "broker"), "--pid-file", str(tmp_path / "pid"))
    finally:
        signal.signal(signal.SIGHUP, before)
    assert heard == [signal.SIGHUP]
    failed = provision("mosquitto", "--to", str(tmp_path / "broker"), "--pid-file", str(tmp_path / "none"), status=1)
    assert "systemctl reload mosquitto" in failed.output


def test_json_is_one_object_for_programs(provision: Provision, shop: Path) -> None:
    said = json.loads(provision("--json", "box", "till-3", "--site", "sh-01").output)
    assert (said["is_new"], [each["kind"] for each in said["issued"]]) == (True, ["box", "floor"])
    assert json.loads(provision("--json", "box", "till-3", "--site", "sh-01").output)["is_new"] is False
    assert json.loads(provision("--json", "renew", "nobody", status=1).output)["error"] == "unknown_name"


def test_no_secret_is_told(provision: Provision, shop: Path, tmp_path: Path) -> None:
    told = provision("--json", "list").output + provision("--json", "box", "till-4", "--site", "sh-01").output
    told += (shop / "register.json").read_text()
    assert "PRIVATE" not in told


class Told(HTTPServer):
    """A controller that knows the site sh-01 and no other."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Telling)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Telling(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        is_good = b'"site"' not in body or b'"sh-01"' in body
        answer = b"{}" if is_good else b'{"detail": "there is no site"}'
        self.send_response(201 if is_good else 404)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 -- the library's own name
        pass


@pytest.fixture
def controller() -> Iterator[Told]:
    with Told() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_a_box_that_the_controller_does_not_take_is_told_as_issued_and_not_registered(
    provision: Provision, shop: Path, controller: Told
) -> None:
    refused = provision("box", "till-2", "--site", "sh-1", "--api", controller.address, status=1).output
    assert "box till-2: issued for site sh-1, not registered: the controller refuses /api/v1/boxes: there is no site" in refused
    assert "revoke till-2" in refused
    provision("revoke", "till-2")
    said = provision("box", "till-2", "--site", "sh-01", "--api", controller.address).output
    assert "box till-2: issued, registered with the controller" in said
    assert "`mosquitto --to`" in said


def test_a_certificate_that_was_there_and_is_registered_now_is_told_so(provision: Provision, shop: Path, controller: Told) -> None:
    said = provision("box", "till-1", "--site", "sh-01", "--api", controller.address).output
    assert "was issued before, registered with the controller" in said
    assert "nothing changed" not in said


def test_the_brokers_folder_may_be_written_for_another_place_and_is_counted_in_words(
    provision: Provision, shop: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "broker"
    assert "1 box, 1 gateway in" in provision("mosquitto", "--to", str(folder), "--at", "/var/lib/shelfwire-broker").output
    written = (folder / "shelfwire.conf").read_text()
    assert "cafile /var/lib/shelfwire-broker/ca.pem" in written
    assert str(tmp_path) not in written
