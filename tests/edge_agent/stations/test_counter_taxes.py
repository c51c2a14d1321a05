"""What a counter tells, books and prints where the site's prices are without tax, or with it: counted at the box, alone."""

from __future__ import annotations

from datetime import timedelta
from importlib import resources

from msgspec.structs import replace

from drivers.documents.model import Receipt
from drivers.documents.templates import fill, load_template
from edge_agent.stations import Paper, Rules, say
from edge_agent.stations.counter_shown import shows
from edge_agent.stations.counter_state import Counter
from edge_agent.stations.model import NOTHING_KNOWN, Known
from edge_agent.stations.table import restore
from edge_agent.wire.codec import encode
from edge_agent.wire.facts import PrintRequested
from edge_agent.wire.order_facts import CounterOrder, OrderTemplate, TemplateLine
from edge_agent.wire.rounding import Mode
from edge_agent.wire.taxes import SiteRate, SiteTaxes
from edge_agent.wire.totals import Level
from tests.edge_agent.stations.worker import ITEM, MILK, NOW, TEA, Worker

BUILTIN = resources.files("controller.documents") / "builtin"
TAXED = load_template((BUILTIN / "counter-receipt-taxed.json").read_bytes())
BOTH = {"counter-receipt": "a" * 64, "counter-receipt-taxed": "b" * 64}
BOOK = replace(ITEM, sku="book", name_en="Book", name_zh="书", price_minor=1250, tax_class="books")


def rate(name: str, numerator: int, denominator: int = 100) -> SiteRate:
    return SiteRate(code=name.lower(), name=name, numerator=numerator, denominator=denominator)


NEW_YORK = SiteTaxes(
    region="US-NY-NYC",
    is_inclusive=False,
    level=Level.RATE,
    mode=Mode.HALF_UP,
    rates={"standard": [rate("State", 4), rate("City", 4875, 100_000)], "books": []},
)
"""As the controller tells it: 4 % of the state, 4.875 % of the city, on prices without tax."""
CHINA = SiteTaxes(
    region="CN",
    is_inclusive=True,
    level=Level.LINE,
    mode=Mode.HALF_UP,
    rates={"standard": [rate("VAT", 13)], "books": [rate("VAT", 9)]},
)
SWISS = replace(CHINA, region="CH", step=5)


def at_counter(*taxes: SiteTaxes, templates: dict[str, str] | None = None) -> Worker:
    paper = Paper(receipts="roll", templates=BOTH if templates is None else templates, zone="Asia/Shanghai")
    worker = Worker(Rules(paper=paper, box="b1"))
    worker.known = Known(taxes=taxes)
    return worker.scans("ORDER")


def the_order(worker: Worker) -> CounterOrder:
    (order,) = [fact for fact in worker.booked if isinstance(fact, CounterOrder)]
    return order


def receipt(worker: Worker) -> tuple[str, str]:
    """Its template, and its text."""
    (paper,) = [fact.request for fact in worker.booked if isinstance(fact, PrintRequested)]
    if paper.template != TAXED.name:
        return paper.template, ""
    filled = fill(TAXED, paper.data)
    assert isinstance(filled, Receipt)
    return paper.template, str(filled)


def test_tax_comes_on_prices_without_it_and_is_told_booked_and_printed_by_its_rates() -> None:
    worker = at_counter(NEW_YORK).scans(MILK, MILK).scans(TEA, item=BOOK)
    assert say(worker.answer) == "Book / 书: 1 = CNY 12.50. To pay: CNY 21.65."
    worker.scans("DONE")
    order = the_order(worker)
    assert (order.total_minor, order.tax_minor, order.rounding_minor) == (2165, 75, 0)  # 8.40: 0.336 and 0.4095
    template, text = receipt(worker)
    assert template == "counter-receipt-taxed"
    for told in ("加 plus State 4%", "加 plus City 4.875%", "CNY 0.34", "CNY 0.41", "净额 Net CNY 8.40", "CNY 21.65"):
        assert told in text


def test_tax_in_the_prices_is_printed_and_changes_no_sum() -> None:
    worker = at_counter(CHINA).scans(MILK).scans(TEA, item=BOOK).scans("DONE")
    order = the_order(worker)
    assert (order.total_minor, order.tax_minor, order.rounding_minor) == (1670, 0, 0)
    text = receipt(worker)[1]
    for told in ("含 incl. VAT 13%", "CNY 0.48", "含 incl. VAT 9%", "CNY 1.03", "净额 Net CNY 11.47"):
        assert told in text


