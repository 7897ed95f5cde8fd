"""Convert Claude Code transcripts: the next request of the session, and the images it has sent so far."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from imgcost.shapes.drafts import Draft, Piece, as_is, media, text
from imgcost.shapes.entries import first_entries
from imgcost.shapes.history import Call, History, SentImage
from imgcost.shapes.media import base64_source
from imgcost.shapes.nodes import is_a
from imgcost.shapes.transcript_tree import TranscriptEntry, Tree, read_entries, text_at

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from imgcost.shapes.nodes import Node, Path
    from imgcost.shapes.requests import ShapedRequest

__all__ = ["convert", "recognizes"]

_CLEARED = "[Old tool result content cleared]"
_MEDIA = ("image", "document")


def recognizes(node: Node) -> bool:
    """Return whether these are entries of a transcript of Claude Code."""
    return any(
        (entry.text_at("type") in {"user", "assistant"} and _is_message(entry))
        or (entry.text_at("type") == "summary" and entry.has("leafUuid"))
        or entry.text_at("type") == "file-history-snapshot"
        for entry in first_entries(node)
    )


def _is_message(entry: Node) -> bool:
    keys = ("parentUuid", "uuid", "sessionId", "session_id", "isSidechain")
    return entry.get("message").has("content") and any(key in entry.fields() for key in keys)


def convert(node: Node) -> Iterator[ShapedRequest]:
    """Rebuild the conversation of a transcript."""
    items = node.array() if node.is_array() else [node]
    session = _Session(node, items)
    tree = Tree(read_entries(items))
    segments = tree.segments()
    for number, segment in enumerate(segments, 1):
        session.read_segment(segment, last=number == len(segments))
    if not session.draft.params["messages"]:
        raise node.error("has no messages")
    messages = {entry.position for entry in tree.entries if entry.kind in {"user", "assistant"}}
    left_out = messages.difference(entry.position for segment in segments for entry in segment)
    if left_out:
        session.draft.notes.append(
            f"{len(left_out)} of {len(messages)} messages are not among the ancestors of the newest: they were rewound"
        )
    yield session.request()


class _Session:
    """The state of reading a session."""

    def __init__(self, root: Node, items: list[Node]) -> None:
        self.draft = Draft(root)
        self.calls: list[Call] = []
        self.turn = 0
        self.turns = [0] * len(items)
        self.compactions = 0
        self._items = items
        self._images: dict[Path, SentImage] = {}
        self._answers: set[str] = set()

    def request(self) -> ShapedRequest:
        """Return the request that would be sent next."""
        model = next((call.model for call in reversed(self.calls) if call.model), None)
        if model:
            self.draft.params["model"] = model
        if self.compactions:
            self.draft.notes.append(
                f"the conversation was compacted ({self.compactions}x): older images are no longer sent"
            )
        images = tuple(self._images.values())
        history = History(calls=tuple(self.calls), images=images, compactions=self.compactions)
        return replace(self.draft.request(), turns=tuple(self.turns), history=history)

    def read_segment(self, segment: list[TranscriptEntry], *, last: bool) -> None:
        """Read a span between two compactions; the last one becomes the request."""
        answered = {call for entry in segment for call in entry.results}
        cleared = {call for entry in segment for call in _cleared(entry)}
        sent: list[tuple[Path, str, int]] = []
        ends: dict[str, int] = {}
        for entry in segment:
            self.compactions += entry.kind == "boundary"
            ends.update((call, len(self.calls)) for call in _cleared(entry))
            if entry.kind not in {"user", "assistant", "attachment"}:
                continue
            self._count_entry(entry)
            for role, piece in _pieces(entry, self._items[entry.position], answered):
                call = text_at(piece.block, "tool_use_id")
                is_cleared = call in cleared
                if last:
                    self.draft.add_turn(
                        role, self._items[entry.position], [_without_content(piece) if is_cleared else piece]
                    )
                for path, key, block in _media(piece):
                    location = f"{self.draft.last}{key}" if last and not is_cleared else None
                    # An image that a compaction kept is known from the span before.
                    image = self._images.get(path) or SentImage(block=block, path=path, turn=self.turn)
                    self._images[path] = replace(image, location=location)
                    sent.append((path, call, len(self.calls)))
        for path, call, start in sent:
            image = self._images[path]
            end = ends.get(call, len(self.calls))
            self._images[path] = replace(image, calls=(*image.calls, range(start, max(start, end))))

    def _count_entry(self, entry: TranscriptEntry) -> None:
        """Count the turn that an entry begins, or the call that it answers."""
        if entry.kind == "assistant" and entry.group not in self._answers:
            self._answers.add(entry.group)
            model, usage = entry.message.get("model"), entry.message.get("usage")
            self.calls.append(
                Call(
                    entry.position,
                    self.turn,
                    model if is_a(model, str) else None,
                    usage if is_a(usage, dict) else {},
                )
            )
        if not self.turns[entry.position]:
            self.turn += _is_prompt(entry)
            self.turns[entry.position] = self.turn


def _is_prompt(entry: TranscriptEntry) -> bool:
    """Return whether a user wrote an entry, so that it begins a turn."""
    written = not entry.results and entry.fields.get("isMeta") is not True
    return entry.kind == "user" and written and entry.fields.get("isCompactSummary") is not True


def _cleared(entry: TranscriptEntry) -> list[str]:
    """Return the calls whose results were cleared here."""
    metadata = entry.fields.get("microcompactMetadata") if entry.kind == "cleared" else None
    calls = metadata.get("compactedToolIds") if is_a(metadata, dict) else None
    return [call for call in calls if is_a(call, str)] if is_a(calls, list) else []


def _pieces(entry: TranscriptEntry, item: Node, answered: set[str]) -> Iterator[tuple[str, Piece]]:
    """Return the blocks of an entry with their roles; calls without a result are omitted, as Claude Code does."""
    if entry.kind == "attachment":
        yield from (("user", piece) for piece in _attached(item.get("attachment")))
        return
    content = item.get("message", "content")
    role = item.get("message", "role").text_or_none() or entry.kind
    for block in [content] if content.is_text() else content.array():
        if content.is_text() or block.is_text():
            yield role, text(block)
        elif block.object() and (block.text_at("type") != "tool_use" or block.text_at("id") in answered):
            yield role, as_is(block)


def _attached(attachment: Node) -> Iterator[Piece]:
    """Return what an attachment adds: an image that was mentioned, or a message that was queued."""
    file = attachment.get("content", "file")
    if attachment.get("content").text_at("type") == "image" and file.has("base64"):
        source = base64_source(file.text_at("type"), file.get("base64").text())
        yield media(
            attachment,
            source,
            file.get("base64"),
            file.get("type"),
            write=partial(_write_file, attachment),
            write_text=_queued,
        )
    if attachment.text_at("type") == "queued_command":
        prompt = attachment.get("prompt")
        for block in [prompt] if prompt.is_text() else prompt.elements():
            yield text(block) if block.is_text() else as_is(block)


def _write_file(attachment: Node, block: Mapping[str, Any]) -> Any:
    content, file = attachment.get("content"), attachment.get("content", "file")
    source = block["source"]
    new = {**file.fields(), "base64": source["data"], "type": source["media_type"]}
    return {**attachment.fields(), "content": {**content.fields(), "file": new}}


def _queued(words: str) -> Any:
    return {"type": "queued_command", "prompt": words}


def _media(piece: Piece) -> Iterator[tuple[Path, str, Mapping[str, Any]]]:
    """Return the images and documents of a block: path, key in the block, and block."""
    block = piece.block
    if text_at(block, "type") in _MEDIA:
        yield piece.path, "", block
    content = block.get("content")
    for number, inner in enumerate(content) if is_a(content, list) else ():
        if text_at(inner, "type") in _MEDIA:
            yield (*piece.path, "content", number), f".content.{number}", inner


def _without_content(piece: Piece) -> Piece:
    return Piece({**piece.block, "content": _CLEARED}, piece.path)
