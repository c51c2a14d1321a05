"""The fleet in words: groups of health, why a box is in one and what to do, commands and what came of them, configurations."""

from __future__ import annotations

from collections.abc import Mapping

from edge_agent.ui.words import N_, Word

GROUPS: Mapping[str, Word] = {
    "action": Word(N_("Needs action"), "bad", "bad"),
    "silent": Word(N_("Silent"), "off", "unknown"),
    "degraded": Word(N_("Degraded"), "warn", "warn"),
    "updating": Word(N_("Updating"), "info", "busy"),
    "ok": Word(N_("OK"), "ok", "ok"),
    "unclaimed": Word(N_("Not claimed"), "off", "plus"),
    "retired": Word(N_("Retired"), "off", "off"),
}
"""In the order in which somebody looks at them."""
REASONS: Mapping[str, str] = {
    "revoked": N_("This box was revoked. Nothing is asked of it, and nothing that it sends is taken in."),
    "never_heard": N_("This box is registered and was never heard."),
    "device_fault": N_("%(about)s needs a person."),
    "alert": N_("The box raised an alert."),
    "prints_uncertain": N_("Print jobs that may have come out or not: %(about)s."),
    "disk_low": N_("Only %(about)s MB are free on the disk."),
    "certificate_ended": N_("The certificate ended on %(at)s. The box connects no more."),
    "certificate_urgent": N_("The certificate ends on %(at)s. Then the box connects no more."),
    "certificate_soon": N_("The certificate ends on %(at)s."),
    "silent": N_("Nothing was heard of this box since %(at)s."),
    "link_down": N_("The box is offline since %(at)s. It works on and keeps what it reads."),
    "backlog": N_("%(about)s readings wait on the box, the oldest from %(at)s."),
    "clock_wrong": N_("The clock of the box was not set since it started."),
    "device_unknown": N_("%(about)s gives no answer. Nobody knows how it is."),
    "device_absent": N_("%(about)s is not connected."),
    "not_told": N_("The box did not tell yet how much waits on it and how full its disk is."),
    "version_behind": N_("Most boxes have agent %(about)s, and this one an older one."),
    "configuration_late": N_("The configuration of %(at)s is not applied yet."),
    "configuration_new": N_("The box takes the configuration of %(at)s."),
}
FIXES: Mapping[str, str] = {
    "revoked": N_("Let it in again with a new certificate, if it is to work here."),
    "never_heard": N_("Unpack its bundle on it and start its agent; it appears by itself."),
    "prints_uncertain": N_("Look at the printer, then say under Queue whether they came out."),
    "disk_low": N_("Free disk space on the box, or put in a larger card."),
    "certificate_ended": N_("Renew it with shelfwire-provision and unpack the new bundle on the box."),
    "certificate_urgent": N_("Renew it with shelfwire-provision and unpack the new bundle on the box."),
    "certificate_soon": N_("Renew it with shelfwire-provision and unpack the new bundle on the box."),
    "silent": N_("Call the site: is the box switched on, and does its network work?"),
    "link_down": N_("Wait a few minutes; if it stays, look at the network of the site."),
    "backlog": N_("Look at its link. It sends by itself; Send now begins at once."),
    "clock_wrong": N_("Let the box reach a time server. Its readings are dated when it does."),
    "device_unknown": N_("Check cable and power, or restart the device from its page."),
    "device_absent": N_("Plug it in, or take it out of the configuration."),
    "not_told": N_("It does so within a minute of its start."),
    "version_behind": N_("Update its agent."),
    "configuration_late": N_("Look under Configuration; the box may be offline."),
    "configuration_new": N_("Wait a moment."),
}
"""What to do about it; a device's fault and an alert say so themselves."""
ALERTS: Mapping[str, str] = {
    "outbox_full": N_("The disk of the box is full: scans are refused. Free its disk, and bring its link back."),
    "config_partly_wrong": N_("Not all of its configuration holds. Configuration says which keys, and why; correct them."),
    "stuck": N_("A part of the agent does not get on. Collect the diagnostics and look at the disk."),
    "facts_parked": N_("Readings wait for longer than 10 minutes for something that is missing. Enter what is missing."),
    "two_boxes": N_("Two boxes use this identity, perhaps by a copied card. Switch one off and enrol it anew."),
    "subscription_refused": N_("The broker refuses this box a topic. Correct its access list."),
}
COMMANDS: Mapping[str, str] = {
    "identify": N_("Identify"),
    "flush": N_("Send now"),
    "rebirth": N_("Publish anew"),
    "resend": N_("Send again"),
    "log_level": N_("Log level"),
    "restart_device": N_("Restart device"),
    "test_print": N_("Test print"),
    "collect_diagnostics": N_("Collect diagnostics"),
    "cancel_job": N_("Cancel print job"),
    "resolve_job": N_("Resolve print job"),
    "move_job": N_("Move print job"),
    "prioritise_job": N_("Rank print job"),
}
COMMAND_STATE: Mapping[str, Word] = {
    "waiting": Word(N_("Waits for the box"), "info", "busy"),
    "ok": Word(N_("Done"), "ok", "ok"),
    "expired": Word(N_("Expired, not done"), "off", "clock"),
    "refused": Word(N_("Not done"), "bad", "bad"),
}
TWIN: Mapping[str, Word] = {
    "file": Word(N_("The file on the box holds"), "off", "off"),
    "waiting": Word(N_("On its way to the box"), "info", "busy"),
    "applied": Word(N_("Applied"), "ok", "ok"),
    "partly": Word(N_("Applied but for some keys"), "warn", "warn"),
}
CONFIG_ERRORS: Mapping[str, str] = {
    "wrong_value": N_("This value does not fit."),
    "missing": N_("A key is missing."),
    "unknown_key": N_("There is no such key here."),
    "wrong_reference": N_("The device is not there, or of another kind."),
    "too_large": N_("The configuration is too large."),
    "used_twice": N_("This id is used twice."),
    "more_errors": N_("There are more errors than are shown."),
    "reset_on_the_box": N_("Somebody at the box went back to its file."),
    "unreadable_text": N_("The text cannot be read as TOML or JSON."),
}
KINDS: Mapping[str, str] = {
    "scanner": N_("Scanner"),
    "serial_scanner": N_("Scanner"),
    "scale": N_("Scale"),
    "label_printer": N_("Label printer"),
    "receipt_printer": N_("Receipt printer"),
    "display": N_("Customer display"),
    "line_display": N_("Customer display"),
    "cash_drawer": N_("Cash drawer"),
}
