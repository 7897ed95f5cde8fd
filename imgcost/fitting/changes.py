"""What fitting changed in a request."""

from __future__ import annotations

from typing import Any, NamedTuple

from imgcost.paths import escape_path

__all__ = ["FitFailure", "FixedDocument", "RequestChange", "Unfixed"]


class RequestChange(NamedTuple):
    """A change that fitting made in a request.

    Attributes:
        location: The location in the document as it was given, written like the location of a finding.
        rules: The rules whose findings led to the change.
        action: What was done, as a phrase such as `resized from 9000x900 to 1568x157 px`.
        original_bytes: Length of the data of the image before, as text in the request; None if it was not changed.
        bytes: The same after the change; 0 if the image was replaced by text.
        original_width: Width of the image before, upright, px; None if its pixels are the same.
        original_height: Its height, px.
        width: Width after the change, px.
        height: Height after the change, px.
        original_tokens: Visual tokens before, as the model counts them; None if unknown.
        tokens: Visual tokens after the change; None if it has no pixels.
        line: The line in the file, counted from 1; None for one document.
    """

    location: str
    rules: tuple[str, ...]
    action: str
    original_bytes: int | None = None
    bytes: int | None = None
    original_width: int | None = None
    original_height: int | None = None
    width: int | None = None
    height: int | None = None
    original_tokens: int | None = None
    tokens: int | None = None
    line: int | None = None

    @property
    def saved_bytes(self) -> int:
        """Bytes by which the request is smaller; negative if it grew."""
        return (self.original_bytes or 0) - (self.bytes or 0)

    def rescale_point(self, x: float, y: float) -> tuple[float, float]:
        """Convert a point in the image after the change to pixels of the upright image before.

        Args:
            x: Pixels from the left.
            y: Pixels from the top.

        Returns:
            x and y in the image before, px; unchanged if its pixels are the same.
        """
        if not (self.original_width and self.original_height and self.width and self.height):
            return x, y
        return x * self.original_width / self.width, y * self.original_height / self.height

    def to_dict(self) -> dict[str, Any]:
        """Return an item of what `imgcost fit -f json` prints."""
        return self._asdict() | {"location": escape_path(self.location), "rules": list(self.rules)}


class FitFailure(NamedTuple):
    """An image or a document that could not be fixed.

    Attributes:
        location: The location in the document, as in `RequestChange`.
        rules: The rules whose findings remain.
        reason: Why it could not be fixed, as a phrase.
        line: The line in the file, counted from 1; None for one document.
    """

    location: str
    rules: tuple[str, ...]
    reason: str
    line: int | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return an item of what `imgcost fit -f json` prints."""
        return self._asdict() | {"location": escape_path(self.location), "rules": list(self.rules)}


class FixedDocument(NamedTuple):
    """A document with fixed requests.

    Attributes:
        value: The document.
        changes: What was changed.
        failures: What could not be fixed.
    """

    value: Any
    changes: list[RequestChange]
    failures: list[FitFailure]


class Unfixed(Exception):  # noqa: N818 - a result, not an error
    """Why an image or a document cannot be fixed, as a phrase."""
