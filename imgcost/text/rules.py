"""The reports of `imgcost rules`: all rules, those that predict an error message of the API, and one in detail."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from imgcost.errors import NoPriceError
from imgcost.tables import advice_on, limits_on, platforms, wordings_of
from imgcost.text.rendering import Report, Table, shortened, visible

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from imgcost.rules import Rule
    from imgcost.tables import Source

__all__ = ["rule_report", "rules_report"]


def rules_report(rules: Sequence[Rule], message: str | None = None) -> Report:
    """List rules.

    Args:
        rules: The rules.
        message: The error message of the API that they predict; None if all rules are listed.

    Returns:
        The report.
    """
    rows = [(rule.name, rule.severity, _first_sentence(rule)) for rule in rules]
    title = "Rules" if message is None else f"Rules that predict '{shortened(visible(message), 58)}'"
    notes = [
        "Run 'imgcost rules RULE' for its limits by platform, the API's error messages and what to do.",
        "Run 'imgcost rules MESSAGE' to find the rules that predict an error message of the API.",
    ]
    data = {
        "schema": "imgcost.rules/1",
        **({} if message is None else {"message": message.encode(errors="backslashreplace").decode()}),
        "rules": [_rule(rule) for rule in rules],
    }
    return Report(data, [Table(title, ("rule", "severity", "what it checks"), rows)], notes)


def rule_report(rule: Rule, day: date) -> Report:
    """Explain one rule: what it checks and why, the limits on a date, the API's error messages, what to do."""
    tables = [Table(f"{rule.name}: {rule.severity}", ("", ""), _paragraphs(rule))]
    limits = _limits(rule, day)
    if limits:
        columns = ("platform", "limit", "value", "since", "source")
        tables.append(Table(f"Limits on {day}", columns, [(*row[:4], _titles(row[4])) for row in limits]))
    messages = wordings_of(rule.name)
    if messages:
        rows = [(wording.text, _titles(wording.sources)) for wording in messages]
        tables.append(Table("Error messages of the API", ("text", "seen in"), rows))
    data = {
        "schema": "imgcost.rule/1",
        "as_of": day.isoformat(),
        **_rule(rule),
        "limits": [
            {"platform": platform, "limit": name, "value": value, "since": since, "sources": _urls(sources)}
            for platform, name, value, since, sources in limits
        ],
    }
    return Report(data, tables)


def _first_sentence(rule: Rule) -> str:
    return " ".join(rule.explanation.split("\n\n")[0].split())


def _paragraphs(rule: Rule) -> list[tuple[str, str]]:
    paragraphs = [" ".join(paragraph.split()) for paragraph in rule.explanation.split("\n\n")]
    return [("" if number else "what it checks", text) for number, text in enumerate(paragraphs)] + [
        ("what to do", rule.advice)
    ]


def _limits(rule: Rule, day: date) -> list[tuple[str, str, str, str, tuple[Source, ...]]]:
    """List the limits that a rule compares with, as they apply on each platform."""
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
            statement = advice.statements[name]
            value = _value(getattr(advice, name))
            rows.append(("the guide", name, value, str(statement.first_day), statement.sources))
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
        "api_says": [{"text": wording.text, "sources": _urls(wording.sources)} for wording in wordings_of(rule.name)],
    }


def _titles(sources: tuple[Source, ...]) -> str:
    return "; ".join(f"{source.title} ({source.read})" for source in sources)


def _urls(sources: tuple[Source, ...]) -> list[dict[str, str]]:
    return [{"url": source.url, "read": source.read.isoformat()} for source in sources]
