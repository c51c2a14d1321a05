"""Replenishment, alerts of stock, reports and the opening stock in the words of the page's language."""

from __future__ import annotations

from collections.abc import Mapping

from edge_agent.ui.words import N_, Word, busy, off, ok

PROPOSAL: Mapping[str, Word] = {
    "proposed": busy(N_("Proposed")),
    "changed": Word(N_("Changed by a person"), "info", "person"),
    "done": ok(N_("Accepted")),
    "dismissed": off(N_("Dismissed")),
    "lapsed": off(N_("Not needed any more")),
}
RUN: Mapping[str, Word] = {
    "waiting": busy(N_("Waits to begin")),
    "running": busy(N_("Is computed now")),
    "done": ok(N_("Done")),
    "failed": Word(N_("Failed, and is tried again"), "bad", "bad"),
}
STOCK_ALERT: Mapping[str, Word] = {
    "out": Word(N_("Out of stock"), "bad", "bad"),
    "low": Word(N_("Low"), "warn", "warn"),
    "overstock": Word(N_("Too much"), "info", "stock"),
    "slow": Word(N_("Does not sell"), "off", "off"),
    "expiring": Word(N_("Expires soon"), "warn", "clock"),
}
OPENING: Mapping[str, Word] = {
    "checked": Word(N_("Checked, nothing booked yet"), "info", "unknown"),
    "applying": busy(N_("Being booked")),
    "done": ok(N_("Booked")),
    "discarded": off(N_("Discarded")),
}
OPENING_ERRORS: Mapping[str, str] = {
    "unknown_site": N_("No such site, or not one of yours"),
    "unknown_bin": N_("The site has no such bin"),
    "unknown_sku": N_("No SKU has this code"),
    "bad_quantity": N_("The quantity is not a whole number above zero"),
    "bad_expiry": N_("The expiry is not a day such as 2027-01-31"),
    "bad_cost": N_("The cost is not a price with at most four decimals"),
    "too_long": N_("This cell is too long: shorten it."),
    "bad_lot": N_("The lot holds characters that cannot be printed"),
    "duplicate": N_("An earlier line says the same site, bin, SKU and lot"),
}
DEMAND: Mapping[str, str] = {
    "none": N_("never sold"),
    "smooth": N_("smooth: sells most days, in like amounts"),
    "erratic": N_("erratic: sells most days, in very different amounts"),
    "intermittent": N_("intermittent: sells now and then, in like amounts"),
    "lumpy": N_("lumpy: sells now and then, in very different amounts"),
    "obsolescing": N_("obsolescing: has not sold for longer than chance explains"),
}
METHOD: Mapping[str, str] = {
    "none": N_("none"),
    "mean": N_("mean of the few days known"),
    "simple": N_("simple exponential smoothing"),
    "seasonal_additive": N_("Holt-Winters with days of the week, additive"),
    "seasonal_multiplicative": N_("Holt-Winters with days of the week, multiplicative"),
    "yearly_additive": N_("Holt-Winters with weeks of the year, additive"),
    "yearly_multiplicative": N_("Holt-Winters with weeks of the year, multiplicative"),
    "sba": N_("Croston, corrected by Syntetos and Boylan"),
    "tsb": N_("Teunter, Syntetos and Babai, for what dies out"),
    "category": N_("mean of the same goods elsewhere, or of their product"),
}
RULE: Mapping[str, str] = {
    "ours": N_("Shelfwire's rules"),
    "last_cycle": N_("As much as was sold last time"),
    "mean": N_("Four weeks' mean and half as much again"),
}
PROPOSAL_REFUSALS: Mapping[str, str] = {
    "proposal_decided": N_("Nothing was changed: somebody has decided this proposal meanwhile."),
    "bad_proposal": N_("Nothing was changed: the quantity must be whole packs, a reason is needed, and somebody must sell it."),
    "bad_order": N_("Nothing was ordered: the supplier does not sell so few, or does not sell it in such packs."),
    "replenishment_running": N_("A computation of this site is under way. Wait for its end."),
    "bad_parameter": N_("Nothing was changed: the quantity is not a whole number above zero."),
    "bad_file": N_("The file cannot be read. It needs a first line with site, bin, sku and quantity, as CSV UTF-8 or XLSX."),
    "approved_by_now": N_("Nothing was changed: an order or a transfer of these is approved by now. Cancel it on its own page."),
    "nothing_to_test": N_("Nothing was sold at this site yet: there is nothing to look back at."),
    "malformed_form": N_("Nothing was done: no file was chosen, or nothing was selected."),
}
REPORT: Mapping[str, str] = {
    "turnover": N_("Turnover"),
    "velocity": N_("Velocity"),
    "days_of_supply": N_("Days of supply"),
    "slow_movers": N_("Slow movers"),
    "ageing": N_("Age of stock"),
    "shrinkage": N_("Shrinkage by reason"),
    "stock_value": N_("Stock value"),
    "stock_as_of": N_("Stock as of a day"),
    "lead_times": N_("Lead times of suppliers"),
}
QUESTION: Mapping[str, str] = {
    "turnover": N_("How often was the stock sold over, by what lay there each night?"),
    "velocity": N_("How much sells a day, and when did it last?"),
    "days_of_supply": N_("How long will what is there last, if it sells on as it did?"),
    "slow_movers": N_("What lies there and did not sell in these days?"),
    "ageing": N_("How long has what is there been there? First in, first out."),
    "shrinkage": N_("What was lost, and what was found again, because of what?"),
    "stock_value": N_("What did the stock cost, and what would it sell for?"),
    "stock_as_of": N_("What was there at the end of the last day chosen?"),
    "lead_times": N_("How many days do suppliers take, against what they promised?"),
}
PICTURED: Mapping[str, str] = {
    "turnover": N_("Base units sold"),
    "velocity": N_("Base units sold"),
    "days_of_supply": N_("Base units sold"),
    "slow_movers": N_("On hand by site"),
    "ageing": N_("On hand by age in days (of the first 2,000 SKUs)"),
    "shrinkage": N_("Net loss by reason"),
    "stock_value": N_("Cost by site"),
    "stock_as_of": N_("On hand by site"),
    "lead_times": N_("Mean days by supplier"),
}
COLUMN: Mapping[str, str] = {
    "site": N_("Site"),
    "sku": N_("SKU"),
    "name": N_("Name"),
    "sold": N_("Units sold"),
    "mean_stock": N_("Mean stock"),
    "turns_per_year": N_("Turns a year"),
    "on_hand_at_end": N_("On hand at the end"),
    "per_day": N_("A day"),
    "days_with_sales": N_("Days with sales"),
    "last_sold": N_("Last sold"),
    "returned": N_("Returned"),
    "on_hand": N_("On hand"),
    "days_of_supply": N_("Days of supply"),
    "sales_value": N_("At sales prices"),
    "currency": N_("Currency"),
    "unit_cost_minor": N_("Cost of one, minor units"),
    "cost_value": N_("At cost"),
    "units_of_unknown_cost": N_("Of unknown cost"),
    "to_30": N_("to 30 days"),
    "to_60": N_("31 to 60"),
    "to_90": N_("61 to 90"),
    "to_180": N_("91 to 180"),
    "older": N_("older"),
    "reason": N_("Reason"),
    "why": N_("Why"),
    "lost": N_("Lost"),
    "found": N_("Found"),
    "net": N_("Net loss"),
    "supplier": N_("Supplier"),
    "orders": N_("Orders"),
    "promised_days": N_("Promised days"),
    "mean_days": N_("Mean days"),
    "least_days": N_("Least"),
    "most_days": N_("Most"),
    "in_time": N_("In time"),
}
