"""Reading requests: locations of images, the size of the body, and errors in invalid requests."""

from __future__ import annotations

import base64
import inspect
import io
import json
import sys
from collections import UserDict, UserList, deque
from datetime import UTC, date, datetime
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType

import pytest
from conftest import png
from hypothesis import given
from hypothesis import strategies as st

from imgcost.errors import RequestError
from imgcost.messages import (
    ContentBlock,
    MediaBlock,
    Turn,
    as_items,
    as_object,
    body,
    body_bytes,
    is_file,
    read_request,
)
from imgcost.messages import content as content_reader
from imgcost.messages.body import MAX_DEPTH
from imgcost.preflight import check_request

URL = {"type": "url", "url": "https://example.com/a.png"}
IMAGE = {"type": "image", "source": URL}
TEXT = {"type": "text", "text": "What is this?"}
INNER = {"type": "document", "source": {"type": "content", "content": [TEXT, IMAGE]}}


class Model:
    """A minimal pydantic model."""

    def __init__(self, **fields):
        self.fields = fields

    def model_dump(self, *, mode, by_alias, exclude_unset):
        assert (mode, by_alias, exclude_unset) == ("json", True, True)
        return self.fields


class NotGiven:
    """Has the name of the SDK's class."""


class Omit:
    """Has the name of the SDK's class."""


def request(*content, **more):
    return {"model": "claude-opus-5", "messages": [{"role": "user", "content": list(content)}], **more}


def result(content, **more):
    return {"type": "tool_result", "tool_use_id": "t", "content": content, **more}


def locations_of(params):
    return [block.location for block in read_request(params).media]


def refused(params):
    with pytest.raises(RequestError) as caught:
        read_request(params)
    error = caught.value
    assert str(error) == f"{error.location or 'the request'}: {error.problem}"
    return error.location, error.problem


def as_sent(value):
    return len(json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode())


# Locations


@pytest.mark.parametrize(
    ("content", "locations"),
    [
        ([IMAGE], [""]),
        ([TEXT, IMAGE, TEXT, IMAGE], [".1", ".3"]),
        ([result([TEXT, IMAGE])], [".0.content.1"]),
        ([result([result([IMAGE])])], [".0.content.0.content.0"]),
        ([result(IMAGE)], [".0.content"]),
        ([INNER], [".0", ".0.source.content.1"]),
        ([result([INNER])], [".0.content.0", ".0.content.0.source.content.1"]),
        ([{"type": "web_fetch_tool_result", "content": {"type": "web_fetch_result", "content": INNER}}],
         [".0.content.content", ".0.content.content.source.content.1"]),
        ([{"type": "something_new", "content": [IMAGE, {"type": "x", "content": [IMAGE]}]}],
         [".0.content.0", ".0.content.1.content.0"]),
        ([{"type": "something_new", "content": {"no": "type"}}], []),
        ([{"type": "something_new", "content": {"type": 7}}], []),
        ([{"type": "something_new", "content": "text"}, result("text"), result(None), result([])], []),
        ([{"type": "tool_use", "id": "a", "name": "n", "input": {"content": [IMAGE]}}], []),
        ([{"type": "document", "source": {"type": "url", "content": [IMAGE]}}], [".0"]),
        ([{"type": "text", "text": "a", "content": [IMAGE]}], [".0.content.0"]),
    ],
)  # fmt: skip
def test_every_image_and_document_has_its_location(content, locations):
    expected = ["messages.0.content" + (location or ".0") for location in locations]
    assert locations_of(request(*content)) == expected


def test_locations_have_the_index_of_the_message():
    turns = [
        {"role": "user", "content": [IMAGE]},
        {"role": "assistant", "content": "An image."},
        {"role": "user", "content": (TEXT, IMAGE)},
    ]
    parsed = read_request({"messages": turns})
    assert [block.location for block in parsed.media] == ["messages.0.content.0", "messages.2.content.1"]
    assert parsed.turns == (
        Turn("messages.0", "user", (ContentBlock("image", "", "messages.0.content.0"),)),
        Turn("messages.1", "assistant", (ContentBlock("text", "An image.", "messages.1.content"),)),
        Turn(
            "messages.2",
            "user",
            (
                ContentBlock("text", "What is this?", "messages.2.content.0"),
                ContentBlock("image", "", "messages.2.content.1"),
            ),
        ),
    )


