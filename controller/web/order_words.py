"""The order's own page in the words of its language."""

from __future__ import annotations

from collections.abc import Mapping

from edge_agent.ui.words import N_

ORDER_DONE: Mapping[str, str] = {
    "submit": N_("The order is placed."),
    "release": N_("Released. Its pick lists are below."),
    "approve": N_("Approved, or passed on to whoever approves it."),
    "hold": N_("The order is on hold. Its goods stay promised."),
    "resume": N_("The order goes on."),
    "cancel": N_("The order is cancelled. What was held is free again."),
    "close": N_("The order is closed with what is out. The rest is free again."),
    "split": N_("Split. The new order is below, under the orders that belong to this one."),
    "merge": N_("Merged. Its lines are part of this order now."),
    "undo": N_("Taken back. The lines are where they came from."),
    "substitute": N_("The customer gets the substitute. It is a line of its own, and promised."),
    "flag": N_("The flag is set. It holds the order up until somebody clears it."),
    "clear": N_("The flag is cleared."),
    "tag": N_("The tag is on the order."),
    "untag": N_("The tag is off the order."),
    "invoice": N_("The invoice is issued. Print it, or get it as PDF."),
    "invoice-correct": N_("A correction is issued. The invoice itself stays as it was."),
    "invoice-print": N_("It is on its way to the printer of the box that packed the order."),
    "release-claim": N_("Nobody has the pick list in hand any more. Whoever scans it next gets it."),
}
ORDER_REFUSAL: Mapping[str, str] = {
    "not_invoiceable": N_("Nothing was issued: a draft, a cancelled order, or one that comes to nothing has no invoice."),
    "invoiced_otherwise": N_("Nothing was issued: it has an invoice over another amount. Take that back first."),
    "no_seller": N_("Nothing was issued: who sells here is not known yet. Finance says so on the page Sellers, once."),
    "bad_correction": N_("Nothing was taken back: nothing of this invoice is left, or it is a correction itself."),
    "bad_invoice": N_("Nothing was issued: a reason of one line is needed."),
    "parcel_is_sent": N_("Nothing was printed: this parcel is sent. Print its shipment's label, which is the carrier's."),
    "not_claimed": N_("Nothing was changed: nobody has this pick list in hand."),
    "order_flagged": N_("Nothing was changed: flags hold this order up. Settle and clear them first."),
    "released_already": N_("Nothing was changed: it is being picked, so its lines stay as they are. Cancel it instead."),
    "handed_over": N_("Nothing was changed: a parcel of it is out. Give up the rest instead."),
    "nothing_out": N_("Nothing was changed: nothing of it is handed over. Cancel it instead."),
    "not_arrived": N_("Nothing was changed: some of it was presold and has not arrived. Wait, or split it."),
    "keeps_too_short": N_("Nothing was changed: what is on the shelf does not keep long enough for this order."),
    "insufficient_stock": N_("Nothing was changed: there is not enough in stock."),
    "not_sourced": N_("Nothing was changed: no site can send this. Look at why it comes from where it does."),
    "bad_order": N_("Nothing was changed: check what you typed. Something has to move, and something has to stay."),
    "bad_tag": N_("Nothing was changed: name a tag of 1 to 32 characters on one line."),
    "too_many_tags": N_("Nothing was changed: this order has 20 tags, which is the most. Remove one first."),
    "bad_parameter": N_("Nothing was changed: write quantities as whole numbers."),
    "not_mergeable": N_("Nothing was changed: these orders differ in where they go, or in how they are paid."),
    "not_undoable": N_("Nothing was changed: lines were changed or moved on since, so they cannot go back."),
    "own_order": N_("Nothing was changed: you made this order, so somebody else approves it."),
    "review_taken": N_("Nothing was changed: somebody else looks at this order in its review."),
    "keys_unavailable": N_("The key of personal data is not here, so nobody can be shown. Orders go on. Tell IT."),
    "seal_broken": N_("This record cannot be opened: it was changed outside of this program. Tell IT."),
    "forbidden": N_("Nothing was changed: it is promised from sites that you do not see. Whoever sees all of them changes it."),
}
MOVED_ON = N_("Nothing was changed: this order had moved on. It is shown here as it is now.")
PACK_REASONS: Mapping[str, str] = {
    "more_in_it": N_("there is more in it"),
    "less_in_it": N_("there is less in it"),
    "other": N_("another reason"),
}
"""Why a parcel weighs other than its goods, as whoever packed it said."""
