"""HTTPS to the controller's listener for boxes: the box's own certificate, and no trust in anybody but the company's CA."""

from __future__ import annotations

import ssl
from collections.abc import Callable

from edge_agent.config import BrokerConfig
from edge_agent.wire.tls import Tls, client_context

NewContext = Callable[[], ssl.SSLContext]
"""A context from the files as they are now; blocks.  Raises TlsFailed."""


def tls_of(broker: BrokerConfig) -> Tls | None:
    """What `[broker]` says: the same CA and certificate serve the broker and the controller.  None: no TLS."""
    return Tls(ca=broker.ca, cert=broker.cert, key=broker.key) if broker.ca else None


def controller_context(broker: BrokerConfig) -> NewContext:
    """For each connection to the controller; without a CA of our own it is checked against the system's."""
    tls = tls_of(broker)
    if tls is None:
        return ssl.create_default_context
    return lambda: client_context(tls)
