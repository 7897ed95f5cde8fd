"""Images as base64: the same header and verdict as from the decoded bytes, and errors that explain invalid base64."""

from __future__ import annotations

import base64
import io
import random
import struct
import tracemalloc
from functools import cache

import pytest
from conftest import png
from hypothesis import example, given
from hypothesis import strategies as st
from PIL import Image

from imgcost.headers import HEAD_BYTES, Contents, inspect_bytes
from imgcost.payloads import base64_length, encoded_runs, read_payload

GIF = b"GIF89a\x08\0\x06\0\0\0\0,\0\0\0\0\x08\0\x06\0\0\x02\x01\0\0;"
TAIL, WINDOW = 256, 1 << 16
BEGINNINGS = (b"", GIF, png(640, 480), b"\xff\xd8\xff\xe0\0\x10JFIF", b"RIFF", b"%PDF-1.4", b"II*\0")


def encoded(data):
    return base64.b64encode(data).decode()


def comparable(contents):
    """Return contents with the fields of the error, because errors have no value equality."""
    problem = contents.problem
    return contents._replace(problem=problem and (problem.problem, problem.reason, problem.format))


def inspected(data):
    return comparable(inspect_bytes(lambda at, size: data[at : at + size], len(data)))


def problem_of(text):
    payload = read_payload(text)
    assert payload.text_bytes == len(text)
    assert payload.contents is None
    return payload.problem


@cache
def picture(kind, size):
    noise = random.Random(3).randbytes(size[0] * size[1] * 3)
    out = io.BytesIO()
    Image.frombytes("RGB", size, noise).save(out, kind)
    return out.getvalue()


# Compared with the bytes


@given(st.sampled_from(BEGINNINGS), st.binary(max_size=700))
@example(b"", b"")
def test_base64_has_the_same_contents_as_its_bytes(beginning, rest):
    data = beginning + rest
    payload = read_payload(encoded(data))
    assert payload.problem is None
    assert payload.text_bytes == 4 * ((len(data) + 2) // 3)
    assert comparable(payload.contents) == inspected(data)


@pytest.mark.parametrize("beginning", BEGINNINGS)
@pytest.mark.parametrize("size", [HEAD_BYTES, HEAD_BYTES + TAIL, WINDOW, WINDOW + TAIL, 2 * WINDOW, 3 * WINDOW])
def test_sizes_around_those_of_reads(beginning, size):
    noise = random.Random(size).randbytes(size + 4)
    for length in range(size - 4, size + 5):
        data = (beginning + noise)[:length]
        payload = read_payload(encoded(data))
        assert (comparable(payload.contents), payload.problem) == (inspected(data), None)
        assert payload.contents.file_bytes == length


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF"])
def test_complete_and_truncated_images(kind):
    data = picture(kind, (300, 200))
    for left in (*range(len(data) - 9, len(data) + 1), len(data) // 2):
        assert comparable(read_payload(encoded(data[:left])).contents) == inspected(data[:left])
    for trailer in (b"\0" * 1000, b"\1" * 70_000, b"\1" * 70_001):
        contents = read_payload(encoded(data + trailer)).contents
        assert comparable(contents) == inspected(data + trailer)
        assert not contents.truncated


def test_a_distant_frame_header_is_read():
    # The frame header follows long segments, whose lengths make reads begin at any offset modulo 3.
    data = picture("JPEG", (33, 44))
    for length in (60_000, 60_001, 60_002):
        padded = data[:2] + (b"\xff\xfe" + struct.pack(">H", length) + b"\1" * (length - 2)) * 3 + data[2:]
        contents = read_payload(encoded(padded)).contents
        assert (contents.header.width, contents.header.height, contents.truncated) == (33, 44, False)


# Length of base64


@given(st.binary(max_size=100))
def test_the_length_equals_that_of_the_standard_library(data):
    assert base64_length(len(data)) == len(base64.b64encode(data))


@pytest.mark.parametrize(
    ("file_bytes", "base64_bytes"),
    [(0, 0), (1, 4), (2, 4), (3, 4), (4, 8), (7_864_320, 10_485_760), (7_864_321, 10_485_764)],
)
def test_lengths_around_the_limits(file_bytes, base64_bytes):
    assert base64_length(file_bytes) == base64_bytes


def test_the_length_equals_that_in_an_error_of_the_api():
    # "image exceeds 10 MB maximum: 23045044 bytes > 10485760 bytes", about a PNG of 17.28 MB.
    assert base64_length(17_283_781) == 23_045_044


# Text that is not base64


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("data:image/png;base64,iVBORw0KGgo=", "it is a data URL; send only the text after 'base64,'"),
        ("DATA:,", "it is a data URL; send only the text after 'base64,'"),
        ("\n data:image/png;base64,iVBORw0KGgo=", "it is a data URL; send only the text after 'base64,'"),
        ("R0lG-Dlh", "invalid character '-'"),
        ("R0lG_Dlh", "invalid character '_'"),
        ("R0lG*Dlh", "invalid character '*'"),
        ("R0lG\u00e9lh=", "invalid character '\\xe9'"),
        ("R0lG\u041elhA", "invalid character '\\u041e'"),  # a Cyrillic O
        ("R0lG\U0001f600lhA", "invalid character '\\U0001f600'"),
        ("R0lG\0Dlh", "invalid character '\\x00'"),
        ("R0lGODlhA", "its length, 9, is not a multiple of 4; it is truncated or its padding is missing"),
        ("R0lGODlhAA", "its length, 10, is not a multiple of 4; it is truncated or its padding is missing"),
        ("R0lGODlhAAA", "its length, 11, is not a multiple of 4; it is truncated or its padding is missing"),
        ("R0lGODlhAA=", "its length, 11, is not a multiple of 4; it is truncated or its padding is missing"),
        ("R0lGODlhA===", "invalid padding"),
        ("====", "invalid padding"),
        ("R0lGODlh====", "invalid padding"),
        ("R0lG====ODlh", "invalid character '='"),
        ("<html><body>404 Not Found</body></html>!", "invalid character '<'"),
        ("b'R0lGODlh'", 'invalid character "\'"'),
    ],
)
def test_invalid_base64_is_explained(text, problem):
    assert problem_of(text) == problem


