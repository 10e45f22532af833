"""The File Delivery Table (RFC 6726 §3.4.2): which object number is which file, as XML, read and written.

What enters: files, or the XML of anyone. What leaves: XML, or files whose every number is in bounds. 64 KiB and 512
files at most; a document type is refused, so there are no entities; files over the bounds are left out and the others
kept, for a foreign session may well carry what is not for us. Names are checked by location.py.
"""

import base64
import binascii
import struct
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from xml.parsers import expat
from xml.sax.saxutils import quoteattr

from ringside.core.alc.fti import ALIGNMENT, MOST_BYTES, RAPTORQ, REED_SOLOMON, Info
from ringside.core.alc.lct import BadPacket
from ringside.core.alc.location import BadLocation, name_of

NAMESPACE = "urn:ietf:params:xml:ns:fdt"
MOST_FDT_BYTES = 64 << 10  # of XML, inflated
MOST_FILES = 512
MOST_TOI = (1 << 112) - 1
CONTENT_CODINGS = {"": 0, "null": 0, "zlib": 15, "deflate": -15, "gzip": 31}  # zlib's wbits
_SCHEME = struct.Struct(">BHB")  # RaptorQ's scheme-specific information: Z, N, Al


class BadFdt(Exception):
    """This is no FDT instance that can be read; says why."""


@dataclass(frozen=True, slots=True)
class File:
    """`length`: of the object as sent, bytes (Transfer-Length); `encoding`: "", "zlib", "deflate" or "gzip"; `info`:
    None where each packet brings it."""

    location: str
    toi: int
    length: int
    content_type: str = ""
    encoding: str = ""
    info: Info | None = None


def write_fdt(files: Sequence[File], expires_ntp: int) -> bytes:
    """One FDT instance, valid until `expires_ntp` (seconds of NTP: Unix seconds + 2 208 988 800)."""
    head = f'<?xml version="1.0" encoding="UTF-8"?><FDT-Instance xmlns="{NAMESPACE}" Expires="{expires_ntp}">'
    body = "".join(f"<File {_attributes(file)}/>" for file in files)
    return f"{head}{body}</FDT-Instance>".encode()


def _attributes(file: File) -> str:
    values: dict[str, str | int] = {"Content-Location": file.location, "TOI": file.toi}
    if file.encoding:
        values["Content-Encoding"] = file.encoding
    else:
        values["Content-Length"] = file.length
    values["Transfer-Length"] = file.length
    if file.content_type:
        values["Content-Type"] = file.content_type
    if file.info is not None:
        values |= _fec_attributes(file.info)
    return " ".join(f"{name}={quoteattr(str(value))}" for name, value in values.items())


def _fec_attributes(info: Info) -> dict[str, str | int]:
    values: dict[str, str | int] = {
        "FEC-OTI-FEC-Encoding-ID": info.fec,
        "FEC-OTI-Maximum-Source-Block-Length": info.block,
        "FEC-OTI-Encoding-Symbol-Length": info.symbol,
    }
    if info.fec == REED_SOLOMON:
        values["FEC-OTI-Max-Number-of-Encoding-Symbols"] = info.most
    if info.fec == RAPTORQ:
        scheme = base64.b64encode(_SCHEME.pack(1, 1, ALIGNMENT)).decode()
        values["FEC-OTI-Scheme-Specific-Info"] = scheme
    return values


def inflated(data: bytes, wbits: int, most: int) -> bytes:
    """`data` without its coding (wbits as zlib's; 0: none), at most `most` bytes; raises BadFdt."""
    if not wbits:
        return data
    inflater = zlib.decompressobj(wbits)
    try:
        plain = inflater.decompress(data, most + 1)
    except zlib.error:
        raise BadFdt("it cannot be inflated") from None
    if len(plain) > most or not inflater.eof:
        raise BadFdt(f"it is not whole in {most} bytes")
    return plain


