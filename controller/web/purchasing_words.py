"""States, channels and refusals of what is bought, in the words of the page's language."""

from __future__ import annotations

from collections.abc import Mapping

from edge_agent.ui.words import N_, Word, busy, off, ok


def _bad(text: str) -> Word:
    return Word(text, "bad", "bad")


def _ask(text: str) -> Word:
    return Word(text, "warn", "warn")


PURCHASE: Mapping[str, Word] = {
    "draft": _ask(N_("Draft")),
    "approved": busy(N_("Approved")),
    "sent": busy(N_("Sent to supplier")),
    "confirmed": busy(N_("Confirmed by supplier")),
    "partly_received": _ask(N_("Partly received")),
    "received": ok(N_("All received")),
    "closed_short": off(N_("Closed short")),
    "cancelled": off(N_("Cancelled")),
}
RECEIPT: Mapping[str, Word] = {
    "open": busy(N_("Being received")),
    "checked": _ask(N_("Checked on the floor")),
    "settled": ok(N_("Settled")),
}
SENDING: Mapping[str, Word] = {
    "waiting": busy(N_("On its way")),
    "sent": ok(N_("Delivered to the supplier's system")),
    "failed": _bad(N_("Could not be sent")),
    "withdrawn": off(N_("Withdrawn")),
}
ANSWER: Mapping[str, Word] = {
    "waiting": _ask(N_("Differs: decide")),
    "accepted": ok(N_("Accepted")),
    "refused": off(N_("Refused")),
    "overtaken": off(N_("Overtaken by a newer answer")),
}
CHANNELS: Mapping[str, str] = {
    "email": N_("E-mail with PDF and CSV"),
    "http": N_("HTTP, signed"),
    "file": N_("File in a folder"),
    "hand": N_("By hand: a person calls or writes"),
}
SPREADS: Mapping[str, str] = {"value": N_("value"), "weight": N_("weight"), "quantity": N_("quantity")}
FIELDS: Mapping[str, str] = {"packs": N_("Packs"), "price_minor": N_("Price per pack"), "expected_on": N_("Expected on")}
BOUGHT_REFUSALS: Mapping[str, str] = {
    "illegal_transition": N_("Nothing was changed: it had moved on. It is shown here as it is now."),
    "stale_version": N_("Nothing was changed: somebody else changed it meanwhile. It is shown here as it is now."),
    "below_order_minimum": N_(
        "Not approved: it comes to less than the supplier takes orders from. Add goods, or approve it all the same."
    ),
    "bad_purchase_order": N_("Nothing was changed: a line, a quantity or the reason is not right."),
    "not_editable": N_("Nothing was changed: only a draft can be edited. Take the order back to a draft first."),
    "bad_supplier": N_("Not saved: one of the fields is not right."),
    "bad_costs": N_("Not saved: costs are amounts not below zero, for a receipt under which something came."),
    "bad_parameter": N_("Not saved: one of the fields is no number."),
    "no_labels": N_("Nothing is printed: too many at once, or nothing came at a box of ours."),
    "not_found": N_("Nothing was changed: what you named is not there. Check its spelling."),
    "not_expected": N_("Nothing was changed: somebody else changed it meanwhile. It is shown here as it is now."),
}
GOODS_REASONS: Mapping[str, str] = {
    "broken": N_("Broken"),
    "wet": N_("Wet"),
    "expired": N_("Expired"),
    "dirty": N_("Dirty"),
    "not_delivered": N_("Not in the delivery"),
    "late": N_("Comes later"),
    "other": N_("Another reason"),
}
"""Why goods came damaged or short, where a station offers codes; what people typed is shown as it is."""
