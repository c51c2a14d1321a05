from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from edge_agent import salvage
from edge_agent.epochs import UNKNOWN_EPOCH
from edge_agent.errors import FactsCorrupt, FactsUnavailable, OutboxFull
from edge_agent.facts import MIB, FactsDb, FactsLimits
from edge_agent.outbox import Outbox
from edge_agent.wire.codec import decode, decode_fact
from edge_agent.wire.facts import RESTARTED, EpochClosed, FactDraft, Scan
from edge_agent.wire.messages import Ack, Envelope, Stream, Symbol
from tests.edge_agent.conftest import IDENTITY, NO_BALLAST, FixedClock

WRITER = """
import sys
from pathlib import Path
from random import Random
from edge_agent.facts import FactsDb, FactsLimits
from edge_agent.outbox import Identity, Outbox
from edge_agent.seams import SystemClock
from edge_agent.wire.facts import FactDraft, Scan
from edge_agent.wire.messages import Symbol
facts = FactsDb(Path(sys.argv[1]), FactsLimits(ballast_bytes=0))
outbox = Outbox(facts, Identity(site="s", box="b1", boot="x"), SystemClock(), Random())
while True:
    for envelope in outbox.append([FactDraft(data=Scan(symbol=Symbol(text="x" * 100)))]):
        print(envelope.seq, envelope.id, flush=True)
"""


