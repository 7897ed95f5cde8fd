"""The documentation shows what imgcost prints.

```console blocks in README.md and docs/ are run. The help texts and tables in docs/commands.md are generated:
IMGCOST_UPDATE_DOCS=1 rewrites them between marks such as `<!-- help: estimate -->` and `<!-- end -->`, and appends
those without a mark to the file.
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
from imgcost.plans import SETTINGS
from imgcost.rules import rules
from imgcost.tables import catalog, limits_on, wordings_of
from imgcost.tabular import CHECK, ESTIMATE, FIT, PLAN, SCAN
from imgcost.text.limits import limit_in_words

README = ROOT / "README.md"
COMMANDS_PAGE = ROOT / "docs" / "commands.md"
CHECKS_PAGE = ROOT / "docs" / "preflight.md"
PLANNING_PAGE = ROOT / "docs" / "planning.md"
RULES_PAGE = ROOT / "docs" / "rules.md"
PAGES = [README, *sorted((ROOT / "docs").glob("**/*.md"))]
LINKING = [*PAGES, *(ROOT / name for name in ("CONTRIBUTING.md", "CHANGELOG.md", "benchmarks/README.md"))]
UPDATE = bool(os.environ.get("IMGCOST_UPDATE_DOCS"))

NOT_RUN = ("$ make ", "$ pip ")
"""Blocks that start with these are not run: they install or build."""


class Clock(datetime):
    """The date of examples without --as-of."""

    @classmethod
    def now(cls, tz=None):
        return datetime(2026, 11, 22, 12, tzinfo=tz)


def run(*arguments):
    """Run a command at a width of 100 columns; return stdout and stderr interleaved."""
    result = CliRunner().invoke(main, arguments, prog_name="imgcost", terminal_width=100)
    assert result.exception is None or isinstance(result.exception, SystemExit)
    return result.output


# Examples


def console_blocks(text):
    """Yield the ```console blocks of a page, each with its line number."""
    for block in re.finditer(r"^```console\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
        yield text[: block.start(1)].count("\n") + 1, block[1]


def steps(block):
    """Return the commands of a block, each with the lines shown below it."""
    commands = []
    for line in block.splitlines():
        if line.startswith("$ "):
            commands.append((line, []))
        else:
            assert commands, f"a block begins with a command, not with {line!r}"
            commands[-1][1].append(line)
    return commands


def same(shown, printed):
    """Return whether the shown lines are those printed, except for trailing space; a line `...` matches any lines."""
    lines = "".join(f"{line.rstrip()}\n" for line in printed.rstrip().splitlines())
    shown = "\n".join(shown).rstrip().splitlines()
    pattern = "".join(r"(?:.*\n)*" if line.strip() == "..." else re.escape(line.rstrip()) + r"\n" for line in shown)
    return re.fullmatch(pattern, lines)


def examples():
    for page in PAGES:
        text = page.read_text(encoding="utf-8") if page.exists() else ""
        for line, block in console_blocks(text):
            if not block.startswith(NOT_RUN):
                yield pytest.param(page, block, id=f"{page.name}:{line}")


@pytest.fixture
def beside_the_samples(tmp_path, monkeypatch):
    """A directory with a copy of data/, on the date of the documentation; examples may write files there."""
    shutil.copytree(DATA, tmp_path / "data")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(catalog, "datetime", Clock)
    return tmp_path


@pytest.mark.parametrize(("page", "block"), list(examples()))
@pytest.mark.usefixtures("beside_the_samples")
def test_examples_show_the_actual_output(page, block):
    updated = []
    for command, shown in steps(block):
        assert command.startswith("$ imgcost "), f"only imgcost can be checked, not {command!r}"
        arguments = shlex.split(command)[2:]
        assert not {"|", ">", "<", ">>", "&&", ";"} & set(arguments), f"no shell is there to run {command!r}"
        printed = run(*arguments)
        stale = UPDATE and not same(shown, printed)
        lines = [line.rstrip() for line in printed.rstrip().splitlines()] if stale else shown
        updated += [command, *lines]
        assert same(lines, printed), f"{command}\n{printed}"
    if UPDATE:
        text = page.read_text(encoding="utf-8")
        page.write_text(text.replace(f"```console\n{block}```", "\n".join(["```console", *updated, "```"])), "utf-8")


def test_console_blocks_are_parsed_and_compared():
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


def test_examples_run_on_the_date_of_the_documentation(monkeypatch):
    monkeypatch.setattr(catalog, "datetime", Clock)
    assert run("models").startswith("Models on 2026-11-22, ")


# Links


