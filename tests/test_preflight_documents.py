"""Requests in files and in memory, in every shape, with the locations of the original document."""

from __future__ import annotations

import gzip
import io
import json
from datetime import date
from decimal import Decimal

import pytest
from pictures import document_block, image_block, pdf, png, request, text
from shapes.builders import CASES, entry, image, json_lines, message, result, use, words

import imgcost
from imgcost.errors import ArgumentError, RequestError
from imgcost.preflight import check_paths

DAY = date(2026, 11, 22)
TOO_LONG = text(png(9000, 90))
"""An image that every platform rejects, so that its finding shows the location."""


def too_long(document):
    """Return a document of the tests of shapes, with its image replaced by one that is rejected."""
    return json.loads(
        json.dumps(document).replace(
            CASES["messages"].document["messages"][0]["content"][0]["source"]["data"], TOO_LONG
        )
    )


def checked(tmp_path, content, name="request.json", **options):
    file = tmp_path / name
    file.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
    return check_paths([str(file)], as_of=DAY, **options)


def located(findings, file):
    return [(finding.rule, finding.location.replace(str(file), "FILE"), finding.line) for finding in findings.errors]


def edge_locations(findings):
    return [finding.location for finding in findings.errors if finding.rule == "image-edge"]


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if not isinstance(case.document, bytes)])
def test_an_image_is_located_in_the_original_shape(name):
    case = CASES[name]
    try:
        document = too_long(case.document)
    except TypeError:
        pytest.skip("the document has objects or bytes, which JSON does not have")
    findings = imgcost.check_request(document, as_of=DAY)
    [location] = edge_locations(findings)
    if name == "batch-list":
        location = location.removeprefix("requests.")  # as in the API
    path, _, _ = location.partition(" (turn")
    assert path == "request" or case.data.startswith(f"{path}.")


def test_a_shape_can_be_forced():
    document = {"messages": [message({"type": "image_url", "image_url": {"url": "https://example.com/a.png"}})]}
    assert imgcost.check_request(document, shape="openai-chat", as_of=DAY).ok
    assert [
        finding.rule for finding in imgcost.check_request(document, shape="messages", model="opus", as_of=DAY).errors
    ] == ["request"]
    with pytest.raises(ArgumentError, match="shape"):
        imgcost.check_request(document, shape="pickle")


def test_an_object_that_is_not_a_request_raises_an_error_with_the_original_location():
    with pytest.raises(RequestError, match="messages: is missing"):
        imgcost.check_request({"system": "Hi"})
    with pytest.raises(RequestError) as error:
        imgcost.check_request({"modelId": "anthropic.claude-opus-5", "messages": [{"role": "user", "content": 7}]})
    assert error.value.location == "messages.0.content"
    with pytest.raises(RequestError, match="a HAR file"):
        imgcost.check_request({"log": {"entries": []}})
    with pytest.raises(RequestError, match="at least one request"):
        imgcost.check_request([])


def test_the_shape_and_assumptions_are_noted(tmp_path):
    findings = checked(tmp_path, [message(image(), words())], "messages.json")
    assert findings.ok
    file = tmp_path / "messages.json"
    assert findings.notes == (
        "requests that do not name a model are checked for sonnet",
        f"{file} was read as a list of messages",
    )
    own = checked(tmp_path, request(image_block(png())))
    assert own.notes == ()


def test_a_shape_can_imply_the_platform(tmp_path):
    findings = checked(tmp_path, CASES["converse"].document)
    assert findings.platform == "bedrock"
    assert checked(tmp_path, CASES["converse"].document, platform="claude-api").platform == "claude-api"


