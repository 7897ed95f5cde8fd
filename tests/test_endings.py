"""Truncation: complete and truncated images, with any data that programs append."""

from __future__ import annotations

import io
import random
import struct
from functools import cache

import pytest
from conftest import SAMPLES
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, features

from imgcost.headers import HEAD_BYTES, inspect_bytes, read_header
from imgcost.headers.endings import examine

WEBP = pytest.mark.skipif(not features.check("webp"), reason="this Pillow has no WebP")
PADDING = b"\0\r\n "
"""Data after the end that needs no search."""

KINDS = ("JPEG", "JPEG progressive", "JPEG small", "PNG", "PNG grey", "GIF", "GIF animated")
WEBPS = ("WEBP", "WEBP lossless", "WEBP animated") if features.check("webp") else ()


class Source:
    """A source of bytes that counts reads."""

    def __init__(self, data):
        self.data = data
        self.bytes_read = 0
        self.reads = 0

    def read_at(self, offset, size):
        assert offset >= 0
        assert size >= 0
        self.reads += 1
        self.bytes_read += size
        return self.data[offset : offset + size]


def truncated(data, media_type=None):
    media_type = media_type or read_header(data).media_type
    return examine(media_type, data[:HEAD_BYTES], Source(data).read_at, len(data)).truncated


@cache
def picture(kind, size=(120, 90)):
    """Save an image of noise with Pillow, so that its data contains every byte value."""
    noise = random.Random(7)
    frames = [Image.frombytes("RGB", size, noise.randbytes(size[0] * size[1] * 3)) for _ in range(3)]
    form, _, how = kind.partition(" ")
    out = io.BytesIO()
    options = {
        "progressive": {"progressive": True, "restart_marker_rows": 1},
        "animated": {"save_all": True, "append_images": frames[1:], "duration": 40},
        "lossless": {"lossless": True},
    }.get(how, {})
    image = frames[0].resize((1, 1)) if how == "small" else frames[0].convert("L") if how == "grey" else frames[0]
    image.save(out, form, **options)
    return out.getvalue()


def thumbnail():
    out = io.BytesIO()
    Image.new("RGB", (16, 12), "teal").save(out, "JPEG")
    return out.getvalue()


def with_exif(data, payload):
    """Build a JPEG with a thumbnail in an Exif segment at its start."""
    body = b"Exif\0\0MM\0*\0\0\0\x08\0\0\0\0\0\0" + payload
    return data[:2] + b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body + data[2:]


# Complete images


@pytest.mark.parametrize("kind", KINDS + WEBPS)
@pytest.mark.parametrize("size", [(1, 1), (13, 7), (120, 90), (300, 200)])
def test_an_image_saved_by_pillow_is_complete(kind, size):
    assert not truncated(picture(kind, size))


@pytest.mark.parametrize("path", sorted(p for p in SAMPLES.rglob("*") if p.suffix in {".jpg", ".png", ".gif", ".webp"}))
def test_the_samples_are_complete_except_those_truncated_on_purpose(path):
    data = path.read_bytes()
    if path.name == "cut-in-header.jpg":
        assert inspect_bytes(Source(data).read_at, len(data)).problem.problem == "damaged"
    elif path.parent.name == "broken" and path.name == "notes.png":
        assert inspect_bytes(Source(data).read_at, len(data)).problem.problem == "not-an-image"
    else:
        assert truncated(data) == (path.name == "cut-in-pixels.png")


@given(st.sampled_from(KINDS + WEBPS), st.integers(1, 40), st.integers(1, 40), st.binary(max_size=3))
def test_padding_after_the_end_is_accepted(kind, width, height, choice):
    padding = bytes(PADDING[byte % len(PADDING)] for byte in choice)
    assert not truncated(picture(kind, (width, height)) + padding)


# Truncated images


@pytest.mark.parametrize("kind", [kind for kind in KINDS + WEBPS if not kind.startswith("GIF")])
def test_a_jpeg_png_or_webp_that_lacks_its_last_bytes_is_truncated(kind):
    # Stop where the header is truncated too: that is an error of the parser.
    data = picture(kind, (24, 18))
    media_type = read_header(data).media_type
    for left in range(33, len(data)):
        assert truncated(data[:left], media_type), left


