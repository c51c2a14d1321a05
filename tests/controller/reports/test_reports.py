"""Each report answers its question, in numbers that can be counted by hand."""

from __future__ import annotations

import csv
import io
from datetime import date, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import load_workbook

from controller import db
from controller.catalog.operations import NewBarcode, add_barcode
from controller.counts.limits import set_policy
from controller.replenishment.demand import catch_up
from controller.reports.files import Sheet, csv_of
from controller.reports.ledger import aged
from controller.reports.model import Asked, Row
from controller.reports.table import REPORTS
from controller.sheets import BOM, defused
from controller.sites.models import LocationKind
from controller.sites.queries import special
from controller.stock.operations import Adjustment, Move, Reason, adjust, move
from controller.stock.queries import booked_by
from tests.controller.counts.counting import STRICT, accept_everything, line, part, planned, take
from tests.controller.goods import NOON, Shop, add_sku

DAY = NOON.date()


def asked(*, days: int = 10, **more: str) -> Asked:
    """The days that end with the ninth after NOON's."""
    return Asked(first=DAY, last=DAY + timedelta(days=days - 1), **more)


async def rows(name: str, wanted: Asked | None = None) -> list[dict[str, object]]:
    report = REPORTS[name]
    found: list[Row] = await report.rows(wanted or asked(), "", 100)
    return [dict(zip([column.name for column in report.columns], row.cells, strict=True)) for row in found]


async def sold_shop() -> int:
    """20 came on the first day; 4 were sold that day, 6 on the sixth; 1 came back on the seventh."""
    shop = await Shop.open()
    sku = await shop.stock("milk", 20)
    await move([shop.sale(sku, 4, minute=10), shop.sale(sku, 6, minute=5 * 1440)])
    back = Move(
        sku_id=sku,
        from_location_id=shop.customer,
        to_location_id=shop.bin,
        quantity=1,
        reason=Reason.RETURNED,
        occurred_at=NOON + timedelta(days=6),
    )
    await move([back])
    await catch_up()
    return sku


async def test_turnover_is_sales_over_the_mean_of_each_nights_stock(database: str) -> None:
    await sold_shop()
    (row,) = await rows("turnover")
    nights = [16] * 5 + [10] + [11] * 4
    assert row["mean_stock"] == sum(nights) / 10
    assert row["sold"] == 9
    assert row["turns_per_year"] == pytest.approx(9 / 13.4 * 36.5, abs=0.005)
    assert row["on_hand_at_end"] == 11


async def test_velocity_and_days_of_supply(database: str) -> None:
    await sold_shop()
    (row,) = await rows("velocity")
    assert (row["per_day"], row["days_with_sales"], row["last_sold"], row["returned"]) == (0.9, 2, DAY + timedelta(days=5), 1)
    (row,) = await rows("days_of_supply")
    assert row["days_of_supply"] == pytest.approx(11 / 0.9, abs=0.05)


async def test_stock_as_of_a_day_is_what_was_there_at_its_end(database: str) -> None:
    await sold_shop()
    for days, on_hand in ((1, 16), (5, 16), (6, 10), (7, 11), (10, 11)):
        (row,) = await rows("stock_as_of", asked(days=days))
        assert row["on_hand"] == on_hand
        assert row["sales_value"] == on_hand * 100


async def test_slow_movers_are_what_lies_and_does_not_sell(database: str) -> None:
    await sold_shop()
    shop_bin = (await db.fetch("SELECT id FROM location WHERE code = 'A-1'"))[0]["id"]
    supplier = (await db.fetch("SELECT id FROM location WHERE kind = 'supplier'"))[0]["id"]
    tea = await add_sku("tea")
    came = Move(
        sku_id=tea,
        from_location_id=supplier,
        to_location_id=shop_bin,
        quantity=3,
        reason=Reason.RECEIVED,
        occurred_at=NOON - timedelta(days=70),
    )
    await move([came])
    await catch_up()
    (row,) = await rows("slow_movers")
    assert (row["sku"], row["on_hand"], row["sold"], row["last_sold"], row["sales_value"]) == ("tea", 3, 0, None, 300)
    (row, _) = sorted(await rows("ageing"), key=lambda each: str(each["sku"]), reverse=True)
    assert (row["to_60"], row["to_90"], row["older"]) == (0, 3, 0)


