"""An MPD as a judge reads it: every element and attribute kept, nothing filled in, nothing believed.

Bytes of strangers enter, a tree of Nodes leaves, or a sentence that says why there is none. A document type
declaration is refused (entities could grow without bound), and so are documents that are too large or too deep.
Attributes that elements inherit (ISO/IEC 23009-1 §5.3.7, §5.3.9.1) are looked up here and nowhere else.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from fractions import Fraction
from functools import lru_cache
from xml.parsers import expat

from ringside.core.errors import RingsideError
from ringside.core.media import NS_PER_S
from ringside.prove.check.seen import DashStream, Fetch

NAMESPACE = "urn:mpeg:dash:schema:mpd:2011"
MAX_BYTES = 8 * 1024 * 1024
MAX_NODES = 200_000
MAX_DEPTH = 64
MAX_TEXT = 4096
DURATION = re.compile(
    r"(-)?P(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?", re.ASCII
)
UNIT_S = (31_536_000, 2_592_000, 86_400, 3600, 60)
FRACTION = re.compile(r"\.(\d+)")


class Unreadable(RingsideError):
    """The document is no MPD; the sentence says why."""


@dataclass(slots=True)
class Node:
    """An element: local name, attributes as written, children in order, and its text."""

    name: str
    attributes: dict[str, str]
    children: "list[Node]" = field(default_factory=list)
    text: str = ""

    def get(self, attribute: str) -> str | None:
        """The attribute, or None."""
        return self.attributes.get(attribute)

    def all(self, name: str) -> "list[Node]":
        """Children of that name."""
        return [child for child in self.children if child.name == name]

    def first(self, name: str) -> "Node | None":
        """The first child of that name."""
        return next((child for child in self.children if child.name == name), None)

    def deep(self, name: str) -> "Iterator[Node]":
        """Descendants of that name, in document order."""
        for child in self.children:
            if child.name == name:
                yield child
            yield from child.deep(name)


@dataclass(frozen=True, slots=True)
class Representation:
    """A Representation where it stands; `get` looks where attributes are inherited from."""

    period: Node
    adaptation: Node
    node: Node

    @property
    def id(self) -> str:
        """Its id, empty without one."""
        return self.node.get("id") or ""

    def get(self, attribute: str) -> str | None:
        """Its own attribute, or its AdaptationSet's."""
        own = self.node.get(attribute)
        return own if own is not None else self.adaptation.get(attribute)

    @property
    def template(self) -> dict[str, str] | None:
        """SegmentTemplate's attributes, the innermost counting; None without a SegmentTemplate."""
        found = [t for level in (self.period, self.adaptation, self.node) if (t := level.first("SegmentTemplate"))]
        return {name: value for template in found for name, value in template.attributes.items()} if found else None

    @property
    def timeline(self) -> Node | None:
        """The innermost SegmentTimeline."""
        levels = (self.node, self.adaptation, self.period)
        templates = [t for level in levels if (t := level.first("SegmentTemplate"))]
        return next((line for t in templates if (line := t.first("SegmentTimeline"))), None)

    @property
    def timescale(self) -> int:
        """SegmentTemplate@timescale, 1 when absent or no number."""
        return max(1, integer((self.template or {}).get("timescale"), 1))

    @property
    def segment_s(self) -> Fraction | None:
        """SegmentTemplate@duration in seconds; None when absent."""
        ticks = integer((self.template or {}).get("duration"), 0)
        return Fraction(ticks, self.timescale) if ticks > 0 else None

    def elements(self, name: str) -> list[Node]:
        """Its own elements of that name and its AdaptationSet's."""
        return [*self.node.all(name), *self.adaptation.all(name)]


def parse(body: bytes) -> Node:
    """The MPD element. Raises Unreadable."""
    found = _read(body)
    if isinstance(found, str):
        raise Unreadable(found)
    return found


@lru_cache(maxsize=64)
def _read(body: bytes) -> Node | str:
    if len(body) > MAX_BYTES:
        return f"the MPD is larger than {MAX_BYTES} bytes"
    builder = _Builder()
    try:
        builder.read(body)
    except (expat.ExpatError, Unreadable, UnicodeError, LookupError, ValueError) as error:
        return f"not readable as XML: {error}" if isinstance(error, expat.ExpatError) else str(error)
    root = builder.root
    if root is None or root.name != "MPD" or builder.namespace != NAMESPACE:
        return f"the root is {root.name if root else 'missing'} in {builder.namespace or 'no namespace'}, not an MPD"
    return root


