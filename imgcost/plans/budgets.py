"""What a whole job costs with one model: requests, tokens by class and exact dollars."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Context, Decimal
from fractions import Fraction
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

from imgcost import geometry
from imgcost.plans.usage import UsageTotals, request_usages
from imgcost.prices import Usage, cost_usd, exact_usd, multiply, total_usd

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from imgcost.conditions import CacheTtl
    from imgcost.plans.images import CountedImages, JobImages
    from imgcost.plans.packing_rules import PackingRules
    from imgcost.plans.scenarios import Scenario
    from imgcost.plans.usage import Split
    from imgcost.prices import PriceKind, Rates
    from imgcost.quoting import Quote
    from imgcost.tables import Model

__all__ = ["Costs", "ModelPlan", "PlannedRequest", "Variant", "variant_of"]

THOUSAND = 1000

_FIGURES = Context(prec=28)
"""For `usd_per_thousand_images`, the only quotient here: its decimal expansion may be infinite."""


class Costs(NamedTuple):
    """US dollars by token class, exact.

    Attributes:
        input: Uncached prompt tokens.
        output: Tokens of the answers.
        cache_write_5m: Tokens written to the cache for five minutes.
        cache_write_1h: Tokens written to the cache for an hour.
        cache_read: Tokens read from the cache.
    """

    input: Decimal
    output: Decimal
    cache_write_5m: Decimal
    cache_write_1h: Decimal
    cache_read: Decimal

    @property
    def total(self) -> Decimal:
        """Exact sum."""
        return total_usd(self)


class PlannedRequest(NamedTuple):
    """A request of a job.

    Attributes:
        number: Index of the request in the job.
        conversation: Index of its conversation in the job.
        turn: Index of its turn in the conversation.
        first_image: Index of its first image among all images sent.
        images: Number of consecutive images that it carries.
        new_images: How many of them are new in this turn; those come last.
        tokens: Tokens by class.
        kind: Price that applies: `standard`, or `long-context` over the threshold.
        usd: US dollars, exact, without retries.
    """

    number: int
    conversation: int
    turn: int
    first_image: int
    images: int
    new_images: int
    tokens: Usage
    kind: PriceKind
    usd: Decimal


class Variant(NamedTuple):
    """The same job with one thing changed.

    Attributes:
        requests: Number of requests, without retries.
        images_per_request: Most new images in a request.
        tokens: Tokens by class, without retries.
        total_usd: US dollars, retries included, exact.
        quote: What its model charges.
        tradeoff: What the change takes in return, as a phrase.
    """

    requests: int
    images_per_request: int
    tokens: Usage
    total_usd: Decimal
    quote: Quote
    tradeoff: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Return plain values; dollars as exact decimal text."""
        priced = {"model": self.quote.model.id, "tier": self.quote.tier.name, "formula": self.quote.formula}
        values = self._asdict() | {"tokens": self.tokens._asdict(), "total_usd": f"{self.total_usd:f}"}
        del values["quote"]
        return priced | values


