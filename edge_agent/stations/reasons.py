"""Why goods are damaged, short, or more or less than known: a command barcode each, a code each (docs/operations.md)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from drivers.symbols.commands import Command
from edge_agent.stations.station import Button, Says

OF_STOCK: Final[Mapping[Command, str]] = {
    Command.BROKEN: "damage",
    Command.EXPIRED: "expired",
    Command.SPOILED: "spoiled",
    Command.STOLEN: "theft",
    Command.LOST: "lost",
    Command.FOUND: "found",
    Command.INHOUSE: "own_use",
    Command.OTHER: "other",
}
"""Of an adjustment: the codes under which counts are decided, too, so that a report of losses has one line for each."""
DAMAGE: Final[Mapping[Command, str]] = {Command.BROKEN: "broken", Command.EXPIRED: "expired", Command.SPOILED: "spoiled"}
"""Why goods that came are kept apart."""
WHY_SHORT: Final[Mapping[Command, str]] = {Command.NOTSENT: "not_delivered", Command.LOST: "lost", Command.OTHER: "other"}
"""Why goods that should have come did not."""
OF_DISCOUNT: Final[Mapping[Command, str]] = {
    Command.BROKEN: "damage",
    Command.EXPIRED: "short_dated",
    Command.TICKET: "label_differs",
    Command.INHOUSE: "staff",
    Command.OTHER: "other",
}
"""Why somebody pays less at the counter."""
OF_GOODS: Final = {**DAMAGE, **WHY_SHORT}
SAID: Final[Mapping[Command, Says]] = {
    Command.NOTSENT: Says(en="Not in the delivery", zh="对方未发"),
    Command.BROKEN: Says(en="Damaged", zh="破损"),
    Command.EXPIRED: Says(en="Expired", zh="过期"),
    Command.SPOILED: Says(en="Spoiled", zh="变质"),
    Command.STOLEN: Says(en="Stolen", zh="失窃"),
    Command.LOST: Says(en="Lost", zh="丢失"),
    Command.FOUND: Says(en="Found", zh="找到"),
    Command.INHOUSE: Says(en="Own use", zh="自用"),
    Command.TICKET: Says(en="The shelf label says less", zh="价签标价更低"),
    Command.OTHER: Says(en="Another reason", zh="其他原因"),
}

_COMMANDS: Final = {command.value.lower(): command for command in SAID}
_SAID_BY_CODE: Final = {
    **{code: SAID[command] for table in (OF_STOCK, OF_GOODS) for command, code in table.items()},
    "recalled": Says(en="Recalled", zh="已召回"),
    "short_dated": Says(en="Expires soon", zh="临期"),
    "label_differs": SAID[Command.TICKET],
    "staff": Says(en="Staff", zh="员工"),
}


def reason_of(control: str, among: Mapping[Command, str]) -> str | None:
    """The code that a command or a button stands for; None: it is none of these reasons."""
    command = _COMMANDS.get(control)
    return among.get(command) if command is not None else None


def buttons(commands: Mapping[Command, str]) -> tuple[Button, ...]:
    return tuple(Button(command.value.lower(), SAID[command]) for command in commands)


def kept_apart(damage: str | None) -> tuple[Says, ...]:
    """The note of a page while the next item is kept apart."""
    if damage is None:
        return ()
    says = named(damage)
    return (Says(f"The next item is kept apart: {says.en}.", f"下一件将隔离：{says.zh}。"),)


def named(code: str) -> Says:
    return _SAID_BY_CODE.get(code, Says(code, code))


def reason_args(code: str) -> dict[str, str]:
    """What `{reason}` in an answer is made of."""
    says = named(code)
    return {"reason_en": says.en, "reason_zh": says.zh}
