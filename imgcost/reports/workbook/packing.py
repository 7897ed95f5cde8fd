"""What the formulas of the sheets come to: requests and dollars, in whole numbers and exact decimals.

Viewers that do not recalculate show these values, so every formula is written with its own.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from imgcost.prices import TokenCounts, multiply, total_usd

if TYPE_CHECKING:
    from collections.abc import Sequence
    from decimal import Decimal

    from imgcost.reports.workbook.offers import Inputs, Offer
    from imgcost.summaries import Measure

__all__ = ["Outcome", "Packed", "Packing", "outcome"]


class Packed(NamedTuple):
    """Where the packing stands after a row of the sheet Images.

    Attributes:
        images: Images so far.
        requests: Requests that end in this row.
        open_tokens: For each measure, visual tokens of the request that is still open after it.
        request_tokens: For each measure, those of the first request that ends in it; 0 where none does.
    """

    images: int
    requests: int
    open_tokens: list[int]
    request_tokens: list[int]


class Packing:
    """Images in their order, so many to a request.

    Attributes:
        measures: What counts the visual tokens.
        images: Images so far.
        tokens: For each measure, their visual tokens.
        open_tokens: For each measure, the visual tokens of the request that is not full yet.
        histograms: For each measure, visual tokens of an image to the number of images.
        full: For each measure, visual tokens of a full request to the number of such requests.
        first: For each measure, the visual tokens of the first full request.
    """

    def __init__(self, measures: Sequence[Measure], images_per_request: int) -> None:
        """Start with no image."""
        self.measures = tuple(measures)
        self.images_per_request = images_per_request
        self.images = 0
        self.tokens = [0] * len(self.measures)
        self.open_tokens = [0] * len(self.measures)
        self.histograms: list[Counter[int]] = [Counter() for _ in self.measures]
        self.full: list[Counter[int]] = [Counter() for _ in self.measures]
        self.first = [0] * len(self.measures)

    def add(self, count: int, tokens: Sequence[int]) -> Packed:
        """Add images of the same tokens.

        Args:
            count: How many.
            tokens: For each measure, the visual tokens of each.

        Returns:
            Where the packing stands then.
        """
        size = self.images_per_request
        before, self.images = self.images, self.images + count
        requests = self.images // size - before // size
        ended = [0] * len(tokens)
        for place, each in enumerate(tokens):
            self.tokens[place] += count * each
            self.histograms[place][each] += count
            if not requests:
                self.open_tokens[place] += count * each
                continue
            ended[place] = self.open_tokens[place] + (size - before % size) * each
            self.open_tokens[place] = self.images % size * each
            self.full[place][ended[place]] += 1
            if requests > 1:
                self.full[place][size * each] += requests - 1
            self.first[place] = self.first[place] or ended[place]
        return Packed(self.images, requests, list(self.open_tokens), ended)

    @property
    def requests(self) -> int:
        """All requests, the last one not always full."""
        return -(-self.images // self.images_per_request)

    @property
    def last_images(self) -> int:
        """Images of a last request that is not full; 0 where all are."""
        return self.images % self.images_per_request


class Outcome(NamedTuple):
    """What a model's row of the sheet Models comes to.

    Attributes:
        factor: On every rate; None where the options chosen are not offered.
        cached: Whether the standing prompt is cached.
        over: Requests over the long-context threshold.
        over_full: Those of them that are full.
        over_tokens: Visual tokens in them.
        over_images: Images in them.
        bound: Visual tokens of a full request from which on it is one of them; 0 where there is no threshold.
        first_over: Whether the request that writes the cache is one of them.
        largest: Tokens of the largest prompt.
        around: Tokens around all images and messages, as measured.
        counts: Tokens of all requests, by class.
        long: Those of them in requests over the threshold.
        usd: US dollars of input, cache writes, cache reads and output; None where the options are not offered.
        surcharge_usd: What the long-context price adds to them.
        images_usd: The visual tokens alone, as plain input.
    """

    factor: Decimal | None
    cached: bool
    over: int
    over_full: int
    over_tokens: int
    over_images: int
    bound: int
    first_over: bool
    largest: int
    around: int
    counts: TokenCounts
    long: TokenCounts
    usd: tuple[Decimal, Decimal, Decimal, Decimal] | None
    surcharge_usd: Decimal | None
    images_usd: Decimal | None

    @property
    def total_usd(self) -> Decimal | None:
        """US dollars of everything."""
        return self.usd and total_usd(self.usd)


def outcome(offer: Offer, inputs: Inputs, packing: Packing) -> Outcome:
    """Work out what a model's row comes to.

    Args:
        offer: How the model counts and bills.
        inputs: What stands in the input cells.
        packing: All images, packed.

    Returns:
        Its tokens and dollars.
    """
    place = packing.measures.index(offer.measure)
    size, requests, last = packing.images_per_request, packing.requests, packing.last_images
    wrapping, around = offer.wrapping or 0, (offer.framing or 0) + offer.surcharge
    minimum = offer.model.min_cacheable_tokens
    prompt = inputs.prompt_tokens
    cached = inputs.caching != "none" and requests > 1 and minimum is not None and prompt >= minimum
    full, open_tokens = packing.full[place], packing.open_tokens[place]

    def crosses(visual: int, images: int) -> bool:
        return offer.threshold is not None and visual + wrapping * images + prompt + around > offer.threshold

    over_full = sum(times for visual, times in full.items() if crosses(visual, size))
    last_over = bool(last) and crosses(open_tokens, last)
    over_tokens = sum(visual * times for visual, times in full.items() if crosses(visual, size))
    over_tokens += last_over * open_tokens
    over, over_images = over_full + last_over, over_full * size + last_over * last
    first_over = cached and crosses(packing.first[place], size)
    largest = max(max(full) + size * wrapping if full else 0, open_tokens + last * wrapping) + prompt + around

    def counted(visual: int, images: int, requests: int, *, writes: bool) -> TokenCounts:
        """Tokens by class of some requests, one of which may write the cache."""
        plain = visual + wrapping * images + around * requests + (not cached) * prompt * requests
        written = prompt if cached and writes else 0
        read = cached * prompt * requests - written
        kept = (written, 0) if inputs.caching == "5m" else (0, written)
        return TokenCounts(plain, inputs.output_tokens * requests, *kept, read)

    counts = counted(packing.tokens[place], packing.images, requests, writes=True)
    long = counted(over_tokens, over_images, over, writes=first_over)
    bound = max(0, (offer.threshold or 0) - prompt - around - wrapping * size)
    factor = _factor(offer, inputs)
    reached = (over, over_full, over_tokens, over_images, bound, first_over)
    sizes = (largest if requests else 0, wrapping * packing.images + around * requests)
    found = Outcome(factor, cached, *reached, *sizes, counts, long, usd=None, surcharge_usd=None, images_usd=None)
    return found if factor is None else _priced(found, factor, offer, packing.tokens[place])


def _factor(offer: Offer, inputs: Inputs) -> Decimal | None:
    """The factor on every rate; None where the model is not offered with these options."""
    written = {"none": offer.standard.input, "5m": offer.standard.cache_write_5m, "1h": offer.standard.cache_write_1h}
    read = offer.standard.input if inputs.caching == "none" else offer.standard.cache_read
    batch = offer.batch if inputs.batch else multiply()
    place = offer.inference_geo_us if inputs.inference_geo == "us" else multiply()
    if written[inputs.caching] is None or read is None or batch is None or place is None:
        return None
    return multiply(batch, place)


def _priced(found: Outcome, factor: Decimal, offer: Offer, visual: int) -> Outcome:
    """The same, with dollars."""
    standard = offer.standard.times(factor)
    above = (offer.long_context or offer.standard).times(factor)
    short = TokenCounts(*(all_of - long for all_of, long in zip(found.counts, found.long, strict=True)))

    def priced(name: str) -> Decimal:
        only = [TokenCounts(**{name: getattr(counts, name)}) for counts in (short, found.long)]
        return total_usd([standard.cost_usd(only[0]), above.cost_usd(only[1])])

    usd = {name: priced(name) for name in TokenCounts._fields}
    written = total_usd([usd["cache_write_5m"], usd["cache_write_1h"]])
    return found._replace(
        usd=(usd["input"], written, usd["cache_read"], usd["output"]),
        surcharge_usd=above.cost_usd(found.long) - standard.cost_usd(found.long),
        images_usd=standard.cost_usd(TokenCounts(input=visual)),
    )
