"""Taking pick lists in hand and giving them back: one, or several with a tote each, or those that a wave wants walked together."""

from __future__ import annotations

import re
from typing import Final
from uuid import UUID

from msgspec.structs import replace

from edge_agent.stations.model import Feedback, Item, Person, Pressed, Refused, Scanned, ok, wrong
from edge_agent.stations.picking_lines import Stop, documents, goes_to, next_stop, pieces, stops
from edge_agent.stations.picking_state import InHand, Picking
from edge_agent.stations.station import Done, Took
from edge_agent.wire.facts import FactDraft, ReadAs
from edge_agent.wire.open_work import OpenPick
from edge_agent.wire.pick_facts import PickClaimed, PickUnclaimed

NUMBER: Final = re.compile(r"PL-\d{1,12}", re.ASCII | re.IGNORECASE)
MOST: Final = 24
"""Lists of one walk: more totes fit on no trolley."""
LONGEST_TOTE: Final = 64
TAKEN: Final = "claimed_by_other"
"""The controller's code for a claim that came too late."""


def scan(now: Picking, read: Scanned) -> Done:
    """A reading while lists are taken in hand."""
    if now.wants_tote is not None:
        return _tote(now, now.wants_tote, read)
    text, known = read.symbol.text, read.known.document
    pick = known if isinstance(known, OpenPick) else None
    if pick is None and read.gtin is not None:
        return Done(activity=now, feedback=wrong("need_pick_list_not_item", symbol=text))
    if pick is None and read.known.is_bin is True:
        return Done(activity=now, feedback=wrong("need_pick_list"), read_as=ReadAs.PLACE)
    if pick is not None and pick.number.upper() != text.upper():
        return _wave(now, pick, read)
    number = text.upper() if NUMBER.fullmatch(text) else text
    if now.of(number) is not None:
        return Done(activity=now, feedback=wrong("pick_in_hand", pick_list=number), read_as=ReadAs.DOCUMENT)
    return _one(now, number, pick, read)


def finish(now: Picking, by: Pressed) -> Done:
    """DONE while lists are taken in hand: the walk begins."""
    if now.wants_tote is not None:
        return Done(activity=now, feedback=wrong("pick_tote_open", pick_list=now.wants_tote))
    if not now.lists:
        return Done(activity=now, feedback=wrong("need_pick_list"))
    return walked(replace(now, is_walking=True), by)


def walked(now: Picking, by: Scanned | Pressed) -> Done:
    """From here on goods are fetched."""
    along = stops(now, by.known)
    first = goes_to(next_stop(now, along), along)
    return Done(activity=now, feedback=ok("pick_walk", lists=len(now.lists), pieces=pieces(along), **first))


def dropped(now: Picking) -> Done | None:
    """UNDO while a tote is asked for: that list is not taken."""
    if now.wants_tote is None:
        return None
    after = replace(now, wants_tote=None, over="", waiting=(), doubted=None)
    return Done(activity=after, feedback=ok("pick_dropped", pick_list=now.wants_tote))


def is_taken(one: InHand, pick: OpenPick, by: Scanned) -> bool:
    """Whether somebody else has a list that is in hand here: not the one whom it was taken from, as far as the box knew."""
    return bool(pick.claimed_by) and not _is_mine(pick, by.worker, by.box) and _since(pick) != one.over


def refused(now: Picking, given: Refused) -> Done | None:
    """The controller gave a list to somebody else, or knows none of that number: it goes back.

    What was fetched of it is booked, and a person is asked to look; nobody has to be told that it was left.
    """
    one = next((each for each in now.lists if each.claim == given.fact), None)
    if one is None:
        return None
    own = [each for each in now.tallies if each.key.startswith(f"{one.number}/")]
    has_goods = any(each.own for each in own) or (one.number not in documents(given.known) and now.items > 0)
    after = _without(now, one.number)
    along = stops(after, given.known)
    code = "pick_gone_unknown" if given.code != TAKEN else "pick_gone_goods" if has_goods else "pick_gone"
    who = _who(documents(given.known).get(one.number), given)
    return Done(activity=after, feedback=wrong(code, pick_list=one.number, **who, **_then(after, along)))