@pytest.mark.parametrize(
    ("name", "encode"),
    [
        ("a.json", lambda text: b"\n \n" + text.encode()),
        ("a.json", lambda text: text.encode("utf-16")),
        ("a.json", lambda text: b"\xef\xbb\xbf" + text.encode()),
        ("a.json.gz", lambda text: gzip.compress(text.encode())),
    ],
    ids=["empty-lines", "utf-16", "byte-order-mark", "gzip"],
)
def test_a_file_is_read_in_any_encoding(tmp_path, name, encode):
    content = encode(json.dumps(request({"type": "image", "source": image(TOO_LONG)["source"]})))
    findings = checked(tmp_path, content, name)
    assert located(findings, tmp_path / name) == [("image-edge", "FILE messages.0.content.0", None)]


def test_a_file_with_only_the_signature_of_gzip_is_an_image(tmp_path):
    assert [finding.rule for finding in checked(tmp_path, b"\x1f\x8bxxxx", "a.png").errors] == ["unreadable"]


def batch_line(custom_id, *blocks):
    return {"custom_id": custom_id, "params": request(*blocks)}


def test_an_invalid_line_does_not_hide_other_lines(tmp_path):
    good = json.dumps(batch_line("a", image(TOO_LONG))).encode()
    lines = b"\n".join([good, b"", b"oops", b'{"custom_id": "b"}', b"7"])
    file = tmp_path / "batch.jsonl"
    findings = checked(tmp_path, lines, file.name)
    assert located(findings, file) == [
        ("image-edge", "FILE:1 params.messages.0.content.0", 1),
        ("request", "FILE:3", 3),
        ("request", "FILE:4 params", 4),
        ("request", "FILE:5", 5),
    ]


def test_the_suffix_jsonl_means_lines_even_if_the_first_is_invalid(tmp_path):
    lines = b"oops\n" + json.dumps(batch_line("a", image(TOO_LONG))).encode()
    file = tmp_path / "batch.jsonl"
    assert [line for _, _, line in located(checked(tmp_path, lines, file.name), file)] == [1, 2]
    assert [line for _, _, line in located(checked(tmp_path, lines, "batch.txt"), file)] == [None]


def test_a_first_line_without_parameters_is_an_error_of_that_line(tmp_path):
    file = tmp_path / "batch.jsonl"
    lines = json_lines({"custom_id": "a"}, batch_line("b", image(TOO_LONG)))
    assert located(checked(tmp_path, lines, file.name), file) == [
        ("request", "FILE:1 params", 1),
        ("image-edge", "FILE:2 params.messages.0.content.0", 2),
    ]
    [error] = checked(tmp_path, {"custom_id": "a"}).errors
    assert "is missing" in error.message


def test_a_single_line_has_a_line_number_if_the_suffix_is_jsonl(tmp_path):
    line = json.dumps(batch_line("a", image(TOO_LONG))).encode()
    assert edge_locations(checked(tmp_path, line, "a.jsonl"))[0].endswith("a.jsonl:1 params.messages.0.content.0")
    assert edge_locations(checked(tmp_path, line, "a.json"))[0].endswith("a.json params.messages.0.content.0")


def test_lines_can_have_different_shapes_unless_one_is_forced(tmp_path):
    lines = json_lines(CASES["openai-chat"].document, request(image(TOO_LONG)))
    findings = checked(tmp_path, lines, "mixed.jsonl")
    assert edge_locations(findings)[0].endswith("mixed.jsonl:2 messages.0.content.0")
    assert len(findings.images) == 2
    forced = checked(tmp_path, lines, "mixed.jsonl", shape="messages")
    assert ("request", 1) in [(finding.rule, finding.line) for finding in forced.errors]


def test_missing_repeated_and_invalid_custom_ids_are_errors(tmp_path):
    lines = [
        batch_line("a", image()),
        batch_line("a", image()),
        batch_line("", image()),
        batch_line("no spaces", image()),
        {"custom_id": "s", "params": {**request(image()), "stream": True}},
    ]
    file = tmp_path / "b.jsonl"
    findings = checked(tmp_path, json_lines(*lines), file.name)
    assert sorted(located(findings, file)) == [
        ("batch-stream", "FILE:5 params.stream", None),
        ("custom-id", "FILE:2", None),
        ("custom-id", "FILE:3", None),
        ("custom-id", "FILE:4 custom_id", None),
    ]
    findings = imgcost.check_batch(lines, as_of=DAY)
    assert sorted(finding.location for finding in findings.errors) == [
        "requests.1",
        "requests.2",
        "requests.3.custom_id",
        "requests.4.params.stream",
    ]


