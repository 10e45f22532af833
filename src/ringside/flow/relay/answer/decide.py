"""What to do with a request: answer, follow what grows, hold until when, or refuse how. Pure.

What enters: a request, the store and the time. What leaves: Serve, Follow, Hold, Refuse or Want; the shell does it, and
asks again when what was held for arrives. The clauses are those of rfc8216bis §6.2.5 (delivery directives), its
appendix on caching, and RFC 9110 §14 (ranges). Queries that are not ours never matter.
"""

from ringside.core.feed import Document
from ringside.flow.relay.answer.copy import RANGES, UNBUFFERED, Copy
from ringside.flow.relay.answer.decision import Decision, Follow, Hold, Refuse, Want
from ringside.flow.relay.answer.endless import Endless, Ride
from ringside.flow.relay.answer.keys import fault
from ringside.flow.relay.answer.ranges import ENDLESS, content_range, resolve, unsatisfiable
from ringside.flow.relay.answer.request import Directives, Range, Request
from ringside.flow.relay.answer.serve import NO_NEWS, OPTIONS, Serve, cache_control, head
from ringside.flow.relay.answer.store import Store
from ringside.flow.relay.answer.things import Live, Media, Page
from ringside.flow.relay.answer.waiting import WHOLE, Point

__all__ = ["ENDLESS", "Decision", "Follow", "Hold", "Refuse", "Want", "decide", "too_late"]

NS_PER_S = 1_000_000_000
PULL_NS = 20 * NS_PER_S  # how long a viewer is held for what is pulled: longer than an origin may say nothing


def decide(request: Request, store: Store, now_ns: int, held: Point | None = None) -> Decision:
    """What to do with `request` at `now_ns`; `held` is the point it has been held for, and is there."""
    target = request.target
    if target.method not in {"GET", "HEAD"}:
        return OPTIONS if target.method == "OPTIONS" else Refuse(405, "only GET, HEAD and OPTIONS are answered here")
    thing = store.find(target.path)
    if isinstance(thing, Copy):
        return _copy(thing, request, now_ns, held)
    if isinstance(thing, Live):
        return _live(thing, request, store, now_ns)
    if isinstance(thing, Media):
        return _media(thing, request)
    if isinstance(thing, Page):
        return _page(thing, request)
    if isinstance(thing, Endless):
        return Follow(thing.serve, Ride(thing), 0)
    if store.asks(target.path):
        return _pull(target.path)
    if store.expects(target.path):
        return Hold(target.path, WHOLE, (store.hold_s(target.path) or 3 * store.target_s) * NS_PER_S)
    return Refuse(404, "there is nothing by this name", store.target_s)


def too_late(request: Request, store: Store) -> Serve | Refuse:
    """The answer to a request whose hold ended in vain: a refusal (rfc8216bis §6.2.5.2), or that there is no news."""
    if store.hold_s(request.target.path):
        return NO_NEWS
    times = 4 if isinstance(store.find(request.target.path), Live) else 1
    return Refuse(503, "what was asked for did not come in time", times * store.target_s)


def _copy(copy: Copy, request: Request, now_ns: int, held: Point | None) -> Decision:
    """Fresh, still growing or just come: answered. Stale: answered and asked for. Older: asked for and held."""
    if now_ns < copy.fresh_ns or not copy.blob.closed or (held is not None and copy.has(held)):
        return copy.answer(request)
    key = request.target.path
    if now_ns < copy.stale_ns:
        return Want(key, copy.answer(request))
    return Want(key, Hold(key, (copy.version, 0), PULL_NS))


def _pull(key: str) -> Decision:
    sentence = fault(key)
    return Refuse(400, sentence, 60) if sentence else Want(key, Hold(key, WHOLE, PULL_NS))


def _live(live: Live, request: Request, store: Store, now_ns: int) -> Decision:
    directives, gzip = request.target.directives, request.fields.gzip
    now = live.playlist
    if directives is None or now.ended:
        return live.serve(False, gzip, False)
    errors_s = 4 * now.target_s
    if directives.fault:
        return Refuse(400, directives.fault, errors_s)
    if directives.msn is None:
        return live.serve(directives.skip, gzip, False)
    part = -1 if directives.part is None else directives.part
    if live.has(directives.msn, part):
        return live.serve(directives.skip, gzip, True)
    fault = _too_far(live, directives)
    if fault:
        return Refuse(400, fault, errors_s)
    return Hold(request.target.path, (directives.msn, part), 3 * now.target_s * NS_PER_S)


def _too_far(live: Live, directives: Directives) -> str:
    now = live.playlist
    assert directives.msn is not None
    last = now.next[0] - 1  # the newest segment that is listed whole
    if directives.msn > last + 2:
        return f"_HLS_msn={directives.msn} is more than two beyond the last segment, {last}"
    if directives.part is None or not now.part_target_s or directives.msn <= last:
        return ""
    limit = 3 / now.part_target_s if now.part_target_s < 1 else 3.0
    newest = now.next[1] - 1 if directives.msn == now.next[0] else -1
    if directives.part - newest > limit:
        return f"_HLS_part={directives.part} is too far beyond the last part, {newest}"
    return ""


def _page(page: Page, request: Request) -> Decision:
    etags = request.fields.etags
    if etags and (etags.strip() == "*" or page.etag.removeprefix("W/") in etags):
        return page.unchanged
    if request.fields.range is not None and request.target.method == "GET":
        return _part_of(page.plain, request.fields.range, page.document)
    return page.zipped() if request.fields.gzip else page.plain


def _media(media: Media, request: Request) -> Decision:
    asked = request.fields.range if request.target.method == "GET" else None
    if media.serve is not None:
        return media.serve if asked is None else _part_of(media.serve, asked, media)
    assert media.growing is not None
    if asked is None or asked.first is None:
        return Follow(media.growing, media, 0)
    return _part_of_growing(media, asked.first, asked.last)


def _part_of_growing(media: Media, first: int, last: int | None) -> Decision:
    size = media.blob.size
    caching = cache_control(media.cache, 0)
    if last is not None and last >= ENDLESS and first <= size:
        span = b"Content-Range: bytes %d-%d/*" % (first, last)
        lines = head(media.content_type, caching, None, RANGES, UNBUFFERED, span)
        return Follow(Serve(206, lines, born_s=media.born_s, tally=media.tally), media, first)
    if first >= size:
        return unsatisfiable(b"*")
    end = size if last is None else min(size, last + 1)
    span = b"Content-Range: bytes %d-%d/*" % (first, end - 1)
    lines = head(media.content_type, b"no-store", end - first, RANGES, span)
    return Serve(206, lines, b"", media.blob, first, end - first, born_s=media.born_s, tally=media.tally)


def _part_of(whole: Serve, asked: Range, thing: Media | Document) -> Serve:
    span = resolve(asked, whole.size)
    if span is None:
        return unsatisfiable(b"%d" % whole.size)
    first, end = span
    place = content_range(first, end, whole.size)
    lines = head(thing.content_type, cache_control(thing.cache, 0), end - first, RANGES, place)
    body = whole.body[first:end] if whole.blob is None else b""
    at = whole.offset + first
    return Serve(206, lines, body, whole.blob, at, end - first, born_s=whole.born_s, tally=whole.tally)
