"""Threads share two arenas, so that each does not keep what it once freed."""

from __future__ import annotations

import ctypes
import subprocess
import sys

import pytest

ARENAS = """
import ctypes, threading
from edge_agent.memory import be_frugal
{frugal}
libc = ctypes.CDLL(None)
libc.fopen.restype = libc.malloc.restype = ctypes.c_void_p
all_there = threading.Barrier(6)
def work():
    libc.malloc(100_000)
    all_there.wait()
threads = [threading.Thread(target=work) for _ in range(6)]
for thread in threads: thread.start()
for thread in threads: thread.join()
file = ctypes.c_void_p(libc.fopen(b"/dev/stdout", b"w"))
libc.malloc_info(0, file)
libc.fclose(file)
"""


def arenas(frugal: str) -> int:
    script = ARENAS.format(frugal=frugal)
    return subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout.count("<heap nr=")


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "malloc_info"), reason="only glibc has arenas")
def test_threads_share_two_arenas() -> None:
    assert arenas("be_frugal()") == 2
    assert arenas("") > 2
