"""A carrier that takes and gives CSV files: `out/` is what it fetches, `in/` what it puts back.

`out/label-KEY.csv` asks for a label; `in/*.csv` with the columns key, tracking_no, price_minor, route answers; `in/*.csv` with
tracking_no, at, code, text, place tells where things are.  A file is written whole under its final name or not at all, and the same
key is the same file, so that asking twice is asking once.
"""

from __future__ import annotations

import asyncio
import csv
import io
import os
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from hashlib import sha256
from pathlib import Path

from controller.customers.addresses import one_line
from controller.shipping.adapters import MEANING, Bought, LabelWanted, Later, ManifestPaper, NotAsked, Quote, Refused, Seen
from controller.shipping.choosing import Goods

MOST_BYTES = 16 << 20
_LABEL = ("key", "order", "service", "grams", "value_minor", "currency", "name", "phone", "address", "postcode", "country")


class FileCarrier:
    """`folder` holds `out` and `in`; files are read and written in a thread."""

    def __init__(self, folder: Path) -> None:
        self._out, self._in = folder / "out", folder / "in"

    async def quote(self, goods: Goods) -> Sequence[Quote]:  # noqa: ARG002 -- a price list comes by e-mail, into our table
        return ()

    async def buy(self, wanted: LabelWanted) -> Bought:
        to = wanted.to
        row = (
            *(wanted.key, wanted.order, wanted.service, wanted.goods.grams, wanted.goods.value_minor, wanted.currency),
            *(to.name, to.phone, one_line(to), to.postcode, to.country),
        )
        await self._write(f"label-{wanted.key}.csv", [_LABEL, row])
        raise Later("the carrier has the order for the label in its folder")

    async def find(self, key: str) -> Bought | None:
        """Raises Later (it was asked and has not answered), Refused (its answer has no number)."""
        for row in await self._rows():
            if row.get("key") == key:
                if not row.get("tracking_no"):
                    raise Refused(row.get("error") or "the carrier's answer has no number")
                return Bought(row["tracking_no"], _number(row.get("price_minor")), row.get("route", "")[:80])
        if await asyncio.to_thread((self._out / f"label-{key}.csv").exists):
            raise Later("the carrier has not answered yet")
        return None

    async def void(self, key: str, tracking_no: str) -> None:
        await self._write(f"void-{key}.csv", [("key", "tracking_no"), (key, tracking_no)])

    async def track(self, tracking_nos: Sequence[str]) -> Sequence[Seen]:
        wanted = set(tracking_nos)
        return [
            seen for row in await self._rows() if row.get("tracking_no") in wanted and row.get("code") and (seen := seen_in(row))
        ]

    async def manifest(self, paper: ManifestPaper) -> str:
        rows = [
            ("manifest", "site", "day", "tracking_no"),
            *((paper.number, paper.site, paper.day, no) for no in paper.tracking_nos),
        ]
        await self._write(f"manifest-{paper.number}.csv", rows)
        return paper.number

    async def _write(self, name: str, rows: Sequence[Sequence[object]]) -> None:
        text = io.StringIO()
        csv.writer(text).writerows(rows)
        try:
            await asyncio.to_thread(_put, self._out, name, text.getvalue().encode())
        except OSError as error:
            raise NotAsked(f"the carrier's folder cannot be written to: {error.strerror}") from error

    async def _rows(self) -> list[dict[str, str]]:
        return await asyncio.to_thread(lambda: list(_read(self._in)))


def _put(folder: Path, name: str, content: bytes) -> None:
    """Whole, or not at all; on disk before it is told."""
    folder.mkdir(parents=True, exist_ok=True)
    draft = folder / f".{name}.new"
    with draft.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(folder / name)


def _read(folder: Path) -> Iterator[dict[str, str]]:
    """Rows of all files; what is no CSV of ours is passed by."""
    for path in sorted(folder.glob("*.csv")) if folder.is_dir() else []:
        if path.stat().st_size > MOST_BYTES:
            continue
        text = path.read_text(encoding="utf-8-sig", errors="replace").replace("\0", "")
        yield from ({str(key): str(value or "") for key, value in row.items() if key} for row in csv.DictReader(io.StringIO(text)))


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) <= 12 else None


def seen_in(row: Mapping[str, str]) -> Seen | None:
    """A telling in a row (tracking_no, at, code, text, place, id); None: it says no time, or no time with a zone."""
    try:
        at = datetime.fromisoformat(row.get("at", ""))
    except ValueError:
        return None
    if at.tzinfo is None:
        return None
    code = row.get("code", "")
    told = "\x1f".join((code, at.isoformat(), row.get("place", ""), row.get("text", "")))
    return Seen(
        tracking_no=row["tracking_no"][:64],
        key=row.get("id", "")[:80] or sha256(told.encode()).hexdigest(),
        action=MEANING.get(code),
        occurred_at=at,
        text=(row.get("text") or code)[:200],
        place=row.get("place", "")[:80],
    )
