"""The sheets Sizes and Downscaling: the sizes of the images as input cells, and their tokens by formulas.

Tokens need less than pixels, see `imgcost.reports.workbook.downscaling`: an image costs its own patches, but no more
than the grid of patches that its ratio of long to short edge is downscaled to. The sheet Downscaling lists the grids of
each tier, for any number of tokens to which images are downscaled before they are sent; they are found step by step, as
`geometry.grid_steps` does. A ratio at which floats decide against the next grid, although fractions would allow it, is
raised by a trillionth, which is less than the distance to any other ratio of whole numbers up to `MAX_EDGE`.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from xlsxwriter.utility import xl_col_to_name

from imgcost import geometry
from imgcost.geometry import PATCH
from imgcost.reports.workbook.cells import CellFormula, column_of
from imgcost.reports.workbook.downscaling import MAX_EDGE
from imgcost.reports.workbook.job import title_of
from imgcost.reports.workbook.tables import ImageTable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from imgcost.geometry import Tier
    from imgcost.reports.workbook.cells import Cell, Page
    from imgcost.reports.workbook.job import WorkbookJob

__all__ = ["MAX_SIZES", "edge_rule", "write_grids", "write_sizes"]

MAX_SIZES = 5000
"""Maximum number of sizes whose tokens are formulas."""

SPARE_ROWS = 20
"""Empty rows for more sizes."""

_SIZES, _GRIDS = "Sizes", "Downscaling"
_GRID_COLUMNS = 6
_RAISED = 1.000000000001
_BEYOND = 1_000_000_000
"""A ratio that no image has, below the last grid."""


def write_sizes(page: Page, job: WorkbookJob, edge_limit: int | None) -> ImageTable:
    """Write the sheet Sizes.

    Args:
        page: The sheet.
        job: The images.
        edge_limit: Longest edge that is accepted, px; None if it is not known.

    Returns:
        The sheet, for formulas.
    """
    sizes = list((job.sizes or {}).items())
    rows = len(sizes) + (0 if job.is_uniform else SPARE_ROWS)
    titles = ["Width, px", "Height, px", "Images of this size"]
    titles += [f"Visual tokens per image, {title_of(rule, job.token_rules)}" for rule in job.token_rules]
    titles += [f"Longest edge as sent, px, {title_of(rule, job.token_rules)}" for rule in job.token_rules]
    page.table_head(titles, [11, 11, 13, *[18] * 2 * len(job.token_rules)], rows)
    style = "number" if job.is_uniform else "input number"
    for row in range(rows):
        (size, count) = sizes[row] if row < len(sizes) else (None, None)
        cells: list[Cell] = [*(size or (None, None)), count]
        if job.is_uniform and size and count is not None:
            names = zip(("image_width", "image_height", "image_count"), (*size, count), strict=True)
            cells = [CellFormula(name, value) for name, value in names]
        page.put_row(row + 1, 0, cells, style)
        texts = [_formulas(job, index, row + 2) for index in range(len(job.token_rules))]
        tokens = [geometry.image_tokens(*size, *rule) if size else 0 for rule in job.token_rules]
        edges = [max(size) if size else 0] * len(tokens)
        working = zip([text for column in zip(*texts, strict=True) for text in column], [*tokens, *edges], strict=True)
        page.put_row(row + 1, len(cells), [CellFormula(*cell) for cell in working], "number if any")
    if not job.is_uniform:
        page.sheet.data_validation(1, 0, rows, 1, edge_rule())
    rules = len(job.token_rules)
    over = "+".join(f"({column_of(_SIZES, column, rows)}>{edge_limit})" for column in (0, 1))
    return ImageTable(
        rows,
        [column_of(_SIZES, 3 + rules + index, rows) for index in range(rules)],
        [column_of(_SIZES, 3 + index, rows) for index in range(rules)],
        f"({over})>0" if edge_limit else f"{column_of(_SIZES, 0, rows)}<0",
        counts=column_of(_SIZES, 2, rows),
    )


def edge_rule() -> dict[str, Any]:
    """Return the data validation of a cell with a width or a height."""
    rule: dict[str, Any] = {"validate": "integer", "criteria": "between", "minimum": 1, "maximum": MAX_EDGE}
    return rule | {"error_message": f"Enter a whole number of pixels from 1 to {MAX_EDGE:,}."}


def _formulas(job: WorkbookJob, rule: int, row: int) -> tuple[str, str]:
    """Return the formulas for the tokens of a size by a token rule, and for its longest edge as it is sent."""
    tier = job.token_rules[rule].tier
    first, rows = job.tiers.index(tier) * _GRID_COLUMNS, _grid_rows(tier)
    long_patches, short_patches, ratios, tokens = (column_of(_GRIDS, first + column, rows) for column in (0, 1, 3, 4))
    own = "*".join(f"INT(({column}{row}+{PATCH - 1})/{PATCH})" for column in "AB")
    long, short = f"MAX(A{row},B{row})", f"MIN(A{row},B{row})"
    grid = f"MATCH({long}/{short},{ratios},1)"
    count = f"{xl_col_to_name(3 + rule)}{row}"
    limits = (
        f"{PATCH}*INDEX({long_patches},{grid}),INT(({2 * PATCH}*INDEX({short_patches},{grid})+1)*{long}/(2*{short}))"
    )
    edge = f"IF(OR(N(downscale_to)<1,{own}<={count}),{long},MIN({long},{limits}))"
    return (
        f"IF(N(C{row})*{short}>0,MIN({own},INDEX({tokens},{grid})),0)",
        f"IF({count}=0,0,{edge})",
    )


def write_grids(page: Page, job: WorkbookJob) -> None:
    """Write the sheet Downscaling."""
    raised = len(job.tiers) * _GRID_COLUMNS
    keys = _raised(max(tier.edge_limit for tier in job.tiers) // PATCH)
    titles: list[str] = []
    for tier in job.tiers:
        titles += ["patches along the long edge", "patches along the short edge", "longest edge that still fits, px"]
        titles += [f"{tier.name}: long / short from", "tokens", "most tokens"]
    page.table_head([*titles, "ratios to raise"], [16] * (len(titles) + 1), len(keys))
    column = column_of(_GRIDS, raised, len(keys)).split("!")[1]
    grids = [list(_grid(number * _GRID_COLUMNS, tier, column)) for number, tier in enumerate(job.tiers)]
    for row, key in enumerate(keys):
        for number, grid in enumerate(grids):
            if row < len(grid):
                page.put_row(row + 1, number * _GRID_COLUMNS, grid[row], _GRID_STYLES)
        page.put(row + 1, raised, key, "number")


_GRID_STYLES = ("number", "number", "number", "factor", "number", "number")


def _grid(first: int, tier: Tier, keys: str) -> Iterator[list[Cell]]:
    """Return the rows of cells with the grids of a tier; the first is the largest square."""
    names = [xl_col_to_name(first + column) for column in range(_GRID_COLUMNS)]
    along = tier.edge_limit // PATCH
    most = f"${names[5]}$2"
    most_tokens = f"IF(N(downscale_to)>=1,MIN({tier.token_limit},INT(downscale_to)),{tier.token_limit})"
    rows = [(step.long_patches, step.short_patches) for step in geometry.grid_steps(tier)]
    rows += [(rows[-1][0], 0)] * (_grid_rows(tier) - len(rows))
    for row, (long, short) in enumerate(rows):
        here, above = ([f"{name}{row + offset}" for name in names] for offset in (2, 1))
        grows = f"AND({above[1]}>0,{above[0]}<{along},({above[0]}+1)*{above[1]}<={most})"
        edge = PATCH * (rows[row - 1][0] if row else long) + (row > 0 and long > rows[row - 1][0])
        texts = [
            f"{above[0]}+IF({grows},1,0)",
            f"MAX({above[1]}-IF({grows},0,1),0)",
            f"{PATCH}*{above[0]}+({here[0]}-{above[0]})",
            (
                f"IF({here[1]}=0,{_BEYOND},{here[2]}/({PATCH}*{here[1]}+0.5)"
                f"*IF(ISNUMBER(MATCH({here[2]}*100+{here[1]},{keys},0)),{_RAISED},1))"
            ),
            f"{here[0]}*{here[1]}",
        ]
        if row == 0:
            texts = [f"MIN({along},INT(SQRT({most})))", here[0], f"{PATCH}*{here[0]}", "1", f"{here[0]}*{here[1]}"]
        limit = geometry.short_limit(short)
        ratio = edge / limit * (_RAISED if _is_raised(edge, limit) else 1) if row else 1
        values = (long, short, edge, ratio if short else _BEYOND, long * short)
        most_cell = CellFormula(most_tokens, tier.token_limit) if row == 0 else None
        yield [*(CellFormula(text, value) for text, value in zip(texts, values, strict=True)), most_cell]


def _grid_rows(tier: Tier) -> int:
    """Return the maximum number of grids, for any number of tokens: a patch more or less along an edge in each."""
    return tier.edge_limit // PATCH + 1


@cache
def _raised(along: int) -> list[int]:
    """Return the ratios at which floats decide against a grid: 100 times the long edge, px, plus the short patches."""
    edges = [(edge, short) for long in range(1, along + 1) for short in range(1, long + 1) for edge in _ends(long)]
    return sorted({edge * 100 + short for edge, short in edges if _is_raised(edge, geometry.short_limit(short))})


def _ends(long: int) -> tuple[int, int]:
    """Return the first and the last pixel of a patch."""
    return PATCH * (long - 1) + 1, PATCH * long


def _is_raised(edge: int, limit: float) -> bool:
    ratio = edge / limit
    return edge / ratio > limit
