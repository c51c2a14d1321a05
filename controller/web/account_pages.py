"""The pages of customers' accounts: who owes what, every movement with what was owed after it, money paid in, statements."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Final

from aiohttp import web

from controller import db
from controller.customers import queries as customers
from controller.customers.numbers import CUSTOMERS
from controller.errors import DomainError, NotFound
from controller.http.routing import BadParameter, Permission, page
from controller.payments import accounts
from controller.payments.accounts import Account, AccountMovement
from controller.pricing.imports import BadCell, minor_of
from controller.sheets import BOM, defused
from controller.web.access import actor_of
from controller.web.forms import Sent, sent_by
from controller.web.list_files import csv_of
from controller.web.pages import Pages, Values, new_key, page_request, paged, text_of
from controller.web.review_rule_pages import chain_currency
from controller.web.routes import PageRoute, see_other
from controller.web.shown import account_of, names_of, zone

SECTION: Final = "/customer-accounts"
DONE: Final = frozenset({"limit", "paid", "known"})
AT_ONCE: Final = 500
_CURRENCY: Final = re.compile(r"[A-Z]{3}")
_COLUMNS: Final = ("recorded_at", "kind", "document", "amount", "owed", "currency", "note")
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, slots=True)
class Booked:
    """A movement, and what was owed after it."""

    movement: AccountMovement
    owed_minor: int


@dataclass(frozen=True, slots=True)
class AccountPages:
    pages: Pages

    async def listing(self, request: web.Request) -> web.StreamResponse:
        return await self._listing(request)

    async def _listing(self, request: web.Request, error: str = "", sent: Sent | None = None, status: int = 200) -> web.Response:
        turn, customer = page_request(request), text_of(request, "customer")
        owing = text_of(request, "show") == "owing"
        rows = page(
            await accounts.accounts(
                after=turn.number(), limit=turn.limit, customer_ids=await _family(customer) if customer else None, owing=owing
            ),
            turn,
            key=lambda row: row.id,
        )
        values: Values = {
            "accounts": rows.items,
            "names_of_customers": await customers.masked_names([row.customer_id for row in rows.items]),
            "number": CUSTOMERS.number,
            "currency": await chain_currency(),
            "writes": actor_of(request).may(Permission.PAYMENTS_APPROVE),
            "typed": dict(sent.fields) if sent else {},
            "error": error,
            "new_key": new_key,
            **paged(request, {"next": rows.next}, "customer", "show"),
        }
        return await self.pages.show(request, "customer_accounts.html", SECTION, values, status=status)

    async def account(self, request: web.Request) -> web.StreamResponse:
        return await self._account(request)

    async def _account(self, request: web.Request, error: str = "", sent: Sent | None = None, status: int = 200) -> web.Response:
        found, turn = await _found(request), page_request(request)
        rows = await accounts.movements(found.id, before=turn.number() or None, limit=turn.limit)
        shown = page(rows, turn, key=lambda row: row[0])
        today = db.now().astimezone(await zone()).date()
        done, actor = text_of(request, "done"), actor_of(request)
        values: Values = {
            "account": found,
            "no": CUSTOMERS.number(found.customer_id),
            "name": (await customers.masked_names([found.customer_id])).get(found.customer_id, ""),
            "movements": await _running(found, shown.items),
            "names": await names_of(account_of(movement.actor) for _, movement in shown.items),
            "pays": actor.may(Permission.PAYMENTS_WRITE),
            "writes": actor.may(Permission.PAYMENTS_APPROVE),
            "begin": today.replace(day=1).isoformat(),
            "end": today.isoformat(),
            "typed": dict(sent.fields) if sent else {},
            "done": done if done in DONE and not error else "",
            "error": error,
            "new_key": new_key,
            **paged(request, {"next": shown.next}),
        }
        return await self.pages.show(request, "customer_account.html", SECTION, values, status=status)

    async def open(self, request: web.Request) -> web.StreamResponse:
        """Give somebody an account, or another limit."""
        sent = sent_by(request)
        customer, currency = sent.field("customer").upper(), sent.field("currency").upper()

        async def verb() -> None:
            await customers.customer(CUSTOMERS.row_id(customer))
            if not _CURRENCY.fullmatch(currency):
                raise NotFound("currency", currency[:10])
            await accounts.set_limit(CUSTOMERS.row_id(customer), currency, minor_of(sent.field("limit"), currency))

        try:
            await sent.once(verb)
        except (DomainError, BadCell, BadParameter) as error:
            return await self._listing(request, _code(error), sent, 422)
        return see_other(f"{SECTION}/{customer}/{currency}?done=limit")

    async def set_limit(self, request: web.Request) -> web.StreamResponse:
        async def verb(sent: Sent, found: Account) -> str:
            limit = minor_of(sent.field("limit"), found.currency)
            await accounts.set_limit(found.customer_id, found.currency, limit)
            return "limit"

        return await self._do(request, verb)

    async def pay(self, request: web.Request) -> web.StreamResponse:
        async def verb(sent: Sent, found: Account) -> str:
            amount = minor_of(sent.field("amount"), found.currency)
            reference, note = sent.field("reference")[:128], sent.field("note")[:200] or None
            if not reference or not reference.isprintable():
                raise BadParameter("reference", "the reference of the bank or the till")
            is_new = await accounts.repay(found.customer_id, found.currency, amount, document=reference, note=note)
            return "paid" if is_new else "known"

        return await self._do(request, verb)

    async def _do(self, request: web.Request, verb: Callable[[Sent, Account], Awaitable[str]]) -> web.StreamResponse:
        sent, found, done = sent_by(request), await _found(request), list[str]()

        async def work() -> None:
            done.append(await verb(sent, found))

        try:
            await sent.once(work)
        except (DomainError, BadCell, BadParameter) as error:
            return await self._account(request, _code(error), sent, 422)
        told = f"?done={done[0]}" if done else ""
        return see_other(f"{SECTION}/{CUSTOMERS.number(found.customer_id)}/{found.currency}{told}")

    async def statement(self, request: web.Request) -> web.StreamResponse:
        """A time's movements as a file, between what was owed at its beginning and at its end.  Raises BadParameter."""
        found, here = await _found(request), await zone()
        begin = _instant(text_of(request, "from"), "from", here)
        end = _instant(text_of(request, "to"), "to", here, days=1)
        name = f"statement_{CUSTOMERS.number(found.customer_id)}_{found.currency}.csv"
        headers = {
            "Content-Type": "text/csv; charset=utf-8",
            "Content-Disposition": f'attachment; filename="{name}"',
            "Cache-Control": "no-store",
        }
        response = web.StreamResponse(headers=headers)
        await response.prepare(request)
        async for piece in _statement(found, begin, end):
            await response.write(piece.encode())
        await response.write_eof()
        return response


