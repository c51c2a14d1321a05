"""Each of the first 40 calls to the disk fails once, in two ways: what was promised is there, what was refused is not."""

from __future__ import annotations

from pathlib import Path

from tests.chaos.syscalls import every, try_all

UP_TO = 40


async def test_whichever_call_to_the_disk_fails_promises_are_kept(tmp_path: Path) -> None:
    report = await try_all(tmp_path, list(every(UP_TO)))
    print(f"{report.runs} runs, refused {dict(report.refused)}")
    assert not report.wrong, "\n".join(report.wrong[:20])
    assert report.refused.total() >= report.runs // 2, "few of the injected errors reached the box"
