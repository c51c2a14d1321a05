"""Every fault has Chinese words, in the house style; what a page says of a state has words and an icon."""

from __future__ import annotations

import re

import pytest

from edge_agent import faults
from edge_agent.floor import words
from edge_agent.floor.faults_zh import FAULTS_ZH, IN_DOUBT_ZH
from edge_agent.floor.port import Said
from edge_agent.stations import Verdict
from edge_agent.ui.locales import Language
from edge_agent.ui.words import Word, word
from edge_agent.wire.facts import JobState
from edge_agent.wire.messages import Condition, Fault


def test_every_fault_is_said_in_chinese() -> None:
    assert set(FAULTS_ZH) == set(faults.WORDS)
    for text in (*FAULTS_ZH.values(), IN_DOUBT_ZH):
        assert re.search("[\u4e00-\u9fff]", text)
        assert text.endswith("。")
        assert not re.search("请|抱歉|非法|无效", text)


def test_a_fault_is_told_in_the_page_s_language() -> None:
    empty = faults.fault("paper_out")
    assert words.fault(Language.ENGLISH, empty) == empty.message
    assert words.fault(Language.CHINESE, empty).startswith("打印机缺纸")
    doubt = faults.in_doubt(empty)
    assert words.fault(Language.CHINESE, doubt, is_in_doubt=True) == f"打印机缺纸。{IN_DOUBT_ZH}"
    assert words.fault(Language.CHINESE, Fault(code="brand_new", message="New.")) == "New."


@pytest.mark.parametrize(
    ("table", "values"), [(words.VERDICTS, list(Verdict)), (words.DEVICES, list(Condition)), (words.PRINTS, list(JobState))]
)
def test_every_state_has_a_word(table: dict[str, Word], values: list[Verdict | Condition | JobState]) -> None:
    assert {each.value for each in values} <= set(table)
    assert len({(each.tone, each.icon) for each in words.VERDICTS.values()}) == len(words.VERDICTS)


def test_an_unknown_value_is_shown_as_it_is() -> None:
    assert word(words.DEVICES, str, "brand_new") == Word("brand_new", "off", "unknown")
    assert words.say(Language.CHINESE, Said("a", "b")) == "b"