def test_a_batch_of_openai_requests_is_read():
    chats = [{"custom_id": "a", "url": "/v1/chat/completions", "body": CASES["openai-chat"].document}]
    findings = imgcost.check_batch(chats, as_of=DAY)
    assert findings.ok
    assert len(findings.images) == 1
    data = json_lines(*chats, *chats)
    assert (
        len(imgcost.check_batch(data, as_of=DAY).images)
        == len(imgcost.check_batch(io.BytesIO(data), as_of=DAY).images)
        == 2
    )


def test_a_list_of_requests_is_a_batch_without_ids():
    findings = imgcost.check_batch([request(image()), request(image())], as_of=DAY)
    assert findings.ok
    assert findings.input_usd == 2 * imgcost.check_batch([request(image())], as_of=DAY).input_usd


def test_an_empty_batch_is_an_error(tmp_path):
    assert located(checked(tmp_path, {"requests": []}), tmp_path / "request.json") == [("request", "FILE", None)]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"openapi: 3.0\ninteractions:\n- request:\n    body: x\n", "a VCR cassette"),
        (b"curl https://api.anthropic.com/v1/messages -d '{}'", "a curl command"),
        (b'{"log": {"entries": []}}', "a HAR file"),
        (b'{"name": "package"}', "not in a known shape"),
        (b'{"requests": 7}', "must be"),
        (b'{"max_tokens": 7}', "is missing: a request has a list of messages"),
    ],
)
def test_a_file_that_is_not_a_request_is_an_error_that_names_its_kind(tmp_path, content, message):
    [error] = checked(tmp_path, content, "what.txt").errors
    assert (error.rule, message in error.message) == ("request", True)


def test_an_empty_file_is_an_image_and_stdin_may_be_empty(tmp_path):
    assert [finding.rule for finding in checked(tmp_path, b"", "empty.txt").errors] == ["empty"]
    [error] = check_paths(["-"], stdin=io.BytesIO(b""), as_of=DAY).errors
    assert (error.rule, error.location) == ("request", "stdin")


def test_requests_in_a_folder_are_checked(tmp_path):
    (tmp_path / "deep").mkdir()
    files = {
        "image.png": png(),
        "package.json": b'{"name": "x"}',
        "broken.json": b'{"messages": [',
        "words.json": b"not json",
        "deep/request.json": json.dumps(request(image(TOO_LONG))).encode(),
        "deep/batch.jsonl": json_lines(batch_line("a", image(TOO_LONG)), batch_line("b", image(TOO_LONG))),
        "deep/request.txt": json.dumps(request(image(TOO_LONG))).encode(),
    }
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    findings = check_paths([str(tmp_path)], as_of=DAY)
    assert [finding.location.removeprefix(f"{tmp_path}/deep/") for finding in findings.errors] == [
        "batch.jsonl:1 params.messages.0.content.0",
        "batch.jsonl:2 params.messages.0.content.0",
        "request.json messages.0.content.0",
    ]
    assert len(findings.images) == 4


def session(*entries):
    return json_lines({"type": "summary", "summary": "s", "leafUuid": "u"}, *entries)


def usage(**tokens):
    return {"usage": {"input_tokens": 1, "output_tokens": 1, **tokens}}


