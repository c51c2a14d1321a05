from __future__ import annotations

import pytest

from drivers.devices import Announces, Encoded, POSPrinter, PrinterStatus, PrintProof, Readiness, Resumes
from drivers.errors import DeviceFault, DeviceTimeout, DeviceUnavailable
from drivers.printers import escpos
from drivers.testing import OneByteAtATime, Silent, UnplugAfter, exchange
from drivers.transports.buffered import Pipe
from tests.drivers.documents import samples
from tests.drivers.printers.paired import Paired, read_back

FINE = [(b"\x10\x04" + bytes((n,)), b"\x12") for n in (1, 2, 3, 4)]
FIRST = bytes(8) + b"\x10\x04\x01"  # on a new connection: whatever header an earlier one left open ends before the question
FIRST_FINE = [(FIRST, b"\x12"), *FINE[1:]]
RECEIPT = samples.receipt()


# --- status ---


def test_status_asks_four_times_and_reads_the_manuals_bytes() -> None:
    asked = [(FIRST, b"\x1e"), (b"\x10\x04\x02", b"\x36"), (b"\x10\x04\x03", b"\x12"), (b"\x10\x04\x04", b"\x7e")]
    with exchange("escpos", *asked, through=OneByteAtATime) as printer:
        status = printer.status()
    assert (status.readiness, status.faults, status.drawer_open) == (Readiness.FAULT, ("cover_open", "paper_out"), True)


def test_silence_is_unknown() -> None:
    with exchange("escpos", (FIRST, None)) as printer:
        assert printer.status().readiness is Readiness.UNKNOWN


def test_silence_in_the_middle_is_unknown() -> None:
    with exchange("escpos", (FIRST, b"\x12"), (b"\x10\x04\x02", None)) as printer:
        assert printer.status().readiness is Readiness.UNKNOWN


def test_a_receipt_that_broke_off_inside_a_picture_does_not_swallow_the_next() -> None:
    pair = Paired("escpos")
    pair.emulator.on_bytes(pair.driver.encode_receipt(RECEIPT).data[:500])
    pair.driver.send(pair.driver.encode_receipt(RECEIPT))
    assert read_back(pair.papers[0]) == ["S-2026-000123"]
    assert pair.emulator.unknown == []


def test_garbage_before_an_answer_is_passed_over() -> None:
    with exchange("escpos", (FIRST, b"\xff\x80\x12"), *FINE[1:], options={"announces": False}) as printer:
        assert printer.status().readiness is Readiness.OK


def test_a_printer_pulled_out_is_unavailable() -> None:
    pair = Paired("escpos")
    with pytest.raises(DeviceUnavailable), exchange("escpos", through=lambda pipe: UnplugAfter(pipe, 0)) as printer:
        printer.send(pair.driver.encode_receipt(RECEIPT))


@pytest.mark.parametrize("fault", ["paper_out", "cover_open", "cutter"])
def test_the_emulators_faults_show_in_the_status_and_go_again(fault: str) -> None:
    pair = Paired("escpos")
    pair.fault(fault)
    assert pair.driver.status().faults == (fault,)
    pair.fault(fault, on=False)
    assert pair.driver.status().readiness is Readiness.OK


def test_paper_near_its_end_is_a_warning() -> None:
    pair = Paired("escpos")
    pair.fault("paper_near_end")
    assert pair.driver.status().warnings == ("paper_low",)


def test_the_drawer_shows_in_the_status() -> None:
    pair = Paired("escpos")
    pair.driver.open_drawer()
    assert pair.driver.status().drawer_open
    pair.do("drawer", open=False)
    assert not pair.driver.status().drawer_open
    assert [report["open"] for report in pair.reports] == [True, False]


# --- proof ---


@pytest.fixture(autouse=True)
def _process_ids_from_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(escpos, "_first_process_id", lambda: 0)


DOCUMENT = Encoded(b"x\n")
ASK_MODEL = b"\x1dI\x43\x1dr\x01"  # with the barrier behind it
ASK_PRINTED = b"\x1d(H\x06\x0000"


def test_a_model_with_process_ids_confirms() -> None:
    steps = [(ASK_MODEL, b"\x5fTM-T20III\x00\x00"), (ASK_PRINTED + b"0001", b"\x37\x220001\x00")]
    with exchange("escpos", *steps, (ASK_PRINTED + b"0002", b"\x37\x220002\x00")) as printer:
        assert printer.prove(DOCUMENT, 1) is PrintProof.CONFIRMED
        assert printer.prove(DOCUMENT, 1) is PrintProof.CONFIRMED  # the model's name is asked for once


def test_anothers_process_id_proves_nothing() -> None:
    with exchange("escpos", (ASK_PRINTED + b"0001", b"\x37\x229999\x00"), *FINE, options={"proof": "process_id"}) as printer:
        assert printer.prove(DOCUMENT, 0.5) is PrintProof.WRITTEN


