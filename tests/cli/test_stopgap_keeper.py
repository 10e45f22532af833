"""The slate's studio, as a supervisor runs it: the same tracks under the same headers, and never the event's end."""

import asyncio
from fractions import Fraction
from typing import Any

import pytest

from ringside.cli.children.studio import _track
from ringside.cli.event import Event, parse
from ringside.cli.stopgap import StopgapKeeper, slate_child
from ringside.cli.studio import known_as
from ringside.cli.supervisor import Child
from ringside.core.clock import Wall
from ringside.core.errors import Misconfigured
from ringside.core.media import Grid, Timeline, Track
from ringside.core.studio import Studio
from ringside.flow.encode import Config as Encode
from ringside.flow.encode.config import Rung
from ringside.flow.encode.pump import Encoder
from ringside.flow.origin.select.stopgap import told

LADDER = (Rung(height=180, bitrate_bps=150_000), Rung(height=240, bitrate_bps=300_000))


def tracks_of(config: Encode, fps: Fraction, size: tuple[int, int]) -> list[Track]:
    """The tracks that a studio makes of a configuration."""
    grids = Grid.video(fps), Grid.audio()
    nothing: Any = None
    encoder = Encoder(config, Timeline(), Wall(), *grids, nothing, nothing, nothing, 0, source_size=size)
    return [_track(stream) for stream in encoder.tracks()]


@pytest.mark.parametrize("fps", [Fraction(25), Fraction(30000, 1001)])
def test_the_slate_comes_under_the_very_headers_that_players_have(fps: Fraction) -> None:
    event = Event(encode=Encode(ladder=LADDER, fps=fps, audio_bps=96_000))
    made = tracks_of(event.encode, fps, (426, 240))
    child = slate_child(Event(), told(made), "http://127.0.0.1:9", "secret-1")
    its = parse(child.config["event"])
    assert (its.source.url, its.source.width, its.source.height) == ("slate", 426, 240)
    slates = tracks_of(its.encode, its.encode.fps, (its.source.width, its.source.height))  # type: ignore[arg-type]
    assert {track.name: track.init for track in slates} == {track.name: track.init for track in made}
    assert child.config["studio"] == "slate; order=1000"
    assert child.expendable


class Supervising:
    """What a keeper asks of its supervisor."""

    def __init__(self) -> None:
        self.running: list[Child] = []
        self.dismissed: list[Child] = []
        self.takes_s = 0.0

    def start(self, child: Child) -> None:
        self.running.append(child)

    async def dismiss(self, child: Child, within_s: float) -> None:
        await asyncio.sleep(self.takes_s)
        self.running.remove(child)
        self.dismissed.append(child)


def test_it_is_started_once_ended_when_a_studio_is_back_and_started_anew() -> None:
    async def test() -> None:
        supervisor, origin = Supervising(), Child("origin", "origin", {})
        keeper = StopgapKeeper(supervisor, Event(), "http://127.0.0.1:9", "secret-1")  # type: ignore[arg-type]
        wanted = {"stopgap": [{"name": "a", "kind": "audio", "width": 0, "height": 0, "fps": "0", "average_bps": 0}]}
        for report in (wanted, {"ready": True}, wanted):
            keeper.hear(origin, report)
        assert len(supervisor.running) == 1
        for report in ({"stopgap": []}, {"stopgap": []}):
            keeper.hear(origin, report)
        await asyncio.sleep(0.01)
        assert (len(supervisor.running), len(supervisor.dismissed)) == (0, 1)
        keeper.hear(origin, wanted)
        assert len(supervisor.running) == 1

    asyncio.run(test())


def test_there_is_never_more_than_one_however_often_it_is_asked_for() -> None:
    async def test() -> None:
        supervisor, origin = Supervising(), Child("origin", "origin", {})
        supervisor.takes_s = 0.02
        keeper = StopgapKeeper(supervisor, Event(), "http://127.0.0.1:9", "secret-1")  # type: ignore[arg-type]
        wanted = {"stopgap": [{"name": "a", "kind": "audio", "width": 0, "height": 0, "fps": "0", "average_bps": 0}]}
        for _ in range(20):
            keeper.hear(origin, wanted)
            keeper.hear(origin, {"stopgap": []})
            await asyncio.sleep(0.001)
            assert len(supervisor.running) <= 1
        keeper.hear(origin, wanted)
        await asyncio.sleep(0.1)
        assert len(supervisor.running) == 1

    asyncio.run(test())


def test_a_studio_is_named_after_its_machine_unless_it_is_named() -> None:
    assert known_as().name
    assert known_as("paris", 3) == Studio(3, "paris")
    with pytest.raises(Misconfigured, match=r"^--name <b>: a studio's name has letters"):
        known_as("<b>")
