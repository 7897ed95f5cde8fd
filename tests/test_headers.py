"""The header parser compared with Pillow, and on truncated, damaged and hostile files."""

from __future__ import annotations

import io
import pickle
import random
import struct
import subprocess
import sys
import warnings
import zlib
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pictures import Endless
from PIL import Image, ImageSequence

from imgcost.errors import HeaderError
from imgcost.headers import HEAD_BYTES, Header, read_header
from imgcost.headers import parse_header as parse_fields

PROBLEMS = {"empty", "damaged", "unsupported", "not-an-image"}
PROJECT_SAMPLES = sorted(p for p in (Path(__file__).parents[1] / "data/samples").rglob("*") if p.is_file())


def parse_header(head, read_at):
    return Header(*parse_fields(head, read_at))


class Source:
    """A source of bytes that counts reads."""

    def __init__(self, data):
        self.data = data
        self.reads = []

    def read_at(self, offset, size):
        self.reads.append((offset, size))
        return self.data[offset : offset + size]

    def parse(self):
        return parse_header(self.data[:HEAD_BYTES], self.read_at)


def problem_of(data):
    with pytest.raises(HeaderError) as caught:
        read_header(data)
    assert str(caught.value) == caught.value.reason
    return caught.value.problem


def header_or_problem(read, *args):
    try:
        return read(*args)
    except HeaderError as error:
        return error.problem


def check_outcome(outcome):
    """Assert that the outcome is a plausible header, or a known problem."""
    if isinstance(outcome, str):
        assert outcome in PROBLEMS
        return
    assert outcome.media_type in {"image/jpeg", "image/png", "image/gif", "image/webp", "image/tiff"}
    assert outcome.width > 0
    assert outcome.height > 0
    assert 1 <= outcome.orientation <= 8
    assert type(outcome.animated) is bool


# Building images


def encode(image, kind, **options):
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


@cache
def noise(width=48, height=32, mode="RGB"):
    return Image.frombytes("L", (width, height), random.Random(7).randbytes(width * height)).convert(mode)


def exif_of(orientation, padding=0):
    exif = Image.Exif()
    exif[0x010F] = "A maker"
    exif[0x0110] = "A model"
    exif[0x0112] = orientation
    return exif.tobytes() + b"\0" * padding


def tiff(entries, order="<", ifd=8, mark=None):
    """Build a TIFF structure of one directory; an entry is (tag, type, count, four bytes)."""
    magic = mark or (b"II*\0" if order == "<" else b"MM\0*")
    body = b"".join(struct.pack(order + "HHI", *entry[:3]) + entry[3] for entry in entries)
    head = magic + struct.pack(order + "I", ifd)
    return head.ljust(ifd, b"\0") + struct.pack(order + "H", len(entries)) + body + b"\0\0\0\0"


def segment(marker, body=b""):
    return b"\xff" + bytes([marker]) + struct.pack(">H", len(body) + 2) + body


def frame(width=48, height=32, marker=0xC0, components=3):
    return segment(marker, struct.pack(">BHHB", 8, height, width, components) + b"\1\x11\0" * components)


def jpeg(*segments, width=48, height=32):
    return b"\xff\xd8" + b"".join(segments) + frame(width, height) + segment(0xDA, b"\1\1\0\0\x3f\0") + b"data\xff\xd9"


def chunk(kind, body=b""):
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(*chunks, width=48, height=32):
    ihdr = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + ihdr + b"".join(chunks) + chunk(b"IDAT", zlib.compress(b"\0")) + chunk(b"IEND")


def gif_frame(width, height, left=0, top=0, table=0, data=b"\2\2\x44\1\0"):
    flags = 0x80 | (table - 1) if table else 0
    return b"," + struct.pack("<HHHHB", left, top, width, height, flags) + b"," * (3 << table if table else 0) + data


def gif(*blocks, width=48, height=32, table=0):
    flags = 0x80 | (table - 1) if table else 0
    screen = struct.pack("<HHBBB", width, height, flags, 0, 0) + b"," * (3 << table if table else 0)
    return b"GIF89a" + screen + b"".join(blocks) + b";"


def riff(*chunks):
    body = b"WEBP" + b"".join(k + struct.pack("<I", len(d)) + d + b"\0" * (len(d) % 2) for k, d in chunks)
    return b"RIFF" + struct.pack("<I", len(body)) + body


def vp8(width=48, height=32):
    return b"VP8 ", b"\x10\0\0\x9d\x01\x2a" + struct.pack("<HH", width, height) + b"\0" * 8


def vp8l(width=48, height=32):
    return b"VP8L", b"\x2f" + struct.pack("<I", (width - 1) | (height - 1) << 14) + b"\0" * 3


