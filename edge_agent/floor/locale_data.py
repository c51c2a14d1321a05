"""Babel's data of our languages without what no page of a box writes: names of languages, countries, zones and currencies.

Babel loads all of CLDR about a language as Python objects, 4.5 MB for ours, in a process that has 80 MB for everything.  Source:
Babel 2.18, `babel.core.get_global` and `babel.localedata.load`: both return what they keep, the same object each time.
"""

from __future__ import annotations

from itertools import accumulate
from typing import Any, Final

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
        _own(get_global(place)).clear()
    for language in Language:
        _of_language(language)
    likely = _own(get_global("likely_subtags"))
    ours = {language.locale.language for language in Language}
    for tag in [each for each in likely if each.partition("_")[0] not in ours]:
        del likely[tag]


def _of_language(language: Language) -> None:
    """Its data and that which it was made from: `zh_Hans_CN`, `zh_Hans`, `zh`, root."""
    for name in ("root", *accumulate(str(language.locale).split("_"), "{}_{}".format)):
        data = localedata.load(name)
        for kind in UNWRITTEN:
            _own(data.get(kind, {})).clear()
        units = _own(data["unit_patterns"])
        for unit in [each for each in units if not each.startswith(AGES)]:
            del units[unit]


def _own(data: object) -> dict[str, Any]:
    """Babel calls its dicts mappings.  Raises TypeError: they are not dicts any more."""
    if not isinstance(data, dict):
        raise TypeError(f"Babel keeps a {type(data).__name__}")
    return data
