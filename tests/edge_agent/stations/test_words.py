"""Every answer has words in each language, about the same things."""

from __future__ import annotations

import re
from datetime import UTC
from string import Formatter

import pytest

from drivers.symbols.commands import Command
from edge_agent.stations import STATIONS, Feedback, Item, Verdict, catalogue, say
from edge_agent.stations.item_words import item_arguments
from edge_agent.stations.words import COMMANDS, SHARED, WORDS
from edge_agent.ui.locales import Language, Writer

HAN = re.compile(r"[一-鿿]")
BANNED = re.compile(r"请|抱歉|非法|无效|please|sorry|invalid", re.IGNORECASE)


@pytest.mark.parametrize("code", sorted(WORDS))
def test_both_languages_say_the_same_in_their_own_words(code: str) -> None:
    says = WORDS[code]
    names = [{name for _, name, _, _ in Formatter().parse(text) if name} for text in says]
    assert names[0] == names[1]
    assert not BANNED.search(says.en + says.zh)
    assert not HAN.search(says.en)
    assert HAN.search(says.zh) or code == "received"
    assert says.en[-1] in ".}:" or code.startswith(("scanned", "counted_item", "received", "picked"))


@pytest.mark.parametrize("code", sorted(WORDS))
def test_chinese_has_its_own_marks(code: str) -> None:
    """In `{name}：{price}` as beside letters."""
    assert not re.search(
        r"(?<=[\u3400-\u9fff}]) ?[,:;?!(]|[,:;?!)] ?(?=[\u3400-\u9fff{])", re.sub(r"\{(\w+):[^}]*\}", r"{\1}", WORDS[code].zh)
    )


def test_no_two_say_what_the_other_says() -> None:
    codes = [code for station in STATIONS for code in station.words]
    assert len(codes) == len(set(codes))
    assert not SHARED.keys() & set(codes)
    assert catalogue("en").keys() == catalogue("zh-CN").keys() == WORDS.keys()


def test_commands_and_stations_are_called_something() -> None:
    assert COMMANDS.keys() == set(Command)
    assert all(says.en and says.zh for says in COMMANDS.values())
    begun = [station.command for station in STATIONS if station.command is not None]
    assert len(begun) == len(set(begun)) == len(STATIONS) - 1
    assert len({station.name for station in STATIONS}) == len({station.state for station in STATIONS}) == len(STATIONS)


MILK = Item(sku="milk", name_en="Milk", name_zh="牛奶", unit="piece", price_minor=420, currency="CNY", on_hand=12, age_ms=7_200_000)


@pytest.mark.parametrize(
    ("code", "item", "words"),
    [
        ("lookup_found", MILK, "牛奶 / Milk：CNY 4.20。库存 12（2 小时前的数据）。"),
        ("lookup_unpriced", MILK, "牛奶 / Milk：未定价。库存 12（2 小时前的数据）。"),
        (
            "lookup_found",
            Item(
                sku="tea",
                name_en="Tea",
                name_zh="茶",
                unit="gram",
                price_minor=50,
                currency="CNY",
                on_hand=9,
                age_ms=1,
                numerator=350,
            ),
            "茶 / Tea（350 克）：CNY 0.50 / 100 克。库存 9 克（0 分钟前的数据）。",
        ),
    ],
)
def test_a_lookup_in_chinese(code: str, item: Item, words: str) -> None:
    assert say(Feedback(verdict=Verdict.OK, code=code, args=item_arguments(item)), "zh-CN") == words


@pytest.mark.parametrize(("tag", "price"), [("en", ": CN¥4.20. "), ("zh-CN", "：¥4.20。")])
def test_a_page_writes_amounts_as_the_office_does(tag: str, price: str) -> None:
    assert price in say(
        Feedback(verdict=Verdict.OK, code="lookup_found", args=item_arguments(MILK)), tag, Writer(Language(tag), UTC).money
    )


@pytest.mark.parametrize(
    ("tag", "words"), [("zh", "已退出任务。"), ("zh_HK", "已退出任务。"), ("fr", "Left the task."), ("", "Left the task.")]
)
def test_another_language_is_answered_in_english(tag: str, words: str) -> None:
    assert say(Feedback(verdict=Verdict.OK, code="left"), tag) == words
