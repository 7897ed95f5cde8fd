"""The command line: exact tables of the guide, transcripts, exit codes and invalid usage.

The transcripts in tests/transcripts/ are lines `$ imgcost ...`, each followed by what it prints on stdout. After an
intended change, IMGCOST_UPDATE_TRANSCRIPTS=1 rewrites them; read the diff before you keep it.
"""

from __future__ import annotations

import ast
import errno
import json
import os
import re
import shlex
import subprocess
import sys
import zipfile
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from command_line import printed, refused, run, unwrapped
from conftest import golden
from pictures import png

import imgcost
from imgcost.cli import COMMANDS, main
from imgcost.cli.exit_codes import EXIT_CODES
from imgcost.cli.options import DATE
from imgcost.geometry import MAX_EDGE
from imgcost.tables import catalog

TRANSCRIPTS = sorted((Path(__file__).parent / "transcripts").glob("*.txt"))
UPDATE = bool(os.environ.get("IMGCOST_UPDATE_TRANSCRIPTS"))
AS_OF = ("--as-of", "2026-11-22")


def cells(text):
    """Rows of the first table of a text report, without its title and head."""
    lines = text.split("\n\n")[0].split("\n")[2:]
    return [re.split(r"\s{2,}", line.strip()) for line in lines if line]


# Transcripts


@pytest.mark.parametrize("path", TRANSCRIPTS, ids=lambda path: path.stem)
def test_transcripts_show_the_actual_output(path):
    commands = [line for line in path.read_text(encoding="utf-8").splitlines() if line.startswith("$ imgcost ")]
    assert commands
    output = "".join(f"{command}\n{printed(*shlex.split(command)[2:])}" for command in commands)
    if UPDATE:
        path.write_text(output, encoding="utf-8")
    assert path.read_text(encoding="utf-8") == output


def test_transcripts_do_not_depend_on_the_date():
    assert len(TRANSCRIPTS) >= 6
    for path in TRANSCRIPTS:
        for line in path.read_text(encoding="utf-8").splitlines():
            if line.startswith("$ "):
                assert "--as-of" in line or line.startswith("$ imgcost largest ")


# The guide's tables


def test_the_costs_of_the_guide():
    rows = cells(printed("estimate", "200x200", "1000x1000", "1092x1092", "-m", "claude-3-sonnet"))
    assert rows == [
        ["200x200", "unchanged", "54", "$0.00016", "$0.16"],
        ["1000x1000", "unchanged", "1,334", "$0.0040", "$4.00"],
        ["1092x1092", "unchanged", "1,590", "$0.0048", "$4.77"],
    ]


def test_the_largest_sizes_of_the_guide():
    guide = golden("largest_sizes.csv")
    rows = cells(printed("largest", *(row["ratio"] for row in guide)))
    assert [row[:2] for row in rows] == [[row["ratio"], f"{row['width']}x{row['height']}"] for row in guide]


# estimate


def test_the_default_model_is_the_newest_sonnet_available_today(monkeypatch):
    class Clock(datetime):
        @classmethod
        def now(cls, tz=None):
            return datetime(2026, 9, 27, 23, 59, tzinfo=tz)

    monkeypatch.setattr(catalog, "datetime", Clock)
    assert Clock.now(tz=UTC).date() == date(2026, 9, 27)
    text = printed("estimate", "1920x1080")
    assert text.startswith("claude-sonnet-5 on 2026-09-27: ")
    assert text == printed("estimate", "1920x1080", "-m", "sonnet", "--as-of", "2026-09-27")
    assert "Models on 2026-09-27" in printed("models")


def test_the_title_names_the_model_of_a_family_and_an_explanation_both():
    text = printed("estimate", "1920x1080", "-m", "sonnet", *AS_OF)
    assert text.startswith("claude-sonnet-5-5 on 2026-11-22: high-resolution tier, patch formula, $2.00/MTok\n")
    assert "'sonnet'" not in text
    text = printed("estimate", "1920x1080", "-m", "sonnet", "--explain", *AS_OF)
    assert "As of 2026-11-22, 'sonnet' is claude-sonnet-5-5." in text


def test_each_model_has_a_table_in_the_order_of_the_options():
    text = printed("estimate", "1920x1080", "-m", "haiku", "-m", "claude-opus-4-6", *AS_OF)
    assert re.findall(r"^claude\S+(?= on )", text, re.MULTILINE) == ["claude-haiku-5-5", "claude-opus-4-6"]


