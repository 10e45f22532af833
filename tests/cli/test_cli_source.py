"""`ringside source`: its sentences, the keeper behind the control socket, and an origin elsewhere."""

import asyncio
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest
from typer.testing import CliRunner

from ringside.cli import source as verb
from ringside.cli.app import app
from ringside.cli.ports import open_public
from ringside.cli.source_keeper import SourceKeeper
from ringside.cli.supervisor import Child
from ringside.cli.takeover import Control, Holder, Running
from ringside.core.errors import Misconfigured, RingsideError

INPUTS = [
    {"name": "main", "state": "ready", "faults": ["black", "frozen"]},
    {"name": "backup-1", "state": "on_air", "faults": []},
    {"name": "van", "state": "waiting", "faults": ["lost"]},
]
TOLD = {"source": None, "version": 7, "on_air": "backup-1", "inputs": INPUTS}


@pytest.fixture(autouse=True)
def runtime_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))


def test_an_operator_is_told_how_the_inputs_are() -> None:
    assert verb.sentence(TOLD, None).splitlines() == [
        "on the air: backup-1 (the best one)",
        "  main      ready: black, frozen",
        "  backup-1  on the air",
        "  van       not there: lost",
    ]


@pytest.mark.parametrize(
    ("told", "ordered", "first"),
    [
        (TOLD | {"source": "van"}, "van", "van goes on the air, and stays"),
        (TOLD, "auto", "the best input is on the air"),
        (TOLD | {"source": "backup-1"}, None, "on the air: backup-1 (as ordered)"),
        ({"source": None, "inputs": []}, None, "nothing is known of the inputs yet"),
    ],
)
def test_what_was_ordered_comes_first(told: dict[str, Any], ordered: str | None, first: str) -> None:
    assert verb.sentence(told, ordered).splitlines()[0] == first


class Origin:
    """An origin's process and its supervisor, as the keeper sees them; `deaf`: how many questions are lost."""

    def __init__(self, deaf: int = 0) -> None:
        self.child, self.studio = Child("origin", "origin", {}), Child("studio", "studio", {})
        self.deaf = deaf
        self.orders: list[tuple[Child, dict[str, Any]]] = []
        self.keeper = SourceKeeper(self, self.child)  # type: ignore[arg-type]
        self.keeper.studio = self.studio

    def order(self, child: Child, order: dict[str, Any]) -> None:
        self.orders.append((child, order))
        if child is not self.child or len(self.orders) <= self.deaf:
            return
        name, told = order["source"], dict(TOLD)
        if name == "nobody":
            told = {"refused": "there is no input 'nobody'"}
        elif name is not None:
            told["source"] = name
            self.keeper.hear(child, {"source": {"source": name, "version": 8}})
        self.keeper.hear(child, {"source_asked": order["source_asked"], "source_answer": told})


def test_the_keeper_has_the_origin_decide_and_its_own_studio_obey_at_once() -> None:
    async def scene() -> None:
        origin = Origin()
        assert await origin.keeper.answer() == TOLD
        assert (await origin.keeper.answer("van"))["source"] == "van"
        order = {"source": "van", "version": 8}
        assert origin.orders[-1] == (origin.studio, order)
        assert origin.studio.config["order"] == order  # with which either is started again
        assert origin.child.config["source"] == order

    asyncio.run(scene())


def test_a_refusal_is_the_operator_s_to_read() -> None:
    with pytest.raises(RingsideError, match="there is no input 'nobody'"):
        asyncio.run(_answer(Origin(), "nobody"))


async def _answer(origin: Origin, name: str) -> dict[str, Any]:
    return await origin.keeper.answer(name)


def test_a_question_that_is_lost_with_a_dying_origin_is_asked_again() -> None:
    async def scene() -> None:
        origin = Origin(deaf=2)
        assert await origin.keeper.answer() == TOLD

    asyncio.run(scene())


def test_an_origin_that_never_answers_is_an_error_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ringside.cli.source_keeper.PATIENCE_S", 0.05)
    with pytest.raises(RingsideError, match="does not answer"):
        asyncio.run(_answer(Origin(deaf=100), "van"))


def test_only_the_origin_is_listened_to() -> None:
    async def scene() -> None:
        origin = Origin()
        origin.keeper.hear(origin.studio, {"source": {"source": "van", "version": 99}})
        assert origin.child.config == {}

    asyncio.run(scene())


def asked(question: object, on_source: Any) -> tuple[dict[str, Any] | str, int]:
    """What a supervisor with a control socket answers to `Running.source`, and its port."""

    async def scene() -> tuple[dict[str, Any] | str, int]:
        listeners = open_public("127.0.0.1", 0, 1)
        port = listeners[0].getsockname()[1]
        control = Control(Holder(1, "live", 1), port, listeners, lambda pid: None, None, on_source)
        control.open()
        try:
            return await asyncio.to_thread(ask, port), port
        finally:
            control.close()
            listeners[0].close()

    def ask(port: int) -> dict[str, Any] | str:
        running = Running.at(port)
        assert running is not None
        try:
            return running.source(question)  # type: ignore[arg-type]
        except RingsideError as error:
            return str(error)
        finally:
            running.close()

    return asyncio.run(scene())


def test_the_control_socket_carries_orders_and_answers() -> None:
    async def on_source(name: object) -> dict[str, Any]:
        return TOLD | {"source": name}

    assert asked("van", on_source)[0] == TOLD | {"source": "van"}
    assert asked(None, None)[0] == "ringside live (pid 1) has no source of its own: its origin has one"


class _Elsewhere(BaseHTTPRequestHandler):
    heard: ClassVar[list[tuple[str, str, str, bytes]]] = []

    def do_PUT(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.heard.append(("PUT", self.path, self.headers["Authorization"], body))
        self._say(200, json.dumps(TOLD | {"source": json.loads(body)["source"]}), "application/json")

    def do_GET(self) -> None:
        status = {"source": {"on_air": "main", "forced": "main", "inputs": INPUTS}}
        self._say(200, json.dumps(status), "application/json")

    def _say(self, status: int, text: str, kind: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def elsewhere() -> Iterator[str]:
    _Elsewhere.heard.clear()
    with HTTPServer(("127.0.0.1", 0), _Elsewhere) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_an_origin_elsewhere_is_asked_by_http(elsewhere: str) -> None:
    run = CliRunner()
    done = run.invoke(app, ["source", "van", "--to", elsewhere, "--token", "secret"])
    assert done.output.startswith("van goes on the air, and stays\n")
    run.invoke(app, ["source", "auto", "--to", elsewhere, "--token", "secret"])
    assert _Elsewhere.heard == [
        ("PUT", "/ingest/main/source", "Bearer secret", b'{"source": "van"}'),
        ("PUT", "/ingest/main/source", "Bearer secret", b'{"source": null}'),
    ]
    assert run.invoke(app, ["source", "--to", elsewhere]).output.startswith("on the air: main (as ordered)\n")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("van", 8080, "http://a", None), "give one of them"),
        (("van", None, "ftp://a", None), "is no address"),
        (("van", None, "http://127.0.0.1:1", None), "--token is missing"),
        (("van", None, "http://127.0.0.1:1", "x"), "cannot be reached"),
        ((None, 1, None, None), "you carry no event on port 1"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_sentence(arguments: tuple[Any, ...], words: str) -> None:
    with pytest.raises((Misconfigured, RingsideError), match=words):
        verb.run(*arguments, None)


def test_the_help_has_an_example() -> None:
    assert "ringside source backup-1" in CliRunner().invoke(app, ["source", "--help"]).output
