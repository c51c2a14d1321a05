"""Where a request of a browser came from, for pages that answer only their own (Fetch Metadata; RFC 6454)."""

from __future__ import annotations

import ipaddress
from collections.abc import Collection
from urllib.parse import urlsplit


def is_foreign(host: str, origin: str | None, fetch_site: str | None) -> bool:
    """Whether a page of another origin sent it.  `host`, `origin`, `fetch_site`: Host, Origin and Sec-Fetch-Site as they came."""
    return fetch_site not in (None, "same-origin", "none") or (origin is not None and _host_of(origin)[0] != host)


def name_of(host: str) -> str:
    """The name or address in a Host header, without its port; empty when it has none."""
    return _host_of(f"//{host}")[1]


def is_ours(name: str, names: Collection[str]) -> bool:
    """Whether it is one of our names, or an address: a foreign name that resolves here (DNS rebinding) is neither."""
    return name in names or _is_address(name)


def _host_of(address: str) -> tuple[str, str]:
    """Host with its port as written, and the host alone; empty when the address is none."""
    try:
        parts = urlsplit(address)
        return parts.netloc, (parts.hostname or "").lower()
    except ValueError:
        return "", ""


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return host == "localhost"
    return True
