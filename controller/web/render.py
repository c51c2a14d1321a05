"""Templates in a language: one Jinja environment per language, strict about missing names, escaping everything."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from functools import partial
from gettext import NullTranslations
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from jinja2 import Environment

from controller.http.auth import ANYONE
from controller.http.routing import Actor, Permission
from controller.web import (
    count_words,
    customer_words,
    fleet_words,
    goods_words,
    intake_words,
    money_page_words,
    money_words,
    order_list_words,
    order_words,
    purchasing_words,
    replenishment_words,
    review_words,
    setting_words,
    shipping_words,
    task_words,
    wave_words,
    words,
)
from controller.web.flag_reasons import flag_reason
from controller.web.navigation import first_of, places_for
from edge_agent.ui.locales import Language, Writer, load_catalogues
from edge_agent.ui.rendering import environment_of
from edge_agent.ui.words import Translate, word

FORM_TOKEN = f"form-token-{secrets.token_hex(16)}"
"""Stands in what is rendered, once for all who see the same; each browser's own is put in its place as it is sent."""
LOCALES = Path(__file__).parent.parent / "locales"


@dataclass(frozen=True, slots=True)
class Look:
    """How a page is shown: language, time zone, and for whom (what they may not do or see is left out).

    `who` has no name: all who may the same see the same.
    """

    language: Language
    zone: tzinfo = UTC
    who: Actor = ANYONE

    @property
    def may(self) -> frozenset[Permission]:
        return self.who.permissions

    def allows(self, permission: str, site: str) -> bool:
        """A button of something at a site."""
        return self.who.may_at(Permission(permission), site)


def zone_named(names: set[str]) -> tzinfo:
    """The one zone that all sites are in; UTC when they differ, or when there is none."""
    if len(names) != 1:
        return UTC
    try:
        return ZoneInfo(next(iter(names)))
    except (ZoneInfoNotFoundError, ValueError):
        return UTC


class Renderer:
    """Renders templates; `extras` are names that every template knows (addresses of assets, the bench's link)."""

    def __init__(self, extras: Mapping[str, object]) -> None:
        self._catalogues = load_catalogues(LOCALES)
        self._environments = {
            language: _environment(language, catalogue, extras) for language, catalogue in self._catalogues.items()
        }

    def render(self, template: str, look: Look, values: Mapping[str, object]) -> str:
        environment = self._environments[look.language]
        shown = {"look": look, "write": Writer(look.language, look.zone), "now": datetime.now(UTC)}
        return environment.get_template(template).render(shown | dict(values))

    def said(self, language: Language, table: Mapping[str, str]) -> Callable[[str], str]:
        """The words for a code outside of a page: in a file, say."""
        return partial(_text, table, self._catalogues[language].gettext)


def _environment(language: Language, catalogue: NullTranslations, extras: Mapping[str, object]) -> Environment:
    environment = environment_of("controller.web", language, catalogue)
    translate: Translate = catalogue.gettext
    environment.globals.update(extras)
    environment.globals |= {"form_token": FORM_TOKEN, "places_for": places_for, "first_of": first_of}
    for name in ("LINK", "DEVICE", "ORDER", "PICK_LIST", "PRINT", "OUTCOME"):
        environment.globals[f"{name.lower()}_word"] = partial(word, getattr(words, name), translate)
    for name in ("PROOF", "FAULTS", "EVENTS", "FACTS", "PAPERS", "ROLES", "REFUSALS", "MOVEMENTS", "STOCK_REFUSALS", "FIGURES"):
        environment.globals[f"{name.lower()}_text"] = partial(_text, getattr(words, name), translate)
    environment.globals["pack_reasons_text"] = partial(_text, order_words.PACK_REASONS, translate)
    environment.globals["outcome_reasons_text"] = partial(_text, words.OUTCOME_REASONS, translate)
    for name, states in (("GROUPS", "group"), ("COMMAND_STATE", "command_state"), ("TWIN", "twin")):
        environment.globals[f"{states}_word"] = partial(word, getattr(fleet_words, name), translate)
    for name in ("PURCHASE", "RECEIPT", "SENDING", "ANSWER"):
        environment.globals[f"{name.lower()}_word"] = partial(word, getattr(purchasing_words, name), translate)
    for name in ("CHANNELS", "SPREADS", "FIELDS", "BOUGHT_REFUSALS"):
        environment.globals[f"{name.lower()}_text"] = partial(_text, getattr(purchasing_words, name), translate)
    environment.globals["reasons_of_goods_text"] = partial(_text, purchasing_words.GOODS_REASONS, translate)
    environment.globals["count_session_word"] = partial(word, count_words.SESSION, translate)
    environment.globals["count_row_word"] = partial(word, count_words.ROW, translate)
    for name in ("KIND", "WHY", "REFUSED"):
        environment.globals[f"count_{name.lower()}_text"] = partial(_text, getattr(count_words, name), translate)
    for name in ("TRANSFER", "BATCH", "SALE"):
        environment.globals[f"{name.lower()}_word"] = partial(word, getattr(goods_words, name), translate)
    for name in ("BOOKINGS", "CONFLICTS", "GOODS_REFUSALS", "NO_GOODS"):
        environment.globals[f"{name.lower()}_text"] = partial(_text, getattr(goods_words, name), translate)
    for words_of in _FEATURES:
        environment.globals |= words_of(translate)
    environment.globals["recall_word"] = partial(word, task_words.RECALLS, translate)
    environment.globals["task_word"] = partial(word, task_words.STATES, translate)
    environment.globals["task_title"] = partial(task_words.title, translate)
    environment.globals["task_sentence"] = partial(task_words.sentence, translate)
    for name in ("REASONS", "FIXES", "ALERTS", "COMMANDS", "CONFIG_ERRORS", "KINDS"):
        environment.globals[f"{name.lower()}_text"] = partial(_text, getattr(fleet_words, name), translate)
    return environment


