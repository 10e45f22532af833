"""A description as DVB-MABR writes it: the multicast session configuration of ETSI TS 103 769, clause 10.

What enters: a description, or the bytes of somebody's document. What leaves: bytes, or a description; or a
BadDescription that names the element at fault. What DVB has no words for (the keys, the size of a symbol) stands in
elements of a namespace of ours, where the schema allows private ones; what others put there is skipped. The namespaces
of both versions of the schema are read; the newer one is written.
"""

import base64
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from ipaddress import AddressValueError, IPv4Address
from typing import TypeVar
from urllib.parse import urlsplit
from xml.etree import ElementTree

from ringside.core.mabr.description import FEC_NONE, FEC_RAPTORQ, FEC_RS, BadDescription, Description, Endpoint
from ringside.core.mabr.tree import OURS, Node, parse

MAX_DOCUMENT = 1 << 20  # bytes
MAX_TRACKS = 64
MAX_URL = 2048
CONTENT_TYPE = "application/xml+dvb-mabr-session-configuration"
NAMESPACE = "urn:dvb:metadata:MulticastSessionConfiguration:2024"
NAMESPACES = {
    NAMESPACE: "2", "urn:dvb:metadata:MulticastSessionConfiguration:2023": "2",
    "urn:dvb:metadata:MulticastSessionConfiguration:2019": "1",
}  # fmt: skip
XSI = "http://www.w3.org/2001/XMLSchema-instance"
FLUTE = "urn:dvb:metadata:cs:MulticastTransportProtocolCS:2019:FLUTE"
FLUTE_VERSION = "2"  # RFC 6726; 1 is RFC 3926, whose packets cannot be told from ours by the header alone
FEC = "urn:ietf:rmt:fec:encoding:"
EVENT = "urn:ringside:event:"
NEWS = "ringside.news"  # no track can be called so: names have no dot
T = TypeVar("T")
NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
NUMBER = re.compile(r"[0-9]{1,16}")
MAC = "hmac-sha256-128"
REORDER_MS = 20
KEY_BYTES = 32
LAST_S = 253_402_300_799  # the end of the year 9999


def to_xml(d: Description) -> bytes:
    """The document of a description. Raises BadDescription for one that could not be read back."""
    top = {"xmlns": NAMESPACE, "schemaVersion": NAMESPACES[NAMESPACE], "xmlns:xsi": XSI, "xmlns:rs": OURS}
    if d.until:
        top["validUntil"] = datetime.fromtimestamp(d.until, UTC).isoformat()
    root = ElementTree.Element("MulticastGatewayConfiguration", top)
    session = _add(root, "MulticastSession", serviceIdentifier=EVENT + d.event)
    _add(session, "PresentationManifestLocator", f"{d.origin}/live/{d.event}/index.m3u8", manifestId="hls",
         contentType="application/vnd.apple.mpegurl")  # fmt: skip
    for name, endpoint in {NEWS: d.news, **d.tracks}.items():
        _write_transport(session, d, name, endpoint)
    keys = {"groupKey": base64.b64encode(d.key).decode(), "signingKey": base64.b64encode(d.public).decode()}
    _add(session, "rs:Authentication", scheme=MAC, asid="1", **keys)
    _add(session, "rs:Packets", symbol=str(d.symbol))
    ElementTree.indent(root)
    data: bytes = ElementTree.tostring(root, "utf-8", xml_declaration=True)
    if from_xml(data) != d:
        raise BadDescription("the description cannot be written: a name or an address in it has space around it")
    return data


def from_xml(data: bytes) -> Description:
    """What a document describes. Raises BadDescription, a sentence naming the element."""
    if len(data) > MAX_DOCUMENT:
        raise BadDescription(f"the description is larger than {MAX_DOCUMENT} bytes")
    namespace, root = parse(data)
    if root.name != "MulticastGatewayConfiguration" or namespace not in NAMESPACES:
        raise BadDescription(
            f"the description's root is {root.name} in {namespace or 'no namespace'}, not DVB's "
            "MulticastGatewayConfiguration"
        )
    session = root.one("MulticastSession")
    event = _event(session)
    transports = _transports(session)
    news, tracks = transports[NEWS], {name: t for name, t in transports.items() if name != NEWS}
    key, public = _keys(session)
    fec, overhead = _same([_fec(node) for node in transports.values()], news, "ForwardErrorCorrectionParameters")
    repair, reorder_ms = _same([_repair(node) for node in transports.values()], news, "UnicastRepairParameters")
    return Description(
        event=event, origin=_origin(session, event), news=_endpoint(news),
        tracks={name: _endpoint(node) for name, node in tracks.items()}, fec=fec, overhead=overhead,
        symbol=_symbol(session, fec), repair=repair, reorder_ms=reorder_ms, key=key, public=public, until=_until(root),
        rates={name: rate for name, node in tracks.items() if (rate := _rate(node))},
    )  # fmt: skip