def test_the_same_model_twice_counts_once():
    once = printed("estimate", "1920x1080", "-m", "sonnet", *AS_OF)
    twice = printed("estimate", "1920x1080", "-m", "sonnet", "-m", "claude-sonnet-5-5", *AS_OF)
    assert twice == once


@pytest.mark.parametrize("names", [("claude-sonnet-5-5", "sonnet"), ("sonnet", "claude-sonnet-5-5")])
def test_a_model_named_twice_is_listed_once_with_the_note_on_the_family(names):
    text = printed("estimate", "1920x1080", "-m", names[0], "-m", names[1], "--explain", *AS_OF)
    assert text.count("claude-sonnet-5-5 on ") == 1
    assert text.count("As of 2026-11-22, 'sonnet' is claude-sonnet-5-5.") == 1


def test_notes_are_not_in_the_json():
    """The JSON has the same facts as data: the model and its conditions."""
    assert "Images alone: plans, workbooks and pages add 3" in printed("estimate", "10x10", "-m", "sonnet", *AS_OF)
    data = json.loads(printed("estimate", "10x10", "-m", "sonnet", "-f", "json", *AS_OF))
    assert list(data) == ["schema", "estimates"]
    assert data["estimates"][0]["model"] == "claude-sonnet-5-5"


def test_count_prices_that_number_of_images():
    text = printed("estimate", "1000x1000", "-m", "claude-3-sonnet", "--count", "50000", *AS_OF)
    assert "50,000 images" in text
    assert cells(text) == [["1000x1000", "unchanged", "1,334", "$0.0040", "$4.00", "$200.10"]]


def test_json_has_exact_dollars_as_strings():
    text = printed("estimate", "200x200", "1000x1000", "-m", "claude-3-sonnet", "--count", "3", "-f", "json", *AS_OF)
    first, second = json.loads(text)["estimates"]
    assert (first["input_usd"], second["input_usd"]) == ("0.000162", "0.004002")
    assert Decimal(second["input_usd_of_count"]) == Decimal("0.012006")
    assert {type(value) for name, value in second.items() if "usd" in name} == {str, type(None)}
    assert [name for name, value in second.items() if value is None] == [
        "rejected",
        "measured_tokens",
        "cache_read_usd",
    ]


def test_conditions_reach_the_estimate():
    text = printed(
        *("estimate", "700x1120", "-m", "claude-opus-4-6", "-f", "json", "--formula", "area"),
        *("--batch", "--prompt-cache", "5m", "--inference-geo", "us", *AS_OF),
    )
    [entry] = json.loads(text)["estimates"]
    assert (entry["formula"], entry["tokens"], entry["usd_per_mtok"]) == ("area", 1046, "3.4375")
    assert (entry["batch"], entry["cache"], entry["inference_geo"]) == (True, "5m", "us")
    assert entry["cache_read_usd"] == "0.000287650"  # $0.275 per MTok


@pytest.mark.parametrize("spelling", ["1920x1080", "1920X1080", "1920*1080", "1920\u00d71080", " 1920 x 1080 "])
def test_a_size_has_several_spellings(spelling):
    assert cells(printed("estimate", spelling, *AS_OF))[0][0] == "1920x1080"


def test_a_size_by_name_is_shown_in_pixels():
    *_, megapixels, screen, pixels, total = cells(
        printed("estimate", "12mp", "16:9", "4k", "640x480", "--count", "1k", *AS_OF)
    )
    assert (megapixels[:2], screen[:2]) == (["12MP 16:9", "4619x2598"], ["4K", "3840x2160"])
    assert (pixels[0], total[0]) == ("640x480", "total")
    exact = printed("estimate", "4619x2598", "3840x2160", "640x480", "--count", "1000", "-f", "json", *AS_OF)
    assert printed("estimate", "12MP 16:9", "UHD", "VGA", "--count", "1k", "-f", "json", *AS_OF) == exact


def test_models_are_separated_by_commas():
    both = printed("estimate", "9x9", "-m", "sonnet", "-m", "haiku", *AS_OF)
    assert printed("estimate", "9x9", "-m", "sonnet, haiku", *AS_OF) == both
    assert "unknown model ''" in refused("estimate", "9x9", "-m", "", *AS_OF)


