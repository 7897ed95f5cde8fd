"""What a page needs of a scan: sums, a few of the most telling images, and a few bytes of every image for the panel."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from imgcost import arrays
from imgcost.files import Image
from imgcost.payloads import base64_length
from imgcost.preflight.seeing import see_found
from imgcost.reports.html.models import compare
from imgcost.rules import Case, Finding, find_rule
from imgcost.summaries import Tally
from imgcost.tables import advice_on, limits_on

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date

    from numpy.typing import NDArray

    from imgcost.estimates import Terms
    from imgcost.files import Group
    from imgcost.tables import Platform

__all__ = ["BINS_AN_OCTAVE", "LISTED", "Gathered", "Listed", "gather"]

LISTED = 20
"""How many images each table lists; every image is in the sums."""

BINS_AN_OCTAVE = 16
"""Widths and heights are told apart for the chart if they differ by more than some four per cent."""

_RULES = ("image-edge", "image-bytes")
"""The rules on a single image that its header and the size of its file answer."""

_PLATFORM: Platform = "claude-api"


class Listed(NamedTuple):
    """An image that a table lists.

    Attributes:
        path: The file.
        width: Width as sent, px.
        height: Height as sent, px.
        tokens: Visual tokens by the first measure.
    """

    path: str
    width: int
    height: int
    tokens: int


@dataclass
class Gathered:
    """What a part of a scan adds to the page; parts merge in the order of the scan.

    Attributes:
        tally: The sums.
        tokens: For each measure, visual tokens of every image that a request may carry; parts of uint16.
        base64_bytes: Size of each of those as base64 text; parts of uint32.
        large: Whether each of those is too large for a request of many images; parts of bool.
        sizes: Images by logarithm of width and height, in parts of an octave.
        costliest: The images of most tokens by the first measure.
        downscaled: The largest images that any tier downscales.
        findings: The first findings of what the platform would reject.
        rejected: How many images have such findings.
    """

    tally: Tally
    tokens: list[list[NDArray[np.uint16]]]
    base64_bytes: list[NDArray[np.uint32]] = field(default_factory=list)
    large: list[NDArray[np.bool_]] = field(default_factory=list)
    sizes: Counter[tuple[int, int]] = field(default_factory=Counter)
    costliest: list[Listed] = field(default_factory=list)
    downscaled: list[Listed] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    rejected: int = 0

    def merge(self, other: Gathered) -> None:
        """Add what came later in the scan."""
        self.tally.merge(other.tally)
        for mine, theirs in zip(self.tokens, other.tokens, strict=True):
            mine.extend(theirs)
        self.base64_bytes += other.base64_bytes
        self.large += other.large
        self.sizes.update(other.sizes)
        self.costliest = sorted(self.costliest + other.costliest, key=_by_tokens)[:LISTED]
        self.downscaled = sorted(self.downscaled + other.downscaled, key=_by_area)[:LISTED]
        self.findings = (self.findings + other.findings)[:LISTED]
        self.rejected += other.rejected


def gather(groups: Iterable[Group], settled: Sequence[Terms]) -> Gathered:
    """Add up a part of a scan.

    Args:
        groups: Folders and what was found in them, in the order of the scan.
        settled: The terms of the models asked for; one at least.

    Returns:
        What it adds to the page. Images that are duplicates of earlier ones are in nothing but the tally.

    >>> from imgcost.estimates import terms
    >>> image = Image("a.png", "image/png", 1000, 1000, 1, False, 900)
    >>> gather([("", [image])], [terms("claude-3-sonnet")]).costliest
    [Listed(path='a.png', width=1000, height=1000, tokens=1334)]
    """
    groups = list(groups)
    measures = tuple(dict.fromkeys(one.measure for one in compare(tuple(settled))))
    tally = Tally(measures)
    tally.add(groups)
    found = Gathered(tally, [[] for _ in measures])
    images = [one for _, part in groups for one in part if isinstance(one, Image) and one.duplicate_of is None]
    if not images:
        return found
    width, height, file_bytes = (
        np.array([getattr(one, name) for one in images], np.int64) for name in ("width", "height", "file_bytes")
    )
    tokens = [arrays.image_tokens(width, height, tier, formula) for tier, formula in measures]
    refused = _refused(images, settled[0].as_of)
    sent = np.array([not findings for findings in refused])
    limit = limits_on(_PLATFORM, settled[0].as_of).many_images_edge
    for parts, column in zip(found.tokens, tokens, strict=True):
        parts.append(column[sent].astype(np.uint16))
    text_bytes = np.minimum(base64_length(file_bytes[sent]), np.iinfo(np.uint32).max)
    found.base64_bytes.append(text_bytes.astype(np.uint32))
    found.large.append(np.maximum(width, height)[sent] > (np.inf if limit is None else limit))
    octaves = (np.rint(np.log2(edge) * BINS_AN_OCTAVE).astype(int).tolist() for edge in (width, height))
    found.sizes.update(zip(*octaves, strict=True))
    listed = [
        Listed(one.path, one.width, one.height, count) for one, count in zip(images, tokens[0].tolist(), strict=True)
    ]
    found.costliest = sorted(listed, key=_by_tokens)[:LISTED]
    kept = np.all([arrays.fits(width, height, tier) for tier in {tier for tier, _ in measures}], axis=0)
    found.downscaled = sorted((listed[place] for place in np.flatnonzero(~kept)), key=_by_area)[:LISTED]
    found.findings = [finding for findings in refused for finding in findings][:LISTED]
    found.rejected = int(np.count_nonzero(~sent))
    return found


def _refused(images: Sequence[Image], day: date) -> list[list[Finding]]:
    """What the platform would reject of each image, as far as its header and its size tell."""
    case = Case(_PLATFORM, day, limits_on(_PLATFORM, day), advice_on(day), ())
    rules = [find_rule(name) for name in _RULES]
    refused = []
    for one in images:
        seen = see_found(one)
        refused.append([finding for rule in rules for finding in rule.ask(seen, case)])
    return refused


def _by_tokens(one: Listed) -> int:
    return -one.tokens


def _by_area(one: Listed) -> int:
    return -one.width * one.height