def test_blocks_and_turns_have_what_rules_check():
    setting = {"oversized_image": "error"}
    parsed = read_request(request({**IMAGE, "transformations": setting}, INNER, TEXT, {"type": "text", "text": 7}))
    assert parsed.media[0] == MediaBlock("messages.0.content.0", "image", URL, None, setting)
    assert [block.kind for block in parsed.media] == ["image", "document", "image"]
    kinds = [(part.kind, part.text) for part in parsed.turns[0].blocks]
    assert kinds == [("image", ""), ("document", ""), ("text", "What is this?"), ("text", "")]


def test_the_model_and_its_fallbacks_are_read():
    assert read_request({"messages": [{"role": "user", "content": "x"}]})[:2] == (None, ())
    with pytest.raises(RequestError, match="messages: is empty"):
        read_request({"messages": []})
    assert read_request(request(fallbacks=[{"model": "a"}, Model(model="b")]))[:2] == (
        "claude-opus-5",
        ("a", "b"),
    )
    for server_side in ("default", None, NotGiven(), Omit()):
        assert read_request(request(fallbacks=server_side)).fallbacks == ()


# Toolsets


def toolset(*content):
    return [(block.location.removeprefix("messages.0.content."), block.toolset) for block in
            read_request(request(*content)).media]  # fmt: skip


def use(name, id_="t"):
    return {"type": "tool_use", "id": id_, "name": "screenshot", "input": {}, "toolset_name": name}


def test_a_result_can_name_its_toolset():
    assert toolset(result([TEXT, IMAGE], toolset_name="computer"), IMAGE) == [("0.content.1", "computer"), ("1", None)]


def test_a_result_has_the_toolset_of_its_call():
    calls = [use("browser"), use("computer", "u")]
    assert toolset(*calls, result([IMAGE])) == [("2.content.0", "browser")]
    assert toolset(*calls, result([INNER])) == [("2.content.0", "browser"), ("2.content.0.source.content.1", "browser")]
    assert toolset(*calls, result([IMAGE], tool_use_id="unknown")) == [("2.content.0", None)]
    assert toolset(*calls, result([IMAGE], toolset_name="other")) == [("2.content.0", "other")]


@pytest.mark.parametrize("value", [None, 7, ["t"], {"t": 1}])
def test_an_invalid_toolset_name_or_id_is_ignored(value):
    assert toolset(use(value), result([IMAGE])) == [("1.content.0", None)]
    assert toolset(use("browser", value), result([IMAGE])) == [("1.content.0", None)]
    assert toolset(use("browser"), result([IMAGE], tool_use_id=value)) == [("1.content.0", None)]
    assert toolset(result([IMAGE], toolset_name=value)) == [("0.content.0", None)]


def test_the_call_can_be_in_an_earlier_message():
    turns = [{"role": "assistant", "content": [use("computer")]}, {"role": "user", "content": [result([IMAGE])]}]
    assert read_request({"messages": turns}).media[0].toolset == "computer"


# Types that the SDK accepts


def test_pydantic_models_are_read_like_mappings():
    plain = request(IMAGE, result([IMAGE]))
    model = Model(
        model="claude-opus-5",
        messages=(Model(role="user", content=[Model(**IMAGE), Model(**result([Model(**IMAGE)]))]),),
    )
    assert read_request(model) == read_request(plain)
    assert read_request(model).body_bytes == as_sent(plain)
    assert locations_of(request(result(Model(**IMAGE)))) == ["messages.0.content.0.content"]


def test_mappings_and_sequences_of_any_class_are_read():
    plain = request(IMAGE, TEXT)
    message = UserDict(role="user", content=UserList([MappingProxyType(IMAGE), TEXT]))
    for messages in ((message,), deque([message]), {1: message}.values(), UserList([message])):
        params = UserDict(model="claude-opus-5", messages=messages)
        assert read_request(params) == read_request(plain)


