"""The languages of a page: which one, its texts (gettext catalogues compiled in memory), and how it writes dates and numbers."""

from __future__ import annotations

import datetime as dt
import gettext
import io
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from decimal import Decimal
from enum import StrEnum
from pathlib import Path

from babel.core import Locale
from babel.dates import format_date, format_datetime, format_timedelta
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_currency, format_decimal, get_currency_precision

DOMAIN = "messages"


class Language(StrEnum):
    """Value: the BCP 47 tag, for `lang` attributes."""

    ENGLISH = "en"
    CHINESE = "zh-CN"

    @property
    def locale(self) -> Locale:
        return Locale.parse(self.value, sep="-")


_DATES = {Language.ENGLISH: "d MMM yyyy, HH:mm", Language.CHINESE: "yyyy-MM-dd HH:mm"}
_DAYS = {Language.ENGLISH: "d MMM yyyy", Language.CHINESE: "yyyy-MM-dd"}
_TIMES = {Language.ENGLISH: "HH:mm:ss", Language.CHINESE: "HH:mm:ss"}


def matching(tag: str) -> Language | None:
    """The language that serves a BCP 47 tag: every Chinese gets zh-CN (zh-TW and zh-HK too), every English en."""
    match tag.strip().replace("_", "-").lower().split("-")[0]:
        case "zh":
            return Language.CHINESE
        case "en":
            return Language.ENGLISH
        case _:
            return None


def negotiate(*wishes: str | None, accept: str = "") -> Language:
    """The first wish that can be served, else the best of an Accept-Language header, else English."""
    for wish in wishes:
        if wish and (language := matching(wish)) is not None:
            return language
    return next((language for tag in _by_preference(accept) if (language := matching(tag)) is not None), Language.ENGLISH)


def _by_preference(accept: str) -> list[str]:
    """The tags of an Accept-Language header, best first (RFC 9110, section 12.5.4); what has q=0 or is malformed is left out."""
    found: list[tuple[float, int, str]] = []
    for index, item in enumerate(accept[:1000].split(",")):
        tag, _, parameter = item.partition(";")
        try:
            quality = float(parameter.strip().removeprefix("q=")) if parameter.strip() else 1.0
        except ValueError:
            continue
        if quality > 0:
            found.append((-quality, index, tag.strip()))
    return [tag for _, _, tag in sorted(found)]


def load_catalogues(folder: Path) -> Mapping[Language, gettext.NullTranslations]:
    """Compile `<folder>/<locale>/LC_MESSAGES/messages.po` of every language."""
    found: dict[Language, gettext.NullTranslations] = {}
    for language in Language:
        path = folder / language.value.replace("-", "_") / "LC_MESSAGES" / f"{DOMAIN}.po"
        compiled = io.BytesIO()
        with path.open("rb") as file:
            write_mo(compiled, read_po(file, locale=language.locale))
        compiled.seek(0)
        found[language] = gettext.GNUTranslations(compiled)
    return found


_EARLIEST, _LATEST = datetime(1, 1, 3, tzinfo=UTC), datetime(9999, 12, 29, tzinfo=UTC)


def _in_every_zone(instant: datetime) -> datetime:
    """The nearest instant that has a date in every time zone: a box's clock may say anything."""
    return min(max(instant, _EARLIEST), _LATEST)


@dataclass(frozen=True, slots=True)
class Writer:
    """Writes dates, ages, numbers and money for one language and time zone."""

    language: Language
    zone: tzinfo

    def date(self, instant: datetime) -> str:
        """`21 Nov 2026, 19:45` or `2026-11-21 19:45`, in the page's zone."""
        return str(format_datetime(_in_every_zone(instant), _DATES[self.language], tzinfo=self.zone, locale=self.language.locale))

    def day(self, day: dt.date) -> str:
        """A calendar day, of whatever zone it was a day in."""
        return str(format_date(day, _DAYS[self.language], locale=self.language.locale))

    def time(self, instant: datetime) -> str:
        return str(format_datetime(_in_every_zone(instant), _TIMES[self.language], tzinfo=self.zone, locale=self.language.locale))

    def moment(self, instant: datetime, now: datetime) -> str:
        """Its time; with its date if that is not today's, in the page's zone."""
        days = [_in_every_zone(each).astimezone(self.zone).date() for each in (instant, now)]
        return self.time(instant) if days[0] == days[1] else self.date(instant)

    def exact(self, instant: datetime) -> str:
        """With seconds and zone, for a tooltip."""
        return str(
            format_datetime(_in_every_zone(instant), "yyyy-MM-dd HH:mm:ss ZZZZZ", tzinfo=self.zone, locale=self.language.locale)
        )

    def age(self, instant: datetime, now: datetime) -> str:
        """`3 minutes` since then; never negative."""
        seconds = max(int((now - instant).total_seconds()), 0)
        return str(format_timedelta(seconds, locale=self.language.locale, threshold=1.2))

    def number(self, value: int) -> str:
        return str(format_decimal(value, locale=self.language.locale))

    def money(self, minor: int, currency: str) -> str:
        """Minor units, written with the currency's own exponent."""
        exponent = get_currency_precision(currency)
        return str(format_currency(Decimal(minor).scaleb(-exponent), currency, locale=self.language.locale))
