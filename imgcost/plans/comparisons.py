"""Compare what a job costs with several models."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, cast

from imgcost.errors import ImgcostError, UnknownModelError
from imgcost.figures import dollars, number, plural
from imgcost.notebooks import bar_chart, html_table
from imgcost.paths import escape_path
from imgcost.plans.alternatives import candidates, cheaper_models, variants_of
from imgcost.plans.budgets import ModelPlan
from imgcost.plans.images import CountedImages, JobImages
from imgcost.plans.inputs import job_of
from imgcost.plans.packing_rules import packing_rules_of
from imgcost.plans.scenarios import Scenario, make_scenario
from imgcost.plans.settings import check_setting
from imgcost.plans.usage import UsageTotals
from imgcost.prices import exact_usd
from imgcost.quoting import quotes_on, resolve_models
from imgcost.tables import find_model, limits_on
from imgcost.tabular import PLAN

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import date
    from decimal import Decimal

    import pandas as pd

    from imgcost.acceptance import Reason
    from imgcost.conditions import CacheTtl, InferenceGeo
    from imgcost.plans.jobs import Rejected
    from imgcost.plans.packing_rules import PackingRules
    from imgcost.quoting import Quote, TokenRule
    from imgcost.tables import Endpoint, Model, Platform, Speed
    from imgcost.tabular import Row

__all__ = ["Plan", "plan", "plan_counted", "plan_others", "quotes_of"]

MAX_SHOWN = 3
"""Number of models in a `repr`."""


@dataclass(frozen=True, repr=False)
class Plan:
    """What a job costs with one or more models. Plans with the same numbers are equal.

    Attributes:
        scenario: Settings of the plan.
        models: One plan per model, cheapest first.
        images: Number of images in all sums.
        unsized: Number of images whose file size is unknown; limits in bytes were not checked for them.
        fixable: Number of images that would be rejected as they are, by the first limit that they break.
        rejected: What could not be read, by reason; never priced, and excluded from all other numbers.
        warnings: Possible mistakes in tables, such as a column named `widht`.
    """

    scenario: Scenario
    models: tuple[ModelPlan, ...]
    images: int
    unsized: int
    fixable: Mapping[Reason, int]
    rejected: tuple[Rejected, ...]
    warnings: tuple[str, ...] = ()

    def __repr__(self) -> str:
        totals = [f"{plan.model.id}={exact_usd(plan.total_usd)}" for plan in self.models[:MAX_SHOWN]]
        more = ["..."] if len(self.models) > MAX_SHOWN else []
        return f"<Plan images={self.images} {' '.join(totals + more)}>"

    @property
    def excluded(self) -> int:
        """Number of images excluded from all totals."""
        return sum(rejected.images for rejected in self.rejected)

    def __iter__(self) -> Iterator[ModelPlan]:
        return iter(self.models)

    def within(self, plan: ModelPlan, budget_usd: Decimal) -> bool | None:
        """Return whether a model's plan is within a budget, US dollars; None if excluded images make that unknown."""
        if plan.total_usd > budget_usd:
            return False
        return None if self.excluded else True

    def to_dict(self, budget_usd: Decimal | None = None) -> dict[str, Any]:
        """Return plain values: the JSON that `imgcost plan -f json` prints.

        Args:
            budget_usd: Budget for each model, US dollars; adds whether it suffices.

        Returns:
            Plain values with a schema version; dollars as exact decimal text.
        """
        return {
            "schema": "imgcost.plan/2",
            "scenario": self.scenario.to_dict(),
            "images": self.images,
            "images_of_unknown_bytes": self.unsized,
            "fixable": [reason._asdict() | {"images": count} for reason, count in self.fixable.items()],
            "excluded": [rejected._asdict() | {"first": escape_path(rejected.first)} for rejected in self.rejected],
            "warnings": [escape_path(warning) for warning in self.warnings]
            + ["no prompt and no answer are included"] * self.scenario.images_only,
            "budget_usd": None if budget_usd is None else f"{budget_usd:f}",
            "models": [
                plan.to_dict()
                | (
                    {}
                    if budget_usd is None
                    else {
                        "within_budget": self.within(plan, budget_usd),
                        "images_within_budget": plan.images_within(budget_usd),
                    }
                )
                for plan in self.models
            ],
        }

    def rows(self) -> Iterator[Row]:
        """Iterate over one row per model and one per alternative.

        Yields:
            Values in the order of `imgcost.tabular.PLAN.columns`.
        """
        return PLAN.rows(_row_values(self.models))

    def to_frame(self) -> pd.DataFrame:
        """Return the rows as a DataFrame; see `imgcost.tabular.Schema.frame`. Needs pandas."""
        return PLAN.frame(self.rows())

    def _repr_html_(self) -> str:
        columns = ("model", ">requests", ">tokens", ">per 1,000 images", ">total")
        rows = []
        for plan in self.models:
            usd = plan.usd_per_thousand_images
            tokens = number(plan.tokens.prompt + plan.tokens.output)
            per_thousand = "" if usd is None else dollars(usd)
            rows.append((plan.model.id, number(plan.requests), tokens, per_thousand, dollars(plan.total_usd)))
        title = f"{plural(self.images, 'image')} on {self.scenario.conditions.as_of}: {self.scenario.description}"
        table = html_table(title, columns, rows)
        return table + bar_chart("Total cost", [(name, usd, dollars(usd)) for name, usd in self._bars()])

    def _bars(self) -> list[tuple[str, Decimal]]:
        """Return what a chart compares: the models, or the alternatives of the only one."""
        if len(self.models) > 1:
            return [(plan.model.id, plan.total_usd) for plan in self.models]
        (only,) = self.models
        return [(only.model.id, only.total_usd), *((name, other.total_usd) for name, other in only.variants.items())]

    def for_model(self, name: str | Model) -> ModelPlan:
        """Return the plan of a model.

        Args:
            name: The model, or any of its names.

        Raises:
            UnknownModelError: The name is unknown, or the model is not part of this plan.
        """
        model = find_model(name, as_of=self.scenario.conditions.as_of) if isinstance(name, str) else name
        for plan in self.models:
            if plan.model == model:
                return plan
        raise UnknownModelError(model.id, [plan.model.id for plan in self.models])


