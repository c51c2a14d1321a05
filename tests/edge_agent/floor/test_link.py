"""What the banner says of the wire."""

from __future__ import annotations

from edge_agent.floor.link import LinkWatch, Wire, WireShown
from edge_agent.floor.port import LinkShown


def seen(watch: LinkWatch, *, up: bool, waiting: int, heard: bool = True) -> WireShown:
    return watch.look(LinkShown(is_connected=up, is_heard=heard and up, waiting=waiting))


def test_a_few_on_their_way_are_no_trouble() -> None:
    assert seen(LinkWatch(), up=True, waiting=40) == WireShown(Wire.LIVE, 40)


def test_a_broker_without_a_controller_behind_it_is_offline_too() -> None:
    assert seen(LinkWatch(), up=True, heard=False, waiting=3) == WireShown(Wire.OFFLINE, 3)


def test_catching_up_counts_from_the_most_that_waited() -> None:
    watch = LinkWatch()
    assert seen(watch, up=False, waiting=100).wire is Wire.OFFLINE
    assert seen(watch, up=True, waiting=120) == WireShown(Wire.RECONNECTING, 120, sent=0, total=120)
    assert seen(watch, up=True, waiting=80) == WireShown(Wire.RECONNECTING, 80, sent=40, total=120)
    assert seen(watch, up=True, waiting=4) == WireShown(Wire.LIVE, 4)
    assert seen(watch, up=True, waiting=90) == WireShown(Wire.LIVE, 90), "a busy hour is no outage"


def test_an_outage_without_scans_is_over_at_once() -> None:
    watch = LinkWatch()
    seen(watch, up=False, waiting=0)
    assert seen(watch, up=True, waiting=0).wire is Wire.LIVE


def test_the_last_ones_are_enough_to_be_live() -> None:
    watch = LinkWatch()
    seen(watch, up=False, waiting=1)
    assert seen(watch, up=True, waiting=1) == WireShown(Wire.RECONNECTING, 1, sent=0, total=1)
    assert seen(watch, up=True, waiting=0).wire is Wire.LIVE
