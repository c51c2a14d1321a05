"""Any bytes are rows or a sentence; whatever a spreadsheet saves is read; what is wrong names its row."""

from __future__ import annotations

import io
import tracemalloc
import zipfile
from collections.abc import Sequence

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import Workbook

from controller.intake.document import SentOrder, read
from controller.intake.mapping import Mapped
from controller.intake.order_checks import CheckedOrder, Known, Price, Site, check
from controller.intake.order_file import COLUMNS, NAMES, read_rows
from controller.sheets import BadFile, rows_of

KNOWN = Known(
    goods={"tea": Mapped("tea", 1, 1), "rice": Mapped("rice", 1, 100, 100)},
    prices={"tea": Price(minor=250, currency="CNY"), "rice": Price(minor=120, currency="CNY")},
    sites={"s1": Site(currency="CNY", zone="Asia/Shanghai"), "us": Site(currency="USD", zone="America/New_York")},
    zone="Asia/Shanghai",
)
HEAD = "reference,sku,quantity,price,currency,delivery,site,due,name,phone,country,city,street\n"


def checks(text: str | bytes) -> list[CheckedOrder]:
    body = text if isinstance(text, bytes) else text.encode()
    return [check(reference, rows, KNOWN) for reference, rows in read_rows(body).groups()]


def wrong(line: str) -> tuple[int, str, str, str]:
    """The first thing that is wrong with one row under the head."""
    found = read_rows((HEAD + line).encode())
    errors = found.errors or [error for ref, rows in found.groups() for error in check(ref, rows, KNOWN).errors]
    return (errors[0].row, errors[0].column, errors[0].code, errors[0].told)


def document(order: CheckedOrder) -> SentOrder:
    assert order.document is not None, order.errors
    return read(order.document)


def sheet(*rows: Sequence[object]) -> bytes:
    book = Workbook()
    for row in rows:
        book.active.append(list(row))
    kept = io.BytesIO()
    book.save(kept)
    return kept.getvalue()


CHINESE = (
    "订单号,商品编码,数量,单价,收件人,手机号,省份,城市,区县,详细地址\n"
    "A-1,tea,2,2.50,张三丰,13812345678,广东,深圳市,南山区,科技园路1号\n"
)


@pytest.mark.parametrize(
    "body",
    [
        CHINESE.encode(),
        CHINESE.encode("utf-8-sig"),
        CHINESE.encode("gb18030"),
        CHINESE.encode("utf-16"),
        CHINESE.replace(",", ";").encode(),
        CHINESE.replace(",", "\t").encode("utf-16"),
        CHINESE.replace("\n", "\r\n").encode(),
        CHINESE.replace("\n", "\r", 1).encode(),
        sheet(*[line.split(",") for line in CHINESE.splitlines()]),
    ],
)
def test_whatever_spreadsheets_save_is_the_same_order(body: bytes) -> None:
    (order,) = checks(body)
    sent = document(order)
    assert (sent.reference, sent.currency, sent.delivery, sent.buyer.name) == ("A-1", "CNY", "shipping", "张三丰")
    assert sent.address is not None
    assert (sent.address.city, sent.address.street) == ("深圳市", "科技园路1号")
    assert [(line.goods, line.quantity, line.price_minor) for line in sent.lines] == [("tea", 2, 250)]


