"""`shelfwire-provision`: the company's CA, boxes, broker and controller, by one command each.

Exit status: 0 done, or was done before; 1 could not be done (the sentence says why and what to do); 3 `list` found something that
ends soon.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import click

from provisioning import broker_files, telling
from provisioning.authority import (
    CA_DAYS,
    CERTIFICATE,
    LEAF_DAYS,
    Authority,
    ends_at,
    is_authority,
    load_authority,
    make_authority,
    now,
)
from provisioning.errors import NotTold, ProvisioningError, UnknownName
from provisioning.files import alone
from provisioning.issuing import Addresses, Desk, Done
from provisioning.mosquitto import Listener
from provisioning.register import Issued, Kind, load_register

SOON = 3
_RIGHTS = "; a new box has no rights at the broker before its access list is written again: `mosquitto --to`, and reload it"
F = TypeVar("F", bound=Callable[..., object])


@dataclass
class Settings:
    """What all commands share."""

    folder: Path
    passphrase_file: Path | None
    as_json: bool

    def passphrase(self) -> bytes | None:
        if self.passphrase_file is None:
            return None
        try:
            return self.passphrase_file.read_bytes().strip() or None
        except OSError as error:
            raise ProvisioningError(f"the passphrase cannot be read ({self.passphrase_file}: {error.strerror})") from error

    def authority(self) -> Authority:
        return load_authority(self.folder, self.passphrase())

    def tell(self, sentence: str, **data: object) -> None:
        """One line for people, or one JSON object for programs."""
        print(json.dumps({"said": sentence, **data}, default=str) if self.as_json else sentence)


@contextmanager
def _desk(settings: Settings) -> Iterator[Desk]:
    """The CA's folder to ourselves; errors become a sentence and exit status 1."""
    with _told(settings), alone(settings.folder):
        yield Desk(settings.folder, settings.authority(), now())


@contextmanager
def _told(settings: Settings) -> Iterator[None]:
    try:
        yield
    except ProvisioningError as error:
        _fail(settings, error.code, str(error))
    except OSError as error:
        _fail(settings, "files", f"{error.filename}: {error.strerror}: run this as the owner of the files, or free the disk")


def _fail(settings: Settings, code: str, sentence: str) -> None:
    print(json.dumps({"error": code, "said": sentence}) if settings.as_json else sentence, file=sys.stderr)
    sys.exit(1)


def _row(issued: Issued) -> Mapping[str, Any]:
    return {
        "serial": issued.serial,
        "kind": issued.kind.value,
        "name": issued.name,
        "site": issued.site,
        "hosts": list(issued.hosts),
        "issued_at": issued.issued_at.isoformat(),
        "not_after": issued.not_after.isoformat(),
        "revoked_at": issued.revoked_at.isoformat() if issued.revoked_at else None,
    }


def _tell_done(settings: Settings, what: str, done: Done, files: object, *, is_told: bool = False) -> None:
    word = "issued" if done.is_new else "was issued before" if is_told else "was issued before, nothing changed"
    word += ", registered with the controller" if is_told else ""
    ends = min(each.not_after for each in done.issued)
    rights = done.is_new and done.issued[0].kind is Kind.BOX
    settings.tell(
        f"{what}: {word}; holds until {ends:%Y-%m-%d}; {files}{_RIGHTS if rights else ''}",
        is_new=done.is_new,
        is_registered=is_told,
        files=str(files),
        issued=[_row(each) for each in done.issued],
    )


def _addressed(function: F) -> F:
    for option in (
        click.option("--broker", help="Host of the broker.  [default: the one issued last]"),
        click.option("--broker-port", type=click.IntRange(1, 65535), default=8883, show_default=True),
        click.option("--controller", help="https://host:port of its listener for boxes.  [default: the one issued last]"),
    ):
        function = option(function)
    return function


def _telling(function: F) -> F:
    for option in (
        click.option("--api", help="Address of the controller's API: tell it, too."),
        click.option("--token-file", type=click.Path(path_type=Path, exists=True, dir_okay=False), help="Its token."),
        click.option("--api-ca", type=click.Path(path_type=Path, exists=True, dir_okay=False), help="Its CA, if no public one."),
    ):
        function = option(function)
    return function


def _reloading(function: F) -> F:
    for option in (
        click.option("--mosquitto", "broker_folder", type=click.Path(path_type=Path), help="Folder of `mosquitto --to`: renew it."),
        click.option("--pid-file", type=click.Path(path_type=Path), help="Mosquitto's: have it reload."),
    ):
        function = option(function)
    return function


def _days(default: int) -> Callable[[F], F]:
    return click.option("--days", type=click.IntRange(1, 36500), default=default, show_default=True, help="How long it holds.")


