"""Ladder: the variants of a multivariant playlist, and which of them a viewer plays.

The choice is the profile's (`abr`). A rung that had a GAP where another had media is left alone for a while.
"""

from urllib.parse import urljoin

from ringside.flow.mux.hls import Malformed, MediaPlaylist, Multivariant
from ringside.prove.crowd.player.abr import Abr
from ringside.prove.crowd.player.base import Reply, World
from ringside.prove.crowd.player.profile import Profile

SHUN_S = 10.0
REMEMBERED = 64


class Rung:
    """A variant: what it claims to need, and its renditions."""

    __slots__ = ("audio", "bandwidth_bps", "listed_first", "video")

    def __init__(self, bandwidth_bps: int, video: str, audio: str | None, listed_first: bool = True) -> None:
        self.bandwidth_bps = bandwidth_bps
        self.video = video
        self.audio = audio
        self.listed_first = listed_first


def rungs(text: str, url: str) -> list[Rung]:
    """The variants of a multivariant playlist, lowest first, each with the default rendition of its audio group."""
    playlist = Multivariant.parse(text)
    groups: dict[str, str] = {}
    for media in playlist.media:
        if media.type == "AUDIO" and media.uri and (media.default or media.group_id not in groups):
            groups[media.group_id] = urljoin(url, media.uri)
    found: list[Rung] = []
    for variant in playlist.variants:
        audio = groups.get(variant.inf.audio or "")
        found.append(Rung(variant.inf.bandwidth, urljoin(url, variant.uri), audio, listed_first=not found))
    return sorted(found, key=lambda rung: rung.bandwidth_bps)


def read(world: World, reply: Reply) -> list[Rung]:
    """The rungs in a reply, read once for all: a media playlist is a programme of one. Malformed if it is neither."""
    known = world.shared("hls.manifest")
    found: list[Rung] | None = known.get((reply.url, reply.body))
    if found is None:
        text = reply.body.decode("utf-8")
        try:
            found = rungs(text, reply.url)
        except Malformed:
            MediaPlaylist.parse(text)
            found = [Rung(0, reply.url, None)]
        if not found:
            raise Malformed("no variants")
        if len(known) >= REMEMBERED:
            known.clear()
        known[reply.url, reply.body] = found
    return found


class Ladder:
    """The rungs (lowest first), the one being played (`current`), and the estimate that chooses."""

    __slots__ = ("_abr", "_shunned", "_until_s", "bandwidths_bps", "choice", "current", "rungs")

    def __init__(self, profile: Profile, rungs: list[Rung]) -> None:
        self._abr = Abr(profile)
        self.rungs = rungs
        self.choice = len(rungs) > 1
        self.bandwidths_bps = [rung.bandwidth_bps for rung in rungs]
        listed_first_bps = next(rung.bandwidth_bps for rung in rungs if rung.listed_first)
        self.current = self._abr.first(self.bandwidths_bps, listed_first_bps)
        self._shunned = -1
        self._until_s = 0.0

    @property
    def rung(self) -> Rung:
        """The rung being played."""
        return self.rungs[self.current]

    @property
    def estimate_bps(self) -> float | None:
        """The bandwidth, as this player would estimate it; None so far."""
        return self._abr.estimate_bps

    def sample(self, now_s: float, reply: Reply) -> None:
        """Video has come."""
        if self.choice:
            self._abr.sample(now_s, now_s - reply.first_s, reply.nbytes, reply.first_s - reply.sent_s)

    def other(self, now_s: float, buffer_s: float) -> int | None:
        """The rung to change to, if another would be better."""
        if not self.choice:
            return None
        chosen = self._abr.choose(self.bandwidths_bps, self.current, buffer_s)
        shunned = chosen == self._shunned and now_s < self._until_s
        return None if chosen == self.current or shunned else chosen

    def around(self, now_s: float) -> int | None:
        """The rung to change to because this one has a GAP; None where there is no other."""
        if not self.choice:
            return None
        self._shunned, self._until_s = self.current, now_s + SHUN_S
        return self.current - 1 if self.current else 1
