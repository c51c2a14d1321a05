"""The only place that builds everything from a `Config`.  One TaskGroup, named tasks, a clean end on SIGTERM and SIGINT."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from drivers.errors import Unsupported
from drivers.udev import Udev, Watch
from edge_agent.answering import Answering
from edge_agent.box import Box
from edge_agent.caring import Care, Looked
from edge_agent.config import BrokerConfig, Config
from edge_agent.controller_link import Controller
from edge_agent.desired import wrong_device
from edge_agent.device_events import DeviceEvent
from edge_agent.device_tools.ear import Ear
from edge_agent.device_tools.hands import DeviceHands
from edge_agent.device_tools.verbs import Verbs
from edge_agent.devices import Devices
from edge_agent.disk import ThreadDisk
from edge_agent.facts import FactsDb
from edge_agent.floor_start import FloorStart
from edge_agent.hotplug import Hotplug
from edge_agent.known_devices import KnownDevices
from edge_agent.memory import be_frugal
from edge_agent.outbox import Identity
from edge_agent.people import People
from edge_agent.private_fields import fetch_from as fetch_private_from
from edge_agent.profiles import Profiles
from edge_agent.replica import Replica
from edge_agent.replica_images import ReplicaImages
from edge_agent.replica_images import fetch_from as fetch_image_from
from edge_agent.replica_parts import PEOPLE, PROFILES, TEMPLATES
from edge_agent.replica_pull import ReplicaKeeper
from edge_agent.replica_pull import fetch_from as fetch_replica_from
from edge_agent.sd_notify import READY, STOPPING, WATCHDOG, notifier
from edge_agent.seams import SystemClock, new_boot_id, system_random
from edge_agent.spooler import Spooler
from edge_agent.standing_in import stand_ins
from edge_agent.state_lock import StateLock
from edge_agent.stores import Seams, Stores, open_stores
from edge_agent.templates import Templates, fetch_from
from edge_agent.timekeeping import kernel_clock_state
from edge_agent.tls import controller_context, tls_of
from edge_agent.twin import Twin
from edge_agent.wire.session import Broker, MqttSession
from edge_agent.wire.topics import box_filters

if TYPE_CHECKING:  # a box without pages never loads this
    from edge_agent.floor.binding import BoxPort

STOP_SECONDS = 5.0

_log = logging.getLogger(__name__)


class _Runs(Protocol):
    async def run(self) -> None: ...


async def run(config: Config) -> None:
    """Until SIGTERM or SIGINT.  Raises StateInUse, FactsUnavailable, FactsCorrupt (start again: the file is then set aside)."""
    be_frugal()
    lock = StateLock(config.box.state_dir)
    clock, random = SystemClock(), system_random()
    identity = Identity(site=config.box.site, box=config.box.id, boot=new_boot_id())
    disk = ThreadDisk()
    try:
        facts = await disk.run(lambda: FactsDb(config.box.state_dir / "facts.db", config.limits))
        session = MqttSession(_broker(config), box_filters(identity.site, identity.box), random=random)
        seams = Seams(clock=clock, random=random, session=session, disk=disk, clock_state=kernel_clock_state)
        stores = await disk.run(lambda: open_stores(facts, identity, seams))
        await _serve(config, stores, seams)
        await disk.run(facts.close)
    finally:
        disk.close()
        lock.release()


async def _serve(file: Config, stores: Stores, seams: Seams) -> None:
    def on_event(event: DeviceEvent) -> None:
        for hear in (box.on_device_event, answering.on_event, *page_ears):  # the devices run only once the box is there
            hear(event)

    twin = await _twin(file, stores, seams)
    config, udev = twin.config, _udev()
    devices = Devices(config.devices, on_event, seams.clock, seams.random, KnownDevices(config.box.state_dir), udev)
    answering = Answering(config.stations, devices, config.box.language)
    controller = _controller(config)
    templates = Templates(config.box.state_dir / "templates", fetch_from(controller))
    spooler = _spooler(config, (stores, seams), devices, templates, controller)
    twin.parts += [devices, answering]
    box = Box(config, stores, seams, spooler, answering.answer, lambda scale, wanted: devices.weigh(scale, wanted=wanted), twin)
    keeper = _keeper(config, controller, seams)
    verbs = Verbs(config.devices, devices, udev, is_running=True)
    twin.parts += [keeper, verbs]
    box.hands = DeviceHands(devices, verbs)
    care = Care(Looked(config, box, controller, devices, keeper, spooler, stores, seams))
    verbs.learn("diagnostics", care.at_the_box)
    people = _follow_replica(config, keeper, box, (stores, seams), templates)
    pages = _pages(config, box, stores, seams, (devices, spooler, keeper, people))
    page_ears = [each.on_event for each in pages]
    profiles = Profiles(config, [answering, box.intake, *pages])
    keeper.follow(PROFILES, profiles.follow)
    twin.parts = [part for part in twin.parts if part not in (answering, box.intake)] + [profiles]
    parts: list[tuple[str, _Runs]] = [
        ("hotplug", Hotplug(_watch(udev), devices)),
        ("ear", Ear(config.box.state_dir, verbs)),
        ("devices", devices),
        ("spooler", spooler),
        ("box", box),
        *care.runs(),
        ("mqtt", seams.session),
        *_floor(pages, config, seams),
        ("replica", keeper),  # after the farewell: it may still wait for a controller that does not answer
    ]
    with contextlib.closing(care):
        await _run_until_stopped(parts, config, box)


async def _twin(file: Config, stores: Stores, seams: Seams) -> Twin:
    """What holds, and the log at its level."""
    twin = await seams.disk.run(lambda: Twin(file, stores.twin, seams.disk, seams.clock, wrong_device))
    if twin.config.box.log_level != file.box.log_level:
        logging.getLogger().setLevel(twin.config.box.log_level)
    return twin


async def _run_until_stopped(parts: Sequence[tuple[str, _Runs]], config: Config, box: Box) -> None:
    stopped, notify = _stop_signals(), notifier()
    box.beats.feed = lambda: notify(WATCHDOG)
    async with asyncio.TaskGroup() as tasks:
        running = [tasks.create_task(part.run(), name=name) for name, part in parts]
        _log.info("ready", extra={"box": config.box.id, "devices": len(config.devices)})
        notify(READY)
        await stopped.wait()
        _log.info("stopping")
        notify(STOPPING)
        for task in running:  # devices first, so that what they read is stored; the connection late, for the farewell
            task.cancel()
            await asyncio.wait([task], timeout=STOP_SECONDS)


def _keeper(config: Config, controller: Controller, seams: Seams) -> ReplicaKeeper:
    replica = Replica(config.box.state_dir / "replica.db", config.box.site, seams.clock)
    fetch = fetch_replica_from(controller, config.box.site, replica.parts) if controller.url else None
    return ReplicaKeeper(replica, fetch, seams.clock, seams.random, config.controller.replica_seconds)


def _spooler(config: Config, kept: tuple[Stores, Seams], devices: Devices, templates: Templates, controller: Controller) -> Spooler:
    """It stands still while a printer is opened anew, and asks the controller for what stands in no message."""
    stores, seams = kept
    spooler = Spooler(stores.journal, seams.disk, devices.ports, templates.get, seams.clock, stand_ins(config.devices))
    spooler.ask_for_private(fetch_private_from(controller))
    devices.before_closing, devices.after_opening = spooler.pause, spooler.resume
    return spooler


def _follow_replica(config: Config, keeper: ReplicaKeeper, box: Box, kept: tuple[Stores, Seams], templates: Templates) -> People:
    """People and templates come with the replica, and stations ask for them."""
    stores, seams = kept

    async def needed() -> list[str]:
        return [job.request.version for job in await seams.disk.run(stores.journal.unfinished)]

    people = People(config.box.state_dir / "wrong-pins.json", seams.clock)
    templates.needed = needed
    keeper.follow(PEOPLE, people.follow)
    keeper.follow(TEMPLATES, templates.follow)
    box.intake.look_up = keeper.look_up
    box.intake.look_around = keeper.around
    box.intake.who_is = people.by_id
    box.intake.identify_badge = people.by_badge
    box.intake.templates = lambda: templates.current
    box.intake.zone = config.floor.time_zone if config.floor is not None else ""
    return people


def _pages(
    config: Config, box: Box, stores: Stores, seams: Seams, more: tuple[Devices, Spooler, ReplicaKeeper, People]
) -> list[BoxPort]:
    """The box as its pages see it, if it serves any; what only they need is imported only then."""
    if config.floor is None:
        return []
    from edge_agent.floor.binding import BoxParts, BoxPort  # noqa: PLC0415 -- see above
    from edge_agent.floor.log_ring import LogRing  # noqa: PLC0415

    devices, spooler, keeper, people = more
    log = LogRing()
    logging.getLogger().addHandler(log)
    fetch = fetch_image_from(_controller(config)) if config.controller.url else None
    parts = BoxParts(
        config=config,
        box=box,
        stores=stores,
        seams=seams,
        devices=devices,
        spooler=spooler,
        keeper=keeper,
        people=people,
        images=ReplicaImages(config.box.state_dir / "images", fetch, seams.clock.mono_ms),
    )
    return [BoxPort(parts, log)]


def _floor(pages: list[BoxPort], config: Config, seams: Seams) -> list[tuple[str, _Runs]]:
    if config.floor is None:
        return []
    return [("floor", FloorStart(port, config.floor, seams.clock, config.box.id)) for port in pages]


def _udev() -> Udev | None:
    try:
        return Udev()
    except Unsupported as error:
        _log.info("%s", error)
        return None


def _watch(udev: Udev | None) -> Watch | None:
    try:
        return None if udev is None else udev.watch()
    except Unsupported as error:
        _log.info("%s", error)
        return None


def _stop_signals() -> asyncio.Event:
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        with contextlib.suppress(NotImplementedError, RuntimeError):  # not in the main thread: whoever embeds us stops us
            loop.add_signal_handler(number, stopped.set)
    return stopped


def _controller(config: Config) -> Controller:
    token, certificate = _secret(config.controller.token_file), controller_context(config.broker)
    return Controller(url=config.controller.url, token=token, tls=certificate)


def _broker(config: Config) -> Broker:
    """Each connection is a new session of the broker's: what it would keep for us, facts.db and the controller keep better, and
    only a new session is sure to get the gateways' retained states (rumqttd sends them to new subscriptions alone).
    """
    broker: BrokerConfig = config.broker
    return Broker(
        host=broker.host,
        port=broker.port,
        client_id=f"{config.box.site}.{config.box.id}",
        username=broker.username,
        password=_secret(broker.password_file) or None,
        tls=tls_of(broker),
    )


def _secret(file: Path | None) -> str:
    return file.read_text(encoding="utf-8").strip() if file is not None else ""