def _api(address: str | None, token_file: Path | None, ca: Path | None) -> telling.Api | None:
    if address is None:
        return None
    return telling.Api(url=address, token=token_file.read_text(encoding="utf-8").strip() if token_file else "", ca=ca)


@click.group()
@click.option(
    "--folder", type=click.Path(path_type=Path), default=Path("pki"), show_default=True, envvar="SHELFWIRE_PKI", help="The CA's."
)
@click.option("--passphrase-file", type=click.Path(path_type=Path), envvar="SHELFWIRE_PASSPHRASE_FILE", help="Of the CA's key.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of a sentence.")
@click.pass_context
def main(context: click.Context, folder: Path, passphrase_file: Path | None, *, as_json: bool) -> None:
    """Certificates of a company's boxes, broker and controller, from its own CA.  Keep --folder off the network, and copy it."""
    context.obj = Settings(folder, passphrase_file, as_json)


@main.command()
@click.option("--name", default="Shelfwire CA", show_default=True, help="What certificates say of who signed them.")
@_days(CA_DAYS)
@click.pass_obj
def ca(settings: Settings, name: str, days: int) -> None:
    """Make the CA; what is there is left alone."""
    with _told(settings), alone(settings.folder):
        is_new = not is_authority(settings.folder)
        if is_new:
            make_authority(settings.folder, name, settings.passphrase(), now(), days=days)
        else:
            settings.authority()
        path = settings.folder / CERTIFICATE
        ends = ends_at(path.read_bytes())
        word = "made; keep ca.key and its passphrase safe" if is_new else "was there, nothing changed"
        settings.tell(f"CA: {word}; holds until {ends:%Y-%m-%d}; {path}", is_new=is_new, file=str(path), not_after=ends)


@main.command()
@click.argument("box_id", metavar="BOX")
@click.option("--site", required=True, help="The site that it stands in, as the controller knows it.")
@click.option("--name", help="What people call it, for the controller.  [default: BOX]")
@click.option("--page-name", "pages", multiple=True, help="A further name or address by which screens reach it; again for several.")
@_addressed
@_days(LEAF_DAYS)
@_telling
@click.pass_obj
def box(
    settings: Settings, /, box_id: str, site: str, name: str | None, pages: tuple[str, ...], days: int, **rest: Any
) -> None:  # the options of `_addressed` and `_telling`
    """Certificate, key and configuration of a box as one tar; with --api the controller lets it in."""
    with _desk(settings) as desk:
        done = desk.box(box_id, site, _addresses(rest), days, pages)
        is_told = _enrol(rest, done, name or box_id)
        _tell_done(settings, f"box {box_id}", done, done.folder.parent / f"{box_id}.tar", is_told=is_told)


@main.command()
@click.argument("hosts", metavar="HOST", nargs=-1, required=True)
@_days(LEAF_DAYS)
@click.pass_obj
def broker(settings: Settings, hosts: tuple[str, ...], days: int) -> None:
    """Certificate of the broker, for all names and addresses by which boxes find it."""
    with _desk(settings) as desk:
        done = desk.broker(hosts, days)
        _tell_done(settings, f"broker {done.issued[0].name}", done, done.folder)


@main.command()
@click.argument("hosts", metavar="HOST", nargs=-1, required=True)
@click.option("--gateway", default="controller", show_default=True, help="Id of its gateway; several gateways take one each.")
@_days(LEAF_DAYS)
@click.pass_obj
def controller(settings: Settings, hosts: tuple[str, ...], gateway: str, days: int) -> None:
    """Certificates of a controller: of its listener for boxes, and of its gateway at the broker."""
    with _desk(settings) as desk:
        done = desk.controller(hosts, gateway, days)
        _tell_done(settings, f"controller {done.issued[0].name}", done, done.folder)


@main.command()
@click.option("--to", "folder", type=click.Path(path_type=Path), required=True, help="Such as /var/lib/shelfwire-broker.")
@click.option("--broker", help="Which, if there are several.  [default: the one issued last]")
@click.option("--port", type=click.IntRange(1, 65535), default=8883, show_default=True)
@click.option("--address", default="", help="Listen on this address only.")
@click.option("--connections", type=click.IntRange(1, 1_000_000), default=2000, show_default=True)
@click.option("--store", type=click.Path(path_type=Path), default=Path("/var/lib/mosquitto"), show_default=True)
@click.option("--pid-file", type=click.Path(path_type=Path), help="Mosquitto's: have it reload.")
@click.option("--at", "place", type=click.Path(path_type=Path), help="Where the folder will be, if you copy it to the broker.")
@click.pass_obj
def mosquitto(settings: Settings, /, folder: Path, broker: str | None, pid_file: Path | None, **rest: Any) -> None:
    """Write Mosquitto's configuration, access list, certificates and list of the revoked; again after each new box."""
    with _desk(settings) as desk:
        place = rest.pop("place")
        listener = Listener(**rest, folder=place or folder.absolute())
        written = broker_files.write(settings.folder, folder.absolute(), desk.register, broker, listener)
        if pid_file is not None:
            telling.hang_up(pid_file)
        settings.tell(
            f"Mosquitto: {_count(written.boxes, 'box', 'boxes')}, {_count(written.gateways, 'gateway', 'gateways')} in {folder}; "
            f"{'it reloads' if pid_file else 'have it reload: systemctl reload mosquitto'}{_withdrawn(written.withdrawn)}",
            folder=str(folder),
            boxes=written.boxes,
            gateways=written.gateways,
            withdrawn=list(written.withdrawn),
        )


