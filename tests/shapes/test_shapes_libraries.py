"""LangChain, MCP, the Vercel AI SDK, LlamaIndex and logs: every form of their images."""

from __future__ import annotations

import base64
import json

import pytest
from builders import (
    CALL,
    CASES,
    DATA,
    MCP_IMAGE,
    OTHER,
    QUESTION,
    URL,
    V0,
    V1,
    call,
    chat,
    converse,
    converse_image,
    dumped,
    image,
    image_url,
    message,
    use,
    words,
)

from imgcost.errors import RequestError
from imgcost.shapes import detect, replaced, to_requests

REMOTE = "https://example.com/a.png"
LINK = {"type": "image", "source": {"type": "url", "url": REMOTE}}
FILE = {"type": "image", "source": {"type": "file", "file_id": "f"}}
RAW = base64.b64decode(DATA)


def converted(document, shape="auto"):
    [request] = to_requests(document, shape)
    if request.error:
        raise request.error
    return request


def turns(document, shape="auto"):
    """Return the role of each message, and the types of its blocks."""
    messages = converted(document, shape).params["messages"]
    return [(turn["role"], [block["type"] for block in turn["content"]]) for turn in messages]


def first(document):
    return converted(document).params["messages"][0]["content"][0]


def pdf(kind="base64", **source):
    return {"type": "document", "source": {"type": kind, **source}}


# LangChain


@pytest.mark.parametrize(
    ("block", "sent"),
    [
        (V0, image()),
        (V1, image()),
        ({**V1, "id": "lc_1"}, image()),
        ({"type": "image", "source_type": "url", "url": REMOTE}, LINK),
        ({"type": "image", "url": REMOTE}, LINK),
        ({"type": "image", "url": URL}, image()),
        ({"type": "image", "source_type": "id", "id": "f"}, FILE),
        ({"type": "image", "file_id": "f"}, FILE),
        ({"type": "file", "base64": "QQ=="}, pdf(media_type="application/pdf", data="QQ==")),
        ({"type": "file", "file_id": "f"}, pdf("file", file_id="f")),
        ({"type": "file", "source_type": "text", "text": "a"}, pdf("text", media_type="text/plain", data="a")),
        ({"type": "text-plain", "text": "a"}, pdf("text", media_type="text/plain", data="a")),
        ({"type": "non_standard", "value": image()}, image()),
        (image_url(), image()),
        ({"type": "file", "file": {"file_id": "f"}}, pdf("file", file_id="f")),
        (image(), image()),
        ({**V1, "cache_control": {"type": "ephemeral"}}, {**image(), "cache_control": {"type": "ephemeral"}}),
    ],
)
def test_a_langchain_block_is_converted(block, sent):
    document = [{"type": "human", "content": [block]}]
    assert detect(document) == "langchain"
    assert first(document) == sent


@pytest.mark.parametrize(
    "block", [V0, V1, {"type": "image", "url": REMOTE}, {"type": "image", "source_type": "id", "id": "f"}]
)
def test_a_langchain_image_is_written_back(block):
    document = [{"type": "human", "content": [block]}]
    new = replaced(document, converted(document).edits({"messages.0.content.0": image(OTHER)}))
    assert first(new) == image(OTHER)


@pytest.mark.parametrize(
    "block", [{"type": "file", "source_type": "text", "text": "a"}, {"type": "text-plain", "text": "a"}]
)
def test_a_langchain_text_file_can_be_replaced_by_text_only(block):
    request = converted([{"type": "human", "content": [block]}])
    assert request.edits({"messages.0.content.0": words()})
    with pytest.raises(RequestError, match=r"0.content.0: can be replaced by text only"):
        request.edits({"messages.0.content.0": image()})


