"""The box's side of the twin: stored, applied, reported, whatever stops it in between."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import pytest

from drivers.registry import Kind
from edge_agent import seams, twin
from edge_agent.config import BoxConfig, BrokerConfig, Config, DeviceConfig, StationConfig
from edge_agent.desired import document_hash, document_of, read_desired
from edge_agent.disk import InlineDisk
from edge_agent.errors import OutboxFull
from edge_agent.facts import FactsDb
from edge_agent.seams import FailpointTriggered
from edge_agent.twin import Twin
from edge_agent.twin_store import RESET, TwinStore
from edge_agent.wire.codec import MAX_PAYLOAD, encode
from edge_agent.wire.messages import TwinDesired, TwinReported
from tests.edge_agent.conftest import NO_BALLAST, FixedClock, let_pass, settle

SEQUENCES = 200
FAILPOINTS = ("twin.after_persist_before_apply", "twin.after_apply_before_persist", "twin.after_apply_before_report")
SCANNER = DeviceConfig(id="scanner", kind=Kind.SCANNER, model="scanner.serial", address="tcp:127.0.0.1:1")
SCALE = DeviceConfig(id="scale", kind=Kind.SCALE, model="toledo.8217", address="tcp:127.0.0.1:2")
FILE = Config(
    box=BoxConfig(id="b1", site="sh-01", state_dir=Path("unused")),
    broker=BrokerConfig(host="127.0.0.1", port=1883),
    devices=(SCANNER,),
    stations=(StationConfig(id="desk", scanner="scanner"),),
)


def document(*devices: DeviceConfig, level: str = "INFO") -> dict[str, Any]:
    config = replace(FILE, devices=devices or (SCANNER,), box=replace(FILE.box, log_level=level))
    return document_of(config)


class Part:
    """Something that follows, and notes each configuration."""

    def __init__(self) -> None:
        self.configs: list[Config] = []
        self.breaks = 0

    async def reconfigure(self, config: Config) -> None:
        if self.breaks:
            self.breaks -= 1
            raise KeyError("a mistake of ours")
        self.configs.append(config)


class BoxOfTest:
    """A box's twin over its lives: the file stays, all else goes with each crash."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "facts.db"
        self.reports: list[TwinReported] = []
        self.crashes = 0
        self.start()

    def start(self) -> None:
        self.facts = FactsDb(self.path, NO_BALLAST)
        self.store = TwinStore(self.facts)
        self.twin = Twin(FILE, self.store, InlineDisk(), FixedClock())
        self.twin.report = self.reports.append
        self.part = Part()
        self.twin.parts = [self.part]
        self.built_from = self.twin.config
        self._task = asyncio.create_task(self.twin.run())

    async def stop(self) -> None:
        self._task.cancel()
        with contextlib.suppress(asyncio.CancelledError, FailpointTriggered):
            await self._task
        self.facts.close()

    async def restart(self) -> None:
        await self.stop()
        self.start()
        await settle()

    async def take(self, desired: TwinDesired) -> None:
        """A crash on the way is one, and the next life begins."""
        crashed = False
        try:
            await self.twin.take(desired)
        except FailpointTriggered:
            crashed = True
        await settle()
        if crashed or self._task.done():
            self.crashes += 1
            await self.restart()

    @property
    def works_by(self) -> Config:
        """What its parts do now."""
        return self.part.configs[-1] if self.part.configs else self.built_from


@pytest.fixture
async def box(tmp_path: Path) -> Any:
    box = BoxOfTest(tmp_path)
    await settle()
    yield box
    await box.stop()


async def test_without_a_desired_document_the_file_holds_and_is_reported(box: BoxOfTest) -> None:
    (report,) = box.reports
    assert (report.version, report.applied_version, report.document, report.hash) == (0, 0, document_of(FILE), "")
    assert box.part.configs == []


