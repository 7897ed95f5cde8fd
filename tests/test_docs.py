"""What the documentation shows is what imgcost prints.

Blocks of ```console in README.md and docs/ are run. The help texts and the table of columns in docs/commands.md are
generated: IMGCOST_UPDATE_DOCS=1 writes them anew, between marks like `<!-- help: estimate -->` and `<!-- end -->`, and
adds at the end of the file what has no mark yet.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
from datetime import datetime

import pytest
from click.testing import CliRunner
from conftest import DATA, ROOT

from imgcost.cli import COMMANDS, main
from imgcost.cli.exit_codes import EXIT_CODES
from imgcost.rules import rules
from imgcost.tables import catalog
from imgcost.tabular import CHECK, ESTIMATE, PLAN, SCAN

README = ROOT / "README.md"
COMMANDS_PAGE = ROOT / "docs" / "commands.md"
PAGES = [README, *sorted((ROOT / "docs").glob("**/*.md"))]
UPDATE = bool(os.environ.get("IMGCOST_UPDATE_DOCS"))

NOT_RUN = ("$ make ", "$ pip ")
"""How a block begins that is for reading only: it would install or build."""


class Clock(datetime):
    """The day on which the documentation's examples are run, wherever they do not name another."""

    @classmethod
    def now(cls, tz=None):
        return datetime(2026, 11, 22, 12, tzinfo=tz)


def run(*arguments):
    """Run a command on a terminal of a hundred columns, in the order in which a person would read stdout and stderr."""
    result = CliRunner().invoke(main, arguments, prog_name="imgcost", terminal_width=100)
    assert result.exception is None or isinstance(result.exception, SystemExit)
    return result.output


# Examples


