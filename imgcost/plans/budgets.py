"""The budget of a whole job with one model: requests, tokens by class and exact dollars."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Context, Decimal
from fractions import Fraction
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

from imgcost import geometry
from imgcost.plans.ledgers import Ledger, lines_of
from imgcost.prices import TokenCounts, cost_usd, exact_usd, multiply, total_usd

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from imgcost.plans.intakes import CountedImages, Intake
    from imgcost.plans.ledgers import Split
    from imgcost.plans.rules import Rules
    from imgcost.plans.scenarios import Scenario
    from imgcost.prices import PriceKind, Rates
    from imgcost.quotes import CacheTtl, Quote
    from imgcost.tables import Model

__all__ = ["Costs", "ModelPlan", "Request", "Variant", "variant_of"]

THOUSAND = 1000

_FIGURES = Context(prec=28)
"""For the one number here that is a quotient, and may have no end."""


class Costs(NamedTuple):
    """US dollars by class of token, exact.

    Attributes:
        input: Of prompt tokens that the cache has no part in.
        output: Of the answers.
        cache_write_5m: Of tokens written to the cache for five minutes.
        cache_write_1h: Of tokens written to it for an hour.
        cache_read: Of tokens read from it.
    """

    input: Decimal
    output: Decimal
    cache_write_5m: Decimal
    cache_write_1h: Decimal
    cache_read: Decimal

    @property
    def total(self) -> Decimal:
        """Their exact sum."""
        return total_usd(self)


class Request(NamedTuple):
    """One request of a job.

    Attributes:
        number: Its number, from 0.
        conversation: Its conversation, from 0.
        turn: Its turn in the conversation, from 0.
        first_image: The first image that it carries, from 0 among those that are sent.
        images: How many it carries, from there on.
        new_images: How many of them, at the end, are new in this turn.
        tokens: Its tokens by class.
        kind: Which price it has: `standard`, or `long-context` over the threshold.
        usd: What it costs, US dollars, exact; without retries.
    """

    number: int
    conversation: int
    turn: int
    first_image: int
    images: int
    new_images: int
    tokens: TokenCounts
    kind: PriceKind
    usd: Decimal


class Variant(NamedTuple):
    """The same job with one thing changed.

    Attributes:
        requests: How many.
        images_per_request: The most new images of a request.
        tokens: By class, without retries.
        total_usd: US dollars, retries included, exact.
    """

    requests: int
    images_per_request: int
    tokens: TokenCounts
    total_usd: Decimal


@dataclass(frozen=True, repr=False)
class ModelPlan:
    """A job with one model.

    Attributes:
        scenario: What it is planned under.
        quote: What the model charges.
        rules: How its requests are packed.
        ledger: The sums over all requests.
        cached: Whether anything is cached: asked for, and worth it.
        variants: The same job with one thing changed, where that is sold: `standard`, `batch`, `cached` and
            `batch + cached`; `packed`, with as many images per request as fit, where that needs fewer requests; and
            `downscaled`, with smaller images, where `downscale_to` is set.
        fixable_tokens: Visual tokens of the images that would be rejected as they are; they are in all sums.
        intake: The images, to be walked again; not compared.
    """

    scenario: Scenario
    quote: Quote
    rules: Rules
    ledger: Ledger
    cached: bool
    variants: Mapping[str, Variant]
    fixable_tokens: int = 0
    intake: Intake | CountedImages = field(compare=False, kw_only=True)

    def __repr__(self) -> str:
        tokens = self.tokens.prompt + self.tokens.output
        counts = f"images={self.images} requests={self.requests} tokens={tokens}"
        return f"<ModelPlan {self.model.id} {counts} usd={exact_usd(self.total_usd)}>"

    @property
    def model(self) -> Model:
        """The model."""
        return self.quote.model

    @property
    def requests(self) -> int:
        """How many requests, without retries."""
        return self.ledger.requests

    @property
    def images(self) -> int:
        """How many images, each once."""
        return self.ledger.images

    @cached_property
    def tokens(self) -> TokenCounts:
        """Tokens by class, without retries."""
        return _tokens(self.ledger, self.cached, self.ttl)

    @cached_property
    def usd(self) -> Costs:
        """US dollars by class, without retries."""
        return _costs(self.ledger.splits(cached=self.cached), self.quote, self.ttl)

    @property
    def visual_tokens(self) -> int:
        """Visual tokens of every image once: what a scan of the same images counts."""
        return self.ledger.visual

    @property
    def images_usd(self) -> Decimal:
        """US dollars for those alone at `quote.usd_per_mtok`: what a scan of the same images says."""
        return self.quote.image_usd(self.visual_tokens)

    @property
    def fixable_usd(self) -> Decimal:
        """How much of that is for images that would be rejected as they are."""
        return self.quote.image_usd(self.fixable_tokens)

    @property
    def retries_usd(self) -> Decimal:
        """US dollars of requests sent again: the rate times the rest, exact."""
        return multiply(self.scenario.retry_rate, self.usd.total)

    @property
    def total_usd(self) -> Decimal:
        """US dollars altogether, exact."""
        return total_usd([self.usd.total, self.retries_usd])

    @property
    def usd_per_thousand_images(self) -> Decimal | None:
        """US dollars a thousand images, to 28 figures; None without images."""
        if not self.images:
            return None
        return _FIGURES.divide(multiply(self.total_usd, Decimal(THOUSAND)), Decimal(self.images))

    @property
    def long_context_requests(self) -> int:
        """Requests whose prompt crosses the threshold of the long-context price."""
        return self.ledger.long_requests

    @property
    def surcharge_usd(self) -> Decimal:
        """What those cost more than at the standard price, US dollars, without retries."""
        if not self.long_context_requests:
            return Decimal(0)
        crossing = self.ledger.splits(cached=self.cached)["long-context"]
        as_standard = _costs({"standard": crossing}, self.quote, self.ttl)
        crossed = _costs({"long-context": crossing}, self.quote, self.ttl)
        return total_usd([crossed.total, as_standard.total.copy_negate()])

    @property
    def ttl(self) -> CacheTtl:
        """How long the cache keeps what it is given, or would."""
        return _ttl(self.scenario)

    def downscaled_size(self) -> tuple[int, int] | None:
        """Tell what `downscale_to` makes of an image, px: of the job's one size, else of the largest square.

        Returns:
            Width and height; None without `downscale_to`.
        """
        if self.scenario.downscale_to is None:
            return None
        tier, sizes = self.quote.tier, self.intake.sizes or {}
        size = next(iter(sizes)) if len(sizes) == 1 else (tier.edge_limit, tier.edge_limit)
        return geometry.fit_to_tokens(*size, self.scenario.downscale_to, tier)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values: an entry of what `imgcost plan -f json` prints; dollars as exact decimal text."""
        each = self.usd_per_thousand_images
        return self.quote.to_dict() | {
            "requests": self.requests,
            "conversations": self.ledger.conversations,
            "images": self.images,
            "images_per_request": self.ledger.most_images,
            "visual_tokens": self.visual_tokens,
            "images_usd": f"{self.images_usd:f}",
            "fixable_tokens": self.fixable_tokens,
            "fixable_usd": f"{self.fixable_usd:f}",
            "cached": self.cached,
            "tokens": self.tokens._asdict(),
            "usd": {name: f"{usd:f}" for name, usd in self.usd._asdict().items()},
            "retries_usd": f"{self.retries_usd:f}",
            "total_usd": f"{self.total_usd:f}",
            "usd_per_1000_images": None if each is None else f"{each:f}",
            "long_context_requests": self.long_context_requests,
            "surcharge_usd": f"{self.surcharge_usd:f}",
            "variants": {
                name: way._asdict() | {"tokens": way.tokens._asdict(), "total_usd": f"{way.total_usd:f}"}
                for name, way in self.variants.items()
            },
            "downscaled_size": self.downscaled_size(),
        }

    def images_within(self, budget_usd: Decimal) -> int | None:
        """Tell how many images a budget buys, at what an image costs here on average.

        Args:
            budget_usd: US dollars.

        Returns:
            Whole images; None where they cost nothing.
        """
        return Fraction(budget_usd) * self.images // Fraction(self.total_usd) if self.total_usd else None

    def each_request(self) -> Iterator[Request]:
        """Walk the requests in order; the job is packed again on the way, and none of them is kept.

        Yields:
            Each request, with its tokens and exact dollars. Their sum is `usd.total`, to the last digit.
        """
        for _, found in self.intake.requests([self.rules]):
            for line in lines_of(found, self.rules, cached=self.cached):
                tokens = line.split.counts(self.ttl)
                usd = _rates(self.quote, line.kind).cost_usd(tokens)
                yield Request(*line[:6], tokens, line.kind, usd)


def variant_of(ledger: Ledger, quote: Quote, scene: Scenario, cached: bool) -> Variant:
    """Price the sums of a job.

    Args:
        ledger: The sums.
        quote: The rates.
        scene: The retries, and how long the cache lives.
        cached: Whether prompts are cached, where anything is.

    Returns:
        Requests, tokens and dollars.
    """
    total = _costs(ledger.splits(cached=cached), quote, _ttl(scene)).total
    with_retries = total_usd([total, multiply(scene.retry_rate, total)])
    return Variant(ledger.requests, ledger.most_images, _tokens(ledger, cached, _ttl(scene)), with_retries)


def _ttl(scene: Scenario) -> CacheTtl:
    """How long the cache keeps what it is given, or would."""
    return "5m" if scene.conditions.cache == "none" else scene.conditions.cache


def _tokens(ledger: Ledger, cached: bool, ttl: CacheTtl) -> TokenCounts:
    standard, long = ledger.splits(cached=cached).values()
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
