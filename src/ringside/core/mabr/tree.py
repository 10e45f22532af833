"""XML of strangers as a small tree: bytes enter, elements leave, or a BadDescription that says why there are none.

A document type declaration is refused (entities could grow without bound), and so is what is too large or too deep.
Elements of other namespaces than the root's and `OURS` are skipped with all that is in them.
"""

from dataclasses import dataclass, field
from xml.parsers import expat

from ringside.core.mabr.description import BadDescription

OURS = "urn:ringside:multicast:1"
MAX_NODES = 4096
MAX_DEPTH = 16
MAX_TEXT = 4096


@dataclass(slots=True)
class Node:
    """An element: its name (ours begin with `rs:`), attributes as written, children in order, and its text."""

    name: str
    attributes: dict[str, str]
    where: str  # the names from the root to here, as errors say them
    children: "list[Node]" = field(default_factory=list)
    text: str = ""

    def all(self, name: str) -> "list[Node]":
        """Children of that name."""
        return [child for child in self.children if child.name == name]

    def first(self, name: str) -> "Node | None":
        """The first child of that name."""
        return next((child for child in self.children if child.name == name), None)

    def one(self, name: str) -> "Node":
        """The only child of that name. Raises BadDescription where there is none, or several."""
        found = self.all(name)
        if len(found) != 1:
            raise self.bad(f"has {len(found) or 'no'} {name}; it must have one")
        return found[0]

    def get(self, attribute: str) -> str:
        """An attribute that must be there. Raises BadDescription."""
        if attribute not in self.attributes:
            raise self.bad(f"has no {attribute}")
        return self.attributes[attribute].strip()

    def value(self) -> str:
        """Its text, without the space around it."""
        return self.text.strip()

    def bad(self, what: str) -> BadDescription:
        """The error that something is wrong with this element."""
        return BadDescription(f"{self.where} {what}")


def parse(data: bytes) -> tuple[str, Node]:
    """The root's namespace, and the root. Raises BadDescription."""
    builder = _Builder()
    parser = expat.ParserCreate("UTF-8", " ")
    parser.buffer_text = True
    parser.StartElementHandler = builder.start
    parser.EndElementHandler = builder.end
    parser.CharacterDataHandler = builder.text
    parser.StartDoctypeDeclHandler = builder.doctype
    try:
        parser.Parse(data, True)
    except expat.ExpatError as error:
        raise BadDescription(f"the description is no XML: {error}") from None
    return builder.done()


class _Builder:
    """Makes Nodes of what the parser says, within bounds."""

    def __init__(self) -> None:
        self._namespace = ""
        self._root: Node | None = None
        self._open: list[Node] = []
        self._skipped = 0  # how deep inside an element of another namespace
        self._count = 0

    def start(self, name: str, attributes: dict[str, str]) -> None:
        namespace, _, local = name.rpartition(" ")
        self._count += 1
        if self._count > MAX_NODES or len(self._open) + self._skipped >= MAX_DEPTH:
            raise BadDescription(f"the description has more than {MAX_NODES} elements, or they are nested too deep")
        if self._root is None:
            self._namespace = namespace
        if self._skipped or namespace not in (self._namespace, OURS):
            self._skipped += 1
            return
        node = Node(f"rs:{local}" if namespace == OURS else local, attributes, _where(self._open, local, attributes))
        if self._open:
            self._open[-1].children.append(node)
        self._root = self._root or node
        self._open.append(node)

    def end(self, name: str) -> None:
        if self._skipped:
            self._skipped -= 1
        else:
            self._open.pop()

    def text(self, text: str) -> None:
        if not self._skipped and self._open:
            node = self._open[-1]
            node.text = (node.text + text)[:MAX_TEXT]

    def doctype(self, *declared: object) -> None:
        raise BadDescription("the description declares a document type, which is refused")

    def done(self) -> tuple[str, Node]:
        if self._root is None:
            raise BadDescription("the description has no element")
        return self._namespace, self._root


def _where(above: list[Node], local: str, attributes: dict[str, str]) -> str:
    """`MulticastTransportSession "v720", EndpointAddress`: from the session on, for what is above says nothing."""
    name = f'{local} "{attributes["id"][:32]}"' if "id" in attributes else local
    return ", ".join([above[-1].where, name]) if len(above) > 2 else name
