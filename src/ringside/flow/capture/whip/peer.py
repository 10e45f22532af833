"""Peer: one publisher's WebRTC connection: an offer enters, an answer and then coded frames with their times leave.

A shell around aiortc. It talks to nobody's STUN or TURN servers, binds only where the source listens, and calls its
host on the event loop: packets heard, frames, and once that it is over.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from ipaddress import ip_address
from typing import Protocol, cast

from aiortc import RTCConfiguration, RTCPeerConnection, RTCRtpReceiver, RTCSessionDescription
from aiortc.exceptions import InternalError, InvalidAccessError, InvalidStateError, OperationError
from aiortc.rtcrtptransceiver import RTCRtpTransceiver

from ringside.core.clock import Clock
from ringside.flow.capture.coded.unit import Kind, Unit
from ringside.flow.capture.whip.errors import Refused
from ringside.flow.capture.whip.offer import CODECS, Offer, with_hints
from ringside.flow.capture.whip.receiver import Tap
from ringside.flow.capture.whip.sync import Sync

log = logging.getLogger(__name__)
logging.getLogger("aioice").setLevel(logging.WARNING)  # it tells of every pair of addresses

ANSWER_S = 5.0
_NOT_OURS = (
    ValueError,
    LookupError,
    TypeError,
    AttributeError,
    AssertionError,
)  # what its parser raises on what it lacks
_REFUSALS = (InternalError, InvalidAccessError, InvalidStateError, OperationError, *_NOT_OURS)


class Host(Protocol):
    """Who has peers."""

    def heard(self, peer: "Peer") -> None:
        """A packet of media came."""

    def coded(self, peer: "Peer", unit: Unit, pts_ns: int, arrival_ns: int) -> None:
        """A coded frame is whole; `pts_ns` is on the peer's clock, of pictures and sound alike."""

    def over(self, peer: "Peer", reason: str) -> None:
        """The connection has ended or failed."""


class Peer:
    """One publisher. `key` names it in our URLs, `address` for people."""

    def __init__(self, key: str, address: str, host: Host, clock: Clock, listens_on: str) -> None:
        self.key, self.address = key, address
        self.bytes = self.packets = self.lost = 0
        self.codecs: dict[Kind, str] = {}
        self.sync = Sync()
        self._host, self._clock, self._listens_on = host, clock, listens_on
        self._taps: dict[Kind, Tap] = {}
        self._connection = RTCPeerConnection(RTCConfiguration(iceServers=[]))  # None would ask a public STUN server
        self._connection.on("connectionstatechange", self._changed)

    def __repr__(self) -> str:
        return f"<Peer {self.address} {self._connection.connectionState} {'+'.join(self.codecs.values())}>"

    async def answer(self, offer: Offer) -> str:
        """Our SDP. Raises Refused."""
        try:
            async with asyncio.timeout(ANSWER_S):
                return await self._answer(offer)
        except TimeoutError:
            raise Refused(503, "the offer could not be answered in time") from None

    async def _answer(self, offer: Offer) -> str:
        connection = self._connection
        with _understanding():
            await connection.setRemoteDescription(RTCSessionDescription(offer.sdp, "offer"))
        for transceiver in connection.getTransceivers():
            transceiver.direction = "recvonly"
            _prefer(transceiver)
            kind: Kind = "video" if transceiver.kind == "video" else "audio"
            self._taps[kind] = Tap(transceiver.receiver, kind, self)
            self._bind(transceiver.receiver)
        with _understanding():
            answer = await connection.createAnswer()
        await connection.setLocalDescription(answer)
        return with_hints(connection.localDescription.sdp)

    def _bind(self, receiver: RTCRtpReceiver) -> None:
        """Let ICE listen where the source does, this machine itself included: aiortc has no option for it."""
        ice = receiver.transport.transport.iceGatherer._connection
        gather = cast(Callable[..., Awaitable[object]], type(ice).get_component_candidates)
        here = ip_address(self._listens_on)

        async def bound(component: int, addresses: list[str], timeout: int = 5) -> object:
            chosen = [*addresses, "127.0.0.1"] if here.is_unspecified else [str(here)]
            return await gather(ice, component=component, addresses=chosen, timeout=timeout)

        setattr(ice, "get_component_candidates", bound)  # noqa: B010  a method of its class

    async def close(self) -> None:
        """End it; nothing is called any more."""
        self._connection.remove_all_listeners()
        await self._connection.close()

    async def look(self) -> None:
        """Count what was lost on the way."""
        lost = 0
        for transceiver in self._connection.getTransceivers():
            report = await transceiver.receiver.getStats()
            lost += sum(max(0, one.packetsLost) for one in report.values() if one.type == "inbound-rtp")
        self.lost = lost

    def want_key(self) -> None:
        """Ask for a key frame. From any thread."""
        if (tap := self._taps.get("video")) is not None:
            tap.want_key()

    def packet(self, size: int) -> None:
        self.packets += 1
        self.bytes += size
        self._host.heard(self)

    def frame(self, unit: Unit, rtp: int, rate_hz: int) -> None:
        arrival_ns = self._clock.now_ns()
        self.codecs[unit.kind] = unit.codec
        self._host.coded(self, unit, self.sync.place(unit.kind, rtp, rate_hz, arrival_ns), arrival_ns)

    def report(self, kind: Kind, wall_ns: int, rtp: int) -> None:
        self.sync.report(kind, wall_ns, rtp)

    def _changed(self) -> None:
        state = self._connection.connectionState
        log.debug("whip: %s is %s", self.address, state)
        if state in ("closed", "failed"):
            self._host.over(self, f"{self.address} left" if state == "closed" else f"{self.address} cannot be reached")


@contextmanager
def _understanding() -> Iterator[None]:
    """What aiortc cannot read or serve is a refusal: it says so by many kinds of error."""
    try:
        yield
    except _REFUSALS as error:
        log.debug("whip: %r", error)
        raise Refused(422, "the offer is not understood, or none of its codecs and profiles is taken") from None


def _prefer(transceiver: RTCRtpTransceiver) -> None:
    """Take what we decode, in our order: an answer lists what was offered and is left."""
    capabilities = RTCRtpReceiver.getCapabilities(transceiver.kind)
    known = capabilities.codecs if capabilities else []
    wanted = [codec for name in CODECS[transceiver.kind] for codec in known if codec.name.lower() == name]
    transceiver.setCodecPreferences([*wanted, *(codec for codec in known if codec.name.lower() == "rtx")])
