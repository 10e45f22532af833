"""What an operator may set about the group that a gateway is fed by."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, field_validator

from ringside.core.mabr import BadDescription, Description, Verifier, from_xml
from ringside.flow.relay.fill.config import Config as Fill
from ringside.flow.relay.gateway.socket import BUFFER_BYTES


class Config(BaseModel):
    """The session's `document` (DVB-MABR), the network card that joins it, and where parts are mended from.

    `interface` is a name or an address, empty for that of the route; `repair` are base URLs, best first, none for those
    of the document. `buffer_bytes` is asked of the kernel for what has come and is not read yet.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    document: str
    interface: str = Field(default="", max_length=64)
    repair: tuple[str, ...] = ()
    buffer_bytes: Annotated[int, Field(ge=2**16, le=2**30)] = BUFFER_BYTES

    @field_validator("document")
    @classmethod
    def _describes_a_session(cls, document: str) -> str:
        try:
            Verifier(from_xml(document.encode()).public)
        except BadDescription as error:
            raise ValueError(str(error)) from None
        return document

    @field_validator("repair")
    @classmethod
    def _are_addresses(cls, repair: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(Fill(origin=url).origin for url in repair)

    @property
    def description(self) -> Description:
        """What the document says."""
        return from_xml(self.document.encode())

    def bases(self, origin: str) -> tuple[str, ...]:
        """Where bytes are asked for that the group did not give, best first; `origin` where nobody says."""
        return self.repair or self.description.repair or (origin,)
