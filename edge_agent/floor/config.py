"""`[floor]` of the agent's file: where the pages listen, their certificate, their sessions."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from edge_agent.toml_table import Table

DEFAULT_PORT = 8443


class SignIn(StrEnum):
    """Who may use the pages: people with a badge and a PIN, or everybody who reaches them."""

    PIN = "pin"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class FloorConfig:
    """`cert` and `key` switch HTTPS on; without them the pages listen on loopback only.  `root` is the CA that `/floor/root.crt`
    offers.  `names`: host names by which screens reach the box, besides its addresses and `<box>.local`.
    """

    host: str = "127.0.0.1"
    port: int = DEFAULT_PORT
    cert: Path | None = None
    key: Path | None = None
    root: Path | None = None
    names: tuple[str, ...] = ()
    sign_in: SignIn = SignIn.PIN
    idle_minutes: int = 30
    session_hours: int = 12
    time_zone: str = ""


def read_floor(table: Table) -> FloorConfig:
    default = FloorConfig()
    sign_in = table.text("sign_in", default.sign_in, check=_sign_in)
    floor = FloorConfig(
        host=table.text("host", default.host, check=_host),
        port=table.number("port", default.port, low=1, high=65535),
        cert=table.file("cert"),
        key=table.file("key"),
        root=table.file("root"),
        names=table.texts("names", check=_name),
        sign_in=SignIn(sign_in) if sign_in in tuple(SignIn) else default.sign_in,
        idle_minutes=table.number("idle_minutes", default.idle_minutes, low=1, high=24 * 60),
        session_hours=table.number("session_hours", default.session_hours, low=1, high=7 * 24),
        time_zone=table.text("time_zone", default.time_zone, check=_zone),
    )
    if (floor.cert is None) != (floor.key is None):
        table.wrong("cert" if floor.cert is None else "key", "is missing: HTTPS needs both `cert` and `key`")
    if floor.cert is None and not is_loopback(floor.host):
        table.wrong(
            "host",
            f"{floor.host!r} is reached from the network, and badges and PINs must not go over it in the clear: "
            "name `cert` and `key`, or listen on 127.0.0.1",
        )
    table.finish()
    return floor


def is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _host(value: object) -> str | None:
    try:
        ipaddress.ip_address(str(value))
    except ValueError:
        return None if value == "localhost" else "must be an address of this machine, such as 0.0.0.0, or localhost"
    return None


def _name(value: object) -> str | None:
    text = str(value)
    is_name = 0 < len(text) <= 253 and all(part and part.replace("-", "a").isalnum() and part.isascii() for part in text.split("."))
    return None if is_name else "must be a host name such as box.shop.example"


def _sign_in(value: object) -> str | None:
    return None if value in tuple(SignIn) else f"is unknown; possible: {', '.join(SignIn)}"


def _zone(value: object) -> str | None:
    try:
        ZoneInfo(str(value))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return "must be a time zone such as Asia/Shanghai"
    return None
