"""Documents that are wrong anywhere: a RequestError, and never another exception."""

from __future__ import annotations

import copy
import itertools
import json
import random
from collections import UserDict, deque

import pytest
from builders import (
    CASES,
    DATA,
    TRANSCRIPT,
    chat,
    converse_image,
    entry,
    image,
    json_lines,
    message,
    result,
    use,
    words,
)
from hypothesis import given
from hypothesis import strategies as st

from imgcost.errors import RequestError
from imgcost.shapes import SHAPES, detect, read_document, replaced, to_requests


class Raising:
    """Every attribute raises."""

    def __getattribute__(self, name):
        raise RuntimeError(name)

    def __eq__(self, other):
        raise RuntimeError

    def __bool__(self):
        raise RuntimeError

    def __str__(self):
        raise RuntimeError

    __hash__ = None


class RaisingModel:
    def model_dump(self, **_):
        raise KeyError("x")


class RaisingMapping(UserDict):
    def __iter__(self):
        raise OSError

    def keys(self):
        raise OSError


class RaisingList(deque):
    def __iter__(self):
        raise OSError


class Lying:
    """It says that it is a list."""

    @property
    def __class__(self):
        raise ZeroDivisionError


def nested(depth):
    value = {"type": "tool_result", "toolResult": {}, "content": []}
    for _ in range(depth):
        value = {"type": "tool_result", "toolUseId": "a", "toolResult": {"content": [value]}, "content": [value]}
    return value


def cycle():
    value = {"type": "tool_result", "role": "user"}
    value.update(content=[value], messages=[value], toolResult=value, value=value)
    return value


def hostile():
    """Values that are wrong nearly everywhere, created fresh."""
    return [
        None, True, 0, -1, 1e999, float("nan"), 10**400, "", "x", "\ud800", "data:", "data:;base64", "data:,\ud800", "://",
        b"\xff", bytearray(b"x"), released(), [], {}, [[]], [None], [5], (1, 2), {1, 2}, range(3), {5: 5}, {None: []},
        {"type": 5}, {"type": []}, {"type": "text"}, {"type": "image"}, {"type": "tool_use"}, {"role": {}}, {"url": 5},
        {"type": "tool_result", "content": 5}, {"bytes": 5}, {"value": [5]}, {"type": "Buffer", "data": [5, "x"]},
        Raising(), RaisingModel(), RaisingMapping(), RaisingList([1]), Lying(), Raising, object(), cycle(), nested(50),
        {"type": "text", "text": Raising()}, {"type": Raising()}, {"type": "image", "text": Raising()},
    ]  # fmt: skip


def released():
    view = memoryview(b"x")
    view.release()
    return view


KEYS = [
    "type",
    "content",
    "role",
    "text",
    "source",
    "messages",
    "url",
    "data",
    "id",
    "message",
    "parentUuid",
    "uuid",
    "parts",
    "body",
    "input",
    "output",
    "value",
    "kwargs",
    "tool_calls",
    "image_url",
    "toolResult",
    "format",
    "result",
    "params",
    "request",
]


def places(value, depth=0, path=()):
    """Every path in a document, without going in circles."""
    yield path
    if depth > 12:
        return
    items = value.items() if type(value) is dict else enumerate(value) if type(value) is list else ()
    for key, inner in items:
        yield from places(inner, depth + 1, (*path, key))


def mutate(chance, document):
    """Replace, remove, rename, wrap or add something somewhere in a document."""
    paths = [path for path in itertools.islice(places(document), 500) if path]
    if not paths:
        return
    *way, last = chance.choice(paths)
    holder = document
    for key in way:
        holder = holder[key]
    how, value = chance.choice(["replace", "remove", "rename", "wrap", "add"]), chance.choice(hostile())
    if how == "replace":
        holder[last] = value
    elif how == "remove":
        del holder[last]
    elif how == "wrap":
        holder[last] = chance.choice([[holder[last]], {chance.choice(KEYS): holder[last]}])
    elif type(holder) is list:
        holder.append(value)
    else:
        holder[chance.choice(KEYS)] = holder.pop(last) if how == "rename" else value


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


MORE = {
    "chat": chat({"role": "assistant", "tool_calls": [{"id": "a", "function": {"name": "x", "arguments": "{}"}}]}),
    "transcript": [
        entry("user", "1", None, words()),
        entry("assistant", "2", "1", use("a")),
        entry("user", "3", "2", result("a", image())),
        {"type": "system", "subtype": "compact_boundary", "uuid": "b", "parentUuid": None, "logicalParentUuid": "3",
         "compactMetadata": {"preservedSegment": {"headUuid": "2", "anchorUuid": "s", "tailUuid": "3"}}},
        entry("user", "s", "b", words(), isCompactSummary=True),
        {"type": "system", "subtype": "microcompact_boundary", "uuid": "m", "parentUuid": "s",
         "microcompactMetadata": {"compactedToolIds": ["a"]}},
        {"type": "attachment", "uuid": "4", "parentUuid": "m",
         "attachment": {"type": "file", "content": {"type": "image", "file": {"base64": DATA, "type": "image/png"}}}},
        entry("user", "5", "4", words()),
    ],
}  # fmt: skip
DOCUMENTS = [case.document for case in CASES.values()] + list(MORE.values())


@pytest.mark.parametrize("seed", range(10))
def test_a_document_that_is_wrong_somewhere(seed):
    chance = random.Random(seed)
    for _ in range(250):
        document = copy.deepcopy(chance.choice(DOCUMENTS))
        for _ in range(chance.randint(1, 3)):
            mutate(chance, document)
        shape = detect(document)
        assert shape is None or isinstance(shape, str)
        tried(document, "auto")
        tried(document, chance.choice(list(SHAPES)))


@pytest.mark.parametrize("shape", SHAPES)
def test_hostile_values_in_every_shape(shape):
    for value in hostile():
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
        assert tried([message(nested(depth))], "converse") == "the request: is nested too deep to be read"


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
