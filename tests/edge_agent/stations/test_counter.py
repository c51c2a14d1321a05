"""Orders at the counter: lines, weights, templates, presets, discounts, orders put aside; DONE books one and prints its receipt."""

from __future__ import annotations

from importlib import resources

import pytest
from msgspec.structs import replace

from drivers.documents.model import Receipt
from drivers.documents.templates import fill, load_template
from edge_agent.stations import Item, Missing, Paper, Rules, Scanned, Verdict, say
from edge_agent.stations.counter_shown import notes, offers, shows
from edge_agent.stations.counter_state import Counter
from edge_agent.stations.model import Known
from edge_agent.stations.table import restore
from edge_agent.wire.codec import encode
from edge_agent.wire.facts import PrintRequested, Retracted
from edge_agent.wire.order_facts import CounterOrder, GivenBack, Goes, OrderTemplate, PayBy, TemplateLine
from tests.edge_agent.stations.worker import ANNA, ITEM, LI, MILK, TEA, Worker, read_of

TEMPLATE = load_template((resources.files("controller.documents") / "builtin" / "counter-receipt.json").read_bytes())
REFUND = load_template((resources.files("controller.documents") / "builtin" / "counter-refund.json").read_bytes())
PAPER = Paper(receipts="roll", templates={"counter-receipt": "b" * 64}, zone="Asia/Shanghai")
HAM = replace(ITEM, sku="ham", name_en="Ham", name_zh="火腿", unit="gram", price_minor=899)
LEAF = replace(ITEM, sku="tea", name_en="Tea", name_zh="茶", price_minor=1250)
MANAGER = replace(ANNA, roles=("manager",))
BREAKFAST = OrderTemplate(
    number="OT-100001",
    title="Breakfast",
    lines=[
        TemplateLine(
            sku="milk", name_en="Milk", name_zh="牛奶", symbol=MILK, unit="piece", price_minor=420, currency="CNY", quantity=2
        ),
        TemplateLine(
            sku="ham", name_en="Ham", name_zh="火腿", symbol="ham", unit="gram", price_minor=899, currency="CNY", quantity=250
        ),
    ],
)
ACCOUNT = OrderTemplate(number="OP-100002", title="Kitchen", kind="preset", pays=PayBy.ACCOUNT, goes=Goes.SHIPPED)


def at_counter(*, asks_manager: bool = False, paper: Paper = PAPER) -> Worker:
    return Worker(Rules(paper=paper, asks_manager=asks_manager, box="b1", orders=11)).scans("ORDER")


def orders(worker: Worker) -> list[CounterOrder]:
    return [fact for fact in worker.booked if isinstance(fact, CounterOrder)]


def the_order(worker: Worker) -> CounterOrder:
    (order,) = orders(worker)
    return order


def counter(worker: Worker) -> Counter:
    assert isinstance(worker.state.activity, Counter)
    return worker.state.activity


def knows(worker: Worker, document: OrderTemplate | None) -> Worker:
    worker.known = Known(document=document)
    return worker


def test_items_become_lines_and_done_books_the_order_with_its_own_number() -> None:
    worker = at_counter().scans(MILK, MILK).scans(TEA, item=LEAF)
    assert say(worker.answer) == "Tea / 茶: 1 = CNY 12.50. To pay: CNY 20.90."
    assert say(worker.answer, "zh-CN") == "茶 / Tea：1，CNY 12.50。应付 CNY 20.90。"
    worker.scans("DONE")
    order = the_order(worker)
    assert (order.reference, order.total_minor, order.currency) == ("b1-000012", 2090, "CNY")
    assert [(line.sku, line.quantity, line.amount_minor) for line in order.lines] == [("milk", 2, 840), ("tea", 1, 1250)]
    assert (order.pays, order.goes, worker.state.orders) == (PayBy.CASH, Goes.TAKEN, 12)
    assert counter(worker) == Counter()


