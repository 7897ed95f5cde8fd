"""The passes that fix a document with requests, in their order: forms of blocks, images and documents, messages.

Each pass converts the document, checks its requests and replaces blocks, so the next pass sees the result.
"""

from __future__ import annotations

import re
from collections import defaultdict
from typing import TYPE_CHECKING, Any

from imgcost.errors import RequestError
from imgcost.figures import plural
from imgcost.fitting.changes import FitFailure, FixedDocument, RequestChange, Unfixed
from imgcost.fitting.checked_requests import CheckedRequest, Edit, FitSettings, checked_requests, located
from imgcost.fitting.request_media import MEDIA_RULES, MediaFixer, share_bytes
from imgcost.fitting.structure import MESSAGE_FIXES, as_native, without_breakpoints
from imgcost.messages import as_items, as_object
from imgcost.preflight.inputs import block_input
from imgcost.shapes import replaced

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from imgcost.fitting.request_media import Fixed
    from imgcost.messages import MediaBlock
    from imgcost.shapes import ShapedRequest
    from imgcost.shapes.nodes import Path

__all__ = ["fix_document", "fixed_media"]


_MESSAGE = re.compile(r"messages\.(\d+)")


def fix_document(value: Any, shape: str, settings: FitSettings, lines: Sequence[int] | None = None) -> FixedDocument:
    """Fix the requests in a document.

    Args:
        value: The document. It is not changed.
        shape: The name of its shape.
        settings: What it is fixed for.
        lines: For JSON lines, the line number of each item.

    Returns:
        The fixed document, which shares unchanged values with the original, with its changes.
    """
    changes: list[RequestChange] = []
    failures: list[FitFailure] = []
    checked = list(checked_requests(value, shape, settings, lines))
    found = {rule for request in checked for rule in request.rules}
    edits: dict[Path, Any] = {}
    for find_edits, rules in _PASSES:
        if not found & rules:
            continue
        if edits:
            value, edits = replaced(value, edits), {}
            checked = list(checked_requests(value, shape, settings, lines))
        for request in checked:
            for edit in find_edits(request, settings):
                item = _applied(edit, request.shaped, edits)
                if isinstance(item, FitFailure):
                    failures.append(located(item, request.shaped))
                else:
                    changes.append(located(item, request.shaped))
        if find_edits is _native_blocks and edits:
            found |= MEDIA_RULES  # what was not an image before is one now
    return FixedDocument(replaced(value, edits) if edits else value, changes, failures)


def _applied(edit: Edit | FitFailure, shaped: ShapedRequest, edits: dict[Path, Any]) -> RequestChange | FitFailure:
    """Add an edit to the edits of the document, and return its change, or why it is not possible."""
    if isinstance(edit, FitFailure):
        return edit
    try:
        edits.update(shaped.edits({edit.location: edit.value}))
    except RequestError as error:  # the shape has no place for it
        return FitFailure(edit.location, edit.change.rules, error.problem)
    return edit.change


# Forms of blocks


def _native_blocks(checked: CheckedRequest, settings: FitSettings) -> Iterator[Edit]:  # noqa: ARG001 - all passes have the same signature
    """Replace image blocks of other APIs."""
    for error in checked.errors:
        if error.rule != "request" or not _MESSAGE.match(error.location):
            continue
        location = error.location.removesuffix(".source")
        try:
            new = as_native(as_object(checked.value(location), location))
        except RequestError:  # a field of a block is missing, not the block
            continue
        if new:
            yield Edit(
                location, new, RequestChange(location, ("request",), f"written as a block of type {new['type']}")
            )


# Images and documents


def fixed_media(checked: CheckedRequest, settings: FitSettings) -> Iterator[Edit | FitFailure]:
    """Fix images and documents, and shrink images if the request has too many bytes."""
    fixer = MediaFixer(checked.context, settings.options)
    rules: defaultdict[str, dict[str, str]] = defaultdict(dict)
    for error in checked.errors:
        if error.rule in MEDIA_RULES:
            rules[error.location].setdefault(error.rule, error.message)
    edits: dict[str, Edit] = {}
    for media in checked.request.media:
        if media.location in rules:
            edit = _fixed_block(checked, media, rules[media.location], fixer, settings)
            if isinstance(edit, FitFailure):
                yield edit
            else:
                edits[media.location] = edit
    size = checked.request.body_bytes - sum(edit.change.saved_bytes for edit in edits.values())
    limit = checked.context.limits.request_bytes
    if limit is not None and size > limit:
        try:
            edits.update(_shrunk(checked, edits, size - limit, fixer))
        except Unfixed as error:
            yield FitFailure("", ("request-bytes",), str(error))
    yield from edits.values()