class _Builder:
    """Makes Nodes of what the XML parser says, within bounds."""

    def __init__(self) -> None:
        self.root: Node | None = None
        self.namespace = ""
        self._open: list[Node] = []
        self._count = 0

    def read(self, body: bytes) -> None:
        parser = expat.ParserCreate(namespace_separator=" ")
        parser.buffer_text = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text
        parser.StartDoctypeDeclHandler = self._doctype
        parser.Parse(body, True)

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        namespace, _, local = name.rpartition(" ")
        node = Node(local, attributes)
        self._count += 1
        if self._count > MAX_NODES or len(self._open) >= MAX_DEPTH:
            raise Unreadable(f"the MPD has more than {MAX_NODES} elements, or they are nested too deep")
        if self._open:
            if namespace == self.namespace:
                self._open[-1].children.append(node)
        else:
            self.root, self.namespace = node, namespace
        self._open.append(node)

    def _end(self, name: str) -> None:
        self._open.pop()

    def _text(self, text: str) -> None:
        node = self._open[-1]
        node.text = (node.text + text)[:MAX_TEXT]

    def _doctype(self, *declared: object) -> None:
        raise Unreadable("the MPD declares a document type, which is refused")


def versions(stream: DashStream) -> list[tuple[Fetch, Node]]:
    """The manifests that could be read, oldest first."""
    found = []
    for fetch in stream.manifests:
        try:
            found.append((fetch, parse(fetch.body)))
        except Unreadable:
            continue  # `dash.mpd-readable` tells
    return found


def newest(stream: DashStream) -> Node | None:
    """The newest manifest that can be read."""
    found = versions(stream)
    return found[-1][1] if found else None


def adaptation_sets(mpd: Node | None) -> Iterator[tuple[Node, Node]]:
    """Each (Period, AdaptationSet)."""
    for period in mpd.all("Period") if mpd else ():
        for adaptation in period.all("AdaptationSet"):
            yield period, adaptation


def representations(mpd: Node) -> Iterator[Representation]:
    """Every Representation, in document order."""
    for period, adaptation in adaptation_sets(mpd):
        for node in adaptation.all("Representation"):
            yield Representation(period, adaptation, node)


def representation(mpd: Node, id: str) -> Representation | None:
    """The Representation of that id in the newest period that has it."""
    return next((it for it in reversed(list(representations(mpd))) if it.id == id), None)


def integer(text: str | None, default: int) -> int:
    """The whole number, or `default` where it is none."""
    stripped = (text or "").strip()
    return int(stripped) if re.fullmatch(r"[+-]?\d{1,20}", stripped, re.ASCII) else default


def number(text: str | None) -> Fraction | None:
    """A decimal number; None where it is none, or infinite."""
    stripped = (text or "").strip()
    return Fraction(stripped) if re.fullmatch(r"[+-]?\d{1,20}(\.\d{0,20})?", stripped, re.ASCII) else None


def seconds(text: str | None) -> Fraction | None:
    """An xs:duration in seconds; None where it is none."""
    match = DURATION.fullmatch((text or "").strip()[:64])
    if not match or not any(match.groups()[1:]):
        return None
    whole = sum(int(value) * unit for value, unit in zip(match.groups()[1:6], UNIT_S, strict=True) if value)
    found = whole + Fraction(match[7] or 0)
    return -found if match[1] else found


def date_ns(text: str | None) -> int | None:
    """An xs:dateTime in nanoseconds of Unix time; one without a zone counts as UTC. None where it is none."""
    stripped = (text or "").strip()[:64]
    part = FRACTION.search(stripped)
    try:
        date = datetime.fromisoformat(FRACTION.sub("", stripped, count=1))
        whole = int((date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp()) * NS_PER_S
    except (ValueError, OverflowError):
        return None
    return whole + (int(part[1][:9].ljust(9, "0")) if part else 0)
