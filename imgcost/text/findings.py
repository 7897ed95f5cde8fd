"""The reports of `imgcost check` and `imgcost rules`."""

from __future__ import annotations

import json
from collections import Counter
from textwrap import indent
from typing import TYPE_CHECKING, Any

from imgcost.errors import NoPriceError
from imgcost.figures import dollars, number, plural
from imgcost.prices import total_usd
from imgcost.tables import advice_on, limits_on, platforms, wordings_of
from imgcost.text.quotes import stale_notes
from imgcost.text.rendering import NO_IMAGES, Report, Table, as_json, visible

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import date

    from imgcost.preflight import Findings, TurnCost
    from imgcost.rules import Finding, Rule
    from imgcost.tables import Source

__all__ = ["as_github", "findings_json", "findings_report", "rule_report", "rules_report"]

LISTED = 40
"""How many errors, and how many places of one kind of warning, the text lists; the JSON lists all."""

SHOWN_PLACES = 3
"""How many places of one kind of warning the text names."""


def findings_report(findings: Findings, *, everything: bool = True) -> Report:
    """Show what a check has found: errors one by one, warnings by their rule.

    Args:
        findings: What was found; they are gone through a few times, and only what is shown is kept.
        everything: Whether the data is to have every finding and every image; `findings_json` needs neither.

    Returns:
        The report.
    """
    shown = _Shown(findings)
    tables = [] if findings.images or findings.pages or shown.errors else [NO_IMAGES]
    if shown.errors:
        tables += [_errors(shown), Table("What to do", ("rule", "advice"), list(shown.advice))]
    if shown.warnings:
        tables.append(_warnings(shown))
    if findings.turns:
        tables.append(_session(findings.turns))
    data = findings.to_dict(everything=everything)
    notes = [
        _summary(findings, data),
        *_session_notes(findings.turns),
        *(f"Cost unknown: {visible(one)}." for one in findings.unknown),
    ]
    notes += [f"Note: {visible(one)}." for one in findings.notes]
    if findings.input_usd is not None:
        notes += stale_notes(findings.as_of)
    if shown.errors > LISTED:
        notes.append(f"{plural(shown.errors - LISTED, 'more error')}: -f json lists them all.")
    if shown.errors or shown.warnings:
        notes.append("'imgcost rules RULE' explains each rule, in the API's own words where they are known.")
    return Report(data, tables, notes)


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
    return Table("Images of the session, by the turn that brought them", columns, rows)


def _session_notes(turns: Sequence[TurnCost]) -> Iterator[str]:
    if turns:
        usd = [turn.usd for turn in turns if turn.usd is not None]
        unknown = "" if len(usd) == len(turns) else f", and {plural(len(turns) - len(usd), 'turn')} unknown"
        cost = dollars(total_usd(usd))
        yield f"The images of the session have cost {cost} so far{unknown}, as far as its usage tells."


class _Shown:
    """What people are shown of findings: no more of them than fits a screen or two.

    Attributes:
        errors: How many.
        warnings: How many.
        first_errors: The first `LISTED`.
        advice: Rule and advice of each kind of error, once.
        of_rule: Warnings by rule: how many, and the first `SHOWN_PLACES`.
    """

    def __init__(self, findings: Iterable[Finding]) -> None:
        """Go through them once."""
        self.errors = self.warnings = 0
        self.first_errors: list[Finding] = []
        self.advice: dict[tuple[str, str], None] = {}
        counts: Counter[str] = Counter()
        places: dict[str, list[Finding]] = {}
        for one in findings:
            if one.severity == "error":
                self.errors += 1
                self.advice[one.rule, one.advice] = None
                if self.errors <= LISTED:
                    self.first_errors.append(one)
            else:
                self.warnings += 1
                counts[one.rule] += 1
                if counts[one.rule] <= SHOWN_PLACES:
                    places.setdefault(one.rule, []).append(one)
        self.of_rule = [(rule, count, places[rule]) for rule, count in counts.most_common()]


def findings_json(report: Report, findings: Findings) -> Iterator[str]:
    """Render a report with every finding and image as JSON, piece by piece: there may be millions.

    Args:
        report: The report of the findings, without them.
        findings: What was found.

    Yields:
        Parts of the text.
    """
    yield as_json(report).removesuffix("\n}")
    for name, items in (("findings", findings), ("images", findings.images)):
        yield f',\n  "{name}": ['
        separator = ""
        for item in items:
            yield separator + indent(f"\n{json.dumps(item.to_dict(), indent=2)}", "    ")
            separator = ","
        yield "\n  ]" if separator else "]"
    yield "\n}"


def as_github(findings: Findings) -> Iterator[str]:
    """Render findings as annotations of a GitHub workflow.

    Args:
        findings: What was found.

    Yields:
        A line for each, without its end; a notice where there are no images.
    """
    if not findings.images and not findings.pages and not any(one.severity == "error" for one in findings):
        yield f"::notice title=imgcost::{NO_IMAGES.title}"
    yield from map(_annotation, findings)


def rules_report(rules: Sequence[Rule]) -> Report:
    """List the rules."""
    rows = [(rule.name, rule.severity, _first_sentence(rule)) for rule in rules]
    notes = ["'imgcost rules RULE' explains one rule: limits by platform, the API's own words, what to do."]
    data = {"schema": "imgcost.rules/1", "rules": [_rule(rule) for rule in rules]}
    return Report(data, [Table("Rules", ("rule", "severity", "what it reports"), rows)], notes)


