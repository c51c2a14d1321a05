"""Templates in a language, for a person: one Jinja environment per language."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, tzinfo
from functools import partial
from gettext import NullTranslations
from pathlib import Path
from zoneinfo import ZoneInfo

from jinja2 import Environment

from edge_agent.floor import words
from edge_agent.floor.locale_data import forget_unwritten
from edge_agent.ui.locales import Language, Writer, load_catalogues
from edge_agent.ui.rendering import environment_of
from edge_agent.ui.words import Translate, word
from edge_agent.wire.roles import Role

LOCALES = Path(__file__).parent / "locales"
NAMES = {Language.ENGLISH: "English", Language.CHINESE: "中文"}


@dataclass(frozen=True, slots=True)
class Look:
    """How a page is shown: language, and the roles of the one who sees it (what they may not do is left out)."""

    language: Language
    roles: frozenset[str] = field(default_factory=frozenset)

    def may(self, *roles: Role) -> bool:
        return not self.roles.isdisjoint(roles)


def zone_of(name: str) -> tzinfo:
    """The named zone, or the machine's own."""
    return ZoneInfo(name) if name else datetime.now().astimezone().tzinfo or UTC


class Renderer:
    """`extras` are names that every template knows; `now` is the wall clock."""

    def __init__(self, extras: Mapping[str, object], zone: tzinfo, now: Callable[[], datetime]) -> None:
        self._zone = zone
        self.now = now
        forget_unwritten()
        self._environments = {
            language: _environment(language, catalogue, extras) for language, catalogue in load_catalogues(LOCALES).items()
        }

    def render(self, template: str, look: Look, values: Mapping[str, object]) -> str:
        shown = {"look": look, "write": self.writer(look), "now": self.now(), "Role": Role}
        return self._environments[look.language].get_template(template).render(shown | dict(values))

    def has(self, template: str) -> bool:
        return template in self._environments[Language.ENGLISH].list_templates()

    def writer(self, look: Look) -> Writer:
        return Writer(look.language, self._zone)


def _before(instant: datetime, milliseconds: int) -> datetime:
    return instant - timedelta(milliseconds=milliseconds)


def _environment(language: Language, catalogue: NullTranslations, extras: Mapping[str, object]) -> Environment:
    environment = environment_of("edge_agent.floor", language, catalogue)
    translate: Translate = catalogue.gettext
    environment.globals.update(extras)
    environment.globals["languages"] = {each.value: name for each, name in NAMES.items()}
    environment.globals["before"] = _before
    environment.globals["say"] = partial(words.say, language)
    environment.globals["fault_text"] = partial(words.fault, language)
    environment.globals["task_icon"] = dict(words.TASK_ICONS).get
    environment.globals["control_icon"] = dict(words.CONTROL_ICONS).get
    for name in ("VERDICT", "DEVICE", "PRINT", "KIND", "DETAIL", "PAPER", "ERROR", "WHY_NOT"):
        environment.globals[f"{name.lower()}_word"] = partial(word, getattr(words, f"{name}S"), translate)
    environment.filters["json"] = partial(json.dumps, ensure_ascii=False)
    return environment
