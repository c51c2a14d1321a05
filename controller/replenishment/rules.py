"""What people set: how SKUs are replenished, and which suppliers' proposals accept themselves."""

# ruff: noqa: S608 -- what is put into the texts is column names; values are parameters
from __future__ import annotations

from dataclasses import asdict, dataclass

from controller import db, events
from controller.catalog.queries import sku as sku_of
from controller.errors import NotFound, Rejected
from controller.purchasing.suppliers import supplier_id_of
from controller.replenishment.events import ReplenishmentRuleSet
from controller.sites.queries import site as site_of

MOST_DAYS = 365
LARGEST = 10**12


class BadRule(Rejected):
    code = "bad_rule"


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One rule; None: as the next wider rule says.  See `models.ReplenishmentRule`."""

    service_bp: int | None = None
    review_days: int | None = None
    lead_days: int | None = None
    lead_sd_tenths: int | None = None
    least_shelf: int | None = None
    most_shelf: int | None = None
    supplier: str | None = None
    off: bool | None = None


async def put_rule(setting: Setting, *, site: str = "", sku: str = "") -> None:
    """For all (both empty), a site, a SKU, or a SKU at a site; a rule that says nothing is removed.  The next run keeps to it.

    Records ReplenishmentRuleSet.  Raises NotFound, BadRule.
    """
    _check(setting)
    async with db.transaction():
        if site:
            await site_of(site)
        sku_id = (await sku_of(sku)).id if sku else 0
        supplier_id = await supplier_id_of(setting.supplier) if setting.supplier else None
        said = {name: value for name, value in asdict(setting).items() if name != "supplier"} | {"supplier_id": supplier_id}
        if all(value is None for value in said.values()):
            await db.execute("DELETE FROM replenishment_rule WHERE site_id = ? AND sku_id = ?", site, sku_id)
        else:
            names = list(said)
            await db.execute(
                f"INSERT INTO replenishment_rule (site_id, sku_id, {', '.join(names)}, changed_at, changed_by) "
                f"VALUES (?, ?{', ?' * len(names)}, ?, ?) ON CONFLICT (site_id, sku_id) DO UPDATE SET "
                + ", ".join(f"{name} = excluded.{name}" for name in [*names, "changed_at", "changed_by"]),
                *(site, sku_id, *said.values(), db.now(), events.actor().actor),
            )
        await events.record(ReplenishmentRuleSet(about=f"{site or '*'}/{sku or '*'}", changes=said), subject=sku or site or "*")


def _check(setting: Setting) -> None:
    if setting.service_bp is not None and not 5000 <= setting.service_bp <= 9999:
        raise BadRule("service level: expected 5000 to 9999 hundredths of a percent")
    for name in ("review_days", "lead_days"):
        value = getattr(setting, name)
        if value is not None and not 0 <= value <= MOST_DAYS:
            raise BadRule(f"{name}: expected 0 to {MOST_DAYS}")
    if setting.lead_sd_tenths is not None and not 0 <= setting.lead_sd_tenths <= 10 * MOST_DAYS:
        raise BadRule(f"lead_sd_tenths: expected 0 to {10 * MOST_DAYS}")
    shelf = (setting.least_shelf or 0, LARGEST if setting.most_shelf is None else setting.most_shelf)
    if not 0 <= shelf[0] <= shelf[1] <= LARGEST:
        raise BadRule(f"shelf: expected 0 <= least_shelf <= most_shelf <= {LARGEST}")


async def rule(*, site: str = "", sku: str = "") -> Setting:
    """What exactly this rule says.  Raises NotFound (SKU)."""
    sku_id = (await sku_of(sku)).id if sku else 0
    rows = await db.fetch(
        "SELECT r.service_bp, r.review_days, r.lead_days, r.lead_sd_tenths, r.least_shelf, r.most_shelf, r.off, s.code AS supplier "
        "FROM replenishment_rule r LEFT JOIN supplier s ON s.id = r.supplier_id WHERE r.site_id = ? AND r.sku_id = ?",
        *(site, sku_id),
    )
    if not rows:
        return Setting()
    return Setting(**{**rows[0], "off": None if rows[0]["off"] is None else bool(rows[0]["off"])})


async def set_auto(supplier: str, below_minor: int) -> None:
    """Orders of this supplier that come to less are made and approved by themselves; 0 turns it off.

    Records ReplenishmentRuleSet.  Raises NotFound, BadRule.
    """
    if not 0 <= below_minor <= LARGEST:
        raise BadRule(f"below_minor: expected 0 to {LARGEST}")
    async with db.transaction():
        supplier_id = await supplier_id_of(supplier)
        if below_minor:
            await db.execute(
                "INSERT INTO replenishment_auto (supplier_id, below_minor, changed_at, changed_by) VALUES (?, ?, ?, ?) "
                "ON CONFLICT (supplier_id) DO UPDATE SET below_minor = excluded.below_minor, changed_at = excluded.changed_at, "
                "changed_by = excluded.changed_by",
                *(supplier_id, below_minor, db.now(), events.actor().actor),
            )
        else:
            await db.execute("DELETE FROM replenishment_auto WHERE supplier_id = ?", supplier_id)
        told = ReplenishmentRuleSet(about=f"supplier {supplier}", changes={"below_minor": below_minor})
        await events.record(told, subject=supplier)


async def auto_of(supplier: str) -> int:
    """Below which value; 0: off.  Raises NotFound."""
    rows = await db.fetch(
        "SELECT COALESCE(a.below_minor, 0) AS below FROM supplier s LEFT JOIN replenishment_auto a ON a.supplier_id = s.id "
        "WHERE s.code = ?",
        supplier,
    )
    if not rows:
        raise NotFound("supplier", supplier)
    return int(rows[0]["below"])
