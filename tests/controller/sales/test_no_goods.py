"""Codes that are no goods: said once, in any order; their lines are kept, move nothing, and wait again when it is undone."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from random import Random

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from controller import db, events
from controller.catalog.operations import NewBarcode, NewSku, add_barcode, create_sku
from controller.errors import NotFound
from controller.proofs.proving import reconcile
from controller.sales import no_goods, recording
from controller.sales.imports import begin, go_on
from controller.sales.no_goods import NoGoodsReason, Said, codes_no_goods, set_aside, settle, take_back
from controller.sales.policies import NewReceipt, Outcome, Result
from controller.sales.queries import waiting_codes, waiting_texts
from controller.sales.recording import record
from controller.sales.rows import HowToRead
from controller.sales.waiting import book_waiting, run
from tests.controller.goods import Shop, at, newest_entry, numbers
from tests.controller.sales.tills import line, receipt

POSTAGE = NoGoodsReason.POSTAGE


async def told(*receipts: NewReceipt) -> list[Result]:
    return await record(receipts, source="token:pos")


async def states(table: str = "sale_line") -> list[str]:
    return [row["state"] for row in await db.fetch(f"SELECT state FROM {table} ORDER BY id")]


async def test_what_waits_is_settled_and_what_comes_later_is_kept_at_once(database: str) -> None:
    shop = await Shop.open()
    sku = await shop.stock("milk", 10)
    await told(receipt("1", line("milk"), line("POST")), receipt("2", line("POST", is_sku=False), line("tea")))
    assert await set_aside(["POST", "POST"], POSTAGE, "the carrier's") == {"POST": Said.DONE}
    assert [row.text for row in await waiting_texts()] == ["tea"], "what is about to be settled is shown as settled"
    assert await settle() == 2
    assert await settle() == 0
    assert await states() == ["booked", "no_goods", "no_goods", "waiting"]
    assert await states("sale") == ["booked", "waiting"]
    assert await told(receipt("3", line("POST", 2))) == [Result(Outcome.BOOKED, no_goods=1)]
    assert await told(receipt("3", line("POST", 2))) == [Result(Outcome.REPEATED)]
    (row,) = await codes_no_goods()
    assert (row.text, row.reason, row.note, row.lines) == ("POST", POSTAGE, "the carrier's", 3)
    assert await numbers(sku) == (9, 0, 0)


async def test_undone_its_lines_wait_and_are_booked_once_linked(database: str) -> None:
    shop = await Shop.open()
    sku = await shop.stock("milk", 10)
    await set_aside(["X1"], NoGoodsReason.FEE)
    await told(receipt("1", line("X1", 2, is_sku=False)))
    assert await take_back(["X1"]) == {"X1": Said.DONE}
    assert await take_back(["X1"]) == {"X1": Said.SAME}
    assert (await codes_no_goods(), await settle()) == ([], 1)
    assert (await states(), await states("sale")) == (["waiting"], ["waiting"])
    await add_barcode("milk", NewBarcode(barcode="X1"))
    assert await book_waiting() == 1
    assert (await states(), await states("sale")) == (["booked"], ["booked"])
    assert await numbers(sku) == (8, 0, 0)
    with pytest.raises(NotFound):
        await take_back(["never said"])


async def test_goods_are_booked_whatever_was_said_of_their_code(database: str) -> None:
    shop = await Shop.open()
    sku = await shop.stock("milk", 10)
    await set_aside(["X1", "milk"], NoGoodsReason.OTHER)
    assert await told(receipt("1", line("X1", 2, is_sku=False), line("milk"))) == [Result(Outcome.BOOKED, no_goods=1)]
    await add_barcode("milk", NewBarcode(barcode="X1"))
    assert await book_waiting() == 1
    assert await numbers(sku) == (7, 0, 0)
    assert (await newest_entry(sku)).occurred_at == at(0)
    assert await settle() == 0


async def test_two_people_at_once_say_it_once(database: str) -> None:
    await Shop.open()
    answers = await asyncio.gather(
        *(db.in_transaction(lambda: set_aside(["D", "M", "POST"], NoGoodsReason.DISCOUNT)) for _ in range(4))
    )
    assert sum(answer[code] is Said.DONE for answer in answers for code in answer) == 3
    assert len(await events.history("POST")) == 1
    assert await set_aside(["POST"], POSTAGE) == {"POST": Said.CHANGED}
    answers = await asyncio.gather(*(db.in_transaction(lambda: take_back(["D", "POST"])) for _ in range(4)))
    assert sum(answer[code] is Said.DONE for answer in answers for code in answer) == 2
    assert [row.text for row in await codes_no_goods()] == ["M"]


async def test_many_lines_are_settled_some_at_a_time(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    await Shop.open()
    monkeypatch.setattr(no_goods, "AT_ONCE", 7)
    await told(*(receipt(str(n), line("POST"), line("D", -1)) for n in range(20)))
    await set_aside(["POST", "D"], POSTAGE)
    assert await settle() == 40
    assert set(await states("sale")) == {"booked"}
    told_of = await db.fetch("SELECT data FROM event WHERE name = 'sale_lines_settled'")
    assert len(told_of) == 6


async def test_the_codes_of_the_chain_are_paged_and_searched(database: str) -> None:
    await Shop.open()
    await told(*(receipt(str(n), *(line(f"c{code}") for code in range(n, 7))) for n in range(7)))
    seen, after = [], None
    while rows := await waiting_codes(after=after, limit=2):
        seen += [(row.text, row.lines) for row in rows]
        after = (rows[-1].lines, rows[-1].first_line)
    assert seen == [(f"c{code}", code + 1) for code in reversed(range(7))]
    assert [row.text for row in await waiting_codes(q="C3")] == ["c3"]
    assert await waiting_codes(sites={"elsewhere"}) == []
    await set_aside([f"c{code}" for code in range(5)], POSTAGE)
    assert [row.text for row in await waiting_codes()] == ["c6", "c5"]
    first = await codes_no_goods(limit=2)
    assert [row.text for row in await codes_no_goods(before=first[-1].id)] == ["c2", "c1", "c0"]
    assert [row.text for row in await codes_no_goods(q="C3", reason="postage")] == ["c3"]
    assert await codes_no_goods(reason="fee") == []


async def test_a_file_of_sales_counts_them(database: str) -> None:
    shop = await Shop.open()
    await shop.stock("milk", 10)
    await set_aside(["POST"], POSTAGE)
    rows = ["1,2026-01-01 10:00,milk,1,1", "1,2026-01-01 10:00,POST,1,5", "2,2026-01-01 10:00,POST,1,5"]
    started = await begin(
        "\n".join(["receipt,date,sku,quantity,price", *rows]).encode(), HowToRead(site="s1", time_zone="", currency="")
    )
    found = await go_on(started)
    assert (found.booked, found.waiting, found.no_goods) == (2, 0, 2)


async def test_the_background_settles_what_was_said(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async def not_seen_yet(_texts: object) -> set[str]:
        return set()

    await Shop.open()
    await told(receipt("1", line("POST")))
    task = asyncio.create_task(run(Random(1)))
    try:
        await set_aside(["POST"], POSTAGE)
        await _until(["no_goods"])
        with monkeypatch.context() as patched:  # taken in by somebody who had not seen the word when it was said
            patched.setattr(recording, "among_no_goods", not_seen_yet)
            await told(receipt("2", line("POST")))
        await _until(["no_goods", "no_goods"])
        await take_back(["POST"])
        await _until(["waiting", "waiting"])
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def _until(wanted: list[str]) -> None:
    async with asyncio.timeout(20):
        while await states() != wanted:
            await asyncio.sleep(0.02)


# --- any order ------------------------------------------------------------------------------------------------------------------

CODES = ("MILK", "POST", "LATE", "GIFT")


@dataclass(frozen=True)
class Story:
    """Receipts by their codes; which are void; what is said of each code, one after another; whether LATE becomes goods."""

    receipts: list[list[str]]
    void: set[int]
    words: dict[str, list[bool]]
    linked: bool


@st.composite
def stories(draw: st.DrawFn) -> Story:
    receipts = draw(st.lists(st.lists(st.sampled_from(CODES), min_size=1, max_size=3), min_size=1, max_size=4))
    void = draw(st.sets(st.integers(0, len(receipts) - 1), max_size=1))
    words = {code: draw(st.integers(0, 3)) for code in CODES[1:]}
    return Story(receipts, void, {code: [n % 2 == 0 for n in range(count)] for code, count in words.items()}, draw(st.booleans()))


Step = Callable[[], Awaitable[object]]


def tracks(story: Story, mark: str) -> list[list[Step]]:
    """Steps of which each list keeps its order; between the lists there is none."""
    found: list[list[Step]] = [[settle, book_waiting, settle]]
    for index, codes in enumerate(story.receipts):
        one = receipt(f"{mark}{index}", *(line(f"{mark}{code}") for code in codes))
        found += [[lambda one=one: told(one)]] * 2  # type: ignore[misc]  # mypy on defaults
        if index in story.void:
            void = receipt(f"{mark}v{index}", voids=f"{mark}{index}", minute=5)
            found.append([lambda void=void: told(void)])  # type: ignore[misc]  # the same
    for code, words in story.words.items():
        text = f"{mark}{code}"
        found.append([_word(text, is_aside=word) for word in words])
    if story.linked:
        found.append([lambda: create_sku(NewSku(code=f"{mark}LATE", name_en="Late", name_zh="晚"))])
    return found


def _word(text: str, *, is_aside: bool) -> Step:
    return (lambda: set_aside([text], POSTAGE)) if is_aside else (lambda: take_back([text]))


def expected(story: Story, code: str) -> str:
    if code == "MILK" or (code == "LATE" and story.linked):
        return "booked"
    words = story.words[code]
    return "no_goods" if words and words[-1] else "waiting"


async def play(story: Story, random: Random, url: str) -> None:
    await db.connect(url)
    try:
        mark = uuid.uuid4().hex[:8]
        await create_sku(NewSku(code=f"{mark}MILK", name_en="Milk", name_zh="奶"))
        left = [track for track in tracks(story, mark) if track]
        while left:
            track = random.choice(left)
            await track.pop(0)() if len(track) > 1 else await left.pop(left.index(track))[0]()
        await settle()
        await book_waiting()
        for index, codes in enumerate(story.receipts):
            (sale,) = await db.fetch("SELECT id, state FROM sale WHERE number = ?", f"{mark}{index}")
            lines = await db.fetch("SELECT state FROM sale_line WHERE sale_id = ? ORDER BY position", sale["id"])
            wanted = [expected(story, code) for code in codes]
            if index in story.void:
                assert all(row["state"] in {"void", "booked"} for row in lines)
                assert sale["state"] == "booked"
            else:
                assert [row["state"] for row in lines] == wanted
                assert sale["state"] == ("waiting" if "waiting" in wanted else "booked")
        sold = await db.fetch(
            "SELECT COALESCE(SUM(d.sold), 0) AS n FROM daily_sale d JOIN sku k ON k.id = d.sku_id WHERE k.code LIKE ?", f"{mark}%"
        )
        counted = [code for index, codes in enumerate(story.receipts) if index not in story.void for code in codes]
        assert sold[0]["n"] == sum(expected(story, code) == "booked" for code in counted)
        assert await reconcile() == []
    finally:
        await db.close()


async def furnish(url: str) -> None:
    await db.connect(url)
    await Shop.open()
    await db.close()


def test_what_a_line_is_follows_from_what_is_known_in_whatever_order_it_is_told(schema_url: str) -> None:
    asyncio.run(furnish(schema_url))

    @given(stories(), st.integers(0, 2**32))
    @settings(
        max_examples=20,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        derandomize=True,
        database=None,
        phases=[Phase.generate],
    )
    def any_order(story: Story, seed: int) -> None:
        asyncio.run(play(story, Random(seed), schema_url))

    any_order()
