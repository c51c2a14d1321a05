"""What a receipt printer's proof claims, against the paper that came out, whatever happens to paper, cover and mains."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from drivers.devices import PrintProof
from drivers.documents.model import Code, Line, Receipt, Symbology
from drivers.errors import DeviceFault
from tests.drivers.printers.paired import Paired, read_back

PRINTERS = {"escpos": ("escpos", "TM-T20III"), "barrier": ("escpos", "POS-80"), "star": ("star.line", "")}


class Shop(RuleBasedStateMachine):
    """Jobs carry their number as the last thing on their paper.  `open` is the job whose proof is waited for."""

    @initialize(kind=st.sampled_from(sorted(PRINTERS)))
    def switch_on(self, kind: str) -> None:
        model, name = PRINTERS[kind]
        self.pair = Paired(model, protocol="star" if model == "star.line" else None)
        if name:
            self.pair.do("model", name=name)
        self.best = PrintProof.STATUS_OK if kind == "barrier" else PrintProof.CONFIRMED
        self.number = 100
        self.open: int | None = None
        self.proven: list[int] = []
        self.out: set[str] = set()
        self.read = 0

    @rule(
        lines=st.integers(0, 12),
        stop=st.sampled_from(["", "cover_open", "paper_out"]),
        left=st.integers(0, 60),
        then=st.sampled_from(["off_and_wait", "wait", "leave", "off_and_leave", "reconnect"]),
    )
    def print_one(self, lines: int, stop: str = "", left: int = 0, then: str = "wait") -> None:
        """Perhaps the cover is opened before it comes out, or its paper ends after so many millimetres; then a person comes."""
        self.number += 1
        self.open = self.number
        code = Code(symbology=Symbology.CODE128, data=f"JOB-{self.number}")
        encoded = self.pair.driver.encode_receipt(Receipt(parts=(*(Line(text="Milk 茶"),) * lines, code)))
        if stop == "cover_open":
            self.pair.fault("cover_open")
        elif stop == "paper_out":
            self.pair.do("paper", millimetres=left)
        self.pair.driver.send(encoded)
        self.take(lambda: self.pair.driver.prove(encoded, 2))

        self.put_right(then)

    def put_right(self, then: str) -> None:
        """What waits in the printer's buffer comes out, unless it was switched off before."""
        if then.startswith("off"):
            self.pair.do("off_and_on")
        self.pair.fault("cover_open", on=False)
        self.pair.fault("paper_out", on=False)
        if then == "reconnect":
            self.pair.reconnect()
        elif then.endswith("wait") and self.open is not None:
            self.take(lambda: self.pair.driver.resume_proof(1))
        self.open = None

    def take(self, ask) -> None:  # type: ignore[no-untyped-def]  # one of the two questions above
        try:
            proof = ask()
        except DeviceFault:
            return
        if proof is None:
            return
        if proof in (PrintProof.CONFIRMED, PrintProof.STATUS_OK):
            assert self.open is not None
            self.proven.append(self.open)
        self.open = None

    @invariant()
    def no_more_is_claimed_than_came_out(self) -> None:
        papers = self.pair.papers
        for paper in papers[self.read :]:
            self.out.update(read_back(paper))
        self.read = len(papers)
        assert {f"JOB-{number}" for number in self.proven} <= self.out


TestShop = Shop.TestCase
TestShop.settings = settings(
    max_examples=40,
    stateful_step_count=14,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)


@pytest.mark.parametrize("kind", sorted(PRINTERS))
def test_all_is_proven_when_nothing_happens(kind: str) -> None:
    shop = Shop()
    shop.switch_on(kind)
    for _ in range(4):
        shop.print_one(2)
    assert shop.proven == [101, 102, 103, 104]
    shop.no_more_is_claimed_than_came_out()
