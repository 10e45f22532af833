"""Stopgap: the supervisor's part in an event that no studio sends: one more studio, which shows the slate.

What enters: the origin's reports that it wants the slate, and of which tracks, or that a studio is back. What leaves:
a child that makes those tracks for the origin, last in order of all studios; or the end of that child.
"""

import asyncio
from fractions import Fraction
from typing import Any

from ringside.cli.event import Event
from ringside.cli.studio import studio_child
from ringside.cli.supervisor import Child, Supervisor
from ringside.core.studio import STOPGAP_ORDER, Studio
from ringside.flow.capture import Config as Source
from ringside.flow.encode import Config as Encode
from ringside.flow.encode.config import Rung

NAME = "slate"
ENDING_S = 3.0


class StopgapKeeper:
    """Runs the slate's studio of one event, which pushes to `to` with `token`, whenever the origin wants it."""

    def __init__(self, supervisor: Supervisor, event: Event, to: str, token: str) -> None:
        self._supervisor = supervisor
        self._event = event
        self._to, self._token = to, token
        self._child: Child | None = None
        self._wanted: list[dict[str, Any]] = []
        self._ending: asyncio.Task[None] | None = None

    def __repr__(self) -> str:
        return f"<StopgapKeeper {self._child or 'at rest'}>"

    def hear(self, child: Child, report: dict[str, Any]) -> None:
        """A child's report."""
        if "stopgap" not in report:
            return
        self._wanted = report["stopgap"]
        if self._wanted:
            self._start()
        elif self._child is not None and self._ending is None:
            self._ending = asyncio.create_task(self._supervisor.dismiss(self._child, ENDING_S))
            self._ending.add_done_callback(self._ended)

    def _start(self) -> None:
        """There is never more than one: where one is still ending, the next waits for that."""
        if self._child is None:
            self._child = slate_child(self._event, self._wanted, self._to, self._token)
            self._supervisor.start(self._child)

    def _ended(self, _: "asyncio.Task[None]") -> None:
        self._child = self._ending = None
        if self._wanted:
            self._start()


def slate_child(event: Event, tracks: list[dict[str, Any]], to: str, token: str) -> Child:
    """A studio that shows the slate in `tracks`, as the origin tells of them."""
    pictures = [track for track in tracks if track["kind"] == "video"]
    sounds = [track for track in tracks if track["kind"] == "audio"]
    rungs = tuple(
        Rung(name=each["name"], height=each["height"], width=each["width"], bitrate_bps=each["average_bps"])
        for each in pictures
    )
    encode: dict[str, Any] = {**event.encode.model_dump(), "ladder": rungs}
    if pictures:
        encode["fps"] = Fraction(pictures[0]["fps"])
    if sounds and sounds[0]["average_bps"]:
        encode["audio_bps"] = min(max(sounds[0]["average_bps"], 32_000), 320_000)
    size = {side: max((each[side] for each in pictures), default=0) for side in ("width", "height")}
    source = Source(url="slate", **{side: length for side, length in size.items() if length})
    made = event.model_copy(update={"source": source, "encode": Encode(**encode)})
    child = studio_child(made, to, token, None, Studio(STOPGAP_ORDER, NAME))
    child.name, child.expendable = NAME, True
    return child
