"""From what a scanner's driver read to a station's input."""

from __future__ import annotations

from base64 import b64encode

from drivers import devices
from drivers.symbols.commands import BADGE_PREFIX, parse_badge, parse_command
from drivers.symbols.parse import parse_symbol
from drivers.symbols.parsed import NO_RULES, SymbolRules
from edge_agent.stations.model import Scanned
from edge_agent.wire.messages import Symbol

LONGEST = 4096
"""Characters of a symbol that travel as text; a longer one travels whole in `raw_b64`."""


def scanned(device: str, read: devices.Symbol, at_ms: int, rules: SymbolRules = NO_RULES) -> Scanned:
    """Never raises: an unreadable symbol is a scan too.  `at_ms` is boot time.

    A price or weight that a rule of the company lays out leaves the item's own number, under which the catalogue has it.  The
    letters of a badge open doors: they are left out, and travel nowhere.
    """
    parsed = parse_symbol(read.data, read.aim, rules=rules)
    if parse_badge(parsed.text) is not None:
        return Scanned(device=device, symbol=Symbol(text=BADGE_PREFIX, aim=parsed.aim), at_ms=at_ms, is_badge=True)
    base = parsed.variable.base.zfill(14) if parsed.variable is not None else None
    is_long = len(parsed.text) > LONGEST
    raw = read.data if is_long else parsed.raw
    symbol = Symbol(
        text=parsed.text[:LONGEST] or "\ufffd",
        aim=parsed.aim,
        raw_b64=b64encode(raw).decode() if raw is not None else None,
    )
    return Scanned(
        device=device,
        symbol=symbol,
        at_ms=at_ms,
        gtin=parsed.gtin14 or base,
        lot=parsed.batch,
        expiry=parsed.expires or parsed.best_before,
        serial=parsed.serial,
        command=parse_command(parsed.text),
        grams=parsed.grams,
    )


def badge_of(read: devices.Symbol) -> str | None:
    """The badge that was read, as its owner is found by it; None if it is none."""
    return parse_badge(parse_symbol(read.data, read.aim).text)
