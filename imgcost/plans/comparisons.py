"""A job with one model or many, side by side."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from imgcost.errors import ImgcostError, UnknownModelError
from imgcost.plans.budgets import ModelPlan, variant_of
from imgcost.plans.inputs import job_of
from imgcost.plans.intakes import Intake
from imgcost.plans.ledgers import Ledger
from imgcost.plans.offers import Price, offer, price_of
from imgcost.plans.scenarios import Scenario, scenario
from imgcost.prices import exact_usd
from imgcost.tables import family_of, find_model, limits_on

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date
    from decimal import Decimal

    from imgcost.estimates import InferenceGeo
    from imgcost.plans.jobs import Rejected
    from imgcost.plans.offers import Offer
    from imgcost.plans.rules import Rules
    from imgcost.plans.scenarios import CacheTtl, Endpoint
    from imgcost.tables import Model, Platform, Speed

__all__ = ["Plan", "plan"]

MOST_SHOWN = 3
"""How many models a `repr` names."""


@dataclass(frozen=True, repr=False)
class Plan:
    """A job with one model or many, the cheapest first. Plans of the same numbers are equal.

    Attributes:
        scenario: What it is planned under.
        models: One plan per model, the cheapest first.
        images: How many images can be sent.
        unsized: How many of them have a file whose size is not known: limits of bytes do not see them.
        rejected: Excluded images by reason: never priced, and in none of the other numbers.
        warnings: What may be wrong with a table, such as a column `widht`.
    """

    scenario: Scenario
    models: tuple[ModelPlan, ...]
    images: int
    unsized: int
    rejected: tuple[Rejected, ...]
    warnings: tuple[str, ...] = ()

    def __repr__(self) -> str:
        shown = [f"{one.model.id}={exact_usd(one.total_usd)}" for one in self.models[:MOST_SHOWN]]
        rest = ["..."] if len(self.models) > MOST_SHOWN else []
        return f"<Plan images={self.images} {' '.join(shown + rest)}>"

    @property
    def excluded(self) -> int:
        """How many images are excluded: what they cost is in no total."""
        return sum(one.images for one in self.rejected)

    def __iter__(self) -> Iterator[ModelPlan]:
        return iter(self.models)

    def for_model(self, name: str | Model) -> ModelPlan:
        """Find the plan of a model.

        Args:
            name: The model, or any of its names.

        Returns:
            Its plan.

        Raises:
            UnknownModelError: It was not planned, or no table lists the name.
        """
        model = find_model(name, as_of=self.scenario.as_of) if isinstance(name, str) else name
        for one in self.models:
            if one.model == model:
                return one
        raise UnknownModelError(model.id, [one.model.id for one in self.models])


def plan(
    images: Any,
    *,
    models: str | Model | Sequence[str | Model],
    prompt_tokens: int = 0,
    output_tokens: int = 0,
    images_per_request: int | Literal["auto"] = 1,
    cache: CacheTtl | None = None,
    batch: bool = False,
    inference_geo: InferenceGeo = "global",
    endpoint: Endpoint | None = None,
    platform: Platform | None = None,
    speed: Speed | None = None,
    turns: int = 1,
    retry_rate: Decimal | str | float = 0,
    as_of: date | None = None,
    downscale_to: int | None = None,
) -> Plan:
    """Plan a whole job: how many requests, which tokens, what it costs; for one model or many.

    A request has a standing prompt, its images and one answer. Its tokens are those of the prompt and the answer, the
    visual tokens of the images, and what was measured to wrap an image and to frame a message. Images are packed in
    order, as `imgcost.plans.packing` says.

    Args:
        images: Files, folders and tables on disk (`.csv`, `.tsv`, `.xlsx`, `.jsonl`, `.parquet`); a DataFrame; an
            integer array of shape (n, 2); `Repeated(width, height, count)`; or an iterable of paths, (width, height)
            pairs, `Image`s and `Repeated`s. Tables and DataFrames have columns `width` and `height` (px) and
            optionally `file_bytes` and `count` (images of that size).
        models: A model, any of its names, or several of those.
        prompt_tokens: Tokens of the standing prompt of every request, such as the system prompt and the question.
        output_tokens: Tokens of the answer to every request.
        images_per_request: New images per request; or `auto`: as many as fit without exceeding a limit or triggering
            the long-context price.
        cache: Whether prompts are cached, and for how long: None, `5m` or `1h`.
        batch: Whether the requests go through the Message Batches API.
        inference_geo: `global`, or `us` (on the Claude API and Microsoft Foundry).
        endpoint: `global`, or `regional` (on Amazon Bedrock and Google Cloud). If None, as the models' names say; ids of
            Amazon Bedrock without a geography are taken as regional, everything else as global.
        platform: Where requests are sent, and whose limits apply: any of `imgcost.tables.platforms()` but `claude-ai`. If
            None, as the models' names say, else the Claude API.
        speed: `standard`, or `fast` for fast mode. If None, as the models' names say, else standard.
        turns: Requests of a conversation. Each brings new images and sends all before it again.
        retry_rate: Requests sent again, as a part of all: 0.02 is one in fifty.
        as_of: The day whose prices and limits hold; today in UTC if None.
        downscale_to: Visual tokens; adds the variant `downscaled`: the same requests with every image downscaled to at
            most that many tokens before it is sent.

    Returns:
        The plan; iterate over it, or ask it `for_model`.

    Raises:
        SizeError: A size is none that an image can have.
        UnknownModelError: No table lists a model's name.
        NoPriceError: A model has no such price on that day, did not read images yet, or limits are not known then.
        ImgcostError: The scenario contradicts itself, `images_per_request` breaks a limit, or a prompt with one image
            exceeds the context window.
        OSError: A table cannot be read.

    Source: https://platform.claude.com/docs/en/about-claude/pricing (read 2026-10-08)

    >>> from datetime import date
    >>> from imgcost.plans import Repeated
    >>> found = plan(Repeated(3000, 3000, 20_000), models="claude-sonnet-4-6", as_of=date(2026, 11, 22))
    >>> [(one.requests, one.tokens.input, one.total_usd) for one in found]
    [(20000, 30620000, Decimal('91.86000000'))]
    >>> found
    <Plan images=20000 claude-sonnet-4-6=$91.86>
    """
    scene = scenario(
        models=models,
        prompt_tokens=prompt_tokens,
        output_tokens=output_tokens,
        images_per_request=images_per_request,
        cache=cache,
        batch=batch,
        inference_geo=inference_geo,
        endpoint=endpoint,
        platform=platform,
        speed=speed,
        turns=turns,
        retry_rate=retry_rate,
        as_of=as_of,
        downscale_to=downscale_to,
    )
    offers = _offers(scene)
    prices = [price_of(one.model, scene, batch=scene.batch, cached=scene.cache is not None) for one in offers]
    intake = Intake(job_of(images), limits_on(scene.platform, scene.as_of), scene)
    sums = _sums(intake, offers, scene)
    found = [_model_plan(scene, one, price, sums, intake) for one, price in zip(offers, prices, strict=True)]
    found.sort(key=lambda one: one.total_usd)
    job = intake.job
    return Plan(scene, tuple(found), intake.images, intake.unsized, job.rejected, job.warnings)


def _offers(scene: Scenario) -> list[Offer]:
    """The models asked for, each once; of two names the family is the one to be explained."""
    found: dict[str, Offer] = {}
    for name in scene.models:
        one = offer(name, scene)
        if one.model.id not in found or family_of(one.asked):
            found[one.model.id] = one
    return list(found.values())


class _Sums(NamedTuple):
    """The sums over a job by rules of packing: as it is sent, and with downscaled images."""

    sent: dict[Rules, Ledger]
    downscaled: dict[Rules, Ledger]


def _sums(intake: Intake, offers: Sequence[Offer], scene: Scenario) -> _Sums:
    asked = [one.rules for one in offers]
    sums = _Sums(
        {rules: Ledger(rules) for rules in (*asked, *map(_packed, asked))},
        {rules: Ledger(rules) for rules in asked if scene.downscale_to is not None},
    )
    for rules, requests in intake.requests(list(sums.sent)):
        sums.sent[rules].add(requests)
        if rules in sums.downscaled:
            sums.downscaled[rules].add(requests.downscaled())
    return sums


def _packed(rules: Rules) -> Rules:
    return rules._replace(images_per_request=None)


def _model_plan(scene: Scenario, one: Offer, price: Price, sums: _Sums, intake: Intake) -> ModelPlan:
    ledger, packed, cached = sums.sent[one.rules], sums.sent[_packed(one.rules)], scene.cache is not None
    variants = {}
    for name, in_batch, from_cache in (
        ("standard", False, False),
        ("batch", True, False),
        ("cached", False, True),
        ("batch + cached", True, True),
    ):
        if from_cache and not ledger.cacheable:
            continue
        try:
            other = price_of(one.model, scene, batch=in_batch, cached=from_cache)
        except ImgcostError:
            continue  # not sold like this: there is nothing to compare
        variants[name] = variant_of(ledger, other, scene, from_cache)
    if packed.requests < ledger.requests:
        variants["packed"] = variant_of(packed, price, scene, cached)
    if scene.downscale_to is not None:
        variants["downscaled"] = variant_of(sums.downscaled[one.rules], price, scene, cached)
    return ModelPlan(scene, one, price, ledger, cached and ledger.cacheable, variants, intake)
