"""Every shape: detected from its content, converted with the original locations, and written back."""

from __future__ import annotations

import copy
import json

import pytest
from builders import CASES, OTHER, QUESTION, image, message, words

from imgcost.errors import RequestError
from imgcost.messages import read_request
from imgcost.shapes import SHAPES, detect, read_document, replaced, to_requests

every_shape = pytest.mark.parametrize("case", CASES.values(), ids=CASES)


def at(value, location):
    for key in location.split("."):
        value = value[int(key) if isinstance(value, list) else key]
    return value


def converted(document, shape="auto", **more):
    [request] = to_requests(document, shape, **more)
    if request.error:
        raise request.error
    return request


@every_shape
def test_a_shape_is_detected_and_its_image_has_the_original_location(case):
    before = copy.deepcopy(case.document)
    assert detect(case.document) == case.shape
    request = converted(case.document)
    assert request.shape == case.shape
    source = at(request.params, case.location)["source"]
    assert source == image()["source"]
    assert case.copied or source["data"] is at(case.document, case.data)
    assert request.locate(f"{case.location}.source.data") == case.data
    assert request.locate(f"{case.location}.source.media_type") == case.media_type
    assert (request.line(case.location), request.error) == (None, None)
    assert [block.location for block in read_request(request.params).media] == [case.location]
    assert case.document == before


@every_shape
def test_an_image_is_replaced_in_the_original_shape(case):
    before = copy.deepcopy(case.document)
    edits = converted(case.document).edits({case.location: image(OTHER, "image/webp")})
    new = replaced(case.document, edits)
    assert case.document == before
    assert detect(new) == case.shape
    assert at(converted(new).params, case.location) == image(OTHER, "image/webp")
    # Nothing else has changed: restoring the old image restores the document.
    back = replaced(new, converted(new).edits({case.location: image()}))
    assert back == before


@every_shape
def test_an_image_can_be_replaced_by_text(case):
    new = replaced(case.document, converted(case.document).edits({case.location: words("It was too large.")}))
    [request] = to_requests(new, case.shape)
    assert at(request.params, case.location) == words("It was too large.")


@pytest.mark.parametrize("name", ["batch-list", "bedrock-batch", "google-cloud-batch", "log", "openai-batch"])
def test_a_request_per_line_has_a_line_number_and_locations_within_the_line(name):
    case = CASES[name]
    good, [invalid, *_] = case.document[0], [{"custom_id": "b", "recordId": "b"}]
    document, lines = read_document(b"\n".join([json.dumps(good).encode(), b"", json.dumps(invalid).encode()]))
    first, second = to_requests(document, lines=lines)
    assert (first.line(), first.line(case.location), first.error) == (1, 1, None)
    assert first.locate(f"{case.location}.source.data") == case.data.partition(".")[2]
    assert (second.line(), second.params, type(second.error)) == (3, {}, RequestError)
    assert "line" not in str(second.error)


def test_requests_have_ids_platforms_and_models():
    requests = {name: converted(CASES[name].document) for name in CASES}
    batches = ("batch", "bedrock-batch", "google-cloud-batch", "openai-batch", "messages")
    assert [requests[name].id for name in batches] == ["a", "r", "a", "a", None]
    assert {name for name in requests if requests[name].platform == "bedrock"} == {
        "bedrock-invoke",
        "bedrock-batch",
        "bedrock-batch-converse",
        "converse",
        "converse-bytes",
    }
    assert {name for name in requests if requests[name].platform == "google-cloud"} == {"vertex", "google-cloud-batch"}
    assert requests["bedrock-invoke"].model is None
    assert requests["messages"].implied == frozenset()
    assert "model" in requests["bedrock-invoke"].implied
    assert requests["bedrock-invoke"].params is CASES["bedrock-invoke"].document


def test_every_shape_has_a_case():
    assert {case.shape for case in CASES.values()} == set(SHAPES)


@pytest.mark.parametrize(
    "document",
    [
        {"name": "package", "type": "module"},
        {"type": "object", "properties": {}},
        {"type": "FeatureCollection", "features": []},
        {"messages": {"greeting": "Hello"}},
        {"messages": "text"},
        [{"type": "module"}],
    ],
)
def test_other_json_has_no_shape(document):
    assert detect(document) is None


def test_an_invalid_request_has_the_shape_messages():
    assert detect({"model": "claude-opus-5", "messages": 5}) == "messages"
    assert detect({"max_tokens": 9, "messages": {}}) == "messages"


def test_a_shape_can_be_forced_and_an_unknown_one_is_an_error():
    assert converted([message(QUESTION)], "openai-chat").shape == "openai-chat"
    with pytest.raises(RequestError, match="unknown shape 'openia': choose one of claude-code, "):
        converted([], "openia")
    for other in (None, 5, "text", {}, {"a": 1}, [5]):
        assert detect(other) is None
        with pytest.raises(
            RequestError, match=r"is not in a known shape: expected the arguments of messages\.create, a batch"
        ):
            converted(other)


def test_a_request_has_a_short_repr():
    for case in CASES.values():
        assert len(repr(converted(case.document))) < 600


def test_replacing_anything_but_an_image_is_an_error():
    request = converted(CASES["openai-chat"].document)
    for location in ("messages.0.content.0", "messages.0.content.1.source", "system.0"):
        with pytest.raises(RequestError, match="cannot be replaced in the shape 'openai-chat'"):
            request.edits({location: words()})


@pytest.mark.parametrize("path", [("b",), ("a", 7), ("a", "x"), ("a", 0, "c")])
def test_a_replacement_in_another_document_is_an_error(path):
    with pytest.raises(RequestError):
        replaced({"a": [1]}, {path: 2})


def test_edits_of_several_requests_are_applied_to_one_copy():
    document = [CASES["batch-entry"].document, CASES["batch-entry"].document]
    edits = {}
    for request in to_requests(document):
        edits |= request.edits({"messages.0.content.0": image(OTHER)})
    new = replaced(document, edits)
    assert [at(request.params, "messages.0.content.0") for request in to_requests(new)] == [image(OTHER)] * 2
    assert document[0] is CASES["batch-entry"].document
