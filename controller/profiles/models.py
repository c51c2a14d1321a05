"""Tables of station profiles."""

# ruff: noqa: D106 -- Meta is Tortoise's
from __future__ import annotations

from tortoise import fields
from tortoise.models import Model

from controller.schema import check
from controller.sites.models import Site


class StationProfile(Model):
    """What is set for stations, by name.  `activities`: JSON, the names of those that are offered; empty: all.

    `manager_adjusts`: an adjustment needs a manager's badge.
    """

    name = fields.CharField(max_length=40, primary_key=True)
    activities = fields.TextField()
    sign_in = fields.CharField(max_length=8)
    language = fields.CharField(max_length=8)
    quiet_minutes = fields.BigIntField()
    double_read_ms = fields.BigIntField()
    manager_adjusts = fields.BooleanField(default=False)

    class Meta:
        table = "station_profile"


class SiteProfile(Model):
    """The profile of those of a site's stations that name none themselves."""

    id = fields.BigIntField(primary_key=True)
    site: fields.ForeignKeyRelation[Site] = fields.ForeignKeyField("controller.Site", related_name=False)
    profile: fields.ForeignKeyRelation[StationProfile] = fields.ForeignKeyField("controller.StationProfile", related_name=False)

    class Meta:
        table = "site_profile"


EXTRA_SQL = (
    "CREATE UNIQUE INDEX IF NOT EXISTS site_profile_site ON site_profile (site_id)",
    check("station_profile", "station_profile_not_negative", "NEW.quiet_minutes >= 0 AND NEW.double_read_ms >= 0"),
)
