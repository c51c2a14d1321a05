from __future__ import annotations

from tests.shopday.catalogue import check_digit, shop_bins, shop_skus, weighed_ean13


def test_the_check_digit_is_the_one_of_the_standards_example() -> None:
    # GS1 General Specifications, section 7.9.1: GTIN-13 629104150021 -> 3
    assert check_digit("629104150021") == "3"


def test_every_number_is_unique_and_has_its_check_digit() -> None:
    skus = shop_skus()
    numbers = [sku.gtin for sku in skus] + [sku.case_gtin for sku in skus if sku.case_gtin]
    assert len(set(numbers)) == len(numbers)
    assert all(len(number) == 14 and check_digit(number[:-1]) == number[-1] for number in numbers)
    assert len({sku.sku for sku in skus}) == len(skus) >= 200


def test_a_case_holds_its_piece() -> None:
    for sku in shop_skus():
        assert sku.case_gtin is None or (sku.case_gtin[1:13] == sku.gtin[1:13] and sku.case_size > 1)


def test_prices_and_weights_are_whole_and_positive() -> None:
    assert all(sku.price_minor > 0 and sku.weight_grams > 0 for sku in shop_skus())


def test_bins_hold_at_most_two_skus() -> None:
    assert len(shop_bins()) >= len(shop_skus()) // 2


def test_a_weight_is_in_the_in_store_number() -> None:
    assert weighed_ean13(101, 1250)[:12] == "210010101250"
