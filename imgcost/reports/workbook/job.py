"""What a workbook shows when it is opened: the models of a scan, each with its plan of one image per request."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from imgcost.errors import ImgcostError
from imgcost.plans.comparisons import plan_counted
from imgcost.quotes import comparable, requote

if TYPE_CHECKING:
    from collections.abc import Sequence
    from decimal import Decimal

    from imgcost.geometry import Tier
    from imgcost.plans import ModelPlan
    from imgcost.quotes import Conditions, Quote, TokenRule
    from imgcost.summaries import ScanSummary
    from imgcost.tables import MultiplierName

__all__ = ["Job", "ModelRow", "rules_of", "title_of", "usual_quotes"]


class ModelRow(NamedTuple):
    """A model of the workbook.

    Attributes:
        quote: What it charges without the options that the input cells choose: no batch, no cache, global inference.
        batch: Multiplier of a message batch; None where it is not offered.
        inference_geo_us: Multiplier of inference in the US; None where it is not offered.
        plan: The images with this model on the scan's conditions; None where it is not offered on them.
    """

    quote: Quote
    batch: Decimal | None
    inference_geo_us: Decimal | None
    plan: ModelPlan | None


def usual_quotes(asked: Sequence[Quote]) -> tuple[Quote, ...]:
    """List the models of a workbook, at their prices without the options that its input cells choose.

    Args:
        asked: The quotes of the models asked for.

    Returns:
        Those, then the other active models on the same platform, endpoint and speed.
    """
    sent = asked[0].conditions._replace(batch=False, inference_geo="global", cache="none")
    return comparable([requote(quote, sent) for quote in asked])


def rules_of(quotes: Sequence[Quote]) -> tuple[TokenRule, ...]:
    """List the rules that count the models' tokens, those of lower limits first."""
    rules = dict.fromkeys(quote.rule for quote in quotes)
    return tuple(sorted(rules, key=lambda rule: (rule.tier.edge_limit, rule.formula != "patch")))


def title_of(rule: TokenRule, rules: Sequence[TokenRule]) -> str:
    """Name a rule by its tier, and by its formula where another rule has the same tier or it is the old formula."""
    is_alone = sum(other.tier == rule.tier for other in rules) == 1
    return rule.tier.name if is_alone and rule.formula == "patch" else f"{rule.tier.name}, {rule.formula}"


class Job:
    """The images of a scan with every model.

    Attributes:
        sent: The conditions of the scan.
        summary: What was counted.
        rules: What counts tokens.
        models: The models, those of a tier together; the input cell begins with the first.
    """

    def __init__(self, sent: Conditions, quotes: Sequence[Quote], summary: ScanSummary) -> None:
        """Plan the images with every model that is offered on the scan's conditions."""
        self.sent = sent
        self.summary = summary
        self.rules = rules_of(quotes)
        tiers = list(dict.fromkeys(quote.tier for quote in quotes))
        quotes = sorted(quotes, key=lambda quote: tiers.index(quote.tier))
        offered = [found for quote in quotes if (found := _offered(quote, sent))]
        histograms = dict(zip(summary.token_rules, summary.histograms, strict=True))
        plans = {one.model.id: one for one in plan_counted(histograms, offered)} if offered else {}
        self.models = tuple(
            ModelRow(
                quote,
                _multiplier(quote, "batch", sent._replace(batch=True, inference_geo="global", cache="none")),
                _multiplier(quote, "inference-geo-us", sent._replace(batch=False, inference_geo="us", cache="none")),
                plans.get(quote.model.id),
            )
            for quote in quotes
        )

    @property
    def first(self) -> ModelRow:
        """The model that the input cell begins with."""
        return self.models[0]

    @cached_property
    def tiers(self) -> tuple[Tier, ...]:
        """The resolution tiers."""
        return tuple(dict.fromkeys(rule.tier for rule in self.rules))

    def row_of(self, quote: Quote) -> int:
        """Tell the place of what counts a model's tokens."""
        return self.rules.index(quote.rule)

    def most_tokens(self, rule: TokenRule) -> int:
        """Visual tokens of the image that has most."""
        return max(self.summary.histogram(rule), default=0)

    def least_tokens(self, rule: TokenRule) -> int:
        """Visual tokens of the image that has fewest."""
        return min(self.summary.histogram(rule), default=0)


def _offered(quote: Quote, sent: Conditions) -> Quote | None:
    try:
        return requote(quote, sent)
    except ImgcostError:
        return None


def _multiplier(quote: Quote, name: MultiplierName, sent: Conditions) -> Decimal | None:
    found = _offered(quote, sent)
    return next(one.factor for one in found.factors if one.name == name) if found else None
