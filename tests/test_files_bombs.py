"""Archives that try to exhaust time and memory: what is read is bounded by their size, and the excess is listed."""

from __future__ import annotations

import bz2
import gzip
import lzma
import struct
import tarfile
import tracemalloc
import zipfile
import zlib

import pytest

from imgcost.files import archives, forward, probe_archive
from imgcost.files.forward import ByteBudget, DirectoryFile, max_decompressed_bytes
from tests.test_files_archives import found_in, jpeg, outcomes, png, put, special, tarred, zipped

pytestmark = pytest.mark.slow  # large archives, and the memory that they take

__all__ = ["put"]  # a fixture

FULL_SEGMENT = b"\xff\xe2\xff\xff" + bytes(65533)


def looks_back(hop, count):
    """Build a JPEG for which every second window of 448 bytes begins 7 bytes before the previous one ends.

    The hop between them makes the last window end exactly at the end of a buffer of the library.
    """
    segments = [b"\xff\xe2" + struct.pack(">H", size - 2) + bytes(size - 4) for size in (hop, 441)]
    return jpeg(9, 6)[:2] + b"".join(segments) * count + jpeg(9, 6)[2:]


ZIP_HOP, TAR_HOP = 4096 - 448 + 3, 8192 - 448 + 3


@pytest.fixture
def read(monkeypatch):
    """Count the bytes of members and headers that the parsers receive."""
    sizes, spend = [], ByteBudget.spend

    def spy(budget, size):
        sizes.append(size)
        spend(budget, size)

    monkeypatch.setattr(ByteBudget, "spend", spy)
    return sizes


def test_the_limit_depends_only_on_the_size_of_the_archive():
    assert (max_decompressed_bytes(0), max_decompressed_bytes(10**6)) == (67_108_864, 117_108_864)
    assert (forward.max_header_bytes(0), forward.max_header_bytes(10**6)) == (16_777_216, 32_777_216)


# Looking back


def counted(monkeypatch, owner, name):
    """Count the bytes that the reader of the standard library decompresses, including restarts."""
    total, read = [0], getattr(owner, name)

    def spy(reader, *size):
        data = read(reader, *size)
        total[0] += len(data)
        return data

    monkeypatch.setattr(owner, name, spy)
    return total


def test_a_zip_member_whose_parser_looks_back_is_decompressed_once(put, monkeypatch):
    bomb = looks_back(ZIP_HOP, 300)
    path = put("x.zip", [("a.jpg", bomb), ("b.png", png(8, 6))])
    decompressed = counted(monkeypatch, zipfile.ZipExtFile, "_read1")
    assert outcomes(found_in(path)) == [9, 8]
    assert decompressed[0] < len(bomb) + 100_000


def test_a_tar_gz_member_whose_parser_looks_back_is_decompressed_once(put, monkeypatch):
    bomb = looks_back(TAR_HOP, 300)
    path = put("x.tar.gz", [("a.jpg", bomb), ("b.png", png(8, 6))])
    decompressed = counted(monkeypatch, gzip._GzipReader, "read")
    assert outcomes(found_in(path)) == [9, 8]
    assert decompressed[0] < len(bomb) + 100_000


def header(name="a", size=0, kind=tarfile.REGTYPE, **more):
    info = tarfile.TarInfo(name)
    info.size, info.type = size, kind
    for key, value in more.items():
        setattr(info, key, value)
    return info.tobuf(tarfile.GNU_FORMAT)


@pytest.mark.parametrize("suffix", [".tar", ".tar.gz"])
def test_a_tar_member_of_negative_size_is_not_an_endless_loop(put, suffix):
    data = header("a.png", -1024) + bytes(2048)
    path = put("x" + suffix, gzip.compress(data) if suffix == ".tar.gz" else data)
    assert outcomes(found_in(path))[-1] == "damaged"


# Claimed sizes


