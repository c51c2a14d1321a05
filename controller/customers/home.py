"""The country of this company's telephone numbers: what a number means that names none."""

from __future__ import annotations

from dataclasses import dataclass

from controller import db


@dataclass(slots=True)
class _Home:
    country: str = "CN"


def set_country(country: str) -> None:
    """As configured, once for the database that is connected."""
    db.memory("customers.home", _Home).country = country


def country() -> str:
    return db.memory("customers.home", _Home).country
