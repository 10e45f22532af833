"""What a person who publishes needs to know: the address to push to, with a key made up when none was given."""

import secrets

from ringside.cli.ports import reachable_address
from ringside.flow.capture import Config
from ringside.flow.capture.spec import parse


def prepare(source: Config) -> tuple[Config, str | None]:
    """The source with its stream key filled in, and the address to push to (None: nobody pushes to it)."""
    spec = parse(source.url)
    if spec.kind != "rtmp":
        return source, None
    key = spec.key or source.key or secrets.token_urlsafe(9)
    shown = reachable_address() if spec.host in ("0.0.0.0", "::") else spec.host
    return source.model_copy(update={"key": key}), f"rtmp://{shown}:{spec.port}/{spec.app}/{key}"