def test_a_model_without_them_passes_a_barrier() -> None:
    with exchange("escpos", (ASK_MODEL, b"\x5fTM-T88III\x00\x00"), *FINE, (b"\x1dr\x01", b"\x00"), *FINE) as printer:
        assert printer.prove(DOCUMENT, 1) is PrintProof.STATUS_OK
        assert printer.prove(DOCUMENT, 1) is PrintProof.STATUS_OK


def test_a_clone_that_does_not_tell_its_model_passes_the_barrier_behind_the_question() -> None:
    with exchange("escpos", (ASK_MODEL, b"\x00"), *FINE, (b"\x1dr\x01", b"\x00"), *FINE) as printer:
        assert printer.prove(DOCUMENT, 1) is PrintProof.STATUS_OK
        assert printer.prove(DOCUMENT, 1) is PrintProof.STATUS_OK


def test_a_printer_too_slow_to_answer_is_asked_again_next_time() -> None:
    with exchange(
        "escpos", (ASK_MODEL, None), *FINE, (ASK_MODEL, b"\x5fTM-M30\x00"), (ASK_PRINTED + b"0001", b"\x37\x220001\x00")
    ) as printer:
        assert printer.prove(DOCUMENT, 0.5) is PrintProof.WRITTEN
        assert printer.prove(DOCUMENT, 0.5) is PrintProof.CONFIRMED


def test_a_printer_that_only_bears_a_confirming_name_is_asked_for_less_from_the_third_receipt_on() -> None:
    steps = [(ASK_MODEL, b"\x5fTM-T20III\x00\x00"), (ASK_PRINTED + b"0001", None), *FINE, (ASK_PRINTED + b"0002", None), *FINE]
    with exchange("escpos", *steps, (b"\x1dr\x01", b"\x00"), *FINE) as printer:
        assert printer.prove(DOCUMENT, 0.5) is PrintProof.WRITTEN
        assert printer.prove(DOCUMENT, 0.5) is PrintProof.WRITTEN
        assert printer.prove(DOCUMENT, 0.5) is PrintProof.STATUS_OK


def test_one_process_id_that_got_lost_costs_one_proof_and_no_more() -> None:
    answered = (ASK_PRINTED + b"0002", b"\x37\x220002\x00")
    steps = [
        (ASK_MODEL, b"\x5fTM-T20III\x00\x00"),
        (ASK_PRINTED + b"0001", None),
        *FINE,
        answered,
        (ASK_PRINTED + b"0003", None),
        *FINE,
    ]
    with exchange("escpos", *steps, (ASK_PRINTED + b"0004", b"\x37\x220004\x00")) as printer:
        proofs = [printer.prove(DOCUMENT, 0.5) for _ in range(4)]
    assert proofs == [PrintProof.WRITTEN, PrintProof.CONFIRMED, PrintProof.WRITTEN, PrintProof.CONFIRMED]


def test_a_barrier_not_passed_is_only_written() -> None:
    with exchange("escpos", (b"\x1dr\x01", None), *FINE, options={"proof": "barrier"}) as printer:
        assert printer.prove(DOCUMENT, 0.5) is PrintProof.WRITTEN


def test_silence_is_only_written() -> None:
    with exchange("escpos", through=Silent) as printer:
        assert printer.prove(DOCUMENT, 0.5) is PrintProof.WRITTEN


def test_a_fault_told_by_automatic_status_while_waiting_stops_the_job() -> None:
    with (
        exchange("escpos", (ASK_PRINTED + b"0001", b"\x18\x00\x0c\x00"), options={"proof": "process_id"}) as printer,
        pytest.raises(DeviceFault) as caught,
    ):
        printer.prove(DOCUMENT, 1)
    assert caught.value.faults == ("paper_out",)


def test_paper_that_ends_in_the_middle_is_a_fault_and_the_rest_comes_with_new_paper() -> None:
    pair = Paired("escpos")
    pair.do("paper", millimetres=10)
    encoded = pair.driver.encode_receipt(RECEIPT)
    pair.driver.send(encoded)
    with pytest.raises(DeviceFault) as caught:
        pair.driver.prove(encoded, 3)
    assert caught.value.faults == ("paper_out",)
    assert pair.copies == 0
    pair.fault("paper_out", on=False)
    assert pair.copies == 1
    assert read_back(pair.papers[0]) == ["S-2026-000123"]


@pytest.mark.parametrize(("model", "proof"), [("TM-T20III", PrintProof.CONFIRMED), ("POS-80", PrintProof.STATUS_OK)])
def test_proofs_by_the_emulator(model: str, proof: PrintProof) -> None:
    pair = Paired("escpos")
    pair.do("model", name=model)
    encoded = pair.driver.encode_receipt(RECEIPT)
    pair.driver.send(encoded)
    assert pair.driver.prove(encoded, 2) is proof


def test_it_is_a_pos_printer() -> None:
    assert isinstance(Paired("escpos").driver, POSPrinter)


# --- changes told by itself, jobs that outlast a fault, printers that answer nothing ---

