"""A printer that stands in for another: after a while, only before the first byte, by one lease, and no going to and fro."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace

from drivers.errors import DeviceTimeout, DeviceUnavailable, Unsupported
from edge_agent.journal import Journal
from edge_agent.outbox import Outbox
from edge_agent.spooler import Resolution
from edge_agent.standing_in import HOME_AFTER, Rota, StandIn
from edge_agent.wire.facts import JobState
from edge_agent.wire.messages import Condition, Priority, Stream
from tests.edge_agent.conftest import FixedClock
from tests.edge_agent.paper import TEMPLATE, request_for
from tests.edge_agent.printers import AFTER, PAPER_OUT, Printers


@pytest.fixture
def shop(tmp_path: Path, outbox: Outbox, clock: FixedClock) -> Printers:
    return Printers(tmp_path, Journal(outbox._facts, outbox, clock), clock)


async def test_jobs_wait_for_their_printer_and_then_another_prints_them(shop: Printers) -> None:
    shop.breaks("labels")
    async with shop.running():
        for name in ("a", "b"):
            await shop.wants(name)
        await shop.until(lambda: shop.job("a").fault is not None)
        await shop.passes(AFTER - 1)
        assert shop.job("a").printer == "labels"
        await shop.passes(2)
        job = await shop.until_is("b", JobState.PRINTED)
    assert (job.printer, job.wanted) == ("spare", "labels")
    assert (shop.papers("labels"), shop.papers("spare")) == ([], ["a", "b"])


async def test_a_printer_that_is_long_down_is_stood_in_for_at_once(shop: Printers) -> None:
    shop.breaks("labels")
    async with shop.running():
        await shop.passes(3600)
        await shop.wants("a")
        assert (await shop.until_is("a", JobState.PRINTED)).printer == "spare"


@pytest.mark.parametrize("state", [Condition.ABSENT, Condition.UNKNOWN])
async def test_one_that_is_gone_or_silent_is_stood_in_for_as_well(shop: Printers, state: Condition) -> None:
    shop.port["labels"].ready = PAPER_OUT
    shop.spooler.told("labels", state)
    async with shop.running():
        await shop.passes(AFTER + 1)
        await shop.wants("a")
        assert (await shop.until_is("a", JobState.PRINTED)).printer == "spare"


async def test_a_job_of_which_a_byte_may_be_out_is_never_another_printers(shop: Printers) -> None:
    shop.port["labels"].send_errors = [DeviceTimeout("stuck")]
    async with shop.running():
        await shop.wants("doubtful")
        await shop.until_is("doubtful", JobState.UNCERTAIN)
        shop.breaks("labels")
        await shop.wants("a")
        await shop.passes(AFTER + 1)
        await shop.until_is("a", JobState.PRINTED)
        assert shop.job("doubtful").state is JobState.UNCERTAIN
        await shop.spooler.resolve("doubtful", Resolution.AGAIN)
        await shop.passes(AFTER + 1)
        await shop.until(lambda: shop.job("doubtful").fault is not None)
        assert shop.job("doubtful").printer == "labels", "a person said that it is to be printed again there"
        await shop.spooler.move("doubtful", "spare")
        await shop.until_is("doubtful", JobState.PRINTED)
    assert shop.papers("spare") == ["a", "doubtful COPY"]


async def test_a_stand_in_prints_its_own_and_the_others_jobs_by_rank_and_age(shop: Printers) -> None:
    shop.breaks("labels")
    shop.breaks("spare")
    await shop.wants("own", "spare")
    await shop.wants("theirs")
    await shop.wants("urgent", priority=Priority.URGENT)
    await shop.wants("own bulk", "spare", Priority.BULK)
    await shop.passes(AFTER + 1)
    async with shop.running():
        shop.is_put_right("spare")
        await shop.until(lambda: not shop.journal.unfinished())
    assert shop.papers("spare") == ["urgent", "own", "theirs", "own bulk"]


async def test_a_printer_that_is_well_again_prints_the_rest_itself(shop: Printers) -> None:
    shop.breaks("labels")
    for name in ("a", "b"):
        await shop.wants(name)
    await shop.passes(AFTER + 1)
    shop.is_put_right("labels")
    async with shop.running():
        await shop.until(lambda: not shop.journal.unfinished())
    assert (shop.papers("labels"), shop.papers("spare")) == (["a", "b"], [])


async def test_a_job_that_the_stand_in_could_not_begin_comes_home_and_does_not_go_to_and_fro(shop: Printers) -> None:
    shop.breaks("labels")
    shop.port["spare"].breaks_at_send = PAPER_OUT
    async with shop.running():
        await shop.wants("a")
        await shop.passes(AFTER + 1)
        await shop.until(lambda: shop.job("a").printer == "spare" and shop.reason("a") == "paper_out")
        shop.is_put_right("labels")
        await shop.passes(HOME_AFTER - 1)
        assert shop.job("a").printer == "spare", "not before its own printer has been well for a while"
        shop.breaks("labels")
        shop.is_put_right("labels")
        await shop.passes(HOME_AFTER - 1)
        assert shop.job("a").printer == "spare", "each trouble begins the while anew"
        await shop.passes(2)
        job = await shop.until_is("a", JobState.PRINTED)
    assert (job.printer, shop.papers("labels"), shop.papers("spare")) == ("labels", ["a"], [])


async def test_what_the_stand_in_cannot_print_stays_and_lets_the_others_pass(shop: Printers) -> None:
    other = TEMPLATE.replace(b'"height": "40"', b'"height": "41"')
    assert other != TEMPLATE
    shop.breaks("labels")
    shop.port["spare"].encode_errors = [Unsupported("60 mm wide, and its media is 40 mm")]
    async with shop.running():
        await shop.wants("wide", version="wide")
        await shop.wants("wide too", version="wide")
        await shop.wants("small")
        await shop.passes(AFTER + 1)
        await shop.until_is("small", JobState.PRINTED)
        for name in ("wide", "wide too"):
            assert (shop.job(name).state, shop.job(name).printer) == (JobState.QUEUED, "labels")
        shop.is_put_right("labels")
        await shop.until(lambda: not shop.journal.unfinished())
    assert (shop.papers("labels"), shop.papers("spare")) == (["wide", "wide too"], ["small"])


async def test_a_stand_in_that_is_in_trouble_itself_takes_nothing(shop: Printers) -> None:
    shop.breaks("labels")
    shop.breaks("spare")
    async with shop.running():
        await shop.wants("a")
        await shop.passes(AFTER + 10)
        job = shop.job("a")
        assert (job.printer, job.fault.code if job.fault else None) == ("labels", "paper_out")


async def test_of_two_stand_ins_one_prints_it_also_from_the_first_that_could_not_begin(shop: Printers) -> None:
    shop.rules = {"labels": StandIn(("spare", "other"), AFTER), "spare": StandIn((), AFTER)}
    shop.start()
    shop.breaks("labels")
    shop.breaks("other")
    shop.port["spare"].breaks_at_send = PAPER_OUT
    async with shop.running():
        await shop.wants("a")
        await shop.passes(AFTER + 1)
        await shop.until(lambda: shop.job("a").printer == "spare" and shop.reason("a") == "paper_out")
        shop.is_put_right("other")
        await shop.passes(AFTER + 1)
        assert (await shop.until_is("a", JobState.PRINTED)).printer == "other"
    assert [shop.papers(name) for name in ("labels", "spare", "other")] == [[], [], ["a"]]


async def test_the_reason_says_whose_place_it_is_printed_in(shop: Printers) -> None:
    shop.breaks("labels")
    shop.port["spare"].breaks_at_send = PAPER_OUT
    async with shop.running():
        await shop.wants("a")
        await shop.passes(AFTER + 1)
        await shop.until(lambda: shop.job("a").printer == "spare")
    told = shop.journal._outbox.window(Stream.RESULT)
    reasons = [row.payload.decode() for row in told if b"stood_in" in row.payload]
    assert "Printer labels is not ready; spare prints this in its place." in reasons[0]


async def test_a_copy_that_was_asked_for_as_one_may_be_printed_by_another(shop: Printers) -> None:
    shop.breaks("labels")
    async with shop.running():
        await shop.spooler.request("a", "labels", replace(request_for("a"), copy=True))
        await shop.passes(AFTER + 1)
        await shop.until_is("a", JobState.PRINTED)
    assert shop.papers("spare") == ["a COPY"]


async def test_a_device_that_is_gone_when_it_is_asked_is_in_trouble_from_then_on(shop: Printers) -> None:
    class Gone:
        async def __call__(self) -> None:
            raise DeviceUnavailable("unplugged")

    shop.port["labels"].status = Gone()  # type: ignore[method-assign, assignment]  # this one never comes back
    async with shop.running():
        await shop.wants("a")
        await shop.until(lambda: shop.job("a").fault is not None)
        await shop.passes(AFTER + 1)
        assert (await shop.until_is("a", JobState.PRINTED)).printer == "spare"


def test_nobody_stands_in_for_what_nobody_knows_of(clock: FixedClock) -> None:
    rota = Rota({"a": StandIn(("b",), 0.0)}, clock)
    assert not rota.is_down("a")
    assert not rota.is_steady("a")
    assert rota.sources("b", ["x"]) == []
    rota.told("a", is_ready=False)
    assert rota.sources("b") == [("a", "a")]
    rota.told("b", is_ready=False)
    assert rota.sources("a") == []
