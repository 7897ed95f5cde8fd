"""Images into requests: contiguous, in order, as many in each as no limit forbids and no surcharge punishes.

A run of images that may be one request stays so when images are taken from its ends: every limit is on a sum, on a
count, or on the longest edge among many. So the longest such run, taken again and again from the left, needs the fewest
requests of all ways to cut the sequence: wherever another way ends its k-th request, this one has come at least as far.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from operator import mul
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import numpy as np

from imgcost.errors import ImgcostError
from imgcost.figures import plural
from imgcost.plans.jobs import BLOCK
from imgcost.plans.rules import BYTES_A_TOKEN

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from imgcost.plans.rules import PackingRules

__all__ = ["Columns", "Packer", "Requests"]


class Columns(NamedTuple):
    """What packing asks of consecutive images.

    Attributes:
        tokens: Visual tokens.
        smaller: Visual tokens if the images were downscaled first; else as above.
        sent_bytes: Bytes in a request, 0 where the file's size is not known.
        edge: The longer edge, px.
    """

    tokens: NDArray[np.int64]
    smaller: NDArray[np.int64]
    sent_bytes: NDArray[np.int64]
    edge: NDArray[np.int64]

    def part(self, start: int, stop: int | None = None) -> Columns:
        """Images from `start` up to `stop`."""
        return Columns(*(column[start:stop] for column in self))

    def before(self, others: Columns) -> Columns:
        """These images, then others."""
        return Columns(*map(np.concatenate, zip(self, others, strict=True)))

    def repeated(self, count: int) -> Columns:
        """One image, so many times."""
        return Columns(*(np.repeat(column, count) for column in self))


_NOTHING = Columns(*(np.zeros(0, np.int64) for _ in Columns._fields))


class Requests(NamedTuple):
    """Requests of consecutive conversations, a column an attribute; one conversation is one request where turns are 1.

    Attributes:
        number: Number of the first request in the job, from 0.
        conversation: Number of each request's conversation in the job, from 0.
        turn: Its turn in the conversation, from 0.
        last: Whether it is the conversation's last.
        first: The first image that it carries, counted from 0 among those that are sent.
        images: Images that it carries, from `first` on.
        new_images: How many of them, at the end, are new in this turn.
        visual: Visual tokens of the images that it carries.
        smaller: The same if the images were downscaled first.
        prompt: All tokens of its prompt.
        sent_bytes: Bytes of the images that it carries.
        times: How often all these requests follow each other, with other images of the same size each time; or, of
            images that were counted already, how often each of them occurs.
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
        """Sum a column over all these requests, in integers of any length."""
        if isinstance(self.times, int):
            return int(column.sum()) * self.times
        return sum(map(mul, column.tolist(), self.times))

    def downscaled(self) -> Requests:
        """The same requests with downscaled images, so that nothing but their tokens is compared."""
        return self._replace(visual=self.smaller, prompt=self.prompt - self.visual + self.smaller)


