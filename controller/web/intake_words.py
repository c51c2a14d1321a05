"""Files of orders, orders typed in the office and orders to merge in the words of their language."""

from __future__ import annotations

from collections.abc import Mapping

from edge_agent.ui.words import N_, Word, busy, off, ok

ORDER_FILE: Mapping[str, Word] = {
    "checked": Word(N_("Checked, nothing ordered yet"), "info", "unknown"),
    "handing_on": busy(N_("Orders are being made")),
    "done": ok(N_("Handed on")),
    "discarded": off(N_("Discarded")),
}
FILE_ORDER: Mapping[str, Word] = {
    "new": Word(N_("New"), "info", "plus"),
    "known": off(N_("Here already")),
    "bad": Word(N_("Left out"), "bad", "bad"),
    "waiting": busy(N_("On its way")),
    "unmapped": Word(N_("Goods unknown"), "warn", "warn"),
    "refused": Word(N_("Not taken"), "bad", "bad"),
    "placed": ok(N_("Order made")),
}
FILE_COLUMN: Mapping[str, str] = {
    "reference": N_("order's reference"),
    "sku": N_("goods"),
    "quantity": N_("quantity"),
    "price": N_("price"),
    "presale": N_("presale"),
    "currency": N_("currency"),
    "delivery": N_("delivery"),
    "site": N_("site"),
    "due": N_("due"),
    "region": N_("tax region"),
    "terms": N_("payment terms"),
    "customer": N_("customer's id"),
    "name": N_("name"),
    "phone": N_("telephone"),
    "email": N_("e-mail"),
    "country": N_("country"),
    "province": N_("province"),
    "city": N_("city"),
    "district": N_("district"),
    "street": N_("street"),
    "line2": N_("second line"),
    "postcode": N_("postcode"),
    "note": N_("note"),
}
FILE_ERROR: Mapping[str, str] = {
    "no_reference": N_("The order's reference is missing: give each row the number of its order."),
    "bad_reference": N_("The reference is longer than 64 characters, or cannot be printed: use the order's own number."),
    "reference_taken": N_(
        "There is an order with this reference and other content: give it another reference, or change that order."
    ),
    "says_otherwise": N_("This row says something else than another row of its order: make them agree, or leave it empty."),
    "no_goods": N_("The goods are missing, or longer than 100 characters: write a SKU or a barcode."),
    "bad_quantity": N_("The quantity is not a whole number from 1 to 1,000,000."),
    "bad_price": N_("The price is not an amount such as 12.90 in this currency."),
    "no_price": N_("No price here and none in the catalogue for these goods: write one."),
    "bad_presale": N_("Presale is neither yes nor no: write yes, no, or leave it empty."),
    "bad_terms": N_("The payment terms are not known: write prepaid, on_delivery or account, or leave it empty."),
    "no_account": N_("It is paid on account, but nobody is named: fill in the customer's id, telephone or e-mail."),
    "bad_currency": N_("The currency is not three letters such as CNY."),
    "no_currency": N_("The goods are priced in different currencies, or unknown: write the currency."),
    "other_currency": N_("The site sells in another currency: leave it empty, or name another site."),
    "unknown_site": N_("There is no site with this code."),
    "no_site": N_("It is fetched, but no site is named: write the site's code."),
    "bad_delivery": N_("The delivery is not known: write shipping or collection."),
    "no_address": N_("It is sent, but city or street is missing: fill them in, or name the site where it is fetched."),
    "bad_country": N_("The country is not two letters such as CN."),
    "bad_due": N_("This is not a day such as 2026-12-01, nor a day with a time."),
    "bad_text": N_("This cell cannot be printed, or is longer than 500 characters: type it anew."),
    "too_long": N_("This cell is too long: shorten it."),
    "too_many_lines": N_("An order has at most 500 rows: split it."),
    "shortened": N_("The spreadsheet cut this number short: format the column as text and type it anew."),
}
FILE_REFUSAL: Mapping[str, str] = {
    "bad_file": N_("This file cannot be read. It is to be CSV or XLSX, with reference, sku and quantity in its first line."),
    "keys_unavailable": N_("The key of personal data is not here, so nothing can be kept. Tell IT."),
    "malformed_form": N_("Choose a file first."),
    "illegal_transition": N_("Nothing was changed: this file had moved on. It is shown here as it is now."),
}
ENTRY_REFUSAL: Mapping[str, str] = {
    "too_many_lines": N_("This page takes 50 articles. Send more as a file."),
    "not_found": N_("Nobody, or nothing, has this number any more."),
    "no_lines": N_("Not ordered: add at least one article."),
    "bad_quantity": N_("Not ordered: each quantity is a whole number above zero."),
    "bad_price": N_("Not ordered: a price is not an amount such as 12.90."),
    "unknown_article": N_("No article, or more than one, fits this. Type its SKU, a part of its name, or scan its barcode."),
    "no_site": N_("Not ordered: choose the site."),
    "no_address": N_("Not ordered: what is sent needs name, city and street."),
    "bad_due": N_("Not ordered: this is not a day and time."),
    "insufficient_stock": N_("Not ordered: there is not enough in stock. What can be promised now is shown with each article."),
    "not_sourced": N_("Not ordered: no site can send this now."),
    "reference_taken": N_("Not ordered: this form was changed after it was sent. Look at the order it made, then begin a new one."),
    "no_region": N_("Not ordered: there is no such tax region any more. Choose another one."),
    "no_account": N_("Not ordered: who pays on account is a customer we know. Look them up, or choose another way to pay."),
    "keys_unavailable": N_("The key of personal data is not here, so no person can be kept. Tell IT."),
    "bad_customer": N_("Not ordered: look at the customer's name, telephone and address."),
    "no_customer_found": N_("Nobody is known by this. Type name and telephone below: they become a new customer."),
    "bad_order": N_("Not ordered: check the currency of the site, and what you typed."),
    "forbidden": N_("Not ordered: choose one of your own sites."),
}
ENTRY_OTHERWISE = N_("Not ordered. Look at what you typed.")
MERGE_REFUSAL: Mapping[str, str] = {
    "not_mergeable": N_("Nothing was merged: these orders differ in where they go, or in how they are paid."),
    "released_already": N_("Nothing was merged: one of them is being picked already."),
    "bad_order": N_("Nothing was merged: choose at least two of them."),
    "forbidden": N_("Nothing was merged: one of them is promised from sites that you do not see."),
    "bad_parameter": N_("Nothing was changed: hours are a whole number from 0 to 720."),
}
MERGE_OTHERWISE = N_("Nothing was merged: these orders had moved on.")
