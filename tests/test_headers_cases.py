"""Files that people reported to image libraries, each rebuilt by hand: type, size and verdict."""

from __future__ import annotations

import base64
import gzip
import io
import struct
import zlib

import pytest
from PIL import Image, features
from test_headers import chunk, exif_of, gif, gif_frame, riff, segment, vp8, vp8l, vp8x

from imgcost.headers import inspect_bytes

JPEG, PNG, GIF, WEBP = "image/jpeg", "image/png", "image/gif", "image/webp"


def saved(kind, size, color="teal", mode="RGB", **options):
    out = io.BytesIO()
    Image.new(mode, size, color).save(out, kind, **options)
    return out.getvalue()


def picture(width=64, height=48):
    return Image.merge(
        "RGB", [Image.linear_gradient("L").rotate(turn).resize((width, height)) for turn in (0, 90, 180)]
    )


def encode(kind, size=(64, 48), **options):
    out = io.BytesIO()
    picture(*size).save(out, kind, **options)
    return out.getvalue()


# JPEG

PHOTO = encode("JPEG")
EXIF = segment(0xE1, exif_of(6))
SOF, SOS = PHOTO.index(b"\xff\xc0"), PHOTO.index(b"\xff\xda")
DQT = PHOTO.index(b"\xff\xdb")
THUMBNAIL = segment(0xE1, exif_of(6) + encode("JPEG", (16, 12)))
VIDEO = struct.pack(">I4s", 24, b"ftyp") + b"mp42" + bytes(12) + b"\xff\x01\x02" * 3000


def spliced(at, more, data=PHOTO):
    return data[:at] + more + data[at:]


def with_frame(marker, precision=8, components=3):
    """Return the photo with another frame header."""
    parts = b"".join(bytes([number + 1, 0x11, 0]) for number in range(components))
    body = struct.pack(">BHHB", precision, 48, 64, components) + parts
    end = SOF + 2 + int.from_bytes(PHOTO[SOF + 2 : SOF + 4], "big")
    return PHOTO[:SOF] + segment(marker, body) + PHOTO[end:]


def filled(data):
    """Insert seven fill bytes before every marker up to the image data."""
    out, at = b"\xff\xd8", 2
    while True:
        size = int.from_bytes(data[at + 2 : at + 4], "big")
        if data[at + 1] == 0xDA:
            return out + b"\xff" * 7 + data[at:]
        out += b"\xff" * 7 + data[at : at + 2 + size]
        at += 2 + size