def test_files_are_estimated_beside_sizes(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.png").write_bytes(png(640, 480))
    (tmp_path / "4K").write_bytes(png(28, 28))
    (tmp_path / "long.png").write_bytes(png(8001, 28))
    text = printed("estimate", "a.png", "VGA", "4K", "long.png", *AS_OF)
    assert [row[:2] for row in cells(text)[:4]] == [
        ["a.png", "640x480"],
        ["VGA", "640x480"],
        ["4K", "28x28"],
        ["long.png", "8001x28"],
    ]
    assert unwrapped(text).count("would be rejected") == 1
    assert "long.png would be rejected as it is: over 8,000 px. The cost is that after conversion" in unwrapped(text)
    entries = json.loads(printed("estimate", "a.png", "VGA", "long.png", "-f", "json", *AS_OF))["estimates"]
    assert [(entry.get("path"), entry["rejected"]) for entry in entries] == [
        ("a.png", None),
        (None, None),
        ("long.png", "image-edge"),
    ]
    printed("estimate", "a.png", "VGA", "-m", "sonnet,haiku", "-o", "out.csv", *AS_OF)
    rows = (tmp_path / "out.csv").read_text(encoding="utf-8").splitlines()
    assert [row.partition(",")[0] for row in rows] == ["path", "a.png", "", "a.png", ""]
    (tmp_path / "b.csv").write_bytes(png(28, 28))
    assert "would overwrite b.csv" in refused("estimate", "b.csv", "-o", "b.csv")


def test_files_that_cannot_be_estimated(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.png").write_bytes(png(640, 480))
    (tmp_path / "a\n\x1b[31m.png").write_bytes(b"\x89PNG")
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("a.png", b"")
    result = run("estimate", "a\n\x1b[31m.png", "a.png", *AS_OF)
    assert (result.exit_code, result.stdout.count("640x480")) == (2, 1)
    assert r"Error: a\n\x1b[31m.png: " in result.stderr
    assert refused("estimate", "a\n\x1b[31m.png")
    assert "a.zip is an archive: run 'imgcost scan'" in refused("estimate", "a.zip")
    assert ". is a folder: run 'imgcost scan'" in refused("estimate", ".")
    assert "'b.png' is not a file or a size: expected WIDTHxHEIGHT in pixels" in refused("estimate", "b.png")


def test_the_largest_possible_size():
    assert cells(printed("estimate", f"{MAX_EDGE}x1", *AS_OF))[0][0] == "2147483648x1"


@pytest.mark.parametrize(
    ("size", "message"),
    [
        ("0x10", "'0x10': invalid width 0 px: expected 1 to 2,147,483,648 px."),
        ("10x0", "'10x0': invalid height 0 px"),
        ("2147483649x1", "'2147483649x1': invalid width 2147483649 px"),
        ("10", "'10': expected WIDTHxHEIGHT in pixels, such as 1920x1080, or a size such as 12MP, '12MP 16:9', 4K or"),
        ("axb", "'axb'"),
        ("1920x", "'1920x'"),
        ("x1080", "'x1080'"),
        ("1920x1080x3", "'1920x1080x3'"),
        ("1.5x10", "'1.5x10'"),
        ("\u0661\u0669x10", "x10': expected WIDTHxHEIGHT"),
        ("", "''"),
        ("\x1b[31mx", r"'\x1b[31mx'"),
    ],
)
def test_an_invalid_size_is_an_error(size, message):
    assert message in refused("estimate", size)


def test_a_negative_size_is_an_error_with_and_without_a_double_dash():
    assert "No such option" in refused("estimate", "-1x5")
    assert "'-1x5'" in refused("estimate", "--", "-1x5")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("estimate", "9" * 10_000 + "x1"), f"'{'9' * 39}...: expected WIDTHxHEIGHT in pixels"),
        (("estimate", "1x" + "9" * 11), "'1x99999999999'"),
        (("largest", "9" * 10_000 + ":1"), f"'{'9' * 39}...: expected WIDTH:HEIGHT"),
        (("largest", f"1:0.{'9' * 10_000}"), f"'1:0.{'9' * 35}...: "),
    ],
)
def test_a_number_of_ten_thousand_digits_is_an_error_with_a_short_message(arguments, message):
    stderr = refused(*arguments)
    assert message in " ".join(stderr.split())
    assert len(stderr) < 400


def test_the_largest_count_that_can_be_priced():
    text = printed("estimate", "1000x1000", "-m", "claude-3-sonnet", "--count", "1" + "0" * 15, *AS_OF)
    assert "1,000,000,000,000,000" in text
    assert text.splitlines()[3].split()[-1] == "$4,002,000,000,000.00"


