"""The entries of a Claude Code transcript, and which of them are the conversation.

Entries form a tree through `uuid` and `parentUuid`. The conversation is the way from its newest message to the root.
Three things are not on that way and belong to it all the same: blocks of an answer that has several calls of tools
(each is an entry, and all share `message.id`), the results of those calls, and messages that a compaction kept.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

__all__ = ["Entry", "Tree", "read_entries"]

_NOTHING: Mapping[Any, Any] = {}


class Entry(NamedTuple):
    """An entry of a transcript.

    Attributes:
        position: Its position among the items of the document.
        kind: `user`, `assistant`, `attachment`, `boundary` (a compaction), `cleared` (old results of tools were
            cleared), or `other`.
        fields: The entry.
        message: Its message.
        uuid: Its id; empty where it has none.
        group: What the entries of one answer share.
        results: The ids of the calls whose results it has.
    """

    position: int
    kind: str
    fields: Mapping[Any, Any]
    message: Mapping[Any, Any]
    uuid: str
    group: str
    results: tuple[str, ...]


def read_entries(items: list[Any]) -> list[Entry]:
    """Read the entries of a transcript; what is not an object is left out.

    Args:
        items: The values of its lines.

    Returns:
        The entries; those of subagents only where there are no others.
    """
    entries = [_entry(index, item) for index, item in enumerate(items) if isinstance(item, Mapping)]
    main = [entry for entry in entries if not _is_of_subagent(entry.fields)]
    return main if any(entry.kind in {"user", "assistant"} for entry in main) else entries


def _entry(index: int, fields: Mapping[Any, Any]) -> Entry:
    message = fields.get("message")
    message = message if isinstance(message, Mapping) else _NOTHING
    kind = _kind(fields, message)
    uuid = _text(fields.get("uuid"))
    group = _text(message.get("id")) or uuid or str(index) if kind == "assistant" else ""
    results = tuple(_results(message.get("content"))) if kind == "user" else ()
    return Entry(index, kind, fields, message, uuid, group, results)


def _kind(fields: Mapping[Any, Any], message: Mapping[Any, Any]) -> str:
    kind = _text(fields.get("type"))
    if kind == "system":
        return {"compact_boundary": "boundary", "microcompact_boundary": "cleared"}.get(
            _text(fields.get("subtype")), "other"
        )
    if kind == "attachment":
        return kind
    if kind not in {"user", "assistant"}:
        return "other"
    # Errors of the API are shown as answers and never sent; a summary is shown and sent.
    hidden = fields.get("isVisibleInTranscriptOnly") is True and fields.get("isCompactSummary") is not True
    synthetic = fields.get("isApiErrorMessage") is True or message.get("model") == "<synthetic>"
    return "other" if hidden or synthetic else kind


def _is_of_subagent(fields: Mapping[Any, Any]) -> bool:
    return fields.get("isSidechain") is True or bool(_text(fields.get("parent_tool_use_id")))


def _results(content: Any) -> list[str]:
    if not isinstance(content, list):
        return []
    blocks = [block for block in content if isinstance(block, Mapping)]
    return [_text(block.get("tool_use_id")) for block in blocks if block.get("type") == "tool_result"]


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


class Tree:
    """The tree of a transcript's entries."""

    def __init__(self, entries: list[Entry]) -> None:
        """Index the entries, and put what compactions kept behind their summaries."""
        self.entries = entries
        self.threaded = any("parentUuid" in entry.fields for entry in entries)
        self._by_uuid: dict[str, Entry] = {}
        self._groups: dict[str, list[Entry]] = {}
        self._results: dict[str, Entry] = {}
        for entry in entries:
            if entry.uuid:
                self._by_uuid.setdefault(entry.uuid, entry)
            if entry.group:
                self._groups.setdefault(entry.group, []).append(entry)
            for call in entry.results:
                self._results.setdefault(call, entry)
        self._parents = {entry.uuid: _text(entry.fields.get("parentUuid")) for entry in self._by_uuid.values()}
        self._children: dict[str, list[Entry]] = {}
        for entry in self._by_uuid.values():
            self._children.setdefault(self._parents[entry.uuid], []).append(entry)
        self._relinked: dict[str, tuple[int, str]] = {}
        for entry in entries:
            if entry.kind == "boundary":
                self._relink(entry)

    def segments(self) -> list[list[Entry]]:
        """Return the conversation, oldest entries first.

        Returns:
            A list for each stretch between two compactions. The last one is what the next request sends.
        """
        if not self.threaded:
            return self._unthreaded()
        newest = next((entry for entry in reversed(self.entries) if entry.kind in {"user", "assistant"}), None)
        segments: list[list[Entry]] = []
        end, crossed = math.inf, set[int]()
        while newest is not None:
            way = self._way(newest.uuid, end) or [newest]
            segments.insert(0, self._complete(way))
            boundary = way[0]
            if boundary.kind != "boundary" or boundary.position in crossed:
                break
            crossed.add(boundary.position)
            end = boundary.position
            newest = self._by_uuid.get(_text(boundary.fields.get("logicalParentUuid")))
        return segments

    def _unthreaded(self) -> list[list[Entry]]:
        """Cut entries without parents, such as those of `--output-format stream-json`, at compactions."""
        segments: list[list[Entry]] = [[]]
        for entry in self.entries:
            if entry.kind == "boundary":
                segments.append([])
            segments[-1].append(entry)
        return segments

    def _way(self, uuid: str, end: float) -> list[Entry]:
        """Return the entries from the root, or from a compaction, to an entry.

        What a compaction kept is behind its summary afterwards, and where it was before: `end` says when.
        """
        way: list[Entry] = []
        seen: set[str] = set()
        while uuid in self._by_uuid and uuid not in seen:
            seen.add(uuid)
            way.append(self._by_uuid[uuid])
            if way[-1].kind == "boundary":
                break
            since, parent = self._relinked.get(uuid, (end, ""))
            uuid = parent if since < end else self._parents[uuid]
        return way[::-1]

    def _complete(self, way: list[Entry]) -> list[Entry]:
        """Add the other blocks of each answer, and the results of all of its calls right behind it."""
        complete: dict[int, Entry] = {}
        groups: set[str] = set()
        for entry in way:
            complete.setdefault(entry.position, entry)
            if not entry.group or entry.group in groups:
                continue
            groups.add(entry.group)
            blocks = self._groups[entry.group]
            complete.update((block.position, block) for block in blocks if block.position not in complete)
            for call in (call for block in blocks for call in _calls(block.message.get("content"))):
                if call in self._results:
                    result = self._results[call]
                    complete.setdefault(result.position, result)
        return list(complete.values())

    def _relink(self, boundary: Entry) -> None:
        metadata = boundary.fields.get("compactMetadata")
        head, anchor, tail = _kept(metadata if isinstance(metadata, Mapping) else _NOTHING)
        if not {head, anchor, tail} <= self._by_uuid.keys():
            return
        for entry in self._children.get(anchor, []):
            if entry.position > boundary.position and entry.uuid != anchor:
                self._relinked[entry.uuid] = (boundary.position, tail)
        self._relinked[head] = (boundary.position, anchor)


def _kept(metadata: Mapping[Any, Any]) -> tuple[str, str, str]:
    """Return the first message that a compaction kept, what it goes behind, and the last message kept."""
    segment = metadata.get("preservedSegment")
    if isinstance(segment, Mapping):
        return _text(segment.get("headUuid")), _text(segment.get("anchorUuid")), _text(segment.get("tailUuid"))
    messages = metadata.get("preservedMessages")
    uuids = messages.get("uuids") if isinstance(messages, Mapping) else None
    if isinstance(messages, Mapping) and isinstance(uuids, list) and uuids:
        return _text(uuids[0]), _text(messages.get("anchorUuid")), _text(uuids[-1])
    return "", "", ""


def _calls(content: Any) -> list[str]:
    if not isinstance(content, list):
        return []
    blocks = [block for block in content if isinstance(block, Mapping)]
    return [_text(block.get("id")) for block in blocks if block.get("type") == "tool_use"]