def test_reiterable_collections_are_lists():
    assert as_items([1], "x") == [1]
    assert as_items((1, 2), "x") == (1, 2)
    assert as_items({3}, "x") == [3]
    assert as_items(frozenset(), "x") == []
    assert as_items({"a": 1}.keys(), "x") == ["a"]
    assert as_items({"a": 1}.values(), "x") == [1]
    assert as_items(range(3), "x") == [0, 1, 2]


@pytest.mark.parametrize("make", [iter, lambda items: (item for item in items), lambda items: map(dict, items)])
def test_an_iterator_is_an_error_and_not_consumed(make):
    messages = [{"role": "user", "content": "a"}]
    iterator = make(messages)
    refusal = ("messages", "can be read only once, so checking would consume it: use a list")
    assert refused({"messages": iterator}) == refusal
    assert len(list(iterator)) == 1
    content = make([TEXT])
    assert refused({"messages": [{"role": "user", "content": content}]})[0] == "messages.0.content"
    assert len(list(content)) == 1


def test_arguments_that_the_sdk_does_not_send_are_not_counted():
    plain = request(IMAGE)
    more = {"temperature": NotGiven(), "system": Omit(), "extra_headers": {"a": "b"}, "extra_query": {}, "timeout": 9}
    assert read_request({**plain, **more, "betas": ["x"]}) == read_request(plain)
    inner = request({**IMAGE, "cache_control": Omit()})
    assert read_request(inner).body_bytes == as_sent(plain)


def test_an_extra_body_is_merged_into_the_body():
    plain = request(IMAGE, fallbacks=[{"model": "a"}])
    with_extra_body = {
        "model": "b",
        "messages": plain["messages"],
        "extra_body": {"fallbacks": [{"model": "a"}], "model": "claude-opus-5"},
    }
    assert read_request(with_extra_body) == read_request(plain)
    assert read_request(with_extra_body).body_bytes == as_sent(plain)
    assert read_request({**plain, "extra_body": None}) == read_request(plain)
    assert refused({**plain, "extra_body": 7}) == ("extra_body", "must be an object, not int")


def test_the_request_is_not_changed():
    params = request(IMAGE, result([IMAGE]), INNER, fallbacks=[{"model": "a"}])
    before = json.dumps(params)
    read_request(params)
    assert json.dumps(params) == before


def test_paths_and_open_files_are_files(tmp_path):
    assert is_file(tmp_path)
    assert is_file(io.BytesIO())
    assert not any(map(is_file, ("a", b"a", None, 7, [], {})))


# Size of the body

SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
TEXTS = st.text(st.characters(codec="utf-8")) | st.sampled_from(
    ["\u2028", '"\\/\b\f\n\r\t\x7f', "\U0001f600", "e\u0301"]
)
VALUES = st.recursive(
    SCALARS | TEXTS, lambda inner: st.lists(inner) | st.dictionaries(TEXTS, inner) | st.tuples(inner), max_leaves=30
)


@given(VALUES)
def test_the_size_equals_that_of_json_without_spaces(value):
    assert body_bytes(value) == as_sent(value)


@given(st.binary(max_size=300), TEXTS)
def test_base64_data_is_counted_like_other_text(data, name):
    source = {"type": "base64", "media_type": name, "data": base64.b64encode(data).decode()}
    assert body_bytes(source) == as_sent(source)
    assert body_bytes([source, {"data": source}]) == as_sent([source, {"data": source}])
    broken = {"type": "base64", "data": base64.encodebytes(data).decode() + "\u00e9"}
    assert body_bytes(broken) == as_sent(broken)


@given(VALUES)
def test_data_of_any_type_is_counted(value):
    for kind in ("base64", "text", None):
        if not (kind == "base64" and isinstance(value, str) and value.isascii()):
            assert body_bytes({"type": kind, "data": value}) == as_sent({"type": kind, "data": value})


@pytest.mark.parametrize("size", [65_534, 65_535, 65_536, 65_537, 131_072, 200_001])
@pytest.mark.parametrize("character", ["a", "\n", "\u00e9", "\U0001f600", '"'])
def test_long_texts_are_counted_in_pieces(size, character):
    text = character * size + "\u00e9"
    assert body_bytes({"text": text}) == as_sent({"text": text})


