"""Sourcing: textbook cases, and a model that tries everything."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import replace
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.sourcing.costs import Taken, cost_of, distance_km, freight
from controller.sourcing.plans import (
    Because,
    Cost,
    Destination,
    Missing,
    Plan,
    Point,
    Prices,
    Rate,
    Share,
    Shelf,
    SiteFacts,
    Terms,
    Unsourced,
    Want,
)
from controller.sourcing.policies import source

SHANGHAI, HANGZHOU, BEIJING = Point(31_230_400, 121_473_700), Point(30_274_100, 120_155_100), Point(39_904_200, 116_407_400)


def want(position: int, sku: int, quantity: int, *, value: int = 0, grams: int = 0) -> Want:
    return Want(position=position, sku_id=sku, quantity=quantity, value_minor=value, grams=grams)


def at(*sites: str) -> list[SiteFacts]:
    return [SiteFacts(site=site) for site in sites]


def stock(**free: dict[int, int]) -> dict[tuple[int, str], Shelf]:
    return {(sku, site): Shelf(free=quantity) for site, row in free.items() for sku, quantity in row.items()}


def reason_of(plan: Plan, site: str) -> str:
    return next(verdict.reason.value for verdict in plan.verdicts if verdict.site == site)


# --- textbook cases -------------------------------------------------------------------------------------------------------------


def test_one_site_that_has_it_all_is_asked_before_two_that_are_nearer() -> None:
    sites = [
        SiteFacts(site="near-1", point=SHANGHAI),
        SiteFacts(site="near-2", point=SHANGHAI),
        SiteFacts(site="far", point=BEIJING),
    ]
    terms = Terms(prices=Prices(distance_minor=100), destination=Destination(point=SHANGHAI))
    goods = {(1, "near-1"): Shelf(free=9), (2, "near-2"): Shelf(free=9), (1, "far"): Shelf(free=9), (2, "far"): Shelf(free=9)}
    plan = source([want(1, 1, 1), want(2, 2, 1)], sites, goods, terms)
    assert plan.sites == ("far",)
    assert plan.because is Because.FEWER_SITES
    assert plan.runner_up is not None
    assert set(plan.runner_up.sites) == {"near-1", "near-2"}
    assert plan.runner_up.cost.total == 0 < plan.chosen.cost.total  # type: ignore[union-attr]


def test_the_nearest_of_those_that_have_it_all() -> None:
    sites = [SiteFacts(site="beijing", point=BEIJING), SiteFacts(site="hangzhou", point=HANGZHOU)]
    terms = Terms(prices=Prices(distance_minor=100), destination=Destination(point=SHANGHAI))
    plan = source([want(1, 1, 2)], sites, stock(beijing={1: 5}, hangzhou={1: 5}), terms)
    assert plan.sites == ("hangzhou",)
    assert plan.because is Because.CHEAPER
    assert plan.runner_up is not None
    assert (plan.runner_up.sites, plan.runner_up.cost) == (("beijing",), Cost(distance=1067))
    assert [(verdict.site, verdict.reason, verdict.cost_minor) for verdict in plan.verdicts] == [("beijing", Because.CHEAPER, 1067)]


def test_a_channels_order_of_sites_comes_before_cost() -> None:
    sites = [SiteFacts(site="store", rank=1, point=SHANGHAI), SiteFacts(site="warehouse", rank=0, point=BEIJING)]
    terms = Terms(prices=Prices(distance_minor=100), destination=Destination(point=SHANGHAI))
    plan = source([want(1, 1, 1)], sites, stock(store={1: 1}, warehouse={1: 1}), terms)
    assert (plan.sites, plan.because) == (("warehouse",), Because.RANK)


def test_a_tie_goes_to_the_first_name_and_says_so() -> None:
    plan = source([want(1, 1, 1)], at("b", "a"), stock(a={1: 1}, b={1: 1}), Terms())
    assert (plan.sites, plan.because) == (("a",), Because.TIE)


def test_a_line_is_divided_only_when_nobody_has_it_whole() -> None:
    plan = source([want(1, 1, 10)], at("a", "b", "c"), stock(a={1: 6}, b={1: 6}, c={1: 3}), Terms())
    assert plan.shares == (Share("a", 1, 1, 6), Share("b", 1, 1, 4))
    plan = source([want(1, 1, 10), want(2, 2, 1)], at("a", "b"), stock(a={1: 6, 2: 1}, b={1: 10}), Terms())
    assert plan.shares == (Share("b", 1, 1, 10), Share("a", 2, 2, 1))


def test_two_lines_of_one_sku_never_get_more_than_is_there() -> None:
    plan = source([want(1, 1, 3), want(2, 1, 3)], at("a", "b"), stock(a={1: 5}, b={1: 1}), Terms())
    assert plan.shares == (Share("a", 1, 1, 3), Share("a", 2, 1, 2), Share("b", 2, 1, 1))
    assert source([want(1, 1, 3), want(2, 1, 3)], at("a"), stock(a={1: 5}), Terms()).missing == (Missing(1, 6, 5),)


def test_a_site_is_not_drained_below_what_it_would_keep() -> None:
    goods = {(1, "a"): Shelf(free=5, safety=5), (1, "b"): Shelf(free=9, safety=5)}
    plan = source([want(1, 1, 4)], at("a", "b"), goods, Terms(prices=Prices(below_safety_minor=10)))
    assert (plan.sites, plan.because) == (("b",), Because.CHEAPER)
    assert plan.runner_up is not None
    assert plan.runner_up.cost.balance == 40


def test_a_day_that_is_full_bars_a_site_and_a_full_one_costs() -> None:
    sites = [SiteFacts(site="a", capacity=10, capacity_left=0), SiteFacts(site="b", capacity=10, capacity_left=5)]
    plan = source([want(1, 1, 1)], sites, stock(a={1: 1}, b={1: 1}), Terms(prices=Prices(busy_minor=100)))
    assert plan.sites == ("b",)
    assert plan.chosen is not None
    assert plan.chosen.cost == Cost(capacity=50)
    assert reason_of(plan, "a") == Because.NO_CAPACITY


def test_what_expires_first_goes_first() -> None:
    goods = {(1, "a"): Shelf(free=5, remaining_days=40), (1, "b"): Shelf(free=5, remaining_days=9), (1, "c"): Shelf(free=5)}
    plan = source([want(1, 1, 1)], at("a", "b", "c"), goods, Terms(prices=Prices(keeping_minor=2)))
    assert plan.sites == ("b",)
    assert plan.chosen is not None
    assert plan.chosen.cost == Cost(keeping=18)
    assert plan.runner_up is not None
    assert plan.runner_up.cost == Cost(keeping=60)


def test_no_part_is_worth_less_than_the_threshold() -> None:
    wanted = [want(1, 1, 1, value=10_000), want(2, 2, 1, value=400)]
    goods = stock(a={1: 1}, b={2: 1}, c={1: 1, 2: 0})
    plan = source(wanted, at("a", "b", "c"), goods, Terms(prices=Prices(smallest_part_minor=500)))
    assert (plan.chosen, plan.unsourced) == (None, Unsourced.PART_TOO_SMALL)
    assert source(wanted, at("a", "b", "c"), goods, Terms(prices=Prices(smallest_part_minor=400))).sites == ("a", "b")


def test_more_than_three_sites_are_never_asked() -> None:
    wanted = [want(position, position, 1) for position in range(1, 5)]
    goods = stock(a={1: 1}, b={2: 1}, c={3: 1}, d={4: 1})
    assert source(wanted, at("a", "b", "c", "d"), goods, Terms()).unsourced is Unsourced.TOO_MANY_SITES
    assert set(source(wanted[:3], at("a", "b", "c", "d"), goods, Terms()).sites) == {"a", "b", "c"}


def test_what_bars_a_site_is_told() -> None:
    sites = [
        SiteFacts(site="a", rank=None),
        SiteFacts(site="b"),
        SiteFacts(site="c", currency="EUR"),
        SiteFacts(site="d", point=BEIJING),
        SiteFacts(site="e"),
        SiteFacts(site="f"),
        SiteFacts(site="g"),
    ]
    goods = stock(a={1: 1}, b={1: 1}, c={1: 1}, d={1: 1}, g={1: 1}) | {(1, "e"): Shelf(too_short=3)}
    terms = Terms(
        prices=Prices(farthest_km=500), destination=Destination(point=SHANGHAI), currency="CNY", rejected=frozenset({"b"})
    )
    plan = source([want(1, 1, 1)], sites, goods, terms)
    assert plan.sites == ("g",)
    assert {verdict.site: verdict.reason.value for verdict in plan.verdicts} == {
        "a": "not_for_channel",
        "b": "rejected",
        "c": "other_currency",
        "d": "too_far",
        "e": "keeps_too_short",
        "f": "nothing_there",
    }
    assert plan.because is Because.ONLY
    assert source([want(1, 1, 1)], sites, goods, replace(terms, only=frozenset({"f"}))).unsourced is Unsourced.NO_SITE


def test_what_is_to_come_counts_only_for_lines_that_may_be_presold() -> None:
    goods = {(1, "a"): Shelf(free=1, presale=5)}
    assert source([want(1, 1, 3)], at("a"), goods, Terms()).chosen is None
    assert source([replace(want(1, 1, 3), presale=True)], at("a"), goods, Terms()).sites == ("a",)


def test_freight_is_by_kilogram_begun_and_by_the_narrowest_rate() -> None:
    rates = {("", ""): Rate(1000, 200), ("", "east"): Rate(800, 200), ("a", "east"): Rate(500, 100)}
    assert [freight(Rate(1000, 200), grams) for grams in (0, 1000, 1001, 3000)] == [1000, 1000, 1200, 1400]
    terms = Terms(prices=Prices(rates=rates), destination=Destination(zone="east"))
    plan = source([want(1, 1, 1, grams=2500)], at("a", "b"), stock(a={1: 1}, b={1: 1}), terms)
    assert plan.chosen is not None
    assert plan.runner_up is not None
    assert (plan.chosen.cost.freight, plan.runner_up.cost.freight) == (700, 1200)


@pytest.mark.parametrize(
    ("one", "other", "km"),
    # Published great-circle distances of the city centres, to a kilometre or two.
    [(SHANGHAI, BEIJING, 1067), (SHANGHAI, HANGZHOU, 165), (SHANGHAI, SHANGHAI, 0), (Point(0, 0), Point(0, 180_000_000), 20015)],
)
def test_distances(one: Point, other: Point, km: int) -> None:
    assert distance_km(one, other) == distance_km(other, one) == km


# --- against a model that tries everything --------------------------------------------------------------------------------------

NAMES = ("a", "b", "c", "d")
SKUS = (1, 2, 3)
shelves = st.builds(
    Shelf,
    free=st.integers(-1, 4),
    presale=st.just(0),
    safety=st.integers(0, 3),
    remaining_days=st.none() | st.integers(0, 40),
    too_short=st.integers(0, 1),
)
facts = st.builds(
    SiteFacts,
    site=st.sampled_from(NAMES),
    rank=st.sampled_from((0, 0, 1, None)),
    point=st.sampled_from((None, SHANGHAI, HANGZHOU, BEIJING)),
    capacity=st.just(4),
    capacity_left=st.none() | st.integers(0, 4),
)
all_sites = st.lists(facts, max_size=4, unique_by=lambda each: each.site)
all_stock = st.dictionaries(st.tuples(st.sampled_from(SKUS), st.sampled_from(NAMES)), shelves)
wants = st.lists(
    st.builds(
        lambda sku, quantity, value, grams: Want(position=0, sku_id=sku, quantity=quantity, value_minor=value, grams=grams),
        st.sampled_from(SKUS),
        st.integers(1, 4),
        st.integers(0, 1000),
        st.integers(0, 3000),
    ),
    min_size=1,
    max_size=3,
).map(lambda found: [replace(each, position=position) for position, each in enumerate(found, 1)])
prices = st.builds(
    Prices,
    most_sites=st.integers(1, 3),
    distance_minor=st.integers(0, 100),
    split_minor=st.integers(0, 500),
    below_safety_minor=st.integers(0, 50),
    busy_minor=st.integers(0, 100),
    keeping_minor=st.integers(0, 3),
    smallest_part_minor=st.sampled_from((0, 0, 300)),
    rates=st.just({("", ""): Rate(500, 100), ("a", ""): Rate(400, 300)}),
)
terms_of = st.builds(
    Terms,
    prices=prices,
    destination=st.builds(Destination, st.sampled_from((None, SHANGHAI, BEIJING))),
    rejected=st.frozensets(st.sampled_from(NAMES), max_size=2),
)


def usable(sites: Sequence[SiteFacts], terms: Terms) -> list[SiteFacts]:
    return [
        each
        for each in sites
        if each.rank is not None and each.site not in terms.rejected and (each.capacity_left is None or each.capacity_left > 0)
    ]


def feasible(wanted: Sequence[Want], names: Sequence[str], goods: dict[tuple[int, str], Shelf]) -> bool:
    """Every assignment of every single unit to a site of the set is tried."""
    units = [each.sku_id for each in wanted for _ in range(each.quantity)]
    return any(
        all(
            sum(1 for unit, site in zip(units, dealt, strict=True) if (unit, site) == key) <= max(goods.get(key, Shelf()).free, 0)
            for key in itertools.product(SKUS, names)
        )
        for dealt in itertools.product(names, repeat=len(units))
    )


@given(
    wanted=wants.filter(lambda found: sum(each.quantity for each in found) <= 5), sites=all_sites, goods=all_stock, terms=terms_of
)
def test_no_fewer_sites_would_have_done(
    wanted: list[Want], sites: list[SiteFacts], goods: dict[tuple[int, str], Shelf], terms: Terms
) -> None:
    plan = source(wanted, sites, goods, terms)
    names = [each.site for each in usable(sites, terms)]
    sizes = [
        size
        for size in range(1, min(terms.prices.most_sites, len(names)) + 1)
        if any(feasible(wanted, chosen, goods) for chosen in itertools.combinations(names, size))
    ]
    if plan.chosen is None:
        assert not sizes or plan.unsourced is Unsourced.PART_TOO_SMALL
    elif terms.prices.smallest_part_minor == 0:
        assert len(plan.sites) == min(sizes)
    else:
        assert len(plan.sites) >= min(sizes)


Goods = dict[tuple[int, str], Shelf]
Key = tuple[int, int, int, int, tuple[str, ...]]


def model(wanted: Sequence[Want], sites: Sequence[SiteFacts], goods: Goods, terms: Terms) -> Key | None:
    """The rule of the module's docstring, as plainly as it can be said: all ways, judged one by one."""
    here = usable(sites, terms)
    lines = {sku: [each for each in wanted if each.sku_id == sku] for sku in {each.sku_id for each in wanted}}
    total = {sku: sum(each.quantity for each in found) for sku, found in lines.items()}
    expires = {sku: any(goods.get((sku, each.site), Shelf()).remaining_days is not None for each in sites) for sku in total}

    def has(site: SiteFacts, sku: int) -> int:
        return max(goods.get((sku, site.site), Shelf()).free, 0)

    def covers(chosen: Sequence[SiteFacts]) -> bool:
        return all(sum(has(site, sku) for site in chosen) >= quantity for sku, quantity in total.items())

    def taken(site: str, sku: int, quantity: int) -> Taken:
        grams = -(-sum(each.grams for each in lines[sku]) * quantity // total[sku])
        return Taken(quantity, grams, goods.get((sku, site), Shelf()), expires[sku])

    found: list[Key] = []
    for size in range(1, min(terms.prices.most_sites, len(here)) + 1):
        for order in itertools.permutations(here, size):
            smaller = (part for less in range(size) for part in itertools.combinations(order, less))
            if not covers(order) or any(covers(part) for part in smaller):
                continue
            way: dict[str, list[tuple[int, int]]] = {each.site: [] for each in order}
            divided = 0
            for sku, quantity in total.items():
                left = quantity
                asked = [site for site in order if has(site, sku) >= left][:1] or order
                for site in asked:
                    if some := min(left, has(site, sku)):
                        way[site.site].append((sku, some))
                        left -= some
                divided += sum(any(sku == each for each, _ in part) for part in way.values()) > 1
            parts = [(each, [taken(each.site, *part) for part in way[each.site]]) for each in order]
            cost = cost_of(parts, terms.prices, terms.destination).total
            found.append((size, divided, max(site.rank or 0 for site in order), cost, tuple(site.site for site in order)))
    return min(found, default=None)


@given(
    wanted=wants,
    sites=all_sites,
    goods=all_stock,
    terms=terms_of.map(lambda found: replace(found, prices=replace(found.prices, smallest_part_minor=0))),
)
def test_the_plan_is_the_best_of_all_ways(
    wanted: list[Want], sites: list[SiteFacts], goods: dict[tuple[int, str], Shelf], terms: Terms
) -> None:
    plan = source(wanted, sites, goods, terms)
    assert (plan.chosen.key if plan.chosen else None) == model(wanted, sites, goods, terms)


@given(wanted=wants, sites=all_sites, goods=all_stock, terms=terms_of)
def test_a_plan_gives_each_line_its_quantity_and_takes_no_more_than_is_there(
    wanted: list[Want], sites: list[SiteFacts], goods: dict[tuple[int, str], Shelf], terms: Terms
) -> None:
    plan = source(wanted, sites, goods, terms)
    for way in (plan.chosen, plan.runner_up):
        if way is None:
            continue
        for line in wanted:
            assert sum(share.quantity for share in way.shares if share.position == line.position) == line.quantity
        taken: dict[tuple[int, str], int] = {}
        for share in way.shares:
            assert share.quantity > 0
            taken[share.sku_id, share.site] = taken.get((share.sku_id, share.site), 0) + share.quantity
        assert all(quantity <= goods[key].free for key, quantity in taken.items())
        assert {share.site for share in way.shares} == set(way.sites) <= {each.site for each in usable(sites, terms)}
    if plan.chosen and plan.runner_up:
        assert plan.chosen.key < plan.runner_up.key
    named = [verdict.site for verdict in plan.verdicts]
    if plan.chosen:
        assert sorted([*named, *plan.sites]) == sorted(each.site for each in sites)


@given(wanted=wants, sites=all_sites, goods=all_stock, terms=terms_of, random=st.randoms(use_true_random=False))
def test_the_same_facts_in_any_order_give_the_same_plan(
    wanted: list[Want], sites: list[SiteFacts], goods: dict[tuple[int, str], Shelf], terms: Terms, random: Random
) -> None:
    plan = source(wanted, sites, goods, terms)
    shelves_in_any_order = dict(random.sample(list(goods.items()), len(goods)))
    again = source(random.sample(wanted, len(wanted)), random.sample(sites, len(sites)), shelves_in_any_order, terms)
    assert again == plan


@given(wanted=wants, sites=all_sites, goods=all_stock, terms=terms_of)
def test_more_stock_never_needs_more_sites(
    wanted: list[Want], sites: list[SiteFacts], goods: dict[tuple[int, str], Shelf], terms: Terms
) -> None:
    free = replace(terms, prices=replace(terms.prices, smallest_part_minor=0))
    plan = source(wanted, sites, goods, free)
    richer = source(wanted, sites, {key: replace(shelf, free=shelf.free + 1) for key, shelf in goods.items()}, free)
    if plan.chosen:
        assert richer.chosen is not None
        assert len(richer.sites) <= len(plan.sites)


def test_the_cost_of_two_parcels() -> None:
    assert cost_of([(SiteFacts(site="a"), []), (SiteFacts(site="b"), [])], Prices(split_minor=300), Destination()) == Cost(
        split=300
    )
