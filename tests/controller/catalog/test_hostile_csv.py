"""Files that no careful person saved: each bad line or file is told with its place, and good lines mean what they say."""

from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path

import pytest
from rich.console import Console

from controller import db
from controller.catalog import queries
from controller.catalog.imports import ImportRejected, Mode, import_catalog, lines_of
from controller.catalog.operations import NewBarcode, NewSku, create_sku
from controller.http.cli_import import ImportFailed, import_here
from tests.databases import copied

HEADER = "sku,name_en,name_zh,barcode\n"
ROOT = Path(__file__).parents[3]


async def imported(text: str, mode: Mode = Mode.GOOD_ROWS) -> tuple[int, list[tuple[int, str]]]:
    report = await import_catalog(lines_of(text), mode=mode)
    return report.rows, [(error.line, error.reason) for error in report.errors]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
async def test_any_line_end_and_a_mark_at_the_start(database: str, end: str) -> None:
    rows = (HEADER + "milk,Milk,牛奶,4006381333931\n").replace("\n", end)
    assert await imported("\ufeff" + rows, Mode.ALL_OR_NOTHING) == (1, [])
    assert (await queries.sku("milk")).name_zh == "牛奶"


@pytest.mark.parametrize("inside", ["\x1d", "\x85", "\u2028", "\x0b", "\x0c", "\x00"])
async def test_what_only_looks_like_a_line_end_spoils_its_own_line(database: str, inside: str) -> None:
    rows, errors = await imported(HEADER + f"a,A,阿,01{inside}21\n" + "b,B,比,B-1\n")
    assert (rows, [line for line, _ in errors]) == (2, [2])
    assert [row.code for row in await queries.skus()] == ["b"]


async def test_quotes_with_commas_and_line_ends_in_them(database: str) -> None:
    rows, errors = await imported(HEADER + '"tea","Tea, ""green""",茶,"T-1"\n"two\nlines",X,x,\n"c",C,西,C-1\n')
    assert (rows, [line for line, _ in errors]) == (3, [4])
    assert (await queries.sku("tea")).name_en == 'Tea, "green"'


async def test_a_quote_that_never_ends_and_a_cell_without_end(database: str) -> None:
    for text in ('"never ends', "x" * 1_000_000):
        rows, errors = await imported(HEADER + f"good,Good,好,\nbad,{text},坏,\n")
        assert rows == 1
        assert "cannot be read as CSV from here on" in errors[-1][1]


@pytest.mark.parametrize(
    "cell", ['=HYPERLINK("http://evil.example")', "@SUM(1)", "+1", "-1", "<script>alert(1)</script>", "{{7*7}}"]
)
async def test_a_formula_is_only_text(database: str, cell: str) -> None:
    quoted = '"' + cell.replace('"', '""') + '"'
    assert (await imported(HEADER + f"f,{quoted},{quoted},\n"))[1] == []
    assert (await queries.sku("f")).name_en == cell


async def test_a_barcode_of_another_sku_is_refused_in_the_file_and_against_the_database(database: str) -> None:
    await create_sku(NewSku(code="milk", name_en="Milk", name_zh="牛奶"), [NewBarcode(barcode="4006381333931")])
    text = HEADER + "tea,Tea,茶,4006381333931\nrice,Rice,米,R-1\nsoap,Soap,皂,R-1\n"
    with pytest.raises(ImportRejected) as refused:
        await import_catalog(lines_of(text), mode=Mode.ALL_OR_NOTHING)
    assert {error["line"] for error in refused.value.errors} == {2, 4}
    assert [row.code for row in await queries.skus()] == ["milk"]
    assert sorted(line for line, _ in (await imported(text))[1]) == [2, 4]
    assert [row.sku for row in await queries.barcodes("milk")] == ["milk"]


async def test_the_report_shows_what_looks_like_markup_as_it_is(database: str, tmp_path: Path) -> None:
    file = tmp_path / "c.csv"
    file.write_text(HEADER.strip() + ",site\n" + "a,A,阿,A-1,[/b][red]\n", encoding="utf-8")
    shown = io.StringIO()
    assert not await import_here(file, Mode.GOOD_ROWS, Console(file=shown, width=200))
    assert "there is no site [/b][red]" in shown.getvalue()


@pytest.mark.parametrize("encoding", ["cp1252", "utf-16", "gb18030", "shift_jis"])
async def test_another_encoding_is_told_and_nothing_is_written(schema_file: Path, tmp_path: Path, encoding: str) -> None:
    await db.connect(copied(schema_file, tmp_path / "c.db"))
    file = tmp_path / "c.csv"
    file.write_bytes((HEADER + "a,Crème,牛奶,A-1\n").encode(encoding, "replace"))
    with pytest.raises(ImportFailed, match="is not UTF-8"):
        await import_here(file, Mode.ALL_OR_NOTHING, Console(file=io.StringIO()))
    assert not await queries.skus()
    await db.close()


def test_the_command_line_says_it_in_a_sentence(tmp_path: Path) -> None:
    file, config = tmp_path / "c.csv", tmp_path / "controller.toml"
    config.write_text(f'data = "{tmp_path}/data"\n')
    file.write_bytes(b"\xff\xfes\x00k\x00u\x00")
    command = [sys.executable, "-m", "controller", "--config", str(config), "import-catalog", str(file)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, timeout=30, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert "is not UTF-8: byte 0" in done.stderr
    assert "Traceback" not in done.stderr
