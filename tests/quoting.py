"""Quotes, scans and files of rows as tests need them."""

from __future__ import annotations

from contextlib import contextmanager

from imgcost.pipeline import Scan
from imgcost.quotes import quotes
from imgcost.reports.writers import open_scan, stream_rows


def quoted(model, **conditions):
    """The quote of one model."""
    (found,) = quotes([model], **conditions)
    return found


def summed(paths, *asked, **options):
    """The sums of a scan without a report."""
    return Scan(asked, **options).run(paths)


class Report:
    """A report of a scan to which a test adds groups one by one, as the pipeline would."""

    def __init__(self, sink, quotes):
        self.sink = sink
        self.summary = Scan(tuple(quotes)).run([])

    def add(self, groups):
        self.sink.writer.write(self.sink.encode(groups))
        self.summary.add(groups)

    def finish(self):
        self.sink.writer.finish(self.summary)


@contextmanager
def reporting(target, quotes, *progress):
    """A report in a file; its suffix names the format."""
    with open_scan(target if hasattr(target, "path") else str(target), quotes, *progress) as sink:
        report = Report(sink, quotes)
        yield report
        report.finish()


@contextmanager
def streaming(stream, quotes, style):
    """Rows in an open stream, which the command line takes back when it is interrupted."""
    sink = stream_rows(stream, quotes, style)
    report = Report(sink, quotes)
    try:
        yield report
    except BaseException:
        sink.writer.abandon()
        raise
    report.finish()
