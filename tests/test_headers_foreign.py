"""Formats that the API does not read, and files that are not images: names, sizes and advice."""

from __future__ import annotations

import base64
import gzip
import io
import json
import struct
import zlib
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pictures import Endless
from PIL import Image, features
from test_headers import SAMPLES, chunk, encode, exif_of, frame, noise, png, segment, tiff

from imgcost.errors import HeaderError
from imgcost.headers import HEAD_BYTES, format_name, parse_header, read_header

AVIF = pytest.mark.skipif(not features.check("avif"), reason="this Pillow has no AVIF")


def refusal_of(data):
    with pytest.raises(HeaderError) as caught:
        read_header(data)
    return caught.value


def outcome_of(data):
    """Return the header, or the error."""
    try:
        return read_header(data)
    except HeaderError as error:
        return error


def measured(data):
    """Return format, width, height and orientation of an image that the API does not read; no size if unknown."""
    header = outcome_of(data)
    if isinstance(header, HeaderError):
        assert header.problem == "unsupported"
        reads = "it as a document, not as an image" if header.format == "PDF" else "JPEG, PNG, GIF and WebP"
        assert str(header) == f"{header.format} file: the API reads {reads}"
        assert header.media_type.startswith("image/") or header.format in {"PDF", "EPS"}
        assert format_name(header.media_type) == header.format
        return header.format, header.width, header.height, header.orientation
    assert header.media_type not in {"image/jpeg", "image/png", "image/gif", "image/webp"}
    assert not header.animated
    return format_name(header.media_type), *header[1:4]


# Builders


def box(kind, *parts):
    body = b"".join(parts)
    return struct.pack(">I4s", 8 + len(body), kind) + body


def full(kind, *parts, version=0, flags=0):
    return box(kind, struct.pack(">I", version << 24 | flags), *parts)


def ispe(width, height):
    return full(b"ispe", struct.pack(">II", width, height))


def ftyp(*brands):
    return box(b"ftyp", brands[0], bytes(4), *brands)


def ipma(*items, version=0, flags=0):
    """Associate each item with the numbers of its properties."""
    entries = [
        struct.pack(">I" if version else ">H", item)
        + bytes([len(numbers)])
        + b"".join(struct.pack(">H" if flags else ">B", number) for number in numbers)
        for item, numbers in items
    ]
    return full(b"ipma", struct.pack(">I", len(items)), *entries, version=version, flags=flags)


def heif(*properties, primary=1, associations=None, brands=(b"heic", b"mif1"), before=b"", pitm_version=0):
    """Build a photo as phones write it, up to the data."""
    associations = associations or ipma((1, list(range(1, len(properties) + 1))))
    item = struct.pack(">I" if pitm_version else ">H", primary)
    pitm = full(b"pitm", item, version=pitm_version)
    properties = box(b"iprp", box(b"ipco", *properties), associations)
    return ftyp(*brands) + before + full(b"meta", full(b"hdlr", bytes(20)), pitm, properties) + box(b"mdat", bytes(99))


def irot(quarters):
    return box(b"irot", bytes([quarters]))


def imir(axis):
    return box(b"imir", bytes([axis]))


def big_tiff(width, height):
    entries = [(256, 16, width), (257, 4, height), (274, 3, 8)]
    body = b"".join(struct.pack("<HHQQ", tag, kind, 1, value) for tag, kind, value in entries)
    return b"II+\0\x08\0\0\0" + struct.pack("<QQ", 16, len(entries)) + body + bytes(8)


def directory(order, *entries):
    body = b"".join(struct.pack(order + "HHII", *entry) for entry in entries)
    return struct.pack(order + "H", len(entries)) + body + bytes(4)


def raw_photo(*more, below=((7008, 4672), (1616, 1080)), order="<", colors=32803, flags=(0, 1)):
    """Build a TIFF/EP: a preview in the first directory, the full image in one of its subdirectories."""
    first = [(254, 4, 1, 1), (256, 4, 1, 160), (257, 4, 1, 120), (274, 4, 1, 8), *more]
    count = len(first) + 1
    after = 8 + 2 + 12 * count + 4
    starts = [after + 4 * len(below) + 100 * number for number in range(len(below))]
    where = starts[0] if len(below) == 1 else after
    data = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(order + "I", 8)
    data += directory(order, *first, (330, 4, len(below), where)) + struct.pack(f"{order}{len(below)}I", *starts)
    for (width, height), flag in zip(below, flags, strict=False):
        part = directory(order, (254, 4, 1, flag), (256, 4, 1, width), (257, 4, 1, height), (262, 4, 1, colors))
        data += part.ljust(100, b"\0")
    return data


# Compared with Pillow


