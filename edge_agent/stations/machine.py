"""A station: one pure step over scans, buttons, weights and time; what all stations have in common is here.

Every scan makes a `scan` fact, whatever else it makes: an unknown code is resolved by the controller, and a double read that the
guard held back is on record as such (activity `double_read`), as is what nobody signed for (`signed_out`).  In training nothing is.
"""

from __future__ import annotations

from typing import Final, TypeVar, assert_never

from msgspec.structs import replace

from drivers.symbols.commands import Command, UnknownCommand
from edge_agent.stations import presence, remembering
from edge_agent.stations.commanding import commanded
from edge_agent.stations.model import Input, Pressed, Refused, Scanned, SignedIn, Tick, Weighed, duplicate, ok, unknown, wrong
from edge_agent.stations.state import LastRead, Rules, StationState, Step
from edge_agent.stations.station import Done, Idle
from edge_agent.stations.table import at, named
from edge_agent.wire.facts import FactDraft, ReadAs, Scan

DOUBLE_READ: Final = "double_read"
SIGNED_OUT: Final = "signed_out"
G = TypeVar("G", Scanned, Pressed)


def step(state: StationState, given: Input, rules: Rules | None = None) -> Step:
    """The next state, the facts to commit with it, and what to tell the person.  Never raises, never loses a scan.

    What a screen sends again is answered as before, and changes nothing.
    """
    rules = rules or Rules()
    match given:
        case Tick():
            return _ticked(state, given, rules)
        case Refused():
            return _refused(state, given)
        case Weighed():
            after = _weighed(state, given, rules)
        case Scanned() | Pressed() | SignedIn():
            before = remembering.answer_to(state, given.post)
            if before is not None:
                return Step(state=state, feedback=before, is_repeated=True)
            after = _given(state, given, rules)
        case _ as never:
            assert_never(never)
    return remembering.told(state, given, after)


def _given(state: StationState, given: Scanned | Pressed | SignedIn, rules: Rules) -> Step:
    match given:
        case Scanned():
            return _scanned(state, _equipped(state, given, rules), rules)
        case Pressed():
            return _pressed(state, _equipped(state, given, rules), rules)
        case SignedIn():
            return presence.signed(state, given)
        case _ as never:
            assert_never(never)


def _equipped(state: StationState, given: G, rules: Rules) -> G:
    """With what can be printed, who does it, whom it asks for, and what the box's next order is."""
    return replace(
        given,
        paper=rules.paper,
        worker=given.worker or state.person,
        asks_manager=rules.asks_manager,
        box=rules.box,
        orders=rules.orders,
    )


def _scanned(state: StationState, read: Scanned, rules: Rules) -> Step:
    last = LastRead(device=read.device, symbol=read.symbol, at_ms=read.at_ms)
    if _is_double_read(state.last, last, rules.double_read_ms):
        again = replace(last, read_as=state.last.read_as if state.last else ReadAs.ITEM)
        feedback = duplicate("double_read", symbol=read.symbol.text)
        after = replace(state, last=again, double_reads=state.double_reads + 1, touched_ms=read.at_ms)
        return Step(state=after, facts=(_scan_fact(read, DOUBLE_READ, again.read_as),), feedback=feedback)
    touched = replace(state, last=last, touched_ms=read.at_ms)
    if read.is_badge:
        allowed = _allowed(state, touched, read)
        if allowed is not None:
            return allowed
        greeted = presence.badge(replace(touched, last=replace(last, read_as=ReadAs.COMMAND)), read, rules)
        return replace(greeted, facts=(_scan_fact(read, at(state.activity).name, ReadAs.COMMAND),))
    if presence.is_missing(state, rules, read.by):
        read_as = ReadAs.ITEM if read.command is None else ReadAs.COMMAND
        return Step(state=touched, facts=(_scan_fact(read, SIGNED_OUT, read_as),), feedback=presence.refusal(rules))
    station = at(state.activity)
    if read.command is None:
        now, done = touched, station.scan(state.activity, read)
    else:
        now, done = _by_barcode(touched, read, read.command, rules)
    read_as = done.read_as if read.command is None else ReadAs.COMMAND
    now = replace(now, activity=done.activity, last=replace(last, read_as=read_as))
    return _made(state, now, done, read, (_scan_fact(read, station.name, read_as),))


def _allowed(before: StationState, state: StationState, read: Scanned) -> Step | None:
    """The badge of somebody whom the task waits for; None: it waits for nobody, or for somebody else."""
    station = at(state.activity)
    done = station.badge(state.activity, read.person) if station.badge is not None and read.person is not None else None
    if done is None:
        return None
    last = LastRead(device=read.device, symbol=read.symbol, at_ms=read.at_ms, read_as=ReadAs.COMMAND)
    now = replace(state, activity=done.activity, last=last)
    return _made(before, now, done, read, (_scan_fact(read, station.name, ReadAs.COMMAND),))