class Packer:
    """Takes images as they come and gives requests as they fill: memory holds one request's images, and a block."""

    def __init__(self, rules: PackingRules) -> None:
        """Begin a job."""
        self.rules = rules
        self._waiting = _NOTHING
        self._first = self._requests = self._conversations = 0

    def add(self, images: Columns) -> Requests | None:
        """Take images; whoever might still share a request with later ones waits."""
        waiting = self._waiting.before(images)
        ends = self._ends(waiting)
        self._waiting = waiting.part(ends[-1]) if ends else waiting
        return self._close(waiting, ends) if ends else None

    def add_repeated(self, image: Columns, count: int) -> Iterator[Requests]:
        """Take many images of one size: once a conversation of them alone has closed, all but the last are like it."""
        taken = 0
        while taken < count:
            block = min(count - taken, BLOCK)
            taken += block
            found = self.add(image.repeated(block))
            if found is None:
                continue
            yield found
            of_last = found.conversation == found.conversation[-1]
            length, rest = int(found.images[-1]), len(self._waiting.tokens)
            times = (count - taken + rest - 1) // length
            if taken >= length + rest and times > 1:
                yield self._again(found, of_last, length, times)
                self._waiting = image.repeated(count - taken + rest - times * length)
                return

    def finish(self) -> Requests | None:
        """Close what waits: the last conversation, if there is any."""
        waiting, self._waiting = self._waiting, _NOTHING
        return self._close(waiting, [len(waiting.tokens)]) if len(waiting.tokens) else None

    def _again(self, found: Requests, of_last: NDArray[np.bool_], length: int, times: int) -> Requests:
        """The last conversation again and again."""
        columns: list[Any] = [column[of_last] for column in found[1:-1]]
        again = Requests(self._requests, *columns)
        turns = len(again.turn)
        again = again._replace(conversation=again.conversation + 1, first=again.first + length, times=times)
        self._requests += turns * times
        self._conversations += times
        self._first += length * times
        return again

    def _ends(self, images: Columns) -> list[int]:
        """Where conversations end that nothing after these images could join."""
        total = len(images.tokens)
        rules = self.rules
        if rules.images_per_request is not None:
            length = rules.images_per_request * rules.turns
            return list(range(length, total, length))
        reach = _Reach(rules, images)
        ends, start = [], 0
        while (end := reach.from_(start)) < total:
            ends.append(end)
            start = end
        return ends

    def _close(self, images: Columns, ends: Sequence[int]) -> Requests:
        """Requests of the conversations that end there, turn by turn."""
        rules = self.rules
        end = np.array(ends, np.int64)
        start = np.concatenate([[0], end[:-1]])
        length = end - start
        each = rules.images_per_request
        turns = np.minimum(rules.turns, length if each is None else -(-length // each))
        conversation = np.repeat(np.arange(len(end), dtype=np.int64), turns)
        turn = np.arange(len(conversation), dtype=np.int64) - np.repeat(np.cumsum(turns) - turns, turns)
        if each is None:  # spread evenly
            before, carried = (length[conversation] * (turn + n) // turns[conversation] for n in (0, 1))
        else:
            before, carried = (np.minimum((turn + n) * each, length[conversation]) for n in (0, 1))
        first = start[conversation]
        visual, smaller, sent_bytes = (_between(_sums(column), first, first + carried) for column in images[:3])
        text = rules.prompt_tokens + rules.extra + rules.framing * (turn + 1) + rules.output_tokens * turn
        found = Requests(
            self._requests,
            conversation + self._conversations,
            turn,
            turn == turns[conversation] - 1,
            first + self._first,
            carried,
            carried - before,
            visual,
            smaller,
            text + visual + rules.wrapping * carried,
            sent_bytes,
        )
        _check(rules, found, images, first)
        self._requests += len(turn)
        self._conversations += len(end)
        self._first += int(end[-1])
        return found


class _Reach:
    """How far a conversation may go: for each limit a bisection in prefix sums."""

    def __init__(self, rules: PackingRules, images: Columns) -> None:
        self._rules = rules
        self._total = len(images.tokens)
        weights = images.tokens + rules.wrapping
        self._sums: list[tuple[memoryview, int]] = []
        text = rules.text_tokens(rules.turns)
        tokens = _view(_sums(weights))
        self._sums.append((tokens, rules.context_window - rules.output_tokens - text))
        if rules.request_bytes is not None and images.sent_bytes.any():
            room = rules.request_bytes - rules.text_bytes(rules.turns)
            self._sums.append((_view(_sums(images.sent_bytes)), room))
        self._cheap = None if rules.threshold is None else (tokens, rules.threshold - text)
        self._large = self._not_alone = _view(np.zeros(0, np.int64))
        if rules.many_images is not None:
            self._large = _view(np.flatnonzero(images.edge > cast("int", rules.many_images_edge)))
        if rules.threshold is not None:
            self._not_alone = _view(np.flatnonzero(weights + rules.text_tokens(1) <= rules.threshold))

    def from_(self, start: int) -> int:
        """Where the longest conversation from an image on ends; it has one image at least."""
        rules = self._rules
        end = self._total
        if rules.max_images is not None:
            end = min(end, start + rules.max_images)
        if rules.many_images is not None and end > start + rules.many_images:
            end = min(end, max(start + rules.many_images, self._next(self._large, start)))
        for sums, room in self._sums:
            end = _within(sums, room, start, end)
        if self._cheap is not None:
            # Images that cross the threshold each alone may share a request: no smaller one would avoid it.
            end = min(end, max(_within(*self._cheap, start, end), self._next(self._not_alone, start)))
        return max(end, start + 1)

    def _next(self, places: memoryview, start: int) -> int:
        found = bisect_left(places, start)
        return places[found] if found < len(places) else self._total


def _view(column: NDArray[np.integer]) -> memoryview:
    """A column as plain integers, one at a time: far quicker to bisect than the array itself."""
    return memoryview(cast("Any", column))


def _within(sums: memoryview, room: int, start: int, end: int) -> int:
    most = sums[start] + room
    if sums[end] <= most:  # most limits bind seldom
        return end
    return max(start, bisect_right(sums, most, start, end) - 1)


def _sums(column: NDArray[Any]) -> NDArray[np.int64]:
    sums = np.zeros(len(column) + 1, np.int64)
    np.cumsum(column, out=sums[1:])
    return sums


def _between(sums: NDArray[np.int64], start: NDArray[np.int64], stop: NDArray[np.int64]) -> NDArray[np.int64]:
    return sums[stop] - sums[start]


def _check(rules: PackingRules, found: Requests, images: Columns, first: NDArray[np.int64]) -> None:
    """Refuse what no way of packing, or not the way asked for, can send."""
    large = np.zeros(len(first), np.bool_)
    if rules.many_images is not None:
        large = _between(_sums(images.edge > cast("int", rules.many_images_edge)), first, first + found.images) > 0
    text_bytes = rules.text_bytes(1) + BYTES_A_TOKEN * rules.output_tokens * found.turn
    tokens, sent = found.prompt + rules.output_tokens, found.sent_bytes + text_bytes
    for name, what, broken, value, limit in (
        ("images", ("image", "images"), found.images > _or_more(rules.max_images), found.images, rules.max_images),
        (
            "many_images_edge",
            ("image", f"images, one of them over {rules.many_images_edge} px"),
            large & (found.images > _or_more(rules.many_images)),
            found.images,
            rules.many_images,
        ),
        ("request_bytes", ("byte", "bytes"), sent > _or_more(rules.request_bytes), sent, rules.request_bytes),
        (
            "context_window",
            ("token, prompt and answer", "tokens, prompt and answer"),
            tokens > rules.context_window,
            tokens,
            rules.context_window,
        ),
    ):
        if broken.any():
            place = int(np.argmax(broken))
            amount = plural(int(value[place]), *what)
            raise ImgcostError(
                f"request {found.number + place} (from image {found.first[place]} on) has {amount}: "
                f"the limit is {limit:,} ({name.replace('_', ' ')}: {dict(rules.sources)[name]}). "
                "Send fewer images, tokens or turns a request"
            )


def _or_more(limit: int | None) -> float:
    return float("inf") if limit is None else limit
