"""`python -m tests.soak market`: a marketplace's day on PostgreSQL; the last section of docs/reliability.md."""

from __future__ import annotations

import argparse
import asyncio
import secrets
import tempfile
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from tests.marketday.day import Course, Report, play
from tests.servers import running_mosquitto, running_postgres

HEADING = "## A day of a marketplace"
ABOUT = """Written by the command below.  Every order goes through the real controller, boxes are off-line and come back; in the
evening the books of plan, provider, carrier, boxes and controller are held side by side (`tests/marketday/oracle.py`).
"""


def main(page: Path, about: Mapping[str, str], arguments: list[str]) -> int:
    """Plays, prints, and writes the section."""
    parser = argparse.ArgumentParser(prog="make soak ARGS=market", description="A day of a marketplace, judged by all books.")
    parser.add_argument("--orders", type=int, default=50_000)
    parser.add_argument("--minutes", type=float, default=240, help="after so many no more orders are let in")
    parser.add_argument("--kills", type=int, default=20, help="of the controller")
    parser.add_argument("--seed", type=int, default=secrets.randbits(32))
    parser.add_argument("--dry", action="store_true", help="write nothing")
    chosen = parser.parse_args(arguments)
    course = Course(chosen.seed, chosen.orders, chosen.kills, 60 * chosen.minutes, hastens=True, say=_say)
    with tempfile.TemporaryDirectory(prefix="shelfwire-market-", ignore_cleanup_errors=True) as folder:
        report = _play(Path(folder), course)
    text = section(report, {**about, "seed": str(chosen.seed)})
    print(text)
    if not chosen.dry:
        page.write_text(page.read_text(encoding="utf-8").partition(HEADING)[0].rstrip() + "\n\n" + text, encoding="utf-8")
    return 1 if report.findings else 0


def _say(text: str) -> None:
    print(text, flush=True)


def _play(folder: Path, course: Course) -> Report:
    (folder / "mosquitto").mkdir()
    (folder / "work").mkdir()
    with running_mosquitto(folder / "mosquitto") as broker, running_postgres() as cluster, cluster.fresh_database() as url:
        return asyncio.run(play(folder / "work", broker, url, course))


def section(report: Report, about: Mapping[str, str]) -> str:
    """What a day came to."""
    rows = {
        **about,
        "result": "all held" if not report.findings else f"{len(report.findings)} findings, see below",
        "orders": f"{sum(report.ends.values()):,} of {report.orders:,}" + (": its time was over" if report.is_cut_short else ""),
        "first order to last book": f"{report.seconds:,.0f} s, {sum(report.ends.values()) / report.seconds:.1f}/s",
    }
    text = f"{HEADING}\n\n{ABOUT}"
    text += _table(("", ""), rows)
    text += "\n| how orders ended | |\n|---|---|\n" + _counted(report.ends)
    text += "\n| wanted cancelled at the node | |\n|---|---|\n" + _counted(report.cancelled_at)
    text += "\n| fault, message | times |\n|---|---|\n" + _counted(report.faults)
    text += "\n| refused by the API, as it should | times |\n|---|---|\n" + _counted(report.refused)
    if report.findings:
        text += "\n```\n" + "\n".join(report.findings[:100]) + "\n```\n"
    return text


def _table(head: tuple[str, str], rows: Mapping[str, str]) -> str:
    return f"\n| {head[0]} | {head[1]} |\n|---|---|\n" + "".join(f"| {name} | {value} |\n" for name, value in rows.items())


def _counted(counts: Counter[str]) -> str:
    return "".join(f"| {name} | {count:,} |\n" for name, count in sorted(counts.items()) if count)


def kept(page: Path) -> str:
    """The section as it is, for whoever writes the rest of the page anew."""
    text = page.read_text(encoding="utf-8") if page.exists() else ""
    return f"\n{HEADING}{text.partition(HEADING)[2]}" if HEADING in text else ""
