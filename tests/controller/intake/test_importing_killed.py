"""A process that hands on a file's orders is killed in the middle: another one goes on, and no order is doubled or lost."""

from __future__ import annotations

import asyncio
import shutil
import sys
from pathlib import Path

from controller import db
from controller.intake import file_queries, importing
from controller.intake.taking import take_waiting
from tests.controller.customers.keys import open_test_keys
from tests.controller.orders_shop import OrderShop, told

ORDERS = 60
CHILD = """
import asyncio, sys
from controller import db
from controller.intake import importing
from tests.controller.customers.keys import open_test_keys

async def main():
    await db.connect(sys.argv[1])
    await open_test_keys()
    importing.AT_ONCE = 3

    def tell(handed):
        print(handed, flush=True)
        if handed >= 30:
            sys.stdin.readline()  # however late the other one kills it, it is not through

    await importing.hand_on(tell)

asyncio.run(main())
"""


async def killed_after(url: str, pieces: int) -> None:
    """Start handing on, and kill -9 after some pieces, wherever it is then."""
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-c", CHILD, url, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    assert child.stdout is not None
    for _ in range(pieces):
        assert await child.stdout.readline()
    child.kill()
    await child.wait()


async def test_after_kill_9_it_goes_on_and_no_order_is_doubled(tmp_path: Path, schema_file: Path) -> None:
    url = f"sqlite://{shutil.copy(schema_file, tmp_path / 'controller.db')}"
    await db.connect(url)
    await open_test_keys()
    shop = await OrderShop.open()
    await shop.stock("tea", 1000)
    body = "reference,sku,quantity,site\n" + "".join(f"A-{n},tea,1,s1\n" for n in range(ORDERS))
    file = await importing.keep(await importing.read(body.encode()), "orders.csv")
    await importing.start(file)
    await db.close()
    await killed_after(url, 4)
    await db.connect(url)
    await open_test_keys()
    handed = (await file_queries.file(file)).handed
    assert 0 < handed < ORDERS
    assert await told("raw_order_came") == handed
    await importing.hand_on()
    await take_waiting()
    assert (await file_queries.file(file)).handed == ORDERS
    assert await told("order_placed") == ORDERS
    rows = await db.fetch("SELECT COUNT(DISTINCT reference) AS n FROM sales_order WHERE channel = 'file'")
    assert rows == [{"n": ORDERS}]
    await db.close()
