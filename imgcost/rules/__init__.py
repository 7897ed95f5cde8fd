"""Rules for what the API rejects, changes or handles badly: one function per rule.

Rules contain no numbers: limits come from `published/limits.toml`, by platform and date.
"""

from __future__ import annotations

from difflib import get_close_matches
from functools import cache
from typing import get_args

from imgcost.errors import ImgcostError
from imgcost.rules import advice, conversations, documents, images, requests  # noqa: F401 - importing a module registers its rules
from imgcost.rules.inputs import BatchInput, CheckContext, CostInput, DocumentInput, ImageInput, RequestInput, TextInput
from imgcost.rules.rule import Finding, Rule, Scope, Severity, all_rules, breaches_of

__all__ = [
    "BatchInput",
    "CheckContext",
    "CostInput",
    "DocumentInput",
    "Finding",
    "ImageInput",
    "RequestInput",
    "Rule",
    "Scope",
    "Severity",
    "TextInput",
    "breaches_of",
    "find_rule",
    "rules",
    "rules_of",
]


def rules() -> tuple[Rule, ...]:
    """List all rules: errors first, and rules for images before rules for requests and batches.

    Example:
        >>> rules()[0].name, rules()[-1].severity
        ('base64', 'warning')
    """
    return _RULES


@cache
def rules_of(scope: Scope) -> tuple[Rule, ...]:
    """List the rules of a scope.

    Args:
        scope: What the rules check.

    Returns:
        The rules, in the order in which they run.

    Example:
        >>> [rule.name for rule in rules_of("bill")]
        ['budget']
    """
    return tuple(rule for rule in rules() if rule.scope == scope)


def find_rule(name: str) -> Rule:
    """Find a rule by its name.

    Args:
        name: The name, such as `image-bytes`; uppercase letters and underscores are accepted.

    Returns:
        The rule.

    Raises:
        ImgcostError: No rule has this name; the message suggests the closest one.

    Example:
        >>> find_rule("image_bytes").severity
        'error'
    """
    wanted = name.strip().lower().replace("_", "-")
    by_name = {rule.name: rule for rule in rules()}
    if wanted not in by_name:
        closest = get_close_matches(wanted, by_name, n=1)
        hint = f": did you mean {closest[0]}?" if closest else "."
        raise ImgcostError(f"unknown rule {name!r}{hint} Run 'imgcost rules' to list all rules")
    return by_name[wanted]


_RULES = tuple(sorted(all_rules(), key=lambda rule: (rule.severity, get_args(Scope).index(rule.scope))))
