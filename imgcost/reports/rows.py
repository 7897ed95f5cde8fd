"""Build the rows of a scan."""

from __future__ import annotations

from typing import TYPE_CHECKING

from imgcost import geometry
from imgcost.acceptance import breaches, sent_bytes
from imgcost.files import Image
from imgcost.paths import escape_path
from imgcost.tables import known_limits
from imgcost.text import visible

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from imgcost.files import Group
    from imgcost.quotes import Quote
    from imgcost.tables import Limits
    from imgcost.tabular import Row

__all__ = ["scan_rows"]

_NO_MODEL = (None,) * 9


def scan_rows(groups: Iterable[Group], quotes: Sequence[Quote]) -> Iterator[Row]:
    """Build the rows of a scan: one per image and model, and one per file that could not be counted.

    Args:
        groups: Folders and their results, in the order of the scan.
        quotes: The quotes of the models.

    Yields:
        Values in the order of `SCAN.columns`; None if a column does not apply.

    >>> from imgcost.quotes import quotes
    >>> image = Image("a.png", "image/png", 1000, 1000, 1, False, 900)
    >>> next(scan_rows([("", [image])], quotes(["claude-3-sonnet"])))[8:16]
    ('claude-3-sonnet-20240229', 'standard', 'area', 1334, False, 1000, 1000, '0.004002')
    """
    limits = known_limits(quotes[0].conditions.platform, quotes[0].conditions.as_of)
    dollars: list[dict[int, str]] = [{} for _ in quotes]
    model_values = [(quote.model.id, quote.tier.name, quote.formula) for quote in quotes]
    for file in (file for _, files in groups for file in files):
        if not isinstance(file, Image):
            path, reason = escape_path(file.path), visible(file.reason)
            yield (path, *[None] * 7, *_NO_MODEL, file.problem, reason)
            continue
        earlier = file.duplicate_of
        fields = (escape_path(file.path), *file[1:-1], None if earlier is None else escape_path(earlier))
        size = file.width, file.height
        rejection = _rejection(file, limits)
        for usd_by_tokens, quote, values in zip(dollars, quotes, model_values, strict=True):
            tokens = geometry.image_tokens(*size, *quote.rule)
            usd = usd_by_tokens.get(tokens) or usd_by_tokens.setdefault(tokens, f"{quote.image_usd(tokens):f}")
            resized = geometry.resized_size(*size, quote.tier)
            yield (*fields, *values, tokens, resized != size, *resized, usd, *rejection)


_ACCEPTED = (None, None, None)


def _rejection(image: Image, limits: Limits) -> tuple[str | None, None, str | None]:
    size_bytes = sent_bytes(image.file_bytes, limits)
    breach = next(breaches(image.media_type, image.width, image.height, size_bytes, limits), None)
    return (breach.reason.rule, None, breach.message) if breach else _ACCEPTED
