"""The caller dies after the provider has answered and before that is noted: the provider is asked, and nothing is taken twice."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import sys
from pathlib import Path

from controller import db
from controller.payments.capturing import Starting, start
from controller.payments.config import Payments, ProviderSection
from controller.payments.policies import Means, PaymentState
from controller.payments.providers import set_providers
from tests.controller.payments.money import checked, order
from tests.controller.payments.provider_server import provider
from tests.controller.payments.test_calling import all_calls, due_now

PLACE = "ctl.payment_called_before_commit"
CALLER = """
import asyncio, sys
from pathlib import Path
from random import Random
from controller import db
from controller.payments.calling import call_next
from controller.payments.config import Payments, ProviderSection
from controller.payments.providers import set_providers

async def main():
    await db.connect(sys.argv[1])
    set_providers(Payments(providers={"acme": ProviderSection(url=sys.argv[2], secret_file=Path(sys.argv[3]))}))
    await call_next(Random(1))

asyncio.run(main())
"""


async def test_what_was_answered_and_not_noted_is_asked_for(tmp_path: Path, schema_file: Path) -> None:
    url = f"sqlite://{shutil.copy(schema_file, tmp_path / 'controller.db')}"
    await db.connect(url)
    async with provider(tmp_path) as acme:
        await order(1)
        await start(1, Starting(means=Means.ONLINE, provider="acme"))
        await db.close()
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", CALLER, url, acme.url, str(tmp_path / "secret")),
            env=os.environ | {"SHELFWIRE_FAILPOINTS": f"{PLACE}=crash"},
        )
        async with asyncio.timeout(60):
            assert await process.wait() == -signal.SIGKILL
        assert acme.actions() == [("authorise", 10_000)], "the provider has it"
        await db.connect(url)
        set_providers(Payments(providers={"acme": ProviderSection(url=acme.url, secret_file=tmp_path / "secret")}))
        assert (await checked(1)).state is PaymentState.PENDING
        await due_now()
        await all_calls()
        assert (await checked(1)).state is PaymentState.AUTHORISED
        assert (acme.actions(), len(acme.asked)) == ([("authorise", 10_000)], 1)
        await db.close()
