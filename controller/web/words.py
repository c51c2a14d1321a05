"""States, faults and events in the words of the page's language; each with a tone and an icon, so that colour never stands alone.

Every text is marked by `N_` for extraction and translated when it is shown.
"""

from __future__ import annotations

from collections.abc import Mapping

from edge_agent.ui.words import N_, Translate, Word, busy, off, ok


def _bad(text: str) -> Word:
    return Word(text, "bad", "bad")


def _ask(text: str) -> Word:
    return Word(text, "warn", "warn")


LINK: Mapping[str, Word] = {"online": ok(N_("Online")), "offline": _bad(N_("Offline"))}
DEVICE: Mapping[str, Word] = {
    "ready": ok(N_("Ready")),
    "busy": busy(N_("Busy")),
    "fault": _bad(N_("Needs a person")),
    "unknown": Word(N_("No answer"), "off", "unknown"),
    "absent": off(N_("Not connected")),
}
ORDER: Mapping[str, Word] = {
    "draft": off(N_("Draft")),
    "in_review": _ask(N_("To be reviewed")),
    "on_hold": _ask(N_("On hold")),
    "approved": busy(N_("Open")),
    "closed": ok(N_("Closed")),
    "cancelled": off(N_("Cancelled")),
}
PICK_LIST: Mapping[str, Word] = {
    "open": _ask(N_("Waits for picking")),
    "picking": busy(N_("Being picked")),
    "picked": busy(N_("Picked")),
    "packed": ok(N_("Packed")),
    "handed_over": ok(N_("Handed over")),
    "withdrawn": off(N_("Withdrawn")),
}
PRINT: Mapping[str, Word] = {
    "requested": busy(N_("Asked for")),
    "accepted": busy(N_("Accepted")),
    "queued": busy(N_("Queued")),
    "sending": busy(N_("Sending")),
    "sent": busy(N_("Sent")),
    "printed": ok(N_("Printed")),
    "failed": _bad(N_("Failed")),
    "expired": off(N_("Expired")),
    "cancelled": off(N_("Cancelled")),
    "uncertain": Word(N_("Uncertain: look at the printer"), "warn", "unknown"),
}
PROOF: Mapping[str, str] = {
    "confirmed": N_("confirmed by the printer"),
    "status_ok": N_("printer was fine afterwards"),
    "written": N_("all bytes sent, no answer"),
    "person": N_("a person looked"),
}
FAULTS: Mapping[str, str] = {
    "paper_out": N_("Out of paper. Jobs wait. Load paper and close the cover; printing goes on by itself."),
    "cover_open": N_("The cover is open. Jobs wait. Close it; printing goes on by itself."),
    "cutter": N_("The cutter is stuck. Switch the printer off, clear the paper, switch it on."),
    "head_hot": N_("The print head is too hot. Wait a minute; printing goes on by itself."),
    "head_open": N_("The print head is open. Close it; printing goes on by itself."),
    "ribbon_out": N_("Out of ribbon. Load a ribbon and close the cover."),
    "media_out": N_("Out of labels or ribbon. Load what has run out and close the cover."),
    "wrong_media": N_("Other paper is in the printer than it is set up for. Jobs wait. Load the right one."),
    "paused": N_("Paused at the printer. Press its pause button to go on."),
    "offline": N_("The printer says it is offline. Look at its display and buttons."),
    "over_capacity": N_("Too much weight on the scale. Take something off."),
    "under_zero": N_("The scale is below zero. Clear it and press its zero button."),
    "under_capacity": N_("The scale reads less than it can weigh. Put its platter back, then press its zero button."),
    "outside_zero": N_("The scale cannot find zero. Clear it, then switch it off and on."),
    "scale_busy": N_("The scale is not ready: it moves, or is busy with its calibration. Wait until it is at rest."),
    "scale_expanded": N_("The scale shows ten times its digits, which is a service mode. End that mode at the scale."),
    "scale_memory": N_("The scale's memory is damaged. Switch it off and on; if it comes back, call IT."),
    "scale_calibration": N_("The scale has lost its calibration. Have it calibrated before you weigh on it."),
    "scale_error": N_("The scale reports an error. Switch it off and on; if it comes back, call IT."),
    "device_unavailable": N_("Not reachable. Check its cable and its power; it is picked up again by itself."),
    "device_timeout": N_("Gives no answer. Check its cable and its power."),
    "stood_in": N_("The printer it is for is not ready. Another one prints it in its place."),
    "box_offline": N_("The box is offline. What it has is printed there; the rest waits for its link."),
    "template_unavailable": N_("The box has not got this template yet. It fetches it as soon as it can."),
    "unknown_printer": N_("The box has no printer of that name. Send the job to another one."),
    "no_answer": N_("Gives no answer. Check its cable and its power."),
    "silent": N_("Gives no answer. Check its cable and its power."),
}
EVENTS: Mapping[str, str] = {
    "replenishment_ran": N_("Replenishment computed"),
    "proposal_decided": N_("Proposal decided"),
    "replenishment_rule_set": N_("Rule of replenishment set"),
    "transfer_created": N_("Transfer planned"),
    "transfer_changed": N_("Transfer changed its state"),
    "transfer_settled": N_("Difference of a transfer decided"),
    "price_scheduled": N_("Price said"),
    "price_cancelled": N_("Price taken back"),
    "price_in_force": N_("Price in force"),
    "prices_imported": N_("Prices imported"),
    "label_batch_changed": N_("Shelf labels changed"),
    "sales_booked": N_("Sales of tills booked"),
    "sale_conflicted": N_("Contradicting receipt kept aside"),
    "sale_linked": N_("Sales that waited booked"),
    "supplier_changed": N_("Supplier changed"),
    "supplier_item_changed": N_("Article of a supplier changed"),
    "purchase_order_changed": N_("Purchase order"),
    "purchase_order_answered": N_("Supplier answered"),
    "purchase_sending_failed": N_("Purchase order could not be sent"),
    "shipping_notice_came": N_("Goods announced by a supplier"),
    "receipt_changed": N_("Receipt changed"),
    "order_placed": N_("Order placed"),
    "order_drafted": N_("Draft of an order"),
    "order_review_needed": N_("Order to be reviewed"),
    "order_approved": N_("Order approved"),
    "order_held": N_("Order on hold"),
    "order_resumed": N_("Order reviewed again"),
    "order_changed": N_("Order changed"),
    "order_linked": N_("Lines moved between orders"),
    "order_line_wanting": N_("Goods of an order are wanting"),
    "order_line_promised": N_("Goods that were wanting are promised"),
    "order_cancelled": N_("Order cancelled"),
    "order_closed": N_("Order closed"),
    "order_line_short": N_("Order line short"),
    "pick_list_released": N_("Pick list released"),
    "pick_list_picked": N_("Pick list picked"),
    "pick_refused": N_("Pick refused"),
    "shelf_short": N_("Shelf held less than expected"),
    "other_lot_picked": N_("Another lot was picked"),
    "put_back_needed": N_("Goods to put back"),
    "parcel_packed": N_("Parcel packed"),
    "weight_mismatched": N_("Parcel weight does not fit"),
    "parcel_handed_over": N_("Parcel handed over"),
    "label_reprinted": N_("Label printed again"),
    "order_flagged": N_("Order flagged"),
    "order_flag_cleared": N_("Flag cleared"),
    "label_held": N_("No label yet: the order is flagged"),
    "label_refused": N_("No label: the parcel holds a recalled lot"),
    "lot_recalled": N_("Lot recalled"),
    "recall_site_cleared": N_("Site is clear of a recalled lot"),
    "recall_ended": N_("Recall ended"),
    "stock_moved": N_("Stock moved"),
    "stock_reserved": N_("Stock reserved"),
    "commitment_withdrawn": N_("Promise withdrawn: stock was not there"),
    "count_needed": N_("Count needed"),
    "difference_settled": N_("Difference settled"),
    "difference_found": N_("Number does not add up"),
    "lot_unblocked": N_("Lot free again"),
    "lot_blocked": N_("Lot blocked"),
    "lot_expiry_disputed": N_("Two expiry dates for one lot"),
    "serial_twice": N_("Serial number in stock twice"),
    "facts_taken": N_("Scans and readings taken in"),
    "fact_parked": N_("Reading waits for something else"),
    "fact_rejected": N_("Reading rejected"),
    "message_rejected": N_("Message rejected"),
    "box_registered": N_("Box registered"),
    "box_certified": N_("Box let in with a certificate"),
    "box_revoked": N_("Box or certificate revoked"),
    "box_link_changed": N_("Box link changed"),
    "device_changed": N_("Device state changed"),
    "alert_raised": N_("Alert raised"),
    "alert_cleared": N_("Alert cleared"),
    "print_job_changed": N_("Print job moved on"),
    "command_changed": N_("Command moved on"),
    "diagnostics_received": N_("Diagnostics came from a box"),
    "diagnostics_fetched": N_("Diagnostics of a box taken"),
    "twin_changed": N_("Configuration of a box changed"),
    "twin_reported": N_("Box told its configuration"),
    "drawer_moved": N_("Cash drawer moved"),
    "scan_was_refused": N_("Scan refused by the box"),
    "epoch_ended": N_("Box began a new numbering"),
    "document_wanted": N_("Document wanted"),
    "document_not_printable": N_("Document cannot be printed"),
    "barcode_added": N_("Barcode added"),
    "bin_counted": N_("Bin counted"),
    "count_planned": N_("Count planned"),
    "count_submitted": N_("Count submitted"),
    "count_changed": N_("Count changed its state"),
    "count_row_decided": N_("Difference of a count decided"),
    "count_part_refused": N_("Part of a count refused"),
    "count_line_settled": N_("Scan of a count set aside"),
    "bin_created": N_("Bin created"),
    "catalog_imported": N_("Catalogue imported"),
    "site_created": N_("Site created"),
    "sku_created": N_("SKU created"),
    "sku_image_changed": N_("Picture of a SKU changed"),
    "station_profile_changed": N_("Station profile changed"),
    "station_profile_removed": N_("Station profile removed"),
    "site_profile_chosen": N_("Station profile of a site chosen"),
    "person_added": N_("Person added"),
    "person_changed": N_("Person changed"),
    "person_roles_changed": N_("Roles changed"),
    "person_deactivated": N_("Person left"),
    "person_activated": N_("Person is back"),
    "badge_issued": N_("New badge"),
    "badge_withdrawn": N_("Badge withdrawn"),
    "pin_set": N_("PIN set"),
    "password_set": N_("Password set"),
    "logged_in": N_("Logged in"),
    "logged_out": N_("Logged out"),
    "log_in_locked": N_("Log-in waits after failed tries"),
    "unknown_barcode": N_("Unknown barcode scanned"),
    "task_opened": N_("Task opened"),
    "task_claimed": N_("Task claimed"),
    "task_given_back": N_("Task given back"),
    "task_closed": N_("Task closed"),
    "hold_expired": N_("Reservation ran out of time"),
    "presale_set": N_("Presale limit set"),
    "presale_arrived": N_("Presold goods arrived"),
    "channel_added": N_("Channel added"),
    "channel_buffer_changed": N_("Buffer of a channel changed"),
}
FACTS: Mapping[str, str] = {
    "scan": N_("Scan"),
    "received": N_("Received"),
    "counted": N_("Counted"),
    "picked": N_("Picked up"),
    "pick_short": N_("Missing on the shelf"),
    "packed": N_("Parcel weighed and packed"),
    "handed_over": N_("Parcel given to the carrier"),
    "weighed": N_("Weighed"),
    "transfer_sent": N_("Sent to another site"),
    "transfer_received": N_("Came from another site"),
    "transfer_closed": N_("An end of a transfer is done"),
    "adjusted": N_("Difference booked by a person"),
    "shelf_labelled": N_("Shelf label put up"),
}
PAPERS: Mapping[str, str] = {
    "receipt": N_("Receipt"),
    "shelf-label": N_("Shelf label"),
    "shipping-label": N_("Shipping label"),
}
"""The templates that come with the controller."""
ROLES: Mapping[str, str] = {
    "floor": N_("Shop floor"),
    "picker": N_("Picker"),
    "manager": N_("Manager"),
    "finance": N_("Finance"),
    "it": N_("IT"),
    "admin": N_("Administrator"),
}
REFUSALS: Mapping[str, str] = {
    "bad_name": N_("A name is 1 to 80 characters on one line. Shorten it, then save again."),
    "name_taken": N_("Somebody has this name already, and names are what people log in by. Add what tells the two apart."),
    "bad_pin": N_("A PIN is 4 to 8 digits. Choose another one."),
    "easy_pin": N_(
        "This PIN is one of those that are tried first. Choose one without repeated digits and without a run like 1234."
    ),
    "short": N_("This password is shorter than 12 characters. A few words in a row are easy to remember and long enough."),
    "long": N_("This password is longer than 200 characters. Choose a shorter one."),
    "common": N_("This password is one of those that are guessed first. Choose one that only you would think of."),
    "monotonous": N_("This password is a few characters over and over. Choose one with more different characters."),
    "name": N_("This password is the person's name. Choose another one."),
    "last_admin": N_(
        "Nothing was changed: nobody else with a password is administrator of the whole chain. Make another one first."
    ),
    "beyond_yours": N_("Nothing was changed: this allows more than your own roles do. An administrator of these sites can do it."),
    "wrong_current": N_("Nothing was changed: the present password is another one. Type it again."),
    "not_the_same": N_("Nothing was changed: the two new passwords differ. Type the new one twice."),
    "too_many_tries": N_("Too many wrong passwords in a row. Nothing is looked at until the wait is over."),
    "not_found": N_("Nothing was changed: the person or the site is not there any more."),
}
"""What a form about people was refused for, and what to do."""
OUTCOME: Mapping[str, Word] = {
    "applied": ok(N_("Booked")),
    "parked": _ask(N_("Waits")),
    "rejected": _bad(N_("Rejected")),
}


