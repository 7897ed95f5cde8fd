"""Documents that are wrong anywhere: a RequestError, and never another exception."""

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
    places,
    released,
)
from hypothesis import given
from hypothesis import strategies as st

from imgcost import check_batch, check_request
from imgcost.errors import ImgcostError, RequestError
from imgcost.shapes import SHAPES, detect, read_document, replaced, to_requests


def tried(document, shape):
    """Convert a document as a check would; return how many requests it has, or the error."""
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
def test_a_document_that_is_wrong_somewhere(seed):
    chance = random.Random(seed)
    for _ in range(250):
        document = mutated(chance)
        shape = detect(document)
        assert shape is None or isinstance(shape, str)
        tried(document, "auto")
        tried(document, chance.choice(list(SHAPES)))


@pytest.mark.slow  # large matrices
@pytest.mark.parametrize("seed", range(10))
def test_a_wrong_document_in_every_check(seed, tmp_path):
    for number in range(100):
        chance = random.Random(1_000 * seed + number)
        check_everywhere(chance, mutated(chance), tmp_path / "request.json")


RAISING = [Raising, RaisingModel, RaisingMapping, lambda: RaisingList([1]), Lying]


@pytest.mark.parametrize("shape", ["auto", *SHAPES])
def test_a_check_of_an_object_that_raises(shape):
    for create in RAISING:
        with pytest.raises(RequestError) as caught:
            check_request(create(), shape=shape).raise_for_errors()
        assert caught.value.problem
        with pytest.raises(ImgcostError):
            check_batch(create(), shape=shape).raise_for_errors()


@pytest.mark.parametrize("path", [path for path in places(CALL) if path], ids=lambda path: ".".join(map(str, path)))
def test_an_object_that_raises_is_located_in_a_request(path):
    for create in RAISING:
        document = copy.deepcopy(CALL)
        holder = document
        for key in path[:-1]:
            holder = holder[key]
        holder[path[-1]] = create()
        with pytest.raises(RequestError) as caught:
            check_request(document)
        # A `type` is read to decide what its object is, so that object may be the location too.
        expected = {".".join(map(str, path)), ".".join(map(str, path[:-1])) if path[-1] == "type" else None}
        assert caught.value.location in expected


@pytest.mark.parametrize("name", CASES)
def test_a_batch_of_a_named_shape(name):
    case = CASES[name]
    findings = check_batch(case.document, shape=case.shape)
    assert [one.location for one in findings.errors if one.rule == "request"] == []
    assert len(findings.images) == 1


@pytest.mark.parametrize("turns", [2, 1_000])
def test_what_is_not_plain_text_decides_the_shape_however_late_it_comes(turns):
    plain = [message(words(), role="user"), message(words(), role="assistant")] * (turns // 2)
    text = [{"role": "user", "content": "x"}, {"role": "assistant", "content": "y"}] * (turns // 2)
    for before in (plain, text):
        for case in (CASES["openai-chat-list"], CASES["vercel"]):
            assert detect([*before, *case.document]) == case.shape
            assert detect({"messages": [*before, *case.document]}) == case.shape
        assert detect({"model": "m", "max_tokens": 1, "messages": before}) == "messages"
        assert detect(before) == "message-list"
        for odd in (
            {"role": "tool"},
            {"role": 5, "content": "x"},
            {"role": "user", "content": 5},
            message({"type": 5}),
        ):
            assert detect([*before, odd]) == detect([*before[:2], odd])


@pytest.mark.slow  # large matrices
@pytest.mark.parametrize("shape", SHAPES)
def test_hostile_values_in_every_shape(shape):
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
            tried(document, shape)


@pytest.mark.parametrize("shape", [shape for shape in SHAPES if shape not in {"messages", "message-list", "block"}])
def test_what_cannot_be_read_is_reported_where_it_is(shape):
    case = next(case for case in CASES.values() if case.shape == shape)
    document = copy.deepcopy(case.document)
    keys = case.data.split(".")
    holder = document
    part = case.location.count(".") and max(0, len(keys) - 2)
    for key in keys[:part]:
        holder = holder[int(key) if isinstance(holder, list) else key]
    key = int(keys[part]) if isinstance(holder, list) else keys[part]
    holder[key] = Raising()
    try:
        [request] = to_requests(document, shape)
    except RequestError as error:
        reported = str(error)
        assert reported.startswith(".".join(keys[:part]))
    else:
        assert request.error or request.params


def test_an_object_that_raises_is_reported_where_it_is():
    for value, problem in [  # pytest would ask such values for names
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
def test_deep_documents(depth):
    for shape in SHAPES:
        found = tried([message(nested(depth))], shape)
        assert isinstance(found, int) or depth == 2_000 or "nested too deep" not in found
    if depth == 2_000:
        assert tried([message(nested(depth))], "converse") == "the request: is nested too deeply to be read"


@given(st.binary(max_size=60) | st.text(max_size=60).map(str.encode))
def test_any_bytes_are_a_document_or_an_error(data):
    for given_bytes in (data, b"\x1f\x8b" + data, b"{" + data, b"\xff\xfe" + data):
        try:
            document = read_document(given_bytes)
        except RequestError:
            continue
        detect(document.value)


def test_a_long_transcript_in_which_everything_is_linked_to_everything():
    same = {"message": {"id": "same"}}
    entries = [
        entry("assistant", str(number), str(number - 1), use("a"), **copy.deepcopy(same)) for number in range(3_000)
    ]
    document, lines = read_document(
        json_lines(*entries, *TRANSCRIPT[:1], entry("user", "x", "2999", result("a", image())))
    )
    [request] = to_requests(document, lines=lines)
    assert len(request.history.calls) == 1
    assert json.dumps(request.params)
