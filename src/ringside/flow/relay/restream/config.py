"""Config: what an event file's `[[restream]]` table says of one service that the programme is pushed on to.

[[restream]]   url = "rtmps://live.example/app"   key = "..."   track = "v720"   name = "example"
[[restream]]   url = "srt://studio.example:9000?streamid=ringside"   passphrase = "..."
"""

from pydantic import BaseModel, ConfigDict, Field, model_validator

from ringside.core.errors import Misconfigured
from ringside.flow.relay.restream.target import Target, parse

MOST = 8
NAME = r"^[A-Za-z0-9_-]{0,64}$"


class Config(BaseModel):
    """One service. `track` and `sound` empty: the best there are of H.264 and AAC."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    url: str = Field(min_length=1, max_length=2048)
    name: str = Field(default="", max_length=64)  # for people; empty: the address without its key
    key: str = Field(default="", max_length=512)  # of RTMP, in place of one in the URL
    passphrase: str = Field(default="", max_length=79)  # of SRT
    track: str = Field(default="", pattern=NAME)
    sound: str = Field(default="", pattern=NAME)

    @property
    def target(self) -> Target:
        """Where it goes. Raises Misconfigured."""
        return parse(self.url, self.key, self.passphrase)

    @property
    def shown(self) -> str:
        """What people call it."""
        return self.name or self.target.name

    @model_validator(mode="after")
    def _can_be_sent_to(self) -> "Config":
        try:
            _ = self.target
        except Misconfigured as error:
            raise ValueError(str(error).removeprefix("restream ")) from None
        return self
