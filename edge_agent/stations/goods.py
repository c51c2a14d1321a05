"""What was read of goods, as a station keeps it until it is booked; and what is still to be asked of them: lot, expiry, serial."""

from __future__ import annotations

import re
from datetime import date, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Final, Literal

from msgspec import Struct
from msgspec.structs import replace

from drivers.symbols.commands import DIGITS
from edge_agent.stations.item_words import item_arguments
from edge_agent.stations.model import Feedback, Item, Missing, Pressed, Scanned, Tracking, ok, wrong
from edge_agent.wire.messages import Symbol
from edge_agent.wire.prices import WEIGHED
from edge_agent.wire.taxes import STANDARD

OLDEST: Final = timedelta(days=0)
NEWEST: Final = timedelta(days=5 * 366)
"""An expiry before today, or further away than this, is asked for again: most are misread or typed wrongly."""
LONGEST: Final = 64
"""Characters of a lot or a serial number that a person tells; GS1 allows 20."""
_DIGITS: Final = {command.value.lower(): str(digit) for digit, command in enumerate(DIGITS)}
_DATE_DIGITS: Final = 6
_EAN13: Final = 13
_DATES: Final = (
    re.compile(r"(?P<y>20\d{2})(?P<m>\d{2})(?P<d>\d{2})"),
    re.compile(r"(?P<y>\d{4})[-/.年](?P<m>\d{1,2})[-/.月](?P<d>\d{1,2})日?"),
    re.compile(r"(?P<d>\d{1,2})\.(?P<m>\d{1,2})\.(?P<y>\d{4})"),
    re.compile(r"(?:17|15)?(?P<y>\d{2})(?P<m>\d{2})(?P<d>\d{2})"),
)
"""Year first, or day first with dots; six digits as GS1 writes them, with or without the identifier before them."""

Ask = Literal["lot", "expiry", "serial"]
_ASKED: Final[dict[Ask, str]] = {"lot": "ask_lot", "expiry": "ask_expiry", "serial": "ask_serial"}


