"""What becomes of an order as it is placed and whenever it changes: checks, rules, its case, its clocks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import msgspec

from controller import events
from controller.db import Row, execute, fetch, now, put, transaction
from controller.orders import transitions
from controller.orders.flags import FlagKind, blocking, clear_flag, set_flag
from controller.orders.numbers import ORDERS
from controller.orders.seams import JustPlaced
from controller.orders.states import Delivery, OrderState
from controller.review import reading, ticking
from controller.review.clocks import ClockKind
from controller.review.events import OrderJudged
from controller.review.policies import FOUND_BY_CHECKS, Way, asks_of, findings, is_stricter, needs_a_look, way_of
from controller.review.rules import Judgement, Match, OrderFacts, Outcome, judge
from controller.review.settings import Settings, settings
from controller.review.states import CASE, WAITING, CaseAction, CaseState
from controller.states import advance

NO_LONGER = "checked again: no longer so"
BY_RULES = "approved by the rules"


class Stored(msgspec.Struct, frozen=True, kw_only=True):
    """What is kept of a judgement, as JSON: the order as it was seen, what held, what the checks found."""

    facts: OrderFacts
    matches: tuple[Match, ...]
    findings: dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruling:
    """What checks and rules say of an order now."""

    table: int | None
    judgement: Judgement
    stored: Stored
    asks: list[str]
    way: Way

    @property
    def outcome(self) -> Outcome | None:
        return self.judgement.outcome

    @property
    def rules(self) -> list[str]:
        """The names of the rules that held, the deciding one first."""
        return [match.name for match in sorted(self.judgement.matches, key=lambda match: not match.decides)]


async def judge_placed(order_id: int, placed: JustPlaced | None = None) -> bool:
    """Whether the order is approved without a person looking: what `orders` asks at the end of placing one.

    `placed`: what was written of it a moment ago.  Sets the flags of the checks, opens the order's case and begins its clocks.
    Records OrderJudged when a person has to look.
    """
    is_known = placed is not None and placed.customer_id is None
    seen = await reading.just_placed(placed) if placed and is_known else (await reading.seen([order_id]))[order_id]
    known = await settings(seen.stamp)
    ruling = await _ruling(seen, known, before={})
    state = CaseState.APPROVED if ruling.way.approved else CaseState.SERVICE
    await _insert(order_id, ruling, state, seen.order["placed_at"])
    await _begin_clocks(seen, known, touched=ruling.way.approved)
    if not ruling.way.approved:
        await _tell(order_id, ruling, seen.order["site"])
    return ruling.way.approved


async def judge_again(order_no: str) -> None:
    """The order, its flags or its customer changed: look again.  Records OrderJudged when something else comes of it.

    What people approved stays approved, unless something stricter is said now, or a check finds something new.
    """
    async with transaction():
        order_id, state = await transitions.locked(order_no)
        if state not in (OrderState.IN_REVIEW, OrderState.ON_HOLD, OrderState.APPROVED):
            return
        rows = await fetch("SELECT * FROM review_case WHERE order_id = ?", order_id)
        if not rows:
            return
        case = rows[0]
        before = msgspec.json.decode(case["judgement"], type=Stored)
        seen = (await reading.seen([order_id]))[order_id]
        ruling = await _ruling(seen, await settings(seen.stamp), before=before.findings)
        after = _state_after(case, ruling, before.findings)
        await _update(case, ruling, after)
        await _move_order(order_no, state, CaseState(case["state"]), after)
        if after is CaseState.APPROVED and CaseState(case["state"]) in WAITING:
            await ticking.end(order_id, [ClockKind.TOUCH, ClockKind.PROBLEM], at=now())
        if case["outcome"] != ruling.outcome or before.findings != ruling.stored.findings:
            await _tell(order_id, ruling, await transitions.site_of(order_id))


def _state_after(case: Row, ruling: Ruling, before: Mapping[str, str]) -> CaseState:
    """Where the case stands after looking again."""
    state, was = CaseState(case["state"]), None if case["outcome"] is None else Outcome(case["outcome"])
    has_news = bool(set(ruling.stored.findings) - set(before)) or is_stricter(ruling.outcome, was)
    if state is CaseState.SERVICE and ruling.way.approved and case["claimed_by"] is None:
        return advance(CASE, state, CaseAction.APPROVE)
    if state in (CaseState.FINANCE, CaseState.APPROVED) and not ruling.way.approved and has_news:
        return advance(CASE, state, CaseAction.REOPEN)
    return state


async def _move_order(order_no: str, state: OrderState, before: CaseState, after: CaseState) -> None:
    """Let the order's own axis follow its case."""
    if before is after:
        return
    if after is CaseState.APPROVED:
        await transitions.approve(order_no, reason=BY_RULES)
    elif before is CaseState.APPROVED and state is OrderState.APPROVED:
        await transitions.send_to_review(order_no)