JPEGS = {
    "Exif": (spliced(2, EXIF), "ok", 6),
    "XMP before Exif": (spliced(2, segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + b" " * 2000) + EXIF), "ok", 6),
    "JFIF before Exif": (spliced(DQT, segment(0xE1, exif_of(8))), "ok", 8),
    "fill bytes before every marker": (filled(PHOTO), "ok"),
    "5,000 fill bytes": (spliced(DQT, b"\xff" * 5000), "ok"),
    "a comment of one byte": (spliced(DQT, b"\xff\xfe\0\3x"), "ok"),
    "Huffman tables before the frame header": (PHOTO[:SOF] + PHOTO[PHOTO.index(b"\xff\xc4") : SOS] + PHOTO[SOF:], "ok"),
    "a motion photo": (PHOTO + VIDEO, "ok"),
    "3 zero bytes after the end": (PHOTO + bytes(3), "ok"),
    "FF bytes after the end": (PHOTO + b"\xff" * 700, "ok"),
    "without its end marker": (PHOTO[:-2], "truncated"),
    "half of the file": (PHOTO[: (SOS + len(PHOTO)) // 2], "truncated"),
    "height left to a DNL marker": (
        PHOTO[: SOF + 5] + b"\0\0" + PHOTO[SOF + 7 :],
        "unreadable: the JPEG has an impossible size: 64x0 px",
    ),
    "lossless": (with_frame(0xC3), "ok, but unusual: browsers and older libraries do not support lossless JPEG"),
    "lossless of 16 bits": (with_frame(0xC3, 16), "undecodable: it has 16 bits per sample; decoders read 8"),
    "12 bits": (with_frame(0xC1, 12), "undecodable: it has 12 bits per sample; decoders read 8"),
    "12 bits, progressive": (with_frame(0xC2, 12), "undecodable: it has 12 bits per sample; decoders read 8"),
    "arithmetic coding": (
        with_frame(0xC9),
        "ok, but unusual: browsers and older libraries do not support arithmetic-coded JPEG",
    ),
    "arithmetic coding, progressive": (
        with_frame(0xCA),
        "ok, but unusual: browsers and older libraries do not support arithmetic-coded JPEG",
    ),
    "arithmetic coding, lossless": (
        with_frame(0xCB),
        "undecodable: common decoders support neither hierarchical nor arithmetic-coded lossless JPEG",
    ),
    "hierarchical": (
        with_frame(0xC5),
        "undecodable: common decoders support neither hierarchical nor arithmetic-coded lossless JPEG",
    ),
    "2 components": (with_frame(0xC0, components=2), "undecodable: it has 2 color components; decoders read 1, 3 or 4"),
    "5 components": (with_frame(0xC0, components=5), "undecodable: it has 5 color components; decoders read 1, 3 or 4"),
    "1 component": (saved("JPEG", (64, 48), 9, "L"), "ok"),
    "4 components": (saved("JPEG", (64, 48), None, "CMYK"), "ok"),
    "a number of components that contradicts the length": (
        PHOTO[: SOF + 9] + b"\1" + PHOTO[SOF + 10 :],
        "undecodable: the length of its frame header contradicts the number of components",
    ),
    "truncated in its frame header": (PHOTO[: SOF + 13], "truncated"),
    "a sampling factor of 0": (
        PHOTO[: SOF + 11] + b"\0" + PHOTO[SOF + 12 :],
        "undecodable: its frame header has a sampling factor outside 1 to 4",
    ),
    "a sampling factor of 5": (
        PHOTO[: SOF + 11] + b"\x15" + PHOTO[SOF + 12 :],
        "undecodable: its frame header has a sampling factor outside 1 to 4",
    ),
    "a thumbnail": (spliced(2, THUMBNAIL), "ok", 6),
    "a thumbnail, truncated": (spliced(2, THUMBNAIL)[:-400], "truncated", 6),
    "the second picture of an MPO is missing": (spliced(2, segment(0xE2, b"MPF\0II*\0\x08\0\0\0" + bytes(90))), "ok"),
    "a line feed first": (b"\n" + PHOTO, "unreadable: the JPEG begins at byte 1, after other data"),
    "progressive": (encode("JPEG", progressive=True), "ok"),
    "restart markers": (encode("JPEG", restart_marker_blocks=1), "ok"),
    "a segment longer than its length": (spliced(2, segment(0xE1, b"Exif\0\0MM\0*") + b"\0\0\0\x08\0\0" * 5), "ok"),
    "an end marker and a second start": (
        b"\xff\xd8\xff\xd9" + PHOTO,
        "unreadable: the JPEG has image data or an end marker before its frame header",
    ),
    "a profile in three segments": (encode("JPEG", icc_profile=b"p" * 140_000), "ok"),
    "no application segment": (PHOTO[:2] + PHOTO[DQT:], "ok"),
    "zero bytes before the first marker": (
        spliced(2, bytes(4)),
        "unreadable: the data does not start like any known image format",
    ),
    "no image data": (PHOTO[:SOS] + b"\xff\xd9", "truncated"),
    "no image data, and data after the end": (PHOTO[:SOS] + b"\xff\xd9" + PHOTO, "truncated"),
}

# PNG

DRAWING = encode("PNG", (30, 20))
IDAT = DRAWING.index(b"IDAT") - 4
END = DRAWING[-12:]
FCTL = struct.pack(">IIIIHHBB", 30, 20, 0, 0, 1, 10, 0, 0)


def animation(frames, *, control=True):
    frame = chunk(b"fcTL", struct.pack(">I", 0) + FCTL)
    rest = b"".join(
        chunk(b"fcTL", struct.pack(">I", 2 * number - 1) + FCTL)
        + chunk(b"fdAT", struct.pack(">I", 2 * number) + DRAWING[IDAT + 8 : -16])
        for number in range(1, frames)
    )
    start = spliced(33, chunk(b"acTL", struct.pack(">II", frames, 0)) + frame * control, DRAWING)
    return start[:-12] + rest * control + END


def ihdr(**changes):
    """Build the drawing with a changed header and a valid checksum."""
    fields = {
        "width": 30,
        "height": 20,
        "depth": 8,
        "color": 2,
        "compression": 0,
        "filter": 0,
        "interlace": 0,
    } | changes
    return DRAWING[:8] + chunk(b"IHDR", struct.pack(">IIBBBBB", *fields.values())) + DRAWING[33:]


def raw_profile(kind, exif, compressed=True):
    digits = exif.hex()
    lines = "\n".join(digits[at : at + 72] for at in range(0, len(digits), 72))
    text = f"\n{kind}\n{len(exif):8}\n{lines}\n".encode()
    keyword = f"Raw profile type {kind}".encode() + b"\0"
    return chunk(b"zTXt", keyword + b"\0" + zlib.compress(text)) if compressed else chunk(b"tEXt", keyword + text)


TURNED = exif_of(6)
SMALL = encode("PNG", (9, 9))
PNGS = {
    "without its end": (DRAWING[:-12], "truncated"),
    "half of the last chunk": (DRAWING[:-6], "truncated"),
    "zeros after the end": (DRAWING + bytes(5000), "ok"),
    "an end with a wrong checksum": (DRAWING[:-4] + bytes(4), "ok"),
    "a header with a wrong checksum": (
        DRAWING[:29] + b"\0\0\0\1" + DRAWING[33:],
        "undecodable: the checksum of its header is wrong",
    ),
    "a header with a wrong checksum, truncated": (
        DRAWING[:29] + b"\0\0\0\1" + DRAWING[33:-12],
        "undecodable: the checksum of its header is wrong",
    ),
    "image data with a wrong checksum": (
        DRAWING[:-16] + b"\0\0\0\1" + END,
        "ok, but unusual: the checksum of its image data is wrong; libpng rejects it",
    ),
    "a depth of 99": (
        ihdr(depth=99),
        "unreadable: the PNG has an invalid header: bit depth 99, color type 2, compression 0, filter 0, interlace 0",
    ),
    "a depth that is invalid for the color type": (
        ihdr(depth=4),
        "unreadable: the PNG has an invalid header: bit depth 4, color type 2, compression 0, filter 0, interlace 0",
    ),
    "an unknown compression": (
        ihdr(compression=1),
        "unreadable: the PNG has an invalid header: bit depth 8, color type 2, compression 1, filter 0, interlace 0",
    ),
    "an unknown filter": (
        ihdr(filter=1),
        "unreadable: the PNG has an invalid header: bit depth 8, color type 2, compression 0, filter 1, interlace 0",
    ),
    "an unknown interlace method": (
        ihdr(interlace=2),
        "unreadable: the PNG has an invalid header: bit depth 8, color type 2, compression 0, filter 0, interlace 2",
    ),
    "interlaced": (ihdr(interlace=1), "ok"),
    "four zeros as image data": (
        DRAWING[:33] + chunk(b"IDAT", bytes(4)) + END,
        "undecodable: its image data is not compressed as PNG requires",
    ),
    "an empty chunk of image data first": (spliced(33, chunk(b"IDAT"), DRAWING), "ok"),
    "an animation of one frame": (animation(1), "ok"),
    "an animation of two frames": (animation(2), "ok", 1, True),
    "an animation without frames": (animation(2, control=False), "ok"),
    "two animation headers": (spliced(33, chunk(b"acTL", bytes(3) + b"\2" + bytes(4)), animation(2)), "ok"),
    "an animation of too many frames": (spliced(33, chunk(b"acTL", b"\xff" * 8), DRAWING), "ok"),
    "Exif": (spliced(33, chunk(b"eXIf", TURNED[6:]), DRAWING), "ok", 6),
    "Exif after the image data": (DRAWING[:-12] + chunk(b"eXIf", TURNED[6:]) + END, "ok"),
    "Exif in a raw profile": (spliced(33, raw_profile("exif", TURNED), DRAWING), "ok", 6),
    "Exif in a raw profile without compression": (
        spliced(33, raw_profile("APP1", TURNED, compressed=False), DRAWING),
        "ok",
        6,
    ),
    "Exif and a raw profile": (
        spliced(33, raw_profile("exif", exif_of(3)) + chunk(b"eXIf", TURNED[6:]), DRAWING),
        *("ok", 6),
    ),
    "a raw profile of something else": (spliced(33, raw_profile("iptc", TURNED), DRAWING), "ok"),
    "an invalid raw profile": (spliced(33, chunk(b"zTXt", b"Raw profile type exif\0\0junk"), DRAWING), "ok"),
    "a raw profile without digits": (
        spliced(33, chunk(b"tEXt", b"Raw profile type exif\0\nexif\n9\nxyz"), DRAWING),
        "ok",
    ),
    "no image data": (DRAWING[:33] + END, "unreadable: the PNG has no image data"),
    "no image data, and data after the end": (
        DRAWING[:33] + END + DRAWING,
        "unreadable: the PNG has no image data",
    ),
    "no image data and much text": (
        DRAWING[:33] + chunk(b"tEXt", b"c\0" + b"x" * 9000) + END,
        "unreadable: the PNG has no image data",
    ),
    "line ends changed": (
        DRAWING.replace(b"\r\n", b"\n"),
        "unreadable: the PNG was corrupted by a program that treated it as text",
    ),
    "11 bytes": (DRAWING[:11], "unreadable: the PNG ends inside its IHDR chunk"),
    "base64 text": (base64.b64encode(DRAWING), "unreadable: base64 text of a PNG, not an image"),
    "a data URL": (b"data:image/png;base64," + base64.b64encode(DRAWING), "unreadable: data URL, not an image"),
    "16 bits per sample": (saved("PNG", (30, 20), 9, "I;16"), "ok"),
    "a byte order mark first": (b"\xef\xbb\xbf" + DRAWING, "unreadable: the PNG begins at byte 3, after other data"),
    "5,000 bytes of text": (spliced(33, chunk(b"tEXt", b"c\0" + b"x" * 5000), DRAWING), "ok"),
    "a PNG inside, truncated after it": (
        spliced(33, chunk(b"prVw", SMALL + b"x" * 99), DRAWING)[: 41 + len(SMALL)],
        "truncated",
    ),
    "a PNG inside after the image data, truncated": (
        (DRAWING[:-12] + chunk(b"prVw", SMALL + b"x" * 99))[: len(DRAWING) - 4 + len(SMALL)],
        "truncated",
    ),
    "a PNG inside": (spliced(33, chunk(b"prVw", SMALL), DRAWING), "ok"),
    "gzip": (gzip.compress(DRAWING), "unreadable: gzip, not an image"),
    "zeros instead of the rest": ((DRAWING[:-30] + bytes(3000)), "truncated"),
    "changed by a text codec": (
        DRAWING.decode("utf-8", "replace").encode(),
        "unreadable: the PNG was corrupted by a program that treated it as text",
    ),
}

# GIF

STILL = encode("GIF", (30, 20))
GIFS = {
    "a canvas larger than its frame": (gif(gif_frame(40, 30), width=30, height=20), "ok", (40, 30)),
    "a frame smaller than the canvas": (gif(gif_frame(4, 3), width=30, height=20), "ok"),
    "a last frame of one pixel": (gif(gif_frame(30, 20), gif_frame(1, 1), width=30, height=20), "ok", 1, True),
    "without its trailer": (STILL[:-1], "ok, but unusual: its trailer is missing"),
    "zero bytes between blocks": (
        gif(gif_frame(30, 20), bytes(9), gif_frame(30, 20), width=30, height=20),
        "ok",
        1,
        True,
    ),
    "54 bytes after the trailer": (STILL + b"\1" * 54, "ok"),
    "a comment after the trailer": (STILL + b"!\xfe\x09whirlgif \0", "ok"),
    "an archive after the trailer": (STILL + b"PK\3\4" + bytes(range(256)) * 20, "ok"),
    "the end of a message after the trailer": (STILL + b"\r\n--boundary--\r\n", "ok"),
    "no frame": (
        gif(width=30, height=20),
        "unreadable: the GIF ends before its first frame, or has too much data before it",
    ),
    "truncated in a frame": (STILL[:-40], "truncated"),
    "two files": (STILL + STILL, "ok"),
    "zeros instead of the rest": (STILL[:-40] + bytes(3000), "truncated"),
    "a cut that ends with a trailer": (STILL[:-40] + b";", "truncated"),
    "a cut inside a descriptor": (STILL[:-1] + b",\0\0\0", "truncated", 1, True),
    "a cut inside a palette": (
        gif(gif_frame(30, 20), gif_frame(9, 9, table=8)[:300], width=30, height=20)[:-1],
        *("truncated", 1, True),
    ),
    "no empty block before the trailer": (STILL[:-2] + b";", "ok"),
}

# WebP

WEB = riff(vp8(64, 48))
SIZED = {"width": 64, "height": 48}
EXIF_CHUNK = (b"EXIF", TURNED[6:])
ANMF = (b"ANMF", bytes(24))


def vp8_frame(tag):
    return (b"VP8 ", tag + vp8(64, 48)[1][3:])


WEBPS = {
    "a canvas of 200x1": (riff(vp8x(0, 200, 1), vp8l(200, 1)), "ok", (200, 1)),
    "lossless of 34 bytes": (riff(vp8l(64, 48)), "ok"),
    "scaling bits": (riff(vp8(64 | 1 << 14, 48 | 2 << 14)), "ok"),
    "RIFF longer than the file": (WEB[:4] + struct.pack("<I", len(WEB) + 492) + WEB[8:], "truncated"),
    "bytes after RIFF": (WEB + bytes(400), "ok"),
    "RIFF of 0 bytes": (
        WEB[:4] + bytes(4) + WEB[8:],
        "undecodable: its RIFF header says 0 bytes, but its first chunk alone is longer",
    ),
    "RIFF shorter than its first chunk": (
        WEB[:4] + struct.pack("<I", 20) + WEB[8:],
        "undecodable: its RIFF header says 20 bytes, but its first chunk alone is longer",
    ),
    "two frames": (riff(vp8x(2, 64, 48), (b"ANIM", bytes(6)), ANMF, ANMF), "ok", 1, True),
    "Exif without its flag": (riff(vp8x(0, 64, 48), vp8(64, 48), EXIF_CHUNK), "ok", 6),
    "Exif after an animation": (riff(vp8x(0x0A, 64, 48), ANMF, ANMF, EXIF_CHUNK), "ok", 6, True),
    "cut": (WEB[:-1], "truncated"),
    "only the frame of an animation": (riff(vp8x(2, 64, 48), (b"ANIM", bytes(6))), "undecodable: it has no image data"),
    "no picture": (riff(vp8x(0, 64, 48), (b"ICCP", bytes(90))), "undecodable: it has no image data"),
    "frames without their flag": (riff(vp8x(0, 64, 48), ANMF, ANMF), "undecodable: it has no image data"),
    "an animation with a still picture": (
        riff(vp8x(2, 64, 48), vp8(64, 48)),
        "undecodable: its header announces an animation, but a still image follows",
    ),
    "a picture of another size": (
        riff(vp8x(0, 64, 48), vp8(63, 48)),
        "undecodable: its image data has a different size than its header says",
    ),
    "a lossless picture of another size": (
        riff(vp8x(0, 64, 48), vp8l(64, 47)),
        "undecodable: its image data has a different size than its header says",
    ),
    "a picture that is too short": (
        riff(vp8x(0, 64, 48), (b"VP8 ", b"\x10\0\0")),
        "undecodable: its image data has a different size than its header says",
    ),
    "a picture longer than RIFF": (
        riff(vp8x(0, 64, 48), vp8(64, 48))[:34] + b"\xff" + riff(vp8(64, 48))[17:],
        "undecodable: its image data is longer than the RIFF header says",
    ),
    "a picture and transparency": (riff(vp8x(0x10, 64, 48), (b"ALPH", b"\0" * 5), vp8(64, 48)), "ok"),
    "a hidden frame": (riff(vp8_frame(b"\0\0\0")), "undecodable: its VP8 frame is marked as hidden"),
    "an unknown version": (riff(vp8_frame(b"\x18\0\0")), "undecodable: its VP8 frame has an unknown version"),
    "a first part longer than the frame": (
        riff(vp8_frame(b"\x10\xff\0")),
        "undecodable: the first part of its VP8 frame is longer than the frame",
    ),
    "WAVE audio": (b"RIFF\x24\0\0\0WAVEfmt " + bytes(28), "unreadable: WAVE audio, not an image"),
}

OTHERS = {
    "HEIC": (b"\0\0\0\x20ftypheic\0\0\0\0mif1heicmiafMiHB", "unsupported: HEIC"),
    "HEIF of a camera": (b"\0\0\0\x20ftypmif1\0\0\0\0mif1heicmiafMiHB", "unsupported: HEIC"),
    "AVIF of another brand": (b"\0\0\0\x1cftypmiaf\0\0\0\0miafavif", "unsupported: AVIF"),
    "JPEG XL": (b"\0\0\0\x0cJXL \r\n\x87\n\0\0\0\x14ftypjxl \0\0\0\0jxl ", "unsupported: JPEG XL"),
    "PDF": (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3", "unsupported: PDF"),
    "an icon": (saved("ICO", (16, 16)), "ok", ("image/vnd.microsoft.icon", 16, 16, 1, False)),
    "SVG after a byte order mark": (b"\xef\xbb\xbf<svg xmlns='http://www.w3.org/2000/svg'/>", "unsupported: SVG"),
    "SVG with entities": (b"<!DOCTYPE svg [<!ENTITY a 'b'>]><svg/>", "unsupported: SVG"),
    "SVG after a long comment": (b"<!--" + b"x" * 5600 + b"--><svg width='3'/>", "unsupported: SVG"),
    "SVG in UTF-16": ("<svg width='3'/>".encode("utf-16"), "unsupported: SVG"),
}


def verdict(contents):
    if contents.problem:
        named = contents.problem.problem == "unsupported"
        return f"unsupported: {contents.problem.format}" if named else f"unreadable: {contents.problem}"
    if contents.undecodable:
        return f"undecodable: {contents.undecodable}"
    if contents.truncated:
        return "truncated"
    return f"ok, but unusual: {contents.unusual}" if contents.unusual else "ok"


def rows():
    for cases, media_type, usual in (
        (JPEGS, JPEG, (64, 48)),
        (PNGS, PNG, (30, 20)),
        (GIFS, GIF, (30, 20)),
        (WEBPS, WEBP, (64, 48)),
    ):
        for name, (data, expected, *more) in cases.items():
            size = more.pop(0) if more and isinstance(more[0], tuple) else usual
            orientation, animated = (*more, *(1, False)[len(more) :])
            yield pytest.param(
                data, expected, (media_type, *size, orientation, animated), id=f"{media_type[6:]}: {name}"
            )
    for name, (data, expected, *header) in OTHERS.items():
        yield pytest.param(data, expected, header[0] if header else None, id=name)


@pytest.mark.parametrize(("data", "expected", "header"), [*rows()])
def test_each_case_has_its_verdict(data, expected, header):
    contents = inspect_bytes(lambda offset, size: data[offset : offset + size], len(data))
    assert verdict(contents) == expected
    if contents.header:
        assert contents.header == header
    else:
        assert expected.startswith("un")


@pytest.mark.parametrize("cases", [JPEGS, PNGS, GIFS], ids=["JPEG", "PNG", "GIF"])
def test_a_file_that_pillow_decodes_completely_is_not_reported(cases):
    for name, (data, expected, *_) in cases.items():
        try:
            with Image.open(io.BytesIO(data)) as image:
                image.load()
        except Exception:  # noqa: BLE001 - any exception is a rejection
            continue
        # Only Pillow accepts these; libpng and libjpeg reject them. Only the first frame of a GIF is loaded.
        lenient = {
            *("without its end", "half of the last chunk", "an end marker and a second start"),
            *("an unknown compression", "an unknown filter", "an unknown interlace method"),
            *("a cut inside a descriptor", "a cut inside a palette"),
        }
        assert expected.startswith("ok") or name in lenient, name


@pytest.mark.skipif(not features.check("webp"), reason="this Pillow has no WebP")
@pytest.mark.parametrize("options", [{}, {"lossless": True}, {"exif": TURNED}, {"save_all": True}])
def test_images_written_by_libwebp_are_ok(options):
    data = encode("WEBP", **options)
    contents = inspect_bytes(lambda offset, size: data[offset : offset + size], len(data))
    assert verdict(contents) == "ok"
