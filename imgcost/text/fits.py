"""The report of `imgcost fit`."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from imgcost.figures import dollars, listed, number, percent, plural
from imgcost.fitting.files import WITH_COPY
from imgcost.headers import format_name
from imgcost.paths import escape_path
from imgcost.text.json_lists import json_with_lists
from imgcost.text.notes import Note, sentences
from imgcost.text.quotes import quote_notes, quote_title
from imgcost.text.rendering import NO_IMAGES, Report, Table, visible
from imgcost.text.scans import MAX_LISTED, file_size

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from imgcost.acceptance import LimitName
    from imgcost.fitting import FitSummary, FittedFile
    from imgcost.fitting.files import FitTotals

__all__ = ["fit_json", "fit_report"]

MAX_NAMED = 3
"""Maximum number of ignored files that are named."""

_REJECTED: dict[LimitName, str] = {
    "format": "in a format that the API rejects",
    "image-edge": "with too many pixels on a side",
    "image-bytes": "with too many bytes",
}


def fit_report(
    summary: FitSummary, files: Iterable[FittedFile], output: str, *, dry_run: bool, is_file: bool = False
) -> Report:
    """Report what became of files.

    Args:
        summary: The sums.
        files: The files; iterated once, keeping only what is shown.
        output: The output folder or file; empty in a dry run without one.
        dry_run: Whether nothing was written.
        is_file: Whether `output` is the copy of a single file.

    Returns:
        The report; its data does not list the files.
    """
    shown: dict[str, list[FittedFile]] = {"fitted": [], "failed": [], "ignored": []}
    for file in files:
        if len(shown.get(file.status, ())) < MAX_LISTED:
            shown.get(file.status, []).append(file)
    where = "" if dry_run or not output else f" {'as' if is_file else 'in'} {visible(output)}"
    tables = [_totals(summary, where)] if summary.total.files else [] if shown["failed"] else [NO_IMAGES]
    if shown["fitted"]:
        tables.append(_fitted_table(shown["fitted"], dry_run=dry_run))
    if shown["failed"]:
        title = plural(summary.files("failed"), "file was not fitted", "files were not fitted")
        rows = [(visible(file.path), file.problem or "", visible(file.reason or "")) for file in shown["failed"]]
        tables.append(Table(title, ("path", "problem", "reason"), rows, path_column=0))
    notes = [*_notes(summary, dry_run=dry_run), *_more(summary, shown), *_ignored(summary, shown["ignored"])]
    data = summary.to_dict() | {"output": escape_path(output) if output else None, "dry_run": dry_run}
    return Report(data, tables, sentences(notes))


def fit_json(report: Report, files: Iterable[FittedFile]) -> Iterator[str]:
    """Render a report with every file as JSON, piece by piece: there may be millions.

    Args:
        report: The report.
        files: The files.

    Returns:
        Parts of the text.
    """
    return json_with_lists(report, {"files": (file.to_dict() for file in files)})


def _totals(summary: FitSummary, where: str) -> Table:
    title = f"{plural(summary.total.files, 'image')}{where}. {quote_title(summary.quote)}"
    rows = [(status, *_sums(totals)) for status, totals in summary.by_status.items() if status in WITH_COPY]
    if len(rows) > 1:
        rows.append(("total", *_sums(summary.total)))
    return Table(title, ("", ">images", ">tokens before", ">tokens after", ">bytes before", ">bytes after"), rows)


def _sums(totals: FitTotals) -> tuple[str, ...]:
    counts = map(number, (totals.files, totals.tokens, totals.output_tokens))
    return *counts, file_size(totals.file_bytes), _bytes_after(totals.output_bytes)


def _bytes_after(size_bytes: int | None) -> str:
    return "unknown" if size_bytes is None else file_size(size_bytes)


def _fitted_table(files: Sequence[FittedFile], *, dry_run: bool) -> Table:
    title = "Would be resized or converted" if dry_run else "Resized or converted"
    saves = any(file.tokens != file.output_tokens for file in files)
    tokens = (">tokens before", ">tokens after") if saves else (">tokens",)
    rows = [
        (
            visible(file.path),
            *_sizes(file),
            number(file.tokens or 0),
            *((number(file.output_tokens or 0),) if saves else ()),
            file_size(file.file_bytes or 0),
            _bytes_after(file.output_bytes),
        )
        for file in files
    ]
    return Table(title, ("path", "from", "to", *tokens, ">bytes before", ">bytes after"), rows, path_column=0)


def _sizes(file: FittedFile) -> tuple[str, str]:
    """Write the sizes before and after, with the formats if they differ and are known."""
    before, after = f"{file.width}x{file.height}", f"{file.output_width}x{file.output_height}"
    if file.output_media_type == file.media_type:
        return before, after
    known = file.output_media_type
    return f"{before} {format_name(file.media_type or '')}", f"{after} {format_name(known)}" if known else after


def _notes(summary: FitSummary, *, dry_run: bool) -> Iterator[Note]:
    if dry_run:
        unknown = " Bytes of fitted images are unknown until then." if summary.files("fitted") else ""
        yield Note(f"Dry run: nothing was written.{unknown}")
    if undecided := summary.problems["if-smaller"]:
        are = plural(undecided, "image is resized only if its copy has", "images are resized only if their copies have")
        yield Note(f"{are} fewer bytes, and otherwise left unchanged: --always-resize resizes them in any case.")
    if not summary.total.files:
        return
    yield Note(_verdict(summary))
    yield from map(Note, _upload(summary.total))
    if summary.rejected:
        rejected = sum(summary.rejected.values())
        why = listed([f"{number(count)} {_REJECTED[rule]}" for rule, count in summary.rejected.items()])
        failed = summary.files("failed")
        besides = f"Besides the {plural(failed, 'file')} above, " if failed else ""
        part = f"{number(rejected)} of {plural(summary.total.files, 'image')}"
        yield Note(f"{besides}{part} would be rejected without fitting: {why}.")
    if unchanged := summary.problems["not-smaller"]:
        images = plural(unchanged, "image was not resized, because its copy", "images were not resized: their copies")
        yield Note(
            f"{images} would have more bytes; the API downscales them at the same price (--always-resize resizes them)."
        )
    if kept := summary.files("exists"):
        outdated = summary.problems["outdated"]
        older = f", {number(outdated)} of them older than the original" if outdated else ""
        yield Note(
            f"{plural(kept, 'copy was', 'copies were')} already there and kept{older}: --overwrite replaces them."
        )
    if skipped := summary.files("skipped"):
        yield Note(f"{plural(skipped, 'image needs no change and was', 'images need no change and were')} not copied.")
    yield from quote_notes(summary.quote)


def _verdict(summary: FitSummary) -> str:
    """Say what the copies save, honestly."""
    total, model = summary.total, summary.quote.model.id
    if saved := total.tokens - total.output_tokens:
        cost = dollars(summary.quote.image_usd(total.tokens))
        return (
            f"Saves {plural(saved, 'token')}, {dollars(summary.saved_usd)} of {cost}, each time that all images are "
            f"sent to {model}."
        )
    if summary.files("fitted") or summary.files("exists"):
        return f"Saves no tokens and no dollars: the copies have the sizes that {model} sees anyway."
    read = f"of the {plural(total.files, 'image')} that could be read, " if summary.files("failed") else ""
    return f"Nothing to save: {read}every image is accepted and fits."


def _upload(total: FitTotals) -> Iterator[str]:
    if total.output_bytes is None or total.output_bytes == total.file_bytes:
        return
    less = total.file_bytes - total.output_bytes
    change = "smaller" if less > 0 else "larger"
    yield f"Uploads are {file_size(abs(less))} ({percent(Decimal(abs(less)), Decimal(total.file_bytes))}) {change}."


def _more(summary: FitSummary, shown: dict[str, list[FittedFile]]) -> Iterator[Note]:
    hidden = sum(summary.files(status) - len(shown[status]) for status in ("fitted", "failed"))
    if hidden:
        yield Note(
            f"{plural(hidden, 'more file is', 'more files are')} not listed: -f json and --report FILE list all."
        )


def _ignored(summary: FitSummary, shown: list[FittedFile]) -> Iterator[Note]:
    if count := summary.files("ignored"):
        names = [f"{visible(file.path)} ({visible(file.reason or '')})" for file in shown[:MAX_NAMED]]
        if count > MAX_NAMED:
            names.append(f"{number(count - MAX_NAMED)} more")
        files = plural(count, "file is not an image and was", "files are not images and were")
        yield Note(f"{files} ignored: {listed(names)}.")
