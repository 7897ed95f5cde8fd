"""`imgcost check` and `imgcost rules` as people, scripts and workflows use them: what they print, and how they end."""

from __future__ import annotations

import base64
import json
import os
import re
import sys
from pathlib import Path

import command_line
import pytest
from conftest import SAMPLES, png

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
    """How it ends, and what it says on stdout."""
    result = run(*arguments, *DAY, stdin=stdin)
    assert result.exit_code in {0, 1}
    assert result.stderr == ""
    return result.exit_code, result.stdout


def data(*arguments, stdin=None, code=None):
    ended, text = check(*arguments, "-f", "json", stdin=stdin)
    assert text.isascii()
    found = json.loads(text)
    assert code is None or ended == code
    return found


def refused(*arguments, stdin=None, command="check"):
    return command_line.refused(command, *arguments, stdin=stdin)


def request(image=GOOD, media_type="image/webp", **more):
    encoded = base64.b64encode(Path(image).read_bytes()).decode()
    block = {"type": "image", "source": {"type": "base64", "media_type": media_type, "data": encoded}}
    messages = [{"role": "user", "content": [block]}]
    return {"model": "claude-opus-5", "max_tokens": 1024, "messages": messages, **more}


def as_json(value):
    return json.dumps(value).encode()


def told(found):
    return [(one["location"], one["rule"]) for one in found["findings"]]


def shown(path):
    """A path as a property of an annotation: that of a drive of Windows has a colon."""
    return str(path).replace(":", "%3A")


# How it ends


def test_it_ends_with_0_where_nothing_would_be_rejected():
    assert check(GOOD)[0] == 0


def test_it_ends_with_1_where_something_would_be_rejected():
    assert check(CUT)[0] == 1
    assert check(GOOD, CUT)[0] == 1


def test_warnings_count_only_under_strict():
    assert check(ICON)[0] == 0
    assert check(ICON, "--strict")[0] == 1
    assert check(GOOD, "--strict")[0] == 0
    assert check(ICON, "--strict", "--ignore", "tiny")[0] == 0


def test_it_ends_with_0_whatever_is_found_where_that_is_asked_for():
    assert check(CUT, ICON, "--strict", "--exit-zero")[0] == 0
    assert check(CUT, "--exit-zero", "-f", "github")[0] == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "Missing argument"),
        (("no/such/file",), "does not exist"),
        ((GOOD, "-m", "sonet"), "unknown model 'sonet': did you mean"),
        ((GOOD, "-m", "claude-3-opus"), "claude-3-opus"),
        ((GOOD, "--platform", "azure"), "azure"),
        ((GOOD, "--as-of", "yesterday"), "invalid date 'yesterday'"),
        ((GOOD, "--as-of", "2024-03-03"), "start on 2024-03-04"),
        ((GOOD, "--platform", "foundry", "--as-of", "2026-08-21"), "start on 2026-08-22"),
        ((GOOD, "--ignore", "tinny"), "unknown rule 'tinny': did you mean tiny?"),
        ((GOOD, "--ignore", "\x1b[31m"), "unknown rule '\\x1b[31m'. Run 'imgcost rules' to list all rules"),
        ((GOOD, "-f", "xml"), "xml"),
        ((GOOD, "--budget", "much"), "invalid amount 'much': expected US dollars, for example 12.50."),
        ((GOOD, "--budget", "-1"), "invalid amount '-1'"),
        ((GOOD, "--budget", "nan"), "invalid amount 'nan'"),
        ((GOOD, "--budget", "sNaN"), "invalid amount 'sNaN'"),
        ((GOOD, "--budget", "inf"), "invalid amount 'inf'"),
        ((GOOD, "--budget", ""), "invalid amount ''"),
        ((GOOD, "--budget", "$"), "invalid amount '$'"),
        ((GOOD, "--budget", "1,50"), "invalid amount '1,50'"),
        ((GOOD, "--budget", "\N{EURO SIGN}5"), "invalid amount"),
        ((GOOD, "--budget", "1e-999999"), "invalid amount '1e-999999'"),
        ((GOOD, "--budget", "1e999999"), "invalid amount '1e999999'"),
        ((GOOD, "--budget", "9" * 500), "invalid amount"),
        ((GOOD, "--budget", "9" * 16), "invalid amount"),
        ((GOOD, "--budget", "1_000"), "invalid amount '1_000'"),
        ((GOOD, "--budget", "."), "invalid amount '.'"),
        ((GOOD, "--budget", "\u0665"), "invalid amount"),
    ],
)
def test_it_ends_with_2_where_it_could_not_work(arguments, said):
    stderr = refused(*arguments)
    assert said in stderr
    assert len(stderr) < 500
    assert "\x1b" not in stderr


