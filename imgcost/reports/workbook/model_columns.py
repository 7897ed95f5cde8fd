"""The columns of the sheets Models and Long context, and their formulas.

A formula names cells of the same model by the keys of their columns, in braces, on either sheet; other names are those
of the Budget's cells. `ModelSheets` fills in the rest.
"""

from __future__ import annotations

from typing import NamedTuple

from imgcost.reports.workbook.cells import NOT_OFFERED, unless_text
from imgcost.reports.workbook.values import FINE, RUN_PLAN

__all__ = [
    "COUNTS",
    "DOLLARS",
    "FACTS",
    "LONG_COUNTS",
    "LONG_FACTS",
    "LONG_PACKED",
    "PACKED",
    "PACKED_COUNTS",
    "PRICES",
    "SURCHARGE",
    "SheetColumn",
]


class SheetColumn(NamedTuple):
    """A column of a sheet.

    Attributes:
        key: Its name in formulas, in braces.
        title: Its title.
        style: The style of its cells.
        formula: Its formula; empty for a published, measured or packed number.
    """

    key: str
    title: str
    style: str = "number"
    formula: str = ""


_WRITE = 'IF(prompt_cache="1h",{w1h},{w5m})'
_COST = "{%s}*{%s}*{multiplier}/1000000"
PACKED = "MIN(images_per_request,image_count)"
"""The number of images in the largest request."""

FACTS = (
    SheetColumn("model", "Model", "text"),
    SheetColumn("label", "Name in tables", "text"),
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
)
PRICES = (
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
)
COUNTS = (
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
        f"+{PACKED}*({{per_image}}+{{most_tokens}}))",
    ),
)
PACKED_COUNTS = (
    SheetColumn("requests", "Requests (packed by imgcost plan)"),
    SheetColumn("p_overhead", "Overhead tokens (packed by imgcost plan)"),
    SheetColumn("p_input", "Input tokens without a cache (packed by imgcost plan)"),
    SheetColumn("p_cached", "Input tokens with a cache (packed by imgcost plan)"),
    SheetColumn("p_write", "Cache write tokens with a cache (packed by imgcost plan)"),
    SheetColumn("p_read", "Cache read tokens with a cache (packed by imgcost plan)"),
    SheetColumn("output", "Output tokens (packed by imgcost plan)"),
    SheetColumn("packable", "Possible (packed by imgcost plan)", "text"),
    SheetColumn("cached", "Prompt cached (1 = yes)", formula='IF(AND(prompt_cache<>"none",{p_read}>0),1,0)'),
    SheetColumn("visual", "Visual tokens, each image once", formula="{visual_total}"),
    SheetColumn("overhead", "Overhead tokens (measured)", formula="{p_overhead}"),
    SheetColumn("input", "Input tokens", formula="IF({cached}=1,{p_cached},{p_input})"),
    SheetColumn("write", "Cache write tokens", formula="{p_write}*{cached}"),
    SheetColumn("reads", "Cache read tokens", formula="{p_read}*{cached}"),
)
DOLLARS = (
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
    SheetColumn("status", f"Possible ({FINE}, or why not)", "text", "{problem}"),
    SheetColumn(
        "retries_usd",
        "Retries, US$",
        "dollars",
        f'IF({{status}}="{FINE}",SUM({{input_usd}}:{{surcharge_usd}})*retry_rate,{{status}})',
    ),
    SheetColumn(
        "total_usd",
        "Total, US$",
        "dollars",
        f'IF({{status}}="{FINE}",SUM({{input_usd}}:{{surcharge_usd}})+{{retries_usd}},{{status}})',
    ),
    SheetColumn("images_usd", "Images alone, US$", "dollars", unless_text("{multiplier}", "{visual}*{price}/1000000")),
    SheetColumn("sort", "Sorted by", "factor", "IF(ISTEXT({total_usd}),1E+15,{total_usd})"),
    SheetColumn(
        "rank", "Rank", formula="SUMPRODUCT(({sort_column}<{sort})*1)+SUMPRODUCT(({sort_column_to_here}={sort})*1)"
    ),
)

_LONG_WRITE = 'IF(prompt_cache="1h",{long_w1h},{long_w5m})'
_EXTRA = "{over_%s}*({long_%s}-{%s})*{multiplier}/1000000"

LONG_FACTS = (
    SheetColumn("long_model", "Model", "text"),
    SheetColumn("threshold", "Threshold, input tokens"),
    SheetColumn("long_in", "Input above the threshold, US$ per MTok", "price"),
    SheetColumn("long_out", "Output above the threshold, US$ per MTok", "price"),
    SheetColumn("long_w5m", "5m cache write above the threshold, US$ per MTok", "price"),
    SheetColumn("long_w1h", "1h cache write above the threshold, US$ per MTok", "price"),
    SheetColumn("long_read", "Cache read above the threshold, US$ per MTok", "price"),
)
LONG_COUNTS = (
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
        formula=unless_text("{over}", "IF({over}=0,0,IF({over}=request_count,{visual},{tokens_over}))"),
    ),
    SheetColumn(
        "first_over",
        "First request above the threshold (1 = yes)",
        formula=unless_text("{over}", "IF({over}=0,0,IF({over}=request_count,1,IF(INDEX({tokens},1)>{bound},1,0)))"),
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
)
LONG_PACKED = (
    SheetColumn("over", "Requests above the threshold (packed by imgcost plan)"),
    SheetColumn("o_input", "Input tokens in these requests without a cache (packed by imgcost plan)"),
    SheetColumn("o_cached", "Input tokens in these requests with a cache (packed by imgcost plan)"),
    SheetColumn("o_write", "Cache write tokens in these requests with a cache (packed by imgcost plan)"),
    SheetColumn("o_read", "Cache read tokens in these requests with a cache (packed by imgcost plan)"),
    SheetColumn("over_out", "Output tokens in these requests (packed by imgcost plan)"),
    SheetColumn("over_in", "Input tokens in these requests", formula="IF({cached}=1,{o_cached},{o_input})"),
    SheetColumn("over_write", "Cache write tokens in these requests", formula="{o_write}*{cached}"),
    SheetColumn("over_read", "Cache read tokens in these requests", formula="{o_read}*{cached}"),
)
SURCHARGE = SheetColumn(
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
)