def test_a_langchain_conversation_is_converted():
    tool_call = {"name": "look", "args": {"at": 1}, "id": "a"}
    document = [
        dumped("SystemMessage", "Be brief."),
        {"type": "system", "data": {"content": ""}},
        {"type": "HumanMessageChunk", "content": ["bare", words()]},
        {"type": "chat", "role": "user", "content": QUESTION},
        dumped("AIMessage", [words("so"), use("b")], tool_calls=[tool_call, {"name": "look", "args": {}, "id": "b"}]),
        dumped("ToolMessage", [V1], tool_call_id="a", status="error"),
        {"role": "tool", "content": None, "tool_call_id": "b"},
        {
            "type": "ai",
            "content": [
                {"type": "reasoning", "reasoning": "hm"},
                {"type": "tool_call", "id": "c", "name": "x", "args": "{}"},
            ],
        },
    ]
    request = converted(document)
    assert request.params["system"] == [words("Be brief.")]
    assert turns(document) == [
        ("user", ["text", "text", "text"]),
        ("assistant", ["text", "tool_use", "tool_use"]),
        ("user", ["tool_result", "tool_result"]),
        ("assistant", ["tool_use"]),
    ]
    failed, empty = request.params["messages"][2]["content"]
    assert failed == {"type": "tool_result", "tool_use_id": "a", "content": [image()], "is_error": True}
    assert empty == {"type": "tool_result", "tool_use_id": "b"}
    assert request.notes == ("7.content.0: reasoning is not part of the estimate",)
    locations = {
        "system.0": "0.kwargs.content",
        "messages.1.content.2.input": "4.kwargs.tool_calls.0.args",
        "messages.2.content.0.content.0.source.data": "5.kwargs.content.0.base64",
        "messages.2.content.1.tool_use_id": "6.tool_call_id",
    }
    assert {location: request.locate(location) for location in locations} == locations


def test_langchain_messages_are_found_alone_in_prompts_and_in_states():
    single = dumped("HumanMessage", [V1])
    prompt = {"lc": 1, "type": "constructor", "id": ["ChatPromptValue"], "kwargs": {"messages": [single]}}
    for document, location in [
        (single, "kwargs.content.0.base64"),
        (prompt, "kwargs.messages.0.kwargs.content.0.base64"),
        ({"messages": [single]}, "messages.0.kwargs.content.0.base64"),
        ({"type": "human", "data": {"content": [V1]}}, "data.content.0.base64"),
    ]:
        request = converted(document)
        assert (request.shape, request.locate("messages.0.content.0.source.data")) == ("langchain", location)
    unnamed = {"lc": 1, "type": "constructor", "id": ["a", "HumanMessageChunk"], "kwargs": {"content": QUESTION}}
    assert turns([unnamed]) == [("user", ["text"])]
    assert converted(call(message(V1), max_tokens=7)).notes == (
        "content blocks of LangChain: langchain-anthropic converts them, messages.create rejects them",
    )


class Model:
    """A minimal pydantic model, like the messages of LangChain."""

    def __init__(self, **fields):
        self.fields = fields

    def model_dump(self, **options):
        assert options == {"mode": "json", "by_alias": True, "exclude_none": True}
        return self.fields


def test_pydantic_models_are_read_and_written_back():
    document = [Model(type="human", content=[Model(**V1)])]
    request = converted(document)
    assert (request.shape, request.params["messages"]) == ("langchain", [message(image())])
    new = replaced(document, request.edits({"messages.0.content.0": image(OTHER)}))
    assert new == [{"type": "human", "content": [{**V1, "base64": OTHER}]}]


# MCP


def test_an_mcp_result_is_the_result_of_a_tool_call():
    assert turns({"content": [words(), MCP_IMAGE]}) == [
        ("user", ["text"]),
        ("assistant", ["tool_use"]),
        ("user", ["tool_result"]),
    ]
    failed = converted({"content": [words("no"), MCP_IMAGE], "isError": True})
    assert failed.params["messages"][2]["content"][0]["is_error"] is True
    assert failed.notes == ("a tool result alone: it is checked as the answer to one call",)


