"""The reports of `imgcost rules`: all rules, those that predict an error message of the API, and one in detail."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from imgcost.tables import advice_on, known_limits, platforms, wordings_of
from imgcost.text.limits import limit_in_words, limit_since
from imgcost.text.rendering import Report, Table, shortened, visible

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from imgcost.rules import Rule
    from imgcost.tables import Advice, Limits, Source

__all__ = ["rule_report", "rules_report"]


def rules_report(rules: Sequence[Rule], message: str | None = None) -> Report:
    """List rules.

    Args:
        rules: The rules.
        message: The error message of the API that they predict; None if all rules are listed.

    Returns:
        The report.
    """
    rows = [(rule.name, rule.severity, rule.summary) for rule in rules]
    title = "Rules" if message is None else f"Rules that predict '{shortened(visible(message), 58)}'"
    notes = [
        "Run 'imgcost rules RULE' for an example, the fix, limits and error messages.",
        "Run 'imgcost rules MESSAGE' to find the rules for an error message of the API.",
    ]
    data = {
        "schema": "imgcost.rules/2",
        **({} if message is None else {"message": message.encode(errors="backslashreplace").decode()}),
        "rules": [_rule(rule) for rule in rules],
    }
    return Report(data, [Table(title, ("rule", "severity", "checks for"), rows)], notes)


def rule_report(rule: Rule, day: date) -> Report:
    """Explain one rule: its text, the limits on a date with their sources, and the API's error messages."""
    text = [
        ("checks for", rule.summary),
        ("why", rule.why),
        ("example", rule.example.input),
        ("message", rule.example.message),
        ("fix", f"{rule.fix} 'imgcost fit' can fix it." if rule.fixable else rule.fix),
    ]
    tables = [Table(f"{rule.name}: {rule.severity}", ("", ""), text)]
    limits = _limits(rule, day)
    if limits:
        tables.append(Table(f"Limits on {day}", ("platform", "limit", "since"), _phrases(rule, day)))
    messages = wordings_of(rule.name)
    if messages:
        tables.append(Table("Error messages of the API", ("",), [(wording.text,) for wording in messages]))
    source_lists = [*(row[-1] for row in limits), *(wording.sources for wording in messages)]
    if source_lists:
        titles = dict.fromkeys((str(source.read), source.title) for sources in source_lists for source in sources)
        tables.append(Table("Sources", ("read", "title"), list(titles)))
    data = {
        "schema": "imgcost.rule/2",
        "as_of": day.isoformat(),
        **_rule(rule),
        "limits": [
            {"platform": platform, "limit": name, "value": value, "since": since, "sources": _urls(sources)}
            for platform, name, value, since, sources in limits
        ],
    }
    return Report(data, tables)


def _limits(rule: Rule, day: date) -> list[tuple[str, str, Any, str, tuple[Source, ...]]]:
    """List the limits that a rule compares with, as they apply on each platform."""
    rows: list[tuple[str, str, Any, str, tuple[Source, ...]]] = []
    for where, limits in _published_on(day):
        for name in rule.limits:
            statement = limits.statements.get(name)
            if statement:
                rows.append((where, name, getattr(limits, name), str(statement.first_day), statement.sources))
    return rows


def _phrases(rule: Rule, day: date) -> list[tuple[str, str, str]]:
    """Write the same limits in words, with the date since which they apply."""
    return [
        (where, phrase, str(limit_since(limits, name)))
        for where, limits in _published_on(day)
        for name in rule.limits
        if name in limits.statements and (phrase := limit_in_words(limits, name))
    ]


def _published_on(day: date) -> list[tuple[str, Limits | Advice]]:
    """Return the limits of each platform, and the advice of the vision guide."""
    published = ((platform, known_limits(platform, day)) for platform in platforms())
    return [*published, ("the guide", advice_on(day))]


def _rule(rule: Rule) -> dict[str, Any]:
    return {
        "rule": rule.name,
        "severity": rule.severity,
        "scope": rule.scope,
        "summary": rule.summary,
        "why": rule.why,
        "example": rule.example._asdict(),
        "fix": rule.fix,
        "fixable": rule.fixable,
        "api_says": [{"text": wording.text, "sources": _urls(wording.sources)} for wording in wordings_of(rule.name)],
    }


def _urls(sources: tuple[Source, ...]) -> list[dict[str, str]]:
    return [{"url": source.url, "read": source.read.isoformat()} for source in sources]