async def _ruling(seen: reading.Seen, known: Settings, before: Mapping[str, str]) -> Ruling:
    """Run the checks, keep their flags, and ask the rules.  `before`: what the checks found the last time."""
    checked = await reading.checked_of(seen)
    found = findings(checked, known.limits)
    facts = reading.facts(seen, await _flag(seen, found, before))
    live = known.live
    judgement = judge(facts, live[1]) if live else Judgement(outcome=None)
    return Ruling(
        table=live[0] if live else None,
        judgement=judgement,
        stored=Stored(facts=facts, matches=judgement.matches, findings={kind.value: why for kind, why in found.items()}),
        asks=asks_of(checked.flaws),
        way=way_of(judgement.outcome, has_table=live is not None, is_flagged=needs_a_look(map(FlagKind, facts.flags))),
    )


async def _flag(seen: reading.Seen, found: Mapping[FlagKind, str], before: Mapping[str, str]) -> Sequence[str]:
    """Set and clear the flags of the checks; those that are set then."""
    order_id, is_changed = seen.order["id"], False
    for kind in sorted(FOUND_BY_CHECKS):
        if kind in found and before.get(kind.value) != found[kind]:  # what somebody settled is not raised again for the same
            is_changed |= await set_flag(order_id, kind, found[kind])
        elif kind not in found and kind.value in before:
            is_changed |= await clear_flag(order_id, kind, NO_LONGER)
    return [flag.value for flag in (await blocking([order_id])).get(order_id, [])] if is_changed else seen.flags


async def _insert(order_id: int, ruling: Ruling, state: CaseState, at: datetime) -> None:
    await put(
        "INSERT INTO review_case (order_id, state, outcome, needs_finance, review_table_id, judgement, asks, placed_by, opened_at) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (order_id) DO UPDATE SET state = excluded.state, "
        "outcome = excluded.outcome, needs_finance = excluded.needs_finance, review_table_id = excluded.review_table_id, "
        "judgement = excluded.judgement, asks = excluded.asks, opened_at = excluded.opened_at, claimed_by = NULL, "
        "claimed_at = NULL",
        [(order_id, state.value, *_columns(ruling), events.actor().actor, at)],
    )


async def _update(case: Row, ruling: Ruling, after: CaseState) -> None:
    await execute(
        "UPDATE review_case SET state = ?, outcome = ?, needs_finance = ?, review_table_id = ?, judgement = ?, asks = ? "
        "WHERE id = ?",
        *(after.value, *_columns(ruling), case["id"]),
    )


def _columns(ruling: Ruling) -> tuple[object, ...]:
    return (
        None if ruling.outcome is None else ruling.outcome.value,
        ruling.way.needs_finance,
        ruling.table,
        msgspec.json.encode(ruling.stored).decode(),
        msgspec.json.encode(ruling.asks).decode(),
    )


async def _begin_clocks(seen: reading.Seen, known: Settings, *, touched: bool) -> None:
    """Of goods that are sold before they are there nobody promised a day."""
    kinds, order = {ClockKind.TOUCH}, seen.order
    if order["delivery"] == Delivery.SHIPPING and not seen.is_presold:
        kinds.add(ClockKind.SHIP)
    await ticking.begin(
        order["id"],
        kinds,
        site=order["site"],
        at=order["placed_at"],
        terms=known.terms_of(order["site"]),
        over=[ClockKind.TOUCH] if touched else [],
    )


async def _tell(order_id: int, ruling: Ruling, site: str | None) -> None:
    event = OrderJudged(outcome=None if ruling.outcome is None else ruling.outcome.value, table=ruling.table, rules=ruling.rules)
    await events.record(event, subject=ORDERS.number(order_id), site=site)
