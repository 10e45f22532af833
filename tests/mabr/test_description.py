"""The description of a session: what is written reads back, and what strangers write is refused in one sentence."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ringside.core.mabr import BadDescription, Description, Endpoint, from_xml, to_xml
from ringside.core.mabr.document import MAX_DOCUMENT, NAMESPACE

names = st.from_regex(r"[A-Za-z0-9_-]{1,64}", fullmatch=True)
groups = st.integers(0xE0000000, 0xEFFFFFFF).map(lambda n: ".".join(str(b) for b in n.to_bytes(4, "big")))
sources = st.none() | st.sampled_from(["10.0.0.1", "192.168.1.9", "127.0.0.1"])
urls = st.sampled_from(["http://origin:8080", "https://edge.example", "http://10.0.0.1/under/here", "http://[::1]:80"])
keys = st.binary(min_size=32, max_size=32)


@st.composite
def descriptions(draw: st.DrawFn) -> Description:
    tracks = draw(st.lists(names, min_size=1, max_size=5, unique=True))
    tsis = draw(st.lists(st.integers(0, 2**32 - 1), min_size=len(tracks) + 1, max_size=len(tracks) + 1, unique=True))
    group, port, source = draw(groups), draw(st.integers(1, 65535)), draw(sources)
    news, *others = (Endpoint(group, port, source, tsi) for tsi in tsis)
    rated = [track for track in tracks if draw(st.booleans())]
    return Description(
        event=draw(names), origin=draw(urls), news=news, tracks=dict(zip(tracks, others, strict=True)),
        fec=draw(st.sampled_from([0, 5, 6])), overhead=draw(st.integers(0, 200)), symbol=draw(st.integers(8, 176)) * 8,
        repair=tuple(draw(st.lists(urls, max_size=3))), reorder_ms=draw(st.integers(0, 1000)), key=draw(keys),
        public=draw(keys), until=draw(st.integers(0, 253402300799)),
        rates={track: draw(st.integers(1, 10**9)) for track in rated},
    )  # fmt: skip


@given(descriptions())
@settings(max_examples=30, deadline=None)
def test_whatever_is_described_reads_back(description: Description) -> None:
    assert from_xml(to_xml(description)) == description


def example() -> Description:
    news, v720, sound = (Endpoint("232.66.1.1", 5001, "10.66.0.9", tsi) for tsi in (1, 10, 11))
    return Description(
        event="main", origin="http://origin:8080", news=news, tracks={"v720": v720, "a": sound}, fec=6, overhead=12,
        symbol=1280, repair=("http://origin:8080", "http://edge:80"), reorder_ms=20, key=b"k" * 32, public=b"p" * 32,
        until=1_795_410_000, rates={"v720": 3_000_000},
    )  # fmt: skip


WRITTEN = to_xml(example()).decode()


def changed(old: str, new: str, count: int = -1) -> bytes:
    assert old in WRITTEN
    return WRITTEN.replace(old, new, count).encode()


def test_the_document_of_a_session_is_as_dvb_writes_it() -> None:
    for piece in (
        f'xmlns="{NAMESPACE}"', 'schemaVersion="2"', 'serviceIdentifier="urn:ringside:event:main"',
        '<MulticastTransportSession id="v720"', "<NetworkSourceAddress>10.66.0.9</NetworkSourceAddress>",
        "<SchemeIdentifier>urn:ietf:rmt:fec:encoding:6</SchemeIdentifier>", "<BaseURL>http://edge:80/</BaseURL>",
        'transportSecurity="integrityAndAuthenticity"', 'validUntil="2026-11-23T05:00:00+00:00"',
        'mediaPlaylistLocator="http://origin:8080/live/main/v720/index.m3u8"',
    ):  # fmt: skip
        assert piece in WRITTEN


@pytest.mark.parametrize("year", ["2019", "2023", "2024"])
def test_every_version_of_the_schema_is_read(year: str) -> None:
    assert from_xml(changed(NAMESPACE, NAMESPACE[:-4] + year)) == example()


def test_private_elements_of_others_are_skipped_with_all_that_is_in_them() -> None:
    private = (
        '<x:Extra xmlns:x="urn:else"><x:Deep/><EndpointAddress/><rs:Authentication scheme="none"/>text</x:Extra>'
        "<Unknown>of the same schema</Unknown><EndpointAddress>"
    )
    assert from_xml(changed("<EndpointAddress>", private)) == example()


def test_what_the_schema_leaves_out_has_a_meaning() -> None:
    bare = re.sub(r' validUntil="[^"]*"| fixedBackOffPeriod="[^"]*"', "", WRITTEN)
    bare = re.sub(r"<(ForwardErrorCorrectionParameters|BitRate).*?(</\1>|/>)", "", bare, flags=re.DOTALL)
    bare = re.sub(r"<NetworkSourceAddress>.*?</NetworkSourceAddress>", "", bare)
    read = from_xml(bare.encode())
    assert (read.until, read.fec, read.overhead, read.reorder_ms, read.rates) == (0, 0, 0, 20, {})
    assert read.tracks["v720"].source is None


WRONG = [
    (b"", "the description is no XML"),
    (b"GIF89a", "the description is no XML"),
    (b"<a>\xc3\x28</a>", "the description is no XML: not well-formed"),
    (b"<MPD/>", "root is MPD in no namespace, not DVB's MulticastGatewayConfiguration"),
    (changed("Configuration:2024", "Configuration:2055"), "root is MulticastGatewayConfiguration in urn"),
    (b"<!DOCTYPE x [<!ENTITY a 'aaaa'>]><x>&a;</x>", "declares a document type, which is refused"),
    (b"<a>" * 5000, "nested too deep"),
    (b" " * (MAX_DOCUMENT + 1), "larger than"),
    (changed("urn:ringside:event:main", "urn:other:1"), "MulticastSession has a serviceIdentifier of 'urn:other:1'"),
    (changed("event:main", "event:../x"), "MulticastSession has a serviceIdentifier"),
    (changed("<MulticastSession ", "<MulticastSession/><MulticastSession "), "has 2 MulticastSession; it must"),
    (changed("PresentationManifestLocator", "Else"), "has no PresentationManifestLocator"),
    (changed("/live/main/index.m3u8", "/index.m3u8"), "PresentationManifestLocator is not the address of a manifest"),
    (changed("http://origin:8080/live/main/index", "file:///live/main/index"), "PresentationManifestLocator is 'file:"),
    (changed(">232.66.1.1<", ">10.0.0.1<"), "EndpointAddress, NetworkDestinationGroupAddress is 10.0.0.1; a group is"),
    (changed(">232.66.1.1<", ">ff3e::1<"), "NetworkDestinationGroupAddress is 'ff3e::1', which is no IPv4 address"),
    (changed(">10.66.0.9<", ">239.1.1.1<"), "NetworkSourceAddress is 239.1.1.1, which no sender can have"),
    (changed(">5001<", ">70000<"), "TransportDestinationPort is '70000'; it must be 1 to 65535"),
    (changed(">5001<", ">٣<"), "TransportDestinationPort is"),
    (changed(">10</Media", ">4294967296</Media"), "MediaTransportSessionIdentifier is '4294967296'"),
    (changed(">10</Media", ">11</Media"), "two MulticastTransportSessions with the same EndpointAddress"),
    (changed(">5001<", "><x/><", 1), '"ringside.news", EndpointAddress, TransportDestinationPort is \'\''),
    (changed("<EndpointAddress>", "<EndpointAddress/><EndpointAddress>"), "has 2 EndpointAddress"),
    (changed('id="v720"', 'id="a"'), 'MulticastTransportSession "a" is there twice'),
    (changed('id="v720"', 'id="../etc"'), "has an id that is no track's name"),
    (changed('id="v720" ', ""), "MulticastTransportSession has no id"),
    (changed('id="ringside.news"', 'id="news"'), 'must have a MulticastTransportSession "ringside.news"'),
    (changed('"resource"', '"chunked"'), "has transmissionMode 'chunked'"),
    (changed("2019:FLUTE", "2019:ROUTE"), "TransportProtocol is 'urn:dvb:metadata:cs:Multicast"),
    (changed('protocolVersion="2"', 'protocolVersion="9"'), "TransportProtocol has version '9'"),
    (changed("encoding:6", "encoding:129"), "SchemeIdentifier is 'urn:ietf:rmt:fec:encoding:129'; known are"),
    (changed("encoding:6", "encoding:5", 1), "have different ForwardErrorCorrectionParameters"),
    (changed(">12<", ">1e9<"), "OverheadPercentage is '1e9'; it must be 0 to 200"),
    (changed('fixedBackOffPeriod="20"', 'fixedBackOffPeriod="x"'), "has a fixedBackOffPeriod of 'x'"),
    (changed("http://edge:80/<", "ftp://edge/<"), "UnicastRepairParameters, BaseURL is 'ftp://edge'"),
    (changed("http://edge:80/<", "http://[::1/<"), "BaseURL is 'http://[::1'"),
    (changed("http://edge:80/<", "http://u:p@edge/<"), "BaseURL is 'http://u:p@edge'"),
    (changed('maximum="3000000"', 'maximum="-1"'), "BitRate has a maximum of '-1'"),
    (changed('scheme="hmac-sha256-128"', 'scheme="none"'), "Authentication has a scheme or asid that is not known"),
    (changed("<rs:Authentication", "<rs:Other"), "a gateway takes nothing that it cannot verify"),
    (changed('groupKey="a2tra2tr', 'groupKey="!!!!'), "Authentication has a groupKey that is not 32 bytes in base64"),
    (changed('signingKey="', 'signingKey="AAAA'), "Authentication has a signingKey that is not 32 bytes"),
    (changed('symbol="1280"', 'symbol="1281"'), "with RaptorQ it must be a multiple of 8"),
    (changed('symbol="1280"', 'symbol="65535"'), "Packets has a symbol of '65535'; it must be 64 to 1408"),
    (changed("2026-11-23T05:00:00+00:00", "yesterday"), "GatewayConfiguration has a validUntil of 'yesterday'"),
    (changed("2026-11-23T05:00:00+00:00", "2026-11-23T05:00:00"), "has a validUntil"),
    (changed("2026-11-23T05:00:00+00:00", "0001-01-01T00:00:00+14:00"), "has a validUntil"),
]  # fmt: skip


@pytest.mark.parametrize(("document", "says"), WRONG, ids=[says for _, says in WRONG])
def test_a_document_that_cannot_be_used_is_refused_in_a_sentence_naming_the_element(document: bytes, says: str) -> None:
    with pytest.raises(BadDescription) as refused:
        from_xml(document)
    assert says in str(refused.value)
    assert "\n" not in str(refused.value)
    assert len(str(refused.value)) < 400


@given(st.data())
@settings(max_examples=150, deadline=None)
def test_a_document_with_bytes_changed_is_read_or_refused_and_nothing_worse(data: st.DataObject) -> None:
    document = bytearray(WRITTEN.encode())
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(document) - 1))
        document[at : at + data.draw(st.integers(0, 8))] = data.draw(st.binary(max_size=8))
    try:
        read = from_xml(bytes(document))
    except BadDescription:
        return
    assert from_xml(to_xml(read)) == read


def test_a_description_that_could_not_be_read_back_is_not_written() -> None:
    with pytest.raises(BadDescription, match="no track's name"):
        to_xml(Description(**{**_values(), "tracks": {"../x": example().news}}))


def _values() -> dict[str, object]:
    description = example()
    return {name: getattr(description, name) for name in description.__slots__}
