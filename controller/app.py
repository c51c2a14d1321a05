"""Composition: the only place that builds everything from a `Config`.  `serve` runs it, `make_app` is the HTTP side alone."""

from __future__ import annotations

import asyncio
import gc
import logging
import signal
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from functools import partial

from aiohttp import web

from controller import db, events
from controller.backlog import MESSAGES_AT_ONCE
from controller.broker import embedded_broker
from controller.config import Config, Http, TokenFile
from controller.customers import home, sealing
from controller.documents.operations import store_builtin
from controller.fleet import measured
from controller.fleet import queries as fleet
from controller.gateway import Gateway
from controller.http import auth
from controller.http.box_door import BoxDoor, box_app, box_listener, server_context
from controller.http.build import build
from controller.http.health import health_routes
from controller.http.metrics import Metrics
from controller.http.openapi import openapi_route
from controller.http.readiness import checks
from controller.http.routing import Permission, Route
from controller.http.table import API_VERSION, ROUTES
from controller.jobs import Work, jobs_of
from controller.order_seams import fill_seams
from controller.payments.providers import set_providers
from controller.people.sessions import Limits
from controller.proofs.seals import unsealed
from controller.proofs.settling import open_differences
from controller.replica.history import begin_stamp
from controller.revoking import BrokerRights
from controller.starting import (
    StartFailed,
    certificate_of,
    database_of,
    make_data,
    port_of,
    reason_of,
    wrong_files,
)
from controller.web.build import Website
from edge_agent.sd_notify import READY, STOPPING, notifier
from edge_agent.seams import SystemClock, system_random
from edge_agent.ui.listening import listening
from edge_agent.wire import topics
from edge_agent.wire.session import Broker, MqttSession, Tls

log = logging.getLogger(__name__)

MAX_BOXES = 100_000
STOP_SECONDS = 5.0
OBJECTS_UNTIL_COLLECTED = 250_000
"""A transaction of facts makes some 100,000 objects that live until its end and form no cycles: with Python's own 700, half of the
time of a backlog went into looking through them again and again (docs/numbers.md)."""
SESSION_KEPT = 7 * 24 * 3600
"""Seconds that the broker keeps what it could not deliver to the one gateway."""


MEASURES = {
    "disk_free": ("shelfwire_box_disk_free_bytes", "Free bytes on a box's disk"),
    "queued": ("shelfwire_box_prints_waiting", "Print jobs that wait on a box"),
    "offset_ms": ("shelfwire_box_clock_offset_milliseconds", "By how much a box's clock is ahead"),
    "loop_lag_ms": ("shelfwire_box_loop_lag_milliseconds", "By how much a box's event loop was late at worst in a minute"),
    "cpu_celsius": ("shelfwire_box_cpu_celsius", "How warm a box's processor is"),
    "replica_age": ("shelfwire_box_replica_age_seconds", "How old a box's copy of the catalogue is"),
}
"""Gauges by box: those that told something within an hour, at most 1,000 of them."""


class Role(StrEnum):
    """What a process does; all of them by default.  Several processes need PostgreSQL and a broker of their own."""

    API = "api"
    GATEWAY = "gateway"
    JOBS = "jobs"


@dataclass(slots=True)
class Parts:
    """What the HTTP side shows of the rest."""

    metrics: Metrics = field(default_factory=Metrics)
    gateway: Gateway | None = None
    session: MqttSession | None = None


def api_routes(parts: Parts) -> list[Route]:
    """Every route of the API: the features', health and the description of them all."""
    routes = [*ROUTES, *health_routes(checks(partial(_broker_trouble, parts)), parts.metrics)]
    return [*routes, openapi_route(routes, API_VERSION)]


