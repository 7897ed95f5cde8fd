"""Transcripts of Claude Code: which entries belong to the conversation, and which calls sent each image."""

from __future__ import annotations

import pytest
from builders import CLAUDE, DATA, OTHER, QUESTION, TRANSCRIPT, entry, image, json_lines, result, use, words

from imgcost.errors import RequestError
from imgcost.shapes import detect, read_document, replaced, to_requests

NOISE = [
    {"type": "file-history-snapshot", "messageId": "m", "snapshot": {}},
    {"type": "queue-operation", "operation": "enqueue"},
    {"type": "system", "subtype": "turn_duration", "uuid": "x", "parentUuid": None},
    {"type": "custom-title"},
    5,
]


def converted(*entries):
    document, lines = read_document(json_lines(*entries))
    [request] = to_requests(document, lines=lines)
    return request


def turns_of(request):
    """Summarize each message: the first character of its role, then the text, id or type of each block."""
    return [
        (turn["role"][0], *(block.get("text") or block.get("id") or block["type"] for block in turn["content"]))
        for turn in request.params["messages"]
    ]


def images_of(request):
    """Return the turn, the number of calls that sent it, and the location of each image."""
    return [(image.turn, image.sent, image.location) for image in request.history.images]


def boundary(uuid, logical=None, **metadata):
    return {
        "type": "system",
        "subtype": "compact_boundary",
        "uuid": uuid,
        "parentUuid": None,
        "logicalParentUuid": logical,
        "compactMetadata": {"trigger": "auto", "preTokens": 9, **metadata},
    }


def summary(uuid, parent):
    return entry("user", uuid, parent, words("summary"), isCompactSummary=True, isVisibleInTranscriptOnly=True)


def cleared(uuid, parent, *calls):
    metadata = {"compactedToolIds": [*calls, 5]}
    return {
        "type": "system",
        "subtype": "microcompact_boundary",
        "uuid": uuid,
        "parentUuid": parent,
        "microcompactMetadata": metadata,
    }


def test_a_block_has_a_line_and_a_turn():
    request = converted(*NOISE, *TRANSCRIPT)
    location = "messages.2.content.0.content.0"
    assert turns_of(request) == [("u", QUESTION), ("a", "t1"), ("u", "tool_result")]
    assert request.locate(f"{location}.source.data") == "message.content.0.content.0.source.data"
    assert (request.line(location), request.turn(location), request.model) == (9, 1, CLAUDE)
    assert (request.line("messages.1"), request.locate("messages.1")) == (8, "")
    assert (request.line("max_tokens"), request.turn("max_tokens"), request.locate("max_tokens")) == (
        None,
        None,
        "max_tokens",
    )
    assert request.history.calls[0].usage == {"input_tokens": 9}
    assert request.history.calls[0].position == 7


def test_each_image_has_the_number_of_calls_that_sent_it():
    request = converted(
        entry("user", "1", None, words("one"), image()),
        entry("assistant", "2", "1", use("a")),
        entry("user", "3", "2", result("a", image(), words())),
        entry("assistant", "4", "3", words("so")),
        entry("user", "5", "4", words("meta"), isMeta=True),
        entry("user", "6", "5", words("two"), image(OTHER)),
    )
    assert images_of(request) == [
        (1, 2, "messages.0.content.1"),
        (1, 1, "messages.2.content.0.content.0"),
        (2, 0, "messages.4.content.2"),
    ]
    assert [call.turn for call in request.history.calls] == [1, 1]
    assert request.history.images[1].path == (2, "message", "content", 0, "content", 0)
    assert request.turn("messages.4.content.2") == 2


def test_entries_of_one_answer_are_one_message_and_so_are_the_results_of_its_calls():
    answer = {"message": {"id": "msg"}}
    request = converted(
        entry("user", "1", None, words("one")),
        entry("assistant", "2", "1", words("let me see"), **answer),
        entry("assistant", "3", "2", use("a"), **answer),
        entry("assistant", "4", "3", use("b"), **answer),
        entry("user", "5", "3", result("a", image())),
        entry("user", "6", "4", result("b", image())),
        entry("assistant", "7", "6", words("so")),
    )
    assert turns_of(request) == [
        ("u", "one"),
        ("a", "let me see", "a", "b"),
        ("u", "tool_result", "tool_result"),
        ("a", "so"),
    ]
    assert len(request.history.calls) == 2
    assert [image.sent for image in request.history.images] == [1, 1]
    assert request.notes == ()


def test_rewound_messages_are_left_out():
    request = converted(
        entry("user", "1", None, words("one")),
        entry("assistant", "2", "1", words("no")),
        entry("user", "3", "2", words("wrong"), image()),
        entry("user", "4", "2", words("better")),
    )
    assert turns_of(request) == [("u", "one"), ("a", "no"), ("u", "better")]
    assert request.notes == ("1 of 4 messages are not among the ancestors of the newest: they were rewound",)
    assert request.history.images == ()


