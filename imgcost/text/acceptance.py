"""The note on images that would be rejected as they are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from imgcost.figures import number, plural

if TYPE_CHECKING:
    from collections.abc import Mapping

    from imgcost.acceptance import Reason

__all__ = ["fixable_note"]


def fixable_note(fixable: Mapping[Reason, int], images: int, cost: str) -> str:
    """Write two sentences on the images that would be rejected as they are: how many, why, and what they cost.

    Args:
        fixable: Number of such images by the first limit that they break.
        images: Number of all images.
        cost: Cost of the fixable images, as text.

    >>> from imgcost.acceptance import Reason
    >>> reasons = {Reason("format", "TIFF"): 1, Reason("image-edge", "over 8,000 px"): 2}
    >>> for sentence in fixable_note(reasons, 24, "$0.012").split(". "):
    ...     print(sentence)
    3 of 24 images would be rejected as they are: 2 over 8,000 px, 1 TIFF
    Totals include them ($0.012): they cost the same once they are converted or resized.
    """
    ordered = sorted(fixable.items(), key=lambda item: (-item[1], item[0]))
    reasons = ", ".join(f"{number(count)} {reason.phrase}" for reason, count in ordered)
    count = sum(fixable.values())
    part = f"{number(count)} of {plural(images, 'image')}"
    it_is, it, costs = ("it is", "it", "it costs") if count == 1 else ("they are", "them", "they cost")
    once = f"{costs} the same once {it_is} converted or resized"
    return f"{part} would be rejected as {it_is}: {reasons}. Totals include {it} ({cost}): {once}."
