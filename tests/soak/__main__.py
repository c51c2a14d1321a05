"""`python -m tests.soak t0 [part …]` or `market [--orders N] [--minutes N]`: see the package."""

from __future__ import annotations

import argparse
import asyncio
import os
import platform
import secrets
import subprocess
import sys
import tempfile
import time
import traceback
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from random import Random

from tests.shopday.programs import ROOT
from tests.soak import market
from tests.soak.outcome import Outcome
from tests.soak.parts import PARTS, Soak
from tests.soak.report import render
from tests.soak.tiers import TIERS, Tier

PAGE = ROOT / "docs" / "reliability.md"


def main() -> int:
    if sys.argv[1:2] == ["market"]:
        return market.main(PAGE, _about(" ".join(sys.argv[1:]), 0), sys.argv[2:])
    parser = argparse.ArgumentParser(prog="make soak", description="A shop under faults; writes docs/reliability.md.")
    parser.add_argument("tier", choices=sorted(TIERS))
    parser.add_argument("part", nargs="*", choices=[*PARTS, []], help="only these; then nothing is written")
    parser.add_argument("--seed", type=int, default=secrets.randbits(32))
    parser.add_argument("--minutes", type=int, help="the whole run's time, if it is not to be the tier's")
    chosen = parser.parse_args()
    tier = TIERS[chosen.tier]
    if chosen.minutes:
        tier = replace(tier, seconds=60 * chosen.minutes)
    outcomes = asyncio.run(_run(tier, chosen.part or list(PARTS), chosen.seed))
    limited = f" --minutes {chosen.minutes}" if chosen.minutes else ""
    page = render(outcomes, _about(f"{chosen.tier}{limited}", chosen.seed))
    if chosen.part or chosen.tier == "smoke":
        print(page)
    else:
        PAGE.write_text(page + market.kept(PAGE), encoding="utf-8")
        print(f"written: {PAGE.relative_to(ROOT)}")
    return 1 if any(outcome.failure for outcome in outcomes) else 0


async def _run(tier: Tier, parts: list[str], seed: int) -> list[Outcome]:
    began, total = time.monotonic(), tier.seconds
    shares = sum(PARTS[name][1] for name in parts)
    outcomes = []
    with tempfile.TemporaryDirectory(prefix="shelfwire-soak-", ignore_cleanup_errors=True) as folder:
        due = began
        for name in parts:
            part, share = PARTS[name]
            due += total * share / shares
            soak = Soak(tier, Path(folder), Random(f"{seed}/{name}"), due)
            outcomes.append(Outcome(name))
            print(f"{_clock(began)}  {name} (at most until {_minutes(due - began)}) …", flush=True)
            await _do(soak, part, outcomes[-1])
            print(
                f"{_clock(began)}  {name}: {outcomes[-1].failure.splitlines()[-1] if outcomes[-1].failure else 'held'}", flush=True
            )
    return outcomes


async def _do(soak: Soak, part: object, outcome: Outcome) -> None:
    began = time.monotonic()
    try:
        await part(soak, outcome)  # type: ignore[operator]  # a Part
    except Exception:
        outcome.failure = traceback.format_exc()
    outcome.seconds = time.monotonic() - began


def _about(tier: str, seed: int) -> dict[str, str]:
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=False)
    changed = subprocess.run(["git", "status", "--porcelain"], cwd=ROOT, capture_output=True, text=True, check=False)
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    machine = (
        f"{platform.system()} {platform.machine()}",
        f"{os.cpu_count()} processors",
        f"{memory:.0f} GiB",
        f"Python {platform.python_version()}",
    )
    return {
        "command": f"make soak ARGS={tier!r}" if " " in tier else f"make soak ARGS={tier}",
        "seed": str(seed),
        "commit": (commit.stdout.strip() or "unknown") + (", with changes" if changed.stdout.strip() else ""),
        "machine": ", ".join(machine),
        "date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
    }


def _clock(began: float) -> str:
    return _minutes(time.monotonic() - began)


def _minutes(seconds: float) -> str:
    return f"{int(seconds) // 60:02d}:{int(seconds) % 60:02d}"


if __name__ == "__main__":
    sys.exit(main())
