"""The three built-in templates, filled as a shop would."""

from __future__ import annotations

from pathlib import Path

from drivers.documents.model import Label, Receipt, Symbology
from drivers.documents.templates import Data, Template, fill, load_template

BUILTIN = Path(__file__).parents[3] / "controller" / "documents" / "builtin"

RECEIPT_DATA: Data = {
    "shop": "Tea House 茶馆",
    "number": "S-2026-000123",
    "at": "2026-11-21 20:15",
    "lines": [
        {"name": "Longjing green tea 250 g", "quantity": 2, "price": "€12.50", "amount": "€25.00"},
        {"name": "西湖龙井 特级 礼盒装", "quantity": "1 盒", "price": "¥188.00", "amount": "¥188.00"},
    ],
    "total_word": "Total",
    "total": "€213.00",
}
SHELF_DATA: Data = {
    "name": "西湖龙井绿茶（特级）",
    "price": "¥188.00",
    "unit": "每罐",
    "sku": "TEA-LJ-250",
    "ean13": "4006381333931",
}
SHIPPING_DATA: Data = {
    "from": "Tea House",
    "order_word": "Order",
    "order": "SO-000123",
    "ship_to_word": "Ship to",
    "ship_to": "王小明 Wang Xiaoming\n上海市浦东新区世纪大道100号\n200120 Shanghai",
    "weight": "1.234 kg",
    "parcel": "P-000123-1",
}

CODES = {
    Symbology.CODE128: "P-000123-1",
    Symbology.CODE39: "A-12 $/+%.",
    Symbology.EAN8: "96385074",
    Symbology.EAN13: "4006381333931",
    Symbology.UPCA: "036000291452",
    Symbology.ITF14: "15400141288763",
    Symbology.GS1_128: "(01)09506000134352(10)ABC",
    Symbology.DATAMATRIX: "https://example.org/p/1",
    Symbology.GS1_DATAMATRIX: "(01)09506000134352(10)ABC(17)270101",
    Symbology.QR: "https://example.org/茶",
    Symbology.GS1_QR: "(01)09506000134352(10)ABC(17)270101",
}
"""One that each symbology takes."""


def template(name: str) -> Template:
    return load_template((BUILTIN / f"{name}.json").read_bytes())


def label(name: str, data: Data) -> Label:
    filled = fill(template(name), data)
    assert isinstance(filled, Label)
    return filled


def receipt(data: Data = RECEIPT_DATA) -> Receipt:
    filled = fill(template("receipt"), data)
    assert isinstance(filled, Receipt)
    return filled
