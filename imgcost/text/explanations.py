"""The arithmetic of a plan, line by line, so that it can be checked by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from imgcost import geometry
from imgcost.figures import number, plural
from imgcost.prices import cost_usd, exact_usd
from imgcost.tables import cite, sources
from imgcost.text.rendering import Table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from imgcost.plans import ModelPlan
    from imgcost.prices import PriceKind

ASKED = "as asked"

THOUSAND = 1000


class Line(NamedTuple):
    """A step.

    Attributes:
        what: What is computed.
        arithmetic: How.
        result: What it comes to: tokens, or exact dollars.
        source: Where the numbers in it stand; empty where they stand in lines above.
    """

    what: str
    arithmetic: str
    result: str
    source: str = ""


def explanation(one: ModelPlan) -> Table:
    """Show the arithmetic of a plan as a table."""
    columns = ("what", "arithmetic", ">comes to", "source")
    return Table(f"The arithmetic of {one.model.id}", columns, list(explained(one)))


def explained(one: ModelPlan) -> Iterator[Line]:
    """Tell the arithmetic of a plan.

    Args:
        one: The plan.

    Yields:
        A line a step, each built from the numbers above it.
    """
    yield from _visual(one)
    yield from _prompt(one)
    yield from _cache(one)
    yield from _dollars(one)


def _visual(one: ModelPlan) -> Iterator[Line]:
    tier, formula, ledger = one.quote.tier, one.quote.formula, one.ledger
    limits = f"{tier.name} tier: {tier.edge_limit} px, {plural(tier.token_limit, 'token')}; {_vision()}"
    sums = []
    for (width, height), count in (one.intake.sizes or {}).items():
        tokens = geometry.image_tokens(width, height, tier, formula)
        across, down = geometry.resized_size(width, height, tier)
        seen = f"seen as {across}x{down}: "
        if formula == "patch":
            seen += f"{-(-across // geometry.PATCH)} x {-(-down // geometry.PATCH)} patches of {geometry.PATCH} px"
        else:
            seen += f"{across} x {down} / {geometry.PIXELS_PER_TOKEN}, rounded up"
        yield Line(f"an image of {width}x{height}", seen, number(tokens), limits)
        sums.append(f"{number(count)} x {number(tokens)}")
    every = " + ".join(sums) or f"the sum over {plural(one.images, 'image')}, each counted by the {formula} formula"
    yield Line("visual tokens", every, number(ledger.visual), "" if sums else limits)
    if one.scenario.turns > 1:
        again = "each image again on every later turn of its conversation"
        yield Line("visual tokens sent", again, number(ledger.carried_visual))


def _prompt(one: ModelPlan) -> Iterator[Line]:
    ledger, rules, overhead = one.ledger, one.rules, one.quote.overhead
    yield _limits(one)
    asked = "as many as fit" if rules.images_per_request is None else number(rules.images_per_request)
    each = f"{plural(one.images, 'image')}, {asked} in each: {number(ledger.most_images)} at most"
    yield Line("requests", each, number(one.requests), ASKED)
    parts = [ledger.carried_visual]
    for what, size, times, of, measured in (
        ("around images", rules.wrapping, ledger.carried, ("image sent", "images sent"), overhead.image),
        ("around messages", rules.framing, ledger.messages, ("message sent", "messages sent"), overhead.message),
        ("on top of requests", rules.extra, ledger.requests, ("request",), overhead.request),
        ("prompts", rules.prompt_tokens, ledger.requests, ("request",), None),
        ("answers sent again", rules.output_tokens, ledger.answers, ("answer",), None),
    ):
        if size * times:
            source = f"measured: {cite(measured.sources)}" if measured else ASKED
            yield Line(what, f"{number(size)} x {plural(times, *of)}", number(size * times), source)
            parts.append(size * times)
    yield Line("prompt tokens", " + ".join(map(number, parts)), number(sum(parts)))


def _limits(one: ModelPlan) -> Line:
    rules = one.rules
    said = []
    if rules.max_images is not None:
        said.append(plural(rules.max_images, "image"))
    if rules.many_images is not None and rules.many_images_edge is not None:
        said.append(f"{number(rules.many_images)} if an edge is over {rules.many_images_edge} px")
    if rules.request_bytes is not None:
        said.append(plural(rules.request_bytes, "byte"))
    said.append(f"{plural(rules.context_window, 'token')} with the answer")
    if rules.threshold is not None:
        said.append(f"the long-context price above {plural(rules.threshold, 'prompt token')}")
    return Line("limits of a request", "; ".join(said), "", "; ".join(dict.fromkeys(dict(rules.sources).values())))


def _cache(one: ModelPlan) -> Iterator[Line]:
    if not one.cached:
        return
    tokens, least = one.tokens, one.model.min_cacheable_tokens or 0
    source = f"{plural(least, 'token')} at least: {cite(one.model.sources[-1:])}"
    written = tokens.cache_write_5m + tokens.cache_write_1h
    if one.scenario.turns == 1:
        prompt = number(one.scenario.prompt_tokens)
        writes, reads = f"{prompt} x 1, the first request", f"{prompt} x {number(one.requests - 1)}, every later one"
    else:
        writes, reads = "what is new in each turn that another follows", "what the turn before it had as its prompt"
    yield Line("written to the cache", writes, number(written), source)
    yield Line("read from the cache", reads, number(tokens.cache_read))
    rest = f"{number(tokens.prompt)} - {number(written)} - {number(tokens.cache_read)}"
    yield Line("input tokens", rest, number(tokens.input))


def _dollars(one: ModelPlan) -> Iterator[Line]:
    tokens = one.tokens
    if tokens.output:
        each = f"{number(one.scenario.output_tokens)} x {plural(one.requests, 'request')}"
        yield Line("output tokens", each, number(tokens.output), ASKED)
    costs = []
    for kind, split in one.ledger.splits(cached=one.cached).items():
        for name, count in split.counts(one.ttl)._asdict().items():
            if count:
                line, usd = _class(one, kind, name, count)
                yield line
                costs.append(usd)
    yield Line("together", " + ".join(costs) or "nothing", exact_usd(one.usd.total))
    if one.retries_usd:
        rate = f"{one.scenario.retry_rate:f} x {exact_usd(one.usd.total)}"
        yield Line("retries", rate, exact_usd(one.retries_usd), ASKED)
        yield Line("total", f"{exact_usd(one.usd.total)} + {exact_usd(one.retries_usd)}", exact_usd(one.total_usd))
    if one.usd_per_thousand_images is not None:
        each = f"{exact_usd(one.total_usd)} x 1000 / {number(one.images)}"
        yield Line("a thousand images", each, exact_usd(one.usd_per_thousand_images))


def _class(one: ModelPlan, kind: PriceKind, name: str, count: int) -> tuple[Line, str]:
    """A class of tokens priced: the published rate, every factor on it, and the product."""
    place = int(kind == "long-context")
    quote, row = one.quote, one.quote.prices[place]
    published, rate = getattr(row.rates, name), getattr((quote.standard, quote.long_context)[place], name)
    product = "".join(f" x {factor.factor.normalize():f} ({factor.name})" for factor in quote.factors)
    said = [cite(row.sources), *(cite(factor.sources) for factor in quote.factors)]
    usd = exact_usd(cost_usd(count, rate))
    arithmetic = f"{number(count)} x {exact_usd(published)}{product} / 1,000,000"
    label = name.replace("_", " ") + (" at the long-context price" if kind == "long-context" else "")
    return Line(label, arithmetic, usd, "; ".join(dict.fromkeys(said))), usd


def _vision() -> str:
    """The newest reading of the page that has the rule and the tiers."""
    page = "https://platform.claude.com/docs/en/build-with-claude/vision"
    return cite([source for source in sources() if source.url == page][-1:])