async def test_it_is_stored_applied_and_reported_and_holds_after_a_restart(box: BoxOfTest) -> None:
    wanted = document(SCANNER, SCALE, level="DEBUG")
    await box.take(TwinDesired(version=3, document=wanted))
    stored, applied = box.reports[1:]
    assert (stored.version, stored.applied_version) == (3, 0)
    assert (applied.version, applied.applied_version, applied.document, applied.errors) == (3, 3, wanted, [])
    assert applied.hash == document_hash(wanted)
    assert box.works_by.devices == (SCANNER, SCALE)
    await box.restart()
    assert box.part.configs == []  # nothing to do
    assert box.built_from.devices == (SCANNER, SCALE)
    assert box.built_from.box.log_level == "DEBUG"
    assert box.reports[-1] == applied


async def test_an_older_and_the_same_version_are_ignored(box: BoxOfTest) -> None:
    await box.take(TwinDesired(version=3, document=document(SCALE)))
    for version in (3, 2, 1):
        await box.take(TwinDesired(version=version, document=document(SCANNER)))
    assert box.works_by.devices == (SCALE,)
    assert len(box.part.configs) == 1
    assert [report.applied_version for report in box.reports] == [0, 0, 3, 3]  # the same again is answered by a report


async def test_what_is_wrong_is_told_by_its_key_and_the_rest_holds(box: BoxOfTest) -> None:
    wrong = document(SCANNER, SCALE)
    wrong["device"][1]["address"] = "usb"
    await box.take(TwinDesired(version=1, document=wrong))
    report = box.reports[-1]
    assert [(error.key, error.code) for error in report.errors] == [("device[1].address", "wrong_value")]
    assert report.applied_version == 1
    assert box.works_by.devices == (SCANNER,)
    await box.restart()
    assert box.reports[-1] == report


async def test_devices_that_are_no_more_are_remembered_for_the_broker(box: BoxOfTest) -> None:
    await box.take(TwinDesired(version=1, document=document(SCANNER, SCALE)))
    await box.take(TwinDesired(version=2, document=document(SCANNER)))
    await box.restart()
    assert box.twin.gone == ("scale",)
    await box.take(TwinDesired(version=3, document=document(SCALE)))
    assert box.twin.gone == ("scanner",)


async def test_a_part_that_fails_is_told_and_tried_again(box: BoxOfTest) -> None:
    box.part.breaks = 1
    await box.take(TwinDesired(version=1, document=document(SCANNER, SCALE)))
    assert [error.code for error in box.reports[-1].errors] == ["internal_error"]
    assert box.reports[-1].applied_version == 0
    await let_pass(twin.AGAIN_SECONDS + 1)
    assert (box.reports[-1].applied_version, box.reports[-1].errors) == (1, [])


async def test_a_document_that_is_too_large_changes_nothing_and_its_report_still_travels(box: BoxOfTest) -> None:
    many = [replace(SCANNER, id=f"s{number}") for number in range(500)]
    await box.take(TwinDesired(version=1, document=document(*many)))
    assert [error.code for error in box.reports[-1].errors] == ["too_large"]
    assert box.works_by.devices == (SCANNER,)
    wrong = [{"id": f"s{number}", "x": "y" * 100} for number in range(200)]
    await box.take(TwinDesired(version=2, document={"device": wrong}))
    assert len(box.reports[-1].errors) == twin.MOST_ERRORS + 1
    assert all(len(encode(report)) <= MAX_PAYLOAD for report in box.reports)


async def test_a_document_too_deep_to_be_read_is_told_and_does_not_end_the_agent(box: BoxOfTest) -> None:
    """How deep is too deep depends on who calls: what the wire could still decode, a deeper caller could not write down again."""

    def inspect(_: DeviceConfig) -> list[tuple[str, str]]:
        return inspect(_)

    box.twin._inspect = inspect
    await box.take(TwinDesired(version=1, document=document(SCALE)))
    assert [error.code for error in box.reports[-1].errors] == ["too_deep"]
    assert box.works_by.devices == (SCANNER,)