# Money


def test_a_budget_is_kept_or_not():
    assert check(GOOD, "--budget", "1")[0] == 0
    found = data(GOOD, *SONNET, "--budget", "0", code=1)
    assert [(one["rule"], one["location"]) for one in found["findings"]] == [("budget", "all images")]
    assert found["findings"][0]["message"] == f"the images cost ${found['input_usd']}, and the budget is $0"
    assert check(GOOD, *SONNET, "--budget", "0", "--ignore", "budget")[0] == 0


def test_the_cost_of_a_known_image(tmp_path):
    file = tmp_path / "a.png"
    file.write_bytes(png(280, 280) + END)
    found = data(file, *SONNET)
    assert (found["tokens"], found["input_usd"]) == (100, "0.000300")
    assert check(file, *SONNET, "--budget", "0.0003")[0] == 0
    assert check(file, *SONNET, "--budget", "0.000299999999")[0] == 1
    for enough in ("1", "1.", ".5", "$ 12.50", " 3 ", "0" * 14 + "1", "9" * 15 + "." + "9" * 15):
        assert check(file, *SONNET, "--budget", enough)[0] == 0


# What it asks


def test_ignored_rules_are_not_asked():
    assert told(data(CUT, "--ignore", "truncated"))[:1] != [(str(CUT), "truncated")]
    assert told(data(CUT, "--ignore", "TRUNCATED", "--ignore", "downscaled", "--ignore", "suffix", code=0)) == []


