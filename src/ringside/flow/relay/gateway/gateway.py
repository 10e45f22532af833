"""A gateway: turns of one origin, from the group or from the feed, each told once and in order. Pure.

What enters: datagrams, changes of the feed, answers to repair, the passing of time. What leaves: actions, in the order
in which they are to be done, and its health. Whoever drives it does, after each call, first the actions, then
`push.reach(gateway.at)`; and drains its socket before it calls `tick`, which it does every TICK_S.
"""

import hashlib
from collections.abc import Iterable, Sequence
from typing import Any

from ringside.core.alc import MOST_BYTES, BadPacket, Gather, Mac, Rules, Window, read
from ringside.core.feed import Appended, Message, Opened, Playlist, Ranged, Turn
from ringside.core.feed.news import (
    CHECKPOINT,
    DIGEST_BYTES,
    NEWS,
    BadNews,
    Checkpoint,
    MediaRef,
    News,
    Reader,
    TurnOf,
    UnknownCheckpoint,
)
from ringside.core.mabr import Description, Verifier
from ringside.flow.relay.gateway.actions import Action, Ask, OpenFeed, Publish
from ringside.flow.relay.gateway.gather import Object, Objects
from ringside.flow.relay.gateway.health import Health, Track
from ringside.flow.relay.gateway.ledger import Ledger
from ringside.flow.relay.gateway.mend import Mend, Outcome
from ringside.flow.relay.gateway.order import Key, Order, key_of
from ringside.flow.relay.gateway.switch import State, Switch

TICK_S = 0.01
PATIENCE_NS = 400_000_000  # for media, where the turn does not say how long its part is
LEAST_PATIENCE_NS, MOST_PATIENCE_NS = 300_000_000, 2_000_000_000
CAROUSEL = 2**31  # objects from this number on are carried round for other receivers
SETTLE_NS = 200_000_000  # after the news of an object its packets have come, or are lost
UNNUMBERED = "the origin numbers no turns: it is older than this gateway, and is taken by unicast"

Released = Iterable[tuple[int, list[Message]]]


