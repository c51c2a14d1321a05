"""Why an order is flagged, in the page's language: what the system says of it; people's own words stay as they are.

Reasons are stored in English, in the forms of those who set and clear flags (tests/controller/web/test_flag_reasons.py holds them
together); several are one after another with semicolons.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Final

from controller.web.customer_words import ADDRESS_FLAW
from edge_agent.ui.locales import Writer
from edge_agent.ui.words import N_

_FORMS: Final[tuple[tuple[str, str], ...]] = (
    (r"(?P<sku>.+): (?P<money_is>\d+) instead of (?P<money_listed>\d+)", N_("%(sku)s for %(is)s instead of %(listed)s")),
    (r"(?P<n>\d+) more lines", N_("%(n)s more lines")),
    (r"discounts of (?P<is>[\d.]+ %), at most (?P<most>[\d.]+ %) expected", N_("Discounts of %(is)s, at most %(most)s expected")),
    (r"the same customer ordered the same goods as (?P<order>\S+)", N_("The same customer ordered the same goods as %(order)s")),
    (r"credit rating (?P<credit>\S+)", N_("Credit rating %(credit)s")),
    (r"owes (?P<money_is>\d+), at most (?P<money_most>\d+) expected", N_("Owes %(is)s, at most %(most)s expected")),
    (r"(?P<n>\d+) of (?P<sku>.+) are wanting", N_("%(n)s of %(sku)s are wanting")),
    (r"it is to be paid before it leaves", N_("It is to be paid before it leaves")),
    (r"its money is there", N_("Its money is there")),
    (
        r"the address was changed after (approval|the order was approved)",
        N_("The address was changed after the order was approved"),
    ),
    (
        r"weighed goods come to (?P<money_is>\d+) minor units, (?P<money_most>\d+) at most were agreed",
        N_("The weighed goods come to %(is)s, at most %(most)s were agreed"),
    ),
    (r"the label of (?P<shipment>\S+) may have been bought", N_("The label of %(shipment)s may have been bought")),
    (r"it is known what became of the label of (?P<shipment>\S+)", N_("It is known what became of the label of %(shipment)s")),
    (r"there is no address that a label could be made for", N_("There is no address that a label could be made for")),
    (r"as (?P<order>SO-\d+)", N_("As order %(order)s was")),
    (r"checked again: no longer so", N_("Checked again: no longer so")),
    (r"what was wanting is promised", N_("What was wanting is promised")),
    (r"goods were found for all of it", N_("Goods were found for all of it")),
    (r"(?P<other>\S+) is given for (?P<sku>\S+)", N_("%(other)s is given for %(sku)s")),
    (
        r"counter (?P<reference>\S+): price (?P<sku>[^,]+): (?P<money_is>\d+) / (?P<money_listed>\d+)",
        N_("Counter order %(reference)s: %(sku)s for %(is)s, here it costs %(listed)s"),
    ),
    (
        r"counter (?P<reference>\S+): price (?P<money_is>\d+) / (?P<money_listed>\d+)",
        N_("Counter order %(reference)s came to %(is)s there, and to %(listed)s here"),
    ),
    (r"counter (?P<reference>\S+): price (?P<about>.+)", N_("Counter order %(reference)s has other prices: %(about)s")),
    (
        r"counter (?P<reference>\S+): goods (?P<about>.+)",
        N_("Counter order %(reference)s: nobody knows these goods of its receipt: %(about)s"),
    ),
    (r"counter (?P<reference>\S+): address .+", N_("Counter order %(reference)s: nobody said where it goes to")),
    (r"counter (?P<reference>\S+): account .+", N_("Counter order %(reference)s is on account, and nobody said on whose")),
    (r"counter (?P<reference>\S+): short .+", N_("Counter order %(reference)s: not all of it is there")),
    (
        r"counter (?P<reference>\S+): template (?P<about>.+)",
        N_("Counter order %(reference)s: there is no such template here: %(about)s"),
    ),
)
FORMS: Final = tuple((re.compile(form), words) for form, words in _FORMS)
_FLAW: Final = re.compile(r"\w+: (?P<flaw>[a-z ]+)")


def flag_reason(translate: Callable[[str], str], reason: str, write: Writer, currency: str) -> str:
    """With its amounts in the order's currency."""

    def money(minor: int) -> str:
        return write.money(minor, currency)

    return "; ".join(_said(translate, piece, money) for piece in reason.split("; "))


def _said(translate: Callable[[str], str], piece: str, money: Callable[[int], str]) -> str:
    flaw = _FLAW.fullmatch(piece)
    if flaw is not None and (known := ADDRESS_FLAW.get(flaw["flaw"].replace(" ", "_"))) is not None:
        return translate(known)
    for form, words in FORMS:
        if (found := form.fullmatch(piece)) is not None:
            return translate(words) % _arguments(found.groupdict(), money)
    return piece


def _arguments(found: Mapping[str, str], money: Callable[[int], str]) -> dict[str, str]:
    return {name.removeprefix("money_"): money(int(text)) if name.startswith("money_") else text for name, text in found.items()}
