import pytest

from ringside.core.boxes.box import BoxError, Reader, box, boxes, each, full_box, only, u32


def test_boxes_are_found_where_they_stand() -> None:
    data = box("ftyp", b"abcd") + box("free") + box("moov", box("trak"), box("mvex"), box("trak"))
    found = list(boxes(data))
    assert [(b.type, b.start, b.size) for b in found] == [("ftyp", 0, 12), ("free", 12, 8), ("moov", 20, 32)]
    assert [b.body_start for b in found] == [8, 20, 28]
    assert len(each(found[2], "trak")) == 2
    assert only(found[2], "mvex").size == 8


def test_a_64_bit_length_is_read() -> None:
    data = u32(1) + b"mdat" + (20).to_bytes(8, "big") + b"data"
    (found,) = boxes(data)
    assert (found.type, found.size, bytes(found.body)) == ("mdat", 20, b"data")


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"\0\0\0", "3 stray bytes"),
        (u32(9) + b"moov", "claims 9 bytes, but 8 are left"),
        (u32(7) + b"moov", "fewer than its own header"),
        (u32(1) + b"moov" + bytes(8), "fewer than its own header"),
        (u32(0) + b"mdat" + bytes(8), "runs to the end of the file"),
        (u32(2**32 - 1) + b"\0\1\2\3", "box 0x00010203 claims 4294967295 bytes"),
    ],
)
def test_a_length_that_cannot_be_is_said_in_one_sentence(data: bytes, sentence: str) -> None:
    with pytest.raises(BoxError, match=sentence):
        list(boxes(data))


def test_a_missing_or_doubled_child_is_named() -> None:
    (moov,) = boxes(box("moov", box("trak"), box("trak")))
    with pytest.raises(BoxError, match="moov has 2 trak boxes instead of one"):
        only(moov, "trak")
    with pytest.raises(BoxError, match="moov has 0 mvex boxes instead of one"):
        only(moov, "mvex", "trex")


def test_a_box_that_ends_within_a_field_is_named() -> None:
    (mfhd,) = boxes(full_box("mfhd", 0, 0, b"\0\0"))
    reader = Reader(mfhd)
    assert reader.full() == (0, 0)
    with pytest.raises(BoxError, match="box mfhd of 14 bytes is too short"):
        reader.u(4)
