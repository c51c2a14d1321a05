"""Why goods are damaged, short, or more or less than known: a command barcode each, a code each (docs/operations.md)."""

from __future__ import annotations

from typing import Final

from drivers.symbols.commands import Command
from edge_agent.stations.station import Button, Says

REASONS: Final = {
    Command.BROKEN: "damaged",
    Command.EXPIRED: "expired",
    Command.SPOILED: "spoiled",
    Command.STOLEN: "stolen",
    Command.LOST: "lost",
    Command.FOUND: "found",
    Command.INHOUSE: "own_use",
    Command.OTHER: "other",
}
SAID: Final = {
    Command.BROKEN: Says(en="Damaged", zh="破损"),
    Command.EXPIRED: Says(en="Expired", zh="过期"),
    Command.SPOILED: Says(en="Spoiled", zh="变质"),
    Command.STOLEN: Says(en="Stolen", zh="失窃"),
    Command.LOST: Says(en="Lost", zh="丢失"),
    Command.FOUND: Says(en="Found", zh="找到"),
    Command.INHOUSE: Says(en="Own use", zh="自用"),
    Command.OTHER: Says(en="Another reason", zh="其他原因"),
}
DAMAGE: Final = (Command.BROKEN, Command.EXPIRED, Command.SPOILED)
"""Why goods that came are kept apart."""
WHY_SHORT: Final = (Command.LOST, Command.STOLEN, Command.OTHER)
"""Why goods that should have come did not."""

_BY_CONTROL: Final = {command.value.lower(): code for command, code in REASONS.items()}
_SAID_BY_CODE: Final = {code: SAID[command] for command, code in REASONS.items()}


def reason_of(control: str, among: tuple[Command, ...] = tuple(REASONS)) -> str | None:
    """The code that a command or a button stands for; None: it is none of these reasons."""
    return _BY_CONTROL.get(control) if control in {command.value.lower() for command in among} else None


def buttons(commands: tuple[Command, ...]) -> tuple[Button, ...]:
    return tuple(Button(command.value.lower(), SAID[command]) for command in commands)


def kept_apart(damage: str | None) -> tuple[Says, ...]:
    """The note of a page while the next item is kept apart."""
    if damage is None:
        return ()
    says = _SAID_BY_CODE[damage]
    return (Says(f"The next item is kept apart: {says.en}.", f"下一件将隔离:{says.zh}。"),)


def named(code: str) -> Says:
    return _SAID_BY_CODE.get(code, Says(code, code))


def reason_args(code: str) -> dict[str, str]:
    """What `{reason}` in an answer is made of."""
    says = named(code)
    return {"reason_en": says.en, "reason_zh": says.zh}
