"""Files of requests: JSON, JSON lines one by one, compressed or in other encodings; and `imgcost fit` on them."""

from __future__ import annotations

import gzip
import io
import json
import os
import re
from datetime import date

import pytest
from command_line import printed, refused, run, unwrapped
from pictures import MODEL, image_block, pdf, png, request, text

from imgcost import check_request, fit_request, fit_request_file
from imgcost.errors import ArgumentError
from imgcost.fitting import request_files
from imgcost.fitting.checked_requests import FitSettings
from imgcost.fitting.options import fit_options
from imgcost.fitting.request_files import FitSpools, fit_file
from imgcost.tabular import FIT_REQUESTS

DAY = date(2026, 11, 26)
WIDE = request(image_block(png(9000, 10)))
GOOD = request(image_block(png(100, 100)))
EMPTY = request(image_block(b""))


def entry(name, params=WIDE):
    return {"custom_id": name, "params": params}


def lines(*values):
    return "".join(json.dumps(value) + "\n" for value in values).encode()


def fitted(data, name="batch.jsonl", **options):
    """Fit a file in memory; return the result and the copy."""
    file, copy = io.BytesIO(data), io.BytesIO()
    file.name = name
    return fit_request_file(file, copy, as_of=DAY, **options), copy.getvalue()


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "request.json").write_text(json.dumps(WIDE), encoding="utf-8")
    (tmp_path / "good.json").write_text(json.dumps(GOOD), encoding="utf-8")
    (tmp_path / "empty.json").write_text(json.dumps(EMPTY), encoding="utf-8")
    return tmp_path


def test_a_file_is_fixed_like_its_request():
    found, copy = fitted(json.dumps(WIDE).encode())
    assert (found.ok, json.loads(copy)) == (True, fit_request(WIDE, as_of=DAY).params)
    assert check_request(json.loads(copy)).ok
    assert repr(found).startswith("<FittedDocument 'stdin' changes=1 errors=0 bytes=")
    assert (found.name, found.output, found.bytes) == ("stdin", None, len(copy))
    assert found.changes[0].location == "stdin messages.0.content.0"


def test_a_file_without_changes_is_the_same_byte_for_byte():
    data = b'\n{"model" : "claude-opus-5", "max_tokens": 1.0,\n "messages": [{"role":"user","content":"\\u00e9"}]}\n\n'
    found, copy = fitted(data)
    assert (found.ok, found.changes, copy) == (True, (), data)


def test_lines_are_fixed_one_by_one_and_others_are_unchanged():
    data = lines(entry("a"), entry("b", GOOD)) + b"\noops\n5\n" + lines({"custom_id": "c"}, entry("d"))[:-1] + b"\r\n"
    found, copy = fitted(data)
    before, after = data.split(b"\n"), copy.split(b"\n")
    assert [new == old for new, old in zip(after, before, strict=True)] == [
        False, True, True, True, True, True, False, True,
    ]  # fmt: skip
    assert after[6].endswith(b"\r")
    assert [change.line for change in found.changes] == [1, 7]
    assert [change.location for change in found.changes][1] == "stdin:7 params.messages.0.content.0"
    assert sorted({finding.line for finding in found.findings.errors}) == [4, 5, 6]


def test_lines_of_a_batch_must_not_stream():
    found, copy = fitted(lines(entry("a", GOOD | {"stream": True}), entry("b", GOOD)))
    assert (found.ok, json.loads(copy.split(b"\n")[0])["params"]["stream"]) == (True, False)


@pytest.mark.parametrize(
    "dumps",
    [
        json.dumps,
        lambda value: json.dumps(value, indent=2),
        lambda value: json.dumps(value, indent="\t") + "\n",
        lambda value: json.dumps(value, separators=(",", ":")),
        lambda value: json.dumps(value, ensure_ascii=False),
    ],
)
def test_a_changed_document_is_written_like_the_original(dumps):
    params = WIDE | {"system": "caf\u00e9"}
    _, copy = fitted(dumps(params).encode())
    assert copy.decode() == dumps(fit_request(params, as_of=DAY).params)


