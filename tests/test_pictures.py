"""Bar charts in a terminal, and tables that fit its width."""

from __future__ import annotations

import io
import re

import pytest
from click.testing import CliRunner
from conftest import SAMPLES

from imgcost.cli import main, options
from imgcost.cli.pictures import draw
from imgcost.text import Report, Table, as_text


class Terminal(io.TextIOWrapper):
    def isatty(self):
        return True

    def text(self):
        """Return the printed text, without colors."""
        self.flush()
        return re.sub(r"\x1b\[[0-9;]*m", "", self.buffer.getvalue().decode(self.encoding))


def terminal(encoding="utf-8"):
    return Terminal(io.BytesIO(), encoding, newline="\n")


@pytest.fixture(autouse=True)
def hundred_columns(monkeypatch):
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setenv("TERM", "xterm-256color")


def drawn(report, encoding="utf-8"):
    stream = terminal(encoding)
    draw(report, stream)
    return [line.rstrip() for line in stream.text().splitlines()]


DUCKS = Table("Ducks", ("name", ">count"), [("Huey", "8"), ("[b]Dewey", "4"), ("Louie", "0")], [8, 4, 0])
PLAIN = Table("", ("place",), [("pond",)])


def test_bars_are_proportional_to_the_numbers():
    lines = drawn(Report({}, [DUCKS, PLAIN], ["One note."]))
    assert lines == [
        "Ducks",
        "  name      count",
        "  Huey          8  " + "\u2588" * 40,
        "  [b]Dewey      4  " + "\u2588" * 20,
        "  Louie         0",
        "",
        "place",
        "pond",
        "",
        "One note.",
    ]