def make_app(config: Config, parts: Parts) -> web.Application:
    """The HTTP side on a connected database: API, health, pages."""
    _add_gauges(parts.metrics)
    limits, proxies = limits_of(config.http), config.http.proxies
    routes = [route for route in api_routes(parts) if config.tokens_of_boxes or route.permission is not Permission.BOX]
    app = build(routes, metrics=parts.metrics, max_body=config.http.max_body, limits=limits, proxies=proxies)
    website = Website(config.http)
    website.add_to(app)
    app.on_startup.append(_fill_seams)
    app.cleanup_ctx.append(website.running)
    return app


async def _fill_seams(_: web.Application) -> None:
    fill_seams()


def limits_of(http: Http) -> Limits:
    return Limits(idle=timedelta(minutes=http.idle_minutes), absolute=timedelta(hours=http.session_hours))


def _add_gauges(metrics: Metrics) -> None:
    async def online() -> float:
        return float(sum(box.link == "online" for box in await fleet.boxes(limit=MAX_BOXES)))

    async def waiting() -> float:
        return float(sum(box.waiting or 0 for box in await fleet.boxes(limit=MAX_BOXES)))

    metrics.gauge("shelfwire_boxes_online", "Boxes that are connected", online)

    async def parked() -> float:
        return float(await fleet.parked_facts())

    metrics.gauge("shelfwire_readings_waiting", "Readings that boxes have not got acked yet, by their last telemetry", waiting)
    metrics.gauge("shelfwire_facts_parked", "Facts that wait for something that has not arrived", parked)
    for measure, (name, text) in MEASURES.items():
        metrics.gauges(name, text, "box", partial(measured.latest, measure))
    _add_ledger_gauges(metrics)
    metrics.gauges("shelfwire_event_lag_seconds", "Age of the oldest event not done yet, by consumer", "consumer", events.lags)


def _add_ledger_gauges(metrics: Metrics) -> None:
    async def waiting() -> float:
        return float((await unsealed()).entries)

    async def age() -> float:
        return (await unsealed()).age

    async def different() -> float:
        return float(await open_differences())

    metrics.gauge("shelfwire_ledger_unsealed_entries", "Entries of the ledger that are not sealed yet, 100,000 at most", waiting)
    metrics.gauge("shelfwire_ledger_unsealed_age_seconds", "Age of the oldest entry that is not sealed yet", age)
    metrics.gauge("shelfwire_ledger_differences", "Numbers about stock that do not follow from the rows behind them", different)


def _broker_trouble(parts: Parts) -> str | None:
    if parts.gateway is None or parts.gateway.is_connected:
        return None
    trouble = parts.session.trouble if parts.session else None
    return f"no connection to the broker: {trouble}" if trouble else "no connection to the broker"


async def serve(config: Config, roles: Iterable[Role], *, on_ready: Callable[[str], None]) -> None:
    """Run until SIGTERM or SIGINT.  `on_ready` gets the address once everything listens.

    Raises StartFailed, BrokerFailed, DatabaseInUse.
    """
    wanted = frozenset(roles)
    parts = Parts()
    async with AsyncExitStack() as stack:
        _collect_less_often()
        stop = _stop_signal()
        make_data(config)
        if wrong := wrong_files(config):
            raise StartFailed("\n".join(wrong))
        if config.broker.embedded:
            await stack.enter_async_context(embedded_broker(port=config.broker.port, folder=config.data))
        await stack.enter_async_context(connected_database(config))
        fill_seams()
        await sealing.open_keys(config.customers.key_path(config.data), may_create=True)
        await store_builtin()
        await begin_stamp()
        for token in config.tokens:
            await store_token(token)
        if Role.GATEWAY in wanted:
            parts.session = _session(config)
            parts.gateway = Gateway(parts.session, SystemClock(), system_random(), config.gateway.id, parts.metrics)
        notify = notifier()

        def tell_ready(address: str) -> None:
            on_ready(address)
            notify(READY)

        if Role.API not in wanted:
            notify(READY)
        await _run_until(stop, _work(config, parts, wanted, tell_ready))
        notify(STOPPING)


def _collect_less_often() -> None:
    """What was loaded until now stays for good."""
    gc.freeze()
    gc.set_threshold(OBJECTS_UNTIL_COLLECTED)


