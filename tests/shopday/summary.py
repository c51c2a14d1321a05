"""What a shop day ends with: what was done, how fast, what broke, and whether everything held."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass
class Summary:
    """Latencies in seconds, from the fact's commit on the box to the controller's ack on the box."""

    seconds: float = 0
    facts: int = 0
    orders: int = 0
    parcels: int = 0
    papers: int = 0
    faults: int = 0
    latencies: Sequence[float] = ()
    checks: list[tuple[str, bool, str]] = field(default_factory=list)

    def check(self, what: str, is_so: bool, detail: str = "") -> None:
        """Note whether something held; `detail` is shown when it did not."""
        self.checks.append((what, is_so, detail))

    @property
    def holds(self) -> bool:
        return all(is_so for _, is_so, _ in self.checks)

    def text(self) -> str:
        lines = ["", f"The day took {self.seconds:.1f} s, with {self.faults} faults in between."]
        lines.append(f"  {self.facts} facts ({self.facts / max(self.seconds, 0.001):.0f}/s), {self.orders} orders, ")
        lines[-1] += f"{self.parcels} parcels, {self.papers} sheets of paper"
        if len(self.latencies) >= 2:
            cuts = statistics.quantiles(self.latencies, n=100, method="inclusive")
            lines.append(f"  on the box -> acked by the controller: p50 {cuts[49] * 1000:.0f} ms, p95 {cuts[94] * 1000:.0f} ms")
        lines.append("")
        for what, is_so, detail in self.checks:
            lines.append(f"  {'ok    ' if is_so else 'FAILED'}  {what}" + (f": {detail}" if detail and not is_so else ""))
        lines.append("")
        lines.append("Everything held." if self.holds else "Something did not hold; see above.")
        return "\n".join(lines)