def vp8x(flags=0, width=48, height=32):
    size = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    return b"VP8X", bytes([flags, 0, 0, 0]) + size


ANMF = (b"ANMF", bytes(24))


def pillow_jpegs():
    for mode in ("RGB", "L", "CMYK", "1"):
        yield f"jpeg-{mode}", encode(noise(mode=mode), "JPEG")
    for quality in (1, 50, 100):
        yield f"jpeg-q{quality}", encode(noise(), "JPEG", quality=quality, progressive=quality == 50)
    yield "jpeg-no-subsampling-restart", encode(noise(), "JPEG", subsampling=0, restart_marker_blocks=1, comment=b"hi")
    for orientation in range(1, 9):
        yield f"jpeg-orientation-{orientation}", encode(noise(), "JPEG", exif=exif_of(orientation))
    yield "jpeg-exif-60k", encode(noise(), "JPEG", exif=exif_of(6, 60_000))
    yield "jpeg-exif-most", encode(noise(), "JPEG", exif=exif_of(8, 65_533 - len(exif_of(8))))
    yield "jpeg-icc-200k", encode(noise(), "JPEG", icc_profile=b"p" * 200_000, exif=exif_of(3))
    yield "jpeg-icc-and-dpi", encode(noise(), "JPEG", icc_profile=b"p" * 3144, dpi=(72, 72))


def crafted_jpegs():
    plain = encode(noise(), "JPEG")
    at = plain.index(b"\xff\xc0")
    yield "jpeg-fill-bytes", plain[:at] + b"\xff" * 7 + plain[at:]
    yield "jpeg-junk", plain[:at] + b"junk \xff\0 more" + plain[at:]
    yield "jpeg-much-junk", plain[:at] + b"j" * 6000 + plain[at:]
    for length in (b"\0", b"\1"):
        yield f"jpeg-segment-of-{length[0]}-bytes", plain[:2] + b"\xff\xfe\0" + length + plain[2:]
    yield "jpeg-bare-markers", plain[:2] + b"\xff\xd0\xff\xd8\xff\xf0" + plain[2:]
    first = segment(0xE1, b"Exif\0\0" + tiff([(0x112, 3, 1, b"\6\0\0\0")]))
    second = segment(0xE1, b"Exif\0\0" + tiff([(0x112, 3, 1, b"\3\0\0\0")]))
    rest = plain[2:]
    yield "jpeg-first-exif-decides", b"\xff\xd8" + first + second + rest
    yield "jpeg-exif-in-two-segments", b"\xff\xd8" + first + segment(0xE1, b"Exif\0\0" + b"x" * 65_000) + rest
    many = [segment(0xE0 + i, b"y" * 40_000) for i in range(2, 12)]
    yield "jpeg-exif-after-400k", b"\xff\xd8" + b"".join(many) + first + rest
    yield "jpeg-xmp-first", b"\xff\xd8" + segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0<x/>") + first + rest
    yield "jpeg-exif-twice-signed", b"\xff\xd8" + segment(0xE1, b"Exif\0\0" + first[4:]) + rest


def pngs():
    for mode in ("1", "L", "LA", "P", "RGB", "RGBA", "I;16"):
        yield f"png-{mode}", encode(noise(mode="I").convert(mode) if mode == "I;16" else noise(mode=mode), "PNG")
    for orientation in (1, 6):
        yield f"png-exif-{orientation}", encode(noise(), "PNG", exif=exif_of(orientation))
    yield "png-icc", encode(noise(), "PNG", icc_profile=noise(90, 90).tobytes(), exif=exif_of(5))
    first, second = noise(), noise().rotate(90)
    yield "apng-2", encode(first, "PNG", save_all=True, append_images=[second])
    yield "apng-2-exif", encode(first, "PNG", save_all=True, append_images=[second], exif=exif_of(7))
    yield "apng-default-image", encode(first, "PNG", save_all=True, default_image=True, append_images=[second])
    still = encode(first, "PNG")
    control = chunk(b"acTL", struct.pack(">II", 1, 0))
    fctl = chunk(b"fcTL", struct.pack(">IIIIIHHBB", 0, 48, 32, 0, 0, 1, 10, 0, 0))
    yield "apng-1", still[:33] + control + fctl + still[33:]
    data = chunk(b"fdAT", b"\0\0\0\1" + zlib.compress(bytes(33 * 48 * 3)))
    yield "png-one-frame-besides-the-image", still[:33] + control + still[33:-12] + fctl + data + still[-12:]