def _row_values(plans: Iterable[ModelPlan]) -> Iterator[dict[str, Any]]:
    for plan in plans:
        model = plan.to_dict()
        yield model | _token_columns(model) | {"variant": "as specified"}
        for name, variant in model["variants"].items():
            shared = {column: model[column] for column in ("as_of", "images")}
            shared |= {"variant": name, "alternative_to": model["model"]}
            yield shared | variant | _token_columns(variant)


def _token_columns(values: Mapping[str, Any]) -> dict[str, Any]:
    return {f"{name}_tokens": count for name, count in values["tokens"].items()}


def plan(
    images: Any,
    *,
    models: str | Model | Sequence[str | Model],
    prompt_tokens: int = 0,
    prompt_text: str | None = None,
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
    count: int | None = None,
) -> Plan:
    """Plan a whole job: requests, tokens and cost, for one or more models.

    Each request has the shared prompt, its images and one answer. Its tokens are the text tokens of prompt and answer,
    the visual tokens of the images, and the overhead measured per image, message and request. Images are packed in
    order; see `imgcost.plans.packing`.

    Args:
        images: Files, folders and tables on disk (`.csv`, `.tsv`, `.xlsx`, `.jsonl`, `.parquet`); a DataFrame; an
            integer array of shape (n, 2); `Repeated(width, height, count)`; or an iterable of paths, (width, height)
            pairs, sizes such as `12MP`, `Image`s and `Repeated`s. Tables and DataFrames have columns `width` and
            `height` (px) and optionally `file_bytes` and `count` (images of that size).
        models: One or more models, as `Model` or by any of their names.
        prompt_tokens: Text tokens in the prompt of every request, such as the system prompt and the question.
        prompt_text: The text of the prompt, instead of `prompt_tokens`, which is then estimated; see `text_tokens`.
        output_tokens: Tokens in the answer to every request.
        images_per_request: New images per request; or `auto`: as many as fit without exceeding a limit or triggering
            the long-context price.
        cache: How long prompts are cached: `none`, `5m` or `1h`.
        batch: Whether to use the Message Batches API.
        inference_geo: `global`, or `us` (Claude API and Microsoft Foundry only).
        endpoint: `global`, or `regional` (Amazon Bedrock and Google Cloud only). If None, taken from the models' names;
            Amazon Bedrock IDs without a geography count as regional, everything else as global.
        platform: Platform that serves the requests and whose limits apply: any of `imgcost.tables.platforms()` except
            `claude-ai`. If None, taken from the models' names, otherwise the Claude API.
        speed: `standard`, or `fast` for fast mode. If None, taken from the models' names, otherwise standard.
        turns: Turns per conversation. Each turn adds new images and re-sends everything before it.
        retry_rate: Share of requests that are sent again: 0.02 is 1 in 50.
        as_of: Date whose prices and limits apply; today (UTC) if None.
        downscale_to: Visual tokens of the variant `downscaled`: the same requests with every image downscaled to at
            most that many tokens before it is sent. If None, the most that models of the standard tier see.
        count: Number of images of each size and each pair; files, tables and `Repeated`s have their own. If None, 1.

    Returns:
        The plan; iterate over its models, or pick one with `for_model`.

    Raises:
        SizeError: An image cannot have this size.
        UnknownModelError: No table lists a model's name.
        NoPriceError: On that date a model has no such price or does not read images yet, or limits are unknown.
        ImgcostError: The settings contradict each other, `images_per_request` exceeds a limit, or a prompt with a
            single image exceeds the context window.
        OSError: A table cannot be read.

    Source: https://platform.claude.com/docs/en/about-claude/pricing (read 2026-10-08)

    >>> from datetime import date
    >>> from imgcost.plans import Repeated
    >>> photos = plan(Repeated(3000, 3000, 20_000), models="claude-sonnet-4-6", as_of=date(2026, 11, 22))
    >>> [(model.requests, model.tokens.input, model.total_usd) for model in photos]
    [(20000, 30620000, Decimal('91.86000000'))]
    >>> photos
    <Plan images=20000 claude-sonnet-4-6=$91.86>
    """
    scenario = make_scenario(
        models=models,
        prompt_tokens=prompt_tokens,
        prompt_text=prompt_text,
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
    quotes = quotes_of(scenario)
    job = job_of(images, None if count is None else check_setting("count", count))
    job_images = JobImages(job, limits_on(scenario.conditions.platform, scenario.conditions.as_of))
    plans = _model_plans(quotes, scenario, job_images, candidates(quotes, scenario.output_tokens))
    return Plan(
        scenario, plans, job_images.images, job_images.unsized, dict(job_images.fixable), job.rejected, job.warnings
    )


def quotes_of(scenario: Scenario) -> tuple[Quote, ...]:
    """Look up what the models of a scenario charge, in their order."""
    return quotes_on(resolve_models(scenario.models, scenario.conditions.as_of), scenario.conditions)


def plan_counted(histograms: Mapping[TokenRule, Mapping[int, int]], quotes: Sequence[Quote]) -> tuple[ModelPlan, ...]:
    """Plan images that a scan has already counted, one per request and without a prompt.

    Args:
        histograms: By token rule: visual tokens to number of images.
        quotes: One quote per model.

    Returns:
        One plan per model, cheapest first.

    >>> from datetime import date
    >>> from imgcost.quoting import quotes
    >>> (quote,) = quotes(["claude-sonnet-4-6"], as_of=date(2026, 11, 22))
    >>> plan_counted({quote.rule: {1560: 2}}, [quote])
    (<ModelPlan claude-sonnet-4-6 images=2 requests=2 tokens=3140 usd=$0.00942>,)
    """
    scenario = Scenario(tuple(quote.requested for quote in quotes), quotes[0].conditions)
    return _model_plans(quotes, scenario, CountedImages(histograms))


def plan_others(job_plan: Plan, quotes: Sequence[Quote]) -> dict[str, ModelPlan | ImgcostError]:
    """Plan the images of a plan with other models, in the same way.

    Args:
        job_plan: The plan.
        quotes: One quote per model, under the conditions of the plan.

    Returns:
        By model ID: its plan, or why the job is not possible with the model.
    """
    job_images = cast("JobImages", job_plan.models[0].job_images)  # as in every `Plan`

    def planned(selected: Sequence[Quote]) -> dict[str, ModelPlan | ImgcostError]:
        plans = _model_plans(selected, job_plan.scenario, job_images.again())
        return {plan.model.id: plan for plan in plans}

    try:
        return planned(quotes)  # models with the same rules are packed only once
    except ImgcostError:
        plans: dict[str, ModelPlan | ImgcostError] = {}
        for quote in quotes:
            try:
                plans |= planned([quote])
            except ImgcostError as error:
                plans[quote.model.id] = error
        return plans


class _Sums(NamedTuple):
    """The totals of a job by packing rules: as it is sent, and with downscaled images."""

    as_sent: dict[PackingRules, UsageTotals]
    downscaled: dict[PackingRules, UsageTotals]


def _model_plans(
    quotes: Sequence[Quote],
    scenario: Scenario,
    job_images: JobImages | CountedImages,
    others: Sequence[Quote] = (),
) -> tuple[ModelPlan, ...]:
    """Plan images with several models; `others` are alternatives where they cost less."""
    rules = [packing_rules_of(quote, scenario) for quote in quotes]
    is_job = isinstance(job_images, JobImages)
    optional = [packing_rules_of(quote, scenario) for quote in others]
    packed = [_packed(rule) for rule in rules] if is_job else []
    sums = _Sums(
        {rule: UsageTotals(rule) for rule in (*rules, *packed, *optional)},
        {rule: UsageTotals(rule) for rule in rules if is_job and rule.downscale_to is not None},
    )
    for rule, requests in job_images.requests(list(sums.as_sent), {*optional}.difference(rules, packed)):
        sums.as_sent[rule].add(requests)
        if rule in sums.downscaled:
            sums.downscaled[rule].add(requests.downscaled())
    plans = [_model_plan(scenario, quote, rule, sums, job_images) for quote, rule in zip(quotes, rules, strict=True)]
    cheaper = [
        _model_plan(scenario, quote, rule, sums, job_images)
        for quote, rule in zip(others, optional, strict=True)
        if rule not in job_images.unpackable
    ]
    cheaper.sort(key=_total)
    return tuple(
        replace(plan, variants={**plan.variants, **cheaper_models(plan, cheaper)}) for plan in sorted(plans, key=_total)
    )


def _total(plan: ModelPlan) -> Decimal:
    return plan.total_usd


def _packed(rules: PackingRules) -> PackingRules:
    return rules._replace(images_per_request=None)


def _model_plan(
    scenario: Scenario, quote: Quote, rules: PackingRules, sums: _Sums, job_images: JobImages | CountedImages
) -> ModelPlan:
    totals, cached = sums.as_sent[rules], scenario.conditions.cache != "none"
    packed = sums.as_sent.get(_packed(rules), totals)
    variants = variants_of(quote, scenario, totals, packed, sums.downscaled.get(rules), job_images.sizes)
    fixable = job_images.fixable_tokens[rules.token_rule] if isinstance(job_images, JobImages) else 0
    return ModelPlan(
        scenario, quote, rules, totals, cached and totals.cacheable, variants, fixable, job_images=job_images
    )
