"""The report of `imgcost estimate`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from imgcost.estimates import estimates_to_dict
from imgcost.figures import dollars, number, plural
from imgcost.prices import cost_usd
from imgcost.text.quotes import quote_notes, quote_title
from imgcost.text.rendering import Report, Table

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from decimal import Decimal

    from imgcost.estimates import Estimate

THOUSAND = 1000


def estimate_report(estimates_by_model: Sequence[Sequence[Estimate]], count: int | None = None) -> Report:
    """Report estimates, one table per model.

    Args:
        estimates_by_model: The estimates of each model.
        count: Number of images of each size to price as well; if None, only 1 and 1,000 images are priced.

    Returns:
        The report; its JSON has one entry per size and model.
    """
    tables = [_table(estimates, count) for estimates in estimates_by_model]
    notes = dict.fromkeys(note for estimates in estimates_by_model for note in _notes(estimates))
    data = estimates_to_dict([estimate for estimates in estimates_by_model for estimate in estimates], count)
    return Report(data, tables, list(notes))


def _notes(estimates: Sequence[Estimate]) -> Iterator[str]:
    quote = estimates[0].quote
    yield from quote_notes(quote)
    if len(estimates) == 1:
        (estimate,) = estimates
        yield f"The {estimate.other_formula} formula would give {plural(estimate.other_tokens, 'token')}."
    for estimate in estimates:
        if estimate.measured_tokens is not None:
            yield (
                f"Measured, not published: {quote.model.id} bills {estimate.width}x{estimate.height} as "
                f"{plural(estimate.measured_tokens, 'token')}; the formula gives {number(estimate.tokens)}."
            )


def _table(estimates: Sequence[Estimate], count: int | None) -> Table:
    quote = estimates[0].quote
    amounts = [1, THOUSAND, *([] if count is None else [count])]
    heads = ["per image", "per 1,000", *([] if count is None else [plural(count, "image")])]
    read_rate = quote.cache_read_usd_per_mtok
    if read_rate is not None:
        heads.append("cache read per 1,000")

    def costs(tokens: int) -> Iterator[Decimal]:
        yield from (quote.image_usd(tokens * images) for images in amounts)
        if read_rate is not None:
            yield cost_usd(tokens * THOUSAND, read_rate)

    rows = [
        (
            f"{estimate.width}x{estimate.height}",
            f"{estimate.resized_width}x{estimate.resized_height}" if estimate.downscaled else "unchanged",
            number(estimate.tokens),
            *map(dollars, costs(estimate.tokens)),
        )
        for estimate in estimates
    ]
    if count is not None and len(rows) > 1:
        total = sum(estimate.tokens for estimate in estimates)
        blank = [""] * (len(heads) - 3)
        rows.append(("total", "", number(total), "", "", dollars(quote.image_usd(total * count)), *blank))
    columns = ("size", "resized to", ">tokens", *(f">{head}" for head in heads))
    return Table(quote_title(quote), columns, rows)
