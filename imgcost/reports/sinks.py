"""Destinations of a scan: a function that encodes results in worker processes, and a writer that gets them in order."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable

    from imgcost.files import Group
    from imgcost.quoting import TokenRule
    from imgcost.summaries import ScanSummary

__all__ = ["Encode", "Progress", "ScanSink", "ScanWriter"]

Encode: TypeAlias = "Callable[[list[Group]], Any]"
"""Encodes results for a writer. Runs in worker processes, so it must be picklable."""

Progress: TypeAlias = "Callable[[int, int], None]"
"""Called with the number of parts of a report written so far, and their total number."""


class ScanWriter(Protocol):
    """Writes the encoded parts of a scan, in order."""

    def write(self, encoded: Any) -> None:
        """Write one part."""

    def finish(self, summary: ScanSummary, /) -> None:
        """Write the end, which needs the summary of the scan."""

    def abandon(self) -> None:
        """Release resources, because the scan was not completed."""


class ScanSink(NamedTuple):
    """A destination of a scan.

    Attributes:
        encode: Encodes results for the writer.
        writer: Writes encoded results.
        token_rules: Token rules that the writer needs in the summary, in addition to those of the quotes of the scan.
        details: Whether the writer needs the orientation and animation of images, which take longer to read.
    """

    encode: Encode
    writer: ScanWriter
    token_rules: tuple[TokenRule, ...] = ()
    details: bool = False