def test_only_its_owner_reads_what_the_box_knows(tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        facts = FactsDb(tmp_path / "state" / "facts.db", NO_BALLAST)
    finally:
        os.umask(before)
    modes = {file.name: file.stat().st_mode & 0o777 for file in (tmp_path / "state").iterdir()}
    facts.close()
    assert {"facts.db": 0o600, "facts.db-wal": 0o600}.items() <= modes.items()
    assert (tmp_path / "state").stat().st_mode & 0o777 == 0o700


def scan(text: str = "x") -> FactDraft:
    return FactDraft(data=Scan(symbol=Symbol(text=text)))


def opened(path: Path, seed: int = 1) -> tuple[FactsDb, Outbox]:
    facts = FactsDb(path, NO_BALLAST)
    return facts, Outbox(facts, IDENTITY, FixedClock(), Random(seed))


def waiting(outbox: Outbox, stream: Stream = Stream.FACT) -> list[Envelope]:
    return [decode(Envelope, row.payload) for row in outbox.window(stream, limit=100_000, limit_bytes=1 << 30)]


def damage(path: Path, first: int, last: int) -> None:
    """Overwrite pages with noise, as a dying card does."""
    with path.open("r+b") as file:
        for page in range(first, last):
            file.seek(page * 4096)
            file.write(b"\xa5" * 4096)


def test_nothing_that_was_told_is_lost_by_a_kill(tmp_path: Path) -> None:
    path = tmp_path / "facts.db"
    told: dict[int, str] = {}
    for _ in range(4):
        process = subprocess.Popen([sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        for _ in range(60):
            seq, fact_id = process.stdout.readline().split()
            told[int(seq)] = fact_id
        process.send_signal(signal.SIGKILL)
        for line in process.communicate()[0].splitlines(keepends=True):
            if line.endswith("\n"):
                told[int(line.split()[0])] = line.split()[1]
    _, outbox = opened(path)
    stored = {envelope.seq: str(envelope.id) for envelope in waiting(outbox)}
    assert sorted(stored) == list(range(1, len(stored) + 1))
    assert told.items() <= stored.items()


def test_a_file_that_is_no_database_is_set_aside_and_the_box_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "facts.db"
    path.write_bytes(b"not a database at all" * 1000)
    _, outbox = opened(path)
    assert outbox.append([scan()])[0].seq == 1
    assert path.with_name("facts.db.quarantined-1").read_bytes().startswith(b"not a database")
    closed = decode_fact(waiting(outbox, Stream.AUX)[0])
    assert isinstance(closed, EpochClosed)
    assert (closed.epoch, closed.salvaged) == (UNKNOWN_EPOCH, 0)


def test_what_a_damaged_file_still_holds_is_sent_in_a_new_epoch(tmp_path: Path) -> None:
    path = tmp_path / "facts.db"
    facts, outbox = opened(path)
    ids = [envelope.id for _ in range(40) for envelope in outbox.append([scan("y" * 300) for _ in range(10)])]
    outbox.append([], station_state={"desk": b"state"})
    old = outbox.epoch
    facts.db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    pages = facts._pragma("page_count")
    facts.close()
    damage(path, pages // 2, pages // 2 + 6)
    _, again = opened(path, seed=2)
    kept = waiting(again)
    assert again.epoch != old
    assert len(ids) // 2 < len(kept) < len(ids)
    assert [envelope.id for envelope in kept] == [fact_id for fact_id in ids if fact_id in {envelope.id for envelope in kept}]
    assert [envelope.seq for envelope in kept] == list(range(1, len(kept) + 1))
    assert {envelope.epoch for envelope in kept} == {again.epoch}
    closed = decode_fact(waiting(again, Stream.AUX)[0])
    assert isinstance(closed, EpochClosed)
    assert closed.epoch == old
    assert closed.last_seq["fact"] == len(ids)
    assert again.station_states() == {"desk": b"state"}
    third = opened(path, seed=3)[1]  # only once: what it kept is not numbered again
    assert {envelope.epoch for envelope in waiting(third)} == {again.epoch}
    told = [decode_fact(envelope) for envelope in waiting(third, Stream.AUX)]
    assert [fact.reason for fact in told if isinstance(fact, EpochClosed)] == [closed.reason, RESTARTED]


def test_damage_found_while_in_use_is_told_and_quarantined_at_the_next_start(tmp_path: Path) -> None:
    path = tmp_path / "facts.db"
    facts, outbox = opened(path)
    outbox.append([scan("y" * 300) for _ in range(200)])
    facts.db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    facts.db.execute("PRAGMA cache_size = 0")
    pages = facts._pragma("page_count")
    damage(path, 2, pages)
    with pytest.raises((FactsCorrupt, sqlite3.DatabaseError)):
        for _ in range(20):
            outbox.apply(Ack(epoch=outbox.epoch, stream=Stream.FACT, ranges=[(1, 200)]))
            outbox.append([scan()])
    facts.close()
    _, again = opened(path)
    assert path.with_name("facts.db.quarantined-1").exists()
    assert again.append([scan()])


@pytest.mark.parametrize("step", range(5))
def test_an_interrupted_quarantine_is_finished_at_the_next_start(
    tmp_path: Path, step: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "facts.db"
    facts, outbox = opened(path)
    outbox.append([scan(), scan()])
    facts.close()
    path.with_name("facts.db.damaged").touch()
    steps: Iterator[int] = iter(range(100))
    rename = Path.rename

    def crash(self: Path, target: Path) -> Path:
        if next(steps) == step:
            raise KeyboardInterrupt
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", crash)
    try:
        FactsDb(path, NO_BALLAST).close()
    except KeyboardInterrupt:
        monkeypatch.undo()
    monkeypatch.undo()
    _, again = opened(path, seed=4)
    assert len(waiting(again)) == 2
    assert not path.with_name("facts.db.ready").exists()


def test_the_ballast_goes_at_the_first_full_disk_and_comes_back(tmp_path: Path) -> None:
    path = tmp_path / "facts.db"
    facts = FactsDb(path, FactsLimits(max_bytes=MIB, ballast_bytes=65536))
    ballast = path.with_name("facts.db.ballast")
    assert ballast.stat().st_size == 65536
    outbox = Outbox(facts, IDENTITY, FixedClock(), Random(1))
    with pytest.raises(OutboxFull):
        while True:
            outbox.append([scan("z" * 1000) for _ in range(20)])
    assert not ballast.exists()
    facts.restore_ballast()
    assert ballast.exists()


@pytest.mark.skipif(os.geteuid() != 0 or shutil.which("mount") is None, reason="mounting a small disk needs root")
def test_a_full_disk_loses_nothing_and_goes_on_after(tmp_path: Path) -> None:
    folder = tmp_path / "small"
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", str(folder)], check=True)
    try:
        facts = FactsDb(folder / "facts.db", FactsLimits(ballast_bytes=512 * 1024))
        outbox = Outbox(facts, IDENTITY, FixedClock(), Random(1))
        stored = 0
        with pytest.raises(OutboxFull):
            while True:
                stored += len(outbox.append([scan("z" * 1000) for _ in range(10)]))
        assert stored > 500
        assert len(waiting(outbox)) == stored
        outbox.apply(Ack(epoch=outbox.epoch, stream=Stream.FACT, ranges=[(1, stored)]))
        for _ in range(100):
            stored += len(outbox.append([scan("z" * 1000)]))
        assert [envelope.seq for envelope in waiting(outbox)] == list(range(stored - 99, stored + 1))
        facts.close()
        again = FactsDb(folder / "facts.db", FactsLimits(ballast_bytes=512 * 1024))
        assert again.db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        again.close()
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def test_a_folder_that_cannot_be_written_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file")
    with pytest.raises(FactsUnavailable, match=r"cannot be written .* set box\.state_dir"):
        FactsDb(tmp_path / "state" / "facts.db", NO_BALLAST)


def test_the_rest_of_an_interrupted_copy_is_dropped(tmp_path: Path) -> None:
    path = tmp_path / "facts.db"
    path.with_name("facts.db.salvage").write_bytes(b"half")
    opened(path)
    assert not path.with_name("facts.db.salvage").exists()
    assert salvage.NOTE.startswith("CREATE TABLE IF NOT EXISTS quarantine")
