"""The worker's mirror of what exists: paths to things that can be answered with, fed message by message.

What enters: the feed's messages (an Opened with its blob). What leaves: `find`, `expects` and `ready` for decisions,
and the paths and blobs that changed, so that the shell can write to whoever waits for them. When a feed begins
anew, what it tells is gathered aside and takes the old one's place at Synced; what only the old one had stays for
`GRACE_NS`, for viewers who still hold a playlist that names it.
"""

from collections.abc import Iterable
from itertools import count
from weakref import WeakValueDictionary

from ringside.core.feed import (
    PULLED,
    Appended,
    BrokenFeed,
    Cache,
    Closed,
    Document,
    Expected,
    Fresh,
    Kept,
    Message,
    Opened,
    Playlist,
    Pulled,
    Ranged,
    Removed,
    Streamed,
    Synced,
)
from ringside.flow.relay.answer.blob import Blob
from ringside.flow.relay.answer.census import Census
from ringside.flow.relay.answer.copy import Copy
from ringside.flow.relay.answer.endless import Endless, Leg, Skips
from ringside.flow.relay.answer.keys import is_own
from ringside.flow.relay.answer.serve import Tally
from ringside.flow.relay.answer.things import Live, Media, Page
from ringside.flow.relay.answer.waiting import WHOLE, Point

MAX_THINGS = 200_000
GRACE_NS = 30_000_000_000

Thing = Media | Page | Live | Copy | Endless


class _World:
    """What one feed has told so far. A blob lives as long as a path, or a viewer being answered, needs it."""

    def __init__(self) -> None:
        self.things: dict[str, Thing] = {}
        self.blobs: WeakValueDictionary[int, Blob] = WeakValueDictionary()
        self.expected: dict[str, int] = {}  # and for how many seconds it is held for, 0: as usual
        self.names: dict[int, str] = {}  # of blobs that still grow
        self.kept: dict[str, Kept] = {}  # by folder

    def take_over(self, path: str, blob: Blob) -> None:
        """Go on with the `blob` of an earlier feed at `path`, where this one tells the same bytes: it is followed."""
        thing = self.things.get(path)
        if not isinstance(thing, Media) or not blob.go_on_as(heir := thing.blob):
            return
        for number, each in list(self.blobs.items()):
            if each is heir:
                self.blobs[number] = blob
        for other in self.things.values():
            if isinstance(other, Endless) and other.leg.blob is heir:
                other.leg.blob = blob
        thing.blob = blob


