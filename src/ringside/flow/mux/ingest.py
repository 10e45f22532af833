"""The words a studio speaks to an origin: DASH-IF Live Media Ingest, interface 1 (CMAF over HTTP POST).

Where a request goes, its bytes, and what an answer means; pure. One request per track carries its header and then
every chunk, each as one HTTP chunk (RFC 9112 §7.1), for as long as the event lasts.
"""

from dataclasses import dataclass
from urllib.parse import quote, urlsplit

from ringside import __version__
from ringside.core.errors import Misconfigured, RingsideError
from ringside.core.media import Kind
from ringside.core.studio import HEADER

LAST_CHUNK = b"0\r\n\r\n"
FINAL = {401: "refused the ingest token", 403: "refused the ingest token", 409: "has another publisher already"}
PROVEN_S = 2.0  # a request that lasted so long was welcome
GHOST_S = 45.0  # an origin may take so long to see that a connection is dead


class Refused(RingsideError):
    """The origin will not have this studio, and asking again would not change its mind."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a studio sends its event: `url` as given on the command line, taken apart."""

    host: str
    port: int
    prefix: str
    token: str
    event: str
    studio: str = ""  # who sends it, as the header says; empty: an encoder like any other

    @classmethod
    def from_url(cls, url: str, token: str, event: str, studio: str = "") -> "Origin":
        """Misconfigured when it is no plain http:// URL, or the token cannot stand in a header."""
        parts = urlsplit(url)
        if parts.scheme != "http" or not parts.hostname:
            raise Misconfigured(f"--to {url}: give the origin as http://HOST[:PORT]")
        if not (token and token.isascii() and token.isprintable()):
            raise Misconfigured("--ingest-token must be printable ASCII and not empty")
        try:
            port = parts.port or 80
        except ValueError:
            raise Misconfigured(f"--to {url}: the port is not a number from 1 to 65535") from None
        return cls(parts.hostname, port, parts.path.rstrip("/"), token, event, studio)

    def __str__(self) -> str:
        return f"http://{self._authority}{self.prefix}"

    @property
    def _authority(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    def _head(self, name: str, content_type: str, length: str) -> bytes:
        lines = (
            f"POST {self.prefix}/ingest/{quote(self.event, safe='')}/{quote(name, safe='')} HTTP/1.1",
            f"Host: {self._authority}",
            f"Authorization: Bearer {self.token}",
            f"User-Agent: ringside/{__version__}",
            "DASH-IF-Ingest: 1.1",
            *([f"{HEADER}: {self.studio}"] if self.studio else []),
            f"Content-Type: {content_type}",
            length,
        )
        return ("\r\n".join(lines) + "\r\n\r\n").encode()

    def media_head(self, track: str, kind: Kind) -> bytes:
        """The head of a track's one long request."""
        return self._head(track, f"{kind}/mp4", "Transfer-Encoding: chunked")

    def status_request(self, body: bytes) -> bytes:
        """A whole request that tells the origin how the studio is."""
        return self._head("status", "application/json", f"Content-Length: {len(body)}") + body


def http_chunk(data: bytes) -> bytes:
    """One HTTP chunk; empty data would end the request and is a ValueError."""
    if not data:
        raise ValueError("an empty chunk ends a request")
    return b"".join((b"%x\r\n" % len(data), data, b"\r\n"))


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP response: its status, and the first line of its body."""

    status: int
    text: str

    @property
    def good(self) -> bool:
        """Whether the origin took what it was sent."""
        return 200 <= self.status < 300

    def refusal(self, origin: Origin, track: str) -> Refused | None:
        """Why it makes no sense to try again, if it does not."""
        if self.status not in FINAL:
            return None
        reason = FINAL[self.status] + (f" of track {track}" if self.status == 409 else "")
        said = f" ({self.text})" if self.text else ""
        return Refused(self.status, f"the origin {origin} {reason}{said}")

    def __str__(self) -> str:
        return f"{self.status} {self.text}".strip()


def parse_status_line(line: bytes) -> int:
    """The status of a response's first line; ValueError when it is not HTTP/1."""
    version, _, rest = line.partition(b" ")
    if not version.startswith(b"HTTP/1.") or not rest[:3].isdigit():
        raise ValueError(f"not an HTTP response: {line[:40]!r}")
    return int(rest[:3])


def is_own_ghost(refused: Refused, request_s: float, welcome_s_ago: float) -> bool:
    """Whether the other publisher that an origin speaks of may be this studio's own broken connection.

    `request_s` is how long the refused request lasted, `welcome_s_ago` how long ago one was last welcome. Who is
    refused late in a request was taken over by somebody else.
    """
    return refused.status == 409 and request_s < PROVEN_S and welcome_s_ago < GHOST_S
