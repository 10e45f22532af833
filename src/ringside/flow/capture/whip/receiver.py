"""The one place that reaches into aiortc: what its receivers take, before they would decode it themselves.

aiortc decodes in threads of its own behind queues without a bound, looks at no picture's size before, gives each
stream a zero of its own, holds sound back for 80 ms, and tells browsers that their line is slow. So a `Tap` stands in
for five things that a receiver has: the queue to its decoder (coded frames go to the house's), the map of times (RTP
times stay as they are), the buffer of sound (a packet is a frame), the estimator of the line (a constant), and who
hears of packets. The names below are aiortc 1.16's own, which is pinned; `tests/capture_whip` fails where they change.
"""

import threading
from collections.abc import Awaitable, Callable
from typing import Any, Protocol, cast

from aiortc import RTCRtpReceiver
from aiortc.jitterbuffer import JitterFrame
from aiortc.rtp import RtcpSrPacket, RtpPacket

from ringside.flow.capture.coded.unit import Kind, Unit

MOST_BPS = 8_000_000  # what a browser may send; others keep to what they were set to
REMB_EVERY_MS = 500
NTP_EPOCH_S = 2_208_988_800  # from 1900 to 1970
ALONE_S = 1.0
CODECS = {"H264": "h264", "VP8": "vp8", "opus": "opus"}
H264_IDR, H264_SPS = 5, 7
_OWN = "_RTCRtpReceiver__"


class Listener(Protocol):
    """Who hears what a receiver takes, on the event loop."""

    def packet(self, size: int) -> None:
        """A packet of media came, `size` bytes of payload."""

    def frame(self, unit: Unit, rtp: int, rate_hz: int) -> None:
        """A coded frame is whole; `rtp` is its 32-bit time."""

    def report(self, kind: Kind, wall_ns: int, rtp: int) -> None:
        """The sender says what RTP time `rtp` is on its wall clock, Unix nanoseconds."""


class Tap:
    """Stands between one receiver of aiortc and its decoder, and gives what comes to `listener`."""

    def __init__(self, receiver: RTCRtpReceiver, kind: Kind, listener: Listener) -> None:
        self._kind, self._listener, self._ended = kind, listener, threading.Event()
        self._error = cast(threading.Event, _own(receiver, "decoder_error"))
        self._rtp = cast(Callable[..., Awaitable[None]], receiver._handle_rtp_packet)
        self._rtcp = cast(Callable[..., Awaitable[None]], receiver._handle_rtcp_packet)
        _replace(receiver, "decoder_queue", self)
        _replace(receiver, "timestamp_mapper", _Unmapped())
        if kind == "audio":
            _replace(receiver, "jitter_buffer", AtOnce())
        else:
            _replace(receiver, "remote_bitrate_estimator", Constant())
        setattr(receiver, "_handle_rtp_packet", self._packet)  # noqa: B010  a method of its class
        setattr(receiver, "_handle_rtcp_packet", self._report)  # noqa: B010

    def want_key(self) -> None:
        """Ask the sender for a key frame with the next packet. From any thread."""
        self._error.set()

    def put(self, item: tuple[Any, JitterFrame] | None) -> None:
        """As the queue to aiortc's decoder: a coded frame with its codec, or None at the end."""
        if item is None:
            self._ended.set()
            return
        codec, frame = item
        name = CODECS.get(codec.name)
        if name is not None and frame.data:
            unit = Unit(self._kind, name, is_key(name, frame.data), frame.data)
            self._listener.frame(unit, frame.timestamp, codec.clockRate)

    def get(self) -> None:
        """As the queue at which aiortc's decoder waits: only the end ever comes, or that of the process."""
        while not self._ended.wait(ALONE_S) and threading.main_thread().is_alive():
            pass

    async def _packet(self, packet: RtpPacket, arrival_time_ms: int) -> None:
        self._listener.packet(len(packet.payload))
        await self._rtp(packet, arrival_time_ms=arrival_time_ms)

    async def _report(self, packet: object) -> None:
        if isinstance(packet, RtcpSrPacket):
            info = packet.sender_info
            self._listener.report(self._kind, unix_ns(info.ntp_timestamp), info.rtp_timestamp)
        await self._rtcp(packet)


class _Unmapped:
    def map(self, timestamp: int) -> int:
        return timestamp


class AtOnce:
    """In place of the buffer of sound: each packet is a frame of its own; what comes behind its time is lost."""

    def __init__(self) -> None:
        self._last: int | None = None

    def add(self, packet: RtpPacket) -> tuple[bool, JitterFrame | None]:
        """Whether a key frame is wanted, and the frame that is whole."""
        number = packet.sequence_number
        if self._last is not None and (number - self._last - 1) & 0xFFFF >= 0x8000:
            return False, None
        self._last = number
        return False, JitterFrame(packet._data, packet.timestamp)  # type: ignore[attr-defined]


class Constant:
    """In place of the estimator: the line is good for MOST_BPS (REMB, draft-alvestrand-rmcat-remb-03)."""

    def __init__(self) -> None:
        self._told_ms: int | None = None

    def add(
        self, abs_send_time: int, arrival_time_ms: int, payload_size: int, ssrc: int
    ) -> tuple[int, list[int]] | None:
        """What to tell the sender now, if anything: bits per second, of which streams."""
        if self._told_ms is not None and arrival_time_ms - self._told_ms < REMB_EVERY_MS:
            return None
        self._told_ms = arrival_time_ms
        return MOST_BPS, [ssrc]


def is_key(codec: str, data: bytes) -> bool:
    """Whether a coded frame can be decoded without others: Annex B for H.264, RFC 6386, 9.1 for VP8."""
    if codec == "vp8":
        return not data[0] & 1
    if codec == "h264":
        at = data.find(b"\0\0\1")
        while 0 <= at < len(data) - 3:
            if data[at + 3] & 0x1F in (H264_IDR, H264_SPS):
                return True
            at = data.find(b"\0\0\1", at + 3)
        return False
    return True


def unix_ns(ntp: int) -> int:
    """A 64-bit NTP time as Unix nanoseconds (RFC 3550, 4)."""
    return ((ntp * 1_000_000_000) >> 32) - NTP_EPOCH_S * 1_000_000_000


def _own(receiver: RTCRtpReceiver, name: str) -> object:
    return getattr(receiver, _OWN + name)


def _replace(receiver: RTCRtpReceiver, name: str, stand_in: object) -> None:
    _own(receiver, name)  # raises where aiortc has no such thing any more
    setattr(receiver, _OWN + name, stand_in)