async def _statement(found: Account, begin: datetime, end: datetime) -> AsyncIterator[str]:
    """RFC 4180; amounts in minor units, times in UTC."""
    owed = await accounts.owed_before(found.id, begin)
    yield BOM + csv_of([_COLUMNS, [begin.isoformat(), "opening", "", "", owed, found.currency, ""]])
    after = 0
    while rows := await accounts.booked(found.id, begin, end, after=after, limit=AT_ONCE):
        lines: list[Sequence[object]] = []
        for _, each in rows:
            owed += each.amount_minor
            told = (defused(each.document), each.amount_minor, owed, found.currency, defused(each.note or ""))
            lines.append([each.recorded_at.isoformat(timespec="seconds"), each.kind, *told])
        yield csv_of(lines)
        after = rows[-1][0]
    yield csv_of([[end.isoformat(), "closing", "", "", owed, found.currency, ""]])


async def _running(found: Account, rows: list[tuple[int, AccountMovement]]) -> list[Booked]:
    """The newest first, each with what was owed after it."""
    owed = await accounts.owed_up_to(found.id, rows[0][0]) if rows else 0
    shown = []
    for _, movement in rows:
        shown.append(Booked(movement, owed))
        owed -= movement.amount_minor
    return shown


async def _family(customer: str) -> list[int]:
    """Somebody's accounts, and those of whom they turned out to be; nobody's where there is no such number."""
    try:
        return await customers.family(await customers.canonical(CUSTOMERS.row_id(customer.upper())))
    except NotFound:
        return []


async def _found(request: web.Request) -> Account:
    """Raises NotFound."""
    currency = request.match_info["currency"]
    if not _CURRENCY.fullmatch(currency):
        raise NotFound("currency", currency[:10])
    return await accounts.account(CUSTOMERS.row_id(request.match_info["customer"]), currency)


def _code(error: DomainError | BadCell | BadParameter) -> str:
    if isinstance(error, DomainError):
        return error.code
    return "bad_cell" if isinstance(error, BadCell) else "bad_payment"


def _instant(text: str, name: str, here: tzinfo, days: int = 0) -> datetime:
    """The beginning of a day, or of one so many days later.  Raises BadParameter."""
    try:
        day = date.fromisoformat(text)
    except ValueError as error:
        raise BadParameter(name, "a day such as 2026-12-01") from error
    if not 1900 < day.year < 9000:
        raise BadParameter(name, "a day such as 2026-12-01")
    return datetime.combine(day + timedelta(days=days), time(), here).astimezone(UTC)


def account_routes(pages: Pages) -> list[PageRoute]:
    shown, may, one = AccountPages(pages), Permission, f"{SECTION}/{{customer}}/{{currency}}"
    return [
        PageRoute("GET", SECTION, shown.listing, permission=may.PAYMENTS_READ, whole_chain=True),
        PageRoute("POST", SECTION, shown.open, permission=may.PAYMENTS_APPROVE, whole_chain=True),
        PageRoute("GET", one, shown.account, permission=may.PAYMENTS_READ, whole_chain=True),
        PageRoute("POST", f"{one}/limit", shown.set_limit, permission=may.PAYMENTS_APPROVE, whole_chain=True),
        PageRoute("POST", f"{one}/pay", shown.pay, permission=may.PAYMENTS_WRITE, whole_chain=True),
        PageRoute("GET", f"{one}/statement.csv", shown.statement, permission=may.PAYMENTS_READ, whole_chain=True),
    ]
