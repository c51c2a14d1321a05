"""Review of orders in the words of the page's language."""

from __future__ import annotations

from collections.abc import Mapping

from edge_agent.ui.words import N_, Word, busy, off, ok

CASE: Mapping[str, Word] = {
    "service": busy(N_("Waits for service")),
    "finance": Word(N_("Waits for finance"), "info", "scale"),
    "held": Word(N_("On hold"), "warn", "clock"),
    "approved": ok(N_("Approved")),
    "refused": Word(N_("Refused"), "bad", "bad"),
    "ended": off(N_("Over")),
}
RULING: Mapping[str, Word] = {
    "pass": ok(N_("Passes")),
    "service": Word(N_("To service"), "info", "person"),
    "finance": Word(N_("To finance"), "info", "scale"),
    "hold": Word(N_("Hold"), "warn", "clock"),
    "refuse": Word(N_("Refuse"), "bad", "bad"),
    "no_rule": Word(N_("No rule holds: to service"), "warn", "unknown"),
    "no_table": off(N_("No rules were live")),
}
RAW: Mapping[str, Word] = {
    "waiting": busy(N_("Is taken in a moment")),
    "unmapped": Word(N_("Waits for its goods to be mapped"), "warn", "barcode"),
    "refused": Word(N_("Not taken"), "bad", "bad"),
    "placed": ok(N_("Is an order")),
    "discarded": off(N_("Discarded")),
}
RULE_TABLE: Mapping[str, Word] = {
    "draft": Word(N_("Draft"), "info", "count"),
    "live": ok(N_("In force")),
    "past": off(N_("Was in force")),
    "discarded": off(N_("Discarded")),
}
FLAG: Mapping[str, Word] = {
    "bad_address": Word(N_("Address"), "bad", "warn"),
    "price_anomaly": Word(N_("Price"), "bad", "warn"),
    "credit": Word(N_("Credit"), "bad", "warn"),
    "address_changed": Word(N_("Address changed"), "warn", "warn"),
    "refund_asked": Word(N_("Refund asked for"), "warn", "warn"),
    "stock_short": Word(N_("Stock short"), "bad", "warn"),
    "label_uncertain": Word(N_("Label in doubt"), "warn", "warn"),
    "duplicate_suspected": Word(N_("Perhaps twice"), "warn", "warn"),
    "unpaid": Word(N_("Not paid"), "warn", "warn"),
}
CLOCK: Mapping[str, str] = {
    "touch": N_("First look"),
    "problem": N_("Problem answered"),
    "ship": N_("Shipped"),
}
RULED: Mapping[str, str] = {
    "amount": N_("Amount"),
    "items": N_("Pieces"),
    "discount": N_("Discount, percent"),
    "arrears": N_("Owed on account"),
    "currency": N_("Currency"),
    "grade": N_("Customer's grade"),
    "credit": N_("Credit rating"),
    "channel": N_("Channel"),
    "region": N_("Region"),
    "site": N_("Site"),
    "delivery": N_("Delivery"),
    "first_order": N_("First order"),
    "payment": N_("Means of payment"),
    "flags": N_("Flags"),
}
WEEKDAYS: Mapping[str, str] = {
    "0": N_("Monday"),
    "1": N_("Tuesday"),
    "2": N_("Wednesday"),
    "3": N_("Thursday"),
    "4": N_("Friday"),
    "5": N_("Saturday"),
    "6": N_("Sunday"),
}
REVIEW_REFUSALS: Mapping[str, str] = {
    "review_taken": N_("Somebody else looks at this order. Leave it to them, or give it back first."),
    "review_moved": N_("Somebody decided meanwhile. Look at it as it is now."),
    "own_order": N_("You made this order: somebody else approves it."),
    "order_flagged": N_("The order is flagged. Tick the flags that are settled and say why."),
    "review_reason_needed": N_("Say why, on one line of at most 200 characters."),
    "illegal_transition": N_("This cannot be done any more. Look at the order as it is now."),
    "parcel_handed_over": N_("Some of it left already: it cannot be refused any more."),
    "review_table_moved": N_("The rules were changed, or others went live meanwhile. Look at them as they are now."),
    "bad_rule": N_("This rule cannot be kept: it needs a name, and each condition has to hold for something."),
    "review_limits_moved": N_("The limits were changed meanwhile. Look at them as they are now."),
    "bad_review_limits": N_("Percentages are from 0 to 10000, ratings are letters."),
    "bad_clock_term": N_("Opening hours are like 09:00-18:00, and a deadline is one minute to 90 days."),
    "bad_parameter": N_("A number could not be read."),
    "nothing_chosen": N_("Tick at least one order."),
    "not_found": N_("That is not there, or not for you."),
}
STATES: Mapping[str, Mapping[str, Word]] = {"case": CASE, "raw": RAW, "ruling": RULING, "rule_table": RULE_TABLE, "flag": FLAG}
TEXTS: Mapping[str, Mapping[str, str]] = {
    "clock": CLOCK,
    "ruled": RULED,
    "weekdays": WEEKDAYS,
    "review_refusals": REVIEW_REFUSALS,
}
"""By the names that templates know them by."""
