"""Telling: one answer of the origin on its way to the workers, from its head to its end.

What enters: the facts of the answer, its bytes as they come, its end. What leaves: Pulled, Appended and Closed, and
what the cellar is to keep. A manifest, a refusal and a redirect are told when they are whole, something small as well
if that is soon; everything else from its head on, so that viewers follow what the origin is still making.
"""

import asyncio
import hashlib
import logging
from collections.abc import Callable, Iterator
from typing import NamedTuple

from ringside.core.clock import Clock
from ringside.core.feed import Appended, Closed, Fresh, Message, Pulled
from ringside.flow.relay.fill.cellar import Cellar, Kept
from ringside.flow.relay.fill.fetch import Unanswered
from ringside.flow.relay.fill.lifetime import (
    STILL,
    Answer,
    Kind,
    Times,
    backoff_ns,
    caching,
    grace_end_ns,
    kind,
    pace,
    times,
)
from ringside.flow.relay.fill.policy import Policy

log = logging.getLogger(__name__)

SMALL_BYTES = 1 << 20
NS_PER_S = 1_000_000_000


class Means(NamedTuple):
    """What a telling needs: the rules, the time, what is kept, numbers for blobs, and who is told."""

    policy: Policy
    clock: Clock
    cellar: Cellar
    blobs: Iterator[int]
    publish: Callable[[list[Message]], None]


class Telling:
    """Tells of the answer to `key`; `had` is the copy that it replaces or confirms. `told`: workers know of it."""

    def __init__(self, means: Means, key: str, had: Kept | None = None) -> None:
        self.key = key
        self.had = had
        self._means = means
        self._answer = Answer(502)
        self._whole = False  # to be told when it is whole
        self._pieces: list[bytes] = []
        self._size = 0
        self._kept: Kept | None = None
        self._soon: asyncio.TimerHandle | None = None

    def __repr__(self) -> str:
        return f"<Telling {self.key} {self._size} B{' told' if self.told else ''}>"

    @property
    def told(self) -> bool:
        """Whether workers have been told, and what they have been told is not whole yet."""
        return self._kept is not None and not self._kept.closed

    def begin(self, answer: Answer) -> None:
        """The head is there. Raises Unanswered for what is too large."""
        self._answer = answer
        policy = self._means.policy
        self._bound(answer.length)
        self._whole = kind(self.key, answer) is not Kind.MEDIA
        if self._whole:
            return
        if 0 <= answer.length <= SMALL_BYTES:
            self._soon = asyncio.get_running_loop().call_later(policy.gather_s, self._early)
        else:
            self._open(closed=False)

    def add(self, data: bytes) -> None:
        """More of the body. Raises Unanswered for what is too large, OSError when there is no room."""
        self._size += len(data)
        self._bound(self._size)
        if self._kept is not None:
            self._means.cellar.grow(self._kept, self._size)
            self._means.publish([Appended(self._kept.blob, self._size, data)])
            return
        self._pieces.append(data)
        if self._whole and self._size > self._means.policy.max_manifest_bytes:
            self._open(closed=False)

    def end(self) -> None:
        """The body is whole. Raises OSError when there is no room."""
        self.stop()
        if self._kept is None:
            if not self._unchanged():
                self._open(closed=True)
            return
        self._kept.closed = True
        self._means.publish([Closed(self._kept.blob)])

    def refuse(self, failure: Unanswered, failures: int) -> None:
        """The origin failed, for the `failures`-th time in a row, and there is nothing to be served instead."""
        now_ns = self._means.clock.now_ns()
        self._answer = Answer(failure.status, "text/plain; charset=utf-8")
        body = f"{failure}\n".encode()
        self._pieces, self._size = [body], len(body)
        until_ns = now_ns + backoff_ns(failures, self._means.policy)
        self._open(closed=True, given=Times(now_ns, until_ns, until_ns), failures=failures)

    def stop(self) -> None:
        """No timer is left behind."""
        if self._soon is not None:
            self._soon.cancel()
            self._soon = None

    def _bound(self, size: int) -> None:
        limit = self._means.policy.max_object_bytes
        if size > limit:
            raise Unanswered(f"this is larger than the {limit} bytes that an edge carries")

    def _early(self) -> None:
        self._soon = None
        try:
            self._open(closed=False)
        except OSError as error:
            log.warning("%s is told when it is whole: %s", self.key, error.strerror or error)

    def _open(self, closed: bool, given: Times | None = None, failures: int = 0) -> None:
        means, answer = self._means, self._answer
        now_ns, body = means.clock.now_ns(), b"".join(self._pieces)
        beat = pace(body) if self._whole else STILL
        if given is None:
            given = times(self.key, answer, beat, now_ns, means.policy)
            end_ns = grace_end_ns(self.key, answer, given, means.policy)
        else:
            end_ns = given.stale_ns + int(means.policy.failure_max_s * NS_PER_S)  # its failures are remembered so long
        blob, length = next(means.blobs), self._size if closed else answer.length
        cache_control = caching(answer, given, now_ns)
        fields = (answer.content_type, length, cache_control, answer.etag, answer.location)
        told: list[Message] = [Pulled(self.key, blob, answer.status, *fields, *given)]
        if body:
            told.append(Appended(blob, len(body), body))
        if closed:
            told.append(Closed(blob))
        means.publish(told)
        self._pieces.clear()
        digest = _digest(body) if closed else b""
        self._kept = Kept(self.key, blob, answer, given, end_ns, len(body), closed, beat, digest, failures)
        means.cellar.put(self._kept)

    def _unchanged(self) -> bool:
        """What came is what workers have: they keep it, and need not compress it again."""
        had, means = self.had, self._means
        if had is None or not had.digest or had.digest != _digest(b"".join(self._pieces)):
            return False
        if _shown(had.answer) != _shown(self._answer) or had.size != self._size:
            return False
        had.confirm(self._answer, means.clock.now_ns(), means.policy)
        means.publish([Fresh(self.key, *had.times)])
        return True


def _shown(answer: Answer) -> tuple[object, ...]:
    """What viewers see of an answer."""
    return answer.status, answer.content_type, answer.etag, answer.cache_control, answer.location


def _digest(body: bytes) -> bytes:
    return hashlib.sha256(body).digest() if body else b""
