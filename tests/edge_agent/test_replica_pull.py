"""Pulling the replica: from a controller that is away, lies, or dies in the middle; and asking it meanwhile."""

from __future__ import annotations

import asyncio
import gzip
import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from random import Random

import msgspec
import pytest

from edge_agent.controller_link import Controller as Address
from edge_agent.replica import Replica, ReplicaUnavailable
from edge_agent.replica_parts import PARTS, PEOPLE
from edge_agent.replica_pull import ReplicaKeeper, fetch_from
from edge_agent.replica_search import Hits
from edge_agent.stations import Item, Missing
from edge_agent.wire import replica as wire
from edge_agent.wire.replica import ReplicaPage, ReplicaPerson, digest_of, encode_page, rows_of
from tests.edge_agent.conftest import FixedClock
from tests.edge_agent.test_people import person
from tests.edge_agent.test_replica import item, page
from tests.servers import free_port


class Controller:
    """Serves pages by their cursor; `spoil` may change a page's bytes after its digest was made."""

    def __init__(self) -> None:
        self.pages: dict[str, ReplicaPage] = {}
        self.status = 200
        self.spoil: Callable[[bytes], bytes] = bytes
        self.digest: str | None = ""
        self.pack = False
        self.asked: list[tuple[str, str | None]] = []
        controller = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                controller.asked.append((self.path, self.headers["Authorization"]))
                body = encode_page(controller.pages[self.path.partition("&since=")[2]])
                if controller.pack:
                    body = gzip.compress(body)
                sent = controller.spoil(body)
                self.send_response(controller.status)
                if controller.pack:
                    self.send_header("Content-Encoding", "gzip")
                if controller.digest is not None:
                    self.send_header("Content-Digest", controller.digest or digest_of(body))
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(sent)

            def log_message(self, *args: object) -> None:
                """Quiet."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"


@pytest.fixture
def controller() -> Iterator[Controller]:
    controller = Controller()
    controller.pages = {
        "": page(item(1, "A"), more=True),
        "c1": page(item(2, "B"), since="c1", to="c2"),
        "c2": page(since="c2", to="c2"),
    }
    thread = threading.Thread(target=controller.server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield controller
    controller.server.shutdown()
    controller.server.server_close()
    thread.join()


@pytest.fixture
def replica(tmp_path: Path, clock: FixedClock) -> Iterator[Replica]:
    replica = Replica(tmp_path / "replica.db", "s1", clock)
    yield replica
    replica.close_reader()
    replica.close_writer()


def keeper_of(replica: Replica, clock: FixedClock, url: str, every: float = 0.01) -> ReplicaKeeper:
    keeper = ReplicaKeeper(replica, fetch_from(Address(url=url, token="t0ken"), "s1", replica.parts), clock, Random(7), every)
    keeper.patience = 5.0
    return keeper


@pytest.fixture
def keeper(replica: Replica, clock: FixedClock, controller: Controller) -> ReplicaKeeper:
    return keeper_of(replica, clock, controller.url)


def known(replica: Replica) -> list[str]:
    return [symbol for symbol in "AB" if isinstance(replica.lookup(symbol, None), Item)]


def test_it_pages_to_the_end_with_the_box_s_token(keeper: ReplicaKeeper, replica: Replica, controller: Controller) -> None:
    assert keeper.pull()
    assert known(replica) == ["A", "B"]
    assert keeper.pull()
    paths = ["", "&since=c1", "&since=c2"]
    parts = ",".join(part.name for part in PARTS)
    assert controller.asked == [(f"/box/v1/replica/s1?parts={parts}{path}", "Bearer t0ken") for path in paths]


def cut(body: bytes) -> bytes:
    return body[:-7]


def garble(body: bytes) -> bytes:
    return body.replace(b"Thing", b"Think")


@pytest.mark.parametrize(
    ("status", "spoil", "digest"),
    [
        (503, bytes, ""),
        (404, bytes, ""),
        (200, garble, ""),
        (200, cut, ""),
        (200, bytes, None),
        (200, lambda body: b"x" * len(body), digest_of(b"x")),
    ],
)
def test_what_cannot_be_used_changes_nothing_and_is_asked_for_again(
    keeper: ReplicaKeeper,
    replica: Replica,
    controller: Controller,
    status: int,
    spoil: Callable[[bytes], bytes],
    digest: str | None,
) -> None:
    controller.status, controller.spoil, controller.digest = status, spoil, digest
    assert not keeper.pull()
    assert replica.lookup("A", None) is Missing.NO_CATALOGUE
    controller.status, controller.spoil, controller.digest = 200, bytes, ""
    assert keeper.pull()
    assert known(replica) == ["A", "B"]


def test_right_bytes_that_are_no_page_are_refused(controller: Controller) -> None:
    body = b'{"site": "s1"}'
    controller.spoil, controller.digest = (
        (lambda whole: body.ljust(len(whole))),
        digest_of(body.ljust(len(encode_page(controller.pages[""])))),
    )
    with pytest.raises(ReplicaUnavailable, match="cannot be read"):
        fetch_from(Address(url=controller.url), "s1", ["goods"])("")


def test_a_certificate_that_is_let_in_no_more_is_told_in_words(controller: Controller) -> None:
    refusal = b'{"code": "certificate_refused"}'
    controller.status = 403
    controller.spoil = lambda whole: refusal.ljust(len(whole))
    with pytest.raises(ReplicaUnavailable, match="certificate, or it was revoked: ask IT"):
        fetch_from(Address(url=controller.url), "s1", ["goods"])("")


def test_a_page_without_end_is_not_read_to_it(controller: Controller, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edge_agent.replica_pull.LARGEST", 100)
    assert wire.LARGEST > 1_000_000
    with pytest.raises(ReplicaUnavailable, match="more than 100 bytes"):
        fetch_from(Address(url=controller.url), "s1", ["goods"])("")


def test_a_wrong_page_in_the_middle_keeps_what_came_before(keeper: ReplicaKeeper, replica: Replica, controller: Controller) -> None:
    right = controller.pages["c1"]
    controller.pages["c1"] = page(item(2, "B"), since="elsewhere", to="c2")
    assert not keeper.pull()
    assert replica.cursor() == "c1"
    controller.pages["c1"] = right
    assert keeper.pull()
    assert known(replica) == ["A", "B"]


@pytest.mark.parametrize("url", ["http://127.0.0.1:1", "http://[broken", "http://127.0.0.1:99999", "http://x..y"])
def test_a_controller_that_is_away_leaves_what_is_there(
    keeper: ReplicaKeeper, replica: Replica, clock: FixedClock, url: str, caplog: pytest.LogCaptureFixture
) -> None:
    keeper.pull()
    away = keeper_of(replica, clock, url)
    assert not away.pull()
    assert not away.pull()
    assert known(replica) == ["A", "B"]
    assert len([record for record in caplog.records if record.levelno >= logging.WARNING]) == 1, "told once"


def test_a_full_disk_keeps_what_is_served(keeper: ReplicaKeeper, replica: Replica, controller: Controller) -> None:
    keeper.pull()
    controller.pages["c2"] = page(*(item(number, f"N{number}") for number in range(3, 2000)), since="c2", to="c3")
    writer = replica._held()
    writer.execute(f"PRAGMA max_page_count = {writer.execute('PRAGMA page_count').fetchone()[0]}")
    assert not keeper.pull()
    assert (replica.cursor(), known(replica)) == ("c2", ["A", "B"])
    writer.execute("PRAGMA max_page_count = 1000000")
    controller.pages["c3"] = page(since="c3", to="c3")
    assert keeper.pull()
    assert replica.cursor() == "c3"


async def test_it_keeps_pulling_and_answers_until_it_is_stopped(
    keeper: ReplicaKeeper, replica: Replica, controller: Controller
) -> None:
    running = asyncio.create_task(keeper.run())
    async with asyncio.timeout(5):
        while not isinstance(await keeper.look_up("B", None), Item):
            await asyncio.sleep(0.01)
        controller.pages["c2"] = page(item(2, "B", name="Later"), since="c2", to="c3")
        controller.pages["c3"] = page(since="c3", to="c3")
        while (found := await keeper.look_up("B", None)) and isinstance(found, Item) and found.name_en != "Later":
            await asyncio.sleep(0.01)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert await keeper.look_up("B", None) is Missing.LATE
    with pytest.raises(ReplicaUnavailable, match="not open"):
        replica.cursor()


async def test_a_person_does_not_wait_for_a_disk_that_hangs(
    keeper: ReplicaKeeper, replica: Replica, monkeypatch: pytest.MonkeyPatch
) -> None:
    hangs = threading.Event()
    monkeypatch.setattr(replica, "lookup", lambda text, gtin: (text, gtin) if hangs.wait(5) else None)
    keeper.patience = 0.02
    assert await keeper.look_up("A", None) is Missing.LATE
    hangs.set()


async def test_without_a_controller_the_file_is_served(
    replica: Replica, clock: FixedClock, keeper: ReplicaKeeper, tmp_path: Path
) -> None:
    keeper.pull()
    replica.close_reader()
    replica.close_writer()
    alone = ReplicaKeeper(Replica(tmp_path / "replica.db", "s1", clock), None, clock, Random(7), 60)
    alone.patience = 5.0
    running = asyncio.create_task(alone.run())
    async with asyncio.timeout(5):
        while not isinstance(await alone.look_up("A", None), Item):
            await asyncio.sleep(0.01)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running


async def test_before_the_file_was_looked_through_a_lookup_comes_too_early(
    keeper: ReplicaKeeper, caplog: pytest.LogCaptureFixture
) -> None:
    assert await keeper.look_up("A", None) is Missing.LATE
    assert caplog.text == ""


def test_nobody_listens(replica: Replica, clock: FixedClock) -> None:
    assert not keeper_of(replica, clock, f"http://127.0.0.1:{free_port()}").pull()


class TestFollowing:
    """Who follows a part is told its rows at the start, also without a controller, and whenever they changed."""

    async def told(self, keeper: ReplicaKeeper, count: int, answers: Callable[[int], bool] = lambda _: True) -> list[list[str]]:
        heard: list[list[str]] = []

        async def tell(rows: Sequence[ReplicaPerson]) -> bool:
            heard.append([row.name for row in rows])
            return answers(len(heard))

        keeper.follow(PEOPLE, tell)
        running = asyncio.create_task(keeper.run())
        async with asyncio.timeout(10):
            while len(heard) < count:
                await asyncio.sleep(0.01)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        return heard

    def with_people(self, whole: ReplicaPage, *people: ReplicaPerson) -> ReplicaPage:
        return msgspec.structs.replace(whole, parts={**whole.parts, "people": rows_of(people, anew=True)})

    async def test_at_the_end_of_a_snapshot_and_after_each_change(self, keeper: ReplicaKeeper, controller: Controller) -> None:
        controller.pages[""] = self.with_people(controller.pages[""], person(1))
        controller.pages["c2"] = self.with_people(page(since="c2", to="c3"), person(1), person(2, badge=None))
        controller.pages["c3"] = page(since="c3", to="c3")
        assert await self.told(keeper, 2) == [["Li 1"], ["Li 1", "Li 2"]]

    async def test_without_a_controller_from_what_is_on_disk(
        self, keeper: ReplicaKeeper, replica: Replica, controller: Controller, clock: FixedClock, tmp_path: Path
    ) -> None:
        controller.pages[""] = self.with_people(controller.pages[""], person(1))
        assert keeper.pull()
        replica.close_writer()
        offline = keeper_of(Replica(tmp_path / "replica.db", "s1", clock), clock, f"http://127.0.0.1:{free_port()}")
        assert await self.told(offline, 1) == [["Li 1"]]

    async def test_one_that_could_not_follow_is_told_again(self, keeper: ReplicaKeeper, controller: Controller) -> None:
        controller.pages[""] = self.with_people(controller.pages[""], person(1))
        assert await self.told(keeper, 3, lambda heard: heard == 3) == [["Li 1"]] * 3


async def test_a_search_is_answered_beside_lookups(keeper: ReplicaKeeper) -> None:
    running = asyncio.create_task(keeper.run())
    async with asyncio.timeout(5):
        while not isinstance(await keeper.look_up("B", None), Item):
            await asyncio.sleep(0.01)
        found = await keeper.search("thing")
    assert isinstance(found, Hits)
    assert [hit.item.sku for hit in found.hits] == ["sku-1", "sku-2"]
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert await keeper.search("thing") is Missing.LATE


def test_pages_come_packed_over_one_connection(keeper: ReplicaKeeper, replica: Replica, controller: Controller) -> None:
    controller.pack = True
    assert keeper.pull()
    assert known(replica) == ["A", "B"]
    controller.spoil = lambda body: body[:20] + bytes([body[20] ^ 1]) + body[21:]
    controller.pages["c2"] = page(item(3, "N"), since="c2", to="c3")
    assert not keeper.pull()
    assert replica.cursor() == "c2"
