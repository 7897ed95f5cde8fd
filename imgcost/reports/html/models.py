"""Which models a page compares: those asked for, then every other that is active on that day."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from imgcost.errors import ImgcostError
from imgcost.estimates import terms_like
from imgcost.summaries import Measure
from imgcost.tables import models

if TYPE_CHECKING:
    from imgcost.estimates import Terms
    from imgcost.tables import Model

__all__ = ["Compared", "compare"]


class Compared(NamedTuple):
    """A model on the page.

    Attributes:
        model: The model.
        measure: What counts its visual tokens.
        terms: What the scan was asked for, with this model; None where that is not offered for it.
    """

    model: Model
    measure: Measure
    terms: Terms | None


@lru_cache(maxsize=16)
def compare(settled: tuple[Terms, ...]) -> tuple[Compared, ...]:
    """List the models of a page.

    Args:
        settled: The terms of the models asked for; one at least.

    Returns:
        Those, then the other models that are active on the same day, the newest first. A formula that overrides the
        models' own holds for all.

    >>> from datetime import date
    >>> from imgcost.estimates import terms
    >>> found = compare((terms("claude-opus-4-6", as_of=date(2026, 11, 22)),))
    >>> [one.model.id for one in found][:2], {one.measure.tier.name for one in found}
    (['claude-opus-4-6', 'claude-mythos-5-2'], {...})
    """
    first = settled[0]
    override = next((one.formula for one in settled if one.formula != one.model.formula), None)
    found = {one.model.id: Compared(one.model, Measure.of(one), one) for one in settled}
    for model in reversed(models()):
        if model.id in found or model.tier is None or model.status_on(first.as_of) != "active":
            continue
        try:
            terms = terms_like(first, model, override)
        except ImgcostError:
            terms = None
        found[model.id] = Compared(model, Measure(model.tier, override or model.formula), terms)
    return tuple(found.values())
