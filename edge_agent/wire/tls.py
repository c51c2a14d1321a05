"""TLS to broker and controller: the company's own CA and nobody else's, the host's name checked; and what is wrong, in words.

A box may have no clock of its own: after a power cut it begins in 1970, or where it stood when it went off.  A clock that is before
the CA's own beginning is certainly wrong, so that dates are then not looked at (signature and name are); all that the CA signs is
valid from the CA's beginning on, so that a later clock never finds a certificate "not yet valid".  The broker, with a clock that is
right, looks at the box's dates (docs/adr/0023).
"""

from __future__ import annotations

import logging
import ssl
import time
from dataclasses import dataclass
from pathlib import Path

from edge_agent.wire.errors import WireError

NO_CHECK_TIME = 0x200000
"""X509_V_FLAG_NO_CHECK_TIME (OpenSSL 1.1.0 and later, X509_VERIFY_PARAM_set_flags(3)); Python has no name for it."""

_log = logging.getLogger("wire.tls")


@dataclass(frozen=True, slots=True, kw_only=True)
class Tls:
    """PEM files: the CA that signed the other end's certificate; our own certificate and key, if we have one."""

    ca: Path
    cert: Path | None = None
    key: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """What is wrong with a connection, and what to do."""

    code: str
    words: str


class TlsFailed(WireError):
    """No secure connection came up; `trouble` says why."""

    code = "tls_failed"

    def __init__(self, trouble: Trouble) -> None:
        super().__init__(trouble.words)
        self.code = trouble.code  # the trouble's own


_UNTRUSTED = Trouble(
    code="tls_untrusted",
    words="What answers there has no certificate of our CA: the address is wrong, or somebody stands in between. Nothing was sent.",
)
_ENDED = Trouble(
    code="tls_expired",
    words="The other end's certificate has ended, or this machine's clock is ahead. Renew it, or set the clock.",
)
_NOT_YET = Trouble(
    code="tls_not_yet_valid",
    words="The other end's certificate is not valid yet by this machine's clock: the clock is behind. It is tried again by itself.",
)
_OTHER_HOST = Trouble(
    code="tls_wrong_host",
    words="What answers there is of our CA, but has another name than the configuration says. Correct the host, or issue it anew.",
)
_REVOKED = Trouble(
    code="tls_revoked",
    words="Our own certificate was revoked. A box keeps what it has; ask IT for a new certificate.",
)
_OWN_ENDED = Trouble(
    code="tls_own_expired",
    words="Our own certificate has ended. Renew it: shelfwire-provision renew; what a box has waits meanwhile.",
)
_REFUSED = Trouble(
    code="tls_refused",
    words="The other end does not take our own certificate: it is of another CA, or damaged. Put in what shelfwire-provision made.",
)
_ASKED = Trouble(
    code="tls_no_certificate",
    words="The other end asks for a certificate, and we have none: set `cert` and `key` in [broker].",
)
_BROKEN = Trouble(
    code="tls_failed",
    words="No secure connection: the other end does not speak TLS 1.2 or later there. Check host and port.",
)
CLOSED = Trouble(
    code="tls_closed",
    words="The other end closed the connection without a word. It may not take our own certificate; its own log says.",
)
"""Python's own servers end like this, without the alert that says why."""
_BY_VERIFY_CODE = {
    9: _NOT_YET,
    10: _ENDED,
    **dict.fromkeys((62, 63, 64), _OTHER_HOST),
}
"""X509_V_ERR_… (OpenSSL, X509_STORE_CTX_get_error(3)); all others say that it is not ours."""
_BY_ALERT = {
    "CERTIFICATE_REVOKED": _REVOKED,
    "CERTIFICATE_EXPIRED": _OWN_ENDED,
    "CERTIFICATE_REQUIRED": _ASKED,
    "UNKNOWN_CA": _REFUSED,
    "BAD_CERTIFICATE": _REFUSED,
    "CERTIFICATE_UNKNOWN": _REFUSED,
    "UNSUPPORTED_CERTIFICATE": _REFUSED,
    "ACCESS_DENIED": _REFUSED,
    "HANDSHAKE_FAILURE": _ASKED,
}
"""Alerts of the other end (RFC 8446, section 6.2), by the end of OpenSSL's name for them; TLS 1.2 has no CERTIFICATE_REQUIRED."""


def client_context(tls: Tls, now: float | None = None) -> ssl.SSLContext:
    """From the files as they are now, so that a renewed certificate serves the next connection.  Blocks.  Raises TlsFailed."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_verify_locations(tls.ca)
        if tls.cert is not None:
            context.load_cert_chain(tls.cert, tls.key, password=_no_passphrase)
    except (OSError, ValueError) as error:  # SSLError is an OSError
        raise TlsFailed(_files(tls, error)) from error
    if _is_before(context, time.time() if now is None else now):
        _log.warning("this machine's clock is before its CA's beginning: dates of certificates are not looked at until it is right")
        context.verify_flags |= NO_CHECK_TIME
    return context


def trouble_of(error: BaseException | None) -> Trouble | None:
    """What a TLS error means; None if it is none."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return _BY_VERIFY_CODE.get(error.verify_code, _UNTRUSTED)
    if isinstance(error, ssl.SSLError) and not isinstance(error, ssl.SSLZeroReturnError | ssl.SSLEOFError):
        reason = error.reason or ""
        return next((trouble for end, trouble in _BY_ALERT.items() if reason.endswith(end)), _BROKEN)
    return None


def _is_before(context: ssl.SSLContext, now: float) -> bool:
    begins = [ssl.cert_time_to_seconds(str(each["notBefore"])) for each in context.get_ca_certs()]
    return bool(begins) and now < min(begins)


def _files(tls: Tls, error: Exception) -> Trouble:
    names = ", ".join(str(path) for path in (tls.ca, tls.cert, tls.key) if path is not None)
    reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
    return Trouble(
        code="tls_files",
        words=f"The certificate's files cannot be used ({reason}): {names}. They must be readable and belong together.",
    )


def _no_passphrase() -> str:
    """Instead of OpenSSL's question at the terminal: a box starts by itself."""
    raise ValueError("the key has a passphrase; a box's key must have none")
