"""Runs of replenishment over HTTP, what people set for them, and what would have happened."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any

from msgspec import Meta, Struct
from msgspec.structs import asdict

from controller.errors import NotFound
from controller.http.routing import PLAIN, BadParameter, Call, Created, Page, Permission, Route, number, page
from controller.replenishment import queries, rules, runs
from controller.replenishment.queries import RunRow
from controller.replenishment.rules import Setting

CODE = Annotated[str, Meta(max_length=64, pattern=PLAIN)]


class StartRun(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    site: Annotated[str, Meta(min_length=1, max_length=40, pattern=PLAIN)]


class RunView(Struct, frozen=True, kw_only=True):
    """`done` of `total` SKUs are through.  `day`: the site's business day."""

    id: int
    site: str
    day: date
    cause: str
    state: str
    done: int
    total: int
    proposals: int
    alerts: int
    started_at: datetime
    ended_at: datetime | None
    started_by: str
    error: str | None


class RuleView(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Null: as the next wider rule says, down to what is usual.  `service_bp`: hundredths of a percent, 5000 to 9999."""

    service_bp: Annotated[int, Meta(ge=5000, le=9999)] | None = None
    review_days: Annotated[int, Meta(ge=0, le=rules.MOST_DAYS)] | None = None
    lead_days: Annotated[int, Meta(ge=0, le=rules.MOST_DAYS)] | None = None
    lead_sd_tenths: Annotated[int, Meta(ge=0, le=10 * rules.MOST_DAYS)] | None = None
    least_shelf: Annotated[int, Meta(ge=0, le=rules.LARGEST)] | None = None
    most_shelf: Annotated[int, Meta(ge=0, le=rules.LARGEST)] | None = None
    supplier: CODE | None = None
    off: bool | None = None


class AutoAcceptView(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Orders that come to less accept themselves; 0: none do.  Minor units of the supplier's currency."""

    below_minor: Annotated[int, Meta(ge=0, le=rules.LARGEST)]


class OutcomeView(Struct, frozen=True, kw_only=True):
    """`fill`: share of demand that was there to be sold; `stock`: mean base units at night; `pinball`: loss of S as a quantile."""

    rule: str
    fill: float
    stockout_days: int
    stock: float
    pinball: float
    ordered: int


class BackTest(Struct, frozen=True, kw_only=True):
    skus: int
    days: int
    outcomes: list[OutcomeView]


async def run_list(call: Call[None]) -> Page[RunView]:
    rows = await queries.runs(
        before=call.page.number(), limit=call.page.limit, site=call.query.get("site", ""), sites=call.actor.sites
    )
    return page([_run(row) for row in rows], call.page, key=lambda view: view.id)


async def start(call: Call[StartRun]) -> Created[RunView]:
    run_id = await runs.ask(call.body.site)
    row = next(row for row in await queries.runs(limit=1, before=run_id + 1))
    return Created(_run(row), location=f"/api/v1/replenishment/runs?site={call.body.site}")


async def get_rule(call: Call[None]) -> RuleView:
    return _rule(await rules.rule(**await _about(call)))


async def put_rule(call: Call[RuleView]) -> RuleView:
    await rules.put_rule(Setting(**asdict(call.body)), **await _about(call))
    return call.body


async def get_auto(call: Call[None]) -> AutoAcceptView:
    return AutoAcceptView(below_minor=await rules.auto_of(call.path["supplier"]))


async def put_auto(call: Call[AutoAcceptView]) -> AutoAcceptView:
    await rules.set_auto(call.path["supplier"], call.body.below_minor)
    return call.body


async def back_test(call: Call[None]) -> BackTest:
    from controller.replenishment.picture import what_if  # noqa: PLC0415 -- NumPy is loaded when somebody asks

    days = number(call.query.get("days", "56"), "days")
    if not 7 <= days <= 112:
        raise BadParameter("days", "7 to 112")
    found = await what_if(call.path["site"], days=days, sku=call.query.get("sku", ""))
    outcomes = [
        OutcomeView(
            rule=rule.value,
            fill=round(each.fill, 4),
            stockout_days=each.stockout_days,
            stock=round(each.stock, 1),
            pinball=round(each.pinball, 3),
            ordered=each.ordered,
        )
        for rule, each in found.outcomes.items()
    ]
    return BackTest(skus=found.skus, days=found.days, outcomes=outcomes)


async def _about(call: Call[Any]) -> dict[str, str]:
    """The site and the SKU of a rule; `*` stands for all.  Raises NotFound for all sites, to those who see some of them."""
    site, sku = call.path["site"], call.path["sku"]
    if site == "*" and call.actor.sites is not None:
        raise NotFound("site", site)
    return {"site": "" if site == "*" else site, "sku": "" if sku == "*" else sku}


def _run(row: RunRow) -> RunView:
    return RunView(
        id=row.id,
        site=row.site_id,
        day=row.day,
        cause=row.cause,
        state=row.state,
        done=row.done,
        total=row.total,
        proposals=row.proposals,
        alerts=row.alerts,
        started_at=row.started_at,
        ended_at=row.ended_at,
        started_by=row.started_by,
        error=row.error,
    )


def _rule(setting: Setting) -> RuleView:
    return RuleView(
        service_bp=setting.service_bp,
        review_days=setting.review_days,
        lead_days=setting.lead_days,
        lead_sd_tenths=setting.lead_sd_tenths,
        least_shelf=setting.least_shelf,
        most_shelf=setting.most_shelf,
        supplier=setting.supplier,
        off=setting.off,
    )


_RULE = "/api/v1/replenishment/rules/{site}/{sku}"
_AUTO = "/api/v1/replenishment/auto-accept/{supplier}"
_RUNS = "/api/v1/replenishment/runs"
_READ, _WRITE = Permission.PURCHASING_READ, Permission.PURCHASING_WRITE

ROUTES = [
    Route(
        "GET",
        _RUNS,
        run_list,
        permission=_READ,
        reply=Page[RunView],
        summary="List runs, the newest first",
        filters={"site": "only of this site"},
    ),
    Route(
        "POST",
        _RUNS,
        start,
        permission=_WRITE,
        body=StartRun,
        reply=RunView,
        summary="Compute a site's proposals anew, now",
        example=StartRun(site="s1"),
    ),
    Route("GET", _RULE, get_rule, permission=_READ, reply=RuleView, summary="What is set for a SKU at a site; * stands for all"),
    Route(
        "PUT",
        _RULE,
        put_rule,
        permission=_WRITE,
        body=RuleView,
        reply=RuleView,
        summary="Set how SKUs are replenished; * stands for all",
        example=RuleView(service_bp=9800, most_shelf=120),
    ),
    Route(
        "GET",
        _AUTO,
        get_auto,
        permission=_READ,
        reply=AutoAcceptView,
        summary="Below which value orders make themselves",
    ),
    Route(
        "PUT",
        _AUTO,
        put_auto,
        permission=_WRITE,
        body=AutoAcceptView,
        reply=AutoAcceptView,
        whole_chain=True,
        summary="Let a supplier's orders make themselves below a value; 0 turns it off",
        example=AutoAcceptView(below_minor=50_000),
    ),
    Route(
        "GET",
        "/api/v1/sites/{site}/replenishment/back-test",
        back_test,
        permission=_READ,
        reply=BackTest,
        summary="What would have happened in the last days, by our rules and by naive ones",
        filters={"days": "7 to 112, 56 unless told", "sku": "only this SKU"},
    ),
]