@pytest.mark.parametrize(
    ("document", "sent", "location"),
    [
        ({"jsonrpc": "2.0", "id": 1, "result": {"content": [MCP_IMAGE]}}, image(), "result.content.0.data"),
        ([words(), MCP_IMAGE], image(), "1.data"),
        ({"contents": [{"uri": "a:b", "mimeType": "image/png", "blob": DATA}]}, image(), "contents.0.blob"),
        ({"contents": [{"uri": "a:b", "text": QUESTION}]}, words(), "contents.0.text"),
        ({"content": [{"type": "resource_link", "uri": "a:b"}], "isError": False}, words("a:b"), "content.0"),
        (
            {"content": [{"type": "resource", "resource": {"uri": "a", "text": QUESTION}}]},
            words(),
            "content.0.resource.text",
        ),
        (
            {"content": [{**MCP_IMAGE, "mimeType": "application/pdf"}]},
            pdf(media_type="application/pdf", data=DATA),
            "content.0.data",
        ),
        (
            {"content": [{"type": "audio", "data": "QQ==", "mimeType": "audio/wav"}]},
            {"type": "audio", "data": "QQ==", "mimeType": "audio/wav"},
            "content.0.data",
        ),
    ],
)
def test_mcp_content_is_converted(document, sent, location):
    request = converted(document)
    [block] = [block for block in request.params["messages"][2]["content"][0]["content"] if block == sent]
    number = request.params["messages"][2]["content"][0]["content"].index(block)
    key = {"text": "text", "audio": "data"}.get(sent["type"], "source.data")
    located = request.locate(f"messages.2.content.0.content.{number}.{key}")
    assert (request.shape, located.removesuffix(".text") if sent == words("a:b") else located) == ("mcp", location)


def test_mcp_prompts_and_sampling_requests_are_converted():
    document = {"messages": [{"role": "user", "content": MCP_IMAGE}], "systemPrompt": "Be brief.", "maxTokens": 7}
    request = converted(document)
    assert request.params == {"system": [words("Be brief.")], "messages": [message(image())], "max_tokens": 7}
    assert request.locate("max_tokens") == "maxTokens"
    listed = {"jsonrpc": "2.0", "method": "m", "params": {"messages": [{"role": "user", "content": [MCP_IMAGE]}]}}
    assert converted(listed).locate("messages.0.content.0.source.data") == "params.messages.0.content.0.data"


# Vercel


def vercel_result(**given):
    call_part = {"type": "tool-call", "toolCallId": "a", "toolName": "look", "input": {"at": 1}}
    part = {"type": "tool-result", "toolCallId": "a", "toolName": "look", **given}
    return [message(QUESTION), message(call_part, role="assistant"), message(part, role="tool")]


@pytest.mark.parametrize(
    ("item", "sent"),
    [
        ({"type": "media", "data": DATA, "mediaType": "image/png"}, image()),
        ({"type": "file-data", "data": DATA, "mediaType": "image/png"}, image()),
        ({"type": "image-data", "data": DATA, "mediaType": "image/png"}, image()),
        ({"type": "image-url", "url": REMOTE}, LINK),
        ({"type": "file-url", "url": REMOTE, "mediaType": "image/png"}, LINK),
        ({"type": "image-file-id", "fileId": "f"}, FILE),
        ({"type": "image-file-id", "fileId": {"anthropic": "f"}}, FILE),
        (
            {"type": "file-data", "data": "QQ==", "mediaType": "application/pdf"},
            pdf(media_type="application/pdf", data="QQ=="),
        ),
        (words(), words()),
        ({"type": "custom", "providerOptions": {}}, {"type": "custom", "providerOptions": {}}),
    ],
)
def test_a_vercel_tool_result_is_converted(item, sent):
    document = vercel_result(output={"type": "content", "value": [item]})
    request = converted(document)
    assert request.params["messages"][2]["content"][0]["content"] == [sent]
    assert request.params["messages"][1]["content"][0]["input"] == {"at": 1}


