"""A station: one pure step over scans, weights and time.

Every scan makes a `scan` fact, whatever else it makes: an unknown code is resolved by the controller, and a double read that the
guard held back is on record as such (activity `double_read`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, assert_never

from msgspec.structs import replace

from drivers.symbols.commands import Command, UnknownCommand
from edge_agent.stations import counting, handing_over, idle, looking_up, packing, picking, receiving
from edge_agent.stations.model import (
    Activity,
    Counting,
    Done,
    Feedback,
    HandingOver,
    Idle,
    Input,
    LastRead,
    LookingUp,
    Packing,
    Picking,
    Receiving,
    Rules,
    Scanned,
    StationState,
    Step,
    Tick,
    Weighed,
    duplicate,
    ok,
    unknown,
    wrong,
)
from edge_agent.wire.facts import FactDraft, ReadAs, Scan

_BEGINNINGS: Final[dict[Command, Callable[[], Done]]] = {
    Command.RECEIVE: receiving.begin,
    Command.COUNT: counting.begin,
    Command.PICK: picking.begin,
    Command.BOXUP: packing.begin,
    Command.SEND: handing_over.begin,
    Command.LOOKUP: looking_up.begin,
}

_NAMES: Final[dict[type[Activity], str]] = {
    Idle: "idle",
    Receiving: "receiving",
    Counting: "counting",
    Picking: "picking",
    Packing: "packing",
    HandingOver: "handing_over",
    LookingUp: "lookup",
}


def step(state: StationState, given: Input, rules: Rules | None = None) -> Step:
    """The next state, the facts to commit with it, and what to tell the person.  Never raises, never loses a scan."""
    rules = rules or Rules()
    match given:
        case Scanned():
            return _scanned(state, given, rules)
        case Weighed():
            return _weighed(state, given)
        case Tick():
            return _ticked(state, given, rules)
        case _ as never:
            assert_never(never)


def _scanned(state: StationState, read: Scanned, rules: Rules) -> Step:
    last = LastRead(device=read.device, symbol=read.symbol, at_ms=read.at_ms)
    if _is_double_read(state.last, last, rules.double_read_ms):
        again = replace(last, read_as=state.last.read_as if state.last else ReadAs.ITEM)
        feedback = duplicate("double_read", symbol=read.symbol.text)
        after = replace(state, last=again, double_reads=state.double_reads + 1, touched_ms=read.at_ms)
        return Step(state=after, facts=(_scan_fact(read, "double_read", again.read_as),), feedback=feedback)
    done = _command(state.activity, read, read.command) if read.command is not None else _item(state.activity, read)
    read_as = ReadAs.COMMAND if read.command is not None else done.read_as
    after = replace(state, activity=done.activity, last=replace(last, read_as=read_as), touched_ms=read.at_ms)
    scan = _scan_fact(read, _NAMES[type(state.activity)], read_as)
    return Step(state=after, facts=(scan, *done.facts), feedback=done.feedback)


def _is_double_read(before: LastRead | None, now: LastRead, guard_ms: int) -> bool:
    """Counted from the latest read, so that a scanner that fires without end is one read; boot time may start anew."""
    if before is None or (before.device, before.symbol) != (now.device, now.symbol):
        return False
    return 0 <= now.at_ms - before.at_ms < guard_ms


def _scan_fact(read: Scanned, activity: str, read_as: ReadAs) -> FactDraft:
    return FactDraft(data=Scan(symbol=read.symbol, gtin=read.gtin, activity=activity, read_as=read_as), device=read.device)


def _item(activity: Activity, read: Scanned) -> Done:
    match activity:
        case Idle():
            return idle.scan(activity, read)
        case Receiving():
            return receiving.scan(activity, read)
        case Counting():
            return counting.scan(activity, read)
        case Picking():
            return picking.scan(activity, read)
        case Packing():
            return packing.scan(activity, read)
        case HandingOver():
            return handing_over.scan(activity, read)
        case LookingUp():
            return looking_up.scan(activity, read)
        case _ as never:
            assert_never(never)


def _command(activity: Activity, read: Scanned, command: Command | UnknownCommand) -> Done:
    if isinstance(command, UnknownCommand):
        return Done(activity=activity, feedback=unknown("unknown_command", word=command.word))
    if command is Command.STOP:
        return Done(activity=Idle(), feedback=_farewell(activity))
    if command is Command.DONE:
        return _finish(activity, read.device)
    if command is Command.SHORT and isinstance(activity, Picking):
        return picking.short(activity, read.device)
    begin = _BEGINNINGS.get(command)
    if begin is None:
        return Done(activity=activity, feedback=_out_of_place(activity, command))
    if isinstance(activity, Counting) and activity.bin is not None and activity.lines:
        return Done(activity=activity, feedback=wrong("count_open", bin=activity.bin, items=activity.items))
    return begin()


def _finish(activity: Activity, device: str) -> Done:
    match activity:
        case Idle():
            return Done(activity=activity, feedback=wrong("no_task"))
        case Receiving():
            return receiving.finish(activity)
        case Counting():
            return counting.finish(activity, device)
        case Picking():
            return picking.finish(activity)
        case Packing():
            return packing.finish(activity)
        case HandingOver():
            return handing_over.finish(activity)
        case LookingUp():
            return looking_up.finish(activity)
        case _ as never:
            assert_never(never)


def _farewell(activity: Activity) -> Feedback:
    if isinstance(activity, Idle):
        return ok("no_task")
    if isinstance(activity, Counting) and activity.bin is not None and activity.lines:
        return ok("left_count", bin=activity.bin, items=activity.items)
    return ok("left")


def _out_of_place(activity: Activity, command: Command) -> Feedback:
    return wrong("no_task") if isinstance(activity, Idle) else wrong("not_here", command=command.value)


def _weighed(state: StationState, weighed: Weighed) -> Step:
    done = packing.weigh(state.activity, weighed) if isinstance(state.activity, Packing) else None
    if done is None:
        return Step(state=state)
    return Step(
        state=replace(state, activity=done.activity, touched_ms=weighed.at_ms),
        facts=done.facts,
        feedback=done.feedback,
    )


def _ticked(state: StationState, tick: Tick, rules: Rules) -> Step:
    if isinstance(state.activity, Idle) or not rules.quiet_ms:
        return Step(state=state)
    if tick.at_ms < state.touched_ms:  # a restart: boot time began anew, and so does the wait
        return Step(state=replace(state, touched_ms=tick.at_ms))
    holds_items = isinstance(state.activity, Counting) and state.activity.lines
    if holds_items or tick.at_ms - state.touched_ms < rules.quiet_ms:
        return Step(state=state)
    return Step(state=replace(state, activity=Idle(), touched_ms=tick.at_ms), feedback=wrong("timed_out"))
