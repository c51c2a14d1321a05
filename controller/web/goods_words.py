"""States, kinds and refusals of transfers, prices, shelf labels and sales, in the words of the page's language."""

from __future__ import annotations

from collections.abc import Mapping

from edge_agent.ui.words import N_, Word, busy, off, ok


def _ask(text: str) -> Word:
    return Word(text, "warn", "warn")


TRANSFER: Mapping[str, Word] = {
    "draft": _ask(N_("Draft")),
    "approved": busy(N_("To be sent")),
    "shipping": busy(N_("Being sent")),
    "in_transit": busy(N_("On its way")),
    "received": ok(N_("All received")),
    "received_short": _ask(N_("Received short")),
    "cancelled": off(N_("Cancelled")),
}
BATCH: Mapping[str, Word] = {
    "prepared": _ask(N_("To be printed")),
    "printed": busy(N_("To be put up")),
    "done": ok(N_("All put up")),
    "cancelled": off(N_("Not needed any more")),
}
SALE: Mapping[str, Word] = {
    "booked": ok(N_("Booked")),
    "waiting": _ask(N_("Waits")),
    "conflict": Word(N_("Conflict"), "bad", "bad"),
    "refused": Word(N_("Not countable"), "bad", "bad"),
    "void": off(N_("Void")),
    "no_goods": off(N_("No goods")),
}
SALE_EVENTS: Mapping[str, str] = {
    "sales_booked": N_("Sales of tills booked"),
    "sale_conflicted": N_("Contradicting receipt kept aside"),
    "sale_linked": N_("Sales that waited booked"),
    "sale_code_said": N_("Code of receipts: goods, or none"),
    "sale_lines_settled": N_("Lines of receipts settled: no goods, or waiting again"),
}
NO_GOODS: Mapping[str, str] = {
    "postage": N_("Postage"),
    "fee": N_("Fee"),
    "discount": N_("Discount"),
    "voucher": N_("Gift voucher"),
    "correction": N_("Correction"),
    "other": N_("Something else"),
}
BOOKINGS: Mapping[str, str] = {
    "sent": N_("Sent off"),
    "received": N_("Arrived"),
    "damaged": N_("Came damaged"),
    "lost": N_("Written off as lost"),
    "found": N_("Came without having been sent"),
    "kept": N_("Never left"),
}
CONFLICTS: Mapping[str, str] = {
    "other_content": N_("Something else was told under the number of this receipt. It was kept and not booked."),
    "already_void": N_("It takes back a receipt that was taken back already. It was kept and not booked."),
}
GOODS_REFUSALS: Mapping[str, str] = {
    "insufficient_stock": N_(
        "Nothing was changed: the sending site has too little that is free. Lower the quantity, or send later."
    ),
    "bad_transfer": N_(
        "Nothing was changed: a transfer goes from one site to another and has lines, each a code and a number above zero."
    ),
    "not_settleable": N_("Nothing was booked: no more can be decided on than is open on this line."),
    "illegal_transition": N_("Nothing was changed: the transfer had moved on. It is shown as it is now."),
    "not_found": N_("Nothing was changed: there is no SKU, site or box of that name. Correct it and send it again."),
    "price_conflict": N_(
        "Nothing was changed: there is a price for that time already. Take it back first, or choose another time."
    ),
    "bad_price": N_("Nothing was changed: the price, its currency or its time cannot be. Correct it and send it again."),
    "bad_cell": N_("Nothing was changed: an amount looks like 12.90, a time like 2026-12-01T06:00."),
    "for_the_chain": N_("Nothing was changed: a price of the whole chain is said by who is here for all sites. Choose your site."),
    "prices_rejected": N_("Nothing was taken in: some rows are wrong. They are listed below."),
    "nothing_to_print": N_("Nothing was printed: every label was sent to a printer before. Choose to print them again."),
    "bad_category": N_("Nothing was changed: a category has a code, two names, and a place that is not below itself."),
    "category_in_use": N_("Nothing was changed: there are goods or categories in it. Move them first."),
    "bad_substitute": N_("Nothing was changed: a substitute is other goods in the same currency, with a ratio such as 2:1."),
    "bad_parameter": N_("Nothing was changed: a ratio looks like 2:1, a rank is a whole number."),
    "nothing_changes": N_("Nothing was changed: no goods were chosen, or each costs that already."),
    "bad_price_change": N_(
        "Nothing was changed: choose goods that are there, up to 2,000, and write -5 for percent or 12.90 for money."
    ),
    "malformed_form": N_("Nothing was changed: a field is missing or too long. Correct it and send it again."),
}
