"""`imgcost check` and `imgcost rules` on the command line: their output, exit codes, and annotations."""

from __future__ import annotations

import base64
import json
import os
import re
import sys
from pathlib import Path

import command_line
import pytest
from command_line import unwrapped
from conftest import SAMPLES, png
from pictures import encoded, tree

from imgcost.rules import find_rule, rules

DAY = ("--as-of", "2026-11-22")
SONNET = ("-m", "claude-sonnet-4-6")
LINUX = pytest.mark.skipif(sys.platform != "linux", reason="other systems take no bytes that are not UTF-8")
ICON = SAMPLES / "web" / "marker-icon.png"
GOOD = SAMPLES / "web" / "cat-lossy.webp"
CUT = SAMPLES / "broken" / "cut-in-pixels.png"
END = b"\0\0\0\0IEND\xaeB`\x82"


def run(*arguments, stdin=None, command="check"):
    return command_line.run(command, *arguments, stdin=stdin)


def check(*arguments, stdin=None):
    """Return the exit code and stdout."""
    result = run(*arguments, *DAY, stdin=stdin)
    assert result.exit_code in {0, 1}
    assert result.stderr == ""
    return result.exit_code, result.stdout


def data(*arguments, stdin=None, code=None):
    exit_code, text = check(*arguments, "-f", "json", stdin=stdin)
    assert text.isascii()
    report = json.loads(text)
    assert code is None or exit_code == code
    return report


def refused(*arguments, stdin=None, command="check"):
    return command_line.refused(command, *arguments, stdin=stdin)


def request(image=GOOD, media_type="image/webp", **more):
    encoded = base64.b64encode(Path(image).read_bytes()).decode()
    block = {"type": "image", "source": {"type": "base64", "media_type": media_type, "data": encoded}}
    messages = [{"role": "user", "content": [block]}]
    return {"model": "claude-opus-5", "max_tokens": 1024, "messages": messages, **more}


def as_json(value):
    return json.dumps(value).encode()


def locations_and_rules(report):
    return [(finding["location"], finding["rule"]) for finding in report["findings"]]


def shown(path):
    """Escape a path as a property of an annotation: Windows paths have a colon."""
    return str(path).replace(":", "%3A")


# Exit codes


def test_without_errors_the_exit_code_is_0():
    assert check(GOOD)[0] == 0


def test_with_errors_the_exit_code_is_1():
    assert check(CUT)[0] == 1
    assert check(GOOD, CUT)[0] == 1


def test_warnings_are_exit_code_1_only_with_strict():
    assert check(ICON)[0] == 0
    assert check(ICON, "--strict")[0] == 1
    assert check(GOOD, "--strict")[0] == 0
    assert check(ICON, "--strict", "--ignore", "tiny")[0] == 0


def test_with_exit_zero_the_exit_code_is_0():
    assert check(CUT, ICON, "--strict", "--exit-zero")[0] == 0
    assert check(CUT, "--exit-zero", "-f", "github")[0] == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "Missing argument"),
        (("no/such/file",), "does not exist"),
        ((GOOD, "-m", "sonet"), "unknown model 'sonet': did you mean"),
        ((GOOD, "-m", "claude-3-opus"), "claude-3-opus"),
        ((GOOD, "--platform", "azure"), "azure"),
        ((GOOD, "--as-of", "yesterday"), "'yesterday'"),
        ((GOOD, "--as-of", "2024-03-03"), "start on 2024-03-04"),
        ((GOOD, "--platform", "foundry", "--as-of", "2026-08-21"), "start on 2026-08-22"),
        ((GOOD, "--ignore", "tinny"), "unknown rule 'tinny': did you mean tiny?"),
        ((GOOD, "--ignore", "\x1b[31m"), "unknown rule '\\x1b[31m'. Run 'imgcost rules' to list all rules"),
        ((GOOD, "-f", "xml"), "xml"),
        ((GOOD, "--budget", "much"), "'much': expected US dollars, such as 12.50, $1,200 or 1.5k."),
        ((GOOD, "--budget", "-1"), "'-1'"),
        ((GOOD, "--budget", "nan"), "'nan'"),
        ((GOOD, "--budget", "sNaN"), "'sNaN'"),
        ((GOOD, "--budget", "inf"), "'inf'"),
        ((GOOD, "--budget", ""), "''"),
        ((GOOD, "--budget", "$"), "'$'"),
        ((GOOD, "--budget", "1,50"), "'1,50'"),
        ((GOOD, "--budget", "\N{EURO SIGN}5"), "expected US dollars"),
        ((GOOD, "--budget", "1e-999999"), "'1e-999999'"),
        ((GOOD, "--budget", "1e999999"), "'1e999999'"),
        ((GOOD, "--budget", "9" * 500), "expected US dollars"),
        ((GOOD, "--budget", "."), "'.'"),
        ((GOOD, "--budget", "\u0665"), "expected US dollars"),
    ],
)
def test_invalid_usage_is_exit_code_2(arguments, message):
    stderr = refused(*arguments)
    assert message in stderr
    assert len(stderr) < 500
    assert "\x1b" not in stderr


