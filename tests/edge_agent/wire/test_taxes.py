"""How a site taxes, as its boxes know it: which of what they were told holds."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from fractions import Fraction

from edge_agent.wire.rounding import Mode
from edge_agent.wire.taxes import SiteRate, SiteTaxes, holding, percent_of
from edge_agent.wire.totals import Level

JULY = datetime(2026, 7, 1, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def taxes(since: datetime | None, percent: int) -> SiteTaxes:
    vat = SiteRate(code="vat", name="VAT", numerator=percent, denominator=100)
    book = SiteRate(code="vat", name="VAT", numerator=percent, denominator=200)
    rates = {"standard": [vat], "book": [book], "free": []}
    return SiteTaxes(region="R", since=since, is_inclusive=True, level=Level.LINE, mode=Mode.HALF_UP, rates=rates)


NOW, LATER = taxes(None, 10), taxes(JULY, 20)


def test_what_was_told_for_later_holds_from_its_instant_on() -> None:
    assert holding([NOW, LATER], JULY - SECOND) == NOW
    assert holding([LATER, NOW], JULY) == LATER
    assert holding([NOW, LATER, taxes(JULY + SECOND, 30)], JULY + SECOND) == taxes(JULY + SECOND, 30)


def test_a_box_that_does_not_know_the_time_goes_by_what_held_when_it_was_told() -> None:
    assert holding([NOW, LATER], None) == NOW
    assert holding([], JULY) is None


def test_a_class_that_nothing_is_said_of_is_taxed_as_standard_and_one_without_a_rate_not_at_all() -> None:
    assert [[rate.value for rate in NOW.rates_of(tax_class)] for tax_class in ("standard", "book", "toys", "free")] == [
        [Fraction(1, 10)],
        [Fraction(1, 20)],
        [Fraction(1, 10)],
        [],
    ]


def test_a_rate_is_written_as_people_write_it() -> None:
    shares = (Fraction(13, 100), Fraction(71, 800), Fraction(1, 10), Fraction(0), Fraction(1, 3))
    assert [percent_of(share) for share in shares] == ["13", "8.875", "10", "0", "33.333333"]
