"""The arithmetic of an estimate or a plan, step by step, so that it can be checked by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from imgcost import geometry
from imgcost.figures import dollars, number, plural
from imgcost.prices import cost_usd, exact_usd
from imgcost.tables import cite, sources
from imgcost.text.rendering import Table

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from imgcost.estimates import Estimate
    from imgcost.geometry import Formula, Tier
    from imgcost.plans import ModelPlan
    from imgcost.prices import PriceKind
    from imgcost.quoting import Quote
    from imgcost.tables import Model

AS_SPECIFIED = "as specified"

THOUSAND = 1000


class ExplanationLine(NamedTuple):
    """A step of the calculation.

    Attributes:
        what: What is computed.
        arithmetic: How it is computed.
        result: Tokens, or exact dollars.
        source: Sources of the numbers; empty if all of them come from earlier steps.
    """

    what: str
    arithmetic: str
    result: str
    source: str = ""


def steps_tables(model: Model, steps: Sequence[ExplanationLine]) -> list[Table]:
    """Return the arithmetic of a model as a table, and the sources to which its numbers refer."""
    numbers = {AS_SPECIFIED: AS_SPECIFIED, "": ""}
    for step in steps:
        numbers.setdefault(step.source, f"[{len(numbers) - 1}]")
    rows = [step._replace(source=numbers[step.source]) for step in steps]
    cited = [(number, source) for source, number in numbers.items() if number not in {AS_SPECIFIED, ""}]
    return [
        Table(f"Arithmetic of {model.id}", ("what", "arithmetic", ">result", "source"), rows),
        Table("Sources of the arithmetic", ("", ""), cited),
    ]


def estimate_steps(estimate: Estimate) -> Iterator[ExplanationLine]:
    """Explain the arithmetic of an estimate.

    Args:
        estimate: The estimate.

    Yields:
        Steps: tokens by both formulas, then dollars.
    """
    quote, size = estimate.quote, (estimate.width, estimate.height)
    yield _image(quote.tier, quote.formula, *size)
    other = f"for comparison: {estimate.other_formula} formula"
    yield _image(quote.tier, estimate.other_formula, *size)._replace(what=other)
    cache = quote.conditions.cache
    for name in ("input",) if cache == "none" else (f"cache_write_{cache}", "cache_read"):
        yield _class(quote, "standard", name, estimate.tokens)[0]


def plan_steps(plan: ModelPlan) -> Iterator[ExplanationLine]:
    """Explain the arithmetic of a plan.

    Args:
        plan: The plan.

    Yields:
        Steps, each based on the numbers of earlier ones.
    """
    yield from _visual(plan)
    yield from _prompt(plan)
    yield from _cache(plan)
    yield from _dollars(plan)


def _visual(plan: ModelPlan) -> Iterator[ExplanationLine]:
    tier, formula, totals = plan.quote.tier, plan.quote.formula, plan.totals
    sums = []
    for (width, height), count in (plan.job_images.sizes or {}).items():
        image = _image(tier, formula, width, height)
        yield image
        sums.append(f"{number(count)} x {image.result}")
    arithmetic = (
        " + ".join(sums) or f"the sum over {plural(plan.images, 'image')}, each counted by the {formula} formula"
    )
    yield ExplanationLine("visual tokens", arithmetic, number(totals.visual), "" if sums else _limits_of(tier, formula))
    if plan.scenario.turns > 1:
        arithmetic = "each image is re-sent on every later turn of its conversation"
        if len(sums) == 1:
            arithmetic = f"{image.result} x {plural(totals.carried, 'image', 'images')} sent: {arithmetic}"
        yield ExplanationLine("visual tokens sent", arithmetic, number(totals.carried_visual))


def _image(tier: Tier, formula: Formula, width: int, height: int) -> ExplanationLine:
    """Count the visual tokens of an image."""
    across, down = geometry.resized_size(width, height, tier)
    steps = "" if (across, down) == (width, height) else f"resized to {across}x{down}: "
    if formula == "patch":
        steps += f"{-(-across // geometry.PATCH)} x {-(-down // geometry.PATCH)} patches of {geometry.PATCH} px"
    else:
        steps += f"{number(across)} x {number(down)} / {geometry.PIXELS_PER_TOKEN}, rounded up"
    tokens = geometry.image_tokens(width, height, tier, formula)
    return ExplanationLine(f"image of {width}x{height}", steps, number(tokens), _limits_of(tier, formula))


def _limits_of(tier: Tier, formula: Formula) -> str:
    limits = f"{tier.name} tier: {number(tier.edge_limit)} px, {plural(tier.token_limit, 'token')}; {_vision()}"
    return limits if formula == "patch" else f"{limits}; area formula: {_guide()}"


def _prompt(plan: ModelPlan) -> Iterator[ExplanationLine]:
    totals, rules, overhead = plan.totals, plan.rules, plan.quote.overhead
    yield _limits(plan)
    per_request = (
        f"up to {number(totals.max_new_images)}"
        if rules.images_per_request is None
        else number(rules.images_per_request)
    )
    packing = f"{plural(plan.images, 'image')}, {per_request} per request"
    yield ExplanationLine("requests", packing, number(plan.requests), AS_SPECIFIED)
    parts = [totals.carried_visual]
    for what, size, times, of, measured in (
        ("overhead per image", rules.image_overhead, totals.carried, ("image sent", "images sent"), overhead.image),
        (
            "overhead per message",
            rules.message_overhead,
            totals.messages,
            ("message sent", "messages sent"),
            overhead.message,
        ),
        ("overhead per request", rules.request_overhead, totals.requests, ("request",), overhead.request),
        ("prompts", rules.prompt_tokens, totals.requests, ("request",), None),
        ("re-sent answers", rules.output_tokens, totals.answers, ("answer",), None),
    ):
        if size * times:
            source = f"measured: {cite(measured.sources)}" if measured else AS_SPECIFIED
            yield ExplanationLine(what, f"{number(size)} x {plural(times, *of)}", number(size * times), source)
            parts.append(size * times)
    yield ExplanationLine(
        "input with cache" if plan.cached else "input tokens", " + ".join(map(number, parts)), number(sum(parts))
    )


def _limits(plan: ModelPlan) -> ExplanationLine:
    rules = plan.rules
    limits = []
    if rules.max_images is not None:
        limits.append(plural(rules.max_images, "image"))
    if rules.many_images is not None and rules.many_images_edge is not None:
        limits.append(f"{number(rules.many_images)} if an edge is over {number(rules.many_images_edge)} px")
    if rules.request_bytes is not None:
        limits.append(plural(rules.request_bytes, "byte"))
    limits.append(f"{plural(rules.context_window, 'token')} with the answer")
    if rules.threshold is not None:
        limits.append(f"the long-context price above {plural(rules.threshold, 'input token')}")
    return ExplanationLine(
        "limits of a request", "; ".join(limits), "", "; ".join(dict.fromkeys(dict(rules.sources).values()))
    )


def _cache(plan: ModelPlan) -> Iterator[ExplanationLine]:
    if not plan.cached:
        return
    tokens, minimum = plan.tokens, plan.model.min_cacheable_tokens or 0
    source = f"minimum {plural(minimum, 'token')}: {cite(plan.model.sources[-1:])}"
    written = tokens.cache_write_5m + tokens.cache_write_1h
    if plan.scenario.turns == 1:
        prompt = number(plan.scenario.prompt_tokens)
        writes = f"{prompt} x 1, the first request"
        reads = f"{prompt} x {number(plan.requests - 1)}, every later request"
    else:
        writes, reads = "new tokens of every turn but the last", "the prompt of the previous turn"
    yield ExplanationLine("written to the cache", writes, number(written), source)
    yield ExplanationLine("read from the cache", reads, number(tokens.cache_read))
    uncached = f"{number(tokens.prompt)} - {number(written)} - {number(tokens.cache_read)}"
    yield ExplanationLine("input tokens", uncached, number(tokens.input))


def _dollars(plan: ModelPlan) -> Iterator[ExplanationLine]:
    tokens = plan.tokens
    if tokens.output:
        answers = f"{number(plan.scenario.output_tokens)} x {plural(plan.requests, 'request')}"
        yield ExplanationLine("output tokens", answers, number(tokens.output), AS_SPECIFIED)
    costs = []
    for kind, split in plan.totals.splits(cached=plan.cached).items():
        for name, count in split.counts(plan.ttl)._asdict().items():
            if count:
                line, usd = _class(plan.quote, kind, name, count)
                yield line
                costs.append(usd)
    yield ExplanationLine(
        "total without retries" if plan.retries_usd else "total",
        " + ".join(costs) or "nothing",
        exact_usd(plan.usd.total),
    )
    if plan.retries_usd:
        rate = f"{plan.scenario.retry_rate:f} x {exact_usd(plan.usd.total)}"
        yield ExplanationLine("retries", rate, exact_usd(plan.retries_usd), AS_SPECIFIED)
        yield ExplanationLine(
            "total", f"{exact_usd(plan.usd.total)} + {exact_usd(plan.retries_usd)}", exact_usd(plan.total_usd)
        )
    if plan.usd_per_thousand_images is not None:
        quotient = f"{exact_usd(plan.total_usd)} x 1,000 / {number(plan.images)}"
        yield ExplanationLine("per 1,000 images", quotient, dollars(plan.usd_per_thousand_images))


def _class(quote: Quote, kind: PriceKind, name: str, count: int) -> tuple[ExplanationLine, str]:
    """Price a token class: the published rate, its multipliers, and the product."""
    index = int(kind == "long-context")
    row = quote.prices[index]
    published, rate = getattr(row.rates, name), getattr((quote.standard, quote.long_context)[index], name)
    product = "".join(f" x {factor.factor.normalize():f} ({factor.name})" for factor in quote.factors)
    citations = [cite(row.sources), *(cite(factor.sources) for factor in quote.factors)]
    usd = exact_usd(cost_usd(count, rate))
    arithmetic = f"{number(count)} x {exact_usd(published)}{product} / 1,000,000"
    label = name.replace("_", " ") + (" at the long-context price" if kind == "long-context" else "")
    return ExplanationLine(label, arithmetic, usd, "; ".join(dict.fromkeys(citations))), usd


def _vision() -> str:
    """Cite the newest version of the page that documents the formula and the tiers."""
    return _newest("https://platform.claude.com/docs/en/build-with-claude/vision")


def _guide() -> str:
    """Cite the guide that documents the area formula."""
    return _newest("https://docs.anthropic.com/claude/docs/vision")


def _newest(url: str) -> str:
    return cite([source for source in sources() if source.url == url][-1:])
