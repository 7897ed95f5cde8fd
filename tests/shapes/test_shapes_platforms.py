"""Bedrock and Google Cloud: Converse, bodies without a model, and their batches."""

from __future__ import annotations

import base64
import json

import pytest
from builders import BEDROCK, CONVERSE_ID, DATA, QUESTION, VERTEX, call, converse, converse_image, image, message, words

from imgcost.errors import RequestError
from imgcost.shapes import detect, replaced, to_requests

PDF = b"%PDF-1.4"
S3 = {"s3Location": {"uri": "s3://bucket/a.png"}}


def converted(document, shape="auto"):
    [request] = to_requests(document, shape)
    if request.error:
        raise request.error
    return request


def document_block(form="pdf", **source):
    return {"document": {"format": form, "name": "a", "source": source}}


def blocks(*given, **more):
    return converted(converse(*given, **more)).params["messages"][0]["content"]


def test_a_converse_conversation_is_converted():
    request = converted(
        {
            "modelId": CONVERSE_ID,
            "system": [{"text": "Be brief."}, {"cachePoint": {"type": "default"}}],
            "messages": [
                message({"text": QUESTION}, {"cachePoint": {"type": "default"}}),
                message(
                    {"reasoningContent": {"reasoningText": {"text": "hm", "signature": "s"}}},
                    {"toolUse": {"toolUseId": "a", "name": "look", "input": {"at": 1}}},
                    role="assistant",
                ),
                message(
                    {
                        "toolResult": {
                            "toolUseId": "a",
                            "content": [{"text": "x"}, {"json": {"a": 1}}, converse_image()],
                            "status": "error",
                        }
                    },
                    {"guardContent": {"text": {"text": "guarded"}}},
                    {"guardContent": converse_image()},
                ),
            ],
            "inferenceConfig": {"maxTokens": 9},
            "toolConfig": {
                "tools": [
                    {"toolSpec": {"name": "look", "inputSchema": {"json": {"type": "object"}}}},
                    {"cachePoint": {"type": "default"}},
                ]
            },
        }
    )
    assert request.params == {
        "model": CONVERSE_ID,
        "max_tokens": 9,
        "system": [words("Be brief.")],
        "tools": [{"name": "look", "input_schema": {"type": "object"}}],
        "messages": [
            message({**words(), "cache_control": {"type": "ephemeral"}}),
            message(
                {"type": "thinking", "thinking": "hm", "signature": "s"},
                {"type": "tool_use", "id": "a", "name": "look", "input": {"at": 1}},
                role="assistant",
            ),
            message(
                {
                    "type": "tool_result",
                    "tool_use_id": "a",
                    "content": [words("x"), words('{"a": 1}'), image()],
                    "is_error": True,
                },
                words("guarded"),
                image(),
            ),
        ],
    }
    locations = {
        "model": "modelId",
        "max_tokens": "inferenceConfig.maxTokens",
        "system.0": "system.0",
        "messages.1.content.1.input": "messages.1.content.1.toolUse.input",
        "messages.2.content.0.content.2.source.data": "messages.2.content.0.toolResult.content.2.image.source.bytes",
        "messages.2.content.2.source": "messages.2.content.2.guardContent.image.source.bytes",
    }
    assert {location: request.locate(location) for location in locations} == locations


def test_converse_documents_are_converted():
    pdf = base64.b64encode(PDF).decode()
    source = {"type": "base64", "media_type": "application/pdf", "data": pdf}
    assert blocks(document_block(bytes=PDF)) == [{"type": "document", "source": source}]
    assert blocks(document_block(bytes=pdf)) == [{"type": "document", "source": source}]
    markdown = {"type": "text", "media_type": "text/plain", "data": "# a"}
    assert blocks(document_block("md", bytes=b"# a")) == [{"type": "document", "source": markdown}]
    assert blocks(document_block("md", bytes="IyBh")) == [{"type": "document", "source": markdown}]
    assert blocks(document_block("txt", text="# a")) == [{"type": "document", "source": markdown}]
    assert blocks(document_block(None, content=[{"text": "a"}, {"text": "b"}])) == [words("a"), words("b")]


