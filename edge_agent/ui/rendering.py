"""A Jinja environment for one language: strict about missing names, escaping everything, its texts from a gettext catalogue."""

from __future__ import annotations

from gettext import NullTranslations

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined, select_autoescape

from edge_agent.ui.locales import Language


def environment_of(package: str, language: Language, catalogue: NullTranslations) -> Environment:
    """Templates of `package`, and the shared ones."""
    environment = Environment(
        loader=ChoiceLoader([PackageLoader(package), PackageLoader("edge_agent.ui")]),
        autoescape=select_autoescape(default=True, default_for_string=True),
        undefined=StrictUndefined,
        extensions=["jinja2.ext.i18n"],
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.policies["ext.i18n.trimmed"] = True
    environment.install_gettext_translations(catalogue, newstyle=True)  # type: ignore[attr-defined]  # added by the extension
    environment.globals["language"] = language.value
    return environment