async def test_shrinkage_is_told_by_reason(database: str) -> None:
    shop = await Shop.open()
    sku = await shop.stock("milk", 20)
    loss = (await db.fetch("SELECT id FROM location WHERE kind = 'loss'"))[0]["id"]
    for reason, quantity, minute in ((Reason.ADJUSTED, 3, 5), (Reason.COUNTED, 2, 9), (Reason.ADJUSTED, 50, -99_999)):
        lost = Move(
            sku_id=sku,
            from_location_id=shop.bin,
            to_location_id=loss,
            quantity=quantity,
            reason=reason,
            occurred_at=NOON + timedelta(minutes=minute),
        )
        await move([lost])
    found = {row["reason"]: (row["lost"], row["found"], row["net"], row["sales_value"]) for row in await rows("shrinkage")}
    assert found["adjusted"] == (3, 0, 3, 300)
    assert found["counted"] == (2, 0, 2, 200)


async def test_shrinkage_says_why_as_people_said_it_and_nothing_of_what_was_taken_back(database: str) -> None:
    """The codes of a station, the words of the office, the reason given for a count's row."""
    shop = await Shop.open()
    sku = await shop.stock("milk", 20)
    await add_barcode("milk", NewBarcode(barcode="MILK"))
    for change, reason in ((-3, "damaged (by the door)"), (-1, "damaged"), (-2, "stolen"), (1, "stolen")):
        seen = Adjustment(sku_id=sku, location_id=shop.bin, change=change, reason=reason, occurred_at=NOON, fact_id=UUID(int=1))
        await adjust(seen, person="li")
    wrong = Adjustment(sku_id=sku, location_id=shop.other, change=4, reason="found", occurred_at=NOON, fact_id=UUID(int=2))
    await adjust(wrong, person="li")
    booked = await booked_by(UUID(int=2), Reason.ADJUSTED, shop.other, NOON)
    await move([each.reversed(Reason.RETRACTED, UUID(int=3), "li") for each in booked])
    await counted_short()
    found = {(row["reason"], row["why"]): (row["lost"], row["found"]) for row in await rows("shrinkage")}
    assert found == {
        ("adjusted", "damaged"): (4, 0),
        ("adjusted", "stolen"): (2, 1),
        ("adjusted", "found"): (4, 4),
        ("counted", "theft"): (5, 0),
    }
    report, after, paged = REPORTS["shrinkage"], "", []
    while page := await report.rows(asked(), after, 1):
        paged += page
        after = page[-1].key
    assert [row.cells for row in paged] == [row.cells for row in await report.rows(asked(), "", 100)]


async def counted_short() -> None:
    """Ten of fifteen are found in A-1, and somebody says why."""
    await set_policy(STRICT)
    number = await planned("A-1")
    await take(part([line("milk", 10, 1)], done=1, session=number))
    await accept_everything(number)


async def test_a_loss_belongs_to_the_business_day_of_its_site(database: str) -> None:
    """One in the morning is still yesterday where the day begins at four."""
    shop = await Shop.open()
    await db.execute("UPDATE site SET day_starts = '04:00', time_zone = 'UTC'")
    sku = await shop.stock("milk", 20)
    night = NOON + timedelta(hours=13)
    await adjust(Adjustment(sku_id=sku, location_id=shop.bin, change=-1, reason="broken", occurred_at=night), person="li")
    assert [row["lost"] for row in await rows("shrinkage", Asked(first=DAY, last=DAY))] == [1]
    assert await rows("shrinkage", Asked(first=DAY + timedelta(days=1), last=DAY + timedelta(days=1))) == []


async def test_what_was_taken_back_makes_nothing_younger(database: str) -> None:
    """A delivery that was told by mistake, and goods that were not sent to another site after all."""
    shop = await Shop.open()
    sku = await add_sku("milk")
    transit = await special("s1", LocationKind.TRANSIT)
    await move([shop.arrival(sku, 10, minute=-200 * 1440)])
    sent = Move(
        sku_id=sku,
        from_location_id=shop.bin,
        to_location_id=transit,
        quantity=4,
        reason=Reason.TRANSFER_SENT,
        occurred_at=NOON,
    )
    wrong = shop.arrival(sku, 10)
    await move([wrong, sent])
    await move([each.reversed(Reason.RETRACTED, UUID(int=3), "li") for each in (wrong, sent)])
    (row,) = await rows("ageing", Asked(first=DAY, last=DAY))
    assert (row["on_hand"], row["to_30"], row["older"]) == (10, 0, 10)


async def test_stock_value_is_what_it_cost(database: str) -> None:
    sku = await sold_shop()
    await db.execute("DELETE FROM sku_cost")
    await db.execute("INSERT INTO sku_cost (sku_id, site_id, quantity, value_minor, unknown) VALUES (?, 's1', 10, 755, 1)", sku)
    (row,) = await rows("stock_value")
    assert (row["cost_value"], row["unit_cost_minor"], row["units_of_unknown_cost"], row["sales_value"]) == (755, 75.5, 1, 1100)