def read_fdt(data: bytes) -> list[File]:
    """The files of an FDT instance, those that could be taken; raises BadFdt. Its expiry is not looked at."""
    if len(data) > MOST_FDT_BYTES:
        raise BadFdt(f"it has more than {MOST_FDT_BYTES} bytes")
    reading = _Reading()
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.StartElementHandler = reading.start
    parser.StartDoctypeDeclHandler = reading.doctype
    try:
        parser.Parse(data, True)
    except (expat.ExpatError, LookupError, ValueError):
        raise BadFdt("it is no XML") from None
    if reading.root is None:
        raise BadFdt("it has no FDT-Instance")
    return list(reading.files())


class _Reading:
    """What the parser saw."""

    def __init__(self) -> None:
        self.root: dict[str, str] | None = None
        self.found: list[dict[str, str]] = []

    def doctype(self, *_: object) -> None:
        raise BadFdt("it has a document type")

    def start(self, name: str, attributes: dict[str, str]) -> None:
        local = name.rpartition(" ")[2]
        if self.root is None:
            if local != "FDT-Instance":
                raise BadFdt("it has no FDT-Instance")
            self.root = attributes
        elif local == "File":
            if len(self.found) >= MOST_FILES:
                raise BadFdt(f"it has more than {MOST_FILES} files")
            self.found.append(attributes)

    def files(self) -> Iterable[File]:
        for attributes in self.found:
            try:
                yield _file({**(self.root or {}), **attributes})
            except (BadLocation, BadPacket, _OutOfBounds):
                continue


class _OutOfBounds(Exception):
    """A number that is none, or too large."""


def _number(values: Mapping[str, str], name: str, most: int, instead: int | None = None) -> int:
    text = values.get(name)
    if text is None and instead is not None:
        return instead
    if text is None or len(text) > 40 or not (text.isascii() and text.isdigit()) or int(text) > most:
        raise _OutOfBounds
    return int(text)


def _file(values: Mapping[str, str]) -> File:
    location = values.get("Content-Location", "")
    name_of(location)
    toi = _number(values, "TOI", MOST_TOI)
    encoding = values.get("Content-Encoding", "").lower()
    name = "Transfer-Length" if "Transfer-Length" in values else "Content-Length"
    length = _number(values, name, MOST_BYTES)
    if toi == 0 or length == 0 or encoding not in CONTENT_CODINGS:
        raise _OutOfBounds
    encoding = "" if encoding == "null" else encoding
    return File(location, toi, length, values.get("Content-Type", "")[:256], encoding, _info(values, length))


def _info(values: Mapping[str, str], length: int) -> Info | None:
    """The object's FEC information by the FDT (RFC 6726 §3.4.2), None where it does not tell all of it."""
    if "FEC-OTI-FEC-Encoding-ID" not in values or "FEC-OTI-Encoding-Symbol-Length" not in values:
        return None
    fec = _number(values, "FEC-OTI-FEC-Encoding-ID", 255)
    symbol = _number(values, "FEC-OTI-Encoding-Symbol-Length", 0xFFFF)
    if fec == RAPTORQ:
        _sound_scheme(values.get("FEC-OTI-Scheme-Specific-Info", ""))
        block, most = -(-length // max(1, symbol)), 0
    else:
        block = _number(values, "FEC-OTI-Maximum-Source-Block-Length", 0xFFFFFFFF)
        most = _number(values, "FEC-OTI-Max-Number-of-Encoding-Symbols", 0xFFFF, block) if fec == REED_SOLOMON else 0
    return Info(fec, length, symbol, block, most).checked()


def _sound_scheme(text: str) -> None:
    try:
        scheme = base64.b64decode(text[:16], validate=True)
    except (binascii.Error, ValueError):
        raise _OutOfBounds from None
    if scheme != _SCHEME.pack(1, 1, ALIGNMENT):
        raise _OutOfBounds