class Gateway:
    """One session's receiver. The feed is to be open from the beginning, as after an OpenFeed.

    Raises BadDescription for a key that is none.
    """

    def __init__(self, description: Description, now_ns: int) -> None:
        self._description = description
        self._names = {endpoint.tsi: name for name, endpoint in description.tracks.items()}
        endpoints = [description.news, *description.tracks.values()]
        tsis = frozenset(endpoint.tsi for endpoint in endpoints)
        sources = {endpoint.source for endpoint in endpoints}
        self._sources = frozenset() if None in sources else frozenset(sources)
        self._rules = Rules(tsis, description.symbol, MOST_BYTES, Mac(description.key))
        self._window = Window()
        self._reader = Reader(Verifier(description.public).good)
        self.health = Health(description.tracks)
        self.objects = Objects(tsis, description.fec, description.symbol, self.health.dropped)
        self.order = Order()
        self.mend = Mend(description.reorder_ms * 1_000_000)
        self.switch = Switch(now_ns)
        self._ledger = Ledger(SETTLE_NS)
        self._epoch = self._told_epoch = 0  # of the feed's turns, of the group's
        self._exists: list[Message] | None = None  # as the feed told it, until it names the turn
        self._is_fed = False
        self._ahead_ns = 0
        self.why = ""  # nothing is taken from the group

    def __repr__(self) -> str:
        return f"<Gateway {self.switch!r} {self.order!r} {self.objects!r} {self.mend!r}>"

    @property
    def at(self) -> Turn | None:
        """All up to this turn is published: a feed goes on after it. None: it must tell all that exists."""
        return Turn(self._epoch, self.order.base) if self._epoch and self.order.base >= 0 else None

    def packet(self, data: bytes, source: str, now_ns: int) -> Sequence[Action]:
        """A datagram came from the address `source`. It is kept as it is, and must not change."""
        if self._sources and source not in self._sources:
            self.health.dropped["source"] += 1
            return ()
        try:
            packet = read(data, self._rules)
            if not self._window.fresh(packet.sn):
                raise BadPacket("replayed")
            carried = packet.toi >= CAROUSEL
            self.health.received(None if carried else self._track(packet.tsi), len(data))
            if packet.toi == 0 or carried or not packet.symbol:
                return ()
            one, whole = self.objects.put(packet, now_ns)
        except BadPacket as error:
            self.health.dropped[error.reason] += 1
            return ()
        if one.is_news:
            self.switch.heard(now_ns)
        if whole is None:
            return ()
        if packet.tsi == self._description.news.tsi:
            return self._read(one, whole, now_ns)
        return () if one.ref is None else self._done(one, one.ref, whole, now_ns)

    def swapped(self, exists: Iterable[Message], size: int, now_ns: int) -> Sequence[Action]:
        """The feed has told all that exists, in `size` bytes, and the hub has it; the next `fed` names its turn.

        Of what exists only Opened and Ranged are looked at.
        """
        self.health.snapshot(size)
        self._exists = [message for message in exists if isinstance(message, Opened | Ranged)]
        self._epoch = 0
        self.order.suspend()
        self._feed_is_here()
        return ()

    def resumed(self, now_ns: int) -> Sequence[Action]:
        """The feed has gone on after `at`, and told all that was missed."""
        self._feed_is_here()
        return self.switch.fed(now_ns)

    def fed(self, turn: Turn | None, messages: Sequence[Message], now_ns: int) -> Sequence[Action]:
        """The feed told a turn. None: its origin numbers no turns, so nothing can be taken from a group."""
        self._feed_is_here()
        self.health.fed(messages, self._track_of)
        if turn is None:
            return self._unnumbered(messages, now_ns)
        if self._exists is not None:
            return self._begin(turn, self._exists, messages, now_ns)
        if turn.epoch != self._epoch or turn.number > self.order.known + 1:
            return self.refused(now_ns)
        for message in messages:
            if isinstance(message, Appended):
                self._had(key_of(message))
        return self._publish(self.order.turn(turn.number, messages), now_ns)

    def feed_ended(self, now_ns: int) -> Sequence[Action]:
        """The feed ended, broke or was refused, without a CloseFeed; it is being tried again."""
        self._is_fed = False
        return self.switch.ended(now_ns)

    def repaired(self, number: int, pieces: Sequence[tuple[int, bytes]], now_ns: int) -> Sequence[Action]:
        """The answer to Ask `number`: (first, bytes) as they lie in the resource, more or less than asked for, or
        nothing where it failed."""
        want = self.mend.answered(number)
        if want is None:
            return ()
        ref, whole = want.ref, None
        self.health.repaired(sum(len(data) for _, data in pieces), self._track_of(ref.blob))
        one = self._ledger.short.get(key_of(ref))
        if one is None:
            return self._questions(now_ns)
        for first, data in pieces:
            whole = whole or _cut(ref, first, data) or self.objects.mend(one, *_within(ref, first, data))
        actions: Sequence[Action] = ()
        if whole is None:
            self.mend.judged(ref, Outcome.SHORT, now_ns)
        else:
            actions = self._done(one, ref, whole, now_ns, by_unicast=True)
        return [*actions, *self._questions(now_ns)]

    def refused(self, now_ns: int) -> Sequence[Action]:
        """The hub did not take what was to be published: all is to be told anew."""
        self._epoch, self._exists, self._is_fed = 0, None, False
        self._forget()
        self.order.suspend()
        why = "what was told does not fit together"
        return self.switch.lost(why, now_ns) or [*self.switch.ended(now_ns), OpenFeed(why)]

    def tick(self, now_ns: int) -> Sequence[Action]:
        """Time has passed."""
        self.objects.tick(now_ns)
        for one, ref in self._ledger.settled(now_ns):
            self._settle(one, ref)
        for key in self._ledger.idle(self.order.wants, now_ns):
            self._had(key)
        actions = self.switch.look(self.order.base, self.order.known, self.order.newest, now_ns)
        self._is_fed = self._is_fed and self.switch.state is not State.GROUP
        if self.switch.state is State.GROUP:
            self.health.switched()
        if self.switch.state in (State.GROUP, State.BRIDGE) and not self._is_fed:
            self.mend.begin(now_ns)
        else:
            self.mend.end()
        return [*actions, *self._overdue(now_ns), *self._questions(now_ns)]

    def clock(self, ahead_ns: int) -> None:
        """The sender's clock is so much ahead of ours; for the delay only."""
        self._ahead_ns = ahead_ns

    def describe(self, unread: int, buffer_bytes: int) -> dict[str, Any]:
        """For the status page, JSON-ready; `unread`: datagrams the kernel had no room for, of `buffer_bytes`."""
        news = self._description.news
        return {
            "state": self.switch.state.value,
            "since_ms": self.switch.since_ns // 10**6,
            "switches": self.switch.switches,
            "why": self.why or self.switch.why,
            "group": f"{news.group}:{news.port}",
            "source": news.source,
            "unread": unread,
            "buffer_bytes": buffer_bytes,
            **self.health.describe(),
        }

    def _read(self, one: Object, data: bytes, now_ns: int) -> Sequence[Action]:
        """An object of the news' session: news, a checkpoint, or what is carried round for others."""
        self.objects.close(one)
        if data[: len(NEWS)] not in (NEWS, CHECKPOINT):
            return ()
        try:
            said = self._reader.take(data)
        except UnknownCheckpoint:
            return self.switch.lost("the group's news cannot be read: what they refer to was lost", now_ns)
        except BadNews:
            self.health.dropped["forged"] += one.seen
            return ()
        if isinstance(said, Checkpoint):
            return ()
        one.is_news = True
        return self._news(said, one.first_sn, now_ns)

    def _news(self, news: News, sn: int, now_ns: int) -> Sequence[Action]:
        if news.epoch < self._epoch:  # of before the origin began anew
            return ()
        if self._epoch and news.epoch > self._epoch:
            return self.switch.lost("the origin has begun anew", now_ns)
        if not self._epoch and news.epoch != self._told_epoch:
            self._told_epoch = news.epoch
            self._forget()
        self.switch.heard(now_ns)
        actions: list[Action] = []
        for turn in news.turns:
            refs = [message for message in turn.messages if isinstance(message, MediaRef)]
            if self.switch.flow.told(turn.number, now_ns):
                for ref in refs:
                    self._ledger.expect(self.objects.want(ref, now_ns), ref, now_ns)
            if not self.order.has(turn.number):
                actions += self._told(turn, refs, sn, now_ns)
        return actions

    def _told(self, turn: TurnOf, refs: list[MediaRef], sn: int, now_ns: int) -> list[Action]:
        """The news tell a turn that is not known yet."""
        released = self.order.turn(turn.number, turn.messages)
        objects = [(ref, self.objects.want(ref, now_ns)) for ref in refs if self.order.has(turn.number)]
        self._ledger.sent(turn.number, min([sn, *(one.first_sn for _, one in objects if one.first_sn)]) * 1000)
        patience_ns = _patience_ns(turn.messages)
        for ref, one in objects:
            self._ledger.short[key_of(ref)] = one
            self.mend.want(ref, patience_ns, now_ns)
        actions = self._publish(released, now_ns)
        for ref, one in objects:
            if one.data is not None:
                actions += self._done(one, ref, one.data, now_ns)
        return actions

    def _done(self, one: Object, ref: MediaRef, data: bytes, now_ns: int, by_unicast: bool = False) -> list[Action]:
        """An object is whole. If its turn waits, and it is what the sender has signed, the turn may go on."""
        if not self.order.wants(ref):
            self._had(key_of(ref))
            self.objects.close(one)
            return []
        if hashlib.sha256(data).digest()[:DIGEST_BYTES] != ref.digest:
            self.objects.again(one)
            self.mend.judged(ref, Outcome.WRONG, now_ns)
            return []
        track = self._track_of(ref.blob)
        if track is not None:
            track.mended_by_unicast += by_unicast
            track.mended_by_fec += not by_unicast and one.gather is not None and one.gather.fed_by_fec
        self._ledger.short.pop(key_of(ref), None)
        self.mend.have(key_of(ref))
        self.objects.close(one, late=by_unicast)
        return self._publish(self.order.media(ref, data), now_ns)

    def _publish(self, released: Released, now_ns: int) -> list[Action]:
        actions: list[Action] = []
        for number, messages in released:
            self.health.published(messages, self._track_of)
            sent_ns = self._ledger.sent_ns.pop(number, None)
            if sent_ns is not None:
                self.health.delayed(now_ns + self._ahead_ns - sent_ns)
            actions.append(Publish(Turn(self._epoch, number), tuple(messages)))
        if self.order.is_full:
            self._forget()
            actions += self.switch.lost("more waits than may", now_ns)
        return actions

    def _begin(self, turn: Turn, exists: list[Message], messages: Sequence[Message], now_ns: int) -> list[Action]:
        """The feed names the turn up to which all is here."""
        if turn.epoch != self._told_epoch:
            self._told_epoch = turn.epoch
            self._forget()
        self._epoch, self._exists = turn.epoch, None
        released = self.order.begin(turn.number, [*exists, *messages])
        actions: list[Action] = [Publish(turn, tuple(messages))] if messages else []
        self.health.published(messages, self._track_of)
        return [*actions, *self.switch.fed(now_ns), *self._publish(released, now_ns)]

    def _unnumbered(self, messages: Sequence[Message], now_ns: int) -> list[Action]:
        self.why, self._exists = UNNUMBERED, None
        self.health.published(messages, self._track_of)
        return [*self.switch.fed(now_ns), Publish(None, tuple(messages))]

    def _feed_is_here(self) -> None:
        self._is_fed = True
        self.mend.end()

    def _had(self, key: Key) -> None:
        """The feed has brought it, or nobody waits for it any more."""
        one = self._ledger.short.pop(key, None)
        self.mend.have(key)
        if one is not None:
            self.objects.close(one)

    def _forget(self) -> None:
        """Nothing waits any more."""
        for key in list(self._ledger.short):
            self._had(key)
        self._ledger.sent_ns.clear()
        self.order.forget()

    def _settle(self, one: Object, ref: MediaRef) -> None:
        """All packets of an object that will come have come."""
        if ref.tsi not in self._names:
            return
        track = self.health.tracks[self._names[ref.tsi]]
        track.objects += 1
        track.lost += max(0, ref.packets - one.seen)
        self.switch.flow.measured(one.seen, ref.packets)
        if key_of(ref) not in self._ledger.short:
            self.objects.close(one)

    def _overdue(self, now_ns: int) -> list[Action]:
        actions: list[Action] = []
        for want in self.mend.overdue(now_ns):
            track = self._track_of(want.ref.blob)
            if track is not None:
                track.missing += not want.again
            actions += self.switch.lost(f"{want.ref.path} could not be had in time", now_ns)
            if self.order.wants(want.ref):
                self.mend.again(want, now_ns)
        return actions

    def _questions(self, now_ns: int) -> list[Ask]:
        return self.mend.questions(self._gathered, now_ns)

    def _gathered(self, ref: MediaRef) -> Gather | None:
        one = self._ledger.short.get(key_of(ref))
        return None if one is None else one.gather

    def _track(self, tsi: int) -> Track | None:
        name = self._names.get(tsi)
        return None if name is None else self.health.tracks[name]

    def _track_of(self, blob: int) -> Track | None:
        return self.health.tracks.get(self.order.lanes.of_blob(blob).rpartition("/")[2])


def _within(ref: MediaRef, first: int, data: bytes) -> tuple[int, bytes]:
    """What of these bytes of the resource is the object's, and where in it that lies."""
    begin, end = max(first, ref.at), min(first + len(data), ref.at + ref.n)
    return begin - ref.at, data[max(0, begin - first) : max(0, end - first)]


def _cut(ref: MediaRef, first: int, data: bytes) -> bytes | None:
    """The object, if these bytes of the resource hold all of it."""
    return _within(ref, first, data)[1] if first <= ref.at and ref.at + ref.n <= first + len(data) else None


def _patience_ns(messages: Iterable[Message | MediaRef]) -> int:
    """How long media of a turn may take after its news: as long as two parts."""
    parts = [2 * (m.part_target_s or m.target_s) for m in messages if isinstance(m, Playlist)]
    patience_ns = int(min(parts) * 1e9) if parts else PATIENCE_NS
    return min(max(patience_ns, LEAST_PATIENCE_NS), MOST_PATIENCE_NS)