@pytest.mark.parametrize("count", ["1000000000000001", "9" * 40, "9" * 10_000], ids=len)
def test_a_count_over_the_limit_is_an_error(count):
    assert "Invalid value for '--count'" in refused("estimate", "1920x1080", "--count", count, *AS_OF)


@pytest.mark.parametrize("count", ["0", "-1", "1.5", "many", ""])
def test_an_invalid_count_is_an_error(count):
    assert "Invalid value for '--count'" in refused("estimate", "10x10", "--count", count)


@pytest.mark.parametrize(
    "day",
    ["2026-02-30", "22.11.2026", "yesterday", "", "2026-11", "2026-11-22T00:00", "20261122", "2026-W47-7", "2026-326"],
)
@pytest.mark.parametrize("command", [("estimate", "10x10"), ("models",)])
def test_an_invalid_date_is_an_error(command, day):
    assert f"'{day}': expected YYYY-MM-DD, such as 2026-11-22." in refused(*command, "--as-of", day)


def test_a_date_object_is_accepted():
    assert DATE.convert(date(2026, 11, 22), None, None) == date(2026, 11, 22)


def test_a_misspelled_model_is_an_error_with_suggestions():
    message = refused("estimate", "1920x1080", "-m", "claude-sonet-5")
    assert message.startswith("Error: unknown model 'claude-sonet-5': did you mean claude-sonnet-5 ")


def test_a_date_before_the_first_price_is_an_error_that_names_the_first_date():
    message = refused("estimate", "1920x1080", "--as-of", "2023-01-01")
    assert message == (
        "Error: no Sonnet model was available on 2023-01-01; the first came on 2024-03-04: use that date or a later "
        "one.\n"
    )
    message = refused("estimate", "1920x1080", "-m", "claude-opus-5-5", "--as-of", "2026-09-21")
    assert message.startswith(
        "Error: no published price for claude-opus-5-5 on 2026-09-21; prices start on 2026-09-22: "
    )


def test_a_missing_price_is_an_error():
    assert "no published batch price for claude-3-sonnet-20240229" in refused(
        "estimate", "10x10", "-m", "claude-3-sonnet", "--batch"
    )
    assert "was never published" in refused("estimate", "10x10", "-m", "claude-mythos-preview")


def test_a_model_without_a_price_is_an_error_before_anything_is_printed():
    refused("estimate", "10x10", "-m", "sonnet", "-m", "gpt-4o")


@pytest.mark.parametrize(
    "option",
    [("--formula", "tiles"), ("--prompt-cache", "write"), ("--inference-geo", "eu"), ("-f", "yaml"), ("--color", "1")],
)
def test_an_invalid_choice_is_an_error(option):
    assert option[0] in refused("estimate", "10x10", *option)


# largest


@pytest.mark.parametrize(
    ("ratio", "row"),
    [
        ("1.85:1", ["37:20", "1480x800", "1,537", "2553x1380", "4,600"]),
        ("16/9", ["16:9", "1456x819", "1,560", "2576x1449", "4,784"]),
        ("32:18", ["16:9", "1456x819", "1,560", "2576x1449", "4,784"]),
        (" 4.0 : 3 ", ["4:3", "1268x951", "1,564", "2212x1659", "4,740"]),
    ],
)
def test_ratios_have_several_spellings_and_are_shown_in_lowest_terms(ratio, row):
    assert cells(printed("largest", ratio)) == [row]


@pytest.mark.parametrize("ratio", ["0:1", "1:0", "0:0", "0.0:1", "16-9", "16", "16:", "a:b", "1:2:3", "1e3:1", ""])
def test_an_invalid_ratio_is_an_error(ratio):
    assert f"'{ratio}': expected WIDTH:HEIGHT, such as 16:9." in refused("largest", ratio)


def test_a_negative_ratio_is_an_error():
    assert "'-1:2'" in refused("largest", "--", "-1:2")


def test_a_ratio_without_a_size_is_an_error():
    assert "no size with the exact ratio 1569:1568 fits standard" in refused("largest", "1569:1568")
    assert "invalid width 2147483649 px" in refused("largest", "2147483649:1")


def test_the_largest_sizes_in_json():
    sizes = json.loads(printed("largest", "1:1", "3:4", "-f", "json"))["sizes"]
    assert [(entry["ratio"], entry["tier"], entry["width"], entry["height"]) for entry in sizes] == [
        ("1:1", "standard", 1092, 1092),
        ("1:1", "high-resolution", 1932, 1932),
        ("3:4", "standard", 951, 1268),
        ("3:4", "high-resolution", 1659, 2212),
    ]


