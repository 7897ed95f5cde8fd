"""Read the entries of a Claude Code transcript, and select those of the conversation.

Entries form a tree through `uuid` and `parentUuid`. The conversation is the path from its newest message to the root.
Three things belong to it without being on that path: the blocks of an answer with several tool calls (each is an entry,
and all share `message.id`), the results of those calls, and messages that a compaction kept.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

from imgcost.shapes.nodes import is_a

if TYPE_CHECKING:
    from collections.abc import Mapping

    from imgcost.shapes.nodes import Node

__all__ = ["TranscriptEntry", "Tree", "read_entries", "text_at"]

_MARKS = {"compact_boundary": "boundary", "microcompact_boundary": "cleared"}


class TranscriptEntry(NamedTuple):
    """An entry of a transcript.

    Attributes:
        position: Its position among the items of the document.
        kind: `user`, `assistant`, `attachment`, `boundary` (a compaction), `cleared` (old results of tools were
            cleared), or `other`.
        fields: The entry.
        message: Its message.
        uuid: Its id; empty where it has none.
        group: The id that the entries of one answer share.
        results: The ids of the calls whose results it contains.
    """

    position: int
    kind: str
    fields: Mapping[Any, Any]
    message: Mapping[Any, Any]
    uuid: str
    group: str
    results: tuple[str, ...]


def read_entries(items: list[Node]) -> list[TranscriptEntry]:
    """Read the entries of a transcript; items that are not objects are skipped.

    Args:
        items: Its lines.

    Returns:
        The entries; those of sidechains only if the file has nothing else.
    """
    entries = [_entry(position, item.fields()) for position, item in enumerate(items)]
    main = [entry for entry in entries if not _is_of_sidechain(entry.fields)]
    return main if any(entry.kind in {"user", "assistant"} for entry in main) else entries


def text_at(value: Any, key: str) -> str:
    """Return the text at a key of an object; empty if there is none."""
    text = value.get(key) if is_a(value, dict) else None
    return text if is_a(text, str) else ""


def _entry(position: int, fields: Mapping[Any, Any]) -> TranscriptEntry:
    message = _object(fields.get("message"))
    kind = _kind(fields, message)
    uuid = text_at(fields, "uuid")
    group = text_at(message, "id") or uuid or str(position) if kind == "assistant" else ""
    results = tuple(_ids(message, "tool_result", "tool_use_id")) if kind == "user" else ()
    return TranscriptEntry(position, kind, fields, message, uuid, group, results)


def _kind(fields: Mapping[Any, Any], message: Mapping[Any, Any]) -> str:
    kind = text_at(fields, "type")
    if kind == "system":
        return _MARKS.get(text_at(fields, "subtype"), "other")
    if kind == "attachment":
        return kind
    if kind not in {"user", "assistant"}:
        return "other"
    # Errors of the API are shown as answers and never sent; a summary is shown and sent.
    hidden = fields.get("isVisibleInTranscriptOnly") is True and fields.get("isCompactSummary") is not True
    synthetic = fields.get("isApiErrorMessage") is True or text_at(message, "model") == "<synthetic>"
    return "other" if hidden or synthetic else kind


def _is_of_sidechain(fields: Mapping[Any, Any]) -> bool:
    return fields.get("isSidechain") is True or bool(text_at(fields, "parent_tool_use_id"))


def _ids(message: Mapping[Any, Any], kind: str, key: str) -> list[str]:
    """Return the ids of the calls, or of the results, in a message."""
    content = message.get("content")
    return [text_at(block, key) for block in content if text_at(block, "type") == kind] if is_a(content, list) else []


def _object(value: Any) -> dict[Any, Any]:
    return value if is_a(value, dict) else {}


class Tree:
    """The tree of a transcript's entries."""

    def __init__(self, entries: list[TranscriptEntry]) -> None:
        """Index the entries, and move messages that compactions kept after their summaries."""
        self.entries = entries
        self.threaded = any("parentUuid" in entry.fields for entry in entries)
        self._by_uuid: dict[str, TranscriptEntry] = {}
        self._groups: dict[str, list[TranscriptEntry]] = {}
        self._results: dict[str, TranscriptEntry] = {}
        for entry in entries:
            if entry.uuid:
                self._by_uuid.setdefault(entry.uuid, entry)
            if entry.group:
                self._groups.setdefault(entry.group, []).append(entry)
            for call in entry.results:
                self._results.setdefault(call, entry)
        self._parents = {entry.uuid: text_at(entry.fields, "parentUuid") for entry in self._by_uuid.values()}
        self._children: dict[str, list[TranscriptEntry]] = {}
        for entry in self._by_uuid.values():
            self._children.setdefault(self._parents[entry.uuid], []).append(entry)
        self._relinked: dict[str, tuple[int, str]] = {}
        for entry in entries:
            if entry.kind == "boundary":
                self._relink(entry)

    def segments(self) -> list[list[TranscriptEntry]]:
        """Return the conversation, oldest entries first.

        Returns:
            A list for each span between two compactions. The last one is what the next request sends.
        """
        if not self.threaded:
            return self._unthreaded()
        newest = next((entry for entry in reversed(self.entries) if entry.kind in {"user", "assistant"}), None)
        segments: list[list[TranscriptEntry]] = []
        end, crossed = math.inf, set[int]()
        while newest is not None:
            path = self._path_to(newest.uuid, end) or [newest]
            segments.insert(0, self._complete(path))
            boundary = path[0]
            if boundary.kind != "boundary" or boundary.position in crossed:
                break
            crossed.add(boundary.position)
            end = boundary.position
            newest = self._by_uuid.get(text_at(boundary.fields, "logicalParentUuid"))
        return segments

    def _unthreaded(self) -> list[list[TranscriptEntry]]:
        """Cut entries without parents, such as those of `--output-format stream-json`, at compactions."""
        segments: list[list[TranscriptEntry]] = [[]]
        for entry in self.entries:
            if entry.kind == "boundary":
                segments.append([])
            segments[-1].append(entry)
        return segments

    def _path_to(self, uuid: str, end: float) -> list[TranscriptEntry]:
        """Return the entries from the root, or from a compaction, to an entry.

        Messages that a compaction kept follow its summary in later entries only; `end` is the position that counts.
        """
        path: list[TranscriptEntry] = []
        visited: set[str] = set()
        while uuid in self._by_uuid and uuid not in visited:
            visited.add(uuid)
            path.append(self._by_uuid[uuid])
            if path[-1].kind == "boundary":
                break
            since, parent = self._relinked.get(uuid, (end, ""))
            uuid = parent if since < end else self._parents[uuid]
        return path[::-1]

    def _complete(self, path: list[TranscriptEntry]) -> list[TranscriptEntry]:
        """Add the other blocks of each answer, and the results of all of its calls right after it."""
        complete: dict[int, TranscriptEntry] = {}
        groups: set[str] = set()
        for entry in path:
            complete.setdefault(entry.position, entry)
            if not entry.group or entry.group in groups:
                continue
            groups.add(entry.group)
            blocks = self._groups[entry.group]
            complete.update((block.position, block) for block in blocks if block.position not in complete)
            for call in (call for block in blocks for call in _ids(block.message, "tool_use", "id")):
                if call in self._results:
                    result = self._results[call]
                    complete.setdefault(result.position, result)
        return list(complete.values())

    def _relink(self, boundary: TranscriptEntry) -> None:
        head, anchor, tail = _preserved(boundary)
        if not {head, anchor, tail} <= self._by_uuid.keys():
            return
        for entry in self._children.get(anchor, []):
            if entry.position > boundary.position:
                self._relinked[entry.uuid] = (boundary.position, tail)
        self._relinked[head] = (boundary.position, anchor)


def _preserved(boundary: TranscriptEntry) -> tuple[str, str, str]:
    """Return the first message that a compaction kept, the message that it follows now, and the last message kept."""
    metadata = _object(boundary.fields.get("compactMetadata"))
    segment, messages = metadata.get("preservedSegment"), metadata.get("preservedMessages")
    uuids = _object(messages).get("uuids")
    if not is_a(segment, dict) and is_a(uuids, list) and uuids:
        segment = {"headUuid": uuids[0], "anchorUuid": text_at(messages, "anchorUuid"), "tailUuid": uuids[-1]}
    return text_at(segment, "headUuid"), text_at(segment, "anchorUuid"), text_at(segment, "tailUuid")
