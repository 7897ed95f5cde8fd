"""Claude Code transcripts: what blocks the session is fixed or replaced, wherever the file repeats it."""

from __future__ import annotations

import base64
import io
import json
import sys
from datetime import date
from pathlib import Path

import pytest
from pictures import document_block, encoded, image_block, pdf, png, text
from PIL import Image

from imgcost import check_request, fit_request, fit_request_file

sys.path.append(str(Path(__file__).parent / "shapes"))
from builders import entry, json_lines, result, use, words

DAY = date(2026, 11, 26)
LONG = png(900, 9000)
BROKEN = b"<!DOCTYPE html><html>404</html>"
NOTE = "[image removed: cannot read image: HTML page, not an image]"


def file_of(data, media_type="image/png", **more):
    return {"base64": text(data), "type": media_type, "originalSize": len(data), **more}


def read_result(data, **more):
    """Build what Claude Code keeps of a file that was read."""
    return {"type": "image", "file": file_of(data, **more)}


def session(data, *more):
    """Build a session in which an image was read, and that goes on."""
    return [
        {"type": "summary", "summary": "s", "leafUuid": "u"},
        entry("user", "1", None, words(), sessionId="s"),
        entry("assistant", "2", "1", use("a")),
        entry("user", "3", "2", result("a", image_block(data)), toolUseResult=read_result(data)),
        entry("assistant", "4", "3", words("API Error: 400"), isApiErrorMessage=True),
        *more,
    ]


def fitted(entries, **options):
    found = fit_request(entries, as_of=DAY, **options)
    assert len(found.params) == len(entries)
    return found


def size_of(value):
    return Image.open(io.BytesIO(base64.b64decode(value))).size


def test_a_large_image_is_shrunk_in_the_message_and_in_what_claude_code_keeps():
    dimensions = {"originalWidth": 900, "originalHeight": 9000, "displayWidth": 900, "displayHeight": 9000}
    entries = session(LONG)
    entries[3]["toolUseResult"] = read_result(LONG, dimensions=dimensions)
    found = fitted(entries)
    assert (found.ok, check_request(found.params, as_of=DAY).ok) == (True, True)
    new = found.params[3]
    block, file = new["message"]["content"][0]["content"][0], new["toolUseResult"]["file"]
    assert block["source"]["data"] == file["base64"]
    assert block["source"]["media_type"] == file["type"]
    assert size_of(file["base64"]) == (258, 2576)
    assert file["dimensions"] == dimensions | {"displayWidth": 258, "displayHeight": 2576}
    assert file["originalSize"] == len(LONG)
    assert [new is old for new, old in zip(found.params, entries, strict=True)] == [True, True, True, False, True]
    [change] = found.changes
    assert change.location == "3.message.content.0.content.0 (turn 1)"
    assert change.action.endswith("(in 2 places)")


def test_an_image_that_cannot_be_fixed_is_replaced_by_a_note():
    found = fitted(session(BROKEN))
    assert found.ok
    assert found.params[3]["message"]["content"][0]["content"] == [words(NOTE)]
    assert found.params[3]["toolUseResult"] == NOTE
    assert found.changes[0].action == f"replaced by text: {NOTE[16:-1]} (in 2 places)"
    kept = fitted(session(BROKEN), remove_unfixable=False)
    assert (kept.ok, kept.changes, kept.failures[0].reason) == (False, (), "HTML page, not an image")


def test_an_accepted_session_is_returned_unchanged():
    entries = session(png(100, 100))
    assert fitted(entries).params is entries


def test_a_repaired_session_is_not_changed_again():
    found = fitted(session(LONG))
    assert fitted(found.params).params is found.params


def test_copies_in_attachments_sidechains_and_rewound_messages_are_replaced_too():
    attachment = {"type": "file", "filename": "a.png", "content": {"type": "image", "file": file_of(LONG)}}
    pasted = entry("user", "7", "1", image_block(LONG), words())
    sidechain = entry("user", "8", None, image_block(LONG), isSidechain=True)
    progress = {"type": "progress", "data": {"message": {"message": {"content": [image_block(LONG)]}}}}
    listed = entry("user", "9", "3", words("go on"), toolUseResult=[image_block(LONG), words()])
    attached = {"type": "attachment", "uuid": "6", "parentUuid": "3", "attachment": attachment}
    entries = session(LONG, attached, pasted, sidechain, progress, listed)
    found = fitted(entries)
    assert found.ok
    assert text(LONG) not in json.dumps(found.params)
    new = found.params
    assert size_of(new[5]["attachment"]["content"]["file"]["base64"]) == (258, 2576)
    for block in (new[6]["message"]["content"][0], new[8]["data"]["message"]["message"]["content"][0],
                  new[9]["toolUseResult"][0]):  # fmt: skip
        assert block["source"]["media_type"] in {"image/png", "image/webp"}
        assert size_of(block["source"]["data"]) == (258, 2576)


def test_a_broken_attachment_becomes_a_message():
    attachment = {"type": "file", "filename": "a.png", "content": {"type": "image", "file": file_of(BROKEN)}}
    attached = {"type": "attachment", "uuid": "6", "parentUuid": "1", "attachment": attachment}
    entries = [entry("user", "1", None, words(), sessionId="s"), attached, entry("user", "7", "6", words("and?"))]
    found = fitted(entries)
    assert (found.ok, found.params[1]["attachment"]) == (True, {"type": "queued_command", "prompt": NOTE})