def test_sidechains_api_errors_and_hidden_entries_are_left_out():
    request = converted(
        entry("user", "1", None, words("one")),
        entry("user", "s1", None, words("task"), image(), isSidechain=True),
        entry("assistant", "2", "1", words("API Error"), isApiErrorMessage=True),
        entry("assistant", "3", "2", words("none"), message={"model": "<synthetic>"}),
        entry("user", "4", "3", words("hidden"), isVisibleInTranscriptOnly=True),
        entry("user", "5", "4", words("again")),
    )
    assert turns_of(request) == [("u", "one", "again")]
    assert request.model is None
    agent = converted(entry("user", "1", None, words("task"), image(), isSidechain=True), {"type": "summary"})
    assert turns_of(agent) == [("u", "task", "image")]


def test_calls_without_a_result_are_left_out():
    request = converted(
        entry("user", "1", None, words("one")),
        entry("assistant", "2", "1", words("so"), use("a"), use("b")),
        entry("user", "3", "2", result("a", words())),
        entry("assistant", "4", "3", use("c")),
    )
    assert turns_of(request) == [("u", "one"), ("a", "so", "a"), ("u", "tool_result")]


def test_messages_before_a_compaction_are_not_sent_again():
    request = converted(
        entry("user", "1", None, words("one"), image()),
        entry("assistant", "2", "1", words("so")),
        boundary("b", "2"),
        summary("3", "b"),
        entry("user", "4", "3", words("two"), image()),
        entry("assistant", "5", "4", words("yes")),
    )
    assert turns_of(request) == [("u", "summary", "two", "image"), ("a", "yes")]
    assert images_of(request) == [(1, 1, None), (2, 1, "messages.0.content.2")]
    assert request.history.compactions == 1
    assert request.notes[0] == "the conversation was compacted (1x): older images are no longer sent"


@pytest.mark.parametrize(
    "metadata",
    [
        {"preservedSegment": {"headUuid": "3", "anchorUuid": "s", "tailUuid": "4"}},
        {"preservedMessages": {"anchorUuid": "s", "uuids": ["3", "4"], "allUuids": ["3", "4"]}},
    ],
)
def test_messages_preserved_by_a_compaction_follow_the_summary(metadata):
    request = converted(
        entry("user", "1", None, words("one"), image()),
        entry("assistant", "2", "1", words("so")),
        entry("user", "3", "2", words("two"), image(OTHER)),
        entry("assistant", "4", "3", words("yes")),
        boundary("b", "4", **metadata),
        summary("s", "b"),
        entry("user", "5", "s", words("three")),
        entry("assistant", "6", "5", words("fine")),
    )
    assert turns_of(request) == [("u", "summary", "two", "image"), ("a", "yes"), ("u", "three"), ("a", "fine")]
    assert images_of(request) == [(1, 2, None), (2, 2, "messages.0.content.2")]
    assert [len(request.history.calls), request.history.images[1].calls] == [3, (range(1, 2), range(2, 3))]


@pytest.mark.parametrize(
    "metadata",
    [
        {"preservedSegment": {"headUuid": "x", "anchorUuid": "s", "tailUuid": "4"}},
        {"preservedMessages": {"uuids": []}},
        {"preservedMessages": 5},
    ],
)
def test_invalid_metadata_of_a_compaction_is_ignored(metadata):
    request = converted(
        entry("user", "1", None, words("one")),
        boundary("b", "1", **metadata),
        summary("s", "b"),
    )
    assert turns_of(request) == [("u", "summary")]
    invalid = converted(
        entry("user", "1", None, words("one")), {**boundary("b", "b"), "compactMetadata": 5}, summary("s", "b")
    )
    assert turns_of(invalid) == [("u", "summary")]


def test_cleared_results_are_not_sent_again():
    request = converted(
        entry("user", "1", None, words("one")),
        entry("assistant", "2", "1", use("a"), use("b")),
        entry("user", "3", "2", result("a", image()), result("b", image())),
        entry("assistant", "4", "3", words("so")),
        cleared("5", "4", "a"),
        {**cleared("5b", "5"), "microcompactMetadata": 5},
        {**cleared("5c", "5b"), "microcompactMetadata": {"compactedToolIds": 5}},
        entry("user", "6", "5c", words("two")),
        entry("assistant", "7", "6", words("yes")),
    )
    cleared_result, kept_result = request.params["messages"][2]["content"]
    assert (cleared_result["content"], kept_result["content"]) == ("[Old tool result content cleared]", [image()])
    assert images_of(request) == [(1, 1, None), (1, 2, "messages.2.content.1.content.0")]


def test_a_compaction_after_an_older_message_and_one_without_earlier_messages():
    preserved = {"preservedSegment": {"headUuid": "3", "anchorUuid": "1", "tailUuid": "3"}}
    older = converted(
        entry("user", "1", None, words("one")),
        entry("assistant", "2", "1", words("so")),
        entry("user", "3", "2", words("two")),
        boundary("b", "3", **preserved),
        entry("user", "4", "1", words("three")),
    )
    assert turns_of(older) == [("u", "one", "two", "three")]
    assert turns_of(converted(boundary("b"), summary("s", "b"))) == [("u", "summary")]


