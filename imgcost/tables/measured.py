"""Numbers that were measured on the live API and are not published. Label them as measured wherever they are shown."""

from collections.abc import Mapping, Sequence
from datetime import date
from functools import cache
from typing import Any, Literal, NamedTuple, TypeAlias, get_args

from imgcost.tables.catalog import Model, models
from imgcost.tables.reading import Source, TomlEntry, read_published, read_sources

__all__ = ["MEASURED_NAMES", "Measured", "MeasuredName", "find_measured", "load_measured", "measurements"]

FILE = "measured.toml"

MeasuredName: TypeAlias = Literal[
    "image-wrapping-tokens",
    "message-framing-tokens",
    "patch-grid-multiple",
    "image-request-surcharge-tokens",
    "pdf-document-tokens",
    "pdf-page-dpi",
    "pdf-page-text-tokens",
]

MEASURED_NAMES: tuple[MeasuredName, ...] = get_args(MeasuredName)

_TITLES: dict[MeasuredName, str] = {
    "image-wrapping-tokens": "overhead per image",
    "message-framing-tokens": "overhead per message",
    "patch-grid-multiple": "multiple of patches per side",
    "image-request-surcharge-tokens": "overhead per request with images",
    "pdf-document-tokens": "overhead per PDF",
    "pdf-page-dpi": "resolution of PDF pages, dpi",
    "pdf-page-text-tokens": "tokens of a full page of text",
}


class Measured(NamedTuple):
    """A measured number.

    Attributes:
        name: What was measured.
        value: The number.
        measured_ids: The models that were measured.
        applies_to_ids: The models it applies to: the measured models, and those it is inferred for.
        last_day: The last date on which it was observed, if it no longer applies; else None.
        sources: The sources of the measurements.
        note: Caveats.
        confidence: `high`, or `medium` if it is inferred from sums.
    """

    name: MeasuredName
    value: int
    measured_ids: tuple[str, ...]
    applies_to_ids: tuple[str, ...]
    last_day: date | None
    sources: tuple[Source, ...]
    note: str
    confidence: str

    def label(self, model: Model) -> str:
        """Label the number in a report about a model: it was measured with that model, or only with others."""
        return f"measured{'' if model.id in self.measured_ids else ' with other models'}, not published"

    @property
    def title(self) -> str:
        """What was measured, in words."""
        return _TITLES[self.name]


def load_measured(data: Mapping[str, Any], catalog: Sequence[Model]) -> tuple[Measured, ...]:
    """Validate the parsed measured.toml and build its measurements.

    Args:
        data: The parsed file.
        catalog: The models, in order of release.

    Returns:
        All measurements.

    Raises:
        TableError: The file is invalid.
    """
    top = TomlEntry(FILE, "measured.toml", data)
    sources = read_sources(FILE, top)
    rows = []
    for name in MEASURED_NAMES:
        covered_ids: set[str] = set()
        for number, raw in enumerate(top.take(name, list), 1):
            entry = TomlEntry(FILE, f"{name}[{number}]", raw)
            row = _measured(name, entry, catalog, sources)
            entry.done()
            if covered_ids & set(row.applies_to_ids):
                raise entry.error("covers a model that is already covered by a row above")
            covered_ids.update(row.applies_to_ids)
            rows.append(row)
    top.done()
    return tuple(rows)


def _measured(
    name: MeasuredName, entry: TomlEntry, catalog: Sequence[Model], sources: Mapping[str, Source]
) -> Measured:
    ids = [model.id for model in catalog]
    on = entry.texts("on")
    last = entry.maybe("last", str)
    for model_id in (*on, *([last] if last and last != "open" else [])):
        if model_id not in ids:
            raise entry.error(f"{model_id!r} is not a model in models.toml")
    if not on:
        raise entry.error("is missing", "on")
    first = min(map(ids.index, on))
    end = len(ids) if last == "open" else 1 + max(ids.index(last or on[0]), *map(ids.index, on))
    confidence = entry.maybe("confidence", str) or "high"
    if confidence not in {"high", "medium"}:
        raise entry.error("must be high or medium", "confidence")
    return Measured(
        name=name,
        value=entry.take("value", int),
        measured_ids=on,
        applies_to_ids=tuple(ids[first:end]),
        last_day=entry.maybe("to", date),
        sources=entry.sources(sources),
        note=entry.note(),
        confidence=confidence,
    )


@cache
def measurements() -> tuple[Measured, ...]:
    """List all measured numbers.

    Example:
        >>> [(row.name, row.value) for row in measurements()][0]
        ('image-wrapping-tokens', 3)
    """
    return load_measured(read_published(FILE), models())


def find_measured(name: MeasuredName, model: Model, day: date | None = None) -> Measured | None:
    """Return a measured number of a model.

    Args:
        name: What was measured.
        model: The model.
        day: The date; numbers that no longer applied then are ignored. None means today.

    Returns:
        The measurement; None if nothing was measured.

    Example:
        >>> from imgcost.tables import find_model
        >>> find_measured("patch-grid-multiple", find_model("claude-3-5-haiku")).value
        2
    """
    for row in measurements():
        if row.name == name and model.id in row.applies_to_ids:
            ended = row.last_day is not None and (day is None or day > row.last_day)
            return None if ended else row
    return None