async def test_a_full_disk_leaves_it_unstored_or_stores_it_later(box: BoxOfTest, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OutboxFull("full")

    with monkeypatch.context() as patched:
        patched.setattr(box.store, "keep", full)
        with pytest.raises(OutboxFull):
            await box.twin.take(TwinDesired(version=1, document=document(SCALE)))
    with monkeypatch.context() as patched:
        patched.setattr(box.store, "applied", full)
        await box.take(TwinDesired(version=1, document=document(SCALE)))
        assert (box.reports[-1].applied_version, box.works_by.devices) == (1, (SCALE,))
        assert box.store.read().applied_version == 0
    await let_pass(twin.AGAIN_SECONDS + 1)
    assert box.store.read().applied_version == 1


async def test_back_to_the_file_until_a_newer_version_comes(box: BoxOfTest) -> None:
    await box.take(TwinDesired(version=4, document=document(SCALE)))
    await box.stop()
    store = TwinStore(FactsDb(box.path, NO_BALLAST))
    assert store.reset()
    assert not store.reset()
    store._facts.close()
    box.start()
    await settle()
    report = box.reports[-1]
    assert (report.version, report.applied_version, report.errors, report.hash) == (4, 4, [RESET], "")
    assert report.document == document_of(FILE)
    await box.take(TwinDesired(version=4, document=document(SCALE)))
    assert box.works_by == FILE
    await box.take(TwinDesired(version=5, document=document(SCALE)))
    assert box.works_by.devices == (SCALE,)


@pytest.mark.parametrize("name", FAILPOINTS)
async def test_a_crash_between_two_steps_only_repeats_one(box: BoxOfTest, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    await box.take(TwinDesired(version=1, document=document(SCALE)))
    monkeypatch.setitem(seams._ARMED, name, "raise")
    await box.take(TwinDesired(version=2, document=document(SCANNER, SCALE)))
    assert box.crashes == 1
    await settle()
    assert (box.reports[-1].version, box.reports[-1].applied_version) == (2, 2)
    assert box.works_by.devices == (SCANNER, SCALE)


def _some_document(random: Random) -> dict[str, Any]:
    """Mostly right, sometimes wrong in one place."""
    devices = [replace(each, address=f"tcp:127.0.0.1:{random.randint(1, 3)}") for each in (SCANNER, SCALE) if random.random() < 0.8]
    made: dict[str, Any] = document_of(
        replace(FILE, devices=tuple(devices), stations=FILE.stations if SCANNER.id in {d.id for d in devices} else ())
    )
    made["settings"] = {"log_level": random.choice(["INFO", "DEBUG"])}
    if random.random() < 0.3:
        wrong = random.choice(["address", "table", "reference"])
        if wrong == "address" and made["device"]:
            random.choice(made["device"])["address"] = "nowhere"
        elif wrong == "table":
            made["broker"] = {"host": "elsewhere"}
        else:
            made["station"] = [{"id": "desk", "scanner": "nobody"}]
    return made


async def _one_sequence(folder: Path, random: Random, arm: Any) -> None:
    """Edits, repeated and stale deliveries, crashes and restarts; then the newest is delivered, and all must be as it says."""
    box = BoxOfTest(folder)
    await settle()
    versions = [TwinDesired(version=1, document=_some_document(random))]
    for _ in range(random.randint(1, 8)):
        match random.choice(["edit", "edit", "deliver", "stale", "crash", "restart"]):
            case "edit":
                versions.append(TwinDesired(version=versions[-1].version + random.randint(1, 3), document=_some_document(random)))
            case "deliver":
                await box.take(versions[-1])
            case "stale":
                await box.take(random.choice(versions))
            case "crash":
                arm(random.choice(FAILPOINTS))
                await box.take(versions[-1])
            case "restart":
                await box.restart()
    seams._ARMED.clear()
    await box.take(versions[-1])
    try:
        report = box.reports[-1]
        assert report.version == report.applied_version == versions[-1].version
        expected = read_desired(versions[-1].document, FILE, box.works_by)
        assert box.works_by == expected.config == box.twin.config  # what is right holds, what is wrong is as it was
        assert [(error.key, error.code) for error in report.errors] == [(wrong.key, wrong.code) for wrong in expected.errors]
        assert report.document == document_of(box.works_by)
        applied = [told.applied_version for told in box.reports]
        assert applied == sorted(applied), "never older than before"
    finally:
        await box.stop()


async def test_whatever_happens_on_the_way_the_box_gets_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for seed in range(SEQUENCES):
        folder = tmp_path / str(seed)
        try:
            await _one_sequence(folder, Random(seed), lambda name: monkeypatch.setitem(seams._ARMED, name, "raise"))
        except AssertionError as error:
            raise AssertionError(f"seed {seed}: {error}") from error