def test_dates_and_enumerations_are_counted_as_the_sdk_sends_them():
    class Color(StrEnum):
        RED = "red"

    day, moment = date(2026, 11, 22), datetime(2026, 11, 22, 10, 30, tzinfo=UTC)
    assert body_bytes([day, moment]) == as_sent([day.isoformat(), moment.isoformat()])
    assert body_bytes({"color": Color.RED}) == as_sent({"color": "red"})


@pytest.mark.parametrize("size", [0, 1, 2, 3, 4, 57, 58, 5000])
def test_paths_and_open_files_are_counted_as_base64(tmp_path, size):
    data = png(8, 8, b"\1" * 9000)[:size]
    file = tmp_path / "a.png"
    file.write_bytes(data)
    sent = as_sent({"type": "base64", "data": base64.b64encode(data).decode()})
    assert body_bytes({"type": "base64", "data": file}) == sent
    with file.open("rb") as stream:
        assert body_bytes({"type": "base64", "data": stream}) == sent
        assert stream.tell() == 0
    behind = io.BytesIO(b"12345" + data)
    behind.seek(5)
    assert body_bytes({"type": "base64", "data": behind}) == sent
    assert behind.tell() == 5


def test_unreadable_files_count_as_empty():
    # Rules about images report them.
    class Stream:
        def read(self):
            raise AssertionError

    class Deaf(Stream):
        def tell(self):
            return 0

        def seek(self, *_):
            return None

    empty = as_sent({"type": "base64", "data": ""})
    for file in (Path("no/such/file"), Path("nul\0l"), Stream(), Deaf(), io.BytesIO):
        assert body_bytes({"type": "base64", "data": file}) == empty


# Invalid requests

CYCLE: dict = {"role": "user"}
CYCLE["content"] = [CYCLE]
DEEP: list = []
for _ in range(MAX_DEPTH + 5):
    DEEP = [DEEP]


@pytest.mark.parametrize(
    ("params", "location", "problem"),
    [
        (None, "", "must be an object, not null"),
        ([], "", "must be an object, not list"),
        ("text", "", "must be an object, not str"),
        (Model, "", "must be an object, not type"),
        ({}, "messages", "is missing: a request has a list of messages"),
        ({"messages": None}, "messages", "must be a list, not null"),
        ({"messages": "text"}, "messages", "must be a list, not str"),
        ({"messages": {"a": 1}}, "messages", "must be a list, not dict"),
        ({"messages": 7}, "messages", "must be a list, not int"),
        ({"messages": [None]}, "messages.0", "must be an object, not null"),
        ({"messages": [{}]}, "messages.0.content", "is missing"),
        ({"messages": [{"role": "user", "content": None}]}, "messages.0.content", "is missing"),
        ({"messages": [{"content": "a"}]}, "messages.0.role", "is missing"),
        ({"messages": [{"role": 7, "content": "a"}]}, "messages.0.role", "must be text"),
        ({"messages": [{"role": "user", "content": 7}]}, "messages.0.content", "must be a list, not int"),
        ({"messages": [{"role": "user", "content": IMAGE}]}, "messages.0.content", "must be a list, not dict"),
        ({"messages": [], "model": 7}, "model", "must be text"),
        ({"messages": [], "fallbacks": 7}, "fallbacks", "must be a list, not int"),
        ({"messages": [], "fallbacks": ["a"]}, "fallbacks.0", "must be an object, not str"),
        ({"messages": [], "fallbacks": [{"model": "a"}, {}]}, "fallbacks.1.model", "must be text"),
        ({"messages": [], 7: "a"}, "", "has a key that is not text: int"),
        ({"messages": [], "metadata": {None: "a"}}, "metadata", "has a key that is not text: null"),
        ({"messages": [], "top_p": float("nan")}, "top_p", "contains a number that is not valid in JSON"),
        ({"messages": [], "top_p": float("-inf")}, "top_p", "contains a number that is not valid in JSON"),
        ({"messages": [], "max_tokens": 10**5000}, "max_tokens", "contains a number that is not valid in JSON"),
        ({"messages": [], "system": "\ud800"}, "system", "contains a lone surrogate, which cannot be sent as UTF-8"),
        ({"messages": [], "a": [1, "b\udfff"]}, "a.1", "contains a lone surrogate, which cannot be sent as UTF-8"),
        ({"messages": [], "\udc00": 1}, "", "contains a lone surrogate, which cannot be sent as UTF-8"),
        ({"messages": [], "a": b"bytes"}, "a", "must be an object, not bytes"),
        ({"messages": [], "a": bytearray(3)}, "a", "must be an object, not bytearray"),
        ({"messages": [], "a": [object()]}, "a.0", "must be an object, not object"),
        ({"messages": [], "a": 1j}, "a", "must be an object, not complex"),
        ({"messages": [], "a": Path("a")}, "a", f"must be an object, not {type(Path()).__name__}"),
        ({"messages": [CYCLE]}, ("messages.0" + ".content.0" * 40)[:80] + "...", "is nested deeper than 200 levels"),
        ({"messages": [], "a": DEEP}, "a" + ".0" * 39 + "...", "is nested deeper than 200 levels"),
    ],
)  # fmt: skip
def test_an_invalid_request_is_an_error_with_its_location(params, location, problem):
    found_location, found_problem = refused(params)
    if found_problem.startswith("is nested"):
        assert found_location[:70] == location[:70]
        assert len(found_location) == 83
    else:
        assert found_location == location
    assert found_problem == problem