@pytest.mark.parametrize(
    ("given", "content", "error"),
    [
        ({"output": {"type": "text", "value": "x"}}, words("x"), False),
        ({"output": {"type": "json", "value": {"a": 1}}}, words('{"a": 1}'), False),
        ({"output": {"type": "error-text", "value": "x"}}, words("x"), True),
        ({"output": {"a": 1}}, words('{"a": 1}'), False),
        ({"result": {"a": 1}}, words('{"a": 1}'), False),
        ({"result": "x", "isError": True}, words("x"), True),
        (
            {"result": 1, "experimental_content": [{"type": "image", "data": DATA, "mimeType": "image/png"}]},
            image(),
            False,
        ),
        ({"result": 1, "content": [{"type": "image", "data": DATA}]}, image(), False),
    ],
)
def test_a_tool_result_of_an_earlier_vercel_version_is_converted(given, content, error):
    block = converted(vercel_result(**given)).params["messages"][2]["content"][0]
    assert (block["content"], block.get("is_error", False)) == ([content], error)


@pytest.mark.parametrize(
    ("given_data", "sent"),
    [
        (DATA, image()),
        (URL, image()),
        (REMOTE, LINK),
        (RAW, image()),
        ({"type": "Buffer", "data": list(RAW)}, image()),
        ({str(number): byte for number, byte in enumerate(RAW)}, image()),
    ],
    ids=["text", "data-url", "url", "bytes", "buffer", "array"],
)
def test_vercel_data_of_every_type_is_converted(given_data, sent):
    for part in (
        {"type": "image", "image": given_data, "mediaType": "image/png"},
        {"type": "file", "data": given_data, "mimeType": "image/png"},
    ):
        assert first([message(part)]) == sent


def test_a_vercel_call_is_converted():
    document = {
        "model": "anthropic/claude-opus-5",
        "system": "Be brief.",
        "prompt": [
            message(QUESTION, role="system"),
            {"role": "user", "content": "text alone"},
            message({"type": "file", "url": URL, "mediaType": "image/png"}, "bare"),
            message(
                {"type": "reasoning", "text": "hm"},
                {"type": "tool-approval-request"},
                {"type": "new"},
                role="assistant",
            ),
        ],
    }
    request = converted(document)
    assert request.model == "anthropic/claude-opus-5"
    assert request.params["system"] == [words("Be brief."), words()]
    assert turns(document) == [("user", ["text", "image", "text"]), ("assistant", ["new"])]
    assert request.notes == ("prompt.3.content.0: reasoning is not part of the estimate",)


def test_vercel_ui_messages_are_converted():
    done = {"type": "tool-look", "toolCallId": "a", "state": "output-available", "input": {}, "output": {"a": 1}}
    document = {
        "messages": [
            {"role": "system", "parts": [words("Be brief.")]},
            {
                "role": "user",
                "parts": [words(), {"type": "file", "data": DATA, "mediaType": "image/png"}],
                "experimental_attachments": [{"name": "a", "contentType": "image/png", "url": URL}],
            },
            {
                "role": "assistant",
                "parts": [
                    {"type": "step-start"},
                    {"type": "reasoning", "text": "hm"},
                    done,
                    {
                        **done,
                        "type": "dynamic-tool",
                        "toolName": "x",
                        "toolCallId": "b",
                        "output": None,
                        "errorText": "no",
                    },
                    {**done, "toolCallId": "c", "output": None},
                    {
                        "type": "tool-invocation",
                        "toolInvocation": {"toolCallId": "d", "toolName": "y", "args": {}, "result": "r"},
                    },
                ],
            },
            {
                "role": "user",
                "content": QUESTION,
                "experimental_attachments": [{"contentType": "image/png", "url": REMOTE}],
            },
            {
                "role": "assistant",
                "content": "",
                "toolInvocations": [{"toolCallId": "e", "toolName": "z", "args": {}, "result": 1}],
            },
        ]
    }
    request = converted(document)
    assert request.params["system"] == [words("Be brief.")]
    assert [turn["role"] for turn in request.params["messages"]] == [
        "user",
        "assistant",
        "user",
        "assistant",
        "user",
        "assistant",
        "user",
        "assistant",
        "user",
    ]
    blocks = [block for turn in request.params["messages"] for block in turn["content"]]
    assert [block["name"] for block in blocks if block["type"] == "tool_use"] == ["look", "x", "look", "y", "z"]
    assert [block.get("is_error") for block in blocks if block["type"] == "tool_result"] == [None, True, None, None]
    assert blocks[1:3] == [image(), image()]
    assert request.locate("messages.0.content.2.source.data") == "messages.1.experimental_attachments.0.url"
    assert request.locate("messages.1.content.0.name") == "messages.2.parts.2.type"