class Goods(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One reading of goods.  `sku` is empty where the box does not know them; one scan is `numerator / denominator` base units."""

    symbol: Symbol
    gtin: str | None = None
    lot: str | None = None
    expiry: date | None = None
    serial: str | None = None
    sku: str = ""
    name_en: str = ""
    name_zh: str = ""
    unit: str = "piece"
    numerator: int = 1
    denominator: int = 1
    tracking: Tracking = "none"
    tax_class: str = STANDARD
    is_unknown: bool = False
    """The box has a catalogue, and it is not in there."""
    recalled: tuple[str, ...] = ()
    """The codes of its lots that are recalled."""
    measure: int | None = None
    """Base units that one of it was weighed to be, or says of itself; None: nobody weighed it."""

    @property
    def is_by_weight(self) -> bool:
        """Whether it is sold by weight or volume and its symbol says nothing of how much it is."""
        return self.unit in WEIGHED and self.numerator == self.denominator and self.measure is None

    @property
    def key(self) -> str:
        """What tells goods apart in a list."""
        return self.sku or self.symbol.text

    @property
    def args(self) -> dict[str, str | int]:
        """What `{name}` in an answer is made of."""
        name = self.symbol.text
        return {
            "name_en": self.name_en or self.name_zh or name,
            "name_zh": self.name_zh or self.name_en or name,
            "unit": self.unit,
            "numerator": self.numerator if self.measure is None else self.measure,
            "denominator": self.denominator if self.measure is None else 1,
        }

    @property
    def what(self) -> str:
        """As a line of the history calls it."""
        return self.symbol.text

    def units(self, packs: int) -> int:
        """Base units in so many scans; rounded down where a pack is no whole number of them."""
        return packs * self.numerator // self.denominator if self.measure is None else packs * self.measure


class Asked(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Goods that wait for what the person is asked for.  `typed`: digits so far; `doubted`: a date that is to be told once more."""

    goods: Goods
    quantity: int
    what: Ask
    typed: str = ""
    doubted: date | None = None


class Told(Struct, frozen=True, kw_only=True):
    """What became of an answer: `goods` are complete, or `asked` is what is asked next."""

    feedback: Feedback | None = None
    goods: Goods | None = None
    asked: Asked | None = None


def goods_of(read: Scanned) -> Goods:
    found = Goods(symbol=read.symbol, gtin=read.gtin, lot=read.lot, expiry=read.expiry, serial=read.serial)
    match read.item:
        case Item() as item:
            args = item_arguments(item)
            return replace(
                found,
                sku=item.sku,
                name_en=str(args["name_en"]),
                name_zh=str(args["name_zh"]),
                unit=item.unit,
                numerator=item.numerator,
                denominator=item.denominator,
                tracking=item.tracking,
                tax_class=item.tax_class,
                recalled=item.recalled,
            )
        case Missing.UNKNOWN | Missing.SEVERAL:
            return replace(found, is_unknown=True)
        case _:
            return found


def whole(grams: Decimal) -> int:
    """What a scale or a symbol tells, in the base unit: half-even, as the controller rounds it, so that errors do not add up."""
    return int(grams.to_integral_value(ROUND_HALF_EVEN))


def plain(grams: Decimal) -> str:
    """Without the noughts that a scale's display ends with."""
    return f"{grams.normalize():f}"


def measured(goods: Goods, grams: Decimal | None) -> Goods:
    """With what its symbol says that it weighs: `grams` of an element (GS1 AI 310n) or of a rule of the company, or the five
    digits of an in-store number.
    """
    if goods.unit not in WEIGHED:
        return goods
    if grams is not None and goods.unit == "gram":
        return replace(goods, measure=whole(grams) or None)
    text = goods.symbol.text
    is_in_store = len(text) == _EAN13 and text.isascii() and text.isdigit() and text[0] == "2"
    says = is_in_store and goods.denominator == 1 and int(text[7:12]) == goods.numerator
    return replace(goods, measure=goods.numerator) if says else goods


def missing(goods: Goods) -> Ask | None:
    """What is to be asked of goods that are tracked and do not carry it themselves."""
    if goods.tracking == "serial" and goods.serial is None:
        return "serial"
    if goods.tracking == "lot" and goods.lot is None:
        return "lot"
    if goods.tracking == "lot" and goods.expiry is None:
        return "expiry"
    return None


def ask(goods: Goods, quantity: int, what: Ask) -> Told:
    return Told(asked=Asked(goods=goods, quantity=quantity, what=what), feedback=ok(_ASKED[what], **goods.args))


def answered(asked: Asked, read: Scanned) -> Told:
    """A scan, or what was typed at a screen, while something is asked for."""
    carried = {"lot": read.lot, "expiry": read.expiry, "serial": read.serial}
    if any(carried.values()):
        return _filled(asked, read.lot, read.expiry, read.serial, read)
    text = read.symbol.text.strip()
    if read.gtin is not None and asked.what != "expiry":
        return Told(asked=asked, feedback=wrong("asked_first", symbol=text, **asked.goods.args))
    if asked.what == "expiry":
        told = parse_date(text)
        if told is None:
            return Told(asked=asked, feedback=wrong("no_date", symbol=text))
        return _dated(asked, told, read)
    if not 0 < len(text) <= LONGEST:
        return Told(asked=asked, feedback=wrong("too_long", most=LONGEST))
    lot, serial = (text, None) if asked.what == "lot" else (None, text)
    return _filled(asked, lot, None, serial, read)


def pressed_while_asked(asked: Asked, pressed: Pressed) -> Told | None:
    """Digits type, DONE ends them, NOTHING goes without, UNDO drops digits first; None: it means something else."""
    digit = _DIGITS.get(pressed.control)
    if digit is not None:
        typed = asked.typed + digit
        if asked.what == "expiry" and len(typed) == _DATE_DIGITS:
            found = parse_date(typed)
            if found is None:
                return Told(asked=replace(asked, typed=""), feedback=wrong("no_date", symbol=typed))
            return _dated(replace(asked, typed=""), found, pressed)
        return Told(asked=replace(asked, typed=typed[:LONGEST]), feedback=ok("typed", typed=typed))
    match pressed.control:
        case "undo" if asked.typed:
            return Told(asked=replace(asked, typed=""), feedback=ok("typed_undone", typed=asked.typed))
        case "done" if asked.typed and asked.what != "expiry":
            lot, serial = (asked.typed, None) if asked.what == "lot" else (None, asked.typed)
            return _filled(asked, lot, None, serial, pressed)
        case "done":
            return Told(asked=asked, feedback=wrong(_ASKED[asked.what], **asked.goods.args))
        case "nothing":
            return _without(asked)
        case _:
            return None


def parse_date(text: str) -> date | None:
    """An expiry as people and labels write it; a day of 00 is the month's last, as in GS1.  Never raises."""
    text = text.strip().removeprefix("]C1")
    for pattern in _DATES:
        found = pattern.fullmatch(text) if text.isascii() or "年" in text else None
        if found is not None and (told := _date(int(found["y"]), int(found["m"]), int(found["d"]))) is not None:
            return told
    return None


def is_doubtful(told: date, today: date | None) -> bool:
    """Whether an expiry is so far away, or past, that it is asked for again; nothing is where nobody knows the day."""
    return today is not None and not today + OLDEST <= told <= today + NEWEST


def _date(year: int, month: int, day: int) -> date | None:
    year += 2000 if year < 100 else 0
    try:
        if day:
            return date(year, month, day)
        return date(year + month // 12, month % 12 + 1, 1) - timedelta(days=1)
    except (ValueError, OverflowError):
        return None


def _dated(asked: Asked, told: date, given: Scanned | Pressed) -> Told:
    today = given.at.date() if given.at is not None else None
    if is_doubtful(told, today) and asked.doubted != told:
        code = "date_past" if today is not None and told < today else "date_far"
        return Told(asked=replace(asked, doubted=told), feedback=wrong(code, date=told.isoformat()))
    return _next(asked, replace(asked.goods, expiry=told))


def _filled(asked: Asked, lot: str | None, expiry: date | None, serial: str | None, given: Scanned | Pressed) -> Told:
    goods = replace(asked.goods, lot=lot or asked.goods.lot, serial=serial or asked.goods.serial)
    if expiry is not None:
        return _dated(replace(asked, goods=goods), expiry, given)
    return _next(asked, goods)


def _next(asked: Asked, goods: Goods) -> Told:
    what = missing(goods)
    return Told(goods=goods) if what is None else ask(goods, asked.quantity, what)


def _without(asked: Asked) -> Told:
    """It says nothing on them: they are taken without; no lot, no expiry of one either."""
    if asked.what == "lot" and asked.goods.expiry is None:
        return ask(asked.goods, asked.quantity, "expiry")
    return Told(goods=asked.goods)
