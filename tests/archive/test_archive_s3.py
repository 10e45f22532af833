"""The archive in a real S3 server: what is finished is there, and it may be killed in between."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from archive_kit import NAMES
from keeper_kit import SESSION, kept
from s3_house import S3
from tests.origin.origin_kit import EVEN

from ringside.flow.origin.archive.housekeeper import Housekeeper
from ringside.flow.origin.archive.reader import open_session, sessions


@pytest.fixture
def s3(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[S3]:
    server = S3(tmp_path / "s3", monkeypatch)
    server.start()
    yield server
    server.kill()


def test_a_store_that_is_killed_is_caught_up_with_and_read_again(
    s3: S3, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ringside.flow.origin.archive.uploader.WAITS_S", (0.1,))

    async def run() -> None:
        async with kept(tmp_path / "spool", url=s3.url, spool=str(tmp_path / "spool")) as house:
            house.open()
            house.play((0, 0), 22)
            await house.stored()
            s3.kill()
            house.play((2, 2), 20)
            await house.until(lambda: house.keeper.status()["state"] == "failing", 20)
            assert await house.keeper.read("v720", EVEN + 3), "the spool has what the store has not"
            s3.start()
            await house.stored()
            house.end()
            media = {n: house.edge.read(f"/live/main/v720/{EVEN + n}.m4s") for n in range(5)}
        again = await open_session(s3.url, "main")
        assert (again.index.session, again.index.ended_ns > 0) == (SESSION, True)
        assert {name: len(again.roll(name)) for name in NAMES} == dict.fromkeys(NAMES, 5)
        for number, data in media.items():
            assert await again.read("v720", EVEN + number) == data
        again.close()

    asyncio.run(run())


def test_what_is_too_much_is_let_go_oldest_first_and_a_session_of_which_nothing_is_left_goes_whole(
    s3: S3, tmp_path: Path
) -> None:
    async def run() -> None:
        spool = tmp_path / "spool"
        for session in ("20260101T000000.000Z", SESSION):
            async with kept(spool, session=session, url=s3.url, spool=str(spool)) as house:
                house.open()
                house.play((0, 0), 40)
                await house.stored()
                house.end()
        config = house.keeper.config.model_copy(update={"keep_bytes": 9000})
        keeper = Housekeeper(config, house.folder, 12, house.clock, lambda track, below: None)
        assert len(await sessions(s3.url, "main")) == 2
        await keeper.look()
        assert keeper.swept == 1, "the spool of the session that is over"
        left = await sessions(s3.url, "main")
        assert [index.session for index in left] == [SESSION]
        assert left[0].media_bytes <= 9000
        with pytest.raises(Exception, match="has no main/20260101"):
            await open_session(s3.url, "main", "20260101T000000.000Z")

    asyncio.run(run())
