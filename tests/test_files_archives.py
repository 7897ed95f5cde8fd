"""Zip and tar archives: members detected from content, few bytes read, and damaged archives reported."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import random
import stat
import struct
import tarfile
import zipfile
from pathlib import Path
from types import SimpleNamespace

import pytest

from imgcost.files import Image, Unreadable, Walk, archives, forward, probe_archive

TARS = {".tar": "", ".tar.gz": "gz", ".tgz": "gz", ".tar.bz2": "bz2", ".tbz2": "bz2", ".tar.xz": "xz", ".txz": "xz"}
SUFFIXES = [".zip", ".cbz", *TARS]
KINDS = [".zip", ".tar", ".tar.gz", ".tar.bz2", ".tar.xz"]


def noise(size):
    return random.Random(size).randbytes(size)


def png(width, height, *, size=0):
    """Build a PNG with `noise` bytes of random image data."""
    ihdr = b"\0\0\0\rIHDR" + struct.pack(">II", width, height) + b"\x08\2\0\0\0" + bytes(4)
    return b"\x89PNG\r\n\x1a\n" + ihdr + struct.pack(">I", size) + b"IDAT" + noise(size) + bytes(12)


def jpeg(width, height, *, far=0):
    """Build a JPEG without pixels whose frame header follows `far` full segments."""
    segments = b"\xff\xe2\xff\xff" + bytes(65533)
    return b"\xff\xd8" + segments * far + b"\xff\xc0\0\x11\x08" + struct.pack(">HH", height, width) + bytes(12)


def gif(width, height, *, comment=0):
    """Build a GIF whose frame follows a comment of full blocks."""
    blocks = b"!\xfe" + (b"\xff" + bytes(255)) * comment + b"\0"
    frame = b"," + struct.pack("<HHHHB", 0, 0, width, height, 0) + b"\2\0;"
    return b"GIF89a" + struct.pack("<HHB", width, height, 0) + b"\0\0" + blocks + frame


MEMBERS = [
    ("z.txt", png(8, 6)),
    ("sub/b.png", jpeg(9, 6)),
    ("sub/a.png", gif(10, 6)),
    ("sub/deep/er/c.jpg", png(11, 6, size=3000)),
    ("sub/far", jpeg(12, 6, far=3)),
    ("notes.png", b"hello"),
    ("empty.jpg", b""),
    ("cut.png", png(8, 6)[:20]),
    ("page.pdf", b"%PDF-1.7\n"),
]
OUTCOMES = [8, 9, 10, 11, 12, "not-an-image", "empty", "damaged", "unsupported"]


def zipped(members, compression=zipfile.ZIP_DEFLATED):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", compression) as archive:
        for name, data in members:
            archive.writestr(zipfile.ZipInfo(name), data, compression)
    return file.getvalue()


def tarred(members, compression=""):
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode=f"w:{compression}") as archive:
        for name, data in members:
            if isinstance(name, tarfile.TarInfo):
                archive.addfile(name)
            else:
                info = tarfile.TarInfo(name)
                info.size = len(data)
                archive.addfile(info, io.BytesIO(data))
    return file.getvalue()


def special(name, kind, target=""):
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info, b""


@pytest.fixture
def put(tmp_path):
    """Write an archive of the type of its suffix, or the given bytes, and return its path."""

    def write(name, members):
        if isinstance(members, bytes):
            data = members
        elif name.endswith((".zip", ".cbz")):
            data = zipped(members)
        else:
            data = tarred(members, TARS[name[name.index(".") :]])
        (tmp_path / name).write_bytes(data)
        return str(tmp_path / name)

    return write


def found_in(path, **options):
    return [file for groups in probe_archive(path, **options) for _, files in groups for file in files]


def outcomes(files):
    return [file.width if isinstance(file, Image) else file.problem for file in files]


def inside(path, *names):
    return [f"{path}/{name}".replace("/", os.sep) for name in names]


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_members_keep_their_order_and_are_detected_from_content(put, suffix):
    path = put("x" + suffix, MEMBERS)
    files = found_in(path)
    assert outcomes(files) == OUTCOMES
    assert [file.path for file in files] == inside(path, *(name for name, _ in MEMBERS))
    assert [file.file_bytes for file in files[:5]] == [len(data) for _, data in MEMBERS[:5]]
    assert files[0] == Image(*inside(path, "z.txt"), "image/png", 8, 6, 1, animated=False, file_bytes=len(png(8, 6)))
    assert files[-1].format == "PDF"


@pytest.mark.parametrize("compression", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_every_zip_compression_that_python_supports_is_read(put, compression):
    assert outcomes(found_in(put("x.zip", zipped(MEMBERS, compression)))) == OUTCOMES


@pytest.mark.parametrize("suffix", [".zip", ".tar"])
def test_consecutive_members_of_a_folder_share_a_group(put, suffix):
    names = ["a", "one/b", "one/c", "two/d", "one/e", "one/deep/f", "g"]
    path = put("x" + suffix, [(name, png(8, 6)) for name in names])
    ((*groups,),) = probe_archive(path)
    assert [(folder, [file.path for file in files]) for folder, files in groups] == [
        (path, inside(path, "a")),
        *inside_groups(path, ("one", "b", "c"), ("two", "d"), ("one", "e"), ("one/deep", "f")),
        (path, inside(path, "g")),
    ]


def inside_groups(path, *groups):
    for folder, *names in groups:
        (place,) = inside(path, folder)
        yield place, inside(place, *names)


@pytest.mark.parametrize("suffix", KINDS)
def test_empty_archives_and_archives_of_empty_folders_have_no_files(put, suffix):
    assert list(probe_archive(put("x" + suffix, []))) == []
    folders = [("a/", b""), ("a/b/", b"")] if suffix == ".zip" else [special("a", tarfile.DIRTYPE)]
    assert list(probe_archive(put("x" + suffix, folders))) == []


def test_links_and_devices_inside_tar_are_listed(put):
    path = put(
        "x.tar",
        [
            ("a", png(8, 6)),
            special("hard", tarfile.LNKTYPE, "a"),
            special("soft", tarfile.SYMTYPE, "../a"),
            special("pipe.png", tarfile.FIFOTYPE),
            special("device", tarfile.CHRTYPE),
            special("folder", tarfile.DIRTYPE),
            ("folder/b", png(9, 6)),
        ],
    )
    files = found_in(path)
    assert outcomes(files) == [8, *["not-a-file"] * 4, 9]
    assert {file.reason for file in files[1:5]} == {"a link or device inside an archive"}


def test_the_suffix_of_an_archive_may_be_in_capitals(put, tmp_path):
    Path(put("x.zip", MEMBERS)).rename(tmp_path / "X.ZIP")
    Path(put("y.tar.gz", MEMBERS)).rename(tmp_path / "Y.TAR.GZ")
    assert outcomes(found_in(str(tmp_path / "X.ZIP"))) == OUTCOMES == outcomes(found_in(str(tmp_path / "Y.TAR.GZ")))


@pytest.mark.parametrize("suffix", KINDS)
@pytest.mark.parametrize("inner", ["in.zip", "in.TAR.GZ", "in.cbz"])
def test_an_archive_in_an_archive_is_listed_and_not_entered(put, suffix, inner):
    path = put("x" + suffix, [("a", png(8, 6)), (inner, zipped(MEMBERS)), ("b", png(9, 6))])
    files = found_in(path)
    assert outcomes(files) == [8, "archive-not-entered", 9]
    assert files[1].reason == "archives inside archives are not read"
    assert files[1].path == inside(path, inner)[0]


@pytest.mark.parametrize("suffix", [".zip", ".tar.gz"])
def test_globs_apply_inside_archives(put, tmp_path, suffix):
    path = put("x" + suffix, [(name, png(8, 6)) for name in ("a.png", "b.jpg", "in/a.png", "in/c.png")])

    def paths_of(**globs):
        return [file.path for file in found_in(path, matches=Walk(**globs).matches)]

    assert paths_of() == inside(path, "a.png", "b.jpg", "in/a.png", "in/c.png")
    assert paths_of(include=("*.jpg",)) == inside(path, "b.jpg")
    assert paths_of(exclude=("a.*",)) == inside(path, "b.jpg", "in/c.png")
    assert paths_of(include=("*/in/*",), exclude=("a.*",)) == inside(path, "in/c.png")
    assert paths_of(include=(f"{tmp_path.as_posix()}/x.*/a.png",)) == inside(path, "a.png", "in/a.png")
    assert paths_of(exclude=(f"{tmp_path.as_posix()}/x.*/in/*",)) == inside(path, "a.png", "b.jpg")
    assert paths_of(include=("none",)) == []


def test_an_excluded_folder_inside_an_archive_is_skipped(put):
    path = put("x.zip", [("a.png", png(8, 6)), ("node_modules/b.png", png(9, 6))])
    assert outcomes(found_in(path, matches=Walk(exclude=("node_modules",)).matches)) == [8]


@pytest.mark.parametrize("suffix", [".zip", ".tar"])
@pytest.mark.parametrize(("count", "batches"), [(3, [3]), (4, [4]), (10, [4, 4, 2])])
def test_many_members_come_in_several_batches(put, monkeypatch, suffix, count, batches):
    monkeypatch.setattr(archives, "FILES_PER_BATCH", 4)
    path = put("x" + suffix, [(f"{number % 2}/{number}", png(1 + number, 6)) for number in range(count)])
    results = list(probe_archive(path))
    assert [sum(len(group) for _, group in groups) for groups in results] == batches
    assert outcomes(found_in(path)) == list(range(1, count + 1))


@pytest.mark.parametrize("suffix", [".zip", ".tar.gz"])
def test_members_are_read_lazily_and_closing_the_iterator_closes_the_archive(put, monkeypatch, suffix):
    monkeypatch.setattr(archives, "FILES_PER_BATCH", 2)
    parsed, parse = [], archives.parse_header
    monkeypatch.setattr(archives, "parse_header", lambda *args, **options: parsed.append(1) or parse(*args, **options))
    iterator = probe_archive(put("x" + suffix, [(str(number), png(8, 6)) for number in range(50)]))
    next(iterator)
    assert len(parsed) == 2
    iterator.close()  # an archive left open would be a ResourceWarning, and so an error


def test_the_list_of_members_in_tarfile_does_not_grow(put, monkeypatch):
    lengths, next_member = [], tarfile.TarFile.next

    def spy(archive):
        lengths.append(len(archive.members))
        return next_member(archive)

    path = put("x.tar", [(str(number), png(1 + number, 6)) for number in range(200)])
    monkeypatch.setattr(tarfile.TarFile, "next", spy)
    assert outcomes(found_in(path)) == list(range(1, 201))
    assert len(lengths) > 200
    assert max(lengths) <= 1


# Bombs.


@pytest.fixture
def decompressed(monkeypatch):
    """Count the bytes read from zip members."""
    total, read = SimpleNamespace(bytes=0), zipfile.ZipExtFile._read1

    def spy(member, size):
        data = read(member, size)
        total.bytes += len(data)
        return data

    monkeypatch.setattr(zipfile.ZipExtFile, "_read1", spy)
    return total


@pytest.mark.parametrize("compression", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
@pytest.mark.parametrize("bomb", [gif(9, 6, comment=8000), jpeg(9, 6, far=30)], ids=["gif", "jpeg"])
def test_a_bomb_is_decompressed_only_up_to_the_limit(put, monkeypatch, decompressed, bomb, compression):
    path = put("x.zip", zipped([("a.gif", bomb), ("b.png", png(8, 6))], compression))
    assert outcomes(found_in(path)) == [9, 8]
    if compression == zipfile.ZIP_DEFLATED:  # Python 3.13 seeks over stored members without reading
        assert decompressed.bytes > 1_900_000
    decompressed.bytes = 0
    monkeypatch.setattr(forward, "MEMBER_BYTES", 200_000)
    assert outcomes(found_in(path)) == ["archive-limit", 8]
    assert decompressed.bytes <= 210_000


def test_only_the_header_of_a_large_member_is_decompressed(put, decompressed):
    path = put("x.zip", zipped([("a.png", png(8, 6) + bytes(50_000_000))]))
    (file,) = found_in(path)
    assert file.file_bytes == len(png(8, 6)) + 50_000_000
    assert decompressed.bytes < 10_000


# Names.


@pytest.mark.parametrize("suffix", [".zip", ".tar"])
@pytest.mark.parametrize(
    "name", ["../../up.png", "new\nline.png", "\x1b[31mred.png", "=1+1.png", "-rf", "a/../b", "C:\\x", "\N{CAT FACE}"]
)
def test_hostile_names_stay_below_the_archive(put, suffix, name):
    path = put("x" + suffix, [(name, png(8, 6)), ("after", png(9, 6))])
    files = found_in(path)
    assert outcomes(files) == [8, 9]
    assert files[0].path == path + os.sep + name


@pytest.mark.parametrize("suffix", [".zip", ".tar"])
@pytest.mark.parametrize("name", ["/etc/a.png", "//a.png", "/a.png"])
def test_absolute_names_stay_below_the_archive(put, suffix, name):
    path = put("x" + suffix, [(name, png(8, 6))])
    ((folder, (file,)),) = next(probe_archive(path))
    assert folder.startswith(path)
    assert file.path.startswith(path)


@pytest.mark.parametrize("suffix", [".zip", ".tar"])
def test_a_member_without_a_name_is_listed(put, suffix):
    files = found_in(put("x" + suffix, [("a", png(8, 6)), ("", png(9, 6)), ("b", png(10, 6))]))
    assert files[0].width == 8
    assert outcomes(files[1:]) in ([9, 10], ["damaged"])


# Broken archives.


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("data", [b"", b"hello", bytes(5000), png(8, 6), noise(5000), b"PK\3\4", b"\x1f\x8b", b"BZh9"])
def test_a_file_that_is_not_an_archive_is_listed_as_damaged(put, suffix, data):
    path = put("x" + suffix, data)
    files = found_in(path)
    if data == bytes(5000) and suffix in TARS:  # tar reads zeros as an empty archive
        assert files == []
        return
    ((folder, _),) = next(probe_archive(path))
    assert folder == ""
    assert [file.path for file in files] == [path]
    assert outcomes(files) == ["damaged"]
    assert files[0].reason.startswith("corrupt archive: ")


def test_the_reason_for_a_damaged_tar_is_one_line(put):
    (file,) = found_in(put("x.tar", b"hello"))
    assert "\n" not in file.reason


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_deleted_archive_is_missing(tmp_path, suffix):
    path = str(tmp_path / ("x" + suffix))
    assert list(probe_archive(path)) == [[("", [Unreadable(path, "missing", "no such file or folder")])]]


@pytest.mark.parametrize("suffix", [".zip", ".tar.gz"])
def test_an_archive_without_read_permission_is_reported_as_no_access(put, monkeypatch, suffix):
    path = put("x" + suffix, MEMBERS)

    def refuse(*_, **__):
        raise PermissionError(13, "Permission denied", path)

    monkeypatch.setattr(zipfile, "ZipFile", refuse)
    monkeypatch.setattr(tarfile, "TarFile", refuse)
    assert found_in(path) == [Unreadable(path, "no-access", "permission denied")]


@pytest.mark.parametrize("suffix", [".zip", ".tar"])
def test_a_folder_instead_of_an_archive_is_reported_as_no_access(tmp_path, suffix):
    (tmp_path / f"x{suffix}").mkdir()
    assert outcomes(found_in(str(tmp_path / f"x{suffix}"))) == ["no-access"]


THREE = [(f"{number}.png", png(1 + number, 6, size=700)) for number in range(3)]
FULL = [1, 2, 3]


@pytest.mark.parametrize("suffix", KINDS)
def test_a_truncated_archive_gives_its_first_members_and_is_reported(put, suffix):
    whole = Path(put("whole" + suffix, THREE)).read_bytes()
    for end in range(0, len(whole), 37):
        results = outcomes(found_in(put("x" + suffix, whole[:end])))
        images = [result for result in results if isinstance(result, int)]
        assert results
        assert images == FULL[: len(images)] == results[: len(images)]
        assert set(results[len(images) :]) <= {"damaged"}


@pytest.mark.parametrize(
    "suffix",
    [
        *(".zip", ".tar.gz", ".tar.bz2", ".tar.xz"),
        ".tar",
    ],
)
def test_a_truncated_archive_that_lost_a_member_is_reported(put, suffix):
    whole = Path(put("whole" + suffix, THREE)).read_bytes()
    for end in range(0, len(whole), 37):
        results = outcomes(found_in(put("x" + suffix, whole[:end])))
        assert results == FULL or "damaged" in results


@pytest.mark.parametrize("suffix", [".tar", ".tar.gz"])
def test_a_tar_with_a_broken_header_in_the_middle_is_reported(put, suffix):
    raw = bytearray(tarred(THREE))
    second = raw.index(b"1.png")
    raw[second : second + 512] = noise(512)
    results = outcomes(found_in(put("x" + suffix, bytes(raw) if suffix == ".tar" else gzip.compress(raw))))
    assert results[0] == 1
    assert "damaged" in results


@pytest.mark.parametrize("suffix", KINDS)
def test_an_archive_with_any_byte_inverted_is_listed(put, suffix):
    whole = Path(put("whole" + suffix, THREE)).read_bytes()
    for at in range(0, len(whole), 37):
        turned = whole[:at] + bytes([whole[at] ^ 0x5A]) + whole[at + 1 :]
        files = found_in(put("x" + suffix, turned))
        assert files
        assert all(file.path for file in files)
        assert all(file.reason for file in files if isinstance(file, Unreadable))


@pytest.mark.parametrize(("suffix", "compress"), [(".tar.bz2", bz2.compress), (".tar.xz", lzma.compress)])
def test_compressed_data_that_is_broken_in_its_first_block_is_damaged(put, suffix, compress):
    data = bytearray(compress(tarred(THREE)))
    data[len(data) // 2 : len(data) // 2 + 50] = bytes(50)
    results = outcomes(found_in(put("x" + suffix, bytes(data))))
    assert "damaged" in results
    assert "no-access" not in results


@pytest.mark.parametrize("suffix", [".tar.gz", ".tar.bz2"])
def test_compressed_data_that_is_broken_later_is_damaged_not_inaccessible(put, suffix):
    many = tarred([(f"{number}.png", png(1 + number, 6, size=60_000)) for number in range(40)])
    if suffix == ".tar.gz":  # data after the first stream that is not a stream
        data = gzip.compress(many[: len(many) // 2]) + b"junk" + gzip.compress(many[len(many) // 2 :])
    else:
        data = bytearray(bz2.compress(many, 1))
        data[len(data) // 2 : len(data) // 2 + 50] = bytes(50)
    results = outcomes(found_in(put("x" + suffix, bytes(data))))
    assert results[0] == 1
    assert "damaged" in results
    assert "no-access" not in results


def patched_zip(change):
    """Build a zip of three members and change both headers of the second one."""
    data = bytearray(zipped(THREE, zipfile.ZIP_STORED))
    local = data.index(b"1.png") - 30
    central = data.rindex(b"1.png") - 46
    change(data, local + 6, local + 8, local + 30 + 5)
    change(data, central + 8, central + 10, local + 30 + 5)
    return bytes(data)


def encrypt(data, flags, _method, _body):
    data[flags] |= 1


def compress_strangely(data, _flags, method, _body):
    data[method] = 97


def corrupt(data, _flags, _method, body):
    data[body + 100] = 0


def misplace(data, _flags, _method, body):
    data[body - 35 : body - 31] = b"junk"


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (encrypt, "it is encrypted"),
        (compress_strangely, "compression method 97 is not supported"),
        (corrupt, "Bad CRC-32 for file '1.png'"),
        (misplace, "Bad magic number for file header"),
    ],
)
def test_an_unreadable_member_is_listed_between_its_neighbors(put, change, reason):
    path = put("x.zip", patched_zip(change))
    files = found_in(path)
    assert outcomes(files) == [1, "damaged", 3]
    assert files[1].path == inside(path, "1.png")[0]
    assert files[1].reason == f"cannot be read from its archive: {reason}"


def test_an_error_without_a_message_is_reported_by_its_name(put, monkeypatch):
    def fail(*_):
        raise EOFError

    path = put("x.zip", THREE)
    monkeypatch.setattr(zipfile.ZipFile, "open", fail)
    assert {file.reason for file in found_in(path)} == {"cannot be read from its archive: EOFError"}
    monkeypatch.setattr(zipfile, "ZipFile", fail)
    assert {file.reason for file in found_in(path)} == {"corrupt archive: EOFError"}


def test_an_error_of_the_consumer_is_not_mistaken_for_one_of_the_archive(put, monkeypatch):
    monkeypatch.setattr(archives, "FILES_PER_BATCH", 1)
    iterator = probe_archive(put("x.zip", THREE))
    next(iterator)
    with pytest.raises(KeyboardInterrupt):
        iterator.throw(KeyboardInterrupt)


def test_a_zip_folder_marked_by_mode_instead_of_name_is_recognized(put):
    info = zipfile.ZipInfo("folder")
    info.external_attr = (stat.S_IFDIR | 0o755) << 16
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(info, b"")
        archive.writestr("folder/a.png", png(8, 6))
    assert outcomes(found_in(put("x.zip", file.getvalue()))) == ["empty", 8]
