from __future__ import annotations

import pytest

from controller import db
from controller.catalog.operations import (
    BadBarcode,
    BadSku,
    BarcodeTaken,
    NewBarcode,
    NewSku,
    SkuExists,
    add_barcode,
    create_sku,
    link_barcode,
)
from controller.catalog.queries import Ambiguous, Found, SymbolKey, Unknown, resolve
from controller.errors import NotFound
from controller.sites.operations import create_site

MILK = NewSku(code="milk", name_en="Milk", name_zh="牛奶")
RICE = NewSku(code="rice", name_en="Rice", name_zh="米")


async def meaning(text: str, gtin: str | None = None, site: str = "s1") -> object:
    return (await resolve([SymbolKey(text, gtin)], site_id=site))[0]


async def test_the_answer_follows_each_change_of_a_barcode(database: str) -> None:
    assert await meaning("M-1") == Unknown()
    milk = await create_sku(MILK, [NewBarcode(barcode="M-1")])
    assert await meaning("M-1") == Found(milk, "milk", 1, 1)


async def test_a_rolled_back_barcode_is_not_remembered(database: str) -> None:
    await create_sku(MILK)
    rice = await create_sku(RICE)
    with pytest.raises(RuntimeError):
        async with db.transaction():
            await add_barcode("milk", NewBarcode(barcode="X-1"))
            assert isinstance(await meaning("X-1"), Found)
            raise RuntimeError
    assert await meaning("X-1") == Unknown()
    await add_barcode("rice", NewBarcode(barcode="X-1"))
    assert await meaning("X-1") == Found(rice, "rice", 1, 1)


async def test_another_process_s_change_is_seen(database: str) -> None:
    """Another process writes the row and the stamp, and knows nothing of our memory."""
    milk = await create_sku(MILK)
    assert await meaning("M-9") == Unknown()
    await db.execute(
        "INSERT INTO barcode (kind, symbol, sku_id, numerator, denominator, active) VALUES ('text', 'M-9', ?, 1, 1, ?)", milk, True
    )
    await db.execute("UPDATE catalog_version SET stamp = 'theirs'")
    assert await meaning("M-9") == Found(milk, "milk", 1, 1)


async def test_sites_may_mean_their_own_by_a_code(database: str) -> None:
    for site in ("s1", "s2"):
        await create_site(site, name=site)
    milk = await create_sku(MILK, [NewBarcode(barcode="LOCAL", site_id="s1")])
    rice = await create_sku(RICE, [NewBarcode(barcode="LOCAL", site_id="s2"), NewBarcode(barcode="BOTH")])
    await add_barcode("milk", NewBarcode(barcode="BOTH", site_id="s1"))
    assert await meaning("LOCAL") == Found(milk, "milk", 1, 1)
    assert await meaning("LOCAL", site="s2") == Found(rice, "rice", 1, 1)
    assert await meaning("BOTH") == Ambiguous(("milk", "rice"))
    assert await meaning("BOTH", site="s2") == Found(rice, "rice", 1, 1)


async def test_an_active_barcode_is_unique_in_its_scope(database: str) -> None:
    await create_sku(MILK, [NewBarcode(barcode="X-1")])
    await create_sku(RICE)
    first = await add_barcode("milk", NewBarcode(barcode="X-1"))
    assert await add_barcode("milk", NewBarcode(barcode="X-1")) == first
    with pytest.raises(BarcodeTaken) as refused:
        await add_barcode("rice", NewBarcode(barcode="X-1"))
    assert refused.value.sku == "milk"
    with pytest.raises(BarcodeTaken):
        await add_barcode("milk", NewBarcode(barcode="X-1", numerator=6))


async def test_what_is_refused(database: str) -> None:
    await create_sku(MILK)
    with pytest.raises(SkuExists):
        await create_sku(MILK)
    with pytest.raises(BadSku):
        await create_sku(NewSku(code=" ", name_en="x", name_zh="x"))
    with pytest.raises(BadBarcode):
        await add_barcode("milk", NewBarcode(barcode="9521234567890"))
    with pytest.raises(BadBarcode):
        await add_barcode("milk", NewBarcode(barcode="X", denominator=0))
    with pytest.raises(NotFound):
        await add_barcode("nothing", NewBarcode(barcode="X"))
    with pytest.raises(NotFound):
        await add_barcode("milk", NewBarcode(barcode="X", site_id="nowhere"))
    with pytest.raises(NotFound):
        await link_barcode("never seen", "milk")
