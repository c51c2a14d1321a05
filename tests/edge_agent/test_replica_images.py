"""Pictures on the box: asked for once, believed only by their hash, the ones shown last kept."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from edge_agent.replica_images import AGAIN_MS, ImageUnavailable, ReplicaImages, fetch_from
from tests.edge_agent.conftest import FixedClock


def picture(number: int, size: int = 1000) -> tuple[str, bytes]:
    body = f"picture {number}".encode().ljust(size)
    return hashlib.sha256(body).hexdigest(), body


class Controller:
    def __init__(self) -> None:
        self.pictures = dict(picture(number) for number in range(10))
        self.asked: list[str] = []
        self.is_away = False

    def fetch(self, digest: str) -> bytes:
        self.asked.append(digest)
        if self.is_away or digest not in self.pictures:
            raise ImageUnavailable("not to be had")
        return self.pictures[digest]


@pytest.fixture
def controller() -> Controller:
    return Controller()


@pytest.fixture
def images(controller: Controller, tmp_path: Path, clock: FixedClock) -> ReplicaImages:
    return ReplicaImages(tmp_path / "images", controller.fetch, clock.mono_ms, limit=3000)


async def test_it_is_asked_for_once_and_needs_no_controller_after_that(
    images: ReplicaImages, controller: Controller, tmp_path: Path, clock: FixedClock
) -> None:
    digest, body = picture(1)
    for _ in range(2):
        file = await images.image(digest)
        assert file is not None
        assert file.read_bytes() == body
    assert controller.asked == [digest]
    assert await ReplicaImages(tmp_path / "images", None, clock.mono_ms).image(digest) == file


@pytest.mark.parametrize("name", ["", "../../etc/passwd", "A" * 64, "a" * 63, "a" * 64 + "\n", "\0" * 64])
async def test_what_is_no_hash_is_not_asked_for(images: ReplicaImages, controller: Controller, name: str) -> None:
    assert await images.image(name) is None
    assert controller.asked == []


async def test_other_bytes_than_the_hash_says_are_never_kept(images: ReplicaImages, controller: Controller, tmp_path: Path) -> None:
    digest, _ = picture(1)
    controller.pictures[digest] = b"<script>"
    assert await images.image(digest) is None
    assert not (tmp_path / "images").exists()


async def test_a_damaged_file_is_fetched_again(images: ReplicaImages, controller: Controller) -> None:
    digest, body = picture(1)
    file = await images.image(digest)
    assert file is not None
    file.write_bytes(body[:-1])
    again = await images.image(digest)
    assert again is not None
    assert again.read_bytes() == body
    assert len(controller.asked) == 2


async def test_what_cannot_be_had_is_asked_for_again_after_a_while(
    images: ReplicaImages, controller: Controller, clock: FixedClock
) -> None:
    controller.is_away = True
    digest, _ = picture(1)
    assert [await images.image(digest) for _ in range(3)] == [None] * 3
    assert controller.asked == [digest]
    controller.is_away = False
    clock.milliseconds += AGAIN_MS
    assert await images.image(digest) is not None


async def test_the_ones_shown_longest_ago_make_room_also_after_a_restart(
    images: ReplicaImages, controller: Controller, tmp_path: Path, clock: FixedClock
) -> None:
    digests = [picture(number)[0] for number in range(5)]
    for digest in (*digests[:3], digests[0], digests[3]):
        await images.image(digest)
    assert {file.stem for file in (tmp_path / "images").iterdir()} == {digests[2], digests[0], digests[3]}
    again = ReplicaImages(tmp_path / "images", controller.fetch, clock.mono_ms, limit=3000)
    await again.image(digests[4])
    assert {file.stem for file in (tmp_path / "images").iterdir()} == {digests[0], digests[3], digests[4]}


async def test_a_disk_that_takes_nothing_shows_none(controller: Controller, tmp_path: Path, clock: FixedClock) -> None:
    (tmp_path / "images").write_text("a file stands where the folder should be")
    assert await ReplicaImages(tmp_path / "images", controller.fetch, clock.mono_ms).image(picture(1)[0]) is None


def test_a_controller_that_does_not_answer_is_said_so() -> None:
    from edge_agent.controller_link import Controller as Address  # noqa: PLC0415 -- the other Controller is this test's own

    with pytest.raises(ImageUnavailable, match="does not answer"):
        fetch_from(Address(url="http://127.0.0.1:1"))("a" * 64)
