"""The report of `imgcost fit` on a file of requests."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from imgcost.figures import number, plural
from imgcost.text.findings import advice_table
from imgcost.text.json_lists import json_with_lists
from imgcost.text.rendering import Report, Table, visible
from imgcost.text.scans import MAX_LISTED, file_size

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from imgcost.fitting import FittedDocument, RequestChange

__all__ = ["fitted_requests_json", "fitted_requests_report"]


def fitted_requests_report(document: FittedDocument, *, dry_run: bool) -> Report:
    """Report what was changed in a file of requests, and what could not be fixed.

    Args:
        document: The result.
        dry_run: Whether nothing was written.

    Returns:
        The report; its data does not list changes, failures and findings.
    """
    tables = []
    if document.changes:
        title = f"{plural(len(document.changes), 'change')} in {visible(document.name)}"
        tables.append(_changes(title, list(islice(document.changes, MAX_LISTED)), document.name))
    errors = document.findings.errors
    if errors:
        reasons = {failure.location: failure.reason for failure in document.failures}
        title = plural(len(errors), "error was not fixed", "errors were not fixed") + f" in {visible(document.name)}"
        rows = [
            (_within(error.location, document.name), error.rule, visible(reasons.get(error.location, error.message)))
            for error in errors[:MAX_LISTED]
        ]
        tables.append(Table(title, ("location", "rule", "reason"), rows, path_column=0))
        tables.append(advice_table(errors[:MAX_LISTED]))
    return Report(document.to_dict() | {"dry_run": dry_run}, tables, list(_notes(document, dry_run=dry_run)))


def fitted_requests_json(report: Report, document: FittedDocument) -> Iterator[str]:
    """Render a report with every change, failure and finding as JSON, piece by piece.

    Args:
        report: The report.
        document: The result.

    Returns:
        Parts of the text.
    """
    lists = {"changes": document.changes, "failures": document.failures, "findings": document.findings}
    return json_with_lists(report, {name: (item.to_dict() for item in items) for name, items in lists.items()})


def _changes(title: str, changes: Sequence[RequestChange], name: str) -> Table:
    sizes = any(change.original_bytes != change.bytes for change in changes)
    columns = ("location", "rules", "change", *((">bytes before", ">bytes after") if sizes else ()))
    rows = []
    for change in changes:
        row = _within(change.location, name), ", ".join(change.rules), visible(change.action)
        both = (change.original_bytes, change.bytes) if sizes else ()
        rows.append((*row, *("" if size is None else number(size) for size in both)))
    return Table(title, columns, rows, path_column=0)


def _within(location: str, name: str) -> str:
    """Return a location without the name of the file, which the report has already."""
    inner = location.removeprefix(name)
    return visible(f"line {inner[1:]}" if inner.startswith(":") else inner.strip() or "request")


def _notes(document: FittedDocument, *, dry_run: bool) -> Iterator[str]:
    findings, changed = document.findings, bool(document.changes)
    if dry_run:
        yield "Dry run: nothing was written."
    limits = f"Limits of {findings.platform} on {findings.as_of}."
    if not document.bytes:
        yield f"{visible(document.name)} is not a request: nothing was written."
    elif not findings.ok:
        yield f"The copy would still be rejected: {plural(len(findings.errors), 'error')}. {limits}"
        if any(failure.location for failure in document.failures):  # of an image or a document, not of the request
            yield "--remove-unfixable replaces images and documents that cannot be fixed by a text."
    elif changed:
        yield f"Nothing in the copy would be rejected. {limits}"
    else:
        yield f"Nothing to fix: nothing would be rejected. The copy is the same, byte for byte. {limits}"
    if changed:
        sizes = file_size(document.original_bytes), file_size(document.bytes)
        yield "The original has {}, the copy {}.".format(*sizes)
        yield _tokens(document)
    if len(document.changes) > MAX_LISTED or len(findings.errors) > MAX_LISTED:
        yield "Not everything is listed: -f json and --report FILE list all."
    yield from (f"Note: {visible(note)}." for note in findings.notes)


def _tokens(document: FittedDocument) -> str:
    """Say what the changes save in tokens, honestly."""
    before = after = resized = 0
    for change in document.changes:
        if change.original_tokens is not None and change.tokens is not None:
            before, after = before + change.original_tokens, after + change.tokens
            resized += change.width != change.original_width
    findings = document.findings
    total = f"{plural(len(findings.images), 'image')}, {plural(findings.tokens, 'visual token')}"
    if before != after:
        return f"{total}, {number(abs(before - after))} {'fewer' if before > after else 'more'} than before."
    why = ", because the API downscales to the same sizes" if resized else ""
    return f"{total}, as before{why}."
