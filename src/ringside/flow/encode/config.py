"""Config: what an event file may say about encoding, checked field by field.

A dictionary (from TOML or the command line) enters; a frozen Config leaves, or Misconfigured with one sentence
that names the field. The ladder is still without widths here: those come from the source's shape (`ladder.fit`).
Knows nothing of codecs beyond the ranges it allows.
"""

import re
from collections.abc import Mapping
from fractions import Fraction
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, field_validator, model_validator

from ringside.core.errors import Misconfigured

EffortName = Literal["auto", "fast", "veryfast", "superfast", "ultrafast"]
NAME = re.compile(r"[a-z][a-z0-9_-]{0,31}")
AUDIO = "a"  # the audio track's name, which no rung may take
NTSC = {"23.976": Fraction(24000, 1001), "29.97": Fraction(30000, 1001), "59.94": Fraction(60000, 1001)}


def _fps(value: object) -> object:
    """ "auto", or frames a second as an exact Fraction; 23.976, 29.97 and 59.94 mean their NTSC fractions."""
    if value == "auto" or isinstance(value, Fraction):
        return value
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise ValueError(f"{value!r} is neither a number nor 'auto'")
    text = str(value).strip()
    try:
        return NTSC[text] if text in NTSC else Fraction(text)
    except (ValueError, ZeroDivisionError):
        raise ValueError(f"{value!r} is neither a number, a fraction like '30000/1001' nor 'auto'") from None


class Rung(BaseModel):
    """One rendition of the picture. A `width` of 0 follows the source's shape; `name` is `v` and the short side."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    height: int = Field(ge=64, le=4320)
    bitrate_bps: int = Field(ge=50_000, le=100_000_000)
    width: int = Field(0, ge=0, le=8192)
    name: str = ""

    @field_validator("height", "width")
    @classmethod
    def _even(cls, value: int) -> int:
        if value % 2:
            raise ValueError(f"{value} is odd")
        return value

    @field_validator("name")
    @classmethod
    def _addressable(cls, value: str) -> str:
        if value and not NAME.fullmatch(value):
            raise ValueError(f"{value!r} is not lower-case letters, digits, '-' and '_'")
        if value == AUDIO:
            raise ValueError(f"{value!r} is the audio track's name")
        return value

    @property
    def track(self) -> str:
        """The track's name: `name`, or `v720` of a 1280x720 or 720x1280 rung."""
        return self.name or f"v{min(self.height, self.width or self.height)}"

    @property
    def pixels(self) -> int:
        """Pixels of one picture (0 before the width is known)."""
        return self.width * self.height


class Config(BaseModel):
    """How an event is encoded. An empty `ladder` means the default one for the source's size."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    ladder: tuple[Rung, ...] = Field((), max_length=8)
    fps: Annotated[Fraction | Literal["auto"], BeforeValidator(_fps)] = "auto"
    keyframe_s: float = Field(1.0, gt=0, le=10)
    audio_bps: int = Field(128_000, ge=32_000, le=320_000)
    effort: EffortName = "auto"
    peak_ratio: float = Field(1.1, ge=1, le=4)  # VBV fill rate over the bitrate
    buffer_s: float = Field(0.6, ge=0.2, le=4)  # VBV buffer, in seconds of the bitrate

    @field_validator("fps")
    @classmethod
    def _frame_rate(cls, value: Fraction | str) -> Fraction | str:
        if isinstance(value, Fraction) and not 1 <= value <= 120:
            raise ValueError(f"{float(value):g} is not between 1 and 120 frames a second")
        return value

    @model_validator(mode="after")
    def _distinct(self) -> Self:
        seen: dict[str, int] = {}
        for i, rung in enumerate(self.ladder):
            if rung.track in seen:
                raise ValueError(f"ladder[{i}].name: {rung.track!r} is already the name of ladder[{seen[rung.track]}]")
            seen[rung.track] = i
        return self

    @classmethod
    def load(cls, data: Mapping[str, Any], where: str = "encode") -> "Config":
        """The Config of one table of an event file; `where` prefixes the field in the sentence of Misconfigured."""
        try:
            return cls.model_validate(data)
        except ValidationError as error:
            raise Misconfigured(explain(error, where)) from None

    def bandwidth_bps(self, bitrate_bps: int, segment_s: Fraction) -> int:
        """Peak bitrate of one segment that the VBV allows: what it fills meanwhile, and one full buffer."""
        return int(bitrate_bps * (self.peak_ratio + self.buffer_s / float(segment_s)))


def explain(error: ValidationError, where: str = "") -> str:
    """The first fault as `where.ladder[1].height: 481 is odd`."""
    fault = error.errors()[0]
    path = where
    for step in fault["loc"]:
        if isinstance(step, int):
            path += f"[{step}]"
        elif not step.startswith(("is-instance", "literal", "function", "lax-or-strict")):
            path += f".{step}" if path else step
    message = fault["msg"].removeprefix("Value error, ")
    if fault["type"] == "extra_forbidden":
        return f"{path}: there is no such field"
    if fault["type"] == "missing":
        return f"{path}: is missing"
    if not fault["loc"]:  # the message of a whole-model check names the field itself
        return f"{path}.{message}" if path else message
    got = fault.get("input")
    named = isinstance(got, str | int | float) and str(got) in message
    return f"{path}: {message}" if named or fault["type"] == "value_error" else f"{path}: {message}, not {got!r}"
