"""Build quotes, scans and reports for tests."""

from __future__ import annotations

from contextlib import contextmanager

from imgcost.pipeline import Scan
from imgcost.quoting import quotes
from imgcost.reports.writers import open_scan, stream_rows
from imgcost.summaries import ScanSummary


def quoted(model, **conditions):
    """Return the quote of one model."""
    (quote,) = quotes([model], **conditions)
    return quote


def summed(paths, *selected, **options):
    """Scan without a report; return the sums."""
    return Scan(selected, **options).run(paths)


class Report:
    """A report of a scan. A test adds groups one by one, as the pipeline does."""

    def __init__(self, sink, quotes):
        self.sink = sink
        self.summary = ScanSummary(tuple(quotes), (), sink.token_rules)

    def add(self, groups):
        self.sink.writer.write(self.sink.encode(groups))
        self.summary.add(groups)

    def finish(self):
        self.sink.writer.finish(self.summary)


@contextmanager
def reporting(target, quotes, *progress):
    """Open a report in a file; its suffix selects the format."""
    with open_scan(target if hasattr(target, "path") else str(target), quotes, *progress) as sink:
        report = Report(sink, quotes)
        yield report
        report.finish()


@contextmanager
def streaming(stream, quotes, style):
    """Stream rows to an open stream; remove an incomplete row after an error, as the command line does."""
    sink = stream_rows(stream, quotes, style)
    report = Report(sink, quotes)
    try:
        yield report
    except BaseException:
        sink.writer.abandon()
        raise
    report.finish()
