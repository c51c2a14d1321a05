"""Command line: serve, migrate, import a catalogue, make a token, write the generated descriptions."""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, NoReturn, TypeVar

import click
from rich.console import Console

from controller.app import Parts, Role, api_routes, connected_database, permissions_named, serve
from controller.broker import BrokerFailed
from controller.catalog.imports import Mode
from controller.config import Config, ConfigErrors, load_config
from controller.db import DatabaseInUse
from controller.errors import DomainError
from controller.http import asyncapi, auth, cli_sales, openapi
from controller.http.cli_import import ImportFailed, import_here, import_there
from controller.http.cli_keys import KeysFailed, check_here, new_here, rotate_here
from controller.http.cli_ledger import verify_all
from controller.http.cli_people import NewPerson, PeopleFailed, add_here, add_there, grants_of
from controller.http.cli_stock import demand_again, stock_here, stock_there
from controller.http.table import API_VERSION
from controller.sales.rows import Dates, HowToRead
from controller.starting import StartFailed, wrong_files
from edge_agent.ui.locales import Language
from edge_agent.wire.log_line import log_to_stderr
from edge_agent.wire.roles import Role as PersonRole

T = TypeVar("T")

OPENAPI_FILE = Path("docs/openapi.json")
ASYNCAPI_FILE = Path("docs/asyncapi.yaml")


def _remember(context: click.Context, _: click.Parameter, path: Path | None) -> None:
    if path is not None:
        context.obj = path


configured = click.option(
    "--config",
    type=click.Path(path_type=Path, dir_okay=False),
    expose_value=False,
    callback=_remember,
    help="TOML file; without it, all defaults.",
)
"""Before the command or after it: people write it where `shelfwire-agent` has it."""


@click.group()
@configured
@click.option("--verbose", is_flag=True, help="Log at INFO.")
def main(*, verbose: bool) -> None:
    """Shelfwire's controller: holds order and inventory state, and speaks to the boxes."""
    log_to_stderr(logging.INFO if verbose else logging.WARNING)


def _config(context: click.Context) -> Config:
    try:
        return load_config(context.obj)
    except ConfigErrors as error:
        _fail(str(error))


def _fail(message: str) -> NoReturn:
    print(message, file=sys.stderr)
    sys.exit(1)


def _run(work: Coroutine[object, object, T]) -> T:
    try:
        return asyncio.run(work)
    except DatabaseInUse as error:
        _fail(f"{error}\nStop that controller first; an import, or adding people, can also go through its API (--api).")
    except (StartFailed, BrokerFailed, OSError, ValueError) as error:
        _fail(str(error))


@main.command("serve")
@configured
@click.option(
    "--role", "roles", multiple=True, type=click.Choice([role.value for role in Role]), help="Again for several; default all."
)
@click.pass_context
def serve_command(context: click.Context, roles: tuple[str, ...]) -> None:
    """Run the controller until Ctrl+C or SIGTERM."""
    wanted = [Role(role) for role in roles] or list(Role)
    _run(serve(_config(context), wanted, on_ready=lambda address: print(f"Shelfwire is at {address}", flush=True)))


@main.command("check-config")
@configured
@click.pass_context
def check_config_command(context: click.Context) -> None:
    """Tell all mistakes of the configuration at once, and start nothing."""
    config, source = _config(context), context.obj or "the defaults"
    if wrong := wrong_files(config):
        _fail(str(ConfigErrors(str(source), wrong)))
    print(f"{source}: is right: data in {config.data}")


@main.command()
@configured
@click.pass_context
def migrate(context: click.Context) -> None:
    """Bring the database to the newest schema."""

    async def work() -> None:
        async with connected_database(_config(context)):
            pass

    _run(work())
    print("the database is at the newest schema")


@main.command("import-catalog")
@configured
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--mode", type=click.Choice([mode.value for mode in Mode]), default=Mode.ALL_OR_NOTHING.value, show_default=True)
@click.option("--api", help="Address of a running controller; without it, the database is opened here.")
@click.option(
    "--token-file", type=click.Path(path_type=Path, exists=True, dir_okay=False), help="With --api: file that holds the token."
)
@click.pass_context
def import_command(context: click.Context, file: Path, mode: str, api: str | None, token_file: Path | None) -> None:
    """Import products, SKUs and barcodes from a CSV file."""
    console = Console()

    async def here() -> bool:
        async with connected_database(_config(context)):
            return await import_here(file, Mode(mode), console)

    try:
        if api is None:
            is_good = _run(here())
        else:
            secret = token_file.read_text(encoding="utf-8").strip() if token_file else ""
            is_good = import_there(file, Mode(mode), api, secret, console)
    except (ImportFailed, OSError) as error:
        _fail(str(error))
    sys.exit(0 if is_good else 1)