@pytest.mark.parametrize("kind", ["GIF", "GIF animated"])
def test_a_gif_is_truncated_unless_only_its_trailer_is_missing(kind):
    data = picture(kind, (48, 36))
    whole_frames = 0
    for left in range(13, len(data)):
        ending = examine("image/gif", data[:left], Source(data[:left]).read_at, left)
        whole_frames += not ending.truncated
        assert ending.truncated == (ending.unusual is None), left
    # Truncate after the palette, after each extension and after each frame.
    assert whole_frames == (2 if kind == "GIF" else 7), whole_frames


@given(st.sampled_from(["JPEG", "JPEG progressive", "PNG", *WEBPS]), st.data())
def test_large_images_cut_anywhere_are_truncated(kind, data):
    whole = picture(kind, (300, 200))
    left = data.draw(st.integers(len(whole) // 20, len(whole) - 1))
    assert truncated(whole[:left])


def test_a_truncated_image_followed_by_padding_is_truncated():
    for kind in ("JPEG", "PNG"):
        data = picture(kind)
        assert truncated(data[: -1 if kind == "JPEG" else -12] + b"\0" * 500)
        assert truncated(data[: len(data) // 2] + b"\0" * 200_000)


def test_contents_have_the_header_and_the_verdict():
    data = picture("PNG")
    whole, cut = inspect_bytes(Source(data).read_at, len(data)), inspect_bytes(Source(data[:-1]).read_at, len(data) - 1)
    assert whole == (len(data), read_header(data), None, False, None, None)
    assert cut == (len(data) - 1, read_header(data), None, True, None, None)
    nothing = inspect_bytes(Source(b"").read_at, 0)
    assert (nothing.file_bytes, nothing.header, nothing.problem.problem, nothing.truncated) == (0, None, "empty", False)


# JPEG: data after the end and before the start


@pytest.mark.parametrize("kind", ["JPEG", "JPEG progressive"])
@pytest.mark.parametrize(
    "trailer",
    [
        b"\0" * 5000,
        b"\xff" * 300,
        random.Random(1).randbytes(200_000),  # the video of a motion photo
        b"\0\0\0\x18ftypmp42" + bytes(200_000),
    ],
)
def test_a_jpeg_followed_by_anything_is_complete(kind, trailer):
    assert not truncated(picture(kind) + trailer)


def test_a_jpeg_followed_by_a_second_image_is_complete():
    first, second = picture("JPEG"), picture("JPEG", (300, 200))
    assert not truncated(first + second)
    assert not truncated(first + second[:-7])


def test_the_end_marker_is_found_across_two_windows():
    data = picture("JPEG")
    for more in range(65_536 - 4, 65_536 + 5):
        for windows in (1, 2):
            assert not truncated(data + b"\1" * (more + (windows - 1) * 65_536))


def test_the_end_of_a_thumbnail_is_not_mistaken_for_the_end_of_the_jpeg():
    whole = with_exif(picture("JPEG"), thumbnail())
    assert not truncated(whole)
    assert whole.count(b"\xff\xd9") == 2
    assert truncated(whole[:-2])
    assert truncated(whole[: len(whole) // 2])
    scan = whole.rindex(b"\xff\xda")
    assert truncated(whole[: scan + 20])
    assert truncated(whole[:scan])  # truncated before any image data


@given(st.integers(0, 300))
def test_thumbnails_of_any_length_do_not_hide_truncation(length):
    whole = with_exif(picture("JPEG"), b"\1" * length + thumbnail())
    assert truncated(whole[:-1])
    assert not truncated(whole)


@pytest.mark.parametrize("kind", KINDS + WEBPS)
def test_a_typical_image_takes_one_read_besides_its_head(kind):
    source = Source(picture(kind, (300, 200)))
    assert not inspect_bytes(source.read_at, len(source.data)).truncated
    if kind.startswith("GIF"):  # small enough to be read whole
        assert source.reads <= 12
    else:
        assert source.reads <= (3 if kind.startswith("PNG") else 2)  # a second one if there are several IDAT chunks
        assert source.bytes_read <= 2 * 4096


# PNG, GIF, WebP


@pytest.mark.parametrize("trailer", [b"\0" * 9000, b"<html>", random.Random(2).randbytes(150_000)])
def test_a_png_followed_by_anything_is_complete(trailer):
    data = picture("PNG")
    assert not truncated(data + trailer)
    assert truncated(data[:-12] + trailer)


@pytest.mark.parametrize("size", [(48, 36), (600, 400)])
@pytest.mark.parametrize(
    "trailer", [b"\0", b"\r\n", b"\0" * 100_000, b"!\xfe\x04note\0", b"PK\3\4 and more", b"\r\n--boundary--\r\n", b";"]
)
def test_a_gif_followed_by_anything_is_complete(size, trailer):
    data = picture("GIF", size)
    assert not truncated(data + trailer)


@pytest.mark.parametrize("size", [(48, 36), (600, 400)])
def test_a_truncated_gif_followed_by_padding_is_truncated(size):
    data = picture("GIF", size)
    for padding in (b"\0", b"\0" * 300, b"\0" * 100_000):
        assert truncated(data[: len(data) // 2] + padding)
    cut = data[: data.index(b";", len(data) // 2) + 1]  # pixels that happen to end like a trailer
    assert cut != data
    assert truncated(cut)


def test_a_gif_without_its_trailer_is_complete_but_unusual():
    for kind in ("GIF", "GIF small", "GIF animated"):
        data = picture(kind)
        assert inspect_bytes(Source(data[:-1]).read_at, len(data) - 1)[3:] == (
            *(False, None),
            "its trailer is missing",
        )
        assert inspect_bytes(Source(data).read_at, len(data))[3:] == (False, None, None)


def test_only_the_last_two_bytes_of_a_large_gif_are_checked():
    data = picture("GIF", (300, 300))
    assert len(data) > 1 << 16
    source = Source(data)
    assert not examine("image/gif", data[:HEAD_BYTES], source.read_at, len(data)).truncated
    assert (source.reads, source.bytes_read) == (1, 256)


@pytest.mark.parametrize(("end", "whole"), [(b"\0;", True), (b";\0\0", True), (b"\1", False), (bytes(300), True)])
def test_a_gif_larger_than_the_api_limit_is_not_parsed(end, whole):
    data = picture("GIF")[:-1]
    data += b"\1" * ((8 << 20) - len(data) - len(end) + 1) + end
    source = Source(data)
    assert examine("image/gif", data[:HEAD_BYTES], source.read_at, len(data)).truncated is not whole
    assert source.bytes_read == 256


def test_a_png_with_too_many_chunks_to_check_is_not_reported():
    data = picture("PNG")
    tiny = b"\0\0\0\0tEXt\0\0\0\0"
    assert truncated(data[:-12] + tiny * 2000)
    assert not truncated(data[:-12] + tiny * 2100)


def test_the_search_for_an_animation_is_bounded():
    data = picture("PNG")
    control = b"\0\0\0\x08acTL\0\0\0\2\0\0\0\0\0\0\0\0"
    frame, tiny = b"\0\0\0\0fcTL\0\0\0\0", b"\0\0\0\0tEXt\0\0\0\0"
    for count in (2000, 2100):
        animation = data[:33] + control + data[33:-12] + tiny * count + frame + data[-12:]
        assert read_header(animation).animated == (count == 2000)


@pytest.mark.parametrize("kind", KINDS + WEBPS)
def test_a_file_that_shrinks_while_it_is_read_raises_nothing(kind):
    data = picture(kind)
    whole = 2 * len(data)
    assert examine(read_header(data).media_type, data[:HEAD_BYTES], lambda _offset, _size: b"", whole) is not None


def test_a_gif_with_too_many_blocks_to_check_is_not_reported():
    data = picture("GIF")[:-1] + b"!\xfe\0" * 40_000
    assert not truncated(data)


@WEBP
def test_a_webp_shorter_than_its_riff_length_is_truncated():
    data = picture("WEBP")
    size = int.from_bytes(data[4:8], "little")
    assert size == len(data) - 8
    assert not truncated(data)
    assert not truncated(data + b"anything")
    assert truncated(data[:-1])
    longer = data[:4] + (size + 1).to_bytes(4, "little") + data[8:]
    assert truncated(longer)
    shorter = data[:4] + (size - 2).to_bytes(4, "little") + data[8:]
    assert not truncated(shorter)


# Before the image data


def test_segments_are_skipped_whatever_they_contain():
    decoy = b"\xff\xda\0\x08" * 50 + b"\xff\xd9"
    data = with_exif(picture("JPEG"), decoy)
    assert not truncated(data + b"\1" * 300)
    assert truncated(data[: data.rindex(b"\xff\xda")])
    assert truncated(data[:-2] + b"\1" * 300)


@pytest.mark.parametrize(
    "oddity",
    [
        b"\xff" * 7,  # fill bytes
        b"\xff" * 500_000,
        b"\0junk\0",
        b"j" * 500_000,
        b"\xff\x01",  # TEM, a bare marker
        b"\xff\xd0\xff\xd7",  # restart markers, which are bare too
        b"\xff\xfe\0\0",  # a comment shorter than its own length: empty, as for decoders
        b"\xff\xfe\0\1",
        b"\xff\xfe\0\2",
    ],
    ids=lambda oddity: f"{oddity[:9]!r} of {len(oddity)}",
)
def test_fill_bytes_junk_bare_markers_and_empty_segments_are_skipped(oddity):
    data = picture("JPEG")
    start = data.index(b"\xff\xdb")  # after the first segment
    with_oddity = data[:start] + oddity + data[start:]
    if oddity != b"\xff\x01":  # the header reader, like Pillow, rejects it as damage
        assert read_header(with_oddity) == read_header(data)
    assert not truncated(with_oddity + b"\1" * 300, "image/jpeg")
    assert truncated(with_oddity[:-2] + b"\1" * 300, "image/jpeg")


def test_a_jpeg_without_image_data_is_truncated_despite_its_end_marker():
    data = picture("JPEG")
    scan = data.index(b"\xff\xda")
    assert truncated(data[:scan] + b"\xff\xd9")
    for left in (scan, scan + 1, scan + 3):
        assert truncated(data[:left])


@pytest.mark.parametrize("hostile", [b"\xff\xe0\0\2", b"\xff", b"\1", b"\xff\xfe\0\0", b"\xff\xd0", b"\xff\x01"])
def test_an_endless_file_is_read_only_up_to_a_limit(hostile):
    source = Source(b"\xff\xd8" + hostile * (4_000_000 // len(hostile)))
    assert examine("image/jpeg", source.data[:HEAD_BYTES], source.read_at, len(source.data)).truncated
    assert source.reads <= 2048


def test_the_search_for_the_end_of_a_jpeg_is_bounded():
    data = picture("JPEG")

    def in_file(file_bytes, end_at=None):
        def read_at(offset, size):
            nonlocal bytes_read
            bytes_read += size
            size = min(size, file_bytes - offset)
            part = (data[:-2] + b"\1" * size)[offset : offset + size] if offset < len(data) else b"\1" * size
            if end_at is not None and offset <= end_at < offset + size:
                part = part[: end_at - offset] + b"\xff\xd9" + part[end_at - offset + 2 :]
            return part

        bytes_read = 0
        return examine("image/jpeg", data[:HEAD_BYTES], read_at, file_bytes).truncated, bytes_read

    bound = 8 << 20
    assert in_file(bound)[0]
    assert not in_file(bound, bound - 5)[0]
    is_truncated, bytes_read = in_file(10 << 30)  # a sparse file can be this large
    assert not is_truncated  # the search is bounded, and the file is rejected for its size anyway
    assert bytes_read <= bound + (1 << 19)