def test_the_order_bears_its_readings_id_and_its_receipt_is_in_the_same_commit() -> None:
    worker = at_counter().scans(MILK, "DONE")
    order, paper = worker.last.facts[1:]
    assert (order.id, worker.last.feedback and worker.last.feedback.reading) == (worker.answer.reading, order.id)
    assert isinstance(paper.data, PrintRequested)
    assert (paper.device, paper.data.job, paper.data.request.template) == ("roll", f"{order.id}-1", "counter-receipt")
    filled = fill(TEMPLATE, paper.data.request.data)
    assert isinstance(filled, Receipt)
    text = str(filled)
    assert "b1-000012" in text and "CNY 4.20" in text and "2026-11-22 14:02" in text


@pytest.mark.parametrize("paper", [Paper(templates=PAPER.templates), Paper(receipts="roll")])
def test_without_a_printer_or_a_template_the_order_is_made_and_its_number_told(paper: Paper) -> None:
    worker = at_counter(paper=paper).scans(MILK, "DONE")
    assert (worker.code, len(orders(worker)), worker.answer.args["reference"]) == ("counter_done_plain", 1, "b1-000012")


@pytest.mark.parametrize(("preset", "opens"), [("OP-CASH", True), ("OP-CARD", False), ("OP-SHIP", False)])
def test_the_drawer_opens_with_the_receipt_of_an_order_that_is_paid_in_cash(preset: str, opens: bool) -> None:
    worker = at_counter().scans(MILK).scans(preset, item=Missing.UNKNOWN).scans("DONE")
    (paper,) = [fact.request for fact in worker.booked if isinstance(fact, PrintRequested)]
    assert paper.open_drawer is opens


@pytest.mark.parametrize("price", [418, 1, 1668])
def test_ten_percent_needs_no_manager_however_it_is_rounded(price: int) -> None:
    worker = at_counter().scans(MILK, item=replace(ITEM, price_minor=price)).presses("percent", 10).scans("INHOUSE")
    assert worker.code == "counter_discounted"
    assert worker.presses("percent", 11).scans("INHOUSE").code == "counter_manager"


def test_digits_before_an_item_say_how_many() -> None:
    assert the_order(at_counter().scans("ONE", "DUO", MILK, "DONE")).lines[0].quantity == 12


def test_what_is_sold_by_weight_waits_for_the_scale_and_is_told_in_whole_grams() -> None:
    worker = at_counter().scans("HAM", item=HAM)
    assert worker.code == "counter_weigh"
    assert worker.scans(MILK).code == "counter_weigh_first"
    assert worker.scans("DONE").code == "counter_weigh"
    assert worker.weighs(0).code == "counter_scale_empty"
    worker.weighs(254).scans("DONE")
    line = the_order(worker).lines[0]
    assert (line.measure, line.amount_minor) == (254, 2283)


def test_a_barcode_with_its_weight_needs_no_scale() -> None:
    worker = at_counter().scans("2700012012503", item=replace(HAM, numerator=1250)).scans("DONE")
    line = the_order(worker).lines[0]
    assert (line.quantity, line.measure, line.amount_minor) == (1, None, 11238)


def test_digits_are_grams_of_what_is_sold_by_weight() -> None:
    assert the_order(at_counter().scans("THREE", "NIL", "NIL").scans("HAM", item=HAM).scans("DONE")).lines[0].measure == 300


def test_undo_takes_back_one_reading_after_another() -> None:
    worker = at_counter().scans(MILK, "DUO", MILK)
    assert counter(worker).basket.lines[0].quantity == 3
    worker.scans("UNDO")
    assert (worker.code, counter(worker).basket.lines[0].quantity) == ("undone_counter_line", 1)
    assert counter(worker.scans("UNDO")).basket.lines == ()


def test_undo_of_a_weight_that_is_waited_for_drops_it() -> None:
    assert counter(at_counter().scans("HAM", item=HAM).scans("UNDO")).weighing is None


