"""Why a row of a table has no size that can be counted."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["PROBLEMS", "Problem", "code_of"]


class Problem(NamedTuple):
    """Why a row is not counted.

    Attributes:
        slug: Short name, as in the column `problem` of rows.
        reason: A phrase for people.
    """

    slug: str
    reason: str


PROBLEMS = (
    Problem("", ""),
    Problem("missing-size", "width or height is missing"),
    Problem("zero-size", "width or height is 0"),
    Problem("negative-size", "width or height is negative"),
    Problem("invalid-size", "width or height is not a whole number"),
    Problem("impossible-size", "width or height is over 2**31 px"),
    Problem("invalid-count", "count is not a whole number from 0 to 10**15"),
    Problem("missing-image", "no image bytes in the row, perhaps only a path"),
    Problem("empty", "the image has no bytes"),
    Problem("damaged", "the header of the image is damaged"),
    Problem("unsupported", "an image format that cannot be measured"),
    Problem("not-an-image", "the bytes are not an image"),
    Problem("not-counted", "the scan that wrote the table could not count it"),
    Problem("duplicate", "the scan that wrote the table excluded it as a duplicate"),
    Problem("other-model", "the row repeats an image for another model"),
)
"""All problems; their index is the code in columns, and 0 means that the row is counted."""

_CODES = {problem.slug: code for code, problem in enumerate(PROBLEMS)}


def code_of(slug: str) -> int:
    """Return the code of a problem.

    >>> PROBLEMS[code_of("zero-size")].reason
    'width or height is 0'
    """
    return _CODES[slug]
