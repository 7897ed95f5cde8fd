"""The reports of `imgcost models` and `imgcost largest`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from imgcost import geometry
from imgcost.errors import NoPriceError
from imgcost.figures import number, plural
from imgcost.prices import exact_usd
from imgcost.tables import MEASURED_NAMES, find_measured, price_on, price_rows
from imgcost.text.rendering import Report, Table

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date
    from decimal import Decimal

    from imgcost.geometry import Tier
    from imgcost.tables import Measured, Model, PriceRow, Source


def models_report(models: Sequence[Model], day: date) -> Report:
    """Report models as of a date."""
    rows = []
    for model in models:
        row = _standard_price(model, day)
        rows.append(
            (
                model.id,
                _short_status(model, day),
                model.tier.name if model.tier else "unknown",
                _rate(row.rates.input if row else None),
                _rate(row.rates.output if row else None),
            )
        )
    columns = ("model", "status", "tier", ">input", ">output")
    notes = [
        "MTok means one million tokens. Dates are those of the Claude API.",
        "'imgcost models NAME' shows formula, limits, all prices and sources of a model.",
    ]
    data = {"schema": "imgcost.models/1", "as_of": day.isoformat(), "models": [_model_data(m, day) for m in models]}
    return Report(data, [Table(f"Models on {day}, prices in US dollars per MTok", columns, rows)], notes)


def _short_status(model: Model, day: date) -> str:
    """Describe a model's status in at most 18 characters."""
    status = model.status_on(day)
    if status in ("deprecated", "retired") and model.retires:
        return f"{'retires' if status == 'deprecated' else 'retired'} {model.retires}"
    return "by invitation" if status == "active" and model.restricted else status


def model_report(model: Model, day: date) -> Report:
    """Report everything known about a model: names, dates, limits and prices, with sources."""
    facts = [
        ("id", model.id),
        ("other names", ", ".join(model.names[1:])),
        ("family", model.family),
        ("status", model.status_on(day) + (", by invitation" if model.restricted else "")),
        ("released", str(model.released)),
        ("reads images from", str(model.vision_from)),
        ("deprecated", str(model.deprecated or "")),
        ("retired" if model.status_on(day) == "retired" else "retires", _retirements(model)),
        ("resolution tier", _tier(model.tier)),
        ("formula", model.formula),
        ("context window", plural(model.context_window, "token")),
        (
            "shortest cacheable prompt",
            plural(model.min_cacheable_tokens, "token") if model.min_cacheable_tokens else "unknown",
        ),
        *((row.title, f"{_quantity(row)} ({row.label(model)})") for row in _measured(model, day)),
        ("note", model.note),
    ]
    cited = list(dict.fromkeys((*model.sources, *(source for row in price_rows(model) for source in row.sources))))
    facts.append(("sources", _references(model.sources, cited)))
    columns = ("price", "from", ">input", ">output", ">write 5m", ">write 1h", ">read", "source")
    prices = [
        (
            row.kind + (f", above {plural(row.above_input_tokens, 'input token')}" if row.above_input_tokens else ""),
            f"{row.first_day} to {row.last_day}" if row.last_day else str(row.first_day),
            *map(_rate, row.rates),
            _references(row.sources, cited),
        )
        for row in price_rows(model)
    ]
    sources = [(f"[{place}] {source.title}", source.url, str(source.read)) for place, source in enumerate(cited, 1)]
    tables = [
        Table(f"{model.name} on {day}", ("field", "value"), [fact for fact in facts if fact[1]]),
        Table("Prices, US dollars per MTok", columns, prices),
        Table("Sources", ("source", "URL", "read"), sources),
    ]
    data = {"schema": "imgcost.model/1", "as_of": day.isoformat(), **_model_data(model, day)}
    data["prices"] = [_price_data(row) for row in price_rows(model)]
    data["measured"] = [
        {"name": row.name, "value": row.value, "confidence": row.confidence, "note": row.note}
        for row in _measured(model, day)
    ]
    return Report(data, tables)


