"""HLS playlists as a player follows them: read once for all viewers, kept as a chain of pieces to fetch.

A Rendition is the shared memory of one media playlist's URL: every version read adds the segments and parts it lists,
so a delta update needs no merging, and a viewer that has fetched one piece finds the next by following the chain.
Positions are seconds of the programme's date-time where the playlist has one, else counted from its first segment.
"""

from collections.abc import Iterator
from decimal import Decimal
from urllib.parse import urljoin

from ringside.flow.mux.hls import MediaPlaylist, MediaSegment
from ringside.prove.crowd.player.base import Ask, Kind, Lane, Request, World

WHOLE = -1
REMEMBERED = 64
HOLE_S = 0.1
DEFAULT_TARGET_S = 10.0


class Piece:
    """A part, or a whole segment (`part` is WHOLE): what one media request brings."""

    __slots__ = ("asks", "end_s", "gap", "hinted", "independent", "init", "msn", "next", "part", "request", "start_s")

    def __init__(self, msn: int, part: int, start_s: float, end_s: float, request: Request, lane: Lane) -> None:
        self.msn = msn
        self.part = part
        self.start_s = start_s
        self.end_s = end_s
        self.request = request
        self.asks = (Ask(lane, request),)
        self.independent = part <= 0
        self.gap = False
        self.hinted = False
        """Known from a PRELOAD-HINT only: its duration is a guess."""
        self.init: Request | None = None
        self.next: Piece | None = None

    def __repr__(self) -> str:
        return f"{self.msn}" if self.part == WHOLE else f"{self.msn}.{self.part}"


class Listing:
    """One version of a playlist; the same object for everyone who received the same bytes."""

    __slots__ = (
        "can_block",
        "can_skip",
        "dated",
        "edge_s",
        "ended",
        "first_msn",
        "hint",
        "hold_back_s",
        "last_msn",
        "last_part",
        "last_s",
        "part_hold_back_s",
        "part_target_s",
        "reload",
        "reports",
        "start_s",
        "target_s",
    )

    def __init__(self, playlist: MediaPlaylist) -> None:
        control = playlist.server_control
        self.first_msn = playlist.media_sequence
        self.target_s = float(playlist.target_duration or DEFAULT_TARGET_S)
        self.part_target_s = float(playlist.part_target or 0)
        self.can_block = bool(control and control.can_block_reload)
        self.can_skip = bool(control and control.can_skip_until)
        self.hold_back_s = _seconds(control.hold_back) if control else None
        self.part_hold_back_s = _seconds(control.part_hold_back) if control else None
        self.ended = playlist.ended
        self.dated = any(segment.program_date_time for segment in playlist.segments)
        self.reports = {report.uri: (report.last_msn, report.last_part) for report in playlist.reports}
        self.last_s = float(next((segment.duration or 0 for segment in playlist.segments[::-1] if segment.uri), 0))
        self.hint = next((hint.uri for hint in playlist.hints if hint.type == "PART"), "")
        self.start_s = self.edge_s = 0.0
        self.last_msn = self.first_msn + playlist.skipped + len(playlist.segments) - 1
        last = playlist.segments[-1] if playlist.segments else None
        unfinished = last is not None and not last.uri
        self.last_part = len(last.parts) - 1 if last and unfinished else WHOLE
        if unfinished and self.last_part == WHOLE:  # tags of a segment of which nothing is there yet
            self.last_msn -= 1
        self.reload: tuple[Ask, ...] = ()
        """The blocking reload for what comes after this version; empty where the server does not block."""

    def next_directives(self, low_latency: bool) -> str:
        """The query that waits for what comes after this version (rfc8216bis, section 6.2.5.2)."""
        unfinished = self.last_part != WHOLE
        msn = self.last_msn if unfinished else self.last_msn + 1
        query = f"_HLS_msn={msn}"
        if low_latency and self.part_target_s:
            query += f"&_HLS_part={self.last_part + 1 if unfinished else 0}"
        return query + ("&_HLS_skip=YES" if self.can_skip else "")