@pytest.mark.parametrize(
    ("block", "location", "problem"),
    [
        ("text", "", "must be an object, not str"),
        (["image"], "", "must be an object, not list"),
        ({}, ".type", "is missing"),
        ({"type": ["image"]}, ".type", "must be text"),
        (
            {"type": "document", "source": {"type": "content", "content": 7}},
            ".source.content",
            "must be a list, not int",
        ),
        (result(7), ".content", "must be a list, not int"),
        (result(["text"]), ".content.0", "must be an object, not str"),
        (result([{"type": None}]), ".content.0.type", "is missing"),
    ],
)
def test_an_invalid_block_is_an_error_with_its_location(block, location, problem):
    assert refused(request(TEXT, block)) == ("messages.0.content.1" + location, problem)


@pytest.mark.parametrize("levels", [1, 50, 97])
def test_nested_results_are_read(levels):
    block = IMAGE
    for _ in range(levels):
        block = result([block])
    assert locations_of(request(block)) == ["messages.0.content.0" + ".content.0" * levels]


def test_nesting_has_a_limit():
    value: list = []
    for _ in range(MAX_DEPTH):
        value = [value]
    assert body_bytes(value) == 2 * (MAX_DEPTH + 1)
    with pytest.raises(RequestError, match=r"nested deeper than 200 levels$"):
        body_bytes([value])


def test_a_model_that_does_not_dump_a_mapping_is_an_error():
    model = Model()
    model.fields = "text"
    with pytest.raises(RequestError, match=r"^a\.0: must be an object, not Model$"):
        as_object(model, "a.0")


# Objects that raise


class Raising(UserDict):
    """Raises when it is read, after a number of successful calls."""

    def __init__(self, data, error, calls=0):
        super().__init__(data)
        self.error, self.calls = error, calls

    def items(self):
        self.calls -= 1
        if self.calls < 0:
            raise self.error
        return super().items()


class RaisingAttribute:
    """An object whose own attributes raise."""

    def __init__(self, error):
        self.error = error

    @property
    def model_dump(self):
        raise self.error

    @property
    def __class__(self):
        return type(self)


class RaisingList(UserList):
    def __iter__(self):
        raise ValueError("no\nitems")


@pytest.mark.parametrize(
    ("block", "location", "problem"),
    [
        (Raising({}, ValueError("closed")), ".1", "cannot be read: ValueError: closed"),
        (RaisingAttribute(ZeroDivisionError()), ".1", "cannot be read: ZeroDivisionError"),
        (
            TEXT | {"text": RaisingAttribute(MemoryError("x" * 500))},
            ".1.text",
            "cannot be read: MemoryError: " + "x" * 200,
        ),
        (TEXT | {"extra": RaisingList()}, ".1.extra", "cannot be read: ValueError: no"),
        (Raising(TEXT, LookupError("gone"), calls=1), ".1", "cannot be read: LookupError: gone"),
        (result(RaisingList()), ".1.content", "cannot be read: ValueError: no"),
    ],
)
def test_an_object_that_raises_is_an_error_with_its_location(block, location, problem):
    assert refused(request(TEXT, block)) == (f"messages.0.content{location}", problem)