@main.command("import-sales")
@configured
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--site", required=True, help="The site that sold it.")
@click.option("--till", default="import", show_default=True, help="The till, where the file names none.")
@click.option("--dates", type=click.Choice([dates.value for dates in Dates]), default=Dates.ISO.value, show_default=True)
@click.option("--decimal-comma", is_flag=True, help="Amounts are written as 1.234,50.")
@click.option("--preview", is_flag=True, help="Only look: nothing is written.")
@click.option("--errors", type=click.Path(path_type=Path, dir_okay=False), help="Write every row that cannot be read to this file.")
@click.option("--api", help="Address of a running controller; without it, the database is opened here.")
@click.option(
    "--token-file", type=click.Path(path_type=Path, exists=True, dir_okay=False), help="With --api: file that holds the token."
)
@click.pass_context
def import_sales_command(context: click.Context, /, file: Path, **asked: Any) -> None:
    """Take in receipts of other tills from a CSV file; what was interrupted goes on from where it was."""
    console, errors, body = Console(), asked["errors"], file.read_bytes()
    till, dates, comma = asked["till"], Dates(asked["dates"]), asked["decimal_comma"]
    how = HowToRead(site=asked["site"], time_zone="", currency="", till=till, dates=dates, decimal_comma=comma)

    async def here() -> bool:
        async with connected_database(_config(context)):
            return await (cli_sales.look_here if asked["preview"] else cli_sales.import_here)(body, how, errors, console)

    try:
        if asked["api"] is None or asked["preview"]:
            is_good = _run(here())
        else:
            secret = asked["token_file"].read_text(encoding="utf-8").strip() if asked["token_file"] else ""
            is_good = cli_sales.import_there(body, how, errors, (asked["api"], secret), console)
    except (ImportFailed, DomainError, OSError) as error:
        _fail(str(error))
    sys.exit(0 if is_good else 1)


@main.command("import-stock")
@configured
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--confirm", is_flag=True, help="Book the good lines; without it, the file is only checked.")
@click.option("--api", help="Address of a running controller; without it, the database is opened here.")
@click.option(
    "--token-file", type=click.Path(path_type=Path, exists=True, dir_okay=False), help="With --api: file that holds the token."
)
@click.pass_context
def stock_command(context: click.Context, file: Path, *, confirm: bool, api: str | None, token_file: Path | None) -> None:
    """Import opening stock from a CSV or XLSX file: check it, and book what is good."""
    console, body = Console(), file.read_bytes()

    async def here() -> bool:
        async with connected_database(_config(context)):
            return await stock_here(file, body, console, confirm=confirm)

    try:
        if api is None:
            is_good = _run(here())
        else:
            secret = token_file.read_text(encoding="utf-8").strip() if token_file else ""
            is_good = stock_there(file, api, secret, console, confirm=confirm)
    except (ImportFailed, OSError) as error:
        _fail(str(error))
    sys.exit(0 if is_good else 1)


@main.command("rebuild-demand")
@configured
@click.pass_context
def demand_command(context: click.Context) -> None:
    """Make demand by day of the whole ledger again: after a site's time zone was corrected."""

    async def work() -> None:
        async with connected_database(_config(context)):
            await demand_again(Console())

    _run(work())


@main.group()
def token() -> None:
    """Tokens of the API."""


@token.command("create")
@configured
@click.argument("name")
@click.option("--permission", "permissions", multiple=True, default=("*",), show_default=True, help="Again for several; * for all.")
@click.option("--site", "sites", multiple=True, help="Only these sites; default all.")
@click.pass_context
def create(context: click.Context, name: str, permissions: tuple[str, ...], sites: tuple[str, ...]) -> None:
    """Make a token and show it, once."""

    async def work() -> str:
        async with connected_database(_config(context)):
            return await auth.create_token(name, permissions_named(permissions), sites=sites or None)

    print(_run(work()))


@main.group()
def people() -> None:
    """People who log in."""


