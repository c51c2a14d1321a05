"""Counts in words: states, kinds, whose decision, why a bin is suspected, what was refused."""

from __future__ import annotations

from collections.abc import Mapping

from edge_agent.ui.words import N_, Word, busy, off, ok

SESSION: Mapping[str, Word] = {
    "planned": Word(N_("Planned"), "off", "clock"),
    "open": busy(N_("Being counted")),
    "submitted": busy(N_("Submitted")),
    "review": Word(N_("To be decided"), "warn", "warn"),
    "booked": ok(N_("Booked")),
    "rejected": Word(N_("Not believed"), "bad", "bad"),
    "cancelled": off(N_("Cancelled")),
}
ROW: Mapping[str, Word] = {
    "open": Word(N_("To be decided"), "warn", "warn"),
    "accepted": ok(N_("Accepted")),
    "rejected": Word(N_("Not believed"), "bad", "bad"),
    "recount": busy(N_("Counted again")),
    "superseded": off(N_("Replaced by a later count")),
    "undone": Word(N_("Taken back"), "off", "undo"),
}
KIND: Mapping[str, str] = {
    "class": N_("By class"),
    "zone": N_("By zone"),
    "suspicion": N_("On suspicion"),
    "chosen": N_("Chosen bins"),
    "adhoc": N_("Counted unasked"),
    "zero_check": N_("Empty bin seen while picking"),
}
WHY: Mapping[str, str] = {
    "borrowed": N_("more was taken than was known"),
    "unexplained": N_("goods appeared from nowhere"),
    "short_pick": N_("a picker found too little"),
    "trend": N_("short in its last three counts"),
    "same_person": N_("counted by the same person as before"),
}
REFUSED: Mapping[str, str] = {
    "own_count": N_("You counted this bin yourself: somebody else decides about it."),
    "needs_approval": N_("This difference is above the limit: a manager decides about it."),
    "changed_meanwhile": N_("Facts came in while you looked: the difference is another one now. Look at it again."),
    "bad_count_reason": N_("Choose a reason; “Other” needs a note."),
    "bad_note": N_("Say why, in one line of at most 200 characters."),
    "wrong_count": N_("The number you typed is not the number of rows. Look again, then type it."),
    "not_submitted": N_("This count is not submitted yet: its differences are decided afterwards."),
    "illegal_transition": N_("Its state does not allow that any more. This page shows how it is now."),
    "bins_uncounted": N_("Some bins are not counted yet. Count them, or close without them."),
    "nothing_to_count": N_("No bin to count: there is none like that, or others count them already."),
    "bad_count_plan": N_("This cannot be planned: at most 2,000 bins and 20 counters for a bin."),
    "not_found": N_("There is no such bin, article or scan at this site."),
    "barcode_taken": N_("This symbol belongs to another article already."),
    "line_settled": N_("Somebody dealt with this scan already."),
}
