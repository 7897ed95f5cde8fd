"""Output files are complete or unchanged, and no temporary files remain."""

from __future__ import annotations

import errno
import io
import json
import os
import signal
import stat
import subprocess
import sys
from contextlib import suppress

import command_line
import openpyxl
import pyarrow.parquet as pq
import pytest
from conftest import png
from quoting import quoted, reporting

from imgcost import outputs
from imgcost.files import Image, Walk
from imgcost.outputs import TEMPORARY_SUFFIX, Output
from imgcost.pipeline import Scan

pytestmark = pytest.mark.slow  # starts and kills processes

SUFFIXES = ("csv", "json", "jsonl", "parquet", "md", "xlsx", "html")
OLD = b"the old report\n"
AS_OF = ("--as-of", "2026-11-22")
LINUX = pytest.mark.skipif(sys.platform != "linux", reason="limits and signals as Linux has them")


def names_in(folder):
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture
def target(tmp_path):
    (tmp_path / "out").mkdir()
    path = tmp_path / "out" / "report.csv"
    path.write_bytes(OLD)
    return path


@pytest.fixture
def pictures(tmp_path):
    folder = tmp_path / "pictures"
    folder.mkdir()
    for number in range(3):
        (folder / f"{number}.png").write_bytes(png(100 + number, 100))
    return folder


# Output


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit])
def test_an_error_leaves_the_target_unchanged_and_no_other_file(target, error):
    output = Output(target)

    def fail():
        with output as file:
            file.write(b"half")
            file.flush()
            assert len(names_in(target.parent)) == 2
            raise error

    with pytest.raises(error):
        fail()
    assert (target.read_bytes(), names_in(target.parent)) == (OLD, ["report.csv"])
    assert not output.complete


def test_the_target_is_replaced_at_the_end_and_keeps_its_permissions(target):
    target.chmod(0o640)
    output = Output(target)
    with output as file:
        file.write(b"new")
        file.flush()
        assert target.read_bytes() == OLD
    assert (target.read_bytes(), names_in(target.parent)) == (b"new", ["report.csv"])
    assert output.complete
    assert stat.S_IMODE(target.stat().st_mode) == 0o640 or sys.platform == "win32"


def test_an_error_in_setting_permissions_is_ignored(target, monkeypatch):
    def refuse(*_):
        raise PermissionError

    monkeypatch.setattr(os, "chmod", refuse)
    with Output(target) as file:
        file.write(b"new")
    assert target.read_bytes() == b"new"


def test_a_new_file_has_the_permissions_of_any_new_file(tmp_path):
    (tmp_path / "plain").touch()
    with Output(tmp_path / "new"):
        pass
    assert (tmp_path / "new").stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_a_link_stays_a_link(target, tmp_path):
    link = tmp_path / "link.csv"
    link.symlink_to(target)
    with Output(link) as file:
        file.write(b"new")
    assert link.is_symlink()
    assert target.read_bytes() == b"new"
    assert names_in(target.parent) == ["report.csv"]


def test_a_protected_file_is_not_replaced(target, monkeypatch):
    monkeypatch.setattr(os, "access", lambda path, mode: (path, mode) != (str(target), os.W_OK))
    with pytest.raises(PermissionError, match=r"report\.csv"), Output(target):
        pass
    assert target.read_bytes() == OLD


def test_a_missing_folder_is_an_error_with_the_given_path(tmp_path):
    with pytest.raises(FileNotFoundError) as caught, Output(tmp_path / "no" / "a.csv"):
        pass
    assert caught.value.filename == str(tmp_path / "no" / "a.csv")
    assert TEMPORARY_SUFFIX not in str(caught.value)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_a_pipe_is_written_directly(tmp_path):
    path = tmp_path / "pipe"
    os.mkfifo(path)
    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    try:
        output = Output(path)
        with output as file:
            file.write(b"rows")
            file.flush()
            assert os.read(reader, 100) == b"rows"
        assert output.complete
        with suppress(KeyboardInterrupt), output:
            raise KeyboardInterrupt
        assert not output.complete
    finally:
        os.close(reader)
    assert stat.S_ISFIFO(path.stat().st_mode)
    assert names_in(tmp_path) == ["pipe"]


def test_a_full_disk_that_is_reported_on_closing_leaves_the_target_unchanged(target, monkeypatch):
    class Full(io.FileIO):
        def close(self):
            super().close()
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(outputs, "open", lambda path, _mode: Full(path, "x"), raising=False)
    with pytest.raises(OSError, match="No space left"), Output(target):
        pass
    assert (target.read_bytes(), names_in(target.parent)) == (OLD, ["report.csv"])


