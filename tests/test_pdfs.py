"""PDFs read without a library: detection, the number of pages if it is certain, and their tokens."""

from __future__ import annotations

import io
import random
import sys
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pictures import pdf
from PIL import Image
from pypdf import PdfWriter

from imgcost.pdfs import Outline, TokenRange, is_pdf, outlines, page_tokens, read_pdf, token_range
from imgcost.pdfs.outlines import is_encrypted, read_outline
from imgcost.tables import find_model

SONNET = find_model("claude-sonnet-5")
LETTER, A4 = (612.0, 792.0), (595.0, 842.0)


def raw(*objects, trailer="<< /Root 1 0 R >>"):
    """Build a PDF of the given objects, without a cross-reference table."""
    body = "".join(f"{number} 0 obj\n{text}\nendobj\n" for number, text in objects)
    return f"%PDF-1.7\n{body}trailer\n{trailer}\nstartxref\n0\n%%EOF".encode()


def tree(pages, *, count=None, box="[0 0 612 792]"):
    """Return a catalog, a list of pages, and the pages."""
    kids = " ".join(f"{number + 3} 0 R" for number in range(pages))
    nodes = [(number + 3, f"<< /Type /Page /Parent 2 0 R /MediaBox {box} >>") for number in range(pages)]
    root = f"<< /Type /Pages /Kids [{kids}] /Count {pages if count is None else count} >>"
    return [(1, "<< /Type /Catalog /Pages 2 0 R >>"), (2, root), *nodes]


def packed(objects, *, head="", filter_name="/FlateDecode", first=None, data=None):
    """Build a PDF with objects in a compressed stream."""
    numbers, text = [], ""
    for number, content in objects:
        numbers.append(f"{number} {len(text)}")
        text += content + " "
    table = " ".join(numbers) + " "
    stream = zlib.compress((table + text).encode()) if data is None else data
    first = len(table) if first is None else first
    start = (
        f"%PDF-1.7\n9 0 obj\n<< /Type /ObjStm /N {len(objects)} /First {first} /Filter {filter_name} {head}>>\nstream\n"
    )
    return start.encode() + stream + b"\nendstream\nendobj\nstartxref\n0\n%%EOF"


# Pages


@pytest.mark.parametrize("pages", [1, 2, 99, 1500])
def test_pages_written_by_pypdf(pages):
    assert read_outline(pdf(pages)) == Outline(pages, (LETTER,))
    assert read_pdf(pdf(pages)) == Outline(pages, (LETTER,))


def test_pages_written_by_pillow():
    out = io.BytesIO()
    Image.new("RGB", (100, 80)).save(out, "PDF", save_all=True, append_images=[Image.new("RGB", (50, 70))])
    assert read_outline(out.getvalue()) == Outline(2, ((100.0, 80.0), (50.0, 70.0)))


def test_pages_in_compressed_objects():
    assert read_outline(packed(tree(7))) == Outline(7, (LETTER,))
    assert read_outline(packed(tree(3)).replace(b"stream\n", b"stream\r\n", 1)) == Outline(3, (LETTER,))


@pytest.mark.parametrize("level", [0, 1, 5])
def test_trees_of_several_levels(level):
    nodes = [(1, "<< /Type/Catalog/Pages 2 0 R>>"), (2, f"<</Type/Pages/Kids[3 0 R]/Count {level}>>")]
    nodes.append((3, f"<</Type/Pages/Parent 2 0 R/Count {level}/Kids[]>>"))
    nodes += [(number + 4, "<</Type/Page/Parent 3 0 R>>") for number in range(level)]
    assert read_outline(raw(*nodes)).pages == (level or None)


def test_a_later_revision_replaces_objects():
    first = raw(*tree(2))
    assert read_outline(first + raw(*tree(3))) == Outline(3, (LETTER,))


