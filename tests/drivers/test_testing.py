from __future__ import annotations

from random import Random

import pytest

from drivers.devices import Transport
from drivers.errors import DeviceUnavailable
from drivers.testing import GarbageFirst, Lossy, OneByteAtATime, ScriptedTransport, Silent, UnplugAfter, exchange


def test_a_script_answers_what_is_written_in_pieces_and_together() -> None:
    transport = ScriptedTransport((b"AB", b"1"), (b"C", None), (None, b"2"), (b"D", b"3"))
    transport.write(b"A")
    assert transport.read(9, 0) == b""
    transport.write(b"BC")
    assert transport.read(9, 0) == b"12"
    transport.write(b"D")
    assert transport.read(9, 0) == b"3"
    transport.check_finished()


@pytest.mark.parametrize(("written", "why"), [(b"X", "expected"), (b"WX", "at its end")])
def test_an_unexpected_write_fails(written: bytes, why: str) -> None:
    with pytest.raises(AssertionError, match=why):
        ScriptedTransport((b"W", b"")).write(written)


def test_leaving_an_exchange_fails_on_what_was_not_written() -> None:
    with pytest.raises(AssertionError, match="not written"), exchange("toledo.8217", (b"W", b"\r"), options={"unit": "kg"}):
        pass


def test_leaving_an_exchange_fails_on_what_was_not_read() -> None:
    step = (b"W", b"\x0201.234\rmore")
    with pytest.raises(AssertionError, match="not read"), exchange("toledo.8217", step, options={"unit": "kg"}) as scale:
        scale.read_weight()


def test_an_error_inside_an_exchange_is_not_hidden() -> None:
    with pytest.raises(KeyError), exchange("toledo.8217", (b"W", b""), options={"unit": "kg"}):
        raise KeyError


def test_fault_lines_do_what_their_names_say() -> None:
    assert _talk(ScriptedTransport((None, b"abc"), through=OneByteAtATime)) == [b"a", b"b", b"c"]
    assert _talk(ScriptedTransport((None, b"abc"), through=GarbageFirst)) == [b"\xff\x00\x7fabc"]
    assert _talk(ScriptedTransport((None, b"abc"), through=Silent)) == []
    lossy = _talk(ScriptedTransport((None, b"x" * 1000), through=lambda pipe: Lossy(pipe, Random(1))))
    assert 800 < len(b"".join(lossy)) < 950


def test_an_unplugged_line_lets_its_bytes_through_and_is_gone() -> None:
    transport = ScriptedTransport((b"W", b"abc"), through=lambda pipe: UnplugAfter(pipe, 3))
    transport.write(b"W")
    assert transport.read(9, 0) == b"ab"
    with pytest.raises(DeviceUnavailable):
        transport.read(9, 0)
    with pytest.raises(DeviceUnavailable):
        transport.write(b"W")


def _talk(transport: Transport) -> list[bytes]:
    return list(iter(lambda: transport.read(4096, 0), b""))
