"""Token usage of requests by class (uncached, written to the cache, read from it, answers), and its totals.

A prefix is cached only if a later request reads it. In a conversation, each turn reads the previous turn's prompt from
the cache and writes what is new, except for the last turn, which writes nothing. Conversations share only the text
prompt: it is written once per job and read by the first turn of every later conversation. Prefixes below the model's
minimum are neither written nor read.

Source: https://platform.claude.com/docs/en/build-with-claude/prompt-caching (read 2026-10-08)
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple, cast

import numpy as np

from imgcost.prices import Usage

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from imgcost.conditions import CacheTtl
    from imgcost.plans.packing import RequestColumns
    from imgcost.plans.packing_rules import PackingRules
    from imgcost.prices import PriceKind

__all__ = ["RequestUsage", "Split", "UsageTotals", "request_usages"]

KINDS: tuple[PriceKind, PriceKind] = ("standard", "long-context")


class Split(NamedTuple):
    """Tokens by class, whatever the cache lifetime.

    Attributes:
        input: Prompt tokens that are not cached.
        write: Prompt tokens written to the cache.
        read: Prompt tokens read from the cache.
        output: Tokens of the answer.
    """

    input: int = 0
    write: int = 0
    read: int = 0
    output: int = 0

    def plus(self, other: Split) -> Split:
        """Return the sum by class."""
        return Split(*map(sum, zip(self, other, strict=True)))

    def counts(self, ttl: CacheTtl) -> Usage:
        """Convert to the classes that have prices.

        >>> Split(1, 2, 3, 4).counts("1h")
        Usage(input=1, output=4, cache_write_5m=0, cache_write_1h=2, cache_read=3)
        """
        writes = (0, self.write) if ttl == "1h" else (self.write, 0)
        return Usage(self.input, self.output, *writes, self.read)


class RequestUsage(NamedTuple):
    """Token usage of a request.

    Attributes:
        number: Index of the request in the job.
        conversation: Index of its conversation in the job.
        turn: Index of its turn in the conversation.
        first_image: Index of its first image among all images sent.
        images: Number of consecutive images that it carries.
        new_images: How many of them are new in this turn; those come last.
        visual: Visual tokens of its images.
        split: Tokens by class.
        kind: Price that applies.
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
class UsageTotals:
    """Sums over all requests of a job: enough to price it in every way.

    Attributes:
        rules: Packing rules of the requests.
        requests: Number of requests.
        conversations: Number of conversations.
        images: Number of images, each counted once.
        carried: Number of images sent; an image counts again on every turn that re-sends it.
        messages: Number of user messages sent, re-sent ones included.
        answers: Number of answers that are re-sent in a later prompt.
        visual: Visual tokens of all images, each counted once.
        carried_visual: Visual tokens sent, re-sent images included.
        sent_bytes: Bytes of images sent, re-sent images included; unknown sizes count as 0.
        long_requests: Number of requests at the long-context price.
        max_new_images: Most new images in a request.
        sums: Tokens of all requests, by whether prompts are cached and by the price that applies.
    """

    rules: PackingRules
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
    max_new_images: int = 0
    sums: dict[tuple[bool, PriceKind], Split] = field(
        default_factory=lambda: {(cached, kind): Split() for cached in (False, True) for kind in KINDS}
    )

    def add(self, requests: RequestColumns) -> None:
        """Add requests to the sums."""
        self.requests += requests.total(np.ones_like(requests.turn))
        self.conversations += requests.total(requests.last)
        self.images += requests.total(requests.new_images)
        self.carried += requests.total(requests.images)
        self.messages += requests.total(requests.turn + 1)
        self.answers += requests.total(requests.turn)
        self.visual += requests.total(requests.visual * requests.last)
        self.carried_visual += requests.total(requests.visual)
        self.sent_bytes += requests.total(requests.sent_bytes)
        self.max_new_images = max(self.max_new_images, int(requests.new_images.max()))
        is_long = _is_long(requests, self.rules)
        self.long_requests += requests.total(is_long)
        for cached in (False, True):
            columns = _split(requests, self.rules, cached)
            for kind, mask in zip(KINDS, (~is_long, is_long), strict=True):
                part = Split(*(requests.total(column * mask) for column in columns))
                self.sums[cached, kind] = self.sums[cached, kind].plus(part)

    def splits(self, *, cached: bool) -> dict[PriceKind, Split]:
        """Return the tokens of all requests, by the price that applies."""
        cached = cached and self.cacheable
        return {kind: self.sums[cached, kind] for kind in KINDS}

    @property
    def cacheable(self) -> bool:
        """Whether anything would be read from the cache; otherwise nothing is written to it."""
        return any(self.sums[True, kind].read for kind in KINDS)


def request_usages(requests: RequestColumns, rules: PackingRules, *, cached: bool) -> Iterator[RequestUsage]:
    """Iterate over the usage of individual requests.

    Args:
        requests: The requests.
        rules: Rules by which they were packed.
        cached: Whether their prompts are cached.

    Yields:
        The usage of each request, in order.
    """
    numbers = (
        requests.conversation,
        requests.turn,
        requests.first,
        requests.images,
        requests.new_images,
        requests.visual,
    )
    columns = [column.tolist() for column in numbers]
    splits = [column.tolist() for column in _split(requests, rules, cached)]
    is_long = _is_long(requests, rules).tolist()
    length = int(requests.images[-1])
    number = requests.number
    # Only counted images, whose requests are never listed, have a tuple of times.
    for repetition in range(cast("int", requests.times)):
        for row, (conversation, turn, first, images, new, visual) in enumerate(zip(*columns, strict=True)):
            split = Split(*(column[row] for column in splits))
            kind = KINDS[is_long[row]]
            yield RequestUsage(
                number, conversation + repetition, turn, first + repetition * length, images, new, visual, split, kind
            )
            number += 1


def _is_long(requests: RequestColumns, rules: PackingRules) -> NDArray[np.bool_]:
    if rules.threshold is None:
        return np.zeros(len(requests.turn), np.bool_)
    return requests.prompt > rules.threshold


def _split(requests: RequestColumns, rules: PackingRules, cached: bool) -> tuple[NDArray[np.int64], ...]:
    """Return columns of input, write, read and output tokens."""
    prompt = requests.prompt
    output = np.full(prompt.shape, rules.output_tokens, np.int64)
    zeros = np.zeros_like(prompt)
    if not cached or rules.cache_minimum is None:
        return prompt, zeros, zeros, output
    is_first = requests.turn == 0
    shared = rules.prompt_tokens if rules.prompt_tokens >= rules.cache_minimum else 0
    # A chunk of requests starts with a conversation, so the row before a later turn is always its previous turn.
    prefix = np.where(is_first, np.where(requests.conversation > 0, shared, 0), np.roll(prompt, 1))
    read = np.where(prefix >= rules.cache_minimum, prefix, 0)
    cacheable = prompt >= rules.cache_minimum
    write = np.where(~requests.last & cacheable, prompt - read, 0)
    writes_shared_prompt = requests.last & is_first & (requests.conversation == 0)
    write = np.where(writes_shared_prompt, shared, write)
    return prompt - write - read, write, read, output