@pytest.mark.parametrize("data", [PDF, base64.b64encode(PDF).decode()])
def test_a_document_is_written_back_as_bytes_or_base64_like_the_original(data):
    document = converse(document_block(bytes=data))
    source = {"type": "base64", "media_type": "application/pdf", "data": "JVBERg=="}
    block = {"type": "document", "source": source}
    new = replaced(document, converted(document).edits({"messages.0.content.0": block}))
    assert new["messages"][0]["content"][0]["document"]["source"] == {"bytes": b"%PDF" if data is PDF else "JVBERg=="}
    note = replaced(document, converted(document).edits({"messages.0.content.0": words("gone")}))
    assert note["messages"][0]["content"] == [{"text": "gone"}]


def test_a_plain_text_document_can_be_replaced_by_text_only():
    document = converse(document_block("md", bytes="IyBh"))
    block = {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "b"}}
    with pytest.raises(RequestError, match=r"^messages.0.content.0: can be replaced by text only"):
        converted(document).edits({"messages.0.content.0": block})


def test_a_converse_image_cannot_be_replaced_by_a_url():
    linked = {"type": "image", "source": {"type": "url", "url": "https://example.com/a"}}
    with pytest.raises(RequestError, match=r"can be replaced by base64 data only$"):
        converted(converse(converse_image())).edits({"messages.0.content.0": linked})


def test_media_in_s3_and_docx_files_are_noted():
    media = [
        {"image": {"format": "png", "source": S3}},
        {"document": {"format": "pdf", "name": "a", "source": S3}},
        document_block("docx", bytes=b"PK"),
    ]
    request = converted(converse({"text": QUESTION}, *media))
    assert request.params["messages"] == [message(words())]
    assert request.notes == (
        "messages.0.content.1.image.source.s3Location: an image in S3 is not read, so it is not part of the estimate",
        (
            "messages.0.content.2.document.source.s3Location: a document in S3 is not read, "
            "so it is not part of the estimate"
        ),
        "messages.0.content.3.document: Bedrock converts a docx file to text, which is not part of the estimate",
    )


def test_an_unsupported_block_keeps_its_type():
    assert blocks({"text": "x"}, {"video": {"format": "mp4"}}, {}) == [
        words("x"),
        {"type": "video"},
        {"type": "nothing"},
    ]
    assert converted([message({"video": {}})]).shape == "converse"


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        (converse_image(5), "messages.0.content.0.image.source.bytes: must be text, not int"),
        (converse_image(form=None), "messages.0.content.0.image.format: is missing"),
        (document_block("md", bytes="é"), "messages.0.content.0.document.source.bytes: is not base64"),
        (document_block("md", bytes=5), "messages.0.content.0.document.source.bytes: must be text, not int"),
        ({"toolResult": {"content": 5}}, "messages.0.content.0.toolResult.content: must be a list, not int"),
        (5, "messages.0.content.0: must be an object, not int"),
    ],
)
def test_an_error_has_the_original_location(given, problem):
    with pytest.raises(RequestError, match=f"^{problem}"):
        blocks(given)


@pytest.mark.parametrize("encode", [json.dumps, lambda body: json.dumps(body).encode(), lambda body: body])
def test_arguments_of_invoke_model_are_converted(encode):
    document = {"modelId": CONVERSE_ID, "body": encode(BEDROCK)}
    request = converted(document)
    assert (request.shape, request.model, request.platform) == ("bedrock-invoke", CONVERSE_ID, "bedrock")
    assert request.params == BEDROCK
    assert request.locate("messages.0.content.0") == "body.messages.0.content.0"
    if isinstance(document["body"], dict):
        assert request.edits({"messages.0.content.0": words()})
    else:
        with pytest.raises(RequestError, match=r"body.messages.0.content.0: cannot be replaced"):
            request.edits({"messages.0.content.0": words()})


def test_a_body_that_is_not_json_is_an_error():
    with pytest.raises(RequestError, match=r"^body: is not JSON: JSONDecodeError"):
        converted({"modelId": CONVERSE_ID, "body": "{"})


def test_entries_of_a_batch_are_detected_one_by_one():
    entries = [
        {"recordId": "a", "modelInput": BEDROCK},
        {"recordId": "b", "modelInput": converse(converse_image())},
        {"recordId": "c", "modelInput": 5},
    ]
    first, second, third = to_requests(entries)
    assert (first.model, second.model) == (None, CONVERSE_ID)
    assert str(third.error) == "2.modelInput: must be an object, not int"
    assert detect({"request": VERTEX}) == "google-cloud-batch"
    assert detect({"custom_id": "a", "request": call(message(image()))}) == "google-cloud-batch"
    assert detect({"request": call(message(image()))}) == "log"
    assert DATA in json.dumps(first.params)
