"""What the images of a session have cost so far: each is sent again with every call until the conversation drops it."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple

from imgcost.errors import ImgcostError
from imgcost.messages import Block
from imgcost.paths import escape_path
from imgcost.preflight.inputs import block_input
from imgcost.prices import cost_usd, total_usd
from imgcost.tables import resolve_model

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import date
    from decimal import Decimal

    from imgcost.preflight.costs import Costs
    from imgcost.preflight.locations import Locator
    from imgcost.prices import CacheUse
    from imgcost.quotes import Quote
    from imgcost.shapes import Call, History, SentImage

__all__ = ["TurnCost", "turn_costs"]


class TurnCost(NamedTuple):
    """What the images that came in with one turn of a session have cost so far.

    Attributes:
        location: The file, and the line of the first image of the turn.
        turn: The turn, counted from 1.
        images: How many images came in with it.
        kept: How many of them the next request sends again.
        sent: How many times they were sent, over all calls of the API.
        tokens: The visual tokens of all that, each image counted as often as it was sent.
        usd: What that cost at the price of each call, US dollars, exact; None where a model has no price, or an image
            cannot be measured. The price is that of the cache where the call's usage says that it had so many tokens.
    """

    location: str
    turn: int
    images: int
    kept: int
    sent: int
    tokens: int
    usd: Decimal | None

    def to_dict(self) -> dict[str, Any]:
        """Return an entry of what `imgcost check -f json` prints."""
        usd = None if self.usd is None else f"{self.usd:f}"
        return self._asdict() | {"location": escape_path(self.location), "usd": usd}


def turn_costs(history: History, locator: Locator, costs: Costs, day: date) -> tuple[TurnCost, ...]:
    """Add up what the images of each turn have cost so far.

    Args:
        history: What the session has sent.
        locator: Where the session is.
        costs: Finds the price of a model.
        day: The date whose prices apply.

    Returns:
        The turns that brought images, in their order.
    """
    quotes = {model: _quote(model, costs, day) for model in {call.model for call in history.calls}}
    turns: dict[int, list[SentImage]] = {}
    for image in history.images:
        if image.block.get("type") == "image":
            turns.setdefault(image.turn, []).append(image)
    return tuple(_turn_cost(turn, images, history.calls, quotes, locator) for turn, images in sorted(turns.items()))


def _turn_cost(
    turn: int,
    images: list[SentImage],
    calls: tuple[Call, ...],
    quotes: dict[str | None, Quote | None],
    locator: Locator,
) -> TurnCost:
    tokens = 0
    prices: list[Decimal | None] = []
    for image in images:
        size = _size(image.block)
        # A session sends an image a thousand times, and nearly always on the same terms.
        for (model, usage), times in Counter(_sendings(image, calls)).items():
            quote = quotes[model]
            if size is None or quote is None:
                prices.append(None)
                continue
            count = quote.tokens(*size)
            tokens += count * times
            rate = quote.standard.prompt(usage.use(count))
            prices.append(None if rate is None else cost_usd(count * times, rate))
    known = [price for price in prices if price is not None]
    usd = total_usd(known) if len(known) == len(prices) else None
    kept = sum(image.location is not None for image in images)
    location = locator.at(images[0].path)
    return TurnCost(location, turn, len(images), kept, sum(image.sent for image in images), tokens, usd)


def _quote(model: str | None, costs: Costs, day: date) -> Quote | None:
    try:
        return None if model is None else costs.quote(resolve_model(model, as_of=day))
    except ImgcostError:
        return None


def _size(block: Mapping[str, Any]) -> tuple[int, int] | None:
    """Measure an image, px; None where its bytes are not here or cannot be read."""
    source = block.get("source")
    data = source.get("data") if type(source) is dict else None
    if type(data) is not str:  # a transcript is JSON; what is not text is an object of the caller
        return None
    contents = block_input(Block("", "image", {"type": "base64", "data": data}, None, None)).contents
    return (contents.header.width, contents.header.height) if contents and contents.header else None


class _CacheUsage(NamedTuple):
    """What the cache did in a call, as far as it matters for an image."""

    read: int
    written: int
    write: CacheUse

    def use(self, tokens: int) -> CacheUse:
        """Say what the cache did with an image, if its usage allows: what was read was at the beginning."""
        if self.read >= tokens:
            return "read"
        return self.write if self.written >= tokens else "none"


def _sendings(image: SentImage, calls: tuple[Call, ...]) -> Iterator[tuple[str | None, _CacheUsage]]:
    for stretch in image.calls:
        for number in stretch:
            usage = calls[number].usage
            read = 0 if number == stretch.start else _counted(usage, "cache_read_input_tokens")
            detail = usage.get("cache_creation")
            hour = isinstance(detail, dict) and _counted(detail, "ephemeral_1h_input_tokens")
            written = _counted(usage, "cache_creation_input_tokens")
            yield calls[number].model, _CacheUsage(read, written, "write-1h" if hour else "write-5m")


def _counted(usage: Mapping[str, Any], key: str) -> int:
    value = usage.get(key)
    return value if isinstance(value, int) else 0
