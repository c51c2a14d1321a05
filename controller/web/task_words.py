"""Tasks in words: what the kind is called, what is asked, and where it can be looked at.  A line or two for each kind."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote

from controller.http.routing import Permission
from controller.web.purchasing_words import GOODS_REASONS
from edge_agent.ui.words import N_, Translate, Word, busy, off, ok

_NAME = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True, slots=True)
class TaskWords:
    """`text` names arguments of the task as `%(name)s`; `address` names them as `{name}`, and `{subject}` and `{site}`."""

    title: str
    text: str
    address: str = ""
    needs: Permission = Permission.PERSON

    def link(self, arguments: Mapping[str, object]) -> str:
        """Where the subject of a task is; empty for none."""
        return _NAME.sub(lambda found: quote(str(arguments.get(found[1], "")), safe=""), self.address)


STOCK, ORDER = ("/stock/{sku}?site={site}", Permission.STOCK_READ), ("/orders/{subject}", Permission.ORDERS_READ)
PRINTS, RECALL = ("/prints?state=uncertain", Permission.PRINTS_READ), ("/recalls/{recall}", Permission.STOCK_READ)
COUNT, TRANSFER = ("/counts/{session}", Permission.STOCK_READ), ("/transfers/{transfer}", Permission.STOCK_READ)
RECEIPT, BOUGHT = ("/receipts/{subject}", Permission.PURCHASING_READ), ("/purchase-orders/{subject}", Permission.PURCHASING_READ)
SALES, PRICE = ("/sales", Permission.SALES_READ), ("/prices/{subject}", Permission.PRICES_READ)
MONEY = ("/payments?show=untold", Permission.PAYMENTS_READ)
LABELS = ("/labels/{subject}", Permission.PRICES_READ)
SHIPMENT = ("/shipments/{shipment}", Permission.FULFILMENT_READ)
CHANNEL_ORDERS = ("/channel-orders", Permission.ORDERS_READ)
CODES, BOX = ("/unknown-barcodes", Permission.CATALOG_READ), ("/fleet/boxes/{subject}", Permission.FLEET_READ)

TASKS: Mapping[str, TaskWords] = {
    "count_needed": TaskWords(
        N_("Count a bin"),
        N_("%(missing)s more of %(sku)s were taken from bin %(bin)s than were known to be there. Count the bin."),
        *STOCK,
    ),
    "count_review": TaskWords(
        N_("Decide on a count"), N_("Count %(session)s found differences: %(rows)s rows wait for your decision."), *COUNT
    ),
    "count_refused": TaskWords(
        N_("Look at a part of a count"),
        N_("A part of count %(session)s for bin %(bin)s was not taken. Count the bin again."),
        *COUNT,
    ),
    "stock_short": TaskWords(
        N_("Promise that cannot be kept"),
        N_("%(quantity)s of %(sku)s that order %(order)s was promised are not there. Find a way, or tell the customer."),
        *ORDER,
    ),
    "counter_price": TaskWords(
        N_("Price at the counter"),
        N_("Order %(order)s (receipt %(reference)s) was sold at another price than here: %(about)s. Look whose is right."),
        *ORDER,
    ),
    "counter_goods": TaskWords(
        N_("Unknown goods on a receipt"),
        N_("Receipt %(reference)s has goods that nobody knows: %(about)s. They are not in order %(order)s. Add them there."),
        *ORDER,
    ),
    "counter_short": TaskWords(
        N_("Sold at the counter and not there"),
        N_("Not all goods of order %(order)s (receipt %(reference)s) are there. Find them, or tell the customer."),
        *ORDER,
    ),
    "counter_address": TaskWords(
        N_("Add where a counter order goes"),
        N_("Order %(order)s (receipt %(reference)s) is to be shipped. Enter its address."),
        *ORDER,
    ),
    "counter_account": TaskWords(
        N_("Whose account is it?"),
        N_("Order %(order)s (receipt %(reference)s) goes on an account that is not named, or full. Name the customer."),
        *ORDER,
    ),
    "counter_template": TaskWords(
        N_("Template that nobody knows"),
        N_("Order %(order)s was made with templates that are not here: %(about)s. Look at its lines."),
        *ORDER,
    ),
    "counter_refund": TaskWords(
        N_("Refund that nobody else saw"),
        N_("More was given back at the counter for order %(order)s than one person may, or than was paid. Look at its payments."),
        *ORDER,
    ),
    "shelf_short": TaskWords(
        N_("Shelf held less"), N_("Bin %(bin)s held less of %(sku)s than list %(pick_list)s wants. Count the bin."), *STOCK
    ),
    "pick_refused": TaskWords(N_("Pick refused"), N_("A pick for list %(pick_list)s was refused: %(detail)s."), *ORDER),
    "pick_conflict": TaskWords(
        N_("Two people at one pick list"),
        N_(
            "List %(pick_list)s is in the hands of %(holder)s, and %(other)s fetched goods for it, too. "
            "See what lies in packing, and put back what is over."
        ),
        *ORDER,
    ),
    "pick_damaged": TaskWords(
        N_("Damaged goods at a pick"),
        N_("%(quantity)s of %(sku)s for list %(pick_list)s were not fit to be sent (%(reason)s) and lie in quarantine."),
        *ORDER,
    ),
    "put_back_needed": TaskWords(
        N_("Goods to put back"),
        N_("Order %(order)s was cancelled: %(quantity)s of %(sku)s lie in packing. Put them back in their bin."),
        *ORDER,
    ),
    "unknown_barcode": TaskWords(
        N_("Unknown barcode"), N_("%(text)s was scanned at box %(box)s, and no article has this barcode. Link it."), *CODES
    ),
    "print_uncertain": TaskWords(
        N_("Print in doubt"),
        N_("Nobody can tell whether the print for %(document)s came out. Look at the printer of %(box)s."),
        *PRINTS,
    ),
    "document_not_printable": TaskWords(
        N_("Paper that cannot be printed"), N_("The paper for %(document)s could not be printed at %(box)s: %(code)s."), *PRINTS
    ),
    "fact_rejected": TaskWords(
        N_("Reading refused"),
        N_("Box %(box)s told %(fact)s, and the books refused it (%(code)s). Look at what was meant, and book it another way."),
        *BOX,
    ),
    "lot_recalled": TaskWords(
        N_("Lot recalled"),
        N_("Lot %(lot)s of %(sku)s is recalled: %(reason)s. Bring all of it to quarantine: %(bins)s."),
        *RECALL,
    ),
    "lot_mismatch": TaskWords(
        N_("Another lot was picked"),
        N_("For list %(pick_list)s lot %(picked)s of %(sku)s was picked instead of %(expected)s. Look at the bin."),
        *ORDER,
    ),
    "label_refused": TaskWords(
        N_("Parcel with a recalled lot"),
        N_("Parcel %(parcel)s of order %(order)s holds goods of recalled lots (%(lots)s). It got no label; unpack it."),
        *ORDER,
    ),
    "hand_over_held": TaskWords(
        N_("Parcel scanned out with open flags"),
        N_("A parcel of order %(order)s was scanned out, but the order is flagged (%(flags)s). Keep it, or clear the flags."),
        *ORDER,
    ),
    "goods_unmapped": TaskWords(
        N_("Goods of a channel to map"),
        N_("Channel %(channel)s sells %(goods)s, and nobody said which article that is. Orders wait."),
        *CHANNEL_ORDERS,
    ),
    "raw_order_refused": TaskWords(
        N_("Order of a channel not taken"),
        N_("What channel %(channel)s sent (%(raw)s) is no order of ours yet: %(code)s. Look at it."),
        *CHANNEL_ORDERS,
    ),
    "clock_touch_near": TaskWords(
        N_("Order not looked at yet"),
        N_("Order %(order)s waits for its first look, until %(due)s."),
        *ORDER,
    ),
    "clock_touch_over": TaskWords(
        N_("Order looked at too late"),
        N_("Order %(order)s should have been looked at by %(due)s."),
        *ORDER,
    ),
    "clock_problem_near": TaskWords(
        N_("Problem not answered yet"),
        N_("The problem of order %(order)s is to be answered by %(due)s."),
        *ORDER,
    ),
    "clock_problem_over": TaskWords(
        N_("Problem answered too late"),
        N_("The problem of order %(order)s should have been answered by %(due)s."),
        *ORDER,
    ),
    "clock_ship_near": TaskWords(
        N_("Order to be shipped soon"),
        N_("Order %(order)s is to leave by %(due)s."),
        *ORDER,
    ),
    "clock_ship_over": TaskWords(
        N_("Order shipped too late"),
        N_("Order %(order)s should have left by %(due)s."),
        *ORDER,
    ),
    "lot_expiry_disputed": TaskWords(
        N_("Two expiry dates for a lot"),
        N_("Lot %(lot)s of %(sku)s was told with %(kept)s and with %(told)s. The earlier date holds; look at the goods."),
        *STOCK,
    ),
    "serial_twice": TaskWords(
        N_("One serial number twice"),
        N_("Serial number %(serial)s of %(sku)s is in stock %(times)s times. Look for both pieces."),
        *STOCK,
    ),
    "stock_difference": TaskWords(
        N_("Books that do not add up"),
        N_("A stored number does not follow from its entries: %(what)s."),
        "/stock",
        Permission.STOCK_READ,
    ),
    "transfer_short": TaskWords(
        N_("Transfer came short"), N_("Transfer %(transfer)s is received, and %(units)s of what was sent did not come."), *TRANSFER
    ),
    "transfer_over": TaskWords(
        N_("Transfer came over"), N_("Transfer %(transfer)s is received, and %(units)s more came than were sent."), *TRANSFER
    ),
    "transfer_astray": TaskWords(
        N_("Transfer at another place"),
        N_("Goods of transfer %(transfer)s were booked at %(site)s; it names %(expected)s."),
        *TRANSFER,
    ),
    "transfer_overdue": TaskWords(
        N_("Transfer on its way too long"),
        N_("Transfer %(transfer)s left more than %(days)s days ago and did not arrive."),
        *TRANSFER,
    ),
    "sale_conflict": TaskWords(
        N_("Receipt told in two ways"), N_("%(subject)s was told twice, and not the same. Look which one holds."), *SALES
    ),
    "labels_open": TaskWords(N_("Shelf labels to change"), N_("%(subject)s: shelf labels wait to be printed and put up."), *LABELS),
    "price_currency": TaskWords(
        N_("Price in another currency"), N_("%(subject)s has a price in another currency than its site sells in."), *PRICE
    ),
    "receipt_unannounced": TaskWords(N_("Delivery nobody announced"), N_("Receipt %(subject)s belongs to no order."), *RECEIPT),
    "receipt_unknown_order": TaskWords(
        N_("Delivery for an unknown order"), N_("Receipt %(subject)s names %(document)s, which is no order of ours."), *RECEIPT
    ),
    "receipt_order_ended": TaskWords(
        N_("Delivery for an order that ended"), N_("Receipt %(subject)s belongs to %(order)s, which is %(state)s."), *RECEIPT
    ),
    "receipt_not_ordered": TaskWords(
        N_("Article nobody ordered"), N_("%(units)s of %(sku)s came with %(subject)s and are not on %(order)s."), *RECEIPT
    ),
    "receipt_over": TaskWords(
        N_("More came than ordered"), N_("%(units)s of %(sku)s came with %(subject)s beyond %(order)s."), *RECEIPT
    ),
    "receipt_short": TaskWords(N_("Less came than told"), N_("%(sku)s came short with %(subject)s: %(reason)s."), *RECEIPT),
    "receipt_damaged": TaskWords(N_("Goods came damaged"), N_("%(units)s of %(sku)s came damaged with %(subject)s."), *RECEIPT),
    "receipt_expired": TaskWords(
        N_("Goods came expired"),
        N_("%(units)s of %(sku)s came with %(subject)s and expired on %(expiry)s. Their lot is blocked."),
        *RECEIPT,
    ),
    "receipt_short_dated": TaskWords(
        N_("Goods keep too short"), N_("%(units)s of %(sku)s of %(subject)s keep %(days)s days, until %(expiry)s."), *RECEIPT
    ),
    "purchase_answer_differs": TaskWords(
        N_("Supplier answers otherwise"), N_("The supplier's answer to %(subject)s differs from what was ordered."), *BOUGHT
    ),
    "purchase_not_sent": TaskWords(N_("Order not sent"), N_("%(subject)s could not be sent to its supplier."), *BOUGHT),
    "payment_failed": TaskWords(
        N_("Payment failed"), N_("The provider did not do what was asked for order %(order)s: %(error)s."), *ORDER
    ),
    "payment_unknown": TaskWords(
        N_("Payment told for no order"), N_("Provider %(provider)s told of payment %(reference)s, which no order here has."), *MONEY
    ),
    "refund_to_approve": TaskWords(
        N_("Refund to approve"), N_("Refund %(refund)s of order %(order)s is above the limit. Approve or decline it."), *ORDER
    ),
    "refund_by_hand": TaskWords(
        N_("Refund to give"), N_("Give the money of refund %(refund)s for order %(order)s back, then say that it is done."), *ORDER
    ),
    "order_unsourced": TaskWords(
        N_("Order comes from nowhere"),
        N_("%(quantity)s base units of %(order)s come from no site. Choose a site, offer something else, or cancel."),
        *ORDER,
    ),
    "shipment_unserved": TaskWords(
        N_("No carrier takes it"),
        N_("No service takes parcel %(parcel)s of %(order)s. Choose one by hand, or change what carriers take."),
        *SHIPMENT,
    ),
    "shipment_refused": TaskWords(
        N_("Carrier refused a label"), N_("%(carrier)s gave no label for %(order)s: %(error)s. Choose another one."), *SHIPMENT
    ),
    "label_uncertain": TaskWords(
        N_("Label may have been bought"),
        N_("%(carrier)s did not answer for %(order)s. It is asked again; if you know what it did, say so."),
        *SHIPMENT,
    ),
    "shipment_late": TaskWords(
        N_("Parcel is late"),
        N_("%(tracking_no)s of %(order)s is %(days)s days late. Ask %(carrier)s, tell the customer."),
        *SHIPMENT,
    ),
    "shipment_silent": TaskWords(
        N_("No word of a parcel"), N_("%(carrier)s told nothing of %(tracking_no)s (%(order)s) for %(days)s days. Ask."), *SHIPMENT
    ),
    "shipment_lost": TaskWords(
        N_("Parcel probably lost"),
        N_("Nothing was heard of %(tracking_no)s (%(order)s) for %(days)s days. Claim it at %(carrier)s, send anew or refund."),
        *SHIPMENT,
    ),
}
STATES: Mapping[str, Word] = {
    "open": Word(N_("Waits"), "warn", "warn"),
    "claimed": busy(N_("Somebody is at it")),
    "done": ok(N_("Done")),
    "dropped": off(N_("Dropped")),
}
RECALLS: Mapping[str, Word] = {"open": Word(N_("In force"), "bad", "warn"), "ended": off(N_("Ended"))}
NO_REASON = N_("no reason was told")
_OTHER = TaskWords(N_("Task"), N_("%(subject)s needs a person."))


def words_of(kind: str) -> TaskWords:
    """Of a kind that is newer than this page: a general sentence."""
    return TASKS.get(kind, _OTHER)


class _Told(dict[str, object]):
    """What a task does not say is a dash in its sentence."""

    def __missing__(self, key: str) -> str:
        return "–"


def sentence(translate: Translate, kind: str, subject: str, arguments: Mapping[str, object]) -> str:
    told = {**arguments, "subject": subject}
    if "reason" in told:  # a code of the floor, or a person's own words
        reason = str(told["reason"] or "")
        told["reason"] = translate(GOODS_REASONS[reason]) if reason in GOODS_REASONS else reason or translate(NO_REASON)
    return translate(words_of(kind).text) % _Told(told)


def title(translate: Translate, kind: str) -> str:
    return translate(words_of(kind).title)
