"""The sender's shell: an origin's turns in, datagrams to a group out, at a pace.

What enters: a Config. What leaves: the description, as a file for gateways; packets; a line of progress each second,
and a summary at the end. Two tasks share one loop: one takes the feed and plans, the other sends what is due, one
packet after another, as the bucket allows. What is told again, checkpoints and the carousel go between the packets of
media.
"""

import asyncio
import logging
import random
from collections.abc import Callable

from ringside.core.alc import File, Mac, Packet, write
from ringside.core.clock import Clock
from ringside.core.ends import first, signalled
from ringside.core.errors import Misconfigured
from ringside.core.feed import Document, Playlist
from ringside.core.feed.news import MediaRef, Writer
from ringside.core.mabr import CONTENT_TYPE, BadDescription, Description, Keys, to_xml
from ringside.core.telemetry import Rates
from ringside.flow.relay.fill.reading import Changes, Exists, Step, Whole
from ringside.flow.relay.sender.backlog import Backlog
from ringside.flow.relay.sender.bulletin import NEVER_NS, Bulletin
from ringside.flow.relay.sender.carousel import Carousel
from ringside.flow.relay.sender.config import SCHEMES, Config
from ringside.flow.relay.sender.counts import Counts, Progress
from ringside.flow.relay.sender.files import keys_beside
from ringside.flow.relay.sender.files import write as write_file
from ringside.flow.relay.sender.follow import Follow
from ringside.flow.relay.sender.pace import IP_UDP_BYTES, Bucket, depth_for, rate_for
from ringside.flow.relay.sender.packets import Coding, Object, packets
from ringside.flow.relay.sender.plan import HEADERS_BYTES, Job, Numbers, Plan
from ringside.flow.relay.sender.session import NEWS_TSI, Session
from ringside.flow.relay.sender.socket import Outlet

log = logging.getLogger(__name__)

QUANTUM_NS = 2_000_000  # of sleep: a timer is seldom better
PROGRESS_S = 1.0
ANEW_NS = 3600_000_000_000  # after which the description is written anew, for it expires
BEHIND_S = 1.0  # of sending may wait
FIRST_BPS = 20_000_000  # until the tracks' rates are known