@pytest.mark.parametrize("declared", [{}, {"mediaType": "image/*"}])
@pytest.mark.parametrize(("data", "media_type"), [(DATA, "image/png"), ("/9j/", "image/jpeg"), ("QQ==", "")])
def test_the_media_type_of_vercel_data_is_detected_if_it_is_not_declared(declared, data, media_type):
    document = [message({"type": "image", "image": data, **declared})]
    request = converted(document)
    assert request.params["messages"][0]["content"] == [image(data, media_type)]
    assert request.locate("messages.0.content.0.source.media_type") == "0.content.0.image"


@pytest.mark.parametrize("kind", ["image", "document"])
def test_a_vercel_file_id_can_be_replaced_by_data(kind):
    item = {"type": "image-file-id" if kind == "image" else "file-id", "fileId": "f", "mediaType": "application/pdf"}
    document = vercel_result(output={"type": "content", "value": [item]})
    location = "messages.2.content.0.content.0"
    block = {"type": kind, "source": {"type": "base64", "media_type": "application/pdf", "data": "QQ=="}}
    new = replaced(document, converted(document).edits({location: block}))
    assert converted(new).params["messages"][2]["content"][0]["content"] == [block]


def test_a_vercel_data_url_is_written_back_as_a_data_url():
    document = [{"role": "user", "parts": [{"type": "file", "mediaType": "image/png", "url": URL}]}]
    new = replaced(document, converted(document).edits({"messages.0.content.0": image(OTHER)}))
    assert new[0]["parts"][0]["url"] == f"data:image/png;base64,{OTHER}"


# LlamaIndex


@pytest.mark.parametrize(
    ("block", "sent"),
    [
        ({"block_type": "image", "image": DATA.encode(), "image_mimetype": "image/png"}, image()),
        ({"block_type": "image", "image": RAW, "image_mimetype": "image/png"}, image()),
        ({"block_type": "image", "image": DATA}, image()),
        ({"block_type": "image", "image": "QQ=="}, image("QQ==", "image/jpeg")),
        ({"block_type": "image", "url": REMOTE}, LINK),
        ({"block_type": "document", "data": "QQ=="}, pdf(media_type="application/pdf", data="QQ==")),
        ({"block_type": "text", "text": QUESTION}, words()),
    ],
)
def test_a_llamaindex_block_is_converted(block, sent):
    document = {"messages": [{"role": "user", "blocks": [block]}]}
    assert first(document) == sent


def test_a_llamaindex_conversation_is_converted():
    text_block = {"block_type": "text", "text": QUESTION}
    document = [
        {"role": "system", "blocks": [text_block]},
        {"blocks": [text_block, {"block_type": "image", "path": "a.png"}, {"block_type": "audio"}]},
        {
            "role": "model",
            "blocks": [{"block_type": "tool_call", "tool_call_id": "a", "tool_name": "x", "tool_kwargs": {}}],
        },
        {"role": "tool", "blocks": [text_block], "additional_kwargs": {"tool_call_id": "a"}},
    ]
    assert turns(document) == [("user", ["text"]), ("assistant", ["tool_use"]), ("user", ["tool_result"])]
    assert converted(document).notes == (
        "1.blocks.1: the file that it names is not read, so it is not part of the estimate",
        "1.blocks.2: a block of type 'audio' is not part of the estimate",
    )
    assert turns(document[1]) == [("user", ["text"])]
    replaced(document, {})


