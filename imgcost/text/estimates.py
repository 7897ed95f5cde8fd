"""The report of `imgcost estimate`."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

from imgcost.estimates import estimates_to_dict
from imgcost.figures import dollars, number, plural
from imgcost.prices import cost_usd
from imgcost.text.explanations import estimate_steps, steps_tables
from imgcost.text.notes import Note, sentences
from imgcost.text.quotes import quote_notes, quote_title
from imgcost.text.rendering import Report, Table

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from decimal import Decimal

    from imgcost.estimates import Estimate

THOUSAND = 1000


def estimate_report(
    estimates_by_model: Sequence[Sequence[Estimate]], count: int | None = None, *, explain: bool = False
) -> Report:
    """Report estimates, one table per model.

    Args:
        estimates_by_model: The estimates of each model.
        count: Number of images of each size to price as well; if None, only 1 and 1,000 images are priced.
        explain: Whether to show the arithmetic, and the notes that change no decision.

    Returns:
        The report; its JSON has one entry per size and model.
    """
    every = [estimate for estimates in estimates_by_model for estimate in estimates]
    tables = [_table(estimates, count) for estimates in estimates_by_model]
    data = estimates_to_dict(every, count)
    if explain:
        for estimates in estimates_by_model:
            steps = [step for estimate in estimates for step in estimate_steps(estimate)]
            tables += steps_tables(estimates[0].quote.model, steps)
        for estimate, entry in zip(every, data["estimates"], strict=True):
            entry["explanation"] = [step._asdict() for step in estimate_steps(estimate)]
    return Report(data, tables, sentences(chain.from_iterable(map(_notes, estimates_by_model)), explain=explain))


def _notes(estimates: Sequence[Estimate]) -> Iterator[Note]:
    for estimate in estimates:
        if breach := estimate.breach:
            what = f"{{}} would be rejected unless resized: {breach.reason.phrase} on a side."
            yield Note(f"{what} The cost is that after resizing.", f"{estimate.width}x{estimate.height}")
    yield from quote_notes(estimates[0].quote, [(estimate.width, estimate.height) for estimate in estimates])


def _table(estimates: Sequence[Estimate], count: int | None) -> Table:
    quote = estimates[0].quote
    amounts = [1, THOUSAND, *([] if count is None else [count])]
    heads = ["per image", "per 1,000 images", *([] if count is None else [plural(count, "image")])]
    read_rate = quote.cache_read_usd_per_mtok
    if read_rate is not None:
        heads.append("cache read per 1,000 images")

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
        rows.append(("total", "", "", "", "", dollars(quote.image_usd(total * count)), *blank))
    columns = ("size", "resized to", ">tokens", *(f">{head}" for head in heads))
    return Table(quote_title(quote), columns, rows)