def test_an_interruption_after_the_move_reports_a_complete_target(target, monkeypatch):
    replace = os.replace

    def late(*args):
        replace(*args)
        raise KeyboardInterrupt

    output = Output(target)
    monkeypatch.setattr(os, "replace", late)
    with pytest.raises(KeyboardInterrupt), output as file:
        file.write(b"new")
    assert output.complete
    assert (target.read_bytes(), names_in(target.parent)) == (b"new", ["report.csv"])


LEFT_OPEN = """
import os, sys
from imgcost.outputs import Output
output = Output(sys.argv[1])
file = output.__enter__()
if sys.argv[2] == "fork" and not os.fork():
    sys.exit()  # the child must not remove it
if sys.argv[2] == "fork":
    os.wait()
    print(len(os.listdir(os.path.dirname(sys.argv[1]))))
"""


@LINUX
@pytest.mark.parametrize(("how", "expected"), [("exit", ""), ("fork", "2\n")])
def test_a_temporary_file_is_removed_at_exit_by_the_process_that_created_it(target, how, expected):
    command = [sys.executable, "-c", LEFT_OPEN, str(target), how]
    completed = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    assert completed.stdout == expected
    assert (target.read_bytes(), names_in(target.parent)) == (OLD, ["report.csv"])


def test_a_fork_removes_nothing(tmp_path):
    path = tmp_path / "a"
    path.touch()
    assert not outputs._remove(str(path), os.getpid() + 1)
    assert path.exists()


# Every format


def image(number):
    return Image(f"{number}.png", "image/png", 100 + number, 100, 1, animated=False, file_bytes=900)


QUOTES = [quoted("claude-sonnet-4-6")]


@pytest.fixture
def old(tmp_path):
    """Write an old report to the path of the new one."""

    def put(suffix):
        path = tmp_path / "old" / f"report.{suffix}"
        path.parent.mkdir()
        path.write_bytes(OLD)
        return path

    return put


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_an_old_report_is_untouched_until_the_end(old, tmp_path, monkeypatch, suffix):
    target = old(suffix)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "tmp"))
    (tmp_path / "tmp").mkdir()
    with suppress(KeyboardInterrupt), reporting(target, QUOTES) as report:
        report.add([("", [image(1), image(2)])])
        raise KeyboardInterrupt
    assert (target.read_bytes(), names_in(target.parent)) == (OLD, [target.name])
    assert names_in(tmp_path / "tmp") == []


@pytest.mark.parametrize("error", [KeyboardInterrupt(), OSError(errno.ENOSPC, "No space left on device")])
@pytest.mark.parametrize("suffix", ["xlsx", "html"])
def test_an_interrupted_workbook_or_page_leaves_the_old_one(old, tmp_path, monkeypatch, suffix, error):
    target = old(suffix)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "tmp"))
    (tmp_path / "tmp").mkdir()

    def interrupt(_done, _total):
        raise error

    def write():
        with reporting(target, QUOTES, interrupt) as report:
            report.add([("", [image(number) for number in range(600)])])

    with pytest.raises(type(error)):
        write()
    assert (target.read_bytes(), names_in(target.parent)) == (OLD, [target.name])
    assert names_in(tmp_path / "tmp") == []


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_full_disk_raises_oserror(tmp_path, monkeypatch, suffix):
    class Full(io.FileIO):
        def write(self, _data):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(outputs, "open", lambda path, _mode: Full(path, "x"), raising=False)

    def write():
        with reporting(tmp_path / f"a.{suffix}", QUOTES) as report:
            report.add([("", [image(1)])])

    with pytest.raises(OSError, match="No space left"):
        write()
    assert names_in(tmp_path) == []


LIMITED = """
import resource, sys
sys.dont_write_bytecode = True  # Python 3.11 leaves a file of bytecode that is cut at the limit
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv.pop(1)), resource.RLIM_INFINITY))
from imgcost.__main__ import run
run()
"""


@LINUX
@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("command", ["scan", "estimate", "plan", "check"])
def test_a_limit_on_the_size_of_files_leaves_the_old_report(target, pictures, command, suffix):
    path = target.with_suffix(f".{suffix}")
    path.write_bytes(OLD)
    job = [str(pictures)] if command in {"scan", "check"} else ["100x100"]
    with_limit = [sys.executable, "-c", LIMITED, "100", command, *job, "-o", str(path), "--as-of", "2026-11-22"]
    completed = subprocess.run(with_limit, capture_output=True, text=True, check=False, timeout=60)
    assert (completed.returncode, completed.stdout) == (2, "")
    assert "File too large" in completed.stderr
    assert "Traceback" not in completed.stderr
    assert "ignored" not in completed.stderr
    assert path.read_bytes() == OLD
    assert names_in(target.parent) == sorted({"report.csv", path.name})


