"""Requests in every shape are fixed and keep their shape, and the types of Python objects."""

from __future__ import annotations

import base64
import copy
import io
import random
from types import MappingProxyType

import pytest
from builders import (
    CASES,
    DATA,
    OTHER,
    V0,
    call,
    chat,
    converse,
    converse_image,
    image,
    image_url,
    message,
    words,
)
from hostile import fit_everywhere, mutated_with_errors
from pictures import encoded, pdf, png, text
from PIL import Image

from imgcost import check_request, fit_request
from imgcost.errors import RequestError
from imgcost.shapes import detect, replaced, to_requests

LARGE = png(900, 9000)
JPEG = encoded("JPEG", 90, 90)
NOT_WRITTEN = {"log-text"}


def with_data(value, data):
    """Return a document with other image data, in the same form."""
    if isinstance(value, dict):
        return {key: with_data(item, data) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(with_data(item, data) for item in value)
    if isinstance(value, bytes):
        return data if value == base64.b64decode(DATA) else value
    return value.replace(DATA, text(data)) if isinstance(value, str) else value


def image_of(document):
    """Return the image in a document."""
    [request] = to_requests(document)
    [found] = [source for source in sources_in(request.params) if source.get("type") == "base64"]
    data = base64.b64decode(found["data"])
    picture = Image.open(io.BytesIO(data))
    assert found["media_type"] == Image.MIME[picture.format]
    return picture


def rules_left(fitted):
    """Return the rules with errors that remain; the model of an OpenAI request is not one of Claude's."""
    return {finding.rule for finding in fitted.unfixed} - {"model"}


def sources_in(value):
    if isinstance(value, dict):
        if isinstance(value.get("source"), dict):
            yield value["source"]
        value = list(value.values())
    for item in value if isinstance(value, list) else ():
        yield from sources_in(item)


@pytest.mark.parametrize("name", CASES)
def test_a_large_image_is_shrunk_and_the_shape_stays(name):
    document = with_data(CASES[name].document, LARGE)
    before = copy.deepcopy(document)
    fitted = fit_request(document)
    assert document == before
    assert (rules_left(fitted), detect(fitted.params)) == (set(), CASES[name].shape)
    assert [change.rules for change in fitted.changes] == [("image-edge",)]
    assert max(image_of(fitted.params).size) <= 2576
    assert not fit_request(fitted.params).changes


@pytest.mark.parametrize("name", CASES)
def test_a_wrong_media_type_is_corrected(name):
    document = with_data(CASES[name].document, JPEG)
    if "media-type" not in {finding.rule for finding in check_request(document).errors}:
        return  # the shape does not declare a type
    fitted = fit_request(document)
    assert (rules_left(fitted), fitted.changes[0].action) == (set(), "declared as image/jpeg")
    assert image_of(fitted.params).format == "JPEG"


@pytest.mark.parametrize("name", CASES)
def test_what_cannot_be_fixed_stays_or_becomes_text(name):
    document = with_data(CASES[name].document, b"404 page not found, sorry")
    fitted = fit_request(document, remove_unfixable=False)
    assert (fitted.ok, fitted.params is document or fitted.params == document) == (False, True)
    removed = fit_request(document, remove_unfixable=True)
    assert rules_left(removed) == set()
    assert "[image removed: " in str(removed.params)


def test_a_shape_without_a_place_for_it_is_a_failure():
    log = [{"request": {"body": '{"model":"claude-opus-5","max_tokens":9,"messages":[{"role":"user","content":['
                                 '{"type":"image","source":{"type":"base64","media_type":"image/png","data":"'
                                + text(LARGE) + '"}}]}]}'}}]  # fmt: skip
    fitted = fit_request(log)
    assert fitted.params == log
    assert [failure.reason for failure in fitted.failures] == ["cannot be replaced in the shape 'log'"]
    document = {"type": "file", "file": {"file_data": f"data:image/png;base64,{text(pdf())}", "filename": "a.png"}}
    fitted = fit_request(chat(message(words(), document)))
    assert not fitted.ok
    assert fitted.failures


def test_the_detail_of_an_image_url_and_the_format_of_converse_are_kept():
    fitted = fit_request(chat(message(image_url(f"data:image/png;base64,{text(LARGE)}", detail="high"))))
    assert fitted.params["messages"][0]["content"][0]["image_url"]["detail"] == "high"
    fitted = fit_request(converse(converse_image(encoded("BMP", 50, 50), "jpeg")))
    new = fitted.params["messages"][0]["content"][0]["image"]
    assert (new["format"], type(new["source"]["bytes"])) == ("png", bytes)


def test_a_list_of_requests_is_fixed_one_by_one():
    requests = [call(message(image())), call(message(image(text(LARGE)))), call(message(image(OTHER)))]
    fitted = fit_request(requests)
    assert [new is old for new, old in zip(fitted.params, requests, strict=True)] == [True, False, True]
    assert [change.location for change in fitted.changes] == ["1.messages.0.content.0"]


def test_messages_of_langchain_keep_their_types():
    messages = pytest.importorskip("langchain_core.messages")
    prompt = [messages.SystemMessage("s"), messages.HumanMessage([words(), {**V0, "data": text(LARGE)}], id="7")]
    before = copy.deepcopy(prompt)
    fitted = fit_request(prompt)
    assert fitted.ok
    assert prompt == before
    assert fitted.params[0] is prompt[0]
    assert type(fitted.params[1]) is messages.HumanMessage
    assert (fitted.params[1].id, fitted.params[1].content[0]) == ("7", words())


def test_results_of_mcp_keep_their_types():
    types = pytest.importorskip("mcp_types")
    block = types.ImageContent(type="image", data=text(LARGE), mimeType="image/png")
    result = types.CallToolResult(content=[types.TextContent(type="text", text="x"), block])
    fitted = fit_request(result)
    assert fitted.ok
    assert fitted.params.content[0] is result.content[0]
    assert type(fitted.params.content[1]) is types.ImageContent
    assert (len(result.content[1].data), block.mime_type) == (len(text(LARGE)), "image/png")
    broken = types.CallToolResult(content=[types.ImageContent(type="image", data="", mimeType="image/png")])
    removed = fit_request(broken, remove_unfixable=True)
    assert type(removed.params.content[0]) is types.TextContent


def test_tuples_stay_tuples():
    fitted = fit_request({"model": "claude-opus-5", "max_tokens": 9, "messages": (message(image(text(LARGE))),)})
    assert type(fitted.params["messages"]) is tuple


def test_a_model_is_copied_even_if_a_new_value_is_not_valid_in_it():
    pydantic = pytest.importorskip("pydantic")

    class Numbers(pydantic.BaseModel, frozen=True):
        content: list[int]

    original = Numbers(content=[1, 2])
    for new in (5, "x"):
        [copied] = replaced([original], {(0, "content", 0): new})
        assert (type(copied), copied.content, original.content) == (Numbers, [new, 2], [1, 2])


class Model:
    """A pydantic model that does not work."""

    model_fields = MappingProxyType({})

    def model_dump(self, **_):
        return {"type": "image", "source": {"type": "base64"}}

    def model_copy(self, **_):
        raise ZeroDivisionError


def test_an_object_that_cannot_be_copied_is_an_error():
    model = Model()
    model.source = {"data": "y"}
    with pytest.raises(RequestError, match="cannot be copied: ZeroDivisionError"):
        replaced({"a": model}, {("a", "source", "data"): "x"})
    Model.model_copy = copy.copy
    with pytest.raises(RequestError, match="cannot be copied: AttributeError"):
        replaced({"a": model}, {("a", "other", "data"): "x"})
    with pytest.raises(RequestError, match="is not in this document"):
        replaced({"a": model}, {("a", "source", "none", "x"): "x"})
    assert replaced({"a": model}, {("a",): "x"}) == {"a": "x"}


@pytest.mark.parametrize("seed", range(150))
def test_only_errors_of_imgcost_are_raised(seed):
    chance = random.Random(seed)
    fit_everywhere(chance, mutated_with_errors(chance))