# Logs


@pytest.mark.parametrize(
    ("entry", "location"),
    [
        ({"request": {"body": CALL}}, "request.body.messages.0.content.0"),
        ({"request": {"body": json.dumps(CALL)}}, "request.body.messages.0.content.0"),
        ({"body": CALL, "response": {}}, "body.messages.0.content.0"),
        ({"kwargs": converse(converse_image())}, "kwargs.messages.0.content.0"),
        ({"payload": chat(message(image_url(detail="low")))}, "payload.messages.0.content.0"),
        (
            {"data": {"model": "m", "input": [message({"type": "input_image", "image_url": URL})]}},
            "data.input.0.content.0",
        ),
    ],
)
def test_a_log_entry_contains_a_request(entry, location):
    request = converted([{"text": "{"}, entry][1:])
    assert (request.shape, request.locate("messages.0.content.0")) == ("log", f"0.{location}")
    encoded = isinstance(entry.get("request", {}).get("body"), str)
    if encoded:
        with pytest.raises(RequestError, match="cannot be replaced"):
            request.edits({"messages.0.content.0": image()})
    else:
        assert request.edits({"messages.0.content.0": image()})


def test_a_log_entry_without_a_request_is_an_error_of_that_entry():
    good, bad, worse = to_requests([{"body": CALL}, {"body": "{"}, 5])
    assert good.error is None
    assert str(bad.error) == "1: has no request inside"
    assert str(worse.error) == "2: must be an object, not int"


def test_an_openai_batch_has_requests_of_both_apis():
    entries = [
        {"custom_id": "a", "url": "/v1/responses", "body": {"model": "m", "input": QUESTION}},
        {"custom_id": "b", "url": "/v1/chat/completions", "body": chat(message(image_url()))},
        {"custom_id": "c", "url": "/v1/chat/completions", "body": 5},
    ]
    requests = list(to_requests(entries))
    assert [request.id for request in requests] == ["a", "b", "c"]
    assert str(requests[2].error) == "2.body: must be an object, not int"
    assert {case.shape for case in CASES.values()} >= {"openai-batch", "log"}


@pytest.mark.parametrize(
    ("document", "shape", "problem"),
    [
        (
            [{"type": "human", "content": [{"type": "image"}]}],
            "langchain",
            "0.content.0: has neither base64 data, nor a URL, nor a file id",
        ),
        ([{"type": "human", "content": [5]}], "langchain", "0.content.0: must be an object, not int"),
        ([{"type": "human", "data": 5, "content": 5}], "langchain", "0.content: must be a list, not int"),
        ([5], "langchain", "0: must be an object, not int"),
        ({"content": [{**MCP_IMAGE, "mimeType": None}]}, "mcp", "content.0.mimeType: is missing"),
        ({"content": 5}, "mcp", "content: must be an object, not int"),
        (
            [{"role": "user", "content": [{"type": "image", "image": 5}]}],
            "vercel",
            "0.content.0.image: must be text, not int",
        ),
        (
            [message({"type": "image", "image": {"type": "Buffer", "data": ["x"]}})],
            "vercel",
            "0.content.0.image: must be bytes, base64 text or a URL",
        ),
        (
            [message({"type": "image", "image": {"type": "Buffer", "data": [256]}})],
            "vercel",
            "0.content.0.image: must be bytes, base64 text or a URL",
        ),
        (
            vercel_result(output={"type": "json", "value": b"x"}),
            "vercel",
            "2.content.0.output.value: is not JSON: TypeError",
        ),
        ([{"role": "user", "parts": 5}], "vercel", "0.parts: must be a list, not int"),
        (
            [{"role": "user", "blocks": [{"block_type": "image", "image": 5}]}],
            "llamaindex",
            "0.blocks.0.image: must be text",
        ),
    ],
)
def test_an_error_has_the_original_location(document, shape, problem):
    with pytest.raises(RequestError, match=f"^{problem}"):
        converted(document, shape)
