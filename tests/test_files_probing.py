"""Probing files one at a time: results, bytes read, formats that the API does not read, and slow storage."""

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
    """Build a JPEG without pixels whose frame header follows `far` full segments."""
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
    """Record every descriptor that is opened or closed."""
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
def test_the_format_is_detected_from_content(sample, media_type, orientation, animated, descriptors):
    path = SAMPLES / sample
    file = probe(str(path))
    with PIL.Image.open(path) as image:
        size = image.size
    assert type(file) is Image
    assert file == Image(str(path), media_type, *size, orientation, animated, path.stat().st_size)
    assert file.duplicate_of is None
    assert descriptors.opened[:1] == descriptors.closed[:1]


@pytest.mark.parametrize("sample", ["photos/dogs-orientation-6.jpg", "animations/new-notebook.gif"])
def test_without_details_orientation_and_animation_are_not_read(sample):
    path = str(SAMPLES / sample)
    expected = probe(path)._replace(orientation=1, animated=False)
    assert probe(path, details=False) == expected != probe(path)
    assert probe_chunk([FileBatch("", [path])], details=False) == [("", [expected])]


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
def test_a_file_that_is_not_an_image_is_reported_with_a_reason_and_closed(put, descriptors, data, problem, name):
    path = put(data, "named.png")
    file = probe(path)
    assert (file.path, file.problem, file.format) == (path, problem, name)
    assert file.reason
    assert len(descriptors.opened) == 1
    assert descriptors.opened == descriptors.closed


@pytest.mark.parametrize("size", [0, 1, 23, 1023, 1024, 1025, 70_000])
def test_file_bytes_is_the_size_of_the_whole_file(put, size):
    data = png(640, 480)
    file = probe(put(data + bytes(size)))
    assert file[2:4] == (640, 480)
    assert file.file_bytes == len(data) + size


def test_a_distant_frame_header_takes_few_small_reads(put, monkeypatch):
    sizes, read = [], os.read
    read_from = probing._read_from

    def spy(descriptor, size):
        sizes.append(size)
        return read(descriptor, size)

    def spy_at(descriptor, size, offset):
        sizes.append(size)
        return read_from(descriptor, size, offset)

    monkeypatch.setattr(os, "read", spy)
    monkeypatch.setattr(probing, "_read_from", spy_at)
    file = probe(put(jpeg(640, 480, far=5)))
    assert file[1:5] == ("image/jpeg", 640, 480, 1)
    assert file.file_bytes > 5 * 65535
    assert 2 <= len(sizes) <= 7
    assert sum(sizes) < 8192


def test_a_deleted_file_is_missing(tmp_path):
    path = str(tmp_path / "gone.png")
    assert probe(path) == Unreadable(path, "missing", "no such file or folder")


@pytest.mark.parametrize("path", ["a\0b.png", "lone \ud800 surrogate"])
def test_an_invalid_path_is_reported_as_no_access(path):
    file = probe(path)
    assert (file.path, file.problem) == (path, "no-access")
    assert file.reason


def test_a_folder_is_reported_as_no_access_and_closed(tmp_path, descriptors):
    file = probe(str(tmp_path))
    assert file.problem == "no-access"
    assert descriptors.opened == descriptors.closed


def test_a_file_without_read_permission_is_reported_as_no_access(put, monkeypatch):
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
def test_a_read_error_is_reported_as_no_access_and_closes_the_file(put, monkeypatch, descriptors, good_reads):
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


def test_without_pread_seeking_gives_the_same_result(put, monkeypatch):
    path = put(jpeg(8, 6, far=2))
    expected = probe(path)
    monkeypatch.setattr(probing, "_read_from", probing._seek_and_read)
    assert probe(path) == expected


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="Windows has no named pipes in its file system")
def test_a_pipe_that_replaced_a_file_does_not_hang(tmp_path, descriptors):
    os.mkfifo(tmp_path / "pipe.png")
    assert probe(str(tmp_path / "pipe.png")).problem == "no-access"
    assert descriptors.opened == descriptors.closed


