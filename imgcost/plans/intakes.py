"""What of a job can be sent: images that no request may carry are set aside, with the limit that they break."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from imgcost import arrays
from imgcost.payloads import base64_length
from imgcost.plans.jobs import UNKNOWN, Block, moved
from imgcost.plans.offers import cited
from imgcost.plans.packing import Columns, Packer
from imgcost.plans.rules import BYTES_A_BLOCK, BYTES_A_REQUEST, BYTES_A_TOKEN
from imgcost.plurals import plural

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from numpy.typing import NDArray

    from imgcost.plans.jobs import Job
    from imgcost.plans.packing import Requests
    from imgcost.plans.rules import Measure, Rules
    from imgcost.plans.scenarios import Scenario
    from imgcost.tables import Limits

__all__ = ["Intake"]

FEW = 8
"""So many different sizes are worth telling one by one."""


class Intake:
    """The images of a job that a platform takes.

    Attributes:
        job: The job.
        images: How many are taken, once they have been walked.
        unsized: How many of them have a file whose size is not known.
        sizes: How many there are of each size (px), where there are few; None where there are more than `FEW`.
    """

    def __init__(self, job: Job, limits: Limits, scene: Scenario) -> None:
        """Remember the limits on a single image."""
        self.job = job
        self.images = self.unsized = 0
        self.sizes: dict[tuple[int, int], int] | None = {}
        self._limits = limits
        self._room = None
        if limits.request_bytes is not None:
            self._room = limits.request_bytes - BYTES_A_REQUEST - BYTES_A_TOKEN * scene.prompt_tokens

    def requests(self, rules: Collection[Rules]) -> Iterator[tuple[Rules, Requests]]:
        """Walk the job once and pack it by several rules at a time.

        Args:
            rules: The rules, each once.

        Yields:
            Requests as they fill, those of one rule in order.
        """
        packers = [Packer(one) for one in rules]
        measures = dict.fromkeys(one.measure for one in rules)
        for block in self._blocks():
            columns = {measure: _columns(block, measure) for measure in measures}
            for packer in packers:
                measured = columns[packer.rules.measure]
                if block.times is not None:
                    for found in packer.add_repeated(measured, block.times):
                        yield packer.rules, found
                elif filled := packer.add(measured):
                    yield packer.rules, filled
        for packer in packers:
            if rest := packer.finish():
                yield packer.rules, rest

    def _blocks(self) -> Iterator[Block]:
        for block in self.job.blocks():
            kept = np.ones(block.width.shape, np.bool_)
            for reason, broken in self._broken(block):
                found = broken & kept
                if found.any():
                    first = int(np.argmax(found))
                    images = int(np.count_nonzero(found)) * (block.times or 1)
                    self.job.reject(reason, images, _named(block, first))
                    kept &= ~broken
            if not kept.all():
                block = block.within(kept)  # noqa: PLW2901 - the same images, without those set aside
            if not self.job.walked:
                self.images += len(block.width) * (block.times or 1)
                self.unsized += int(np.count_nonzero(block.file_bytes == UNKNOWN)) * (block.times or 1)
                self._count_sizes(block)
            if len(block.width):
                yield block

    def _count_sizes(self, block: Block) -> None:
        if self.sizes is None:
            return
        found, counts = np.unique(np.stack([block.width, block.height]), axis=1, return_counts=True)
        if len(counts) > FEW or len(self.sizes) > FEW:
            self.sizes = None
            return
        for size, count in zip(zip(*found.tolist(), strict=True), counts.tolist(), strict=True):
            self.sizes[size] = self.sizes.get(size, 0) + count * (block.times or 1)

    def _broken(self, block: Block) -> Iterator[tuple[str, NDArray[np.bool_]]]:
        """Each limit on one image, and which images break it."""
        limits = self._limits
        if limits.image_edge is not None:
            source = cited(limits.statements["image_edge"].sources)
            edge = np.maximum(block.width, block.height)
            yield f"an edge over {limits.image_edge} px ({source})", edge > limits.image_edge
        text = _base64_bytes(block)
        if limits.image_bytes is not None:  # every platform with an API measures the base64 text
            source = cited(limits.statements["image_bytes"].sources)
            yield f"over {plural(limits.image_bytes, 'byte')} as base64 ({source})", text > limits.image_bytes
        if limits.request_bytes is not None and self._room is not None:
            source = cited(limits.statements["request_bytes"].sources)
            reason = f"alone over the {plural(limits.request_bytes, 'byte')} of a request ({source})"
            yield reason, (text > 0) & (text + BYTES_A_BLOCK > self._room)


def _named(block: Block, row: int) -> str:
    return f"{moved(block.place, row)} ({block.width[row]}x{block.height[row]})"


def _base64_bytes(block: Block) -> NDArray[np.int64]:
    """Length of each file as base64 text; 0 where the file's size is not known."""
    return np.where(block.file_bytes == UNKNOWN, 0, base64_length(block.file_bytes))


def _columns(block: Block, measure: Measure) -> Columns:
    """What packing asks of images. What a downscaled copy weighs nobody knows, so that it counts as no bytes."""
    width, height = block.width, block.height
    text = _base64_bytes(block)
    sent = np.where(text > 0, text + BYTES_A_BLOCK, 0)
    if measure.downscale_to is not None:
        resized = arrays.fit_to_tokens(width, height, measure.downscale_to, measure.tier)
        sent = np.where((resized[0] == width) & (resized[1] == height), sent, 0)
        width, height = (edge.astype(np.int64) for edge in resized)
    tokens = arrays.image_tokens(width, height, measure.tier, measure.formula)
    return Columns(tokens.astype(np.int64), sent, np.maximum(width, height))
