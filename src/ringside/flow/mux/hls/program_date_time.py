"""EXT-X-PROGRAM-DATE-TIME: when the first sample of a segment was captured."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import ClassVar, Self

from ringside.core.media import NS_PER_S
from ringside.flow.mux.hls.tag import Malformed

_LAST_MS = 253_402_300_799_999  # 9999-12-31T23:59:59.999Z
_FRACTION = re.compile(r"[.,](\d+)")


@dataclass(frozen=True, slots=True)
class ProgramDateTime:
    """The date of a segment's first sample (rfc8216bis §4.4.4.6), as the ISO 8601 text that was printed."""

    NAME: ClassVar[str] = "EXT-X-PROGRAM-DATE-TIME"
    text: str

    @classmethod
    def from_ns(cls, ns: int) -> Self:
        """The tag for `ns` nanoseconds of Unix time, to the nearest millisecond.

        A pushed encoder may count its time from anywhere: beyond the year 9999 the date stands still.
        """
        seconds, ms = divmod(min((ns + 500_000) // 1_000_000, _LAST_MS), 1000)
        return cls(f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{ms:03}Z")

    @classmethod
    def parse(cls, value: str | None) -> Self:
        """The tag whose date is `value`. Raises Malformed when it is not ISO 8601."""
        tag = cls(value or "")
        try:
            tag.ns  # noqa: B018
        except (ValueError, OverflowError):
            raise Malformed(f"{cls.NAME}: {value!r} is not an ISO 8601 date") from None
        return tag

    def write(self) -> str:
        """The whole line."""
        return f"#{self.NAME}:{self.text}"

    @property
    def ns(self) -> int:
        """Nanoseconds of Unix time; a date without a time zone counts as UTC."""
        fraction = _FRACTION.search(self.text)
        date = datetime.fromisoformat(_FRACTION.sub("", self.text, count=1))
        whole = int((date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp()) * NS_PER_S
        return whole + int(fraction[1][:9].ljust(9, "0")) if fraction else whole
