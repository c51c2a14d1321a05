from __future__ import annotations

import pytest

from controller import events
from controller.errors import NotFound
from controller.sites import queries
from controller.sites.models import LocationKind
from controller.sites.operations import AlreadyExists, BadBin, BadSite, change_site, create_bin, create_site


async def test_a_site_has_each_virtual_location_once(database: str) -> None:
    await create_site("s1", name="Shop 1")
    kinds = [place.kind for place in await queries.locations("s1")]
    assert sorted(kinds) == sorted(kind for kind in LocationKind if kind is not LocationKind.BIN)
    assert (await queries.site("s1")).time_zone == "Asia/Shanghai"
    assert [e.name for e in await events.feed(0)] == ["site_created"]


@pytest.mark.parametrize(
    ("site", "currency", "zone"),
    [("S1", "CNY", "UTC"), ("", "CNY", "UTC"), ("s/1", "CNY", "UTC"), ("s1", "yuan", "UTC"), ("s1", "CNY", "Mars/Base")],
)
async def test_a_bad_site_is_refused(database: str, site: str, currency: str, zone: str) -> None:
    with pytest.raises(BadSite):
        await create_site(site, name="x", currency=currency, time_zone=zone)


async def test_a_site_s_address_stays_unless_another_is_said(database: str) -> None:
    await create_site("s1", name="Shop 1", address="1 Tea Street")
    await change_site("s1", name="Shop one", time_zone="UTC", day_starts="00:00")
    assert (await queries.site("s1")).address == "1 Tea Street"
    await change_site("s1", name="Shop one", time_zone="UTC", day_starts="00:00", address="")
    assert (await queries.site("s1")).address == ""
    for wrong in ({"name": " "}, {"name": "x" * 129}, {"name": "x", "address": "x" * 201}, {"name": "x", "address": "a\nb"}):
        with pytest.raises(BadSite):
            await change_site("s1", **{"time_zone": "UTC", "day_starts": "00:00", **wrong})


async def test_sites_and_bins_are_found_by_a_part_of_their_name(database: str) -> None:
    for site, name in (("s1", "Harbour 100%"), ("s2", "Market"), ("s3", "Harbour mouth")):
        await create_site(site, name=name)
    assert [row.id for row in await queries.sites(q="HARB")] == ["s1", "s3"]
    assert [row.id for row in await queries.sites(q="0%")] == ["s1"]
    assert [row.id for row in await queries.sites(q="s2")] == ["s2"]
    assert [row.id for row in await queries.sites(q="harb", after="s1", only=["s1", "s2"])] == []
    for code, zone in (("B-1", ""), ("A-1", "cold_room"), ("A-2", "coldXroom")):
        await create_bin("s1", code, zone=zone)
    assert [place.code for place in await queries.bins_by_code("s1")] == ["A-1", "A-2", "B-1"]
    assert [place.code for place in await queries.bins_by_code("s1", q="cold_")] == ["A-1"]
    assert [place.code for place in await queries.bins_by_code("s1", after="A-1", limit=1)] == ["A-2"]
    assert await queries.bins_by_code("s2") == []


async def test_a_site_gets_another_clock_and_says_so(database: str) -> None:
    await create_site("s1", name="Shop 1")
    await change_site("s1", name="Shop 1", time_zone="Asia/Shanghai", day_starts="00:00")
    await change_site("s1", name="Shop one", time_zone="Asia/Shanghai", day_starts="00:00")
    await change_site("s1", name="Shop one", time_zone="Asia/Shanghai", day_starts="04:00")
    found = await queries.site("s1")
    assert (found.name, found.time_zone, found.day_starts) == ("Shop one", "Asia/Shanghai", "04:00")
    told = [event.data["is_clock"] for event in await events.feed(0) if event.name == "site_changed"]
    assert told == [False, True]
    for zone, starts in (("Mars/Base", "04:00"), ("UTC", "4"), ("UTC", "24:00")):
        with pytest.raises(BadSite):
            await change_site("s1", name="x", time_zone=zone, day_starts=starts)
    with pytest.raises(NotFound):
        await change_site("nowhere", name="x", time_zone="UTC", day_starts="04:00")


async def test_names_are_unique_and_sites_must_exist(database: str) -> None:
    await create_site("s1", name="Shop 1")
    with pytest.raises(AlreadyExists):
        await create_site("s1", name="again")
    await create_bin("s1", "A-1")
    with pytest.raises(AlreadyExists):
        await create_bin("s1", "A-1")
    with pytest.raises(BadBin):
        await create_bin("s1", " ")
    with pytest.raises(NotFound):
        await create_bin("nowhere", "A-1")
