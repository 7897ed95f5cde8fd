"""Locations in terms of the file or the object that the user has."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from imgcost.rules import Finding
    from imgcost.shapes import ShapedRequest

__all__ = ["Locator"]

_LOCATIONS = re.compile(r"\b(?:messages|system|tools)\.\d+(?:\.[a-z_]+|\.\d+)*")


class Locator(NamedTuple):
    """Converts locations in a request to locations in the file or object that the user has.

    Attributes:
        name: Prefix of locations, such as the name of a file; empty for a request in memory.
        file: The file; None for a request in memory.
        request: The converted request; None if nothing was converted.
    """

    name: str = ""
    file: str | None = None
    request: ShapedRequest | None = None

    def line(self, location: str = "") -> int | None:
        """Return the line of the file that contains a location, counted from 1; None if the file is one document."""
        return self.request.line(location) if self.request else None

    def entry(self, key: str | None = None) -> str:
        """Return the location of the entry of a batch, or of a key in it."""
        line = self.line()
        path = self.request.path("") if self.request else ()
        path = path[:-1] if path[-1:] == ("params",) else path
        keys = [*(path if line is None else path[1:]), *filter(None, [key])]
        return self.absolute(".".join(map(str, keys)), line)

    def location(self, location: str = "") -> str:
        """Return a location in the file or object that the user has.

        Args:
            location: A location in the request, such as `messages.0.content.1`; empty for the request itself.

        Returns:
            The location, preceded by the name and the line of the file; for a transcript, followed by the turn.
        """
        turn = self.request.turn(location) if self.request else None
        text = self.absolute(self.within_file(location), self.line(location))
        return f"{text} (turn {turn})" if turn else text

    def of_path(self, path: Sequence[str | int]) -> str:
        """Return the location of a path in the original: the name of the file, and the line if it has lines."""
        lines = self.request.lines if self.request else None
        if lines is None:
            return self.absolute(".".join(map(str, path)), None)
        return self.absolute("", lines[int(path[0])])

    def absolute(self, location: str, line: int | None) -> str:
        """Return a location in the file, preceded by the name of the file and the line."""
        return " ".join(filter(None, [self.name if line is None else f"{self.name}:{line}", location]))

    def relocated(self, finding: Finding) -> Finding:
        """Return a finding with converted locations, in its message too."""
        location = "" if finding.location == "request" else finding.location
        return finding._replace(
            location=self.location(location) or "request",
            message=_LOCATIONS.sub(lambda match: self.within_file(match[0]), finding.message),
            file=self.file,
            line=self.line(location),
        )

    def within_file(self, location: str) -> str:
        """Return a location without the name of the file."""
        return self.request.locate(location) if self.request else location