def saved_by_pillow():
    picture = noise(41, 30)
    for kind, name in {
        "BMP": "BMP",
        "DDS": "DDS",
        "DIB": None,
        "EPS": "EPS",
        "ICNS": "ICNS",
        "ICO": "ICO",
        "JPEG2000": "JPEG 2000",
        "PCX": "PCX",
        "PPM": "Netpbm",
        "QOI": "QOI",
        "SGI": "SGI",
        "TGA": "TGA",
        "TIFF": "TIFF",
    }.items():
        if name:
            yield name, encode(noise(64, 64) if name in {"ICO", "ICNS"} else picture, kind)
    yield "JPEG 2000", encode(picture, "JPEG2000", no_jp2=True)
    yield "ICO", encode(noise(256, 256), "ICO", sizes=[(16, 16), (256, 256), (32, 32)])
    yield "TIFF", encode(picture, "TIFF", exif=exif_of(6))
    yield "TIFF", encode(picture, "TIFF", big_tiff=True)
    yield "TIFF", encode(noise(500, 700), "TIFF", compression="tiff_deflate")
    yield "Netpbm", encode(noise(41, 30, "1"), "PPM")
    yield "Netpbm", b"P3\n# a comment\n# another\n 3 \n# more\n 2 \n255\n" + b"0 " * 18
    yield "Netpbm", encode(noise(41, 30, "RGBA"), "PPM")
    yield "XBM", encode(noise(41, 30, "1"), "XBM")
    yield "TGA", encode(noise(41, 30, "P"), "TGA")


@pytest.mark.parametrize(("name", "data"), [*saved_by_pillow()])
def test_pillow_measures_the_same(name, data):
    with Image.open(io.BytesIO(data)) as image:
        orientation = image.getexif().get(0x112, 1)
        # Pillow applies the orientation to the size of a TIFF; here sizes are those before it is applied.
        expected = name, *(image.size[::-1] if name == "TIFF" and orientation > 4 else image.size), orientation
    assert measured(data) == expected
    assert measured(io.BytesIO(data)) == expected


@AVIF
@pytest.mark.parametrize("orientation", range(1, 9))
def test_an_avif_has_the_size_and_orientation_that_pillow_reads(orientation):
    data = encode(noise(64, 48), "AVIF", exif=exif_of(orientation))
    with Image.open(io.BytesIO(data)) as image:
        assert measured(data) == ("AVIF", *image.size, image.getexif().get(0x112, 1)) == ("AVIF", 64, 48, orientation)


@AVIF
def test_an_animated_avif_is_measured():
    data = encode(noise(64, 48), "AVIF", save_all=True, append_images=[noise(64, 48).rotate(180)])
    assert measured(data) == ("AVIF", 64, 48, 1)


# HEIF


def test_a_phone_photo_of_tiles_is_measured_by_its_primary_item():
    # As written by an iPhone: 48 tiles of 512 px, combined into a rotated image.
    every = [ispe(512, 512), ispe(4032, 3024), irot(3), ispe(320, 240)]
    tiles = [(number, [1]) for number in range(1, 49)]
    for version, flags in ((0, 0), (1, 0), (0, 1), (1, 1)):
        marked = [(number, [own | (0x8000 if flags else 0x80) for own in numbers]) for number, numbers in tiles]
        items = ipma(*marked, (49, [2, 3]), (50, [4]), version=version, flags=flags)
        data = heif(*every, primary=49, associations=items, pitm_version=version)
        assert measured(data) == ("HEIC", 4032, 3024, 6)


@pytest.mark.parametrize(
    ("turns", "orientation"),
    [
        ([], 1),
        ([irot(0)], 1),
        ([irot(1)], 8),
        ([irot(2)], 3),
        ([irot(3)], 6),
        ([imir(0)], 4),
        ([imir(1)], 2),
        ([irot(1), imir(0)], 5),
        ([irot(1), imir(1)], 7),
        ([irot(2), imir(0)], 2),
        ([irot(2), imir(1)], 4),
        ([irot(3), imir(0)], 7),
        ([irot(3), imir(1)], 5),
    ],
)
def test_rotations_and_mirrors_are_reported_as_exif_orientations(turns, orientation):
    assert measured(heif(ispe(40, 30), *turns)) == ("HEIC", 40, 30, orientation)


def test_a_crop_is_applied():
    clap = box(b"clap", struct.pack(">8I", 39, 1, 58, 2, 0, 1, 0, 1))
    assert measured(heif(ispe(40, 30), clap)) == ("HEIC", 39, 29, 1)
    assert measured(heif(ispe(40, 30), box(b"clap", bytes(32)))) == ("HEIC", 40, 30, 1)
    assert measured(heif(ispe(40, 30), box(b"clap", b"\0\0\0\1"))) == ("HEIC", 40, 30, 1)


@pytest.mark.parametrize(
    ("brands", "name"),
    [
        ((b"heic", b"mif1"), "HEIC"),
        ((b"heix",), "HEIC"),
        ((b"mif1", b"mif1", b"heic"), "HEIC"),
        ((b"hevc", b"msf1"), "HEIC"),
        ((b"mif1",), "HEIF"),
        ((b"miaf", b"avif"), "AVIF"),
        ((b"avis", b"msf1"), "AVIF"),
    ],
)
def test_the_brands_name_the_format(brands, name):
    assert measured(heif(ispe(40, 30), brands=brands)) == (name, 40, 30, 1)


