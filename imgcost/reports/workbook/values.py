"""The results of the formulas about a model when a workbook is opened, for viewers that do not recalculate.

They follow the formulas of `imgcost.reports.workbook.models`; the tests recalculate them, and compare them with plans.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from imgcost.plans.usage import Split
from imgcost.prices import cost_usd, multiply, total_usd
from imgcost.reports.workbook.cells import NOT_OFFERED

if TYPE_CHECKING:
    from imgcost.prices import PriceKind, Rates
    from imgcost.quoting import Quote
    from imgcost.reports.workbook.job import ModelRow, WorkbookJob

__all__ = ["FINE", "NOT_POSSIBLE", "RUN_PLAN", "ModelValues"]

RUN_PLAN = "run imgcost plan"
"""Shown if the cost depends on how the images are packed, in their order."""

NOT_POSSIBLE = "over a limit"
"""Shown if the API would reject every such request."""

FINE = "ok"

_DOLLARS = ("input_usd", "write_usd", "read_usd", "output_usd", "overhead_usd", "images_usd")


class ModelValues(dict[str, Any]):
    """The results about a model by the key of their column: see `models.py` for what each of them is."""

    def __init__(self, row: ModelRow, job: WorkbookJob) -> None:
        """Calculate the results."""
        super().__init__()
        self.row, self.job = row, job
        self.update(self._packed_counts() if job.is_packed else self._counts())
        self._add_dollars()

    def _text_tokens(self) -> int:
        """Return the tokens of a prompt that are not of its images."""
        _, per_message, per_request = self.row.quote.overhead.tokens
        return self.job.scenario.prompt_tokens + per_message + per_request

    def _counts(self) -> dict[str, int]:
        job, scenario, quote = self.job, self.job.scenario, self.row.quote
        images, requests, minimum = job.summary.images, job.requests, quote.model.min_cacheable_tokens
        per_image, per_message, per_request = quote.overhead.tokens
        prompt = scenario.prompt_tokens
        wanted = job.conditions.cache != "none" and requests > 1
        cached = int(wanted and minimum is not None and prompt >= minimum)
        visual = job.summary.tokens(quote.rule)
        overhead = per_image * images + (per_message + per_request) * requests
        most = min(job.images_per_request, images) * (per_image + job.most_tokens(quote.rule))
        return {
            "requests": requests,
            "cached": cached,
            "visual": visual,
            "overhead": overhead,
            "prompts": prompt * requests,
            "input": visual + overhead + prompt * requests * (1 - cached),
            "write": prompt * cached,
            "reads": prompt * (requests - 1) * cached,
            "output": scenario.output_tokens * requests,
            "largest": self._text_tokens() + most if requests else 0,
        }

    def _packed_counts(self) -> dict[str, int]:
        plan = self.row.plan
        visual = self.job.summary.tokens(self.row.quote.rule)
        if plan is None:
            names = ("requests", "cached", "overhead", "input", "write", "reads", "output")
            return {"visual": visual} | dict.fromkeys(names, 0)
        totals = plan.totals
        per_image, per_message, per_request = plan.quote.overhead.tokens
        split = self.packed(cached=plan.cached)
        return {
            "requests": totals.requests,
            "cached": int(plan.cached),
            "visual": visual,
            "overhead": per_image * totals.carried + per_message * totals.messages + per_request * totals.requests,
            "input": split.input,
            "write": split.write,
            "reads": split.read,
            "output": split.output,
        }

    def packed(self, *kinds: PriceKind, cached: bool) -> Split:
        """Return the tokens of all requests of a packed job, or of those at the given prices."""
        split = Split()
        if self.row.plan:
            for kind in kinds or ("standard", "long-context"):
                split = split.plus(self.row.plan.totals.sums[cached, kind])
        return split

    def _add_dollars(self) -> None:
        row, conditions = self.row, self.job.conditions
        quote = row.sold
        if quote is None:
            surcharge = NOT_OFFERED if row.quote.long_context else 0
            names = ("multiplier", "price", "status", "retries_usd", "total_usd", *_DOLLARS)
            self.update(dict.fromkeys(names, NOT_OFFERED) | {"surcharge_usd": surcharge})
            return
        options = ((conditions.batch, row.batch), (conditions.inference_geo == "us", row.inference_geo_us))
        rates = quote.standard
        self["multiplier"] = multiply(*(factor for chosen, factor in options if chosen and factor is not None))
        self["price"] = rates.input
        tokens = (self["input"], self["write"], self["reads"], self["output"], self["overhead"], self["visual"])
        kinds = (rates.input, self._write_rate(rates), rates.cache_read, rates.output, rates.input, rates.input)
        for name, count, rate in zip(_DOLLARS, tokens, kinds, strict=True):
            self[name] = cost_usd(count, rate) if count and rate is not None else Decimal(0)
        self["surcharge_usd"] = self._surcharge(quote) if quote.long_context else Decimal(0)
        self["status"] = self._status()
        self._add_totals()

    def _write_rate(self, rates: Rates) -> Decimal | None:
        return rates.cache_write_1h if self.job.conditions.cache == "1h" else rates.cache_write_5m

    def _add_totals(self) -> None:
        parts = [self[name] for name in ("input_usd", "write_usd", "read_usd", "output_usd", "surcharge_usd")]
        if self["status"] != FINE:
            self["retries_usd"] = self["total_usd"] = self["status"]
            return
        usd = total_usd(parts)
        self["retries_usd"] = multiply(usd, self.job.scenario.retry_rate)
        self["total_usd"] = total_usd([usd, self["retries_usd"]])

    def _status(self) -> str:
        job, quote = self.job, self.row.quote
        if job.is_packed:
            return FINE if self.row.plan else NOT_POSSIBLE
        packed, limits = min(job.images_per_request, job.summary.images), quote.limits
        certain = job.requests == 1 or job.is_uniform
        edge = (
            limits.many_images is not None
            and limits.many_images_edge is not None
            and packed > limits.many_images
            and job.summary.longest_edge > limits.many_images_edge
        )
        long = self["largest"] + job.scenario.output_tokens > quote.model.context_window
        if quote.max_images and packed > quote.max_images:
            return NOT_POSSIBLE
        if edge or long:
            return NOT_POSSIBLE if certain or packed <= 1 else RUN_PLAN
        return RUN_PLAN if self["surcharge_usd"] == RUN_PLAN else FINE

    # The sheet Long context

    def long_values(self) -> dict[str, Any]:
        """Return the results on the sheet Long context, for a model with a long-context price."""
        return self._packed_over() if self.job.is_packed else self._over()

    def _packed_over(self) -> dict[str, Any]:
        plan = self.row.plan
        split = self.packed("long-context", cached=bool(self["cached"]))
        over = plan.totals.long_requests if plan else 0
        return {"over": over} | _over_classes(split)

    def _over(self) -> dict[str, Any]:
        job, quote = self.job, self.row.quote
        images, requests, prompt = job.summary.images, self["requests"], job.scenario.prompt_tokens
        per_image, threshold = quote.overhead.tokens[0], quote.threshold or 0
        size = images % job.images_per_request or job.images_per_request
        smallest = self._text_tokens() + size * (per_image + job.least_tokens(quote.rule)) if requests else 0
        bound = threshold - self._text_tokens() - per_image
        histogram = job.summary.histogram(quote.rule)
        values: dict[str, Any] = {"smallest": smallest, "bound": bound}
        names = ("over", "over_images", "over_visual", "first_over", "over_in", "over_write", "over_read", "over_out")
        if self["largest"] <= threshold:
            return values | dict.fromkeys(names, 0)
        if smallest > threshold:
            over, over_images, visual, first = requests, images, self["visual"], 1
        elif job.images_per_request == 1:
            long = {tokens: count for tokens, count in histogram.items() if tokens > bound}
            over = over_images = sum(long.values())
            visual, first = sum(tokens * count for tokens, count in long.items()), int(next(iter(histogram)) > bound)
        else:
            return values | dict.fromkeys(names, RUN_PLAN)
        cached = self["cached"]
        text = self._text_tokens() - prompt * cached
        split = Split(
            visual + per_image * over_images + text * over,
            prompt * cached * first,
            prompt * cached * (over - first),
            job.scenario.output_tokens * over,
        )
        return values | dict(zip(names, (over, over_images, visual, first), strict=False)) | _over_classes(split)

    def _surcharge(self, quote: Quote) -> Decimal | str:
        values = self.long_values()
        if values["over"] == RUN_PLAN or quote.long_context is None:
            return RUN_PLAN
        usual, long = quote.standard, quote.long_context
        pairs = (
            (values["over_in"], usual.input, long.input),
            (values["over_write"], self._write_rate(usual), self._write_rate(long)),
            (values["over_read"], usual.cache_read, long.cache_read),
            (values["over_out"], usual.output, long.output),
        )
        return total_usd(
            [
                cost_usd(count, high - low)
                for count, low, high in pairs
                if count and low is not None and high is not None
            ]
        )


def _over_classes(split: Split) -> dict[str, int]:
    return {"over_in": split.input, "over_write": split.write, "over_read": split.read, "over_out": split.output}
