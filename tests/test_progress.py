"""Progress: only in a terminal, only for long scans, and without a thread."""

from __future__ import annotations

import io
import re
import threading
import zipfile

import pytest
from conftest import png

from imgcost.cli import main, progress
from imgcost.cli.progress import progress_of, writing_progress
from imgcost.files import Walk


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture
def terminal(monkeypatch):
    """Replace stderr by a terminal; call it in the test, because pytest replaces stderr before each phase."""
    for name in ("NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "100")

    def begin():
        screen = Terminal()
        monkeypatch.setattr("sys.stderr", screen)
        return screen

    return begin


@pytest.fixture
def clock(monkeypatch):
    """A clock that the test advances."""

    class Clock:
        now = 1000.0

        def __call__(self):
            return self.now

    clock = Clock()
    monkeypatch.setattr(progress, "monotonic", clock)
    return clock


@pytest.fixture
def folder(tmp_path):
    for number in range(4):
        (tmp_path / f"{number}.png").touch()
    (tmp_path / "link").symlink_to("nothing")
    return tmp_path


def plain(screen):
    """Return what was shown, without escape sequences."""
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", screen.getvalue())


def test_nothing_is_shown_if_stderr_is_not_a_terminal(folder, monkeypatch, clock):
    screen = io.StringIO()
    monkeypatch.setattr("sys.stderr", screen)
    monkeypatch.setattr(progress, "_count", None)  # and nothing is counted
    with progress_of(Walk(), [str(folder)]) as advance:
        for _ in range(4):
            clock.now += 10
            advance(1)
    assert screen.getvalue() == ""


def test_a_short_scan_shows_nothing(folder, terminal, clock):
    screen = terminal()
    with progress_of(Walk(), [str(folder)]) as advance:
        clock.now += progress.QUIET_SECONDS * 0.99
        advance(5)
    assert screen.getvalue() == ""


def test_a_long_scan_shows_files_the_total_and_files_per_second(folder, terminal, clock):
    screen = terminal()
    with progress_of(Walk(), [str(folder)]) as advance:
        clock.now += 2
        advance(3)
        assert "3/5 files 2 files/s" in plain(screen)
        clock.now += 2
        advance(2)
        assert "5/5 files 1 files/s" in plain(screen)


def test_the_total_includes_unreadable_folders_and_respects_the_globs(folder, terminal, clock):
    screen = terminal()
    with progress_of(Walk(include=("0.png",)), [str(folder)]) as advance:
        clock.now += 2
        advance(1)
    assert "1/2 files" in plain(screen)


@pytest.mark.parametrize("known", [True, False], ids=["archive", "stdin"])
def test_an_unknown_total_is_not_shown(folder, terminal, clock, known):
    screen = terminal()
    with zipfile.ZipFile(folder / "z.zip", "w") as archive:
        archive.writestr("a.png", b"")
    with progress_of(Walk(), [str(folder)] if known else None) as advance:
        clock.now += 1
        advance(1234)
    assert "1234/? files 1,234 files/s" in plain(screen)


def test_archives_that_are_not_entered_are_counted(folder, terminal, clock):
    screen = terminal()
    (folder / "z.zip").touch()
    with progress_of(Walk(archives=False), [str(folder)]) as advance:
        clock.now += 1
        advance(1)
    assert "1/6 files" in plain(screen)


def test_progress_is_updated_up_to_ten_times_per_second(folder, terminal, clock):
    screen = terminal()
    with progress_of(Walk(), [str(folder)]) as advance:
        clock.now += 1
        advance(1)
        before = screen.getvalue()
        clock.now += progress.REFRESH_SECONDS / 2
        advance(1)
        assert screen.getvalue() == before
        clock.now += progress.REFRESH_SECONDS
        advance(1)
        assert "3/5 files" in plain(screen)


@pytest.mark.parametrize("error", [None, KeyboardInterrupt])
def test_progress_is_erased_at_the_end_and_the_cursor_is_shown_again(folder, terminal, clock, error):
    screen = terminal()

    def scan():
        with progress_of(Walk(), [str(folder)]) as advance:
            clock.now += 1
            advance(1)
            if error:
                raise error

    if error:
        with pytest.raises(error):
            scan()
    else:
        scan()
    assert screen.getvalue().rfind("\x1b[?25h") > screen.getvalue().rfind("\x1b[?25l") >= 0
    assert screen.getvalue().endswith("\x1b[2K")


def test_no_thread_is_started(folder, terminal, clock):
    """Forking workers is not safe in a process with threads."""
    screen = terminal()
    before = threading.active_count()
    with progress_of(Walk(), [str(folder)]) as advance:
        clock.now += 1
        advance(1)
        assert screen.getvalue()
        assert threading.active_count() == before


def test_progress_of_a_report_shows_its_escaped_name(terminal, clock):
    screen = terminal()
    with writing_progress("a[red]\x1b[31m.xlsx") as show:
        assert screen.getvalue() == ""
        show(500, 2000)
        assert "Writing a[red]\\x1b[31m.xlsx" in plain(screen)
        assert "25%" in plain(screen)
        show(600, 2000)
        assert "30%" not in plain(screen)
        clock.now += progress.REFRESH_SECONDS
        show(1000, 2000)
        assert "50%" in plain(screen)
    assert screen.getvalue().endswith("\x1b[2K")


@pytest.mark.parametrize("is_terminal", [True, False])
def test_a_report_that_is_written_quickly_shows_nothing(terminal, is_terminal):
    screen = terminal() if is_terminal else io.StringIO()
    with writing_progress("a.csv") as show:
        if not is_terminal:
            show(1, 2)
    assert screen.getvalue() == ""


@pytest.mark.parametrize("suffix", ["xlsx", "html"])
def test_a_scan_shows_that_it_writes_a_workbook_or_a_page(tmp_path, terminal, suffix, monkeypatch):
    monkeypatch.setattr("imgcost.reports.workbook.images.PROGRESS_ROWS", 1)
    (tmp_path / "a.png").write_bytes(png(9, 9))
    screen = terminal()
    main(["scan", str(tmp_path / "a.png"), "-o", str(tmp_path / f"out.{suffix}")], standalone_mode=False)
    assert f"Writing {tmp_path}" in plain(screen).replace("\n", "")
    assert (tmp_path / f"out.{suffix}").exists()
