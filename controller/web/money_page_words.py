"""Taxes, accounts and marketplaces in the words of their language."""

from __future__ import annotations

from collections.abc import Mapping

from edge_agent.ui.words import N_, Word, off, ok

HOLDS: Mapping[str, Word] = {
    "now": ok(N_("In force")),
    "later": Word(N_("Begins later"), "info", "clock"),
    "over": off(N_("No longer")),
}
MARKET: Mapping[str, Word] = {
    "ok": ok(N_("Answers")),
    "new": Word(N_("Not asked yet"), "info", "clock"),
    "failed": Word(N_("Does not answer"), "bad", "warn"),
    "stopped": off(N_("Not asked")),
}
TAX_PART: Mapping[str, str] = {
    "rates": N_("Rates"),
    "preview": N_("What would this be taxed?"),
    "classes": N_("Classes of articles"),
    "sites": N_("Sites"),
    "exempt": N_("Exempt customers"),
    "history": N_("Who changed what"),
}
TAX_LEVEL: Mapping[str, str] = {"line": N_("each line"), "rate": N_("each rate"), "order": N_("the order")}
TAX_MODE: Mapping[str, str] = {
    "half_up": N_("half up"),
    "half_even": N_("half to even"),
    "down": N_("down"),
}
TAX_REFUSAL: Mapping[str, str] = {
    "bad_tax": N_("Nothing was changed: check codes, percent and days. A rate is a number such as 13 or 8.875, a day 2027-01-01."),
    "rate_overlaps": N_("Nothing was changed: this rate is said differently for a part of that time already. End that one first."),
    "bad_parameter": N_("Nothing was changed: this is no number."),
    "bad_preview": N_("Nothing to count: choose a region, and write an article's code and an amount on each line."),
    "bad_cell": N_("Nothing to count: write amounts as 12.90."),
    "bad_total": N_("Nothing to count: these lines do not add up."),
    "not_found": N_("Nothing was changed: this region, site, article, customer or order is not known here. Check its spelling."),
}
ACCOUNT_ENTRY: Mapping[str, str] = {
    "charge": N_("Bought on account"),
    "credit": N_("Refund to the account"),
    "repayment": N_("Paid in"),
}
MARKET_REFUSAL: Mapping[str, str] = {
    "bad_marketplace": N_("Nothing was changed: an address begins with https:// and ends without a slash; 10 to 86400 seconds."),
    "not_found": N_("Nothing was changed: this channel is not known. A new marketplace needs its token, too."),
    "keys_unavailable": N_("Nothing was changed: the key that secrets are sealed with is not here. Tell IT."),
}
OTHERWISE = N_("Nothing was changed. Look at it as it is now.")
