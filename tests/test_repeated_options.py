"""Options that can be repeated, such as `-o`: every file is written, or none; and those that must not be."""

from __future__ import annotations

import os
import sys
from contextlib import ExitStack

import openpyxl
import pyarrow.parquet as pq
import pytest
from command_line import printed, refused, run
from pictures import png

from imgcost import outputs as outputs_module
from imgcost.cli import plan as plan_module
from imgcost.outputs import Output
from imgcost.pipeline import Scan

DAY = ("--as-of", "2026-11-22")
OLD = b"the old report\n"
COMMANDS = {
    "estimate": ("estimate", "9x9", "photos/a.png", *DAY),
    "scan": ("scan", "photos", "-m", "sonnet", "-m", "haiku", *DAY),
    "plan": ("plan", "photos", "12MP", "sizes.csv", *DAY),
    "check": ("check", "photos", "--exit-zero", *DAY),
    "fit": ("fit", "photos", "--dry-run", *DAY),
    "fit requests": ("fit", "request.json", "--dry-run", *DAY),
    "tables": ("scan", "sizes.csv", "--width", "width", *DAY),
}


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """The current folder: images, a table and a request."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "photos").mkdir()
    for name, width in (("a.png", 1920), ("b.png", 300), ("c.png", 9000)):
        (tmp_path / "photos" / name).write_bytes(png(width, 100))
    (tmp_path / "sizes.csv").write_text("width,height\n1000,1000\n300,200\n")
    (tmp_path / "request.json").write_text(
        '{"model": "claude-sonnet-4-6", "max_tokens": 9, "messages": [{"role": "user", "content": ['
        '{"type": "text", "text": ""}, {"type": "text", "text": "Hi"}]}]}'
    )
    (tmp_path / "out").mkdir()
    return tmp_path


def options(command, *paths):
    """Return the options that write a report to each path."""
    name = "--report" if command.startswith("fit") else "-o"
    return [part for path in paths for part in (name, path)]


def names_in(folder):
    return sorted(path.name for path in folder.iterdir())


# Outputs that are replaced together


def test_outputs_are_replaced_together_at_the_end(folder):
    first, second = folder / "out" / "a", folder / "out" / "b"
    first.write_bytes(OLD)
    with ExitStack() as together:
        written = [Output(path, together) for path in (first, second)]
        for output in written:
            with output as file:
                file.write(b"new")
            assert not output.complete
        assert (first.read_bytes(), second.exists()) == (OLD, False)
    assert [output.complete for output in written] == [True, True]
    assert (first.read_bytes(), second.read_bytes(), names_in(folder / "out")) == (b"new", b"new", ["a", "b"])


def write_both(paths, error):
    """Write two files, and fail while the second one is written."""
    with ExitStack() as together:
        written = [Output(path, together) for path in paths]
        with written[0] as file:
            file.write(b"new")
        with written[1] as file:
            file.write(b"half")
            if error:
                raise error
    return written


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_an_output_that_fails_leaves_the_targets_of_the_others(folder, error):
    paths = [folder / "out" / name for name in "ab"]
    paths[0].write_bytes(OLD)
    with pytest.raises(type(error)):
        write_both(paths, error)
    assert (paths[0].read_bytes(), names_in(folder / "out")) == (OLD, ["a"])


def test_a_target_that_cannot_be_replaced_leaves_no_temporary_files(folder, monkeypatch):
    replace, replaced = os.replace, []

    def once(*paths):
        if replaced:
            raise PermissionError(13, "the file is open in another program")
        replaced.append(paths)
        replace(*paths)

    monkeypatch.setattr(outputs_module.os, "replace", once)
    with pytest.raises(PermissionError):
        write_both([folder / "out" / name for name in "ab"], None)
    (name,) = names_in(folder / "out")
    assert (folder / "out" / name).read_bytes() in {b"new", b"half"}  # what was replaced is whole


# The command line


@pytest.mark.parametrize("command", COMMANDS)
def test_every_file_is_what_it_would_be_alone(folder, command):
    suffixes = [".md", ".parquet"] if command == "tables" else [".csv", ".json", ".jsonl", ".md", ".parquet", ".html"]
    alone = {suffix: folder / "out" / f"alone{suffix}" for suffix in suffixes}
    for path in alone.values():
        expected = printed(*COMMANDS[command], *options(command, path))
    paths = [folder / "out" / f"a{suffix}" for suffix in suffixes]
    assert printed(*COMMANDS[command], *options(command, *paths)) == expected
    for path in paths:
        if path.suffix == ".parquet":
            assert pq.read_table(path).equals(pq.read_table(alone[".parquet"]))
        else:
            assert path.read_bytes() == alone[path.suffix].read_bytes()
            assert path.stat().st_size


def test_a_list_on_stdin_is_read_once_for_all_files(folder):
    paths = ["out/a.csv", "out/a.xlsx", "out/a.html", "out/a.jsonl"]
    streamed = run("scan", "-", "--rows", "csv", *options("scan", *paths), *DAY, stdin="photos\n").stdout
    assert streamed.splitlines() == (folder / "out" / "a.csv").read_text(encoding="utf-8").splitlines()
    assert len(streamed.splitlines()) == 1 + 3
    assert "Budget" in openpyxl.load_workbook(folder / "out" / "a.xlsx").sheetnames
    assert b"photos/c.png" in (folder / "out" / "a.html").read_bytes()


def test_a_job_is_planned_once_for_all_files(folder, monkeypatch):
    plans, plan = [], plan_module.plan

    def counted(*args, **settings):
        plans.append(plan(*args, **settings))
        return plans[-1]

    monkeypatch.setattr(plan_module, "plan", counted)
    printed(*COMMANDS["plan"], "-m", "sonnet,haiku", *options("plan", "b.xlsx", "b.html", "c.html", "b.csv"))
    assert len(plans) == 1
    assert (folder / "b.html").read_bytes() == (folder / "c.html").read_bytes()
    budget = openpyxl.load_workbook(folder / "b.xlsx")["Images"]
    assert sum(row[-1] for row in budget.iter_rows(min_row=2, max_col=5, values_only=True)) == 6


@pytest.mark.skipif(sys.platform != "linux", reason="/dev/full")
@pytest.mark.parametrize("full_first", [True, False])
@pytest.mark.parametrize("suffix", [".md", ".html"])
@pytest.mark.parametrize("command", COMMANDS)
def test_a_file_that_cannot_be_written_leaves_the_others_as_they_were(folder, command, suffix, full_first):
    others = [".parquet"] if command == "tables" else [".csv", ".xlsx", ".html"]
    kept = [folder / "out" / f"kept{other}" for other in others]
    full = folder / "out" / f"full{'.md' if command == 'tables' else suffix}"
    full.symlink_to("/dev/full")
    for path in kept:
        path.write_bytes(OLD)
    stderr = refused(*COMMANDS[command], *options(command, *([full, *kept] if full_first else [*kept, full])))
    assert "No space left on device" in stderr
    assert {path.read_bytes() for path in kept} == {OLD}
    assert names_in(folder / "out") == sorted(path.name for path in (full, *kept))


@pytest.mark.parametrize("second", ["out/a.csv", "./out/../out/a.csv", "link.csv", "folder/a.csv"])
@pytest.mark.parametrize("command", [name for name in COMMANDS if name != "tables"])
def test_a_file_given_twice_is_an_error(folder, command, second):
    (folder / "link.csv").symlink_to("out/a.csv")
    (folder / "folder").symlink_to("out")
    stderr = refused(*COMMANDS[command], *options(command, "out/a.csv", "out/b.csv", second))
    name = "report" if command.startswith("fit") else "output"
    assert f"--{name} {second} would overwrite out/a.csv: choose another file." in " ".join(stderr.split())
    assert names_in(folder / "out") == []


@pytest.mark.parametrize(
    ("paths", "message"),
    [
        (["a.csv", "a.txt"], "cannot write a report to a.txt"),
        (["a.csv", ""], "the file name is empty"),
        (["a.csv", "no/b.csv"], "the folder"),
        (["a.csv", "photos"], "is a directory"),
        (["a.csv", "photos/a.png"], "cannot write a report to photos/a.png"),
    ],
)
@pytest.mark.parametrize("command", [name for name in COMMANDS if name != "tables"])
def test_every_file_is_checked_before_the_work(folder, command, paths, message):
    before = names_in(folder)
    assert message in refused(*COMMANDS[command], *options(command, *paths))
    assert names_in(folder) == before


def test_an_interrupted_scan_names_every_file(monkeypatch, folder):
    def interrupted(*_args, **_more):
        raise KeyboardInterrupt

    monkeypatch.setattr(Scan, "run", interrupted)
    result = run(*COMMANDS["scan"], *options("scan", "out/a.csv", "out/b.html"))
    message = "imgcost: interrupted after 0 files; out/a.csv was not written; out/b.html was not written\n"
    assert (result.exit_code, result.stderr) == (130, message)
    assert names_in(folder / "out") == []


@pytest.mark.parametrize("command", ["scan", "plan", "check", "fit"])
def test_files_written_into_the_folder_that_is_read_are_not_inputs(command):
    reports = ["photos/costs.csv", "photos/costs.html", "photos/costs.md"]
    first = printed(*COMMANDS[command], *options(command, *reports))
    assert printed(*COMMANDS[command], *options(command, *reports)) == first
    assert printed(*COMMANDS[command], *options(command, *reports[:1])) != first  # the others are not its own


def test_a_budget_of_a_plan_ignores_its_own_rows():
    for _ in range(2):
        printed("plan", "photos", "-o", "photos/rows.csv", "--budget", "5", *DAY)


# Tables


def test_tables_are_copied_once_and_reported_in_several_files(folder):
    copies = options("tables", "a.parquet", "b.parquet", "a.md")
    assert "writes one copy of the tables, not a.parquet and b.parquet" in refused(*COMMANDS["tables"], *copies)
    assert "a scan of tables writes .parquet or .md" in refused(*COMMANDS["tables"], "-o", "a.md", "-o", "a.csv")
    assert names_in(folder) == ["out", "photos", "request.json", "sizes.csv"]


def test_a_report_of_tables_can_have_several_models(folder):
    models = ("-m", "claude-sonnet-4-6,claude-haiku-4-5", "-f", "markdown")
    text = printed(*COMMANDS["tables"], *models, "-o", "a.md")
    assert (folder / "a.md").read_text(encoding="utf-8") == f"# What images cost with Claude\n\n{text}"
    assert "-o adds the columns of one model" in refused(*COMMANDS["tables"], *models, "-o", "b.md", "-o", "a.parquet")


# Options with one value


@pytest.mark.parametrize(
    "arguments",
    [
        ("fit", "photos", "-o", "small", "-o", "large"),
        ("fit", "photos", "--dry-run", "-m", "small", "-m", "large"),
        ("check", "photos", "-m", "small", "-m", "large"),
        ("sql", "-m", "small", "--model", "large"),
        ("scan", "sizes.csv", "--group-by", "small", "--group-by", "large"),
        ("plan", "9x9", "--scenario", "small", "--scenario=large"),
    ],
)
def test_an_option_that_takes_one_value_rejects_two(folder, arguments):
    for name in ("small", "large"):
        (folder / name).touch()
    assert "'small' and 'large' were given: this command takes only one." in refused(*arguments)
