from __future__ import annotations

from dataclasses import replace
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from controller.shipping.choosing import Goal, Goods, Rule, Service, Why, cannot, choose

GOODS = Goods(grams=1500, value_minor=20_000, zone="east")
CHEAP = Service(carrier="post", code="ground", first_minor=600, more_minor=200, days=5)
FAST = Service(carrier="fast", code="air", first_minor=1800, days=1, takes_dangerous=False)
COLD = Service(carrier="cool", code="box", first_minor=3000, days=2, takes_cold=True)


def why(goods: Goods, *rules: Rule, services: tuple[Service, ...] = (CHEAP, FAST, COLD)) -> dict[str, Why]:
    choice = choose(goods, services, rules)
    found = {one.carrier: one.why for one in choice.others}
    return found | ({choice.chosen.carrier: choice.chosen.why} if choice.chosen else {})


def test_without_rules_the_cheapest() -> None:
    assert why(GOODS) == {"post": Why.CHEAPEST, "fast": Why.DEARER, "cool": Why.DEARER}
    assert choose(GOODS, [CHEAP, FAST], []).chosen == choose(GOODS, [FAST, CHEAP], []).chosen
    assert CHEAP.price(1500) == 800


def test_a_rule_asks_for_the_fastest_or_for_a_carrier() -> None:
    assert why(GOODS, Rule(position=1, goal=Goal.FASTEST))["fast"] is Why.FASTEST
    assert why(GOODS, Rule(position=1, carrier="cool")) == {"cool": Why.ONLY, "post": Why.NOT_BY_RULE, "fast": Why.NOT_BY_RULE}
    assert choose(GOODS, [CHEAP, FAST], [Rule(position=7, max_days=2)]).rule == 7


def test_the_first_rule_that_fits_and_leaves_something_decides() -> None:
    rules = [
        Rule(position=2, carrier="fast", min_value_minor=10_000),
        Rule(position=1, carrier="nobody"),
        Rule(position=3, carrier="cool"),
    ]
    assert why(GOODS, *rules)["fast"] is Why.ONLY
    assert why(replace(GOODS, value_minor=9_999), *rules)["cool"] is Why.ONLY


def test_goods_keep_services_out() -> None:
    assert why(replace(GOODS, cold=True)) == {"cool": Why.ONLY, "post": Why.NO_COLD, "fast": Why.NO_COLD}
    assert cannot(replace(GOODS, dangerous=True), CHEAP) is Why.NO_DANGEROUS
    assert cannot(GOODS, replace(CHEAP, max_grams=1499)) is Why.TOO_HEAVY
    assert cannot(GOODS, replace(CHEAP, max_grams=1500)) is None
    assert cannot(GOODS, replace(CHEAP, max_value_minor=19_999)) is Why.TOO_DEAR_GOODS
    assert cannot(GOODS, replace(CHEAP, zone="west")) is Why.NOT_THERE
    choice = choose(replace(GOODS, cold=True, dangerous=True), [CHEAP, FAST, COLD], [])
    assert choice.chosen is None
    assert len(choice.others) == 3


def test_a_price_for_the_zone_comes_before_one_for_everywhere_and_a_quote_before_both() -> None:
    dear = replace(CHEAP, zone="east", first_minor=5000)
    assert why(GOODS, services=(CHEAP, dear, FAST))["fast"] is Why.CHEAPEST
    assert why(GOODS, services=(replace(dear, quoted_minor=1), FAST))["post"] is Why.CHEAPEST


services = st.lists(
    st.builds(
        Service,
        carrier=st.sampled_from("abc"),
        code=st.sampled_from("xy"),
        zone=st.sampled_from(("", "east", "west")),
        first_minor=st.integers(0, 9),
        more_minor=st.integers(0, 3),
        days=st.integers(0, 5),
        max_grams=st.none() | st.integers(0, 3000),
        takes_dangerous=st.booleans(),
        takes_cold=st.booleans(),
    ),
    max_size=6,
    unique_by=lambda one: (one.carrier, one.code, one.zone),
)
rules = st.lists(
    st.builds(
        Rule,
        position=st.integers(1, 9),
        goal=st.sampled_from(Goal),
        zone=st.sampled_from(("", "east")),
        max_days=st.none() | st.integers(0, 5),
        carrier=st.sampled_from(("", "a", "b")),
        dangerous=st.none() | st.booleans(),
    ),
    max_size=4,
    unique_by=lambda one: one.position,
)
parcels = st.builds(
    Goods,
    grams=st.integers(0, 5000),
    value_minor=st.integers(0, 100),
    zone=st.sampled_from(("", "east")),
    dangerous=st.booleans(),
    cold=st.booleans(),
)


@given(goods=parcels, offered=services, rules=rules, random=st.randoms(use_true_random=False))
def test_whoever_is_chosen_can_do_it_and_each_other_has_a_reason(goods: Goods, offered: list, rules: list, random: Random) -> None:
    choice = choose(goods, offered, rules)
    shuffled = choose(goods, random.sample(offered, len(offered)), random.sample(rules, len(rules)))
    assert shuffled == choice
    of_the_zone = {(one.carrier, one.code) for one in offered if one.zone == goods.zone}  # they stand for the row for everywhere
    valid = [one for one in offered if one.zone == goods.zone or (one.carrier, one.code) not in of_the_zone]
    able = [one for one in valid if cannot(goods, one) is None]
    assert (choice.chosen is not None) == bool(able)
    names = {(one.carrier, one.code) for one in offered}
    told = [*choice.others, *([choice.chosen] if choice.chosen else [])]
    assert sorted((one.carrier, one.service) for one in told) == sorted(names)
