"""Rules for the order and position of blocks in a conversation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from imgcost.rules.rule import Observation, rule
from imgcost.tables import block_table

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from imgcost.messages import ContentBlock, Turn
    from imgcost.rules.inputs import CheckContext, RequestInput

_SHOWN = 3
"""Maximum number of blocks that a message names."""


@rule("error", "turn")
def assistant_media(turn: Turn, context: CheckContext) -> Iterator[Observation]:
    if turn.role != "assistant":
        return
    for kind, (first_day, sources) in block_table().assistant_rejects.items():
        locations = [block.location for block in turn.blocks if block.kind == kind]
        if locations and context.day >= first_day:
            message = f"'{kind}' blocks are not permitted within assistant turns ({', '.join(locations[:_SHOWN])})"
            yield Observation(f"{turn.location}.content", message, kind, None, None, sources)


@rule("error", "turn")
def empty_text(turn: Turn, context: CheckContext) -> Iterator[Observation]:  # noqa: ARG001 - all rules have the same signature
    for block in turn.blocks:
        # A string instead of blocks may be empty only in an assistant turn, which Claude continues.
        alone = block.location == f"{turn.location}.content" and turn.role != "user"
        if block.kind == "text" and not block.text.strip() and not alone:
            what = "only whitespace" if block.text else "empty"
            yield Observation(block.location, f"the text is {what}", len(block.text), None, "characters")


@rule("error", "request")
def tool_results(request: RequestInput, context: CheckContext) -> Iterator[Observation]:  # noqa: ARG001 - all rules have the same signature
    merged = _merged(request.turns)
    for number, (role, turns) in enumerate(merged):
        if role != "assistant":
            continue
        calls = {
            block.id: turn.location for turn in turns for block in turn.blocks if block.kind == "tool_use" and block.id
        }
        answer = merged[number + 1][1] if number + 1 < len(merged) else []
        blocks = [block for turn in answer for block in turn.blocks]
        first = _leading_results(blocks)
        missing = [name for name in calls if name not in first]
        if missing:
            later_ids = {block.id for block in blocks if block.kind == "tool_result"}
            ids = ", ".join(ascii(name)[1:-1][:60] for name in missing[:_SHOWN])
            ids += f" and {len(missing) - _SHOWN:,} more" * (len(missing) > _SHOWN)
            if set(missing) <= later_ids:
                message = f"other blocks come before the tool_result of {ids}: results have to come first"
            else:
                message = f"no tool_result follows immediately after tool_use {ids}"
            yield Observation(calls[missing[0]], message, len(missing), None, "tool_use blocks")


@rule("error", "request")
def error_result(request: RequestInput, context: CheckContext) -> Iterator[Observation]:  # noqa: ARG001 - all rules have the same signature
    for result in request.results:
        others = [kind for kind in result.kinds if kind != "text"]
        if result.is_error and others:
            message = (
                f"is_error is true, but the content has a block of type {ascii(others[0])[:60]}: it must all be text"
            )
            yield Observation(result.location, message, others[0])


def _merged(turns: Sequence[Turn]) -> list[tuple[str, list[Turn]]]:
    """Merge consecutive turns of the same role, as the API does."""
    merged: list[tuple[str, list[Turn]]] = []
    for turn in turns:
        if turn.role == "system":
            continue  # system messages belong to neither role
        if merged and merged[-1][0] == turn.role:
            merged[-1][1].append(turn)
        else:
            merged.append((turn.role, [turn]))
    return merged


def _leading_results(blocks: Sequence[ContentBlock]) -> set[str | None]:
    """Return the ids of the tool results before any other block."""
    ids: set[str | None] = set()
    for block in blocks:
        if block.kind != "tool_result":
            break
        ids.add(block.id)
    return ids