def _fixed_block(
    checked: CheckedRequest, media: MediaBlock, rules: dict[str, str], fixer: MediaFixer, settings: FitSettings
) -> Edit | FitFailure:
    location = media.location
    try:
        fixed = fixer.fix(media, as_object(checked.value(location), location), frozenset(rules))
        return Edit(location, fixed.block, change_of(location, tuple(rules), fixed))
    except Unfixed as error:
        if not settings.remove_unfixable:
            return FitFailure(location, tuple(rules), str(error))
    reason = next(iter(rules.values()))
    note = {"type": "text", "text": f"[{media.kind} removed: {reason}]"}
    before = block_input(media).text_bytes or 0
    change = RequestChange(location, tuple(rules), f"replaced by text: {reason}", before, len(note["text"]))
    return Edit(location, note, change)


def change_of(location: str, rules: tuple[str, ...], fixed: Fixed) -> RequestChange:
    """Return the change that a fixed image or document is."""
    change = RequestChange(
        location,
        rules,
        fixed.action,
        fixed.original_bytes,
        fixed.bytes,
        original_tokens=fixed.original_tokens,
        tokens=fixed.tokens,
    )
    fitted = fixed.fitted
    if fitted is None:
        return change
    return change._replace(
        original_width=fitted.original_width,
        original_height=fitted.original_height,
        width=fitted.width,
        height=fitted.height,
    )


def _shrunk(checked: CheckedRequest, edits: dict[str, Edit], excess: int, fixer: MediaFixer) -> dict[str, Edit]:
    """Shrink the largest images first, until a request has no more bytes than its limit.

    Raises:
        Unfixed: It has too many bytes even so; then no image is changed for nothing.
    """
    media = {block.location: block for block in checked.request.media if block.kind == "image"}
    for location, edit in edits.items():
        if location in media:
            media[location] = media[location]._replace(source=edit.value.get("source", {}))
    sizes = {location: block_input(block).text_bytes or 0 for location, block in media.items()}
    shrunk: dict[str, Edit] = {}
    if excess >= sum(sizes.values()):
        raise Unfixed(f"the request has {plural(excess, 'byte')} too many, which is more than its images have")
    for location in sorted(sizes, key=lambda location: -sizes[location]):
        if excess <= 0:
            break
        size = sizes.pop(location)
        share = share_bytes([size, *sizes.values()], size + sum(sizes.values()) - excess)
        before = edits.get(location)
        block = before.value if before else as_object(checked.value(location), location)
        try:
            fixed = fixer.shrink(media[location], block, share)
        except Unfixed:
            continue
        rules = (*(before.change.rules if before else ()), "request-bytes")
        change = change_of(location, rules, fixed)
        if before:
            action = f"{before.change.action}, {change.action}"
            change = change._replace(original_bytes=before.change.original_bytes, action=action)
        shrunk[location] = Edit(location, fixed.block, change)
        excess -= size - fixed.bytes
    if excess > 0:
        raise Unfixed(f"the request still has {plural(excess, 'byte')} too many after its images were compressed")
    return shrunk


# Messages


def _tidied_messages(checked: CheckedRequest, settings: FitSettings) -> Iterator[Edit]:  # noqa: ARG001 - as above
    """Put blocks where the API accepts them, and remove those that say nothing."""
    contents: dict[int, list[Any]] = {}
    params = checked.shaped.params
    messages = as_items(as_object(params, "")["messages"], "messages")
    for error in checked.errors:
        match, fix = _MESSAGE.match(error.location), MESSAGE_FIXES.get(error.rule)
        if not match or not fix:
            continue
        number = int(match[1]) + (error.rule == "tool-results")  # the results are in the next message
        content = contents.get(number) or _blocks(messages, number)
        new = fix.fix(content) if content else None
        if new and new != content:
            contents[number] = new
            location = f"messages.{number}.content"
            yield Edit(location, new, RequestChange(location, (error.rule,), fix.action))
    for error in checked.errors:
        if error.rule == "cache-breakpoints" and not contents:  # a later pass sees the moved blocks
            excess = int(error.observed or 0) - int(error.limit or 0)
            for location, block in without_breakpoints(checked.shaped.params, excess).items():
                yield Edit(location, block, RequestChange(location, (error.rule,), "removed a cache breakpoint"))
    if checked.batch and checked.request.streams:
        yield Edit("stream", value=False, change=RequestChange("stream", ("batch-stream",), "set to false"))


_MESSAGE_RULES = frozenset({*MESSAGE_FIXES, "cache-breakpoints", "batch-stream"})

_PASSES: tuple[tuple[Callable[..., Iterator[Edit | FitFailure]], frozenset[str]], ...] = (
    (_native_blocks, frozenset({"request"})),
    (fixed_media, MEDIA_RULES | {"request-bytes"}),
    (_tidied_messages, _MESSAGE_RULES),
    (_tidied_messages, _MESSAGE_RULES),  # breakpoints, where the first pass moved blocks
)
"""The passes, and the rules whose errors they fix."""


def _blocks(messages: Sequence[Any], number: int) -> list[Any] | None:
    """Return the blocks of a message; None if there is no such message, or it is text."""
    content = as_object(messages[number], "").get("content") if number < len(messages) else None
    if content is None or isinstance(content, str):
        return None
    return [as_object(block, "") for block in as_items(content, "")]
