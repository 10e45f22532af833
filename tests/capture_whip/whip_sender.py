"""A publisher by WHIP on aiortc: a picture and a sound whose moments belong together, and a wire that tears them apart.

Each second begins with a white picture and a beep, at the same instant of the sender's clock. `late_s`: how
long the wire holds back each packet of sound; RTP times begin at random, so only reports tell what belongs together.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from fractions import Fraction

import aiohttp
import aioice.ice
import av
import numpy as np
from aiortc import MediaStreamTrack, RTCConfiguration, RTCPeerConnection, RTCRtpSender, RTCSessionDescription

FPS, RATE_HZ, BLOCK = 25, 48000, 960
FLASH_S = 0.2
SOUND = 96


class Picture(MediaStreamTrack):
    """White for the first 0.2 s of each second, grey and moving otherwise."""

    kind = "video"

    def __init__(self, began_s: float, size: tuple[int, int] = (320, 180)) -> None:
        super().__init__()
        self.size = size
        self._began_s, self._n = began_s, 0
        self.speaks = asyncio.Event()
        self.speaks.set()

    async def recv(self) -> av.VideoFrame:
        await asyncio.sleep(max(0.0, self._began_s + self._n / FPS - time.monotonic()))
        await self.speaks.wait()
        self._n = max(self._n, int((time.monotonic() - self._began_s) * FPS))
        white = self._n / FPS % 1 < FLASH_S
        frame = av.VideoFrame(*self.size, "yuv420p")
        for at, plane in enumerate(frame.planes):
            level = 235 if white and not at else 60 + self._n % 8 if not at else 128
            plane.update(bytes([level]) * plane.buffer_size)
        frame.pts, frame.time_base = self._n * 90000 // FPS, Fraction(1, 90000)
        self._n += 1
        return frame


class Sound(MediaStreamTrack):
    """A tone for the first 0.2 s of each second."""

    kind = "audio"

    def __init__(self, began_s: float) -> None:
        super().__init__()
        self._began_s, self._n = began_s, 0
        self.speaks = asyncio.Event()
        self.speaks.set()

    async def recv(self) -> av.AudioFrame:
        await asyncio.sleep(max(0.0, self._began_s + self._n * BLOCK / RATE_HZ - time.monotonic()))
        await self.speaks.wait()
        self._n = max(self._n, int((time.monotonic() - self._began_s) * RATE_HZ / BLOCK))
        at_s = (self._n * BLOCK + np.arange(BLOCK)) / RATE_HZ
        tone = np.where(at_s % 1 < FLASH_S, np.sin(at_s * 2 * np.pi * 440), 0) * 12000
        sound = av.AudioFrame.from_ndarray(
            np.repeat(tone, 2).astype(np.int16).reshape(1, -1), format="s16", layout="stereo"
        )
        sound.sample_rate, sound.pts, sound.time_base = RATE_HZ, self._n * BLOCK, Fraction(1, RATE_HZ)
        self._n += 1
        return sound


def late(send: Callable[[bytes], Awaitable[None]], late_s: float) -> Callable[[bytes], Awaitable[None]]:
    """A wire that holds back sound, which aiortc numbers 96, and lets pictures and reports pass."""
    on_the_way: set[asyncio.Task[None]] = set()

    async def hold(data: bytes) -> None:
        await asyncio.sleep(late_s)
        await send(data)

    async def pass_on(data: bytes) -> None:
        if data[1] & 0x7F == SOUND:
            on_the_way.add(task := asyncio.ensure_future(hold(data)))
            task.add_done_callback(on_the_way.discard)
        else:
            await send(data)

    return pass_on


class Sender:
    """One publisher. `codec` of its pictures: H264 or VP8; None: no picture."""

    def __init__(
        self, url: str, token: str, codec: str | None = "VP8", sound: bool = True, late_s: float = 0.0
    ) -> None:
        self.url, self.token = url, token
        self.location = ""
        aioice.ice.get_host_addresses = lambda use_ipv4, use_ipv6: ["127.0.0.1"]
        self.connection = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        began_s = time.monotonic()
        self.picture, self.sound = Picture(began_s), Sound(began_s)
        if sound:
            wire = self.connection.addTransceiver(self.sound, "sendonly").sender.transport
            wire._send_rtp = late(wire._send_rtp, late_s) if late_s else wire._send_rtp
        if codec is not None:
            transceiver = self.connection.addTransceiver(self.picture, "sendonly")
            known = RTCRtpSender.getCapabilities("video").codecs
            transceiver.setCodecPreferences([one for one in known if one.name in (codec, "rtx")])

    async def offer(self) -> str:
        await self.connection.setLocalDescription(await self.connection.createOffer())
        return self.connection.localDescription.sdp

    async def publish(self) -> int:
        """POST the offer and follow the answer; the status."""
        offer = await self.offer()
        headers = {"Content-Type": "application/sdp", "Authorization": f"Bearer {self.token}"}
        async with aiohttp.ClientSession() as session:
            async with session.post(self.url, data=offer, headers=headers) as answer:
                if answer.status == 201:
                    self.location = str(answer.url.join(aiohttp.client.URL(answer.headers["Location"])))
                    told = RTCSessionDescription(await answer.text(), "answer")
                    await self.connection.setRemoteDescription(told)
                return answer.status

    async def goodbye(self) -> int:
        """DELETE; the status."""
        async with aiohttp.ClientSession() as session:
            headers = {"Authorization": f"Bearer {self.token}"}
            async with session.delete(self.location, headers=headers) as answer:
                return answer.status

    def pause(self, silent: bool = True) -> None:
        """Send nothing more, though the connection stands; or go on."""
        for track in (self.picture, self.sound):
            track.speaks.clear() if silent else track.speaks.set()

    async def close(self) -> None:
        await self.connection.close()
