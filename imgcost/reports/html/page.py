"""The page of a scan: one file, written when the scan is complete."""

from __future__ import annotations

from decimal import Decimal
from functools import partial
from typing import IO, TYPE_CHECKING, cast

from imgcost.figures import number, plural, unit_dollars
from imgcost.geometry import resized_size
from imgcost.prices import exact_usd
from imgcost.quoting import comparable, requote
from imgcost.reports.commands import plan_command
from imgcost.reports.html.charts import BINS, Chart, model_chart, size_chart, token_chart
from imgcost.reports.html.facts import (
    UNKNOWN,
    assumptions,
    figures,
    lead,
    overhead_note,
    per_thousand,
    price_list,
    result,
)
from imgcost.reports.html.highlights import MAX_LISTED, Highlights, collect, collect_sizes
from imgcost.reports.html.panel import panel_data
from imgcost.reports.html.rendering import Cell, Grid, render
from imgcost.reports.jobs import report_job
from imgcost.reports.sinks import ScanSink
from imgcost.rules import find_rule
from imgcost.text.plans import plan_report
from imgcost.text.scans import file_size, scan_notes, unreadable_tables

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from imgcost.geometry import Tier
    from imgcost.plans import ModelPlan, Plan, Repeated
    from imgcost.quoting import Quote, TokenRule
    from imgcost.reports.html.highlights import ListedImage
    from imgcost.reports.jobs import ReportJob
    from imgcost.reports.sinks import Progress
    from imgcost.summaries import ScanSummary

__all__ = ["page_sink"]

_CLASSES = ("Input", "Output", "Cache write, 5 minutes", "Cache write, 1 hour", "Cache read")
"""The classes of tokens, in the order of `page.js`."""


def page_sink(file: IO[bytes], quotes: Sequence[Quote], progress: Progress) -> ScanSink:
    """Send a scan to a page.

    Args:
        file: An open binary file.
        quotes: The quotes of the selected models; the first prices folders and images.
        progress: Called before and after the page is written.

    Returns:
        The sink of the scan.
    """
    compared = comparable(quotes)
    rules = tuple(dict.fromkeys(quote.rule for quote in compared))
    encode = partial(collect, quotes[0].rule, _tiers(rules), quotes[0].conditions)
    return ScanSink(encode, _PageWriter(file, compared, progress), rules)


class _PageWriter:
    def __init__(self, file: IO[bytes], compared: Sequence[Quote], progress: Progress) -> None:
        self._file = file
        self._compared = compared
        self._progress = progress
        self._highlights = Highlights()

    def write(self, encoded: Highlights) -> None:
        self._highlights.merge(encoded)

    def add_sizes(self, source: str, sizes: Sequence[Repeated]) -> None:
        quote = self._compared[0]
        tiers = _tiers(compared.rule for compared in self._compared)
        self._highlights.merge(collect_sizes(quote.rule, tiers, quote.conditions, source, sizes))

    def finish(self, summary: ScanSummary, /, plan: Plan | None = None) -> None:
        self._progress(0, 1)
        job = report_job(summary, self._compared, plan)
        self._file.write(_page(job, self._highlights, self._compared, plan))
        self._progress(1, 1)

    def abandon(self) -> None:
        self._highlights = Highlights()


def _page(job: ReportJob, highlights: Highlights, compared: Sequence[Quote], plan: Plan | None) -> bytes:
    summary, first = job.summary, compared[0]
    first_plan = cast("ModelPlan", job.plan_of(first))  # without one, there is no report
    quotes = sorted(compared, key=lambda quote: _order(job, quote))
    tiers = _tiers(quote.rule for quote in compared)
    report = plan_report(plan) if plan else None
    notes = report.notes if report else scan_notes(summary)
    fixable = int(bool(summary.fixable))  # the first note is the one on fixable images
    is_varied = summary.images > 0 and (highlights.sizes is None or len(highlights.sizes) > 1)
    # A plan caches text; a scan prices images as they are written to the cache.
    alone = requote(first, first.conditions._replace(cache="none")) if plan else first
    return render(
        "page.html.j2",
        ("geometry.js", "pricing.js", "page.js", "sharing.js"),
        title=f"Image costs with Claude: {_images(summary)}",
        first=first,
        assumptions=list(assumptions(summary, highlights, job.scenario, first)),
        result=result(first_plan),
        classes=_classes(first_plan),
        figures=list(figures(summary, first_plan, alone)),
        lead=lead(first_plan),
        overhead=overhead_note(first_plan),
        prices=price_list(first.conditions, first.model),
        command=plan_command(job.scenario, first.conditions, first.model.id, highlights.sizes, summary.images),
        fixable=notes[:fixable],
        panel=panel_data(job, highlights, quotes, first),
        chart=model_chart([job.plan_of(quote) for quote in quotes], [_name(quote) for quote in quotes]),
        models=_models(job, quotes),
        alternatives=[table for table in report.tables if table.title.startswith("Alternatives")] if report else [],
        rejected=[_rejected(summary, highlights)] if fixable else [],
        unreadable=unreadable_tables(summary),
        histograms=[_histogram(summary, rule) for rule in summary.token_rules] if is_varied else [],
        sizes=size_chart(highlights.octaves, tiers, " ".join(_downscaled_counts(summary, tiers)))
        if is_varied
        else None,
        costliest=[*_folders(summary, alone), *([_costliest(summary, highlights, alone)] if is_varied else [])],
        downscaled=_downscaled(highlights, tiers),
        notes=notes[fixable:],
    )


