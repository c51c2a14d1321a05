"""docs/design.md: the contrast of each pair of tokens, computed from tokens.css, in both themes.

Source: WCAG 2.2, success criteria 1.4.3 (text: 4.5) and 1.4.11 (what one must see
to use a control: 3); relative luminance as defined there.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCUMENT = (ROOT / "docs/design.md").read_text(encoding="utf-8")
CSS = (ROOT / "edge_agent/ui/static/tokens.css").read_text(encoding="utf-8")
ROW = re.compile(r"^\| `--([a-z-]+)` on `--([a-z-]+)` \| [^|]+ \| (\d+\.\d) \| (\d+\.\d) \| (4\.5|3) \|$", re.MULTILINE)
PAIRS = ROW.findall(DOCUMENT)
WITHOUT_MEANING = {"line", "focus-halo"}
"""Nobody needs to see these: lines between things, and a halo that only helps the focus ring."""


def colours(block: str) -> dict[str, str]:
    return dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6});", block))


LIGHT = colours(CSS.split("@media")[0])
DARK = {**LIGHT, **colours(CSS.split("prefers-color-scheme: dark")[1].split("@media")[0])}


def luminance(colour: str) -> float:
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def test_the_formula_is_right() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)  # the known grey that just fails


@pytest.mark.parametrize(("front", "back", "light", "dark", "least"), PAIRS, ids=lambda value: value)
def test_a_pair_has_the_documented_contrast_and_enough_of_it(front: str, back: str, light: str, dark: str, least: str) -> None:
    for theme, documented in ((LIGHT, light), (DARK, dark)):
        found = contrast(theme[front], theme[back])
        assert found >= float(least), f"{theme[front]} on {theme[back]}"
        assert f"{int(found * 10) / 10:.1f}" == documented  # rounded down: never better than it is


def test_every_colour_is_in_a_pair() -> None:
    used = {token for front, back, *_ in PAIRS for token in (front, back)}
    assert used == set(LIGHT) - WITHOUT_MEANING
    assert set(LIGHT) >= set(DARK)


def test_the_style_sheets_use_no_other_colours() -> None:
    sheets = [CSS.split("*, *::before")[1]]
    sheets += [
        path.read_text(encoding="utf-8")
        for folder in ("controller/web", "drivers/emulators/bench", "edge_agent/floor")
        for path in sorted((ROOT / folder / "static").glob("*.css"))
    ]
    paper = {"#fff"}  # printed paper is white in both themes
    for sheet in sheets:
        assert set(re.findall(r"#[0-9a-fA-F]{3,8}\b", sheet)) <= paper
