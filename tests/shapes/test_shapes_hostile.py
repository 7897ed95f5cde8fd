"""Invalid documents of every kind: a RequestError, and never another exception."""

from __future__ import annotations

import copy
import json
import random

import pytest
from builders import (
    CALL,
    CASES,
    TRANSCRIPT,
    converse_image,
    entry,
    image,
    json_lines,
    message,
    result,
    use,
    words,
)
from hostile import (
    Lying,
    Raising,
    RaisingList,
    RaisingMapping,
    RaisingModel,
    check_everywhere,
    hostile,
    mutated,
    nested,
    paths_of,
    released,
)
from hypothesis import given
from hypothesis import strategies as st

from imgcost import check_batch, check_request
from imgcost.errors import ImgcostError, RequestError
from imgcost.shapes import SHAPES, detect, read_document, replaced, to_requests


def outcome(document, shape):
    """Convert a document as a check does; return its number of requests, or the error."""
    try:
        requests = list(to_requests(document, shape))
    except RequestError as error:
        return str(error)
    for request in requests:
        messages = request.params.get("messages") if type(request.params) is dict else None
        for number in range(len(messages) if type(messages) is list else 0):
            location = f"messages.{number}.content.0"
            assert isinstance(request.locate(f"{location}.source.data"), str)
            request.line(location)
            request.turn(location)
            try:
                replaced(document, request.edits({location: image()}))
            except RequestError:
                continue
    return len(requests)


@pytest.mark.slow  # large matrices
@pytest.mark.parametrize("seed", range(10))
def test_a_mutated_document_is_converted_or_an_error(seed):
    chance = random.Random(seed)
    for _ in range(250):
        document = mutated(chance)
        shape = detect(document)
        assert shape is None or isinstance(shape, str)
        outcome(document, "auto")
        outcome(document, chance.choice(list(SHAPES)))


@pytest.mark.slow  # large matrices
@pytest.mark.parametrize("seed", range(10))
def test_a_mutated_document_is_checked_or_an_error(seed, tmp_path):
    for number in range(100):
        chance = random.Random(1_000 * seed + number)
        check_everywhere(chance, mutated(chance), tmp_path / "request.json")


RAISING = [Raising, RaisingModel, RaisingMapping, lambda: RaisingList([1]), Lying]


@pytest.mark.parametrize("shape", ["auto", *SHAPES])
def test_an_object_that_raises_is_an_error_of_a_check(shape):
    for create in RAISING:
        with pytest.raises(RequestError) as caught:
            check_request(create(), shape=shape).raise_for_errors()
        assert caught.value.problem
        with pytest.raises(ImgcostError):
            check_batch(create(), shape=shape).raise_for_errors()


@pytest.mark.parametrize("path", [path for path in paths_of(CALL) if path], ids=lambda path: ".".join(map(str, path)))
def test_an_object_that_raises_is_an_error_with_its_location(path):
    for create in RAISING:
        document = copy.deepcopy(CALL)
        parent = document
        for key in path[:-1]:
            parent = parent[key]
        parent[path[-1]] = create()
        with pytest.raises(RequestError) as caught:
            check_request(document)
        # `type` is read to identify the object around it, whose location is also valid.
        expected = {".".join(map(str, path)), ".".join(map(str, path[:-1])) if path[-1] == "type" else None}
        assert caught.value.location in expected


@pytest.mark.parametrize("name", CASES)
def test_a_batch_can_have_any_shape(name):
    case = CASES[name]
    findings = check_batch(case.document, shape=case.shape)
    assert [finding.location for finding in findings.errors if finding.rule == "request"] == []
    assert len(findings.images) == 1


