"""The verbs on the CA's folder: issue, renew, revoke.  The same again changes nothing; what stands is never overwritten.

FOLDER/ca.pem ca.key ca.crl register.json
FOLDER/boxes/<box>/       agent.toml ca.pem box.pem box.key floor.pem floor.key, and beside it <box>.tar
FOLDER/controllers/<id>/  controller.toml ca.pem gateway.pem gateway.key box-http.pem box-http.key
FOLDER/brokers/<host>/    ca.pem broker.pem broker.key
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from edge_agent.wire.errors import BadTopic
from edge_agent.wire.topics import BoxTopic, Family, GatewayTopic
from provisioning import bundle
from provisioning.authority import REVOKED, Authority, Signed, Wanted, check_host
from provisioning.errors import AlreadyThere, BadName, UnknownName
from provisioning.files import PRIVATE, PUBLIC, write_whole
from provisioning.register import Issued, Kind, Register, load_register, save_register

GATEWAY_PREFIX = "gateway."
"""No box can have a gateway's name: ids of boxes have no dot."""
_FOLDERS = {
    Kind.BOX: "boxes",
    Kind.FLOOR: "boxes",
    Kind.BROKER: "brokers",
    Kind.BOX_HTTP: "controllers",
    Kind.GATEWAY: "controllers",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """What a verb did: where its files are, what was issued, and whether it is new."""

    folder: Path
    issued: tuple[Issued, ...]
    is_new: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Addresses:
    """Where a box finds the others; None: as issued last."""

    broker: str | None = None
    broker_port: int = 8883
    controller: str | None = None


class Desk:
    """A CA at work: `folder` is its own, `at` the time of what it does."""

    def __init__(self, folder: Path, authority: Authority, at: datetime) -> None:
        self._folder = folder
        self._authority = authority
        self._at = at

    @property
    def register(self) -> Register:
        return load_register(self._folder)

    def box(self, box: str, site: str, addresses: Addresses, days: int, pages: Sequence[str] = ()) -> Done:
        """A box's certificate, that of its pages, and its bundle; `pages`: further names and addresses by which screens reach it.

        Raises BadName, AlreadyThere, UnknownName (no broker).
        """
        _check_box(box, site)
        there = self.register.newest(Kind.BOX, box)
        folder = self.folder_of(Kind.BOX, box)
        if there is not None and there.site != site:
            raise AlreadyThere(f"box {box!r} was issued for site {there.site!r}: revoke it first, or take another id")
        if there is not None and (folder.parent / f"{box}.tar").exists():
            return Done(folder=folder, issued=(there,), is_new=False)
        hosts = (f"{box}.local", box, *(check_host(name) for name in pages))
        return self._make_box(box, site, self._found(addresses), days, tuple(dict.fromkeys(hosts)))

    def broker(self, hosts: Sequence[str], days: int) -> Done:
        """The broker's server certificate; the first host names it.  Raises BadName, AlreadyThere."""
        names = tuple(check_host(host) for host in hosts)
        wanted = Wanted(kind=Kind.BROKER, name=names[0], common_name=names[0], hosts=names, days=days)
        return self._server("broker", [wanted])

    def controller(self, hosts: Sequence[str], gateway: str, days: int) -> Done:
        """The certificate of a controller's listener for boxes, and that of its gateway.  Raises BadName, AlreadyThere."""
        names = tuple(check_host(host) for host in hosts)
        _check_gateway(gateway)
        done = self._server(
            "controller",
            [
                Wanted(kind=Kind.BOX_HTTP, name=gateway, common_name=names[0], hosts=names, days=days),
                Wanted(kind=Kind.GATEWAY, name=gateway, common_name=GATEWAY_PREFIX + gateway, days=days),
            ],
        )
        broker = self.register.newest(Kind.BROKER)
        fragment = bundle.controller_toml(gateway, broker.name if broker else "broker.shop.example")
        write_whole(done.folder / "controller.toml", fragment.encode(), PUBLIC)
        return done

    def renew(self, name: str, addresses: Addresses, days: int) -> Done:
        """New keys and certificates of the same names; the old ones hold until they end or are revoked.  Raises UnknownName."""
        register = self.register
        if (box := register.newest(Kind.BOX, name)) is not None:
            pages = register.newest(Kind.FLOOR, name)
            hosts = pages.hosts if pages else (f"{name}.local", name)
            return self._make_box(name, str(box.site), self._found(addresses), days, hosts)
        old = [each for kind in (Kind.BROKER, Kind.BOX_HTTP, Kind.GATEWAY) if (each := register.newest(kind, name)) is not None]
        if not old:
            raise UnknownName(f"nothing that holds was issued to {name!r}: see `list`")
        signed = [self._authority.issue(_wanted_again(each, days), self._at) for each in old]
        folder = self.folder_of(old[0].kind, name)
        self._put(folder, signed)
        return Done(folder=folder, issued=tuple(each.issued for each in signed), is_new=True)

    def revoke(self, name: str, serial: str | None = None) -> tuple[Issued, ...]:
        """Every certificate of a name, or one; the list of what is revoked is written anew.  Raises UnknownName."""
        register = self.register.revoking(name, self._at, serial=serial)
        save_register(self._folder, register)
        self.publish_revocations()
        return tuple(each for each in register.revoked() if each.name == name and serial in (None, each.serial))

    def publish_revocations(self) -> None:
        write_whole(self._folder / REVOKED, self._authority.revocations(self.register.revoked(), self._at), PUBLIC)

    def folder_of(self, kind: Kind, name: str) -> Path:
        return self._folder / _FOLDERS[kind] / name

    # --- how ---------------------------------------------------------------------------------------------------------------------

    def _make_box(self, box: str, site: str, addresses: Addresses, days: int, hosts: tuple[str, ...]) -> Done:
        own = Wanted(kind=Kind.BOX, name=box, common_name=box, site=site, days=days)
        pages = Wanted(kind=Kind.FLOOR, name=box, common_name=hosts[0], site=site, hosts=hosts, days=days)
        signed = [self._authority.issue(wanted, self._at) for wanted in (own, pages)]
        folder = self.folder_of(Kind.BOX, box)
        toml = bundle.agent_toml(box, site, str(addresses.broker), addresses.broker_port, addresses.controller or "")
        write_whole(folder / "agent.toml", toml.encode(), PUBLIC)
        self._put(folder, signed)
        bundle.pack(folder, folder.parent / f"{box}.tar")
        return Done(folder=folder, issued=tuple(each.issued for each in signed), is_new=True)

    def _server(self, noun: str, wanted: Sequence[Wanted]) -> Done:
        register, folder = self.register, self.folder_of(wanted[0].kind, wanted[0].name)
        there = [register.newest(each.kind, each.name) for each in wanted]
        found = tuple(each for each in there if each is not None)
        if len(found) == len(wanted) and all((folder / f"{each.kind}.pem").exists() for each in found):
            if any(each.hosts != want.hosts for each, want in zip(found, wanted, strict=True)):
                names = ", ".join(found[0].hosts)
                raise AlreadyThere(f"{noun} {found[0].name!r} was issued for {names}: revoke it first to issue it for other names")
            return Done(folder=folder, issued=found, is_new=False)
        signed = [self._authority.issue(each, self._at) for each in wanted]
        self._put(folder, signed)
        return Done(folder=folder, issued=tuple(each.issued for each in signed), is_new=True)

    def _put(self, folder: Path, signed: Sequence[Signed]) -> None:
        """The register first: a certificate that is out and not listed could never be revoked."""
        save_register(self._folder, self.register.adding(*(each.issued for each in signed)))
        write_whole(folder / "ca.pem", self._authority.pem, PUBLIC)
        for each in signed:
            write_whole(folder / f"{each.issued.kind}.key", each.key, PRIVATE)
            write_whole(folder / f"{each.issued.kind}.pem", each.certificate, PUBLIC)

    def _found(self, addresses: Addresses) -> Addresses:
        """With the broker and the controller that this CA issued last, where none is named.  Raises UnknownName, BadName."""
        register = self.register
        broker, controller = register.newest(Kind.BROKER), register.newest(Kind.BOX_HTTP)
        if addresses.broker is None and broker is None:
            raise UnknownName("no broker was issued yet: do that first (`broker HOST`), or name one with --broker HOST")
        if addresses.broker is None and broker is not None:
            addresses = replace(addresses, broker=broker.name)
        if addresses.controller is None and controller is not None:
            host = controller.hosts[0]
            addresses = replace(addresses, controller=f"https://{f'[{host}]' if ':' in host else host}:8443")
        return replace(addresses, broker=check_host(str(addresses.broker)))


def _wanted_again(old: Issued, days: int) -> Wanted:
    common_name = GATEWAY_PREFIX + old.name if old.kind is Kind.GATEWAY else old.hosts[0]
    return Wanted(kind=old.kind, name=old.name, common_name=common_name, site=old.site, hosts=old.hosts, days=days)


def _check_box(box: str, site: str) -> None:
    try:
        BoxTopic(site=site, box=box, family=Family.TEL)
    except BadTopic as error:
        raise BadName(f"{error}: ids of boxes and sites have 1 to 40 small letters, digits and hyphens") from error


def _check_gateway(gateway: str) -> None:
    try:
        GatewayTopic(gateway)
    except BadTopic as error:
        raise BadName(f"{error}: a gateway's id has 1 to 40 small letters, digits and hyphens") from error