@dataclass(frozen=True, repr=False)
class ModelPlan:
    """A job with one model.

    Attributes:
        scenario: Settings of the plan.
        quote: What the model charges.
        rules: How requests are packed.
        totals: Sums over all requests.
        cached: Whether prompts are cached: requested, and read again by a later request.
        variants: The same job with one thing changed, where that is possible and changes something: `standard` (no
            batch, no cache), `batch`, `cached` and `batch + cached`; `packed`, with as many images per request as fit;
            `downscaled`, with smaller images; and the IDs of current models that cost less.
        fixable_tokens: Visual tokens of images that would be rejected as they are; included in all sums.
        job_images: The images, for walking them again; ignored when plans are compared.
    """

    scenario: Scenario
    quote: Quote
    rules: PackingRules
    totals: UsageTotals
    cached: bool
    variants: Mapping[str, Variant]
    fixable_tokens: int = 0
    job_images: JobImages | CountedImages = field(compare=False, kw_only=True)

    def __repr__(self) -> str:
        tokens = self.tokens.prompt + self.tokens.output
        counts = f"images={self.images} requests={self.requests} tokens={tokens}"
        return f"<ModelPlan {self.model.id} {counts} usd={exact_usd(self.total_usd)}>"

    @property
    def model(self) -> Model:
        """Model that is planned."""
        return self.quote.model

    @property
    def requests(self) -> int:
        """Number of requests, without retries."""
        return self.totals.requests

    @property
    def images(self) -> int:
        """Number of images, each counted once."""
        return self.totals.images

    @cached_property
    def tokens(self) -> Usage:
        """Tokens by class, without retries."""
        return _tokens(self.totals, self.cached, self.ttl)

    @cached_property
    def usd(self) -> Costs:
        """US dollars by class, without retries."""
        return _costs(self.totals.splits(cached=self.cached), self.quote, self.ttl)

    @property
    def visual_tokens(self) -> int:
        """Visual tokens of all images, each counted once: the number that a scan of the same images reports."""
        return self.totals.visual

    @property
    def images_usd(self) -> Decimal:
        """US dollars for `visual_tokens` as uncached input: the amount that a scan of the same images reports."""
        return self.quote.input_usd(self.visual_tokens)

    @property
    def fixable_usd(self) -> Decimal:
        """The part of `images_usd` for images that would be rejected as they are."""
        return self.quote.input_usd(self.fixable_tokens)

    @property
    def retries_usd(self) -> Decimal:
        """US dollars for requests sent again, exact: the retry rate times the cost without retries."""
        return multiply(self.scenario.retry_rate, self.usd.total) if self.scenario.retry_rate else Decimal(0)

    @property
    def total_usd(self) -> Decimal:
        """US dollars, retries included, exact."""
        return total_usd([self.usd.total, self.retries_usd])

    @property
    def usd_per_thousand_images(self) -> Decimal | None:
        """US dollars per 1,000 images, to 28 significant digits; None without images."""
        if not self.images:
            return None
        return _FIGURES.divide(multiply(self.total_usd, Decimal(THOUSAND)), Decimal(self.images))

    @property
    def long_context_requests(self) -> int:
        """Number of requests that pay the long-context price."""
        return self.totals.long_requests

    @property
    def surcharge_usd(self) -> Decimal:
        """US dollars that the long-context price adds, without retries."""
        if not self.long_context_requests:
            return Decimal(0)
        split = self.totals.splits(cached=self.cached)["long-context"]
        standard = _costs({"standard": split}, self.quote, self.ttl)
        long_context = _costs({"long-context": split}, self.quote, self.ttl)
        return total_usd([long_context.total, standard.total.copy_negate()])

    @property
    def ttl(self) -> CacheTtl:
        """Cache lifetime: the requested one, or `5m` if prompts are not cached."""
        return _ttl(self.scenario)

    def downscaled_size(self) -> tuple[int, int] | None:
        """Return the size to which `downscale_to` shrinks an image.

        Returns:
            Width and height, px: for the job's only size, or for a large square if sizes differ. None if the plan has
            no downscaled images.
        """
        if "downscaled" not in self.variants:
            return None
        tier, sizes = self.quote.tier, self.job_images.sizes or {}
        size = next(iter(sizes)) if len(sizes) == 1 else (tier.edge_limit, tier.edge_limit)
        return geometry.fit_to_tokens(*size, self.rules.downscale_to or 0, tier)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values: an item of `imgcost plan -f json`; dollars as exact decimal text."""
        per_thousand = self.usd_per_thousand_images
        return self.quote.to_dict() | {
            "requests": self.requests,
            "conversations": self.totals.conversations,
            "images": self.images,
            "images_per_request": self.totals.max_new_images,
            "visual_tokens": self.visual_tokens,
            "images_usd": f"{self.images_usd:f}",
            "fixable_tokens": self.fixable_tokens,
            "fixable_usd": f"{self.fixable_usd:f}",
            "measured_overhead": {
                name: None if row is None else row.value for name, row in self.quote.overhead._asdict().items()
            },
            "cached": self.cached,
            "tokens": self.tokens._asdict(),
            "usd": {name: f"{usd:f}" for name, usd in self.usd._asdict().items()},
            "retries_usd": f"{self.retries_usd:f}",
            "total_usd": f"{self.total_usd:f}",
            "usd_per_1000_images": None if per_thousand is None else f"{per_thousand:f}",
            "long_context_requests": self.long_context_requests,
            "surcharge_usd": f"{self.surcharge_usd:f}",
            "variants": {
                name: variant.to_dict() | {"saves_usd": f"{self.saving(variant):f}"}
                for name, variant in self.variants.items()
            },
            "downscaled_size": self.downscaled_size(),
        }

    def as_variant(self, tradeoff: str) -> Variant:
        """Return the plan as an alternative to that of another model."""
        return Variant(self.requests, self.totals.max_new_images, self.tokens, self.total_usd, self.quote, tradeoff)

    def saving(self, variant: Variant) -> Decimal:
        """Return how much less an alternative costs, US dollars, exact; negative if it costs more."""
        return total_usd([self.total_usd, variant.total_usd.copy_negate()])

    def images_within(self, budget_usd: Decimal) -> int | None:
        """Return how many images a budget covers at this job's average cost per image.

        Args:
            budget_usd: US dollars.

        Returns:
            Number of images, rounded down; None if images cost nothing.
        """
        return Fraction(budget_usd) * self.images // Fraction(self.total_usd) if self.total_usd else None

    def each_request(self) -> Iterator[PlannedRequest]:
        """Pack the job again and iterate over its requests in order, without keeping them in memory.

        Yields:
            Each request, with its tokens and exact dollars. The dollars add up to `usd.total` exactly.
        """
        for _, requests in self.job_images.requests([self.rules]):
            for usage in request_usages(requests, self.rules, cached=self.cached):
                tokens = usage.split.counts(self.ttl)
                usd = _rates(self.quote, usage.kind).cost_usd(tokens)
                yield PlannedRequest(*usage[:6], tokens, usage.kind, usd)


def variant_of(totals: UsageTotals, quote: Quote, scenario: Scenario, cached: bool) -> Variant:
    """Price the totals of a job.

    Args:
        totals: Sums over all requests.
        quote: What the model charges.
        scenario: Retry rate and cache lifetime.
        cached: Whether to cache prompts, if that is worthwhile.

    Returns:
        Requests, tokens and dollars.
    """
    total = _costs(totals.splits(cached=cached), quote, _ttl(scenario)).total
    with_retries = total_usd([total, multiply(scenario.retry_rate, total)])
    tokens = _tokens(totals, cached, _ttl(scenario))
    return Variant(totals.requests, totals.max_new_images, tokens, with_retries, quote)


def _ttl(scenario: Scenario) -> CacheTtl:
    """Return the requested cache lifetime, or `5m` if prompts are not cached."""
    return "5m" if scenario.conditions.cache == "none" else scenario.conditions.cache


def _tokens(totals: UsageTotals, cached: bool, ttl: CacheTtl) -> Usage:
    standard, long = totals.splits(cached=cached).values()
    return standard.plus(long).counts(ttl)


def _rates(quote: Quote, kind: PriceKind) -> Rates:
    return quote.long_context if kind == "long-context" and quote.long_context else quote.standard


def _costs(splits: Mapping[PriceKind, Split], quote: Quote, ttl: CacheTtl) -> Costs:
    columns: list[list[Decimal]] = [[] for _ in Costs._fields]
    for kind, split in splits.items():
        for column, tokens, rate in zip(columns, split.counts(ttl), _rates(quote, kind), strict=True):
            if rate is not None:
                column.append(cost_usd(tokens, rate))
    return Costs(*map(total_usd, columns))
