"""Serves style sheets and scripts: those of the shared design language, and the office's own."""

from __future__ import annotations

from aiohttp import web

from edge_agent.ui.assets import UI, Assets


class StaticFiles:
    """Serves the assets; `address` is what pages link to."""

    def __init__(self) -> None:
        self._assets = Assets((UI, ("controller.web", "static")), "/static")
        self.address = self._assets.address

    async def serve(self, request: web.Request) -> web.Response:
        asset = self._assets.find(request.match_info["name"])
        if asset is None:
            raise web.HTTPNotFound
        headers = {"Cache-Control": asset.caching(request.query.get("v"))}
        response = web.Response(body=asset.body, content_type=asset.media_type, charset="utf-8", headers=headers)
        response.enable_compression()
        return response
