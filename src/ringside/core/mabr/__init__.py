"""The description of a multicast session: what a sender writes for its gateways, and the keys that go with it."""

from ringside.core.mabr.description import FEC_NONE, FEC_RAPTORQ, FEC_RS, BadDescription, Description, Endpoint
from ringside.core.mabr.document import CONTENT_TYPE, MAX_DOCUMENT, from_xml, to_xml
from ringside.core.mabr.keys import Keys, Verifier, from_text, new_keys, to_text

__all__ = [
    "CONTENT_TYPE", "FEC_NONE", "FEC_RAPTORQ", "FEC_RS", "MAX_DOCUMENT", "BadDescription", "Description", "Endpoint",
    "Keys", "Verifier", "from_text", "from_xml", "new_keys", "to_text", "to_xml",
]  # fmt: skip