def test_characters_of_the_url_safe_alphabet_are_detected_in_a_long_text():
    text = encoded(b"\xff\xd8\xff" + b"\xfb\xef\xbe" * 5000)
    assert problem_of(text.replace("+", "-").replace("/", "_")) == "invalid character '_'"


@given(st.text(alphabet=st.characters(codec=None, exclude_categories=()), max_size=60))
def test_any_text_gives_contents_or_a_problem(text):
    payload = read_payload(text)
    assert (payload.contents is None) == (payload.problem is not None)
    assert payload.text_bytes == len(text)


@given(st.sampled_from(["PNG", "GIF", "JPEG"]), st.integers(0, 10**9), st.text(max_size=3), st.integers(0, 3))
def test_changed_base64_gives_contents_or_a_problem(kind, position, characters, cut):
    # Invalid base64 in the middle of a long text may not be detected.
    whole = encoded(picture(kind, (200, 150)))
    text = whole[: len(whole) - cut]
    position %= len(text)
    payload = read_payload(text[:position] + characters + text[position + len(characters) :])
    assert (payload.contents is None) == (payload.problem is not None)


def test_an_invalid_character_found_while_searching_the_end_is_a_problem():
    text = encoded(picture("JPEG", (600, 400))[:90_000])
    assert read_payload(text).contents.truncated
    assert problem_of(text[:60_001] + "*" + text[60_002:]) == "invalid character '*'"
    assert problem_of(text[:60_000] + "\n\n\n\n" + text[60_004:]) == "invalid character '\\n'"
    assert problem_of(text[:60_000] + "QQ==" + text[60_004:]) == "invalid character '='"


# Line breaks


@pytest.mark.parametrize("size", [1, 56, 57, 58, 4096, 5000, 100_000])
def test_line_breaks_as_in_mime_are_ignored(size):
    data = (png(640, 480) + random.Random(4).randbytes(size))[:size]
    for text in (base64.encodebytes(data).decode(), base64.encodebytes(data).decode().replace("\n", "\r\n")):
        payload = read_payload(text)
        assert (payload.problem, payload.text_bytes) == (None, len(text))
        assert comparable(payload.contents) == inspected(data)


def test_surrounding_white_space_is_ignored():
    text = encoded(GIF)
    assert read_payload(f" \n{text}\t\n").contents.header == inspected(GIF).header


def test_empty_text_is_an_empty_image():
    for text in ("", "\n", "   "):
        payload = read_payload(text)
        assert (payload.text_bytes, payload.problem) == (len(text), None)
        assert (payload.contents.file_bytes, payload.contents.problem.problem) == (0, "empty")


# Memory


def test_a_long_text_is_not_copied():
    text = encoded(png(8, 8)[:42]) + "QUFB" * 75_000_000  # 300 MB
    tracemalloc.start()
    try:
        payload = read_payload(text)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert isinstance(payload.contents, Contents)
    assert peak < 2_000_000


# Base64 inside text

NOISE = encoded(random.Random(5).randbytes(6000))
URL = "data:image/png;base64,"


def runs(text):
    return [text[begin:end] for begin, end in encoded_runs(text)]


@pytest.mark.parametrize("length", [512, 513, 767, 768, 8000])
@pytest.mark.parametrize("before", ["", "x ", '{"data": "', "y" * 255 + " ", "z " * 500])
def test_a_run_is_found_completely(length, before):
    for after in ("", '"}', " and more. " * 90):
        assert runs(before + NOISE[:length] + after) == [NOISE[:length]]


@pytest.mark.parametrize("length", [64, 65, 300, 8000])
def test_a_shorter_run_is_found_in_a_data_url(length):
    assert runs(f"Look: {URL}{NOISE[:length]} there") == [NOISE[:length]]
    assert runs(f"Look: {URL}{NOISE[:63]} there") == []


def test_several_runs_are_found_in_order():
    text = f"{URL}{NOISE[:700]} and {NOISE[:900]}, {URL}{NOISE[:100]}" + " word" * 200
    assert runs(text) == [NOISE[:700], NOISE[:900], NOISE[:100]]


def test_a_run_can_have_line_breaks_and_zeros():
    lines = "\n".join(NOISE[at : at + 76] for at in range(0, len(NOISE), 76))
    assert runs(f"begin {lines} end") == [lines]
    zeros = "iVBORw0KGgo" + "A" * 5000 + NOISE[:600]
    assert runs(f'"{zeros}"') == [zeros]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "The quick brown fox jumps over the lazy dog. " * 100,
        "a" * 5000,
        "0123456789" * 500,
        "0123456789abcdef" * 500,
        "src/Foo1/Bar2\n" * 500,
        "ACGT" * 2000,
        NOISE[:200],
        (NOISE[:200] + " ") * 50,
        ";base64,",
        ";base64," * 100,
    ],
)
def test_prose_numbers_and_short_runs_are_not_base64(text):
    assert runs(text) == []


def test_long_texts_are_searched_in_linear_time():
    # A search from each window to the end of the text, or to a data URL far away, would take minutes.
    for text in ("word " * 2_000_000, f"{URL}AAAA " * 300_000, "a" * 10_000_000, f"{URL} " + "w " * 5_000_000):
        assert runs(text) == []
    assert len(runs(NOISE * 1000)) == 1
