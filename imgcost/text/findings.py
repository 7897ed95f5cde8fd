"""The reports of `imgcost check`: findings grouped by rule, as text, JSON and annotations of a workflow."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from imgcost.figures import dollars, number, plural
from imgcost.prices import total_usd
from imgcost.rules import find_rule
from imgcost.tables import find_model
from imgcost.text.json_lists import json_with_lists
from imgcost.text.notes import sentences
from imgcost.text.quotes import stale_notes
from imgcost.text.rendering import NO_IMAGES, Report, Table, visible

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from imgcost.preflight import Findings, TurnCost
    from imgcost.rules import Finding, Severity

__all__ = ["advice_table", "as_github", "findings_json", "findings_report"]

MAX_SHOWN = 10
"""Maximum number of errors, or warnings, that are shown individually: GitHub shows no more of each per step."""

SHOWN_PER_RULE = 3
"""Number of findings of each rule that are shown if there are more than `MAX_SHOWN`."""


class _Groups(NamedTuple):
    """The findings of one severity by their rules, in order of appearance.

    Attributes:
        severity: `error` or `warning`.
        counts: The number of findings of each rule.
        first: The first `MAX_SHOWN` findings of each rule.
    """

    severity: Severity
    counts: dict[str, int]
    first: dict[str, list[Finding]]

    @property
    def total(self) -> int:
        """The number of findings."""
        return sum(self.counts.values())

    @property
    def shown(self) -> dict[str, list[Finding]]:
        """The findings of each rule that are shown."""
        limit = MAX_SHOWN if self.total <= MAX_SHOWN else SHOWN_PER_RULE
        return {rule: first[:limit] for rule, first in self.first.items()}

    @property
    def hidden(self) -> int:
        """Number of findings that are counted but not shown."""
        return self.total - sum(map(len, self.shown.values()))


def _grouped(findings: Findings) -> tuple[_Groups, _Groups]:
    """Group errors and warnings by rule."""
    counts, first = findings.counts, findings.first(MAX_SHOWN)

    def groups(severity: Severity) -> _Groups:
        rules = [rule for kind, rule in counts if kind == severity]
        return _Groups(
            severity,
            {rule: counts[severity, rule] for rule in rules},
            {rule: first[severity, rule] for rule in rules},
        )

    return groups("error"), groups("warning")


def findings_report(findings: Findings, *, everything: bool = True) -> Report:
    """Report findings, grouped by rule.

    Args:
        findings: The findings; iterated a few times, keeping only what is shown.
        everything: Whether the data includes every finding and every image; `findings_json` needs neither.

    Returns:
        The report.
    """
    errors, warnings = _grouped(findings)
    tables = [] if findings.images or findings.pages or errors.total else [NO_IMAGES]
    if errors.total:
        tables += [_table(errors), advice_table(finding for shown in errors.shown.values() for finding in shown)]
    if warnings.total:
        tables.append(_table(warnings))
    if findings.turns:
        tables.append(_session(findings.turns))
    data = findings.to_dict(everything=everything)
    notes = [
        _summary(findings, data),
        *_session_notes(findings.turns),
        *(f"Cost unknown: {visible(reason)}." for reason in findings.unknown),
        *(f"Note: {visible(note)}." for note in findings.notes),
    ]
    if findings.input_usd is not None:
        notes += sentences(stale_notes(findings.as_of, map(find_model, findings.models)))
    if hidden := errors.hidden + warnings.hidden:
        notes.append(f"{plural(hidden, 'finding is', 'findings are')} not shown: use -f json or -o FILE to list all.")
    notes += _fit_note(errors)
    if errors.total or warnings.total:
        notes.append("Run 'imgcost rules RULE' for an explanation of a rule and the API's error messages.")
    return Report(data, tables, notes)


def _table(groups: _Groups) -> Table:
    rows = []
    for rule, shown in groups.shown.items():
        rows += [(visible(finding.location), rule, visible(finding.message)) for finding in shown]
        if rest := groups.counts[rule] - len(shown):
            rows.append((f"and {number(rest)} more", rule, ""))
    title, columns = plural(groups.total, groups.severity), ("location", "rule", "problem")
    return Table(title, columns, rows, path_column=0)


def advice_table(findings: Iterable[Finding]) -> Table:
    """List what to do about findings; with their locations, if the advice of a rule differs.

    Args:
        findings: The findings.
    """
    locations: dict[tuple[str, str], list[str]] = {}
    for finding in findings:
        locations.setdefault((finding.rule, finding.advice), []).append(visible(finding.location))
    if len({rule for rule, _ in locations}) == len(locations):
        return Table("What to do", ("rule", "advice"), list(locations))
    rows = [
        (rule, f"{first} and {number(len(rest))} more" if rest else first, advice)
        for (rule, advice), (first, *rest) in locations.items()
    ]
    return Table("What to do", ("rule", "location", "advice"), rows, path_column=1)


def _fit_note(errors: _Groups) -> Iterator[str]:
    if fixable := sum(count for rule, count in errors.counts.items() if find_rule(rule).fixable):
        part = "" if fixable == errors.total else f"{number(fixable)} of "
        these = "this error" if errors.total == 1 else f"these {plural(errors.total, 'error')}"
        yield f"'imgcost fit' can fix {part}{these}, in a copy."


def _session(turns: Sequence[TurnCost]) -> Table:
    rows = [
        (
            visible(turn.location),
            number(turn.turn),
            number(turn.images),
            number(turn.kept),
            number(turn.sent),
            number(turn.tokens),
            "unknown" if turn.usd is None else dollars(turn.usd),
        )
        for turn in turns
    ]
    columns = ("location", ">turn", ">images", ">still sent", ">times sent", ">tokens so far", ">cost so far")
    return Table("Images of the session by turn", columns, rows, path_column=0)


def _session_notes(turns: Sequence[TurnCost]) -> Iterator[str]:
    if turns:
        usd = [turn.usd for turn in turns if turn.usd is not None]
        missing = len(turns) - len(usd)
        unknown = f", not including {plural(missing, 'turn')} of unknown cost" if missing else ""
        total = dollars(total_usd(usd))
        yield f"The images of the session have cost {total} so far{unknown}, according to its usage data."


def _summary(findings: Findings, data: Mapping[str, Any]) -> str:
    known_usd = dollars(findings.measured_usd) if findings.measured_usd or not findings.unknown else ""
    part = f" ({known_usd} of it known)" if known_usd else ""
    cost = f", cost unknown{part}" if findings.unknown else f", {known_usd}"
    if findings.upper_usd is not None and findings.upper_usd > findings.measured_usd:
        cost = f", {known_usd} to {dollars(findings.upper_usd)}"
    rest = f" Not counted: {plural(data['unmeasured'], 'image')}." if data["unmeasured"] else ""
    measured = len(findings.images) - data["unmeasured"]
    counts = plural(measured, "image")
    if findings.pages:
        counts += f" and {plural(findings.pages, 'page')} of PDF"
    if measured or findings.pages:
        counts += _with_models(findings.models)
    if findings.pages:
        counts += f": {plural(data['tokens'], 'image token')}"
    elif measured:
        counts += f": {plural(data['tokens'], 'token')}"
    elif not findings.unknown:
        cost = ""
    verdict = plural(data["errors"], "error") if data["errors"] else "Nothing would be rejected"
    if data["warnings"]:
        verdict += f", {plural(data['warnings'], 'warning')}"
    limits = f"Limits of {findings.platform} on {findings.as_of}."
    return f"{verdict}. {limits} {counts}{cost}.{rest}"


def _with_models(models: Sequence[str]) -> str:
    return f" with {models[0] if len(models) == 1 else plural(len(models), 'model')}" if models else ""


def findings_json(report: Report, findings: Findings) -> Iterator[str]:
    """Render a report with every finding and image as JSON, piece by piece: there may be millions.

    Args:
        report: The report of the findings, without them.
        findings: The findings.

    Returns:
        Parts of the text.
    """
    lists = {"findings": findings, "images": findings.images}
    return json_with_lists(report, {name: (item.to_dict() for item in items) for name, items in lists.items()})


def as_github(findings: Findings) -> Iterator[str]:
    """Render findings as annotations of a GitHub workflow, of which GitHub shows ten errors and ten warnings per step.

    Args:
        findings: The findings.

    Yields:
        Lines without their ends: an annotation for each finding if there are no more than ten of its severity,
        otherwise one for each rule, with the first locations; a notice if there are no images.
    """
    errors, warnings = _grouped(findings)
    if not (findings.images or errors.total):
        yield f"::notice title=imgcost::{NO_IMAGES.title}"
    yield from _annotations(errors)
    yield from _annotations(warnings)


def _annotations(groups: _Groups) -> Iterator[str]:
    if groups.total <= MAX_SHOWN:
        for shown in groups.shown.values():
            yield from map(_annotation, shown)
        return
    rules = list(groups.counts)
    listed, rest = (rules, []) if len(rules) <= MAX_SHOWN else (rules[: MAX_SHOWN - 1], rules[MAX_SHOWN - 1 :])
    for rule in listed:
        yield _annotation(groups.first[rule][0], _other_locations(groups.first[rule], groups.counts[rule]))
    if rest:
        count = plural(sum(groups.counts[rule] for rule in rest), f"more {groups.severity}")
        yield f"::{groups.severity} title=imgcost::{count} of the rules {', '.join(rest)}. -f json lists them all."


def _other_locations(first: Sequence[Finding], count: int) -> str:
    """Name a few more locations of a rule."""
    if count == 1:
        return ""
    others = [visible(finding.location) for finding in first[1 : 1 + SHOWN_PER_RULE]]
    what = "file" if first[0].location == first[0].file else "location"
    ellipsis = ", ..." if count - 1 > len(others) else ""
    return f" And {plural(count - 1, f'more {what}')}: {', '.join(others)}{ellipsis}"


def _annotation(finding: Finding, more: str = "") -> str:
    properties = [f"title={_property(f'imgcost {finding.rule}')}"]
    if finding.file is not None:
        properties.insert(0, f"file={_property(visible(finding.file))}")
    if finding.line is not None:
        properties.insert(1, f"line={finding.line}")
    location = "" if finding.location == finding.file else f"{visible(finding.location)}: "
    text = f"{location}{visible(finding.message)}. {finding.advice}{more}"
    return f"::{finding.severity} {','.join(properties)}::{_escaped(text)}"


def _escaped(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _escaped(text).replace(":", "%3A").replace(",", "%2C")