@pytest.mark.parametrize("kind", [tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK, tarfile.XHDTYPE, tarfile.XGLTYPE])
def test_no_memory_is_allocated_for_the_size_that_a_tar_header_claims(put, read, kind):
    bomb = header("long", 1_560_000_000, kind) + b"a" * 20_000_000
    path = put("x.tar.gz", gzip.compress(tarred([("b.png", png(8, 6))])[:1024] + bomb))
    tracemalloc.start()
    files = found_in(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert outcomes(files) == [8, "archive-limit"]
    assert files[-1].reason == (
        "stopped reading the archive: a header claims 1,560,000,000 bytes; the limit is 65,536 per member"
    )
    assert sum(read) < 10_000
    assert peak < 2_000_000


def pax(records, kind=tarfile.XHDTYPE):
    data = b"".join(records)
    return header("pax", len(data), kind) + data + bytes(-len(data) % 512)


def record(key, value):
    body = f" {key}={value}\n".encode()
    size = len(body) + len(str(len(body)))
    return str(size + (len(str(size)) > len(str(len(body))))).encode() + body


def test_the_headers_in_front_of_one_member_have_a_total_limit(put):
    def with_headers(count):
        records = pax([record("comment", "x" * 8000)])
        data = records * count + header("a.png", len(png(8, 6))) + png(8, 6).ljust(512, b"\0") + bytes(1024)
        return outcomes(found_in(put("x.tar.gz", gzip.compress(data))))

    each = len(pax([record("comment", "x" * 8000)]))
    fits = (forward.HEADER_BYTES - 512) // each
    assert with_headers(fits) == [8]
    assert with_headers(fits + 1) == ["archive-limit"]


def test_the_number_of_global_headers_is_limited_because_each_member_copies_them(put):
    def with_globals(count):
        member = header("a.png", len(png(8, 6))) + png(8, 6).ljust(512, b"\0")
        data = member + pax([record(f"k{number}", "v") for number in range(count)], tarfile.XGLTYPE) + member
        return outcomes(found_in(put("x.tar", data + bytes(1024))))

    assert with_globals(100) == [8, 8]
    assert with_globals(101) == [8, "archive-limit"]


def test_no_memory_is_allocated_for_the_dictionary_that_an_xz_header_claims(put):
    data = bytearray(lzma.compress(tarred([("a.png", png(8, 6))])))
    size = (data[12] + 1) * 4
    assert bytes(data[14:16]) == b"\x21\x01"  # LZMA2, one byte of properties
    data[16] = 40  # 4 GiB
    data[12 + size - 4 : 12 + size] = struct.pack("<I", zlib.crc32(data[12 : 12 + size - 4]))
    (file,) = found_in(put("x.tar.xz", bytes(data)))
    assert file.problem == "archive-limit"
    assert "requests more than 134,217,728 bytes of memory" in file.reason


def test_no_memory_is_allocated_for_the_dictionary_that_lzma_in_a_zip_claims(put):
    data = bytearray(zipped([("a.png", png(8, 6, size=700))], zipfile.ZIP_LZMA))
    at = data.index(b"a.png") + 5 + 4
    data[at + 1 : at + 5] = b"\xff\xff\xff\xff"
    assert outcomes(found_in(put("x.zip", bytes(data)))) == [8]


def test_a_zip_with_a_false_size_of_its_directory_is_not_read_into_memory(put, monkeypatch):
    path = put("x.zip", [(f"{number}.png", png(8, 6)) for number in range(20)])
    directory = 20 * (46 + 6) - 10  # ten of the names are shorter by one character
    monkeypatch.setattr(forward, "DIRECTORY_BYTES", directory)
    assert len(found_in(path)) == 20
    with DirectoryFile(path) as file:
        assert len(file.read(None)) == file.tell()
    monkeypatch.setattr(forward, "DIRECTORY_BYTES", directory - 1)
    (file,) = found_in(path)
    assert file.problem == "archive-limit"
    assert f"its central directory claims {directory:,} bytes" in file.reason


# Compression ratios


def overlapping(count, data):
    """Build a zip with many entries that share the bytes of one member."""
    raw = zipped([("a.jpg", data)])
    end = raw.rindex(b"PK\5\6")
    (size, offset) = struct.unpack_from("<II", raw, end + 12)
    tail = struct.pack("<4sHHHHIIH", b"PK\5\6", 0, 0, count, count, size * count, offset, 0)
    return raw[:offset] + raw[offset : offset + size] * count + tail


def test_overlapping_entries_of_a_zip_share_a_limit(put, read):
    bomb = jpeg(9, 6, far=250)  # 16 MB, compressed to 16 kB
    path = put("x.zip", overlapping(60, bomb))
    limit = max_decompressed_bytes(len(overlapping(60, bomb)))
    results = outcomes(found_in(path))
    assert len(results) == 60
    assert set(results) <= {9, "archive-limit", "damaged"}  # later Pythons detect the overlap
    assert results.count(9) <= limit // len(bomb) + 1
    assert sum(read) <= limit + 65536


@pytest.mark.parametrize("compression", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_highly_compressed_data_in_a_zip_is_decompressed_in_parts(put, compression):
    path = put("x.zip", zipped([("a.png", png(8, 6) + bytes(30_000_000))], compression))
    tracemalloc.start()
    results = outcomes(found_in(path))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert results == [8]
    assert peak < 12_000_000  # LZMA has a dictionary of 8 MB


@pytest.mark.parametrize("suffix", [".tar.gz", ".tar.bz2", ".tar.xz"])
def test_a_compressed_tar_is_decompressed_up_to_its_limit(put, monkeypatch, read, suffix):
    data = tarred([("a.png", png(8, 6)), ("b.bin", bytes(3_000_000)), ("c.png", png(9, 6))])
    compress = {".tar.gz": gzip.compress, ".tar.bz2": bz2.compress, ".tar.xz": lzma.compress}[suffix]
    path = put("x" + suffix, compress(data))
    assert outcomes(found_in(path)) == [8, "not-an-image", 9]
    monkeypatch.setattr(archives, "max_decompressed_bytes", lambda _size: 1_000_000)
    read.clear()
    files = found_in(path)
    assert outcomes(files) == [8, "not-an-image", "archive-limit"]
    assert files[-1].reason == (
        "stopped reading the archive: its decompressed bytes exceed 1,000,000 bytes, "
        "the limit for an archive of this size"
    )
    assert sum(read) < 1_000_000 + 2 * 65536


def test_members_of_a_zip_beyond_its_limit_are_listed_one_by_one(put, monkeypatch):
    path = put("x.zip", [(f"{number}.png", png(1 + number, 6, size=5000)) for number in range(4)])
    monkeypatch.setattr(archives, "max_decompressed_bytes", lambda _size: 2 * 4096)
    files = found_in(path)
    assert outcomes(files) == [1, 2, "archive-limit", "archive-limit"]
    assert files[-1].path.endswith("3.png")
    assert files[-1].reason.startswith("not read: its decompressed bytes exceed 8,192 bytes")


def test_many_tiny_members_of_a_tar_have_a_limit(put, monkeypatch):
    path = put("x.tar.gz", [(str(number), b"") for number in range(50)])
    monkeypatch.setattr(archives, "max_header_bytes", lambda _size: 30 * 512)
    results = outcomes(found_in(path))
    assert results == ["empty"] * 30 + ["archive-limit"]


def test_holes_of_a_sparse_member_count_as_bytes_read(put, monkeypatch, read):
    sparse = [
        *(record("GNU.sparse.major", 1), record("GNU.sparse.minor", 0), record("GNU.sparse.name", "a.jpg")),
        record("GNU.sparse.realsize", 10**12),
    ]
    start = jpeg(9, 6)[:2] + FULL_SEGMENT[:4]
    data = f"2\n0\n{len(start)}\n{10**12}\n0\n".encode().ljust(512, b"\0") + start
    bomb = pax(sparse) + header("a.jpg", len(data)) + data.ljust(1024, b"\0")
    path = put("x.tar", bomb * 3 + bytes(1024))
    assert outcomes(found_in(path)) == ["damaged"] * 3
    assert sum(read) < max_decompressed_bytes(len(bomb) * 3)
    monkeypatch.setattr(archives, "max_decompressed_bytes", lambda _size: 100_000)
    read.clear()
    assert outcomes(found_in(path)) == ["archive-limit"] * 2
    assert sum(read) < 100_000 + 2 * 65536


@pytest.mark.parametrize("suffix", [".zip", ".tar"])
@pytest.mark.parametrize(
    ("name", "outcome"),
    [("a" * 4096, 8), ("a" * 4097, "archive-limit"), ("a/" * 128 + "a", 8), ("a/" * 129 + "a", "archive-limit")],
)
def test_the_length_of_a_name_is_limited(put, suffix, name, outcome):
    assert outcomes(found_in(put("x" + suffix, [(name, png(8, 6))]))) == [outcome]


# Valid archives


def test_consecutive_xz_streams_with_padding_are_read(put):
    data = tarred([(f"{number}.png", png(1 + number, 6)) for number in range(3)])
    parts = [lzma.compress(data[:1500]), bytes(100_000), lzma.compress(data[1500:]), bytes(200_000)]
    assert outcomes(found_in(put("x.tar.xz", b"".join(parts)))) == [1, 2, 3]
    assert outcomes(found_in(put("x.tar.xz", parts[0]))) == [1, "damaged"]
    assert outcomes(found_in(put("x.tar.xz", parts[0] + b"junk" + parts[2]))) == [1, "damaged"]


def test_in_a_tar_of_links_and_folders_only_headers_are_read(put, read):
    members = [special(f"{number}", tarfile.DIRTYPE) for number in range(100)]
    assert list(probe_archive(put("x.tar.gz", members))) == []
    assert sum(read) < 210 * 512


def stored_as(data, method):
    """Build a zip of one member from compressed bytes."""
    raw = bytearray(zipped([("a.png", data)], zipfile.ZIP_STORED))
    for at in (8, raw.rindex(b"PK\1\2") + 10):
        raw[at] = method
    return bytes(raw)


def test_truncated_bzip2_in_a_zip_gives_what_precedes_the_cut(put):
    whole = bz2.compress(png(8, 6, size=3000))
    assert outcomes(found_in(put("x.zip", stored_as(whole, zipfile.ZIP_BZIP2)))) == [8]
    assert outcomes(found_in(put("x.zip", stored_as(whole[:1000], zipfile.ZIP_BZIP2)))) == ["empty"]


def test_truncated_lzma_in_a_zip_is_damaged(put):
    (file,) = found_in(put("x.zip", stored_as(b"\x09\x04\x05\0", zipfile.ZIP_LZMA)))
    assert (file.problem, file.reason) == (
        "damaged",
        "cannot be read from its archive: the LZMA properties are truncated",
    )
