"""Requests into tokens by class: what is read from the cache, what is written, what is plain; and their sums.

What nobody reads again is not written. In a conversation a turn reads the prompt of the turn before it and writes what
is new, but for the last turn. The standing prompt alone is what conversations share: it is written once in the job, and
read by the first turn of every later conversation. No prefix under the model's minimum is written or read.

Source: https://platform.claude.com/docs/en/build-with-claude/prompt-caching (read 2026-10-08)
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple, cast

import numpy as np

from imgcost.prices import TokenCounts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from imgcost.plans.packing import Requests
    from imgcost.plans.rules import Rules
    from imgcost.prices import PriceKind
    from imgcost.quotes import CacheTtl

__all__ = ["Ledger", "Line", "Split", "lines_of"]

KINDS: tuple[PriceKind, PriceKind] = ("standard", "long-context")


class Split(NamedTuple):
    """Prompt tokens by what the cache does with them, and answers.

    Attributes:
        input: Not cached.
        write: Written.
        read: Read.
        output: Of the answer.
    """

    input: int = 0
    write: int = 0
    read: int = 0
    output: int = 0

    def plus(self, other: Split) -> Split:
        """Add class by class."""
        return Split(*map(sum, zip(self, other, strict=True)))

    def counts(self, ttl: CacheTtl) -> TokenCounts:
        """The same by the classes that have prices.

        >>> Split(1, 2, 3, 4).counts("1h")
        TokenCounts(input=1, output=4, cache_write_5m=0, cache_write_1h=2, cache_read=3)
        """
        writes = (0, self.write) if ttl == "1h" else (self.write, 0)
        return TokenCounts(self.input, self.output, *writes, self.read)


class Line(NamedTuple):
    """A request of a job.

    Attributes:
        number: Its number, from 0.
        conversation: Its conversation, from 0.
        turn: Its turn there, from 0.
        first_image: The first image that it carries, from 0 among those that are sent.
        images: How many it carries, from there on.
        new_images: How many of them, at the end, are new in this turn.
        visual: Visual tokens of the images that it carries.
        split: Its tokens.
        kind: Its price.
    """

    number: int
    conversation: int
    turn: int
    first_image: int
    images: int
    new_images: int
    visual: int
    split: Split
    kind: PriceKind


@dataclass
class Ledger:
    """The sums over a job: enough for every price of it, whatever its length.

    Attributes:
        rules: What the requests are packed by.
        requests: How many requests.
        conversations: How many conversations; as many, where a conversation has one turn.
        images: How many images.
        carried: Images as often as they are sent: again on every turn.
        messages: User messages as often as they are sent.
        answers: Answers as often as they are sent back in a prompt.
        visual: Visual tokens of every image once.
        carried_visual: Visual tokens as often as they are sent.
        sent_bytes: Bytes of images as often as they are sent, where known.
        long_requests: Requests at the long-context price.
        most_images: Most new images in a request.
        sums: Tokens of all requests, by whether they are cached and by their price.
    """

    rules: Rules
    requests: int = 0
    conversations: int = 0
    images: int = 0
    carried: int = 0
    messages: int = 0
    answers: int = 0
    visual: int = 0
    carried_visual: int = 0
    sent_bytes: int = 0
    long_requests: int = 0
    most_images: int = 0
    sums: dict[tuple[bool, PriceKind], Split] = field(
        default_factory=lambda: {(cached, kind): Split() for cached in (False, True) for kind in KINDS}
    )

    def add(self, found: Requests) -> None:
        """Count requests."""
        self.requests += found.total(np.ones_like(found.turn))
        self.conversations += found.total(found.last)
        self.images += found.total(found.new_images)
        self.carried += found.total(found.images)
        self.messages += found.total(found.turn + 1)
        self.answers += found.total(found.turn)
        self.visual += found.total(found.visual * found.last)
        self.carried_visual += found.total(found.visual)
        self.sent_bytes += found.total(found.sent_bytes)
        self.most_images = max(self.most_images, int(found.new_images.max()))
        is_long = _is_long(found, self.rules)
        self.long_requests += found.total(is_long)
        for cached in (False, True):
            columns = _split(found, self.rules, cached)
            for kind, mask in zip(KINDS, (~is_long, is_long), strict=True):
                part = Split(*(found.total(column * mask) for column in columns))
                self.sums[cached, kind] = self.sums[cached, kind].plus(part)

    def splits(self, *, cached: bool) -> dict[PriceKind, Split]:
        """Tokens by class of all requests, by the price that they have."""
        cached = cached and self.cacheable
        return {kind: self.sums[cached, kind] for kind in KINDS}

    @property
    def cacheable(self) -> bool:
        """Whether anything would be read from the cache; else nothing is written."""
        return any(self.sums[True, kind].read for kind in KINDS)


def lines_of(found: Requests, rules: Rules, *, cached: bool) -> Iterator[Line]:
    """Tell requests one by one.

    Args:
        found: The requests.
        rules: What they were packed by.
        cached: Whether their prompts are cached.

    Yields:
        A line each, in order.
    """
    shown = (found.conversation, found.turn, found.first, found.images, found.new_images, found.visual)
    columns = [column.tolist() for column in shown]
    splits = [column.tolist() for column in _split(found, rules, cached)]
    is_long = _is_long(found, rules).tolist()
    length = int(found.images[-1])
    number = found.number
    for time in range(cast("int", found.times)):  # only histograms, which nobody walks, have more than one number
        for row, (conversation, turn, first, images, new, visual) in enumerate(zip(*columns, strict=True)):
            split = Split(*(column[row] for column in splits))
            kind = KINDS[is_long[row]]
            yield Line(number, conversation + time, turn, first + time * length, images, new, visual, split, kind)
            number += 1


def _is_long(found: Requests, rules: Rules) -> NDArray[np.bool_]:
    if rules.threshold is None:
        return np.zeros(len(found.turn), np.bool_)
    return found.prompt > rules.threshold


def _split(found: Requests, rules: Rules, cached: bool) -> tuple[NDArray[np.int64], ...]:
    """Columns of input, write, read and output tokens."""
    prompt = found.prompt
    output = np.full(prompt.shape, rules.output_tokens, np.int64)
    nothing = np.zeros_like(prompt)
    if not cached or rules.cache_minimum is None:
        return prompt, nothing, nothing, output
    opening, standing = found.turn == 0, rules.prompt_tokens
    shared = standing if standing >= rules.cache_minimum else 0
    # A block of requests begins with a conversation: before a turn that is not its first stands the turn before it.
    before = np.where(opening, np.where(found.conversation > 0, shared, 0), np.roll(prompt, 1))
    read = np.where(before >= rules.cache_minimum, before, 0)
    cacheable = prompt >= rules.cache_minimum
    write = np.where(~found.last & cacheable, prompt - read, 0)
    alone = found.last & opening & (found.conversation == 0)
    write = np.where(alone, shared, write)
    return prompt - write - read, write, read, output
