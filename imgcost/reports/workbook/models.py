"""The sheet Models: what each charges on the day, and what the job comes to with it, by formula."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from imgcost.reports.workbook.page import NOT_OFFERED, Formula, column_name

if TYPE_CHECKING:
    from collections.abc import Sequence
    from decimal import Decimal

    from imgcost.reports.workbook.offers import Offer
    from imgcost.reports.workbook.packing import Outcome, Packing
    from imgcost.reports.workbook.page import Cell, Page

__all__ = ["model_cell", "model_column", "write_models"]


class _Column(NamedTuple):
    """A column of the sheet.

    Attributes:
        key: How formulas name it, in braces.
        title: What stands above it.
        style: How its cells look.
    """

    key: str
    title: str
    style: str = "number"


_FACTS = (
    _Column("model", "Model", "text"),
    _Column("tier", "Resolution tier", "text"),
    _Column("formula", "Formula", "text"),
    _Column("measure", "Row of the sheet Requests that counts its tokens"),
    _Column("wrapping", "Tokens around an image (measured)"),
    _Column("framing", "Tokens around a message (measured)"),
    _Column("extra", "Tokens on top of a request with images (measured)"),
    _Column("minimum", "Fewest tokens that are cached"),
    _Column("in", "Input, US$ per MTok", "price"),
    _Column("out", "Output, US$ per MTok", "price"),
    _Column("w5m", "Cache write 5m, US$ per MTok", "price"),
    _Column("w1h", "Cache write 1h, US$ per MTok", "price"),
    _Column("read", "Cache read, US$ per MTok", "price"),
    _Column("above", "Long context: prompts of more tokens"),
    _Column("long_in", "Long context, input, US$ per MTok", "price"),
    _Column("long_out", "Long context, output, US$ per MTok", "price"),
    _Column("long_w5m", "Long context, cache write 5m, US$ per MTok", "price"),
    _Column("long_w1h", "Long context, cache write 1h, US$ per MTok", "price"),
    _Column("long_read", "Long context, cache read, US$ per MTok", "price"),
    _Column("batch", "Batch, factor", "factor"),
    _Column("us", "Inference in the US, factor", "factor"),
    _Column("most", "Most images in a request"),
    _Column("window", "Context window, tokens"),
)

_WORKING = (
    _Column("factor", "Factor of the options chosen", "factor"),
    _Column("cached", "Standing prompt cached (1: yes)"),
    _Column("bound", "Visual tokens of a full request that reach the threshold"),
    _Column("over_full", "Full requests over the threshold"),
    _Column("over_last", "Last request over it, not full"),
    _Column("over", "Requests over it"),
    _Column("over_tokens", "Visual tokens in them"),
    _Column("over_images", "Images in them"),
    _Column("first_over", "First request over it, where it writes the cache"),
    _Column("largest", "Tokens of the largest prompt"),
    _Column("visual", "Visual tokens"),
    _Column("around", "Tokens around images and messages (measured)"),
    _Column("input", "Input tokens"),
    _Column("write", "Cache write tokens"),
    _Column("reads", "Cache read tokens"),
    _Column("output", "Output tokens"),
    _Column("long", "Input tokens at the long-context price"),
    _Column("input_usd", "Input, US$", "dollars"),
    _Column("write_usd", "Cache write, US$", "dollars"),
    _Column("read_usd", "Cache read, US$", "dollars"),
    _Column("output_usd", "Output, US$", "dollars"),
    _Column("total_usd", "Total, US$", "dollars"),
    _Column("surcharge_usd", "Of that for long contexts, US$", "dollars"),
    _Column("images_usd", "Visual tokens alone, as input, US$", "dollars"),
)

_COLUMNS = (*_FACTS, *_WORKING)
_AT = {column.key: column_name(place) for place, column in enumerate(_COLUMNS)}
_MEASURE = ("request", "image", "open")

_AROUND = "(prompt_tokens+{framing}+{extra})"
_CHOSEN_WRITE = 'IF(caching="1h",{%sw1h},{%sw5m})'
_WRITE, _LONG_WRITE = _CHOSEN_WRITE % ("", ""), _CHOSEN_WRITE % ("long_", "long_")
_FURTHER = "({image}>INT({bound}/images_per_request))*(requests_here>1)*(requests_here-1)"
_OFFERED = "IF(ISTEXT({factor}),{factor},%s)"

_FORMULAS = {
    "factor": f'IF(OR(AND(batch="yes",ISTEXT({{batch}})),AND(inference_geo="us",ISTEXT({{us}})),'
    f'AND(caching<>"none",OR(ISTEXT({_WRITE}),ISTEXT({{read}})))),"{NOT_OFFERED}",'
    'IF(batch="yes",{batch},1)*IF(inference_geo="us",{us},1))',
    "cached": 'IF(AND(caching<>"none",request_count>1,ISNUMBER({minimum})),IF(prompt_tokens>={minimum},1,0),0)',
    "bound": f"MAX(0,{{above}}-{_AROUND}-{{wrapping}}*images_per_request)",
    "over_full": f'COUNTIF({{request}},">"&{{bound}})+SUMPRODUCT({_FURTHER})',
    "over_last": f"IF(last_images=0,0,IF({{open_end}}+{{wrapping}}*last_images+{_AROUND}>{{above}},1,0))",
    "over": "{over_full}+{over_last}",
    "over_tokens": f'SUMIF({{request}},">"&{{bound}})+SUMPRODUCT({_FURTHER}*{{image}})*images_per_request'
    "+{over_last}*{open_end}",
    "over_images": "{over_full}*images_per_request+{over_last}*last_images",
    "first_over": "IF({cached}=0,0,IF({first}>{bound},1,0))",
    "largest": "IF(request_count=0,0,MAX(IF({full}=0,0,{full}+{wrapping}*images_per_request),"
    f"{{open_end}}+{{wrapping}}*last_images)+{_AROUND})",
    "visual": "{total}",
    "around": "{wrapping}*image_count+({framing}+{extra})*request_count",
    "input": "{visual}+{around}+(1-{cached})*prompt_tokens*request_count",
    "write": "{cached}*prompt_tokens",
    "reads": "{cached}*prompt_tokens*(request_count-1)",
    "output": "output_tokens*request_count",
    "long": "{over_tokens}+{wrapping}*{over_images}+({framing}+{extra}+(1-{cached})*prompt_tokens)*{over}",
    "input_usd": _OFFERED % "{factor}*(({input}-{long})*{in}+{long}*{long_in})/1000000",
    "write_usd": _OFFERED
    % f"IF({{cached}}=0,0,{{factor}}*{{write}}*IF({{first_over}}=1,{_LONG_WRITE},{_WRITE})/1000000)",
    "read_usd": _OFFERED
    % (
        "IF({cached}=0,0,{factor}*prompt_tokens*((request_count-1-({over}-{first_over}))*{read}"
        "+({over}-{first_over})*{long_read})/1000000)"
    ),
    "output_usd": _OFFERED % "{factor}*output_tokens*((request_count-{over})*{out}+{over}*{long_out})/1000000",
    "total_usd": _OFFERED % "SUM({input_usd}:{output_usd})",
    "surcharge_usd": _OFFERED
    % (
        f"IF({{over}}=0,0,{{factor}}*({{long}}*({{long_in}}-{{in}})+output_tokens*{{over}}*({{long_out}}-{{out}})"
        f"+IF({{cached}}=0,0,prompt_tokens*({{first_over}}*({_LONG_WRITE}-{_WRITE})"
        "+({over}-{first_over})*({long_read}-{read}))))/1000000)"
    ),
    "images_usd": _OFFERED % "{factor}*{visual}*{in}/1000000",
}

_ONLY_WITH_THRESHOLD = ("bound", "over_full", "over_last", "over", "over_tokens", "over_images", "first_over", "long")
"""Plain zeros for the models whose long prompts cost no more."""


def model_column(key: str, offers: int) -> str:
    """Name a column's cells, for formulas on other sheets.

    >>> model_column("model", 3)
    "'Models'!$A$2:$A$4"
    """
    return f"'Models'!${_AT[key]}$2:${_AT[key]}${offers + 1}"


def model_cell(key: str, place: int) -> str:
    """Name a model's cell, for formulas on other sheets.

    >>> model_cell("model", 0)
    "'Models'!$A$2"
    """
    return f"'Models'!${_AT[key]}${place + 2}"


def write_models(page: Page, offers: Sequence[Offer], outcomes: Sequence[Outcome], packing: Packing) -> None:
    """Write the sheet Models."""
    widths = [28, 16, 9, *[13] * (len(_COLUMNS) - 3)]
    page.table_head([column.title for column in _COLUMNS], widths, len(offers), len(_WORKING))
    page.sheet.set_row(0, 92)
    styles = [column.style for column in _COLUMNS]
    for row, (offer, found) in enumerate(zip(offers, outcomes, strict=True), 1):
        place = packing.measures.index(offer.measure) + 1
        values = _values(found, packing, place - 1)
        texts = _texts(row + 1, place)
        cells = [*_facts(offer, place)]
        for column in _WORKING:
            without = offer.threshold is None and column.key in _ONLY_WITH_THRESHOLD
            cells.append(0 if without else Formula(_FORMULAS[column.key].format_map(texts), values[column.key]))
        page.line(row, 0, cells, styles)


def _texts(row: int, place: int) -> dict[str, str]:
    """What stands for the names in braces: cells of the model's row, and columns of its measure."""
    texts = {key: f"${column}{row}" for key, column in _AT.items()}
    texts |= {name: f"{name}_tokens_{place}" for name in _MEASURE}
    sums = dict(zip(("total", "full", "first", "open_end"), "BCDE", strict=True))
    return texts | {key: f"'Requests'!${column}${place + 1}" for key, column in sums.items()}