def gifs():
    first, second = noise(mode="P"), noise(mode="P").rotate(180)
    yield "gif-still", encode(first, "GIF")
    yield "gif-comment", encode(first, "GIF", comment=b"c" * 2000, interlace=1)
    yield "gif-L", encode(noise(mode="L"), "GIF")
    yield "gif-big-still", encode(noise(300, 300, "P"), "GIF")
    yield "gif-animated", encode(first, "GIF", save_all=True, append_images=[second])
    frames = [noise(size, size).quantize(16) for size in (300, 301)]
    yield "gif-local-palettes", encode(frames[0], "GIF", save_all=True, append_images=frames[1:], loop=0)
    yield "gif-one-of-save-all", encode(first, "GIF", save_all=True)
    for size in ((65535, 1), (1, 65535)):
        yield f"gif-{size[0]}x{size[1]}", gif(gif_frame(1, 1), width=size[0], height=size[1])
    yield "gif-frame-larger-than-screen", gif(gif_frame(60, 50, 5, 7))
    yield "gif-screen-of-nothing", gif(gif_frame(60, 50), width=0, height=0)
    yield "gif-second-frame-larger", gif(gif_frame(9, 9, table=3), gif_frame(90, 90))
    yield "gif-stray-bytes", gif(b"\0\0", gif_frame(9, 9), b"\0\0", gif_frame(9, 9), table=8)
    crumbs = b"\2" + b"\1z" * 3000 + b"\0"
    yield "gif-crumbs", gif(gif_frame(9, 9, data=crumbs), b"!\xf9\4\0\0\0\0\0", gif_frame(9, 9))


def webps():
    yield "webp-lossy", encode(noise(), "WEBP")
    yield "webp-lossless", encode(noise(), "WEBP", lossless=True)
    yield "webp-alpha", encode(noise(mode="RGBA"), "WEBP")
    alpha = noise(mode="RGBA").copy()
    alpha.putalpha(noise(mode="L"))
    yield "webp-alpha-lossy", encode(alpha, "WEBP")
    yield "webp-alpha-lossless", encode(alpha, "WEBP", lossless=True)
    yield "webp-animated", encode(noise(), "WEBP", save_all=True, append_images=[noise().rotate(180)])
    yield "webp-exif", encode(noise(), "WEBP", exif=exif_of(6))
    animated_exif = {"save_all": True, "append_images": [noise(300, 300).rotate(180)], "exif": exif_of(8)}
    yield "webp-animated-exif", encode(noise(300, 300), "WEBP", **animated_exif)
    yield "webp-icc-exif", encode(noise(200, 100), "WEBP", icc_profile=b"p" * 5001, exif=exif_of(2))


SAMPLES = dict(
    pair for build in (pillow_jpegs, crafted_jpegs, pngs, gifs, webps) for pair in build() if pair is not None
)


def pillow_header(data):
    with Image.open(io.BytesIO(data)) as image:
        kind = "JPEG" if image.format == "MPO" else image.format
        orientation = image.getexif().get(0x0112, 1)
        animated = kind != "JPEG" and getattr(image, "is_animated", False)
        return Header(f"image/{kind.lower()}", *image.size, orientation, animated)


# Compared with Pillow


@pytest.mark.parametrize("name", SAMPLES)
def test_pillow_reads_the_same_header(name):
    assert read_header(SAMPLES[name]) == pillow_header(SAMPLES[name])


@pytest.mark.parametrize("name", SAMPLES)
def test_every_type_of_source_gives_the_same_header(name):
    data = SAMPLES[name]
    header = read_header(data)
    assert read_header(io.BytesIO(data)) == header
    assert read_header(bytearray(data)) == header
    assert read_header(memoryview(data)) == header
    assert Source(data).parse() == header


@pytest.mark.parametrize("path", PROJECT_SAMPLES, ids=lambda path: path.name)
def test_pillow_agrees_on_the_projects_samples(path):
    data = path.read_bytes()
    header = header_or_problem(read_header, data)
    check_outcome(header)
    if isinstance(header, str):
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a sample may be damaged after its header
        try:
            expected = pillow_header(data)
        except Exception:  # noqa: BLE001 - Pillow raises various exceptions for a damaged file
            return
    assert (header.media_type, header.width, header.height) == (expected.media_type, expected.width, expected.height)


def test_an_mpo_is_a_jpeg_and_not_animated():
    data = encode(noise(), "MPO", save_all=True, append_images=[noise().rotate(180)], exif=exif_of(6))
    with Image.open(io.BytesIO(data)) as image:
        assert image.format == "MPO"
        assert len(list(ImageSequence.Iterator(image))) == 2
    assert read_header(data) == ("image/jpeg", 48, 32, 6, False)


