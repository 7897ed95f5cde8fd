"""The sheets Models and Long context: what each model charges, and what the job costs with it, step by step."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from imgcost.prices import multiply
from imgcost.reports.workbook.cells import NOT_OFFERED, CellFormula, at, column_of, unless_text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from decimal import Decimal

    from imgcost.prices import Rates
    from imgcost.reports.workbook.cells import Cell, Page
    from imgcost.reports.workbook.images import ImageSheet
    from imgcost.reports.workbook.job import ModelRow, WorkbookJob

__all__ = ["RUN_PLAN", "model_cell", "model_column", "values_of", "write_long_context", "write_models"]

RUN_PLAN = "run imgcost plan"
"""Shown if the cost depends on how the images are packed, in their order."""


class SheetColumn(NamedTuple):
    """A column of a sheet.

    Attributes:
        key: Its name in formulas, in braces.
        title: Its title.
        style: The style of its cells.
        formula: Its formula; empty for a published or measured number.
    """

    key: str
    title: str
    style: str = "number"
    formula: str = ""


_WRITE = 'IF(prompt_cache="1h",{w1h},{w5m})'
_COST = "{%s}*{%s}*{multiplier}/1000000"

_MODELS = (
    SheetColumn("model", "Model", "text"),
    SheetColumn("tier", "Resolution tier", "text"),
    SheetColumn("formula", "Formula", "text"),
    SheetColumn("in", "Input, US$ per MTok", "price"),
    SheetColumn("out", "Output, US$ per MTok", "price"),
    SheetColumn("w5m", "5m cache write, US$ per MTok", "price"),
    SheetColumn("w1h", "1h cache write, US$ per MTok", "price"),
    SheetColumn("read", "Cache read, US$ per MTok", "price"),
    SheetColumn("batch", "Batch multiplier", "factor"),
    SheetColumn("us", "US inference multiplier", "factor"),
    SheetColumn("minimum", "Minimum cacheable prompt, tokens"),
    SheetColumn("per_image", "Overhead tokens per image (measured)"),
    SheetColumn("per_message", "Overhead tokens per message (measured)"),
    SheetColumn("per_request", "Overhead tokens per request with images (measured)"),
    SheetColumn("max_images", "Most images per request"),
    SheetColumn("window", "Context window, tokens"),
    SheetColumn(
        "multiplier",
        "Multiplier applied",
        "factor",
        'IF(OR(AND(batch="yes",ISTEXT({batch})),AND(inference_geo="us",ISTEXT({us})),AND(prompt_cache<>"none",'
        f'OR(ISTEXT({_WRITE}),ISTEXT({{read}})))),"{NOT_OFFERED}",'
        'IF(batch="yes",{batch},1)*IF(inference_geo="us",{us},1))',
    ),
    SheetColumn(
        "price", "Effective input price, US$ per MTok", "price", unless_text("{multiplier}", "{in}*{multiplier}")
    ),
    SheetColumn(
        "cached",
        "Prompt cached (1 = yes)",
        formula='IF(AND(prompt_cache<>"none",request_count>1,ISNUMBER({minimum}),prompt_tokens>={minimum}),1,0)',
    ),
    SheetColumn("visual", "Visual tokens", formula="{visual_total}"),
    SheetColumn(
        "overhead",
        "Overhead tokens (measured)",
        formula="{per_image}*image_count+({per_message}+{per_request})*request_count",
    ),
    SheetColumn("prompts", "Prompt tokens", formula="prompt_tokens*request_count"),
    SheetColumn("input", "Input tokens", formula="{visual}+{overhead}+{prompts}*(1-{cached})"),
    SheetColumn("write", "Cache write tokens", formula="prompt_tokens*{cached}"),
    SheetColumn("reads", "Cache read tokens", formula="prompt_tokens*(request_count-1)*{cached}"),
    SheetColumn("output", "Output tokens", formula="output_tokens*request_count"),
    SheetColumn(
        "largest",
        "Most tokens in a prompt",
        formula="IF(request_count=0,0,prompt_tokens+{per_message}+{per_request}"
        "+MIN(images_per_request,image_count)*({per_image}+{most_tokens}))",
    ),
    SheetColumn("input_usd", "Input, US$", "dollars", unless_text("{multiplier}", _COST % ("input", "in"))),
    SheetColumn(
        "write_usd",
        "Cache write, US$",
        "dollars",
        unless_text("{multiplier}", f"IF({{cached}}=0,0,{{write}}*{_WRITE}*{{multiplier}}/1000000)"),
    ),
    SheetColumn(
        "read_usd",
        "Cache read, US$",
        "dollars",
        unless_text("{multiplier}", f"IF({{cached}}=0,0,{_COST % ('reads', 'read')})"),
    ),
    SheetColumn("output_usd", "Output, US$", "dollars", unless_text("{multiplier}", _COST % ("output", "out"))),
    SheetColumn("surcharge_usd", "Long-context surcharge, US$", "dollars", "{surcharge}"),
    SheetColumn(
        "total_usd",
        "Total, US$",
        "dollars",
        unless_text("{multiplier}", unless_text("{surcharge_usd}", "SUM({input_usd}:{surcharge_usd})")),
    ),
    SheetColumn("images_usd", "Images alone, US$", "dollars", unless_text("{multiplier}", "{visual}*{price}/1000000")),
)

_LONG_WRITE = 'IF(prompt_cache="1h",{long_w1h},{long_w5m})'
_EXTRA = "{over_%s}*({long_%s}-{%s})*{multiplier}/1000000"

_LONG = (
    SheetColumn("long_model", "Model", "text"),
    SheetColumn("threshold", "Threshold, input tokens"),
    SheetColumn("long_in", "Input above the threshold, US$ per MTok", "price"),
    SheetColumn("long_out", "Output above the threshold, US$ per MTok", "price"),
    SheetColumn("long_w5m", "5m cache write above the threshold, US$ per MTok", "price"),
    SheetColumn("long_w1h", "1h cache write above the threshold, US$ per MTok", "price"),
    SheetColumn("long_read", "Cache read above the threshold, US$ per MTok", "price"),
    SheetColumn(
        "smallest",
        "Fewest tokens in a prompt",
        formula="IF(request_count=0,0,prompt_tokens+{per_message}+{per_request}"
        "+IF(last_images=0,images_per_request,last_images)*({per_image}+{least_tokens}))",
    ),
    SheetColumn(
        "bound",
        "Visual tokens that reach the threshold, one image per request",
        formula="{threshold}-prompt_tokens-{per_message}-{per_request}-{per_image}",
    ),
    SheetColumn(
        "over",
        "Requests above the threshold",
        formula="IF({largest}<={threshold},0,IF({smallest}>{threshold},request_count,"
        f'IF(images_per_request=1,{{count_over}},"{RUN_PLAN}")))',
    ),
    SheetColumn(
        "over_images",
        "Images in these requests",
        formula=unless_text("{over}", "IF({over}=request_count,image_count,{over})"),
    ),
    SheetColumn(
        "over_visual",
        "Visual tokens in these requests",
        formula=unless_text(
            "{over}",
            "IF({over}=0,0,IF({over}=request_count,{visual},{tokens_over}))",
        ),
    ),
    SheetColumn(
        "first_over",
        "First request above the threshold (1 = yes)",
        formula=unless_text(
            "{over}",
            "IF({over}=0,0,IF({over}=request_count,1,IF(INDEX({tokens},1)>{bound},1,0)))",
        ),
    ),
    SheetColumn(
        "over_in",
        "Input tokens in these requests",
        formula=unless_text(
            "{over}",
            "{over_visual}+{per_image}*{over_images}+({per_message}+{per_request}+prompt_tokens*(1-{cached}))*{over}",
        ),
    ),
    SheetColumn(
        "over_write",
        "Cache write tokens in these requests",
        formula=unless_text("{over}", "prompt_tokens*{cached}*{first_over}"),
    ),
    SheetColumn(
        "over_read",
        "Cache read tokens in these requests",
        formula=unless_text("{over}", "prompt_tokens*{cached}*({over}-{first_over})"),
    ),
    SheetColumn("over_out", "Output tokens in these requests", formula=unless_text("{over}", "output_tokens*{over}")),
    SheetColumn(
        "surcharge",
        "Surcharge, US$",
        "dollars",
        unless_text(
            "{multiplier}",
            unless_text(
                "{over}",
                f"{_EXTRA % ('in', 'in', 'in')}+{_EXTRA % ('out', 'out', 'out')}"
                f"+IF({{cached}}=0,0,{{over_write}}*({_LONG_WRITE}-{_WRITE})*{{multiplier}}/1000000"
                f"+{_EXTRA % ('read', 'read', 'read')})",
            ),
        ),
    ),
)

_SHEETS = {"Models": _MODELS, "Long context": _LONG}
_CELLS = {column.key: (sheet, index) for sheet, columns in _SHEETS.items() for index, column in enumerate(columns)}


def model_column(key: str, models: int) -> str:
    """Return the reference to a column of the sheet Models, for formulas on other sheets.

    >>> model_column("model", 3)
    "'Models'!$A$2:$A$4"
    """
    return column_of("Models", _CELLS[key][1], models)


def model_cell(key: str, index: int) -> str:
    """Return the reference to a cell of a model, for formulas on other sheets.

    >>> model_cell("model", 0)
    "'Models'!$A$2"
    """
    return at(index + 1, _CELLS[key][1], "Models")


def write_models(page: Page, job: WorkbookJob, totals: Mapping[str, str]) -> None:
    """Write the sheet Models.

    Args:
        page: The sheet.
        job: The models.
        totals: Cells of the Budget with the sums over all images: `visual N` and `most N` for each rule.
    """
    long_rows = {row.quote.model.id: index for index, row in enumerate(_with_threshold(job))}
    working = sum(bool(column.formula) for column in _MODELS)
    page.table_head(
        [column.title for column in _MODELS], [28, 16, 9, *[13] * (len(_MODELS) - 3)], len(job.models), working
    )
    page.sheet.set_row(0, 92)
    for index, row in enumerate(job.models):
        rule = job.row_of(row.quote)
        texts = _texts("Models", index, long_rows.get(row.quote.model.id))
        texts |= {"visual_total": totals[f"visual {rule}"], "most_tokens": totals[f"most {rule}"]}
        if row.quote.threshold is None:
            texts["surcharge"] = "0"
        _write_row(page, index, _MODELS, {**_facts(row), **values_of(row, job)}, texts)


def write_long_context(page: Page, job: WorkbookJob, images: ImageSheet) -> None:
    """Write the sheet Long context: models whose long prompts cost more, and how much more.

    Args:
        page: The sheet.
        job: The models.
        images: The sheet Images.
    """
    rows = _with_threshold(job)
    working = sum(bool(column.formula) for column in _LONG)
    page.table_head([column.title for column in _LONG], [28, *[13] * (len(_LONG) - 1)], len(rows), working)
    page.sheet.set_row(0, 92)
    for index, row in enumerate(rows):
        rule = job.row_of(row.quote)
        texts = _texts("Long context", job.models.index(row), index)
        tokens = images.tokens[rule]
        texts |= {
            "tokens": tokens,
            "least_tokens": f"MIN({tokens})",
            "count_over": images.count_if(tokens, f'">"&{texts["bound"]}'),
            "tokens_over": images.total_where(f"{tokens}>{texts['bound']}", rule),
        }
        _write_row(page, index, _LONG, _long_values(row, job), texts)


def _with_threshold(job: WorkbookJob) -> list[ModelRow]:
    return [row for row in job.models if row.quote.long_context]


def _texts(sheet: str, model: int, long: int | None) -> dict[str, str]:
    """Return the cells of a model on both sheets, by key; without the name of the sheet itself."""
    rows = {"Models": model, "Long context": 0 if long is None else long}
    return {key: at(rows[name] + 1, index, "" if name == sheet else name) for key, (name, index) in _CELLS.items()}


def _write_row(
    page: Page, index: int, columns: Sequence[SheetColumn], values: Mapping[str, Cell], texts: Mapping[str, str]
) -> None:
    cells = [
        CellFormula(column.formula.format_map(texts), values[column.key]) if column.formula else values[column.key]  # type: ignore[arg-type] # formulas have plain values
        for column in columns
    ]
    page.put_row(index + 1, 0, cells, [column.style for column in columns])


def _rates(rates: Rates) -> list[Cell]:
    return [NOT_OFFERED if rate is None else rate for rate in rates]


def _value_or(value: Decimal | int | None, missing: str) -> Decimal | int | str:
    return missing if value is None else value


def _facts(row: ModelRow) -> dict[str, Cell]:
    quote = row.quote
    per_image, per_message, per_request = quote.overhead.tokens
    return {
        "model": quote.model.id,
        "tier": quote.tier.name,
        "formula": quote.formula,
        **dict(zip(("in", "out", "w5m", "w1h", "read"), _rates(quote.standard), strict=True)),
        "batch": _value_or(row.batch, NOT_OFFERED),
        "us": _value_or(row.inference_geo_us, NOT_OFFERED),
        "minimum": _value_or(quote.model.min_cacheable_tokens, "none"),
        "per_image": per_image,
        "per_message": per_message,
        "per_request": per_request,
        "max_images": _value_or(quote.max_images, "no limit"),
        "window": quote.model.context_window,
    }


def values_of(row: ModelRow, job: WorkbookJob) -> dict[str, Any]:
    """Return the results of the formulas of a model with one image per request and no prompt, by key."""
    quote, plan, images = row.quote, row.plan, job.summary.images
    per_image, per_message, per_request = quote.overhead.tokens
    visual, overhead = job.summary.tokens(quote.rule), (per_image + per_message + per_request) * images
    largest = job.most_tokens(quote.rule) + per_image + per_message + per_request if images else 0
    counts: dict[str, Any] = {
        "cached": 0, "visual": visual, "overhead": overhead, "prompts": 0, "input": visual + overhead, "write": 0,
        "reads": 0, "output": 0, "largest": largest,
    }  # fmt: skip
    if plan is None:
        missing = ("multiplier", "price", "input_usd", "write_usd", "read_usd", "output_usd", "surcharge_usd",
                   "total_usd", "images_usd", "overhead_usd")  # fmt: skip
        return counts | dict.fromkeys(missing, NOT_OFFERED) | ({} if quote.long_context else {"surcharge_usd": 0})
    options = ((job.conditions.batch, row.batch), (job.conditions.inference_geo == "us", row.inference_geo_us))
    usd = plan.usd
    return counts | {
        "multiplier": multiply(*(factor for chosen, factor in options if chosen and factor is not None)),
        "price": plan.quote.standard.input,
        "input_usd": usd.input,
        "write_usd": usd.cache_write_5m + usd.cache_write_1h,
        "read_usd": usd.cache_read,
        "output_usd": usd.output,
        "surcharge_usd": plan.surcharge_usd,
        "total_usd": plan.total_usd,
        "images_usd": plan.images_usd,
        "overhead_usd": plan.quote.input_usd(overhead),
    }


def _long_values(row: ModelRow, job: WorkbookJob) -> dict[str, Cell]:
    """Return the same for the sheet Long context: a single image never reaches a threshold."""
    quote, plan = row.quote, row.plan
    overhead = sum(quote.overhead.tokens)
    names = ("over", "over_images", "over_visual", "first_over", "over_in", "over_write", "over_read", "over_out")
    long = _rates(quote.long_context or quote.standard)
    return {
        "long_model": quote.model.id,
        "threshold": quote.threshold,
        **dict(zip(("long_in", "long_out", "long_w5m", "long_w1h", "long_read"), long, strict=True)),
        "smallest": job.least_tokens(quote.rule) + overhead if job.summary.images else 0,
        "bound": (quote.threshold or 0) - overhead,
        **dict.fromkeys(names, 0),
        "surcharge": plan.surcharge_usd if plan else NOT_OFFERED,
    }
