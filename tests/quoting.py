"""Quotes and scans as tests need them."""

from __future__ import annotations

from imgcost.pipeline import Scan
from imgcost.quotes import quotes


def quoted(model, **conditions):
    """The quote of one model."""
    (found,) = quotes([model], **conditions)
    return found


def summed(paths, *asked, **options):
    """The sums of a scan without a report."""
    return Scan(asked, **options).run(paths)
