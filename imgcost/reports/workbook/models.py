"""The sheets Models and Long context: what each model charges, and what the job costs with it, step by step."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from imgcost.reports.workbook.cells import NOT_OFFERED, CellFormula, at, column_of, unless_text
from imgcost.reports.workbook.model_columns import (
    COUNTS,
    DOLLARS,
    FACTS,
    LONG_COUNTS,
    LONG_FACTS,
    LONG_PACKED,
    PACKED,
    PACKED_COUNTS,
    PRICES,
    SURCHARGE,
)
from imgcost.reports.workbook.values import FINE, NOT_POSSIBLE, RUN_PLAN, ModelValues

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from decimal import Decimal

    from imgcost.prices import Rates
    from imgcost.reports.workbook.cells import Cell, Page
    from imgcost.reports.workbook.job import ModelRow, WorkbookJob
    from imgcost.reports.workbook.model_columns import SheetColumn
    from imgcost.reports.workbook.tables import ImageTable

__all__ = ["ModelSheets"]


@dataclass
class ModelSheets:
    """The two sheets, for formulas on other sheets.

    Attributes:
        job: The images and models.
        values: The results for each model.
        columns: The columns of each sheet.
    """

    job: WorkbookJob
    values: list[ModelValues] = field(init=False)
    columns: Mapping[str, Sequence[SheetColumn]] = field(init=False)

    def __post_init__(self) -> None:
        """Choose the columns."""
        self.values = [ModelValues(row, self.job) for row in self.job.models]
        ranks = sorted(range(len(self.values)), key=lambda index: (_sort_key(self.values[index]), index))
        for rank, index in enumerate(ranks, 1):
            self.values[index] |= {"sort": _sort_key(self.values[index]), "rank": rank}
        counts, over = (PACKED_COUNTS, LONG_PACKED) if self.job.is_packed else (COUNTS, LONG_COUNTS)
        self.columns = {
            "Models": (*FACTS, *PRICES, *counts, *DOLLARS),
            "Long context": (*LONG_FACTS, *over, SURCHARGE),
        }
        self._cells = {
            column.key: (sheet, index)
            for sheet, columns in self.columns.items()
            for index, column in enumerate(columns)
        }

    @property
    def chosen(self) -> ModelValues:
        """The results for the model that the input cell starts with."""
        return self.values[0]

    @property
    def ranked(self) -> list[int]:
        """The indexes of the models, cheapest first."""
        return sorted(range(len(self.values)), key=lambda index: self.values[index]["rank"])

    def column(self, key: str) -> str:
        """Return the reference to a column of the sheet Models."""
        return column_of("Models", self._cells[key][1], len(self.values))

    def cell(self, key: str, index: int) -> str:
        """Return the reference to a cell of a model."""
        return at(index + 1, self._cells[key][1], "Models")

    def of_chosen(self, key: str) -> str:
        """Return the formula for a cell of the model that is chosen in the Budget."""
        return f"INDEX({self.column(key)},model_row)"

    def chosen_cell(self, key: str) -> CellFormula:
        """Return a value of the chosen model."""
        return CellFormula(self.of_chosen(key), self.chosen[key])

    def write(self, page: Page, images: ImageTable, totals: Mapping[str, str]) -> None:
        """Write the sheet Models.

        Args:
            page: The sheet.
            images: The images.
            totals: Cells of the Budget with sums over all images, by name: `visual N` and `most N` for each rule.
        """
        columns = self.columns["Models"]
        _head(page, columns, [28, 36, *[15] * (len(columns) - 2)], len(self.values))
        long_rows = {row.quote.model.id: index for index, row in enumerate(self._with_threshold())}
        for index, row in enumerate(self.job.models):
            rule = self.job.row_of(row.quote)
            texts = self._texts("Models", index, long_rows.get(row.quote.model.id))
            texts |= {"visual_total": totals[f"visual {rule}"], "most_tokens": totals.get(f"most {rule}", "0")}
            texts["longest"] = images.longest(rule)
            if row.quote.threshold is None:
                texts["surcharge"] = "0"
            sort = self._cells["sort"][1]
            texts["sort_column"] = column_of("Models", sort, len(self.values)).split("!")[1]
            texts["sort_column_to_here"] = column_of("Models", sort, index + 1).split("!")[1]
            texts["problem"] = self._problem(row).format_map(texts)
            _write_row(page, index, columns, {**_facts(row), **self.values[index], **self._packed_facts(index)}, texts)

    def write_long_context(self, page: Page, images: ImageTable) -> None:
        """Write the sheet Long context: models whose long prompts cost more, and how much more.

        Args:
            page: The sheet.
            images: The images.
        """
        rows, columns = self._with_threshold(), self.columns["Long context"]
        _head(page, columns, [28, *[16] * (len(columns) - 1)], len(rows))
        page.sheet.set_row(0, 92)
        for index, row in enumerate(rows):
            rule, model = self.job.row_of(row.quote), self.job.models.index(row)
            texts = self._texts("Long context", model, index)
            if not self.job.is_packed:
                tokens = images.tokens[rule]
                texts |= {
                    "tokens": tokens,
                    "least_tokens": images.least(rule),
                    "count_over": images.scaled(images.count_if(tokens, f'">"&{texts["bound"]}')),
                    "tokens_over": images.scaled(images.total_where(f"{tokens}>{texts['bound']}", rule)),
                }
            _write_row(page, index, columns, self._long_cells(row, self.values[model]), texts)

    @property
    def has_long_context(self) -> bool:
        """Whether there are rows on the sheet Long context."""
        return bool(self._with_threshold())

    def _with_threshold(self) -> list[ModelRow]:
        return [row for row in self.job.models if row.quote.long_context]

    def _texts(self, sheet: str, model: int, long: int | None) -> dict[str, str]:
        """Return the cells of a model on both sheets, by key; without the name of the sheet itself."""
        rows = {"Models": model, "Long context": 0 if long is None else long}
        return {
            key: at(rows[name] + 1, index, "" if name == sheet else name) for key, (name, index) in self._cells.items()
        }

    def _problem(self, row: ModelRow) -> str:
        """Return the formula for whether the API would accept the requests, and whether the sheets can price them."""
        if self.job.is_packed:
            return unless_text("{multiplier}", "{packable}")
        text = f'IF(ISTEXT({{surcharge_usd}}),"{RUN_PLAN}","{FINE}")'
        maybe = ["{largest}+output_tokens>{window}"]
        limits = row.quote.limits
        if limits.many_images is not None and limits.many_images_edge is not None:
            maybe.append(f"AND({PACKED}>{limits.many_images},{{longest}}>{limits.many_images_edge})")
        certain = (
            '"' + NOT_POSSIBLE + '"'
            if self.job.is_uniform
            else (f'IF(OR(request_count=1,{PACKED}<=1),"{NOT_POSSIBLE}","{RUN_PLAN}")')
        )
        text = f"IF(OR({','.join(maybe)}),{certain},{text})"
        text = f'IF(N({{max_images}})*({PACKED}>N({{max_images}}))>0,"{NOT_POSSIBLE}",{text})'
        return unless_text("{multiplier}", text)

    def _packed_facts(self, index: int) -> dict[str, Any]:
        values = self.values[index]
        plain, cached = values.packed(cached=False), values.packed(cached=True)
        return {
            "p_overhead": values["overhead"],
            "p_input": plain.input,
            "p_cached": cached.input,
            "p_write": cached.write,
            "p_read": cached.read,
            "packable": FINE if self.job.models[index].plan else NOT_POSSIBLE,
        }

    def _long_cells(self, row: ModelRow, values: ModelValues) -> dict[str, Cell]:
        quote = row.quote
        plain, cached = (values.packed("long-context", cached=cached) for cached in (False, True))
        return {
            "long_model": quote.model.id,
            "threshold": quote.threshold,
            **dict(
                zip(
                    ("long_in", "long_out", "long_w5m", "long_w1h", "long_read"),
                    _rates(quote.long_context or quote.standard),
                    strict=True,
                )
            ),
            **values.long_values(),
            "o_input": plain.input,
            "o_cached": cached.input,
            "o_write": cached.write,
            "o_read": cached.read,
            "surcharge": values["surcharge_usd"],
        }


def _sort_key(values: ModelValues) -> Decimal | float:
    total = values["total_usd"]
    return 1e15 if isinstance(total, str) else total


def _head(page: Page, columns: Sequence[SheetColumn], widths: Sequence[float], rows: int) -> None:
    page.table_head([column.title for column in columns], widths, rows)
    for index, column in enumerate(columns):
        if column.formula:
            page.put(0, index, column.title, "working")
    page.sheet.set_row(0, 78)


def _write_row(
    page: Page, index: int, columns: Sequence[SheetColumn], values: Mapping[str, Any], texts: Mapping[str, str]
) -> None:
    cells = [
        CellFormula(column.formula.format_map(texts), values[column.key]) if column.formula else values[column.key]
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
        "label": row.label,
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