def test_a_list_that_raises_when_read_again_is_an_error_with_its_location():
    class Once(UserList):
        calls = 0

        def __iter__(self):
            self.calls += 1
            if self.calls > 1:
                raise OSError("gone")
            return iter(self.data)

    assert refused(request(result(Once([TEXT])))) == ("messages.0.content.0.content", "cannot be read: OSError: gone")


def test_a_recursion_error_is_reported_as_nesting():
    class Deep(UserList):
        def __iter__(self):
            raise RecursionError

    for read, value in ((as_object, Raising({}, RecursionError())), (as_items, Deep())):
        with pytest.raises(RecursionError):
            read(value, "a")
    for value in (Raising({}, RecursionError()), Deep()):
        with pytest.raises(RequestError, match="too deeply"):
            read_request(request(result(value)))


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit, GeneratorExit])
def test_interrupts_are_not_caught(error):
    for block in (Raising({}, error()), RaisingAttribute(error())):
        with pytest.raises(error):
            check_request(request(block))


def test_a_file_that_raises_any_exception_is_a_finding():
    class File:
        def read(self, *_):
            raise RuntimeError("torn")

        tell = seek = read

    findings = check_request(
        request({"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": File()}})
    )
    assert "it is a file that cannot be read: " in findings.errors[0].message
    findings = check_request(request({"type": "document", "source": {"type": "base64", "data": File()}}))
    assert "cannot read PDF: the file cannot be read: torn" in [finding.message for finding in findings.errors]


def test_a_long_key_is_not_copied_for_every_item(monkeypatch):
    """Regression: 4 MB of JSON took half a minute, because each item of a list got a location with the whole key."""
    calls = []
    join = body._at_key
    monkeypatch.setattr(body, "_at_key", lambda *given: calls.append(given) or join(*given))
    assert body_bytes({"k" * 10_000: [0] * 10_000}) == 10_000 + 20_000 + 6
    assert calls == []
    with pytest.raises(RequestError) as raised:
        body_bytes({"k" * 10_000: [0] * 10 + [float("nan")]})
    assert raised.value.location == "k" * 80 + "..."
    assert len(calls) == 2


# Random values

WORDS = """
type image document text tool_result tool_use source content base64 url file data media_type role user messages model
fallbacks transformations oversized_image error toolset_name tool_use_id id claude-opus-5 claude-sonnet-4-6 default
image/png R0lGODlhCAAGAAAAACwAAAAACAAGAAACAQA7 iVBORw0KGgo= data:image/png;base64,iVBORw0KGgo= application/pdf
"""
KEYS = st.sampled_from(WORDS.split())
JUNK = st.recursive(
    SCALARS | st.floats() | KEYS | st.text(max_size=5) | st.binary(max_size=3) | st.just(object()) | st.just(Omit()),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(KEYS, inner, max_size=5)
        | st.dictionaries(st.integers() | st.none() | st.text(max_size=2), inner, max_size=2)
    ),
    max_leaves=25,
)


def valid():
    data = base64.b64encode(png(640, 480)).decode()
    encoded = {"type": "base64", "media_type": "image/png", "data": data}
    pdf = {"type": "base64", "media_type": "application/pdf", "data": "JVBERi0xLjQK"}
    params = {
        "model": "claude-opus-5",
        "max_tokens": 9,
        "fallbacks": [{"model": "claude-sonnet-4-6"}],
        "messages": [
            {
                "role": "user",
                "content": [
                    {"type": "image", "source": encoded, "transformations": {"oversized_image": "error"}},
                    {"type": "document", "source": pdf},
                    {"type": "document", "source": {"type": "content", "content": [{"type": "image", "source": URL}]}},
                    {"type": "text", "text": "Image 1:"},
                ],
            },
            {"role": "assistant", "content": [use("computer")]},
            {"role": "user", "content": [result([{"type": "image", "source": encoded}]), IMAGE]},
        ],
    }
    return json.loads(json.dumps(params))


