"""Who gives what to whom."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from controller.replenishment.transferring import Flow, Spare, Want, flows, surplus

SITES = [f"s{number}" for number in range(8)]
AMOUNTS = st.dictionaries(st.sampled_from(SITES), st.integers(0, 60))


def test_a_site_gives_only_what_it_does_not_need() -> None:
    assert surplus(100, 40, 2.0, 14) == 32
    assert surplus(100, 40, 2.01, 14) == 31
    assert surplus(30, 40, 0.0, 14) == 0


def test_the_most_urgent_is_served_first_from_the_cheapest_way() -> None:
    spares = [Spare("s1", 10), Spare("s2", 10)]
    wants = [Want("s8", 8, days=5.0), Want("s9", 6, days=1.0)]
    costs = {("s1", "s9"): 900, ("s2", "s9"): 100, ("s1", "s8"): 100, ("s2", "s8"): 900}
    assert flows(spares, wants, costs=costs) == [Flow("s2", "s9", 6), Flow("s1", "s8", 8)]


def test_one_way_rather_than_two_and_ties_go_by_name() -> None:
    assert flows([Spare("s1", 3), Spare("s2", 9)], [Want("s3", 8)]) == [Flow("s2", "s3", 8)]
    assert flows([Spare("s2", 9), Spare("s1", 9)], [Want("s3", 8)]) == [Flow("s1", "s3", 8)]


def test_whole_packs_and_nothing_that_is_not_worth_the_way() -> None:
    assert flows([Spare("s1", 10)], [Want("s2", 8)], pack=6) == [Flow("s1", "s2", 6)]
    assert flows([Spare("s1", 10)], [Want("s2", 8, least=9)]) == []
    assert flows([Spare("s1", 10), Spare("s3", 9)], [Want("s2", 8)], barred={("s1", "s2")}) == [Flow("s3", "s2", 8)]


@given(AMOUNTS, AMOUNTS, st.integers(1, 12))
@settings(max_examples=200)
def test_nobody_gives_what_they_have_not_nor_gets_more_than_they_want(
    spare: dict[str, int], want: dict[str, int], pack: int
) -> None:
    spares = [Spare(site, quantity) for site, quantity in spare.items()]
    wants = [Want(site, quantity, float(quantity % 5)) for site, quantity in want.items()]
    found = flows(spares, wants, pack=pack)
    assert found == flows(reversed(spares), reversed(wants), pack=pack)
    for site in SITES:
        assert sum(flow.quantity for flow in found if flow.source == site) <= spare.get(site, 0)
        assert sum(flow.quantity for flow in found if flow.target == site) <= want.get(site, 0)
    assert all(flow.quantity > 0 and flow.quantity % pack == 0 for flow in found)
    assert not {flow.source for flow in found} & {flow.target for flow in found}
