"""What both ends of a transfer have in common: its number, what should go or come, and its end."""

from __future__ import annotations

import re
from typing import Final

from edge_agent.stations.model import Feedback, Known, Pressed, Scanned, ok, wrong
from edge_agent.wire.facts import FactDraft
from edge_agent.wire.goods_facts import TransferClosed, TransferEnd
from edge_agent.wire.open_work import ExpectedLine, OpenTransfer

_NUMBER: Final = re.compile(r"TR-\d{1,12}", re.ASCII | re.IGNORECASE)


def opened(read: Scanned, *, is_outgoing: bool) -> tuple[str | None, Feedback]:
    """The transfer's number, or None and why it is none; one that the box does not know is taken all the same."""
    text, known = read.symbol.text, read.known.document
    if not _NUMBER.fullmatch(text):
        return None, wrong("wrong_document", symbol=text, wanted="TR-")
    number = text.upper()
    if not isinstance(known, OpenTransfer):
        return number, ok("document_unknown", document=number)
    if known.is_outgoing is not is_outgoing:
        return None, wrong("transfer_goes" if known.is_outgoing else "transfer_comes", document=number, partner=known.partner)
    pieces = sum(max(0, line.expected - line.got) for line in known.lines)
    code = "transfer_to" if is_outgoing else "transfer_from"
    return number, ok(code, document=number, partner=known.partner, pieces=pieces, articles=len(known.lines))


def lines_of(known: Known, *, is_outgoing: bool) -> list[ExpectedLine]:
    document = known.document
    return document.lines if isinstance(document, OpenTransfer) and document.is_outgoing is is_outgoing else []


def closed(document: str, end: TransferEnd, by: Pressed) -> FactDraft:
    return FactDraft(data=TransferClosed(document=document, end=end), device=by.device)