@pytest.mark.parametrize("turns", [2, 1_000])
def test_the_shape_is_detected_after_any_number_of_plain_messages(turns):
    plain = [message(words(), role="user"), message(words(), role="assistant")] * (turns // 2)
    text = [{"role": "user", "content": "x"}, {"role": "assistant", "content": "y"}] * (turns // 2)
    for before in (plain, text):
        for case in (CASES["openai-chat-list"], CASES["vercel"]):
            assert detect([*before, *case.document]) == case.shape
            assert detect({"messages": [*before, *case.document]}) == case.shape
        assert detect({"model": "m", "max_tokens": 1, "messages": before}) == "messages"
        assert detect(before) == "message-list"
        for last in (
            {"role": "tool"},
            {"role": 5, "content": "x"},
            {"role": "user", "content": 5},
            message({"type": 5}),
        ):
            assert detect([*before, last]) == detect([*before[:2], last])


@pytest.mark.slow  # large matrices
@pytest.mark.parametrize("shape", SHAPES)
def test_hostile_values_are_converted_or_errors(shape):
    for value in [*hostile(), nested(50)]:
        for document in (
            value,
            [value],
            {"messages": value},
            {"messages": [value]},
            [message(value)],
            {"messages": [message(value)]},
        ):
            detect(document)
            outcome(document, shape)


@pytest.mark.parametrize("shape", [shape for shape in SHAPES if shape not in {"messages", "message-list", "block"}])
def test_a_part_that_raises_is_an_error_at_its_original_location(shape):
    case = next(case for case in CASES.values() if case.shape == shape)
    document = copy.deepcopy(case.document)
    keys = case.data.split(".")
    parent = document
    part = case.location.count(".") and max(0, len(keys) - 2)
    for key in keys[:part]:
        parent = parent[int(key) if isinstance(parent, list) else key]
    key = int(keys[part]) if isinstance(parent, list) else keys[part]
    parent[key] = Raising()
    try:
        [request] = to_requests(document, shape)
    except RequestError as error:
        message = str(error)
        assert message.startswith(".".join(keys[:part]))
    else:
        assert request.error or request.params


def test_an_error_names_the_exception_and_its_location():
    for value, problem in [  # not parametrized, because pytest would read these values for its ids
        (Raising(), "messages.0: cannot be read: RuntimeError"),
        (RaisingModel(), "messages.0: cannot be read: KeyError"),
        (RaisingMapping(), "messages.0: cannot be read: OSError"),
        ({"role": "user", "content": RaisingList([1])}, "messages.0.content: cannot be read: OSError"),
        ({"role": "user", "content": Lying()}, "messages.0.content: must be a list, not Lying"),
        (message(converse_image(released())), "messages.0.content.0.image.source.bytes: cannot be read: "),
    ]:
        with pytest.raises(RequestError, match=f"^{problem}"):
            tuple(to_requests({"modelId": "m", "messages": [value]}))


@pytest.mark.parametrize("depth", [10, 2_000])
def test_deeply_nested_documents_are_converted_or_an_error(depth):
    for shape in SHAPES:
        result = outcome([message(nested(depth))], shape)
        assert isinstance(result, int) or depth == 2_000 or "nested too deep" not in result
    if depth == 2_000:
        assert outcome([message(nested(depth))], "converse") == "the request: is nested too deeply to be read"


@given(st.binary(max_size=60) | st.text(max_size=60).map(str.encode))
def test_any_bytes_are_a_document_or_an_error(data):
    for given_bytes in (data, b"\x1f\x8b" + data, b"{" + data, b"\xff\xfe" + data):
        try:
            document = read_document(given_bytes)
        except RequestError:
            continue
        detect(document.value)


def test_a_long_answer_in_a_transcript_is_one_call():
    answer = {"message": {"id": "same"}}
    entries = [
        entry("assistant", str(number), str(number - 1), use("a"), **copy.deepcopy(answer)) for number in range(3_000)
    ]
    document, lines = read_document(
        json_lines(*entries, *TRANSCRIPT[:1], entry("user", "x", "2999", result("a", image())))
    )
    [request] = to_requests(document, lines=lines)
    assert len(request.history.calls) == 1
    assert json.dumps(request.params)
