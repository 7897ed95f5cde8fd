"""Files: encodings, lines, and the names of formats that are not requests."""

from __future__ import annotations

import codecs
import gzip
import json

import pytest
from builders import CALL, CASES, json_lines

from imgcost.errors import RequestError
from imgcost.shapes import Document, detect, read_document, to_requests
from imgcost.shapes.foreign import name_of_text

TEXT = json.dumps({"messages": "é😀"}, ensure_ascii=False)
VALUE = {"messages": "é😀"}


@pytest.mark.parametrize(
    "data",
    [
        TEXT.encode(),
        TEXT.encode("utf-8-sig"),
        TEXT.encode("utf-16"),
        TEXT.encode("utf-16-le"),
        TEXT.encode("utf-16-be"),
        codecs.BOM_UTF16_BE + TEXT.encode("utf-16-be"),
        TEXT.encode("utf-32"),
        codecs.BOM_UTF32_BE + TEXT.encode("utf-32-be"),
        gzip.compress(TEXT.encode(), mtime=0),
        gzip.compress(TEXT.encode("utf-16"), mtime=0),
        gzip.compress(TEXT[:5].encode(), mtime=0) + gzip.compress(TEXT[5:].encode(), mtime=0),
        b" \r\n" + TEXT.encode(),
    ],
)
def test_a_document_is_read_in_any_encoding(data):
    assert read_document(data) == Document(VALUE)


def test_an_invalid_line_keeps_its_number_and_does_not_hide_others():
    value, lines = read_document(b'\n{"a": 1}\r\n\n{"b": \n' + b"[" * 100_000 + b'\n[2]\n"text"\n')
    assert lines == (2, 4, 5, 6, 7)
    assert (value[0], value[3], value[4]) == ({"a": 1}, [2], "text")
    assert str(value[1]).startswith("the request: is not JSON: ")
    assert str(value[2]) == "the request: is nested too deeply to be read"


def test_an_invalid_line_of_a_batch_is_an_error_of_that_line():
    good = json_lines(CASES["batch-entry"].document)
    document, lines = read_document(good + b"\n{\n" + good)
    first, second, third = to_requests(document, lines=lines)
    assert (first.error, third.error, third.line()) == (None, None, 3)
    assert (str(second.error)[:26], second.line()) == ("the request: is not JSON: ", 2)


def test_an_invalid_line_of_a_transcript_is_left_out():
    document, lines = read_document(json_lines(*CASES["claude-code"].document) + b"\n{\n")
    [request] = to_requests(document, lines=lines)
    assert request.line(CASES["claude-code"].location) == 4


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"", "the request: is not JSON"),
        (b"{", "the request: is not JSON"),
        (b"just words", "the request: is not JSON"),
        (b"\xff\xff\xff{", "the request: is not JSON"),
        (b"1\n2\n", "the request: is not JSON"),
        (b"[" * 100_000, "the request: is nested too deeply to be read"),
        (b"[1" + b"1" * 10_000 + b"]", "the request: is not JSON"),
        (codecs.BOM_UTF16_LE + b"{", "the request: is not UTF-16"),
        (gzip.compress(TEXT.encode(), mtime=0)[:-12], "the request: is a gzip file that ends too early"),
        (b"\x1f\x8bxxxx", "the request: is a damaged gzip file"),
    ],
)
def test_invalid_json_is_an_error(data, problem):
    with pytest.raises(RequestError, match=f"^{problem}"):
        read_document(data)


def test_the_size_of_a_decompressed_document_is_limited():
    data = b'"' + b"a" * 98 + b'"'
    for given in (data, gzip.compress(data, mtime=0)):
        assert read_document(given, max_bytes=100).value == "a" * 98
        with pytest.raises(RequestError, match="is larger than 99 bytes"):
            read_document(given, max_bytes=99)
    with pytest.raises(RequestError, match="is larger than 5 bytes"):
        read_document(gzip.compress(b"[1,2,", mtime=0) + gzip.compress(b"3]", mtime=0), max_bytes=5)