class Rendition:
    """What all viewers of a process know of one media playlist."""

    def __init__(self, world: World, url: str, lane: Lane, low_latency: bool) -> None:
        self._world = world
        self.url = url
        self.lane = lane
        self.list_lane = Lane.AUDIO_LIST if lane is Lane.AUDIO else Lane.VIDEO_LIST
        self.low_latency = low_latency
        self.plain = (Ask(self.list_lane, world.request(url, Kind.PLAYLIST, keep=True)),)
        self._pieces: dict[tuple[int, int], Piece] = {}
        self._lowest = 0
        self._dated = False
        self._listings: dict[bytes, Listing] = {}
        self.newest_msn = -1
        self.first_seen_s: float | None = None
        """Smallest (time of arrival minus edge): when media of a position is published, for streams without dates."""

    def read(self, body: bytes, url: str, now_s: float) -> Listing:
        """The version in `body`. Raises Malformed (or ValueError) where it is no media playlist."""
        known = self._listings.get(body)
        if known is None:
            playlist = MediaPlaylist.parse(body.decode("utf-8"))
            if len(self._listings) >= REMEMBERED:
                self._listings.clear()
            known = self._listings[body] = self._take(playlist, url)
            if playlist.segments:
                seen_s = now_s - known.edge_s
                self.first_seen_s = seen_s if self.first_seen_s is None else min(self.first_seen_s, seen_s)
        return known

    def _take(self, playlist: MediaPlaylist, url: str) -> Listing:
        listing = Listing(playlist)
        if playlist.skipped:
            listing.dated = listing.dated or self._dated
        self._dated = listing.dated
        at_s: float | None = None
        init = self._init_before(listing.first_msn + playlist.skipped) if playlist.skipped else None
        for msn, segment in playlist.numbered():
            if segment.map is not None:
                init = self._world.request(urljoin(url, segment.map.uri), Kind.INIT)
            at_s = self._start(msn, segment, at_s, listing.target_s)
            for piece in self._pieces_of(msn, segment, at_s, url):
                piece.init = init
                self._learn(piece)
                at_s = piece.end_s if piece.part != WHOLE or not segment.parts else at_s
            self.newest_msn = max(self.newest_msn, msn)
        listing.edge_s = at_s or 0.0
        self._forget(listing.first_msn)
        oldest = self.first_of(listing.first_msn) or self.first_of(listing.first_msn + playlist.skipped)
        listing.start_s = oldest.start_s if oldest is not None else listing.edge_s
        listing.hint = urljoin(url, listing.hint) if listing.hint else ""
        if listing.can_block and not listing.ended:
            glue = "&" if "?" in self.url else "?"
            reload = f"{self.url}{glue}{listing.next_directives(self.low_latency)}"
            listing.reload = (Ask(self.list_lane, self._world.request(reload, Kind.PLAYLIST, keep=True)),)
        return listing

    def _init_before(self, msn: int) -> Request | None:
        """The initialization that still holds where a delta update begins with segment `msn`."""
        known = self.first_of(msn) or self.first_of(msn - 1)
        return known.init if known is not None else None

    def _learn(self, piece: Piece) -> None:
        """A piece is listed: news, or known, or known by a hint only, which did not say all."""
        key = (piece.msn, piece.part)
        known = self._pieces.get(key)
        if known is None:
            self._pieces[key] = piece
        elif known.hinted:
            known.end_s, known.independent, known.gap, known.hinted = piece.end_s, piece.independent, piece.gap, False

    def hinted(self, listing: Listing, piece: Piece) -> Piece | None:
        """The part that PRELOAD-HINT names, if it is the one after `piece`: to be asked for before it is listed."""
        if not listing.hint or piece.end_s < listing.edge_s - HOLE_S or not self.low_latency:
            return None
        msn, part = (piece.msn, piece.part + 1) if piece.part != WHOLE else (piece.msn + 1, 0)
        if (msn, WHOLE) in self._pieces:
            msn, part = msn + 1, 0
        if msn < self.newest_msn or (msn, part) in self._pieces:
            return self._pieces.get((msn, part))
        request = self._world.request(listing.hint, Kind.MEDIA)
        found = Piece(msn, part, piece.end_s, piece.end_s + listing.part_target_s, request, self.lane)
        found.init, found.hinted = piece.init, True
        self._pieces[msn, part] = found
        return found

    def _start(self, msn: int, segment: MediaSegment, at_s: float | None, target_s: float) -> float:
        date = segment.program_date_time
        if date is not None:
            return date.ns / 1e9
        known = self._pieces.get((msn, 0)) or self._pieces.get((msn, WHOLE))
        if known is not None:
            return known.start_s
        return msn * target_s if at_s is None else at_s

    def _pieces_of(self, msn: int, segment: MediaSegment, at_s: float, url: str) -> Iterator[Piece]:
        parts = segment.parts if self.low_latency else []
        start_s = at_s
        for index, part in enumerate(parts):
            end_s = start_s + float(part.duration)
            request = self._world.request(urljoin(url, part.uri), Kind.MEDIA)
            piece = Piece(msn, index, start_s, end_s, request, self.lane)
            piece.independent = index == 0 or part.independent
            piece.gap = part.gap
            yield piece
            start_s = end_s
        if segment.uri:
            request = self._world.request(urljoin(url, segment.uri), Kind.MEDIA)
            piece = Piece(msn, WHOLE, at_s, at_s + float(segment.duration or 0), request, self.lane)
            piece.gap = segment.gap
            yield piece

    def _forget(self, first_msn: int) -> None:
        """What has left the playlist can no more be looked up; those on their way through it still hold the chain."""
        if first_msn > self._lowest:
            self._lowest = first_msn
            self._pieces = {key: piece for key, piece in self._pieces.items() if key[0] >= first_msn}

    def first_of(self, msn: int) -> Piece | None:
        """Where to begin with a segment: its first part if parts are listed, else the whole."""
        return self._pieces.get((msn, 0)) or self._pieces.get((msn, WHOLE))

    def after(self, piece: Piece) -> Piece | None:
        """What follows `piece`, or None while it is not listed."""
        if piece.next is None:
            piece.next = self._after(piece)
        return piece.next

    def _after(self, piece: Piece) -> Piece | None:
        msn = piece.msn
        if piece.part != WHOLE:
            part = self._pieces.get((msn, piece.part + 1))
            whole = self._pieces.get((msn, WHOLE))
            if part is not None or whole is None:
                return part
            if whole.end_s > piece.end_s + HOLE_S:
                return whole
        return self.first_of(msn + 1)

    def locate(self, position_s: float) -> Piece | None:
        """The last independent piece that begins at `position_s` or before; the oldest if all begin later."""
        found: Piece | None = None
        for msn in range(self.newest_msn, self._lowest - 1, -1):
            first = self.first_of(msn)
            if first is None:
                continue
            found = first
            if first.start_s <= position_s:
                return self._latest_in(first, position_s)
        return found

    def _latest_in(self, first: Piece, position_s: float) -> Piece:
        best, part = first, first.part
        while part != WHOLE:
            part += 1
            piece = self._pieces.get((first.msn, part))
            if piece is None or piece.start_s > position_s:
                break
            best = piece if piece.independent else best
        return best


def _seconds(value: Decimal | None) -> float | None:
    return None if value is None else float(value)
