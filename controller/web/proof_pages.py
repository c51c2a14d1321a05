"""The page of what proves the ledger: runs over all numbers, differences and how to settle them, seals and whether they hold."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from aiohttp import web

from controller.errors import DomainError
from controller.http.routing import BadParameter, Permission, number, page
from controller.owed import ALL_PROOFS
from controller.proofs import reconciler, seals, settling
from controller.proofs.settling import Trust
from controller.web.access import actor_of
from controller.web.forms import sent_by
from controller.web.pages import Pages, Values, new_key, page_request, paged, text_of
from controller.web.routes import PageRoute, see_other
from controller.web.shown import account_of, names_of

HERE: Final = "/ledger"
STATES: Final = ("open", "settled", "gone")
CHECKED_AT_ONCE: Final = 20
"""Blocks of the newest whose entries are looked at when somebody asks."""


@dataclass(frozen=True, slots=True)
class ProofPages:
    pages: Pages

    async def show(self, request: web.Request) -> web.StreamResponse:
        return await self._show(request, "")

    async def settle(self, request: web.Request) -> web.StreamResponse:
        sent = sent_by(request)
        try:
            difference, trust = number(request.match_info["difference"], "difference"), _trust(sent.field("trust"))
            stored, expected = _whole(sent.field("stored"), "stored"), _whole(sent.field("expected"), "expected")
            await sent.once(lambda: settling.settle(difference, trust, stored=stored, expected=expected, proofs=ALL_PROOFS))
        except (DomainError, BadParameter) as error:
            code = error.code if isinstance(error, DomainError) else "bad_parameter"
            return await self._show(request, code, status=409)
        return see_other(f"{HERE}?done=settled")

    async def _show(self, request: web.Request, error: str, status: int = 200) -> web.Response:
        wanted, state = page_request(request), text_of(request, "state") or "open"
        if state not in STATES:
            raise BadParameter("state", f"one of {', '.join(STATES)}")
        after = wanted.number() if request.method == "GET" else 0
        rows = await settling.differences(state=state, after=after, limit=wanted.limit)
        shown = page(rows, wanted, key=lambda row: row.id)
        head, checked = await seals.head(), text_of(request, "check") == "yes"
        first = max(0, head.number - CHECKED_AT_ONCE)
        blocks, broken = await seals.verify(after=first, limit=CHECKED_AT_ONCE) if checked else ([], [])
        values: Values = {
            "runs": await reconciler.runs(limit=5),
            "rows": [(row, settling.ways(row), settling.proposal(row)) for row in shown.items],
            "state": state,
            "states": STATES,
            "head": head,
            "unsealed": await seals.unsealed(),
            "blocks": list(reversed(blocks if checked else await seals.blocks(after=first, limit=CHECKED_AT_ONCE))),
            "broken": broken,
            "checked": checked,
            "writes": actor_of(request).may_at(Permission.STOCK_WRITE, None),
            "names": await names_of(account_of(row.settled_by) for row in shown.items if row.settled_by),
            "done": text_of(request, "done"),
            "error": error,
            "new_key": new_key,
            **paged(request, {"next": shown.next}, "state"),
        }
        return await self.pages.show(request, "ledger.html", "/stock", values, status=status)


def _trust(text: str) -> Trust:
    """Raises BadParameter."""
    if text not in set(Trust):
        raise BadParameter("trust", f"one of {', '.join(Trust)}")
    return Trust(text)


def _whole(text: str, name: str) -> int:
    """A number that may be below zero.  Raises BadParameter."""
    value = number(text.removeprefix("-"), name)
    return -value if text.startswith("-") else value


def proof_routes(pages: Pages) -> list[PageRoute]:
    shown = ProofPages(pages)
    return [
        PageRoute("GET", HERE, shown.show, permission=Permission.STOCK_READ, whole_chain=True),
        PageRoute("POST", f"{HERE}/differences/{{difference}}", shown.settle, permission=Permission.STOCK_WRITE, whole_chain=True),
    ]
