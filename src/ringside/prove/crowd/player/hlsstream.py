"""Stream: one viewer's way along one media playlist: what it has, what it has asked for, when it reads the list again.

A viewer follows one for video (or for both, muxed) and perhaps one for sound.
"""

from ringside.prove.crowd.player.base import NOTHING, Ask, Asks, Reply, Request
from ringside.prove.crowd.player.hlslist import Listing, Piece, Rendition
from ringside.prove.crowd.player.profile import Profile


class Stream:
    """`piece` was fetched last, `asking` is under way, the buffer ends at `end_s`."""

    __slots__ = ("asking", "attempts", "end_s", "init", "init_asked", "list_attempts", "listing", "piece", "rendition")

    def __init__(self, rendition: Rendition) -> None:
        self.rendition = rendition
        self.listing: Listing | None = None
        self.piece: Piece | None = None
        self.asking: Piece | None = None
        self.end_s = 0.0
        self.init: Request | None = None
        """The initialization in the buffer."""
        self.init_asked: Request | None = None
        self.attempts = 0
        self.list_attempts = 0

    def fetch(self, piece: Piece) -> Asks:
        """Ask for a piece, and for its initialization first where that is another."""
        self.asking = piece
        if piece.init is not None and piece.init is not self.init:
            self.init_asked = piece.init
            return (Ask(self.rendition.lane, piece.init),)
        return piece.asks

    def initialised(self) -> Asks:
        """The initialization has come: on with the piece it was for."""
        self.init, self.init_asked, self.attempts = self.init_asked, None, 0
        return self.asking.asks if self.asking is not None else NOTHING

    def forget(self) -> Asks:
        """Empty the buffer, drop what is under way."""
        asked = self.asking is not None
        self.piece = self.asking = self.init_asked = None
        self.attempts = 0
        self.end_s = 0.0
        return (Ask(self.rendition.lane, None),) if asked else NOTHING

    def reload(self, now_s: float, profile: Profile, reply: Reply, changed: bool) -> Asks:
        """When to ask for the next version of the list, and how."""
        listing = self.listing
        if listing is None or listing.ended:
            return NOTHING
        if listing.reload and changed and profile.blocking_reload:
            return listing.reload
        wait_s = profile.reload_unchanged * listing.target_s
        if changed:
            wait_s = profile.reload_changed * (min(listing.last_s, listing.target_s) or listing.target_s)
        return (Ask(self.rendition.list_lane, self.plain, max(now_s, reply.sent_s + wait_s)),)

    @property
    def plain(self) -> Request:
        """The list, asked for without directives."""
        request = self.rendition.plain[0].request
        assert request is not None
        return request

    @property
    def complete(self) -> bool:
        """Whether the list has ended and all of it has come."""
        listing, piece = self.listing, self.piece
        done = listing is not None and listing.ended and self.asking is None
        return done and piece is not None and self.rendition.after(piece) is None
