"""Lists of orders, the board and what is done to many, in the words of their language."""

from __future__ import annotations

from collections.abc import Mapping

from edge_agent.ui.words import N_, Word, busy, off, ok

STAGE: Mapping[str, Word] = {
    "problem": Word(N_("Problems"), "bad", "warn"),
    "review": Word(N_("Waiting for review"), "warn", "unknown"),
    "release": Word(N_("To be released"), "warn", "clock"),
    "pick": Word(N_("To pick"), "warn", "pick"),
    "picking": busy(N_("Being picked, to be packed")),
    "packed": Word(N_("Packed, to be handed over"), "info", "box"),
    "out": Word(N_("Handed over in the last 24 hours"), "ok", "send"),
    "late": Word(N_("Overdue"), "bad", "clock"),
}
URGENCY: Mapping[str, Word] = {
    "over": Word(N_("Overdue"), "bad", "clock"),
    "near": Word(N_("Due soon"), "warn", "clock"),
    "fine": Word(N_("In time"), "ok", "ok"),
}
ORDER_BATCH: Mapping[str, Word] = {
    "running": busy(N_("Under way")),
    "done": ok(N_("All looked at")),
    "stopped": off(N_("Stopped")),
}
ITEM: Mapping[str, Word] = {
    "done": ok(N_("Done")),
    "failed": Word(N_("Refused"), "bad", "bad"),
    "waiting": Word(N_("To come"), "info", "clock"),
    "left": off(N_("Left as it is")),
}
DUE: Mapping[str, str] = {
    "over": N_("Overdue"),
    "4h": N_("Within 4 hours"),
    "24h": N_("Within a day"),
    "72h": N_("Within three days"),
}
SORT: Mapping[str, str] = {"newest": N_("Newest first"), "oldest": N_("Oldest first"), "due": N_("Due soonest first")}
COLUMN_OF_ORDERS: Mapping[str, str] = {
    "state": N_("State"),
    "flags": N_("Flags"),
    "clock": N_("Deadline"),
    "site": N_("Site"),
    "channel": N_("Channel"),
    "placed": N_("Placed"),
    "due": N_("Promised by"),
    "payment": N_("Payment"),
    "delivery": N_("Delivery"),
    "customer": N_("Customer"),
    "total": N_("Total"),
}
FILTER: Mapping[str, str] = {
    "q": N_("Search"),
    "stage": N_("Stage"),
    "state": N_("State"),
    "site": N_("Site"),
    "channel": N_("Channel"),
    "flag": N_("Flag"),
    "tag": N_("Tag"),
    "due": N_("Promised by"),
    "payment": N_("Payment"),
}
BUILT_IN: Mapping[str, str] = {
    "review": N_("Waiting for review"),
    "release": N_("To be released"),
    "late": N_("Overdue"),
    "problem": N_("Problems"),
    "unpaid": N_("To be paid"),
    "approved": N_("Open"),
}
DELIVERY: Mapping[str, str] = {
    "collection": N_("Fetched at a site"),
    "counter": N_("Over the counter"),
    "shipping": N_("Sent to the customer"),
}
BULK: Mapping[str, str] = {
    "release": N_("Release to picking"),
    "cancel": N_("Cancel orders"),
    "hold": N_("Put on hold"),
    "approve": N_("Approve orders"),
    "resume": N_("End the hold"),
    "withdraw": N_("Take back from picking"),
    "review": N_("Send back to review"),
    "tag": N_("Add a tag"),
    "untag": N_("Remove a tag"),
    "source": N_("Source again"),
}
BULK_BACK: Mapping[str, str] = {
    "release": N_("can be taken back, of each order until somebody begins to pick it."),
    "cancel": N_("cannot be taken back: goods that are let go may be promised to somebody else at once."),
    "hold": N_("can be taken back, of each order until somebody else deals with it."),
    "approve": N_("can be taken back, of each order until it is released. What only went on to finance stays there."),
    "resume": N_("is not taken back as such: put them on hold again."),
    "withdraw": N_("is not taken back as such: release them again; goods are then chosen anew."),
    "review": N_("is not taken back as such: approve them again, after somebody looked."),
    "tag": N_("can be taken back: who had the tag before keeps it."),
    "untag": N_("can be taken back: who had no such tag before gets none."),
    "source": N_("is not taken back as such: say of an order where its lines come from. No line gets less than it had."),
}
ORDER_LIST_EVENTS: Mapping[str, str] = {
    "order_batch_started": N_("Many orders at once: started"),
    "order_batch_ended": N_("Many orders at once: ended"),
    "order_tagged": N_("Tag added"),
    "order_untagged": N_("Tag removed"),
}
BULK_REFUSAL: Mapping[str, str] = {
    "nothing_matches": N_("Nothing was changed: no order matches any more, or none that you may change."),
    "more_match": N_("Nothing was changed: more orders match now than when you looked. Look at the list, then do it again."),
    "bad_order": N_("Nothing was changed: choose orders, and say in one line why."),
    "count_not_typed": N_("Nothing was changed: a cancellation cannot be taken back, so type how many orders it is for."),
    "bad_parameter": N_("Nothing was changed: this is no number."),
    "bad_view": N_("Nothing was saved: a view has a name of 1 to 60 characters."),
    "too_many_views": N_("Nothing was saved: you have 30 views, which is the most. Forget one first."),
    "bad_customer": N_("Nothing was looked for: type a telephone number, or its last four digits."),
    "keys_unavailable": N_("The key of personal data is not here, so nobody can be shown. Orders go on. Tell IT."),
    "forbidden": N_("Nothing was changed: your role does not do this. People with more rights do."),
    "not_found": N_("Nothing was changed: one of these orders is not known here."),
    "not_withdrawn": N_("Not taken back: somebody is picking it, or nothing of it is released."),
    "bad_tag": N_("Nothing was changed: name a tag of 1 to 32 characters on one line."),
    "too_many_tags": N_("Left as it is: it has 20 tags, which is the most. Remove one first."),
    "released_already": N_("Left as it is: it is being picked. Take it back from picking first, then do this."),
    "site_is_named": N_("Left as it is: the customer named the site, so it comes from nowhere else."),
    "not_movable": N_("Left as it is: this order is over, or still a draft."),
    "nothing_to_source": N_("Left as it is: nothing of it is promised, and nothing is wanting."),
    "less_promised": N_("Left as it is: sourced again, a line would get less than it has now."),
    "sourcing_reason_needed": N_("Nothing was changed: say why in one line of at most 200 characters."),
    "batch_not_undoable": N_("Not taken back: it was already, or somebody dealt with the order since."),
}
OTHERWISE = N_("Nothing was changed. Look at it as it is now.")