def test_lone_surrogates_stay_escaped():
    data = json.dumps({"request": {"body": WIDE}, "x": "\ud800", "y": "\u00e9"}).replace("\\u00e9", "\u00e9").encode()
    found, copy = fitted(data)
    assert (len(found.changes), json.loads(copy)["x"]) == (1, "\ud800")


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32"])
def test_other_encodings_become_utf_8(encoding):
    for data, changes in ((json.dumps(WIDE), 1), (json.dumps(GOOD), 0)):
        found, copy = fitted(data.encode(encoding))
        assert (found.ok, len(found.changes)) == (True, changes)
        assert json.loads(copy if changes else copy.decode(encoding))["model"] == MODEL


def test_compressed_files_stay_compressed():
    plain = lines(entry("a"), entry("b", GOOD))
    found, copy = fitted(gzip.compress(plain))
    assert (found.ok, len(found.changes)) == (True, 1)
    assert gzip.decompress(copy).split(b"\n")[1] == plain.split(b"\n")[1]


@pytest.mark.parametrize("data", [b"", b"oops", b"[]", b"5", b'{"a": 1}', b'{"log": {"entries": []}}', b"\x1f\x8boops"])
def test_what_is_not_a_request_is_a_finding_and_not_copied(data):
    found, copy = fitted(data)
    assert ([finding.rule for finding in found.findings.errors], copy) == (["request"], b"")
    assert (found.changes, found.output, found.bytes) == ((), None, 0)


@pytest.mark.parametrize(
    ("name", "data"), [("a.json", b'{"a": 1}'), ("b.json", b'{"a": "x}'), ("c.jsonl", b'{"a": 1}\n{"b": 2}')]
)
def test_no_copy_is_written_of_what_is_not_a_request(folder, name, data):
    (folder / name).write_bytes(data)
    (folder / "old.json").write_text("old", encoding="utf-8")
    out = printed("fit", name, "-o", "old.json", "--overwrite", code=1)
    assert f"{name} is not a request: nothing was written." in out
    assert "would still be rejected" not in out
    assert (folder / "old.json").read_text(encoding="utf-8") == "old"


def test_an_invalid_request_is_copied():
    found, copy = fitted(b'{"messages": 5}')
    assert ([finding.location for finding in found.findings.errors], copy) == (["stdin messages"], b'{"messages": 5}')


def test_broken_json_has_the_place_to_repair():
    found, _ = fitted(b'{"a": \n"x}')
    assert found.findings.errors[0].advice == "Repair the JSON at line 2, column 1."
    found, _ = fitted(lines(entry("a", GOOD)) + b'{"a": ?}\n')
    assert found.findings.errors[0].advice == "Repair the JSON at this line, column 7."
    found, _ = fitted(b"curl https://api.anthropic.com/v1/messages")
    assert found.findings.errors[0].advice == "Save the text after -d or --data as a JSON file."


def test_failures_have_reasons_and_locations():
    found, copy = fitted(lines(entry("a", EMPTY), entry("b", GOOD)))
    assert copy == lines(entry("a", EMPTY), entry("b", GOOD))
    [failure] = found.failures
    assert failure == ("stdin:1 params.messages.0.content.0", ("empty",), "the data is empty", 1)
    assert found.findings.errors[0].location == failure.location


def test_the_original_is_never_replaced(folder):
    path = folder / "request.json"
    before = path.read_bytes()
    (folder / "link.json").symlink_to(path)
    os.link(path, folder / "hard.json")
    for name in ("request.json", "link.json", "hard.json"):
        with pytest.raises(ArgumentError, match="a file other than the original"):
            fit_request_file(path, folder / name)
    assert path.read_bytes() == before


