"""Categories, and what may stand for goods that are short, over HTTP."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

from controller.catalog import categories, queries, substitutes
from controller.catalog.api import Name, SkuView, sku_view
from controller.http.routing import PLAIN, Call, Page, Permission, Route, page

Key = Annotated[str, Meta(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")]
Ratio = Annotated[int, Meta(ge=1, le=substitutes.LARGEST)]


class PutCategory(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`parent`: the code of the one that it stands in; null: it stands at the top."""

    name_en: Name
    name_zh: Name
    parent: Key | None = None


class CategoryView(Struct, frozen=True, kw_only=True):
    """`level`: 0 at the top; `skus`: how many are in it, without those below."""

    code: str
    name_en: str
    name_zh: str
    parent: str | None
    level: int
    skus: int


class CategoriesView(Struct, frozen=True, kw_only=True):
    """The whole tree, each before those below it."""

    categories: list[CategoryView]


class PutIntoCategory(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`category` null: it is in none."""

    category: Key | None


class PutSubstitute(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`numerator / denominator` base units of it stand for one base unit of the SKU; `rank` 1 is offered first."""

    numerator: Ratio = 1
    denominator: Ratio = 1
    rank: Annotated[int, Meta(ge=1, le=1000)] = 1
    note: Annotated[str, Meta(max_length=200, pattern=PLAIN)] = ""


class SubstituteView(Struct, frozen=True, kw_only=True):
    id: int
    sku: str
    substitute: str
    name_en: str
    name_zh: str
    base_unit: str
    numerator: int
    denominator: int
    rank: int
    note: str


async def tree(_: Call[None]) -> CategoriesView:
    return CategoriesView(categories=[_category(row) for row in await categories.categories()])


async def put(call: Call[PutCategory]) -> CategoryView:
    code, new = call.path["category"], call.body
    await categories.save_category(code, name_en=new.name_en, name_zh=new.name_zh, parent=new.parent)
    return _category(await categories.category(code))


async def remove(call: Call[None]) -> None:
    await categories.remove_category(call.path["category"])


async def put_sku(call: Call[PutIntoCategory]) -> SkuView:
    await categories.categorise([call.path["sku"]], call.body.category)
    return sku_view(await queries.sku(call.path["sku"]))


async def listing(call: Call[None]) -> Page[SubstituteView]:
    rows = [row for row in await substitutes.substitutes(call.path["sku"]) if row.id > call.page.number()]
    rows.sort(key=lambda row: row.id)
    return page([_substitute(row) for row in rows[: call.page.limit]], call.page, key=lambda view: view.id)


async def put_substitute(call: Call[PutSubstitute]) -> SubstituteView:
    sku, other, new = call.path["sku"], call.path["substitute"], call.body
    await substitutes.name_substitute(
        sku, other, numerator=new.numerator, denominator=new.denominator, rank=new.rank, note=new.note
    )
    return next(_substitute(row) for row in await substitutes.substitutes(sku) if row.substitute == other)


async def remove_substitute(call: Call[None]) -> None:
    await substitutes.forget_substitute(call.path["sku"], call.path["substitute"])


def _category(row: categories.CategoryRow) -> CategoryView:
    told = ("code", "name_en", "name_zh", "parent", "level", "skus")
    return CategoryView(**{name: getattr(row, name) for name in told})


def _substitute(row: substitutes.Substitute) -> SubstituteView:
    return SubstituteView(**{name: getattr(row, name) for name in SubstituteView.__struct_fields__})


_CATEGORY, _SKU = "/api/v1/categories/{category}", "/api/v1/skus/{sku}"
READ, WRITE = Permission.CATALOG_READ, Permission.CATALOG_WRITE
ROUTES = [
    Route("GET", "/api/v1/categories", tree, permission=READ, reply=CategoriesView, summary="The tree of categories"),
    Route(
        "PUT",
        _CATEGORY,
        put,
        permission=WRITE,
        body=PutCategory,
        reply=CategoryView,
        summary="Add a category, or say anew what it is called and where it stands",
        example=PutCategory(name_en="Dairy", name_zh="乳制品"),
        whole_chain=True,
    ),
    Route("DELETE", _CATEGORY, remove, permission=WRITE, summary="Remove a category with nothing in it", whole_chain=True),
    Route(
        "PUT",
        f"{_SKU}/category",
        put_sku,
        permission=WRITE,
        body=PutIntoCategory,
        reply=SkuView,
        summary="Put a SKU into a category, or into none",
        example=PutIntoCategory(category="dairy"),
        whole_chain=True,
    ),
    Route(
        "GET",
        f"{_SKU}/substitutes",
        listing,
        permission=READ,
        reply=Page[SubstituteView],
        summary="What people named to stand for a SKU when it is short",
    ),
    Route(
        "PUT",
        f"{_SKU}/substitutes/{{substitute}}",
        put_substitute,
        permission=WRITE,
        body=PutSubstitute,
        reply=SubstituteView,
        summary="Name what may stand for a SKU, how much of it for one, and what is offered first",
        example=PutSubstitute(numerator=2, rank=1, note="two small ones for a large one"),
        whole_chain=True,
    ),
    Route(
        "DELETE",
        f"{_SKU}/substitutes/{{substitute}}",
        remove_substitute,
        permission=WRITE,
        summary="Name it no longer",
        whole_chain=True,
    ),
]
