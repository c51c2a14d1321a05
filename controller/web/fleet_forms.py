"""What is done on the pages of the fleet: commands, configurations, revocation.  Each form answers with a redirect to its result.

What was typed is kept when it is refused.  A form sent twice has one effect (`Sent.once`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from aiohttp import web

from controller.errors import Conflict, DomainError, Rejected, StaleVersion
from controller.fleet import box_queries, certificates, twin, twin_queries
from controller.fleet import queries as fleet
from controller.fleet.operations import send_command
from controller.fleet.twin_diff import TwinFault
from controller.http.errors import Problem
from controller.http.routing import BadParameter, Permission, number
from controller.web.config_text import UnreadableText, faults_by_line, read_config
from controller.web.fleet_pages import SECTION, FleetPages
from controller.web.forms import Sent, sent_by
from controller.web.routes import PageRoute

OF_BOX = frozenset({"identify", "flush", "rebirth", "log_level", "collect_diagnostics"})
OF_DEVICE = {"restart_device": "device", "test_print": "printer"}
"""Commands with the argument that names the device."""
MAX_NOTE = 200


@dataclass(frozen=True, slots=True)
class FleetForms:
    """The handlers; `pages` show what came of a form that was refused."""

    pages: FleetPages

    async def command(self, request: web.Request) -> web.StreamResponse:
        """Ask the box to do something; its result shows in the list of commands."""
        sent, name = sent_by(request), sent_by(request).field("command")
        if name not in OF_BOX:
            raise Problem(400, "malformed_form", f"`command`: expected one of {', '.join(sorted(OF_BOX))}.")
        box = await fleet.box(request.match_info["id"], sites=sent.actor.sites)
        tab = "logs" if name in ("log_level", "collect_diagnostics") else "overview"
        try:
            arguments = _level(sent) if name == "log_level" else {}
            await sent.once(lambda: send_command(box.id, name, arguments))
        except (Conflict, Rejected, BadParameter) as error:
            return await self.pages.show_box(request, tab, {"error": str(error)}, status=409)
        raise web.HTTPSeeOther(f"{SECTION}/boxes/{box.id}{'/logs' if tab == 'logs' else ''}?done=command")

    async def device_command(self, request: web.Request) -> web.StreamResponse:
        sent, name = sent_by(request), sent_by(request).field("command")
        if name not in OF_DEVICE:
            raise Problem(400, "malformed_form", f"`command`: expected one of {', '.join(sorted(OF_DEVICE))}.")
        device = await box_queries.device(request.match_info["box"], request.match_info["device"], sites=sent.actor.sites)
        try:
            await sent.once(lambda: send_command(device.box, name, {OF_DEVICE[name]: device.id}, device=device.id))
        except Conflict as error:
            return await self.pages.show_device(request, {"error": str(error)}, status=409)
        raise web.HTTPSeeOther(f"{SECTION}/devices/{device.box}/{device.id}?done=command")

    async def check(self, request: web.Request) -> web.StreamResponse:
        """Try what was typed: its errors, or what it would change."""
        sent = sent_by(request)
        box = await fleet.box(request.match_info["id"], sites=sent.actor.sites)
        try:
            checked = await twin.check(box.id, read_config(sent.fields.get("document", "")))
        except UnreadableText as error:
            return await self._config(sent, _unreadable(error))
        if checked.errors:
            return await self._config(sent, checked.errors)
        shown = {"typed": dict(sent.fields), "checked": checked}
        return await self.pages.show_box(request, "config", shown)

    async def save(self, request: web.Request) -> web.StreamResponse:
        """Raises NotFound, Problem 400."""
        sent = sent_by(request)
        box = await fleet.box(request.match_info["id"], sites=sent.actor.sites)
        version, note = _number(sent, "version"), sent.field("note")[:MAX_NOTE] or None
        try:
            document = read_config(sent.fields.get("document", ""))
            await sent.once(lambda: twin.desire(box.id, document, version=version, note=note))
        except UnreadableText as error:
            return await self._config(sent, _unreadable(error))
        except twin.BadTwin as error:
            return await self._config(sent, error.errors)
        except StaleVersion:
            return await self._overtaken(sent, box.id)
        raise web.HTTPSeeOther(f"{SECTION}/boxes/{box.id}/config?done=saved")

    async def roll_back(self, request: web.Request) -> web.StreamResponse:
        sent = sent_by(request)
        box = await fleet.box(request.match_info["id"], sites=sent.actor.sites)
        to, version = _number(sent, "to"), _number(sent, "version")
        try:
            await sent.once(lambda: twin.roll_back(box.id, to, version=version))
        except StaleVersion:
            return await self._overtaken(sent, box.id)
        except twin.BadTwin as error:
            return await self._config(sent, error.errors)
        raise web.HTTPSeeOther(f"{SECTION}/boxes/{box.id}/config?done=rolled_back")

    async def revoke(self, request: web.Request) -> web.StreamResponse:
        """Take back the box, or one certificate; the box's id is typed to confirm it."""
        sent = sent_by(request)
        box = await fleet.box(request.match_info["id"], sites=sent.actor.sites)
        if sent.field("confirm") != box.id:
            typed = {"serial": sent.field("serial"), "confirm": sent.field("confirm")}
            return await self.pages.show_box(request, "security", {"error": "not_confirmed", "typed": typed}, status=422)
        await sent.once(lambda: certificates.revoke(box.id, sent.field("serial") or None))
        raise web.HTTPSeeOther(f"{SECTION}/boxes/{box.id}/security?done=revoked")

    async def _config(self, sent: Sent, faults: list[TwinFault]) -> web.StreamResponse:
        text = sent.fields.get("document", "")
        shown = {"typed": dict(sent.fields), "faults": faults_by_line(faults, text), "error": "config"}
        return await self.pages.show_box(sent.request, "config", shown, status=422)

    async def _overtaken(self, sent: Sent, box: str) -> web.StreamResponse:
        """Somebody else was faster: what they made of it is shown, and what was typed is kept."""
        newest = await twin_queries.twin_view(box)
        shown: Mapping[str, object] = {"typed": dict(sent.fields), "error": "overtaken", "overtaken_by": newest.changed_by or ""}
        return await self.pages.show_box(sent.request, "config", shown, status=409)


def _unreadable(error: UnreadableText) -> list[TwinFault]:
    return [TwinFault(key="", code=error.code, message=str(error))]


def _level(sent: Sent) -> dict[str, str | int]:
    return {"level": sent.field("level"), "minutes": number(sent.field("minutes") or "15", "minutes")}


def _number(sent: Sent, name: str) -> int:
    """Raises Problem 400."""
    try:
        return number(sent.field(name), name)
    except (BadParameter, DomainError) as error:
        raise Problem(400, "malformed_form", f"`{name}`: expected a number.") from error


def fleet_form_routes(forms: FleetForms) -> list[PageRoute]:
    write, box = Permission.FLEET_WRITE, f"{SECTION}/boxes/{{id}}"
    return [
        PageRoute("POST", f"{box}/commands", forms.command, permission=write),
        PageRoute("POST", f"{box}/config", forms.save, permission=write),
        PageRoute("POST", f"{box}/config/check", forms.check, permission=write),
        PageRoute("POST", f"{box}/config/roll-back", forms.roll_back, permission=write),
        PageRoute("POST", f"{box}/revoke", forms.revoke, permission=write),
        PageRoute("POST", f"{SECTION}/devices/{{box}}/{{device}}/commands", forms.device_command, permission=write),
    ]