def test_platforms_and_days_have_limits_of_their_own(tmp_path):
    file = tmp_path / "a.png"
    file.write_bytes(png(300, 300, b"\x78\1" * 2_000_000) + END)
    assert check(file)[0] == 0
    assert check(file, "--platform", "bedrock")[0] == 1
    assert run(file, "-m", "claude-sonnet-4-6", "--as-of", "2026-06-03").exit_code == 1
    assert run(file, "-m", "claude-sonnet-4-6", "--as-of", "2026-06-04").exit_code == 0
    found = data(file, "--platform", "bedrock", code=1)
    assert (found["platform"], found["as_of"], found["ok"]) == ("bedrock", "2026-11-22", False)
    assert [(one["rule"], one["observed"], one["limit"], one["unit"]) for one in found["findings"]] == [
        ("image-bytes", -(-file.stat().st_size // 3) * 4, 5_242_880, "bytes")
    ]


def test_images_may_be_meant_for_one_request():
    many = [GOOD] * 101
    assert check(*many, "-m", "claude-haiku-4-5")[0] == 0
    found = data(*many, "-m", "claude-haiku-4-5", "--one-request", code=1)
    assert told(found) == [("messages", "image-count")]


def test_the_model_of_requests_is_their_own_unless_another_is_named():
    wrong = as_json(request(model="claude-3-opus-20240229"))
    assert told(data("-", stdin=wrong, code=1)) == [("stdin model", "model")]
    assert told(data("-", *SONNET, stdin=wrong, code=0)) == []


# What it prints


def test_the_json_says_it_all():
    found = data(CUT, GOOD, code=1)
    assert list(found) == [
        *("schema", "platform", "as_of", "ok", "errors", "warnings", "tokens", "unmeasured", "pages", "input_usd"),
        *("upper_usd", "measured_usd", "unknown", "notes", "turns", "findings", "images"),
    ]
    assert found["schema"] == "imgcost.check/2"
    first = found["findings"][0]
    assert list(first) == [
        *("rule", "severity", "location", "file", "line", "message", "observed", "limit", "unit", "advice", "sources"),
    ]
    assert (first["rule"], first["severity"], first["location"], first["file"], first["line"]) == (
        *("truncated", "error", str(CUT), str(CUT)),
        None,
    )
    assert [one["location"] for one in found["images"]] == [str(CUT), str(GOOD)]
    assert list(found["images"][0]) == [
        *("location", "media_type", "width", "height", "resized_width", "resized_height", "tokens"),
    ]
    assert found["tokens"] == sum(image["tokens"] for image in found["images"])
    assert len(found["findings"]) == found["errors"] + found["warnings"]
    large = data(SAMPLES / "photos", *SONNET)["findings"]
    assert all(one["sources"] == [] or one["sources"][0].keys() == {"url", "read"} for one in large)


def test_the_text_lists_errors_and_sums_up():
    code, text = check(CUT, *SONNET)
    assert code == 1
    assert text.startswith("1 error\n")
    assert "What to do\n" in text
    assert f"truncated  {find_rule('truncated').fix}" in text
    assert re.search(
        r"^1 error \(limits of claude-api on 2026-11-22\)\. 1 image, [\d,]+ tokens, \$0\.00\d+\.$", text, re.MULTILINE
    )
    assert "Run 'imgcost rules RULE' for an explanation of a rule" in text


def test_the_text_of_nothing_is_one_line():
    code, text = check(GOOD, *SONNET)
    assert code == 0
    nothing = r"Nothing would be rejected \(limits of claude-api on 2026-11-22\)\."
    text = command_line.unwrapped(text)
    assert re.fullmatch(nothing + r" 1 image, \d+ tokens, \$[\d.]+\.\n", text)


def test_what_could_not_be_measured_or_priced_is_said(tmp_path):
    (tmp_path / "a.png").write_bytes(b"<html>")
    assert "1 error (limits of claude-api on 2026-11-22). 0 images; 1 not measured.\n" in check(tmp_path)[1]
    early = run("-", "--as-of", "2026-09-27", stdin=as_json(request(model="claude-sonnet-5-5"))).stdout
    assert re.search(
        r"^1 error \(limits of claude-api on 2026-09-27\)\. 1 image, \d+ tokens, cost unknown\.$", early, re.MULTILINE
    )


@pytest.mark.slow  # a thousand findings
def test_a_thousand_warnings_are_told_shortly(tmp_path):
    for number in range(1000):
        (tmp_path / f"{number:04}.png").write_bytes(png(10, 10) + END)
    code, text = check(tmp_path)
    assert code == 0
    assert text.startswith("1,000 warnings\n")
    assert len(text.splitlines()) < 16
    assert "and 997 more" in text
    assert len(data(tmp_path)["findings"]) == 1000


def test_a_thousand_errors_are_told_shortly(tmp_path):
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


# Annotations of a workflow


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


def test_annotations_of_nothing_are_nothing():
    assert check(GOOD, "-f", "github") == (0, "")


def test_annotations_of_what_is_in_no_file():
    code, text = check("-", "-f", "github", stdin=as_json(request(media_type="image/png")))
    assert code == 1
    assert text == (
        "::error title=imgcost media-type::stdin messages.0.content.0: the image declares image/png, but its bytes are "
        "image/webp. Declare image/webp.\n"
    )
    assert check(ICON, "-f", "github")[1].startswith(f"::warning file={shown(ICON)},title=imgcost tiny::")


@LINUX
def test_hostile_names_obey_nothing(tmp_path):
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
        text.encode()  # no stray bytes are left
    found = data(tmp_path)
    assert len({one["location"] for one in found["findings"]}) == len(names)


# JSON from stdin


def test_stdin_is_one_request():
    assert told(data("-", stdin=as_json(request()), code=0)) == []
    assert data("-", stdin=as_json(request()))["images"][0]["location"] == "stdin messages.0.content.0"
    assert told(data("-", stdin=json.dumps(request(media_type="image/gif"), indent=2).encode(), code=1)) == [
        ("stdin messages.0.content.0", "media-type")
    ]


def test_stdin_is_a_batch():
    one, two = ({"custom_id": name, "params": request(media_type="image/gif")} for name in "aa")
    body = as_json({"requests": [one, two]})
    assert told(data("-", stdin=body, code=1)) == [
        ("stdin requests.0.params.messages.0.content.0", "media-type"),
        ("stdin requests.1.params.messages.0.content.0", "media-type"),
        ("stdin requests.1", "custom-id"),
    ]
    lines = as_json(one) + b"\n" + as_json(two) + b"\noops\n"
    assert told(data("-", stdin=lines, code=1)) == [
        ("stdin:1 params.messages.0.content.0", "media-type"),
        ("stdin:2 params.messages.0.content.0", "media-type"),
        ("stdin:3", "request"),
        ("stdin:2", "custom-id"),
    ]


@pytest.mark.parametrize(
    ("junk", "rule"),
    [
        *((junk, "unreadable") for junk in (b"oops", b"7", b"null", b'"text"', b"\xff\xfe", b"\0" * 99)),
        *((junk, "request") for junk in (b"{", b"[7]", b"{}")),
    ],
)
def test_junk_from_stdin_is_a_finding(junk, rule):
    found = data("-", stdin=junk, code=1)
    assert {one["rule"] for one in found["findings"]} == {rule}
    assert found["findings"][0]["location"].startswith("stdin") == (rule == "request")
    assert check("-", stdin=junk)[0] == 1
    assert check("-", "--exit-zero", stdin=junk)[0] == 0


def test_paths_may_be_mixed(tmp_path):
    file = tmp_path / "request.json"
    file.write_bytes(as_json(request(media_type="image/gif")))
    found = data(CUT, file, "-", stdin=as_json(request()), code=1)
    assert [(one["file"], one["rule"]) for one in found["findings"] if one["severity"] == "error"] == [
        (str(CUT), "truncated"),
        (str(file), "media-type"),
    ]
    assert len(found["images"]) == 3


# imgcost rules


def rules_said(*arguments):
    result = run(*arguments, command="rules")
    assert (result.exit_code, result.stderr) == (0, "")
    return result.stdout


def test_rules_are_listed():
    text = rules_said()
    lines = text.splitlines()
    assert lines[0] == "Rules"
    listed = [line.split()[0] for line in lines[2:] if line[2:3].strip() and line.startswith("  ")]
    assert listed == [rule.name for rule in rules()]
    assert "Run 'imgcost rules RULE' for an example" in text
    found = json.loads(rules_said("-f", "json"))
    assert found["schema"] == "imgcost.rules/2"
    assert [one["rule"] for one in found["rules"]] == [rule.name for rule in rules()]
    assert rules_said("-f", "markdown").startswith("### Rules\n")


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule.name)
def test_each_rule_is_told(rule):
    text = rules_said(rule.name, *DAY)
    assert text.startswith(f"{rule.name}: {rule.severity}\n")
    for part in (rule.summary, rule.why, *rule.example, rule.fix):
        assert part in " ".join(text.split())
    found = json.loads(rules_said(rule.name, *DAY, "-f", "json"))
    assert list(found) == [
        *("schema", "as_of", "rule", "severity", "scope"),
        *("summary", "why", "example", "fix", "api_says", "limits"),
    ]
    assert found["schema"] == "imgcost.rule/2"
    assert ("Limits on 2026-11-22" in text) == bool(found["limits"])
    assert ("Error messages of the API" in text) == bool(found["api_says"])
    assert all(limit["sources"] for limit in found["limits"])


def test_the_limits_of_a_rule_are_those_of_the_day():
    def limits(*arguments):
        rows = json.loads(rules_said(*arguments, "-f", "json"))["limits"]
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


def test_the_words_of_the_api_are_told():
    text = rules_said("many-images-edge")
    message = "At least one of the image dimensions exceed max allowed size for many-image requests: 2000 pixels"
    assert message in " ".join(text.split())
    assert "Claude Code issue 9375" in text


def test_a_rule_may_be_written_as_one_likes():
    assert rules_said("Image_Bytes") == rules_said("image-bytes")


def test_an_unknown_rule_ends_with_2_and_a_suggestion():
    assert "unknown rule 'image-byte': did you mean image-bytes?" in refused("image-byte", command="rules")
    assert "unknown rule 'xyz'. Run 'imgcost rules' to list all rules" in refused("xyz", command="rules")
    assert "\x1b" not in refused("\x1b[31m", command="rules")
    assert "invalid date" in refused("tiny", "--as-of", "never", command="rules")
    assert "2024-03-03" in refused("tiny", "--as-of", "2024-03-03", command="rules")
