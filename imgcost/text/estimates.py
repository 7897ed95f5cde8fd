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


def estimate_report(found: Sequence[Sequence[Estimate]], count: int | None = None) -> Report:
    """Show estimates, one table per model.

    Args:
        found: The estimates of each model.
        count: Number of images of each size to price together; None for one and a thousand only.

    Returns:
        The report; its JSON has one entry per size and model.
    """
    tables = [_table(estimates, count) for estimates in found]
    notes = dict.fromkeys(note for estimates in found for note in _notes(estimates))
    return Report(estimates_to_dict([one for estimates in found for one in estimates], count), tables, list(notes))


def _notes(estimates: Sequence[Estimate]) -> Iterator[str]:
    quote = estimates[0].quote
    yield from quote_notes(quote)
    if len(estimates) == 1:
        (one,) = estimates
        yield f"By the {one.other_formula} formula it would be {plural(one.other_tokens, 'token')}."
    for one in estimates:
        if one.measured_tokens is not None:
            yield (
                f"Measured, not published: {one.width}x{one.height} is billed as "
                f"{plural(one.measured_tokens, 'token')} with {quote.model.id}, {number(one.tokens)} by the formula."
            )


def _table(estimates: Sequence[Estimate], count: int | None) -> Table:
    quote = estimates[0].quote
    amounts = [1, THOUSAND, *([] if count is None else [count])]
    heads = ["per image", "per 1,000", *([] if count is None else [plural(count, "image")])]
    read_rate = quote.cache_read_usd_per_mtok
    if read_rate is not None:
        heads.append("read from cache, per 1,000")

    def costs(tokens: int) -> Iterator[Decimal]:
        yield from (quote.image_usd(tokens * images) for images in amounts)
        if read_rate is not None:
            yield cost_usd(tokens * THOUSAND, read_rate)

    rows = [
        (
            f"{one.width}x{one.height}",
            f"{one.resized_width}x{one.resized_height}" if one.downscaled else "unchanged",
            number(one.tokens),
            *map(dollars, costs(one.tokens)),
        )
        for one in estimates
    ]
    if count is not None and len(rows) > 1:
        total = sum(one.tokens for one in estimates)
        blank = [""] * (len(heads) - 3)
        rows.append(("total", "", number(total), "", "", dollars(quote.image_usd(total * count)), *blank))
    columns = ("size", "resized to", ">tokens", *(f">{head}" for head in heads))
    return Table(quote_title(quote), columns, rows)
