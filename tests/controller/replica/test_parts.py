"""Parts of the replica: people who come and go, a part that joins later, and a database that was put back from a copy."""

from __future__ import annotations

import gzip
import shutil
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import msgspec
import pytest
from aiohttp.test_utils import TestClient, TestServer
from msgspec import Struct

from controller import db
from controller.catalog.operations import NewBarcode, NewSku, add_barcode, create_sku
from controller.documents.operations import store_builtin
from controller.http import auth
from controller.http.build import build
from controller.http.metrics import Metrics
from controller.http.routing import Permission
from controller.http.table import ROUTES
from controller.people import operations as people
from controller.people.policies import Grant
from controller.replica.history import begin_stamp
from controller.replica.pages import page_since
from controller.replica.parts import Changed, Id, Part, Versioned
from controller.replica.table import PARTS
from controller.sites.operations import create_site
from edge_agent.people import badge_hash
from edge_agent.wire.replica import DIGEST, ReplicaPerson, ReplicaTemplate, decode_page, is_digest_of
from edge_agent.wire.roles import Role


@pytest.fixture
async def sites(database: str) -> None:
    assert database
    await create_site("s1", name="Shop 1")
    await create_site("s2", name="Shop 2")


class Box:
    """What a box of a site keeps of one part, by the ids."""

    def __init__(self, part: str, row: type[Struct], site: str = "s1", parts: dict[str, Part] | None = None) -> None:
        self.part, self.row, self.site = part, row, site
        self.parts = dict(PARTS) if parts is None else parts
        self.cursor = ""
        self.kept: dict[str, Struct] = {}
        self.told: list[str] = []
        self.is_anew = False

    async def read(self, limit: int = 2) -> Box:
        self.told, self.is_anew = [], False
        while True:
            page = await page_since(self.site, self.cursor, parts=self.parts, limit=limit)
            piece = page.parts[self.part]
            if piece.anew or page.since != self.cursor:
                self.kept, self.is_anew = {}, True
            rows: Sequence[Struct] = msgspec.json.decode(piece.rows, type=list[self.row])  # type: ignore[name-defined]  # known at run time
            self.cursor = page.next
            for gone in piece.gone:
                self.kept.pop(gone, None)
            self.kept |= {str(row.id): row for row in rows}  # type: ignore[attr-defined]  # each of the rows has one
            self.told += [*(str(row.id) for row in rows), *(f"-{gone}" for gone in piece.gone)]  # type: ignore[attr-defined]  # as above
            if not page.more:
                return self


class TestPeople:
    @pytest.fixture
    async def li(self, sites: None) -> str:
        del sites
        return await people.add_person("Li", roles=[Grant(Role.FLOOR, "s1"), Grant(Role.PICKER, "s1")])

    async def test_those_with_a_role_here_or_everywhere_are_told_with_what_opens(self, li: str) -> None:
        wang = await people.add_person("Wang", roles=[Grant(Role.ADMIN), Grant(Role.FLOOR, "s2")])
        await people.add_person("Zhao", roles=[Grant(Role.FLOOR, "s2")])
        await people.add_person("Qian")
        badge = await people.issue_badge(li)
        await people.set_pin(li, await people.pin_verifier(li, "4711"))
        box = await Box("people", ReplicaPerson).read()
        assert set(box.kept) == {li, wang}
        told, boss = box.kept[li], box.kept[wang]
        assert isinstance(told, ReplicaPerson)
        assert isinstance(boss, ReplicaPerson)
        assert (told.name, told.language, told.badge, told.roles) == ("Li", "en", badge_hash(badge), ["floor", "picker"])
        assert (told.pin or "").startswith("$argon2id$v=19$m=19456,t=2,p=1$")
        assert (boss.badge, boss.pin, boss.roles) == (None, None, ["admin"])

    async def test_who_leaves_is_gone_from_the_box_and_who_comes_back_is_there_again(self, li: str) -> None:
        box = await Box("people", ReplicaPerson).read()
        await people.set_active(li, active=False)
        assert ((await box.read()).told, box.kept) == ([f"-{li}"], {})
        assert (await box.read()).told == []
        await people.set_active(li, active=True)
        assert set((await box.read()).kept) == {li}

    async def test_who_goes_to_another_site_is_gone_here_and_told_there(self, li: str) -> None:
        here, there = await Box("people", ReplicaPerson).read(), await Box("people", ReplicaPerson, "s2").read()
        await people.set_roles(li, [Grant(Role.FLOOR, "s2")])
        assert ((await here.read()).kept, set((await there.read()).kept)) == ({}, {li})

    async def test_a_badge_a_pin_and_a_role_less_are_told(self, li: str) -> None:
        box = await Box("people", ReplicaPerson).read()
        await people.issue_badge(li)
        assert (await box.read()).told == [li]
        await people.withdraw_badge(li)
        await people.take_role(li, Grant(Role.PICKER, "s1"))
        told = (await box.read()).kept[li]
        assert isinstance(told, ReplicaPerson)
        assert (told.badge, told.roles) == (None, ["floor"])

    async def test_a_new_box_is_told_nothing_of_who_is_gone(self, li: str) -> None:
        await people.set_active(li, active=False)
        assert (await Box("people", ReplicaPerson).read()).told == []


