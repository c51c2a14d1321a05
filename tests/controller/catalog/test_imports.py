from __future__ import annotations

import time

import pytest

from controller import db
from controller.catalog import queries
from controller.catalog.imports import ImportRejected, Mode, import_catalog
from controller.sites.operations import create_site
from drivers.symbols.gtin import check_digit

HEADER = "sku,name_en,name_zh,base_unit,price_minor,barcode,pack,site\n"


async def count(table: str) -> int:
    return int((await db.fetch(f"SELECT COUNT(*) AS n FROM {table}"))[0]["n"])


async def test_a_file_becomes_skus_with_barcodes_and_again_changes_nothing(database: str) -> None:
    await create_site("s1", name="Shop")
    lines = [
        "\ufeff" + HEADER,
        "milk,Milk,牛奶,piece,420,9521234567899,,\n",
        "milk,Milk,牛奶,piece,420,CASE-MILK,12,\n",
        '"apple","Apple, loose",苹果,gram,128,2100101WWWWWC,,s1\n',
        "\n",
    ]
    for _ in range(2):
        report = await import_catalog(lines, mode=Mode.ALL_OR_NOTHING)
        assert (report.rows, report.bad_rows) == (3, 0)
    assert [row.code for row in await queries.skus()] == ["apple", "milk"]
    assert [(row.kind, row.symbol, row.numerator) for row in await queries.barcodes("milk")] == [
        ("gtin", "09521234567899", 1),
        ("text", "CASE-MILK", 12),
    ]
    assert (await queries.sku("apple")).base_unit == "gram"


BAD = [
    "ok,Ok,好,piece,1,OK-1,,\n",
    ",No code,无,piece,1,,,\n",
    "a,A,啊,dozen,1,,,\n",
    "b,B,比,piece,1.5,,,\n",
    "c,C,西,piece,1,9521234567890,,\n",
    "d,D,迪,piece,1,OK-1,,\n",
    "e,E,伊,piece,1,E-1,0/3,\n",
    "f,F,艾,piece,1,F-1,,nowhere\n",
    "g,G\n",
    "ok,Ok,好,gram,1,,,\n",
]
WRONG = [
    (3, "sku"),
    (4, "base_unit"),
    (5, "price_minor"),
    (6, "barcode"),
    (7, "barcode"),
    (8, "pack"),
    (9, "site"),
    (10, ""),
    (11, "base_unit"),
]


async def test_bad_lines_are_listed_and_nothing_goes_in(database: str) -> None:
    with pytest.raises(ImportRejected) as refused:
        await import_catalog([HEADER, *BAD], mode=Mode.ALL_OR_NOTHING)
    assert [(error.line, error.column) for error in refused.value.report.errors] == WRONG
    assert all(error.reason for error in refused.value.report.errors)
    assert await count("sku") == await count("barcode") == await count("event") == 0


async def test_bad_lines_are_listed_and_the_good_ones_go_in(database: str) -> None:
    report = await import_catalog([HEADER, *BAD], mode=Mode.GOOD_ROWS)
    assert [(error.line, error.column) for error in report.errors] == WRONG
    assert [row.code for row in await queries.skus()] == ["ok"]


async def test_what_contradicts_the_catalogue_is_bad(database: str) -> None:
    await import_catalog([HEADER, "milk,Milk,牛奶,piece,1,M-1,,\n"])
    report = await import_catalog([HEADER, "milk,Milk,牛奶,gram,1,,,\n", "rice,Rice,米,piece,1,M-1,,\n"], mode=Mode.GOOD_ROWS)
    assert {(error.line, error.column) for error in report.errors} == {(2, "base_unit"), (3, "barcode")}
    report = await import_catalog([HEADER, "milk,New,新,piece,2,M-1,6,\n"])
    assert (await queries.sku("milk")).name_en == "New"
    assert (await queries.barcodes("milk"))[0].numerator == 6


@pytest.mark.parametrize(
    "lines",
    [
        [],
        ["sku,name_en\n"],
        ["sku,sku,name_en,name_zh\n"],
        [HEADER.replace("pack", "colour")],
        [HEADER, 'a,"b,c\n'],
        [HEADER, "a\0,b,c,,,,,\n"],
    ],
)
async def test_a_file_that_is_not_a_catalogue_is_refused(database: str, lines: list[str]) -> None:
    with pytest.raises(ImportRejected):
        await import_catalog(lines)


async def test_ten_thousand_lines_take_seconds_and_tell_their_progress(database: str) -> None:
    def line(n: int) -> str:
        body = f"952{n:09d}"
        return f"sku-{n},Name {n},名 {n},piece,{n},{body}{check_digit(body)},1,\n"

    seen: list[tuple[int, int]] = []
    started = time.perf_counter()
    report = await import_catalog(
        [HEADER, *(line(n) for n in range(10_000))], total=10_000, progress=lambda done, total: seen.append((done, total))
    )
    assert report.rows == await count("barcode") == 10_000
    assert seen == [(done, 10_000) for done in range(2000, 10_001, 2000)]
    assert time.perf_counter() - started < 6  # 100,000 well under a minute
