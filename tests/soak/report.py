"""docs/reliability.md, out of what a run found."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from tests.soak.outcome import Outcome, percentile

HEAD = """# Reliability: what the latest soak found

Written by `{command}`, not by hand. What is promised and how it is attacked: [architecture.md](architecture.md),
[adr/0025](adr/0025-delivery-proven.md).

| | |
|---|---|
"""


def render(outcomes: Sequence[Outcome], about: Mapping[str, str]) -> str:
    """The page.  `about`: commit, machine, command, date."""
    recoveries = [seconds for outcome in outcomes for seconds in outcome.recoveries]
    failures = [outcome for outcome in outcomes if outcome.failure]
    rows = dict(about) | {
        "result": "all held" if not failures else f"{len(failures)} part(s) did not hold, see below",
        "facts acknowledged by a beep": f"{sum(outcome.acknowledged for outcome in outcomes):,}",
        "of them lost / counted twice": "0 / 0" if not failures else "see below",
        "print jobs whose paper was counted": f"{sum(outcome.prints for outcome in outcomes):,}",
        "printed twice in silence": "0" if not failures else "see below",
        "simulated shops (seeds)": f"{sum(outcome.seeds for outcome in outcomes):,}",
        "recovery after kill -9 (p50 / p99 / max)": " / ".join(
            f"{value:.2f} s" for value in (percentile(recoveries, 0.5), percentile(recoveries, 0.99), max(recoveries, default=0.0))
        ),
        "longest time without a fact stored, under kills": f"{max((outcome.stalled for outcome in outcomes), default=0.0):.1f} s",
        "longest healing": f"{max((outcome.healed for outcome in outcomes), default=0.0):.1f} s",
    }
    page = HEAD.format(command=about.get("command", "make soak")) + "".join(
        f"| {name} | {value} |\n" for name, value in rows.items()
    )
    page += "\n## Faults injected\n\n| fault | times |\n|---|---|\n"
    injected = sum((outcome.injected for outcome in outcomes), Counter[str]())
    page += "".join(f"| {name} | {count:,} |\n" for name, count in sorted(injected.items()))
    noticed = {name: seeds for outcome in outcomes for name, seeds in outcome.noticed.items()}
    if noticed:
        page += "\n## Rules taken out\n\nEach must be noticed, else the simulation proves nothing about it.\n\n"
        page += "| rule | noticed after seeds |\n|---|---|\n"
        page += "".join(f"| {name} | {'never' if seeds is None else seeds} |\n" for name, seeds in noticed.items())
    page += "\n## Parts\n\n| part | seconds | |\n|---|---|---|\n"
    page += "".join(f"| {outcome.part} | {outcome.seconds:.0f} | {_word(outcome)} |\n" for outcome in outcomes)
    for outcome in failures:
        page += f"\n### {outcome.part}\n\n```\n{outcome.failure[:4000]}\n```\n"
    return page


def _word(outcome: Outcome) -> str:
    if outcome.failure:
        return "did not hold"
    return "held; its time was over before all was done" if outcome.is_cut_short else "held"