async def test_lead_times_are_measured_against_what_was_promised(database: str) -> None:
    await Shop.open()
    await db.execute(
        "INSERT INTO supplier (code, name, channel, address, language, currency, lead_days, minimum_minor, order_days, "
        "over_percent, min_days, active) VALUES ('farm', 'Farm', 'hand', '', 'en', 'CNY', 3, 0, '', 0, 0, ?)",
        True,
    )
    for number, days in ((1, 2), (2, 3), (3, 7)):
        await db.execute(
            "INSERT INTO purchase_order (supplier_id, site_id, state, currency, origin, note, revision, created_at, created_by, "
            "approved_at) VALUES (1, 's1', 'received', 'CNY', 'hand', '', 0, ?, 'li', ?)",
            *(NOON, NOON),
        )
        order = (await db.fetch("SELECT MAX(id) AS id FROM purchase_order"))[0]["id"]
        await db.execute(
            "INSERT INTO receipt (site_id, document, day, state, order_id, began_at, freight_minor, duty_minor, other_minor, "
            "spread) VALUES ('s1', ?, ?, 'open', ?, ?, 0, 0, 0, 'value')",
            *(f"DN-{number}", DAY, order, NOON + timedelta(days=days)),
        )
    (row,) = await rows("lead_times")
    assert (row["orders"], row["mean_days"], row["least_days"], row["most_days"], row["in_time"]) == (3, 4.0, 2.0, 7.0, 66.7)


@pytest.mark.parametrize("name", REPORTS)
async def test_every_report_pages_narrows_draws_and_shows_only_sites_that_one_sees(database: str, name: str) -> None:
    shop = await Shop.open()
    for code in ("a", "b", "c"):
        sku = await shop.stock(code, 9)
        await move([shop.sale(sku, 2, minute=20)])
    await catch_up()
    report = REPORTS[name]
    whole = await report.rows(asked(), "", 100)
    after, paged = "", []
    while page := await report.rows(asked(), after, 1):
        paged += page
        after = page[-1].key
    assert paged == whole
    assert await report.rows(Asked(first=DAY, last=DAY, sites=["elsewhere"]), "", 100) == []
    assert all(bar.value >= 0 for bar in await report.bars(asked()))
    if report.by_sku and whole:
        assert len(await report.rows(asked(q="B"), "", 100)) == 1
        assert len(await report.rows(asked(product="b"), "", 100)) == 1


@given(st.integers(0, 500), st.lists(st.tuples(st.integers(0, 400), st.integers(1, 99)), max_size=12))
def test_ages_add_up_to_what_is_there(on_hand: int, arrivals: list[tuple[int, int]]) -> None:
    assert sum(aged(on_hand, arrivals)) == on_hand


def test_the_newest_arrivals_are_what_is_left() -> None:
    assert aged(10, [(100, 50), (5, 4), (40, 3)]) == [4, 3, 0, 3, 0]
    assert aged(10, [(5, 4)]) == [4, 0, 0, 0, 6]


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\r=x"])
def test_a_formula_stays_text(text: str) -> None:
    assert defused(text) == f"'{text}"


def test_numbers_stay_numbers() -> None:
    assert [defused(cell) for cell in (-5, 1.5, None, "plain", date(2026, 1, 1))] == [-5, 1.5, None, "plain", date(2026, 1, 1)]


async def test_a_csv_holds_every_row_and_no_formula(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    shop = await Shop.open()
    for code in ("a", "b", '=cmd|"x"', "牛奶"):
        await shop.stock(code, 9)
    await catch_up()
    monkeypatch.setattr("controller.reports.files.AT_ONCE", 2)
    text = b"".join([piece async for piece in csv_of(REPORTS["stock_as_of"], asked())]).decode()
    assert text.startswith(BOM)
    read = list(csv.reader(io.StringIO(text[1:])))
    assert [line[1] for line in read[1:]] == ["a", "b", '\'=cmd|"x"', "牛奶"]
    assert all(len(line) == len(read[0]) for line in read)


def test_a_sheet_holds_text_as_text(tmp_path: Path) -> None:
    sheet = Sheet(tmp_path / "r.xlsx", REPORTS["stock_as_of"])
    sheet.add([["s1", "=1+1", "x\x00\x08y", "-", -3, 100, "CNY"]])
    sheet.save()
    read = load_workbook(tmp_path / "r.xlsx")["stock_as_of"]
    row = next(iter(read.iter_rows(min_row=2)))
    assert [cell.value for cell in row] == ["s1", "=1+1", "xy", "-", -3, 100, "CNY"]
    assert row[1].data_type == "s"
