"""The pages of the rules: versions, the editor with what it leaves open, a bench to try an order, the replay, the limits."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Final

from aiohttp import web

from controller.errors import DomainError, NotFound
from controller.http.routing import Actor, BadParameter, Permission, page
from controller.review import tables
from controller.review.analysis import Interval, Word, analyse
from controller.review.replay import MAX_DAYS, replay
from controller.review.rules import KINDS, MAX_RULES, BadRule, Field, Kind, Outcome, Rule, check_rules, judge
from controller.review.states import TableState
from controller.review.tables import StoredTable
from controller.sites.queries import sites as sites_of
from controller.web.access import actor_of
from controller.web.forms import Sent, sent_by
from controller.web.pages import Pages, Values, new_key, page_request, paged, text_of
from controller.web.review_forms import fields_of, number_of, order_of, rule_of, scale_of, written
from controller.web.routes import PageRoute, see_other
from controller.web.shown import account_of, names_of

SECTION: Final = "/review-rules"
_DONE = frozenset({"made", "saved", "dropped", "live", "undone", "discarded", "set"})


@dataclass(frozen=True, slots=True)
class RulePages:
    pages: Pages

    async def listing(self, request: web.Request) -> web.StreamResponse:
        return await self._listing(request)

    async def _listing(self, request: web.Request, error: str = "", status: int = 200) -> web.Response:
        asked, actor = page_request(request), actor_of(request)
        rows = await tables.tables(before=asked.number() or None, limit=asked.limit)
        shown = page(rows, asked, key=lambda row: row.id)
        live = await tables.live_rules()
        values: Values = {
            "versions": shown.items,
            "live": live[0] if live else None,
            "names": await names_of(account_of(row.created_by) for row in shown.items),
            "writes": writes_rules(actor),
            "done": done_of(request),
            "error": error,
            "new_key": new_key,
            **paged(request, {"next": shown.next}),
        }
        return await self.pages.show(request, "review_rules.html", SECTION, values, status=status)

    async def draft(self, request: web.Request) -> web.StreamResponse:
        sent, made = sent_by(request), list[int]()
        copied = sent.field("copied")

        async def verb() -> None:
            made.append(await tables.make_draft(note=sent.field("note"), copied=_id(copied) if copied else None))

        try:
            await sent.once(verb)
        except DomainError as error:
            return await self._listing(request, error.code, status=422)
        return see_other(f"{SECTION}/{made[0]}?done=made" if made else SECTION)

    async def one(self, request: web.Request) -> web.StreamResponse:
        return await self._one(request)

    async def _one(
        self, request: web.Request, error: str = "", typed: Mapping[str, str] | None = None, status: int = 200
    ) -> web.Response:
        found, currency = await tables.table(_id(request.match_info["id"])), await chain_currency()
        chosen = _place(text_of(request, "rule"), len(found.rules))
        filled = fields_of(found.rules[chosen - 1], currency) if chosen else {}
        values: Values = {
            "table": found,
            "analysis": analyse(found.rules),
            **await _replayed(request, found),
            **_tried(request, found, currency),
            "chosen": chosen,
            "typed": filled if typed is None else dict(typed),
            **_shown(currency),
            "is_draft": found.state is TableState.DRAFT,
            "writes": writes_rules(actor_of(request)),
            "has_room": len(found.rules) < MAX_RULES,
            "done": done_of(request),
            "error": error,
            "new_key": new_key,
        }
        return await self.pages.show(request, "review_rule_table.html", SECTION, values, status=status)

    async def save(self, request: web.Request) -> web.StreamResponse:
        """Add a rule, or change one."""
        sent = sent_by(request)
        try:
            rule = rule_of(sent.fields, await chain_currency())
        except BadParameter:
            return await self._one(request, "bad_parameter", sent.fields, status=422)

        def changed(found: StoredTable) -> list[Rule]:
            place = _place(sent.field("place"), len(found.rules))
            rules = list(found.rules)
            if place:
                rules[place - 1] = rule
            else:
                rules.append(rule)
            return rules

        return await self._put(request, sent, changed, "saved")

    async def drop(self, request: web.Request) -> web.StreamResponse:
        sent = sent_by(request)

        def changed(found: StoredTable) -> list[Rule]:
            place = _place(sent.field("place"), len(found.rules))
            return [rule for number, rule in enumerate(found.rules, 1) if number != place]

        return await self._put(request, sent, changed, "dropped")

    async def _put(
        self, request: web.Request, sent: Sent, changed: Callable[[StoredTable], list[Rule]], done: str
    ) -> web.StreamResponse:
        table_id = _id(request.match_info["id"])

        async def verb() -> None:
            found = await tables.table(table_id)
            rules = changed(found)
            check_rules(rules)
            await tables.put_rules(table_id, rules, edition=edition_of(sent))

        return await self._do(request, sent, verb, done)

    async def go_live(self, request: web.Request) -> web.StreamResponse:
        sent, table_id = sent_by(request), _id(request.match_info["id"])
        replaces = sent.field("replaces")
        return await self._do(
            request,
            sent,
            lambda: tables.go_live(table_id, edition=edition_of(sent), replaces=_id(replaces) if replaces else None),
            "live",
        )

    async def undo(self, request: web.Request) -> web.StreamResponse:
        sent, table_id = sent_by(request), _id(request.match_info["id"])
        return await self._do(request, sent, lambda: tables.undo(table_id), "undone", SECTION)

    async def discard(self, request: web.Request) -> web.StreamResponse:
        sent, table_id = sent_by(request), _id(request.match_info["id"])
        return await self._do(request, sent, lambda: tables.discard(table_id), "discarded", SECTION)

    async def _do(
        self, request: web.Request, sent: Sent, verb: Callable[[], Awaitable[object]], done: str, then: str = ""
    ) -> web.StreamResponse:
        try:
            await sent.once(verb)
        except NotFound:
            raise
        except BadParameter:
            return await self._one(request, "bad_parameter", sent.fields, status=422)
        except DomainError as error:
            return await self._one(request, error.code, sent.fields if isinstance(error, BadRule) else None, status=422)
        return see_other(f"{then or request.path.rpartition('/')[0]}?done={done}")


def _tried(request: web.Request, found: StoredTable, currency: str) -> Values:
    """The bench: what the rules say of the order that its fields describe."""
    if not text_of(request, "try"):
        return {"tried": None, "bench": {}, "bench_error": ""}
    try:
        tried = judge(order_of(request.query, currency), found.rules)
    except BadParameter:
        return {"tried": None, "bench": dict(request.query), "bench_error": "bad_parameter"}
    return {"tried": tried, "bench": dict(request.query), "bench_error": ""}


async def _replayed(request: web.Request, found: StoredTable) -> Values:
    """What the rules would have said; only who sees the orders of all sites may ask."""
    days, sees_all = text_of(request, "days"), actor_of(request).sites is None
    asked = _is_days(days) and sees_all
    live = await tables.live_rules()
    return {
        "replayed": await replay(found.rules, days=int(days)) if asked else None,
        "days": days if _is_days(days) else "30",
        "sees_all": sees_all,
        "live": live[0] if live else None,
    }


def _shown(currency: str) -> Values:
    """How fields and their cells are written."""
    return {
        "fields": list(Field),
        "is_number": {field.value: KINDS[field] is Kind.NUMBER for field in Field},
        "outcomes": list(Outcome),
        "currency": currency,
        "scales": {field.value: scale_of(field, currency) for field in Field},
        "written": written,
        "is_interval": lambda cell: isinstance(cell, Interval),
        "is_word": lambda cell: isinstance(cell, Word),
    }


async def chain_currency() -> str:
    """What amounts of rules are written in: the currency of the first site."""
    found = await sites_of(limit=1)
    return found[0].currency if found else "CNY"


def writes_rules(actor: Actor) -> bool:
    return actor.may_at(Permission.REVIEW_RULES, None)


def done_of(request: web.Request) -> str:
    done = text_of(request, "done")
    return done if done in _DONE else ""


def edition_of(sent: Sent) -> int:
    """Raises BadParameter."""
    value = number_of(sent.field("edition"), 0, "edition")
    return min(value or 0, 2**31 - 1)


def _place(text: str, rules: int) -> int:
    """Which rule, from 1; 0: none of them."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 6 and 0 < int(text) <= rules else 0


def _is_days(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 4 and 1 <= int(text) <= MAX_DAYS


def _id(text: str) -> int:
    """Raises NotFound."""
    if not (text.isascii() and text.isdigit() and len(text) <= 15):
        raise NotFound(tables.WHAT, text[:40])
    return int(text)


def review_rule_routes(pages: Pages) -> list[PageRoute]:
    shown, read, write = RulePages(pages), Permission.REVIEW_READ, Permission.REVIEW_RULES
    base = f"{SECTION}/{{id}}"
    return [
        PageRoute("GET", SECTION, shown.listing, permission=read),
        PageRoute("POST", SECTION, shown.draft, permission=write, whole_chain=True),
        PageRoute("GET", base, shown.one, permission=read),
        PageRoute("POST", f"{base}/save", shown.save, permission=write, whole_chain=True),
        PageRoute("POST", f"{base}/drop", shown.drop, permission=write, whole_chain=True),
        PageRoute("POST", f"{base}/go-live", shown.go_live, permission=write, whole_chain=True),
        PageRoute("POST", f"{base}/undo", shown.undo, permission=write, whole_chain=True),
        PageRoute("POST", f"{base}/discard", shown.discard, permission=write, whole_chain=True),
    ]
