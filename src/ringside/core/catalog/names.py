"""Names: where an archive has what. Event and track names are checked elsewhere and hold no slash."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

SESSION = re.compile(r"\d{8}T\d{6}\.\d{3}Z")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def session_name(now_ns: int) -> str:
    """The name of a session that begins at Unix time `now_ns`; in order of time when sorted."""
    at = EPOCH + timedelta(milliseconds=now_ns // 10**6)
    return f"{at:%Y%m%dT%H%M%S}.{at.microsecond // 1000:03d}Z"


def began_ns_of(session: str) -> int:
    """The Unix time at which a session began, by its name, to the millisecond; 0 for what is no session's name."""
    if SESSION.fullmatch(session) is None:
        return 0
    at = datetime.strptime(session, "%Y%m%dT%H%M%S.%fZ").replace(tzinfo=UTC)
    return (at - EPOCH) // timedelta(milliseconds=1) * 10**6


@dataclass(frozen=True, slots=True)
class Names:
    """The objects of one session."""

    event: str
    session: str

    @property
    def folder(self) -> str:
        """Of the session."""
        return f"{self.event}/{self.session}"

    @property
    def index(self) -> str:
        """What there is in the session."""
        return f"{self.folder}/index.json"

    def segment(self, track: str, number: int) -> str:
        """The media of a finished segment."""
        return f"{self.folder}/{track}/{number}.m4s"

    def init(self, track: str, init_name: str) -> str:
        """A CMAF header."""
        return f"{self.folder}/{track}/{init_name}"

    def shard(self, track: str, first: int) -> str:
        """The lines of up to 300 segments from `first` on."""
        return f"{self.folder}/{track}/catalog-{first}.jsonl"