@asynccontextmanager
async def connected_database(config: Config) -> AsyncIterator[None]:
    """The database at its newest schema.  Raises DatabaseInUse, StartFailed."""
    make_data(config)
    with database_of(config):
        await db.connect(config.database.url)
    try:
        await db.migrate()
        home.set_country(config.customers.country)
        set_providers(config.payments)
        if await events.settle_restored():
            log.warning("this database was restored into another PostgreSQL cluster; its events were put in order again")
        yield
    finally:
        await db.close()


async def store_token(token: TokenFile) -> None:
    """Make a configured token known.  Raises OSError, ValueError (an unknown permission)."""
    permissions = permissions_named(token.permissions)
    text = token.file.read_text(encoding="utf-8").strip()
    await auth.create_token(token.name, permissions, token=text)


def permissions_named(names: Iterable[str]) -> list[Permission]:
    """`*` stands for all.  Raises ValueError."""
    listed = list(names)
    return list(Permission) if "*" in listed else [Permission(name) for name in listed]


def _session(config: Config) -> MqttSession:
    broker, section = config.broker, config.gateway
    password = broker.password_file.read_text(encoding="utf-8").strip() if broker.password_file else None
    client_id = f"shelfwire-gateway-{section.id}"
    where = Broker(
        host=broker.host,
        port=broker.port,
        client_id=client_id,
        username=broker.username,
        password=password,
        tls=Tls(ca=broker.ca, cert=broker.cert, key=broker.key) if broker.ca else None,
        receive_maximum=2 * MESSAGES_AT_ONCE,  # one transaction's worth gathers while another commits
        expiry=0 if section.share else SESSION_KEPT,  # the broker must not keep a share of the facts for a gateway that is gone
    )
    return MqttSession(where, topics.gateway_filters(section.share), random=system_random())


def _work(config: Config, parts: Parts, roles: frozenset[Role], on_ready: Callable[[str], None]) -> Work:
    work: Work = []
    if parts.gateway is not None:
        work.append(("gateway", parts.gateway.run()))
    if Role.API in roles:
        work.append(("http", _serve_http(config, parts, on_ready)))
        if config.box_http.cert is not None:
            work.append(("box http", _serve_boxes(config, parts)))
    if Role.JOBS in roles:
        if config.broker.access_file is not None:
            work.append(("broker rights", BrokerRights(config.broker.access_file, config.broker.pid_file).run()))
        work += jobs_of(config, limits_of(config.http))
    return work


async def _serve_http(config: Config, parts: Parts, on_ready: Callable[[str], None]) -> None:
    app, http = make_app(config, parts), config.http
    async with AsyncExitStack() as stack:
        with port_of("http", http.host, http.port):
            here = await stack.enter_async_context(listening(app, http.host, http.port, stop_seconds=STOP_SECONDS))
        on_ready(f"http://{f'[{here.host}]' if ':' in here.host else here.host}:{here.port}/")
        await asyncio.Event().wait()


async def _serve_boxes(config: Config, parts: Parts) -> None:
    door, section = BoxDoor(), config.box_http
    with certificate_of(section):
        await asyncio.to_thread(server_context, section)
    async with AsyncExitStack() as stack:
        with port_of("box_http", section.host, section.port):
            port = await stack.enter_async_context(box_listener(section, box_app(ROUTES, parts.metrics, door), door))
        log.info("boxes are let in on port %d", port)
        await asyncio.Event().wait()


async def _run_until(stop: asyncio.Event, work: Work) -> None:
    """Run everything; end it all when `stop` is set, or with the first that fails.  Raises StartFailed."""
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(part, name=name) for name, part in work]
            await stop.wait()
            for task in tasks:
                task.cancel()
    except BaseExceptionGroup as failed:
        if (reason := reason_of(failed)) is not None:
            raise reason from failed
        raise


def _stop_signal() -> asyncio.Event:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    return stop
