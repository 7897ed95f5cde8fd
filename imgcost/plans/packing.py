"""Pack images into requests: in order, as many in each as fit without exceeding a limit or triggering a surcharge.

Every limit is on a sum, on a count, or on the longest edge among many images, so any part of a feasible run of images
is feasible too. Greedily taking the longest feasible run therefore needs the fewest requests: wherever another way of
cutting the sequence ends its k-th request, this one has come at least as far.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from operator import mul
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import numpy as np

from imgcost.errors import ImgcostError
from imgcost.figures import plural
from imgcost.plans.jobs import CHUNK
from imgcost.plans.packing_rules import BYTES_PER_TOKEN

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from imgcost.plans.packing_rules import PackingRules

__all__ = ["ImageColumns", "Packer", "RequestColumns"]


class ImageColumns(NamedTuple):
    """Columns of consecutive images, as far as they matter for packing; all int64.

    Attributes:
        tokens: Visual tokens.
        smaller: Visual tokens of the downscaled images; equal to `tokens` if nothing is downscaled.
        sent_bytes: Bytes in a request, 0 where the file size is unknown.
        edge: Longer edge, px.
    """

    tokens: NDArray[np.int64]
    smaller: NDArray[np.int64]
    sent_bytes: NDArray[np.int64]
    edge: NDArray[np.int64]

    def part(self, start: int, stop: int | None = None) -> ImageColumns:
        """Return the images from `start` up to `stop`."""
        return ImageColumns(*(column[start:stop] for column in self))

    def followed_by(self, others: ImageColumns) -> ImageColumns:
        """Return these images, followed by others."""
        return ImageColumns(*map(np.concatenate, zip(self, others, strict=True)))

    def repeated(self, count: int) -> ImageColumns:
        """Repeat a single image."""
        return ImageColumns(*(np.repeat(column, count) for column in self))


_NO_IMAGES = ImageColumns(*(np.zeros(0, np.int64) for _ in ImageColumns._fields))


class RequestColumns(NamedTuple):
    """Requests of consecutive conversations, one column per attribute. With one turn, each conversation is one request.

    Attributes:
        number: Index of the first request in the job.
        conversation: Index of the conversation in the job.
        turn: Index of the turn in the conversation.
        last: Whether the turn is the last of its conversation.
        first: Index of the first image among all images sent.
        images: Number of images, from `first` on.
        new_images: How many of them are new in this turn; those come last.
        visual: Visual tokens of the images.
        smaller: Visual tokens of the downscaled images.
        prompt: All tokens of the prompt.
        sent_bytes: Bytes of the images.
        times: How often this whole sequence of requests is repeated, with different images of the same size; for
            counted images, how often each request occurs.
    """

    number: int
    conversation: NDArray[np.int64]
    turn: NDArray[np.int64]
    last: NDArray[np.bool_]
    first: NDArray[np.int64]
    images: NDArray[np.int64]
    new_images: NDArray[np.int64]
    visual: NDArray[np.int64]
    smaller: NDArray[np.int64]
    prompt: NDArray[np.int64]
    sent_bytes: NDArray[np.int64]
    times: int | tuple[int, ...] = 1

    def total(self, column: NDArray[Any]) -> int:
        """Sum a column over all requests and their repetitions, as a Python integer."""
        if isinstance(self.times, int):
            return int(column.sum()) * self.times
        return sum(map(mul, column.tolist(), self.times))

    def downscaled(self) -> RequestColumns:
        """Return the same requests with downscaled images."""
        return self._replace(visual=self.smaller, prompt=self.prompt - self.visual + self.smaller)


class Packer:
    """Packs a stream of images into requests; memory use is limited to the images of one conversation and one chunk."""

    def __init__(self, rules: PackingRules) -> None:
        """Start a job."""
        self.rules = rules
        self._pending = _NO_IMAGES
        self._first = self._requests = self._conversations = 0

    def add(self, images: ImageColumns) -> RequestColumns | None:
        """Add images, and return the requests that are complete. Images that later ones may still join are kept."""
        pending = self._pending.followed_by(images)
        ends = self._ends(pending)
        self._pending = pending.part(ends[-1]) if ends else pending
        return self._close(pending, ends) if ends else None

    def add_repeated(self, image: ImageColumns, count: int) -> Iterator[RequestColumns]:
        """Add many images of one size.

        Once a conversation of these images alone is complete, all later ones but the last are equal to it, so they are
        counted instead of packed.
        """
        added = 0
        while added < count:
            chunk = min(count - added, CHUNK)
            added += chunk
            requests = self.add(image.repeated(chunk))
            if requests is None:
                continue
            yield requests
            in_last = requests.conversation == requests.conversation[-1]
            length, pending = int(requests.images[-1]), len(self._pending.tokens)
            times = (count - added + pending - 1) // length
            if added >= length + pending and times > 1:
                yield self._repeat_last(requests, in_last, length, times)
                self._pending = image.repeated(count - added + pending - times * length)
                return

    def finish(self) -> RequestColumns | None:
        """Return the requests of the last conversation, if there is one."""
        pending, self._pending = self._pending, _NO_IMAGES
        return self._close(pending, [len(pending.tokens)]) if len(pending.tokens) else None

    def _repeat_last(
        self, requests: RequestColumns, in_last: NDArray[np.bool_], length: int, times: int
    ) -> RequestColumns:
        """Repeat the last conversation."""
        columns: list[Any] = [column[in_last] for column in requests[1:-1]]
        repeated = RequestColumns(self._requests, *columns)
        turns = len(repeated.turn)
        repeated = repeated._replace(conversation=repeated.conversation + 1, first=repeated.first + length, times=times)
        self._requests += turns * times
        self._conversations += times
        self._first += length * times
        return repeated

    def _ends(self, images: ImageColumns) -> list[int]:
        """Return where conversations end that no later image can join."""
        total = len(images.tokens)
        rules = self.rules
        if rules.images_per_request is not None:
            length = rules.images_per_request * rules.turns
            return list(range(length, total, length))
        reach = _Reach(rules, images)
        ends, start = [], 0
        while (end := reach.end_from(start)) < total:
            ends.append(end)
            start = end
        return ends

    def _close(self, images: ImageColumns, ends: Sequence[int]) -> RequestColumns:
        """Return the requests of the conversations that end at `ends`."""
        rules = self.rules
        end = np.array(ends, np.int64)
        start = np.concatenate([[0], end[:-1]])
        length = end - start
        per_request = rules.images_per_request
        turns = np.minimum(rules.turns, length if per_request is None else -(-length // per_request))
        conversation = np.repeat(np.arange(len(end), dtype=np.int64), turns)
        turn = np.arange(len(conversation), dtype=np.int64) - np.repeat(np.cumsum(turns) - turns, turns)
        if per_request is None:  # spread evenly
            before, carried = (length[conversation] * (turn + n) // turns[conversation] for n in (0, 1))
        else:
            before, carried = (np.minimum((turn + n) * per_request, length[conversation]) for n in (0, 1))
        first = start[conversation]
        visual, smaller, sent_bytes = (_between(_sums(column), first, first + carried) for column in images[:3])
        text = (
            rules.prompt_tokens
            + rules.request_overhead
            + rules.message_overhead * (turn + 1)
            + rules.output_tokens * turn
        )
        requests = RequestColumns(
            self._requests,
            conversation + self._conversations,
            turn,
            turn == turns[conversation] - 1,
            first + self._first,
            carried,
            carried - before,
            visual,
            smaller,
            text + visual + rules.image_overhead * carried,
            sent_bytes,
        )
        _check(rules, requests, images, first)
        self._requests += len(turn)
        self._conversations += len(end)
        self._first += int(end[-1])
        return requests


class _Reach:
    """Finds the longest conversation from an image on, by bisecting prefix sums for each limit."""

    def __init__(self, rules: PackingRules, images: ImageColumns) -> None:
        self._rules = rules
        self._total = len(images.tokens)
        weights = images.tokens + rules.image_overhead
        self._sums: list[tuple[memoryview, int]] = []
        text = rules.text_tokens(rules.turns)
        tokens = _view(_sums(weights))
        self._sums.append((tokens, rules.context_window - rules.output_tokens - text))
        if rules.request_bytes is not None and images.sent_bytes.any():
            capacity = rules.request_bytes - rules.text_bytes(rules.turns)
            self._sums.append((_view(_sums(images.sent_bytes)), capacity))
        self._standard = None if rules.threshold is None else (tokens, rules.threshold - text)
        self._large = self._below_threshold = _view(np.zeros(0, np.int64))
        if rules.many_images is not None:
            self._large = _view(np.flatnonzero(images.edge > cast("int", rules.many_images_edge)))
        if rules.threshold is not None:
            self._below_threshold = _view(np.flatnonzero(weights + rules.text_tokens(1) <= rules.threshold))

    def end_from(self, start: int) -> int:
        """Return where the longest conversation that starts at an image ends. It has at least one image."""
        rules = self._rules
        end = self._total
        if rules.max_images is not None:
            end = min(end, start + rules.max_images)
        if rules.many_images is not None and end > start + rules.many_images:
            end = min(end, max(start + rules.many_images, self._next(self._large, start)))
        for sums, capacity in self._sums:
            end = _within(sums, capacity, start, end)
        if self._standard is not None:
            # Images that each exceed the threshold alone may share a request: a smaller one would not avoid it.
            end = min(end, max(_within(*self._standard, start, end), self._next(self._below_threshold, start)))
        return max(end, start + 1)

    def _next(self, indices: memoryview, start: int) -> int:
        position = bisect_left(indices, start)
        return indices[position] if position < len(indices) else self._total


def _view(column: NDArray[np.integer]) -> memoryview:
    """Wrap a column for element access: bisecting a memoryview is much faster than bisecting the array."""
    return memoryview(cast("Any", column))


def _within(sums: memoryview, capacity: int, start: int, end: int) -> int:
    limit = sums[start] + capacity
    if sums[end] <= limit:  # most limits rarely apply
        return end
    return max(start, bisect_right(sums, limit, start, end) - 1)


def _sums(column: NDArray[Any]) -> NDArray[np.int64]:
    sums = np.zeros(len(column) + 1, np.int64)
    np.cumsum(column, out=sums[1:])
    return sums


def _between(sums: NDArray[np.int64], start: NDArray[np.int64], stop: NDArray[np.int64]) -> NDArray[np.int64]:
    return sums[stop] - sums[start]


def _check(rules: PackingRules, requests: RequestColumns, images: ImageColumns, first: NDArray[np.int64]) -> None:
    """Raise an error for requests that exceed a limit."""
    large = np.zeros(len(first), np.bool_)
    if rules.many_images is not None:
        large = _between(_sums(images.edge > cast("int", rules.many_images_edge)), first, first + requests.images) > 0
    text_bytes = rules.text_bytes(1) + BYTES_PER_TOKEN * rules.output_tokens * requests.turn
    tokens, request_bytes = requests.prompt + rules.output_tokens, requests.sent_bytes + text_bytes
    for what, advice, exceeded, value, limit in (
        (
            ("image", "images"),
            "fewer images or turns per request",
            requests.images > _or_infinity(rules.max_images),
            requests.images,
            rules.max_images,
        ),
        (
            ("image", f"images, one of them over {rules.many_images_edge or 0:,} px"),
            "fewer images or turns per request, or smaller images",
            large & (requests.images > _or_infinity(rules.many_images)),
            requests.images,
            rules.many_images,
        ),
        (
            ("byte", "bytes"),
            "fewer images or turns per request, or smaller files",
            request_bytes > _or_infinity(rules.request_bytes),
            request_bytes,
            rules.request_bytes,
        ),
        (
            ("token, prompt and answer", "tokens, prompt and answer"),
            "fewer images, turns or tokens per request",
            tokens > rules.context_window,
            tokens,
            rules.context_window,
        ),
    ):
        if exceeded.any():
            index = int(np.argmax(exceeded))
            amount = plural(int(value[index]), *what)
            raise ImgcostError(
                f"request {requests.number + index + 1:,} (from image {requests.first[index] + 1:,} on) would have "
                f"{amount}: the limit is {limit:,}. Plan {advice}"
            )


def _or_infinity(limit: int | None) -> float:
    return float("inf") if limit is None else limit
