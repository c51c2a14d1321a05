"""What one group of facts does to pick lists, parcels and stock, collected and then written in a handful of statements.

`finish` derives what follows from the lists as they are now (states, goods to carry out, short lines, closed orders), not from the
order in which facts came: that is why the handlers commute.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from controller import events
from controller.catalog.queries import skus_by_id
from controller.db import execute, fetch
from controller.facts import FactIn, unpark
from controller.fulfilment import lists, papers
from controller.fulfilment.events import (
    OtherLotPicked,
    ParcelHandedOver,
    ParcelPacked,
    PickListPicked,
    WeightMismatched,
)
from controller.fulfilment.lists import ParcelNow, PickListNow
from controller.fulfilment.parts import missing_of, whole
from controller.fulfilment.policies import PickLine, goods_weight, weight_matches
from controller.fulfilment.states import PARCEL, ParcelAction, ParcelState, PickListAction, PickListState
from controller.fulfilment.weighing import charge_packed, give_back, paid_for
from controller.orders import operations as orders
from controller.sites.models import LocationKind
from controller.sites.queries import specials
from controller.states import advance
from controller.stock import operations as stock
from controller.stock.operations import Move, Reason
from controller.stock.pickable import LotNow
from edge_agent.wire.facts import HandedOver, Packed, Picked, PickShort, Retracted
from edge_agent.wire.pick_facts import PickDamaged

PackingFact = FactIn[Picked] | FactIn[PickShort] | FactIn[PickDamaged] | FactIn[Packed] | FactIn[HandedOver] | FactIn[Retracted]


LONGEST_REASON = 80


@dataclass(frozen=True, slots=True, kw_only=True)
class _Told:
    fact: PackingFact
    event: events.Event
    pick_list: PickListNow


@dataclass(frozen=True, slots=True, kw_only=True)
class _Taken:
    """A pick: `quantity` base units of a line, of a lot, went from its bin to packing."""

    fact: PackingFact
    pick_list: PickListNow
    line: PickLine
    quantity: int
    lot_id: int = 0


@dataclass(slots=True)
class Work:
    """Collects; writes at `finish`.  `lots`: those that picks and lines name; `promised`: what short lines may still add."""

    lots: Mapping[int, LotNow] = field(default_factory=dict)
    promised: Counter[str] = field(default_factory=Counter)
    _taken: list[_Taken] = field(default_factory=list)
    _put_back: list[Move] = field(default_factory=list)
    _told: list[_Told] = field(default_factory=list)
    _packed: list[tuple[FactIn[Packed], PickListNow]] = field(default_factory=list)
    _cause: dict[int, PackingFact] = field(default_factory=dict)

    def tell(self, fact: PackingFact, pick_list: PickListNow, event: events.Event) -> None:
        """Record the event at the end, as done by the fact's box."""
        self._told.append(_Told(fact=fact, event=event, pick_list=pick_list))

    def touch(self, fact: PackingFact, pick_list: PickListNow) -> None:
        """The list changed because of the fact; what follows from it is booked in the fact's name."""
        self._cause[pick_list.id] = fact

    def recalled(self, lot_id: int, at: datetime) -> LotNow | None:
        """The lot, if it was recalled when it was picked: what was picked before that lies in packing."""
        found = self.lots.get(lot_id)
        return found if found and found.recalled_at and found.recalled_at <= at else None

    def pick(self, fact: PackingFact, pick_list: PickListNow, line: PickLine, quantity: int, lot_id: int) -> None:
        """`lot_id` 0: nobody told which lot it was, so it was the expected one."""
        self.touch(fact, pick_list)
        self._taken.append(_Taken(fact=fact, pick_list=pick_list, line=line, quantity=quantity, lot_id=lot_id or line.lot_id))
        if lot_id not in (0, line.lot_id) and line.lot_id:
            line.is_other_lot = True
            names = {each: self.lots[each].name for each in (line.lot_id, lot_id)}
            event = OtherLotPicked(
                pick_list=pick_list.no, sku_id=line.sku_id, expected=names[line.lot_id], picked=names[lot_id], quantity=quantity
            )
            self.tell(fact, pick_list, event)

    def put_back(self, fact: FactIn[Retracted], pick_list: PickListNow, line: PickLine, pick: Move) -> None:
        """A pick was taken back: its goods lie in their bin again, as of when they were picked."""
        self.touch(fact, pick_list)
        line.take(-pick.quantity)
        pick_list.changed[line.id] = line
        self._put_back.append(pick.reversed(Reason.UNPICKED, fact.id, fact.person))

    async def pack(self, fact: FactIn[Packed], pick_list: PickListNow) -> None:
        """The list's goods become a parcel; a withdrawn list's are to be put back."""
        self.touch(fact, pick_list)
        withdrawn = pick_list.state is PickListState.WITHDRAWN
        if not withdrawn:
            pick_list.take(PickListAction.PACK)
            self._packed.append((fact, pick_list))
        grams, reason = fact.data.weight.grams, (fact.data.reason or "").strip()[:LONGEST_REASON] or None
        state = ParcelState.WITHDRAWN if withdrawn else ParcelState.PACKED
        rows = await fetch(
            "INSERT INTO parcel (pick_list_id, site, box, state, grams, weight_mismatch, reason, label_copies, packed_at) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, 1, ?) RETURNING id",
            pick_list.id,
            pick_list.site,
            fact.box,
            state.value,
            str(grams),
            False,
            reason,
            fact.occurred_at,
        )
        await execute("UPDATE pick_list SET tote = NULL WHERE id = ?", pick_list.id)
        pick_list.parcel = ParcelNow(
            id=rows[0]["id"],
            state=state,
            box=fact.box,
            grams=grams,
            expected_grams=None,
            weight_mismatch=False,
            handed_over_at=None,
        )
        packed = ParcelPacked(parcel=pick_list.parcel.no, pick_list=pick_list.no, grams=grams, reason=reason)
        self.tell(fact, pick_list, packed)
        await unpark(f"parcel:{pick_list.parcel.no}")

    def hand_over(self, fact: FactIn[HandedOver], pick_list: PickListNow) -> None:
        """Its goods leave in `finish`.  The second time nothing happens."""
        parcel = pick_list.parcel
        if parcel is None or parcel.state is ParcelState.HANDED_OVER:
            return
        self.touch(fact, pick_list)
        after_cancel = parcel.state is ParcelState.WITHDRAWN
        parcel.state = advance(PARCEL, parcel.state, ParcelAction.HAND_OVER)
        parcel.handed_over_at = fact.occurred_at
        pick_list.parcel_changed = True
        self.tell(fact, pick_list, ParcelHandedOver(parcel=parcel.no, after_cancel=after_cancel))

    async def finish(self, all_lists: Iterable[PickListNow]) -> None:
        touched = sorted((one for one in all_lists if one.id in self._cause), key=lambda one: one.id)
        for one in touched:
            await self._advance(one)
        await self._weigh([one for one in touched if one.parcel])
        await self._move(touched)
        await lists.write(touched)
        await orders.set_short(await missing_of(touched))
        await charge_packed(touched)
        done = await whole({one.order_id for one in touched if one.is_done})
        await orders.close(done)
        await paid_for(done)
        await give_back(done)
        for told in self._told:
            await _record(told)
        await papers.want([(fact.box, one) for fact, one in self._packed])

    async def _advance(self, one: PickListNow) -> None:
        """Open -> picking -> picked, as its lines are, and back; whoever waits for that is tried again."""
        if one.state is PickListState.PICKED and not all(line.is_done for line in one.lines):
            one.take(PickListAction.REOPEN)
        if one.state in (PickListState.OPEN, PickListState.PICKING):
            if all(line.is_done for line in one.lines):
                one.take(PickListAction.FINISH)
                self.tell(self._cause[one.id], one, PickListPicked(pick_list=one.no))
            elif one.state is PickListState.OPEN and one.has_goods:
                one.take(PickListAction.START)
        if one.state in (PickListState.PICKED, PickListState.WITHDRAWN):
            await unpark(one.key)

    async def _weigh(self, packed: list[PickListNow]) -> None:
        """Compare each parcel's weight with that of what is in it, as far as the catalogue knows it."""
        skus = await skus_by_id([line.sku_id for one in packed for line in one.lines]) if packed else {}
        known = {sku.id: sku.weight_grams for sku in skus.values()}
        for one in packed:
            if one.parcel is None:
                continue
            before = one.parcel.weight_mismatch
            expected = goods_weight(one.lines, known)
            one.parcel.expected_grams = expected
            one.parcel.weight_mismatch = expected is not None and not weight_matches(one.parcel.grams, expected)
            one.parcel_changed = True
            if one.parcel.weight_mismatch and not before and expected is not None:
                event = WeightMismatched(parcel=one.parcel.no, grams=one.parcel.grams, expected_grams=expected)
                self.tell(self._cause[one.id], one, event)

    async def _move(self, touched: Sequence[PickListNow]) -> None:
        """Book the picks, then what leaves with parcels that are handed over.  Holds end before their goods go."""
        places = await specials({one.site for one in touched})
        packing = {site: place for (site, kind), place in places.items() if kind is LocationKind.PACKING}
        customer = {site: place for (site, kind), place in places.items() if kind is LocationKind.CUSTOMER}
        moves = [_move(taken, taken.line.location_id, packing[taken.pick_list.site], Reason.PICKED) for taken in self._taken]
        for one in touched:
            if one.parcel is None or one.parcel.state is not ParcelState.HANDED_OVER:
                continue
            for line in [line for line in one.lines if line.picked > line.out]:
                leaving = _Taken(fact=self._cause[one.id], pick_list=one, line=line, quantity=line.picked - line.out)
                line.out = line.picked
                one.changed[line.id] = line
                await stock.consume(line.line_key, leaving.quantity)
                moves.append(_move(leaving, packing[one.site], customer[one.site], Reason.SHIPPED))
        await stock.move([*moves, *self._put_back])


def _move(taken: _Taken, source: int, target: int, reason: Reason) -> Move:
    return Move(
        sku_id=taken.line.sku_id,
        from_location_id=source,
        to_location_id=target,
        quantity=taken.quantity,
        reason=reason,
        occurred_at=taken.fact.occurred_at,
        document=taken.pick_list.order_no,
        lot_id=taken.lot_id if reason is Reason.PICKED else 0,
        fact_id=taken.fact.id,
        person=taken.fact.person,
        device=taken.fact.device,
    )


async def _record(told: _Told) -> None:
    with events.acting(f"box:{told.fact.box}", str(told.fact.id)):
        await events.record(told.event, subject=told.pick_list.order_no, site=told.pick_list.site)
