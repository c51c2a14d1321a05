"""Counting: COUNT, the bin's barcode, items (+1 per scan), DONE: one `counted` with all its lines; none: an empty bin."""

from __future__ import annotations

from msgspec.structs import replace

from edge_agent.stations.model import Counting, Done, Idle, Scanned, duplicate, ok, wrong
from edge_agent.wire.facts import Counted, CountLine, FactDraft, ReadAs
from edge_agent.wire.messages import Symbol


def begin() -> Done:
    return Done(activity=Counting(), feedback=ok("count_bin"))


def scan(now: Counting, read: Scanned) -> Done:
    text = read.symbol.text
    if now.bin is None and read.gtin is not None:
        return Done(activity=now, feedback=wrong("need_bin_not_item", symbol=text))
    if now.bin is None:
        return Done(activity=Counting(bin=text), feedback=ok("count_ready", bin=text), read_as=ReadAs.PLACE)
    if text == now.bin:
        return Done(activity=now, feedback=duplicate("document_again", symbol=text), read_as=ReadAs.PLACE)
    lines = _one_more(now.lines, read.symbol, read.gtin)
    quantity = next(line.quantity for line in lines if line.symbol == read.symbol)
    return Done(
        activity=replace(now, lines=lines),
        feedback=ok("counted_item", symbol=text, quantity=quantity, bin=now.bin),
    )


def finish(now: Counting, device: str) -> Done:
    if now.bin is None:
        return Done(activity=now, feedback=wrong("need_bin"))
    fact = Counted(bin=now.bin, lines=list(now.lines))
    feedback = ok("counted", bin=now.bin, items=now.items) if now.lines else ok("counted_empty", bin=now.bin)
    return Done(activity=Idle(), feedback=feedback, facts=(FactDraft(data=fact, device=device),))


def _one_more(lines: tuple[CountLine, ...], symbol: Symbol, gtin: str | None) -> tuple[CountLine, ...]:
    if any(line.symbol == symbol for line in lines):
        return tuple(replace(line, quantity=line.quantity + 1) if line.symbol == symbol else line for line in lines)
    return (*lines, CountLine(symbol=symbol, gtin=gtin, quantity=1))