def test_an_unexpected_error_still_closes_the_file(put, monkeypatch, descriptors):
    def fail(*_, **__):
        raise ZeroDivisionError

    monkeypatch.setattr(probing, "parse_header", fail)
    with pytest.raises(ZeroDivisionError):
        probe(put(png(8, 6)))
    assert len(descriptors.opened) == 1
    assert descriptors.opened == descriptors.closed


def test_a_chunk_is_probed_in_order_by_folder(tmp_path, monkeypatch):
    (tmp_path / "sub").mkdir()
    for number, name in enumerate(["b", "a", "sub/c"]):
        (tmp_path / name).write_bytes(png(8 + number, 6))
    wall = Unreadable("wall", "no-access", "because")
    monkeypatch.chdir(tmp_path)
    groups = probe_chunk([FileBatch("sub", ["c"]), wall, FileBatch(str(tmp_path), ["b", "gone"]), FileBatch("", ["a"])])
    assert [folder for folder, _ in groups] == ["sub", "", str(tmp_path), ""]
    assert [file.path for _, files in groups for file in files] == [
        *(str(Path("sub/c")), "wall"),
        *(str(tmp_path / "b"), str(tmp_path / "gone")),
        "a",
    ]
    assert [file[2] for _, files in groups for file in files if isinstance(file, Image)] == [10, 8, 9]
    assert groups[1][1] == [wall]
    assert probe_chunk([]) == []


# Formats that the API does not read


@pytest.mark.parametrize("details", [False, True])
@pytest.mark.parametrize(
    ("pillow_name", "media_type"),
    [
        ("BMP", "image/bmp"),
        ("DDS", "image/x-dds"),
        ("ICO", "image/vnd.microsoft.icon"),
        ("PCX", "image/x-pcx"),
        ("PPM", "image/x-netpbm"),
        ("SGI", "image/x-sgi"),
        ("TGA", "image/x-tga"),
        ("TIFF", "image/tiff"),
    ],
)
def test_other_formats_are_measured_with_and_without_details(put, pillow_name, media_type, details):
    size = (48, 48) if pillow_name == "ICO" else (40, 30)
    data = drawn(pillow_name, size)
    path = put(data, "file.png")
    expected = Image(path, media_type, *size, 1, animated=False, file_bytes=len(data))
    assert probe(path, details) == expected
    assert probe_chunk([FileBatch("", [path])], details=details) == [("", [expected])]


@pytest.mark.parametrize(("craft", "media_type"), [(bmp, "image/bmp"), (tiff, "image/tiff"), (pcx, "image/x-pcx")])
def test_a_decompression_bomb_is_measured(put, craft, media_type):
    assert probe(put(craft(60_000, 60_000)))[1:4] == (media_type, 60_000, 60_000)