# models


def listed(*arguments):
    return {entry["id"]: entry for entry in json.loads(printed("models", "-f", "json", *arguments))["models"]}


def test_models_lists_the_models_of_the_date():
    today = listed(*AS_OF)
    assert {entry["status"] for entry in today.values()} == {"active", "deprecated"}
    assert "claude-haiku-5-5" in today
    assert "claude-3-opus-20240229" not in today
    assert list(listed("--as-of", "2024-03-12")) == ["claude-3-opus-20240229", "claude-3-sonnet-20240229"]
    assert listed("--as-of", "2023-01-01") == {}


def test_a_model_is_listed_from_the_date_on_which_it_reads_images():
    for model in imgcost.tables.models():
        days = [date.fromordinal(model.vision_from.toordinal() + off) for off in (-1, 0)]
        before, after = (model.id in listed("--as-of", day.isoformat()) for day in days)
        assert (before, after) == (False, model.status_on(days[1]) != "retired")


def test_all_lists_retired_and_unreleased_models_too():
    everything = listed("--all", "--as-of", "2026-02-01")
    assert {entry["status"] for entry in everything.values()} == {"active", "deprecated", "retired", "unreleased"}
    assert len(everything) == len(imgcost.tables.models())


def test_a_model_by_name_shows_all_its_fields():
    text = printed("models", "haiku", *AS_OF)
    assert text.startswith("Claude Haiku 5.5 on 2026-11-22\n")
    assert re.search(r"long-context, +2026-.*\n +above 100,000\n +input tokens\n", text)
    data = json.loads(printed("models", "bedrock/us.anthropic.claude-opus-4-6-v1", "-f", "json", *AS_OF))
    assert (data["id"], data["input_usd_per_mtok"]) == ("claude-opus-4-6", "5")


def test_an_unknown_model_or_a_family_before_its_first_model_is_an_error():
    assert "unknown model 'sonet': did you mean sonnet" in refused("models", "sonet")
    assert "no Fable model was available on 2026-06-08" in refused("models", "fable", "--as-of", "2026-06-08")


# Every command


@pytest.mark.parametrize("flag", ["-h", "--help"])
@pytest.mark.parametrize("name", COMMANDS)
def test_help_names_every_option_and_fits_a_hundred_columns(name, flag):
    text = printed(name, flag)
    command = main.get_command(None, name)
    for parameter in command.params:
        names = (
            [*parameter.opts, *parameter.secondary_opts]
            if parameter.param_type_name == "option"
            else [parameter.make_metavar(None)]
        )
        assert all(name in text for name in names)
    assert text.startswith(f"Usage: imgcost {name} ")
    assert "Examples:" in text or "Example:" in text
    assert max(map(len, text.split("\n"))) <= 100


@pytest.mark.parametrize("flag", ["-h", "--help"])
def test_help_names_every_command_and_the_exit_codes(flag):
    text = printed(flag)
    commands, codes = text.split("Commands:\n")[1].split("\nExit codes:\n")
    assert re.findall(r"^  (\w+)  ", commands, re.MULTILINE) == list(COMMANDS)
    assert re.findall(r"^  (\d+)  ", codes, re.MULTILINE) == [str(code) for code in EXIT_CODES]
    assert " ".join(codes.split()) == " ".join(f"{code} {meaning}" for code, meaning in EXIT_CODES.items())


def is_source(line):
    """Return whether a line of help is a Python statement; words, lists of choices and options are expressions."""
    try:
        parsed = ast.parse(line.strip())
    except SyntaxError:
        return False
    return any(
        not isinstance(statement, ast.Expr) or isinstance(statement.value, ast.Call) for statement in parsed.body
    )


@pytest.mark.parametrize("name", ["", *COMMANDS])
def test_help_shows_neither_source_code_nor_stray_indentation(name):
    lines = printed(*name.split(), "--help").splitlines()
    assert [line for line in lines if is_source(line)] == []
    above = lines[1 : lines.index("Options:")]
    prose = [line for line in above if line.strip() and "imgcost " not in line]
    assert [line for line in prose if not re.fullmatch(r"  \S+( \S+)*", line)] == []


def test_source_code_in_help_is_detected():
    assert is_source('COMMANDS = ("estimate", "scan", "plan", "check", "largest", "models", "rules")')
    assert is_source("    import os")
    assert is_source("main()")
    assert not is_source("                                  folders")
    assert not is_source("  0    Success.")


