"""Who may publish what: paths, tokens, publishers. Pure."""

import base64

import pytest

from ringside.flow.origin.ingest import Target, is_authorised, route
from ringside.flow.origin.refused import Refused

TOKEN = "secret-1"


@pytest.mark.parametrize(
    ("path", "target"),
    [
        ("/ingest/main/v720", Target("stream", "v720")),
        ("/ingest/main/v720?x=1", Target("stream", "v720")),
        ("/ingest/main/v720/init.mp4", Target("object", "v720")),
        ("/ingest/main/v720/deep/er/7.cmfv", Target("object", "v720")),
        ("/ingest/main/init-stream0.m4s", Target("object", "stream0")),
        ("/ingest/main/chunk-stream1-00042.m4s", Target("object", "stream1")),
        ("/ingest/main/v720/chunk-stream0-00042.m4s", Target("object", "v720")),
        ("/ingest/main/cam/chunk-stream1-00042.m4s", Target("object", "cam-1")),
        ("/ingest/main/Streams(v720.cmfv)", Target("stream", "v720")),
        ("/ingest/main/Streams%28a.cmfa%29", Target("stream", "a")),
        ("/ingest/main.isml/Streams(v720.cmfv)", Target("stream", "v720")),
        ("/ingest/main/manifest.mpd", Target("ignored")),
        ("/ingest/main/v720/media_0.m3u8", Target("ignored")),
        ("/ingest/main/status", Target("status")),
    ],
)
def test_every_usual_path_finds_its_track(path: str, target: Target) -> None:
    assert route("POST", path, "main") == target
    assert route("PUT", path, "main") == target


def test_deletions_are_accepted_and_ignored() -> None:
    assert route("DELETE", "/ingest/main/chunk-stream0-00001.m4s", "main") == Target("ignored")


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/ingest/main/../v720", 400),
        ("/ingest/main/v720/../../etc/passwd", 400),
        ("/ingest/main/%2e%2e/v720", 400),
        ("/ingest/main/v720%00", 400),
        ("/ingest/main/v720%0d%0aX: y", 400),
        ("/ingest/main/v\x00", 400),
        ("/ingest/main/v\r\nX: y", 400),
        ("/ingest/main/v\\w", 400),
        ("/ingest/main/" + "v" * 33, 400),
        ("/ingest/main/" + "v" * 65536, 400),
        ("/ingest/main/", 400),
        ("/ingest/main//v720", 400),
        ("/ingest/main/<script>", 400),
        ("/ingest/main/.hidden", 400),
        ("/ingest/main/Streams(../x.cmfv)", 400),
        ("/ingest/main/" + "x" * 31 + "/chunk-stream1-1.m4s", 400),
        ("/ingest/main", 404),
        ("/ingest/other/v720", 404),
        ("/live/main/v720", 404),
        ("ingest/main/v720", 404),
        ("*", 404),
    ],
)
def test_names_that_are_no_names_are_refused(path: str, status: int) -> None:
    with pytest.raises(Refused) as refused:
        route("POST", path, "main")
    assert refused.value.status == status
    assert "\r" not in str(refused.value)
    assert len(str(refused.value)) < 200


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "PATCH", "CONNECT"])
def test_other_methods_are_not_for_publishing(method: str) -> None:
    with pytest.raises(Refused) as refused:
        route(method, "/ingest/main/v720", "main")
    assert refused.value.status == 405


def basic(password: str) -> str:
    return "Basic " + base64.b64encode(f"anyone:{password}".encode()).decode()


@pytest.mark.parametrize(
    "header", ["Bearer secret-1", "bearer  secret-1 ", basic(TOKEN), basic(TOKEN).replace("Basic", "basic")]
)
def test_the_token_is_taken_as_bearer_or_as_a_password(header: str) -> None:
    assert is_authorised(header, TOKEN)


@pytest.mark.parametrize(
    "header",
    [
        *(
            "",
            "Bearer",
            "Bearer ",
            "Bearer secret-2",
            "Bearer secret-1x",
            "Bearer sécret",
            "secret-1",
            "Digest secret-1",
        ),
        *(basic(""), basic("secret"), "Basic ???", "Basic secret-1"),
        "Basic " + base64.b64encode(b"secret-1").decode(),
    ],
)
def test_anything_else_is_not_authorised(header: str) -> None:
    assert not is_authorised(header, TOKEN)


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer ", basic("")])
def test_without_a_token_nobody_may_publish(header: str) -> None:
    assert not is_authorised(header, "")