def test_a_copy_is_complete_or_untouched(folder, monkeypatch):
    target = folder / "fixed.json"
    target.write_text("old", encoding="utf-8")
    monkeypatch.setattr(request_files, "check_file", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        fit_request_file(folder / "request.json", target)
    assert target.read_text(encoding="utf-8") == "old"
    assert sorted(item.name for item in folder.iterdir()) == ["empty.json", "fixed.json", "good.json", "request.json"]


@pytest.mark.parametrize("value", [5, "a\0b", io.StringIO()])
def test_other_files_are_errors(value):
    for arguments in ((value,), (io.BytesIO(), value)):
        with pytest.raises(ArgumentError, match="expected a path, or a file opened in binary mode"):
            fit_request_file(*arguments)


def test_nothing_is_written_without_an_output(folder):
    found = fit_request_file(folder / "request.json", as_of=DAY)
    assert (found.ok, len(found.changes), len(list(folder.iterdir()))) == (True, 1, 3)


def test_changes_may_be_kept_on_disk(folder):
    (folder / "batch.jsonl").write_bytes(lines(*[entry(str(number)) for number in range(30)]))
    with FitSpools.open() as spools:
        settings = FitSettings(None, None, DAY, fit_options(), batch=False, remove_unfixable=None)
        found = fit_file(folder / "batch.jsonl", folder / "fixed.jsonl", "auto", settings, spools)
        assert (found.changes is spools.changes, len(list(found.changes)), len(found.findings.images)) == (True, 30, 30)
    plain = fit_request_file(folder / "batch.jsonl", as_of=DAY)
    assert plain.bytes == found.bytes


def test_rows_and_values():
    found, _ = fitted(lines(entry("a"), entry("b", EMPTY)))
    rows = [dict(zip(FIT_REQUESTS.columns, row, strict=True)) for row in found.rows()]
    assert [(row["status"], row["rules"], row["line"], row["width"]) for row in rows] == [
        ("changed", "image-edge", 1, 2576), ("failed", "empty", 2, None),
    ]  # fmt: skip
    values = json.loads(json.dumps(found.to_dict()))
    assert (values["schema"], values["changed"], values["ok"], values["errors"]) == (FIT_REQUESTS.id, True, False, 1)


# The command


def test_the_command_writes_a_copy_and_reports(folder):
    out = printed("fit", "request.json", "-o", "fixed.json", "--as-of", "2026-11-26")
    assert json.loads((folder / "fixed.json").read_text(encoding="utf-8")) == fit_request(WIDE, as_of=DAY).params
    assert "1 change in request.json" in out
    assert "messages.0.content.0" in out
    assert "Nothing in the copy would be rejected." in out
    assert re.search(
        r"\n1 image, [\d,]+ visual tokens, as before, because the API downscales to the same sizes\.", unwrapped(out)
    )
    assert "bytes before" in " ".join(out.split())


def test_a_copy_that_exists_is_kept(folder):
    (folder / "fixed.json").write_text("old", encoding="utf-8")
    assert "fixed.json exists: --overwrite replaces it." in refused("fit", "request.json", "-o", "fixed.json")
    assert (folder / "fixed.json").read_text(encoding="utf-8") == "old"
    printed("fit", "request.json", "-o", "fixed.json", "--overwrite")
    assert (folder / "fixed.json").read_text(encoding="utf-8") != "old"


def test_the_output_may_be_a_folder_or_stdout(folder):
    (folder / "out").mkdir()
    printed("fit", "request.json", "-o", "out")
    fixed = (folder / "out" / "request.json").read_text(encoding="utf-8")
    result = run("fit", "request.json", "-o", "-")
    assert (result.exit_code, result.stdout) == (0, fixed)
    assert "1 change in request.json" in result.stderr
    piped = run("fit", "-", "-o", "-", "-f", "json", stdin=json.dumps(WIDE))
    assert (piped.exit_code, piped.stdout, json.loads(piped.stderr)["file"]) == (0, fixed, "stdin")


def test_a_dry_run_writes_nothing(folder):
    out = printed("fit", "request.json", "--dry-run")
    assert "Dry run: nothing was written." in out
    assert len(list(folder.iterdir())) == 3


def test_errors_that_remain_are_listed_with_reasons_and_exit_code_1(folder):
    out = printed("fit", "empty.json", "-o", "fixed.json", code=1)
    assert "1 error was not fixed in empty.json" in out
    assert "the data is empty" in out
    assert "The copy would still be rejected: 1 error." in out
    note = "--remove-unfixable replaces images and documents that cannot be fixed by a text."
    assert note in out
    assert note not in printed("fit", "good.json", "-o", "same.json")
    (folder / "old.json").write_text(json.dumps({**GOOD, "model": "claude-3-opus-20240229"}), encoding="utf-8")
    assert note not in printed("fit", "old.json", "-o", "newer.json", code=1)
    assert (folder / "fixed.json").read_bytes() == (folder / "empty.json").read_bytes()
    out = printed("fit", "empty.json", "-o", "fixed.json", "--overwrite", "--remove-unfixable")
    assert "replaced by text" in out
    assert "[image removed: the image is empty]" in (folder / "fixed.json").read_text(encoding="utf-8")


def test_nothing_to_fix(folder):
    out = printed("fit", "good.json", "-o", "fixed.json")
    assert out.startswith("Nothing to fix: nothing would be rejected. The copy is the same, byte for byte.")
    assert (folder / "fixed.json").read_bytes() == (folder / "good.json").read_bytes()


def test_everything_is_in_the_json_and_the_report(folder):
    (folder / "batch.jsonl").write_bytes(lines(*[entry(str(number)) for number in range(50)], entry("x", EMPTY)))
    out = printed("fit", "batch.jsonl", "--dry-run", "-f", "json", "--report", "report.csv", code=1)
    values = json.loads(out)
    assert [len(values[key]) for key in ("changes", "failures")] == [50, 1]
    assert {finding["rule"] for finding in values["findings"] if finding["severity"] == "error"} == {"empty"}
    assert len((folder / "report.csv").read_text(encoding="utf-8").splitlines()) == 52
    assert "Not everything is listed" in printed("fit", "batch.jsonl", "--dry-run", code=1)


def test_documents_and_tokens_in_the_report(folder):
    params = request(image_block(pdf()), {"type": "text", "text": "x"})
    (folder / "pdf.json").write_text(json.dumps(params), encoding="utf-8")
    out = printed("fit", "pdf.json", "--dry-run")
    assert "sent as a document" in out
    assert "0 images, 0 visual tokens, as before." in out
    assert "bytes" not in out.partition("\n\n")[0]  # they are the same
    many = request(*[image_block(png(2576, 1449))] * 21)
    (folder / "many.json").write_text(json.dumps(many), encoding="utf-8")
    assert re.search(
        r"\n21 images, [\d,]+ visual tokens, [\d,]+ fewer than before\.", printed("fit", "many.json", "--dry-run")
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["request.json"], "Missing option '-o' / '--output': the file for the copy, or - for stdout."),
        (["request.json", "good.json", "-o", "x"], "fit one such file at a time"),
        (["request.json", ".", "-o", "x"], "fit one such file at a time"),
        (["request.json", "-o", "x", "--max-side", "5"], "--max-side applies to images"),
        (["request.json", "-o", "request.json", "--overwrite"], "--output request.json would overwrite request.json"),
        (["request.json", "-o", "x", "--report", "request.json"], "--report request.json would overwrite request.json"),
        (["request.json", "-o", "x", "--min-quality", "0"], "min-quality"),
        (["request.json", "-o", "x", "--background", "plaid"], "Invalid value for '--background': 'plaid'"),
        (["request.json", "-o", "no/such/x"], "no/such/x"),
    ],
)
def test_invalid_usage(folder, arguments, message):
    before = sorted(item.name for item in folder.iterdir())
    assert message in " ".join(refused("fit", *arguments).split())
    assert sorted(item.name for item in folder.iterdir()) == before


@pytest.mark.usefixtures("folder")
def test_the_model_the_platform_and_the_shape_are_options():
    out = printed("fit", "good.json", "--dry-run", "-m", "haiku", "--platform", "bedrock", "--shape", "messages")
    assert "Limits of bedrock" in out
    lists = json.dumps([{"role": "user", "content": [image_block(png(9000, 10))]}])
    result = run("fit", "-", "-o", "-", "--shape", "message-list", stdin=lists)
    assert (result.exit_code, len(json.loads(result.stdout))) == (0, 1)


def test_a_list_of_paths_on_stdin_is_still_a_list(folder):
    (folder / "a.png").write_bytes(png(100, 100))
    printed("fit", "-", "-o", "out", stdin="a.png\n")
    assert (folder / "out" / "a.png").exists()


@pytest.mark.usefixtures("folder")
def test_data_of_images_is_not_printed():
    result = run("fit", "request.json", "-o", "fixed.json", "-f", "json")
    assert text(png(9000, 10))[:60] not in result.stdout
