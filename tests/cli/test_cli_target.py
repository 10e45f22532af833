"""`ringside target`: its sentences, the control socket it asks, and the keeper behind that."""

import asyncio
import json
import os
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from ringside.cli import target as verb
from ringside.cli.app import app
from ringside.cli.ports import open_public
from ringside.cli.supervisor import Child
from ringside.cli.takeover import Control, Holder, OnTarget, Running
from ringside.cli.target_keeper import TargetKeeper
from ringside.core.errors import Misconfigured, RingsideError
from ringside.flow.origin import Schedule

NOW_NS = 1_790_000_000_000_000_000
STILL = Schedule(7, 1200, 1200)
MOVING = Schedule(8, 1200, 3000, 1_790_000_002_000)


@pytest.fixture(autouse=True)
def runtime_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))


@pytest.mark.parametrize(
    ("schedule", "after_s", "ordered", "said"),
    [
        (STILL, 0, False, "the target is 1.2 s"),
        (STILL, 0, True, "the target is 1.2 s already"),
        (MOVING, 0, True, "the target moves from 1.20 s to 3 s; all players are there in 47 s"),
        (MOVING, 12, False, "the target moves from 1.60 s to 3 s; all players are there in 35 s"),
        (MOVING, 100, False, "the target is 3 s"),
    ],
)
def test_a_person_is_told_in_a_sentence(schedule: Schedule, after_s: int, ordered: bool, said: str) -> None:
    assert verb.sentence(schedule, NOW_NS + after_s * 10**9, ordered) == said


class Origin:
    """An origin's process and its supervisor, as the keeper sees them; `deaf`: how many orders are lost."""

    def __init__(self, deaf: int = 0) -> None:
        self.child = Child("origin", "origin", {"target": STILL.values()})
        self.deaf = deaf
        self.orders: list[dict[str, Any]] = []
        self.keeper = TargetKeeper(self, self.child)  # type: ignore[arg-type]

    def order(self, child: Child, order: dict[str, Any]) -> None:
        assert child is self.child
        self.orders.append(order)
        if len(self.orders) > self.deaf:
            changed = Schedule.of(self.keeper.schedule).change(order["target_ms"], NOW_NS)
            self.keeper.hear(child, {"target": changed.values()})


def test_the_keeper_has_the_target_changed_and_knows_it() -> None:
    async def scene() -> None:
        origin = Origin()
        assert await origin.keeper.answer() == STILL.values()
        assert origin.orders == []
        answer = await origin.keeper.answer(3)
        assert answer["target_ms"] == 3000
        assert await origin.keeper.answer() == answer
        assert origin.child.config["target"] == answer  # with which the origin is started again

    asyncio.run(scene())


def test_an_order_that_is_lost_with_a_dying_origin_is_given_again() -> None:
    async def scene() -> None:
        origin = Origin(deaf=2)
        assert (await origin.keeper.answer(3))["target_ms"] == 3000
        assert len(origin.orders) == 3

    asyncio.run(scene())


def test_an_origin_that_never_answers_is_an_error_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scene() -> None:
        monkeypatch.setattr("ringside.cli.target_keeper.PATIENCE_S", 0.05)
        with pytest.raises(RingsideError, match="does not answer"):
            await Origin(deaf=100).keeper.answer(3)

    asyncio.run(scene())


def test_only_the_origin_is_listened_to() -> None:
    async def scene() -> None:
        origin = Origin()
        origin.keeper.hear(Child("studio", "studio", {}), {"target": MOVING.values()})
        origin.keeper.hear(origin.child, {"on_air": True})
        assert origin.keeper.schedule == STILL.values()

    asyncio.run(scene())


def asked(on_target: OnTarget | None, target_s: float | None = None) -> dict[str, Any]:
    """What the supervisor of a port says to who asks it for the target."""

    async def scene() -> dict[str, Any]:
        listeners = open_public("127.0.0.1", 0, 1)
        port = listeners[0].getsockname()[1]
        control = Control(Holder(os.getpid(), "edge", 1), port, listeners, lambda _: None, on_target)
        control.open()
        running = await asyncio.to_thread(Running.at, port)
        assert running is not None
        try:
            return await asyncio.to_thread(running.target, target_s)
        finally:
            running.close()
            control.close()
            listeners[0].close()

    return asyncio.run(scene())


def test_the_control_socket_passes_the_order_on_and_the_answer_back() -> None:
    heard: list[object] = []

    async def on_target(target_s: object) -> dict[str, Any]:
        heard.append(target_s)
        return MOVING.values()

    assert asked(on_target, 3.5) == MOVING.values()
    assert asked(on_target) == MOVING.values()
    assert heard == [3.5, None]