@main.command()
@click.argument("name")
@_addressed
@_days(LEAF_DAYS)
@_telling
@click.pass_obj
def renew(settings: Settings, /, name: str, days: int, **rest: Any) -> None:
    """New key and certificate for a box, broker or controller; the old ones hold until they end or are revoked."""
    with _desk(settings) as desk:
        done = desk.renew(name, _addresses(rest), days)
        is_told = _enrol(rest, done, None)
        where = done.folder.parent / f"{name}.tar" if done.issued[0].kind is Kind.BOX else done.folder
        _tell_done(settings, name, done, where, is_told=is_told)


@main.command()
@click.argument("name")
@click.option("--serial", help="Only this certificate; the others of the name go on.")
@_telling
@_reloading
@click.pass_obj
def revoke(settings: Settings, /, name: str, serial: str | None, **rest: Any) -> None:
    """Take a certificate back; with --mosquitto and --api also the box's rights, at once and in open sessions."""
    with _desk(settings) as desk:
        revoked = desk.revoke(name, serial)
        if (folder := rest["broker_folder"]) is not None:
            broker_files.update(settings.folder, folder.absolute(), desk.register)
        if rest["pid_file"] is not None:
            telling.hang_up(rest["pid_file"])
        api = _api(rest["api"], rest["token_file"], rest["api_ca"])
        if api is not None and revoked[0].kind in (Kind.BOX, Kind.FLOOR):
            telling.revoke(api, name, revoked[0] if serial else None)
        missing = [
            word for word, told in (("the broker (--mosquitto, --pid-file)", folder), ("the controller (--api)", api)) if not told
        ]
        not_told = f"; not told: {', '.join(missing)}" if missing else ""
        settings.tell(f"{name}: revoked{not_told}", revoked=[_row(each) for each in revoked], told=not missing)


@main.command("list")
@click.option("--expiring", type=click.IntRange(1, 3650), metavar="DAYS", help="Only what ends within so many days; then exit 3.")
@click.pass_obj
def list_(settings: Settings, expiring: int | None) -> None:
    """What was issued, and until when it holds."""
    with _told(settings):
        at = now()
        rows = [each for each in load_register(settings.folder).issued if expiring is None or _ends_soon(each, expiring)]
        if settings.as_json:
            print(json.dumps([{**_row(each), "days_left": (each.not_after - at).days} for each in rows]))
        else:
            for each in rows:
                state = "revoked" if each.revoked_at else f"{(each.not_after - at).days} days left"
                print(f"{each.kind:9} {each.name:40} {each.site or '-':12} until {each.not_after:%Y-%m-%d}  {state}  {each.serial}")
    if expiring is not None and rows:
        sys.exit(SOON)


def _ends_soon(issued: Issued, days: int) -> bool:
    return issued.revoked_at is None and issued.ends_within(days, now())


def _addresses(options: Mapping[str, Any]) -> Addresses:
    return Addresses(broker=options["broker"], broker_port=options["broker_port"], controller=options["controller"])


def _enrol(options: Mapping[str, Any], done: Done, name: str | None) -> bool:
    """Whether the controller was to be told, and knows it now.  Raises NotTold, UnknownName."""
    api = _api(options["api"], options["token_file"], options["api_ca"])
    if api is None:
        return False
    issued = done.issued[0]
    if issued.kind is not Kind.BOX or issued.site is None:
        raise UnknownName(f"{issued.name!r} is no box: only boxes are told to the controller")
    try:
        telling.enrol(api, issued.name, issued.site, name, (done.folder / "box.pem").read_bytes())
    except NotTold as error:
        raise NotTold(
            f"box {issued.name}: issued for site {issued.site}, not registered: {error}. Run the same command again when that is"
            f" mended; was the site's name wrong, `shelfwire-provision revoke {issued.name}` first"
        ) from error
    return True


def _count(number: int, one: str, more: str) -> str:
    return f"{number} {one if number == 1 else more}"


def _withdrawn(boxes: tuple[str, ...]) -> str:
    if not boxes:
        return ""
    return (
        f"; revoked by the controller and left out: {', '.join(boxes)} (`revoke` them here, too, or `renew` and enrol them again)"
    )


if __name__ == "__main__":
    main()
