"""What Ringside prints is what stands in tests/golden: a change of a playlist must be seen by a person.

Run this file as a program to print the golden playlists anew.
"""

import sys
from dataclasses import replace
from pathlib import Path

import event_views as event
import pytest

from ringside.flow.mux.hls import MediaRenderer, multivariant

GOLDEN = Path(__file__).parent.parent / "golden"


def printed() -> dict[str, bytes]:
    video, audio = event.video(), event.audio()
    rungs = [video, event.video("v480", 1_200_000, 480), event.video("v360", 600_000, 360)]
    live, sound = event.view(video, 8, 4), event.view(audio, 8, 4)
    full, delta = MediaRenderer("v720").render(live, [("../a/index.m3u8", sound)])
    ended, _ = MediaRenderer("v720").render(
        event.view(video, 5, ended=True), [("../a/index.m3u8", event.view(audio, 5))]
    )
    broken = list(event.view(video, 6).segments)
    broken[2] = replace(broken[2], gap=True, parts=())
    broken[3] = replace(broken[3], discontinuity=True, init_name="init-other.mp4")
    gaps = replace(event.view(video, 6), segments=tuple(broken), discontinuity_sequence=2)
    return {
        "media_live.m3u8": full,
        "media_delta.m3u8": delta,
        "media_audio.m3u8": MediaRenderer("a").render(sound, [("../v720/index.m3u8", live)])[0],
        "media_ended.m3u8": ended,
        "media_gap_and_discontinuity.m3u8": MediaRenderer("v720").render(gaps)[0],
        "media_plain.m3u8": MediaRenderer("v720").render(event.without_parts(event.view(video, 4)))[0],
        "multivariant_video_and_audio.m3u8": multivariant([*rungs, audio]),
        "multivariant_video_only.m3u8": multivariant(rungs[:1]),
        "multivariant_audio_only.m3u8": multivariant([audio]),
        "multivariant_two_languages.m3u8": multivariant([video, event.audio("a", "en"), event.audio("b", "fr")]),
    }  # fmt: skip


@pytest.mark.parametrize("name", sorted(printed()))
def test_a_playlist_is_printed_as_its_golden_copy(name: str) -> None:
    assert printed()[name].decode() == (GOLDEN / name).read_bytes().decode()


if __name__ == "__main__":
    for name, body in printed().items():
        (GOLDEN / name).write_bytes(body)
        sys.stdout.write(f"{name}: {len(body)} B\n")