def test_a_lines_quantity_is_set_and_the_line_taken_out() -> None:
    worker = at_counter().scans(MILK).scans(TEA, item=LEAF).scans("FIVE", "CORRECT")
    assert [line.quantity for line in counter(worker).basket.lines] == [1, 5]
    worker.scans("CORRECT", MILK)
    assert (worker.code, len(counter(worker).basket.lines)) == ("counter_selected", 2)
    worker.scans("SEVEN", "CORRECT")
    assert [line.quantity for line in counter(worker).basket.lines] == [7, 5]
    worker.scans("NOTHING")
    assert [line.goods.sku for line in counter(worker).basket.lines] == ["tea"]


def test_what_is_not_in_the_order_is_not_corrected() -> None:
    worker = at_counter().scans(MILK, "CORRECT").scans(TEA, item=LEAF)
    assert (worker.code, worker.answer.verdict, len(counter(worker).basket.lines)) == ("counter_not_in_it", Verdict.WRONG, 1)


@pytest.mark.parametrize(
    ("item", "code"),
    [
        (Missing.UNKNOWN, "counter_unknown"),
        (Missing.SEVERAL, "lookup_several"),
        (Missing.NO_CATALOGUE, "lookup_no_catalogue"),
        (Missing.LATE, "lookup_late"),
        (replace(ITEM, price_minor=0), "counter_unpriced"),
    ],
)
def test_what_has_no_price_here_is_told_and_not_sold(item: object, code: str) -> None:
    worker = at_counter().scans(TEA, item=item)  # type: ignore[arg-type]  # of the table above
    assert (worker.code, counter(worker).basket.lines) == (code, ())


def test_goods_in_another_currency_are_another_order() -> None:
    worker = at_counter().scans(MILK).scans(TEA, item=replace(LEAF, currency="EUR"))
    assert (worker.code, len(counter(worker).basket.lines)) == ("counter_currency", 1)


def test_a_template_adds_its_lines_and_is_named_in_the_order() -> None:
    worker = knows(at_counter(), BREAKFAST).scans("DUO", "OT-100001", item=Missing.UNKNOWN)
    assert (worker.code, worker.answer.args["added"]) == ("counter_template", 2)
    order = the_order(worker.scans("DONE"))
    assert order.templates == ["OT-100001"]
    assert [(line.sku, line.measure, line.amount_minor) for line in order.lines] == [("milk", 4, 1680), ("ham", 500, 4495)]


def test_undo_takes_a_whole_template_back() -> None:
    worker = knows(at_counter(), BREAKFAST).scans("OT-100001", item=Missing.UNKNOWN).scans("UNDO")
    assert (worker.code, counter(worker).basket.lines, counter(worker).basket.templates) == ("undone_counter_template", (), ())


@pytest.mark.parametrize("text", ["OT-100009", "op-7"])
def test_a_number_of_a_template_that_the_box_does_not_know_is_no_article(text: str) -> None:
    worker = at_counter().scans(text, item=Missing.UNKNOWN)
    assert (worker.code, worker.answer.verdict) == ("counter_template_unknown", Verdict.UNKNOWN)


def test_presets_say_how_it_is_paid_and_gets_away() -> None:
    worker = knows(at_counter(), ACCOUNT).scans("OP-100002", item=Missing.UNKNOWN)
    assert say(worker.answer) == "This order: On account, shipped."
    order = the_order(knows(worker, None).scans(MILK, "DONE"))
    assert (order.preset, order.pays, order.goes) == ("OP-100002", PayBy.ACCOUNT, Goes.SHIPPED)


def test_a_box_that_knows_no_preset_has_its_own() -> None:
    order = the_order(at_counter().scans("OP-CARD", item=Missing.UNKNOWN).scans(MILK, "DONE"))
    assert (order.preset, order.pays, order.goes) == ("OP-CARD", PayBy.CARD, Goes.TAKEN)


