"""Sites, sellers and screens in stores: what is refused, in the words of the page's language."""

from __future__ import annotations

from collections.abc import Mapping

from edge_agent.ui.words import N_

SITE_REFUSAL: Mapping[str, str] = {
    "bad_site": N_(
        "Nothing was changed. A site has a name; its code is of a-z, 0-9 and -, its currency three capitals such as CNY, its time "
        "zone a name such as Asia/Shanghai. An address is one line of up to 200 characters."
    ),
    "bad_bin": N_(
        "Nothing was changed. A bin has a code, a zone has at most 40 characters, and what a bin holds is a whole number."
    ),
    "already_exists": N_("Nothing was added: this code is taken already."),
    "not_found": N_("Nothing was changed: this bin or site is not known here. Check its spelling."),
}
SELLER_REFUSAL: Mapping[str, str] = {
    "bad_invoice": N_(
        "Nothing was changed. A seller has a name. The numbers of invoices and those of corrections begin differently, each with "
        "a letter and up to 11 more letters and digits."
    ),
    "not_found": N_("Nothing was changed: this site is not known here. Check its spelling."),
}
SCREEN_REFUSAL: Mapping[str, str] = {
    "bad_screen": N_("Nothing was set up. A screen has a name of up to 60 characters, and there are at most 500 of them."),
    "screen_exists": N_("Nothing was set up: this site has a screen of that name. Say where the other one stands."),
    "not_found": N_("Nothing was changed: this screen or site is not here any more."),
}
OTHERWISE = N_("Nothing was changed. Look at it as it is now.")
