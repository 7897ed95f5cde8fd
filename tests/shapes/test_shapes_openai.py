"""OpenAI's two APIs, with the extensions of litellm and OpenRouter, and how they differ from the Messages API."""

from __future__ import annotations

import pytest
from builders import CLAUDE, DATA, QUESTION, URL, call, chat, image, image_url, message, result, use, words

from imgcost.errors import RequestError
from imgcost.shapes import detect, replaced, to_requests

PDF = "data:application/pdf;base64,JVBERi0="
REMOTE = "https://example.com/a.png"
FUNCTION = {"type": "function", "function": {"name": "look", "parameters": {"type": "object"}, "description": "d"}}


def converted(document):
    [request] = to_requests(document)
    return request


def part(given, **more):
    """Convert a part of a chat completion to a block."""
    request = converted(chat(message(image_url(detail="low"), given), **more))
    return request.params["messages"][0]["content"][1]


@pytest.mark.parametrize(
    ("given", "source"),
    [
        (image_url(REMOTE), {"type": "url", "url": REMOTE}),
        (image_url("data:image/png;base64"), {"type": "url", "url": "data:image/png;base64"}),
        (
            image_url("DATA:image/png;charset=x;BASE64,QQ=="),
            {"type": "base64", "media_type": "image/png", "data": "QQ=="},
        ),
        (image_url("data:image/svg+xml,%3Csvg"), {"type": "base64", "media_type": "image/svg+xml", "data": "PHN2Zw=="}),
        (image_url(URL, format="image/webp"), {"type": "base64", "media_type": "image/webp", "data": DATA}),
        ({"type": "input_image", "file_id": "f"}, {"type": "file", "file_id": "f"}),
    ],
)
def test_an_image_url_is_converted_to_a_source(given, source):
    assert part(given) == {"type": "image", "source": source}


@pytest.mark.parametrize(
    ("given", "kind", "source_type"),
    [
        (image_url(PDF), "document", "base64"),
        ({"type": "file", "file": {"file_data": PDF, "filename": "a.pdf"}}, "document", "base64"),
        ({"type": "file", "file": {"file_id": "file-1"}}, "document", "file"),
        ({"type": "file", "file": {"file_id": REMOTE, "format": "image/png"}}, "image", "url"),
        ({"type": "file", "file": {"file_data": "https://example.com/a.pdf"}}, "document", "url"),
        ({"type": "file", "file": {"file_data": URL, "filename": "a.png"}}, "image", "base64"),
        ({"type": "file", "file": {"file_id": "file-1", "filename": "A.PNG"}}, "image", "file"),
        ({"type": "input_file", "file_url": "https://example.com/a.pdf"}, "document", "url"),
        ({"type": "input_file", "file_data": PDF, "filename": "a.pdf"}, "document", "base64"),
        ({"type": "input_file", "file_id": "file-1"}, "document", "file"),
        (image(), "image", "base64"),
    ],
)
def test_a_file_is_converted_to_a_document_or_an_image(given, kind, source_type):
    block = part(given)
    assert (block["type"], block["source"]["type"]) == (kind, source_type)


@pytest.mark.parametrize(
    "given",
    [
        image_url(REMOTE),
        {"type": "file", "file": {"file_data": PDF, "format": "application/pdf", "filename": "a.pdf"}},
        {"type": "file", "file": {"file_id": "f"}},
        {"type": "input_file", "file_url": REMOTE, "filename": "a"},
        {"type": "input_image", "file_id": "f", "detail": "auto"},
        {"type": "input_image", "image_url": URL},
    ],
)
def test_media_are_written_back_as_data_urls(given):
    document = chat(message(image_url(detail="low"), given))
    location = "messages.0.content.1"
    kind = converted(document).params["messages"][0]["content"][1]["type"]
    data = {"type": kind, "source": {"type": "base64", "media_type": "application/pdf", "data": "QQ=="}}
    new = replaced(document, converted(document).edits({location: data}))
    assert converted(new).params["messages"][0]["content"][1]["source"]["data"] == "QQ=="
    linked = {"type": kind, "source": {"type": "url", "url": "https://example.com/b"}}
    new = replaced(document, converted(document).edits({location: linked}))
    assert converted(new).params["messages"][0]["content"][1]["source"] == linked["source"]
    note = replaced(document, converted(document).edits({location: words("gone")}))
    assert converted(note).params["messages"][0]["content"][1] == words("gone")
    with pytest.raises(RequestError, match="can be replaced by base64 data or a URL only"):
        converted(document).edits({location: {"type": kind, "source": {"type": "file", "file_id": "f"}}})
    with pytest.raises(RequestError, match=f"can be replaced by text or an? {kind} only"):
        converted(document).edits({location: {**data, "type": "other"}})


