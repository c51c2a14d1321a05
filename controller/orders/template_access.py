"""Whose templates and presets: those of a site are that site's, those for all are changed by who is responsible for all."""

from __future__ import annotations

from controller.errors import Forbidden, NotFound
from controller.http.routing import Actor, Permission
from controller.orders.presets import PRESETS, StoredPreset, preset
from controller.orders.templates import TEMPLATES, StoredTemplate, template


class NotYourSite(Forbidden):
    """It is another site's, or everybody's."""

    code = "not_your_site"


async def template_for(actor: Actor, number: str, *, to_change: bool = False) -> StoredTemplate:
    """Raises NotFound (another site's, too), NotYourSite."""
    found = await template(number)
    if not _sees(actor, found.site):
        raise NotFound(TEMPLATES.what, number)
    if to_change:
        require_site(actor, found.site)
    return found


async def preset_for(actor: Actor, number: str, *, to_change: bool = False) -> StoredPreset:
    """Raises NotFound (another site's, too), NotYourSite."""
    found = await preset(number)
    if not _sees(actor, found.site):
        raise NotFound(PRESETS.what, number)
    if to_change:
        require_site(actor, found.site)
    return found


def require_site(actor: Actor, site: str | None) -> None:
    """Raises NotYourSite."""
    if not actor.may_at(Permission.ORDERS_WRITE, site):
        raise NotYourSite(f"what holds for {site or 'all sites'} is changed by who is responsible there")


def _sees(actor: Actor, site: str | None) -> bool:
    return site is None or actor.sites is None or site in actor.sites
