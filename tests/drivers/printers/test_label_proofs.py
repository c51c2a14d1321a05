"""What a label printer's proof claims, against the labels that came out, whatever happens to paper, head and mains."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from drivers.devices import PrintProof, Readiness
from drivers.documents.model import Symbology
from drivers.errors import DeviceFault, DeviceTimeout
from tests.drivers.printers.labels import code, label_of
from tests.drivers.printers.paired import Paired, read_back

PRINTERS: Mapping[str, tuple[str, Mapping[str, object], str]] = {
    "tspl": ("tspl", {}, "tspl"),
    "tspl counted": ("tspl", {"counter": True}, "tspl"),
    "epl2": ("epl2", {}, "epl2"),
    "brother": ("brother.ql", {"media": "62"}, "brother_ql"),
}
STOPS = {"tspl": "head_open", "epl2": "head_open", "brother_ql": "cover_open"}


class Shop(RuleBasedStateMachine):
    """Every label carries its job's number.  A job is sent only to a printer that says it is ready."""

    @initialize(kind=st.sampled_from(sorted(PRINTERS)))
    def switch_on(self, kind: str) -> None:
        model, options, self.protocol = PRINTERS[kind]
        self.pair = Paired(model, options, self.protocol)
        self.number = 100
        self.claimed: dict[str, int] = {}
        self.out: dict[str, int] = {}
        self.read = 0

    @rule(copies=st.integers(1, 3))
    def print_one(self, copies: int) -> None:
        if self.pair.driver.status().readiness is not Readiness.OK:
            return
        self.number += 1
        encoded = self.pair.driver.encode_label(label_of(code(Symbology.CODE128, f"JOB-{self.number}")), copies=copies)
        self.pair.driver.send(encoded)
        try:
            proof = self.pair.driver.prove(encoded, 0.3)
        except (DeviceFault, DeviceTimeout):
            return
        if proof is not PrintProof.WRITTEN:
            self.claimed[f"JOB-{self.number}"] = copies

    @rule(labels=st.integers(0, 4))
    def nearly_the_last_label(self, labels: int) -> None:
        self.pair.emulator.on_command({"do": "paper", "labels": labels})

    @rule()
    def new_roll(self) -> None:
        self.pair.fault("paper_out", on=False)

    @rule(on=st.booleans())
    def opened(self, on: bool) -> None:
        self.pair.fault(STOPS[self.protocol], on=on)

    @rule()
    def off_and_on(self) -> None:
        self.pair.emulator.on_command({"do": "off_and_on"})

    @rule(cut_at=st.integers(1, 4000))
    def a_job_breaks_off(self, cut_at: int) -> None:
        data = self.pair.driver.encode_label(label_of(code(Symbology.QR, "BROKEN"))).data
        self.pair.emulator.on_bytes(data[: min(cut_at, len(data) - 12)])
        self.pair.reconnect()

    @invariant()
    def no_more_is_claimed_than_came_out(self) -> None:
        papers = [report for report in self.pair.reports if report["event"] == "paper"]
        for report, paper in list(zip(papers, self.pair.papers, strict=True))[self.read :]:
            for job in read_back(paper):
                self.out[job] = self.out.get(job, 0) + int(str(report["copies"]))
        self.read = len(papers)
        assert all(self.out.get(job, 0) == copies for job, copies in self.claimed.items())


TestShop = Shop.TestCase
TestShop.settings = settings(
    max_examples=25,
    stateful_step_count=10,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)


@pytest.mark.parametrize("kind", sorted(PRINTERS))
def test_all_is_claimed_when_nothing_happens(kind: str) -> None:
    shop = Shop()
    shop.switch_on(kind)
    for copies in (1, 2, 3):
        shop.print_one(copies)
    shop.no_more_is_claimed_than_came_out()
    assert shop.out == {"JOB-101": 1, "JOB-102": 2, "JOB-103": 3} == shop.claimed