# Budgets


def test_a_cost_over_the_budget_is_exit_code_1():
    assert check(GOOD, "--budget", "1")[0] == 0
    report = data(GOOD, *SONNET, "--budget", "0", code=1)
    assert [(finding["rule"], finding["location"]) for finding in report["findings"]] == [("budget", "all images")]
    assert report["findings"][0]["message"] == f"the images cost ${report['input_usd']}, and the budget is $0"
    assert check(GOOD, *SONNET, "--budget", "0", "--ignore", "budget")[0] == 0


def test_a_budget_is_compared_exactly_and_accepted_in_several_spellings(tmp_path):
    file = tmp_path / "a.png"
    file.write_bytes(png(280, 280) + END)
    report = data(file, *SONNET)
    assert (report["tokens"], report["input_usd"]) == (100, "0.000300")
    assert check(file, *SONNET, "--budget", "0.0003")[0] == 0
    assert check(file, *SONNET, "--budget", "0.000299999999")[0] == 1
    for budget in ("1", "1.", ".5", "$ 12.50", " 3 ", "0" * 14 + "1", "9" * 15 + "." + "9" * 15):
        assert check(file, *SONNET, "--budget", budget)[0] == 0


# Rules, limits and models


def test_ignored_rules_are_not_checked():
    assert locations_and_rules(data(CUT, "--ignore", "truncated"))[:1] != [(str(CUT), "truncated")]
    assert (
        locations_and_rules(data(CUT, "--ignore", "TRUNCATED", "--ignore", "downscaled", "--ignore", "suffix", code=0))
        == []
    )


