"""One thing and many, in English."""

from __future__ import annotations

import pytest

from edge_agent.stations import Feedback, Verdict, say
from edge_agent.stations.plurals import WRITER
from edge_agent.stations.words import WORDS


@pytest.mark.parametrize(("number", "words"), [(0, "0 items"), (1, "1 item"), (2, "2 items"), (21, "21 items")])
def test_what_is_counted_is_named_once_or_in_the_plural(number: int, words: str) -> None:
    assert WRITER.vformat("{n:item|items}", (), {"n": number}) == words
    assert WRITER.vformat("{n:03}", (), {"n": number}) == f"{number:03}"


def test_answers_use_it_and_chinese_has_no_need_of_it() -> None:
    one = Feedback(verdict=Verdict.OK, code="put_done", args={"items": 1})
    assert (say(one), say(one, "zh-CN")) == ("Put away: 1 item.", "上架完成：1 件。")
    assert not [code for code, says in WORDS.items() if "|" in says.zh]
