"""What a workbook shows when it is opened: the models of a scan, each with its plan of one image per request."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from imgcost.quoting import comparable, requote, requote_or_none
from imgcost.reports.jobs import report_job

if TYPE_CHECKING:
    from collections.abc import Sequence
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
        plan: The plan of the images on the scan's conditions; None if the model is not offered on them.
    """

    quote: Quote
    batch: Decimal | None
    inference_geo_us: Decimal | None
    plan: ModelPlan | None


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
    """The images of a scan with every model.

    Attributes:
        conditions: The conditions of the job.
        summary: Its images.
        scenario: How they are sent.
        token_rules: The token rules of the models.
        models: The models, those of a tier together; the input cell starts with the first.
    """

    def __init__(
        self, conditions: Conditions, quotes: Sequence[Quote], summary: ScanSummary, plan: Plan | None = None
    ) -> None:
        """Plan the images with every model that is offered on the conditions of the job."""
        self.conditions = conditions
        self.summary = summary
        self.token_rules = token_rules_of(quotes)
        tiers = list(dict.fromkeys(quote.tier for quote in quotes))
        quotes = sorted(quotes, key=lambda quote: tiers.index(quote.tier))
        sold = [requoted for quote in quotes if (requoted := requote_or_none(quote, conditions))]
        job = report_job(summary, sold, plan)
        self.scenario = job.scenario
        self.models = tuple(
            ModelRow(
                quote,
                _multiplier(quote, "batch", conditions._replace(batch=True, inference_geo="global", cache="none")),
                _multiplier(
                    quote, "inference-geo-us", conditions._replace(batch=False, inference_geo="us", cache="none")
                ),
                job.plan_of(quote),
            )
            for quote in quotes
        )

    @property
    def first(self) -> ModelRow:
        """The model that the input cell starts with."""
        return self.models[0]

    @cached_property
    def tiers(self) -> tuple[Tier, ...]:
        """The resolution tiers."""
        return tuple(dict.fromkeys(rule.tier for rule in self.token_rules))

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