def test_attachments_are_part_of_their_message():
    attachment = {
        "type": "file",
        "filename": "a.png",
        "content": {"type": "image", "file": {"base64": DATA, "type": "image/png"}},
    }
    document = [
        entry("user", "1", None, words("one")),
        {"type": "attachment", "uuid": "2", "parentUuid": "1", "attachment": attachment},
        {"type": "attachment", "uuid": "3", "parentUuid": "2", "attachment": {"type": "todo"}},
        {
            "type": "attachment",
            "uuid": "4",
            "parentUuid": "3",
            "attachment": {"type": "queued_command", "prompt": "text"},
        },
        {
            "type": "attachment",
            "uuid": "5",
            "parentUuid": "4",
            "attachment": {"type": "queued_command", "prompt": [image()]},
        },
        entry("user", "6", "5", words("two")),
    ]
    request = converted(*document)
    assert turns_of(request) == [("u", "one", "image", "text", "image", "two")]
    assert request.locate("messages.0.content.1.source.data") == "attachment.content.file.base64"
    assert request.line("messages.0.content.1") == 2
    for block in (image(OTHER), words("gone")):
        new = replaced(document, request.edits({"messages.0.content.1": block}))
        assert converted(*new).params["messages"][0]["content"][1] == block


def test_entries_without_a_tree_are_read_in_order():
    stream = [
        {"type": "system", "subtype": "init", "session_id": "s"},
        {"type": "user", "message": {"role": "user", "content": QUESTION}, "session_id": "s"},
        {
            "type": "assistant",
            "message": {"role": "assistant", "content": [words("a")]},
            "session_id": "s",
            "parent_tool_use_id": "t",
        },
        {"type": "assistant", "message": {"content": ["b"]}, "session_id": "s"},
        {"type": "system", "subtype": "compact_boundary", "session_id": "s"},
        {"type": "user", "message": {"role": "user", "content": [words("c"), image()]}, "session_id": "s"},
        {"type": "result", "result": "d"},
    ]
    request = converted(*stream)
    assert turns_of(request) == [("u", "c", "image")]
    assert [len(request.history.calls), request.history.compactions] == [1, 1]
    assert turns_of(converted(*stream[:4])) == [("u", QUESTION), ("a", "b")]


def test_an_image_of_a_transcript_is_replaced_by_a_note():
    document, lines = read_document(json_lines(*TRANSCRIPT))
    [request] = to_requests(document, lines=lines)
    new = replaced(document, request.edits({"messages.2.content.0.content.0": words("too large")}))
    assert new[3]["message"]["content"][0]["content"] == [words("too large")]
    assert new[:3] == document[:3]
    assert new[3]["toolUseResult"] is document[3]["toolUseResult"]


def test_cycles_and_missing_parents_in_the_tree():
    circular = converted(entry("user", "1", "2", words("one")), entry("assistant", "2", "1", words("so")))
    assert turns_of(circular) == [("u", "one"), ("a", "so")]
    orphaned = converted(entry("user", "1", "gone", words("one")), entry("user", 5, "1", words("loose"), sessionId="s"))
    assert turns_of(orphaned) == [("u", "loose")]
    preserved = {"preservedSegment": {"headUuid": "s", "anchorUuid": "s", "tailUuid": "s"}}
    self_preserving = converted(
        entry("user", "1", None, words("one")),
        boundary("b", "1", **preserved),
        summary("s", "b"),
        entry("user", "2", "s", words("x")),
    )
    assert turns_of(self_preserving) == [("u", "summary", "x")]
    cyclic = converted(boundary("b", "2"), entry("user", "2", "b", words("one")))
    assert turns_of(cyclic) == [("u", "one")]


@pytest.mark.parametrize(
    ("entries", "problem"),
    [
        ([{"type": "summary", "leafUuid": "u"}, {"type": "summary", "leafUuid": "v"}], "the request: has no messages"),
        ([*TRANSCRIPT, entry("user", "4", "u3", 5)], "line 5 message.content.0: must be an object, not int"),
        (
            [*TRANSCRIPT, {**entry("user", "4", "u3"), "message": {"content": 5}}],
            "line 5 message.content: must be a list, not int",
        ),
        (
            [*TRANSCRIPT, {**entry("user", "4", "u3"), "message": {"role": 5, "content": []}}],
            "line 5 message.role: must be text",
        ),
    ],
)
def test_an_error_names_the_line(entries, problem):
    with pytest.raises(RequestError, match=f"^{problem}"):
        converted(*entries)


def test_a_single_entry_is_a_transcript():
    assert detect(TRANSCRIPT[1]) == "claude-code"
    [request] = to_requests(TRANSCRIPT[1])
    assert (turns_of(request), request.line("messages.0"), request.turn("messages.0")) == (
        [("u", QUESTION)],
        None,
        None,
    )
