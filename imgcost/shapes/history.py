"""What a session has sent so far: its API calls and its images."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

    from imgcost.shapes.nodes import Path

__all__ = ["Call", "History", "SentImage"]


class Call(NamedTuple):
    """An API call recorded in the transcript.

    Attributes:
        position: The position of its answer among the items of the document.
        turn: The turn, counted from 1.
        model: The model that answered, if the transcript says.
        usage: The usage that the API reported; empty if it is not in the transcript.
    """

    position: int
    turn: int
    model: str | None
    usage: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class SentImage:
    """An image or a document of a session.

    Attributes:
        block: Its content block.
        path: Its path in the document.
        turn: The turn that added it, counted from 1.
        location: Its location in the next request; None if it is no longer sent.
        calls: The calls that have sent it, as positions in `History.calls`, a range for each span between two
            compactions.
    """

    block: Mapping[str, Any] = field(repr=False)
    path: Path
    turn: int
    location: str | None = None
    calls: tuple[range, ...] = ()

    @property
    def sent(self) -> int:
        """Number of calls that have sent it."""
        return sum(map(len, self.calls))


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """What a session has sent so far.

    Attributes:
        calls: The calls of the API, oldest first, without those of sidechains.
        images: All images and documents in order of appearance, including those before compactions.
        compactions: Number of times that the conversation was compacted.
    """

    calls: tuple[Call, ...]
    images: tuple[SentImage, ...]
    compactions: int