def test_a_block_in_a_list_becomes_a_note():
    entries = session(BROKEN)
    entries[3]["toolUseResult"] = [image_block(BROKEN), words(), {"file": file_of(BROKEN)}]
    found = fitted(entries)
    assert found.params[3]["toolUseResult"] == [words(NOTE), words(), words(NOTE)]


def test_a_pdf_with_a_password_is_replaced_by_a_note():
    locked = document_block(pdf(password="x"))
    entries = [
        entry("user", "1", None, words(), sessionId="s"),
        entry("assistant", "2", "1", use("a")),
        entry("user", "3", "2", result("a", words()),
              toolUseResult={"type": "pdf", "file": {"filePath": "/a", "base64": locked["source"]["data"]}}),
        entry("user", "4", "3", locked, isMeta=True),
    ]  # fmt: skip
    found = fitted(entries)
    note = "[document removed: the PDF is protected by a password]"
    assert found.params[3]["message"]["content"] == [words(note)]
    assert found.params[2]["toolUseResult"] == note


def test_a_pdf_with_a_wrong_type_keeps_its_data():
    block = document_block(pdf())
    block["source"]["media_type"] = "application/octet-stream"
    kept = {"type": "pdf", "file": {"filePath": "/a", "base64": block["source"]["data"]}}
    entries = [entry("user", "1", None, block, words(), sessionId="s", toolUseResult=kept)]
    found = fitted(entries)
    assert found.ok
    assert found.params[0]["message"]["content"][0] == document_block(pdf())
    assert found.params[0]["toolUseResult"] == kept


def test_an_image_next_to_an_empty_text():
    entries = session(png(100, 100), entry("user", "5", "3", image_block(png(50, 50)), words("")))
    found = fitted(entries)
    assert (found.ok, found.params[5]["message"]["content"]) == (True, [image_block(png(50, 50))])
    assert found.changes[0].rules == ("empty-text",)


@pytest.mark.parametrize("content", ["", [{"type": "text", "text": ""}], [5]])
def test_other_empty_messages_are_left(content):
    last = entry("user", "5", "3") | {"message": {"role": "user", "content": content}}
    try:
        found = fit_request(session(png(100, 100), last), as_of=DAY)
    except ValueError:
        assert content == [5]
    else:
        assert not found.changes


def test_a_single_entry_is_a_session():
    alone = entry("user", "1", None, image_block(encoded("BMP")), words(), sessionId="s")
    found = fit_request(alone, as_of=DAY)
    assert found.ok
    assert found.params["message"]["content"][0]["source"]["media_type"] == "image/png"


def test_images_of_a_url_and_requests_that_are_too_large():
    url = {"type": "image", "source": {"type": "url", "url": "ftp://example.com/a.png"}}
    found = fitted([entry("user", "1", None, url, words(), sessionId="s")])
    assert (found.ok, found.changes) == (False, ())
    long = "x" * 35_000_000
    used = entry("assistant", "2", "1", use("a") | {"input": {"x": long}})
    entries = [entry("user", "1", None, image_block(png()), words(), sessionId="s"), used, *session(LONG)[3:]]
    found = fitted(entries)
    assert [failure.rules for failure in found.failures] == [("request-bytes",)]


def test_deep_and_cyclic_values_are_left():
    entries = session(LONG)
    cycle = {"again": []}
    cycle["again"] += [cycle, cycle, image_block(LONG)]
    deep = image_block(LONG)
    for _ in range(150):
        deep = [deep]
    entries[4] |= {"cycle": cycle, "deep": deep}
    found = fitted(entries)
    assert found.ok
    assert found.params[4]["deep"] is deep
    assert found.params[4]["cycle"]["again"][2]["source"]["data"] != text(LONG)


# Files


def test_lines_without_changes_are_the_same_byte_for_byte(tmp_path):
    lines = [json.dumps(value) for value in session(LONG)]
    lines[1] = lines[1].replace('"type"', '"type" ').replace("What", "\\u0057hat") + "  \r"
    lines[2:2] = ["", "not JSON", '{"type": "file-history-snapshot",   "n": 1.0}']
    raw = ("\n".join(lines) + "\n").encode()
    path, copy = tmp_path / "s.jsonl", tmp_path / "fixed.jsonl"
    path.write_bytes(raw)
    found = fit_request_file(path, copy, as_of=DAY)
    assert found.ok
    assert path.read_bytes() == raw
    before, after = raw.split(b"\n"), copy.read_bytes().split(b"\n")
    assert [new == old for new, old in zip(after, before, strict=True)] == [number != 6 for number in range(9)]
    [change] = found.changes
    assert (change.line, change.location) == (7, f"{path}:7 message.content.0.content.0 (turn 1)")
    assert json.loads(after[6])["toolUseResult"]["file"]["type"].startswith("image/")
    assert (found.original_bytes, found.bytes) == (len(raw), copy.stat().st_size)


def test_a_changed_line_is_written_like_claude_code_writes_it(tmp_path):
    entries = session(BROKEN)
    entries[3]["cwd"] = "/tmp/\u00e9\u2028"
    line = json.dumps(entries[3], ensure_ascii=False, separators=(",", ":"))
    path, copy = tmp_path / "s.jsonl", tmp_path / "fixed.jsonl"
    path.write_bytes(json_lines(*entries[:3]) + b"\n" + line.encode() + b"\n")
    fit_request_file(path, copy, as_of=DAY)
    new = copy.read_text(encoding="utf-8").split("\n")[3]
    fixed = {**entries[3], "toolUseResult": NOTE}
    fixed["message"] = {**entries[3]["message"], "content": [{**result("a", words(NOTE))}]}
    assert new == json.dumps(fixed, ensure_ascii=False, separators=(",", ":"))
