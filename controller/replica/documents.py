"""What is open at a site, as its boxes keep it: counts, receipts, transfers, batches of shelf labels."""

# ruff: noqa: S608 -- what is put into the texts is names of ours; values are parameters
from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from controller import db
from controller.counts.numbers import SESSIONS
from controller.counts.states import SessionKind
from controller.replica.levels import fullest_bins
from controller.replica.parts import MOST_LISTED, Listed
from controller.sites.queries import site
from edge_agent.wire.open_work import (
    MOST_LINES,
    CountBin,
    Document,
    ExpectedLine,
    LabelLine,
    OpenCount,
    OpenLabels,
    OpenTransfer,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Article:
    """What a line says of a SKU."""

    sku: str
    name_en: str
    name_zh: str
    unit: str
    symbol: str
    gtin: str | None

    def line(self, expected: int, got: int) -> ExpectedLine:
        return ExpectedLine(
            sku=self.sku, name_en=self.name_en, name_zh=self.name_zh, symbol=self.symbol, gtin=self.gtin, expected=expected, got=got
        )


async def articles(site_id: str, skus: Collection[int]) -> Mapping[int, Article]:
    """Each SKU with one of its barcodes that hold at the site; one without has its code for that."""
    ids = db.listing(sorted(set(skus)))
    rows = await db.fetch(
        f"SELECT id, code, name_en, name_zh, base_unit FROM sku WHERE {db.among('id')}",
        ids,
    )
    codes = await db.fetch(
        "SELECT sku_id, kind, MIN(symbol) AS symbol FROM barcode WHERE active AND kind IN ('gtin', 'text') "
        f"AND numerator = denominator AND (site_id IS NULL OR site_id = ?) AND {db.among('sku_id')} "
        "GROUP BY sku_id, kind ORDER BY sku_id, kind DESC",
        site_id,
        ids,
    )
    barcodes = {row["sku_id"]: (row["symbol"], row["kind"] == "gtin") for row in codes}  # the last, a GTIN, wins
    found = {}
    for row in rows:
        symbol, is_gtin = barcodes.get(row["id"], (row["code"], False))
        found[row["id"]] = Article(
            sku=row["code"],
            name_en=row["name_en"],
            name_zh=row["name_zh"],
            unit=row["base_unit"],
            symbol=symbol,
            gtin=symbol if is_gtin else None,
        )
    return found


async def lines_of(site_id: str, rows: Sequence[db.Row]) -> dict[int, list[ExpectedLine]]:
    """By `document`: at most `MOST_LINES` of each, of rows with `document`, `sku_id`, `expected` and `got`."""
    known = await articles(site_id, {row["sku_id"] for row in rows})
    found: dict[int, list[ExpectedLine]] = defaultdict(list)
    for row in rows:
        if len(found[row["document"]]) < MOST_LINES and row["sku_id"] in known:
            found[row["document"]].append(known[row["sku_id"]].line(max(0, row["expected"]), max(0, row["got"])))
    return found


async def _counts(site_id: str) -> list[Document]:
    """Sessions that wait for bins, and those in review with a bin that is to be counted again."""
    sessions = await db.fetch(
        "SELECT s.id, s.kind, s.scope, s.counters, s.blind FROM count_session s WHERE s.site = ? "
        "AND (s.state IN ('planned', 'open') OR (s.state IN ('submitted', 'review') AND EXISTS "
        "(SELECT 1 FROM count_bin b WHERE b.session_id = s.id AND b.done_at IS NULL))) ORDER BY s.id DESC LIMIT ?",
        *(site_id, MOST_LISTED),
    )
    time_zone = (await site(site_id)).time_zone
    bins = await _bins({row["id"]: row["counters"] for row in sessions})
    return [
        OpenCount(
            id=row["id"],
            number=SESSIONS.number(row["id"]),
            title=count_title(SessionKind(row["kind"]), row["scope"]),
            time_zone=time_zone,
            counters=row["counters"],
            blind=bool(row["blind"]),
            bins=bins[row["id"]][:MOST_LINES],
        )
        for row in sessions
    ]


def count_title(kind: SessionKind, scope: str) -> str:
    """What a session is about, in both languages: a box shows it to whoever stands there."""
    match kind:
        case SessionKind.CLASS:
            return f"{scope} 类 / Class {scope}"
        case SessionKind.ZONE:
            return f"{scope} 区 / Zone {scope}"
        case SessionKind.SUSPICION:
            return "可疑货位 / Doubtful bins"
        case SessionKind.CHOSEN | SessionKind.ADHOC | SessionKind.ZERO_CHECK:
            return scope


async def _bins(counters: Mapping[int, int]) -> dict[int, list[CountBin]]:
    """`counters`: how many people are to count a bin, by session."""
    among = db.listing(sorted(counters))
    rows = await db.fetch(
        f"SELECT id, session_id, code, round, parts, done_at FROM count_bin WHERE {db.among('session_id')} ORDER BY code", among
    )
    parts = await db.fetch(
        "SELECT p.bin_id, p.person, n.name FROM count_part p LEFT JOIN person n ON n.id = p.person "
        f"WHERE p.state = 'counts' AND {db.among('p.session_id')} ORDER BY p.id",
        among,
    )
    people: dict[int, dict[str, str]] = defaultdict(dict)
    for part in parts:
        if part["person"]:
            people[part["bin_id"]][part["person"]] = part["name"] or ""
    found: dict[int, list[CountBin]] = defaultdict(list)
    for row in rows:
        who = people[row["id"]]
        found[row["session_id"]].append(
            CountBin(
                bin=row["code"],
                round=row["round"],
                is_counted=row["done_at"] is not None and row["parts"] >= counters[row["session_id"]],
                at=row["done_at"],
                by=list(who),
                name=", ".join(name for name in who.values() if name),
            )
        )
    return found


async def _transfers(site_id: str) -> list[Document]:
    """Those that are to leave, and those on their way here or announced to come, until that end said that it is done."""
    rows = await db.fetch(
        "SELECT t.id, t.number, t.from_site, t.to_site, p.name AS partner, t.sent_closed_at FROM transfer t "
        "LEFT JOIN site p ON p.id = CASE WHEN t.from_site = ? THEN t.to_site ELSE t.from_site END "
        "WHERE (t.from_site = ? AND t.sent_closed_at IS NULL AND t.state IN ('approved', 'shipping')) "
        "OR (t.to_site = ? AND t.received_closed_at IS NULL AND t.state IN ('approved', 'shipping', 'in_transit')) "
        "ORDER BY t.id DESC LIMIT ?",
        *(site_id, site_id, site_id, MOST_LISTED),
    )
    lines = await db.fetch(
        "SELECT transfer_id, sku_id, quantity, sent, received + damaged AS came FROM transfer_line "
        f"WHERE {db.among('transfer_id')} ORDER BY id",
        db.listing([row["id"] for row in rows]),
    )
    ends = {row["id"]: row for row in rows}
    told = await lines_of(site_id, [_expected(line, ends[line["transfer_id"]], site_id) for line in lines])
    return [
        OpenTransfer(
            id=row["id"],
            number=row["number"],
            partner=row["partner"] or row["to_site" if row["from_site"] == site_id else "from_site"] or "",
            is_outgoing=row["from_site"] == site_id,
            lines=told.get(row["id"], []),
        )
        for row in rows
    ]


def _expected(line: db.Row, end: db.Row, site_id: str) -> db.Row:
    """What was planned to go; and of what comes, what was sent, once all that goes has left."""
    is_outgoing = end["from_site"] == site_id
    coming = line["sent"] if end["sent_closed_at"] is not None else max(line["quantity"], line["sent"])
    return {
        "document": line["transfer_id"],
        "sku_id": line["sku_id"],
        "expected": line["quantity"] if is_outgoing else coming,
        "got": line["sent"] if is_outgoing else line["came"],
    }


async def _labels(site_id: str) -> list[Document]:
    """Batches whose prices hold or soon will, until all their labels are up."""
    batches = await db.fetch(
        "SELECT id, number, effective_at FROM label_batch WHERE site_id = ? AND closed_at IS NULL ORDER BY effective_at LIMIT ?",
        *(site_id, MOST_LISTED),
    )
    lines = await db.fetch(
        "SELECT batch_id, sku_id, price_minor, currency, confirmed_at FROM label_line "
        f"WHERE price_minor IS NOT NULL AND {db.among('batch_id')} ORDER BY id",
        db.listing([row["id"] for row in batches]),
    )
    skus = sorted({line["sku_id"] for line in lines})
    known, bins = await articles(site_id, skus), await fullest_bins(site_id, skus)
    told: dict[int, list[LabelLine]] = defaultdict(list)
    for line in lines:
        if line["sku_id"] in known and len(told[line["batch_id"]]) < MOST_LINES:
            told[line["batch_id"]].append(_label(line, known[line["sku_id"]], bins[line["sku_id"]]))
    return [
        OpenLabels(
            id=row["id"],
            number=row["number"],
            title=f"{row['effective_at']:%Y-%m-%d}" if row["effective_at"] is not None else "",
            lines=told[row["id"]],
        )
        for row in batches
    ]


def _label(line: db.Row, article: Article, bins: Sequence[tuple[str, int]]) -> LabelLine:
    return LabelLine(
        sku=article.sku,
        name_en=article.name_en,
        name_zh=article.name_zh,
        symbol=article.symbol,
        unit=article.unit,
        price_minor=line["price_minor"],
        currency=line["currency"] or "",
        bin=bins[0][0] if bins else "",
        is_up=line["confirmed_at"] is not None,
    )


COUNTS = Listed(name="counts", read=_counts)
TRANSFERS = Listed(name="transfers", read=_transfers)
LABEL_BATCHES = Listed(name="label_batches", read=_labels)
