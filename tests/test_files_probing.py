"""One file at a time: what a probe says of it, what it reads for that, what Pillow adds, and slow storage."""

from __future__ import annotations

import importlib.util
import io
import os
import struct
import subprocess
import sys
import threading
from pathlib import Path
from types import SimpleNamespace

import PIL.Image
import pytest
from conftest import SAMPLES

from imgcost.files import FileBatch, Image, Unreadable, no_access, probe, probe_chunk, probing

GIF = b"GIF89a\x08\0\x06\0\0\0\0" + b",\0\0\0\0\x08\0\x06\0\0\x02" + b"\x01\0\0;"


def jpeg(width, height, *, far=0):
    """A JPEG without pixels whose frame header lies behind so many full segments."""
    segments = b"".join(b"\xff\xe2\xff\xff" + bytes([1 + number % 200]) * 65533 for number in range(far))
    return b"\xff\xd8" + segments + b"\xff\xc0\0\x11\x08" + struct.pack(">HH", height, width) + bytes(12) + b"\xff\xd9"


def png(width, height):
    ihdr = b"\0\0\0\rIHDR" + struct.pack(">II", width, height) + b"\x08\2\0\0\0" + bytes(4)
    return b"\x89PNG\r\n\x1a\n" + ihdr + b"\0\0\0\0IDAT" + bytes(16)


def bmp(width, height):
    return b"BM" + struct.pack("<IIIIiiHHIIIIII", 54, 0, 54, 40, width, height, 1, 24, 0, 0, 0, 0, 0, 0)


def tiff(width, height):
    tags = [(256, width), (257, height), (258, 8), (259, 1), (262, 1), (273, 8), (277, 1), (278, height), (279, 1)]
    entries = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags)
    return b"II*\0\x08\0\0\0" + struct.pack("<H", len(tags)) + entries + bytes(4)


def pcx(width, height):
    sides = struct.pack("<HHHH", 0, 0, width - 1, height - 1)
    return bytes([10, 5, 1, 8]) + sides + bytes(53) + b"\3" + struct.pack("<H", width) + bytes(60)


def drawn(name, size=(40, 30)):
    file = io.BytesIO()
    PIL.Image.new("RGB", size).save(file, name)
    return file.getvalue()


@pytest.fixture
def put(tmp_path):
    def write(data, name="file"):
        (tmp_path / name).write_bytes(data)
        return str(tmp_path / name)

    return write


@pytest.fixture
def descriptors(monkeypatch):
    """Every descriptor that is opened and closed."""
    opened, closed = [], []
    os_open, os_close = os.open, os.close

    def spy_open(*args, **kwargs):
        opened.append(os_open(*args, **kwargs))
        return opened[-1]

    def spy_close(descriptor):
        closed.append(descriptor)
        os_close(descriptor)

    monkeypatch.setattr(os, "open", spy_open)
    monkeypatch.setattr(os, "close", spy_close)
    return SimpleNamespace(opened=opened, closed=closed)


@pytest.mark.parametrize(
    ("sample", "media_type", "orientation", "animated"),
    [
        ("photos/dogs-orientation-6.jpg", "image/jpeg", 6, False),
        ("screenshots/terminal-vtop.png", "image/png", 1, False),
        ("formats/handwriting-is-png.jpg", "image/png", 1, False),
        ("animations/new-notebook.gif", "image/gif", 1, True),
        ("web/cat-lossy.webp", "image/webp", 1, False),
    ],
)
def test_an_image_is_told_by_its_content(sample, media_type, orientation, animated, descriptors):
    path = SAMPLES / sample
    found = probe(str(path))
    with PIL.Image.open(path) as image:
        size = image.size
    assert type(found) is Image
    assert found == Image(str(path), media_type, *size, orientation, animated, path.stat().st_size)
    assert found.duplicate_of is None
    assert descriptors.opened[:1] == descriptors.closed[:1]


@pytest.mark.parametrize("sample", ["photos/dogs-orientation-6.jpg", "animations/new-notebook.gif"])
def test_without_details_neither_orientation_nor_animation_is_told(sample):
    path = str(SAMPLES / sample)
    told = probe(path)._replace(orientation=1, animated=False)
    assert probe(path, details=False) == told != probe(path)
    assert probe_chunk([FileBatch("", [path])], details=False) == [("", [told])]