def test_limits_depend_on_platform_and_date(tmp_path):
    file = tmp_path / "a.png"
    file.write_bytes(png(300, 300, b"\x78\1" * 2_000_000) + END)
    assert check(file)[0] == 0
    assert check(file, "--platform", "bedrock")[0] == 1
    assert run(file, "-m", "claude-sonnet-4-6", "--as-of", "2026-06-03").exit_code == 1
    assert run(file, "-m", "claude-sonnet-4-6", "--as-of", "2026-06-04").exit_code == 0
    report = data(file, "--platform", "bedrock", code=1)
    assert (report["platform"], report["as_of"], report["ok"]) == ("bedrock", "2026-11-22", False)
    assert [
        (finding["rule"], finding["observed"], finding["limit"], finding["unit"]) for finding in report["findings"]
    ] == [("image-bytes", -(-file.stat().st_size // 3) * 4, 5_242_880, "bytes")]


def test_one_request_applies_the_limits_of_a_request():
    images = [GOOD] * 101
    assert check(*images, "-m", "claude-haiku-4-5")[0] == 0
    report = data(*images, "-m", "claude-haiku-4-5", "--one-request", code=1)
    assert locations_and_rules(report) == [("messages", "image-count")]


def test_requests_are_checked_for_their_own_model_unless_one_is_given():
    body = as_json(request(model="claude-3-opus-20240229"))
    assert locations_and_rules(data("-", stdin=body, code=1)) == [("stdin model", "model")]
    assert locations_and_rules(data("-", *SONNET, stdin=body, code=0)) == []


# Output


def test_the_json_has_every_key():
    report = data(CUT, GOOD, code=1)
    assert list(report) == [
        *("schema", "platform", "as_of", "models", "ok", "errors", "warnings", "tokens", "unmeasured", "pages"),
        *("input_usd", "upper_usd", "measured_usd", "unknown", "notes", "turns", "findings", "images"),
    ]
    assert report["schema"] == "imgcost.check/2"
    assert report["models"] == ["claude-sonnet-5-5"]
    first = report["findings"][0]
    assert list(first) == [
        *("rule", "severity", "location", "file", "line", "message", "observed", "limit", "unit", "advice", "sources"),
    ]
    assert (first["rule"], first["severity"], first["location"], first["file"], first["line"]) == (
        *("truncated", "error", str(CUT), str(CUT)),
        None,
    )
    assert [image["location"] for image in report["images"]] == [str(CUT), str(GOOD)]
    assert list(report["images"][0]) == [
        *("location", "media_type", "width", "height", "resized_width", "resized_height", "tokens"),
    ]
    assert report["tokens"] == sum(image["tokens"] for image in report["images"])
    assert len(report["findings"]) == report["errors"] + report["warnings"]
    findings = data(SAMPLES / "photos", *SONNET)["findings"]
    assert all(finding["sources"] == [] or finding["sources"][0].keys() == {"url", "read"} for finding in findings)


def test_the_text_lists_errors_and_sums_up():
    code, text = check(CUT, *SONNET)
    assert code == 1
    assert text.startswith("1 error\n")
    assert "What to do\n" in text
    assert f"truncated  {find_rule('truncated').fix}" in text
    summary = (
        r"\n1 error\. Limits of claude-api on 2026-11-22\. 1 image with claude-sonnet-4-6: [\d,]+ tokens, \$0\.00\d+\."
    )
    assert re.search(summary, unwrapped(text))
    assert "Run 'imgcost rules RULE' for an explanation of a rule" in text
    assert "imgcost fit" not in text


def test_fit_is_named_where_it_helps(tmp_path):
    tree(tmp_path, a_bmp=encoded("BMP"), b_tif=encoded("TIFF"))

    def note(*paths):
        return next((line for line in check(*paths)[1].splitlines() if "imgcost fit" in line), None)

    assert note(tmp_path / "a.bmp") == "'imgcost fit' can fix this error, in a copy."
    assert note(tmp_path) == "'imgcost fit' can fix these 2 errors, in a copy."
    assert note(tmp_path, CUT) == "'imgcost fit' can fix 2 of these 3 errors, in a copy."
    assert note(GOOD) is None


def test_without_findings_the_text_is_one_line():
    code, text = check(GOOD, *SONNET)
    assert code == 0
    nothing = r"Nothing would be rejected\. Limits of claude-api on 2026-11-22\."
    assert re.fullmatch(nothing + r" 1 image with claude-sonnet-4-6: \d+ tokens, \$[\d.]+\.\n", unwrapped(text))


def test_unmeasured_images_and_unknown_costs_are_in_the_summary(tmp_path):
    (tmp_path / "a.png").write_bytes(b"<html>")
    assert "1 error. Limits of claude-api on 2026-11-22. 0 images. Not counted: 1 image.\n" in check(tmp_path)[1]
    early = run("-", "--as-of", "2026-09-27", stdin=as_json(request(model="claude-sonnet-5-5"))).stdout
    summary = r"^1 error\. Limits of claude-api on 2026-09-27\. 1 image: \d+ tokens, cost unknown\.$"
    assert re.search(summary, early, re.MULTILINE)


@pytest.mark.slow  # a thousand findings
def test_a_thousand_warnings_are_abbreviated(tmp_path):
    for number in range(1000):
        (tmp_path / f"{number:04}.png").write_bytes(png(10, 10) + END)
    code, text = check(tmp_path)
    assert code == 0
    assert text.startswith("1,000 warnings\n")
    assert len(text.splitlines()) < 16
    assert "and 997 more" in text
    assert len(data(tmp_path)["findings"]) == 1000


def test_a_thousand_errors_are_abbreviated(tmp_path):
    for number in range(1000):
        (tmp_path / f"{number:04}.png").write_bytes(b"")
    code, text = check(tmp_path)
    assert code == 1
    assert text.startswith("1,000 errors\n")
    assert len(text.splitlines()) < 60
    assert text.count("0000.png") == 1
    assert "and 997 more" in text
    assert "997 findings are not shown: use -f json or -o FILE to list all." in text
    assert len(data(tmp_path)["findings"]) == 1000


# GitHub annotations


def test_annotations_name_file_and_line(tmp_path):
    batch = tmp_path / "batch.jsonl"
    kinds = {"a": "image/webp", "b": "image/png"}
    good, bad = ({"custom_id": name, "params": request(media_type=kind)} for name, kind in kinds.items())
    batch.write_bytes(as_json(good) + b"\n\n" + as_json(bad) + b"\n")
    code, text = check(batch, CUT, "-f", "github", "--ignore", "suffix", "--ignore", "downscaled")
    assert code == 1
    first = (
        f"::error file={shown(batch)},line=3,title=imgcost media-type::{batch}:3 params.messages.0.content.0: "
        "the image declares image/png, but its bytes are image/webp. Declare image/webp."
    )
    second = (
        f"::error file={shown(CUT)},title=imgcost truncated::the end of the image is missing "
        f"(image/png, {CUT.stat().st_size:,} bytes). {find_rule('truncated').fix}"
    )
    assert text.splitlines() == [second, first]


def test_without_findings_there_are_no_annotations():
    assert check(GOOD, "-f", "github") == (0, "")


def test_annotations_on_stdin_have_no_file():
    code, text = check("-", "-f", "github", stdin=as_json(request(media_type="image/png")))
    assert code == 1
    assert text == (
        "::error title=imgcost media-type::stdin messages.0.content.0: the image declares image/png, but its bytes are "
        "image/webp. Declare image/webp.\n"
    )
    assert check(ICON, "-f", "github")[1].startswith(f"::warning file={shown(ICON)},title=imgcost tiny::")


@LINUX
def test_hostile_names_are_escaped(tmp_path):
    names = [
        b"a%0Ab.png",
        b"c:d,e.png",
        b"new\n::error::x.png",
        b"\x1b[31m.png",
        b"caf\xe9.png",
        "caf\u00e9\u202e.png".encode(),
    ]
    for name in names:
        (tmp_path / os.fsdecode(name)).write_bytes(b"")
    _, text = check(tmp_path, "-f", "github")
    lines = text.splitlines()
    assert len(lines) == len(names)
    assert all(line.startswith("::error file=") for line in lines)
    for line in lines:
        properties = line[2:].split("::")[0]
        assert properties.count(",") == 1
        assert properties.count(":") == 0
    assert any("a%250Ab.png" in line for line in lines)
    assert any("c%3Ad%2Ce.png" in line for line in lines)
    for style in ("text", "github", "json"):
        _, text = check(tmp_path, "-f", style)
        assert not set(text) & set("\x1b\u202e\r")
        text.encode()  # no surrogates
    report = data(tmp_path)
    assert len({finding["location"] for finding in report["findings"]}) == len(names)


# JSON from stdin


def test_a_request_from_stdin():
    assert locations_and_rules(data("-", stdin=as_json(request()), code=0)) == []
    assert data("-", stdin=as_json(request()))["images"][0]["location"] == "stdin messages.0.content.0"
    assert locations_and_rules(
        data("-", stdin=json.dumps(request(media_type="image/gif"), indent=2).encode(), code=1)
    ) == [("stdin messages.0.content.0", "media-type")]


def test_a_batch_from_stdin():
    first, second = ({"custom_id": name, "params": request(media_type="image/gif")} for name in "aa")
    body = as_json({"requests": [first, second]})
    assert locations_and_rules(data("-", stdin=body, code=1)) == [
        ("stdin requests.0.params.messages.0.content.0", "media-type"),
        ("stdin requests.1.params.messages.0.content.0", "media-type"),
        ("stdin requests.1", "custom-id"),
    ]
    lines = as_json(first) + b"\n" + as_json(second) + b"\noops\n"
    assert locations_and_rules(data("-", stdin=lines, code=1)) == [
        ("stdin:1 params.messages.0.content.0", "media-type"),
        ("stdin:2 params.messages.0.content.0", "media-type"),
        ("stdin:3", "request"),
        ("stdin:2", "custom-id"),
    ]


@pytest.mark.parametrize(
    ("stdin", "rule"),
    [
        *((stdin, "unreadable") for stdin in (b"oops", b"7", b"null", b'"text"', b"\xff\xfe", b"\0" * 99)),
        *((stdin, "request") for stdin in (b"{", b"[7]", b"{}")),
    ],
)
def test_invalid_json_on_stdin_is_an_error(stdin, rule):
    report = data("-", stdin=stdin, code=1)
    assert {finding["rule"] for finding in report["findings"]} == {rule}
    assert report["findings"][0]["location"].startswith("stdin") == (rule == "request")
    assert check("-", stdin=stdin)[0] == 1
    assert check("-", "--exit-zero", stdin=stdin)[0] == 0


def test_images_requests_and_stdin_can_be_mixed(tmp_path):
    file = tmp_path / "request.json"
    file.write_bytes(as_json(request(media_type="image/gif")))
    report = data(CUT, file, "-", stdin=as_json(request()), code=1)
    assert [(finding["file"], finding["rule"]) for finding in report["findings"] if finding["severity"] == "error"] == [
        (str(CUT), "truncated"),
        (str(file), "media-type"),
    ]
    assert len(report["images"]) == 3


# imgcost rules


def rules_output(*arguments):
    result = run(*arguments, command="rules")
    assert (result.exit_code, result.stderr) == (0, "")
    return result.stdout


def test_rules_are_listed():
    text = rules_output()
    lines = text.splitlines()
    assert lines[0] == "Rules"
    listed = [line.split()[0] for line in lines[2:] if line[2:3].strip() and line.startswith("  ")]
    assert listed == [rule.name for rule in rules()]
    assert "Run 'imgcost rules RULE' for an example" in text
    report = json.loads(rules_output("-f", "json"))
    assert report["schema"] == "imgcost.rules/2"
    assert [rule["rule"] for rule in report["rules"]] == [rule.name for rule in rules()]
    assert rules_output("-f", "markdown").startswith("## Rules\n")


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule.name)
def test_each_rule_has_a_report(rule):
    text = rules_output(rule.name, *DAY)
    assert text.startswith(f"{rule.name}: {rule.severity}\n")
    for part in (rule.summary, rule.why, *rule.example, rule.fix):
        assert part in " ".join(text.split())
    report = json.loads(rules_output(rule.name, *DAY, "-f", "json"))
    assert list(report) == [
        *("schema", "as_of", "rule", "severity", "scope"),
        *("summary", "why", "example", "fix", "fixable", "api_says", "limits"),
    ]
    assert report["schema"] == "imgcost.rule/2"
    assert report["fixable"] is rule.fixable is ("'imgcost fit' can fix it." in " ".join(text.split()))
    assert ("Limits on 2026-11-22" in text) == bool(report["limits"])
    assert ("Error messages of the API" in text) == bool(report["api_says"])
    assert all(limit["sources"] for limit in report["limits"])


def test_the_limits_of_a_rule_are_those_on_the_date():
    def limits(*arguments):
        rows = json.loads(rules_output(*arguments, "-f", "json"))["limits"]
        return {(row["platform"], row["limit"]): (row["value"], row["since"]) for row in rows}

    now = limits("image-bytes", *DAY)
    assert now["claude-api", "image_bytes"] == (10_485_760, "2026-06-04")
    assert now["bedrock", "image_bytes"] == (5_242_880, "2026-06-04")
    assert now["claude-ai", "image_bytes_of"] == ("file", "2024-03-04")
    assert ("foundry", "image_bytes") not in now
    old = limits("image-bytes", "--as-of", "2025-06-01")
    assert old["claude-api", "image_bytes"] == (5_242_880, "2024-03-04")
    assert {platform for platform, _ in old} == {"claude-api", "claude-ai"}
    assert limits("tiny", *DAY) == {("the guide", "tiny_edge"): (200, "2024-03-04")}
    assert limits("latency", *DAY) == {}
    assert limits("latency", "--as-of", "2026-04-16")["the guide", "latency_pixels"] == (1_150_000, "2024-03-04")
    assert limits("media-type", *DAY)["foundry", "media_types"][0] == [
        "image/jpeg",
        "image/png",
        "image/gif",
        "image/webp",
    ]
    assert limits("oversized-image", *DAY) == {
        ("claude-api", "oversized_image"): (True, "2026-08-22"),
        ("claude-platform-aws", "oversized_image"): (True, "2026-10-08"),
        ("google-cloud-anthropic", "oversized_image"): (True, "2026-10-08"),
    }


def test_a_rule_lists_the_error_messages_of_the_api():
    text = rules_output("many-images-edge")
    message = "At least one of the image dimensions exceed max allowed size for many-image requests: 2000 pixels"
    assert message in " ".join(text.split())
    assert "Claude Code issue 9375" in text


def test_the_name_of_a_rule_ignores_case_and_underscores():
    assert rules_output("Image_Bytes") == rules_output("image-bytes")


def test_an_unknown_rule_is_exit_code_2_with_a_suggestion():
    assert "unknown rule 'image-byte': did you mean image-bytes?" in refused("image-byte", command="rules")
    assert "unknown rule 'xyz'. Run 'imgcost rules' to list all rules" in refused("xyz", command="rules")
    assert "\x1b" not in refused("\x1b[31m", command="rules")
    assert "'never': expected YYYY-MM-DD" in refused("tiny", "--as-of", "never", command="rules")
    assert "2024-03-03" in refused("tiny", "--as-of", "2024-03-03", command="rules")
