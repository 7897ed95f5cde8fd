"""What a workbook shows when it is opened: the images of a job, how they are sent, and the models."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from imgcost.quoting import comparable, requote, requote_or_none
from imgcost.reports.jobs import report_job

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from decimal import Decimal

    from imgcost.conditions import Conditions
    from imgcost.geometry import Tier
    from imgcost.plans import ModelPlan, Plan
    from imgcost.quoting import Quote, TokenRule
    from imgcost.summaries import ScanSummary
    from imgcost.tables import MultiplierName

__all__ = ["ModelRow", "WorkbookJob", "title_of", "token_rules_of", "usual_quotes"]


class ModelRow(NamedTuple):
    """A model of the workbook.

    Attributes:
        quote: What it charges without the options that the input cells choose: no batch, no cache, global inference.
        batch: Multiplier of a message batch; None if it is not offered.
        inference_geo_us: Multiplier of inference in the US; None if it is not offered.
        sold: What it charges under the conditions of the job; None if it is not offered under them.
        plan: Its plan, if `WorkbookJob.is_packed` and the job is possible with it.
    """

    quote: Quote
    batch: Decimal | None
    inference_geo_us: Decimal | None
    sold: Quote | None
    plan: ModelPlan | None

    @property
    def label(self) -> str:
        """Its name for the tables, marked if it is not generally available."""
        return f"{self.quote.model.id} (by invitation)" if self.quote.model.restricted else self.quote.model.id


def usual_quotes(selected: Sequence[Quote]) -> tuple[Quote, ...]:
    """Return the quotes of a workbook, without the options that its input cells choose.

    Args:
        selected: The quotes of the selected models.

    Returns:
        The selected models, then the other active models on the same platform, endpoint and speed.
    """
    conditions = selected[0].conditions._replace(batch=False, inference_geo="global", cache="none")
    return comparable([requote(quote, conditions) for quote in selected])


def token_rules_of(quotes: Sequence[Quote]) -> tuple[TokenRule, ...]:
    """Return the token rules of the models, lower limits first."""
    rules = dict.fromkeys(quote.rule for quote in quotes)
    return tuple(sorted(rules, key=lambda rule: (rule.tier.edge_limit, rule.formula != "patch")))


def title_of(rule: TokenRule, rules: Sequence[TokenRule]) -> str:
    """Return the tier of a rule, with its formula if the tier alone is ambiguous or the formula is the old one."""
    is_alone = sum(other.tier == rule.tier for other in rules) == 1
    return rule.tier.name if is_alone and rule.formula == "patch" else f"{rule.tier.name}, {rule.formula}"


class WorkbookJob:
    """The images of a job with every model.

    Attributes:
        conditions: The conditions of the job.
        summary: Its images.
        scenario: How they are sent.
        sizes: Their sizes, in the order of the first image of each, and how many have it; None if there are too many.
        sizes_are_inputs: Whether the sizes are input cells, from which tokens follow by formulas: not if there are too
            many, if `is_packed`, or if a model counts by area.
        is_packed: Whether requests are packed by `imgcost plan`, because their images depend on the order.
        token_rules: The token rules of the models.
        models: The models, those of a tier together; the input cell starts with the first.
        plan: The plan of the first model; None if the job is that of a scan.
    """

    def __init__(
        self,
        quotes: Sequence[Quote],
        summary: ScanSummary,
        sizes: Mapping[tuple[int, int], int] | None = None,
        plan: Plan | None = None,
    ) -> None:
        """Look up what every model charges under the conditions of the job."""
        self.conditions = summary.quotes[0].conditions
        self.summary = summary
        self.token_rules = token_rules_of(quotes)
        by_patches = all(rule.formula == "patch" for rule in self.token_rules)
        tiers = list(dict.fromkeys(quote.tier for quote in quotes))
        quotes = sorted(quotes, key=lambda quote: tiers.index(quote.tier))
        sold = {quote.model.id: requote_or_none(quote, self.conditions) for quote in quotes}
        self.is_packed = plan is not None and (plan.scenario.turns > 1 or plan.scenario.fixed_images is None)
        job = report_job(summary, quotes if self.is_packed else [], plan)
        self.scenario = job.scenario
        self.sizes = sizes
        self.sizes_are_inputs = sizes is not None and by_patches and not self.is_packed
        usual = self.conditions._replace(batch=False, inference_geo="global", cache="none")
        self.models = tuple(
            ModelRow(
                quote,
                _multiplier(quote, "batch", usual._replace(batch=True)),
                _multiplier(quote, "inference-geo-us", usual._replace(inference_geo="us")),
                sold[quote.model.id],
                job.plan_of(quote),
            )
            for quote in quotes
        )
        chosen = self.first.quote.model
        self.plan = next((own for own in plan or () if own.model == chosen), None)

    @property
    def first(self) -> ModelRow:
        """The model that the input cell starts with: a selected one, so that it is offered."""
        return self.models[0]

    @cached_property
    def tiers(self) -> tuple[Tier, ...]:
        """The resolution tiers."""
        return tuple(dict.fromkeys(rule.tier for rule in self.token_rules))

    @property
    def is_uniform(self) -> bool:
        """Whether all images have the same size, and it is an input of the Budget."""
        return self.sizes_are_inputs and len(self.sizes or ()) == 1

    @property
    def is_varied(self) -> bool:
        """Whether there are images of several sizes."""
        return self.sizes is None or len(self.sizes) > 1

    @property
    def images_per_request(self) -> int:
        """New images per request; 1 if `is_packed`, where it is not used."""
        return self.scenario.fixed_images or 1

    @property
    def requests(self) -> int:
        """Number of requests, unless `is_packed`."""
        return -(-self.summary.images // self.images_per_request)

    def row_of(self, quote: Quote) -> int:
        """Return the index of a model's token rule."""
        return self.token_rules.index(quote.rule)

    def most_tokens(self, rule: TokenRule) -> int:
        """Return the maximum visual tokens of an image."""
        return max(self.summary.histogram(rule), default=0)

    def least_tokens(self, rule: TokenRule) -> int:
        """Return the minimum visual tokens of an image."""
        return min(self.summary.histogram(rule), default=0)


def _multiplier(quote: Quote, name: MultiplierName, conditions: Conditions) -> Decimal | None:
    requoted = requote_or_none(quote, conditions)
    return next(factor.factor for factor in requoted.factors if factor.name == name) if requoted else None
