"""Telling those who must know: the broker, by SIGHUP, and the controller, through its API."""

from __future__ import annotations

import hashlib
import http.client
import json
import os
import signal
import ssl
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, urlsplit

from provisioning.errors import NotTold
from provisioning.register import Issued

SECONDS = 20
_ENOUGH = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class Api:
    """A controller's API; `ca` is a file with the CA of its reverse proxy, if that is no public one."""

    url: str
    token: str
    ca: Path | None = None

    def post(self, path: str, body: Mapping[str, object]) -> None:
        """Raises NotTold."""
        if urlsplit(self.url).scheme not in ("http", "https"):
            raise NotTold(f"{self.url!r} is not the address of a controller (https://…)")
        raw = json.dumps(body, sort_keys=True).encode()
        headers = {
            "Authorization": f"Bearer {self.token}",
            "Content-Type": "application/json",
            "Idempotency-Key": f"provision-{hashlib.sha256(path.encode() + raw).hexdigest()[:32]}",
        }
        request = urllib.request.Request(self.url.rstrip("/") + path, data=raw, headers=headers, method="POST")
        context = ssl.create_default_context(cafile=str(self.ca) if self.ca else None)
        try:
            with urllib.request.urlopen(request, timeout=SECONDS, context=context) as answer:
                answer.read()
        except urllib.error.HTTPError as error:
            raise NotTold(f"the controller refuses {path}: {_detail(error)}") from error
        except (OSError, http.client.HTTPException) as error:
            raise NotTold(f"the controller at {self.url} does not answer ({error}): try again, nothing is lost") from error


def enrol(api: Api, box: str, site: str, name: str | None, certificate: bytes) -> None:
    """The controller knows the box and lets it in with this certificate; without a name it knows it already.  Raises NotTold."""
    if name is not None:
        api.post("/api/v1/boxes", {"id": box, "site": site, "name": name})
    api.post(f"/api/v1/boxes/{quote(box)}/certificates", {"certificate": certificate.decode()})


def revoke(api: Api, box: str, revoked: Issued | None) -> None:
    """The controller takes nothing more from the box; or from one of its certificates.  Raises NotTold."""
    api.post(f"/api/v1/boxes/{quote(box)}/revoke", {"serial": revoked.serial} if revoked else {})


def hang_up(pid_file: Path) -> None:
    """Have Mosquitto read its access list, certificates and list of the revoked again.  Raises NotTold."""
    try:
        os.kill(int(pid_file.read_text(encoding="ascii").strip()), signal.SIGHUP)
    except (OSError, ValueError) as error:
        raise NotTold(
            f"the broker could not be told ({pid_file}: {error}): run `systemctl reload mosquitto`, or send it SIGHUP"
        ) from error


def _detail(error: urllib.error.HTTPError) -> str:
    text = error.read(_ENOUGH * 10).decode("utf-8", "replace")
    try:
        return str(json.loads(text)["detail"])
    except (ValueError, KeyError, TypeError):
        return f"{error.code} {text[:_ENOUGH]}"
