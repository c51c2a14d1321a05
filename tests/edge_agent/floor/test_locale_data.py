"""Without the names that no page writes, all that a page writes is written as before."""

from __future__ import annotations

import subprocess
import sys

WRITE = """
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo
from edge_agent.floor.locale_data import forget_unwritten
from edge_agent.ui.locales import Language, Writer, load_catalogues
from pathlib import Path

def written():
    at = datetime(2026, 3, 9, 4, 5, 6, tzinfo=UTC)
    for language in Language:
        for zone in ("Asia/Shanghai", "Europe/Berlin", "UTC"):
            write = Writer(language, ZoneInfo(zone))
            for month in range(1, 13):
                yield write.date(at.replace(month=month)) + write.day(at.date().replace(month=month))
            yield write.time(at) + write.exact(at) + write.number(-1234567)
            yield from (write.money(123456, code) for code in ("CNY", "EUR", "JPY", "KWD", "USD", "HKD", "XYZ"))
            yield from (write.age(at, at + timedelta(seconds=11 ** power)) for power in range(9))
        yield repr(language.locale)
    yield from (catalogue.ngettext("{n}", "{n}", 2) for catalogue in load_catalogues(Path("edge_agent/floor/locales")).values())

if "used" in __import__("sys").argv:
    list(written())
if "before" not in __import__("sys").argv:
    forget_unwritten()
    forget_unwritten()
    from babel.core import Locale
    assert not Locale.parse("en").territories and not Locale.parse("zh_CN").languages
print(ascii(list(written())))
"""


def test_all_that_a_page_writes_is_written_as_before() -> None:
    """Also where the pages of another box in the same process were made before."""
    before, after, used = (
        subprocess.run([sys.executable, "-c", WRITE, when], capture_output=True, text=True, check=True).stdout
        for when in ("before", "after", "used")
    )
    assert before == after == used
    assert "9 Mar 2026" in before
