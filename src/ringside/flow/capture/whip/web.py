"""Web: what a publisher asks over HTTP, and the answers (RFC 9725, 4): offers by POST, their end by DELETE.

    POST /PATH            201, our answer and a Location      DELETE /PATH/KEY       200
    OPTIONS               204, for browsers' preflight        PATCH /PATH/KEY        405: no trickle, no restart

A shell around aiohttp. Any page may publish that knows the token: there are no cookies, so no other origin can borrow
anybody's rights, and credentials are never allowed. Bodies, connections and the time for either are bounded.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Protocol

from aiohttp import web

from ringside.core.telemetry import Metrics
from ringside.flow.capture.whip.door import Door
from ringside.flow.capture.whip.errors import Refused
from ringside.flow.capture.whip.offer import MAX_SDP_BYTES, Offer, judge

log = logging.getLogger(__name__)

MAX_CONNECTIONS = 32
BODY_S = 5.0
IDLE_S = 15.0
SDP = "application/sdp"
PAGES = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Methods": "POST, DELETE, OPTIONS",
    "Access-Control-Allow-Headers": "Authorization, Content-Type",
    "Access-Control-Expose-Headers": "Location",
    "Access-Control-Max-Age": "86400",
    "Cache-Control": "no-store",
}
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class House(Protocol):
    """Who takes publishers in."""

    async def take(self, offer: Offer, address: str) -> tuple[str, str]:
        """The key of a new publisher, and our answer to its offer. Raises Refused."""

    def dismiss(self, key: str) -> bool:
        """End a publisher's connection; False where there is none of that key."""


class Web:
    """The endpoint at `path`."""

    def __init__(self, path: str, door: Door, house: House, metrics: Metrics) -> None:
        self._path, self._door, self._house, self._metrics = path, door, house, metrics
        application = web.Application(client_max_size=MAX_SDP_BYTES, middlewares=[self._answer])
        application.router.add_post(path, self._post)
        application.router.add_delete(f"{path}/{{key}}", self._delete)
        application.router.add_options(path, self._options)
        application.router.add_options(f"{path}/{{key}}", self._options)
        self.runner = web.AppRunner(application, access_log=None, keepalive_timeout=IDLE_S, handle_signals=False)

    def connection(self) -> asyncio.Protocol:
        """For a connection that came in; of too many the oldest is cut: a publisher's media does not need it."""
        server = self.runner.server
        assert server is not None
        if len(known := server.connections) >= MAX_CONNECTIONS:
            self._metrics.count("whip_connections_cut_total")
            known[0].force_close()
            if (transport := known[0].transport) is not None:
                transport.abort()
        return server()

    @web.middleware
    async def _answer(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Every answer lets pages read it; a refusal is a sentence."""
        try:
            response = await handler(request)
        except Refused as refused:
            response = self._refusal(request, refused.status, str(refused))
        except web.HTTPException as error:
            response = self._refusal(request, error.status, error.reason)
            if "Allow" in error.headers:
                response.headers["Allow"] = error.headers["Allow"]
        response.headers.update(PAGES)
        return response

    def _refusal(self, request: web.Request, status: int, reason: str) -> web.Response:
        self._metrics.count("whip_refused_total", status=str(status))
        log.info("whip: %s from %s was answered %d: %s", request.method, request.remote, status, reason)
        headers = {"WWW-Authenticate": 'Bearer realm="whip"'} if status == 401 else {}
        return web.Response(status=status, text=f"{reason}\n", headers=headers)

    async def _post(self, request: web.Request) -> web.Response:
        self._door.check(request.headers.get("Authorization"))
        if request.content_type != SDP:
            raise Refused(415, f"an offer is {SDP}")
        try:
            async with asyncio.timeout(BODY_S):
                body = await request.read()
        except TimeoutError:
            raise Refused(408, f"the offer did not come within {BODY_S:g} s") from None
        key, answer = await self._house.take(judge(body), request.remote or "somewhere")
        # Ours is the only representation there will ever be of this session, so its ETag never changes (4.3.1).
        headers = {"Location": f"{self._path}/{key}", "ETag": f'"{key}"'}
        return web.Response(status=201, text=answer, content_type=SDP, headers=headers)

    async def _delete(self, request: web.Request) -> web.Response:
        self._door.check(request.headers.get("Authorization"))
        if not self._house.dismiss(request.match_info["key"]):
            raise Refused(404, "there is no such session")
        return web.Response(status=200)

    async def _options(self, request: web.Request) -> web.Response:
        return web.Response(status=204, headers={"Accept-Post": SDP})
