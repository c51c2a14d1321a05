"""What a test print looks like."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from drivers.documents.model import Barcode, Box, Code, Label, Line, Receipt, Rule, Symbology, Text
from drivers.registry import Kind
from edge_agent.config import DeviceConfig

_MARGIN = Decimal(2)


def test_paper(config: DeviceConfig, at: datetime, width: int, height: int) -> Label | Receipt:
    """Who printed it and when; a code to scan.  A label of `width` by `height` millimetres, or a receipt."""
    when = at.astimezone().strftime("%Y-%m-%d %H:%M:%S")
    if config.kind is Kind.RECEIPT_PRINTER:
        return Receipt(
            parts=(
                Line(text="Shelfwire test", align="center", bold=True, double=True),
                Rule(),
                Line(text=config.id, right=config.model),
                Line(text=when),
                Code(symbology=Symbology.CODE128, data=config.id),
            )
        )
    return _label(config, when, Decimal(width), Decimal(height))


def _label(config: DeviceConfig, when: str, width: Decimal, height: Decimal) -> Label:
    inner = width - 2 * _MARGIN
    row = (height - 2 * _MARGIN) / 4
    top = _MARGIN + row / 4
    texts = (f"Shelfwire test: {config.id}", f"{config.model}, {when}")
    return Label(
        width=width,
        height=height,
        elements=(
            Box(x=Decimal(0), y=Decimal(0), width=width, height=height, thickness=Decimal("0.5")),
            *(
                Text(x=_MARGIN, y=top + row * index, width=inner, height=row * Decimal("0.8"), text=text, bold=index == 0)
                for index, text in enumerate(texts)
            ),
            Barcode(
                x=_MARGIN, y=top + 2 * row, width=inner, height=row * Decimal("1.7"), symbology=Symbology.CODE128, data=config.id
            ),
        ),
    )