@pytest.mark.parametrize(
    ("data", "problem", "name"),
    [
        (b"", "empty", None),
        (b"hello, world\n", "not-an-image", "text"),
        (b"%PDF-1.7\n", "unsupported", "PDF"),
        (b"RIFF\x04\0\0\0WAVE", "not-an-image", "WAVE audio"),
        (jpeg(8, 6)[:9], "damaged", "JPEG"),
        (png(8, 6)[:20], "damaged", "PNG"),
        (png(0, 6), "damaged", "PNG"),
        (GIF[:12], "damaged", "GIF"),
    ],
)
def test_a_file_that_is_no_image_says_why_and_is_closed(put, descriptors, data, problem, name):
    path = put(data, "named.png")
    found = probe(path)
    assert (found.path, found.problem, found.format) == (path, problem, name)
    assert found.reason
    assert found.width is found.height is None
    assert len(descriptors.opened) == 1
    assert descriptors.opened == descriptors.closed


@pytest.mark.parametrize("size", [0, 1, 23, 1023, 1024, 1025, 70_000])
def test_the_size_of_a_file_is_its_size_however_little_of_it_is_read(put, size):
    data = png(640, 480)
    found = probe(put(data + bytes(size)))
    assert found[2:4] == (640, 480)
    assert found.file_bytes == len(data) + size


def test_a_frame_header_far_in_takes_few_small_reads(put, monkeypatch):
    asked, read = [], os.read

    def spy(descriptor, size):
        asked.append(size)
        return read(descriptor, size)

    monkeypatch.setattr(os, "read", spy)
    found = probe(put(jpeg(640, 480, far=5)))
    assert found[1:5] == ("image/jpeg", 640, 480, 1)
    assert found.file_bytes > 5 * 65535
    assert len(asked) <= 7
    assert sum(asked) < 8192


def test_a_file_that_is_gone_is_missing(tmp_path):
    path = str(tmp_path / "gone.png")
    assert probe(path) == Unreadable(path, "missing", "no such file or folder")


@pytest.mark.parametrize("path", ["a\0b.png", "lone \ud800 surrogate"])
def test_a_path_that_no_system_takes_is_no_access(path):
    found = probe(path)
    assert (found.path, found.problem) == (path, "no-access")
    assert found.reason


def test_a_folder_is_no_access_and_is_closed(tmp_path, descriptors):
    found = probe(str(tmp_path))
    assert found.problem == "no-access"
    assert descriptors.opened == descriptors.closed


def test_a_file_that_may_not_be_opened_is_no_access(put, monkeypatch):
    path = put(png(8, 6))
    Path(path).chmod(0)
    if os.access(path, os.R_OK):  # the superuser, or Windows
        os_open = os.open

        def refuse(name, *args):
            if name == path:
                raise PermissionError(13, "Permission denied", name)
            return os_open(name, *args)

        monkeypatch.setattr(os, "open", refuse)
    assert probe(path) == Unreadable(path, "no-access", "permission denied")


@pytest.mark.parametrize("good_reads", [0, 1])
def test_storage_that_fails_while_it_is_read_is_no_access_and_closed(put, monkeypatch, descriptors, good_reads):
    path = put(jpeg(8, 6, far=2))
    reads, read = [], os.read

    def fail(descriptor, size, *_):
        reads.append(size)
        if len(reads) > good_reads:
            raise OSError(5, "Input/output error")
        return read(descriptor, size)

    monkeypatch.setattr(os, "read", fail)
    monkeypatch.setattr(probing, "_read_from", fail)
    assert probe(path) == Unreadable(path, "no-access", "input/output error")
    assert descriptors.opened == descriptors.closed


def test_a_system_without_pread_seeks_and_reads_the_same(put, monkeypatch):
    path = put(jpeg(8, 6, far=2))
    expected = probe(path)
    monkeypatch.setattr(probing, "_read_from", probing._seek_and_read)
    assert probe(path) == expected


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="Windows has no named pipes in its file system")
def test_a_pipe_that_took_a_files_place_does_not_hang(tmp_path, descriptors):
    os.mkfifo(tmp_path / "pipe.png")
    assert probe(str(tmp_path / "pipe.png")).problem == "no-access"
    assert descriptors.opened == descriptors.closed


