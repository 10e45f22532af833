"""Fuzz the RTMP session with mutated recordings of real publishers: `python rtmp_fuzz.py --count 100000 --seed 1`.

Half of the inputs are spoiled as bytes (what the chunk layer sees), half as messages that are then cut into clean
chunks (what commands and media parsers see). Input n of a seed is always the same: `--only n` runs it alone.
`--decode` also decodes what gets through. A crash is any exception; a hang is an input over HANG_S of processor time.
"""

import argparse
import random
import resource
import time
import traceback
from collections import Counter
from dataclasses import dataclass, field, replace
from pathlib import Path

import av
from rtmp_client import new_session
from rtmp_record import load

from ringside.core.rtmp.chunks import DEFAULT_CHUNK_BYTES, MAX_CHUNK_BYTES, Limits, Reader, Writer
from ringside.core.rtmp.message import Message, set_chunk_size
from ringside.flow.capture.coded.backlog import Coded
from ringside.flow.capture.coded.decoder import Track
from ringside.flow.capture.coded.unit import Config
from ringside.flow.capture.rtmp.actions import Action, Close, Media, Published, Unpublished
from ringside.flow.capture.rtmp.session import Session

GOLDEN = [b"".join(load(path)) for path in sorted((Path(__file__).parent / "golden").glob("*.rtmp"))]
HANDSHAKE_BYTES = 3073
HANG_S = 5.0
MAX_HELD_BYTES = 16 << 20
NUMBERS = [0, 1, 0x7F, 0x80, 0xFF, 0xFFFF, 0xFFFFFF, 0x1000000, 2**31 - 1, 2**31, 2**32 - 1]
TYPES = [0, 1, 2, 3, 4, 5, 6, 8, 9, 15, 17, 18, 20, 22, 255]


def messages(recording: bytes) -> list[Message]:
    """The messages of a recording."""
    reader = Reader(Limits())
    reader.feed(recording[HANDSHAKE_BYTES:])
    return list(iter(reader.next, None))


MESSAGES = [messages(recording) for recording in GOLDEN]


def spoil(rng: random.Random, data: bytes) -> bytes:
    """`data` with one thing wrong."""
    if not data:
        return rng.randbytes(rng.randrange(20))
    at = rng.randrange(len(data))
    end = min(len(data), at + rng.choice([1, 4, 50, 1000]))
    match rng.randrange(7):
        case 0:
            return data[:at] + bytes([data[at] ^ 1 << rng.randrange(8)]) + data[at + 1 :]
        case 1:
            size = rng.choice([1, 2, 3, 4])
            number = rng.choice(NUMBERS) & (1 << 8 * size) - 1
            return data[:at] + number.to_bytes(size) + data[at + size :]
        case 2:
            return data[:at] + data[end:]
        case 3:
            return data[:at] + rng.randbytes(end - at) + data[at:]
        case 4:
            return data[:at] + data[at:end] * rng.choice([2, 3, 200]) + data[end:]
        case 5:
            return data[:at]
        case _:
            other = rng.choice(GOLDEN)
            return data[:at] + other[rng.randrange(len(other)) :]


def spoiled_bytes(rng: random.Random) -> bytes:
    """A recording with one to four things wrong, mostly behind its handshake."""
    data = rng.choice(GOLDEN)
    head = 0 if rng.random() < 0.1 else HANDSHAKE_BYTES
    body = data[head:]
    for _ in range(rng.choice([1, 1, 2, 4])):
        body = spoil(rng, body)
    return data[:head] + body


def spoiled_messages(rng: random.Random) -> bytes:
    """A recording whose messages are wrong and whose chunks are right."""
    which = rng.randrange(len(GOLDEN))
    script = list(MESSAGES[which])
    for _ in range(rng.choice([1, 2, 5])):
        n = rng.randrange(len(script))
        match rng.randrange(5):
            case 0:
                script[n] = replace(script[n], body=spoil(rng, bytes(script[n].body)))
            case 1:
                script[n] = replace(script[n], type=rng.choice(TYPES))
            case 2:
                script[n] = replace(script[n], timestamp_ms=rng.choice(NUMBERS))
            case 3:
                script.insert(n, rng.choice(rng.choice(MESSAGES)))
            case _:
                script[n] = replace(script[n], body=bytes([rng.randrange(256)]) + bytes(script[n].body[1:]))
    writer = Writer()
    size = rng.choice([1, 128, 4096, 65536])
    data = writer.write(set_chunk_size(size)) if size != 128 else b""
    for message in script:
        data += writer.write(message)
        if not 1 <= writer.chunk_bytes <= MAX_CHUNK_BYTES:  # a spoiled SetChunkSize, which nobody can write by
            writer.chunk_bytes = DEFAULT_CHUNK_BYTES
    return GOLDEN[which][:HANDSHAKE_BYTES] + data


