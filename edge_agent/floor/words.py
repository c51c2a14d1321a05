"""States and refusals in the words of the page's language; each with a tone and an icon, so that colour never stands alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from edge_agent.floor.faults_zh import FAULTS_ZH, IN_DOUBT_ZH
from edge_agent.floor.port import Said
from edge_agent.ui.locales import Language
from edge_agent.ui.words import N_, Word, busy, off, ok
from edge_agent.wire.messages import Fault


def _plain(text: str, icon: str) -> Word:
    return Word(text, "info", icon)


VERDICTS: Final[Mapping[str, Word]] = {
    "ok": ok(N_("Done")),
    "wrong": Word(N_("Not done"), "bad", "bad"),
    "unknown": Word(N_("Unknown"), "warn", "unknown"),
    "duplicate": Word(N_("Not added again"), "info", "again"),
}
TASK_ICONS: Final[Mapping[str, str]] = {
    "idle": "scanner",
    "lookup": "search",
    "counter": "label",
    "shelf_label": "label",
    "receiving": "receive",
    "put_away": "stock",
    "transfer_out": "send",
    "transfer_in": "receive",
    "adjusting": "plus",
    "label_batch": "label",
    "counting": "count",
    "picking": "pick",
    "packing": "box",
    "handing_over": "send",
}
"""The words of a task are its station's own."""
CONTROL_ICONS: Final[Mapping[str, str]] = {
    "ditto": "again",
    "short": "warn",
    "nothing": "off",
    "sticker": "label",
    "print": "printer",
    "broken": "warn",
    "expired": "clock",
    "spoiled": "warn",
    "hold": "clock",
    "continue": "again",
    "ticket": "label",
    "inhouse": "person",
}
DEVICES: Final[Mapping[str, Word]] = {
    "ready": ok(N_("Ready")),
    "busy": busy(N_("Busy")),
    "fault": Word(N_("Needs a person"), "bad", "bad"),
    "unknown": Word(N_("No answer"), "off", "unknown"),
    "absent": off(N_("Not connected")),
}
KINDS: Final[Mapping[str, Word]] = {
    "scanner": _plain(N_("Scanner"), "scanner"),
    "scale": _plain(N_("Scale"), "scale"),
    "label_printer": _plain(N_("Label printer"), "printer"),
    "receipt_printer": _plain(N_("Receipt printer"), "printer"),
    "line_display": _plain(N_("Customer display"), "display"),
}
PRINTS: Final[Mapping[str, Word]] = {
    "accepted": busy(N_("Accepted")),
    "queued": busy(N_("Waits")),
    "sending": busy(N_("Being printed")),
    "sent": busy(N_("Being printed")),
    "printed": ok(N_("Printed")),
    "failed": Word(N_("Failed"), "bad", "bad"),
    "expired": off(N_("Expired")),
    "cancelled": off(N_("Cancelled")),
    "uncertain": Word(N_("Uncertain"), "warn", "unknown"),
}
PAPERS: Final[Mapping[str, Word]] = {
    "shelf-label": _plain(N_("Shelf label"), "label"),
    "shipping-label": _plain(N_("Shipping label"), "label"),
    "receipt": _plain(N_("Receipt"), "printer"),
    "counter-receipt": _plain(N_("Receipt"), "printer"),
    "counter-receipt-taxed": _plain(N_("Receipt"), "printer"),
    "counter-refund": _plain(N_("Refund slip"), "printer"),
    "pick-list": _plain(N_("Pick list"), "pick"),
    "command-sheet": _plain(N_("Command sheet"), "barcode"),
    "lot-label": _plain(N_("Lot label"), "label"),
    "count-list": _plain(N_("Count list"), "count"),
    "test": _plain(N_("Test print"), "printer"),
}
DETAILS: Final[Mapping[str, Word]] = {
    "due": _plain(N_("To pay"), "label"),
    "waiting": _plain(N_("Orders put aside"), "box"),
    "session": _plain(N_("Count"), "count"),
    "document": _plain(N_("Delivery"), "receive"),
    "transfer": _plain(N_("Transfer"), "send"),
    "batch": _plain(N_("Batch of labels"), "label"),
    "packs": _plain(N_("In hand"), "stock"),
    "bin": _plain(N_("Bin"), "count"),
    "pick_list": _plain(N_("Pick list"), "pick"),
    "items": _plain(N_("Items"), "stock"),
    "parcels": _plain(N_("Parcels"), "box"),
    "last": _plain(N_("Last parcel"), "box"),
    "number": _plain(N_("Of the next item"), "label"),
    "printed": _plain(N_("Labels printed"), "label"),
    "name": _plain(N_("Article"), "stock"),
}
WHY_NOTS: Final[Mapping[str, Word]] = {
    "does_not_fit": Word(N_("It cannot print this: its paper is too small, or it lacks the letters or the barcode."), "off", "off"),
    "away": Word(N_("It cannot take it now: it does not answer. Switch it on, check its cable."), "warn", "warn"),
}
ERRORS: Final[Mapping[str, Word]] = {
    "not_found": Word(N_("There is no such page here. Go back to the floor's first page."), "off", "off"),
    "unknown_station": Word(N_("This box has no such station. Choose one on the floor's first page."), "off", "off"),
    "form_too_old": Word(N_("This page was opened too long ago. Nothing was done. Open it again and repeat."), "warn", "warn"),
    "foreign_origin": Word(
        N_("The form came from a page of another site. Nothing was done. Use this box's own pages."), "bad", "bad"
    ),
    "unknown_host": Word(N_("This box is not reached by that name. Use its address, or have IT add the name."), "bad", "bad"),
    "not_permitted": Word(N_("You may not do this. A manager or IT can, or can give you the right."), "warn", "warn"),
    "sign_in_first": Word(N_("Log in to go on. What was scanned on this screen is kept."), "info", "person"),
    "malformed": Word(N_("The box cannot read what this page sent. Open the page again."), "warn", "warn"),
    "too_large": Word(N_("That was too much at once for the box. Open the page again."), "warn", "warn"),
    "internal_error": Word(
        N_("Something went wrong in the box; its log says what. Try again; if it stays, call IT."), "bad", "bad"
    ),
    "wrong_badge_or_pin": Word(
        N_("Badge and PIN do not belong together. You are not logged in. Scan your badge and type the PIN again."), "bad", "bad"
    ),
    "too_many_tries": Word(N_("Too many wrong tries. This badge has to wait before it can be tried again."), "warn", "clock"),
    "has_moved_on": Word(N_("Nothing was changed: this print had moved on. It is shown here as it is now."), "warn", "warn"),
    "cannot_print": Word(
        N_("That printer cannot print the sheet now. The floor's first page says what it needs; or use another printer."),
        "warn",
        "warn",
    ),
    "printer_refused": Word(N_("Nothing was changed: that printer cannot take this print now."), "warn", "warn"),
    "no_input": Word(N_("Nothing was typed. Type the number under the barcode."), "warn", "warn"),
}


def say(language: Language, said: Said) -> str:
    return said.zh if language is Language.CHINESE else said.en


def fault(language: Language, of: Fault, *, is_in_doubt: bool = False) -> str:
    """What happened and what to do.  A fault that is known by its code only says so in the box's own words."""
    if language is not Language.CHINESE:
        return of.message
    text = FAULTS_ZH.get(of.code)
    if text is None:
        return of.message
    return f"{text.partition('。')[0]}。{IN_DOUBT_ZH}" if is_in_doubt else text
