"""What the bench page calls devices, faults and commands; a test holds it to what the emulators have."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from drivers.registry import Kind
from drivers.symbols.commands import Command

Translate = Callable[[str], str]


def titles(_: Translate) -> Mapping[Kind | None, str]:
    return {
        Kind.SCANNER: _("Barcode scanner"),
        Kind.SCALE: _("Scale"),
        Kind.RECEIPT_PRINTER: _("Receipt printer"),
        Kind.LABEL_PRINTER: _("Label printer"),
        Kind.LINE_DISPLAY: _("Customer display"),
        None: _("Recording"),
    }


def fault_labels(_: Translate) -> Mapping[str, str]:
    return {**_line_faults(_), **_scale_faults(_), **_printer_faults(_), "breaks_off": _("Breaks off in the middle")}


def _line_faults(_: Translate) -> Mapping[str, str]:
    return {
        "silence": _("Nothing passes"),
        "garbage": _("Line noise"),
        "split": _("Bytes one by one"),
        "slow": _("Slow line"),
        "unplug": _("Unplugged"),
    }


def _scale_faults(_: Translate) -> Mapping[str, str]:
    return {
        "motion": _("Platter in motion"),
        "over": _("Over its capacity"),
        "under": _("Below zero"),
        "unzeroed": _("Outside its zero range"),
        "mute": _("Answers nothing"),
        "damaged": _("A wrong byte in each answer"),
        "once": _("Sends each weight once"),
        "busy": _("Busy"),
        "broken": _("Broken"),
        "calibrate": _("Wants to be calibrated"),
        "calibration": _("Calibration lost"),
        "memory": _("Memory error"),
        "flood": _("Twenty reports a second"),
        "always": _("Answers also in motion and at zero"),
        "counting": _("Counts pieces"),
        "unfinished": _("Weighing unfinished"),
        "wrong_amount": _("Wrong amount"),
        "dialog_06": _("Wants checksums (dialog 06)"),
        "error": _("An error in place of the weight"),
        "garbled": _("Cannot read the question"),
        "expanded": _("Ten times its digits"),
        "hold": _("Weight held"),
    }


def _printer_faults(_: Translate) -> Mapping[str, str]:
    return {
        "paper_out": _("Paper out"),
        "paper_near_end": _("Paper near its end"),
        "paper_jam": _("Paper jam"),
        "ribbon_out": _("Ribbon out"),
        "cover_open": _("Cover open"),
        "head_open": _("Print head open"),
        "head_hot": _("Print head too hot"),
        "cutter": _("Cutter jammed"),
        "late": _("Cutter jams after the last label"),
        "paused": _("Paused"),
        "quiet": _("No status while stopped"),
        "old": _("Old firmware"),
        "no_counter": _("No counter of labels"),
        "reports": _("Reports by itself"),
    }


def command_labels(_: Translate) -> Mapping[Command, str]:
    """Of the command sheet."""
    return {
        Command.RECEIVE: _("Receive goods"),
        Command.COUNT: _("Count a bin"),
        Command.PICK: _("Pick an order"),
        Command.BOXUP: _("Weigh and pack"),
        Command.SEND: _("Hand over"),
        Command.LOOKUP: _("Look an item up"),
        Command.SHORT: _("Shelf is short"),
        Command.DONE: _("Done"),
        Command.STOP: _("Stop"),
    }
