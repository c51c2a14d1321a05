"""The agent's logic, with everything outside of it injected: the simulation builds the same object.

stores = open_stores(FactsDb(path), identity, seams)
box = Box(config, stores, seams, spooler, answer)
box.on_device_event(event)          # from the devices, in the event loop
await box.run()                     # until cancelled; then a farewell
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Collection

from edge_agent.commands import Commands
from edge_agent.config import Config
from edge_agent.delivery import Delivery
from edge_agent.device_events import DeviceEvent, StateChanged, WeightChanged
from edge_agent.effects import Collect, Effects, Hands, NoHands, no_bundle
from edge_agent.errors import OutboxFull
from edge_agent.faults import fault
from edge_agent.health import CONFIG_WRONG, DISK_FULL, REFUSED, STUCK, Health, description, unknown_devices
from edge_agent.inbox import Arrival, Kind, Request
from edge_agent.intake import Answer, Intake
from edge_agent.liveness import CHANGE_MS, PRINT_MS, Beats
from edge_agent.log_levels import LogLevels
from edge_agent.lookups import Weigh
from edge_agent.measuring import Measuring
from edge_agent.spooler import Spooler
from edge_agent.stores import Seams, Stores
from edge_agent.taken_over import TakenOver
from edge_agent.twin import Twin
from edge_agent.wire.codec import decode, encode
from edge_agent.wire.errors import BadTopic, NotConnected, Refused, WireError
from edge_agent.wire.facts import ClockSynced, FactDraft, JobChanged, JobState
from edge_agent.wire.messages import (
    Ack,
    Condition,
    DeviceState,
    GatewayState,
    JobRequest,
    LiveWeight,
    Stream,
    TwinDesired,
    TwinReported,
)
from edge_agent.wire.session import Connected, Disconnected, Event, Incoming, SubscriptionRefused
from edge_agent.wire.topics import BOX_ITSELF, BoxTopic, Family, GatewayTopic, parse

TICK_SECONDS = 1.0
HOUSEKEEPING_SECONDS = 3600.0
FLUSH_SECONDS = 2.0
LIVE_BEHIND = 50
"""With so many events waiting, weights that are only for display are dropped."""

_log = logging.getLogger(__name__)
REFUSED_ADVICE = "write the broker's access list again (shelfwire-provision mosquitto --to …) and have it reload."


class Box:
    """See the module's docstring.  `config` is what holds at the start; `twin` says where it goes from there."""

    def __init__(
        self,
        config: Config,
        stores: Stores,
        seams: Seams,
        spooler: Spooler,
        answer: Answer,
        weigh: Weigh | None = None,
        twin: Twin | None = None,
    ) -> None:
        self._stores = stores
        self._seams = seams
        self._spooler = spooler
        self._identity = stores.outbox.identity
        self._devices = {device.id for device in config.devices}
        self._config = config
        self._events: asyncio.Queue[DeviceEvent] = asyncio.Queue()
        self._is_clock_told = False
        self.health = Health(self._identity, seams.session, seams.clock, seams.random)
        self._taken_over = TakenOver(self.health, seams.clock, self._identity.box)
        self.beats = Beats(seams.clock, seams.disk, alarm=self._stuck)
        self.delivery = Delivery(stores.outbox, seams.disk, seams.session, on_refused=self._refused)
        self.measuring = Measuring(stores, seams, self.health, self.beats, config.devices)
        self.intake = Intake(config.stations, stores, seams, self._pressed, config.symbols)
        self.intake.outlets.append(answer)
        self.intake.hear_prints(spooler.wake)
        self.intake.weigh = weigh or self.intake.weigh
        self.hands: Hands = NoHands()
        """Do what commands ask of devices."""
        self.collect: Collect = no_bundle
        self.log_levels = LogLevels(config, logging.getLogger().setLevel)
        self._commands = self._make_commands()
        self.twin = twin or Twin(config, stores.twin, seams.disk, seams.clock)
        self.twin.report = self._report
        self.twin.parts += [spooler, self.intake, self, self.log_levels, self.measuring]
        self._watch()
        self._describe()
        self._tell_unknown()

    def _tell_unknown(self) -> None:
        """Until a device's thread tells, nobody knows its state; what the broker holds of devices that are no more goes."""
        for device, state in unknown_devices(self._config.devices, self._seams.clock).items():
            self.health.device(device, state)
        for gone in self.twin.gone:
            self.health.forget_device(gone)

    async def reconfigure(self, config: Config) -> None:
        """Describe the box anew; what the broker holds of devices that are no more goes."""
        if config.devices == self._config.devices:
            return
        before = {device.id: device for device in self._config.devices}
        self._config = config
        self._devices = {device.id for device in config.devices}
        self._describe()
        for gone in before.keys() - self._devices:
            self.health.forget_device(gone)
        new = [device for device in config.devices if device.id not in before]
        for device, state in unknown_devices(new, self._seams.clock).items():
            self.health.device(device, state)

    def on_device_event(self, event: DeviceEvent) -> None:
        """From the devices, in the event loop.  Nothing is dropped but weights for display."""
        is_display_only = isinstance(event.what, WeightChanged) and not event.what.is_settled
        if not (is_display_only and self._events.qsize() >= LIVE_BEHIND):
            self._events.put_nowait(event)

    async def run(self) -> None:
        """Until cancelled: then a farewell, as long as there is a connection.  Raises FactsCorrupt."""
        self._stores.outbox.listen(self._hears_appended(asyncio.get_running_loop()))
        await self._commands.recover()
        self.intake.ask_scales()
        await self.intake.recover()
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._listen(), name="box.listen")
                tasks.create_task(self._take_device_events(), name="box.devices")
                tasks.create_task(self.delivery.run(), name="box.delivery")
                tasks.create_task(self.health.retained.run(), name="box.retained")
                tasks.create_task(self.twin.run(), name="box.twin")
                tasks.create_task(self._commands.run(), name="box.commands")
                tasks.create_task(self._tick(), name="box.tick")
                tasks.create_task(self.measuring.run(), name="box.telemetry")
                tasks.create_task(self._keep_house(), name="box.housekeeping")
        finally:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(FLUSH_SECONDS):
                    await self._flush()
                    await self.measuring.save(all_of_it=True)
            await self.health.farewell()

    def _hears_appended(self, loop: asyncio.AbstractEventLoop) -> Callable[[set[Stream]], None]:
        """From the disk's thread to the delivery; once the loop has ended nobody is left to be told."""

        def tell(streams: set[Stream]) -> None:
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(self.delivery.notify, streams)

        return tell

    async def _flush(self) -> None:
        """What the devices had read before the stop goes on disk."""
        while not self._events.empty():
            await self.intake.take(self._events.get_nowait())

    # --- devices -------------------------------------------------------------------------------------------------------------

    async def _take_device_events(self) -> None:
        beat = self.beats.loop("devices' events")
        while True:
            event = await self._events.get()
            with beat.working():
                await self._take_device_event(event)

    async def _take_device_event(self, event: DeviceEvent) -> None:
        self.measuring.statistics.hear(event)
        match event.what:
            case StateChanged() if event.device not in self._devices:
                pass  # the last word of one that is configured no more
            case StateChanged(state, faults):
                now = self._seams.clock.now()
                self.health.device(event.device, DeviceState(state=state, faults=list(faults), at=now))
                self._spooler.told(event.device, state, is_one_way=state is Condition.UNKNOWN and not faults)
            case WeightChanged():
                await self._show_weight(event.device, event.what)
        await self.intake.take(event)

    async def _show_weight(self, device: str, changed: WeightChanged) -> None:
        topic = self._topic(Family.LIVE, device=device, name="weight")
        live = LiveWeight(grams=changed.weight.grams, stable=changed.weight.stable, at=self._seams.clock.now())
        try:
            await self._seams.session.publish(topic, encode(live), qos=0)
        except (NotConnected, Refused) as error:
            _log.debug("a live weight was not shown", extra={"reason": str(error)})

    # --- messages ------------------------------------------------------------------------------------------------------------

    async def _listen(self) -> None:
        beat = self.beats.loop("messages")
        async for event in self._seams.session.events():
            with beat.working():
                await self._hear(event)

    async def _hear(self, event: Event) -> None:
        match event:
            case Connected():
                self.measuring.connected()
                self._taken_over.connected()
                self.health.clear(REFUSED)  # its ACL may be corrected; what is refused still, says so again
                self.health.retained.publish_again()
                self.delivery.start_over()
            case Disconnected(reason=reason):
                self._taken_over.hear(reason)
                self.delivery.on_disconnected()
                if not self._seams.session.is_connected:  # else it is late: the next connection has its will already
                    self.health.begin_session()
            case SubscriptionRefused(name, code):
                self.health.alert(REFUSED, "subscription_refused", f"The broker refuses {name} (0x{code:02x}): {REFUSED_ADVICE}")
            case Incoming():
                try:
                    await self._receive(event)
                except WireError as error:
                    _log.warning("a message was refused: %s", error, extra={"topic": event.topic[:200], "code": error.code})
                    event.acknowledge()
                except OutboxFull as full:
                    self._pressed(full)
                    event.acknowledge()  # the controller sends again what has no answer; held back, it would hold back the acks

    async def _receive(self, message: Incoming) -> None:
        """Acknowledge what is safe.  Raises WireError (it will never be right), OutboxFull."""
        topic = parse(message.topic)
        if isinstance(topic, GatewayTopic):
            if message.payload:
                self.delivery.on_gateway(topic.gateway, decode(GatewayState, message.payload))
            message.acknowledge()
            return
        device = None if topic.device == BOX_ITSELF else topic.device
        match topic.family:
            case Family.ACK:
                result = await self.delivery.on_ack(decode(Ack, message.payload))
                if result.has_new_epoch:
                    self._describe()
                message.acknowledge()
                await self.intake.refuse({row.id: row.code for row in result.rejected})
            case Family.JOB if device is None:
                raise BadTopic("a print job is for a printer, not for the box itself")
            case Family.JOB if topic.name is not None and topic.leg == "req":
                await self._take_job(topic.name, topic.device, message)
            case Family.CMD if topic.name is not None and topic.leg == "req":
                request = Request(Kind.COMMAND, topic.name, device, message.payload)
                if await self._commands.take(request, message.acknowledge) is Arrival.FINISHED:
                    self.delivery.look_again()
            case Family.TWIN if topic.name == "desired" and message.payload:
                await self.twin.take(decode(TwinDesired, message.payload))
                message.acknowledge()
            case _:
                message.acknowledge()

    async def _take_job(self, job_id: str, device: str, message: Incoming) -> None:
        """A known id gets its present state again; a malformed request fails at once."""
        known = await self._seams.disk.run(lambda: self._stores.journal.find(job_id))
        try:
            job = known or await self._spooler.request(job_id, device, decode(JobRequest, message.payload))
            told = None if known is None else job.told()
        except WireError as error:
            because = fault(error.code, str(error))
            told = JobChanged(job=job_id, step=1, state=JobState.FAILED, printer=device, fault=because)
        if told is not None:
            draft = FactDraft(data=told, stream=Stream.RESULT, device=told.printer)
            await self._seams.disk.run(lambda: self._stores.outbox.append([draft]))
        message.acknowledge()

    # --- from time to time ---------------------------------------------------------------------------------------------------

    async def _tick(self) -> None:
        beat = self.beats.loop("stations' time")
        while True:
            await asyncio.sleep(TICK_SECONDS)
            with beat.working():
                await self.intake.tick(self._seams.clock.mono_ms())
                self._taken_over.tick()
                await self._tell_clock()

    async def _tell_clock(self) -> None:
        """Once per start: at which boot time the wall clock was right."""
        state = self._seams.clock_state()
        if self._is_clock_told or not state.synced:
            return
        clock = self._seams.clock
        synced = ClockSynced(boot=self._identity.boot, mono_ms=clock.mono_ms(), at=clock.now(), error_ms=state.error_ms or 0)
        self._is_clock_told = await self.intake.append([FactDraft(data=synced, stream=Stream.AUX)])

    async def _keep_house(self) -> None:
        """Let go of what is old; set the ballast aside again."""
        beat = self.beats.loop("housekeeping", limit_ms=CHANGE_MS)
        while True:
            try:
                with beat.working():
                    for work in (self._stores.outbox.forget_acked, self._stores.inbox.forget, self._stores.journal.forget_old):
                        await self._seams.disk.run(work)
                    await self._seams.disk.run(self._stores.facts.restore_ballast)
            except OutboxFull as full:
                self._pressed(full)
            await asyncio.sleep(HOUSEKEEPING_SECONDS)

    # --- inside --------------------------------------------------------------------------------------------------------------

    def _watch(self) -> None:
        """Every loop says when it works; a printer that does not get on is told of, and ends nothing."""
        self.delivery.working = self.beats.loop("delivery").working
        self.intake.on_refused = self.measuring.count_refused
        self.health.retained.working = self.beats.loop("retained state").working
        self.twin.working = self.beats.loop("configuration", limit_ms=CHANGE_MS).working
        self._commands.watching = self._spooler.watching = lambda name: self.beats.once(name, PRINT_MS)

    def _make_commands(self) -> Commands:
        stores, seams = self._stores, self._seams
        effects = Effects(
            outbox=stores.outbox,
            disk=seams.disk,
            delivery=self.delivery,
            spooler=self._spooler,
            identify=self.intake.identify,
            tell_again=self.health.retained.publish_again,
            log_for_a_while=self.log_levels.for_a_while,
            hands=lambda: self.hands,
            statistics=self.measuring.statistics,
            collect=lambda: self.collect,
        )
        stored = (stores.facts, stores.outbox, stores.inbox)
        return Commands(stored, seams.disk, seams.clock, seams.clock_state, effects.by_name())

    def _describe(self) -> None:
        self.health.describe(description(self._config.devices, self._stores.outbox.epoch))

    def _report(self, reported: TwinReported) -> None:
        self.health.retained.put(self._topic(Family.TWIN, name="reported"), encode(reported))
        if reported.errors:
            keys = ", ".join(error.key or error.code for error in reported.errors)
            self.health.alert(CONFIG_WRONG, "config_partly_wrong", f"Not all of the configuration holds: {keys}")
        else:
            self.health.clear(CONFIG_WRONG)

    def _pressed(self, full: OutboxFull | None) -> None:
        if full is None:
            self.health.clear(DISK_FULL)
        else:
            self.health.alert(DISK_FULL, full.code, str(full))

    def _stuck(self, loops: Collection[str]) -> None:
        self.health.clear(STUCK)
        if loops:
            named = ", ".join(sorted(loops))
            self.health.alert(STUCK, "stuck", f"Part of the agent does not get on: {named}. Collect the box's diagnostics for IT.")

    def _refused(self, refused: Refused) -> None:
        self.health.alert(REFUSED, refused.code, str(refused))

    def _topic(self, family: Family, *, device: str = BOX_ITSELF, name: str | None = None) -> str:
        return str(BoxTopic(site=self._identity.site, box=self._identity.box, device=device, family=family, name=name))