def test_a_small_discount_needs_a_reason_alone() -> None:
    worker = at_counter().scans("FIVE", MILK, "ONE", "NIL", "PERCENT")
    assert say(worker.answer).startswith("CNY 2.10 off. Scan why")
    worker.scans(TEA, item=LEAF)
    assert worker.code == "counter_finish_first"
    order = the_order(worker.scans("TICKET", "DONE"))
    assert (order.discount_minor, order.discount_reason, order.approved_by, order.total_minor) == (210, "label_differs", None, 1890)


def test_a_large_discount_needs_a_managers_badge() -> None:
    worker = at_counter().scans("FIVE", MILK, "ONE", "ONE", "PERCENT", "BROKEN")
    assert worker.code == "counter_manager"
    assert worker.scans("DONE").code == "counter_finish_first"
    worker.shows(LI)
    assert (worker.code, counter(worker).basket.discount) == ("signed_in", None)
    worker.shows(MANAGER)
    assert (worker.code, worker.there) == ("counter_discounted", LI.id)
    order = the_order(worker.scans("DONE"))
    assert (order.discount_minor, order.approved_by) == (231, MANAGER.id)


def test_where_managers_are_asked_for_any_discount_needs_one_and_theirs_needs_no_other() -> None:
    assert at_counter(asks_manager=True).scans("FIVE", MILK, "ONE", "PERCENT", "OTHER").code == "counter_manager"
    worker = Worker(Rules(paper=PAPER, asks_manager=True, box="b1")).shows(MANAGER).scans("ORDER", MILK, "NINE", "NIL", "PERCENT")
    assert (worker.scans("OTHER").code, the_order(worker.scans("DONE")).approved_by) == ("counter_discounted", MANAGER.id)


def test_an_amount_off_is_typed_in_minor_units_and_never_more_than_the_goods() -> None:
    worker = at_counter().scans(MILK, "FOUR", "DUO", "DISCOUNT", "OTHER")
    assert counter(worker).basket.due_minor == 378
    assert worker.scans("NINE", "NINE", "NINE", "DISCOUNT").code == "counter_discount_number"


def test_undo_drops_a_discount_that_waits() -> None:
    worker = at_counter().scans(MILK, "FIVE", "NIL", "PERCENT", "UNDO")
    assert (worker.code, counter(worker).offer, len(counter(worker).basket.lines)) == ("undone_counter_discount", None, 1)


def test_an_order_is_put_aside_and_gone_on_with() -> None:
    worker = at_counter().scans(MILK, "HOLD").scans(TEA, item=LEAF)
    assert worker.scans("CONTINUE").code == "counter_open"
    worker.scans("DONE", "CONTINUE")
    assert say(worker.answer) == "Going on: Milk 1 L. To pay: CNY 4.20."
    worker.scans("DONE")
    assert [order.total_minor for order in orders(worker)] == [1250, 420]


def test_orders_put_aside_stay_when_the_counter_is_left() -> None:
    worker = at_counter().scans(MILK, "HOLD", "STOP", "COUNT", "STOP")
    worker.state = restore(encode(worker.state))
    worker.scans("ORDER", "CONTINUE", "DONE")
    assert the_order(worker).total_minor == 420
    assert Worker(Rules(box="b1")).scans("ORDER", MILK, "HOLD", "DONE", "ORDER", "CONTINUE").code == "counter_resumed"


def test_an_open_order_is_not_left_for_another_task_and_not_by_itself() -> None:
    worker = at_counter().scans(MILK)
    assert worker.scans("COUNT").code == "counter_open"
    assert len(counter(worker.waits(60)).basket.lines) == 1
    assert worker.scans("STOP").code == "counter_left"


def test_undo_after_done_cancels_the_order_by_a_fact() -> None:
    worker = at_counter().scans(MILK, "DONE")
    reading = worker.answer.reading
    worker.scans("UNDO")
    fact = worker.booked[-1]
    assert isinstance(fact, Retracted)
    assert (worker.code, str(fact.fact), fact.kind) == ("undone_counter_cash", reading, "counter_order")
    assert worker.scans("UNDO").code == "undo_counter_gone"


