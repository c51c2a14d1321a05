"""Where orders go to: sealed, found by keyed hashes, told in events by fields alone."""

from __future__ import annotations

import msgspec
import pytest

from controller import db
from controller.customers import order_addresses, sealing
from controller.customers.addresses import Address
from controller.customers.errors import BadCustomer, KeysUnavailable, SealBroken
from controller.customers.numbers import ORDERS
from controller.errors import NotFound
from controller.events import history
from controller.orders.numbers import ORDERS as ORDERS_OF_ORDERS

pytestmark = pytest.mark.usefixtures("keys")
ZHANG = Address(
    name="张三丰", phone="13812345678", province="广东省", city="深圳市", district="南山区", street="科技园路1号", postcode="518000"
)


def test_orders_are_named_as_orders_name_themselves() -> None:
    assert ORDERS.number(7) == ORDERS_OF_ORDERS.number(7)


async def test_an_address_comes_back_as_it_was_set_and_lies_sealed() -> None:
    assert await order_addresses.set_address(1, ZHANG)
    assert await order_addresses.address_of(1) == ZHANG
    (row,) = await db.fetch("SELECT * FROM order_address")
    kept = {name: value for name, value in row.items() if name not in ("province", "city", "set_at") and not name.endswith("_hash")}
    for word in ("张", "13812345678", "5678", "南山", "科技", "518000"):
        assert word not in str(kept), word
    stored = await order_addresses.stored_address(1)
    assert stored is not None
    assert (stored.region.country, stored.region.province, stored.region.city) == ("CN", "广东省", "深圳市")
    assert stored.region.point is not None
    assert stored.problems == ()


async def test_what_is_shown_by_default_is_masked() -> None:
    await order_addresses.set_address(1, ZHANG)
    masked = await order_addresses.masked_address(1)
    assert masked is not None
    assert (masked.name, masked.phone, masked.street) == ("张**", "138****5678", "***")
    assert (masked.province, masked.city, masked.district) == ("广东省", "深圳市", "南山区")


async def test_setting_the_same_again_is_no_news_and_a_change_says_which_fields() -> None:
    await order_addresses.set_address(1, ZHANG)
    assert not await order_addresses.set_address(1, ZHANG)
    assert await order_addresses.set_address(1, msgspec.structs.replace(ZHANG, street="人民路99号"))
    first, second = await history("SO-100001")
    assert first.data["is_change"] is False
    assert second.data == {"is_change": True, "fields": ["street"], "problems": []}


async def test_looking_at_it_in_clear_is_an_event_without_it() -> None:
    await order_addresses.set_address(1, ZHANG)
    assert (await order_addresses.reveal(1)).phone == "13812345678"
    seen = (await history("SO-100001"))[-1]
    assert (seen.name, seen.data) == ("personal_data_seen", {"what": "address"})


async def test_last_four_digits_belong_to_their_order() -> None:
    await order_addresses.set_address(1, ZHANG)
    await order_addresses.set_address(2, ZHANG)
    assert await order_addresses.is_last_four(1, "5678")
    assert not await order_addresses.is_last_four(1, "5679")
    assert not await order_addresses.is_last_four(3, "5678")
    hashes = {row["last_four_hash"] for row in await db.fetch("SELECT last_four_hash FROM order_address")}
    assert len(hashes) == 2, "the same digits look alike in no two orders"


async def test_orders_are_found_by_telephone_however_it_is_typed() -> None:
    await order_addresses.set_address(1, ZHANG)
    await order_addresses.set_address(2, msgspec.structs.replace(ZHANG, phone="+86 138-1234-5678", street="别处2号"))
    await order_addresses.set_address(3, msgspec.structs.replace(ZHANG, phone="13900001111"))
    for typed in ("138 1234 5678", "008613812345678", "１３８１２３４５６７８"):
        assert await order_addresses.orders_by_phone(typed) == [2, 1]
    with pytest.raises(BadCustomer):
        await order_addresses.orders_by_phone("call me")


async def test_orders_to_one_place_share_its_hash() -> None:
    await order_addresses.set_address(1, ZHANG)
    await order_addresses.set_address(
        2, msgspec.structs.replace(ZHANG, province="广东", city="深圳", street="科技园路 1 号", phone="+8613812345678")
    )
    await order_addresses.set_address(3, msgspec.structs.replace(ZHANG, street="科技园路2号"))
    stored = await order_addresses.stored_addresses([1, 2, 3, 4])
    assert stored[1].place_hash == stored[2].place_hash != stored[3].place_hash
    assert 4 not in stored


async def test_a_sealed_value_opens_in_its_own_row_alone() -> None:
    await order_addresses.set_address(1, ZHANG)
    await order_addresses.set_address(2, msgspec.structs.replace(ZHANG, name="李四"))
    await db.execute("UPDATE order_address SET sealed = (SELECT sealed FROM order_address WHERE order_id = 2) WHERE order_id = 1")
    with pytest.raises(SealBroken):
        await order_addresses.address_of(1)
    assert await order_addresses.masked_address(1) is None


async def test_what_is_erased_is_gone_and_told() -> None:
    await order_addresses.set_address(1, ZHANG)
    await order_addresses.set_address(2, ZHANG)
    assert await order_addresses.erase_addresses([1, 9]) == 1
    with pytest.raises(NotFound):
        await order_addresses.address_of(1)
    assert (await order_addresses.address_of(2)).name == "张三丰"
    assert (await history("SO-100001"))[-1].name == "order_address_erased"


async def test_without_keys_regions_are_known_and_persons_are_not() -> None:
    await order_addresses.set_address(1, ZHANG)
    sealing.close_keys("there is no key file")
    stored = await order_addresses.stored_address(1)
    assert stored is not None
    assert stored.region.city == "深圳市"
    assert await order_addresses.masked_address(1) is None
    with pytest.raises(KeysUnavailable):
        await order_addresses.address_of(1)
    with pytest.raises(KeysUnavailable):
        await order_addresses.set_address(2, ZHANG)
