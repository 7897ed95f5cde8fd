"""The block Alternatives of the Budget: the same job with one thing changed, by formulas where no request changes.

Batch, cache and other models follow the input cells. Smaller images and more images per request need other requests, so
their totals are those of the plan, for as long as the input cells are too.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any, NamedTuple

from imgcost.figures import number, plural
from imgcost.prices import cost_usd, multiply, total_usd
from imgcost.reports.workbook.cells import NOT_OFFERED, CellFormula, at, column_of
from imgcost.reports.workbook.values import FINE, RUN_PLAN

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from imgcost.plans import ModelPlan
    from imgcost.reports.workbook.cells import Cell, Page
    from imgcost.reports.workbook.inputs import BlockRow
    from imgcost.reports.workbook.job import WorkbookJob
    from imgcost.reports.workbook.models import ModelSheets
    from imgcost.reports.workbook.tables import ImageTable

__all__ = ["as_planned", "write_alternatives"]

NOTHING_CACHED = "nothing to cache"
"""Shown instead of the total with a cache if the prompt is too short or there is one request only."""

AS_CHOSEN = "as chosen"


class _Sending(NamedTuple):
    """A way to send requests.

    Attributes:
        name: Its name among the variants of a plan.
        label: Its name in the workbook.
        tradeoff: What it takes, if the plan does not say.
        batch: Whether in batches.
        cached: Whether with a cached prompt.
    """

    name: str
    label: str
    tradeoff: str
    batch: bool
    cached: bool


_24_HOURS, _CACHED = "answers can take up to 24 hours", "requests must follow each other while the cache lasts"
_SENDING = (
    _Sending("standard", "No batch, no cache", "", batch=False, cached=False),
    _Sending("batch", "Batch", _24_HOURS, batch=True, cached=False),
    _Sending("cached", "Cached prompt", _CACHED, batch=False, cached=True),
    _Sending("batch + cached", "Batch and cached prompt", f"{_24_HOURS}; cache hits in a batch are not guaranteed",
             batch=True, cached=True),
)  # fmt: skip


class _Row(NamedTuple):
    """An alternative: its name, its total, and what it takes in return."""

    label: str
    total: CellFormula
    tradeoff: Cell


def write_alternatives(page: Page, top: int, total: str, job: WorkbookJob, models: ModelSheets) -> int:
    """Write the block.

    Args:
        page: The Budget.
        top: Its first row, from 0.
        total: The cell with the total of the job.
        job: The images and models.
        models: The models.

    Returns:
        The row after it; `top` if the job is not that of a plan.
    """
    if job.plan is None:
        return top
    page.put(top, 1, "Alternatives, with the chosen model", "section plain")
    page.put_row(top + 1, 1, ["Change", "Total, US$", "Saves, US$", "Saves", "In return"],
                 ["head", "head right", "head right", "head right", "head indented"])  # fmt: skip
    page.put_row(top + 1, 6, [None] * 7, "head")
    usd, row = models.chosen["total_usd"], top + 1
    for row, (label, cost, tradeoff) in enumerate(_rows(job, job.plan, models), top + 2):
        other = at(row, 2)
        saving: Decimal | str = ""
        share = saving
        if not isinstance(usd, str) and not isinstance(cost.value, str):
            saving = total_usd([usd, Decimal(cost.value).copy_negate()])
            share = saving / usd if usd else Decimal(0)
        text = f'IF(OR(ISTEXT({other}),ISTEXT({total})),"",%s)'
        part = f"IF({total}=0,0,({total}-{other})/{total})"
        cells = [label, cost, CellFormula(text % f"{total}-{other}", saving), CellFormula(text % part, share), tradeoff]
        page.put_row(row, 1, cells, ["label", "usd", "usd", "share", "indented"])
    return row + 2


def _rows(job: WorkbookJob, plan: ModelPlan, models: ModelSheets) -> Iterator[_Row]:
    variants = plan.variants
    for way in _SENDING:
        # In a conversation, a batch waits for the answers of the one before: whether its cache lasts, only a plan says.
        if way.name in variants or job.scenario.turns == 1 or not (way.batch and way.cached):
            tradeoff = variants[way.name].tradeoff if way.name in variants else way.tradeoff
            total = CellFormula(_sent(way, job, models), _usd_sent(way, job, models))
            yield _Row(way.label, total, _tradeoff(way, tradeoff, job, models))
    for name, variant in variants.items():
        if name == "packed":
            label = f"Up to {plural(variant.images_per_request, 'image')} per request"
            yield _Row(label, _unless_changed(variant.total_usd, RUN_PLAN), variant.tradeoff)
        elif name == "downscaled":
            most = plan.rules.downscale_to or 0
            hint = f"downscale to {number(most)}" if job.sizes_are_inputs else RUN_PLAN
            label = f"Downscaled to {plural(most, 'token')} per image"
            yield _Row(label, _unless_changed(variant.total_usd, hint), variant.tradeoff)
        elif variant.quote.model != plan.model:
            index = [row.quote.model.id for row in job.models].index(name)
            total = CellFormula(models.cell("total_usd", index), models.values[index]["total_usd"])
            yield _Row(name, total, variant.tradeoff)


def _tradeoff(way: _Sending, tradeoff: str, job: WorkbookJob, models: ModelSheets) -> CellFormula:
    """Return the formula for what a way takes in return, or why it changes nothing."""
    batch, cache = "=" if way.batch else "<>", "<>" if way.cached else "="
    text, value = f'"{tradeoff}"', tradeoff
    if way.cached:
        start, end = "needs several requests with the same ", " tokens or more"
        minimum = job.first.quote.model.min_cacheable_tokens
        text = f'IF({_cacheable(job, models)},{text},"{start}"&{models.of_chosen("minimum")}&"{end}")'
        value = tradeoff if _is_cacheable(job, models) else f"{start}{minimum or 'none'}{end}"
    if (way.batch, way.cached) == (job.conditions.batch, job.conditions.cache != "none"):
        value = AS_CHOSEN
    return CellFormula(f'IF(AND(batch{batch}"yes",prompt_cache{cache}"none"),"{AS_CHOSEN}",{text})', value)


def _cacheable(job: WorkbookJob, models: ModelSheets) -> str:
    """Return the formula for whether a cached prompt would be read again."""
    if job.is_packed:
        return f"{models.of_chosen('p_read')}>0"
    minimum = models.of_chosen("minimum")
    return f"AND(request_count>1,ISNUMBER({minimum}),prompt_tokens>=N({minimum}))"


def _is_cacheable(job: WorkbookJob, models: ModelSheets) -> bool:
    """Return the value of this formula."""
    if job.is_packed:
        return models.chosen.packed(cached=True).read > 0
    minimum = job.first.quote.model.min_cacheable_tokens
    return job.requests > 1 and minimum is not None and job.scenario.prompt_tokens >= minimum


def _unless_changed(usd: Decimal, otherwise: str) -> CellFormula:
    return CellFormula(f'IF(as_planned=1,{usd:f},"{otherwise}")', usd)


def as_planned(inputs: Sequence[BlockRow], job: WorkbookJob, totals: dict[str, str], images: ImageTable) -> CellFormula:
    """Return the formula for whether the input cells are those that the workbook was written with.

    Args:
        inputs: The rows of the block with the input cells.
        job: The images.
        totals: Cells with sums over all images, by name: `visual N` for each rule.
        images: The sheet whose images count.
    """
    cells = [(row.name, row.cells[0]) for row in inputs if row.styles[0].startswith("input")]
    same = [f"N({name})=0" if value is None else f"{name}={_literal(value)}" for name, value in cells]
    same += [f"{totals[f'visual {index}']}={job.summary.tokens(rule)}" for index, rule in enumerate(job.token_rules)]
    if job.sizes_are_inputs and not job.is_uniform:
        sizes = list((job.sizes or {}).items())
        columns = ",".join(column_of("Sizes", column, images.rows) for column in range(3))
        same.append(f"SUMPRODUCT({columns})={sum(width * height * count for (width, height), count in sizes)}")
    return CellFormula(f"IF(AND({','.join(same)}),1,0)", 1)


def _literal(value: Any) -> str:
    return f'"{value}"' if isinstance(value, str) else f"{value:f}" if isinstance(value, Decimal) else f"{value}"


def _sent(way: _Sending, job: WorkbookJob, models: ModelSheets) -> str:
    """Return the formula for the total with another way to send the requests."""
    cell = models.of_chosen
    sent = f"({cell('input')}+{cell('write')}+{cell('reads')})"
    write_rate = f'IF(prompt_cache="1h",{cell("w1h")},{cell("w5m")})'
    if job.is_packed:
        left, write, read = (cell(f"p_{name}") for name in ("cached", "write", "read"))
    else:
        left, write = f"({sent}-prompt_tokens*request_count)", "prompt_tokens"
        read = "prompt_tokens*(request_count-1)"
    usd = f"{sent}*{cell('in')}+{cell('output')}*{cell('out')}"
    if way.cached:
        usd = f"{left}*{cell('in')}+{write}*{write_rate}+{read}*{cell('read')}+{cell('output')}*{cell('out')}"
    multiplier = f'IF(inference_geo="us",{cell("us")},1)' + f"*{cell('batch')}" * way.batch
    surcharge = f"{cell('surcharge_usd')}/{cell('multiplier')}"
    text = f"(({usd})/1000000+{surcharge})*{multiplier}*(1+retry_rate)"
    # The surcharge is for tokens by class, so it is another one with a cache or without.
    text = f'IF(AND({cell("surcharge_usd")}<>0,{cell("cached")}<>{int(way.cached)}),"{RUN_PLAN}",{text})'
    if way.cached:
        text = f'IF({_cacheable(job, models)},{text},"{NOTHING_CACHED}")'
        text = f'IF(OR(ISTEXT({write_rate}),ISTEXT({cell("read")})),"{NOT_OFFERED}",{text})'
    if way.batch:
        text = f'IF(ISTEXT({cell("batch")}),"{NOT_OFFERED}",{text})'
    return f'IF({cell("status")}<>"{FINE}",{cell("status")},{text})'


def _usd_sent(way: _Sending, job: WorkbookJob, models: ModelSheets) -> Decimal | str:
    """Return the value of this formula."""
    values, row = models.chosen, job.first
    quote, conditions, prompt = row.quote, job.conditions, job.scenario.prompt_tokens
    if values["status"] != FINE:
        return str(values["status"])
    rates = quote.standard
    write_rate = rates.cache_write_1h if conditions.cache == "1h" else rates.cache_write_5m
    if (way.batch and row.batch is None) or (way.cached and None in (write_rate, rates.cache_read)):
        return NOT_OFFERED
    tokens = [values["input"] + values["write"] + values["reads"], 0, 0, values["output"]]
    if way.cached:
        if not _is_cacheable(job, models):
            return NOTHING_CACHED
        requests, split = values["requests"], values.packed(cached=True)
        left, write, read = tokens[0] - prompt * requests, prompt, prompt * (requests - 1)
        tokens[:3] = split[:3] if job.is_packed else (left, write, read)
    if values["surcharge_usd"] and values["cached"] != way.cached:
        return RUN_PLAN
    prices = rates.input, write_rate, rates.cache_read, rates.output
    usd = [cost_usd(count, rate) for count, rate in zip(tokens, prices, strict=True) if count and rate is not None]
    factors = [row.batch if way.batch else None, row.inference_geo_us if conditions.inference_geo == "us" else None]
    multiplier = multiply(*(factor for factor in factors if factor is not None))
    usual = multiply(total_usd(usd), multiplier)
    surcharge = values["surcharge_usd"] / values["multiplier"] * multiplier
    return multiply(total_usd([usual, surcharge]), 1 + job.scenario.retry_rate)
