"""Lists as files: all rows with the filters of the page, nothing of other sites, nothing that a spreadsheet would run."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from aiohttp.test_utils import TestClient

from controller.catalog.operations import NewSku, create_sku
from controller.people.policies import Grant
from controller.purchasing.suppliers import SupplierData, put_supplier
from controller.sites.operations import create_site
from controller.web.list_files import FILES
from edge_agent.wire.roles import Role
from tests.browser.shop import BrowserShop
from tests.controller.people.browser import logged_in
from tests.controller.web.test_forms import client_of, shown

__all__ = ["client", "shop"]
from tests.controller.web.test_forms import client, shop


async def rows(client: TestClient, address: str, **headers: str) -> list[dict[str, str]]:
    answer = await client.get(address, headers=headers)
    assert (answer.status, answer.content_type) == (200, "text/csv")
    return list(csv.DictReader(io.StringIO((await answer.read()).decode("utf-8-sig"))))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
async def test_every_list_is_a_file_with_the_columns_that_it_names(client: TestClient, file: object) -> None:
    answer = await client.get(f"/lists/{file.name}.csv")  # type: ignore[attr-defined]  # a ListFile
    assert answer.status == 200
    head = (await answer.text()).removeprefix("\ufeff").splitlines()[0]
    assert head.split(",") == file.columns  # type: ignore[attr-defined]  # see above
    assert f'filename="{file.name}_' in answer.headers["Content-Disposition"]  # type: ignore[attr-defined]  # see above


async def test_a_file_has_the_filters_of_its_page_and_the_page_leads_to_it(client: TestClient) -> None:
    page = await shown(client, "/stock?q=milk&site=sh-01&per=1")
    assert 'href="/lists/stock.csv?q=milk&site=sh-01"' in page
    found = await rows(client, "/lists/stock.csv?q=milk&site=sh-01")
    assert [(row["sku"], row["on_hand"]) for row in found] == [("MILK-1L", "24")]
    assert len(await rows(client, "/lists/stock.csv")) > 1


async def test_text_that_a_spreadsheet_would_run_stays_text(client: TestClient) -> None:
    await put_supplier("evil", SupplierData(name="=HYPERLINK(1)"))
    (row,) = await rows(client, "/lists/suppliers.csv?q=evil")
    assert row["name"] == "'=HYPERLINK(1)"


async def test_a_file_holds_more_than_one_read_of_the_database(client: TestClient) -> None:
    for number in range(501):
        await create_sku(NewSku(code=f"S{number:04d}", name_en="x", name_zh="x", price_minor=1), [])
    found = await rows(client, "/lists/prices.csv?q=S0")
    assert len({row["sku"] for row in found}) == len(found) == 501


async def test_people_of_another_site_get_nothing_of_this_one(shop: BrowserShop, tmp_path: Path) -> None:
    async with client_of(tmp_path, open_pages=False) as closed:
        await create_site("sh-02", name="Shop 2")
        elsewhere = await logged_in("Elsa", Grant(Role.MANAGER, "sh-02"))
        assert await rows(closed, "/lists/stock.csv", **elsewhere.cookie) == []
        assert await rows(closed, "/lists/stock.csv?site=sh-01", **elsewhere.cookie) == []
        assert {row["site"] for row in await rows(closed, "/lists/tasks.csv", **elsewhere.cookie)} <= {"sh-02"}