def _of_intake(translate: Translate) -> dict[str, object]:
    """Words of files of orders, of orders typed here, and of orders to merge."""
    states = {
        f"{name.lower()}_word": partial(word, getattr(intake_words, name), translate) for name in ("ORDER_FILE", "FILE_ORDER")
    }
    texts = ("FILE_COLUMN", "FILE_ERROR", "FILE_REFUSAL")
    told = {f"{name.lower()}_text": partial(_text, getattr(intake_words, name), translate) for name in texts}
    entry = partial(_text, intake_words.ENTRY_REFUSAL, translate, otherwise=translate(intake_words.ENTRY_OTHERWISE))
    merge = partial(_text, intake_words.MERGE_REFUSAL, translate, otherwise=translate(intake_words.MERGE_OTHERWISE))
    return {**states, **told, "entry_refusal_text": entry, "merge_refusal_text": merge}


def _of_waves(translate: Translate) -> dict[str, object]:
    states = {f"{name.lower()}_word": partial(word, getattr(wave_words, name), translate) for name in ("WAVE", "WAVE_PART")}
    told: dict[str, object] = {
        f"wave_{name.lower()}_text": partial(_text, getattr(wave_words, f"WAVE_{name}"), translate) for name in wave_words.TEXTS
    }
    refusal = partial(_text, wave_words.WAVE_REFUSAL, translate, otherwise=translate(wave_words.OTHERWISE))
    return {**states, **told, "wave_refusal_text": refusal}


def _of_replenishment(translate: Translate) -> dict[str, object]:
    states = {
        f"{name.lower()}_word": partial(word, getattr(replenishment_words, name), translate)
        for name in ("PROPOSAL", "RUN", "STOCK_ALERT", "OPENING")
    }
    texts = ("OPENING_ERRORS", "DEMAND", "METHOD", "RULE", "PROPOSAL_REFUSALS", "REPORT", "QUESTION", "PICTURED", "COLUMN")
    return states | {f"{name.lower()}_text": partial(_text, getattr(replenishment_words, name), translate) for name in texts}


def _of_shipping(translate: Translate) -> dict[str, object]:
    """Words of shipments, and of why orders come from where they do."""
    states = {
        f"{name.lower()}_word": partial(word, getattr(shipping_words, name), translate)
        for name in ("SHIPMENT", "LABEL", "MANIFEST", "NOTICED")
    }
    texts = ("SERVICE_WHY", "CARRIER_KIND", "SOURCE_WHY", "SOURCE_CAUSE", "COST_PART", "REJECTION", "SHIPPING_REFUSAL")
    return states | {f"{name.lower()}_text": partial(_text, getattr(shipping_words, name), translate) for name in texts}


