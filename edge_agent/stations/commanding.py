"""Commands, by barcode or button: those that all stations share (begin, DONE, STOP, UNDO, DRILL), and the station's own."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from msgspec.structs import replace

from drivers.symbols.commands import Command
from edge_agent.stations import remembering
from edge_agent.stations.model import Pressed, Verdict, ok, wrong
from edge_agent.stations.state import StationState
from edge_agent.stations.station import Done, Idle
from edge_agent.stations.table import STATIONS, at, begun_by, named

TASKS: Final = ", ".join(station.command.value for station in STATIONS if station.command is not None)
_LONGEST: Final = 40
_COMMANDS: Final = {command.value.lower(): command for command in Command}


def commanded(state: StationState, pressed: Pressed, offers: Collection[str] = ()) -> tuple[StationState, Done]:
    """The state besides its activity, and what becomes of that.  `offers`: the tasks that can be begun here; empty: all."""
    match pressed.control:
        case "stop":
            return _stopped(state)
        case "done":
            return state, _named_tasks(at(state.activity).finish(state.activity, pressed))
        case "undo":
            return _undone(state, pressed)
        case "drill":
            return _drilled(state)
        case _:
            return state, _own(state, pressed, offers)


def _own(state: StationState, pressed: Pressed, offers: Collection[str]) -> Done:
    """A command or button of the station's, or the beginning of a task."""
    station = at(state.activity)
    done = station.control(state.activity, pressed) if station.control is not None else None
    if done is not None:
        return done
    command = _COMMANDS.get(pressed.control)
    wanted = begun_by(command) if command is not None else None
    if wanted is None:
        is_idle = isinstance(state.activity, Idle)
        feedback = wrong("no_task", tasks=TASKS) if is_idle else wrong("not_here", command=pressed.control[:_LONGEST].upper())
        return Done(activity=state.activity, feedback=feedback)
    if offers and wanted.name not in offers:
        return Done(activity=state.activity, feedback=wrong("not_offered", tasks=_commands_of(offers)))
    open_work = station.open_work(state.activity)
    if open_work is not None:
        return Done(activity=state.activity, feedback=open_work)
    begun = wanted.begin()
    return replace(begun, facts=(*station.leaves(state.activity), *begun.facts))


def _commands_of(offers: Collection[str]) -> str:
    return ", ".join(each.command.value for each in STATIONS if each.command is not None and each.name in offers)


def _named_tasks(done: Done) -> Done:
    if done.feedback.code != "no_task":
        return done
    return replace(done, feedback=wrong("no_task", tasks=TASKS))


def _stopped(state: StationState) -> tuple[StationState, Done]:
    if not isinstance(state.activity, Idle):
        station = at(state.activity)
        return state, Done(activity=Idle(), feedback=station.farewell(state.activity), facts=station.leaves(state.activity))
    if state.person is not None:
        gone = state.person
        return replace(state, person=None), Done(activity=Idle(), feedback=ok("signed_off", person=gone.name))
    return state, Done(activity=Idle(), feedback=ok("no_task", tasks=TASKS))


def _drilled(state: StationState) -> tuple[StationState, Done]:
    if state.training:
        return remembering.without_training(state), Done(activity=Idle(), feedback=ok("drill_ended"))
    if not isinstance(state.activity, Idle):
        return state, Done(activity=state.activity, feedback=wrong("drill_task_open"))
    return replace(state, training=True), Done(activity=Idle(), feedback=ok("drill_begun"))


def _undone(state: StationState, pressed: Pressed) -> tuple[StationState, Done]:
    """First what is only typed, then the latest reading that took something in, or the one that was asked for."""
    station = at(state.activity)
    if pressed.target is None and station.control is not None:
        done = station.control(state.activity, pressed)
        if done is not None:
            return state, done
    reading = remembering.to_take_back(state, pressed.target)
    if reading is None or reading.took is None:
        return state, Done(activity=state.activity, feedback=wrong("nothing_to_undo"))
    owner = named(reading.took.station)
    if pressed.is_too_late or owner is None or owner.undo is None:
        refused = wrong("undo_too_late" if pressed.is_too_late else "undo_not_possible", what=reading.took.what)
        return remembering.final(state, reading.id), Done(activity=state.activity, feedback=refused)
    done = owner.undo(state.activity, reading.took, reading.id)
    return (remembering.undone(state, reading.id) if done.feedback.verdict is Verdict.OK else state), done