def input_of(seed: int, n: int) -> tuple[bytes, int]:
    """Input `n` of a seed, and the block size in which it arrives."""
    rng = random.Random(f"{seed}/{n}")
    data = spoiled_bytes(rng) if rng.random() < 0.5 else spoiled_messages(rng)
    return data, rng.choice([50, 1460, 65536, 65536, 65536, 65536])


@dataclass
class Report:
    """What a run found."""

    inputs: int = 0
    crashes: list[str] = field(default_factory=list)
    hangs: list[int] = field(default_factory=list)
    slowest_s: float = 0.0
    peak_held_bytes: int = 0
    reached: Counter[str] = field(default_factory=Counter)

    def __str__(self) -> str:
        rss_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        return (
            f"{self.inputs} inputs, {len(self.crashes)} crashes, {len(self.hangs)} hangs, slowest "
            f"{self.slowest_s:.3f} s, peak held {self.peak_held_bytes} B, process peak {rss_mb:.0f} MB, "
            f"reached {dict(self.reached)}"
        )


class Screen:
    """Decodes what gets through, as the decoder thread would."""

    def __init__(self) -> None:
        self.tracks: dict[str, Track] = {}
        self.frames = 0

    def take(self, media: Media) -> None:
        try:
            if isinstance(media.unit, Config):
                track = Track(media.unit)
                track.open()
                self.tracks[media.unit.kind] = track
            elif (known := self.tracks.get(media.unit.kind)) is not None:
                self.frames += sum(1 for _ in known.decode(Coded(media.unit, media.pts_ns, 0)))
        except av.FFmpegError:
            return


def check(actions: list[Action]) -> None:
    """The rules that hold whatever a peer sends."""
    names = [type(action) for action in actions]
    assert names.count(Published) <= 1
    assert names.count(Unpublished) == names.count(Published)
    assert names.count(Close) == 1
    assert names[-1] is Close
    if Published in names:
        assert names.index(Published) < names.index(Unpublished)
    assert all(0 <= action.pts_ns < 2**32 * 1_000_000 for action in actions if isinstance(action, Media))


def feed(session: Session, data: bytes, block: int, report: Report) -> list[Action]:
    """Everything that a session does about one input, the loss of the connection included."""
    actions: list[Action] = []
    for at in range(0, len(data), block):
        actions += session.receive(data[at : at + block], at)
        report.peak_held_bytes = max(report.peak_held_bytes, session.held_bytes)
    return actions + session.lost()


def run(seed: int, numbers: range, decode: bool = False) -> Report:
    """Feed the inputs `numbers` of `seed` to sessions of their own."""
    report = Report()
    for n in numbers:
        data, block = input_of(seed, n)
        began = time.process_time()
        try:
            actions = feed(new_session(), data, block, report)
            check(actions)
            media = [action for action in actions if isinstance(action, Media)]
            if decode:
                screen = Screen()
                for one in media:
                    screen.take(one)
                report.reached["frames decoded"] += screen.frames
        except Exception:  # noqa: BLE001  what a fuzzer is for
            report.crashes.append(f"seed {seed} input {n}\n{traceback.format_exc()}")
            continue
        took_s = time.process_time() - began
        report.slowest_s = max(report.slowest_s, took_s)
        if took_s > HANG_S:
            report.hangs.append(n)
        report.inputs += 1
        report.reached["published"] += any(isinstance(action, Published) for action in actions)
        report.reached["media"] += len(media)
        report.reached["closed for a fault"] += any(isinstance(a, Close) and a.fault for a in actions)
    return report


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", type=int)
    parser.add_argument("--decode", action="store_true")
    options = parser.parse_args()
    numbers = range(options.count) if options.only is None else range(options.only, options.only + 1)
    report = run(options.seed, numbers, options.decode)
    print(f"seed {options.seed}: {report}")
    for crash in report.crashes[:5]:
        print(crash)
    return 1 if report.crashes or report.hangs or report.peak_held_bytes > MAX_HELD_BYTES else 0


if __name__ == "__main__":
    raise SystemExit(main())
