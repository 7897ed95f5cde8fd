"""Count the requests of a message batch, and check their ids."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from imgcost.messages import body_bytes
from imgcost.rules import BatchInput

if TYPE_CHECKING:
    from imgcost.messages import Request
    from imgcost.preflight.locations import Locator
    from imgcost.shapes import ShapedRequest

__all__ = ["BatchCount"]

# The body of a batch is {"requests":[ ... ]}, with a comma between two entries, {"custom_id": ...,"params": ...}.
_BATCH_FRAME_BYTES = len('{"requests":[]}')
_PARAMS_FRAME_BYTES = len('"params":{}') - len("{}")


class BatchCount:
    """Counts the requests of a batch, and checks their ids.

    Args:
        pattern: The regular expression of valid ids; None if it is not published.

    Attributes:
        requests: Number of requests so far.
    """

    def __init__(self, pattern: str | None) -> None:
        """Start with zero requests."""
        self.requests = 0
        self._pattern = re.compile(pattern or ".*", re.DOTALL)
        self._bytes = _BATCH_FRAME_BYTES
        self._ids: set[str] = set()
        self._repeated: list[tuple[str, str]] = []
        self._missing: list[str] = []
        self._invalid: list[tuple[str, str]] = []
        self._streams: list[str] = []

    def add(self, shaped: ShapedRequest, request: Request | None, locator: Locator) -> None:
        """Add an entry.

        Args:
            shaped: The entry.
            request: The request in it; None if it cannot be read.
            locator: The location of the entry.
        """
        self.requests += 1
        if request is not None:
            self._bytes += _entry_bytes(shaped, request) + (self.requests > 1)
        if request is not None and request.streams:
            self._streams.append(locator.location("stream"))
        if shaped.shape != "batch" or (request is None and not shaped.id):
            return  # other shapes have no id, and neither have entries that cannot be read
        if request is not None and shaped.path("")[-1:] != ("params",):
            return  # only the parameters, without an id
        if not shaped.id:
            self._missing.append(locator.entry())
        elif shaped.id in self._ids:
            self._repeated.append((locator.entry(), shaped.id))
        else:
            self._ids.add(shaped.id)
            if not self._pattern.fullmatch(shaped.id):
                self._invalid.append((locator.entry("custom_id"), shaped.id))

    def batch_input(self, name: str) -> BatchInput:
        """Return the input for the rules of batches."""
        ids = tuple(self._repeated), tuple(self._missing), tuple(self._invalid)
        return BatchInput(name, self.requests, self._bytes, *ids, tuple(self._streams))


def _entry_bytes(shaped: ShapedRequest, request: Request) -> int:
    """Return the size of an entry of a batch, bytes."""
    if shaped.id is None:
        return request.body_bytes
    return body_bytes({"custom_id": shaped.id}) + 1 + _PARAMS_FRAME_BYTES + request.body_bytes
