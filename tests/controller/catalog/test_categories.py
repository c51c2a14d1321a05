from __future__ import annotations

import asyncio

import pytest

from controller import db
from controller.catalog import categories
from controller.catalog.categories import (
    DEEPEST,
    BadCategory,
    CategoryInUse,
    categorise,
    remove_category,
    save_category,
)
from controller.catalog.imports import ImportRejected, import_catalog
from controller.catalog.operations import NewSku, create_sku
from controller.catalog.queries import sku, skus
from controller.errors import NotFound

pytestmark = pytest.mark.usefixtures("database")


async def save(code: str, parent: str | None = None) -> int:
    return await save_category(code, name_en=f"{code} en", name_zh=f"{code} zh", parent=parent)


async def tree() -> list[tuple[str, str | None, int, int]]:
    return [(row.code, row.parent, row.level, row.skus) for row in await categories.categories()]


async def goods(*codes: str) -> None:
    for code in codes:
        await create_sku(NewSku(code=code, name_en=code, name_zh=code))


async def test_the_tree_is_told_from_the_top_with_what_is_in_it() -> None:
    await save("food")
    await save("milk", "food")
    await save("bread", "food")
    await save("cow", "milk")
    await goods("m1", "m2", "b1")
    assert await categorise(["m1", "m2"], "cow") == 2
    assert await categorise(["m1"], "cow") == 0
    assert await tree() == [("food", None, 0, 0), ("bread", "food", 1, 0), ("milk", "food", 1, 0), ("cow", "milk", 2, 2)]
    assert [row.code for row in await skus(category="food")] == ["m1", "m2"]
    assert [row.code for row in await skus(category="bread")] == []
    assert [row.code for row in await skus(category="-")] == ["b1"]
    assert [row.code for row in await skus(category="food", q="M2")] == ["m2"]
    assert (await sku("m1")).category == "cow"


async def test_no_category_stands_below_itself_or_too_deep() -> None:
    for level in range(DEEPEST):
        await save(f"c{level}", f"c{level - 1}" if level else None)
    with pytest.raises(BadCategory, match="levels"):
        await save("deeper", f"c{DEEPEST - 1}")
    with pytest.raises(BadCategory, match="below itself"):
        await save("c0", f"c{DEEPEST - 1}")
    with pytest.raises(BadCategory, match="below itself"):
        await save("c0", "c0")
    await save("top")
    with pytest.raises(BadCategory, match="levels"):
        await save("c0", "top")
    await save("c1")
    assert (await categories.category("c2")).level == 1


async def test_two_moves_at_once_make_no_circle() -> None:
    await save("a")
    await save("b")
    moves = [db.in_transaction(lambda: save("a", "b")), db.in_transaction(lambda: save("b", "a"))]
    found = await asyncio.gather(*moves, return_exceptions=True)
    assert [isinstance(each, BadCategory) for each in found].count(True) == 1
    assert sorted(level for _, _, level, _ in await tree()) == [0, 1]


async def test_what_has_something_in_it_is_not_removed() -> None:
    await save("food")
    await save("milk", "food")
    await goods("m1")
    await categorise(["m1"], "milk")
    for code in ("food", "milk"):
        with pytest.raises(CategoryInUse):
            await remove_category(code)
    await categorise(["m1"], None)
    await remove_category("milk")
    await remove_category("food")
    assert await tree() == []
    with pytest.raises(NotFound):
        await remove_category("food")


async def test_an_article_that_is_not_there_moves_none() -> None:
    await save("food")
    await goods("m1")
    with pytest.raises(NotFound, match="m9"):
        await categorise(["m1", "m9"], "food")
    with pytest.raises(NotFound, match="drinks"):
        await categorise(["m1"], "drinks")
    assert (await sku("m1")).category is None


@pytest.mark.parametrize("code", ["", "a b", "-a", "a" * 65, "a\n", "ä"])
async def test_a_code_is_letters_and_digits(code: str) -> None:
    with pytest.raises(BadCategory):
        await save(code)


async def test_a_file_says_the_category_or_leaves_it() -> None:
    await save("food")
    head = "sku,name_en,name_zh"
    await import_catalog([f"{head},category\n", "m1,Milk,奶,food\n", "m2,Milk,奶,\n"])
    assert [(await sku(code)).category for code in ("m1", "m2")] == ["food", None]
    await import_catalog([f"{head}\n", "m1,Milk 1 L,奶\n"])
    assert (await sku("m1")).category == "food"
    with pytest.raises(ImportRejected) as refused:
        await import_catalog([f"{head},category\n", "m2,Milk,奶,drinks\n"])
    assert [(error.line, error.column) for error in refused.value.report.errors] == [(2, "category")]
    await import_catalog([f"{head},category\n", "m1,Milk 1 L,奶,\n"])
    assert (await sku("m1")).category is None
