"""The keeper: what is published is in the spool before it is told, and in the store soon after it is finished."""

import asyncio
import errno
import logging
import shutil
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from archive_kit import NAMES
from keeper_kit import SESSION, House, kept
from tests.origin.origin_kit import EVEN

from ringside.core.feed import Playlist
from ringside.flow.origin.archive import keeper as keeper_module
from ringside.flow.origin.archive import spool as spool_module
from ringside.flow.origin.archive.reader import open_session, sessions
from ringside.flow.origin.archive.store import Down, Missing


def store_of(tmp_path: Path) -> dict[str, object]:
    return {"url": str(tmp_path / "archive"), "spool": str(tmp_path)}


def newest(house: House) -> tuple[int, int]:
    """The (segment, part) that comes next, as players know."""
    playlists = [m for m in house.told if isinstance(m, Playlist) and "/v720/" in m.path]
    return playlists[-1].next


def frozen_disk() -> tuple[Callable[[int, bytes, int], None], threading.Event]:
    """What stands in the place of the spool's write, and what lets it go on."""
    thawed, write = threading.Event(), spool_module._write_all

    def frozen(fd: int, data: bytes, at: int) -> None:
        thawed.wait(3)
        write(fd, data, at)

    return frozen, thawed


def test_what_is_finished_is_in_the_store_and_read_again(tmp_path: Path) -> None:
    async def run() -> None:
        async with kept(tmp_path, **store_of(tmp_path)) as house:
            house.open()
            house.play((0, 0), 42)
            await house.stored()
            house.end()
            whole = {n: house.edge.read(f"/live/main/v720/{EVEN + n}.m4s") for n in range(5)}
            assert await house.keeper.read("v720", EVEN + 1) == whole[1]
            assert house.keeper.index.ended_ns > 0
        again = await open_session(str(tmp_path / "archive"), "main")
        assert (again.index.session, again.index.ended_ns > 0, again.index.target_s) == (SESSION, True, 2)
        assert {track.init for track in again.tracks().values()} == {b"header of v720", b"header of a"}
        for name in NAMES:
            roll = again.roll(name)
            assert [s.number - EVEN for s in roll.segments()] == [0, 1, 2, 3, 4]
            assert sum([len(await again.read(name, s.number)) for s in roll.segments()]) == roll.bytes
        assert await again.read("v720", EVEN + 4) == whole[4]
        with pytest.raises(Missing):
            await again.read("v720", EVEN + 5)
        again.close()
        assert [index.session for index in await sessions(str(tmp_path / "archive"))] == [SESSION]

    asyncio.run(run())


def test_an_origin_that_was_killed_goes_on_where_it_was(tmp_path: Path) -> None:
    async def run() -> None:
        first = House(tmp_path, **store_of(tmp_path))
        first.tell(first.keeper.begin())
        first.open()
        first.play((0, 0), 34)
        await first.until(lambda: first.keeper.status()["state"] == "ok")
        assert newest(first) == (EVEN + 3, 4)
        async with kept(tmp_path, **store_of(tmp_path)) as second:
            assert second.keeper.status()["resumed"]
            assert newest(second) == newest(first)
            for path in second.edge.paths:
                assert second.edge.read(path) == first.edge.read(path)
            second.clock.advance_ns(first.clock.now_ns() - second.clock.now_ns())
            second.play((3, 4), 16)
            assert second.publisher.metrics.total("chunks_dropped_total") == 0
            await second.until(lambda: newest(second) == (EVEN + 5, 0))
            await second.stored()
            assert [s.number - EVEN for s in second.keeper.roll("v720").segments()] == [0, 1, 2, 3, 4]
            assert not any(s.gap for s in second.keeper.roll("v720").segments())
        await first.keeper.close()

    asyncio.run(run())