def test_fields_have_names():
    header = read_header(SAMPLES["jpeg-orientation-6"])
    assert header == Header(media_type="image/jpeg", width=48, height=32, orientation=6, animated=False)


# Streams


def test_a_stream_is_read_from_its_position_which_is_restored():
    for name in ("jpeg-exif-60k", "gif-big-still", "webp-icc-exif"):
        stream = io.BytesIO(b"prefix" + SAMPLES[name])
        stream.seek(6)
        assert read_header(stream) == read_header(SAMPLES[name])
        assert stream.tell() == 6


def test_the_position_of_a_stream_is_restored_after_an_error():
    stream = io.BytesIO(b"..text")
    stream.seek(2)
    with pytest.raises(HeaderError):
        read_header(stream)
    assert stream.tell() == 2


def test_a_stream_may_return_less_than_requested():
    class Dripping(io.BytesIO):
        def read(self, size=-1):
            return super().read(min(size, 7))

    for name in ("jpeg-exif-60k", "gif-big-still", "webp-exif"):
        assert read_header(Dripping(SAMPLES[name])) == read_header(SAMPLES[name])


def test_an_error_of_the_stream_passes_through():
    class Broken(io.BytesIO):
        def read(self, size=-1):
            raise OSError(size)

    with pytest.raises(OSError, match="4096"):
        read_header(Broken(b"GIF89a"))


