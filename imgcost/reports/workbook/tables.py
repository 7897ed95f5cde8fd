"""A sheet with a row per image or per size, as formulas on other sheets refer to it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["ImageTable"]


class ImageTable(NamedTuple):
    """The columns of a sheet with images, for formulas.

    Attributes:
        rows: Number of its rows.
        edges: For each token rule, the edges of each image as it is sent, px: both, or the longer one.
        tokens: For each token rule, visual tokens of each image, or of an image of each size; 0 in a row without one.
        rejected: A condition on the rows, for arrays: whether the images would be rejected as they are.
        reasons: The column with the reasons; empty if there is none.
        counts: The column with the number of images in each row; empty if each row is one image.
    """

    rows: int
    edges: Sequence[str]
    tokens: Sequence[str]
    rejected: str
    reasons: str = ""
    counts: str = ""

    def images(self) -> str:
        """Return a formula for the number of images."""
        return f"SUM({self.counts})" if self.counts else f"COUNT({self.tokens[0]})"

    def scaled(self, formula: str) -> str:
        """Return a formula that converts a number of images or tokens on the sheet to that of the whole job."""
        return f"IF({self.images()}=0,0,ROUND(image_count*{formula}/{self.images()},0))"

    def count_if(self, *conditions: str) -> str:
        """Return a formula for the number of images that meet conditions: a column, its condition, and so on."""
        arguments = ",".join(conditions)
        return f"SUMIFS({self.counts},{arguments})" if self.counts else f"COUNTIFS({arguments})"

    def count_where(self, condition: str) -> str:
        """Return a formula for the number of images that meet a condition on the rows."""
        return f"SUMPRODUCT(({condition})*{self.counts})" if self.counts else f"SUMPRODUCT(({condition})*1)"

    def total(self, rule: int) -> str:
        """Return a formula for all visual tokens by a rule."""
        tokens = self.tokens[rule]
        return f"SUMPRODUCT({self.counts},{tokens})" if self.counts else f"SUM({tokens})"

    def total_where(self, condition: str, rule: int) -> str:
        """Return a formula for the visual tokens of images that meet a condition on the rows."""
        times = f"*{self.counts}" if self.counts else ""
        return f"SUMPRODUCT(({condition})*{self.tokens[rule]}{times})"

    def most(self, rule: int) -> str:
        """Return a formula for the most visual tokens of an image."""
        return f"MAX({self.tokens[rule]})"

    def longest(self, rule: int) -> str:
        """Return a formula for the longest edge of an image, px."""
        return f"MAX({self.edges[rule]})"

    def least(self, rule: int) -> str:
        """Return a formula for the fewest visual tokens of an image."""
        tokens = self.tokens[rule]
        return f"IFERROR(SMALL({tokens},COUNTIF({tokens},0)+1),0)"
