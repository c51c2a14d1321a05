"""What people, and the rules that they switched on, do with proposals.  One transaction each; a proposal is decided once."""

# ruff: noqa: S608 -- what is put into the texts is ours; values are parameters
from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from controller import db, events
from controller.errors import Conflict, NotFound, Rejected
from controller.purchasing import operations as purchasing
from controller.replenishment.events import ProposalDecided
from controller.replenishment.states import PROPOSAL, Kind, ProposalAction, ProposalState
from controller.states import advance
from controller.transfers import operations as transfers

MOST_AT_ONCE = 2000
LARGEST = 10**12
MAX_REASON = 200


class BadProposal(Rejected):
    code = "bad_proposal"


class NotOpen(Conflict):
    """It was decided already, or lapsed."""

    code = "proposal_decided"

    def __init__(self, proposal: int, state: str) -> None:
        super().__init__(f"proposal {proposal} is {state}: only open ones are decided")
        self.proposal = proposal
        self.state = state


@dataclass(frozen=True, slots=True)
class Made:
    """A document that came of proposals."""

    number: str
    kind: Kind
    site_id: str
    lines: int


async def change(proposal_id: int, quantity: int) -> None:
    """Order another quantity, base units; whole packs.  Runs keep it.  Records ProposalDecided.

    Raises NotFound, NotOpen, BadProposal.
    """
    async with db.transaction():
        row = await _locked(proposal_id)
        state = _following(row, ProposalAction.CHANGE)
        if not 0 < quantity <= LARGEST or quantity % row["pack"]:
            raise BadProposal(f"{quantity} base units: expected a whole number of packs of {row['pack']}, 1 to {LARGEST}")
        value = row["value_minor"] and row["value_minor"] * quantity // row["quantity"]
        await db.execute(
            "UPDATE replenishment_proposal SET state = ?, quantity = ?, value_minor = ?, decided_by = ?, changed_at = ? "
            "WHERE id = ?",
            *(state.value, quantity, value, events.actor().actor, db.now(), proposal_id),
        )
        await _tell(row, state, quantity)


async def dismiss(proposal_ids: Collection[int], reason: str) -> int:
    """Do not order; a run does not propose it again for a week.  How many; those dismissed already stay so.

    Records ProposalDecided.  Raises NotFound, NotOpen, BadProposal.
    """
    reason = " ".join(reason.split())
    if not 0 < len(reason) <= MAX_REASON:
        raise BadProposal(f"a reason has 1 to {MAX_REASON} characters")
    _bounded(proposal_ids)
    count = 0
    async with db.transaction():
        for proposal_id in sorted(set(proposal_ids)):
            row = await _locked(proposal_id)
            if row["state"] == ProposalState.DISMISSED:
                continue
            state = _following(row, ProposalAction.DISMISS)
            await db.execute(
                "UPDATE replenishment_proposal SET state = ?, reason = ?, decided_by = ?, changed_at = ? WHERE id = ?",
                *(state.value, reason, events.actor().actor, db.now(), proposal_id),
            )
            await _tell(row, state, row["quantity"], reason=reason)
            count += 1
    return count


async def accept(proposal_ids: Collection[int]) -> list[Made]:
    """Make purchase orders (one draft per supplier and site) and transfers (one per pair of sites) of proposals.

    Those that were accepted before are left as they are, so that repeating it orders nothing twice.  Records ProposalDecided.
    Raises NotFound, NotOpen, BadProposal (nobody sells it; nothing is accepted then), and what purchasing and transfers raise.
    """
    _bounded(proposal_ids)
    async with db.transaction():
        rows = [await _locked(proposal_id) for proposal_id in sorted(set(proposal_ids))]
        wanted = [row for row in rows if row["state"] != ProposalState.DONE]
        for row in wanted:
            _following(row, ProposalAction.ACCEPT)
        groups: dict[tuple[str, str, str], list[db.Row]] = defaultdict(list)
        for row in wanted:
            groups[row["kind"], row["site_id"], _origin(row)].append(row)
        return [await _make(key, group) for key, group in sorted(groups.items())]


def _origin(row: db.Row) -> str:
    if row["kind"] == Kind.TRANSFER:
        return str(row["source"])
    if row["supplier"] is None:
        raise BadProposal(f"nobody sells {row['sku']}: give it a supplier first")
    return str(row["supplier"])


async def _make(key: tuple[str, str, str], rows: Sequence[db.Row]) -> Made:
    kind, site, origin = key
    if kind == Kind.TRANSFER:
        number = await transfers.create(
            transfers.NewTransfer(
                from_site=origin,
                to_site=site,
                lines=[transfers.NewLine(sku=row["sku"], quantity=row["quantity"]) for row in rows],
                proposal=f"proposal:{rows[0]['id']}",
            )
        )
    else:
        lines = [purchasing.NewLine(sku=row["sku"], packs=_packs(row)) for row in rows]
        number = await purchasing.draft(purchasing.NewOrder(site=site, supplier=origin, lines=lines, origin="replenishment"))
    who, instant = events.actor().actor, db.now()
    for row in rows:
        await db.execute(
            "UPDATE replenishment_proposal SET state = ?, document = ?, decided_by = ?, changed_at = ? WHERE id = ?",
            *(ProposalState.DONE.value, number, who, instant, row["id"]),
        )
        await _tell(row, ProposalState.DONE, row["quantity"], document=number)
    return Made(number, Kind(kind), site, len(rows))


def _packs(row: db.Row) -> int:
    """Its packs, as its supplier sells it now; rounded up.  Raises BadProposal."""
    if row["pack_numerator"] is None:
        raise BadProposal(f"{row['supplier']} does not sell {row['sku']} any more")
    return int(-(-row["quantity"] * row["pack_denominator"] // row["pack_numerator"]))


async def _locked(proposal_id: int) -> db.Row:
    rows = await db.fetch(f"SELECT * FROM replenishment_proposal WHERE id = ?{db.for_update()}", proposal_id)
    if not rows:
        raise NotFound("proposal", proposal_id)
    more = await db.fetch(
        "SELECT k.code AS sku, s.code AS supplier, i.pack_numerator, i.pack_denominator FROM sku k "
        "LEFT JOIN supplier s ON s.id = ? LEFT JOIN supplier_item i ON i.supplier_id = s.id AND i.sku_id = k.id AND i.active "
        "WHERE k.id = ?",
        *(rows[0]["supplier_id"], rows[0]["sku_id"]),
    )
    return {**rows[0], **more[0]}


def _following(row: db.Row, action: ProposalAction) -> ProposalState:
    state = ProposalState(row["state"])
    if action not in PROPOSAL[state]:
        raise NotOpen(row["id"], state.value)
    return advance(PROPOSAL, state, action)


def _bounded(proposal_ids: Collection[int]) -> None:
    if not 0 < len(proposal_ids) <= MOST_AT_ONCE:
        raise BadProposal(f"expected 1 to {MOST_AT_ONCE} proposals at once")


async def _tell(
    row: db.Row, state: ProposalState, quantity: int, *, document: str | None = None, reason: str | None = None
) -> None:
    told = ProposalDecided(state=state.value, quantity=quantity, document=document, reason=reason)
    await events.record(told, subject=f"proposal:{row['id']}", site=row["site_id"])