class Sender:
    """Sends the event of `config.origin`. `on_described` is called when the description has changed."""

    def __init__(
        self,
        config: Config,
        keys: Keys,
        clock: Clock,
        chance: Callable[[], float],
        on_described: Callable[[Session], None],
    ) -> None:
        """Raises Misconfigured where the socket cannot be as wished."""
        self._config, self._clock, self._on_described = config, clock, on_described
        coding = Coding(SCHEMES[config.fec], config.overhead, config.symbol)
        numbers = Numbers(clock.now_ns() // 10**6)
        self._outlet = Outlet(config, config.symbol + HEADERS_BYTES)
        self._mac = Mac(keys.group)
        self._session = Session(config, keys)
        self._plan = Plan(coding, numbers)
        self._bulletin = Bulletin(Writer(keys.signer(), clock.now_ns()), coding, numbers)
        self._carousel = Carousel(config.origin, coding, numbers)
        self._follow = Follow(config.origin, config.feed_token, clock, chance, self._step)
        self._backlog = Backlog()
        self._bucket = self._paced(config.rate_bps or FIRST_BPS)
        self._lives = 0  # of feeds told from the beginning
        self._more = asyncio.Event()
        self._sn = 0
        self._described_ns = 0
        self._rates = Rates()
        self.counts = Counts()

    def __repr__(self) -> str:
        return f"<Sender {self._follow!r} {self._backlog!r} {self._bucket!r}>"

    async def run(self) -> None:
        """Send, for ever. Raises RingsideError."""
        try:
            await first(self._follow.run(), self._send())
        finally:
            self._outlet.close()

    def progress(self) -> Progress:
        """How it goes, now; the rate is since the last time this was asked."""
        counts = self.counts
        counts.cut = self._backlog.cut
        counts.left_out = self._backlog.dropped + self._bulletin.counts["left_out"]
        wire = counts.bytes.total() + counts.packets.total() * IP_UDP_BYTES
        rate = self._rates.take(self._clock.now_ns(), wire=wire)["wire"] * 8
        return Progress(self._follow.state, rate, self._bucket.rate_bps, self._backlog.bytes, counts)

    # what the feed tells

    def _step(self, step: Step) -> None:
        if isinstance(step, Whole):
            self._lives += 1
            for each in (self._plan, self._bulletin, self._carousel):
                each.anew()
            self._backlog.clear()
        elif isinstance(step, Exists):
            self._plan.exists(step.message)
            self._know(step)
        elif isinstance(step, Changes):
            self._turn(step)
        else:  # Synced: all that exists, or was missed, has been told
            self._describe()

    def _know(self, step: Exists) -> None:
        self._bulletin.know([step.message])
        self._carousel.take(step.message)
        if isinstance(step.message, Document):
            self._session.see(step.message.path, step.message.body)

    def _turn(self, step: Changes) -> None:
        assert step.turn is not None
        for message in step.messages:
            self._carousel.take(message)
            if isinstance(message, Document):
                self._session.see(message.path, message.body)
        if not step.messages:  # where we are
            return
        job = self._plan.take(step.turn, step.messages)
        if self._session.tracks:
            self._backlog.put(job)
            self._more.set()
        else:
            self._bulletin.know(job.turn.messages)
        if any(isinstance(message, Document | Playlist) for message in step.messages):
            self._describe()

    def _describe(self) -> None:
        """Begin to send what there is to send, and tell gateways."""
        now_ns = self._clock.now_ns()
        if not self._session.settle() and not (self._described_ns and now_ns - self._described_ns >= ANEW_NS):
            return
        session, config = self._session, self._config
        self._described_ns = now_ns
        self._plan.lanes = session.lanes
        self._carousel.settle(session.event, session.lanes)
        self._carousel.put(
            f"/live/{session.event}/multicast.xml", CONTENT_TYPE, _document(session.public(now_ns)), NEWS_TSI, True
        )
        if config.rate_bps is None and session.most_bps:
            self._bucket = self._paced(rate_for(session.most_bps, config.overhead))
        self._on_described(session)
        self._more.set()

    def _paced(self, rate_bps: int) -> Bucket:
        self._backlog.most_bytes = int(rate_bps / 8 * BEHIND_S)
        return Bucket(rate_bps, self._config.depth_bytes or depth_for(rate_bps))

    # what is sent

    async def _send(self) -> None:
        while True:
            if (job := self._backlog.pop()) is not None:
                await self._job(job)
            elif not await self._between():
                await self._idle()

    async def _job(self, job: Job) -> None:
        """The media of a turn, each piece behind the table that names it, and then the news of it."""
        counts, life = self.counts, self._lives
        for piece in job.pieces:
            thing = piece.thing
            table = self._carousel.table(thing.tsi)
            table.add(File(self._config.origin + piece.path, thing.toi, len(thing.data), piece.content_type))
            await self._object(table.object(self._clock.now_ns()))
            await self._object(thing)
            counts.tracks[str(thing.tsi)] += len(thing.data)
        counts.turns += 1
        counts.by_unicast += sum(isinstance(told, MediaRef) and not told.tsi for told in job.turn.messages)
        if life != self._lives:  # the origin has begun anew: of what was, nothing is told
            return
        news = self._bulletin.tell(job.epoch, job.turn, self._clock.now_ns())
        if news is not None:
            await self._object(news)

    async def _between(self) -> bool:
        """Send what is due beside the turns; whether there was anything."""
        now_ns = self._clock.now_ns()
        if not self._session.tracks:
            return False
        told = self._bulletin.due(now_ns, self._follow.state == "live")
        things = [told] if told is not None else self._carousel.due(now_ns)
        for thing in things:
            await self._object(thing, between=False)
        return bool(things)

    async def _idle(self) -> None:
        """Until there is a turn, or something is due."""
        self._more.clear()
        due_ns = NEVER_NS
        if self._session.tracks:
            due_ns = min(self._bulletin.next_ns(self._follow.state == "live"), self._carousel.next_ns)
        wait_s = min(1.0, max(QUANTUM_NS, due_ns - self._clock.now_ns()) / 1e9)
        try:
            async with asyncio.timeout(wait_s):
                await self._more.wait()
        except TimeoutError:
            pass

    async def _object(self, thing: Object, between: bool = True) -> None:
        """All packets of an object; `between` them, what is due."""
        self.counts.objects[thing.kind] += 1
        for packet, mends in packets(thing):
            if between:
                await self._between()
            await self._packet(packet, "fec" if mends and thing.kind == "media" else thing.kind)

    async def _packet(self, packet: Packet, kind: str) -> None:
        size = len(packet.symbol) + HEADERS_BYTES
        wait_ns = self._bucket.ready(size, self._clock.now_ns())
        while wait_ns:
            await asyncio.sleep(max(wait_ns, QUANTUM_NS) / 1e9)
            wait_ns = self._bucket.ready(size, self._clock.now_ns())
        self._sn = max(self._sn + 1, self._clock.now_ns() // 1000)
        data = write(packet._replace(sn=self._sn), self._mac)
        for _ in range(1000):
            try:
                if self._outlet.send(data):
                    self.counts.sent(kind, len(data))
                else:
                    self.counts.unsent += 1
                return
            except BlockingIOError:
                await asyncio.sleep(QUANTUM_NS / 1e9)
        self.counts.unsent += 1


async def send(config: Config, clock: Clock, say: Callable[[str], None]) -> None:
    """Send until SIGINT or SIGTERM; `say` prints a line for people. Raises RingsideError."""
    keys = keys_beside(config.description)

    def describe(session: Session) -> None:
        write_file(config.description, _document(session.description(clock.now_ns())))
        names = ", ".join(session.tracks)
        say(f"  sending {session.event}: {names}; edges need {config.description}")

    sender = Sender(config, keys, clock, random.random, describe)
    say(f"Ringside sends [bold]{config.origin}[/] to [bold]{config.group}:{config.port}[/]")
    say("  Ctrl-C ends it")

    async def report() -> None:
        while True:
            await asyncio.sleep(PROGRESS_S)
            say(f"  {sender.progress().line()}")

    await first(sender.run(), report(), signalled())
    for line in sender.progress().summary():
        say(f"  {line}")


def _document(description: Description) -> bytes:
    try:
        return to_xml(description)
    except BadDescription as error:
        raise Misconfigured(str(error)) from None