def test_rows_of_one_reference_are_one_order_wherever_they_stand() -> None:
    orders = checks(HEAD + "A,tea,1,,,,s1,,,,,,\nB,tea,1,,,,s1,,,,,,\nA,rice,300,,,,,,,,,,\n")
    assert [(order.reference, order.row, order.rows, order.total_minor) for order in orders] == [("A", 2, 2, 610), ("B", 3, 1, 250)]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (",tea,1,,,,s1,,,,,,", (2, "reference", "no_reference", "")),
        ("R" * 65 + ",tea,1,,,,s1,,,,,,", (2, "reference", "bad_reference", "")),
        ("A,,1,,,,s1,,,,,,", (2, "sku", "no_goods", "")),
        ("A,tea,0,,,,s1,,,,,,", (2, "quantity", "bad_quantity", "0")),
        ("A,tea,1.5,,,,s1,,,,,,", (2, "quantity", "bad_quantity", "1.5")),
        ("A,tea,=1+1,,,,s1,,,,,,", (2, "quantity", "bad_quantity", "=1+1")),
        ('A,tea,1,"12,90",,,s1,,,,,,', (2, "price", "bad_price", "12,90")),
        ("A,tea,1,1.005,,,s1,,,,,,", (2, "price", "bad_price", "1.005")),
        ("A,new,1,,CNY,,s1,,,,,,", (2, "price", "no_price", "")),
        ("A,new,1,1,,,,,,,,Berlin,Ring 1", (2, "currency", "no_currency", "")),
        ("A,tea,1,1,USD,,s1,,,,,,", (2, "currency", "other_currency", "USD")),
        ("A,tea,1,1,yuan,,s1,,,,,,", (2, "currency", "bad_currency", "yuan")),
        ("A,tea,1,,,,s9,,,,,,", (2, "site", "unknown_site", "s9")),
        ("A,tea,1,,,drone,s1,,,,,,", (2, "delivery", "bad_delivery", "drone")),
        ("A,tea,1,,,自提,,,,,,,", (2, "site", "no_site", "")),
        ("A,tea,1,,,,,,Wang,,,,", (2, "city", "no_address", "")),
        ("A,tea,1,,,,,,Wang,,China,Wuhan,Lu 1", (2, "country", "bad_country", "")),
        ("A,tea,1,,,,s1,tomorrow,,,,,", (2, "due", "bad_due", "tomorrow")),
        ("A,tea,1,,,,s1,,Wang,1.38E+10,,,", (2, "phone", "shortened", "")),
        ("A,tea,1,,,,s1,," + "W" * 101 + ",,,,", (2, "name", "too_long", "")),
        ("A,tea,1,,,,s1,,Wa\x07ng,,,,", (2, "name", "bad_text", "")),
    ],
)
def test_what_is_wrong_names_its_row_and_nobody(line: str, expected: tuple[int, str, str, str]) -> None:
    assert wrong(line) == expected


def test_rows_that_say_otherwise_keep_the_whole_order_out() -> None:
    (order,) = checks(HEAD + "A,tea,1,,,,s1,,Wang,,,,\nA,tea,1,,,,s1,,Li,,,,\n")
    assert (order.document, [(error.row, error.code) for error in order.errors]) == (None, [(3, "says_otherwise")])


@pytest.mark.parametrize(
    ("cells", "found"),
    [
        ("COD,yes", ("on_delivery", 1)),
        ("预付,是", ("prepaid", 1)),
        ("月结,", ("account", 0)),
        (",否", ("", 0)),
        ("later,", (2, "terms", "bad_terms", "later")),
        (",maybe", (2, "presale", "bad_presale", "maybe")),
    ],
)
def test_how_it_is_paid_and_what_is_from_presale(cells: str, found: tuple[object, ...]) -> None:
    (order,) = checks(f"reference,sku,quantity,site,phone,付款方式,预售\nA,tea,1,s1,13812345678,{cells}\n")
    if order.errors:
        assert [(each.row, each.column, each.code, each.told) for each in order.errors] == [found]
        return
    sent = document(order)
    assert (order.terms, order.presale) == found
    assert (sent.pay_terms or "", sum(line.presale for line in sent.lines)) == found


def test_an_account_is_somebodys() -> None:
    (order,) = checks("reference,sku,quantity,site,terms\nA,tea,1,s1,account\n")
    assert [(each.column, each.code) for each in order.errors] == [("terms", "no_account")]


def test_until_when_is_an_instant_of_its_site() -> None:
    due = [document(order).due_at for order in checks(HEAD + "A,tea,1,,,,s1,2026/12/1,,,,,\nB,tea,1,,,,s1,2026-12-01 18:30,,,,,\n")]
    assert [str(each) for each in due] == ["2026-12-01 15:59:59+00:00", "2026-12-01 10:30:00+00:00"]


