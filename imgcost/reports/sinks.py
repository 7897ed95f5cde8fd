"""Where the parts of a scan go: what encodes them in worker processes, and what takes them in their order."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable

    from imgcost.files import Group
    from imgcost.quotes import TokenRule
    from imgcost.summaries import ScanSummary

__all__ = ["Encode", "Progress", "ScanSink", "ScanWriter"]

Encode: TypeAlias = "Callable[[list[Group]], Any]"
"""Turns what a scan found into what a writer takes. It runs in worker processes, so it can be pickled."""

Progress: TypeAlias = "Callable[[int, int], None]"
"""Called with the number of parts of a report that are written, and how many there are."""


class ScanWriter(Protocol):
    """Takes the encoded parts of a scan in their order."""

    def write(self, encoded: Any) -> None:
        """Take a part."""

    def finish(self, summary: ScanSummary, /) -> None:
        """Write what only the end of the scan makes known."""

    def abandon(self) -> None:
        """Release what is held: the scan did not reach its end."""


class ScanSink(NamedTuple):
    """Where a scan goes.

    Attributes:
        encode: Turns what was found into what the writer takes.
        writer: Takes it.
        token_rules: Token rules that the writer needs in the summary, besides those of the scan's own quotes.
    """

    encode: Encode
    writer: ScanWriter
    token_rules: tuple[TokenRule, ...] = ()