def read(path):
    """Return the paths in a report of a scan."""
    match path.suffix:
        case ".csv":
            return [line.split(",")[0] for line in path.read_text().splitlines()[1:]]
        case ".json":
            return [row["path"] for row in json.loads(path.read_bytes())["rows"]]
        case ".jsonl":
            return [json.loads(line)["path"] for line in path.read_text().splitlines()]
        case ".parquet":
            return pq.read_table(path)["path"].to_pylist()
        case ".xlsx":
            return [row[0] for row in openpyxl.load_workbook(path)["Images"].iter_rows(min_row=2, values_only=True)]


@pytest.mark.parametrize("suffix", ["csv", "json", "jsonl", "parquet", "xlsx"])
def test_two_scans_to_one_file_do_not_mix_their_rows(tmp_path, suffix):
    path = tmp_path / f"report.{suffix}"
    with reporting(path, QUOTES) as first, reporting(path, QUOTES) as second:
        for number in range(3):
            for report in (first, second):
                report.add([("", [image(number)])])
    assert read(path) == ["0.png", "1.png", "2.png"]
    assert names_in(tmp_path) == [path.name]


# The command line


def test_temporary_files_of_a_killed_scan_are_not_counted(pictures):
    (pictures / f".0123456789abcdef{TEMPORARY_SUFFIX}").write_bytes(b"half")
    for _ in range(2):
        result = command_line.run("scan", pictures, "-o", pictures / "report.csv", *AS_OF, "-f", "json")
        assert result.exit_code == 0
        data = json.loads(result.stdout)
        assert (data["images"], data["unreadable"]) == (3, [])
    assert len(read(pictures / "report.csv")) == 3


def walked(walk, *paths):
    return sorted(name for step in walk.steps(map(str, paths)) for name in getattr(step, "names", ()))


def test_a_scan_skips_its_own_output_and_cache_under_any_name(pictures, tmp_path):
    report, cache = pictures / "report.csv", pictures / "cache"
    for path in (report, cache, pictures / "cache-journal", pictures / "other.csv"):
        path.write_bytes(OLD)
    (pictures / "link.csv").symlink_to(report)
    (tmp_path / "way").symlink_to(pictures)
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "report.csv").write_bytes(OLD)
    others = ["0.png", "1.png", "2.png", "other.csv"]
    for spelled in (report, pictures / ".." / "pictures" / "report.csv", tmp_path / "way" / "report.csv"):
        walk = Walk(own=(str(spelled), str(cache)))
        assert walked(walk, pictures) == others
        assert walked(walk, tmp_path) == [*others, "report.csv"]  # in another folder
        assert walked(walk, report, tmp_path / "way" / "report.csv", pictures / "0.png") == ["0.png"]
    assert walked(Walk(own=(str(pictures / "link.csv"),)), pictures) == ["0.png", "1.png", "2.png", "cache",
                                                                     "cache-journal", "other.csv"]  # fmt: skip


def test_names_that_differ_in_case_are_the_same_file_only_if_the_system_says_so(pictures):
    (pictures / "Report.csv").write_bytes(OLD)
    os.link(pictures / "Report.csv", pictures / "REPORT.csv")
    (pictures / "rePORT.csv").write_bytes(OLD)
    names = walked(Walk(own=(str(pictures / "Report.csv"),)), pictures)
    assert names == ["0.png", "1.png", "2.png", "rePORT.csv"]


def test_an_output_that_is_created_during_the_walk_is_skipped(pictures, monkeypatch):
    monkeypatch.chdir(pictures)
    steps = Walk(own=("report.csv",)).steps(["0.png", "."])
    next(steps)
    (pictures / "report.csv").write_bytes(OLD)
    assert [step.names for step in steps] == [["0.png", "1.png", "2.png"]]


@pytest.mark.parametrize("spelling", ["same", "relative", "link", "hard link"])
@pytest.mark.parametrize("command", ["check", "plan", "scan", "cache"])
def test_an_output_that_is_also_an_input_is_an_error(tmp_path, monkeypatch, command, spelling):
    batch = tmp_path / "b.jsonl"
    content = b'{"custom_id": "a", "params": {}}\n'
    batch.write_bytes(content)
    monkeypatch.chdir(tmp_path)
    given = {"same": batch, "relative": "b.jsonl", "link": tmp_path / "l.jsonl", "hard link": tmp_path / "h.jsonl"}
    (tmp_path / "l.jsonl").symlink_to(batch)
    os.link(batch, tmp_path / "h.jsonl")
    arguments = ("scan", batch, "--cache") if command == "cache" else (command, batch, "-o")
    stderr = command_line.refused(*arguments, given[spelling])
    assert "would overwrite" in stderr
    assert batch.read_bytes() == content