def test_an_edge_has_no_target_and_says_who_has() -> None:
    with pytest.raises(
        RingsideError, match=r"^ringside edge \(pid \d+\) has no target of its own: its origin has one$"
    ):
        asked(None, 3)


def test_a_refusal_comes_back_as_its_sentence() -> None:
    async def on_target(_: object) -> dict[str, Any]:
        raise RingsideError("the origin does not answer; try again")

    with pytest.raises(RingsideError, match=r"^the origin does not answer; try again$"):
        asked(on_target, 3)


class Handler(BaseHTTPRequestHandler):
    """Says what its server is to say, to whatever it is asked."""

    def _say(self) -> None:
        length = int(self.headers.get("Content-Length", 0))
        self.server.asked.append((self.command, self.path, self.headers.get("Authorization"), self.rfile.read(length)))
        status, kind, body = self.server.says
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_PUT = _say

    def log_message(self, *_: object) -> None:
        pass


class Server(HTTPServer):
    asked: list[tuple[str, str, str | None, bytes]]
    says: tuple[int, str, bytes] = (200, "application/json", json.dumps({"now_ms": 1, **STILL.values()}).encode())

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


@pytest.fixture
def elsewhere() -> Iterator[Server]:
    with Server(("127.0.0.1", 0), Handler) as server:
        server.asked = []
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_an_order_elsewhere_is_a_put_with_the_token_and_a_question_a_get_without(
    elsewhere: Server, tmp_path: Path
) -> None:
    assert verb.run(1.2, None, elsewhere.url + "/", "secret-1", None) == "the target is 1.2 s already"
    assert verb.run(None, None, elsewhere.url, None, None) == "the target is 1.2 s"
    (tmp_path / "final.toml").write_text('[event]\nname = "final"\n[origin]\ningest_token = "secret-2"\n')
    verb.run(3, None, elsewhere.url, None, tmp_path / "final.toml")
    assert elsewhere.asked == [
        ("PUT", "/ingest/main/target", "Bearer secret-1", b'{"target_s": 1.2}'),
        ("GET", "/live/main/target.json", None, b""),
        ("PUT", "/ingest/final/target", "Bearer secret-2", b'{"target_s": 3}'),
    ]


@pytest.mark.parametrize(
    ("says", "sentence"),
    [
        ((401, "text/plain", b"publishing needs the ingest token\n"), "refuses: publishing needs the ingest token"),
        ((404, "text/html", b"<html>nginx"), "refuses: it answered 404"),
        ((502, "text/plain", b""), "refuses: it answered 502"),
        ((200, "text/plain", b"hello"), "did not answer as an origin of Ringside does"),
        ((200, "application/json", b"[]"), "did not answer as an origin of Ringside does"),
        ((200, "application/json", b'{"version": 1}'), "did not answer as an origin of Ringside does"),
    ],
)
def test_whatever_it_is_told_instead_is_a_sentence(
    elsewhere: Server, says: tuple[int, str, bytes], sentence: str
) -> None:
    elsewhere.says = says
    with pytest.raises(RingsideError) as raised:
        verb.run(3, None, elsewhere.url, "secret-1", None)
    assert str(raised.value) == f"{elsewhere.url} {sentence}"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ((3, 8080, "http://a", "secret-1", None), "--port is for an event on this machine"),
        ((3, None, "http://a", "", None), "--token is missing"),
        ((3, None, "origin:8080", "secret-1", None), "--to: origin:8080 is no address"),
        ((0, None, None, None, None), "the target is 0.1 to 60 seconds, not 0"),
        ((61, None, "http://a", "secret-1", None), "the target is 0.1 to 60 seconds, not 61"),
    ],
)
def test_a_wrong_command_line_names_what_is_wrong(arguments: Any, sentence: str) -> None:
    with pytest.raises(Misconfigured, match=sentence):
        verb.run(*arguments)


def test_a_port_without_an_event_and_a_host_without_anybody() -> None:
    with pytest.raises(RingsideError, match="you carry no event on port 1 of this machine"):
        verb.run(3, 1, None, None, None)
    with pytest.raises(RingsideError, match=r"http://127\.0\.0\.1:1 cannot be reached: Connection refused"):
        verb.run(3, None, "http://127.0.0.1:1", "secret-1", None)


def test_the_help_shows_how() -> None:
    shown = CliRunner().invoke(app, ["target", "--help"]).output
    assert "ringside target 3" in shown
    assert "--to http://origin:8080 --token SECRET" in " ".join(shown.split())
