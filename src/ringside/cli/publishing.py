"""What people who publish need to know: the addresses to push to, with keys made up where none were given."""

import secrets
from collections.abc import Callable

from ringside.cli.ports import reachable_address
from ringside.flow.capture import Config
from ringside.flow.capture.config import Input
from ringside.flow.capture.spec import Spec, parse


def prepare(source: Config) -> tuple[Config, list[str]]:
    """The inputs with their keys filled in, and for each that is pushed to a line with its address."""
    prepared = [_prepared(one) for one in source.inputs]
    lines = [(one.name, line) for one, line in prepared if line]
    several = len(prepared) > 1
    said = [f"{line}   ({name})" if several else line for name, line in lines]
    return source.with_inputs(tuple(one for one, _ in prepared)), said


def _prepared(one: Input) -> tuple[Input, str]:
    spec = parse(one.url)
    prepare = _KINDS.get(spec.kind)
    return prepare(one, spec) if prepare else (one, "")


def _host(spec: Spec) -> str:
    host = reachable_address() if spec.host in ("0.0.0.0", "::") else spec.host
    return f"[{host}]" if ":" in host else host


def _rtmp(one: Input, spec: Spec) -> tuple[Input, str]:
    key = spec.key or one.key or secrets.token_urlsafe(9)
    return one.model_copy(update={"key": key}), f"rtmp://{_host(spec)}:{spec.port}/{spec.app}/{key}"


def _srt(one: Input, spec: Spec) -> tuple[Input, str]:
    """A listener that anybody could push to gets a stream id that nobody can guess."""
    if spec.options["mode"] != "listener":
        return one, ""
    name, phrase = spec.options["streamid"], one.passphrase or spec.options["passphrase"]
    if not name and not phrase:
        name = secrets.token_urlsafe(9)
        one = one.model_copy(update={"url": f"{one.url}{'&' if '?' in one.url else '?'}streamid={name}"})
    address = f"srt://{_host(spec)}:{spec.port}"
    return one, address + (f"?streamid={name}" if name else "") + ("   with the passphrase" if phrase else "")


def _whip(one: Input, spec: Spec) -> tuple[Input, str]:
    token = one.token or one.key or secrets.token_urlsafe(12)
    return one.model_copy(update={"token": token}), f"http://{_host(spec)}:{spec.port}{spec.app}   token {token}"


_KINDS: dict[str, Callable[[Input, Spec], tuple[Input, str]]] = {"rtmp": _rtmp, "srt": _srt, "whip": _whip}
