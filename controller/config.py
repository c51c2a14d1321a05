"""The controller's configuration: frozen dataclasses from one TOML file; every key has a default, so that `serve` works with none.

All errors are reported at once, each with its key path.  Secrets are named by file, never written here.
"""

from __future__ import annotations

import ipaddress
import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote, urlsplit

from controller.config_table import Table
from controller.customers.config import Customers, read_customers
from controller.payments.config import Payments, read_payments
from controller.purchasing.config import Purchasing, read_purchasing
from edge_agent.wire.errors import BadTopic
from edge_agent.wire.topics import GatewayTopic

_POSTGRES = ("postgres", "postgresql")
MOST_DAYS = 36_500


class ConfigErrors(Exception):
    """Everything that is wrong with a configuration, one line each."""

    def __init__(self, source: str, errors: list[str]) -> None:
        super().__init__(f"{source}: {len(errors)} error(s)\n" + "\n".join(f"  {error}" for error in errors))
        self.errors = errors


@dataclass(frozen=True, slots=True, kw_only=True)
class Http:
    """`[http]`.  `open_pages`: pages without a log-in (default: only while `host` is loopback).

    `bench_url`: a link to the demo's bench.  `names`: host names under which browsers reach the pages, besides the loopback ones (a
    guard against DNS rebinding).  `idle_minutes`, `session_hours`: when a person's session ends.  `proxies`: addresses of proxies
    that tell the truth about whom they ask for.
    """

    host: str = "127.0.0.1"
    port: int = 8080
    open_pages: bool = True
    bench_url: str = ""
    names: tuple[str, ...] = ()
    max_body: int = 8 * 1024 * 1024
    idle_minutes: int = 30
    session_hours: int = 12
    proxies: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Database:
    """`[database]`.  `url`: `sqlite:///absolute/path` or `postgres://…`; `password_file` is filled into a postgres url."""

    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Broker:
    """`[broker]`.  `embedded`: run one on `port` of loopback; else use the one at `host` and `port`.

    `ca` switches TLS on; `cert` and `key` are the gateway's own.  `access_file`: Mosquitto's access list, from which revoked boxes
    are taken; `pid_file`: Mosquitto's, to have it reload.
    """

    embedded: bool = True
    host: str = "127.0.0.1"
    port: int = 1883
    username: str | None = None
    password_file: Path | None = None
    ca: Path | None = None
    cert: Path | None = None
    key: Path | None = None
    access_file: Path | None = None
    pid_file: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BoxHttp:
    """`[box_http]`: the listener for boxes, there once it has a certificate.  `ca` signs the boxes that may come in."""

    host: str = "0.0.0.0"
    port: int = 8443
    ca: Path | None = None
    cert: Path | None = None
    key: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewaySection:
    """`[gateway]`.  `id` is unique among the gateways of a controller; those that share a load name the same `share`."""

    id: str = "controller"
    share: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    """`[retention]`: days after which an hourly job lets go of what is done with.

    `events_days`: of the journal of events; `requests_days`: of print jobs and commands that came to their end; `messages_days`: of
    messages that could not be read, and of second identities of facts; `logs_days`: of boxes' warnings.
    """

    events_days: int = 730
    requests_days: int = 400
    messages_days: int = 90
    logs_days: int = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenFile:
    """`[[token]]`: a token that exists from the start, its text in `file` (for a demo, a provisioning tool)."""

    name: str
    file: Path
    permissions: tuple[str, ...] = ("*",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """The whole of it."""

    data: Path
    http: Http
    database: Database
    broker: Broker
    gateway: GatewaySection
    tokens: tuple[TokenFile, ...] = field(default=())
    box_http: BoxHttp = field(default_factory=BoxHttp)
    retention: Retention = field(default_factory=Retention)
    purchasing: Purchasing = field(default_factory=Purchasing)
    payments: Payments = field(default_factory=Payments)
    customers: Customers = field(default_factory=Customers)

    @property
    def tokens_of_boxes(self) -> bool:
        """Whether `/box/v1` is served by token beside the API: on this machine only, and not beside the listener for boxes."""
        return self.box_http.cert is None and is_loopback(self.http.host)


def load_config(path: Path | None, environ: Mapping[str, str] | None = None) -> Config:
    """Read `path`, or take all defaults.  Raises ConfigErrors."""
    environ = os.environ if environ is None else environ
    if path is None:
        return parse_config({}, environ, "the defaults")
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigErrors(str(path), [f"cannot be read: {error.strerror}"]) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigErrors(str(path), [f"is not TOML: {error}"]) from error
    return parse_config(document, environ, str(path))


def parse_config(document: Mapping[str, object], environ: Mapping[str, str], source: str) -> Config:
    """Raises ConfigErrors with all that is wrong."""
    root = Table(document, "", [])
    data = Path(root.text("data", _default_data(environ))).expanduser()
    http = _http(root.table("http"))
    database = _database(root.table("database"), data)
    broker = _broker(root.table("broker"))
    gateway = _gateway(root.table("gateway"))
    tokens = tuple(_token(table) for table in root.tables("token"))
    box_http = _box_http(root.table("box_http"))
    retention = _retention(root.table("retention"))
    purchasing = read_purchasing(root.table("purchasing"))
    payments = read_payments(root.tables("payment_provider"))
    customers = read_customers(root.table("customers"))
    root.close()
    if root.errors:
        raise ConfigErrors(source, root.errors)
    return Config(
        data=data,
        http=http,
        database=database,
        broker=broker,
        gateway=gateway,
        tokens=tokens,
        box_http=box_http,
        retention=retention,
        purchasing=purchasing,
        payments=payments,
        customers=customers,
    )


def is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _default_data(environ: Mapping[str, str]) -> str:
    """The StateDirectory of systemd, else the user's data folder (XDG Base Directory Specification)."""
    if folder := environ.get("STATE_DIRECTORY"):
        return folder.split(":")[0]
    return str(Path(environ.get("XDG_DATA_HOME") or "~/.local/share") / "shelfwire")


def _http(table: Table) -> Http:
    host = table.text("host", "127.0.0.1")
    section = Http(
        host=host,
        port=table.number("port", 8080, 0, 65535),
        open_pages=table.flag("open_pages", is_loopback(host)),
        bench_url=table.text("bench_url", "", check=_web_address),
        names=table.texts("names", ()),
        max_body=table.number("max_body", 8 * 1024 * 1024, 1024, 256 * 1024 * 1024),
        idle_minutes=table.number("idle_minutes", 30, 1, 1440),
        session_hours=table.number("session_hours", 12, 1, 168),
        proxies=table.texts("proxies", (), check=_address),
    )
    table.close()
    return section


def _database(table: Table, data: Path) -> Database:
    url = table.text("url", f"sqlite://{(data / 'controller.db').absolute()}", check=_database_url)
    file = table.path("password_file")
    if file is not None and urlsplit(url).scheme in _POSTGRES:
        url = table.reading(lambda: _with_password(url, file), "password_file", url)
    table.close()
    return Database(url=url)


def _broker(table: Table) -> Broker:
    embedded = table.flag("embedded", not table.has("host"))
    section = Broker(
        embedded=embedded,
        host=table.text("host", "127.0.0.1"),
        port=table.number("port", 8883 if table.has("ca") else 1883, 1, 65535),
        username=table.text("username", "") or None,
        password_file=table.path("password_file"),
        ca=table.file("ca"),
        cert=table.file("cert"),
        key=table.file("key"),
        access_file=table.file("access_file"),
        pid_file=table.path("pid_file"),
    )
    if embedded and not is_loopback(section.host):
        table.wrong("host", "the embedded broker listens on loopback only; set embedded = false to use a broker elsewhere")
    if embedded and section.ca is not None:
        table.wrong("ca", "the embedded broker speaks no TLS; set embedded = false to use a broker that does")
    if (section.cert is None) != (section.key is None) or (section.cert is not None and section.ca is None):
        table.wrong("cert", "a certificate needs `cert`, `key` and `ca`")
    table.close()
    return section


def _box_http(table: Table) -> BoxHttp:
    section = BoxHttp(
        host=table.text("host", BoxHttp().host),
        port=table.number("port", BoxHttp().port, 0, 65535),
        ca=table.file("ca"),
        cert=table.file("cert"),
        key=table.file("key"),
    )
    if len({each is None for each in (section.ca, section.cert, section.key)}) > 1:
        table.wrong("cert", "the listener for boxes needs `ca`, `cert` and `key`")
    table.close()
    return section


def _gateway(table: Table) -> GatewaySection:
    section = GatewaySection(id=table.text("id", "controller", check=_topic_id), share=table.text("share", "") or None)
    table.close()
    return section


def _retention(table: Table) -> Retention:
    keys = Retention()
    section = Retention(
        events_days=table.number("events_days", keys.events_days, 1, MOST_DAYS),
        requests_days=table.number("requests_days", keys.requests_days, 1, MOST_DAYS),
        messages_days=table.number("messages_days", keys.messages_days, 1, MOST_DAYS),
        logs_days=table.number("logs_days", keys.logs_days, 1, MOST_DAYS),
    )
    table.close()
    return section


def _token(table: Table) -> TokenFile:
    token = TokenFile(
        name=table.text("name", "", check=lambda text: None if text else "expected a name"),
        file=table.path("file") or table.wrong("file", "expected the path of the file that holds the token", Path()),
        permissions=table.texts("permissions", ("*",)),
    )
    table.close()
    return token


def _address(text: str) -> str | None:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return f"{text!r} is not an IP address"
    return None


def _web_address(text: str) -> str | None:
    return None if not text or urlsplit(text).scheme in ("http", "https") else f"{text!r} is not an http(s) address"


def _database_url(url: str) -> str | None:
    parts = urlsplit(url)
    if parts.scheme == "sqlite":
        return None if parts.path.startswith("/") else f"{url!r}: expected sqlite:///absolute/path"
    return None if parts.scheme in _POSTGRES and parts.path.strip("/") else f"{url!r}: expected postgres://…/database"


def _topic_id(text: str) -> str | None:
    try:
        GatewayTopic(text)
    except BadTopic as error:
        return str(error)
    return None


def _with_password(url: str, file: Path) -> str:
    parts = urlsplit(url)
    address = parts.netloc.rpartition("@")
    user = address[0].partition(":")[0] or "postgres"
    password = quote(file.read_text(encoding="utf-8").strip(), safe="")
    return parts._replace(netloc=f"{user}:{password}@{address[2]}").geturl()