def anchors(page):
    """Return the anchors that GitHub gives to the headings of a page."""
    text = re.sub(r"^```.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    headings = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", LINKING, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_and_paths_lead_somewhere(page):
    text = page.read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if "://" in target:
            continue
        path, _, anchor = target.partition("#")
        linked = page.parent / path if path else page
        assert linked.exists(), target
        assert not anchor or anchor in anchors(linked), target
    for path in re.findall(r"`((?:data|docs|tests|benchmarks|imgcost)/[\w/.-]*\w)`", text):
        assert (ROOT / path).exists(), path


# Generated parts


def help_of(command):
    return f"```text\n{run(*([] if command == 'imgcost' else [command]), '--help').rstrip()}\n```"


SCHEMAS = {"estimate": ESTIMATE, "plan": PLAN, "check": CHECK, "fit": FIT}


def table_of_columns(schema):
    rows = "".join(f"\n| `{name}` | {column.meaning} |" for name, column in schema.columns.items())
    return f"| column | contents |\n|---|---|{rows}"


SECTION = """
### {rule.name}

{rule.summary}

**Why:** {rule.why}

**Example:** {rule.example.input}

```text
{rule.example.message}
```

**Fix:** {rule.fix}{fixable}
"""
FIXABLE = " [`imgcost fit`](fitting-requests.md) can fix it."


def sections_of_rules(severity):
    """Return a section per rule, with the API's messages if there are any."""
    sections = []
    for rule in rules():
        if rule.severity == severity:
            messages = [wording.text for wording in wordings_of(rule.name)]
            quoted = "\n".join(["", "**Error messages of the API:**", "", "```text", *messages, "```", ""])
            sections.append(SECTION.format(rule=rule, fixable=FIXABLE * rule.fixable) + quoted * bool(messages))
    return "".join(sections)


def marked(page, mark):
    """Return the text of a page between a mark and its end."""
    match = re.search(rf"<!-- {mark} -->\n(.*?)\n<!-- end -->", page.read_text(encoding="utf-8"), re.DOTALL)
    return match and match[1]


def write(page, mark, content, heading):
    """Write content at a mark, or under a heading at the end of the page."""
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


def test_the_documentation_has_only_the_help_of_these_commands():
    marks = re.findall(r"<!-- help: (.*?) -->", COMMANDS_PAGE.read_text(encoding="utf-8"))
    assert sorted(marks) == sorted(["imgcost", *COMMANDS])


def test_the_columns_of_the_rows_are_in_the_documentation():
    pages = [page for page in (README, COMMANDS_PAGE) if "<!-- columns -->" in page.read_text(encoding="utf-8")]
    if UPDATE:
        pages = pages or [COMMANDS_PAGE]
        for page in pages:
            write(page, "columns", table_of_columns(SCAN), "The columns of `scan -o`")
    assert pages
    for page in pages:
        assert marked(page, "columns") == table_of_columns(SCAN)


@pytest.mark.parametrize("severity", ["error", "warning"])
def test_the_rules_are_in_the_documentation(severity):
    mark = f"rules: {severity}"
    if UPDATE:
        write(RULES_PAGE, mark, sections_of_rules(severity), f"{severity.title()}s")
    assert marked(RULES_PAGE, mark) == sections_of_rules(severity)


LIMITED = {
    "claude-api": "Claude API",
    "bedrock": "Amazon Bedrock",
    "google-cloud": "Google Cloud",
    "foundry": "Microsoft Foundry",
    "claude-ai": "claude.ai",
}


def in_words(limits):
    """Describe the limits of a platform, each in a cell of the table in docs/preflight.md."""
    names = {
        "Longest edge of an image": ("image_edge",),
        "Longest edge of each of many images": ("many_images_edge", "image_edge"),
        "Size of an image": ("image_bytes",),
        "Images per request": ("images",),
        "PDF pages per request": ("pdf_pages",),
        "Size of a request": ("request_bytes",),
        "Requests per batch": ("batch_requests",),
        "Size of a batch": ("batch_bytes",),
    }
    phrases = {
        title: [limit_in_words(limits, attribute) for attribute in attributes] for title, attributes in names.items()
    }
    return {title: next(filter(None, cells), "not published") for title, cells in phrases.items()}


def table_of_limits():
    columns = [in_words(limits_on(platform, Clock.now().date())) for platform in LIMITED]
    rows = "".join(f"\n| {name} | {' | '.join(column[name] for column in columns)} |" for name in columns[0])
    return f"| limit | {' | '.join(LIMITED.values())} |\n|---|{'---|' * len(LIMITED)}{rows}"


def test_the_limits_are_in_the_documentation():
    if UPDATE:
        write(CHECKS_PAGE, "limits", table_of_limits(), "Limits")
    assert marked(CHECKS_PAGE, "limits") == table_of_limits()


def table_of_settings():
    rows = "".join(
        f"\n| `{setting.key}` | {f'`{setting.argument}`' if setting.argument else ''} | `{setting.example}` | "
        f"{setting.default} | {setting.meaning} |"
        for setting in SETTINGS
    )
    return f"| key | argument | example | default | meaning |\n|---|---|---|---|---|{rows}"


def test_the_settings_of_scenario_files_are_in_the_documentation():
    if UPDATE:
        write(PLANNING_PAGE, "settings", table_of_settings(), "Settings")
    assert marked(PLANNING_PAGE, "settings") == table_of_settings()


@pytest.mark.parametrize("command", SCHEMAS)
def test_the_columns_of_reports_are_in_the_documentation(command):
    mark = f"columns: {command}"
    if UPDATE:
        option = "--report" if command == "fit" else "-o"
        write(COMMANDS_PAGE, mark, table_of_columns(SCHEMAS[command]), f"The columns of `{command} {option}`")
    assert marked(COMMANDS_PAGE, mark) == table_of_columns(SCHEMAS[command])