class ReplicaTask(Struct, frozen=True, kw_only=True):
    """What a count, a receipt or a pick list will be like."""

    id: int
    document: str


async def _open_tasks(site_id: str, after: tuple[int, Id], limit: int) -> list[Changed]:
    of_site = "FROM chore WHERE site_id = ? AND (version, id) > (?, ?)"
    sql = f"SELECT id, version, document, is_open {of_site} ORDER BY version, id LIMIT ?"
    rows = await db.fetch(sql, site_id, *after, limit)
    return [
        Changed(row["version"], row["id"], ReplicaTask(id=row["id"], document=row["document"]) if row["is_open"] else None)
        for row in rows
    ]


TASKS = Versioned(name="tasks", table="chore", read=_open_tasks, is_of_site=True)
"""All that the controller's side of another part is."""


class TestAPartThatJoins:
    @pytest.fixture
    async def with_tasks(self, sites: None) -> dict[str, Part]:
        del sites
        await db.execute(
            "CREATE TABLE chore (id BIGINT PRIMARY KEY, site_id VARCHAR(40), document TEXT, is_open BOOLEAN, version BIGINT)"
        )
        for number in range(5):
            site = "s2" if number == 4 else "s1"
            await db.execute("INSERT INTO chore VALUES (?, ?, ?, ?, NULL)", number, site, f"PL-{number}", number != 3)
        return {**PARTS, TASKS.name: TASKS}

    async def test_open_tasks_of_the_site_are_told_closed_ones_are_gone(self, with_tasks: dict[str, Part]) -> None:
        box = await Box("tasks", ReplicaTask, parts=with_tasks).read()
        assert set(box.kept) == {"0", "1", "2"}
        await db.execute("UPDATE chore SET is_open = ?, version = NULL WHERE id = 1", False)
        await db.execute("UPDATE chore SET document = 'PL-X', version = NULL WHERE id = 2")
        assert sorted((await box.read()).told) == ["-1", "2"]
        assert box.kept == {"0": ReplicaTask(id=0, document="PL-0"), "2": ReplicaTask(id=2, document="PL-X")}

    async def test_it_begins_by_itself_under_a_cursor_of_before_and_the_others_go_on(self, with_tasks: dict[str, Part]) -> None:
        await create_sku(NewSku(code="milk", name_en="Milk", name_zh="牛奶"))
        cursor = (await page_since("s1", "")).next
        page = await page_since("s1", cursor, parts=with_tasks)
        assert page.since == cursor
        assert (page.parts["tasks"].anew, page.parts["goods"].anew) == (True, False)
        assert (b"PL-0" in bytes(page.parts["tasks"].rows), bytes(page.parts["goods"].rows)) == (True, b"[]")

    async def test_a_box_that_does_not_know_it_is_not_told_of_it(self, with_tasks: dict[str, Part]) -> None:
        page = await page_since("s1", "", ["goods", "people", "from-the-future"], parts=with_tasks)
        assert set(page.parts) == {"goods", "people"}
        assert "tasks" not in page.next


class TestTemplates:
    async def test_the_current_ones_are_told_once_and_again_when_one_is_another(self, sites: None) -> None:
        del sites
        await store_builtin()
        page = await page_since("s1", "")
        told = msgspec.json.decode(page.parts["templates"].rows, type=list[ReplicaTemplate])
        assert {"shelf-label", "shipping-label"} <= {each.name for each in told}
        assert bytes((await page_since("s1", page.next)).parts["templates"].rows) == b"[]"
        await db.execute("UPDATE current_template SET version = ? WHERE name = 'shelf-label'", "0" * 64)
        after = (await page_since("s1", page.next)).parts["templates"]
        assert after.anew
        assert b'"shelf-label"' not in bytes(after.rows), "a version that is not stored is not told"


