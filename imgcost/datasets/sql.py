"""The token rule as SQL, generated from the downscaling table: exact, for warehouses that should run no Python."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias, get_args

from imgcost.arguments import check_choice
from imgcost.errors import ImgcostError
from imgcost.geometry import MAX_EDGE, PATCH, grid_steps

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from imgcost.geometry import GridStep
    from imgcost.quoting import Quote

__all__ = ["Dialect", "token_sql"]

Dialect: TypeAlias = Literal["duckdb", "spark", "postgres"]
"""DuckDB (a macro), PostgreSQL (a function) or Spark SQL (an expression)."""


class _Syntax(NamedTuple):
    """How a dialect writes what differs."""

    float_literal: Callable[[float], str]
    divide: str  # long and short edge -> ratio, as a double
    whole_patches: str  # edge in px -> patches
    statement: str  # expression -> what the user runs


_SYNTAX: dict[Dialect, _Syntax] = {
    # Without an exponent, DuckDB would read a decimal number, and round it twice.
    "duckdb": _Syntax(
        lambda value: f"{value!r}e0",
        "(greatest({w}, {h})::DOUBLE / least({w}, {h})::DOUBLE)",
        "(({edge}::BIGINT + {rest}) // {patch})",
        "CREATE OR REPLACE MACRO {name}(width, height) AS\n{expression};",
    ),
    "spark": _Syntax(
        lambda value: f"{value!r}D",
        "(CAST(greatest({w}, {h}) AS DOUBLE) / CAST(least({w}, {h}) AS DOUBLE))",
        "((CAST({edge} AS BIGINT) + {rest}) DIV {patch})",
        "{expression}",
    ),
    "postgres": _Syntax(
        lambda value: f"{value!r}::float8",
        "(greatest({w}, {h})::float8 / least({w}, {h})::float8)",
        "(({edge} + {rest}) / {patch})",
        "CREATE OR REPLACE FUNCTION {name}(width bigint, height bigint) RETURNS bigint\n"
        "LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN\n{expression};",
    ),
}


def token_sql(
    quote: Quote,
    dialect: Dialect = "duckdb",
    *,
    name: str = "claude_tokens",
    width: str = "width",
    height: str = "height",
) -> str:
    """Write the token rule of a model as SQL.

    An image costs the smaller of its own patches and the grid of its aspect ratio. The ratio of the long to the short
    edge, as a double, selects the grid, by comparisons that are nested as a balanced tree.

    Args:
        quote: The quote of the model.
        dialect: `duckdb`, `spark` or `postgres`.
        name: Name of the macro or function; not used by `spark`.
        width: Name of the column of widths, for `spark`.
        height: Name of the column of heights, for `spark`.

    Returns:
        A statement that creates a macro or function of width and height (px, whole numbers); for `spark` an expression.
        Both return visual tokens, and NULL if a side is missing or is not from 1 to 2**31 px.

    Raises:
        ArgumentError: The dialect is not supported.
        ImgcostError: The model counts by the area formula, which has no such table.

    Source: https://platform.claude.com/docs/en/build-with-claude/vision-coordinates (read 2026-09-26)

    >>> from imgcost.quoting import quotes
    >>> token_sql(quotes("haiku")[0]).splitlines()[0]
    'CREATE OR REPLACE MACRO claude_tokens(width, height) AS'
    """
    check_choice("dialect", dialect, get_args(Dialect))
    if quote.formula != "patch":
        raise ImgcostError(
            f"{quote.model.id} counts tokens by the area formula, which cannot be written as SQL: use --formula patch, "
            "by which the API bills"
        )
    syntax = _SYNTAX[dialect]
    if dialect != "spark":
        width, height = "width", "height"
    ratio = syntax.divide.format(w=width, h=height)
    across, down = (syntax.whole_patches.format(edge=edge, rest=PATCH - 1, patch=PATCH) for edge in (width, height))
    tree = _tree(grid_steps(quote.tier), ratio, syntax.float_literal, "    ")
    valid = f"{width} BETWEEN 1 AND {MAX_EDGE} AND {height} BETWEEN 1 AND {MAX_EDGE}"
    expression = f"  CASE WHEN {valid} THEN least(\n    {across} * {down},\n{tree}\n  ) END"
    return syntax.statement.format(name=name, expression=expression)


def _tree(steps: Sequence[GridStep], ratio: str, literal: Callable[[float], str], indent: str) -> str:
    """Write a binary search for the step of a ratio."""
    if len(steps) == 1:
        return f"{indent}{steps[0].tokens}"
    middle = len(steps) // 2
    before, after = (_tree(half, ratio, literal, f"{indent} ") for half in (steps[:middle], steps[middle:]))
    condition = f"{ratio} < {literal(steps[middle].ratio)}"
    return f"{indent}CASE WHEN {condition} THEN\n{before}\n{indent}ELSE\n{after}\n{indent}END"
