"""What the API rejects, changes or does worse with: one small function per rule.

No rule has a number of its own. Limits come from `published/limits.toml`, by platform and day.
"""

from __future__ import annotations

from difflib import get_close_matches
from functools import cache
from typing import get_args

from imgcost.errors import ImgcostError
from imgcost.rules import advice, conversations, documents, images, requests  # noqa: F401 - importing a room registers its rules
from imgcost.rules.rule import (
    BatchInput,
    CheckContext,
    CostInput,
    DocumentInput,
    Finding,
    ImageInput,
    RequestInput,
    Rule,
    Scope,
    Severity,
    TextInput,
    all_rules,
)

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
    "find_rule",
    "rules",
    "rules_of",
]


def rules() -> tuple[Rule, ...]:
    """List all rules: errors first; those on single images before those on requests and batches.

    Example:
        >>> rules()[0].name, rules()[-1].severity
        ('base64', 'warning')
    """
    return _RULES


@cache
def rules_of(scope: Scope) -> tuple[Rule, ...]:
    """List the rules of a scope.

    Args:
        scope: What is to be asked about.

    Returns:
        Them, in the order in which they are asked.

    Example:
        >>> [rule.name for rule in rules_of("bill")]
        ['budget']
    """
    return tuple(rule for rule in rules() if rule.scope == scope)


def find_rule(name: str) -> Rule:
    """Find a rule by its name.

    Args:
        name: Such as `image-bytes`; capital letters and underscores are understood.

    Returns:
        The rule.

    Raises:
        ImgcostError: There is none of this name; the nearest is suggested.

    Example:
        >>> find_rule("image_bytes").severity
        'error'
    """
    wanted = name.strip().lower().replace("_", "-")
    named = {rule.name: rule for rule in rules()}
    if wanted not in named:
        near = get_close_matches(wanted, named, n=1)
        hint = f"did you mean {near[0]}?" if near else "no known name is near it"
        raise ImgcostError(f"unknown rule {name!r}: {hint} ('imgcost rules' lists every rule)")
    return named[wanted]


_RULES = tuple(sorted(all_rules(), key=lambda rule: (rule.severity, get_args(Scope).index(rule.scope))))
