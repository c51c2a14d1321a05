"""The command sheet as a page for a normal printer: HTML with its barcodes drawn in, nothing to load.  It needs zxing-cpp."""

from __future__ import annotations

from html import escape
from typing import Final

from drivers.documents.barcodes import QUIET_ZONE, matrix
from drivers.documents.model import Symbology
from edge_agent.stations.model import ENGLISH
from edge_agent.stations.sheet import HOW, TITLE, called, sections
from edge_agent.stations.words import matching, spoken

_MODULE_MM: Final = 0.3
_HEIGHT_MM: Final = 14
_STYLE: Final = (
    "body{font-family:sans-serif;margin:12mm;color:#000;background:#fff}"
    "section{break-inside:avoid}ul{display:flex;flex-wrap:wrap;gap:6mm;list-style:none;padding:0}"
    "li{break-inside:avoid;width:64mm;text-align:center}svg{display:block;margin:0 auto}"
)


def sheet_page(language: str = ENGLISH) -> str:
    """A whole page; `sheet_body` is what a page of the floor puts into its own."""
    title = escape(spoken(TITLE, language))
    head = f'<meta charset="utf-8"><title>Shelfwire: {title}</title><style>{_STYLE}</style>'
    body = f"<h1>{title}</h1>{sheet_body(language)}"
    return f'<!doctype html><html lang="{matching(language)}"><head>{head}</head><body>{body}</body></html>'


def sheet_body(language: str = ENGLISH) -> str:
    """The sheet's sections, as HTML that is safe to put in; sizes are in millimetres."""
    parts = [f"<p>{escape(spoken(HOW, language))}</p>"]
    for section in sections():
        items = "".join(f"<li>{bars_svg(each.symbol)}{escape(called(each, language))}</li>" for each in section.commands)
        parts.append(f"<section><h2>{escape(spoken(section.title, language))}</h2><ul>{items}</ul></section>")
    return "".join(parts)


def bars_svg(data: str) -> str:
    """A Code 128 with its quiet zones.  Raises BadBarcode."""
    (row,) = matrix(Symbology.CODE128, data)
    quiet = QUIET_ZONE[Symbology.CODE128]
    width = len(row) + 2 * quiet
    bars = "".join(f"M{x + quiet} 0h1v1h-1z" for x, module in enumerate(row) if module == 0)
    return (
        f'<svg role="img" aria-label="{escape(data)}" width="{width * _MODULE_MM:.1f}mm" height="{_HEIGHT_MM}mm" '
        f'viewBox="0 0 {width} 1" preserveAspectRatio="none" shape-rendering="crispEdges">'
        f'<path fill="#fff" d="M0 0h{width}v1H0z"/><path d="{bars}"/></svg>'
    )
