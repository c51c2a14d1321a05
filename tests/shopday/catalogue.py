"""The shop of the shop day: a small neighbourhood shop with about 200 SKUs, the same on every run.

Numbers are fictitious: GTINs begin with 952, the prefix that GS1 keeps for demonstrations and examples (GS1 General Specifications,
table of GS1 prefixes); case packs carry the GTIN-14 of their content with indicator digit 1 (the same, section 2.1.6); the weighed
goods carry an in-store number of the range 20-29 with the weight in grams in it (the same, section 2.1.12).
"""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from functools import cache

CURRENCY = "CNY"

_PIECE = "piece"
_GRAM = "gram"


@dataclass(frozen=True, slots=True, kw_only=True)
class ShopSku:
    """One sellable unit.  `base_unit` is `piece` or `gram`; `price_minor` is in fen for one piece, or for 100 g of weighed goods.

    `weight_grams` is what one base unit weighs on the packing scale; `case_size` counts base units (0: not delivered by the case).
    """

    sku: str
    name_zh: str
    name_en: str
    base_unit: str
    gtin: str
    case_gtin: str | None
    case_size: int
    price_minor: int
    weight_grams: int
    bin: str

    @property
    def barcode(self) -> str:
        """As the catalogue has it; weighed goods as the pattern of an in-store EAN-13 (W: grams, C: check digit)."""
        return f"{self.gtin[1:8]}WWWWWC" if self.base_unit == _GRAM else self.ean13

    @property
    def ean13(self) -> str:
        """What is printed on the piece: the GTIN without its leading zero."""
        return self.gtin[1:]


def check_digit(digits: str) -> str:
    """The check digit behind `digits` (GS1 General Specifications, section 7.9.1: weights 3, 1, 3, … from the right)."""
    total = sum(int(digit) * (3 if place % 2 == 0 else 1) for place, digit in enumerate(reversed(digits)))
    return str(-total % 10)


def weighed_ean13(item: int, grams: int) -> str:
    """An in-store EAN-13 with the weight in it: 21, five digits of the item, five of grams, check digit."""
    body = f"21{item:05d}{grams:05d}"
    return body + check_digit(body)


# zh, en, price of the smallest in fen, grams of it, pieces per case
_PRODUCTS: tuple[tuple[str, str, int, int, int], ...] = (
    ("纯牛奶", "Whole milk", 420, 268, 24),
    ("酸奶", "Yoghurt", 550, 215, 12),
    ("豆浆", "Soy milk", 380, 262, 24),
    ("绿茶", "Green tea", 350, 530, 15),
    ("乌龙茶", "Oolong tea", 450, 528, 15),
    ("矿泉水", "Mineral water", 200, 570, 24),
    ("苏打水", "Soda water", 400, 345, 24),
    ("橙汁", "Orange juice", 680, 475, 12),
    ("椰子水", "Coconut water", 790, 360, 12),
    ("黑咖啡", "Black coffee", 890, 278, 15),
    ("薯片", "Potato crisps", 690, 82, 22),
    ("虾条", "Prawn sticks", 560, 66, 30),
    ("海苔", "Roasted seaweed", 990, 18, 40),
    ("苏打饼干", "Soda crackers", 750, 156, 20),
    ("巧克力", "Chocolate bar", 1290, 48, 24),
    ("水果糖", "Fruit drops", 480, 72, 36),
    ("瓜子", "Sunflower seeds", 850, 168, 20),
    ("花生", "Roasted peanuts", 780, 132, 20),
    ("方便面", "Instant noodles", 450, 112, 24),
    ("挂面", "Dried noodles", 690, 512, 20),
    ("大米", "Rice", 1990, 1015, 10),
    ("小米", "Millet", 1590, 514, 12),
    ("红豆", "Red beans", 1290, 412, 15),
    ("酱油", "Soy sauce", 1280, 905, 12),
    ("香醋", "Rice vinegar", 980, 872, 12),
    ("蚝油", "Oyster sauce", 1150, 780, 12),
    ("芝麻油", "Sesame oil", 2380, 634, 12),
    ("食盐", "Table salt", 300, 405, 50),
    ("白砂糖", "White sugar", 790, 508, 24),
    ("鸡蛋", "Eggs", 1680, 560, 12),
    ("豆腐", "Tofu", 460, 382, 16),
    ("速冻饺子", "Frozen dumplings", 2490, 508, 12),
    ("汤圆", "Glutinous rice balls", 1490, 412, 16),
    ("洗洁精", "Washing-up liquid", 1190, 560, 15),
    ("抽纸", "Tissues", 590, 174, 24),
    ("牙膏", "Toothpaste", 1390, 148, 36),
    ("香皂", "Soap bar", 650, 122, 48),
    ("洗发水", "Shampoo", 2990, 448, 12),
    ("垃圾袋", "Bin liners", 890, 236, 40),
    ("电池", "Batteries", 1580, 98, 24),
)