@pytest.mark.parametrize("name", COMMANDS)
def test_the_examples_of_a_command_run_it(name):
    command = main.get_command(None, name)
    examples = re.findall(r"^\s+imgcost (\w+)", command.help, re.MULTILINE)
    assert set(examples) == {name}


@pytest.mark.parametrize("style", ["text", "json", "markdown"])
@pytest.mark.parametrize(
    "command",
    [("estimate", "10x10"), ("largest", "1:1"), ("models", *AS_OF), ("models", "sonnet", *AS_OF)],
    ids=" ".join,
)
def test_every_report_has_three_styles(command, style):
    text = printed(*command, "-f", style)
    assert text.endswith("\n")
    assert not text.endswith("\n\n")
    assert ("| " in text) == (style == "markdown")
    if style == "json":
        assert json.loads(text)["schema"].startswith("imgcost.")


def test_the_version_is_printed():
    assert printed("--version") == f"imgcost {imgcost.__version__}\n"


def test_without_a_command_the_help_is_an_error():
    result = run()
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith("Usage: imgcost ")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["frobnicate"], "No such command 'frobnicate'"),
        (["estimate"], "Missing argument 'SIZE|FILE...'"),
        (["largest"], "Missing argument 'RATIO...'"),
        (["models", "one", "two"], "unexpected extra argument"),
        (["--frobnicate"], "No such option"),
    ],
)
def test_invalid_usage_is_an_error(arguments, message):
    assert message in refused(*arguments)


# Exit codes


@pytest.fixture
def fail_with(monkeypatch):
    """Make `imgcost estimate` raise an exception."""

    def run_with(exception):
        def fail(*_, **_options):
            raise exception

        monkeypatch.setattr("imgcost.cli.estimate.estimate_report", fail)
        return run("estimate", "10x10", *AS_OF)

    return run_with


def test_an_oserror_is_exit_code_2(fail_with):
    result = fail_with(PermissionError(errno.EACCES, "Permission denied", "a\nb"))
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == "Error: a\\nb: Permission denied.\n"


def test_ctrl_c_is_exit_code_130(fail_with):
    result = fail_with(KeyboardInterrupt())
    assert (result.exit_code, result.stdout, result.stderr) == (130, "", "imgcost: interrupted\n")


def test_a_closed_pipe_is_exit_code_141(fail_with):
    result = fail_with(BrokenPipeError(errno.EPIPE, "Broken pipe"))
    assert result.exit_code == 141
    assert result.output == ""


@pytest.mark.slow
def test_a_closed_pipe_prints_nothing_on_stderr():
    read_end, write_end = os.pipe()
    os.close(read_end)
    code = "from imgcost.cli import main; main(['largest', '1:1'], prog_name='imgcost')"
    try:
        completed = subprocess.run(
            [sys.executable, "-c", code], stdout=write_end, stderr=subprocess.PIPE, text=True, check=False, timeout=60
        )
    finally:
        os.close(write_end)
    assert completed.stderr == ""
    assert completed.returncode == 141


@pytest.mark.parametrize("error", [ZeroDivisionError("division by zero"), TypeError("a\nb"), RecursionError()])
def test_a_bug_is_exit_code_2_with_one_line_on_how_to_report_it(fail_with, monkeypatch, error):
    monkeypatch.delenv("IMGCOST_TRACEBACK", raising=False)
    result = fail_with(error)
    assert (result.exit_code, result.stdout) == (2, "")
    error_text = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    assert result.stderr == (
        f"Error: this is a bug in imgcost {imgcost.__version__}, please report it "
        f"(run the command again with IMGCOST_TRACEBACK=1 for the traceback): {error_text}\n".replace("a\nb", "a\\nb")
    )


def test_the_traceback_of_a_bug_is_available(fail_with, monkeypatch):
    monkeypatch.setenv("IMGCOST_TRACEBACK", "1")
    result = fail_with(ZeroDivisionError("division by zero"))
    assert (result.exit_code, result.stdout) == (2, "")
    *traceback, last = result.stderr.splitlines()
    assert traceback[0] == "Traceback (most recent call last):"
    assert traceback[-1] == "ZeroDivisionError: division by zero"
    assert "(the traceback is above): ZeroDivisionError: division by zero" in last


def test_a_bug_in_help_is_exit_code_2_too(monkeypatch):
    monkeypatch.setattr(main, "get_command", lambda *_: 1 / 0)
    result = run("--help")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "this is a bug in imgcost" in result.stderr
