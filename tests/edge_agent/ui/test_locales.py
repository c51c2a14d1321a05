"""Which language a page speaks, and how it writes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.ui.locales import Language, Writer, negotiate

NOW = datetime(2026, 11, 21, 11, 45, 30, tzinfo=UTC)
ENGLISH = Writer(Language.ENGLISH, ZoneInfo("Asia/Shanghai"))
CHINESE = Writer(Language.CHINESE, ZoneInfo("Asia/Shanghai"))


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        ("zh-TW", Language.CHINESE),
        ("zh-HK,en;q=0.9", Language.CHINESE),
        ("fr,zh;q=0.3,en;q=0.8", Language.ENGLISH),
        ("zh;q=0,en", Language.ENGLISH),
        ("de", Language.ENGLISH),
        ("zh;q=x,zh-CN;q=0.2", Language.CHINESE),
        ("", Language.ENGLISH),
    ],
)
def test_the_browser_s_wish(accept: str, expected: Language) -> None:
    assert negotiate(accept=accept) is expected


def test_a_choice_goes_before_the_browser_s_wish() -> None:
    assert negotiate("zh-CN", "en", accept="en") is Language.CHINESE
    assert negotiate(None, "en", accept="zh") is Language.ENGLISH
    assert negotiate("tlh", None, accept="zh") is Language.CHINESE


@given(st.text(), st.text())
def test_any_header_gives_a_language(wish: str, accept: str) -> None:
    assert negotiate(wish, accept=accept) in Language


def test_dates_numbers_and_money() -> None:
    assert ENGLISH.date(NOW) == "21 Nov 2026, 19:45"
    assert CHINESE.date(NOW) == "2026-11-21 19:45"
    assert ENGLISH.moment(NOW - timedelta(hours=19), NOW) == "00:45:30"
    assert ENGLISH.moment(NOW - timedelta(hours=20), NOW) == "20 Nov 2026, 23:45"  # yesterday in Shanghai, today in UTC
    assert ENGLISH.exact(NOW).startswith("2026-11-21 19:45:30 +08:00")
    assert ENGLISH.number(1234567) == "1,234,567"
    assert (ENGLISH.money(-1290, "USD"), CHINESE.money(1290, "CNY"), ENGLISH.money(500, "JPY")) == ("-$12.90", "¥12.90", "¥500")
    assert (ENGLISH.age(NOW, NOW + timedelta(minutes=3)), ENGLISH.age(NOW, NOW - timedelta(hours=1))) == ("3 minutes", "0 seconds")