def test_a_failure_that_nobody_foresaw_still_closes_the_file(put, monkeypatch, descriptors):
    def fail(*_, **__):
        raise ZeroDivisionError

    monkeypatch.setattr(probing, "parse_header", fail)
    with pytest.raises(ZeroDivisionError):
        probe(put(png(8, 6)))
    assert len(descriptors.opened) == 1
    assert descriptors.opened == descriptors.closed


def test_a_chunk_is_probed_in_its_order_folder_by_folder(tmp_path, monkeypatch):
    (tmp_path / "sub").mkdir()
    for number, name in enumerate(["b", "a", "sub/c"]):
        (tmp_path / name).write_bytes(png(8 + number, 6))
    wall = Unreadable("wall", "no-access", "because")
    monkeypatch.chdir(tmp_path)
    groups = probe_chunk([FileBatch("sub", ["c"]), wall, FileBatch(str(tmp_path), ["b", "gone"]), FileBatch("", ["a"])])
    assert [folder for folder, _ in groups] == ["sub", "", str(tmp_path), ""]
    assert [one.path for _, found in groups for one in found] == [
        *(str(Path("sub/c")), "wall"),
        *(str(tmp_path / "b"), str(tmp_path / "gone")),
        "a",
    ]
    assert [one[2] for _, found in groups for one in found if isinstance(one, Image)] == [10, 8, 9]
    assert groups[1][1] == [wall]
    assert probe_chunk([]) == []


# What Pillow adds.


@pytest.mark.parametrize("details", [False, True])
@pytest.mark.parametrize(
    ("pillow_name", "name"),
    [
        ("BMP", "BMP"),
        ("DDS", "DDS"),
        ("ICO", "ICO"),
        ("PCX", "PCX"),
        ("PPM", "Netpbm"),
        ("SGI", "SGI"),
        ("TGA", "TGA"),
        ("TIFF", "TIFF"),
    ],
)
def test_other_formats_are_named_and_measured_whether_or_not_details_are_read(put, pillow_name, name, details):
    size = (48, 48) if name == "ICO" else (40, 30)
    path = put(drawn(pillow_name, size), "file.png")
    reason = f"{name} file: the API reads JPEG, PNG, GIF and WebP"
    expected = Unreadable(path, "unsupported", reason, name, *size)
    assert probe(path, details) == expected
    assert probe_chunk([FileBatch("", [path])], details=details) == [("", [expected])]


@pytest.mark.parametrize("craft", [bmp, tiff, pcx])
def test_the_size_of_a_decompression_bomb_is_listed(put, craft):
    found = probe(put(craft(60_000, 60_000)))
    assert found[3:] == (craft.__name__.upper(), 60_000, 60_000)


