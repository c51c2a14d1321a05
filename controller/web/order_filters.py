"""What the list of orders is asked for, as its address says it: filters, sorting, columns.  Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, TypeVar
from urllib.parse import parse_qsl, urlencode

from controller.orders.flags import FlagKind
from controller.orders.listing import Sort, Wanted
from controller.orders.states import OrderState
from controller.orders.tags import plain
from controller.payments.policies import PaymentState
from controller.tracking.board import Stage, at_stage, late

E = TypeVar("E", bound=StrEnum)


class Due(StrEnum):
    """Promised by when."""

    OVER = "over"
    HOURS_4 = "4h"
    DAY = "24h"
    DAYS_3 = "72h"


_TERMS: Final = {Due.OVER: timedelta(0), Due.HOURS_4: timedelta(hours=4), Due.DAY: timedelta(days=1), Due.DAYS_3: timedelta(days=3)}
LATE: Final = "late"
"""Beside the stages of the board: a clock of it has run out."""
COLUMNS: Final = ("state", "flags", "clock", "site", "channel", "placed", "due", "payment", "delivery", "customer", "total")
USUAL: Final = ("state", "flags", "site", "channel", "placed", "due", "payment", "total")
FILTERS: Final = ("q", "state", "site", "channel", "flag", "tag", "due", "payment", "stage")
MAX_TEXT: Final = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What nobody asks for is empty.  What cannot be read is as if it had not been asked for."""

    q: str = ""
    state: OrderState | None = None
    site: str = ""
    channel: str = ""
    flag: FlagKind | None = None
    tag: str = ""
    due: Due | None = None
    payment: PaymentState | None = None
    stage: str = ""
    sort: Sort = Sort.NEWEST
    columns: tuple[str, ...] = USUAL

    @property
    def is_filtered(self) -> bool:
        return any(getattr(self, name) for name in FILTERS)

    def without(self, name: str) -> Asked:
        """The same, not filtered by this."""
        return asked_of([pair for pair in parse_qsl(self.query) if pair[0] != name])

    @property
    def filters(self) -> dict[str, str]:
        """As an address has them, in one order, without what is not asked for."""
        return {name: str(getattr(self, name)) for name in FILTERS if getattr(self, name)}

    @property
    def query(self) -> str:
        """All of it: two addresses that ask for the same are the same."""
        pairs = list(self.filters.items())
        if self.sort is not Sort.NEWEST:
            pairs.append(("sort", self.sort.value))
        if self.columns != USUAL:
            pairs += [("col", name) for name in self.columns]
        return urlencode(pairs)

    def wanted(self, at: datetime, *, up_to: int | None = None) -> Wanted:
        found = Wanted(
            state=self.state,
            site=self.site or None,
            channel=self.channel or None,
            due_before=None if self.due is None else at + _TERMS[self.due],
            flag=self.flag,
            tag=self.tag or None,
            payment=self.payment,
            up_to=up_to,
            q=self.q or None,
        )
        if self.stage == LATE:
            return late(found, at)
        return at_stage(Stage(self.stage), at, found) if self.stage else found


def asked_of(pairs: Sequence[tuple[str, str]], *, sees_money: bool = True) -> Asked:
    """From the pairs of an address.  Who may not see money does not find orders by it either."""
    first: dict[str, str] = {}
    for name, value in pairs:
        first.setdefault(name, _text(value))
    chosen = tuple(name for name in COLUMNS if ("col", name) in set(pairs))
    stage = first.get("stage", "")
    return Asked(
        q=first.get("q", ""),
        state=_one_of(OrderState, first.get("state")),
        site=first.get("site", ""),
        channel=first.get("channel", ""),
        flag=_one_of(FlagKind, first.get("flag")),
        tag=plain(first.get("tag", "")),
        due=_one_of(Due, first.get("due")),
        payment=_one_of(PaymentState, first.get("payment")) if sees_money else None,
        stage=stage if stage == LATE or stage in set(Stage) else "",
        sort=_one_of(Sort, first.get("sort")) or Sort.NEWEST,
        columns=chosen or USUAL,
    )


def asked_in(query: str, *, sees_money: bool = True) -> Asked:
    """From a query as `Asked.query` writes it."""
    return asked_of(parse_qsl(query, max_num_fields=60) if query.count("&") < 60 else [], sees_money=sees_money)


def _text(value: str) -> str:
    plain = value.replace("\0", "").strip()[:MAX_TEXT]
    return plain if plain.isprintable() else ""


def _one_of(kind: type[E], value: str | None) -> E | None:
    return kind(value) if value in set(kind) else None