def test_a_memoryview_of_any_shape_is_read_as_its_bytes():
    data = SAMPLES["png-RGB"]
    data += bytes(-len(data) % 8)
    header = read_header(data)
    assert read_header(memoryview(data).cast("I")) == header
    assert read_header(memoryview(data).cast("B", (2, len(data) // 2))) == header
    doubled = bytes(byte for each in data for byte in (each, 0))
    assert read_header(memoryview(doubled)[::2]) == header


# Number of reads


@pytest.mark.parametrize("name", ["jpeg-RGB", "jpeg-orientation-6", "png-RGB", "png-exif-6", "apng-2", "webp-lossy"])
def test_the_head_is_usually_enough(name):
    source = Source(SAMPLES[name])
    source.parse()
    assert source.reads == []


def test_a_large_still_webp_takes_no_further_read():
    source = Source(riff((b"VP8 ", vp8()[1] + bytes(1_300_000))))
    assert source.parse().media_type == "image/webp"
    assert source.reads == []


def test_a_jpeg_with_large_exif_data_takes_one_small_read():
    source = Source(SAMPLES["jpeg-exif-60k"])
    assert source.parse().orientation == 6
    assert [size < 512 for _, size in source.reads] == [True]


def test_bodies_of_long_segments_are_skipped():
    source = Source(SAMPLES["jpeg-exif-after-400k"])
    assert source.parse().orientation == 6
    assert len(source.reads) <= 13
    assert sum(size for _, size in source.reads) < 8192


def test_bodies_of_long_chunks_are_skipped():
    png_source = Source(png(chunk(b"iCCP", bytes(500_000)), chunk(b"eXIf", tiff([(0x112, 3, 1, b"\6\0\0\0")]))))
    assert png_source.parse().orientation == 6
    assert len(png_source.reads) == 1
    webp_source = Source(riff(vp8x(0x28), (b"ICCP", bytes(70_001)), (b"EXIF", tiff([(0x112, 3, 1, b"\6\0\0\0")]))))
    assert webp_source.parse().orientation == 6
    assert len(webp_source.reads) == 1


def test_a_still_gif_is_read_to_the_end_of_its_frame_in_few_reads():
    data = gif(gif_frame(48, 32, data=b"\2" + (b"\xff" + bytes(255)) * 4000 + b"\0"))
    source = Source(data)
    assert source.parse().animated is False
    assert len(source.reads) < 20


def test_parsing_ends_at_the_second_frame():
    source = Source(gif(gif_frame(9, 9), gif_frame(9, 9), *[gif_frame(9, 9)] * 10_000))
    assert source.parse().animated is True
    assert source.reads == []


# Sizes

size_16 = st.integers(1, 0xFFFF)
size_14 = st.integers(1, 0x3FFF)
size_31 = st.integers(1, 2**31 - 1)


@given(size_16, size_16)
def test_jpegs_and_gifs_keep_16_bits(width, height):
    assert read_header(jpeg(width=width, height=height))[1:3] == (width, height)
    assert read_header(gif(gif_frame(1, 1), width=width, height=height))[1:3] == (width, height)


@given(size_31, size_31)
def test_pngs_keep_31_bits(width, height):
    assert read_header(png(width=width, height=height))[1:3] == (width, height)


@given(size_14, size_14, st.integers(0, 3), st.integers(0, 3))
def test_simple_webps_keep_14_bits_and_drop_scaling_hints(width, height, hint_1, hint_2):
    assert read_header(riff(vp8(width | hint_1 << 14, height | hint_2 << 14)))[1:3] == (width, height)
    assert read_header(riff(vp8l(width, height)))[1:3] == (width, height)


@given(st.integers(1, 2**24), st.integers(1, 255))
def test_extended_webps_keep_24_bits(width, height):
    assert read_header(riff(vp8x(0, width, height), vp8()))[1:3] == (width, height)
    assert read_header(riff(vp8x(0, height, width), vp8()))[1:3] == (height, width)


def test_the_smallest_webp_is_shorter_than_a_lossy_header():
    data = bytes.fromhex("52494646120000005745425056503847")[:15] + b"L\6\0\0\0\x2f\x41\x6c\x6f\0\x6b"
    assert len(data) == 26
    assert read_header(data)[0] == "image/webp"


@pytest.mark.parametrize("marker", sorted(set(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}))
def test_every_frame_header_gives_the_size(marker):
    data = SAMPLES["jpeg-exif-60k"]
    at = data.index(b"\xff\xc0")
    patched = data[: at + 1] + bytes([marker]) + data[at + 2 :]
    assert read_header(patched) == read_header(data)


@pytest.mark.parametrize("marker", [0xC4, 0xCC, 0xDB, 0xDC, 0xDD, 0xDE, 0xDF, 0xFE, *range(0xE0, 0xF0)])
def test_the_body_of_a_segment_is_never_mistaken_for_a_frame_header(marker):
    assert read_header(jpeg(segment(marker, frame(7, 7)))) == ("image/jpeg", 48, 32, 1, False)


@pytest.mark.parametrize(
    "data",
    [
        jpeg(width=0),
        jpeg(height=0),
        png(width=0),
        png(height=0),
        png(width=2**31),
        png(height=2**31),
        gif(gif_frame(0, 5), width=0),
        gif(gif_frame(5, 0), height=0),
        riff(vp8(width=0)),
        riff(vp8(height=0)),
        riff(vp8(width=1 << 14)),
        riff(vp8x(0, 2**24, 2**24)),
    ],
)
def test_an_impossible_size_is_damage(data):
    with pytest.raises(HeaderError, match="impossible size") as caught:
        read_header(data)
    assert caught.value.problem == "damaged"
    assert caught.value.format in {"JPEG", "PNG", "GIF", "WebP"}


# Orientation


def in_jpeg(exif):
    return jpeg(segment(0xE1, b"Exif\0\0" + exif))


def in_png(exif):
    return png(chunk(b"eXIf", exif))


def in_webp(exif):
    return riff(vp8x(0x08), vp8(), (b"EXIF", exif))


@pytest.mark.parametrize("embed", [in_jpeg, in_png, in_webp])
@pytest.mark.parametrize(
    ("exif", "orientation"),
    [
        (tiff([(0x112, 3, 1, b"\6\0\0\0")]), 6),
        (tiff([(0x112, 3, 1, b"\0\6\0\0")], ">"), 6),
        (tiff([(0x112, 3, 1, b"\6\0\0\0")], "<", mark=b"II\0*"), 6),
        (tiff([(0x112, 3, 1, b"\0\6\0\0")], ">", mark=b"MM*\0"), 6),
        (b"Exif\0\0" + tiff([(0x112, 3, 1, b"\6\0\0\0")]), 6),
        (tiff([(0x112, 4, 1, b"\6\0\0\0")]), 6),
        (tiff([(0x112, 4, 1, b"\0\0\0\6")], ">"), 6),
        (tiff([(0x112, 4, 1, b"\6\0\6\0")]), 1),
        (tiff([(0x112, 1, 1, b"\6\0\0\0")]), 1),
        (tiff([(0x112, 3, 2, b"\6\0\0\0")]), 1),
        (tiff([(0x112, 3, 1, b"\0\0\0\0")]), 1),
        (tiff([(0x112, 3, 1, b"\x09\0\0\0")]), 1),
        (tiff([(0x100, 3, 1, b"\x12\1\3\0"), (0x112, 3, 1, b"\5\0\0\0")]), 5),
        (tiff([(0x100, 3, 1, b"\x12\1\3\0")]), 1),
        (tiff([(0x112, 3, 1, b"\6\0\0\0")], ifd=400), 6),
        (tiff([(0x112, 3, 1, b"\6\0\0\0")], ifd=30_000), 6),
        (tiff([(0x200 + n, 3, 1, b"\1\0\0\0") for n in range(63)] + [(0x112, 3, 1, b"\6\0\0\0")]), 6),
        (tiff([(0x200 + n, 3, 1, b"\1\0\0\0") for n in range(64)] + [(0x112, 3, 1, b"\6\0\0\0")]), 1),
        (tiff([(0x112, 3, 1, b"\6\0\0\0")])[:-10], 1),
        (tiff([(0x112, 3, 1, b"\6\0\0\0")])[:12], 1),
        (tiff([])[:9], 1),
        (tiff([])[:8], 1),
        (tiff([]), 1),
        (b"II*\0\xff\xff\xff\xff" + bytes(90), 1),
        (b"II*\0\0\0\0\0" + bytes(90), 1),
        (b"II*\0\x08\0\0", 1),
        (b"II*\0", 1),
        (b"nonsense", 1),
        (b"", 1),
    ],
)
def test_orientation_is_found_or_is_1(embed, exif, orientation):
    source = Source(embed(exif))
    assert source.parse() == (read_header(embed(b""))[0], 48, 32, orientation, False)
    assert len(source.reads) <= 4


@pytest.mark.parametrize("space", [0, 1, 7, 8, 20, 40, 63, 64, 100, 300])
@pytest.mark.parametrize("embed", [in_jpeg, in_png])
def test_orientation_is_found_across_the_end_of_the_head(embed, space):
    exif = tiff([(0x10F, 2, 1, b"x\0\0\0"), *[(0x112, 3, 1, b"\6\0\0\0")] * 20])
    if embed is in_jpeg:
        data = jpeg(segment(0xE2, bytes(HEAD_BYTES - 6 - 10 - space)), segment(0xE1, b"Exif\0\0" + exif))
    else:
        data = png(chunk(b"iCCP", bytes(HEAD_BYTES - 33 - 12 - 8 - space)), chunk(b"eXIf", exif))
    assert data.index(b"II*") == HEAD_BYTES - space
    source = Source(data)
    assert source.parse().orientation == 6
    assert len(source.reads) <= 2


def test_a_short_exif_segment_does_not_include_what_follows():
    tricky = b"\xff\xe1\0\4Exif\0\0"  # its length is four bytes, which cuts its signature
    assert read_header(b"\xff\xd8" + tricky + jpeg()[2:]).orientation == 1


# Animation


def test_a_webp_is_animated_by_its_flag_and_a_second_frame():
    assert read_header(riff(vp8x(0x02), (b"ANIM", bytes(6)), ANMF, ANMF)).animated is True
    assert read_header(riff(vp8x(0x02), (b"ANIM", bytes(6)), ANMF)).animated is False
    assert read_header(riff(vp8x(0x08), ANMF, ANMF)).animated is False


def test_webp_chunks_after_the_end_of_riff_are_ignored():
    outside = riff(ANMF)[12:]
    assert read_header(riff(vp8x(0x02), ANMF) + outside).animated is False
    assert read_header(riff(vp8x(0x02), (b"ICCP", bytes(2000)), ANMF)[:-40]).animated is False


@pytest.mark.parametrize("space", range(21))
def test_an_animation_is_found_across_the_end_of_the_head(space):
    control = chunk(b"acTL", struct.pack(">II", 2, 0))
    data = png(chunk(b"tEXt", bytes(HEAD_BYTES - 33 - 12 - space)), control, chunk(b"fcTL", bytes(26)))
    assert data.index(control) == HEAD_BYTES - space
    assert read_header(data).animated is True
    two = riff(vp8x(0x02), (b"ICCP", bytes(HEAD_BYTES - 30 - 8 - space & ~1)), ANMF, ANMF)
    assert read_header(two).animated is True
    comments = [b"!\xfe\xfe" + bytes(254) + b"\0"] * 3 + [b"!\xfe" + bytes([222 - space]) + bytes(222 - space) + b"\0"]
    image = gif(*comments, gif_frame(60, 50), gif_frame(9, 9))
    assert read_header(image) == ("image/gif", 60, 50, 1, True)


def test_an_animated_webp_without_exif_is_read_to_its_second_frame_only():
    source = Source(riff(vp8x(0x02), *[ANMF] * 1000))
    assert source.parse().animated is True
    assert source.reads == []


def test_the_first_of_two_exif_chunks_in_a_webp_is_used():
    chunks = [(b"EXIF", tiff([(0x112, 3, 1, bytes([n, 0, 0, 0]))])) for n in (6, 3)]
    assert read_header(riff(vp8x(0x0A), *chunks, ANMF, ANMF)) == ("image/webp", 48, 32, 6, True)


# Damage


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"\xff\xd8\xff", "the JPEG ends before its frame header"),
        (b"\xff\xd8" + b"\xff" * 30, "the JPEG ends before its frame header"),
        (b"\xff\xd8" + segment(0xDA, bytes(20)), "the JPEG has image data or an end marker before its frame header"),
        (
            b"\xff\xd8" + segment(0xFE, bytes(20)) + b"\xff\xd9" + bytes(20),
            "the JPEG has image data or an end marker before its frame header",
        ),
        (b"\xff\xd8\xff\xbf\0\1" + bytes(20), "the JPEG has the reserved marker 0xFFBF at byte 2"),
        (b"\xff\xd8\xff\xc0\0\7" + bytes(20), "the JPEG has a frame header of only 7 bytes"),
        (b"\x89PNG\r\n", "the PNG ends inside its IHDR chunk"),
        (png()[:32], "the PNG ends inside its IHDR chunk"),
        (png()[:8] + chunk(b"IDAT", bytes(30)), "the PNG does not begin with an IHDR chunk"),
        (png()[:8] + chunk(b"IHDR", bytes(30)), "the PNG does not begin with an IHDR chunk"),
        (png(chunk(b"\0\0\0\0", bytes(30))), "the PNG has no valid chunk at byte 33"),
        (b"GIF89a\1\0", "the GIF ends inside its screen descriptor"),
        (gif(), "the GIF ends before its first frame, or has too much data before it"),
        (gif(gif_frame(1, 1))[:20], "the GIF ends before its first frame, or has too much data before it"),
        (gif()[:-1], "the GIF ends before its first frame, or has too much data before it"),
        (riff(vp8())[:29], "the WebP ends inside its first chunk"),
        (riff(vp8l())[:24], "the WebP ends inside its first chunk"),
        (riff((b"VP8 ", bytes(30))), "the WebP does not begin with a VP8 key frame"),
        (riff((b"VP8 ", b"\1" + vp8()[1][1:])), "the WebP does not begin with a VP8 key frame"),
        (riff((b"VP8L", bytes(30))), "the WebP does not begin with a VP8L signature"),
        (riff((b"VP8L", b"\x2f\xff\xff\xff\xff" + bytes(30))), "the WebP does not begin with a VP8L signature"),
        (riff((b"ALPH", bytes(30))), "the WebP begins with a chunk other than VP8, VP8L or VP8X"),
    ],
)
def test_damage_has_a_reason(data, reason):
    with pytest.raises(HeaderError) as caught:
        read_header(data)
    assert (caught.value.problem, str(caught.value)) == ("damaged", reason)


