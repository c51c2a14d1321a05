"""Receipts are taken in: each once, in any order, however often they are told.

What is told again is recognised by site, till and number.  Something else under the same number is kept beside it, unbooked, and a
person is asked.  Nothing is refused for want of stock; a line whose goods nobody knows waits until somebody says what they are.
"""

# ruff: noqa: S608 -- what is put into the texts is names of ours; values are parameters
from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from controller import bulk, db, events
from controller.catalog.operations import Sighting, note_unknown
from controller.catalog.policies import Found, Resolution, SymbolKey, Unknown
from controller.catalog.queries import resolve
from controller.sales.booking import Goods, book
from controller.sales.conflicts import keep_beside
from controller.sales.events import SalesBooked
from controller.sales.no_goods import among_no_goods
from controller.sales.policies import Identity, LineState, NewLine, NewReceipt, Outcome, Result, SaleState, document_of
from controller.sales.voiding import UNKNOWN_CODE, void_what_waits
from controller.sites.policies import BusinessDays
from drivers.symbols.gtin import to_gtin14

Meaning = tuple[LineState, int | None, int | None]
"""State of a line, its SKU, its base units."""
Known = dict[tuple[str, bool, str], Resolution]
"""What texts mean at a site: text, whether it is a SKU's code, site."""
_SALE = ("site_id", "till", "number", "occurred_at", "day", "currency", "total_minor", "voids", "state", "content", "source")
_LINE = (
    "sale_id", "position", "text", "is_sku", "sku_id", "quantity", "units", "amount_minor", "tax_minor", "discount_minor",
    "cost_minor", "is_damaged", "state",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class _New:
    """A receipt that was not known before, with what its lines mean."""

    receipt: NewReceipt
    day: date
    meanings: list[Meaning]

    @property
    def waits(self) -> bool:
        return any(state is LineState.WAITING for state, _, _ in self.meanings)

    @property
    def no_goods(self) -> int:
        return sum(state is LineState.NO_GOODS for state, _, _ in self.meanings)


async def record(receipts: Sequence[NewReceipt], *, source: str) -> list[Result]:
    """Take receipts in, in one transaction; what became of each, in their order.  Their sites exist.

    Records SalesBooked once per site, SaleConflicted.
    """
    if not receipts:
        return []
    async with db.transaction():
        firsts: dict[Identity, NewReceipt] = {}
        for receipt in receipts:
            firsts.setdefault(receipt.identity, receipt)
        new = await _understood(list(firsts.values()))
        inserted = await _insert(new, source)
        fresh = [each for each in new if each.receipt.identity in inserted]
        await _save_lines(fresh, inserted)
        voided = await void_what_waits([each.receipt for each in fresh])
        results = {each.receipt.identity: _result(each, voided) for each in fresh}
        await _tell(fresh)
        return await _answers(receipts, firsts, results, source)


def _result(new: _New, voided: dict[Identity, str | None]) -> Result:
    if new.receipt.voids is not None and (code := voided[new.receipt.identity]) is not None:
        return Result(Outcome.WAITING if code == UNKNOWN_CODE else Outcome.CONFLICT, code)
    if new.waits:
        return Result(Outcome.WAITING, "unknown_goods", no_goods=new.no_goods)
    return Result(Outcome.BOOKED, no_goods=new.no_goods)


async def _answers(
    receipts: Sequence[NewReceipt], firsts: dict[Identity, NewReceipt], results: dict[Identity, Result], source: str
) -> list[Result]:
    """The first of a number that is new has its own result; all others are repetitions, or something else under that number."""
    asked = [receipt for receipt in receipts if firsts.get(receipt.identity) is not receipt or receipt.identity not in results]
    known = await _contents({receipt.identity for receipt in asked})
    answers = []
    for receipt in receipts:
        if receipt.identity in results and firsts.pop(receipt.identity, None) is not None:
            answers.append(results[receipt.identity])
        elif known[receipt.identity] == receipt.content:
            answers.append(Result(Outcome.REPEATED))
        else:
            await keep_beside(receipt, "other_content", source)
            answers.append(Result(Outcome.CONFLICT, "other_content"))
    return answers


async def _understood(receipts: Sequence[NewReceipt]) -> list[_New]:
    known = await meanings((receipt.site, line) for receipt in receipts for line in receipt.lines)
    none = await among_no_goods({text for (text, _, _), meaning in known.items() if not isinstance(meaning, Found)})
    days = await business_days({receipt.site for receipt in receipts})
    return [
        _New(
            receipt,
            days[receipt.site].day_of(receipt.occurred_at),
            [meaning_of(line, known[line.text, line.is_sku, receipt.site], none) for line in receipt.lines],
        )
        for receipt in receipts
    ]


async def business_days(sites: Iterable[str]) -> dict[str, BusinessDays]:
    rows = await db.fetch(f"SELECT id, time_zone, day_starts FROM site WHERE {db.among('id')}", db.listing(sorted(set(sites))))
    return {row["id"]: BusinessDays(row["time_zone"], row["day_starts"]) for row in rows}


async def meanings(lines: Iterable[tuple[str, NewLine]]) -> Known:
    """What the texts of lines mean at their sites."""
    barcodes: dict[str, set[str]] = defaultdict(set)
    codes: dict[str, set[str]] = defaultdict(set)
    for site, line in lines:
        (codes if line.is_sku else barcodes)[site].add(line.text)
    found: Known = {}
    for site, texts in sorted(barcodes.items()):
        asked = sorted(texts)
        answers = await resolve([SymbolKey(text, to_gtin14(text)) for text in asked], site_id=site)
        found.update(((text, False, site), answer) for text, answer in zip(asked, answers, strict=True))
    everywhere = sorted(set().union(*codes.values()))
    rows = await db.fetch(f"SELECT id, code FROM sku WHERE {db.among('code')}", db.listing(everywhere)) if everywhere else []
    ids = {row["code"]: row["id"] for row in rows}
    for site, texts in codes.items():
        found.update(((text, True, site), Found(ids[text], text) if text in ids else Unknown()) for text in texts)
    return found


def meaning_of(line: NewLine, meaning: Resolution, no_goods: Collection[str] = ()) -> Meaning:
    """What a line is: goods, whatever was said of its code; else one of `no_goods`; else it waits."""
    if not isinstance(meaning, Found):
        return LineState.NO_GOODS if line.text in no_goods else LineState.WAITING, None, None
    units = meaning.base_units(abs(line.quantity))
    if units is None:
        return LineState.REFUSED, meaning.sku_id, None
    return LineState.BOOKED, meaning.sku_id, units if line.quantity > 0 else -units


async def _insert(new: Sequence[_New], source: str) -> dict[Identity, int]:
    """Ids of the receipts that were not known before; the unique key decides."""
    instant = db.now()
    marks = f"({', '.join('?' * (len(_SALE) + 1))})"
    found: dict[Identity, int] = {}
    for start in range(0, len(new), 500):
        part = new[start : start + 500]
        rows = await db.fetch(
            f"INSERT INTO sale ({', '.join(_SALE)}, recorded_at) VALUES {', '.join([marks] * len(part))} "
            "ON CONFLICT (site_id, till, number) DO NOTHING RETURNING id, site_id, till, number",
            *(value for each in part for value in (*_sale(each, source), instant)),
        )
        found.update(((row["site_id"], row["till"], row["number"]), row["id"]) for row in rows)
    return found


def _sale(new: _New, source: str) -> tuple[object, ...]:
    receipt = new.receipt
    state = SaleState.WAITING if new.waits or receipt.voids is not None else SaleState.BOOKED
    told = (db.utc(receipt.occurred_at), new.day, receipt.currency, receipt.total_minor, receipt.voids, state.value)
    return (*receipt.identity, *told, receipt.content, source)


async def _save_lines(fresh: Sequence[_New], ids: dict[Identity, int]) -> None:
    """Book what is known, then write all lines down with what they cost."""
    goods = [
        _goods(each, line, meaning)
        for each in fresh
        for line, meaning in zip(each.receipt.lines, each.meanings, strict=True)
        if meaning[0] is LineState.BOOKED
    ]
    costs = iter(await book(goods))
    rows: list[tuple[object, ...]] = []
    for each in fresh:
        for position, (line, (state, sku_id, units)) in enumerate(zip(each.receipt.lines, each.meanings, strict=True), 1):
            cost = next(costs) if state is LineState.BOOKED else None
            money = (line.amount_minor, line.tax_minor, line.discount_minor, cost)
            where = (ids[each.receipt.identity], position, line.text, line.is_sku, sku_id, line.quantity, units)
            rows.append((*where, *money, line.is_damaged, state.value))
    await db.insert_many("sale_line", _LINE, rows)


def _goods(new: _New, line: NewLine, meaning: Meaning) -> Goods:
    _, sku_id, units = meaning
    return Goods(
        site=new.receipt.site,
        till=new.receipt.till,
        document=document_of(new.receipt.till, new.receipt.number),
        occurred_at=new.receipt.occurred_at,
        day=new.day,
        sku_id=sku_id or 0,
        units=units or 0,
        amount_minor=line.amount_minor,
        is_damaged=line.is_damaged,
    )


async def _tell(fresh: Sequence[_New]) -> None:
    unknown = [
        Sighting(
            text=line.text,
            gtin=to_gtin14(line.text),
            raw_b64=None,
            site_id=each.receipt.site,
            box=f"till {each.receipt.till}"[:40],
            station=None,
            seen_at=each.receipt.occurred_at,
        )
        for each in fresh
        for line, meaning in zip(each.receipt.lines, each.meanings, strict=True)
        if meaning[0] is LineState.WAITING and not line.is_sku
    ]
    await note_unknown(unknown)
    by_site: dict[str, list[_New]] = defaultdict(list)
    for each in fresh:
        by_site[each.receipt.site].append(each)
    for site, news in sorted(by_site.items()):
        told = SalesBooked(
            receipts=len(news),
            lines=sum(len(new.receipt.lines) for new in news),
            waiting=sum(new.waits for new in news),
            no_goods=sum(new.no_goods for new in news),
        )
        await events.record(told, subject=site, site=site)


async def _contents(identities: Collection[Identity]) -> dict[Identity, str]:
    if not identities:
        return {}
    source, params = bulk.wanted({"site_id": "text", "till": "text", "number": "text"}, sorted(identities))
    rows = await db.fetch(
        f"SELECT s.site_id, s.till, s.number, s.content FROM {source} CROSS JOIN sale s "
        "WHERE s.site_id = w.site_id AND s.till = w.till AND s.number = w.number",
        *params,
    )
    return {(row["site_id"], row["till"], row["number"]): row["content"] for row in rows}