ADVICE = {
    "a curl command": "save the text after -d or --data as a JSON file",
    "a VCR cassette in YAML": "extract the bodies of the requests as JSON files",
    "Python source": "save the arguments of messages.create as a JSON file, for example with json.dump",
    "a Python literal": "save it as JSON, for example with json.dump",
    "JavaScript source": "save the request as a JSON file, for example with JSON.stringify",
    "an HTTP request": "save its body as a JSON file",
    "HTML or XML": "save the request as a JSON file",
    "Markdown": "save the request in it as a JSON file",
    "YAML": "convert it to JSON",
}


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("curl https://api.anthropic.com/v1/messages -d '{}'", "a curl command"),
        ("$ curl x", "a curl command"),
        ("interactions:\n- request:\n    body: '{}'\nversion: 1\n", "a VCR cassette in YAML"),
        ("version: 1\ninteractions:\n- request:\n", "a VCR cassette in YAML"),
        ("client.messages.create(model='claude-opus-5', messages=[])\n", "Python source"),
        ("# x\nfrom anthropic import Anthropic\n", "Python source"),
        ("import anthropic", "Python source"),
        ("{'model': 'claude-opus-5', 'stream': True}", "a Python literal"),
        ("[{'role': 'user'}]", "a Python literal"),
        ("import Anthropic from '@anthropic-ai/sdk';\n", "JavaScript source"),
        ("await client.messages.create({\n  model: 'claude-opus-5',\n", "JavaScript source"),
        ("const client = 5", "JavaScript source"),
        ("def main():\n  pass", "Python source"),
        ("POST /v1/messages HTTP/1.1\r\n", "an HTTP request"),
        (" <html>", "HTML or XML"),
        ("# Title\n\n```python\nimport anthropic\n```\n", "Markdown"),
        ("# a comment\n---\nmodel: claude-opus-5\n", "YAML"),
    ],
)
def test_the_language_of_other_text_is_named(text, title):
    assert name_of_text(text) == (title, ADVICE[title])
    with pytest.raises(RequestError) as caught:
        read_document(text.encode())
    assert str(caught.value) == f"the request: this is {title}, not a request as JSON: {ADVICE[title]}"


def test_unknown_text_has_no_name():
    assert name_of_text("just words") is None


JQ = "extract the bodies, for example with jq -r"
MESSAGES = {
    "har": f"a HAR file, which cannot be checked: "
    f"{JQ} '.log.entries[].request.postData.text // empty' FILE > requests.jsonl",
    "vcr-cassette": f"a VCR cassette, which cannot be checked: "
    f"{JQ} '.interactions[].request.body' FILE > requests.jsonl",
    "claude-ai-export": "a claude.ai export, which cannot be checked: "
    "it contains the names of the images, not the images; check the image files instead",
    "response": "a Messages API response, which cannot be checked: check the request that it answers",
    "notebook": "a Jupyter notebook, which cannot be checked: "
    "save the request that it sends as a JSON file, for example with json.dump",
    "postman": "a Postman collection, which cannot be checked: save the body of the request as a JSON file",
    "gemini": "a Gemini request, which cannot be checked: convert it to a Messages request",
}


@pytest.mark.parametrize(
    ("document", "name"),
    [
        ({"log": {"version": "1.2", "entries": []}}, "har"),
        ({"version": 1, "interactions": []}, "vcr-cassette"),
        ([{"uuid": "1", "chat_messages": []}], "claude-ai-export"),
        (
            {"id": "m", "type": "message", "role": "assistant", "content": [], "stop_reason": "end_turn", "usage": {}},
            "response",
        ),
        ({"cells": [], "nbformat": 4}, "notebook"),
        ({"info": {"schema": "v2.1.0"}, "item": []}, "postman"),
        ({"contents": [{"role": "user", "parts": [{"text": "x"}]}]}, "gemini"),
        ([{"role": "user", "parts": [{"text": "x"}]}], "gemini"),
    ],
)
def test_unsupported_documents_are_named(document, name):
    assert detect(document) == name
    for shape in ("auto", name):
        with pytest.raises(RequestError) as caught:
            next(to_requests(document, shape))
        assert str(caught.value) == f"the request: this is {MESSAGES[name]}"


def test_an_empty_batch_is_a_batch():
    for document in ([], {"requests": []}):
        assert (detect(document), list(to_requests(document))) == ("batch", [])


@pytest.mark.parametrize(
    "name", ["messages", "openai-chat", "openai-responses", "converse", "vertex", "langchain-params"]
)
def test_a_document_can_have_one_request_per_line(name):
    case = CASES[name]
    document, lines = read_document(json_lines(case.document, case.document) + b"\n{\n")
    assert detect(document) == case.shape
    first, second, third = to_requests(document, lines=lines)
    assert (first.shape, first.line(), second.line(), third.line()) == (case.shape, 1, 2, 3)
    assert second.locate(f"{case.location}.source.data") == case.data
    assert (second.error, str(third.error)[:26]) == (None, "the request: is not JSON: ")


def test_an_entry_of_a_batch_can_be_its_params_alone():
    first, second = to_requests({"requests": [CALL, CASES["batch-entry"].document]})
    assert (first.params, second.params) == (CALL, CALL)
