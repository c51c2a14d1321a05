"""Babel's data of our languages without what no page of a box writes: names of languages, countries, zones and currencies.

Babel loads all of CLDR about a language as Python objects, 4.5 MB for ours, in a process that has 80 MB for everything.  Source:
Babel 2.18, `babel.core.get_global` and `babel.localedata.load`: both return what they keep, the same object each time.
"""

from __future__ import annotations

from collections.abc import Callable, MutableMapping
from itertools import accumulate
from typing import Final

from babel import localedata
from babel.core import get_global

from edge_agent.ui.locales import Language

UNWRITTEN: Final = (
    "languages",
    "territories",
    "scripts",
    "variants",
    "currency_names",
    "currency_names_plural",
    "time_zones",
    "meta_zones",
    "unit_display_names",
    "compound_unit_patterns",
    "date_fields",
    "interval_formats",
    "compact_decimal_formats",
    "compact_currency_formats",
)
PLACES: Final = (
    "all_currencies",
    "language_aliases",
    "meta_zones",
    "territory_aliases",
    "territory_currencies",
    "territory_languages",
    "territory_zones",
    "windows_zone_mapping",
    "zone_aliases",
    "zone_territories",
)
AGES: Final = "duration-"
"""Of the units, those that an age is told in."""


def forget_unwritten() -> None:
    """Once is enough; a process that writes such names must not call it."""
    for place in PLACES:
        _drop(get_global(place))
    for language in Language:
        _of_language(language)
    ours = {language.locale.language for language in Language}
    _drop(get_global("likely_subtags"), keep=lambda tag: tag.partition("_")[0] in ours)


def _of_language(language: Language) -> None:
    """Its data and that which it was made from: `zh_Hans_CN`, `zh_Hans`, `zh`, root."""
    for name in ("root", *accumulate(str(language.locale).split("_"), "{}_{}".format)):
        data = localedata.load(name)
        for kind in UNWRITTEN:
            _drop(data.get(kind, {}))
        _drop(data["unit_patterns"], keep=lambda unit: unit.startswith(AGES))


def _drop(data: object, keep: Callable[[str], bool] = lambda _: False) -> None:
    """Babel calls its own dicts mappings, and wraps some on first use.  Where it keeps something else, that stays."""
    if isinstance(data, MutableMapping):
        for key in [each for each in data if not keep(each)]:
            del data[key]
