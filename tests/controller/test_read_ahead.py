"""What is read ahead is what would be read: each message once, in any order of what happens to the backlog meanwhile."""

from __future__ import annotations

import asyncio
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from controller import backlog
from controller.backlog import Backlog
from controller.fleet import intake
from controller.read_ahead import ReadAhead
from edge_agent.wire.session import Incoming

STEPS = st.lists(st.sampled_from(["arrive", "ahead", "take", "fail", "disconnect"]), max_size=40)


def message(number: int) -> Incoming:
    return Incoming(f"no/topic/{number}", b"x", False, False, lambda: None)


async def topics_taken(waiting: Backlog, ahead: ReadAhead) -> tuple[list[Incoming], list[str]]:
    batch = await waiting.next()
    return batch, [reading.topic for each in batch for reading in ahead.read(each) if isinstance(reading, intake.Unreadable)]


@given(STEPS)
def test_each_message_is_read_as_itself_whatever_happens_to_those_before(steps: list[str]) -> None:
    async def play() -> None:
        waiting = Backlog(Still())
        ahead, arrived = ReadAhead(waiting), 0
        for step in steps:
            if step == "arrive":
                for _ in range(3):
                    waiting.add(message(arrived := arrived + 1))
            elif step == "ahead":
                await ahead.run()
            elif step == "disconnect":
                waiting.clear()
                ahead.forget()
            elif len(waiting):
                batch, topics = await topics_taken(waiting, ahead)
                assert topics == [each.topic for each in batch]
                if step == "take":
                    waiting.done(batch)
                else:
                    ahead.forget()
                    await waiting.failed(batch, OSError())

    asyncio.run(play())


class Still(Random):
    """Backs off not at all."""

    def uniform(self, a: float, b: float) -> float:
        return min(a, b)


async def test_no_more_is_read_ahead_than_one_transaction_takes_and_others_run_between() -> None:
    waiting = Backlog(Still())
    ahead = ReadAhead(waiting)
    half = b"x" * (backlog.BYTES_AT_ONCE // 2)
    for number in range(6):
        waiting.add(Incoming(f"no/topic/{number}", half, False, False, lambda: None))
    reading = asyncio.create_task(ahead.run())
    turns = 0
    while not reading.done():
        turns += 1
        await asyncio.sleep(0)
    assert turns >= 2
    batch = await waiting.next()
    known = [each for each in batch if id(each) in ahead._read]
    assert (len(batch), len(known), len(ahead._read)) == (2, 2, 2)