def test_a_frozen_disk_holds_nobody_up_and_all_is_written_when_it_thaws(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    frozen, thawed = frozen_disk()

    async def run() -> None:
        async with kept(tmp_path, **store_of(tmp_path)) as house:
            house.open()
            house.play((0, 0), 22)
            await house.until(lambda: newest(house) == (EVEN + 2, 2))
            monkeypatch.setattr(spool_module, "_write_all", frozen)
            house.play((2, 2), 10)
            assert newest(house) == (EVEN + 3, 2), "what was published was told, on a disk that takes nothing"
            assert house.keeper.status()["state"] == "behind"
            assert house.keeper.status()["spool"]["told_unwritten"] == 1
            thawed.set()
            await house.stored()
            assert house.keeper.status()["state"] == "ok"
            assert [s.gap for s in house.keeper.roll("v720").segments()] == [False] * 3

    asyncio.run(run())


def test_a_full_disk_is_said_aloud_and_caught_up_with(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    full, write = [False], spool_module._write_all

    def maybe(fd: int, data: bytes, at: int) -> None:
        if full[0]:
            write(fd, data[: len(data) // 2], at)
            raise OSError(errno.ENOSPC, "No space left on device", "/spool")
        write(fd, data, at)

    async def run() -> None:
        monkeypatch.setattr(spool_module, "_write_all", maybe)
        monkeypatch.setattr("ringside.flow.origin.archive.writer.AGAIN_S", 0.02)
        async with kept(tmp_path, **store_of(tmp_path)) as house:
            house.open()
            house.play((0, 0), 12)
            await house.until(lambda: newest(house) == (EVEN + 1, 2))
            full[0] = True
            house.play((1, 2), 20)
            assert newest(house) == (EVEN + 3, 2)
            await house.until(lambda: house.keeper.status()["why"])
            status = house.keeper.status()
            assert (status["state"], status["why"]) == ("failing", "No space left on device: /spool")
            full[0] = False
            await house.stored()
            assert house.keeper.status()["state"] == "ok"
            read = [await house.keeper.read("v720", EVEN + n) for n in range(3)]
            assert read == [house.edge.read(f"/live/main/v720/{EVEN + n}.m4s") for n in range(3)]

    asyncio.run(run())


def test_what_a_disk_takes_too_late_is_a_gap_in_the_archive_and_the_journal_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    frozen, thawed = frozen_disk()

    async def run() -> None:
        async with kept(tmp_path, **store_of(tmp_path)) as house:
            house.open()
            house.play((0, 0), 12)
            await house.stored()
            monkeypatch.setattr(keeper_module, "MOST_WAITING_BYTES", 3000)
            monkeypatch.setattr(spool_module, "_write_all", frozen)
            house.play((1, 2), 30)
            assert newest(house) == (EVEN + 4, 2)
            assert house.keeper.status()["state"] == "behind"
            monkeypatch.undo()
            thawed.set()
            await house.until(lambda: not house.keeper.status()["spool"]["waiting_bytes"])
            house.play((4, 2), 20)
            await house.stored()
            gaps = [s.number - EVEN for s in house.keeper.roll("v720").segments() if s.gap]
            assert gaps
            assert set(gaps) <= {1, 2, 3, 4}
            assert house.keeper.status()["failed"] >= len(gaps)
            for number in {0, 5} - set(gaps):
                assert await house.keeper.read("v720", EVEN + number)
        async with kept(tmp_path, **store_of(tmp_path)) as again:
            assert newest(again) == (EVEN + 6, 2)
            there = {s.number - EVEN: s.gap for s in again.publisher.lanes["v720"].window.segments}
            assert all(gap == (n in gaps) for n, gap in there.items())

    asyncio.run(run())


def test_a_store_that_is_down_is_caught_up_with_in_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("ringside.flow.origin.archive.uploader.WAITS_S", (0.05,))

    async def run() -> None:
        async with kept(tmp_path, **store_of(tmp_path)) as house:
            house.open()
            house.play((0, 0), 22)
            await house.stored()
            shutil.move(tmp_path / "archive", tmp_path / "away")
            (tmp_path / "archive").write_text("a file stands where the folder was")
            with caplog.at_level(logging.ERROR):
                house.play((2, 2), 30)
                await house.until(lambda: house.keeper.status()["state"] == "failing")
            assert newest(house)[0] == EVEN + 5
            assert len([r for r in caplog.records if "takes nothing" in r.message]) == 1, "one loud line"
            assert house.keeper.status()["waiting"] >= 6
            (tmp_path / "archive").unlink()
            shutil.move(tmp_path / "away", tmp_path / "archive")
            await house.stored()
            assert house.keeper.status()["state"] == "ok"
        again = await open_session(str(tmp_path / "archive"), "main")
        assert [s.gap for s in again.roll("v720").segments()] == [False] * 5

    asyncio.run(run())


def test_the_oldest_gives_way_when_too_much_waits_for_a_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def run() -> None:
        (tmp_path / "archive").mkdir()
        async with kept(tmp_path, **store_of(tmp_path)) as house:
            house.keeper.config = house.keeper.config.model_copy(update={"spool_bytes": 10_000})
            shutil.rmtree(tmp_path / "archive")
            (tmp_path / "archive").write_text("a file stands where the folder was")
            house.open()
            house.play((0, 0), 82, size=200)
            status = house.keeper.status()
            assert status["failed"] > 0
            assert sum(roll.bytes for roll in map(house.keeper.roll, NAMES)) <= 10_000 + 2 * 2000
            assert house.keeper.roll("v720")[EVEN].gap

    asyncio.run(run())


def test_the_spool_keeps_what_the_dvr_reaches_and_the_store_has_the_rest(tmp_path: Path) -> None:
    async def run() -> None:
        async with kept(tmp_path, dvr_s=14, **store_of(tmp_path)) as house:
            house.open()
            for number in range(15):
                house.play((number, 0), 10)
                if number % 5 == 4:
                    await house.stored()
            oldest = EVEN + 2
            await house.until(lambda: not (house.folder / "v720" / f"{oldest}.m4s").exists())
            assert (house.folder / "v720" / f"{EVEN + 14}.m4s").exists()
            found = house.keeper.find("v720", oldest)
            assert found == tmp_path / "archive" / "main" / SESSION / "v720" / f"{oldest}.m4s"
            assert (await house.keeper.read("v720", oldest)).startswith(b"v720/")
            assert len(list((house.folder / "v720").glob("*.m4s"))) <= 9

    asyncio.run(run())


def test_without_an_archive_the_spool_alone_keeps_the_dvr(tmp_path: Path) -> None:
    async def run() -> None:
        async with kept(tmp_path, dvr_s=14, spool=str(tmp_path), on=False) as house:
            house.open()
            house.play((0, 0), 150)
            await house.until(lambda: not (house.folder / "v720" / f"{EVEN + 2}.m4s").exists())
            await house.until(lambda: (house.folder / "v720" / f"{EVEN + 13}.m4s").exists())
            assert (await house.keeper.read("v720", EVEN + 13)).startswith(b"v720/")
            with pytest.raises(Missing):
                await house.keeper.read("v720", EVEN + 2)
            assert house.keeper.status()["url"] == ""

    asyncio.run(run())


def test_a_store_that_cannot_be_asked_says_why(tmp_path: Path) -> None:
    async def run() -> None:
        async with kept(tmp_path, **store_of(tmp_path)) as house:
            house.open()
            house.play((0, 0), 82)
            await house.stored()
            name = house.folder / "v720" / f"{EVEN + 6}.m4s"
            path = tmp_path / "archive" / "main" / SESSION / "v720" / name.name
            name.unlink()
            path.unlink()
            path.mkdir()
            with pytest.raises((Down, Missing)) as raised:
                await house.keeper.read("v720", EVEN + 6)
            assert "\n" not in str(raised.value)

    asyncio.run(run())
