"""Mosquitto's configuration: TLS with client certificates, who may do what, limits.  Written for Mosquitto 2.0.11 and later.

A box's name is its certificate's, whatever it says in CONNECT (`use_identity_as_username`), and so is its client id
(`use_username_as_clientid`), so that nobody can take over another one's session.  What the access list does not grant is denied.
Source: mosquitto.conf(5) of 2.0.11.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from edge_agent.wire.topics import ROOT, GatewayTopic, box_filters, gateway_filters
from provisioning.errors import BadName
from provisioning.files import SHARED, write_whole
from provisioning.issuing import GATEWAY_PREFIX
from provisioning.register import Kind, Register

CONF, ACCESS, WITHDRAWN = "shelfwire.conf", "access/shelfwire.acl", "withdrawn"
MAX_PACKET = 256 * 1024
"""Bytes of one packet: payloads have at most 64 KiB (`edge_agent.wire.codec.MAX_PAYLOAD`), the rest is topic and properties."""
_BOX_SAYS = (
    "+/state",
    "_/desc",
    "+/fact/+",
    "_/batch",
    "+/live/+",
    "+/job/+/res",
    "+/cmd/+/res",
    "_/twin/reported",
    "_/alert/+",
    "_/tel",
    "_/log",
)
_GATEWAY_SAYS = ("_/ack", "+/job/+/req", "+/cmd/+/req", "_/twin/desired")
_HEAD = "# Written by `shelfwire-provision mosquitto`: what is not granted here is denied.  Changes by hand are lost.\n"

_CONF = """\
# Written by `shelfwire-provision mosquitto`.  Changes by hand are lost; settings of your own go into another file of conf.d.
per_listener_settings false
allow_anonymous false
acl_file {folder}/{access}

listener {port}{address}
cafile {folder}/ca.pem
certfile {folder}/broker.pem
keyfile {folder}/broker.key
crlfile {folder}/ca.crl
tls_version tlsv1.2
require_certificate true
# Who somebody is, is what the certificate says: the name, and with it the client id.
use_identity_as_username true
use_username_as_clientid true
max_connections {connections}

# A packet of ours has at most 64 KiB of payload.
max_packet_size {packet}
# Loss at the broker is harmless: boxes keep what the controller has not acked.  A flood of one must not fill the others' memory.
max_queued_messages 100000
max_queued_bytes 268435456
max_inflight_messages 100
queue_qos0_messages false
persistent_client_expiration 14d
# Without it small windows wait for Nagle's algorithm: 491 messages a second instead of 86,000.
set_tcp_nodelay true

# Kept over a planned restart, and no promise: nothing relies on it, and no write waits for it (docs/adr/0023).
persistence true
persistence_location {store}/
autosave_interval 300
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listener:
    """Where the broker listens, how many may connect, where it keeps its file; `folder`: where ours will be, if it is copied."""

    port: int = 8883
    address: str = ""
    connections: int = 2000
    store: Path = Path("/var/lib/mosquitto")
    folder: Path | None = None


def configuration(folder: Path, listener: Listener) -> str:
    return _CONF.format(
        folder=folder,
        access=ACCESS,
        port=listener.port,
        address=f" {listener.address}" if listener.address else "",
        connections=listener.connections,
        packet=MAX_PACKET,
        store=listener.store,
    )


def access_list(register: Register, withdrawn: Iterable[str] = ()) -> str:
    """A block for each gateway and each box whose certificate holds; boxes that the controller withdrew have none."""
    out = set(withdrawn)
    blocks = [_gateway_block(name) for name in sorted({each.name for each in register.live(Kind.GATEWAY)})]
    boxes = {each.name: str(each.site) for each in register.live(Kind.BOX)}
    blocks += [_box_block(box, site) for box, site in sorted(boxes.items()) if box not in out]
    return _HEAD + "".join(blocks)


def withdrawn_boxes(folder: Path) -> list[str]:
    """Boxes that the controller revoked: noted beside the access list, so that writing it anew does not let them in again."""
    try:
        return sorted(set((folder / WITHDRAWN).read_text(encoding="utf-8").split()))
    except FileNotFoundError:
        return []


def withdraw(access: Path, box: str) -> bool:
    """Take a box's block out of an access list that is in use, and note it; whether there was one.  Raises OSError, BadName.

    Mosquitto drops the box's rights once it got SIGHUP, in open sessions too (RELIABILITY 1: 0.02 s).
    """
    if not box or set(box) - set("abcdefghijklmnopqrstuvwxyz0123456789-"):
        raise BadName(f"{box!r} is no box")
    is_changed = _rewrite_without(access, box)
    text = "".join(f"{name}\n" for name in sorted({*withdrawn_boxes(access.parent), box}))
    write_whole(access.parent / WITHDRAWN, text.encode(), SHARED)
    return is_changed


def reinstate(access: Path, box: str, site: str) -> None:
    """The opposite, for a box that got a new certificate.  Raises OSError."""
    _rewrite_without(access, box)
    write_whole(access, access.read_bytes() + _box_block(box, site).encode(), SHARED)
    names = [name for name in withdrawn_boxes(access.parent) if name != box]
    write_whole(access.parent / WITHDRAWN, "".join(f"{name}\n" for name in names).encode(), SHARED)


def _rewrite_without(access: Path, box: str) -> bool:
    text = access.read_text(encoding="utf-8")
    head, *blocks = text.split("\nuser ")
    kept = [block for block in blocks if block.splitlines()[0] != box]
    if len(kept) == len(blocks):
        return False
    whole = "\nuser ".join([head, *kept])
    write_whole(access, (whole if whole.endswith("\n") else whole + "\n").encode(), SHARED)
    return True


def _box_block(box: str, site: str) -> str:
    own = f"{ROOT}/{site}/{box}"
    return _block(box, writes=[f"{own}/{tail}" for tail in _BOX_SAYS], reads=box_filters(site, box))


def _gateway_block(gateway: str) -> str:
    says = [str(GatewayTopic(gateway)), *(f"{ROOT}/+/+/{tail}" for tail in _GATEWAY_SAYS)]
    return _block(GATEWAY_PREFIX + gateway, writes=says, reads=gateway_filters())


def _block(user: str, *, writes: Iterable[str], reads: Iterable[str]) -> str:
    lines = [f"topic write {topic}" for topic in writes] + [f"topic read {topic}" for topic in reads]
    return "\n".join(["", f"user {user}", *lines]) + "\n"