@pytest.mark.parametrize("offset", [1 << 40, 1 << 62, (1 << 63) - 1, (1 << 64) - 1])
def test_an_impossible_offset_is_not_read(put, offset):
    file = probe(put(b"II+\0\x08\0\0\0" + struct.pack("<Q", offset)))
    assert (file.problem, file.format) == ("unsupported", "TIFF")
    file = probe(put(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic\0\0\0\1free" + struct.pack(">Q", offset) + bytes(5000)))
    assert (file.problem, file.format) == ("unsupported", "HEIC")


@pytest.mark.slow
def test_a_scan_loads_no_imaging_library(put):
    path = put(drawn("TIFF"))
    code = f"import sys, imgcost.files as files; list(files.scan({path!r})); print('PIL' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert (done.stdout.strip(), done.stderr) == ("False", "")


# Slow storage


class Waits:
    """A replacement for getrusage: the number of waits increases by `step` with each call."""

    def __init__(self):
        self.step = 0
        self.total = 0
        self.calls = 0

    def __call__(self, _):
        self.calls += 1
        self.total += self.step
        return SimpleNamespace(ru_nvcsw=self.total)


@pytest.fixture
def waits(monkeypatch):
    usage = Waits()
    monkeypatch.setattr(probing, "_storage", probing._Storage())
    monkeypatch.setattr(probing, "getrusage", usage)
    monkeypatch.setattr(probing, "RUSAGE_THREAD", 1, raising=False)
    return usage


@pytest.fixture
def batch(tmp_path):
    """A few more files than are needed to measure waits, of several kinds."""
    names = [f"{number:03}" for number in range(probing._Storage.MIN_FILES + 5)]
    for number, name in enumerate(names):
        (tmp_path / name).write_bytes([png(1 + number, 6), b"", jpeg(1 + number, 6, far=1)][number % 3])
    return FileBatch(str(tmp_path), [*names, "gone"])


def readers(batch, monkeypatch):
    """Return the results for a batch, and whether threads of the pool read the files."""
    threads, os_open = set(), os.open

    def spy(*args):
        threads.add(threading.current_thread() is threading.main_thread())
        return os_open(*args)

    with monkeypatch.context() as patch:
        patch.setattr(os, "open", spy)
        groups = probe_chunk([batch])
    assert len(threads) == 1
    return groups, threads == {False}


def test_slow_storage_is_read_by_threads_with_the_same_results_and_measured_again(batch, waits, monkeypatch):
    monkeypatch.setattr(probing._Storage, "THREADED_CHUNKS", 3)
    expected, in_threads = readers(batch, monkeypatch)
    assert not in_threads
    assert [file.path for file in expected[0][1]] == [batch.path_of(name) for name in batch.names]
    waits.step = 1000
    assert readers(batch, monkeypatch) == (expected, False)
    for _ in range(3):
        calls = waits.calls
        assert readers(batch, monkeypatch) == (expected, True)
        assert waits.calls == calls
    waits.step = 0
    for _ in range(3):
        calls = waits.calls
        assert readers(batch, monkeypatch) == (expected, False)
        assert waits.calls == calls + 2


def test_no_thread_outlives_a_batch_on_slow_storage(batch, waits, monkeypatch):
    monkeypatch.setattr(probing._Storage, "THREADED_CHUNKS", 1)
    waits.step = 1000
    before = threading.active_count()
    for in_threads in [False, True] * 3:
        assert readers(batch, monkeypatch)[1] is in_threads
        assert threading.active_count() == before


def test_few_waits_do_not_start_threads(batch, waits, monkeypatch):
    waits.step = len(batch.names) // 4
    assert [readers(batch, monkeypatch)[1] for _ in range(3)] == [False] * 3
    waits.step += 1
    assert [readers(batch, monkeypatch)[1] for _ in range(2)] == [False, True]


def test_small_batches_neither_measure_nor_start_threads(batch, waits, monkeypatch):
    waits.step = 1000
    small = FileBatch(batch.folder, batch.names[: probing._Storage.MIN_FILES - 1])
    assert [readers(small, monkeypatch)[1] for _ in range(3)] == [False] * 3
    assert waits.calls == 0
    readers(batch, monkeypatch)
    assert [readers(files, monkeypatch)[1] for files in (small, batch, small)] == [False, True, False]


def test_without_counts_of_waits_there_are_no_threads(batch, waits, monkeypatch):
    expected, _ = readers(batch, monkeypatch)
    waits.step = 1000
    readers(batch, monkeypatch)
    monkeypatch.setattr(probing, "getrusage", None)
    assert [readers(batch, monkeypatch) for _ in range(2)] == [(expected, False)] * 2


def test_the_module_works_without_the_resource_module(batch, monkeypatch):
    spec = importlib.util.find_spec("imgcost.files.probing")
    elsewhere = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "resource", None)
    spec.loader.exec_module(elsewhere)
    assert elsewhere.getrusage is None
    assert elsewhere.probe_chunk([batch]) == probe_chunk([batch])


@pytest.mark.parametrize(
    ("message", "shown"),
    [("Permission denied", "permission denied"), ("CRC failed", "CRC failed"), ("x", "x"), ("", "")],
)
def test_system_messages_start_in_lower_case_unless_with_an_abbreviation(message, shown):
    assert no_access("a", OSError(5, message)) == Unreadable("a", "no-access", shown or "[Errno 5] ")