@pytest.mark.parametrize("offset", [1 << 40, 1 << 62, (1 << 63) - 1, (1 << 64) - 1])
def test_an_offset_that_no_file_has_is_not_read(put, offset):
    found = probe(put(b"II+\0\x08\0\0\0" + struct.pack("<Q", offset)))
    assert found[1:2] + found[3:] == ("unsupported", "TIFF", None, None)
    found = probe(put(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic\0\0\0\1free" + struct.pack(">Q", offset) + bytes(5000)))
    assert found[1:2] + found[3:] == ("unsupported", "HEIC", None, None)


def test_a_scan_loads_no_imaging_library(put):
    path = put(drawn("TIFF"))
    code = f"import sys, imgcost.files as files; list(files.scan({path!r})); print('PIL' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert (done.stdout.strip(), done.stderr) == ("False", "")


# Slow storage.


class Waits:
    """Stands in for getrusage: what it tells has grown by so many waits each time that it is asked."""

    def __init__(self):
        self.each = 0
        self.total = 0
        self.asked = 0

    def __call__(self, _):
        self.asked += 1
        self.total += self.each
        return SimpleNamespace(ru_nvcsw=self.total)


@pytest.fixture
def waits(monkeypatch):
    fresh, told = probing._Storage(), Waits()
    monkeypatch.setattr(probing, "_storage", fresh)
    monkeypatch.setattr(probing, "getrusage", told)
    monkeypatch.setattr(probing, "RUSAGE_THREAD", 1, raising=False)
    yield told
    if fresh.pool:
        fresh.pool.shutdown()


@pytest.fixture
def batch(tmp_path):
    """As many files as are worth measuring, of several kinds."""
    names = [f"{number:03}" for number in range(probing._Storage.LEAST + 5)]
    for number, name in enumerate(names):
        (tmp_path / name).write_bytes([png(1 + number, 6), b"", jpeg(1 + number, 6, far=1)][number % 3])
    return FileBatch(str(tmp_path), [*names, "gone"])


def readers(batch, monkeypatch):
    """What is found in a batch, and whether threads of their own found it."""
    threads, os_open = set(), os.open

    def spy(*args):
        threads.add(threading.current_thread() is threading.main_thread())
        return os_open(*args)

    with monkeypatch.context() as patch:
        patch.setattr(os, "open", spy)
        groups = probe_chunk([batch])
    assert len(threads) == 1
    return groups, threads == {False}


def test_storage_that_makes_us_wait_is_read_by_threads_with_the_same_results_and_measured_again(
    batch, waits, monkeypatch
):
    monkeypatch.setattr(probing._Storage, "PATIENCE", 3)
    expected, in_threads = readers(batch, monkeypatch)
    assert not in_threads
    assert [one.path for one in expected[0][1]] == [batch.path_of(name) for name in batch.names]
    waits.each = 1000
    assert readers(batch, monkeypatch) == (expected, False)
    for _ in range(3):
        asked = waits.asked
        assert readers(batch, monkeypatch) == (expected, True)
        assert waits.asked == asked
    waits.each = 0
    for _ in range(3):
        asked = waits.asked
        assert readers(batch, monkeypatch) == (expected, False)
        assert waits.asked == asked + 2


def test_storage_that_stays_slow_keeps_its_threads(batch, waits, monkeypatch):
    monkeypatch.setattr(probing._Storage, "PATIENCE", 1)
    waits.each = 1000
    assert [readers(batch, monkeypatch)[1] for _ in range(6)] == [False, True] * 3
    names = {thread.name for thread in threading.enumerate()}
    assert len(names) - 1 <= probing._Storage.THREADS


def test_few_waits_are_none(batch, waits, monkeypatch):
    waits.each = len(batch.names) // 4
    assert [readers(batch, monkeypatch)[1] for _ in range(3)] == [False] * 3
    waits.each += 1
    assert [readers(batch, monkeypatch)[1] for _ in range(2)] == [False, True]


def test_small_batches_neither_measure_nor_start_threads(batch, waits, monkeypatch):
    waits.each = 1000
    small = FileBatch(batch.folder, batch.names[: probing._Storage.LEAST - 1])
    assert [readers(small, monkeypatch)[1] for _ in range(3)] == [False] * 3
    assert waits.asked == 0
    readers(batch, monkeypatch)
    assert [readers(one, monkeypatch)[1] for one in (small, batch, small)] == [False, True, False]


def test_where_the_system_does_not_tell_waits_there_are_no_threads(batch, waits, monkeypatch):
    expected, _ = readers(batch, monkeypatch)
    waits.each = 1000
    readers(batch, monkeypatch)
    monkeypatch.setattr(probing, "getrusage", None)
    assert [readers(batch, monkeypatch) for _ in range(2)] == [(expected, False)] * 2


def test_where_the_system_cannot_tell_waits_the_module_says_so(batch, monkeypatch):
    spec = importlib.util.find_spec("imgcost.files.probing")
    elsewhere = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "resource", None)
    spec.loader.exec_module(elsewhere)
    assert elsewhere.getrusage is None
    assert elsewhere.probe_chunk([batch]) == probe_chunk([batch])


@pytest.mark.parametrize(
    ("said", "shown"), [("Permission denied", "permission denied"), ("CRC failed", "CRC failed"), ("x", "x"), ("", "")]
)
def test_the_words_of_the_system_begin_small_unless_they_begin_with_an_abbreviation(said, shown):
    assert no_access("a", OSError(5, said)) == Unreadable("a", "no-access", shown or "[Errno 5] ")
