"""Limits and reasons: what shops said, with defaults where they said nothing."""

from __future__ import annotations

from dataclasses import dataclass

from controller import db
from controller.counts.policies import CLASSES, Policy
from controller.errors import Rejected
from controller.sites.queries import site as site_of

MOST = 10**15
MOST_DAYS = 3650


class BadPolicy(Rejected):
    code = "bad_count_policy"


class BadReason(Rejected):
    code = "bad_count_reason"


@dataclass(frozen=True, slots=True)
class Reason:
    """Why goods are missing or too many."""

    code: str
    name_en: str
    name_zh: str


DEFAULT_REASONS = (
    Reason("theft", "Theft", "失窃"),
    Reason("damage", "Damage or breakage", "破损"),
    Reason("expired", "Expired and thrown away", "过期销毁"),
    Reason("receiving_error", "Receiving error", "收货错误"),
    Reason("misplaced", "Misplaced: it lay in another bin", "错放到其他货位"),
    Reason("wrong_scan", "Wrong article sold or picked", "销售或拣货串码"),
    Reason("unit_error", "Unit or pack size mistaken", "单位或包装规格弄错"),
    Reason("own_use", "Own use or sample", "自用或样品"),
    Reason("count_error", "Earlier count was wrong", "上次盘点有误"),
    Reason("other", "Other (say what)", "其他(请说明)"),
)
"""`other` needs a note."""


async def policies() -> list[Policy]:
    rows = await db.fetch("SELECT site, abc, value_minor, units, grams, approve_minor, days FROM count_policy ORDER BY site, abc")
    return [Policy(**row) for row in rows]


async def set_policy(policy: Policy) -> None:
    """What is None is said by the next wider policy.  Raises BadPolicy, NotFound (site)."""
    if policy.abc not in ("", *CLASSES):
        raise BadPolicy(f"class {policy.abc!r}: expected A, B, C or none")
    numbers = (policy.value_minor, policy.units, policy.grams, policy.approve_minor)
    if any(number is not None and not 0 <= number <= MOST for number in numbers) or not 0 <= (policy.days or 0) <= MOST_DAYS:
        raise BadPolicy(f"limits are whole numbers from 0 to {MOST}, days from 0 to {MOST_DAYS}")
    if policy.site:
        await site_of(policy.site)
    await db.execute(
        "INSERT INTO count_policy (site, abc, value_minor, units, grams, approve_minor, days) VALUES (?, ?, ?, ?, ?, ?, ?) "
        "ON CONFLICT (site, abc) DO UPDATE SET value_minor = excluded.value_minor, units = excluded.units, "
        "grams = excluded.grams, approve_minor = excluded.approve_minor, days = excluded.days",
        *(policy.site, policy.abc, policy.value_minor, policy.units, policy.grams, policy.approve_minor, policy.days),
    )


async def reasons() -> list[Reason]:
    """Those that may be chosen: the shop's own, over the defaults."""
    rows = await db.fetch("SELECT code, name_en, name_zh, active FROM count_reason ORDER BY position, code")
    own = {row["code"]: row for row in rows}
    kept = [each for each in DEFAULT_REASONS if each.code not in own]
    return [*kept, *(Reason(row["code"], row["name_en"], row["name_zh"]) for row in rows if row["active"])]


async def set_reason(reason: Reason, *, active: bool = True) -> None:
    """Add one, change its words, or take it out of the list (what was decided by it stays).  Raises BadReason."""
    if not (reason.code.isascii() and reason.code.replace("_", "").isalnum() and reason.code == reason.code.lower()):
        raise BadReason(f"code {reason.code[:40]!r}: expected small letters, digits and _")
    await db.execute(
        "INSERT INTO count_reason (code, name_en, name_zh, active, position) VALUES (?, ?, ?, ?, 100) "
        "ON CONFLICT (code) DO UPDATE SET name_en = excluded.name_en, name_zh = excluded.name_zh, active = excluded.active",
        *(reason.code, reason.name_en, reason.name_zh, active),
    )


async def check_reason(code: str | None, note: str | None) -> None:
    """Raises BadReason."""
    if code not in {reason.code for reason in await reasons()}:
        raise BadReason(f"reason {(code or '')[:40]!r} is not in the list of reasons")
    if code == "other" and not (note or "").strip():
        raise BadReason("the reason `other` needs a note that says what it was")
