"""The stream through each front: every viewer has it chunk by chunk as it is made, each from the origin itself."""

import time
from http.client import HTTPResponse

import pytest

from ringside.core.boxes import Init, Splitter
from tests.deploy.folders import open_folder
from tests.deploy.fronts import caddy, nginx, varnish
from tests.e2e.conftest import Running

pytestmark = pytest.mark.peer
FRONTS = {"varnish": varnish, "nginx": nginx, "caddy": caddy}
CHUNKS = 8


class Viewer:
    """Reads the stream, and knows its chunks."""

    def __init__(self, response: HTTPResponse) -> None:
        self.response = response
        self.splitter = Splitter()
        self.headers = 0
        self.chunks: list[float] = []  # when each was whole

    def read(self) -> None:
        data = self.response.read1(65536)
        assert data, "the stream ended"
        for unit in self.splitter.feed(data):
            if isinstance(unit, Init):
                self.headers += 1
            else:
                self.chunks.append(time.monotonic())


@pytest.mark.parametrize("name", FRONTS)
def test_viewers_have_the_stream_chunk_by_chunk(name: str, event: Running) -> None:
    with open_folder() as folder, FRONTS[name](folder, event.port) as front:
        viewers = []
        for _ in range(2):
            connection = front.connect()
            connection.request("GET", "/live/main/v180/stream?CMCD=ot%3Dv")
            response = connection.getresponse()
            assert response.status == 200
            assert response.getheader("Cache-Control") == "no-store"
            viewers.append(Viewer(response))
        for viewer in viewers:
            while len(viewer.chunks) < CHUNKS:
                viewer.read()
            assert viewer.headers == 1
            assert len(set(viewer.chunks)) > 3, "chunks come one by one, not all at once when a segment is whole"
            viewer.response.close()
