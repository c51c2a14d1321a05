"""The command sheet, made of the table of stations: every command with its barcode, for a label printer, a receipt printer, a page.

A new station is on it without another line.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Final, NamedTuple

from drivers.documents.model import Barcode, Code, Label, Line, Part, Receipt, Rule, Symbology, Text
from drivers.symbols.commands import DIGITS, Command
from edge_agent.stations.model import ENGLISH
from edge_agent.stations.station import Says
from edge_agent.stations.table import STATIONS
from edge_agent.stations.words import COMMANDS, spoken

TITLE: Final = Says(en="Commands", zh="指令表")
HOW: Final = Says(en="Scan a task, then what it asks for. DONE ends it.", zh="先扫任务，再按提示扫描。扫 DONE 结束。")
_SHARED: Final = (Command.DONE, Command.UNDO, Command.STOP, Command.DRILL)
_MARGIN: Final = Decimal(1)


class Section(NamedTuple):
    """Commands that belong together."""

    title: Says
    commands: tuple[Command, ...]


def sections() -> tuple[Section, ...]:
    """In the order of the sheet; each command once."""
    tasks = tuple(station.command for station in STATIONS if station.command is not None)
    own = dict.fromkeys(command for station in STATIONS for command in station.controls if command not in (*DIGITS, *tasks))
    return (
        Section(Says(en="Begin a task", zh="开始任务"), tasks),
        Section(Says(en="In every task", zh="任务中"), _SHARED),
        Section(Says(en="In some tasks", zh="部分任务中"), tuple(own)),
        Section(Says(en="Numbers", zh="数字"), DIGITS),
    )


def called(command: Command, language: str = ENGLISH) -> str:
    """What stands beside its barcode: the word and its meaning."""
    return f"{command.value}: {spoken(COMMANDS[command], language)}"


def receipt(language: str = ENGLISH) -> Receipt:
    """One long receipt, to be cut and put up.  Its bars need paper of 80 mm."""
    return Receipt(parts=tuple(_parts(language)))


def labels(width: int = 60, height: int = 30, language: str = ENGLISH) -> tuple[Label, ...]:
    """A label for each command, of `width` by `height` millimetres; the bars take the whole width."""
    return tuple(
        _label(command, Decimal(width), Decimal(height), language) for section in sections() for command in section.commands
    )


def _parts(language: str) -> Iterator[Part]:
    yield Line(text=f"Shelfwire: {spoken(TITLE, language)}", align="center", bold=True)
    yield Line(text=spoken(HOW, language))
    for section in sections():
        yield Rule()
        yield Line(text=spoken(section.title, language), bold=True)
        for command in section.commands:
            yield Line(text=called(command, language), align="center")
            yield Code(symbology=Symbology.CODE128, data=command.symbol)


def _label(command: Command, width: Decimal, height: Decimal, language: str) -> Label:
    row = height / 5
    name = Text(
        x=_MARGIN, y=_MARGIN, width=width - 2 * _MARGIN, height=row, text=called(command, language), align="center", bold=True
    )
    bars = Barcode(
        x=Decimal(0),
        y=row + 2 * _MARGIN,
        width=width,
        height=height - row - 3 * _MARGIN,
        symbology=Symbology.CODE128,
        data=command.symbol,
        human_readable=False,
    )
    return Label(width=width, height=height, elements=(name, bars))
