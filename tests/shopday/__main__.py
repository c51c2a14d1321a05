"""`make demo`: a shop on this machine with emulated devices, until Ctrl+C; with `--script`, a whole day without a person.

Exit status with `--script`: 0 only if everything that must hold did.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import signal
import sys
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

from drivers.emulators.bench.page import Bench, Goods, ShelfItem
from edge_agent.ui.listening import listening
from tests.shopday.catalogue import shop_skus
from tests.shopday.day import play_day
from tests.shopday.devices import Counter, add_arguments, counter_of
from tests.shopday.dressing import dress
from tests.shopday.past import tell
from tests.shopday.programs import free_port
from tests.shopday.shop import Shop, open_shop, pid_line
from tests.shopday.summary import Summary


def main() -> int:
    parser = argparse.ArgumentParser(prog="make demo", description="A shop on this machine, with emulated devices.")
    parser.add_argument("--script", action="store_true", help="play a whole shop day at full speed, check it, and end")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="keep the shop's files in this folder")
    add_arguments(parser)
    arguments = parser.parse_args()
    counter = counter_of(arguments)
    with contextlib.ExitStack() as stack:
        folder = arguments.keep or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="shelfwire-")))
        folder.mkdir(parents=True, exist_ok=True)
        try:
            return asyncio.run(_script(folder, counter) if arguments.script else _demo(folder, counter))
        except KeyboardInterrupt:
            return 130


async def _script(folder: Path, counter: Counter) -> int:
    print("A shop day, played by nobody: opening the shop …", flush=True)
    async with open_shop(folder, counter=counter) as shop:
        summary: Summary = await play_day(shop, say=lambda text: print(f"  {text}", flush=True))
    print(summary.text())
    return 0 if summary.holds else 1


async def _demo(folder: Path, counter: Counter) -> int:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    print("Opening the shop …", flush=True)
    bench_port = free_port()
    bench_url = f"http://127.0.0.1:{bench_port}/"
    if not (database := folder / "controller" / "controller.db").exists():
        await tell(database)
    async with open_shop(folder, bench_url, counter) as shop, _bench(shop, bench_port):
        print(f"\n  The shop is open:   {shop.api.url}/\n  Its devices, bench: {bench_url}", flush=True)
        print(f"  The box's pages:    {shop.floor}", flush=True)
        for each in shop.staff:
            print(f"    {each.name}: badge {each.badge}, PIN {each.pin}", flush=True)
        print(f"  Its API's token:    {shop.folder / 'api.token'}\n", flush=True)
        print(f"  Ctrl+C closes it. Processes: {pid_line(shop)}\n", flush=True)
        await stop.wait()
        print("\nClosing …", flush=True)
    print("Closed; nothing is left behind.", flush=True)
    return 0


@contextlib.asynccontextmanager
async def _bench(shop: Shop, port: int) -> AsyncIterator[None]:
    articles = [ShelfItem(name_en=sku.name_en, name_zh=sku.name_zh, code=sku.ean13, aim="") for sku in shop_skus() if sku.case_gtin]
    goods = Goods(articles=articles, papers=await dress(shop))
    bench = Bench(list(shop.devices.values()), goods, f"{shop.api.url}/")
    async with listening(bench.app(), "127.0.0.1", port, stop_seconds=0.5):
        yield


if __name__ == "__main__":
    sys.exit(main())
