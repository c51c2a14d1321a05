"""Words of payments, refunds and what does not add up, in the page's language."""

from __future__ import annotations

from collections.abc import Mapping

from edge_agent.ui.words import N_, Word, busy, off, ok

PAYMENT: Mapping[str, Word] = {
    "pending": Word(N_("To be paid"), "unknown", "warn"),
    "authorised": busy(N_("Authorised")),
    "partial": Word(N_("Partly paid"), "warn", "warn"),
    "captured": ok(N_("Paid in full")),
    "refunded": off(N_("Refunded")),
}
CALL: Mapping[str, Word] = {
    "proposed": Word(N_("Waits for approval"), "warn", "warn"),
    "waiting": busy(N_("Waits for the provider")),
    "calling": busy(N_("With the provider")),
    "asking": Word(N_("Provider is being asked"), "unknown", "warn"),
    "by_hand": Word(N_("To be given by hand"), "warn", "warn"),
    "done": ok(N_("Done")),
    "failed": Word(N_("Failed"), "bad", "bad"),
    "withdrawn": off(N_("Taken back")),
}
MEANS: Mapping[str, str] = {
    "cash": N_("Cash"),
    "card_terminal": N_("Card terminal"),
    "wechat": N_("WeChat Pay"),
    "alipay": N_("Alipay"),
    "online": N_("Online payment"),
    "bank_transfer": N_("Bank transfer"),
    "cash_on_delivery": N_("Cash on delivery"),
    "account": N_("Customer's account"),
    "gift_card": N_("Gift card"),
    "channel": N_("Marketplace"),
}
PAY_TERMS: Mapping[str, str] = {
    "prepaid": N_("Before it leaves"),
    "on_delivery": N_("On delivery"),
    "account": N_("On account"),
}
ENTRY: Mapping[str, str] = {
    "expected": N_("Asked for"),
    "authorised": N_("Authorised"),
    "captured": N_("Captured"),
    "voided": N_("Authorisation given up"),
    "refunded": N_("Given back"),
    "failed": N_("Failed"),
    "chargeback": N_("Charged back by the bank"),
    "settled": N_("Paid out to us"),
    "moved_auth": N_("Authorisation moved with a part of an order"),
    "moved_capt": N_("Money moved with a part of an order"),
}
ACTION: Mapping[str, str] = {
    "authorise": N_("Authorise"),
    "capture": N_("Capture"),
    "refund": N_("Refund"),
    "void": N_("Give up authorisation"),
}
DIFFERENCE: Mapping[str, str] = {
    "unpaid": N_("Delivered, and not paid in full"),
    "overpaid": N_("Paid more than is due"),
    "not_returned": N_("Cancelled, and the money is still here"),
    "lost": N_("More went back than came"),
    "ledger": N_("A sum differs from its ledger"),
    "total": N_("Due differs from the order's total"),
}
MONEY_REFUSAL: Mapping[str, str] = {
    "bad_payment": N_("Nothing was booked: check the amount and the reference."),
    "bad_cell": N_("Nothing was booked: write the amount as 12.90."),
    "card_number_refused": N_(
        "Nothing was booked: this looks like a card number. Leave it out; card numbers are stored nowhere here."
    ),
    "not_refundable": N_("Nothing was booked: more is to go back than is left of what was paid."),
    "second_person_needed": N_("Nothing was booked: above the limit somebody else than who asked for it approves a refund."),
    "credit_exceeded": N_("Nothing was booked: the customer's account does not allow so much."),
    "order_ended": N_("Nothing was booked: the order is cancelled."),
}
OTHERWISE = N_("Nothing was changed: it had moved on meanwhile. It is shown here as it is now.")
