"""States of an opening-stock file."""

from __future__ import annotations

from enum import StrEnum

from controller.states import Table


class FileState(StrEnum):
    """Checked: a person looks at what it would do.  Applying: its good lines are being booked, and go on after a crash."""

    CHECKED = "checked"
    APPLYING = "applying"
    DONE = "done"
    DISCARDED = "discarded"


class FileAction(StrEnum):
    CONFIRM = "confirm"
    FINISH = "finish"
    DISCARD = "discard"
    CHECK_AGAIN = "check_again"


OPENING_FILE: Table[FileState, FileAction] = {
    FileState.CHECKED: {
        FileAction.CONFIRM: FileState.APPLYING,
        FileAction.DISCARD: FileState.DISCARDED,
        FileAction.CHECK_AGAIN: FileState.CHECKED,
    },
    FileState.APPLYING: {FileAction.FINISH: FileState.DONE},
    FileState.DONE: {},
    FileState.DISCARDED: {FileAction.CHECK_AGAIN: FileState.CHECKED},
}
