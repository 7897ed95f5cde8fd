"""Compared with the libraries: their documents are read, and the results are valid for the Anthropic SDK."""

from __future__ import annotations

import pytest
from anthropic import types
from builders import CASES, DATA, OTHER, QUESTION, URL, chat, image, image_url, message, words
from pydantic import TypeAdapter

from imgcost.shapes import replaced, to_requests

pytestmark = pytest.mark.slow  # imports three SDKs

# Optional, so that the tests run on a Python that these libraries do not support yet.
messages = pytest.importorskip(
    "langchain_core.messages", reason="langchain-core is not installed", exc_type=ImportError
)
mcp = pytest.importorskip("mcp_types", reason="mcp-types is not installed")
openai_chat = pytest.importorskip("openai.types.chat", reason="openai is not installed")
openai_responses = pytest.importorskip("openai.types.responses", reason="openai is not installed")

V1 = {"type": "image", "base64": DATA, "mime_type": "image/png"}
V0 = {"type": "image", "source_type": "base64", "data": DATA, "mime_type": "image/png"}


def converted(document):
    [request] = to_requests(document)
    assert request.error is None
    return request


BLOCKS = {
    "text": types.TextBlockParam,
    "image": types.ImageBlockParam,
    "document": types.DocumentBlockParam,
    "tool_use": types.ToolUseBlockParam,
    "tool_result": types.ToolResultBlockParam,
}


def validate(block):
    """Validate a block and its content; pydantic validates nested iterables only when they are read."""
    content = block.get("content", [])
    TypeAdapter(BLOCKS[block["type"]]).validate_python({**block, "content": []} if content else block)
    for inner in content:
        validate(inner)


@pytest.mark.parametrize("name", CASES)
def test_converted_requests_are_valid_for_the_anthropic_sdk(name):
    params = converted(CASES[name].document).params
    for block in (*params.get("system", ()), *(block for turn in params["messages"] for block in turn["content"])):
        validate(block)
    assert {turn["role"] for turn in params["messages"]} <= {"user", "assistant"}


def test_the_parts_in_the_cases_are_valid_for_openai():
    for part in (
        image_url(),
        image_url(detail="high"),
        {"type": "file", "file": {"file_data": URL, "filename": "a.png"}},
    ):
        TypeAdapter(openai_chat.ChatCompletionContentPartParam).validate_python(part)
    [item] = CASES["openai-responses"].document["input"]
    TypeAdapter(openai_responses.ResponseInputContentParam).validate_python(item["content"][0])


def conversation():
    return [
        messages.SystemMessage("Be brief."),
        messages.HumanMessage([words(), V0, V1, image_url(), {"type": "image", "url": URL}, image()]),
        messages.AIMessage("So.", tool_calls=[{"name": "look", "args": {"at": 1}, "id": "a"}]),
        messages.ToolMessage([V1], tool_call_id="a", status="error"),
        messages.AIMessageChunk([words("Fine.")]),
    ]


def every_form_of(items):
    from langchain_core.load import dumpd  # noqa: PLC0415
    from langchain_core.prompt_values import ChatPromptValue  # noqa: PLC0415

    yield items
    yield {"messages": items}
    yield [dumpd(item) for item in items]
    yield dumpd(ChatPromptValue(messages=items))
    yield messages.messages_to_dict(items)
    yield [item.model_dump() for item in items]


def test_langchain_messages_are_read_in_every_form():
    expected = [
        message(words(), *[image()] * 5),
        message(words("So."), {"type": "tool_use", "id": "a", "name": "look", "input": {"at": 1}}, role="assistant"),
        message({"type": "tool_result", "tool_use_id": "a", "content": [image()], "is_error": True}),
        message(words("Fine."), role="assistant"),
    ]
    for document in every_form_of(conversation()):
        request = converted(document)
        assert (request.shape, request.params["system"]) == ("langchain", [words("Be brief.")])
        assert request.params["messages"] == expected


@pytest.mark.filterwarnings("ignore:The function `load` is in beta")
def test_langchain_loads_the_messages_that_are_written_back():
    from langchain_core.load import dumpd, load  # noqa: PLC0415

    document = [dumpd(messages.HumanMessage([words(), V0]))]
    new = replaced(document, converted(document).edits({"messages.0.content.1": image(OTHER)}))
    assert load(new[0], allowed_objects="messages").content[1] == {**V0, "data": OTHER}
    as_dict = messages.messages_to_dict([messages.HumanMessage([V1])])
    new = replaced(as_dict, converted(as_dict).edits({"messages.0.content.0": image(OTHER)}))
    assert messages.messages_from_dict(new)[0].content == [{**V1, "base64": OTHER}]


def test_langchain_messages_converted_for_openai_give_the_same_request():
    items = [messages.HumanMessage([words(), V0, V1]), messages.AIMessage(QUESTION)]
    openai_request = chat(*messages.convert_to_openai_messages(items))
    assert converted(openai_request).params["messages"] == converted(items).params["messages"]


@pytest.mark.parametrize("options", [{}, {"exclude_unset": True}, {"exclude_none": True}, None])
def test_mcp_results_are_read_as_the_library_writes_them(options):
    result = mcp.CallToolResult(
        content=[
            mcp.TextContent(type="text", text=QUESTION),
            mcp.ImageContent(type="image", data=DATA, mimeType="image/png"),
            mcp.EmbeddedResource(
                type="resource", resource=mcp.BlobResourceContents(uri="a:b", mimeType="image/png", blob=DATA)
            ),
        ]
    )
    document = result if options is None else result.model_dump(mode="json", by_alias=True, **options)
    request = converted(document)
    assert request.shape == "mcp"
    assert request.params["messages"][2]["content"][0]["content"] == [words(), image(), image()]
    new = replaced(document, request.edits({"messages.2.content.0.content.1": image(OTHER)}))
    assert mcp.CallToolResult.model_validate(new).content[1].data == OTHER


def test_converse_requests_are_valid_for_botocore():
    loaders = pytest.importorskip("botocore.loaders", reason="botocore is not installed: it is large")
    from botocore.model import ServiceModel  # noqa: PLC0415
    from botocore.validate import ParamValidator  # noqa: PLC0415

    model = ServiceModel(loaders.Loader().load_service_model("bedrock-runtime", "service-2"))
    shape = model.operation_model("Converse").input_shape
    for name in ("converse", "converse-bytes"):
        document = CASES[name].document
        new = replaced(document, converted(document).edits({CASES[name].location: image(OTHER)}))
        for params in (document, new):
            assert not ParamValidator().validate(params, shape).has_errors()