class TestHistory:
    async def test_a_restart_costs_nothing(self, sites: None) -> None:
        del sites
        await begin_stamp()
        await create_sku(NewSku(code="milk", name_en="Milk", name_zh="牛奶"))
        cursor = (await page_since("s1", "")).next
        for _ in range(3):
            await begin_stamp()
        page = await page_since("s1", cursor)
        assert (page.since, bytes(page.parts["goods"].rows)) == (cursor, b"[]")
        await add_barcode("milk", NewBarcode(barcode="M-1"))
        page = await page_since("s1", cursor)
        assert page.since == cursor
        assert b"M-1" in bytes(page.parts["goods"].rows)

    async def test_a_copy_that_has_given_as_many_versions_since_is_noticed(self, tmp_path: Path) -> None:
        """A real file, copied while the controller is stopped, put back after the box was told more."""
        path, copy = tmp_path / "controller.db", tmp_path / "copy.db"
        url = f"sqlite://{path}"
        await db.connect(url, create_schema=True)
        try:
            await begin_stamp()
            await create_site("s1", name="Shop 1")
            await create_sku(NewSku(code="milk", name_en="Milk", name_zh="牛奶"))
            before = (await page_since("s1", "")).next
            await db.close()
            shutil.copy(path, copy)
            await db.connect(url)
            await begin_stamp()
            await add_barcode("milk", NewBarcode(barcode="TAKEN-BACK"))
            cursor = (await page_since("s1", before)).next
            await db.close()
            for suffix in ("-wal", "-shm"):
                path.with_name(path.name + suffix).unlink(missing_ok=True)
            shutil.copy(copy, path)
            await db.connect(url)
            await begin_stamp()
            for number in range(3):
                await add_barcode("milk", NewBarcode(barcode=f"OTHER-{number}"))
                other = (await page_since("s1", before)).next
            assert other.split("~")[1] > cursor.split("~")[1], "its versions are ahead of what the box has seen"
            page = await page_since("s1", cursor)
            assert page.since == ""
            assert b"TAKEN-BACK" not in bytes(page.parts["goods"].rows)
            assert (await page_since("s1", before)).since == before, "who has seen nothing of what was lost goes on"
        finally:
            await db.close()

    async def test_stamps_of_long_ago_are_forgotten(self, sites: None, monkeypatch: pytest.MonkeyPatch) -> None:
        del sites
        monkeypatch.setattr("controller.replica.history.STAMPS_KEPT", 2)
        cursor = (await page_since("s1", "")).next
        for _ in range(4):
            await begin_stamp()
        assert (await db.fetch("SELECT count(*) AS n FROM replica_past"))[0]["n"] == 2
        assert (await page_since("s1", cursor)).since == ""


class TestPacked:
    @pytest.fixture
    async def client(self, sites: None) -> AsyncIterator[TestClient]:
        del sites
        await auth.create_token("box", [Permission.BOX], sites=["s1"], token="sw_box")
        server = TestServer(build(ROUTES, metrics=Metrics(), max_body=10_000), host="127.0.0.1")
        headers = {"Authorization": "Bearer sw_box"}
        async with TestClient(server, headers=headers, auto_decompress=False, skip_auto_headers=["Accept-Encoding"]) as client:
            yield client

    @pytest.mark.parametrize(("accepted", "is_packed"), [("gzip", True), ("br, GZIP", True), ("", False), ("br", False)])
    async def test_for_who_unpacks_it_and_the_digest_names_what_travels(
        self, client: TestClient, accepted: str, is_packed: bool
    ) -> None:
        for number in range(40):
            await create_sku(NewSku(code=f"sku-{number}", name_en="Thing", name_zh="东西"))
        response = await client.get("/box/v1/replica/s1?parts=goods,stock", headers={"Accept-Encoding": accepted})
        body = await response.read()
        assert is_digest_of(response.headers[DIGEST], body)
        assert (response.headers.get("Content-Encoding") == "gzip") == is_packed
        page = decode_page(gzip.decompress(body) if is_packed else body)
        assert set(page.parts) == {"goods", "stock"}
        assert bytes(page.parts["goods"].rows).count(b'"sku"') == 40
