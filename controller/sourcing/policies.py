"""Which sites an order comes from: fewest sites first, then the cheapest, and what the runner-up would have cost.  Pure.

A set of one, two or three sites is looked at when it has all of the order and no smaller set within it has.  It is tried in each
order of its sites: the first gives whatever it has whole, the next what is left; what none has whole is divided in that order.
The same facts give the same plan, whatever order they come in.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations, permutations
from operator import attrgetter, le
from typing import NamedTuple

from controller.sourcing.costs import Taken, amounts_of, cost, km_to
from controller.sourcing.plans import (
    MOST_SITES,
    Because,
    Candidate,
    Missing,
    Plan,
    Share,
    Shelf,
    SiteFacts,
    Terms,
    Unsourced,
    Verdict,
    Want,
)

Stock = Mapping[tuple[int, str], Shelf]
_EMPTY = Shelf()


@dataclass(frozen=True, slots=True)
class _Good:
    """All that an order wants of one SKU."""

    sku_id: int
    quantity: int
    grams: int
    value_minor: int
    presale: bool
    expires: bool
    wants: tuple[Want, ...]


@dataclass(frozen=True, slots=True)
class _Case:
    """One order, its usable sites in order of name, and what each has of each good (`has[site][good]`).

    `whole`: what is dealt where all of it comes from one.
    """

    goods: tuple[_Good, ...]
    sites: tuple[SiteFacts, ...]
    shelves: tuple[tuple[Shelf, ...], ...]
    has: tuple[tuple[int, ...], ...]
    terms: Terms
    whole: list[list[int]]


def source(wanted: Sequence[Want], sites: Sequence[SiteFacts], stock: Stock, terms: Terms) -> Plan:
    """The plan for an order, with its explanation.  `stock` by SKU and site; what is not in it is not there."""
    in_order = sorted(sites, key=attrgetter("site"))
    by_sku = _by_sku(wanted)
    rows = [tuple([stock.get((sku, facts.site), _EMPTY) for sku in by_sku]) for facts in in_order]
    goods = _goods(by_sku, rows)
    barred: dict[str, Because] = {}
    usable: list[tuple[SiteFacts, tuple[Shelf, ...]]] = []
    for facts, row in zip(in_order, rows, strict=True):
        if reason := _barred(facts, goods, row, terms):
            barred[facts.site] = reason
        else:
            usable.append((facts, row))
    has = tuple(
        tuple([max(shelf.free, 0) + (shelf.presale if good.presale else 0) for good, shelf in zip(goods, row, strict=True)])
        for _, row in usable
    )
    case = _Case(
        goods, tuple(facts for facts, _ in usable), tuple(row for _, row in usable), has, terms, [[good.quantity for good in goods]]
    )
    ways, too_small = _ways(case)
    told = tuple(Verdict(site, reason) for site, reason in barred.items())
    if not ways:
        return _nothing(case, told, too_small=too_small)
    chosen, *others = sorted(ways, key=attrgetter("key"))
    runner_up = next((way for way in others if set(way.sites) != set(chosen.sites)), None)
    return Plan(
        chosen=_candidate(case, chosen),
        because=_because(chosen, runner_up),
        runner_up=_candidate(case, runner_up) if runner_up else None,
        verdicts=(*told, *_verdicts(case, chosen, others)),
    )


def _by_sku(wanted: Sequence[Want]) -> dict[int, list[Want]]:
    """The lines of each SKU, both in order."""
    by_sku: dict[int, list[Want]] = {}
    for want in sorted(wanted, key=lambda each: (each.sku_id, each.position)):
        by_sku.setdefault(want.sku_id, []).append(want)
    return by_sku


def _goods(by_sku: Mapping[int, Sequence[Want]], rows: Sequence[Sequence[Shelf]]) -> tuple[_Good, ...]:
    """Two lines of one SKU are one good.  It may be presold where each line of it may; it expires where some site knows a date."""
    return tuple(
        _Good(
            sku,
            sum(want.quantity for want in wants),
            sum(want.grams for want in wants),
            sum(want.value_minor for want in wants),
            all(want.presale for want in wants),
            any(row[column].remaining_days is not None for row in rows),
            tuple(wants),
        )
        for column, (sku, wants) in enumerate(by_sku.items())
    )


def _barred(facts: SiteFacts, goods: Sequence[_Good], row: Sequence[Shelf], terms: Terms) -> Because | None:
    if facts.rank is None:
        return Because.NOT_FOR_CHANNEL
    if facts.site in terms.rejected:
        return Because.REJECTED
    if terms.only is not None and facts.site not in terms.only:
        return Because.NOT_ASKED
    if terms.currency and facts.currency and facts.currency != terms.currency:
        return Because.OTHER_CURRENCY
    if facts.capacity_left is not None and facts.capacity_left <= 0:
        return Because.NO_CAPACITY
    farthest = terms.prices.farthest_km
    if farthest is not None and (km_to(facts, terms.destination) or 0) > farthest:
        return Because.TOO_FAR
    is_short_dated = False
    for good, shelf in zip(goods, row, strict=True):
        if shelf.free > 0 or (good.presale and shelf.presale > 0):
            return None
        is_short_dated = is_short_dated or shelf.too_short > 0
    return Because.KEEPS_TOO_SHORT if is_short_dated else Because.NOTHING_THERE


# --- candidates -----------------------------------------------------------------------------------------------------------------


def _ways(case: _Case) -> tuple[list[_Way], bool]:
    """Every way of the fewest sites, and of one site more when that leaves no choice; whether parts were too small for others."""
    found: list[_Way] = []
    covering: list[frozenset[int]] = []
    too_small = False
    sets = 0
    for size in range(1, min(case.terms.prices.most_sites, MOST_SITES, len(case.sites)) + 1):
        for chosen in _covering(case, size, covering):
            covering.append(frozenset(chosen))
            ways = [_way(case, order) for order in (permutations(chosen) if size > 1 else (chosen,))]
            least = 0 if size == 1 else case.terms.prices.smallest_part_minor
            worthy = [way for way in ways if not least or _least_part(case, way) >= least]
            found += worthy
            sets += bool(worthy)
            too_small = too_small or not worthy
        if sets > 1:
            break
    return found, too_small


def _covering(case: _Case, size: int, smaller: Sequence[frozenset[int]]) -> Iterator[tuple[int, ...]]:
    """Sets of sites that have it all, and in which no smaller set has."""
    wanted = case.whole[0]
    if size == 1:
        yield from ((index,) for index, has in enumerate(case.has) if all(map(le, wanted, has)))
        return
    whole = {index for known in smaller if len(known) == 1 for index in known}
    known_pairs = [known for known in smaller if 1 < len(known) < size]
    for chosen in combinations([index for index in range(len(case.sites)) if index not in whole], size):
        for column, want in enumerate(wanted):
            there = 0
            for index in chosen:
                there += case.has[index][column]
            if there < want:
                break
        else:
            if not any(known.issubset(chosen) for known in known_pairs):
                yield chosen


class _Way(NamedTuple):
    """A candidate before its lines are written out: few of those that are looked at are kept.  `amounts`: of its cost."""

    order: tuple[int, ...]
    dealt: list[list[int]]
    key: tuple[int, int, int, int, tuple[str, ...]]
    amounts: tuple[int, int, int, int, int, int]

    @property
    def sites(self) -> tuple[str, ...]:
        return self.key[4]


def _way(case: _Case, order: tuple[int, ...]) -> _Way:
    """Goods dealt out in this order of sites; as no smaller set has it all, each has something to do."""
    if len(order) == 1:
        return _whole(case, order)
    dealt = _deal(case, order)
    parts = [
        (case.sites[index], [_taken(case, index, column, quantity) for column, quantity in enumerate(row) if quantity])
        for index, row in zip(order, dealt, strict=True)
    ]
    amounts = amounts_of(parts, case.terms.prices, case.terms.destination, case.terms.lanes)
    divided = sum(sum(map(bool, column)) > 1 for column in zip(*dealt, strict=True))
    rank = max(facts.rank or 0 for facts, _ in parts)
    return _Way(order, dealt, (len(order), divided, rank, sum(amounts), tuple(facts.site for facts, _ in parts)), amounts)


def _whole(case: _Case, order: tuple[int, ...]) -> _Way:
    """All of it from one site: what most ways are, so that nothing is dealt for them."""
    (index,) = order
    facts = case.sites[index]
    goods = [Taken(good.quantity, good.grams, shelf, good.expires) for good, shelf in zip(case.goods, case.shelves[index])]  # noqa: B905 -- equally long
    amounts = amounts_of(((facts, goods),), case.terms.prices, case.terms.destination, case.terms.lanes)
    return _Way(order, case.whole, (1, 0, facts.rank or 0, sum(amounts), (facts.site,)), amounts)


def _candidate(case: _Case, way: _Way) -> Candidate:
    shares = _shares(case, way.sites, way.dealt)
    return Candidate(sites=way.sites, shares=shares, divided=way.key[1], rank=way.key[2], cost=cost(way.amounts))


def _deal(case: _Case, order: Sequence[int]) -> list[list[int]]:
    """Base units by site of `order` and good."""
    dealt = [[0] * len(case.goods) for _ in order]
    for column, good in enumerate(case.goods):
        whole = next((row for row, index in enumerate(order) if case.has[index][column] >= good.quantity), None)
        if whole is not None:
            dealt[whole][column] = good.quantity
            continue
        left = good.quantity
        for row, index in enumerate(order):
            dealt[row][column] = min(left, case.has[index][column])
            left -= dealt[row][column]
    return dealt


def _taken(case: _Case, index: int, column: int, quantity: int) -> Taken:
    """What a part of it weighs is rounded up."""
    good = case.goods[column]
    grams = good.grams if quantity == good.quantity else -(-good.grams * quantity // good.quantity)
    return Taken(quantity, grams, case.shelves[index][column], good.expires)


def _shares(case: _Case, sites: Sequence[str], dealt: Sequence[Sequence[int]]) -> tuple[Share, ...]:
    """Lines in their order, each filled from the sites in theirs."""
    found: list[Share] = []
    for column, good in enumerate(case.goods):
        left = [row[column] for row in dealt]
        for want in good.wants:
            missing = want.quantity
            for row, site in enumerate(sites):
                if quantity := min(missing, left[row]):
                    found.append(Share(site, want.position, want.sku_id, quantity))
                    left[row] -= quantity
                    missing -= quantity
    return tuple(sorted(found, key=lambda share: (share.position, sites.index(share.site))))


def _least_part(case: _Case, way: _Way) -> int:
    """What the part that is worth least is worth, in minor units."""
    worth = dict.fromkeys(way.sites, 0)
    by_position = {want.position: want for good in case.goods for want in good.wants}
    for share in _shares(case, way.sites, way.dealt):
        want = by_position[share.position]
        worth[share.site] += want.value_minor * share.quantity // want.quantity
    return min(worth.values())


# --- the explanation ------------------------------------------------------------------------------------------------------------


def _because(chosen: _Way, other: _Way | None) -> Because:
    """The first thing in which the plan is better."""
    if other is None:
        return Because.ONLY
    return next(why for why, mine, its in zip(_DECIDED, chosen.key, other.key, strict=True) if mine != its)


_DECIDED = (Because.FEWER_SITES, Because.FEWER_DIVIDED, Because.RANK, Because.CHEAPER, Because.TIE)


def _verdicts(case: _Case, chosen: _Way, others: Sequence[_Way]) -> Iterator[Verdict]:
    """Of the sites that could be asked and were not; one in no other way that was looked at has not enough of it."""
    best: dict[str, _Way] = {}
    for way in others:
        for site in way.key[4]:
            best.setdefault(site, way)
    for facts in case.sites:
        site = facts.site
        if site in chosen.key[4]:
            continue
        found = best.get(site)
        yield Verdict(site, Because.FEWER_SITES) if found is None else Verdict(site, _because(chosen, found), found.key[3])


def _nothing(case: _Case, told: tuple[Verdict, ...], *, too_small: bool) -> Plan:
    reachable = [sum(row[column] for row in case.has) for column in range(len(case.goods))]
    missing = tuple(
        Missing(good.sku_id, good.quantity, there)
        for good, there in zip(case.goods, reachable, strict=True)
        if there < good.quantity
    )
    if not case.sites:
        why = Unsourced.NO_SITE
    elif missing:
        why = Unsourced.SHORT
    else:
        why = Unsourced.PART_TOO_SMALL if too_small else Unsourced.TOO_MANY_SITES
    return Plan(chosen=None, unsourced=why, missing=missing, verdicts=told)


def without(sites: Sequence[SiteFacts], used: Mapping[str, int]) -> list[SiteFacts]:
    """The sites after they were given so many parts of orders more."""
    return [
        facts
        if facts.capacity_left is None or facts.site not in used
        else replace(facts, capacity_left=facts.capacity_left - used[facts.site])
        for facts in sites
    ]