def test_a_conversation_with_tools_is_converted():
    document = {
        "model": "bedrock/anthropic.claude-opus-5",
        "max_completion_tokens": 7,
        "stream": True,
        "tools": [FUNCTION, {"type": "function", "function": {"name": "bare"}}, {"type": "web_search"}],
        "messages": [
            {"role": "system", "content": "Be brief.", "cache_control": {"type": "ephemeral"}},
            {"role": "developer", "content": [words("Be kind.")]},
            {"role": "user", "content": QUESTION, "cache_control": {"type": "ephemeral"}},
            {
                "role": "assistant",
                "content": "",
                "thinking_blocks": [{"type": "thinking", "thinking": "hm", "signature": "s"}],
                "tool_calls": [
                    {"id": "a", "type": "function", "function": {"name": "look", "arguments": '{"at": 1}'}},
                    {"id": "b", "type": "custom", "custom": {"name": "free", "input": "text"}},
                ],
            },
            {"role": "tool", "tool_call_id": "a", "content": [image_url()]},
            {"role": "tool", "tool_call_id": "b", "content": "nothing"},
            {"role": "user", "content": [{**words(), "cache_control": {"type": "ephemeral"}}, "bare text"]},
            {"role": "assistant", "content": None, "function_call": {"name": "old", "arguments": "[1]"}},
            {"role": "function", "name": "old", "content": "done"},
        ],
    }
    request = converted(document)
    assert request.platform == "bedrock"
    params = request.params
    assert [params["max_tokens"], params["stream"], params["model"]] == [7, True, request.model]
    assert params["system"] == [words("Be brief."), words("Be kind.")]
    assert params["tools"][0] == {"name": "look", "description": "d", "input_schema": {"type": "object"}}
    assert params["tools"][1:] == [{"name": "bare", "input_schema": {"type": "object"}}, {"type": "web_search"}]
    assert [(turn["role"], [block["type"] for block in turn["content"]]) for turn in params["messages"]] == [
        ("user", ["text"]),
        ("assistant", ["thinking", "tool_use", "tool_use"]),
        ("user", ["tool_result", "tool_result", "text", "text"]),
        ("assistant", ["tool_use"]),
        ("user", ["tool_result"]),
    ]
    assert params["messages"][0]["content"][0]["cache_control"] == {"type": "ephemeral"}
    assert params["messages"][2]["content"][2]["cache_control"] == {"type": "ephemeral"}
    assert [block["input"] for block in params["messages"][1]["content"][1:]] == [{"at": 1}, {"arguments": "text"}]
    assert params["messages"][3]["content"][0]["input"] == {"arguments": "[1]"}
    locations = {
        "system.0.text": "messages.0.content",
        "system.1.text": "messages.1.content.0.text",
        "messages.0.content.0.text": "messages.2.content",
        "messages.1.content.0.thinking": "messages.3.thinking_blocks.0.thinking",
        "messages.1.content.1.input": "messages.3.tool_calls.0.function.arguments",
        "messages.2": "messages.4",
        "messages.2.content.0.content.0.source.data": "messages.4.content.0.image_url.url",
        "messages.2.content.1.tool_use_id": "messages.5.tool_call_id",
        "messages.2.content.2": "messages.6.content.0",
        "messages.4.content.0": "messages.8",
        "max_tokens": "max_completion_tokens",
        "tools.0.name": "tools.0.name",
    }
    assert {location: request.locate(location) for location in locations} == locations


@pytest.mark.parametrize(
    ("model", "platform"), [("vertex_ai/x", "google-cloud"), ("azure_ai/x", "foundry"), ("a/x", None)]
)
def test_the_prefix_of_a_model_implies_the_platform(model, platform):
    assert converted({**chat(message(image_url())), "model": model}).platform == platform


@pytest.mark.parametrize(
    ("document", "shape"),
    [
        # image_url in a call of messages.create is an error in that call, not a chat completion.
        (call(message(words(), image_url())), "messages"),
        (call(message(image_url()), system="s"), "messages"),
        (call(message(use("a"), role="assistant"), message(result("a", image_url()))), "messages"),
        (call(message(QUESTION, role="system"), message(QUESTION)), "messages"),
        (
            {"model": CLAUDE, "messages": [message(image_url())], "tools": [{"name": "a", "input_schema": {}}]},
            "messages",
        ),
        ({"model": "anthropic/claude-sonnet-4.6", "messages": [message(image())]}, "messages"),
        ({"model": CLAUDE, "messages": [message(words())]}, "messages"),
        # Features of chat completions only.
        (call(message(image_url(detail="high"))), "openai-chat"),
        (call(message({"type": "image_url", "image_url": URL})), "openai-chat"),
        (call(message(words()), message(words(), role="developer")), "openai-chat"),
        (call(message(words()), seed=1), "openai-chat"),
        (call(message(words()), tools=[FUNCTION]), "openai-chat"),
        (call(message(image()), {"role": "assistant", "tool_calls": []}), "openai-chat"),
        # Ambiguous: without max_tokens, or with a provider in the model, these are not calls of messages.create.
        ({"model": CLAUDE, "messages": [message(image_url())]}, "openai-chat"),
        ({**call(message(image_url())), "model": "anthropic/claude-opus-5"}, "openai-chat"),
        ({"model": CLAUDE, "messages": [message(QUESTION, role="system"), message(QUESTION)]}, "openai-chat"),
        ({"model": CLAUDE, "input": QUESTION}, "openai-responses"),
        ({"model": CLAUDE, "input": [message(QUESTION)]}, "openai-responses"),
        ([{"type": "message", "role": "user", "content": QUESTION}], "openai-responses"),
        ([{"type": "input_image", "image_url": URL}], "openai-responses"),
    ],
)
def test_the_shapes_are_distinguished(document, shape):
    assert detect(document) == shape


