"""The paper is counted: a box killed at every failpoint and at any instant, cables pulled at any byte, printers that lie.

`confirmed` means exactly one copy, `failed` and `cancelled` none, and a second one comes only marked, when a person asked for it.
"""

from __future__ import annotations

import asyncio
import os
import re
import secrets
from pathlib import Path
from random import Random

import pytest

from edge_agent.wire.facts import JobState, Proof
from tests.chaos.prints import Counter3, open_counter

KILLS = int(os.environ.get("SHELFWIRE_PRINT_KILLS", "14"))
"""`make soak` kills more often (`tests/soak/tiers.py`)."""
REGIONS = 4
FAILPOINTS = (
    "print.after_doubt",
    "print.after_first_byte",
    "print.after_last_byte",
    "print.after_lease",
    "print.after_sending_persisted",
    "print.after_sent_persisted",
    "print.before_lease",
    "print.before_printed_persisted",
    "print.before_sending_persisted",
)


def check(counter: Counter3, seed: int = 0) -> None:
    wrong = counter.judge()
    assert not wrong, f"seed {seed}\n" + "\n".join(wrong)


@pytest.mark.parametrize("failpoint", FAILPOINTS)
async def test_the_box_dies_at_each_failpoint_and_nothing_comes_out_twice_in_silence(tmp_path: Path, failpoint: str) -> None:
    random = Random(1)
    async with open_counter(tmp_path) as counter:
        first = counter.printers["receipts"]
        counter.want("receipts", 2)
        first.fault("paper_out", on=failpoint.endswith("_lease"))
        if failpoint == "print.after_doubt":
            first.cut_after = await question_bytes(tmp_path / "other") + 40
        assert await counter.live(failpoint=failpoint) == -9
        await counter.finish(random)
        check(counter)


async def test_kills_at_any_instant_and_the_paper_is_what_the_jobs_say(tmp_path: Path) -> None:
    seed = int(os.environ.get("SHELFWIRE_CHAOS_SEED") or secrets.randbits(32))
    random = Random(seed)
    async with open_counter(tmp_path) as counter:
        await counter.rage(random, KILLS)
        await counter.finish(random)
        check(counter, seed)
        papers = counter.papers()
        assert papers.total() > KILLS / 2, "too little was printed to prove anything"
        print(
            f"seed {seed}: {counter.killed} kills, {len(counter.wanted)} jobs, {papers.total()} papers, again {dict(counter.again)}"
        )


async def question_bytes(folder: Path) -> int:
    """How much a receipt printer is asked before its first job's first byte."""
    folder.mkdir()
    async with open_counter(folder) as counter:
        printer = counter.printers["receipts"]
        counter.want("receipts")
        assert await counter.live(failpoint="print.before_sending_persisted") == -9
        return printer.received


@pytest.mark.parametrize(("printer", "job_bytes"), [("receipts", 82), ("labels", 277)])
async def test_a_cable_pulled_at_any_byte_leaves_the_job_undone_or_in_doubt(tmp_path: Path, printer: str, job_bytes: int) -> None:
    """From the last questions before the job to the last of its proof, byte region by byte region."""
    random = Random(2)
    async with open_counter(tmp_path) as counter:
        device = counter.printers[printer]
        counter.want(printer)
        assert await counter.live() == 0
        whole = device.received
        longest = job_bytes + 60
        for cut in range(whole - longest, whole + 1, longest // REGIONS):
            counter.want(printer, priority=0)
            device.cut_after = cut
            await counter.live(kill_after=0.3)
            device.plug()
        await counter.finish(random)
        check(counter)
        assert sum(counter.again.values()) > 0


# --- printers that lie ------------------------------------------------------------------------------------------------------


def claims_to_be_fine(answer: bytes) -> bytes:
    """Whatever its state is, DLE EOT is answered with "all well"."""
    return b"\x12" * len(answer) if len(answer) <= 4 else answer


def says_the_proof_before(answer: bytes) -> bytes:
    """The answer to GS ( H bears the number of the job before."""
    return re.sub(rb"\x37\x22(\d{4})\x00", lambda found: b"\x37\x22%04d\x00" % ((int(found[1]) - 1) % 10_000), answer)


async def test_a_printer_that_claims_to_be_fine_without_paper_confirms_nothing(tmp_path: Path) -> None:
    async with open_counter(tmp_path, unplugged=["receipts-2"]) as counter:
        printer = counter.printers["receipts"]
        printer.lie = claims_to_be_fine
        printer.fault("paper_out")
        (job,) = counter.want("receipts")
        await counter.live(kill_after=2.5)
        assert counter.job(job).proof is not Proof.CONFIRMED
        assert counter.papers()[job] == 0
        printer.fault("paper_out", on=False)
        assert counter.papers()[job] == 1, "what it held in its buffer comes out, once"


async def test_the_proof_of_the_job_before_proves_nothing(tmp_path: Path) -> None:
    async with open_counter(tmp_path, unplugged=["receipts-2"]) as counter:
        counter.printers["receipts"].lie = says_the_proof_before
        jobs = counter.want("receipts")
        assert await counter.live() == 0
        assert Proof.CONFIRMED not in {counter.job(job).proof for job in jobs}
        assert [counter.papers()[job] for job in jobs] == [1]


async def test_a_printer_that_answers_late_still_confirms_each_once(tmp_path: Path) -> None:
    async with open_counter(tmp_path, unplugged=["receipts-2"]) as counter:
        counter.printers["receipts"].late = 0.1
        jobs = counter.want("receipts", 2)
        assert await counter.live() == 0
        check(counter)
        assert {counter.job(job).state for job in jobs} == {JobState.PRINTED}


async def test_a_printer_that_is_reset_in_the_middle_leaves_the_job_in_doubt(tmp_path: Path) -> None:
    random = Random(3)
    async with open_counter(tmp_path, unplugged=["receipts-2"]) as counter:
        printer = counter.printers["receipts"]
        (job,) = counter.want("receipts")
        printer.cut_after = await question_bytes(tmp_path / "other") + 40
        printer.at_cut = lambda: printer.do("off_and_on")
        assert await counter.live() == 0
        assert counter.job(job).state is JobState.UNCERTAIN
        await counter.finish(random)
        check(counter)
        assert counter.papers()[job] == 1


async def test_two_boxes_at_one_printer_print_each_of_their_jobs_once(tmp_path: Path) -> None:
    folders = [tmp_path / name for name in ("one", "two")]
    for folder in folders:
        folder.mkdir()
    async with open_counter(folders[0]) as one, open_counter(folders[1], beside=one) as two:
        one.want("receipts", 8)
        two.want("receipts", 8)
        assert set(await asyncio.gather(one.live(), two.live())) == {0}
        check(one)
        check(two)
        assert one.papers().total() == 16
