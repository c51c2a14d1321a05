"""All reports, by name."""

from __future__ import annotations

from controller.reports.goods import AS_OF, SLOW, SUPPLY, TURNOVER, VALUE, VELOCITY
from controller.reports.ledger import AGEING, LEAD_TIMES
from controller.reports.model import Report
from controller.reports.shrinkage import SHRINKAGE

REPORTS: dict[str, Report] = {
    report.name: report for report in (TURNOVER, VELOCITY, SUPPLY, SLOW, AGEING, SHRINKAGE, VALUE, AS_OF, LEAD_TIMES)
}