def _without(now: Picking, number: str) -> Picking:
    """Without a list, whatever is known of it here; the others go on."""
    prefix, held = f"{number}/", now.held
    lists = tuple(one for one in now.lists if one.number != number)
    return replace(
        now,
        lists=lists,
        is_walking=now.is_walking and bool(lists),
        tallies=tuple(each for each in now.tallies if not each.key.startswith(prefix)),
        short=tuple(each for each in now.short if not each.startswith(prefix)),
        weighing=None if not lists else now.weighing,
        weighed=tuple(each for each in now.weighed if not each.startswith(prefix)),
        held=None if held is not None and (held.number == number or not lists) else held,
        others=tuple(each for each in now.others if each != number),
        gone=(*now.gone, number),
        number=0,
        doubted=None,
        damage=None,
        is_short_next=False,
        is_empty_next=False,
        is_summed=False,
        asks_empty=None,
    )


def _who(pick: OpenPick | None, given: Refused) -> dict[str, str]:
    if pick is None or not pick.claimed_by or _is_mine(pick, given.worker, given.box):
        return {"who_en": "Somebody else", "who_zh": "别人"}
    return {"who_en": pick.claimed_by, "who_zh": f"{pick.claimed_by} "}


def _then(now: Picking, along: list[Stop]) -> dict[str, str]:
    """What to do next."""
    if now.wants_tote is not None:
        return {"then_en": f"Scan the tote for {now.wants_tote}.", "then_zh": f"扫描 {now.wants_tote} 的周转箱。"}
    if not now.lists:
        return {"then_en": "Scan another list.", "then_zh": "扫描其他拣货单。"}
    if not now.is_walking:
        return {"then_en": "Scan the next list, or DONE to walk.", "then_zh": "扫下一单，或扫 DONE 开始拣货。"}
    first = goes_to(next_stop(now, along), along)
    return {"then_en": f"Go on: {first['lines_en']}", "then_zh": f"继续：{first['lines_zh']}"}


def left(now: Picking) -> tuple[FactDraft, ...]:
    """What is booked when lists are left: nobody has them any more; what was picked stays picked."""
    return tuple(_back(one) for one in now.lists if one.claim)


def _back(one: InHand) -> FactDraft:
    return FactDraft(data=PickUnclaimed(pick_list=one.number, claim=UUID(one.claim)))


def unclaimed(now: Picking, took: Took, reading: str) -> Done:
    """UNDO of a list that was taken; one of which goods were picked is given back with STOP, so that they are not forgotten."""
    number = took.what
    if any(each.own and each.key.startswith(f"{number}/") for each in now.tallies):
        return Done(activity=now, feedback=wrong("undo_claim_goods", pick_list=number))
    lists = tuple(one for one in now.lists if one.number != number)
    after = replace(now, lists=lists, is_walking=now.is_walking and bool(lists))
    fact = PickUnclaimed(pick_list=number, claim=UUID(reading))
    return Done(activity=after, feedback=ok("undone_claim", pick_list=number), facts=(FactDraft(data=fact),))


def _wave(now: Picking, pick: OpenPick, read: Scanned) -> Done:
    """The lists of a wave: those that are to be walked together, or the most urgent one; whichever nobody has."""
    wave = read.symbol.text.upper()
    of_wave = sorted(documents(read.known).values(), key=lambda each: (each.cluster, each.id))
    free = [each for each in of_wave if each.wave == pick.wave and not each.claimed_by and now.of(each.number) is None]
    if not free:
        return Done(activity=now, feedback=wrong("pick_wave_taken", wave=wave), read_as=ReadAs.DOCUMENT)
    first = free[0]
    if not first.cluster and not now.is_cluster:
        return _one(now, first.number, first, read)
    together = [each.number for each in free if each.cluster == first.cluster][: MOST - len(now.lists)]
    after = replace(now, is_cluster=True, waiting=tuple(together[1:]))
    return _one(after, first.number, first, read)


