"""Words of customers, addresses, nodes of orders and what happened to them, in the page's language."""

from __future__ import annotations

from collections.abc import Mapping

from edge_agent.ui.words import N_, Word, busy, off, ok

NODE: Mapping[str, Word] = {
    "placed": ok(N_("Order received")),
    "paid": ok(N_("Paid")),
    "in_review": busy(N_("Being reviewed")),
    "approved": ok(N_("Approved")),
    "allocated": busy(N_("Goods set aside")),
    "picking": busy(N_("Being picked")),
    "picked": busy(N_("Picked")),
    "packed": busy(N_("Packed")),
    "labelled": busy(N_("Ready to leave")),
    "handed_over": ok(N_("Handed over")),
    "in_transit": busy(N_("On its way")),
    "out_for_delivery": busy(N_("Out for delivery")),
    "delivered": ok(N_("Delivered")),
    "exception": Word(N_("Needs attention"), "warn", "warn"),
    "cancelled": off(N_("Cancelled")),
}
STEP: Mapping[str, Word] = {
    "done": ok(N_("done")),
    "now": busy(N_("now")),
    "ahead": off(N_("to come")),
    "passed_by": off(N_("not needed")),
}
CUSTOMER: Mapping[str, Word] = {
    "active": ok(N_("Active")),
    "merged": off(N_("Merged")),
    "erased": off(N_("Erased")),
}
IDENTITY: Mapping[str, str] = {
    "channel": N_("Account at a channel"),
    "phone": N_("Telephone"),
    "email": N_("E-mail"),
}
CUSTOMER_FIELD: Mapping[str, str] = {
    "name": N_("Name"),
    "phone": N_("Telephone"),
    "email": N_("E-mail"),
    "address": N_("Address"),
    "birthday": N_("Birthday"),
    "preferences": N_("Preferences"),
}
MERGE_REASON: Mapping[str, str] = {
    "same_phone": N_("The same telephone number"),
    "same_email": N_("The same e-mail address"),
    "told_by_customer": N_("The customer says so"),
    "seen_by_staff": N_("We know them"),
}
ADDRESS_FLAW: Mapping[str, str] = {
    "missing_name": N_("Nobody's name is given"),
    "missing_phone": N_("No telephone number"),
    "implausible_phone": N_("The telephone number cannot be right"),
    "unknown_country": N_("The country is not known"),
    "missing_province": N_("No province"),
    "unknown_province": N_("There is no such province"),
    "missing_city": N_("No city"),
    "city_elsewhere": N_("This city is in another province"),
    "missing_street": N_("No street"),
    "street_too_short": N_("The street is too short to be found"),
    "placeholder": N_("Something was typed only to fill the field"),
    "post_box": N_("A post office box: carriers bring nothing there"),
    "missing_postcode": N_("No postcode"),
    "bad_postcode": N_("The postcode is not one of this country"),
    "too_long": N_("Too long for a label"),
}
CUSTOMER_REFUSAL: Mapping[str, str] = {
    "bad_customer": N_("A field cannot be as it was typed; the sentence below says which. Nothing was saved."),
    "stale_version": N_("Somebody else changed this record meanwhile. Look at it again, then save."),
    "customer_gone": N_("This record was merged or erased meanwhile. Nothing was saved."),
    "bad_merge": N_("These two records cannot be merged. Choose another one."),
    "merge_overtaken": N_("A later merge or erasure stands on this one. Take the later one back first."),
    "keys_unavailable": N_("The key of personal data is not here, so nobody can be shown or saved. Orders go on. Tell IT."),
    "seal_broken": N_("This record cannot be opened: it was changed outside of this program. Tell IT."),
    "not_found": N_("There is no such customer. Check the number."),
    "nothing_typed": N_("Nothing was typed. Type a whole number, address or name, then search again."),
    "no_reason": N_("This customer has no order at a site of yours, and was not added by you: ask who serves them."),
    "buyer_is_customer": N_("Nothing was erased: there is a customer's record. Open it and erase it there."),
    "buyer_under_way": N_("Nothing was erased: orders are still under way. Ask again when they are closed."),
    "orders_under_way": N_("Orders are still under way. The wish is noted, and done by itself when they are through."),
}
CARRIER_TOLD: Mapping[str, str] = {
    "move": N_("On its way"),
    "bring": N_("Out for delivery"),
    "deliver": N_("Delivered"),
    "fail": N_("Could not be delivered"),
    "return": N_("Goes back"),
}
MONEY_TOLD: Mapping[str, str] = {
    "expected": N_("Payment expected"),
    "authorised": N_("Payment authorised"),
    "voided": N_("Authorisation given back"),
    "captured": N_("Paid"),
    "refunded": N_("Money given back"),
    "chargeback": N_("Payment taken back by the bank"),
    "settled": N_("Money arrived"),
    "failed": N_("Payment failed"),
    "moved_auth": N_("Authorisation moved with part of the order"),
    "moved_capt": N_("Payment moved with part of the order"),
}
TIMELINE_KIND: Mapping[str, str] = {
    "event": N_("Event"),
    "fact": N_("Scan"),
    "print": N_("Print"),
    "payment": N_("Money"),
    "carrier": N_("Carrier"),
}
