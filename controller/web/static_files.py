"""Style sheets and scripts: read once, served under an address with their content's version, so that browsers keep them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from importlib.resources import files
from pathlib import PurePosixPath

from aiohttp import web

TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml", ".png": "image/png"}
_ROOTS = (("edge_agent.ui", "static"), ("controller.web", "static"))


@dataclass(frozen=True, slots=True)
class Asset:
    body: bytes
    media_type: str
    version: str


def load_assets() -> dict[str, Asset]:
    """By path below /static/."""
    found: dict[str, Asset] = {}
    for package, folder in _ROOTS:
        root = files(package) / folder
        for path in [*root.iterdir(), *(root / "vendor").iterdir()] if (root / "vendor").is_dir() else root.iterdir():
            suffix = PurePosixPath(path.name).suffix
            if not path.is_file() or suffix not in TYPES:
                continue
            body = path.read_bytes()
            found[path.name] = Asset(body, TYPES[suffix], hashlib.sha256(body).hexdigest()[:12])
    return found


class StaticFiles:
    """Serves the assets; `address` is what pages link to."""

    def __init__(self) -> None:
        self._assets = load_assets()

    def address(self, name: str) -> str:
        return f"/static/{name}?v={self._assets[name].version}"

    async def serve(self, request: web.Request) -> web.Response:
        asset = self._assets.get(request.match_info["name"])
        if asset is None:
            raise web.HTTPNotFound
        current = request.query.get("v") == asset.version
        cache = "public, max-age=31536000, immutable" if current else "no-cache"
        response = web.Response(body=asset.body, content_type=asset.media_type, charset="utf-8", headers={"Cache-Control": cache})
        response.enable_compression()
        return response