def _one(now: Picking, number: str, pick: OpenPick | None, read: Scanned) -> Done:
    """Somebody else's is taken when it is scanned once more."""
    over = ""
    if pick is not None and pick.claimed_by and not _is_mine(pick, read.worker, read.box):
        if now.doubted != number:
            feedback = wrong("pick_claimed_by", pick_list=number, who=pick.claimed_by)
            return Done(activity=replace(now, doubted=number), feedback=feedback, read_as=ReadAs.DOCUMENT)
        over = _since(pick)
    if now.is_cluster:
        if len(now.lists) >= MOST:
            return Done(activity=now, feedback=wrong("pick_too_many", most=MOST), read_as=ReadAs.DOCUMENT)
        after = replace(now, wants_tote=number, over=over, doubted=None)
        return Done(activity=after, feedback=_asks_tote(number, pick), read_as=ReadAs.DOCUMENT)
    return _claimed(replace(now, is_walking=True), InHand(number=number, claim=read.id, over=over), pick, read)


def _asks_tote(number: str, pick: OpenPick | None) -> Feedback:
    if pick is not None and pick.tote:
        return ok("pick_its_tote", pick_list=number, tote=pick.tote)
    return ok("pick_wants_tote", pick_list=number)


def _is_mine(pick: OpenPick, worker: Person | None, box: str) -> bool:
    if pick.claimed_id or worker is not None:
        return worker is not None and pick.claimed_id == worker.id
    return pick.claimed_by == box


def _since(pick: OpenPick) -> str:
    return pick.claimed_at.isoformat() if pick.claimed_at is not None else "—"


def _tote(now: Picking, number: str, read: Scanned) -> Done:
    text = read.symbol.text
    is_other = read.gtin is not None or read.known.is_bin is True or isinstance(read.item, Item) or NUMBER.fullmatch(text)
    if is_other or len(text) > LONGEST_TOTE:
        return Done(activity=now, feedback=wrong("pick_no_tote", symbol=text, pick_list=number))
    used = now.in_tote(text)
    holds = used.number if used is not None else read.known.holds
    if holds not in (None, number):
        return Done(activity=now, feedback=wrong("pick_tote_used", tote=text, pick_list=holds or ""))
    after = replace(now, wants_tote=None, over="")
    one = InHand(number=number, claim=read.id, tote=text, over=now.over)
    return _claimed(after, one, documents(read.known).get(number), read)


def _claimed(now: Picking, one: InHand, pick: OpenPick | None, read: Scanned) -> Done:
    fact = PickClaimed(pick_list=one.number, tote=one.tote or None, takes_over=bool(one.over))
    after = replace(now, lists=(*now.lists, one), doubted=None, is_summed=False)
    more = after.waiting
    if more:
        after = replace(after, wants_tote=more[0], waiting=more[1:])
    facts = (FactDraft(data=fact, device=read.device),)
    took = Took(station="picking", what=one.number, document=one.number, fact=PickClaimed.name)
    return Done(activity=after, feedback=_begun(after, one, pick, read), facts=facts, read_as=ReadAs.DOCUMENT, took=took)


def _begun(now: Picking, one: InHand, pick: OpenPick | None, read: Scanned) -> Feedback:
    if now.wants_tote is not None:
        return ok("pick_next_tote", pick_list=one.number, tote=one.tote, next=now.wants_tote)
    if now.is_cluster:
        return ok("pick_gathered", pick_list=one.number, tote=one.tote, lists=len(now.lists))
    if pick is None:
        return ok("pick_ready", pick_list=one.number)
    known = read.known if read.known.document is pick else replace(read.known, document=pick)
    along = stops(now, known)
    first = goes_to(next_stop(now, along), along)
    return ok("pick_open", pick_list=one.number, order=pick.order, pieces=pieces(along), **first)