def _by_barcode(state: StationState, read: Scanned, command: Command | UnknownCommand, rules: Rules) -> tuple[StationState, Done]:
    if isinstance(command, UnknownCommand):
        return state, Done(activity=state.activity, feedback=unknown("unknown_command", word=command.word))
    pressed = Pressed(
        control=command.value.lower(),
        at_ms=read.at_ms,
        device=read.device,
        id=read.id,
        at=read.at,
        paper=read.paper,
        known=read.known,
        worker=read.worker,
        asks_manager=read.asks_manager,
        is_too_late=read.is_too_late,
        box=read.box,
        orders=read.orders,
    )
    return commanded(state, pressed, rules.offers)


def _pressed(state: StationState, pressed: Pressed, rules: Rules) -> Step:
    touched = replace(state, touched_ms=pressed.at_ms)
    if presence.is_missing(state, rules, pressed.by):
        return Step(state=touched, feedback=presence.refusal(rules))
    now, done = commanded(touched, pressed, rules.offers)
    return _made(state, replace(now, activity=done.activity), done, pressed)


def _weighed(state: StationState, weighed: Weighed, rules: Rules) -> Step:
    station = at(state.activity)
    if presence.is_missing(state, rules) and station.awaits_weight(state.activity):
        return Step(state=replace(state, touched_ms=weighed.at_ms), feedback=presence.refusal(rules))
    done = station.weigh(state.activity, weighed) if station.weigh is not None else None
    if done is None:
        return Step(state=state)
    now = replace(state, activity=done.activity, touched_ms=weighed.at_ms)
    return _made(state, now, done, weighed)


def _made(
    before: StationState, now: StationState, done: Done, given: Scanned | Pressed | Weighed, scan: tuple[FactDraft, ...] = ()
) -> Step:
    """The first that a reading books has the reading's id; training ends with its task."""
    is_over = now.training and isinstance(now.activity, Idle) and not isinstance(before.activity, Idle)
    now = remembering.noted(remembering.carried(before, now), given, done)
    if done.orders is not None and not now.training:
        now = replace(now, orders=done.orders)
    facts = (*scan, *(replace(draft, id=given.id or None) for draft in done.facts[:1]), *done.facts[1:])
    if is_over:
        now = remembering.without_training(now)
    return Step(state=now, facts=facts, feedback=done.feedback, cancels=done.cancels)


def _refused(state: StationState, refused: Refused) -> Step:
    """Nobody did anything: the wait for the next reading goes on, and nothing of it can be taken back."""
    station = at(state.activity)
    is_its_own = refused.fact in station.facts(state.activity)
    done = station.refused(state.activity, refused) if station.refused is not None and is_its_own else None
    if done is None:
        return _rejected(state, refused)
    return Step(state=replace(state, activity=done.activity), facts=done.facts, feedback=done.feedback)


def _rejected(state: StationState, refused: Refused) -> Step:
    """What was read a while ago is not booked: its line of the history says so from now on, whatever is done here by now."""
    reading = next((each for each in state.history if each.id == refused.fact), None)
    owner = named(reading.took.station) if reading is not None and reading.took is not None else None
    if reading is None or reading.took is None or owner is None or refused.code not in owner.rejects:
        return Step(state=state)
    what, document = reading.took.what, reading.took.document or ""
    feedback = wrong(owner.rejects[refused.code], what=what, document=document)
    history = tuple(replace(each, feedback=feedback, took=None) if each is reading else each for each in state.history)
    return Step(state=replace(state, history=history), feedback=feedback)


def _is_double_read(before: LastRead | None, now: LastRead, guard_ms: int) -> bool:
    """Counted from the latest read, so that a scanner that fires without end is one read; boot time may start anew."""
    if before is None or (before.device, before.symbol) != (now.device, now.symbol):
        return False
    return 0 <= now.at_ms - before.at_ms < guard_ms


def _scan_fact(read: Scanned, activity: str, read_as: ReadAs) -> FactDraft:
    return FactDraft(data=Scan(symbol=read.symbol, gtin=read.gtin, activity=activity, read_as=read_as), device=read.device)


def _ticked(state: StationState, tick: Tick, rules: Rules) -> Step:
    """After the quiet time the task is left, the training ends, and who was there is signed off."""
    is_busy = not isinstance(state.activity, Idle)
    if not rules.quiet_ms or not (is_busy or state.training or state.person):
        return Step(state=state)
    if tick.at_ms < state.touched_ms:  # a restart: boot time began anew, and so does the wait
        return Step(state=replace(state, touched_ms=tick.at_ms))
    if tick.at_ms - state.touched_ms < rules.quiet_ms:
        return Step(state=state)
    if state.training:
        ended = remembering.without_training(replace(state, activity=Idle(), person=None, touched_ms=tick.at_ms))
        return Step(state=ended, feedback=wrong("drill_timed_out"))
    keeps = at(state.activity).open_work(state.activity) is not None
    if keeps and state.person is None:
        return Step(state=state)
    after = replace(state, activity=state.activity if keeps else Idle(), person=None, touched_ms=tick.at_ms)
    after = remembering.carried(state, after)
    if keeps or not is_busy:
        return Step(state=after, feedback=ok("signed_off_quiet"))
    return Step(state=after, facts=at(state.activity).leaves(state.activity), feedback=wrong("timed_out"))
