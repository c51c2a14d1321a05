"""A file of orders: one row per line of an order, grouped by the order's reference; columns by their names, English or Chinese.

| column | content |
|---|---|
| `reference` | needed: the order's own number where it was taken, at most 64 characters |
| `sku` | needed: our SKU's code or a barcode, or what the channel `file` calls goods that were mapped |
| `quantity` | needed: whole, of base units, or of the packs of a barcode |
| `price` | of one piece, 100 g or 100 ml, or of one pack of a barcode; empty: the catalogue's |
| `presale` | `yes`: this line may be promised before it arrives, as far as its presale allows; `no` or empty: not |
| `currency` | ISO 4217; empty: that of the site, or of the goods |
| `delivery` | `shipping` or `collection`; empty: sent where there is an address, else fetched at the site |
| `site` | where it is fetched; of what is sent: where it is sent from, empty: sourced |
| `due`, `region` | until when (a day, or an instant of the site's time); where taxes and sourcing say that it goes |
| `terms` | how it is paid: `prepaid`, `on_delivery`, `account`; empty: another till takes the money |
| `customer`, `name`, `phone`, `email` | who ordered |
| `country`, `province`, `city`, `district`, `street`, `line2`, `postcode`, `note` | where it goes |

What is said of the whole order stands in one of its rows, or in all.  Pure; blocking: for a thread.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import msgspec

from controller.sheets import BadFile, rows_of, sheet_text

NEEDED = ("reference", "sku", "quantity")
OF_LINES = ("sku", "quantity", "price", "presale")
NAMES: Mapping[str, tuple[str, ...]] = {
    "reference": ("order", "orderno", "ordernumber", "orderid", "订单号", "订单编号", "单号", "外部单号"),
    "sku": ("goods", "article", "item", "barcode", "ean", "商品编码", "sku编码", "商品", "货号", "条码", "商品条码"),
    "quantity": ("qty", "amount", "数量", "件数"),
    "price": ("unitprice", "单价", "价格", "售价"),
    "presale": ("预售", "是否预售", "预订"),
    "currency": ("币种", "货币"),
    "delivery": ("deliverykind", "shippingmethod", "配送方式", "发货方式", "提货方式"),
    "site": ("store", "shop", "门店", "仓库", "自提门店"),
    "due": ("dueat", "duedate", "要求送达", "要求送达时间", "交货日期"),
    "region": ("taxregion", "地区代码"),
    "terms": ("paymentterms", "payment", "付款方式", "付款条件", "结算方式"),
    "customer": ("customerid", "buyer", "buyerid", "客户编号", "买家", "会员号"),
    "name": ("recipient", "customername", "收件人", "收货人", "姓名", "客户姓名"),
    "phone": ("telephone", "mobile", "tel", "电话", "手机", "手机号", "联系电话", "收件人电话"),
    "email": ("mail", "邮箱", "电子邮件"),
    "country": ("countrycode", "国家", "国家代码"),
    "province": ("state", "省", "省份"),
    "city": ("town", "市", "城市"),
    "district": ("county", "区", "区县", "县区"),
    "street": ("address", "address1", "地址", "详细地址", "街道", "收货地址"),
    "line2": ("address2", "地址2", "门牌号"),
    "postcode": ("zip", "zipcode", "postalcode", "邮编", "邮政编码"),
    "note": ("remark", "comment", "备注", "买家留言"),
}
COLUMNS = tuple(NAMES)
OF_PEOPLE = frozenset(COLUMNS[COLUMNS.index("customer") :])
"""Columns whose cells are told to nobody, not even in what is wrong with them."""
MOST_ROWS = 100_000
LONGEST = 500
_COLUMN_OF = {name: column for column, names in NAMES.items() for name in (column, *names)}


@dataclass(frozen=True, slots=True)
class RowError:
    """`row` counts from 1, the header included; `code` says what is wrong; `told`: the cell, where it is of no person."""

    row: int
    column: str
    code: str
    told: str = ""


class Row(msgspec.Struct, frozen=True, array_like=True):
    """Cells in the order of `COLUMNS`."""

    number: int
    cells: list[str]

    def cell(self, column: str) -> str:
        return self.cells[COLUMNS.index(column)]


_pack = msgspec.msgpack.Encoder().encode
_unpack = msgspec.msgpack.Decoder(Row).decode


@dataclass(slots=True)
class OrderRows:
    """What a file holds: rows by reference, packed, so that they are no larger in memory than in the file."""

    rows: int = 0
    by_reference: dict[str, list[bytes]] = field(default_factory=dict)
    errors: list[RowError] = field(default_factory=list)

    def groups(self) -> Iterator[tuple[str, list[Row]]]:
        """The rows of each order, in the order of the file."""
        for reference, packed in self.by_reference.items():
            yield reference, [_unpack(each) for each in packed]


def read_rows(body: bytes) -> OrderRows:
    """Raises BadFile."""
    rows = rows_of(body, sheet_text)
    places = _places(next(rows, []))
    found = OrderRows()
    for number, cells in enumerate(rows, 2):
        if not any(cell.strip() for cell in cells):
            continue
        found.rows += 1
        if found.rows > MOST_ROWS:
            raise BadFile(f"more than {MOST_ROWS} rows: send it in parts")
        _take(found, Row(number, [_cell(cells, places.get(column)) for column in COLUMNS]))
    if not found.rows:
        raise BadFile("the file has a header and no rows")
    return found


def _take(found: OrderRows, row: Row) -> None:
    reference = row.cell("reference")
    wrong = next(
        (name for name, cell in zip(COLUMNS, row.cells, strict=True) if len(cell) > LONGEST or not cell.isprintable()), None
    )
    if wrong is not None:
        found.errors.append(RowError(row.number, wrong, "bad_text"))
    if not reference:
        found.errors.append(RowError(row.number, "reference", "no_reference"))
    elif len(reference) > 64 or not reference.isprintable():
        found.errors.append(RowError(row.number, "reference", "bad_reference"))
    else:
        found.by_reference.setdefault(reference, []).append(_pack(row))


def _places(header: Sequence[str]) -> dict[str, int]:
    """Where each column is.  Raises BadFile."""
    places: dict[str, int] = {}
    for place, name in enumerate(header):
        column = _COLUMN_OF.get(_folded(name))
        if column is not None and column in places:
            raise BadFile(f"two columns are the {column}: {header[places[column]][:40]!r} and {name[:40]!r}")
        if column is not None:
            places[column] = place
    missing = [name for name in NEEDED if name not in places]
    if missing:
        known = ", ".join(f"{name} ({NAMES[name][-1]})" for name in missing)
        raise BadFile(f"the first line has no column {known}")
    return places


def _folded(name: str) -> str:
    """`Order No.` and `order_no` are one name."""
    return "".join(letter for letter in unicodedata.normalize("NFKC", name).casefold() if letter.isalnum())


def _cell(cells: Sequence[str], place: int | None) -> str:
    return cells[place].strip() if place is not None and place < len(cells) else ""