def test_items_of_the_responses_api_are_converted():
    document = {
        "model": "azure_ai/claude-opus-5",
        "instructions": "Be brief.",
        "max_output_tokens": 9,
        "input": [
            message(QUESTION, role="system"),
            {"type": "message", "role": "user", "content": QUESTION},
            {"type": "reasoning", "id": "r", "summary": []},
            {"type": "function_call", "call_id": "a", "name": "look", "arguments": "{"},
            {"type": "function_call_output", "call_id": "a", "output": [{"type": "input_image", "image_url": URL}]},
            {"type": "computer_call", "call_id": "b", "action": {"type": "screenshot"}},
            {
                "type": "computer_call_output",
                "call_id": "b",
                "output": {"type": "computer_screenshot", "image_url": URL},
            },
            {"type": "message", "role": "assistant", "content": [{"type": "refusal", "refusal": "No."}]},
        ],
    }
    request = converted(document)
    assert request.platform == "foundry"
    assert request.notes == ("input.2: an item of type 'reasoning' is not part of the estimate",)
    assert request.params["system"] == [words("Be brief."), words(QUESTION)]
    assert [[block["type"] for block in turn["content"]] for turn in request.params["messages"]] == [
        ["text"],
        ["tool_use"],
        ["tool_result"],
        ["tool_use"],
        ["tool_result"],
        ["text"],
    ]
    assert request.params["messages"][1]["content"][0]["input"] == {"arguments": "{"}
    screenshot = "messages.4.content.0.content.0.source.data"
    assert request.locate(screenshot) == "input.6.output.image_url"
    assert request.locate("max_tokens") == "max_output_tokens"
    for given, sent in [(QUESTION, words()), ([{"type": "input_image", "image_url": URL}], image())]:
        assert converted({"model": CLAUDE, "input": given}).params["messages"][0]["content"] == [sent]
    assert converted([{"type": "input_image", "image_url": URL}]).params["messages"][0]["content"] == [image()]


def test_an_unsupported_part_keeps_its_type():
    assert part({"type": "input_audio", "input_audio": {}}) == {"type": "input_audio", "input_audio": {}}


def test_arguments_can_be_an_object():
    called = {"id": "a", "function": {"name": "x", "arguments": {"at": 1}}}
    request = converted(chat({"role": "assistant", "tool_calls": [called, {**called, "function": {"name": "y"}}]}))
    assert [block["input"] for block in request.params["messages"][0]["content"]] == [{"at": 1}, {}]


@pytest.mark.parametrize(
    ("document", "problem"),
    [
        (chat({"role": "user", "content": [5]}, seed=1), "messages.0.content.0: must be an object, not int"),
        (chat(message(image_url(5))), "messages.0.content.0.image_url.url: must be text, not int"),
        (
            chat(message({"type": "image_url", "image_url": 5})),
            "messages.0.content.0.image_url: must be an object, not int",
        ),
        (chat(message({"type": "image_url"})), "messages.0.content.0.image_url: must be an object, not null"),
        (chat({"content": QUESTION}, seed=1), "messages.0.role: is missing"),
        (chat("text", seed=1), "messages.0: must be an object, not str"),
        ({**chat(seed=1), "messages": 5}, "messages: must be a list, not int"),
        (chat(message({"type": "file", "file": 5})), "messages.0.content.0.file: must be an object, not int"),
        (chat({"role": "assistant", "tool_calls": 5}), "messages.0.tool_calls: must be a list, not int"),
        ({"model": CLAUDE, "input": [message(QUESTION), {"role": 5}]}, "input.1.role: must be text, not int"),
    ],
)
def test_an_error_has_the_original_location(document, problem):
    with pytest.raises(RequestError, match=f"^({problem})"):
        converted(document)
