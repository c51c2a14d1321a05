"""The form of a rule of waves, read and filled: pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import time
from typing import TypeVar

from controller.http.routing import BadParameter, number
from controller.orders.states import Delivery
from controller.waves.policies import Match
from controller.waves.rules import BadWaveRule, Rule
from controller.waves.states import Mode, Shape, Timing

E = TypeVar("E", Delivery, Shape)


def rule_of(fields: Mapping[str, str], site: str) -> Rule:
    """A rule as it was typed.  Raises BadWaveRule."""

    def count(name: str) -> int | None:
        text = fields.get(name, "").strip()
        try:
            return number(text, name) if text else None
        except BadParameter as error:
            raise BadWaveRule(name, "a whole number") from error

    match = Match(
        channels=_words(fields, "channels"),
        deliveries=_ticked(fields, "delivery", Delivery),
        carriers=_words(fields, "carriers"),
        services=_words(fields, "services"),
        shapes=_ticked(fields, "shape", Shape),
        zones=_words(fields, "zones"),
        due_minutes=count("due_minutes"),
    )
    priority = count("priority")
    return Rule(
        id=count("rule") or 0,
        site=site,
        name=fields.get("name", "").strip(),
        priority=100 if priority is None else priority,
        is_active=fields.get("rests", "") != "yes",
        match=match,
        mode=Mode.CLUSTER if fields.get("mode") == Mode.CLUSTER.value else Mode.SINGLE,
        totes=count("totes") or 1,
        max_lists=count("max_lists") or 0,
        max_lines=count("max_lines"),
        max_units=count("max_units"),
        timing=Timing(fields["timing"]) if fields.get("timing") in set(Timing) else Timing.HAND,
        every_minutes=count("every_minutes"),
        times=_times(fields.get("times", "")),
        waiting=count("waiting"),
        releases=fields.get("releases", "") == "yes",
        version=count("version") or 0,
    )


def fields_of(rule: Rule) -> dict[str, str]:
    """As the form shows a rule."""
    plain = {name: getattr(rule, name) for name in ("priority", "totes", "max_lists", "max_lines", "max_units", "version")}
    when = {"every_minutes": rule.every_minutes, "waiting": rule.waiting, "due_minutes": rule.match.due_minutes, "rule": rule.id}
    words = {
        "channels": rule.match.channels,
        "carriers": rule.match.carriers,
        "services": rule.match.services,
        "zones": rule.match.zones,
    }
    ticks = [f"delivery_{each.value}" for each in rule.match.deliveries] + [f"shape_{each.value}" for each in rule.match.shapes]
    return {
        "name": rule.name,
        "mode": rule.mode.value,
        "timing": rule.timing.value,
        "times": " ".join(f"{turn:%H:%M}" for turn in rule.times),
        "rests": "" if rule.is_active else "yes",
        "releases": "yes" if rule.releases else "",
        **{name: "" if value is None else str(value) for name, value in {**plain, **when}.items()},
        **{name: ", ".join(value) for name, value in words.items()},
        **dict.fromkeys(ticks, "yes"),
    }


def _words(fields: Mapping[str, str], name: str) -> tuple[str, ...]:
    """Several with commas between them.  Raises BadWaveRule."""
    found = tuple(dict.fromkeys(word.strip() for word in fields.get(name, "").replace("，", ",").split(",") if word.strip()))
    if any(len(word) > 40 or not word.isprintable() for word in found):
        raise BadWaveRule(name, "words of up to 40 characters with commas between them")
    return found


def _ticked(fields: Mapping[str, str], name: str, kinds: type[E]) -> tuple[E, ...]:
    return tuple(kind for kind in kinds if fields.get(f"{name}_{kind.value}") == "yes")


def _times(text: str) -> tuple[time, ...]:
    """As `08:00 14:30`, with blanks or commas between them.  Raises BadWaveRule."""
    try:
        found = [
            time.fromisoformat(word if len(word) == 5 else f"0{word}") for word in text.replace("，", " ").replace(",", " ").split()
        ]
    except ValueError as error:
        raise BadWaveRule("times", "times of the day such as 08:00 14:30") from error
    if any(turn.second or turn.microsecond or turn.tzinfo for turn in found):
        raise BadWaveRule("times", "times of the day such as 08:00 14:30")
    return tuple(found)
