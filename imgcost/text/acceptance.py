"""How the images that would be rejected as they are appear in reports."""

from __future__ import annotations

from typing import TYPE_CHECKING

from imgcost.figures import number, plural

if TYPE_CHECKING:
    from collections.abc import Mapping

    from imgcost.acceptance import Reason

__all__ = ["fixable_note"]


def fixable_note(fixable: Mapping[Reason, int], images: int, cost: str) -> str:
    """Say how many of the images would be rejected as they are, why, and what they cost.

    Args:
        fixable: Such images by the first limit that they break.
        images: All images.
        cost: What the fixable images cost, in words.

    Returns:
        A sentence.

    >>> from imgcost.acceptance import Reason
    >>> reasons = {Reason("format", "TIFF"): 1, Reason("image-edge", "over 8,000 px"): 2}
    >>> fixable_note(reasons, 24, "$0.012")
    '3 of 24 images ($0.012) would be rejected as they are: 2 over 8,000 px, 1 TIFF.'
    """
    ordered = sorted(fixable.items(), key=lambda item: (-item[1], item[0]))
    reasons = ", ".join(f"{number(count)} {reason.phrase}" for reason, count in ordered)
    rejected = number(sum(fixable.values()))
    return f"{rejected} of {plural(images, 'image')} ({cost}) would be rejected as they are: {reasons}."