def _add(above: ElementTree.Element, name: str, text: str | None = None, **attributes: str) -> ElementTree.Element:
    element = ElementTree.SubElement(above, name, attributes)
    element.text = text
    return element


def _write_transport(session: ElementTree.Element, d: Description, name: str, at: Endpoint) -> None:
    attributes = {"transmissionMode": "resource", "transportSecurity": "integrityAndAuthenticity"}
    transport = _add(session, "MulticastTransportSession", id=name, sessionIdleTimeout="1000", **attributes)
    _add(transport, "TransportProtocol", protocolIdentifier=FLUTE, protocolVersion=FLUTE_VERSION)
    address = _add(transport, "EndpointAddress")
    if at.source is not None:
        _add(address, "NetworkSourceAddress", at.source)
    _add(address, "NetworkDestinationGroupAddress", at.group)
    _add(address, "TransportDestinationPort", str(at.port))
    _add(address, "MediaTransportSessionIdentifier", str(at.tsi))
    if name in d.rates:
        _add(transport, "BitRate", maximum=str(d.rates[name]))
    if d.fec != FEC_NONE or d.overhead:
        fec = _add(transport, "ForwardErrorCorrectionParameters")
        _add(fec, "SchemeIdentifier", f"{FEC}{d.fec}")
        _add(fec, "OverheadPercentage", str(d.overhead))
    wait = {"fixedBackOffPeriod": str(d.reorder_ms), "randomBackOffPeriod": "0"}
    repair = _add(transport, "UnicastRepairParameters", transportObjectReceptionTimeout="1000", **wait)
    for url in d.repair:
        _add(repair, "BaseURL", f"{url}/")
    carousel = _add(transport, "ObjectCarousel")
    _add(carousel, "PresentationManifests" if name == NEWS else "InitSegments")
    if name != NEWS:
        playlist = f"{d.origin}/live/{d.event}/{name}/index.m3u8"
        hls = {"xsi:type": "HLSComponentIdentifierType", "manifestIdRef": "hls", "mediaPlaylistLocator": playlist}
        _add(transport, "ServiceComponentIdentifier", None, **hls)


def _event(session: Node) -> str:
    identifier = session.get("serviceIdentifier")
    event = identifier.removeprefix(EVENT)
    if event == identifier or not NAME.fullmatch(event):
        raise session.bad(f"has a serviceIdentifier of {identifier[:80]!r}; it must be {EVENT}NAME")
    return event


def _origin(session: Node, event: str) -> str:
    found = session.first("PresentationManifestLocator")
    if found is None:
        raise session.bad("has no PresentationManifestLocator")
    base, live, rest = found.value().rpartition(f"/live/{event}/")
    if not live or "/" in rest:
        raise found.bad(f"is not the address of a manifest below /live/{event}/")
    return _url(found, base)


def _transports(session: Node) -> dict[str, Node]:
    found: dict[str, Node] = {}
    for node in session.all("MulticastTransportSession"):
        name = node.get("id")
        if name in found:
            raise node.bad("is there twice")
        if name != NEWS and not NAME.fullmatch(name):
            raise node.bad("has an id that is no track's name: letters, digits, - and _, 64 at most")
        _check_transport(node)
        found[name] = node
    if NEWS not in found or not 2 <= len(found) <= MAX_TRACKS + 1:
        raise session.bad(f'must have a MulticastTransportSession "{NEWS}" and one to {MAX_TRACKS} for tracks')
    if len({_endpoint(node) for node in found.values()}) < len(found):
        raise session.bad("has two MulticastTransportSessions with the same EndpointAddress")
    tsis = [_endpoint(node).tsi for node in found.values()]
    if len(set(tsis)) < len(tsis):
        raise session.bad("has two MulticastTransportSessions with the same MediaTransportSessionIdentifier")
    return found


def _check_transport(node: Node) -> None:
    protocol = node.one("TransportProtocol")
    if protocol.get("protocolIdentifier") != FLUTE:
        raise protocol.bad(f"is {protocol.get('protocolIdentifier')[:80]!r}; only FLUTE can be received")
    if protocol.get("protocolVersion") not in ("1", FLUTE_VERSION):
        raise protocol.bad(f"has version {protocol.get('protocolVersion')[:16]!r}; FLUTE has 1 and 2")
    mode = node.attributes.get("transmissionMode", "resource")
    if mode != "resource":
        raise node.bad(f"has transmissionMode {mode[:16]!r}; only resource can be received")


