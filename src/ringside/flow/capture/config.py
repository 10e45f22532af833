"""Config: where an event's pictures and sound come from, as an event file's `[source]` table says it."""

from pydantic import BaseModel, ConfigDict, Field, field_validator

from ringside.core.errors import Misconfigured
from ringside.flow.capture.spec import parse


class Config(BaseModel):
    """The source of an event. `width`, `height` and `fps` serve sources that cannot be asked before they come."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    url: str = Field(default="testcard", min_length=1, max_length=2048)
    key: str = Field(default="", max_length=256)  # of an RTMP publisher; in place of one in the URL
    takeover: bool = False  # a second publisher replaces the first
    loop: bool = False  # a file begins again when it ends
    burn_strip: bool = False  # draw the capture time on every picture
    width: int = Field(default=1280, ge=64, le=8192, multiple_of=2)
    height: int = Field(default=720, ge=64, le=8192, multiple_of=2)
    fps: float = Field(default=30.0, gt=0, le=240)

    @field_validator("url")
    @classmethod
    def _is_a_source(cls, url: str) -> str:
        try:
            parse(url)
        except Misconfigured as error:
            raise ValueError(str(error)) from None
        return url