def _facts(offer: Offer, place: int) -> list[Cell]:
    model, long = offer.model, offer.long_context
    standard = [NOT_OFFERED if rate is None else rate for rate in offer.standard]
    above: list[Cell] = ["none", *[None] * 5] if long is None else [offer.threshold, *long]
    factors = [NOT_OFFERED if factor is None else factor for factor in (offer.batch, offer.inference_geo_us)]
    return [
        model.id,
        offer.measure.tier.name,
        offer.measure.formula,
        place,
        offer.wrapping or 0,
        offer.framing or 0,
        offer.surcharge,
        "unknown" if model.min_cacheable_tokens is None else model.min_cacheable_tokens,
        *standard,
        *above,
        *factors,
        "none" if offer.most_images is None else offer.most_images,
        model.context_window,
    ]


def _values(found: Outcome, packing: Packing, place: int) -> dict[str, str | float | Decimal]:
    """What the formulas come to."""
    none = (NOT_OFFERED,) * 4
    usd: dict[str, str | float | Decimal] = dict(
        zip(("input_usd", "write_usd", "read_usd", "output_usd"), found.usd or none, strict=True)
    )
    counts = found.counts
    return usd | {
        "factor": NOT_OFFERED if found.factor is None else found.factor,
        "cached": int(found.cached),
        "bound": found.bound,
        "over_full": found.over_full,
        "over_last": found.over - found.over_full,
        "over": found.over,
        "over_tokens": found.over_tokens,
        "over_images": found.over_images,
        "first_over": int(found.first_over),
        "largest": found.largest,
        "visual": packing.tokens[place],
        "around": found.around,
        "input": counts.input,
        "write": counts.cache_write_5m + counts.cache_write_1h,
        "reads": counts.cache_read,
        "output": counts.output,
        "long": found.long.input,
        "total_usd": NOT_OFFERED if found.total_usd is None else found.total_usd,
        "surcharge_usd": NOT_OFFERED if found.surcharge_usd is None else found.surcharge_usd,
        "images_usd": NOT_OFFERED if found.images_usd is None else found.images_usd,
    }