@pytest.mark.parametrize("data", [b"", bytearray(), memoryview(b""), io.BytesIO()])
def test_no_bytes_are_empty(data):
    assert problem_of(data) == "empty"


@pytest.mark.parametrize("name", SAMPLES)
def test_a_truncated_file_keeps_its_size_or_is_rejected(name):
    check_truncations(SAMPLES[name])


@pytest.mark.parametrize("path", PROJECT_SAMPLES, ids=lambda path: path.name)
def test_a_truncated_project_sample_keeps_its_size_or_is_rejected(path):
    check_truncations(path.read_bytes())


def check_truncations(data):
    whole = header_or_problem(read_header, data)
    # Every cut near the start and the end, and a sample in between: all of them would take too long.
    near, far = range(min(len(data), 4096)), range(4096, len(data), max(1, len(data) // 100))
    for length in (*near, *far, *range(max(0, len(data) - 40), len(data))):
        cut = header_or_problem(read_header, data[:length])
        assert cut in PROBLEMS or cut[:3] == whole[:3]


@given(st.binary(max_size=2000), st.sampled_from([b"", b"\xff\xd8\xff", png()[:16], b"GIF89a", riff(vp8x(0x0A))]))
def test_random_bytes_raise_header_errors_only(data, start):
    check_outcome(header_or_problem(read_header, start + data))


@given(st.data())
def test_mutated_samples_raise_header_errors_only(data):
    name = data.draw(st.sampled_from(sorted(SAMPLES)))
    mutated = bytearray(SAMPLES[name])
    place = st.integers(0, min(len(mutated), 1400) - 1)
    for at, byte in data.draw(st.lists(st.tuples(place, st.integers(0, 255)), max_size=8)):
        mutated[at] = byte
    for at, extra in data.draw(st.lists(st.tuples(place, st.binary(max_size=9)), max_size=3)):
        mutated[at:at] = extra
    check_outcome(header_or_problem(read_header, mutated))


# Hostile files


@pytest.mark.parametrize(
    ("head", "unit"),
    [
        (b"\xff\xd8\xff\xe0\0\2", segment(0xFE)),
        (b"\xff\xd8\xff\xe0\0\2", b"\xff\xe1\xff\xff" + bytes(65_533)),
        (b"\xff\xd8\xff", b"\xff"),
        (b"\xff\xd8\xff\xd0", b"junk"),
        (b"\xff\xd8\xff\xd0", b"\xff\0"),
        (png()[:33], chunk(b"tEXt")),
        (png()[:33], chunk(b"eXIf", tiff([]) + bytes(2000))),
        (png()[:33], chunk(b"tEXt", bytes(9999))),
        (gif(gif_frame(9, 9))[:-1], b"!\xfe\0"),
        (gif(gif_frame(9, 9, data=b"\2"))[:-1], b"\1\1"),
        (gif(gif_frame(9, 9, data=b"\2"))[:-1], b"\xff" + bytes(255)),
        (gif()[:-1], b"\0"),
        (gif()[:-1], b"!\xff\xff" + bytes(255) + b"\0"),
        (riff(vp8x(0x0A))[:4] + b"\xff\xff\xff\xff" + riff(vp8x(0x0A))[8:], b"XXXX\0\0\0\0"),
        (riff(vp8x(0x0A))[:4] + b"\xff\xff\xff\xff" + riff(vp8x(0x0A))[8:], b"ANMF\0\4\0\0" + bytes(1024)),
        (riff(vp8x(0x0A))[:4] + b"\xff\xff\xff\xff" + riff(vp8x(0x0A))[8:], b"EXIF\0\0\0\0"),
    ],
)
def test_an_endless_file_ends_after_few_reads(head, unit):
    check_outcome(header_or_problem(Endless(head, unit).parse))


def test_reaching_the_limit_of_steps_is_reported():
    with pytest.raises(HeaderError, match=r"^the JPEG has no frame header within 2,048 segments$"):
        read_header(b"\xff\xd8" + segment(0xFE) * 5000 + jpeg()[2:])
    with pytest.raises(HeaderError, match=r"^the PNG has no image data within 2,048 chunks$"):
        read_header(png(*[chunk(b"tEXt")] * 5000))
    with pytest.raises(HeaderError, match="too much data before it"):
        Endless(gif()[:-1], b"!\xff\xff" + bytes(255) + b"\0").parse()


def test_data_after_the_size_cannot_make_a_header_fail():
    assert read_header(riff(vp8x(0x02), *[(b"XXXX", b"")] * 5000)).animated is False
    assert Endless(gif(gif_frame(9, 9, data=b"\2"))[:-1], b"\xff" + bytes(255)).parse()[1:3] == (48, 32)


def fields_or_problem(data, *, details):
    try:
        return parse_fields(data[:HEAD_BYTES], lambda offset, size: data[offset : offset + size], details=details)[:3]
    except HeaderError as error:
        return error.problem, error.reason


@pytest.mark.parametrize("data", SAMPLES.values(), ids=SAMPLES)
def test_without_details_the_verdict_is_the_same_and_less_is_read(data):
    reads = []

    def read_at(offset, size):
        reads.append(size)
        return data[offset : offset + size]

    for end in sorted({*range(0, min(len(data), 1500), 61), len(data)}):
        assert fields_or_problem(data[:end], details=False) == fields_or_problem(data[:end], details=True)
    parse_fields(data[:HEAD_BYTES], read_at)
    with_details, reads[:] = sum(reads), []
    assert parse_fields(data[:HEAD_BYTES], read_at, details=False)[3:] in ((1, False), read_header(data)[3:])
    assert sum(reads) <= with_details


@given(st.sampled_from(list(SAMPLES.values())), st.data())
def test_without_details_the_verdict_on_damaged_files_is_the_same(sample, data):
    hurt = bytearray(sample)
    for _ in range(data.draw(st.integers(1, 6))):
        hurt[data.draw(st.integers(0, min(len(hurt), 700) - 1))] = data.draw(st.integers(0, 255))
    hurt = bytes(hurt)
    assert fields_or_problem(hurt, details=False) == fields_or_problem(hurt, details=True)


# Other


def test_an_error_survives_pickling():
    with pytest.raises(HeaderError) as caught:
        read_header(b"II*\0\x08\0\0\0")
    copy = pickle.loads(pickle.dumps(caught.value))
    assert (copy.problem, copy.reason, copy.format) == ("unsupported", caught.value.reason, "TIFF")


@pytest.mark.slow
def test_importing_the_module_brings_no_imaging_library():
    code = "import sys, imgcost.headers; print(*sorted({'PIL', 'numpy', 'pandas', 'click', 'zlib'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == ""
