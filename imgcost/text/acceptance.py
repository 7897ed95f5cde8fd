"""The note on images that would be rejected as they are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from imgcost.figures import number, plural

if TYPE_CHECKING:
    from collections.abc import Mapping

    from imgcost.acceptance import Reason

__all__ = ["fixable_note"]


def fixable_note(fixable: Mapping[Reason, int], images: int, cost: str) -> str:
    """Write a sentence on the images that would be rejected as they are: how many, why, and what they cost.

    Args:
        fixable: Number of such images by the first limit that they break.
        images: Number of all images.
        cost: Cost of the fixable images, as text.

    >>> from imgcost.acceptance import Reason
    >>> reasons = {Reason("format", "TIFF"): 1, Reason("image-edge", "over 8,000 px"): 2}
    >>> fixable_note(reasons, 24, "$0.012")
    '3 of 24 images ($0.012, in all totals) would be rejected unless converted or resized: 2 over 8,000 px, 1 TIFF.'
    """
    ordered = sorted(fixable.items(), key=lambda item: (-item[1], item[0]))
    reasons = ", ".join(f"{number(count)} {reason.phrase}" for reason, count in ordered)
    count = number(sum(fixable.values()))
    part = f"{count} of {plural(images, 'image')} ({cost}, in all totals)"
    return f"{part} would be rejected unless converted or resized: {reasons}."
