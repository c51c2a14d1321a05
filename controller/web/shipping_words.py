"""Shipping and sourcing in words."""

from __future__ import annotations

from collections.abc import Mapping

from edge_agent.ui.words import N_, Word, busy, off, ok

SHIPMENT: Mapping[str, Word] = {
    "open": Word(N_("Waits for its label"), "warn", "clock"),
    "labelled": busy(N_("Labelled")),
    "handed_over": busy(N_("Handed over")),
    "in_transit": busy(N_("On its way")),
    "out_for_delivery": busy(N_("Being delivered")),
    "delivered": ok(N_("Delivered")),
    "exception": Word(N_("Something went wrong"), "bad", "warn"),
    "returned": Word(N_("Came back"), "warn", "warn"),
    "void": off(N_("Given up")),
}
LABEL: Mapping[str, Word] = {
    "wanted": Word(N_("Label is to be bought"), "warn", "clock"),
    "calling": busy(N_("Carrier is being asked")),
    "asked": busy(N_("Carrier answers later")),
    "uncertain": Word(N_("Nobody knows"), "bad", "warn"),
    "bought": ok(N_("Bought")),
    "refused": Word(N_("Refused"), "bad", "warn"),
    "voiding": busy(N_("Is given back")),
    "voided": off(N_("Given back")),
}
MANIFEST: Mapping[str, Word] = {
    "open": busy(N_("Fills")),
    "closed": Word(N_("Closed"), "info", "send"),
    "sent": ok(N_("Told to the carrier")),
}
NOTICED: Mapping[str, Word] = {
    "late": Word(N_("Late"), "warn", "clock"),
    "silent": Word(N_("No word"), "warn", "warn"),
    "lost": Word(N_("Probably lost"), "bad", "warn"),
}
SERVICE_WHY: Mapping[str, str] = {
    "cheapest": N_("the cheapest that takes it"),
    "fastest": N_("the fastest that takes it"),
    "only": N_("the only one that takes it"),
    "person": N_("chosen by a person"),
    "too_heavy": N_("the parcel is too heavy for it"),
    "too_dear_goods": N_("the goods are worth too much for it"),
    "no_dangerous": N_("takes no dangerous goods"),
    "no_cold": N_("keeps nothing cold"),
    "not_there": N_("does not go there"),
    "too_slow": N_("too slow for the rule"),
    "not_by_rule": N_("the rule names another one"),
    "dearer": N_("dearer"),
    "slower": N_("slower"),
}
CARRIER_KIND: Mapping[str, str] = {
    "manual": N_("by hand: we number the labels"),
    "file": N_("by files in folders"),
    "http": N_("by its interface"),
}
SOURCE_WHY: Mapping[str, str] = {
    "not_for_channel": N_("not for this channel"),
    "not_asked": N_("not among the sites that were named"),
    "rejected": N_("rejected this order"),
    "other_currency": N_("sells in another currency"),
    "no_capacity": N_("can do no more today"),
    "too_far": N_("too far away"),
    "keeps_too_short": N_("what is there keeps too short"),
    "nothing_there": N_("nothing of it is there"),
    "only": N_("the only way"),
    "fewer_sites": N_("fewer parcels"),
    "fewer_divided": N_("fewer divided lines"),
    "rank": N_("the channel asks it first"),
    "cheaper": N_("cheaper"),
    "tie": N_("equal; the first by name"),
    "person": N_("a person decided"),
    "no_site": N_("no site may be asked"),
    "short": N_("there is not enough"),
    "too_many_sites": N_("it lies at too many sites"),
    "part_too_small": N_("a part would be worth too little"),
}
SOURCE_CAUSE: Mapping[str, str] = {
    "placed": N_("The order was placed"),
    "waiting": N_("Goods arrived"),
    "rejected": N_("A site rejected it"),
    "short": N_("A picker found less"),
    "moved": N_("A person moved it"),
    "anew": N_("A person had it sourced again"),
}
COST_PART: Mapping[str, str] = {
    "distance": N_("Distance"),
    "freight": N_("Freight"),
    "split": N_("Further parcels"),
    "balance": N_("Drains a site"),
    "capacity": N_("Busy site"),
    "keeping": N_("Keeps longer than it has to"),
}
REJECTION: Mapping[str, str] = {
    "not_in_stock": N_("Not in stock: nothing is there"),
    "mismatch": N_("Less or something else is there"),
    "damaged": N_("Damaged: to quarantine"),
    "other": N_("Another reason; the stock is right"),
}
SHIPPING_REFUSAL: Mapping[str, str] = {
    "bad_shipment": N_("Nothing was changed: that cannot be done to this shipment now, or the reason is missing."),
    "illegal_transition": N_("Nothing was changed: the carrier has it already."),
    "label_not_uncertain": N_("Nothing was changed: it is known what became of this label."),
    "nothing_handed_over": N_("The list stays open: nothing of it was scanned out yet."),
    "bad_carrier": N_("Nothing was changed: check codes, numbers and the address, and give a reason."),
    "bad_sourcing_setting": N_("Nothing was changed: check the numbers, and give a reason."),
    "not_found": N_("Nothing was changed: what you named is not there. Check its spelling."),
    "insufficient_stock": N_("Nothing was changed: this site has not enough of it."),
    "site_is_named": N_("Nothing was changed: the customer named the site of this order."),
    "packed_already": N_("Nothing was changed: it is packed. Take the parcel back first."),
    "not_promised_there": N_("Nothing was changed: nothing of this line comes from there."),
    "rejected_already": N_("Nothing was changed: this site said something else about the line before."),
    "not_movable": N_("Nothing was changed: this order is over, or still a draft."),
    "released_already": N_("Nothing was changed: it is being picked. Take it back from picking first."),
    "nothing_to_source": N_("Nothing was changed: nothing of it is promised, and nothing is wanting."),
    "less_promised": N_("Nothing was changed: sourced again, a line would get less than it has now."),
    "sourcing_reason_needed": N_("Nothing was changed: give a reason."),
    "bad_parameter": N_("Nothing was changed: a number was expected."),
}