def _images(summary: ScanSummary) -> str:
    images = plural(summary.images, "image")
    return images if summary.sized and not summary.file_bytes else f"{images}, {file_size(summary.file_bytes)}"


def _order(job: ReportJob, quote: Quote) -> tuple[bool, Decimal]:
    """Sort models by price; last those with which the job is not possible."""
    plan = job.plan_of(quote)
    return plan is None, plan.total_usd if plan else Decimal(0)


def _name(quote: Quote) -> str:
    return f"{quote.model.id} (by invitation)" if quote.model.restricted else quote.model.id


def _classes(plan: ModelPlan) -> Grid:
    rows: list[tuple[Cell, ...]] = [
        *zip(_CLASSES, plan.tokens, plan.usd, strict=True),
        ("Retries", "", plan.retries_usd),
    ]
    return Grid("By token class", ("class", ">tokens", ">cost"), rows)


def _tiers(rules: Iterable[TokenRule]) -> tuple[Tier, ...]:
    return tuple(sorted({rule.tier for rule in rules}, reverse=True))


def _models(job: ReportJob, quotes: Sequence[Quote]) -> Grid:
    rows: list[tuple[Cell, ...]] = []
    for quote in quotes:
        plan = job.plan_of(quote)
        downscaled = job.summary.downscaled_by(quote.rule)
        if plan is None:
            rows.append((_name(quote), "over a limit", *[UNKNOWN] * 6, quote.tier.name))
            continue
        rates = (exact_usd(rate).removeprefix("$") for rate in (quote.standard.input, quote.standard.output))
        costs = plan.total_usd, per_thousand(plan), plan.visual_tokens, plan.images_usd
        rows.append((_name(quote), *costs, *rates, downscaled, quote.tier.name))
    columns = (
        "model",
        ">whole job",
        ">per 1,000",
        ">visual tokens",
        ">images alone",
        ">input, $ per MTok",
        ">output, $ per MTok",
        ">downscaled",
        "tier",
    )
    return Grid("Cost of the whole job and of the images alone", columns, rows)


def _rejected(summary: ScanSummary, highlights: Highlights) -> Grid:
    rows = [(image.path, image.message, find_rule(image.rule).fix) for image in highlights.rejected]
    title = _listed("first", sum(summary.fixable.values()), "rejected image")
    return Grid(title, ("image", "problem", "fix"), rows)


def _histogram(summary: ScanSummary, rule: TokenRule) -> tuple[Chart, Grid]:
    chart, bins = token_chart(summary, rule), summary.bins(rule, BINS)
    rows = [(f"{number(first)} to {number(last)}", images) for first, last, images in bins]
    return chart, Grid(chart.title, ("visual tokens", ">images"), rows)


def _downscaled_counts(summary: ScanSummary, tiers: Iterable[Tier]) -> Iterator[str]:
    counts = dict(zip((rule.tier for rule in summary.token_rules), summary.downscaled, strict=True))
    for tier in tiers:
        limits = f"{number(tier.edge_limit)} px, {plural(tier.token_limit, 'token')}"
        yield (
            f"The {tier.name} tier ({limits}) downscales {number(counts[tier])} of {plural(summary.images, 'image')}."
        )


def _folders(summary: ScanSummary, quote: Quote) -> Iterator[Grid]:
    """List folders; nothing for images that are known only by their size."""
    if summary.sized == summary.images:
        return
    folders = summary.costliest_folders()
    rows = [(folder or ".", quote.image_usd(tokens), tokens, images) for folder, images, tokens in folders]
    title = _listed("most expensive", len(summary.folders), "folder", len(folders)) + ", each without its subfolders"
    yield Grid(title, ("folder", ">cost", ">tokens", ">images"), rows, [tokens for _, _, tokens in folders])


def _costliest(summary: ScanSummary, highlights: Highlights, quote: Quote) -> Grid:
    rows = [
        (image.path, unit_dollars(quote.image_usd(image.tokens)), image.tokens, _size(image))
        for image in highlights.costliest
    ]
    title = "The most expensive images" if summary.sized else _listed("most expensive", summary.images, "image")
    return Grid(title, ("image", ">cost per image", ">tokens", ">size, px"), rows)


def _downscaled(highlights: Highlights, tiers: Sequence[Tier]) -> Grid:
    columns = ("image", ">size, px", *(f">on the {tier.name} tier" for tier in tiers))
    rows = []
    for image in highlights.downscaled:
        size = image.width, image.height
        resized = [resized_size(*size, tier) for tier in tiers]
        shown = ("unchanged" if new == size else "{}x{}".format(*new) for new in resized)
        rows.append((image.path, _size(image), *shown))
    return Grid(f"Images that one of the tiers downscales, the largest first (up to {MAX_LISTED})", columns, rows)


def _size(image: ListedImage) -> str:
    return f"{image.width}x{image.height}"


def _listed(which: str, count: int, noun: str, limit: int = MAX_LISTED) -> str:
    return f"The {which} {limit} of {plural(count, noun)}" if count > limit else plural(count, noun)
