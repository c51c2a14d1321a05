"""Waves in the words of the page's language."""

from __future__ import annotations

from collections.abc import Mapping

from edge_agent.ui.words import N_, Word, busy, off, ok

WAVE: Mapping[str, Word] = {
    "composed": Word(N_("A plan"), "info", "count"),
    "released": busy(N_("Is picked")),
    "done": ok(N_("Done")),
    "cancelled": off(N_("Cancelled")),
}
WAVE_PART: Mapping[str, Word] = {
    "waiting": Word(N_("Planned"), "info", "count"),
    "released": ok(N_("Has its list")),
    "left_out": Word(N_("Left out"), "warn", "warn"),
    "given_back": off(N_("Waits again")),
}
WAVE_STEP: Mapping[str, str] = {
    "planned": N_("No list yet"),
    "waiting": N_("For anybody"),
    "claimed": N_("Claimed"),
    "picking": N_("Being picked"),
    "picked": N_("Fetched"),
    "packed": N_("Packed"),
    "left_out": N_("Left out"),
    "withdrawn": N_("Taken back"),
}
WAVE_TEST: Mapping[str, str] = {
    "channel": N_("Channel"),
    "delivery": N_("Delivery"),
    "carrier": N_("Carrier"),
    "service": N_("Shipping service"),
    "shape": N_("Lines and pieces"),
    "zone": N_("Zone"),
    "due": N_("Due in time"),
}
WAVE_OUT: Mapping[str, str] = {
    "flagged": N_("Flags hold it up"),
    "not_arrived": N_("Sold before it arrived, and not here yet"),
    "in_wave": N_("In another wave already"),
    "too_large": N_("Larger than a whole wave of its rule"),
    "no_rule": N_("Fits no rule"),
    "next_turn": N_("Comes with the next turn"),
}
WAVE_LEFT: Mapping[str, str] = {
    "order_flagged": N_("Flags held it up when its turn came"),
    "not_releasable": N_("Not approved any more, or released by hand"),
    "not_arrived": N_("Sold before it arrived, and not here yet"),
    "keeps_too_short": N_("What is on the shelf does not keep long enough for it"),
    "broken": N_("The program could not release it: tell IT. Release it by hand."),
}
WAVE_SHAPE: Mapping[str, str] = {
    "single_item": N_("One piece"),
    "single_line": N_("One article, several pieces"),
    "multi_line": N_("Several articles"),
}
WAVE_DELIVERY: Mapping[str, str] = {
    "collection": N_("Fetched by the customer"),
    "counter": N_("Over the counter"),
    "shipping": N_("Sent to the customer"),
}
WAVE_MODE: Mapping[str, str] = {
    "single": N_("List by list"),
    "cluster": N_("Several lists at once, a tote for each"),
}
WAVE_TIMING: Mapping[str, str] = {
    "hand": N_("Only by hand"),
    "every": N_("Every so many minutes"),
    "at": N_("At times of the day"),
    "waiting": N_("When so many orders wait"),
}
WAVE_FIELD: Mapping[str, str] = {
    "name": N_("Name"),
    "priority": N_("Priority"),
    "totes": N_("Totes that one person carries"),
    "max_lists": N_("Orders in a wave, at most"),
    "max_lines": N_("Lines in a wave, at most"),
    "max_units": N_("Pieces in a wave, at most"),
    "every_minutes": N_("Minutes from wave to wave"),
    "times": N_("Times of the day"),
    "waiting": N_("Orders that must wait"),
    "due_minutes": N_("Due within minutes"),
    "channels": N_("Channels"),
    "zones": N_("Zones"),
    "carriers": N_("Carriers"),
    "services": N_("Services"),
}
WAVE_REFUSAL: Mapping[str, str] = {
    "illegal_transition": N_("Nothing was changed: this wave had moved on. It is shown as it is now."),
    "nothing_to_pick": N_("Nothing was printed: no list of it is to be picked now."),
    "too_many_sheets": N_("Nothing was printed: more than 500 sheets at once. Make the waves of its rule smaller."),
    "stale_version": N_(
        "Nothing was kept: somebody else changed this rule meanwhile. Below is what you typed; look at the rule as it is now."
    ),
    "not_found": N_("Nothing was changed: it is not there any more."),
}
WAVE_EVENTS: Mapping[str, str] = {
    "wave_rule_changed": N_("Rule of waves changed"),
    "wave_composed": N_("Wave composed"),
    "wave_released": N_("Wave released"),
    "wave_part_taken_out": N_("Order taken out of a wave"),
    "wave_lists_made": N_("Pick lists of a wave made"),
    "wave_done": N_("Wave done"),
    "wave_cancelled": N_("Wave cancelled"),
}
OTHERWISE = N_("Nothing was changed. Check what you typed.")
TEXTS = ("STEP", "TEST", "OUT", "LEFT", "SHAPE", "DELIVERY", "MODE", "TIMING", "FIELD")