def test_numbers_go_up_by_one_and_a_training_takes_none() -> None:
    worker = at_counter().scans("STOP", "DRILL", "ORDER", MILK, "DONE")
    assert (worker.state.orders, worker.booked, worker.answer.training) == (0, [], True)
    worker.scans("DRILL", "ORDER", MILK, "HOLD", "DONE", "DRILL", "ORDER", "CONTINUE")
    assert worker.code == "counter_nothing_held"
    worker.scans("DRILL", "ORDER", "CONTINUE", "DONE")
    assert [order.reference for order in orders(worker)] == ["b1-000012"]


def test_a_crash_in_mid_order_changes_nothing() -> None:
    worker = at_counter().scans(MILK, "DUO")
    worker.state = restore(encode(worker.state))
    worker.scans(MILK, "DONE")
    assert the_order(worker).lines[0].quantity == 3


def test_the_page_shows_lines_presets_and_templates_with_their_keys() -> None:
    worker = at_counter().scans(MILK).scans("HAM", item=HAM).weighs(250)
    known = Known(shortcuts=())
    order, presets = shows(counter(worker), known)
    assert [line.told.zh for line in order.lines] == ["250 克 × CNY 8.99 / 100 克 = CNY 22.48", "1 × CNY 4.20 = CNY 4.20"]
    assert [(line.symbol, line.key) for line in presets.lines][:2] == [("OP-CASH", "Alt+1"), ("OP-CARD", "Alt+2")]
    assert [button.control for button in offers(counter(worker))] == [
        "quantity",
        "correct",
        "percent",
        "discount",
        "nothing",
        "hold",
    ]
    assert notes(counter(worker))[0].en == "Cash, taken away"


LOTTED = replace(LEAF, tracking="lot", recalled=("BAD",))
PIECE = replace(ITEM, sku="phone", name_en="Phone", name_zh="手机", tracking="serial", price_minor=99900)


def gs1(text: str, *, lot: str | None = None, serial: str | None = None) -> Scanned:
    """A symbol that says more than what it is."""
    return replace(read_of(text, 0, ""), lot=lot, serial=serial)


def told(worker: Worker, read: Scanned, item: Item) -> Worker:
    worker.at_ms += 1000
    return worker.reads(replace(read, at_ms=worker.at_ms, id=worker.reading(), item=item))


def test_a_lot_or_serial_in_the_symbol_is_sold_with_the_line() -> None:
    worker = told(at_counter(), gs1(TEA, lot="L1"), LOTTED)
    told(told(worker, gs1(TEA, lot="L2"), LOTTED), gs1(TEA, lot="L1"), LOTTED)
    told(worker, gs1(MILK, serial="S1"), PIECE).scans("DONE")
    lines = [(line.sku, line.quantity, line.lot, line.serial) for line in the_order(worker).lines]
    assert lines == [("tea", 2, "L1", None), ("tea", 1, "L2", None), ("phone", 1, None, "S1")]


def test_what_the_symbol_does_not_say_is_asked_typed_or_left_out() -> None:
    worker = at_counter().scans("DUO").scans(TEA, item=LOTTED)
    assert (worker.code, [button.control for button in offers(counter(worker))]) == ("ask_lot", ["nothing"])
    assert worker.scans("HOLD").code == "asked_open"
    assert worker.scans("L-7").code == "counter_line"
    worker.scans(TEA, item=LOTTED).scans("NOTHING").scans(MILK, item=PIECE).scans("ONE", "NIL", "DONE")
    assert worker.code == "counter_line"
    lines = [(line.quantity, line.lot, line.serial) for line in the_order(worker.scans("DONE")).lines]
    assert lines == [(2, "L-7", None), (1, None, None), (1, None, "10")]