# zh, en, factor on price and weight in percent
_VARIANTS: tuple[tuple[str, str, int], ...] = (
    ("原味 小", "original, small", 100),
    ("原味 大", "original, large", 180),
    ("家庭装", "family pack", 320),
    ("有机", "organic", 140),
    ("特选", "selection", 160),
)

# zh, en, price of 100 g in fen
_WEIGHED: tuple[tuple[str, str, int], ...] = (
    ("红富士苹果", "Fuji apples, loose", 128),
    ("东北大米 散装", "North-east rice, loose", 72),
)

_BINS_PER_AISLE = 20


@cache
def shop_skus() -> tuple[ShopSku, ...]:
    """Forty products in five variants each, and two weighed ones."""
    pieces = [_piece(product, variant) for product in range(len(_PRODUCTS)) for variant in range(len(_VARIANTS))]
    return (*pieces, *(_loose(index) for index in range(len(_WEIGHED))))


def shop_bins() -> tuple[str, ...]:
    """The bins of the shop's floor, in walking order."""
    return tuple(dict.fromkeys(sku.bin for sku in shop_skus()))


def catalogue_csv() -> str:
    """The shop's catalogue as a file to import: a line per SKU and barcode, pieces and cases."""
    text = io.StringIO()
    file = csv.writer(text)
    file.writerow(
        ("sku", "product", "name_zh", "name_en", "base_unit", "price_minor", "currency", "weight_grams", "barcode", "pack")
    )
    for sku in shop_skus():
        names = (sku.sku, sku.sku.partition("-")[0], sku.name_zh, sku.name_en, sku.base_unit)
        numbers = (sku.price_minor, CURRENCY, sku.weight_grams)
        file.writerow((*names, *numbers, sku.barcode, 1))
        if sku.case_gtin:
            file.writerow((*names, *numbers, sku.case_gtin, sku.case_size))
    return text.getvalue()


def _piece(product: int, variant: int) -> ShopSku:
    zh, en, price, grams, per_case = _PRODUCTS[product]
    variant_zh, variant_en, percent = _VARIANTS[variant]
    number = product * len(_VARIANTS) + variant
    body = f"9521{number * 37 + 10_000:08d}"
    return ShopSku(
        sku=f"{product + 10:03d}-{variant + 1}",
        name_zh=f"{zh} {variant_zh}",
        name_en=f"{en}, {variant_en}",
        base_unit=_PIECE,
        gtin="0" + body + check_digit(body),
        case_gtin="1" + body + check_digit("1" + body),
        case_size=per_case,
        price_minor=price * percent // 100,
        weight_grams=grams * percent // 100,
        bin=_bin(number),
    )


def _loose(index: int) -> ShopSku:
    zh, en, price = _WEIGHED[index]
    return ShopSku(
        sku=f"900-{index + 1}",
        name_zh=zh,
        name_en=en,
        base_unit=_GRAM,
        gtin="0" + weighed_ean13(101 + index, 0),
        case_gtin=None,
        case_size=0,
        price_minor=price,
        weight_grams=1,
        bin=f"F-{index + 1:02d}",
    )


def _bin(number: int) -> str:
    """Two SKUs share a bin, so that a count meets mixed bins."""
    shelf = number // 2
    return f"{chr(ord('A') + shelf // _BINS_PER_AISLE)}-{shelf % _BINS_PER_AISLE + 1:02d}"
