"""Sites and the places in them."""

# ruff: noqa: D106 -- Meta is Tortoise's
from __future__ import annotations

from enum import StrEnum

from tortoise import fields
from tortoise.models import Model


class LocationKind(StrEnum):
    """What a location is.  Goods in the first four are on hand, those in quarantine never granted.

    The others are the other side of a movement.
    """

    BIN = "bin"
    RECEIVING = "receiving"
    PACKING = "packing"
    QUARANTINE = "quarantine"
    TRANSIT = "transit"
    SUPPLIER = "supplier"
    CUSTOMER = "customer"
    LOSS = "loss"
    DISCREPANCY = "discrepancy"


ON_HAND = frozenset({LocationKind.BIN, LocationKind.RECEIVING, LocationKind.PACKING, LocationKind.QUARANTINE})
PHYSICAL = ON_HAND | {LocationKind.TRANSIT}
"""Kinds that hold a balance, which is never below zero."""


class Site(Model):
    """A store or warehouse.  `id` is its topic id (`[a-z0-9-]{1,40}`); `time_zone` an IANA name; `currency` ISO 4217.

    `day_starts`: when its business day begins, as `04:00` of its own time; what is sold before belongs to the day before.
    `address`: where it stands, as customers who collect are told; empty: nobody said.
    """

    id = fields.CharField(max_length=40, primary_key=True)
    name = fields.CharField(max_length=128)
    currency = fields.CharField(max_length=3)
    time_zone = fields.CharField(max_length=64)
    day_starts = fields.CharField(max_length=5, default="00:00", db_default="00:00")
    address = fields.CharField(max_length=200, default="", db_default="")

    class Meta:
        table = "site"


class Location(Model):
    """A bin, or one of the virtual places that every site has once, named by their kind.

    `zone`: where in the site, empty: nobody said; `capacity`: base units that fit in, None: nobody counted.
    """

    id = fields.BigIntField(primary_key=True)
    site: fields.ForeignKeyRelation[Site] = fields.ForeignKeyField("controller.Site", related_name=False)
    code = fields.CharField(max_length=64)
    kind = fields.CharField(max_length=16)
    zone = fields.CharField(max_length=40, default="", db_default="")
    capacity = fields.BigIntField(null=True)

    class Meta:
        table = "location"
        unique_together = (("site_id", "code"),)