class Store:
    """Everything a worker can answer with. `target_s` is the event's target duration, as last told.

    `ages`: its answers tell how old they are, for they come from another machine. `pulls`: what is not here is not
    missing, but to be asked for.
    """

    def __init__(self, assets: Iterable[Document] = (), ages: bool = False, pulls: bool = False) -> None:
        self.pulls = pulls
        self._ages = ages
        self.census = Census()
        self._versions = count()  # of copies, across feeds
        self._assets: dict[str, Thing] = {
            asset.path: Page(asset, tally=self.census.tally(asset.path)) for asset in assets
        }
        self._now = _World()
        self._next: _World | None = None
        self._leaving: list[tuple[int, dict[str, Thing]]] = []
        self.synced = False
        self.synced_anew = False
        self.target_s = 2
        self.media_ns = 0
        self.touched: set[str] = set()
        self.grown: set[Blob] = set()
        self._skips = Skips()

    def __repr__(self) -> str:
        now = self._now
        return f"<Store {len(now.things)} paths {len(now.blobs)} blobs {len(now.expected)} expected>"

    @property
    def sizes(self) -> dict[str, int]:
        """How much there is of each kind."""
        now = self._now
        return {"objects": len(now.things), "blobs": len(now.blobs), "expected": len(now.expected)}

    @property
    def streams(self) -> dict[str, int]:
        """How many viewers of endless responses there are, and how often one was too far behind."""
        streams = [thing for thing in self._now.things.values() if isinstance(thing, Endless)]
        viewers = sum(len(stream.rides) for stream in streams)
        return {"stream_viewers": viewers, "stream_skips": self._skips.count}

    @property
    def ended(self) -> bool:
        """Whether every playlist there is has ended, or there is none, but something is kept."""
        ends = [thing.playlist.ended for thing in self._now.things.values() if isinstance(thing, Live)]
        return all(ends) if ends else bool(self._now.kept)

    def find(self, path: str) -> Thing | None:
        """What `path` names now."""
        return self._now.things.get(path) or self._assets.get(path)

    def expects(self, path: str) -> bool:
        """Whether `path` is to be held for: it was announced, or nothing at all is known yet."""
        return path in self._now.expected or not self.synced

    def asks(self, path: str) -> bool:
        """Whether `path`, which is not here, is to be asked for."""
        if self.pulls:
            return not is_own(path)
        folder, _, name = path.rpartition("/")
        kept = self._now.kept.get(folder)
        return kept is not None and kept.has(name)

    @property
    def grows_old(self) -> bool:
        """Whether what is here may need a question while nothing is told."""
        return self.pulls or bool(self._now.kept)

    def hold_s(self, path: str) -> int:
        """For how long `path` is held for where it need not come; 0: for as long as what has to come."""
        return self._now.expected.get(path, 0)

    def ready(self, path: str, point: Point) -> bool:
        """Whether who waits for `point` of `path` can be answered now, if only with a refusal."""
        thing = self.find(path)
        if thing is None:
            return not self.expects(path) and not self.asks(path)
        if isinstance(thing, Copy):
            return thing.has(point)
        if point == WHOLE or not isinstance(thing, Live):
            return True
        return thing.playlist.ended or thing.has(*point)

    def begin(self) -> None:
        """A feed begins: what it tells takes the old one's place when it is complete."""
        self._next = _World()

    def give_up(self) -> None:
        """The feed ended: what it had not told whole is forgotten."""
        self._next = None

    def apply(self, message: Message, now_ns: int, fd: int = -1) -> None:
        """Take one message in; `fd` comes with an Opened or Pulled and belongs to the Store. Raises BrokenFeed."""
        if isinstance(message, Synced):
            self._sync(message, now_ns)
            return
        world = self._next or self._now
        match message:
            case Opened() | Pulled():
                self._open(world, message, now_ns, fd)
            case Appended() | Closed():
                self._grow(world, message, now_ns)
            case Ranged(path, number, offset, size, content_type, cache):
                whole = world.blobs.get(number)
                if whole is None or offset + size > whole.size:
                    raise BrokenFeed(f"{path} lies beyond the end of blob {number}")
                self._place(
                    world,
                    path,
                    Media(whole, offset, size, content_type, cache, *self._born(path, now_ns, content_type)),
                )
            case Document(path):
                born_s, tally = self._born(path, now_ns)
                lasts = message.cache is Cache.IMMUTABLE  # else the feed stands for it, however long it has not changed
                self._place(world, path, Page(message, born_s if lasts else 0, tally))
            case Playlist(path):
                self.target_s = message.target_s
                self._place(world, path, Live(message, *self._born(path, now_ns)))
            case Streamed():
                self._stream(world, message)
            case Expected() | Fresh() | Kept() | Removed():
                self._change(world, message)

    def stalled(self, now_ns: int) -> list[Blob]:
        """Blobs that are being followed and have not grown for three target durations."""
        now = self._now
        names = [n for n, path in now.names.items() if not isinstance(now.things.get(path), Copy)]  # the filler's care
        growing = [blob for number in names if (blob := now.blobs.get(number)) is not None and blob.followers]
        return [blob for blob in growing if now_ns - blob.grown_ns > 3 * self.target_s * 10**9]

    def expire(self, now_ns: int) -> bool:
        """Let go what stayed from an earlier feed for its grace only; whether there was any."""
        had = len(self._leaving)
        while self._leaving and self._leaving[0][0] <= now_ns:
            for path, thing in self._leaving.pop(0)[1].items():
                if self._now.things.get(path) is thing:
                    del self._now.things[path]
        return len(self._leaving) < had

    def _born(self, path: str, now_ns: int, content_type: str = "") -> tuple[int, Tally]:
        """What a new version of `path` is to know: when it was made, and who has asked for it."""
        return now_ns // 10**9 if self._ages else 0, self.census.tally(path, content_type)

    def _bound(self, world: _World) -> None:
        if len(world.things) + len(world.expected) + len(world.kept) >= MAX_THINGS:
            raise BrokenFeed(f"more than {MAX_THINGS} paths")

    def _place(self, world: _World, path: str, thing: Thing) -> None:
        self._bound(world)
        world.things[path] = thing
        world.expected.pop(path, None)
        self.touched.add(path)

    def _open(self, world: _World, message: Opened | Pulled, now_ns: int, fd: int) -> None:
        path = message.path
        world.blobs[message.blob] = blob = Blob(fd, now_ns)
        world.names[message.blob] = path
        born_s, tally = self._born(path, now_ns, message.content_type)
        if isinstance(message, Pulled):
            self._place(world, path, Copy(message, blob, next(self._versions), tally))
        else:
            self._place(world, path, Media(blob, 0, None, message.content_type, message.cache, born_s, tally))

    def _stream(self, world: _World, message: Streamed) -> None:
        path, page = message.path, world.things.get(message.header)
        blob, thing = world.blobs.get(message.blob), world.things.get(path)
        if blob is None or message.offset > blob.size or not isinstance(page, Page):
            raise BrokenFeed(f"{path} begins with what is not there")
        if isinstance(thing, Endless):
            self.grown.add(thing.move(blob, page.document.body, message.offset))
        else:
            leg = Leg(blob, page.document.body)
            tally = self.census.tally(path, message.content_type)
            stream = Endless(leg, message.offset, message.content_type, tally, self._skips)
            self._place(world, path, stream)

    def _change(self, world: _World, message: Expected | Fresh | Kept | Removed) -> None:
        if isinstance(message, Removed):
            self._remove(world, message.path)
        elif isinstance(message, Expected):
            self._bound(world)
            world.expected[message.path] = message.hold_s
        elif isinstance(message, Kept):
            self._keep(world, message)
        elif isinstance(thing := world.things.get(message.path), Copy):
            thing.refresh(message, next(self._versions))
            self.touched.add(message.path)

    def _keep(self, world: _World, message: Kept) -> None:
        world.kept.pop(message.folder, None)
        if message:
            self._bound(world)
            world.kept[message.folder] = message

    def _grow(self, world: _World, message: Appended | Closed, now_ns: int) -> None:
        number = message.blob
        if (known := world.blobs.get(number)) is None:
            world.names.pop(number, None)  # every path of it was removed
        elif isinstance(message, Appended):
            self._append(known, message, now_ns)
        else:
            self._close(world, known, world.names.pop(number, ""))

    def _append(self, blob: Blob, message: Appended, now_ns: int) -> None:
        if message.size < blob.size or blob.closed:
            raise BrokenFeed(f"blob {message.blob} cannot become {message.size} bytes")
        blob.size, blob.grown_ns = message.size, now_ns
        self.grown.add(blob)
        if self._next is None and message.blob < PULLED:
            self.media_ns = now_ns

    def _close(self, world: _World, blob: Blob, path: str) -> None:
        blob.closed = True
        thing = world.things.get(path)
        if isinstance(thing, Media) and thing.blob is blob:
            thing.close()
        self.grown.add(blob)

    def _remove(self, world: _World, path: str) -> None:
        world.expected.pop(path, None)
        thing = world.things.pop(path, None)
        self.touched.add(path)
        if isinstance(thing, Copy) or (isinstance(thing, Media) and thing.size is None):
            thing.blob.lost = not thing.blob.closed
            self.grown.add(thing.blob)
        elif isinstance(thing, Endless):
            self.grown.add(thing.end())

    def _sync(self, message: Synced, now_ns: int) -> None:
        if self._next is None:
            raise BrokenFeed("synced twice")
        old, new = self._now, self._next
        legs = {thing.leg.blob for thing in old.things.values() if isinstance(thing, Endless)}
        for path, thing in old.things.items():
            if isinstance(thing, Media) and (thing.growing is not None or _is_all_of_one(thing, legs)):
                new.take_over(path, thing.blob)
        heirs = set(new.blobs.values())
        for blob in old.blobs.values():
            blob.lost = not blob.closed and blob not in heirs
            self.grown.add(blob)
        for path, thing in old.things.items():
            if isinstance(thing, Endless):
                heir = new.things.get(path)
                self.grown.add(thing.end(heir if isinstance(heir, Endless) else None))
        stay = {path: thing for path, thing in old.things.items() if path not in new.things and _whole(thing)}
        self._leaving.append((now_ns + GRACE_NS, stay))
        new.things.update(stay)
        self._now, self._next = new, None
        self.synced = self.synced_anew = True
        self.media_ns = message.media_ns
        self.touched |= new.things.keys() | old.expected.keys()


def _is_all_of_one(thing: Media, blobs: set[Blob]) -> bool:
    """Whether it is the whole of one of `blobs`, which are closed."""
    return thing.blob in blobs and thing.size == thing.blob.size


def _whole(thing: Thing) -> bool:
    if isinstance(thing, Copy):
        return thing.blob.closed
    if isinstance(thing, Endless):
        return False
    return not (isinstance(thing, Media) and thing.serve is None)
