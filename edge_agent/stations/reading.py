"""From what a scanner's driver read to a station's input."""

from __future__ import annotations

from base64 import b64encode

from drivers import devices
from drivers.symbols.commands import parse_command
from drivers.symbols.parse import parse_symbol
from edge_agent.stations.model import Scanned
from edge_agent.wire.messages import Symbol

LONGEST = 4096
"""Characters of a symbol that travel as text; a longer one travels whole in `raw_b64`."""


def scanned(device: str, read: devices.Symbol, at_ms: int, own_prefixes: frozenset[str] = frozenset()) -> Scanned:
    """Never raises: an unreadable symbol is a scan too.  `own_prefixes` as in `drivers.symbols.gtin`; `at_ms` is boot time."""
    parsed = parse_symbol(read.data, read.aim, own_prefixes=own_prefixes)
    is_long = len(parsed.text) > LONGEST
    raw = read.data if is_long else parsed.raw
    symbol = Symbol(
        text=parsed.text[:LONGEST] or "\ufffd",
        aim=parsed.aim,
        raw_b64=b64encode(raw).decode() if raw is not None else None,
    )
    return Scanned(device=device, symbol=symbol, at_ms=at_ms, gtin=parsed.gtin14, command=parse_command(parsed.text))