def test_large_boxes_before_the_image_are_skipped():
    wide = struct.pack(">I4sQ", 1, b"free", 16 + 70_000) + bytes(70_000)
    assert measured(heif(ispe(40, 30), before=wide)) == ("HEIC", 40, 30, 1)
    data = heif(ispe(40, 30))
    rest = data[data.index(b"meta") - 4 :]
    assert measured(ftyp(b"heic") + b"\0\0\0\0" + rest[4:]) == ("HEIC", 40, 30, 1)  # to the end of the file


def test_without_a_primary_item_the_first_is_used():
    data = heif(ispe(40, 30)).replace(b"pitm", b"free")
    assert measured(data) == ("HEIC", 40, 30, 1)


@pytest.mark.parametrize(
    "data",
    [
        ftyp(b"heic"),
        ftyp(b"heic") + b"\0\0\0\4free",
        ftyp(b"heic") + full(b"meta"),
        ftyp(b"heic") + full(b"meta", box(b"iprp")),
        ftyp(b"heic") + full(b"meta", box(b"iprp", box(b"ipco"))),
        heif(),
        heif(irot(1)),
        heif(box(b"ispe", bytes(9))),
        heif(ispe(0, 30)),
        heif(ispe(40, 30), primary=2),
        heif(ispe(40, 30), associations=ipma((1, [0, 9]))),
        heif(ispe(40, 30), associations=box(b"ipma")),
        heif(ispe(40, 30), associations=full(b"ipma", b"\0\0\0\5")),
        heif(ispe(40, 30), associations=full(b"ipma", b"\0\0\0\5\0\1")),
        heif(ispe(40, 30), primary=2, associations=full(b"ipma", b"\0\0\0\5\0\1\0")),
        heif(ispe(40, 30)).replace(b"pitm", b"pit\0"),
        ftyp(b"heic") + box(b"free") * 300 + heif(ispe(40, 30)),
    ],
)
def test_a_photo_without_a_size_is_still_named(data):
    if b"pit\0" in data:
        assert measured(data) == ("HEIC", 40, 30, 1)
    else:
        assert measured(data) == ("HEIC", None, None, 1)


# JPEG 2000, JPEG XL, JPEG-LS


@pytest.mark.parametrize(
    ("start", "size"),
    [
        # Written by libjxl 0.11.
        ("e8301009080401001c004b188b15820300", (40, 30)),
        ("4f4024080401001c004b188b15820300", (64, 64)),
        ("5889080488040802010018000000800008", (517, 300)),
        ("ba210591080201001800000080000880", (1920, 1080)),
    ],
)
def test_a_jpeg_xl_is_measured_in_a_container_and_without(start, size):
    stream = b"\xff\x0a" + bytes.fromhex(start)
    signature = b"\0\0\0\x0cJXL \r\n\x87\n" + box(b"ftyp", b"jxl ", bytes(4), b"jxl ")
    assert measured(stream) == ("JPEG XL", *size, 1)
    assert measured(signature + box(b"jxlc", stream)) == ("JPEG XL", *size, 1)
    exif = box(b"Exif", bytes(9000))
    assert measured(signature + exif + box(b"jxlp", bytes(4), stream)) == ("JPEG XL", *size, 1)
    assert measured(signature + exif) == ("JPEG XL", None, None, 1)


