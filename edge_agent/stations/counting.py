"""Counting: COUNT, a count's number (CT-…) if any, the bin, items (+1 per scan, or digits before one), DONE: one `counted` per bin.

Nobody is told what is expected.  In a session the next bin follows, and DONE without a bin ends it.  NOTHING: the bin is empty.  A
bin that was counted already is told so, and counted all the same when it is scanned once more: parts of a round add up.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Final
from uuid import UUID

from msgspec import Struct
from msgspec.structs import replace

from drivers.symbols.commands import DIGITS, Command
from edge_agent.stations import amounts
from edge_agent.stations.count_session import clock_time, in_session, segments
from edge_agent.stations.counting_words import WORDS
from edge_agent.stations.goods import Goods, goods_of
from edge_agent.stations.model import Feedback, Known, Pressed, Scanned, duplicate, ok, unknown, wrong
from edge_agent.stations.station import Activity, Button, Done, Idle, Says, Segment, Station, Took
from edge_agent.wire.facts import Counted, CountLine, FactDraft, ReadAs
from edge_agent.wire.open_work import CountBin, OpenCount

MOST_LINES: Final = 200
"""Different codes that one fact carries: more do not fit into a message.  In a session a bin with more goes in parts."""
_NUMBER: Final = re.compile(r"CT-\d{1,12}", re.ASCII | re.IGNORECASE)


class Counting(Activity, Struct, frozen=True, kw_only=True, omit_defaults=True, tag="counting"):
    """One bin is counted, +1 per scan; `lines` holds each distinct symbol seen so far, in order of first sight.

    `session`: the count that the bins belong to; `round`: of the bin; `began`: when its counting did.  `done`: bins counted here in
    the session; `doubted`: a bin that is to be scanned once more; `unmatched`: symbols that the box's catalogue has not.
    """

    bin: str | None = None
    lines: tuple[CountLine, ...] = ()
    number: int = 0
    session: str | None = None
    round: int = 1
    began: datetime | None = None
    done: tuple[str, ...] = ()
    doubted: str | None = None
    unmatched: tuple[str, ...] = ()

    @property
    def items(self) -> int:
        return sum(line.quantity for line in self.lines)


def begin() -> Done:
    return Done(activity=Counting(), feedback=ok("count_bin"))


def scan(now: Counting, read: Scanned) -> Done:
    text = read.symbol.text
    if _NUMBER.fullmatch(text):
        return _session(now, read)
    if now.bin is None and read.gtin is not None:
        return Done(activity=now, feedback=wrong("need_bin_not_item", symbol=text))
    if now.bin is None:
        return _bin(now, read)
    if text == now.bin:
        return Done(activity=now, feedback=duplicate("document_again", symbol=text), read_as=ReadAs.PLACE)
    return _item(now, now.bin, goods_of(read), read)


def finish(now: Counting, by: Pressed) -> Done:
    if now.bin is None and now.session is not None:
        return Done(activity=Idle(), feedback=ok("session_left", session=now.session, bins=len(now.done)))
    if now.bin is None:
        return Done(activity=now, feedback=wrong("need_bin"))
    fact = Counted(bin=now.bin, lines=list(now.lines), session=now.session, round=now.round, began=now.began)
    took = Took(station="counting", what=now.bin, document=now.bin)
    facts = (FactDraft(data=fact, device=by.device),)
    if now.session is None:
        code = "counted" if now.lines else "counted_empty"
        return Done(activity=Idle(), feedback=ok(code, bin=now.bin, items=now.items), facts=facts, took=took)
    code = "counted_next" if now.lines else "counted_empty_next"
    done = now.done if now.bin in now.done else (*now.done, now.bin)
    feedback = ok(code, bin=now.bin, items=now.items, session=now.session, bins=len(done))
    return Done(activity=Counting(session=now.session, done=done), feedback=feedback, facts=facts, took=took)


def control(now: Counting, pressed: Pressed) -> Done | None:
    if pressed.control == "nothing":
        if now.bin is not None and now.lines:
            return Done(activity=now, feedback=wrong("count_not_empty", bin=now.bin, items=now.items))
        return finish(now, pressed) if now.bin is not None else Done(activity=now, feedback=wrong("need_bin"))
    told = amounts.typed(now.number, pressed)
    return None if told is None else Done(activity=replace(now, number=told.number), feedback=told.feedback)


def undo(now: Activity, took: Took, _: str) -> Done:
    """Only while the bin is still being counted: what was submitted is corrected by counting again."""
    lines = now.lines if isinstance(now, Counting) and now.bin == took.document else ()
    line = next((line for line in lines if str(line.id) == took.key), None)
    if not isinstance(now, Counting) or line is None:
        return Done(activity=now, feedback=wrong("undo_counted", bin=took.document or ""))
    rest = line.quantity - took.quantity
    left = tuple(replace(one, quantity=rest) if one is line else one for one in lines if one is not line or rest > 0)
    feedback = ok("undone_counted", what=took.what, quantity=max(0, rest), taken=took.quantity, bin=now.bin or "")
    return Done(activity=replace(now, lines=left), feedback=feedback)


def open_work(now: Counting) -> Feedback | None:
    return wrong("count_open", bin=now.bin, items=now.items) if now.bin is not None and now.lines else None


def farewell(now: Counting) -> Feedback:
    return ok("left_count", bin=now.bin, items=now.items) if now.bin is not None and now.lines else ok("left")


def shows(now: Counting, known: Known) -> tuple[Segment, ...]:
    if now.session is None:
        return ()
    bins = known.document.bins if isinstance(known.document, OpenCount) else []
    return segments(bins, now.done, now.unmatched, now.bin)


def _session(now: Counting, read: Scanned) -> Done:
    text, known = read.symbol.text.upper(), read.known.document
    if now.lines:
        return Done(activity=now, feedback=open_work(now) or wrong("need_bin"), read_as=ReadAs.DOCUMENT)
    if text == now.session:
        return Done(activity=now, feedback=duplicate("document_again", symbol=text), read_as=ReadAs.DOCUMENT)
    after = Counting(session=text)
    if not isinstance(known, OpenCount):
        return Done(activity=after, feedback=ok("session_unknown", session=text), read_as=ReadAs.DOCUMENT)
    left = sum(not each.is_counted for each in known.bins)
    code = "session_begun" if known.title else "session_begun_plain"
    feedback = ok(code, session=text, title=known.title, left=left, bins=len(known.bins))
    return Done(activity=after, feedback=feedback, read_as=ReadAs.DOCUMENT)


def _bin(now: Counting, read: Scanned) -> Done:
    place = read.symbol.text
    planned = in_session(read.known.document, place) if now.session is not None else None
    refused = _recounted_by_the_same(planned, read)
    if refused is not None:
        return Done(activity=now, feedback=refused, read_as=ReadAs.PLACE)
    if now.doubted != place:
        doubt = _doubt(now, planned, read)
        if doubt is not None:
            return Done(activity=replace(now, doubted=place), feedback=doubt, read_as=ReadAs.PLACE)
    after = Counting(
        bin=place, session=now.session, done=now.done, round=planned.round if planned is not None else 1, began=read.at
    )  # fmt: skip
    if now.session is None:
        return Done(activity=after, feedback=ok("count_ready", bin=place), read_as=ReadAs.PLACE)
    is_more = planned is None and isinstance(read.known.document, OpenCount)
    if after.round > 1:
        feedback = ok("count_ready_round", bin=place, round=after.round, session=now.session)
    else:
        feedback = ok("count_ready_more" if is_more else "count_ready_session", bin=place, session=now.session)
    return Done(activity=after, feedback=feedback, read_as=ReadAs.PLACE)


def _recounted_by_the_same(planned: CountBin | None, read: Scanned) -> Feedback | None:
    """Who counted a bin first does not recount it: another pair of eyes does."""
    if planned is None or planned.is_counted or planned.round == 1:
        return None
    worker = read.worker.id if read.worker is not None else read.by
    return wrong("recount_by_another", bin=planned.bin) if worker in planned.by else None


def _doubt(now: Counting, planned: CountBin | None, read: Scanned) -> Feedback | None:
    """Why a bin has to be scanned once more: it was counted already, or it is none that the box knows."""
    place, known = read.symbol.text, read.known.document
    if planned is not None and planned.is_counted and planned.at is not None and isinstance(known, OpenCount):
        at = clock_time(planned.at, known.time_zone)
        return duplicate("counted_before", bin=place, at=at, person=planned.name or "—")
    if place in now.done:
        return duplicate("counted_before_here", bin=place)
    if read.known.is_bin is False and planned is None:
        return wrong("bin_unknown", symbol=place)
    return None


def _item(now: Counting, place: str, goods: Goods, read: Scanned) -> Done:
    more = 1 if goods.serial is not None else now.number or 1
    lines, line = _more(now.lines, goods, more, read)
    fresh = goods.is_unknown and goods.what not in now.unmatched
    unmatched = (*now.unmatched, goods.what)[-amounts.MOST_LISTED :] if fresh else now.unmatched
    args: dict[str, str | int] = goods.args | {"quantity": line.quantity, "bin": place, "symbol": goods.what}
    feedback = unknown("counted_unmatched", **args) if goods.is_unknown else ok("counted_item", **args)
    if goods.serial is not None and line.quantity > 1:
        return Done(activity=now, feedback=duplicate("counted_serial", **args))
    took = Took(station="counting", what=goods.what, document=place, key=str(line.id), quantity=more)
    after = replace(now, lines=lines, number=0, unmatched=unmatched)
    if len(lines) <= MOST_LINES:
        return Done(activity=after, feedback=feedback, took=took)
    if now.session is None:
        return Done(activity=now, feedback=wrong("count_full", bin=place, most=MOST_LINES))
    part = Counted(bin=place, lines=list(now.lines), session=now.session, round=now.round, began=now.began)
    facts = (FactDraft(data=part, device=read.device),)
    return Done(activity=replace(after, lines=(line,)), feedback=feedback, facts=facts, took=took)


def _more(lines: tuple[CountLine, ...], goods: Goods, more: int, read: Scanned) -> tuple[tuple[CountLine, ...], CountLine]:
    """With so many more of the goods, and their line; a line is called after the reading that began it."""
    same = (goods.symbol, goods.lot, goods.expiry, goods.serial)
    for line in lines:
        if (line.symbol, line.lot, line.expiry, line.serial) == same:
            after = replace(line, quantity=line.quantity + more, at=read.at)
            return tuple(after if each is line else each for each in lines), after
    new = CountLine(
        symbol=goods.symbol, gtin=goods.gtin, quantity=more, id=UUID(read.id) if read.id else None, at=read.at,
        lot=goods.lot, expiry=goods.expiry, serial=goods.serial,
    )  # fmt: skip
    return (*lines, new), new


BUTTONS: Final = (amounts.QUANTITY, Button("nothing", Says(en="The bin is empty", zh="货位为空")))
STATION = Station(
    name="counting",
    command=Command.COUNT,
    state=Counting,
    title=Says(en="Count", zh="盘点"),
    words=WORDS,
    begin=begin,
    scan=scan,
    finish=finish,
    control=control,
    controls=(Command.NOTHING, *DIGITS),
    buttons=BUTTONS,
    undo=undo,
    open_work=open_work,
    farewell=farewell,
    wants_item=True,
    opens="counts",
    document=lambda now: now.session,
    shows=shows,
    offers=lambda now: BUTTONS[: 1 if now.lines else 2] if now.bin is not None else (),
    notes=lambda now: (Says(f"Recount {now.round}", f"第 {now.round} 次盘点"),) if now.round > 1 else (),
)
