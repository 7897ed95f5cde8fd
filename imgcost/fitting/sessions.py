"""Repair Claude Code transcripts: fix what blocks the session, wherever the file repeats it.

An image that was read is in the entry of its tool result twice: in the message that is sent, and in `toolUseResult`,
which Claude Code keeps for itself. Further copies are in attachments and in the entries of sidechains.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple

from imgcost.fitting.changes import FitFailure, FixedDocument, RequestChange
from imgcost.fitting.checked_requests import checked_requests, located
from imgcost.fitting.request_passes import fixed_media
from imgcost.fitting.structure import MESSAGE_FIXES
from imgcost.shapes.nodes import is_a

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from imgcost.fitting.checked_requests import CheckedRequest, Edit, FitSettings

__all__ = ["fix_session"]

_MEDIA = ("image", "document")
_MAX_DEPTH = 100
"""Entries have about ten levels; what is deeper is not an image."""


class _Replacement(NamedTuple):
    """What replaces the data of an image or a document.

    Attributes:
        block: The new block, or a text.
        edit: Its edit in the next request.
    """

    block: Mapping[str, Any]
    edit: Edit

    @property
    def note(self) -> str | None:
        """The text that replaces it; None if it is still an image or a document."""
        return self.block["text"] if self.block["type"] == "text" else None


def fix_session(value: Any, settings: FitSettings, lines: Sequence[int] | None = None) -> FixedDocument:
    """Fix what the next request of a session would be rejected for.

    Args:
        value: The entries of the transcript. They are not changed.
        settings: What it is fixed for. Unless it says otherwise, what cannot be fixed is replaced by text.
        lines: The line number of each entry.

    Returns:
        The entries, of which those without changes are the same objects, with the changes.
    """
    if settings.remove_unfixable is None:
        settings = settings._replace(remove_unfixable=True)
    items: list[Any] = list(value) if is_a(value, list) else [value]
    changes: list[RequestChange] = []
    failures: list[FitFailure] = []
    for checked in checked_requests(items, "claude-code", settings, lines):
        replacements = dict(_replacements(checked, settings, failures))
        rewriter = _Rewriter(replacements)
        items = [rewriter.rewrite(item) for item in items]
        for data, replacement in replacements.items():
            change = located(replacement.edit.change, checked.shaped)
            count = rewriter.places[data]
            changes.append(change._replace(action=f"{change.action} (in {count} places)") if count > 1 else change)
        changes += _tidy(items, checked)
    return FixedDocument(items if is_a(value, list) else items[0], changes, failures)


def _replacements(
    checked: CheckedRequest, settings: FitSettings, failures: list[FitFailure]
) -> Iterator[tuple[str, _Replacement]]:
    """Return what replaces each base64 text, and append what cannot be fixed to `failures`."""
    sources = {media.location: media.source for media in checked.request.media}
    for edit in fixed_media(checked, settings):
        if isinstance(edit, FitFailure):
            failures.append(located(edit, checked.shaped))
            continue
        data = sources[edit.location].get("data")
        if is_a(data, str):
            yield data, _Replacement(edit.value, edit)


class _Rewriter:
    """Replaces images in entries.

    Args:
        replacements: What replaces each base64 text.

    Attributes:
        places: Number of places where each was replaced.
    """

    def __init__(self, replacements: Mapping[str, _Replacement]) -> None:
        """Start without places."""
        self.places: Counter[str] = Counter()
        self._replacements = replacements
        # By identity: Python objects may contain themselves, or share parts in many places.
        self._known: dict[int, tuple[Any, Any]] = {}

    def rewrite(self, value: Any, key: str = "", depth: int = 0) -> Any:
        """Return a value with replaced images; the same object if it has none.

        Args:
            value: A value in an entry.
            key: The key that it has there.
            depth: How deep it is in the entry.
        """
        if depth > _MAX_DEPTH or not (is_a(value, dict) or is_a(value, list)):
            return value
        if is_a(value, dict):
            data = _data_of(value)
            if data is not None and data in self._replacements:
                self.places[data] += 1
                return _replaced(value, self._replacements[data], key)
        if id(value) not in self._known:
            self._known[id(value)] = value, value
            self._known[id(value)] = value, self._rewrite_items(value, depth + 1)
        return self._known[id(value)][1]

    def _rewrite_items(self, value: Any, depth: int) -> Any:
        if is_a(value, list):
            items = [self.rewrite(item, "", depth) for item in value]
            return items if any(new is not old for new, old in zip(items, value, strict=True)) else value
        fields = {name: self.rewrite(item, name, depth) for name, item in value.items()}
        return fields if any(fields[name] is not item for name, item in value.items()) else value


def _data_of(value: Mapping[Any, Any]) -> str | None:
    """Return the base64 text of a block, of a file that was read, or of an attachment with one; None without."""
    kind, source = value.get("type"), value.get("source")
    if is_a(kind, str) and kind in _MEDIA and is_a(source, dict):
        data = source.get("data")
    else:
        data = _file_of(value).get("base64")
    return data if is_a(data, str) else None


def _file_of(value: Mapping[Any, Any]) -> Mapping[Any, Any]:
    content = value.get("content")
    file = content.get("file") if is_a(content, dict) else value.get("file")
    return file if is_a(file, dict) else {}


def _replaced(value: Mapping[Any, Any], replacement: _Replacement, key: str) -> Any:
    """Write a replacement in the form of what it replaces; `key` is the key of that in the entry."""
    block, note = replacement.block, replacement.note
    if is_a(value.get("source"), dict):
        return dict(block) if note is not None else {**value, "type": block["type"], "source": block["source"]}
    if note is not None:
        if key == "attachment":
            return {"type": "queued_command", "prompt": note}
        return note if key == "toolUseResult" else dict(block)
    file = {**_file_of(value), "base64": block["source"]["data"]}
    if "type" in file or block["type"] == "image":  # the file of a PDF has no type
        file["type"] = block["source"]["media_type"]
    change, dimensions = replacement.edit.change, file.get("dimensions")
    if change.width and is_a(dimensions, dict):
        file["dimensions"] = {**dimensions, "displayWidth": change.width, "displayHeight": change.height}
    content = value.get("content")
    return {**value, "content": {**content, "file": file}} if is_a(content, dict) else {**value, "file": file}


def _tidy(items: list[Any], checked: CheckedRequest) -> Iterator[RequestChange]:
    """Fix the blocks of single entries in place of the entries."""
    for error in checked.errors:
        fix, position = MESSAGE_FIXES.get(error.rule), next(iter(checked.shaped.path(error.location)), None)
        if fix is None or not is_a(position, int):
            continue
        message = items[position].get("message")
        content = message.get("content") if is_a(message, dict) else None
        new = fix.fix(content) if is_a(content, list) and all(is_a(block, dict) for block in content) else None
        if new and new != content:
            items[position] = {**items[position], "message": {**message, "content": new}}
            yield located(RequestChange(error.location, (error.rule,), fix.action), checked.shaped)
