"""The report of `imgcost estimate`."""

from __future__ import annotations

from itertools import chain, cycle, zip_longest
from typing import TYPE_CHECKING, NamedTuple

from imgcost.acceptance import breaches, sent_bytes
from imgcost.estimates import estimates_to_dict
from imgcost.figures import dollars, number, plural
from imgcost.paths import escape_path
from imgcost.prices import cost_usd
from imgcost.tables import known_limits
from imgcost.text.explanations import estimate_steps, steps_tables
from imgcost.text.notes import Note, sentences
from imgcost.text.quotes import images_alone_notes, quote_notes, quote_title
from imgcost.text.rendering import Report, Table

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from decimal import Decimal

    from imgcost.acceptance import Breach
    from imgcost.estimates import Estimate
    from imgcost.files import Image
    from imgcost.quoting import Quote

THOUSAND = 1000


class Picture(NamedTuple):
    """An image to estimate.

    Attributes:
        size: Width and height, px.
        name: What it is called, if not by its size in pixels.
        file: The file; None for a size.
    """

    size: tuple[int, int]
    name: str = ""
    file: Image | None = None

    def breach(self, quote: Quote) -> Breach | None:
        """Return the limit for which the file would be rejected as it is; None for a size or an accepted file."""
        if self.file is None:
            return None
        limits = known_limits(quote.conditions.platform, quote.conditions.as_of)
        size_bytes = sent_bytes(self.file.file_bytes, limits)
        return next(breaches(self.file.media_type, *self.size, size_bytes, limits), None)


def estimate_report(
    estimates_by_model: Sequence[Sequence[Estimate]],
    count: int | None = None,
    *,
    explain: bool = False,
    pictures: Sequence[Picture] = (),
) -> Report:
    """Report estimates, one table per model.

    Args:
        estimates_by_model: The estimates of each model.
        count: Number of images of each size to price as well; if None, only 1 and 1,000 images are priced.
        explain: Whether to show the arithmetic, and the notes that change no decision.
        pictures: The images, in the order of each model's estimates, if they have names or are files.

    Returns:
        The report; its JSON has one entry per image and model.
    """
    every = [estimate for estimates in estimates_by_model for estimate in estimates]
    names = [picture.name for picture in pictures]
    tables = [_table(estimates, count, names) for estimates in estimates_by_model]
    data = estimates_to_dict(every, count)
    for estimate, entry, picture in zip(every, data["estimates"], cycle(pictures), strict=False):
        if picture.file:
            breach = picture.breach(estimate.quote)
            entry |= {"path": escape_path(picture.file.path), "rejected": breach.reason.rule if breach else None}
    if explain:
        for estimates in estimates_by_model:
            steps = [step for estimate in estimates for step in estimate_steps(estimate)]
            tables += steps_tables(estimates[0].quote.model, steps)
        for estimate, entry in zip(every, data["estimates"], strict=True):
            entry["explanation"] = [step._asdict() for step in estimate_steps(estimate)]
    notes = chain.from_iterable(_notes(estimates, pictures) for estimates in estimates_by_model)
    alone = images_alone_notes(estimates[0].quote for estimates in estimates_by_model)
    return Report(data, tables, sentences(chain(notes, alone), explain=explain))


def _notes(estimates: Sequence[Estimate], pictures: Sequence[Picture]) -> Iterator[Note]:
    for picture in pictures:
        if breach := picture.breach(estimates[0].quote):
            what = f"{{}} would be rejected as it is: {breach.reason.phrase}."
            yield Note(f"{what} The cost is that after conversion or resizing.", picture.name)
    for estimate, picture in zip_longest(estimates, pictures):
        if (breach := estimate.breach) and not (picture and picture.file):
            what = f"{{}} would be rejected unless resized: {breach.reason.phrase} on a side."
            yield Note(f"{what} The cost is that after resizing.", f"{estimate.width}x{estimate.height}")
    yield from quote_notes(estimates[0].quote, [(estimate.width, estimate.height) for estimate in estimates])


def _table(estimates: Sequence[Estimate], count: int | None, names: Sequence[str]) -> Table:
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
    if not any(names):
        return Table(quote_title(quote), columns, rows)
    labels = [name or row[0] for name, row in zip(names, rows, strict=False)]  # there may be a row with the total
    named = [(label, *row) for label, row in zip_longest(labels, rows, fillvalue="")]
    return Table(quote_title(quote), ("image", *columns), named, path_column=0)
