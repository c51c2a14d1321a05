"""Versions of the rules: made, changed, brought live by a conditional switch, and undone.  One transaction each."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import msgspec

from controller import events
from controller.db import ConstraintViolated, Row, execute_many, fetch, now, savepoint, transaction
from controller.errors import Conflict, NotFound
from controller.review.events import ReviewTableChanged
from controller.review.rules import BadRule, Condition, Outcome, Rule, check_rules
from controller.review.stamps import renew_stamp
from controller.review.states import RULE_TABLE, TableAction, TableState
from controller.states import advance

MAX_NOTE = 200
WHAT = "table of rules"


class TableMoved(Conflict):
    """Somebody changed it, or another one went live, since it was looked at."""

    code = "review_table_moved"


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredTable:
    """`edition` counts changes of its rules; `replaced`: what was live before it."""

    id: int
    state: TableState
    note: str
    edition: int
    replaced: int | None
    created_at: datetime
    created_by: str
    live_at: datetime | None
    live_by: str | None
    rules: tuple[Rule, ...]


async def live_rules() -> tuple[int, tuple[Rule, ...]] | None:
    """The table in force and its rules; None: there is none."""
    rows = await fetch(
        "SELECT t.id, r.name, r.outcome, r.conditions FROM review_table t LEFT JOIN review_rule r ON r.review_table_id = t.id "
        "WHERE t.state = 'live' ORDER BY r.position"
    )
    return (rows[0]["id"], tuple(_rule(row) for row in rows if row["name"] is not None)) if rows else None


async def table(table_id: int) -> StoredTable:
    """Raises NotFound."""
    rows = await fetch("SELECT * FROM review_table WHERE id = ?", table_id)
    if not rows:
        raise NotFound(WHAT, table_id)
    return await _with_rules(rows[0])


async def tables(*, before: int | None, limit: int) -> list[StoredTable]:
    """The newest first."""
    rows = await fetch("SELECT * FROM review_table WHERE id < ? ORDER BY id DESC LIMIT ?", before or 1 << 62, limit)
    return [await _with_rules(row) for row in rows]


async def make_draft(*, note: str, copied: int | None = None) -> int:
    """A new version to work on: a copy of another one, or empty; its id.  Records ReviewTableChanged.

    Raises NotFound, BadRule (a note that is no line of 1 to 200 characters).
    """
    words = _note(note)
    async with transaction():
        rules = () if copied is None else (await table(copied)).rules
        rows = await fetch(
            "INSERT INTO review_table (state, note, edition, created_at, created_by) VALUES (?, ?, 1, ?, ?) RETURNING id",
            *(TableState.DRAFT.value, words, now(), events.actor().actor),
        )
        await _write_rules(rows[0]["id"], rules)
        await _tell(rows[0]["id"], TableState.DRAFT, len(rules))
    return int(rows[0]["id"])


async def put_rules(table_id: int, rules: Sequence[Rule], *, edition: int) -> int:
    """These are a draft's rules now; its edition after that.  `edition`: of which one the change was made.

    Records ReviewTableChanged.  Raises BadRule, NotFound, TableMoved.
    """
    check_rules(rules)
    async with transaction():
        changed = await fetch(
            "UPDATE review_table SET edition = edition + 1 WHERE id = ? AND edition = ? AND state = ? RETURNING edition",
            *(table_id, edition, TableState.DRAFT.value),
        )
        if not changed:
            raise TableMoved(await _why_not(table_id, TableState.DRAFT, f"its edition is no longer {edition}"))
        await fetch("DELETE FROM review_rule WHERE review_table_id = ? RETURNING id", table_id)
        await _write_rules(table_id, rules)
        await _tell(table_id, TableState.DRAFT, len(rules))
    return int(changed[0]["edition"])


async def go_live(table_id: int, *, edition: int, replaces: int | None) -> None:
    """These rules are in force now, instead of `replaces` (None: there were none).  Records ReviewTableChanged.

    Raises NotFound, TableMoved (it was changed since, or another one is live than was looked at), BadRule (no rules).
    """
    found = await table(table_id)
    if not found.rules:
        raise BadRule(0, "at least one rule in a table that goes live")
    async with transaction():
        await _retire(replaces)
        await _switch(found, edition=edition, replaced=replaces)
        await _tell(table_id, TableState.LIVE, len(found.rules), replaced=replaces)


async def undo(table_id: int) -> int:
    """The version that was live before this one is live again; its id.  Records ReviewTableChanged.

    Raises NotFound (there was none before), TableMoved (this one is not live any more).
    """
    found = await table(table_id)
    if found.replaced is None:
        raise NotFound(f"{WHAT} before", table_id)
    async with transaction():
        await _retire(table_id)
        before = await table(found.replaced)
        await _switch(before, edition=before.edition, replaced=before.replaced)
        await _tell(before.id, TableState.LIVE, len(before.rules), replaced=table_id)
    return before.id


async def discard(table_id: int) -> None:
    """A draft that nobody wants.  Twice is once.  Records ReviewTableChanged.  Raises NotFound, IllegalTransition."""
    found = await table(table_id)
    if found.state is TableState.DISCARDED:
        return
    after = advance(RULE_TABLE, found.state, TableAction.DISCARD)
    async with transaction():
        rows = await fetch(
            "UPDATE review_table SET state = ? WHERE id = ? AND state = ? RETURNING id", after.value, table_id, found.state.value
        )
        if rows:
            await _tell(table_id, after, len(found.rules))


async def _retire(table_id: int | None) -> None:
    """Raises TableMoved."""
    if table_id is None:
        if found := await live_rules():
            raise TableMoved(f"{WHAT} {found[0]} is live meanwhile: look at what changes, then decide again")
        return
    rows = await fetch(
        "UPDATE review_table SET state = ? WHERE id = ? AND state = ? RETURNING id",
        *(TableState.PAST.value, table_id, TableState.LIVE.value),
    )
    if not rows:
        raise TableMoved(f"{WHAT} {table_id} is not live any more: look at what is, then decide again")


async def _switch(found: StoredTable, *, edition: int, replaced: int | None) -> None:
    """Raises TableMoved, IllegalTransition."""
    after = advance(RULE_TABLE, found.state, TableAction.GO_LIVE)
    try:
        async with savepoint():
            rows = await fetch(
                "UPDATE review_table SET state = ?, replaced = ?, live_at = ?, live_by = ? "
                "WHERE id = ? AND edition = ? AND state = ? RETURNING id",
                *(after.value, replaced, now(), events.actor().actor, found.id, edition, found.state.value),
            )
    except ConstraintViolated as error:
        raise TableMoved("another table of rules went live meanwhile: look at it, then decide again") from error
    if not rows:
        raise TableMoved(await _why_not(found.id, found.state, f"its edition is no longer {edition}"))
    await renew_stamp()


async def _why_not(table_id: int, state: TableState, otherwise: str) -> str:
    """Raises NotFound."""
    found = await table(table_id)
    if found.state is not state:
        return f"{WHAT} {table_id} is {found.state}, not {state}"
    return f"{WHAT} {table_id} was changed meanwhile: {otherwise}"


async def _write_rules(table_id: int, rules: Sequence[Rule]) -> None:
    await execute_many(
        "INSERT INTO review_rule (review_table_id, position, name, outcome, conditions) VALUES (?, ?, ?, ?, ?)",
        [
            (table_id, position, rule.name.strip(), rule.outcome.value, msgspec.json.encode(rule.conditions).decode())
            for position, rule in enumerate(rules, 1)
        ],
    )


async def _with_rules(row: Row) -> StoredTable:
    rules = await fetch("SELECT name, outcome, conditions FROM review_rule WHERE review_table_id = ? ORDER BY position", row["id"])
    return StoredTable(
        id=row["id"],
        state=TableState(row["state"]),
        note=row["note"],
        edition=row["edition"],
        replaced=row["replaced"],
        created_at=row["created_at"],
        created_by=row["created_by"],
        live_at=row["live_at"],
        live_by=row["live_by"],
        rules=tuple(_rule(each) for each in rules),
    )


def _rule(row: Row) -> Rule:
    conditions = msgspec.convert(json.loads(row["conditions"]), tuple[Condition, ...], strict=False)
    return Rule(name=row["name"], outcome=Outcome(row["outcome"]), conditions=conditions)


def _note(text: str) -> str:
    """Raises BadRule."""
    words = text.strip()
    if not 0 < len(words) <= MAX_NOTE or not words.isprintable():
        raise BadRule(0, f"a note of 1 to {MAX_NOTE} characters on one line: what this version is for")
    return words


async def _tell(table_id: int, state: TableState, rules: int, replaced: int | None = None) -> None:
    event = ReviewTableChanged(state=state.value, rules=rules, replaced=replaced)
    await events.record(event, subject=f"review_table:{table_id}")