@pytest.mark.parametrize(
    "data",
    [
        raw(*tree(3, count=4)),
        raw(*tree(3, count=10**8)),
        raw(*tree(3)[:2]),
        raw(*tree(3)[2:]),
        raw(*tree(2), (90, "<< /Type /Pages /Count 2 >>")),
        raw(*tree(2)).replace(b"/Count 2", b"/Count X"),
        raw(*tree(2)).replace(b"endobj", b"end"),
        raw(*tree(2)).replace(b" 0 obj", b" obj"),
        packed(tree(2), filter_name="/LZWDecode"),
        packed(tree(2), data=b"not compressed"),
        packed(tree(2), first=0),
        packed(tree(2), first=5),
        packed(tree(2)).replace(b"/First", b"/Last"),
        packed([("x", "<< /Type /Page >>")]),
        packed(tree(2), data=zlib.compress(b"1 90 2 0 3 60 " + b"<< /Type /Page >>" * 9), first=14),
        b"%PDF-1.7",
        b"%PDF-1.7 /Type /Page",
        b"%PDF-1.7 /Page /Pages /PageLabels",
    ],
)
def test_the_number_of_pages_is_unknown_if_two_counts_differ(data):
    assert read_outline(data).pages is None


def test_other_objects_are_not_pages():
    labels = [(20, "<< /Type /PageLabel >>"), (21, "<< /PageMode /UseNone >>"), (22, "<< /Type /Font >>")]
    assert read_outline(raw(*tree(2), *labels)).pages == 2
    assert read_outline(packed([*tree(2), *labels])).pages == 2


@pytest.mark.parametrize(
    ("box", "sizes"),
    [
        ("[0 0 595 842]", (A4,)),
        ("[ -10.5  10 600 +20. ]", ((610.5, 10.0),)),
        ("[612 792 0 0]", (LETTER,)),
        ("[0 0 595]", ()),
        ("7 0 R", ()),
    ],
)
def test_sizes_of_pages(box, sizes):
    assert read_outline(raw(*tree(2, box=box))) == Outline(2, sizes)


def test_reading_stops_at_too_many_pages(monkeypatch):
    monkeypatch.setattr(outlines, "MAX_PAGES", 9)
    assert read_outline(pdf(8)).pages == 8
    assert read_outline(pdf(9)).pages is None


def test_compressed_objects_are_unpacked_up_to_a_limit(monkeypatch):
    two = packed(tree(2)) + packed([(number + 90, text) for number, text in tree(2)])
    monkeypatch.setattr(outlines, "MAX_STREAMS_BYTES", 100)
    assert read_outline(two).pages is None


# Detection


def test_a_pdf_is_detected_from_its_first_bytes():
    assert is_pdf(b"junk" * 200 + b"%PDF-1.4")
    assert not is_pdf(b"junk" * 300 + b"%PDF-1.4")
    assert not is_pdf(b"")


@pytest.mark.parametrize("algorithm", ["RC4-40", "RC4-128"])
@pytest.mark.parametrize("password", ["secret", ""])
def test_an_encrypted_file_is_rejected(algorithm, password):
    writer = PdfWriter()
    writer.add_blank_page(100, 100)
    writer.encrypt(password, algorithm=algorithm)
    out = io.BytesIO()
    writer.write(out)
    assert is_encrypted(out.getvalue())
    with pytest.raises(ValueError, match="protected by a password"):
        read_pdf(out.getvalue())


def test_encryption_in_a_stream_of_references():
    stream = b"5 0 obj << /Type /XRef /Encrypt 7 0 R /Root 1 0 R >> stream x endstream endobj"
    assert is_encrypted(b"%PDF-1.7 " + stream)
    assert is_encrypted(raw(*tree(1), trailer="<< /Encrypt << /Filter /Standard >> >>"))