def test_bars_need_space_next_to_the_text(monkeypatch):
    text = as_text(Report({}, [DUCKS])).splitlines()
    for columns, bar in ((27, 8), (26, 0), (10, 0)):
        monkeypatch.setenv("COLUMNS", str(columns))
        assert drawn(Report({}, [DUCKS])) == [text[0], text[1], (text[2] + "  " + "\u2588" * bar).rstrip(), *(
            [text[3] + "  " + "\u2588" * (bar // 2)] if bar else [text[3]]), text[4]]  # fmt: skip


def test_a_terminal_without_unicode_gets_no_bars():
    assert "\n".join(drawn(Report({}, [DUCKS]), "latin-1")) == as_text(Report({}, [DUCKS]))


def test_zeros_have_no_bars():
    nothing = DUCKS._replace(bars=[0, 0, 0])
    assert "\n".join(drawn(Report({}, [nothing]))) == as_text(Report({}, [nothing]))


def test_only_a_terminal_gets_bars(monkeypatch):
    report = Report({}, [DUCKS])
    for stream, pictures in ((terminal(), True), (io.TextIOWrapper(io.BytesIO(), "utf-8"), False)):
        for name, err in (("stdout", False), ("stderr", True)):
            with monkeypatch.context() as patch:
                patch.setattr(f"sys.{name}", stream)
                options.echo(report, "text", err=err)
                stream.flush()
        assert ("\u2588" in stream.buffer.getvalue().decode()) is pictures
    stream = terminal()
    monkeypatch.setattr("sys.stdout", stream)
    options.echo(report, "markdown")
    options.echo(Report({}, [PLAIN]), "text")
    assert "\u2588" not in stream.text()


def test_a_pipe_gets_no_bars():
    assert "\u2588" not in CliRunner().invoke(main, ["scan", str(SAMPLES)]).stdout


# Tables in a narrow terminal


PATHS = Table(
    "Paths", ("path", ">tokens"), [("photos/2026/summer/holidays/IMG_0001.jpg", "1,560"), ("a.png", "9")], path_column=0
)


def test_paths_are_shortened_only_as_far_as_needed():
    full = as_text(Report({}, [PATHS]))
    assert as_text(Report({}, [PATHS]), 50) == full
    narrow = as_text(Report({}, [PATHS]), 49).splitlines()
    assert narrow[2] == "  \u2026/2026/summer/holidays/IMG_0001.jpg       1,560"
    assert narrow[3].split() == ["a.png", "9"]
    assert max(map(len, narrow)) == 49
    assert "  \u2026/IMG_0001.jpg   1,560" in as_text(Report({}, [PATHS]), 1).splitlines()


def test_prose_is_wrapped_only_as_far_as_needed():
    table = Table("Ducks", (">count", "what"), [("1", "one two three four"), ("20", "")])
    assert as_text(Report({}, [table]), 27).splitlines()[2:] == ["      1  one two three four", "     20"]
    assert as_text(Report({}, [table]), 26).splitlines()[2:] == ["      1  one two three", "         four", "     20"]
    assert as_text(Report({}, [table]), 1) == as_text(Report({}, [table]), 24)


def test_paths_and_prose_share_the_space():
    table = Table("", ("path", ">n", "what"), [("p" * 90, "1", "word " * 30)], path_column=0)
    lines = as_text(Report({}, [table]), 80).splitlines()
    assert max(map(len, lines)) <= 80
    assert " ".join(lines).split().count("word") == 30
    short = as_text(Report({}, [table._replace(rows=[("p" * 90, "1", "word")])]), 80).splitlines()
    assert len(short) == 2
    assert len(short[1]) == 80


def test_wide_characters_count_twice_when_a_path_is_shortened():
    name = "\u5199\u771f" * 20
    lines = as_text(Report({}, [PATHS._replace(rows=[(name, "9")])]), 40).splitlines()
    shortened = lines[2].split()[0]
    assert set(shortened) == {"\u5199", "\u771f", "\u2026"}
    assert 2 * (len(shortened) - 1) + 1 == 29


WIDE = Table(
    "Ducks",
    ("name", "lives in", ">count", ">shells per 1,000"),
    [("Huey", "Duckburg, Calisota", "8,000", "1"), ("Dewey", "", "10", "2")],
)


def test_headings_are_wrapped_before_cells_and_numbers_never():
    assert as_text(Report({}, [WIDE]), 53) == as_text(Report({}, [WIDE]))
    assert as_text(Report({}, [WIDE]), 50).splitlines()[1:3] == [
        "  name   lives in            count      shells per",
        "                                             1,000",
    ]
    assert as_text(Report({}, [WIDE]), 38).splitlines()[1:] == [
        "  name   lives in        count  shells",
        "                                   per",
        "                                 1,000",
        "  Huey   Duckburg,       8,000       1",
        "         Calisota",
        "  Dewey                     10       2",
    ]


def test_a_table_that_does_not_fit_has_a_line_per_field():
    assert as_text(Report({}, [WIDE]), 32).splitlines()[1:] == [
        "  Huey",
        "    lives in          Duckburg,",
        "                      Calisota",
        "    count             8,000",
        "    shells per 1,000  1",
        "  Dewey",
        "    count             10",
        "    shells per 1,000  2",
    ]
    paths = Table("", ("path", ">" + "a" * 20), [("p" * 90, "1")], path_column=0)
    assert as_text(Report({}, [paths]), 24).splitlines() == [f"{'p' * 7}\u2026{'p' * 16}", f"  {'a' * 20}  1"]


def test_commands_and_urls_are_not_broken():
    url, command = f"https://example.com/{'a' * 30}", "'imgcost plan --batch --prompt-cache 5m'"
    notes = [f"See {url} or run {command}.", "b" * 50]
    assert as_text(Report({}, [], notes), 30).splitlines() == [
        "See",
        f"    {url}",
        "    or run",
        f"    {command}.",
        "b" * 26,
        "    " + "b" * 24,
    ]


def test_tables_are_as_wide_as_the_terminal_or_80_columns(monkeypatch):
    monkeypatch.setenv("COLUMNS", "40")
    for stream, shortened in ((terminal(), True), (io.TextIOWrapper(io.BytesIO(), "utf-8"), False)):
        with monkeypatch.context() as patch:
            patch.setattr("sys.stdout", stream)
            options.echo(Report({}, [PATHS]), "text")
            stream.flush()
        assert ("\u2026" in stream.buffer.getvalue().decode()) is shortened