def largest_report(ratios: Sequence[tuple[int, int]], tiers: Sequence[Tier]) -> Report:
    """Report the largest size that is not downscaled, for each ratio and tier."""
    rows, entries = [], []
    for ratio in ratios:
        cells = ["{}:{}".format(*ratio)]
        for tier in tiers:
            width, height = geometry.largest_size(ratio, tier)
            tokens = {name: geometry.image_tokens(width, height, tier, name) for name in ("patch", "area")}
            cells += [f"{width}x{height}", number(tokens["patch"])]
            entry = {"ratio": cells[0], "tier": tier.name, "width": width, "height": height}
            entries.append(entry | {"tokens": tokens["patch"], "area_tokens": tokens["area"]})
        rows.append(tuple(cells))
    heads = [head for tier in tiers for head in (f"{tier.name} tier", ">tokens")]
    table = Table("The largest sizes that are not downscaled", ("ratio", *heads), rows)
    return Report({"schema": "imgcost.largest/1", "sizes": entries}, [table])


def _tier(tier: Tier | None) -> str:
    if tier is None:
        return "unknown"
    return f"{tier.name} ({number(tier.edge_limit)} px, {plural(tier.token_limit, 'token')})"


def _retirements(model: Model) -> str:
    """Format the retirement dates, platforms with the same date together; or the earliest possible date."""
    by_date: dict[date, list[str]] = {}
    for platform, retires in model.retirements:
        by_date.setdefault(retires, []).append(platform)
    dates = "; ".join(f"{retires} ({', '.join(names)})" for retires, names in by_date.items())
    return dates or (f"not before {model.retires_not_before}" if model.retires_not_before else "")


def _measured(model: Model, day: date) -> list[Measured]:
    rows = (find_measured(name, model, day) for name in MEASURED_NAMES)
    return [row for row in rows if row]


def _references(sources: Sequence[Source], cited: Sequence[Source]) -> str:
    return " ".join(f"[{cited.index(source) + 1}]" for source in sources)


def _quantity(row: Measured) -> str:
    return plural(row.value, "token") if row.name.endswith("-tokens") else number(row.value)


def _rate(rate: Decimal | None) -> str:
    return "" if rate is None else exact_usd(rate).removeprefix("$")


def _usd(rate: Decimal | None) -> str | None:
    return None if rate is None else f"{rate.normalize():f}"


def _standard_price(model: Model, day: date) -> PriceRow | None:
    try:
        return price_on(model, day)
    except NoPriceError:
        return None


def _model_data(model: Model, day: date) -> dict[str, Any]:
    row = _standard_price(model, day)
    return {
        "id": model.id,
        "name": model.name,
        "names": list(model.names),
        "family": model.family,
        "status": model.status_on(day),
        "restricted": model.restricted,
        "released": model.released.isoformat(),
        "vision_from": model.vision_from.isoformat(),
        "deprecated": model.deprecated and model.deprecated.isoformat(),
        "retires": model.retires and model.retires.isoformat(),
        "retires_by_platform": {platform: retires.isoformat() for platform, retires in model.retirements},
        "tier": model.tier and model.tier.name,
        "formula": model.formula,
        "context_window": model.context_window,
        "min_cacheable_tokens": model.min_cacheable_tokens,
        "input_usd_per_mtok": _usd(row.rates.input) if row else None,
        "output_usd_per_mtok": _usd(row.rates.output) if row else None,
        "sources": _sources_data(model.sources),
        "note": model.note,
    }


def _price_data(row: PriceRow) -> dict[str, Any]:
    return {
        "kind": row.kind,
        "first_day": row.first_day.isoformat(),
        "last_day": row.last_day and row.last_day.isoformat(),
        "above_input_tokens": row.above_input_tokens,
        "platforms": list(row.platforms),
        **{f"{name}_usd_per_mtok": _usd(rate) for name, rate in row.rates._asdict().items()},
        "sources": _sources_data(row.sources),
        "note": row.note,
    }


def _sources_data(sources: Sequence[Source]) -> list[dict[str, str]]:
    return [{"title": source.title, "url": source.url, "read": source.read.isoformat()} for source in sources]
