"""Offer: what `/moq.json` says to players, and what makes it come and go. Pure.

What enters: what a MoQ process reports of itself, each second. What leaves: the document, or its removal.

An offer of this machine's own port names no host: it is that of the page. So it must stay on this machine, and is of
the class NONE, which edges elsewhere are not told. An address that the operator gave, or a relay's, is for everybody.
"""

import json
from collections.abc import Mapping
from typing import Any

from ringside.core.feed import Cache, Document, Message, Removed

PATH = "/moq.json"
STALE_NS = 5_000_000_000  # a process that has not reported for so long is not there
FIELDS = ("url", "port", "fingerprint", "broadcast")


class Offers:
    """The newest report of the MoQ process."""

    def __init__(self) -> None:
        self._report: dict[str, Any] = {}
        self._at_ns = 0
        self._told = False

    def take(self, report: dict[str, Any], now_ns: int) -> None:
        """One report: the fields of an offer, and counters."""
        self._report, self._at_ns = report, now_ns

    def current(self, now_ns: int) -> dict[str, Any]:
        """The newest report; empty when there is none, or it is stale."""
        return self._report if now_ns - self._at_ns < STALE_NS else {}

    def messages(self, now_ns: int) -> list[Message]:
        """What `/moq.json` is now, to be told each second."""
        report = self.current(now_ns)
        if report.get("ready") and report.get("broadcast"):
            self._told = True
            return [document(report)]
        if not self._told:
            return []
        self._told = False
        return [Removed(PATH)]


def document(report: Mapping[str, Any]) -> Document:
    """`/moq.json`: `url` or null, `port`, `fingerprint` (SHA-256, hex) or null, `broadcast`."""
    offer = {name: report.get(name) or None for name in FIELDS}
    caching = Cache.SHORT if offer["url"] else Cache.NONE
    return Document(PATH, json.dumps(offer, separators=(",", ":")).encode(), "application/json", caching)
