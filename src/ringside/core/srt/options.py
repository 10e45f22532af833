"""Options: what is set on an SRT socket before it listens or calls. Pure."""

from dataclasses import dataclass

FEWEST_PASSPHRASE, MOST_PASSPHRASE = 10, 79  # bytes; libsrt itself would take 80
MOST_STREAM_ID = 512  # bytes
LATENCY_MS = 200  # five round trips of 40 ms: with 2 % of the packets lost, none is missed


@dataclass(frozen=True, slots=True)
class Options:
    """`latency_ms`: how long what was lost is waited for; of both sides' the longer holds. `connect_ms`: of a call."""

    latency_ms: int = LATENCY_MS
    stream_id: str = ""
    passphrase: str = ""
    connect_ms: int = 1000

    def __repr__(self) -> str:
        return f"<Options {self.latency_ms} ms{' encrypted' if self.passphrase else ''}>"

    @property
    def fault(self) -> str:
        """What is wrong with them, as the end of a sentence; empty: nothing."""
        if self.passphrase and not FEWEST_PASSPHRASE <= len(self.passphrase.encode()) <= MOST_PASSPHRASE:
            return f"a passphrase of SRT has {FEWEST_PASSPHRASE} to {MOST_PASSPHRASE} bytes"
        if len(self.stream_id.encode()) > MOST_STREAM_ID:
            return f"a stream id has at most {MOST_STREAM_ID} bytes"
        return ""