def test_a_piece_is_sold_once_and_a_recalled_lot_not_at_all() -> None:
    worker = told(at_counter(), gs1(MILK, serial="S1"), PIECE).scans("HOLD")
    assert told(worker, gs1(MILK, serial="S1"), PIECE).code == "counter_serial_twice"
    assert worker.scans(TEA, item=LOTTED).scans("BAD").code == "recalled_refused"
    assert counter(worker).asking is None
    assert told(worker, gs1(MILK, serial="S2"), PIECE).scans("DUO", "CORRECT").code == "counter_serial_one"
    assert counter(worker).basket.lines[0].quantity == 1


def test_undo_drops_what_waits_for_its_lot() -> None:
    worker = at_counter().scans(TEA, item=LOTTED).scans("UNDO")
    assert (worker.code, counter(worker).asking, counter(worker).basket.lines) == ("undone_asked", None, ())


def test_goods_of_a_lot_that_are_weighed_are_asked_first_and_weighed_then() -> None:
    worker = at_counter().scans("HAM", item=replace(HAM, tracking="lot")).scans("L9")
    assert worker.code == "counter_weigh"
    (line,) = the_order(worker.weighs(250).scans("DONE")).lines
    assert (line.lot, line.measure) == ("L9", 250)


def refunds(worker: Worker) -> list[GivenBack]:
    return [fact for fact in worker.booked if isinstance(fact, GivenBack)]


def test_the_cash_of_an_order_taken_back_is_offered_at_once_and_opens_the_drawer() -> None:
    worker = at_counter(paper=replace(PAPER, templates={**PAPER.templates, "counter-refund": "c" * 64})).scans(MILK, "DONE")
    order = worker.answer.reading
    worker.scans("UNDO")
    assert say(worker.answer).endswith("DONE gives CNY 4.20 back in cash and opens the drawer.")
    assert (next(button.control for button in offers(counter(worker))), len(notes(counter(worker)))) == ("given", 2)
    worker.scans("DONE")
    (refund,) = refunds(worker)
    assert (str(refund.order), refund.amount_minor, refund.currency, refund.by) == (order, 420, "CNY", PayBy.CASH)
    slip = worker.booked[-1]
    assert isinstance(slip, PrintRequested)
    filled = fill(REFUND, slip.request.data)
    assert isinstance(filled, Receipt)
    assert filled.open_drawer and "b1-000012" in str(filled) and "CNY 4.20" in str(filled)
    assert worker.scans("DONE").code == "left"


def test_a_card_is_given_back_at_its_terminal_and_opens_no_drawer() -> None:
    paper = replace(PAPER, templates={**PAPER.templates, "counter-refund": "c" * 64})
    worker = at_counter(paper=paper).scans("OP-CARD", item=Missing.UNKNOWN).scans(MILK, "DONE", "UNDO")
    assert worker.code == "undone_counter_card"
    assert (worker.presses("given").code, refunds(worker)[0].by) == ("counter_given_back", PayBy.CARD)
    assert worker.booked[-1] == refunds(worker)[0]


def test_what_is_owed_is_not_given_back_and_other_tasks_leave_it_to_the_office() -> None:
    worker = knows(at_counter(), ACCOUNT).scans("OP-100002", item=Missing.UNKNOWN)
    worker = knows(worker, None).scans(MILK, "DONE", "UNDO")
    assert (worker.code, counter(worker).refunds) == ("undone_counter_order", ())
    worker.scans(TEA, item=LEAF).scans("DONE", "DONE", "UNDO")
    assert (worker.code, refunds(worker)) == ("undone_counter_paid", [])


def test_money_to_give_back_outlasts_orders_crashes_and_other_tasks() -> None:
    worker = at_counter().scans(MILK, "DONE", "UNDO").scans(TEA, item=LEAF).scans("HOLD", "STOP", "COUNT", "STOP")
    worker.state = restore(encode(worker.state))
    worker.scans("ORDER", "CONTINUE", "DONE")
    assert [refund.amount_minor for refund in counter(worker).refunds] == [420]
    assert (worker.presses("given").code, worker.presses("given").code) == ("counter_given_back_plain", "counter_no_refund")
