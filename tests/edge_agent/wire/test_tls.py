"""What is wrong with TLS, in words, whatever is in the files and whatever the other end says."""

from __future__ import annotations

import ssl
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_agent.wire.tls import Tls, TlsFailed, client_context, trouble_of


@given(st.binary(max_size=400), st.binary(max_size=400))
@settings(max_examples=50, deadline=None)
def test_files_that_are_none_are_told_as_that(ca: bytes, key: bytes) -> None:
    with TemporaryDirectory() as folder:
        for name, content in (("ca", ca), ("key", key)):
            (Path(folder) / name).write_bytes(content)
        tls = Tls(ca=Path(folder) / "ca", cert=Path(folder) / "key", key=Path(folder) / "key")
        with pytest.raises(TlsFailed, match="files cannot be used") as caught:
            client_context(tls)
        assert caught.value.code == "tls_files"


@pytest.mark.parametrize(
    ("reason", "code"),
    [
        ("SSLV3_ALERT_CERTIFICATE_REVOKED", "tls_revoked"),
        ("SSLV3_ALERT_CERTIFICATE_EXPIRED", "tls_own_expired"),
        ("TLSV13_ALERT_CERTIFICATE_REQUIRED", "tls_no_certificate"),
        ("TLSV1_ALERT_UNKNOWN_CA", "tls_refused"),
        ("WRONG_VERSION_NUMBER", "tls_failed"),
        ("", "tls_failed"),
    ],
)
def test_each_alert_of_the_other_end_has_its_words(reason: str, code: str) -> None:
    error = ssl.SSLError(1, "…")
    error.reason = reason
    trouble = trouble_of(error)
    assert trouble is not None
    assert (trouble.code, trouble.words.endswith(".")) == (code, True)


@pytest.mark.parametrize(
    ("verify_code", "code"),
    [
        (9, "tls_not_yet_valid"),
        (10, "tls_expired"),
        (62, "tls_wrong_host"),
        (64, "tls_wrong_host"),
        (18, "tls_untrusted"),
        (26, "tls_untrusted"),
    ],
)
def test_each_fault_of_the_other_ends_certificate_has_its_words(verify_code: int, code: str) -> None:
    error = ssl.SSLCertVerificationError(1, "…")
    error.verify_code = verify_code
    trouble = trouble_of(error)
    assert trouble is not None
    assert trouble.code == code


@pytest.mark.parametrize("error", [None, OSError("gone"), ConnectionResetError(), ssl.SSLEOFError(8, "eof"), ValueError()])
def test_what_is_no_matter_of_tls_has_no_words_of_it(error: Exception | None) -> None:
    assert trouble_of(error) is None
