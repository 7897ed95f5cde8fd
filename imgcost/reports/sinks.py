"""Destinations of a scan: a function that encodes results in worker processes, and a writer that gets them in order."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from imgcost.files import Group
    from imgcost.plans import Plan, Repeated
    from imgcost.quoting import TokenRule
    from imgcost.summaries import ScanSummary

__all__ = ["Encode", "JobWriter", "Progress", "ScanSink", "ScanWriter"]

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


class JobWriter(ScanWriter, Protocol):
    """Writes a workbook or a page, which show a whole job: the images of a scan, or those of a plan."""

    def add_sizes(self, source: str, sizes: Sequence[Repeated]) -> None:
        """Write images that are known only by their size.

        Args:
            source: Where they are listed, such as the name of a table.
            sizes: Their sizes and numbers.
        """

    def finish(self, summary: ScanSummary, /, plan: Plan | None = None) -> None:
        """Write the end.

        Args:
            summary: The sums of all images.
            plan: How the images are sent; None if each is sent alone, without a prompt.
        """


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