def test_what_is_paid_is_rounded_to_the_smallest_coin() -> None:
    worker = at_counter(SWISS).scans(MILK, item=replace(ITEM, price_minor=418)).scans("DONE")
    order = the_order(worker)
    assert (order.total_minor, order.rounding_minor) == (420, 2)
    text = receipt(worker)[1]
    assert "舍入 Rounding" in text
    assert "CNY 0.02" in text


def test_a_discount_comes_off_before_tax() -> None:
    worker = at_counter(NEW_YORK).scans(TEA, item=replace(ITEM, price_minor=10_000)).presses("percent", 10)
    worker.scans("INHOUSE", "DONE")
    order = the_order(worker)
    assert (order.discount_minor, order.tax_minor, order.total_minor) == (1000, 799, 9799)  # 90.00: 3.60 and 4.3875


def test_a_rate_that_changes_holds_from_its_instant_on_also_for_an_order_that_is_open() -> None:
    later = replace(CHINA, since=NOW + timedelta(minutes=1), is_inclusive=False)
    worker = at_counter(CHINA, later).scans(MILK)
    assert say(worker.answer).endswith("To pay: CNY 4.20.")
    worker.known = Known(taxes=(replace(CHINA, since=None), replace(later, since=NOW)))
    worker.scans("DONE")
    assert the_order(worker).total_minor == 475


def test_a_box_that_is_too_slow_to_say_taxes_as_at_the_reading_before() -> None:
    worker = at_counter(NEW_YORK).scans(MILK)
    worker.known = NOTHING_KNOWN
    assert the_order(worker.scans("DONE")).total_minor == 457


def test_an_order_put_aside_is_taxed_as_when_it_is_done() -> None:
    worker = at_counter(CHINA).scans(MILK, "HOLD")
    worker.known = Known(taxes=(NEW_YORK,))
    worker.scans("CONTINUE")
    assert say(worker.answer) == "Going on: Milk 1 L. To pay: CNY 4.57."
    assert the_order(worker.scans("DONE")).total_minor == 457


def test_lines_of_a_template_are_taxed_by_their_class() -> None:
    book = TemplateLine(
        sku="book", name_en="Book", name_zh="书", symbol="B", unit="piece", price_minor=1000, currency="CNY", quantity=1
    )
    lines = [replace(book, tax_class=tax_class) for tax_class in ("books", "standard")]
    worker = at_counter(NEW_YORK)
    worker.known = replace(worker.known, document=OrderTemplate(number="OT-1", title="Set", lines=lines))
    worker.scans("OT-1")
    worker.known = Known(taxes=(NEW_YORK,))
    assert the_order(worker.scans("DONE")).total_minor == 2089  # 10.00: 0.40 and 0.4875


def test_without_the_template_for_taxes_the_receipt_bears_the_right_sum() -> None:
    worker = at_counter(NEW_YORK, templates={"counter-receipt": "a" * 64}).scans(MILK, "DONE")
    (paper,) = [fact.request for fact in worker.booked if isinstance(fact, PrintRequested)]
    assert (paper.template, paper.data["total"], "taxes" in paper.data) == ("counter-receipt", "CNY 4.57", False)


def test_a_site_without_taxes_prints_none() -> None:
    assert receipt(at_counter().scans(MILK, "DONE"))[0] == "counter-receipt"


def test_the_page_shows_what_the_sum_is_made_of_and_a_restart_forgets_none_of_it() -> None:
    worker = at_counter(NEW_YORK).scans(MILK)
    again = restore(encode(worker.state))
    assert again == worker.state
    assert isinstance(again.activity, Counter)
    (segment, *_) = shows(again.activity, Known(taxes=(NEW_YORK,)))
    assert [(line.name.en, line.name.zh, line.told.en) for line in segment.lines[1:]] == [
        ("State 4%, added", "加税：State 4%", "CNY 0.17"),
        ("City 4.875%, added", "加税：City 4.875%", "CNY 0.20"),
    ]
    assert again.activity.due == "CNY 4.57"


def test_what_was_paid_with_tax_is_given_back_with_it() -> None:
    worker = at_counter(NEW_YORK).scans(MILK, "DONE", "UNDO")
    assert counter_refund(worker) == 457


def counter_refund(worker: Worker) -> int:
    assert isinstance(worker.state.activity, Counter)
    return worker.state.activity.refunds[0].amount_minor
