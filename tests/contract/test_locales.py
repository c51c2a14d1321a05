"""The texts of the pages: every one translated in every language, none left over, with the same placeholders."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.pofile import read_po

from edge_agent.floor.faults_zh import FAULTS_ZH

ROOT = Path(__file__).parents[2]
LANGUAGES = ("en", "zh_CN")
PAGES = {
    "controller/locales": [
        ("controller/web/**.py", "python"),
        ("controller/web/templates/**.html", "jinja2"),
        ("edge_agent/ui/templates/**.html", "jinja2"),
    ],
    "edge_agent/floor/locales": [
        ("edge_agent/floor/**.py", "python"),
        ("edge_agent/floor/templates/**.html", "jinja2"),
        ("edge_agent/ui/templates/**.html", "jinja2"),
    ],
    "drivers/emulators/bench/locales": [
        ("drivers/emulators/bench/**.py", "python"),
        ("drivers/emulators/bench/**.html", "jinja2"),
    ],
}
"""Where the catalogues of a set of pages are, and what they are made from."""
HAN = re.compile("[\u3400-\u9fff\uf900-\ufaff]")
HALF = re.compile("(?<=[\u3400-\u9fff]) ?[,:;?!(]|[,:;?!)] ?(?=[\u3400-\u9fff])")
"""A mark of Latin script beside a Chinese letter."""
PLACEHOLDER = re.compile(r"%\((\w+)\)[sd]")
APOLOGY = {"en": re.compile(r"\b(please|sorry|invalid)\b", re.IGNORECASE), "zh_CN": re.compile("请|抱歉|非法|无效")}


@pytest.fixture(scope="module", params=PAGES)
def pages(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def texts_of(pages: str) -> Catalog:
    """Every text of these pages, as `.ci/texts` takes it over too."""
    found = Catalog()
    keywords = {**DEFAULT_KEYWORDS, "N_": None}
    for pattern, kind in PAGES[pages]:
        folder, _, rest = pattern.partition("/")
        options = {rest: {"trimmed": "true"}} if kind == "jinja2" else {}
        for _, _, message, *_ in extract_from_dir(ROOT / folder, [(rest, kind)], options, keywords):
            found.add(message)
    assert len(found) > 30, "the extraction found next to nothing"
    return found


@pytest.fixture(scope="module")
def wanted(pages: str) -> Catalog:
    return texts_of(pages)


@pytest.fixture(scope="module", params=LANGUAGES)
def catalog(pages: str, request: pytest.FixtureRequest) -> Catalog:
    with (ROOT / pages / request.param / "LC_MESSAGES/messages.po").open("rb") as file:
        return read_po(file, locale=request.param)


def ids(catalog: Catalog) -> set[object]:
    return {message.id for message in catalog if message.id}


def strings(value: object) -> list[str]:
    return [str(part) for part in (value if isinstance(value, tuple | list) else [value])]


def test_no_text_is_missing_and_none_is_left_over(wanted: Catalog, catalog: Catalog) -> None:
    assert ids(wanted) - ids(catalog) == set(), "missing"
    assert ids(catalog) - ids(wanted) == set(), "unused"


def test_every_text_is_translated(catalog: Catalog) -> None:
    for message in catalog:
        if message.id:
            assert all(strings(message.string)), message.id
            assert not message.fuzzy, message.id


def test_placeholders_are_the_same(catalog: Catalog) -> None:
    for message in catalog:
        if message.id:
            expected = set(PLACEHOLDER.findall(" ".join(strings(message.id))))
            for text in strings(message.string):
                assert set(PLACEHOLDER.findall(text)) == expected, message.id


def test_words_keep_to_the_house_style(catalog: Catalog) -> None:
    for message in catalog:
        for text in strings(message.string) if message.id else []:
            assert not APOLOGY[str(catalog.locale_identifier)].search(text), text


def test_english_has_no_han_and_chinese_is_chinese() -> None:
    with (ROOT / "controller/locales/en/LC_MESSAGES/messages.po").open("rb") as file:
        assert not [message.id for message in read_po(file) if message.id and HAN.search(" ".join(strings(message.string)))]
    with (ROOT / "controller/locales/zh_CN/LC_MESSAGES/messages.po").open("rb") as file:
        latin = [message.id for message in read_po(file) if message.id and not HAN.search(" ".join(strings(message.string)))]
    assert latin == ["SKU"]


@pytest.mark.parametrize("folder", ["controller/locales", "edge_agent/floor/locales"])
def test_chinese_has_its_own_marks(folder: str) -> None:
    with (ROOT / folder / "zh_CN" / "LC_MESSAGES" / "messages.po").open("rb") as file:
        catalogue = read_po(file, locale="zh_CN")
    texts = [text for message in catalogue if message.id for text in strings(message.string)]
    assert [text for text in [*texts, *FAULTS_ZH.values()] if HALF.search(text)] == []
