"""`ledger verify`: every block of the ledger, at the command line."""

from __future__ import annotations

from collections.abc import Callable

from controller.proofs.seals import head, unsealed, verify

BLOCKS_AT_ONCE = 50


async def verify_all(tell: Callable[[str], object], *, expect: str | None = None) -> bool:
    """Tell which entries are not those that were sealed, and the newest seal, to be noted where nobody here can change it.

    `expect`: `NUMBER:HASH` of a seal noted before.  Whether all is as it was.
    """
    after = entries = 0
    sound, noted = True, expect is None
    while True:
        blocks, broken = await verify(after=after, limit=BLOCKS_AT_ONCE)
        if not blocks:
            break
        for each in broken:
            what = f"entry {each.entry} is {each.what}" if each.entry is not None else each.what
            tell(f"block {each.block}: {what}")
        sound = sound and not broken
        noted = noted or expect in {f"{block.number}:{block.hash}" for block in blocks}
        entries += sum(block.entries for block in blocks)
        after = blocks[-1].number
    if not noted:
        tell(f"no block is {expect}: the chain is not the one that was noted")
    newest, waiting = await head(), await unsealed()
    tell(f"{newest.number} blocks with {entries} entries; {waiting.entries} entries are not sealed yet")
    if newest.number:
        tell(f"the newest seal is {newest.number}:{newest.hash}")
    return sound and noted