def test_amounts_of_a_sheet_are_what_people_see() -> None:
    (order,) = checks(
        sheet(
            ["reference", "sku", "quantity", "price", "site", "phone"], ["A", "tea", 2.0, 19.990000000000002, "s1", 13812345678.0]
        )
    )
    sent = document(order)
    assert (sent.lines[0].price_minor, sent.buyer.phone) == (1999, "13812345678")


def packed(text: str) -> bytes:
    """A workbook whose first sheet is this XML."""
    kept = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(sheet(["reference"]))) as old, zipfile.ZipFile(kept, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, text if name.endswith("sheet1.xml") else old.read(name))
    return kept.getvalue()


ROOT = '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10 if n else "lol"}">' for n in range(10))


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\n\n",
        b"reference,sku,quantity\n",
        b"a,b\n1,2\n",
        b"\xff\xfe\xff",
        b"PK\x03\x04rubbish",
        b'reference,sku,quantity\n"A,tea,1\n',
        b"reference,order no,sku,quantity\nA,B,tea,1\n",
        b"reference,sku,quantity\n" + b"," * 2_000_000,
        b"x" * 200_000 + b",sku,quantity\nA,tea,1\n",
        sheet(),
        sheet(["reference"] * 1025),
        packed("<worksheet"),
        packed(f'{ROOT}<row r="99999999"><c r="A99999999"><v>1</v></c></row></sheetData></worksheet>'),
        packed(f'{ROOT}<row r="1"><c r="XFD1"><v>1</v></c></row></sheetData></worksheet>'),
        packed(f'<!DOCTYPE w [{LAUGHS}]>{ROOT}<row r="1"><c r="A1" t="str"><v>&l9;</v></c></row></sheetData></worksheet>'),
        packed("\0" * 300_000_000),
    ],
    ids=range(17),
)
def test_what_is_no_file_of_orders_is_told_in_a_sentence(body: bytes) -> None:
    with pytest.raises(BadFile) as refused:
        read_rows(body)
    assert 10 < len(str(refused.value)) < 300


@given(st.binary(max_size=400) | st.text(max_size=400).map(lambda text: text.encode(errors="ignore")))
@settings(deadline=None)
def test_any_bytes_are_rows_or_a_sentence(body: bytes) -> None:
    for head in (b"", HEAD.encode()):
        try:
            found = read_rows(head + body)
        except BadFile:
            continue
        for reference, rows in found.groups():
            order = check(reference, rows, KNOWN)
            assert (order.document is None) == bool(order.errors)
            if order.document is not None:
                read(order.document)


CELLS = st.text(max_size=12) | st.sampled_from(["tea", "1", "s1", "2.50", "CNY", "自提", "2026-12-01", "CN", "Lu 1"])


@given(st.lists(st.lists(CELLS, min_size=len(COLUMNS), max_size=len(COLUMNS)), min_size=1, max_size=5))
@settings(deadline=None)
def test_a_document_of_any_cells_is_one_that_every_channel_may_send(rows: list[list[str]]) -> None:
    try:
        found = read_rows(sheet_of(rows))
    except BadFile:
        return
    for reference, group in found.groups():
        order = check(reference, group, KNOWN)
        if order.document is not None:
            assert msgspec.json.encode(read(order.document)) == order.document


def sheet_of(rows: list[list[str]]) -> bytes:
    """As a spreadsheet would save it: each cell in quotes."""
    return "\n".join(",".join('"' + cell.replace('"', '""') + '"' for cell in row) for row in [list(COLUMNS), *rows]).encode()


def test_no_name_of_a_column_means_two() -> None:
    names = [name for column, others in NAMES.items() for name in (column, *others)]
    assert len(names) == len(set(names))


def test_memory_grows_no_faster_than_the_file() -> None:
    row = "A-{n},tea,1,2.50,CNY,,s1,2026-12-01,Wang Mei,13812345678,CN,Shanghai,Nanjing Lu {n}\n"
    body = (HEAD + "".join(row.format(n=n) for n in range(5_000))).encode()
    tracemalloc.start()
    found = read_rows(body)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(found.by_reference) == 5_000
    assert peak < 6 * len(body)


def test_rows_are_read_one_by_one() -> None:
    assert next(rows_of(b"a,b\n" + b'"')) == ["a", "b"]