def rule_report(rule: Rule, day: date) -> Report:
    """Tell all about one rule: what it says and why, the limits that day, what the API answers, what to do."""
    tables = [Table(f"{rule.name}: {rule.severity}", ("", ""), _paragraphs(rule))]
    limits = _limits(rule, day)
    if limits:
        columns = ("platform", "limit", "value", "since", "source")
        tables.append(Table(f"Limits on {day}", columns, [(*row[:4], _named(row[4])) for row in limits]))
    says = wordings_of(rule.name)
    if says:
        rows = [(one.text, _named(one.sources)) for one in says]
        tables.append(Table("What the API answers", ("text", "seen in"), rows))
    data = {
        "schema": "imgcost.rule/1",
        "as_of": day.isoformat(),
        **_rule(rule),
        "limits": [
            {"platform": where, "limit": name, "value": value, "since": since, "sources": _urls(sources)}
            for where, name, value, since, sources in limits
        ],
    }
    return Report(data, tables)


def _errors(shown: _Shown) -> Table:
    rows = [(visible(one.place), one.rule, visible(one.message)) for one in shown.first_errors]
    return Table(plural(shown.errors, "error"), ("place", "rule", "what"), rows)


def _warnings(shown: _Shown) -> Table:
    rows = []
    for rule, count, first in shown.of_rule:
        rows += [(visible(one.place), rule, visible(one.message)) for one in first]
        if count > SHOWN_PLACES:
            rows.append((f"and {number(count - SHOWN_PLACES)} more", rule, ""))
    return Table(plural(shown.warnings, "warning"), ("place", "rule", "what"), rows)


def _summary(findings: Findings, data: Mapping[str, Any]) -> str:
    known = dollars(findings.measured_usd) if findings.measured_usd or not findings.unknown else ""
    part = f" ({known} of it known)" if known else ""
    cost = f", cost unknown{part}" if findings.unknown else f", {known}"
    if findings.upper_usd is not None and findings.upper_usd > findings.measured_usd:
        cost = f", {known} to {dollars(findings.upper_usd)}"
    rest = f"; {number(data['unmeasured'])} not measured" if data["unmeasured"] else ""
    verdict = plural(data["errors"], "error") if data["errors"] else "nothing would be rejected"
    measured = len(findings.images) - data["unmeasured"]
    images, tokens = plural(measured, "image"), plural(data["tokens"], "token")
    if findings.pages:
        images += f", {plural(findings.pages, 'page')} of PDF"
    return f"{images}, {tokens}{cost}{rest}: {verdict} on {findings.platform}, {findings.as_of}."


def _annotation(one: Finding) -> str:
    where = [f"title={_property(f'imgcost {one.rule}')}"]
    if one.file is not None:
        where.insert(0, f"file={_property(visible(one.file))}")
    if one.line is not None:
        where.insert(1, f"line={one.line}")
    place = "" if one.place == one.file else f"{visible(one.place)}: "
    return f"::{one.severity} {','.join(where)}::{_escaped(f'{place}{visible(one.message)}. {one.advice}')}"


def _escaped(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _escaped(text).replace(":", "%3A").replace(",", "%2C")


def _first_sentence(rule: Rule) -> str:
    return " ".join(rule.explanation.split("\n\n")[0].split())


def _paragraphs(rule: Rule) -> list[tuple[str, str]]:
    says = [" ".join(paragraph.split()) for paragraph in rule.explanation.split("\n\n")]
    return [("what it says" if place == 0 else "", text) for place, text in enumerate(says)] + [
        ("what to do", rule.advice)
    ]


def _limits(rule: Rule, day: date) -> list[tuple[str, str, str, str, tuple[Source, ...]]]:
    """The limits that a rule compares with, as they hold on each platform."""
    rows: list[tuple[str, str, str, str, tuple[Source, ...]]] = []
    for platform in platforms():
        try:
            limits = limits_on(platform, day)
        except NoPriceError:
            continue
        for name in rule.limits:
            statement = limits.statements.get(name)
            if statement:
                value = _value(getattr(limits, name))
                rows.append((platform, name, value, str(statement.first_day), statement.sources))
    advice = advice_on(day)
    for name in rule.limits:
        if name in advice.statements:
            told = advice.statements[name]
            rows.append(("the guide", name, _value(getattr(advice, name)), str(told.first_day), told.sources))
    return rows


def _value(value: Any) -> str:
    if isinstance(value, tuple):
        return ", ".join(value)
    return f"{value:,}" if type(value) is int else str(value)


def _rule(rule: Rule) -> dict[str, Any]:
    return {
        "rule": rule.name,
        "severity": rule.severity,
        "scope": rule.scope,
        "explanation": rule.explanation,
        "advice": rule.advice,
        "api_says": [{"text": one.text, "sources": _urls(one.sources)} for one in wordings_of(rule.name)],
    }


def _named(sources: tuple[Source, ...]) -> str:
    return "; ".join(f"{source.title} ({source.read})" for source in sources)


def _urls(sources: tuple[Source, ...]) -> list[dict[str, str]]:
    return [{"url": source.url, "read": source.read.isoformat()} for source in sources]
