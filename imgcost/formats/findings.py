"""The reports of `imgcost check` and `imgcost rules`."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from imgcost.errors import NoPriceError
from imgcost.formats.rendering import Report, Table, dollars, number, plural, visible
from imgcost.tables import advice_on, limits_on, platforms, wordings_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from imgcost.preflight import Findings
    from imgcost.rules import Finding, Rule
    from imgcost.tables import Source

__all__ = ["as_github", "findings_report", "rule_report", "rules_report"]

LISTED = 40
"""How many errors, and how many places of one kind of warning, the text lists; the JSON lists all."""

SHOWN_PLACES = 3
"""How many places of one kind of warning the text names."""


def findings_report(findings: Findings, *, everything: bool = True) -> Report:
    """Show what a check has found: errors one by one, warnings by their rule.

    Args:
        findings: What was found.
        everything: Whether the JSON is to have every finding and every image; text does not ask for them, and a folder
            may have millions.

    Returns:
        The report.
    """
    errors, warnings = findings.errors, findings.warnings
    tables = []
    if errors:
        tables += [_errors(errors), _advice(errors)]
    if warnings:
        tables.append(_warnings(warnings))
    notes = [_summary(findings), *(f"Cost unknown: {visible(one)}." for one in findings.unknown)]
    notes += [f"Price: {visible(one)}." for one in findings.notes]
    if len(errors) > LISTED:
        notes.append(f"{number(len(errors) - LISTED)} more errors: -f json lists them all.")
    if errors or warnings:
        notes.append("'imgcost rules RULE' explains each rule, in the API's own words where they are known.")
    return Report(findings.to_dict(everything=everything), tables, notes)


def as_github(findings: Findings) -> str:
    """Render findings as annotations of a GitHub workflow, a line each.

    Args:
        findings: What was found.

    Returns:
        The lines; empty where nothing was found.
    """
    return "\n".join(map(_annotation, findings))


def rules_report(rules: Sequence[Rule]) -> Report:
    """List the rules."""
    rows = [(rule.name, rule.severity, _first_sentence(rule)) for rule in rules]
    notes = ["'imgcost rules RULE' tells all about one: limits by platform, the API's own words, what to do."]
    data = {"schema": "imgcost.rules/1", "rules": [_rule(rule) for rule in rules]}
    return Report(data, [Table("Rules", ("rule", "severity", "what it says"), rows)], notes)


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


def _errors(errors: Sequence[Finding]) -> Table:
    rows = [(visible(one.place), one.rule, visible(one.message)) for one in errors[:LISTED]]
    return Table(plural(len(errors), "error"), ("place", "rule", "what"), rows)


def _advice(errors: Sequence[Finding]) -> Table:
    rows = dict.fromkeys((one.rule, one.advice) for one in errors)
    return Table("What to do", ("rule", "advice"), list(rows))


def _warnings(warnings: Sequence[Finding]) -> Table:
    counts = Counter(one.rule for one in warnings)
    rows = []
    for rule, count in counts.most_common():
        of_rule = [one for one in warnings if one.rule == rule]
        rows += [(visible(one.place), rule, visible(one.message)) for one in of_rule[:SHOWN_PLACES]]
        if count > SHOWN_PLACES:
            rows.append((f"and {number(count - SHOWN_PLACES)} more", rule, ""))
    return Table(plural(len(warnings), "warning"), ("place", "rule", "what"), rows)


def _summary(findings: Findings) -> str:
    known = dollars(findings.measured_usd) if findings.measured_usd or not findings.unknown else ""
    part = f" ({known} of it known)" if known else ""
    cost = f", cost unknown{part}" if findings.unknown else f", {known}"
    rest = f"; {number(findings.unmeasured)} not measured" if findings.unmeasured else ""
    verdict = "nothing would be rejected" if findings.ok else _errors(findings.errors).title
    images = plural(len(findings.images), "image")
    return (
        f"{images}, {number(findings.tokens)} tokens{cost}{rest}: {verdict} on {findings.platform}, {findings.as_of}."
    )


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
