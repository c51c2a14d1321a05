"""The company's own certificate authority: one ECDSA P-256 key that signs boxes, broker, controller, and nobody else's.

Boxes trust this CA alone and no public one.  A certificate begins to be valid when the CA does, so that a box whose clock stood
still since its last shutdown can use one that was renewed meanwhile (docs/adr/0023).
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from provisioning.errors import BadName, NoAuthority
from provisioning.files import PRIVATE, PUBLIC, write_whole
from provisioning.register import Issued, Kind

CA_DAYS = 3650
LEAF_DAYS = 730
CERTIFICATE, KEY, REVOKED = "ca.pem", "ca.key", "ca.crl"
_BACK = timedelta(hours=1)
"""How far back a new CA begins: clocks of two machines are never quite the same."""
_HOST = re.compile(r"(?=.{1,253}$)([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?)(\.[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?)*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a certificate shall say.  `hosts` are names and addresses of a server; a client has none."""

    kind: Kind
    name: str
    common_name: str
    site: str | None = None
    hosts: tuple[str, ...] = ()
    days: int = LEAF_DAYS


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed:
    """A key and its certificate, as PEM, and the row for the register."""

    key: bytes
    certificate: bytes
    issued: Issued


class Authority:
    """A CA that can sign: its certificate and its opened key."""

    def __init__(self, certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> None:
        self.certificate = certificate
        self._key = key

    @property
    def pem(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.PEM)

    def issue(self, wanted: Wanted, at: datetime) -> Signed:
        """A new key with its certificate, for at most as long as the CA itself holds.  Raises BadName."""
        key = ec.generate_private_key(ec.SECP256R1())
        ends = min(at + timedelta(days=wanted.days), self.certificate.not_valid_after_utc)
        begins = min(self.certificate.not_valid_before_utc, at)
        builder = (
            x509.CertificateBuilder()
            .subject_name(_subject(wanted))
            .issuer_name(self.certificate.subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(begins)
            .not_valid_after(ends)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_usage(signs_certificates=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage([_purpose(wanted)]), critical=False)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()), critical=False)
        )
        if wanted.hosts:
            builder = builder.add_extension(x509.SubjectAlternativeName([_host(name) for name in wanted.hosts]), critical=False)
        certificate = builder.sign(self._key, hashes.SHA256())
        issued = Issued(
            serial=f"{certificate.serial_number:x}",
            kind=wanted.kind,
            name=wanted.name,
            site=wanted.site,
            hosts=wanted.hosts,
            issued_at=at,
            not_after=certificate.not_valid_after_utc,
        )
        return Signed(key=_key_pem(key, None), certificate=certificate.public_bytes(serialization.Encoding.PEM), issued=issued)

    def revocations(self, revoked: Sequence[Issued], at: datetime) -> bytes:
        """The list of what is revoked (CRL, PEM).  It holds as long as the CA: past its end nobody gets in."""
        begins = max(at, self.certificate.not_valid_before_utc)
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(self.certificate.subject)
            .last_update(begins)
            .next_update(self.certificate.not_valid_after_utc)
            .add_extension(x509.CRLNumber(int(at.timestamp())), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()), critical=False)
        )
        for each in revoked:
            row = x509.RevokedCertificateBuilder().serial_number(int(each.serial, 16)).revocation_date(each.revoked_at or at)
            builder = builder.add_revoked_certificate(row.build())
        return builder.sign(self._key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


def make_authority(folder: Path, name: str, passphrase: bytes | None, at: datetime, *, days: int = CA_DAYS) -> Authority:
    """A new CA with its files in `folder`; the key is encrypted where there is a passphrase."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(at - _BACK)
        .not_valid_after(at + timedelta(days=days))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs_certificates=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    authority = Authority(certificate, key)
    write_whole(folder / KEY, _key_pem(key, passphrase), PRIVATE)
    write_whole(folder / REVOKED, authority.revocations((), at), PUBLIC)
    write_whole(folder / CERTIFICATE, authority.pem, PUBLIC)  # the last: with it the CA is there
    return authority


def is_authority(folder: Path) -> bool:
    return (folder / CERTIFICATE).exists()


def load_authority(folder: Path, passphrase: bytes | None) -> Authority:
    """Raises NoAuthority."""
    try:
        certificate = x509.load_pem_x509_certificate((folder / CERTIFICATE).read_bytes())
        key = serialization.load_pem_private_key((folder / KEY).read_bytes(), passphrase)
    except FileNotFoundError as error:
        raise NoAuthority(f"there is no CA in {folder}: make one with `shelfwire-provision ca`, or name its --folder") from error
    except OSError as error:
        raise NoAuthority(f"the CA in {folder} cannot be read ({error.strerror}): run this as its owner") from error
    except TypeError as error:
        wanted = "needs a passphrase" if passphrase is None else "has no passphrase"
        raise NoAuthority(f"the key {folder / KEY} {wanted}: see --passphrase-file") from error
    except ValueError as error:
        raise NoAuthority(f"the key {folder / KEY} cannot be opened: the passphrase is wrong, or the file is damaged") from error
    if not isinstance(key, ec.EllipticCurvePrivateKey) or key.public_key() != certificate.public_key():
        raise NoAuthority(f"{folder / KEY} is not the key of {folder / CERTIFICATE}: put back your copies of both")
    return Authority(certificate, key)


def ends_at(pem: bytes) -> datetime:
    """Until when a certificate holds."""
    return x509.load_pem_x509_certificate(pem).not_valid_after_utc


def serial_of(pem: bytes) -> str:
    """Hexadecimal, as the register has it."""
    return f"{x509.load_pem_x509_certificate(pem).serial_number:x}"


def now() -> datetime:
    """The wall clock to the second, which is all that certificates hold."""
    return datetime.now(UTC).replace(microsecond=0)


def check_host(name: str) -> str:
    """The name as it stands in a certificate.  Raises BadName."""
    try:
        return str(ipaddress.ip_address(name))
    except ValueError:
        if not _HOST.fullmatch(name):
            raise BadName(f"{name!r} is no host name and no address: expected such as broker.shop.example") from None
        return name.lower()


def _host(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(check_host(name))


def _subject(wanted: Wanted) -> x509.Name:
    names = [x509.NameAttribute(NameOID.COMMON_NAME, wanted.common_name[:64])]
    if wanted.site is not None:
        names.insert(0, x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, wanted.site))
    return x509.Name(names)


def _purpose(wanted: Wanted) -> x509.ObjectIdentifier:
    """One purpose each: a server's certificate opens no client's door, and a box's cannot pose as a server."""
    return ExtendedKeyUsageOID.SERVER_AUTH if wanted.hosts else ExtendedKeyUsageOID.CLIENT_AUTH


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _key_pem(key: ec.EllipticCurvePrivateKey, passphrase: bytes | None) -> bytes:
    closed = serialization.BestAvailableEncryption(passphrase) if passphrase else serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, closed)