def test_a_scenario_is_an_input_and_a_cache_is_not_an_output(tmp_path, pictures):
    job = tmp_path / "job.csv"
    job.write_text("prompt_tokens = 1\n", encoding="utf-8")
    assert "would overwrite" in command_line.refused("plan", "9x9", "--scenario", job, "-o", job)
    both = tmp_path / "both.csv"
    assert "would overwrite" in command_line.refused("scan", pictures, "-o", both, "--cache", both)
    assert not both.exists()


@pytest.mark.parametrize(
    "arguments",
    [("scan", ".", "-o", ""), ("scan", ".", "--cache", ""), ("plan", "9x9", "-o", ""), ("estimate", "9x9", "-o", ""),
     ("check", ".", "-o", "")],
)  # fmt: skip
def test_an_empty_name_is_a_usage_error(arguments):
    message = command_line.refused(*arguments)
    assert message.startswith("Usage:")
    assert "the file name is empty" in message


KILLED = """
import os, signal, sys
for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT):
    signal.signal(number, signal.SIG_DFL)
signal.signal(signal.SIGINT, signal.default_int_handler)
number, when = int(sys.argv.pop(1)), sys.argv.pop(1)
from imgcost.reports.workbook import writing
from imgcost.reports.html import page
from imgcost.reports import delimited

def then_end(function):
    def ended(*args, **more):
        result = function(*args, **more)
        os.kill(os.getpid(), number)
        return result
    return ended

writing.write_images = then_end(writing.write_images)
page._page = then_end(page._page)
delimited.TextWriter.write = then_end(delimited.TextWriter.write)
from imgcost.__main__ import run
run()
"""


@LINUX
@pytest.mark.parametrize("suffix", ["xlsx", "html", "csv"])
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGKILL"])
def test_a_signal_while_a_report_is_written_leaves_the_old_one(target, pictures, tmp_path, suffix, name):
    path = target.with_name(f"new.{suffix}")
    path.write_bytes(OLD)
    (tmp_path / "tmp").mkdir()
    number = signal.Signals[name]
    command = [sys.executable, "-c", KILLED, str(int(number)), suffix, "scan", str(pictures), "-o", str(path), *AS_OF]
    completed = subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env=os.environ | {"TMPDIR": str(tmp_path / "tmp")},
    )
    assert completed.stdout == ""
    assert path.read_bytes() == OLD
    if name == "SIGKILL":
        assert completed.returncode == -number
        return
    end = "interrupted" if name == "SIGINT" else f"terminated by {name}"
    assert completed.stderr in {f"imgcost: {end} after {files} files; {path} was not written\n" for files in (0, 3)}
    assert completed.returncode == 128 + number
    assert names_in(path.parent) == [path.name, "report.csv"]
    assert names_in(tmp_path / "tmp") == []


def test_the_number_of_streamed_rows_is_in_the_message(pictures, monkeypatch):
    run_scan = Scan.run

    def interrupted(*args, **more):
        run_scan(*args, **more)
        raise KeyboardInterrupt

    monkeypatch.setattr(Scan, "run", interrupted)
    result = command_line.run("scan", pictures, "--rows", "csv", *AS_OF)
    assert (result.exit_code, len(result.stdout.splitlines())) == (130, 1 + 3)
    assert result.stderr == "imgcost: interrupted after 3 files; stdout has only 3 complete rows\n"


@LINUX
@pytest.mark.parametrize("rows", ["csv", "jsonl"])
def test_an_interrupted_stream_to_a_file_reports_its_number_of_rows(pictures, tmp_path, rows):
    command = [sys.executable, "-c", KILLED, str(int(signal.SIGINT)), "", "scan", str(pictures), "--rows", rows, *AS_OF]
    with (tmp_path / "rows").open("wb") as stdout:
        completed = subprocess.run(command, stdout=stdout, stderr=subprocess.PIPE, text=True, check=False, timeout=60)
    assert completed.returncode == 130
    lines = (tmp_path / "rows").read_text().splitlines()
    assert len(lines) - (rows == "csv") == 3
    assert completed.stderr == "imgcost: interrupted after 0 files; stdout has only 3 complete rows\n"


@LINUX
def test_a_run_with_nohup_ignores_sighup(pictures, target):
    ignoring = "import signal; signal.signal(signal.SIGHUP, signal.SIG_IGN)\n"
    code = ignoring + KILLED.replace("signal.SIGHUP, ", "")
    command = [
        sys.executable,
        "-c",
        code,
        str(int(signal.SIGHUP)),
        "",
        "scan",
        str(pictures),
        "-o",
        str(target),
        *AS_OF,
    ]
    completed = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert completed.returncode == 0
    assert len(read(target)) == 3