def text(table: Mapping[str, str], value: str, translate: Translate, otherwise: str | None = None) -> str:
    """The words for a code; without any, `otherwise` (what the box said), else the code itself."""
    return translate(table[value]) if value in table else (otherwise or value)


MOVEMENTS: Mapping[str, str] = {
    "received": N_("Received"),
    "picked": N_("Picked"),
    "unpicked": N_("Pick undone"),
    "retracted": N_("Taken back by a person"),
    "shipped": N_("Handed over"),
    "returned": N_("Returned"),
    "relocated": N_("Moved to another place"),
    "adjusted": N_("Difference booked by a person"),
    "counted": N_("Counted"),
    "sold": N_("Sold at a till"),
    "transfer_sent": N_("Sent to another site"),
    "transfer_received": N_("Came from another site"),
    "transfer_lost": N_("Lost between two sites"),
    "transfer_found": N_("Came without having been sent"),
    "count_corrected": N_("Count corrected by a late reading"),
    "count_undone": N_("Decision about a count taken back"),
    "unexplained": N_("More was taken than was known"),
    "reconciled": N_("Entry that was missing"),
    "lot_corrected": N_("Taken from another lot"),
}
STOCK_REFUSALS: Mapping[str, str] = {
    "not_found": N_("Nothing was booked: this site has no bin of that name. Choose one of the list."),
    "bad_parameter": N_("Nothing was booked: the number is not a whole number above zero."),
    "bad_adjustment": N_("Nothing was booked: a difference needs a number above zero and a reason."),
    "bad_quantity": N_("Nothing was booked: the number is not a whole number above zero."),
}
FIGURES: Mapping[str, str] = {
    "on_hand": N_("On hand"),
    "available": N_("Available"),
    "reserved": N_("Reserved"),
    "allocated": N_("Allocated"),
    "quarantined": N_("Quarantined"),
    "incoming": N_("On the way"),
    "presold": N_("Sold before it came"),
}
