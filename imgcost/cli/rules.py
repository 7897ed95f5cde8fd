"""`imgcost rules`: list the rules, explain one, or find those that predict an error message of the API."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from imgcost.cli.options import DATE, echo, format_option
from imgcost.errors import ImgcostError, short_repr
from imgcost.rules import find_rule, rules
from imgcost.tables import match_wordings, today
from imgcost.text.rules import rule_report, rules_report

if TYPE_CHECKING:
    from datetime import date

    from imgcost.rules import Rule

__all__ = ["command"]


@click.command("rules", short_help="List the rules of 'imgcost check', or explain one.")
@click.argument("words", nargs=-1, metavar="[RULE|MESSAGE]")
@click.option("--as-of", type=DATE, help="Show the limits of this date.  [default: today]")
@format_option
def command(words: tuple[str, ...], as_of: date | None, style: str) -> None:
    """List the rules of 'imgcost check'.

    With RULE, explain one: why it matters, an example, the fix, its limits by platform, and the API's error messages.
    With MESSAGE, an error message of the API or a part of it, find the rules that predict it; numbers and quoted
    names in it need not match.

    \b
    Examples:
      imgcost rules
      imgcost rules many-images-edge
      imgcost rules image-bytes --as-of 2025-06-01
      imgcost rules "Could not process image"
    """
    text = " ".join(words)
    predicting = _find_rules(text) if words else rules()
    if len(predicting) == 1:
        echo(rule_report(predicting[0], as_of or today()), style)
    else:
        echo(rules_report(predicting, text or None), style)


def _find_rules(text: str) -> tuple[Rule, ...]:
    """Find the rule of this name, or those that predict this error message.

    Raises:
        ImgcostError: There is none.
    """
    try:
        return (find_rule(text),)
    except ImgcostError:
        messages = match_wordings(text)
        names = {wording.rule for wording in messages}
        if predicting := tuple(rule for rule in rules() if rule.name in names):
            return predicting
        if messages:
            raise ImgcostError(f"no rule predicts this error message of the API yet: {messages[0].text!r}") from None
        if len(text.split()) < 2:
            raise
    raise ImgcostError(
        f"no rule predicts the error message {short_repr(text)}: try a part of it, without names and numbers, or run "
        "'imgcost rules' to list every rule"
    )
