"""Templates and presets of orders in words."""

from __future__ import annotations

from collections.abc import Mapping

from edge_agent.ui.words import N_
from edge_agent.wire.order_facts import Goes, PayBy

TEMPLATE_EVENTS: Mapping[str, str] = {
    "order_template_saved": N_("Order template saved"),
    "order_preset_saved": N_("Preset of orders saved"),
}
PAYS: Mapping[PayBy, str] = {
    PayBy.CASH: N_("Cash"),
    PayBy.CARD: N_("Card at the counter"),
    PayBy.ON_DELIVERY: N_("Paid on delivery"),
    PayBy.ACCOUNT: N_("On account"),
}
GOES: Mapping[Goes, str] = {
    Goes.TAKEN: N_("Taken away"),
    Goes.LATER: N_("Picked up later"),
    Goes.SHIPPED: N_("Shipped"),
}
