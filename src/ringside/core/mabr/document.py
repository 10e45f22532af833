"""A description as DVB-MABR writes it: the multicast session configuration of ETSI TS 103 769, 10.2.

What enters: a description, or the bytes of somebody's document. What leaves: bytes, or a description; or a
BadDescription that names the element at fault. The two keys stand in private elements of a namespace of ours, where
the schema allows them; what others put there is skipped.
"""

from ringside.core.mabr.description import Description

MAX_DOCUMENT = 1 << 20  # bytes
CONTENT_TYPE = "application/xml+dvb-mabr-session-configuration"


def to_xml(d: Description) -> bytes:
    """The document of a description."""
    raise NotImplementedError


def from_xml(data: bytes) -> Description:
    """What a document describes. Raises BadDescription, a sentence naming the element."""
    raise NotImplementedError
