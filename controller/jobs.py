"""What a process with the role `jobs` does beside all others: it follows events, keeps clocks, calls outside, and forgets."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from datetime import UTC, datetime

from controller import needs, printing, unpaid
from controller.config import Config, Retention
from controller.costing import valuing
from controller.counts.caring import look_after
from controller.customers import resealing
from controller.http import idempotency
from controller.intake import importing, marketplaces, taking
from controller.invoices import following as invoice_events
from controller.orders import batch_work, wanting
from controller.owed import ALL_PROOFS
from controller.payments import calling
from controller.people import login
from controller.people import sessions as people_sessions
from controller.people.sessions import Limits
from controller.pricing import forcing
from controller.proofs.reconciler import Reconciler
from controller.proofs.seals import Sealer
from controller.proofs.summing import Summing
from controller.purchasing import sending
from controller.reports import opening
from controller.retention import prune
from controller.review import following as review
from controller.review import ticking
from controller.sales import imports as sales_imports
from controller.sales import waiting
from controller.shipping import following as shipping_events
from controller.shipping import labels, watching
from controller.shipping.carriers import Apis
from controller.sourcing import following as sourcing_events
from controller.stock import shelf_keeping, sweeping
from controller.tracking import forgetting, public
from controller.transfers import overdue
from controller.waves import ticking as wave_ticking
from edge_agent.seams import system_random

log = logging.getLogger(__name__)

SWEEP_SECONDS = 3600

Work = list[tuple[str, Coroutine[object, object, None]]]
"""What runs until it is cancelled, by its name in logs."""


def jobs_of(config: Config, limits: Limits) -> Work:
    return [*_care(config, limits), *_goods(config), *_orders(), *_sent_goods(config)]


def _care(config: Config, limits: Limits) -> Work:
    """What keeps tables true and small."""
    return [
        ("sweep", sweep(limits, config.retention)),
        ("sealing", Sealer().run()),
        ("sums of the ledger", Summing().run()),
        ("personal data", resealing.run(system_random())),
        ("reconciling", Reconciler(ALL_PROOFS).run()),
        ("holds", sweeping.run()),
    ]


def _goods(config: Config) -> Work:
    """What goods cost, where they are to be, and what comes."""
    return [
        ("cost", valuing.run(system_random())),
        ("orders to suppliers", sending.run(config.purchasing, system_random())),
        ("prices", forcing.run(system_random())),
        ("sales that wait", waiting.run(system_random())),
        ("files of sales", sales_imports.run(system_random())),
        ("shelves", shelf_keeping.run(system_random())),
        ("transfers", overdue.run(system_random())),
        ("replenishment", _replenish()),
        ("opening stock", opening.run(system_random())),
    ]


def _orders() -> Work:
    """From what a channel sent to what is paid and approved."""
    return [
        ("intake", taking.run(system_random())),
        ("files of orders", importing.run(system_random())),
        ("marketplaces", marketplaces.run(system_random())),
        ("review", review.FOLLOWER.run(system_random())),
        ("clocks", ticking.run(system_random())),
        ("wanting", wanting.FOLLOWER.run(system_random())),
        ("batches of orders", batch_work.run()),
        ("payments", calling.run(system_random())),
        ("unpaid orders", unpaid.FOLLOWER.run(system_random())),
        ("needs", needs.FOLLOWER.run(system_random())),
        ("printing", printing.run(system_random())),
    ]


def _sent_goods(config: Config) -> Work:
    """Where goods come from, and how they get away."""
    carriers = Apis(config.data / "carriers")
    return [
        ("sourcing", sourcing_events.FOLLOWER.run(system_random())),
        ("shipping", shipping_events.FOLLOWER.run(system_random())),
        ("invoices", invoice_events.FOLLOWER.run(system_random())),
        ("labels", labels.run(carriers)),
        ("shipments", watching.run(carriers)),
        ("waves", wave_ticking.run(system_random())),
    ]


async def _replenish() -> None:
    from controller.replenishment import night  # noqa: PLC0415 -- NumPy is loaded by the process that works with it, and not before

    await night.run(system_random())


async def sweep(limits: Limits, retention: Retention) -> None:
    """Forget what is out of date, every hour, for ever."""
    while True:
        try:
            forgotten = await idempotency.forget_old(datetime.now(UTC))
            await people_sessions.forget_old(limits)
            await login.forget_old()
            await public.forget_old()
            await forgetting.forget_waiting()
            await prune(retention)
            await look_after()
        except Exception:  # the worker's outermost loop: a full disk, say, ends nothing else
            log.exception("what is out of date could not be forgotten; the next sweep tries again")
        else:
            if forgotten:
                log.info("forgot old idempotency keys", extra={"count": forgotten})
        await asyncio.sleep(SWEEP_SECONDS)
