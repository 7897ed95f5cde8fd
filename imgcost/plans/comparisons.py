"""A job with one model or many, side by side."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from imgcost.errors import ImgcostError, UnknownModelError
from imgcost.figures import dollars, number, plural
from imgcost.notebooks import html_table
from imgcost.paths import escape_path
from imgcost.plans.budgets import ModelPlan, variant_of
from imgcost.plans.images import CountedImages, JobImages
from imgcost.plans.inputs import job_of
from imgcost.plans.rules import rules_of
from imgcost.plans.scenarios import Scenario, scenario
from imgcost.plans.usage import UsageTotals
from imgcost.prices import exact_usd
from imgcost.quotes import quotes_on, requote, resolve_models
from imgcost.tables import find_model
from imgcost.tabular import PLAN

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import date
    from decimal import Decimal

    import pandas as pd

    from imgcost.acceptance import Reason
    from imgcost.plans.jobs import Rejected
    from imgcost.plans.rules import PackingRules
    from imgcost.quotes import CacheTtl, InferenceGeo, Quote, TokenRule
    from imgcost.tables import Endpoint, Model, Platform, Speed
    from imgcost.tabular import Row

__all__ = ["Plan", "plan", "plan_counted"]

MOST_SHOWN = 3
"""How many models a `repr` names."""


@dataclass(frozen=True, repr=False)
class Plan:
    """A job with one model or many, the cheapest first. Plans of the same numbers are equal.

    Attributes:
        scenario: What it is planned under.
        models: One plan per model, the cheapest first.
        images: Number of images in all sums.
        unsized: How many of them have a file whose size is not known: limits on bytes were not checked for them.
        fixable: How many of them would be rejected as they are, by the first limit that they break.
        rejected: What could not be read, by reason: never priced, and in none of the other numbers.
        warnings: What may be wrong with a table, such as a column `widht`.
    """

    scenario: Scenario
    models: tuple[ModelPlan, ...]
    images: int
    unsized: int
    fixable: Mapping[Reason, int]
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

    def within(self, one: ModelPlan, budget_usd: Decimal) -> bool | None:
        """Tell whether the plan of a model is within a budget, US dollars; None where excluded images leave it open."""
        if one.total_usd > budget_usd:
            return False
        return None if self.excluded else True

    def to_dict(self, budget_usd: Decimal | None = None) -> dict[str, Any]:
        """Return what `imgcost plan -f json` prints.

        Args:
            budget_usd: What may be spent on each model, US dollars; adds whether it is enough.

        Returns:
            Plain values, with the version of their schema; dollars as exact decimal text.
        """
        return {
            "schema": "imgcost.plan/2",
            "scenario": self.scenario.to_dict(),
            "images": self.images,
            "images_of_unknown_bytes": self.unsized,
            "fixable": [reason._asdict() | {"images": count} for reason, count in self.fixable.items()],
            "excluded": [one._asdict() | {"first": escape_path(one.first)} for one in self.rejected],
            "warnings": [escape_path(one) for one in self.warnings],
            "budget_usd": None if budget_usd is None else f"{budget_usd:f}",
            "models": [
                one.to_dict()
                | (
                    {}
                    if budget_usd is None
                    else {
                        "within_budget": self.within(one, budget_usd),
                        "images_within_budget": one.images_within(budget_usd),
                    }
                )
                for one in self.models
            ],
        }

    def rows(self) -> Iterator[Row]:
        """Give one row per model and one for each of its alternatives.

        Yields:
            Values in the order of `imgcost.tabular.PLAN.columns`.
        """
        return PLAN.rows(_entries(self.models))

    def to_frame(self) -> pd.DataFrame:
        """Return the rows as a DataFrame; see `imgcost.tabular.Schema.frame`. It needs pandas."""
        return PLAN.frame(self.rows())

    def _repr_html_(self) -> str:
        columns = ("model", ">requests", ">tokens", ">per 1,000 images", ">total")
        rows = []
        for one in self.models:
            each = one.usd_per_thousand_images
            tokens = number(one.tokens.prompt + one.tokens.output)
            per_thousand = "" if each is None else dollars(each)
            rows.append((one.model.id, number(one.requests), tokens, per_thousand, dollars(one.total_usd)))
        return html_table(f"{plural(self.images, 'image')} on {self.scenario.conditions.as_of}", columns, rows)

    def for_model(self, name: str | Model) -> ModelPlan:
        """Find the plan of a model.

        Args:
            name: The model, or any of its names.

        Returns:
            Its plan.

        Raises:
            UnknownModelError: It was not planned, or no table lists the name.
        """
        model = find_model(name, as_of=self.scenario.conditions.as_of) if isinstance(name, str) else name
        for one in self.models:
            if one.model == model:
                return one
        raise UnknownModelError(model.id, [one.model.id for one in self.models])


def _entries(models: Iterable[ModelPlan]) -> Iterator[dict[str, Any]]:
    for one in models:
        model = one.to_dict()
        yield model | _token_columns(model) | {"variant": "as specified"}
        shared = {name: model[name] for name in ("model", "tier", "formula", "as_of", "images")}
        for name, variant in model["variants"].items():
            yield shared | variant | _token_columns(variant) | {"variant": name}


def _token_columns(counted: Mapping[str, Any]) -> dict[str, Any]:
    return {f"{name}_tokens": count for name, count in counted["tokens"].items()}


def plan(
    images: Any,
    *,
    models: str | Model | Sequence[str | Model],
    prompt_tokens: int = 0,
    output_tokens: int = 0,
    images_per_request: int | Literal["auto"] = 1,
    cache: CacheTtl = "none",
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
        cache: Whether prompts are cached, and for how long: `none`, `5m` or `1h`.
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
    asked = quotes_on(resolve_models(scene.models, scene.conditions.as_of), scene.conditions)
    job_images = JobImages(job_of(images), asked[0].limits)
    found = _model_plans(asked, scene, job_images)
    job = job_images.job
    return Plan(
        scene, found, job_images.images, job_images.unsized, dict(job_images.fixable), job.rejected, job.warnings
    )


def plan_counted(histograms: Mapping[TokenRule, Mapping[int, int]], asked: Sequence[Quote]) -> tuple[ModelPlan, ...]:
    """Plan images that a scan has counted, one per request and without a prompt, for reports.

    Args:
        histograms: Visual tokens to number of images, by each rule that counts.
        asked: The models' quotes.

    Returns:
        One plan per model, the cheapest first.

    >>> from datetime import date
    >>> from imgcost.quotes import quotes
    >>> (quote,) = quotes(["claude-sonnet-4-6"], as_of=date(2026, 11, 22))
    >>> plan_counted({quote.rule: {1560: 2}}, [quote])
    (<ModelPlan claude-sonnet-4-6 images=2 requests=2 tokens=3140 usd=$0.00942>,)
    """
    scene = Scenario(tuple(one.requested for one in asked), asked[0].conditions)
    return _model_plans(asked, scene, CountedImages(histograms))


class _Sums(NamedTuple):
    """The sums over a job by rules of packing: as it is sent, and with downscaled images."""

    sent: dict[PackingRules, UsageTotals]
    downscaled: dict[PackingRules, UsageTotals]


def _model_plans(
    asked: Sequence[Quote], scene: Scenario, job_images: JobImages | CountedImages
) -> tuple[ModelPlan, ...]:
    rules = [rules_of(one, scene) for one in asked]
    packed = [_packed(one) for one in rules] if isinstance(job_images, JobImages) else []
    sums = _Sums(
        {one: UsageTotals(one) for one in (*rules, *packed)},
        {one: UsageTotals(one) for one in rules if scene.downscale_to is not None},
    )
    for one, requests in job_images.requests(list(sums.sent)):
        sums.sent[one].add(requests)
        if one in sums.downscaled:
            sums.downscaled[one].add(requests.downscaled())
    found = [_model_plan(scene, quote, one, sums, job_images) for quote, one in zip(asked, rules, strict=True)]
    return tuple(sorted(found, key=lambda one: one.total_usd))


def _packed(rules: PackingRules) -> PackingRules:
    return rules._replace(images_per_request=None)


def _model_plan(
    scene: Scenario, quote: Quote, rules: PackingRules, sums: _Sums, job_images: JobImages | CountedImages
) -> ModelPlan:
    totals, cached = sums.sent[rules], scene.conditions.cache != "none"
    variants = {}
    for name, in_batch, from_cache in (
        ("standard", False, False),
        ("batch", True, False),
        ("cached", False, True),
        ("batch + cached", True, True),
    ):
        if from_cache and not totals.cacheable:
            continue
        ttl = (scene.conditions.cache if cached else "5m") if from_cache else "none"
        try:
            other = requote(quote, scene.conditions._replace(batch=in_batch, cache=ttl))
        except ImgcostError:
            continue  # not sold like this: there is nothing to compare
        variants[name] = variant_of(totals, other, scene, from_cache)
    packed = sums.sent.get(_packed(rules), totals)
    if packed.requests < totals.requests:
        variants["packed"] = variant_of(packed, quote, scene, cached)
    if rules in sums.downscaled:
        variants["downscaled"] = variant_of(sums.downscaled[rules], quote, scene, cached)
    fixable = job_images.fixable_tokens[rules.token_rule] if isinstance(job_images, JobImages) else 0
    return ModelPlan(scene, quote, rules, totals, cached and totals.cacheable, variants, fixable, job_images=job_images)
