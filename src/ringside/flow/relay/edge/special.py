"""Paths that are not objects: the clock, the worker's health, the stream of status events, and CMCD's letter box.

Each takes the edge, the connection and the request, answers, and returns True; False leaves the request to `decide`
(OPTIONS, unknown methods).
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from ringside.flow.relay.answer.request import Request
from ringside.flow.relay.answer.serve import CORS, EMPTY, Serve, head, refusal
from ringside.flow.relay.answer.things import Page

if TYPE_CHECKING:
    from ringside.flow.relay.edge.aio import Edge
    from ringside.flow.relay.wire.connection import Connection

READING = {"GET", "HEAD"}
MAX_CMCD = 64 * 1024
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
EVENTS = (
    b"Content-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\nCache-Control: no-store\r\n" + CORS + b"\r\n"
)


def iso(now_ns: int) -> str:
    """Unix time as xs:dateTime in UTC, with microseconds."""
    return f"{EPOCH + timedelta(microseconds=now_ns // 1000):%Y-%m-%dT%H:%M:%S.%f}Z"


def clock(edge: "Edge", connection: "Connection", request: Request) -> bool:
    """UTC now, as `urn:mpeg:dash:utc:http-iso:2014` and http-xsdate want it."""
    if request.target.method not in READING:
        return False
    body = iso(edge.clock.now_ns()).encode()
    connection.serve(Serve(200, head("text/plain; charset=utf-8", b"no-store", len(body)), body))
    return True


def ailment(edge: "Edge") -> str:
    """What is wrong with this worker, in one sentence; empty when nothing is."""
    store = edge.store
    if not store.synced:
        return "this worker has not been fed yet"
    if edge.feed is None:
        return "this worker's feed is lost"
    if store.ended or edge.config.pull:
        return ""
    if not store.media_ns:
        return "no media has come yet"
    age_s = (edge.clock.now_ns() - store.media_ns) / 1e9
    return "" if age_s <= 3 * store.target_s else f"the newest media is {age_s:.1f} s old"


def health(edge: "Edge", connection: "Connection", request: Request) -> bool:
    """200 when this worker is fed and its newest media is younger than three target durations; else 503 and why."""
    if request.target.method not in READING:
        return False
    sentence = ailment(edge)
    body = b"ok\n"
    well = Serve(200, head("text/plain; charset=utf-8", b"no-store", len(body)), body)
    connection.serve(refusal(503, sentence) if sentence else well)
    return True


def event_frame(edge: "Edge") -> bytes:
    """The newest status as one server-sent event, in one HTTP chunk; empty when there is none."""
    page = edge.store.find("/status.json")
    if not isinstance(page, Page):
        return b""
    event = b"".join(b"data: %b\n" % line for line in page.document.body.splitlines()) + b"\n"
    return b"%x\r\n%b\r\n" % (len(event), event)


def events(edge: "Edge", connection: "Connection", request: Request) -> bool:
    """Every version of `/status.json` as a server-sent event, for as long as the reader stays."""
    if request.target.method != "GET":
        return False
    if not request.target.http11:
        connection.refuse_and_close(505, "event streams need HTTP/1.1")
        return True
    edge.counts[200] += 1
    connection.subscribe(Serve(200, EVENTS).top(edge.date) + event_frame(edge))
    return True


def cmcd(edge: "Edge", connection: "Connection", request: Request) -> bool:
    """Takes a player's report (CTA-5004) of at most 64 kB, and forgets it."""
    if request.target.method != "POST":
        return False
    length = request.fields.length
    if request.fields.chunked:
        connection.refuse_and_close(411, "a report comes with its length")
    elif length > MAX_CMCD:
        connection.refuse_and_close(413, f"a report is at most {MAX_CMCD} bytes")
    else:
        connection.skip(length)
        connection.serve(EMPTY)
    return True


SPECIAL: dict[str, Callable[["Edge", "Connection", Request], bool]] = {
    "/clock": clock,
    "/healthz": health,
    "/status/events": events,
    "/cmcd": cmcd,
}