NULS = bytes(24 * (576 + 7) // 8 + 8)


def test_once_it_is_ready_it_is_told_to_announce_and_what_it_announces_is_heard() -> None:
    told = [(None, b"\x10\x00\x00\x00\x18\x00"), (None, b"\x0c\x00")]
    with exchange("escpos", *FIRST_FINE, (NULS + b"\x1da\x0f", None), *told, through=OneByteAtATime) as printer:
        assert printer.status().readiness is Readiness.OK
        heard = [printer.announced() for _ in range(9)]
    assert isinstance(printer, Announces)
    assert [status.faults for status in heard if status] == [(), ("paper_out",)]


def test_what_was_announced_before_it_was_asked_is_old() -> None:
    steps = [(FIRST, b"\x18\x00\x0c\x00\x12"), *FINE[1:]]
    with exchange("escpos", *steps, options={"announces": False}) as printer:
        assert printer.status().readiness is Readiness.OK


def test_a_printer_that_answers_nothing_is_one_way_by_configuration() -> None:
    with exchange("escpos", (NULS + b"x\n", None), options={"answers": False}) as printer:
        assert printer.status() == PrinterStatus(Readiness.UNKNOWN, is_one_way=True)
        printer.send(DOCUMENT)
        assert printer.prove(DOCUMENT, 1) is PrintProof.WRITTEN
        assert printer.announced() is None
        assert b"\x1da" not in printer.encode_receipt(RECEIPT).data


@pytest.mark.parametrize("level", ["high", "low"])
def test_the_drawer_shows_with_either_wiring(level: str) -> None:
    pair = Paired("escpos", {"drawer_open": level})
    pair.do("wiring", open=level)
    assert pair.driver.status().drawer_open is False
    pair.driver.open_drawer()
    assert pair.driver.status().drawer_open is True


@pytest.mark.parametrize(("model", "proof"), [("TM-T88VI", PrintProof.CONFIRMED), ("TM-T88III", PrintProof.STATUS_OK)])
def test_paper_that_ends_in_the_middle_delays_the_proof_until_the_rest_is_out(model: str, proof: PrintProof) -> None:
    pair = Paired("escpos")
    pair.do("model", name=model)
    pair.do("paper", millimetres=10)
    encoded = pair.driver.encode_receipt(RECEIPT)
    pair.driver.send(encoded)
    with pytest.raises(DeviceFault):
        pair.driver.prove(encoded, 2)
    with pytest.raises(DeviceFault):
        pair.driver.resume_proof(1)
    assert pair.copies == 0
    pair.do("paper", millimetres=3000)
    assert pair.driver.resume_proof(1) is proof
    assert pair.copies == 1
    assert pair.driver.resume_proof(1) is None  # nothing is open any more
    assert isinstance(pair.driver, Resumes)


def test_paper_that_ends_with_the_receipt_delays_a_barriers_good_status() -> None:
    paper_out = [(FINE[0][0], b"\x1a"), (FINE[1][0], b"\x32"), FINE[2], (FINE[3][0], b"\x72")]
    with exchange("escpos", (b"\x1dr\x01", b"\x00"), *paper_out, *FINE, options={"proof": "barrier"}) as printer:
        with pytest.raises(DeviceFault):
            printer.prove(DOCUMENT, 1)
        assert printer.resume_proof(1) is PrintProof.STATUS_OK


def test_a_printer_switched_off_and_on_meanwhile_confirms_nothing() -> None:
    pair = Paired("escpos")
    pair.do("paper", millimetres=10)
    encoded = pair.driver.encode_receipt(RECEIPT)
    pair.driver.send(encoded)
    with pytest.raises(DeviceFault):
        pair.driver.prove(encoded, 2)
    pair.do("off_and_on")
    pair.fault("paper_out", on=False)
    assert pair.driver.resume_proof(1) is None
    assert pair.copies == 0


def test_after_a_write_that_did_not_get_through_the_next_one_completes_it_first() -> None:
    class Full:
        def __init__(self, pipe: Pipe) -> None:
            self.pipe, self.is_full = pipe, True

        def send(self, data: bytes) -> None:
            if self.is_full and data == b"x\n":
                raise DeviceTimeout("it takes no more")
            self.pipe.send(data)

        def receive(self, timeout: float) -> bytes:
            return self.pipe.receive(timeout)

        def close(self) -> None:
            self.pipe.close()

    lines: list[Full] = []

    def through(pipe: Pipe) -> Pipe:
        lines.append(Full(pipe))
        return lines[0]

    with exchange("escpos", (NULS, None), (NULS, None), (b"x\n", None), options={"announces": False}, through=through) as printer:
        with pytest.raises(DeviceTimeout):
            printer.send(DOCUMENT)
        lines[0].is_full = False
        printer.send(DOCUMENT)


def test_it_never_clears_an_error_by_itself() -> None:
    pair = Paired("escpos")
    pair.driver.status()
    pair.fault("cutter")
    encoded = pair.driver.encode_receipt(RECEIPT)
    pair.driver.send(encoded)
    with pytest.raises(DeviceFault):
        pair.driver.prove(encoded, 3)
    assert pair.driver.status().faults == ("cutter",)