def test_the_images_of_a_session_have_a_cost_by_turn(tmp_path):
    entries = [
        entry("user", "u0", None, words(), document_block(pdf()), sessionId="s"),
        entry("user", "u1", "u0", words(), image(text(png(560, 560))), sessionId="s"),
        entry("assistant", "u2", "u1", use("t1"), message=usage(cache_creation_input_tokens=5000)),
        entry("user", "u3", "u2", result("t1", image(text(png(280, 280))))),
        entry("assistant", "u4", "u3", words("Hm"), message=usage(cache_read_input_tokens=5000)),
        entry("user", "u5", "u4", words()),
        entry(
            "assistant",
            "u6",
            "u5",
            words("Yes"),
            message=usage(cache_creation_input_tokens=5000, cache_creation={"ephemeral_1h_input_tokens": 5000}),
        ),
        entry("user", "u7", "u6", words(), image(TOO_LONG)),
    ]
    findings = checked(tmp_path, session(*entries), "session.jsonl")
    file = str(tmp_path / "session.jsonl")
    assert [(finding.rule, finding.location, finding.line) for finding in findings.errors] == [
        ("image-edge", f"{file}:9 message.content.1 (turn 4)", 9)
    ]
    first, third = findings.turns
    # At $5 per MTok: 400 tokens as 5m write, read and 1h write; 100 tokens as plain input and 1h write.
    expected = 400 * (Decimal("6.25") + Decimal("0.50") + 10) + 100 * (Decimal(5) + 10)
    assert first == (f"{file}:3", 2, 2, 2, 5, 400 * 3 + 100 * 2, expected / 1_000_000)
    assert third == (f"{file}:9", 4, 1, 1, 0, 0, Decimal(0))
    data = findings.to_dict()["turns"][0]
    assert (data["turn"], data["usd"], data["images"]) == (2, f"{first.usd:f}", 2)


@pytest.mark.parametrize(
    "block",
    [
        image("!"),
        {"type": "image", "source": {"type": "url", "url": "https://x.example"}},
    ],
)
def test_an_unmeasured_image_of_a_session_has_an_unknown_cost(tmp_path, block):
    entries = [
        entry("user", "u1", None, words(), block, sessionId="s"),
        entry("assistant", "u2", "u1", words("Hm")),
        entry("user", "u3", "u2", words()),
    ]
    [turn] = checked(tmp_path, session(*entries), "session.jsonl").turns
    assert (turn.images, turn.sent, turn.usd) == (1, 1, None)
    assert turn.to_dict()["usd"] is None


def test_an_invalid_image_before_a_compaction_is_not_an_error(tmp_path):
    entries = [
        entry("user", "u1", None, words(), {"type": "image", "source": 7}, sessionId="s"),
        entry("assistant", "u2", "u1", words("Hm")),
        {"type": "system", "subtype": "compact_boundary", "uuid": "b", "parentUuid": None, "logicalParentUuid": "u2"},
        entry("user", "u3", "b", words("Summary"), isCompactSummary=True),
    ]
    findings = checked(tmp_path, session(*entries), "session.jsonl")
    assert findings.ok
    [turn] = findings.turns
    assert (turn.images, turn.kept, turn.sent, turn.usd) == (1, 0, 1, None)


@pytest.mark.parametrize("model", [None, "no-such-model"])
def test_a_session_with_an_unknown_model_has_an_unknown_cost(tmp_path, model):
    entries = [
        entry("user", "u1", None, words(), image(), sessionId="s"),
        entry(
            "assistant", "u2", "u1", words("Hm"), message={"model": model, "usage": {"cache_read_input_tokens": "7"}}
        ),
        entry("user", "u3", "u2", words()),
    ]
    [turn] = checked(tmp_path, session(*entries), "session.jsonl", model="opus").turns
    assert turn.usd is None


def test_locations_in_a_session_of_one_document_have_no_lines(tmp_path):
    entries = [
        entry("user", "u1", None, words(), image(), sessionId="s"),
        entry("assistant", "u2", "u1", words("Hm")),
    ]
    [turn] = checked(tmp_path, entries, "session.json").turns
    assert turn.location == f"{tmp_path / 'session.json'} 0.message.content.1"


def test_a_forced_transcript_is_not_read_line_by_line(tmp_path):
    lines = json_lines(entry("user", "u1", None, image(), sessionId="s"), entry("assistant", "u2", "u1", words("Hm")))
    assert len(checked(tmp_path, lines, "x.jsonl", shape="claude-code").turns) == 1
