"""The sheets Prices and Notes: where every number comes from, and what the workbook does not know."""

from __future__ import annotations

from typing import TYPE_CHECKING

from imgcost.reports.workbook.page import NOT_OFFERED
from imgcost.tables import measurements, models, multipliers, price_rows

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from imgcost.reports.workbook.page import Cell, Page
    from imgcost.tables import Source

__all__ = ["write_notes", "write_prices"]

_HEADS = (
    "Model", "Kind", "From", "To", "Prompts of more tokens", "Input, US$ per MTok", "Output, US$ per MTok",
    "Cache write 5m, US$ per MTok", "Cache write 1h, US$ per MTok", "Cache read, US$ per MTok", "Confidence",
    "Sources", "Addresses", "Note",
)  # fmt: skip
_WIDTHS = (28, 14, 12, 12, 12, 12, 12, 12, 12, 12, 11, 50, 60, 60)
_STYLES = ("text", "text", "day", "day", "number", *["price"] * 5, "text", "text", "text", "text")


def write_prices(page: Page) -> None:
    """Write the sheet Prices: every price and every factor that was ever published, with its sources."""
    rows: list[list[Cell]] = [
        [
            row.model_id,
            row.kind,
            row.first_day,
            row.last_day,
            row.above_input_tokens,
            *(NOT_OFFERED if rate is None else rate for rate in row.rates),
            row.confidence,
            *_told(row.sources),
            row.note,
        ]
        for model in models()
        for row in price_rows(model)
    ]
    factors: list[list[Cell]] = [
        [
            *("every model it holds for", f"factor: {row.name}", row.first_day, None, None),
            *([row.factor] * 5),
            *("high", *_told(row.sources), row.note),
        ]
        for row in multipliers()
    ]  # fmt: skip
    page.table_head(_HEADS, _WIDTHS, len(rows) + len(factors))
    for number, cells in enumerate(rows, 1):
        page.line(number, 0, cells, _STYLES)
    for number, cells in enumerate(factors, len(rows) + 1):
        page.line(number, 0, cells, ["factor" if style == "price" else style for style in _STYLES])


def _told(sources: Sequence[Source]) -> list[Cell]:
    titles = "; ".join(f"{source.title} (read {source.read})" for source in sources)
    return [titles, " ".join(dict.fromkeys(source.url for source in sources))]


def write_notes(page: Page, day: date, more: Sequence[str]) -> None:
    """Write the sheet Notes.

    Args:
        page: The sheet.
        day: The day whose prices hold.
        more: What only this workbook has to say.
    """
    page.sheet.set_column(0, 0, 24)
    page.sheet.set_column(1, 1, 110)
    page.sheet.hide_gridlines(2)
    page.put(0, 0, "Notes", "title")
    notes = [*(("This workbook", text) for text in more), *_notes(day), *_measured()]
    for row, (about, text) in enumerate(notes, 2):
        page.sheet.set_row(row, 15 * (1 + len(text) // 115))
        page.line(row, 0, (about, text), "wrapped")


def _notes(day: date) -> list[tuple[str, str]]:
    return [
        ("Day", f"Prices, limits and models are those of {day}, as the sheet Prices has them with their sources."),
        (
            "Visual tokens",
            (
                "An image is downscaled to its model's resolution tier, then every patch of 28 x 28 px is one token: "
                "ceil(width / 28) * ceil(height / 28). The area formula of the 2024 guide is "
                "ceil(width * height / 750)."
            ),
        ),
        (
            "Requests",
            (
                "Images go into requests in the order of the sheet Images, as many in each as the Budget says; the "
                "last request may have fewer. Sort that sheet, or change how many images a row has, and the requests "
                "follow."
            ),
        ),
        (
            "A prompt",
            "prompt tokens + visual tokens + tokens around each image and around the message (both measured).",
        ),
        (
            "Prompt caching",
            (
                "The first request writes the standing prompt and every later one reads it; images are plain input. "
                "Nothing is cached with fewer than two requests, or where the prompt is shorter than the model's "
                "minimum. Requests are assumed to follow each other within the cache's lifetime; in a batch, hits are "
                "best effort."
            ),
        ),
        (
            "Long contexts",
            "Where a prompt has more tokens than a model's threshold, every token has the long-context price.",
        ),
        ("not offered", "The model is not sold with the options chosen. It does not mean that it costs nothing."),
        (
            "Dollars",
            (
                "List prices before tax, discounts and retries, in the floating point of spreadsheets: right to about "
                "fifteen digits. The library computes exact decimals."
            ),
        ),
        ("An estimate", "Text tokens are what you type in: count those of your prompt and of typical answers first."),
        (
            "Not checked",
            (
                "The bytes of whole requests. An image that no request may carry, for its edge or its bytes, stands on "
                "the sheet Not counted."
            ),
        ),
    ]


def _measured() -> list[tuple[str, str]]:
    return [
        (
            "Measured",
            (
                f"{row.name.replace('-', ' ')}: {row.value}, measured on {', '.join(row.measured_ids)} and published "
                f"nowhere; confidence {row.confidence}. {'; '.join(source.title for source in row.sources)}."
            ),
        )
        for row in measurements()
        if row.name != "patch-grid-multiple"
    ]