def _of_customers(translate: Translate) -> dict[str, object]:
    """Words of customers and of where orders are."""
    states = {
        f"{name.lower()}_word": partial(word, getattr(customer_words, name), translate) for name in ("NODE", "STEP", "CUSTOMER")
    }
    texts = ("IDENTITY", "CUSTOMER_FIELD", "MERGE_REASON", "ADDRESS_FLAW", "CUSTOMER_REFUSAL", "CARRIER_TOLD", "MONEY_TOLD")
    told = {f"{name.lower()}_text": partial(_text, getattr(customer_words, name), translate) for name in (*texts, "TIMELINE_KIND")}
    return {**states, **told}


def _of_orders(translate: Translate) -> dict[str, object]:
    refusal = partial(_text, order_words.ORDER_REFUSAL, translate, otherwise=translate(order_words.MOVED_ON))
    told = {"order_refusal_text": refusal, "order_done_text": partial(_text, order_words.ORDER_DONE, translate)}
    return {**told, "flag_reason": partial(flag_reason, translate)}


def _of_order_lists(translate: Translate) -> dict[str, object]:
    states = {
        f"{name.lower()}_word": partial(word, getattr(order_list_words, name), translate)
        for name in ("STAGE", "URGENCY", "ORDER_BATCH", "ITEM")
    }
    texts = ("DUE", "SORT", "COLUMN_OF_ORDERS", "FILTER", "BUILT_IN", "DELIVERY", "BULK", "BULK_BACK")
    told: dict[str, object] = {f"{name.lower()}_text": partial(_text, getattr(order_list_words, name), translate) for name in texts}
    stage = {name: each.text for name, each in order_list_words.STAGE.items()}
    refusal = partial(_text, order_list_words.BULK_REFUSAL, translate, otherwise=translate(order_list_words.OTHERWISE))
    known = frozenset(order_list_words.BULK_REFUSAL) - {"bad_order", "forbidden"}
    return {
        **states,
        **told,
        "stage_text": partial(_text, stage, translate),
        "clock_text": partial(_text, review_words.CLOCK, translate),
        "bulk_refusal_text": refusal,
        "known_bulk": known,
    }


def _of_money_pages(translate: Translate) -> dict[str, object]:
    states = {f"{name.lower()}_word": partial(word, getattr(money_page_words, name), translate) for name in ("HOLDS", "MARKET")}
    texts = ("TAX_PART", "TAX_LEVEL", "TAX_MODE", "ACCOUNT_ENTRY")
    told: dict[str, object] = {f"{name.lower()}_text": partial(_text, getattr(money_page_words, name), translate) for name in texts}
    otherwise = translate(money_page_words.OTHERWISE)
    for name in ("TAX_REFUSAL", "MARKET_REFUSAL"):
        told[f"{name.lower()}_text"] = partial(_text, getattr(money_page_words, name), translate, otherwise=otherwise)
    return {**states, **told}


def _of_settings(translate: Translate) -> dict[str, object]:
    """Words of what is refused of sites, sellers and screens."""
    names, otherwise = ("SITE_REFUSAL", "SELLER_REFUSAL", "SCREEN_REFUSAL"), translate(setting_words.OTHERWISE)
    return {f"{name.lower()}_text": partial(_text, getattr(setting_words, name), translate, otherwise=otherwise) for name in names}


def _of_money(translate: Translate) -> dict[str, object]:
    states = {f"{name.lower()}_word": partial(word, getattr(money_words, name), translate) for name in ("PAYMENT", "CALL")}
    texts = ("MEANS", "PAY_TERMS", "ENTRY", "ACTION", "DIFFERENCE")
    told: dict[str, object] = {f"{name.lower()}_text": partial(_text, getattr(money_words, name), translate) for name in texts}
    refusal = partial(_text, money_words.MONEY_REFUSAL, translate, otherwise=translate(money_words.OTHERWISE))
    return {**states, **told, "money_refusal_text": refusal}


def _of_review(translate: Translate) -> dict[str, object]:
    states = {f"{name.lower()}_word": partial(word, table, translate) for name, table in review_words.STATES.items()}
    return states | {f"{name}_text": partial(_text, table, translate) for name, table in review_words.TEXTS.items()}


def _text(table: Mapping[str, str], translate: Translate, value: str, otherwise: str | None = None) -> str:
    return words.text(table, value, translate, otherwise)


_FEATURES = (
    _of_review,
    _of_money,
    _of_orders,
    _of_order_lists,
    _of_money_pages,
    _of_customers,
    _of_shipping,
    _of_replenishment,
    _of_intake,
    _of_waves,
    _of_settings,
)
"""Words of features, a line for each."""