def _endpoint(node: Node) -> Endpoint:
    address = node.one("EndpointAddress")
    group = address.one("NetworkDestinationGroupAddress")
    if not _ipv4(group).is_multicast:
        raise group.bad(f"is {group.value()}; a group is 224.0.0.0 to 239.255.255.255")
    source = address.first("NetworkSourceAddress")
    if source is not None and (_ipv4(source).is_multicast or _ipv4(source).is_unspecified):
        raise source.bad(f"is {source.value()}, which no sender can have")
    port = _number(address.one("TransportDestinationPort"), 1, 65535)
    tsi = _number(address.one("MediaTransportSessionIdentifier"), 0, 2**32 - 1)
    return Endpoint(str(_ipv4(group)), port, None if source is None else str(_ipv4(source)), tsi)


def _ipv4(node: Node) -> IPv4Address:
    try:
        return IPv4Address(node.value())
    except AddressValueError:
        raise node.bad(f"is {node.value()[:64]!r}, which is no IPv4 address") from None


def _number(node: Node, least: int, most: int, attribute: str | None = None) -> int:
    text = node.get(attribute) if attribute else node.value()
    if not NUMBER.fullmatch(text) or not least <= int(text) <= most:
        name = f"has a {attribute} of" if attribute else "is"
        raise node.bad(f"{name} {text[:32]!r}; it must be {least} to {most}")
    return int(text)


def _fec(transport: Node) -> tuple[int, int]:
    node = transport.first("ForwardErrorCorrectionParameters")
    if node is None:
        return FEC_NONE, 0
    scheme = node.one("SchemeIdentifier")
    if scheme.value() not in {f"{FEC}{number}" for number in (FEC_NONE, FEC_RS, FEC_RAPTORQ)}:
        raise scheme.bad(f"is {scheme.value()[:80]!r}; known are {FEC}0, 5 and 6 (none, Reed-Solomon, RaptorQ)")
    return int(scheme.value().removeprefix(FEC)), _number(node.one("OverheadPercentage"), 0, 200)


def _repair(transport: Node) -> tuple[tuple[str, ...], int]:
    node = transport.first("UnicastRepairParameters")
    if node is None:
        return (), REORDER_MS
    bases = node.all("BaseURL")
    if len(bases) > 16:
        raise node.bad("has more than 16 BaseURLs")
    urls = tuple(_url(base, base.value().rstrip("/")) for base in bases)
    fixed = _number(node, 0, 1000, "fixedBackOffPeriod") if "fixedBackOffPeriod" in node.attributes else REORDER_MS
    return urls, fixed


def _rate(transport: Node) -> int:
    node = transport.first("BitRate")
    return 0 if node is None else _number(node, 1, 10**12, "maximum")


def _same(found: Sequence[T], session: Node, name: str) -> T:
    """What all transport sessions say alike. Raises BadDescription where they differ."""
    if any(one != found[0] for one in found):
        raise session.bad(f"and the MulticastTransportSessions beside it have different {name}")
    return found[0]


def _url(node: Node, url: str) -> str:
    try:
        parts = urlsplit(url)
        sound = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
        sound = sound and not (parts.query or parts.fragment or parts.username is not None)
    except ValueError:
        sound = False
    if not sound or not url.isascii() or not url.isprintable() or set(url) & set(' "<>\\?#') or len(url) > MAX_URL:
        raise node.bad(f"is {url[:80]!r}; it must be an address such as http://origin.example:8080")
    return url


def _keys(session: Node) -> tuple[bytes, bytes]:
    found = session.all("rs:Authentication")
    if len(found) != 1:
        raise session.bad(
            f"has {len(found) or 'no'} Authentication of {OURS}: a gateway takes nothing that it cannot verify"
        )
    node = found[0]
    if node.get("scheme") != MAC or node.get("asid") != "1":
        raise node.bad(f"has a scheme or asid that is not known: {MAC} and 1 are")
    return _key(node, "groupKey"), _key(node, "signingKey")


def _key(node: Node, attribute: str) -> bytes:
    try:
        key = base64.b64decode(node.get(attribute), validate=True)
    except ValueError:
        key = b""
    if len(key) != KEY_BYTES:
        raise node.bad(f"has a {attribute} that is not {KEY_BYTES} bytes in base64")
    return key


def _symbol(session: Node, fec: int) -> int:
    node = session.one("rs:Packets")
    symbol = _number(node, 64, 1408, "symbol")
    if fec == FEC_RAPTORQ and symbol % 8:
        raise node.bad(f"has a symbol of {symbol} bytes; with RaptorQ it must be a multiple of 8")
    return symbol


def _until(root: Node) -> int:
    if "validUntil" not in root.attributes:
        return 0
    text = root.get("validUntil")
    try:
        until = datetime.fromisoformat(text)
        seconds = int(until.timestamp()) if until.tzinfo is not None else 0
    except (ValueError, OverflowError):
        seconds = 0
    if not 0 < seconds <= LAST_S:
        raise root.bad(f"has a validUntil of {text[:40]!r}; it must be a moment such as 2026-11-24T05:00:00Z")
    return seconds