@people.command("add")
@configured
@click.argument("name")
@click.option(
    "--role",
    "roles",
    multiple=True,
    required=True,
    type=click.Choice([role.value for role in PersonRole]),
    help="Again for several.",
)
@click.option("--site", "sites", multiple=True, help="Where they have these roles; again for several.  Default: the whole chain.")
@click.option("--language", type=click.Choice([language.value for language in Language]), default="en", show_default=True)
@click.option("--password-file", type=click.Path(path_type=Path, exists=True, dir_okay=False), help="Default: asked for.")
@click.option("--no-password", is_flag=True, help="They log in by badge and PIN only, or get a password later.")
@click.option("--badge", is_flag=True, help="Make a badge and show its text, once.")
@click.option("--api", help="Address of a running controller; without it, the database is opened here.")
@click.option(
    "--token-file", type=click.Path(path_type=Path, exists=True, dir_okay=False), help="With --api: file that holds the token."
)
@click.pass_context
def add_person_command(
    context: click.Context, /, name: str, roles: tuple[str, ...], sites: tuple[str, ...], **options: Any
) -> None:
    """Add a person: the first administrator with `people add NAME --role admin`."""
    new = NewPerson(
        name=name,
        language=options["language"],
        grants=grants_of(roles, sites),
        password=None if options["no_password"] else _password(options["password_file"]),
        badge=options["badge"],
    )

    async def here() -> tuple[str, str | None]:
        async with connected_database(_config(context)):
            return await add_here(new)

    try:
        if options["api"] is None:
            person_id, badge = _run(here())
        else:
            token = options["token_file"].read_text(encoding="utf-8").strip() if options["token_file"] else ""
            person_id, badge = add_there(new, options["api"], token)
    except (PeopleFailed, OSError) as error:
        _fail(str(error))
    print(person_id if badge is None else f"{person_id} {badge}")


@main.group()
def keys() -> None:
    """The key of personal data, in a file outside the database."""


@keys.command("new")
@configured
@click.pass_context
def new_key_command(context: click.Context) -> None:
    """Make the key file, where there is none; `serve` does so by itself at its first start."""
    config = _config(context)
    try:
        new_here(config.customers.key_path(config.data), print)
    except KeysFailed as error:
        _fail(str(error))


@keys.command("rotate")
@configured
@click.option("--hashes", is_flag=True, help="New keys for the hashes, too, by which people are found: after a key was stolen.")
@click.pass_context
def rotate_keys_command(context: click.Context, *, hashes: bool) -> None:
    """Make new keys, and seal everything anew.  While a controller runs on SQLite: POST /api/v1/sealing-keys/rotation."""
    config = _config(context)

    async def work() -> None:
        async with connected_database(config):
            await rotate_here(config.customers.key_path(config.data), print, hashes=hashes)

    try:
        _run(work())
    except KeysFailed as error:
        _fail(str(error))


@keys.command("check")
@configured
@click.pass_context
def check_keys_command(context: click.Context) -> None:
    """Look whether the key file opens what lies in the database: after a restore, and before one is needed."""
    config = _config(context)

    async def work() -> bool:
        async with connected_database(config):
            return await check_here(config.customers.key_path(config.data), print)

    sys.exit(0 if _run(work()) else 1)


@main.group()
def ledger() -> None:
    """The ledger of stock."""


@ledger.command("verify")
@configured
@click.option("--expect", metavar="NUMBER:HASH", help="A seal that was noted before: the chain must still hold it.")
@click.pass_context
def verify_command(context: click.Context, expect: str | None) -> None:
    """Look at all sealed entries: whether they are those that were sealed, and which are not."""

    async def work() -> bool:
        async with connected_database(_config(context)):
            return await verify_all(print, expect=expect)

    sys.exit(0 if _run(work()) else 1)


def _password(file: Path | None) -> str:
    """From a file's first line, or typed twice; never an argument, which other users of the machine would see."""
    if file is not None:
        return (file.read_text(encoding="utf-8").splitlines() or [""])[0]
    typed: str = click.prompt("Password (12 characters or more)", hide_input=True, confirmation_prompt=True)
    return typed


def _generated(file: Path, text: str, *, check: bool) -> None:
    if not check:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
        print(f"wrote {file}")
    elif not file.exists() or file.read_text(encoding="utf-8") != text:
        _fail(f"{file} is stale: run `make generate`")


@main.command("openapi")
@click.option("--check", is_flag=True, help="Fail when the file is not current.")
def openapi_command(*, check: bool) -> None:
    """Write docs/openapi.json."""
    _generated(OPENAPI_FILE, openapi.text(api_routes(Parts()), API_VERSION), check=check)


@main.command("asyncapi")
@click.option("--check", is_flag=True, help="Fail when the file is not current.")
def asyncapi_command(*, check: bool) -> None:
    """Write docs/asyncapi.yaml."""
    _generated(ASYNCAPI_FILE, asyncapi.text(API_VERSION), check=check)


if __name__ == "__main__":
    main()
