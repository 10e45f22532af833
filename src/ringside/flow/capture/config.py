"""Config: where an event's pictures and sound come from, as an event file's `[source]` table says it.

    [source]           url = "rtmp://0.0.0.0:1935/live"   name = "stadium"
    [[source.backup]]  url = "srt://0.0.0.0:9000?mode=listener"   name = "van"   passphrase = "..."
    [[source.backup]]  url = "clips/back-soon.mp4"
    [source.watch]     loss_s = 0.4   black_s = 1.2   black_level = 24   freeze_s = 1.5   silence_s = 10   back_s = 3

`[source]` is the input that is wanted; the backups stand in for it, the first before the second. All are open at once.
"""

from typing import Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from ringside.core.errors import Misconfigured
from ringside.flow.capture.spec import parse

MOST_BACKUPS = 7
MAIN, SLATE, AUTO = "main", "slate", "auto"
RESERVED = {SLATE, AUTO}  # words of an operator's order


class Watch(BaseModel):
    """When an input is at fault, in seconds of it; 0: not watched. `black_level`: luma, 8 bits, limited range."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    loss_s: float = Field(default=0.4, ge=0.1, le=10)  # nothing arrives
    black_s: float = Field(default=1.2, ge=0, le=600)
    black_level: int = Field(default=24, ge=16, le=128)  # black: (nearly) nothing of a picture is lighter
    freeze_s: float = Field(default=1.5, ge=0, le=600)
    silence_s: float = Field(default=10.0, ge=0, le=3600)
    back_s: float = Field(default=3.0, ge=0, le=600)  # a better input is taken again after so long without a fault

    def of_a_film(self) -> Self:
        """For a file of this machine: black, still or silent as it may be, that is how it was made."""
        return self.model_copy(update={"black_s": 0.0, "freeze_s": 0.0, "silence_s": 0.0})


class Input(BaseModel):
    """One input: what `[source]` and each `[[source.backup]]` say. `name`: by which an operator calls it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    url: str = Field(default="testcard", min_length=1, max_length=2048)
    name: str = Field(default="", pattern=r"^[A-Za-z0-9_-]{0,32}$")
    key: str = Field(default="", max_length=256)  # of an RTMP publisher; in place of one in the URL
    token: str = Field(default="", max_length=256)  # of a WHIP publisher
    passphrase: str = Field(default="", max_length=79)  # of SRT
    takeover: bool = False  # a second publisher replaces the first
    loop: bool | None = (
        None  # a file begins again when it ends; unless told otherwise a backup does, the first does not
    )

    @field_validator("url")
    @classmethod
    def _is_a_source(cls, url: str) -> str:
        try:
            parse(url)
        except Misconfigured as error:
            raise ValueError(str(error)) from None
        return url

    @field_validator("name")
    @classmethod
    def _is_free(cls, name: str) -> str:
        if name in RESERVED:
            raise ValueError(f"{name} is a word of the operator's and no name")
        return name


class Config(Input):
    """The inputs of an event. `width`, `height` and `fps` serve inputs that cannot be asked before they come."""

    burn_strip: bool = False  # draw the capture time on every picture
    width: int = Field(default=1280, ge=64, le=8192, multiple_of=2)
    height: int = Field(default=720, ge=64, le=8192, multiple_of=2)
    fps: float = Field(default=30.0, gt=0, le=240)
    backup: tuple[Input, ...] = Field(default=(), max_length=MOST_BACKUPS)
    watch: Watch = Watch()

    @property
    def inputs(self) -> tuple[Input, ...]:
        """All inputs in order of preference, nothing left open: without a name they are main, backup-1, backup-2..."""
        main = Input(**{field: getattr(self, field) for field in Input.model_fields})
        return tuple(_settled(at, one) for at, one in enumerate((main, *self.backup)))

    def with_inputs(self, inputs: tuple[Input, ...]) -> Self:
        """The same with other inputs, in order of preference; at least one."""
        main, *backups = inputs
        fields = {field: getattr(main, field) for field in Input.model_fields}
        return self.model_copy(update={**fields, "backup": tuple(backups)})

    @model_validator(mode="after")
    def _inputs_are_apart(self) -> Self:
        names, places = set[str](), set[str]()
        for one in self.inputs:
            if one.name in names:
                raise ValueError(f"two inputs are called {one.name}")
            if (place := parse(one.url).place) in places:
                raise ValueError(f"two inputs want {place}")
            names.add(one.name)
            if place:
                places.add(place)
        return self


def _settled(at: int, one: Input) -> Input:
    """The input at place `at`, its name and whether it loops told."""
    name = one.name or (f"backup-{at}" if at else MAIN)
    return one.model_copy(update={"name": name, "loop": at > 0 if one.loop is None else one.loop})