def bits(*fields):
    """Pack pairs of number and bit count, from the lowest bit of the first byte up."""
    value = shift = 0
    for number, count in fields:
        value |= number << shift
        shift += count
    return value.to_bytes(shift // 8 + 1, "little")


@given(st.integers(1, 1 << 30), st.integers(1, 1 << 30), st.integers(1, 8))
def test_a_jpeg_xl_keeps_30_bits_and_its_orientation(width, height, orientation):
    def edge(size):
        kind, count = next((kind, count) for kind, count in enumerate((9, 13, 18, 30)) if size <= 1 << count)
        return (kind, 2), (size - 1, count)

    more = [(0, 1), (1, 1), (orientation - 1, 3)]
    data = b"\xff\x0a" + bits((0, 1), *edge(height), (0, 3), *edge(width), *more)
    assert measured(data) == ("JPEG XL", width, height, orientation)
    data = b"\xff\x0a" + bits((1, 1), (30, 5), (0, 3), (3, 5), (0, 1), (0, 1))
    assert measured(data) == ("JPEG XL", 32, 248, 1)
    assert measured(b"\xff\x0a" + bits((1, 1), (8, 5), (5, 3), (1, 1)))[1:3] == (128 * 1, 72)


def test_a_jpeg_2000_without_an_image_header_is_named():
    signature = b"\0\0\0\x0cjP  \r\n\x87\n" + box(b"ftyp", b"jp2 ", bytes(4), b"jp2 ")
    assert measured(signature + box(b"jp2h")) == ("JPEG 2000", None, None, 1)
    assert measured(signature + box(b"jp2h", box(b"ihdr", struct.pack(">II", 30, 40)))) == ("JPEG 2000", 40, 30, 1)
    assert measured(b"\xff\x4f\xff\x51\0\x2f") == ("JPEG 2000", None, None, 1)


def test_formats_that_begin_like_a_jpeg_or_a_png_are_distinguished():
    plain = png()
    apple = plain[:8] + chunk(b"CgBI", b"\x50\0\x20\2") + plain[8:]
    assert measured(apple) == ("Apple CgBI PNG", 48, 32, 1)
    assert measured(apple[:33]) == ("Apple CgBI PNG", None, None, 1)
    lossless = segment(0xE8, bytes(20)) + frame(marker=0xF7)
    assert measured(b"\xff\xd8" + lossless) == ("JPEG-LS", 48, 32, 1)


# TIFF and camera raw


@pytest.mark.parametrize("order", ["<", ">"])
def test_the_first_directory_of_a_tiff_is_read_wherever_it_is(order):
    short = [(256, 3, 1, struct.pack(order + "HH", 640, 0)), (257, 4, 1, struct.pack(order + "I", 480))]
    for at in (8, 5000, 3_000_000):
        assert measured(tiff(short, order, at)) == ("TIFF", 640, 480, 1)
    turned = [*short, (274, 3, 1, struct.pack(order + "HH", 6, 0))]
    assert measured(tiff(turned, order)) == ("TIFF", 640, 480, 6)
    many = [(300 + number, 2, 1, b"x\0\0\0") for number in range(200)]
    assert measured(tiff([*many, *turned], order)) == ("TIFF", 640, 480, 6)


def test_a_big_tiff_is_measured():
    assert measured(big_tiff(70_000, 50_000)) == ("TIFF", 70_000, 50_000, 8)


@pytest.mark.parametrize(
    "data",
    [
        b"II*\0",
        b"MM\0*\0\0\0\x08",
        b"II*\0\xff\xff\xff\x7f",
        tiff([(256, 2, 1, b"9\0\0\0"), (257, 3, 1, b"9\0\0\0")]),
        tiff([(256, 3, 0, b"9\0\0\0"), (257, 3, 1, b"9\0\0\0")]),
        tiff([(256, 3, 1, b"9\0\0\0")]),
    ],
)
def test_a_tiff_without_a_size_is_named(data):
    assert measured(data) == ("TIFF", None, None, 1)


def test_an_invalid_orientation_of_a_tiff_is_1():
    nine = b"\x09\0\0\0"
    assert measured(tiff([(256, 3, 1, nine), (257, 3, 1, nine), (274, 3, 1, nine)])) == ("TIFF", 9, 9, 1)


@pytest.mark.parametrize("order", ["<", ">"])
def test_camera_raw_has_the_size_of_the_full_picture_not_of_the_preview(order):
    assert measured(raw_photo(order=order)) == ("camera raw", 7008, 4672, 8)
    assert measured(raw_photo(order=order, below=((6000, 4000),))) == ("camera raw", 6000, 4000, 8)
    assert measured(raw_photo((50706, 1, 4, 0x0401), order=order)) == ("DNG", 7008, 4672, 8)
    assert measured(raw_photo(order=order, colors=2)) == ("TIFF", 7008, 4672, 8)
    assert measured(raw_photo(order=order, flags=(1, 1))) == ("TIFF", 160, 120, 8)


def test_raw_formats_of_single_manufacturers():
    plain = tiff([(256, 3, 1, b"\x40\1\0\0"), (257, 3, 1, b"\xf0\0\0\0")])
    assert measured(b"IIRO" + plain[4:]) == ("ORF", 320, 240, 1)
    canon = tiff([(256, 3, 1, b"\x40\1\0\0"), (257, 3, 1, b"\xf0\0\0\0")], ifd=16)
    assert measured(canon[:8] + b"CR\2\0" + canon[12:]) == ("CR2", 320, 240, 1)
    borders = [(tag, 3, 1, struct.pack("<HH", value, 0)) for tag, value in ((4, 8), (5, 10), (6, 3008), (7, 4010))]
    assert measured(tiff(borders, mark=b"IIU\0")) == ("RW2", 4000, 3000, 1)
    entries = struct.pack(">I", 2) + struct.pack(">HHHH", 0x100, 4, 1, 1) + struct.pack(">HHHH", 0x111, 4, 3000, 4000)
    fuji = (b"FUJIFILMCCD-RAW " + bytes(76) + struct.pack(">I", 200)).ljust(200, b"\0")
    assert measured(fuji + entries) == ("RAF", 4000, 3000, 1)
    assert measured(fuji + entries[:12]) == ("RAF", None, None, 1)
    assert measured(b"FOVb".ljust(28, b"\0") + struct.pack("<II", 2640, 1760)) == ("X3F", 2640, 1760, 1)
    assert measured(b"\0MRM" + bytes(30)) == ("MRW", None, None, 1)


def test_the_newer_raw_format_of_canon_has_a_directory_in_a_box():
    inner = tiff([(256, 3, 1, b"\x40\1\0\0"), (257, 3, 1, b"\xf0\0\0\0"), (274, 3, 1, b"\6\0\0\0")])
    own = box(b"uuid", bytes(16), box(b"CNCV", bytes(30)), box(b"CMT1", inner))
    assert measured(ftyp(b"crx ") + box(b"moov", own)) == ("CR3", 320, 240, 6)
    assert measured(ftyp(b"crx ") + box(b"moov", box(b"uuid", bytes(16)))) == ("CR3", None, None, 1)
    assert measured(ftyp(b"crx ")) == ("CR3", None, None, 1)


# SVG


@pytest.mark.parametrize(
    ("attributes", "size"),
    [
        ('width="300" height="200"', (300, 200)),
        ("width='300px'\n\theight='200PX'", (300, 200)),
        ("width='.5e1' height='+2e0'", (5, 2)),
        (f"width='{'1' * 3000}x' height='{'1' * 900}'", (None, None)),
        (f"width='{'1' * 900}' height='3'", (None, None)),
        (f"viewBox='0 0 {'1' * 900} {'1' * 900}' width='3'", (None, None)),
        ("width = '300.4px' height = '199.6px'", (300, 200)),
        ('width="1in" height="2.54cm"', (96, 96)),
        ('width="72pt" height="6pc"', (96, 96)),
        ('width="25.4mm" height="101.6q"', (96, 96)),
        ('width="2em" height="4ex"', (32, 32)),
        ('viewBox="0 0 640 480"', (640, 480)),
        ('viewBox="-10,-10, 640.5,480"', (640, 480)),
        ('width="100%" height="100%" viewBox="0 0 640 480"', (640, 480)),
        ('width="320" viewBox="0 0 640 480"', (320, 240)),
        ('height="240" viewBox="0 0 640 480"', (320, 240)),
        ('width="320" height="100" viewBox="0 0 640 480"', (320, 100)),
        ('data-width="9" width="3" height="4"', (3, 4)),
        ('width="0.2" height="0.1"', (1, 1)),
        ('width="3" height="4" title="a > b"', (3, 4)),
        ('title="a > b" width="3" height="4"', (3, 4)),
        ('viewBox="0 0 0 0"', (None, None)),
        ('viewBox="0 0 640"', (None, None)),
        ('width="wide" height="4"', (None, None)),
        ('width="1e300" height="4"', (None, None)),
        ("", (None, None)),
        ('><rect width="3" height="4"/', (None, None)),
    ],
)
def test_an_svg_has_the_size_of_its_root_element(attributes, size):
    assert measured(f"<svg xmlns='http://www.w3.org/2000/svg' {attributes}></svg>".encode())[1:3] == size


LONG = "<!-- " + "x" * 6000 + " -->"
ROOT = "<svg width='3' height='4'/>"


@pytest.mark.parametrize(
    "text",
    [
        ROOT,
        f"\ufeff{ROOT}",
        f" \n {ROOT}",
        f"<?xml version='1.0'?>\n<!-- <html> -->\n{ROOT}",
        f"<!DOCTYPE svg PUBLIC '-//W3C//DTD SVG 1.1//EN' 'http://www.w3.org/Graphics/SVG/1.1/DTD/svg11.dtd'>{ROOT}",
        f"<!DOCTYPE svg [ <!ENTITY a 'b'> <!ENTITY c 'd'> ]>\n{ROOT}",
        f"<!doctype SVG>{ROOT}",
        "<svg:svg xmlns:svg='http://www.w3.org/2000/svg' width='3' height='4'/>",
        LONG + ROOT,
        f"<?xml version='1.0'?>{LONG}{LONG}<!DOCTYPE svg>{LONG}{ROOT}",
    ],
)
def test_an_svg_is_found_after_anything_that_xml_allows(text):
    for encoding in ("utf-8", "utf-16", "utf-16-le", "utf-16-be"):
        if text.startswith("<") or not encoding.startswith("utf-16-"):
            assert measured(text.encode(encoding)) == ("SVG", 3, 4, 1)


@pytest.mark.parametrize(
    "text",
    [
        "<!doctype html><html><body><svg width='3'/></body></html>",
        "<?xml version='1.0'?><rss><svg/></rss>",
        "<!-- a comment without an end <svg>",
        "<!DOCTYPE html><svg/>",
        "<!ELEMENT svg><svg/>",
        "<svgs/>",
        "<?xml version='1.0'?>",
        "<!-- " + "x" * 70_000 + " --><svg/>",
    ],
)
def test_other_xml_is_not_an_svg(text):
    assert refusal_of(text.encode()).problem == "not-an-image"


# Other formats


@pytest.mark.parametrize(
    ("expected", "data"),
    [
        (("BMP", 40, 30, 1), b"BM" + bytes(12) + struct.pack("<IHH", 12, 40, 30)),
        (("BMP", 40, 30, 1), b"BM" + bytes(12) + struct.pack("<Iii", 40, 40, -30)),
        (("BMP", None, None, 1), b"BM" + bytes(12) + b"(\0\0\0"),
        (("CUR", 32, 32, 1), b"\0\0\2\0\1\0\x20\x20\0\0\1\0"),
        (("PSD", 40, 30, 1), b"8BPS\0\1" + bytes(8) + struct.pack(">II", 30, 40)),
        (("PSD", None, None, 1), b"8BPS\0\1"),
        (("XCF", 40, 30, 1), b"gimp xcf v011\0" + struct.pack(">II", 40, 30)),
        (("QOI", 40, 30, 1), b"qoif" + struct.pack(">II", 40, 30)),
        (("DDS", 40, 30, 1), b"DDS " + bytes(8) + struct.pack("<II", 30, 40)),
        (("MNG", 40, 30, 1), b"\x8aMNG\r\n\x1a\n\0\0\0\x1cMHDR" + struct.pack(">II", 40, 30)),
        (("Sun raster", 40, 30, 1), b"\x59\xa6\x6a\x95" + struct.pack(">II", 40, 30)),
        (("Radiance HDR", 40, 30, 1), b"#?RADIANCE\nFORMAT=32-bit_rle_rgbe\n\n-Y 30 +X 40\n"),
        (("Radiance HDR", None, None, 1), b"#?RADIANCE\n"),
        (
            ("OpenEXR", 40, 30, 1),
            b"\x76\x2f\x31\x01\2\0\0\0displayWindow\0box2i\0\x10\0\0\0" + struct.pack("<4i", 0, 0, 39, 29),
        ),
        (("OpenEXR", None, None, 1), b"\x76\x2f\x31\x01\2\0\0\0"),
        (
            ("JPEG XR", 40, 30, 1),
            tiff([(0xBC80, 4, 1, b"\x28\0\0\0"), (0xBC81, 4, 1, b"\x1e\0\0\0")], mark=b"II\xbc\x01"),
        ),
        (("XPM", 40, 30, 1), b'/* XPM */\nstatic char *x[] = {\n"40 30 2 1",'),
        (("Netpbm", 40, 30, 1), b"P7\nWIDTH 40\nHEIGHT 30\nDEPTH 3\n"),
        (("Netpbm", None, None, 1), b"P6\n#" + b"x" * 5000),
        (("EPS", 40, 30, 1), b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 10 10 50 40\n"),
        (("EPS", None, None, 1), b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: (atend)\n"),
        (("EPS", None, None, 1), b"\xc5\xd0\xd3\xc6"),
        (("EPS", 40, 30, 1), b"\xc5\xd0\xd3\xc6\x20\0\0\0" + bytes(24) + b"%!PS\n%%BoundingBox: 10 10 50 40\n"),
        (("WMF", None, None, 1), b"\xd7\xcd\xc6\x9a"),
        (("FITS", None, None, 1), b"SIMPLE  =                    T"),
        (("FITS", 40, 30, 1), b"SIMPLE  = T".ljust(80) + b"NAXIS1  =    40 /".ljust(80) + b"NAXIS2  =    30 /"),
        (("BLP", 40, 30, 1), b"BLP2" + bytes(8) + struct.pack("<II", 40, 30)),
        (("Netpbm", 40, 30, 1), b"PF\n40 30\n-1.0\n"),
        (("PCX", None, None, 1), b"\n\5\1\x08"),
        (("ICNS", None, None, 1), b"icns\0\0\0\x10TOC \0\0\0\4"),
        (("ICNS", None, None, 1), b"icns\0\0\0\x10" + b"TOC \0\0\0\x08" * 100 + b"ic10\0\0\0\x08"),
        (("PDF", None, None, 1), b"%PDF-1.7\n"),
    ],
)
def test_formats_are_named_and_measured(expected, data):
    assert measured(data) == expected


def test_a_pdf_has_its_own_advice_and_an_image_has_none():
    assert refusal_of(b"%PDF-1.7\n").advice == "Send it as a document block, or render its pages as images."
    assert refusal_of(b"qoif").advice is None


@pytest.mark.parametrize(
    ("data", "media_type"),
    [
        (heif(ispe(4, 3)), "image/heic"),
        (big_tiff(4, 3), "image/tiff"),
        (b"%PDF-1.7", "application/pdf"),
        (b"gimp xcf v011\x00", "image/x-xcf"),
        (b"Y\xa6j\x95", "image/x-sun-raster"),
    ],
)
def test_the_media_type_is_reported(data, media_type):
    assert outcome_of(data).media_type == media_type


# Files that are not images

DOWNLOAD = "Open it in a text editor: it is often an error or login page. Download the image again."
MESSAGE = "Open it in a text editor: it is often an error message of a server. Download the image again."
DECODE = "Decode it with base64.b64decode and save the bytes, or send the text itself as the data of an image block."
UNPACK = "Unpack it first, or scan the archive if it is a zip or tar file."
VIDEO = "Extract frames and send them as images: Claude does not read video."
APPLE_DOUBLE = (
    "Leave the file out: macOS stores the metadata of another file in it, the one with the same name without ._."
)
NO_IMAGE = "Check that this is the right file."


@pytest.mark.parametrize(
    ("data", "name", "advice"),
    [
        (b"<!DOCTYPE html>\n<html><head><title>404</title>", "HTML page", DOWNLOAD),
        (b"\xef\xbb\xbf\n <HTML lang='en'>", "HTML page", DOWNLOAD),
        (b"<!-- saved -->\n<script>", "HTML page", DOWNLOAD),
        (b'<?xml version="1.0"?><!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0//EN">', "HTML page", DOWNLOAD),
        (b'<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>', "XML", DOWNLOAD),
        (json.dumps({"error": {"code": 404}}).encode(), "JSON", MESSAGE),
        (b"[1, 2, 3]", "JSON", MESSAGE),
        (b"  []", "JSON", MESSAGE),
        (base64.b64encode(SAMPLES["png-RGB"]), "base64 text of a PNG", DECODE),
        (base64.encodebytes(SAMPLES["jpeg-RGB"]), "base64 text of a JPEG", DECODE),
        (base64.urlsafe_b64encode(SAMPLES["gif-still"]), "base64 text of a GIF", DECODE),
        (base64.b64encode(SAMPLES["gif-still"])[:30], "base64 text of a GIF", DECODE),
        (base64.b64encode(big_tiff(3, 4)), "base64 text", DECODE),
        (b"data:image/png;base64,iVBORw0KGgo=", "data URL", "Decode the text after 'base64,' and save the bytes."),
        (gzip.compress(SAMPLES["png-RGB"]), "gzip", UNPACK),
        (b"PK\3\4rest", "ZIP archive", UNPACK),
        (b"\0\0\0\x18ftypmp42\0\0\0\0isommp42", "MP4 video", VIDEO),
        (b"\0\0\0\x14ftypqt  \0\0\0\0qt  ", "QuickTime video", VIDEO),
        (b"\0\0\0\x08wide\0\1\2\3mdat", "QuickTime video", VIDEO),
        (b"\x1a\x45\xdf\xa3\1\0\0\0", "WebM or Matroska video", VIDEO),
        (b"RIFF\x24\0\0\0AVI LIST", "AVI video", VIDEO),
        (b"RIFF\x24\0\0\0WAVEfmt ", "WAVE audio", "Leave the file out: Claude does not read audio."),
        (
            b"version https://git-lfs.github.com/spec/v1\noid sha256:0",
            "Git LFS pointer",
            "Run 'git lfs pull' to download the image itself.",
        ),
        (b"\0\5\x16\7\0\2\0\0Mac OS X", "AppleDouble file", APPLE_DOUBLE),
        (b"plain text, and enough of it to fill a line or two", "text", NO_IMAGE),
        ("Grüße, 東京".encode() * 400, "text", NO_IMAGE),
        (b"BMW builds cars, and motorcycles too", "text", NO_IMAGE),
        (b"GIFT of the gab", "text", NO_IMAGE),
        (b"P5 !", "text", NO_IMAGE),
        (b"carefree texts", "text", NO_IMAGE),
        (b"#define x 3", "text", NO_IMAGE),
        (b"words-of-sixteen-characters", "text", NO_IMAGE),
    ],
)
def test_other_files_are_named_with_specific_advice(data, name, advice):
    error = refusal_of(data)
    assert (error.problem, error.format) == ("not-an-image", name)
    assert (error.reason, error.advice) == (f"{name}, not an image", advice)
    assert error.width is error.media_type is None


@pytest.mark.parametrize(
    ("before", "name"),
    [
        (b"\xef\xbb\xbf", "PNG"),
        (b"\n", "JPEG"),
        (b"HTTP/1.1 200 OK\r\nContent-Type: image/gif\r\n\r\n", "GIF"),
        (b"--boundary\r\n\r\n", "WebP"),
    ],
)
def test_data_before_an_image_is_named(before, name):
    images = {"PNG": "png-RGB", "JPEG": "jpeg-RGB", "GIF": "gif-still", "WebP": "webp-lossy"}
    error = refusal_of(before + SAMPLES[images[name]])
    assert (error.problem, error.format) == ("not-an-image", name)
    assert error.reason == f"the {name} begins at byte {len(before)}, after other data"
    assert error.advice == f"Remove the data before the {name}."


@pytest.mark.parametrize(
    "data",
    [
        b"\0" * 500,
        b"RIFT" + bytes(range(30)),
        b"\x89PNx" + bytes(40),
        bytes(range(256)) * 9,
        b"\0\0\2\0\0\0\0\0\0\0\0\0\0\0\x40\0\x18\0",
        b"\0\0\1\0\1\0\x20\x20\0\7",
        b"\xff",
        b"\xff\xd8",
        b"\x89P",
        b"text with \0 inside",
        b"caf\xe9 in Latin-1",
        b"A" * 41 + b"=" + b"A" * 90,
        b"====",
        bytes(range(128, 160)) + SAMPLES["png-RGB"],
    ],
)
def test_other_bytes_are_not_an_image(data):
    error = refusal_of(data)
    assert (error.problem, error.format) in {("not-an-image", None), ("not-an-image", "text")}


def test_a_file_of_zeros_has_specific_advice():
    error = refusal_of(bytes(9000))
    assert error.reason == "the file begins with zero bytes only"
    assert error.advice == "Download or copy the file again: its space was reserved, but the data never arrived."


@pytest.mark.parametrize("name", ["png-RGB", "jpeg-RGB", "gif-still", "webp-lossy"])
def test_an_image_converted_as_text_is_damaged(name):
    data = SAMPLES[name]
    kind = {"png": "PNG", "jpeg": "JPEG", "gif": "GIF", "webp": "WebP"}[name.partition("-")[0]]
    changed = [repr(data).encode()]
    if kind in {"PNG", "JPEG"}:
        changed += [data.decode("latin-1").encode(), data.decode("utf-8", "replace").encode()]
    if kind == "PNG":
        changed += [
            data.replace(b"\r\n", b"\n"),
            data.replace(b"\n", b"\r\n"),
            data.replace(b"\r", b""),
            data.replace(b"\n", b"\r\n").replace(b"\r\r\n", b"\r\n"),
            bytes(byte & 127 for byte in data),
        ]
    for variant in changed:
        error = refusal_of(variant)
        assert (error.problem, error.format) == ("damaged", kind), variant[:20]
        assert error.reason == f"the {kind} was corrupted by a program that treated it as text"
        assert error.advice == "Copy the original again in binary mode: the damage cannot be undone."


# Bounds


def test_formats_are_named_and_measured_with_few_reads():
    reads = []

    def read_at(offset, size):
        reads.append(size)
        return data[offset : offset + size]

    def count(head):
        reads.clear()
        with suppress(HeaderError):
            parse_header(head, read_at)
        return len(reads)

    for data in (heif(ispe(40, 30)), raw_photo(), b"qoif", f"<!-- x -->{ROOT}".encode(), b"text", zlib.compress(b"x")):
        assert count(data[:HEAD_BYTES]) == 0
    data = tiff([(256, 3, 1, b"9\0\0\0"), (257, 3, 1, b"9\0\0\0")], ifd=9_000_000)
    assert count(data[:HEAD_BYTES]) <= 2
    data = heif(ispe(40, 30), box(b"free", bytes(5000)))
    assert count(data[:HEAD_BYTES]) <= 2
    assert sum(reads) < 12_000


@pytest.mark.parametrize(
    ("head", "unit"),
    [
        (ftyp(b"heic"), box(b"free")),
        (ftyp(b"heic"), b"\0\0\0\1free\0\0\0\0\0\0\0\x10"),
        (ftyp(b"heic") + struct.pack(">I4s", 0xFFFFFFFF, b"meta") + bytes(4), box(b"free")),
        (ftyp(b"crx "), box(b"moov")),
        (b"\0\0\0\x0cJXL \r\n\x87\n", box(b"free")),
        (b"II*\0\x08\0\0\0\xff\xff", b"\x4a\1\4\0\xff\xff\xff\xff\x08\0\0\0"),
        (b"II*\0\x08\0\0\0\xff\xff\xfe\0\4\0\1\0\0\0\1\0\0\0", b"\x4a\1\4\0\x08\0\0\0\x08\0\0\0"),
        (b"icns\xff\xff\xff\xff", b"TOC \0\0\0\x08"),
        (b"FUJIFILMCCD-RAW " + bytes(76) + struct.pack(">I", 200) + bytes(104) + b"\xff\xff\xff\xff", b"\0\0\0\0"),
        (b"<!--", b" "),
        (b"<!DOCTYPE svg [", b"<!ENTITY a 'b'>"),
        (b"<svg ", b"width='"),
        (b"", b"QUJD"),
        (b"", b"<!-- --> "),
        (b"P6", b"\n#\n"),
        (b"#define a_width ", b" "),
        (b"{", b" "),
    ],
)
def test_hostile_files_take_a_bounded_number_of_reads(head, unit):
    source = Endless(head, unit)
    with suppress(HeaderError):
        parse_header(source.read_at(0, HEAD_BYTES), source.read_at)
    assert source.reads <= 300
    assert source.total <= 1 << 19


@given(st.data())
def test_changed_files_raise_header_errors_only(data):
    whole = data.draw(
        st.sampled_from([heif(ispe(40, 30), irot(1)), raw_photo(), big_tiff(4, 3), ROOT.encode(), b"8BPS\0\1"])
    )
    changed = bytearray(whole)
    for at, byte in data.draw(st.lists(st.tuples(st.integers(0, len(changed) - 1), st.integers(0, 255)), max_size=8)):
        changed[at] = byte
    cut = data.draw(st.integers(0, len(changed)))
    outcome = outcome_of(bytes(changed[:cut]))
    if isinstance(outcome, HeaderError):
        assert outcome.problem in {"empty", "damaged", "unsupported", "not-an-image"}
        assert outcome.width is outcome.height is None
    else:
        assert 0 < outcome.width < 1 << 31
        assert 0 < outcome.height < 1 << 31
        assert 1 <= outcome.orientation <= 8
