"""Routes that take a file of rows: what takes it as CSV takes the first sheet of an XLSX file, too (`controller/sheets.py`)."""

from __future__ import annotations

from dataclasses import replace

from controller.http.routing import Route

CSV = "text/csv"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def with_xlsx(csv: Route) -> list[Route]:
    """The route, which accepts CSV, and its twin for XLSX below it."""
    twin = replace(csv, path=f"{csv.path}/xlsx", accepts=XLSX, summary="The same, from an XLSX file's first sheet", example=None)
    return [csv, twin]