@pytest.mark.parametrize(
    "data",
    [
        raw(*tree(1)),
        raw(*tree(1), (9, "(a text of /Encrypt 7 0 R)")),
        raw(*tree(1), trailer="<< /Encrypted 7 0 R >>"),
        b"/Encrypt 7 0 R",
        b"%PDF-1.7 5 0 obj << /Length 20 >> stream /XRef /Encrypt 7 0 R endstream",
    ],
)
def test_files_that_only_mention_encryption(data):
    assert not is_encrypted(data)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "the PDF is empty"),
        (b"PK\3\4", "the data does not begin with %PDF"),
        (b"%PDF-1.7 nothing else", "cannot read PDF: it is damaged"),
        (pdf(1)[:60], "cannot read PDF: it is damaged"),
    ],
)
def test_a_file_that_is_not_a_pdf_is_rejected(data, message):
    with pytest.raises(ValueError, match=message):
        read_pdf(data)


def test_a_file_that_only_pypdf_detects_as_encrypted_is_rejected():
    data = pdf(password="secret")
    far = data.replace(b"/Encrypt", b" " * 70_000 + b"/Encrypt")
    assert not is_encrypted(far)
    with pytest.raises(ValueError, match="protected by a password"):
        read_pdf(far)


def test_without_pypdf_pages_are_counted_from_the_outline(monkeypatch):
    monkeypatch.setitem(sys.modules, "pypdf", None)
    assert read_pdf(pdf(3)) == Outline(3, (LETTER,))
    assert read_pdf(b"%PDF-1.7 nothing else") == Outline(None)


@given(st.binary(max_size=300), st.integers(0, 2000))
def test_damaged_files_raise_no_unexpected_exception(junk, at):
    for data in (b"%PDF-" + junk, pdf(2)[:at] + junk + pdf(2)[at:], packed(tree(2))[:at] + junk):
        assert read_outline(data).pages in {None, 1, 2}
        is_encrypted(data)


@pytest.mark.parametrize(
    "word", [b"/Type/Page ", b"1 0 obj ", b"1 0 obj/Type/Page/ObjStm endobj ", b"trailer ", b"/Encrypt 1 0 R "]
)
def test_repeated_keywords_are_read_in_linear_time(word):
    # Searching from each of them to the end of the file would take hours.
    data = b"%PDF-1.7 " + word * (2_000_000 // len(word))
    assert read_outline(data).pages is None
    assert not is_encrypted(data)


# Tokens


@pytest.mark.parametrize(
    ("outline", "tokens"),
    [
        (Outline(1, (LETTER,)), (43 + 1530, 43 + 2530)),
        (Outline(1, (A4,)), (43 + 1551, 43 + 2551)),
        (Outline(10, (LETTER, A4)), (43 + 15_300, 43 + 25_510)),
        (Outline(500, (LETTER,)), (765_043, 1_265_043)),
        (Outline(2), (43 + 3060, 43 + 5060)),
        (Outline(2, ((0.0, 792.0),)), (43 + 3060, 43 + 5060)),
        (Outline(2, ((float("inf"), 9.0),)), (43 + 3060, 43 + 5060)),
        (Outline(2, ((1e9, 1e9),)), (43 + 3042, 43 + 5042)),
    ],
)
def test_a_page_has_measured_tokens_and_up_to_1000_more_for_text(outline, tokens):
    assert token_range(outline, SONNET) == TokenRange(*tokens)


def test_without_measurements_or_a_page_count_there_are_no_tokens():
    assert token_range(Outline(None), SONNET) is None
    assert token_range(Outline(1), find_model("claude-3-opus")) is None
    assert page_tokens([(612, 792)], find_model("claude-3-opus")) is None


def test_random_sizes_are_within_the_range():
    rng = random.Random(1)
    sizes = tuple((rng.uniform(50, 2000), rng.uniform(50, 2000)) for _ in range(50))
    tokens = token_range(Outline(50, sizes), SONNET)
    exact = sum(token_range(Outline(1, (size,)), SONNET).lower - 43 for size in sizes)
    assert tokens.lower <= exact + 43 <= tokens.upper - 50_000
