"""The shop day's catalogue, through the product's own import."""

from __future__ import annotations

from controller.catalog.imports import import_catalog
from controller.catalog.queries import Found, SymbolKey, resolve
from tests.shopday.catalogue import catalogue_csv, shop_skus, weighed_ean13


async def test_the_catalogue_is_one_that_the_product_takes_in_and_resolves(database: str) -> None:
    report = await import_catalog(catalogue_csv().splitlines(keepends=True))
    assert report.errors == []
    skus = shop_skus()
    keys = [SymbolKey(text=sku.ean13, gtin=sku.gtin) for sku in skus if sku.case_gtin]
    cases = [SymbolKey(text=sku.case_gtin, gtin=sku.case_gtin) for sku in skus if sku.case_gtin]
    pieces = [sku for sku in skus if sku.case_gtin]
    for sku, found, case in zip(pieces, await resolve(keys, site_id="s1"), await resolve(cases, site_id="s1"), strict=True):
        assert isinstance(found, Found)
        assert isinstance(case, Found)
        assert (found.sku, found.base_units(1)) == (sku.sku, 1)
        assert (case.sku, case.base_units(1)) == (sku.sku, sku.case_size)
    apples = weighed_ean13(101, 1250)
    weighed = (await resolve([SymbolKey(text=apples, gtin=f"0{apples}")], site_id="s1"))[0]
    assert isinstance(weighed, Found)
    assert (weighed.sku, weighed.base_units(1)) == ("900-1", 1250)
