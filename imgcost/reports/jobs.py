"""A job as the workbook and the page show it: its images, how they are sent, and what that costs with each model."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, NamedTuple, cast

import numpy as np

from imgcost.errors import ImgcostError
from imgcost.files import Walk, probe_chunk, scan_groups
from imgcost.files.results import Unreadable
from imgcost.plans.comparisons import plan_counted, plan_others
from imgcost.plans.inputs import job_of
from imgcost.plans.jobs import Repeated
from imgcost.plans.listings import is_listing
from imgcost.plans.scenarios import Scenario
from imgcost.summaries import ScanSummary

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from imgcost.files import Group, ScanResult
    from imgcost.plans import ModelPlan, Plan
    from imgcost.plans.jobs import SizeChunk
    from imgcost.quoting import Quote
    from imgcost.reports.sinks import JobWriter, ScanSink

__all__ = ["JobFeed", "ReportJob", "report_job"]


class ReportJob(NamedTuple):
    """A job.

    Attributes:
        summary: Its images.
        scenario: How they are sent.
        plans: By model ID: its plan, or why the job is not possible with the model.
    """

    summary: ScanSummary
    scenario: Scenario
    plans: Mapping[str, ModelPlan | ImgcostError]

    def plan_of(self, quote: Quote) -> ModelPlan | None:
        """Return the plan of a model; None if the job is not possible with it."""
        plan = self.plans.get(quote.model.id)
        return None if isinstance(plan, ImgcostError) else plan


def report_job(summary: ScanSummary, quotes: Sequence[Quote], plan: Plan | None) -> ReportJob:
    """Plan the images of a report with every model that it compares.

    Args:
        summary: The images.
        quotes: One quote per model, under the conditions of the job; may be empty.
        plan: How the images are sent; None if each is sent alone, without a prompt, as a scan prices them.

    Returns:
        The job.
    """
    if plan:
        return ReportJob(summary, plan.scenario, plan_others(plan, quotes) if quotes else {})
    scenario = Scenario(tuple(quote.requested for quote in summary.quotes), summary.quotes[0].conditions)
    histograms = dict(zip(summary.token_rules, summary.histograms, strict=True))
    plans = plan_counted(histograms, quotes) if quotes else ()
    return ReportJob(summary, scenario, {plan.model.id: plan for plan in plans})


class JobFeed:
    """Passes the images of a plan on to reports while they are planned, so that the paths need not fit in memory.

    Attributes:
        summary: The sums of the images so far.
    """

    def __init__(self, sinks: Sequence[ScanSink], quotes: Sequence[Quote], walk: Walk | None = None) -> None:
        """Start without images.

        Args:
            sinks: Workbooks and pages; may be empty.
            quotes: The quotes of the selected models.
            walk: How to walk directories; None for the defaults.
        """
        self._walk = walk or Walk()
        self._probe = partial(probe_chunk, details=any(sink.details for sink in sinks))
        self.summary = ScanSummary(quotes, (), [rule for sink in sinks for rule in sink.token_rules])
        # Both formats show a job.
        self._sinks = [(sink.encode, cast("JobWriter", sink.writer)) for sink in sinks]

    def passing(self, images: Iterable[str | Repeated]) -> Iterator[str | Repeated | ScanResult]:
        """Pass images on.

        Args:
            images: Paths, tables and sizes.

        Yields:
            The same for `plan`; the files under a path instead of the path.
        """
        for image in images:
            if isinstance(image, Repeated):
                self._add_sizes(f"{image.width}x{image.height}", [image])
                yield image
            elif is_listing(image):
                if self._sinks:  # the plan reads the table again
                    self._add_table(image)
                yield image
            else:
                yield from self._files(image)

    def finish(self, plan: Plan) -> None:
        """Write the reports, because all images have been planned."""
        for _, writer in self._sinks:
            writer.finish(self.summary, plan)

    def _files(self, path: str) -> Iterator[ScanResult]:
        for groups in scan_groups(self._walk, [path], self._probe):
            self._add_files(groups)
            for _, files in groups:
                yield from files

    def _add_table(self, path: str) -> None:
        job = job_of(path)
        for chunk in job.chunks():
            self._add_sizes(path, _counted(chunk))
        for rejected in job.rejected:
            rows = Unreadable(rejected.first, "no-size", f"{rejected.reason} ({rejected.images:,} in total)")
            self._add_files([("", [rows])])

    def _add_files(self, groups: list[Group]) -> None:
        self.summary.add(groups)
        for encode, writer in self._sinks:
            writer.write(encode(groups))

    def _add_sizes(self, source: str, sizes: Sequence[Repeated]) -> None:
        self.summary.add_sizes(source, sizes)
        for _, writer in self._sinks:
            writer.add_sizes(source, sizes)


def _counted(chunk: SizeChunk) -> list[Repeated]:
    """Count the equal sizes of a chunk, in the order of the images: the first one writes a cached prompt."""
    columns = np.stack([chunk.width, chunk.height, chunk.file_bytes])
    sizes, first, counts = np.unique(columns, axis=1, return_index=True, return_counts=True)
    order = np.argsort(first)
    return [
        Repeated(width, height, count * (chunk.times or 1), None if file_bytes < 0 else file_bytes)
        for width, height, file_bytes, count in zip(*sizes[:, order].tolist(), counts[order].tolist(), strict=True)
    ]