def console_blocks(text):
    """Blocks of a page that show a terminal, each with the number of its first line."""
    for block in re.finditer(r"^```console\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
        yield text[: block.start(1)].count("\n") + 1, block[1]


def steps(block):
    """Commands of a block, each with the lines shown below it."""
    found = []
    for line in block.splitlines():
        if line.startswith("$ "):
            found.append((line, []))
        else:
            assert found, f"a block begins with a command, not with {line!r}"
            found[-1][1].append(line)
    return found


def same(shown, printed):
    """Whether lines shown are those printed: trailing space aside, and `...` on a line stands for any lines."""
    lines = "".join(f"{line.rstrip()}\n" for line in printed.rstrip().splitlines())
    shown = "\n".join(shown).rstrip().splitlines()
    pattern = "".join(r"(?:.*\n)*" if line.strip() == "..." else re.escape(line.rstrip()) + r"\n" for line in shown)
    return re.fullmatch(pattern, lines)


def examples():
    for page in PAGES:
        text = page.read_text(encoding="utf-8") if page.exists() else ""
        for line, block in console_blocks(text):
            if not block.startswith(NOT_RUN):
                yield pytest.param(block, id=f"{page.name}:{line}")


@pytest.fixture
def beside_the_samples(tmp_path, monkeypatch):
    """A folder with the repository's data in it, on the day of the documentation: examples may write files there."""
    shutil.copytree(DATA, tmp_path / "data")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(catalog, "datetime", Clock)
    return tmp_path


@pytest.mark.parametrize("block", list(examples()))
@pytest.mark.usefixtures("beside_the_samples")
def test_an_example_prints_what_is_shown(block):
    for command, shown in steps(block):
        assert command.startswith("$ imgcost "), f"only imgcost can be checked, not {command!r}"
        arguments = shlex.split(command)[2:]
        assert not {"|", ">", "<", ">>", "&&", ";"} & set(arguments), f"no shell is there to run {command!r}"
        printed = run(*arguments)
        assert same(shown, printed), f"{command}\n{printed}"


def test_examples_are_found_cut_and_compared_as_a_reader_would():
    text = "# Title\n\n```console\n$ imgcost a\nx\n\ny\n$ imgcost b\n```\n\n"
    text += "```python\n$ no\n```\n```console\n$ make it\n```\n"
    assert list(console_blocks(text)) == [(4, "$ imgcost a\nx\n\ny\n$ imgcost b\n"), (15, "$ make it\n")]
    assert steps("$ imgcost a\nx\n\ny\n$ imgcost b\n") == [("$ imgcost a", ["x", "", "y"]), ("$ imgcost b", [])]
    with pytest.raises(AssertionError, match="begins with a command"):
        steps("x\n$ imgcost a\n")
    assert same(["x", "", "y"], "x  \n\ny\n")
    assert same(["x", "...", "y"], "x\n1\n2\ny\n")
    assert same(["x", "..."], "x\n1\n")
    assert same(["x", "..."], "x\n")
    assert same([], "")
    assert same(["x", ""], "x\n")
    assert not same(["x"], "x\ny\n")
    assert not same(["x", "y"], "x\n")
    assert not same(["x."], "xy\n")


def test_the_clock_of_the_examples_is_the_one_that_imgcost_reads(monkeypatch):
    monkeypatch.setattr(catalog, "datetime", Clock)
    assert run("models").startswith("Models on 2026-11-22\n")


# What is generated


def help_of(command):
    return f"```text\n{run(*([] if command == 'imgcost' else [command]), '--help').rstrip()}\n```"


SCHEMAS = {"estimate": ESTIMATE, "plan": PLAN, "check": CHECK}


def table_of_columns(schema):
    rows = "".join(f"\n| `{name}` | {column.meaning} |" for name, column in schema.columns.items())
    return f"| column | holds |\n|---|---|{rows}"


def table_of_rules():
    rows = "".join(
        f"\n| `{rule.name}` | {rule.severity} | {' '.join(rule.explanation.split())} | {rule.advice} |"
        for rule in rules()
    )
    return f"| rule | severity | what it says | what to do |\n|---|---|---|---|{rows}"


def marked(page, mark):
    """What a page has between a mark and the end of it."""
    found = re.search(rf"<!-- {mark} -->\n(.*?)\n<!-- end -->", page.read_text(encoding="utf-8"), re.DOTALL)
    return found and found[1]


def write(page, mark, content, heading):
    """Put it where the mark is, or at the end of the page under a heading."""
    text = page.read_text(encoding="utf-8") if page.exists() else "# Commands\n"
    block = f"<!-- {mark} -->\n{content}\n<!-- end -->"
    text, times = re.subn(rf"<!-- {mark} -->\n.*?<!-- end -->", lambda _: block, text, flags=re.DOTALL)
    if not times:
        text = f"{text.rstrip()}\n\n## {heading}\n\n{block}\n"
    page.parent.mkdir(exist_ok=True)
    page.write_text(text, encoding="utf-8")


@pytest.mark.parametrize("command", ["imgcost", *COMMANDS])
def test_the_help_of_every_command_is_in_the_documentation(command):
    mark = f"help: {command}"
    if UPDATE:
        write(COMMANDS_PAGE, mark, help_of(command), command if command == "imgcost" else f"imgcost {command}")
    assert marked(COMMANDS_PAGE, mark) == help_of(command)


def test_the_documentation_has_the_help_of_no_other_command():
    marks = re.findall(r"<!-- help: (.*?) -->", COMMANDS_PAGE.read_text(encoding="utf-8"))
    assert sorted(marks) == sorted(["imgcost", *COMMANDS])


def test_the_columns_of_the_rows_are_in_the_documentation():
    pages = [page for page in (README, COMMANDS_PAGE) if "<!-- columns -->" in page.read_text(encoding="utf-8")]
    if UPDATE:
        pages = pages or [COMMANDS_PAGE]
        for page in pages:
            write(page, "columns", table_of_columns(SCAN), "The columns of a row")
    assert pages
    for page in pages:
        assert marked(page, "columns") == table_of_columns(SCAN)


def test_the_rules_are_in_the_documentation():
    if UPDATE:
        write(COMMANDS_PAGE, "rules", table_of_rules(), "The rules")
    assert marked(COMMANDS_PAGE, "rules") == table_of_rules()


def test_the_exit_codes_are_in_the_documentation():
    rows = "".join(f"\n| {code} | {meaning} |" for code, meaning in EXIT_CODES.items())
    table = f"| code | meaning |\n|---|---|{rows}"
    if UPDATE:
        write(README, "exit codes", table, "Exit codes")
    assert marked(README, "exit codes") == table


@pytest.mark.parametrize("command", SCHEMAS)
def test_the_columns_of_reports_are_in_the_documentation(command):
    mark = f"columns: {command}"
    if UPDATE:
        write(COMMANDS_PAGE, mark, table_of_columns(SCHEMAS[command]), f"The columns of `{command} -o`")
    assert marked(COMMANDS_PAGE, mark) == table_of_columns(SCHEMAS[command])