def check_or_refuse(params):
    """Check a value: it is refused with an error at a location, or its findings are complete."""
    refusal = None
    try:
        findings = check_request(params, as_of=date(2026, 11, 22))
    except RequestError as error:
        refusal = error
    if refusal:
        assert refusal.problem
        assert str(refusal) == f"{refusal.location or 'the request'}: {refusal.problem}"
    else:
        assert all(finding.location and finding.message and finding.advice for finding in findings)
        json.dumps([finding._replace(sources=()) for finding in findings])


def nodes(value):
    """Yield every container in a request."""
    yield value
    for inner in value.values() if isinstance(value, dict) else value:
        if isinstance(inner, (dict, list)):
            yield from nodes(inner)


@given(JUNK)
def test_random_values_are_refused_or_checked(junk):
    check_or_refuse(junk)
    check_or_refuse({"messages": junk})
    check_or_refuse({"model": junk, "messages": [{"role": "user", "content": junk}]})
    check_or_refuse(request(junk))
    check_or_refuse(request({"type": "image", "source": junk, "transformations": junk}))
    check_or_refuse(request({"type": "image", "source": {"type": junk, "media_type": junk, "data": junk}}))
    check_or_refuse(request({"type": "image", "source": {"type": "base64", "media_type": junk, "data": junk}}))
    check_or_refuse(request({"type": "document", "source": {"type": "base64", "data": junk}}))
    check_or_refuse(request({"type": "document", "source": {"type": junk, "data": junk, "content": junk}}))


@given(st.data())
def test_a_request_with_parts_deleted_or_replaced_is_refused_or_checked(data):
    params = valid()
    for _ in range(data.draw(st.integers(1, 3))):
        every = [node for node in nodes(params) if node]
        node = data.draw(st.sampled_from(every))
        key = data.draw(st.sampled_from(list(node) if isinstance(node, dict) else range(len(node))))
        if data.draw(st.booleans()):
            del node[key]
        else:
            node[key] = data.draw(JUNK)
    check_or_refuse(params)


def test_the_request_before_mutation_is_valid():
    findings = check_request(valid(), as_of=date(2026, 11, 22))
    assert [image.location for image in findings.images] == [
        "messages.0.content.0",
        "messages.0.content.2.source.content.0",
        "messages.2.content.0.content.0",
        "messages.2.content.1",
    ]


def test_a_nearly_full_stack_is_an_error():
    value = 1
    for _ in range(150):
        value = [value]

    def call(levels):
        return call(levels - 1) if levels else read_request(request() | {"metadata": value})

    assert call(1).model == "claude-opus-5"
    with pytest.raises(RequestError, match="too deeply"):
        call(sys.getrecursionlimit() - len(inspect.stack(0)) - 150)


@pytest.mark.parametrize("role", ["user", "assistant"])
@pytest.mark.parametrize(
    "wrap",
    [
        lambda inner: [{"type": "tool_result", "tool_use_id": "a", "content": inner}] * 2,
        lambda inner: [{"type": "document", "source": {"type": "content", "content": inner}}] * 2,
        lambda inner: [{"type": "later", "content": inner}] * 2,
    ],
)
def test_blocks_that_share_children_are_bounded(wrap, role, monkeypatch):
    monkeypatch.setattr(content_reader, "MAX_BLOCKS", 1000)
    blocks = [{"type": "text", "text": "x"}]
    for _ in range(60):  # 2**60 blocks, as no JSON could have them
        blocks = wrap(blocks)
    with pytest.raises(RequestError, match=r"^the request: has more than 1,000 content blocks$"):
        read_request({"messages": [{"role": role, "content": blocks}]})


@pytest.mark.parametrize("wrap", [lambda inner: [inner, inner], lambda inner: {"a": inner, "b": inner}])
def test_the_bytes_of_shared_values_are_counted_without_visiting_them_again(wrap):
    value = wrap("x")
    for _ in range(9):
        value = wrap(value)
    assert body_bytes(value) == len(json.dumps(value, separators=(",", ":")))
    for _ in range(90):
        value = wrap(value)
    assert body_bytes(value) > 2**99
