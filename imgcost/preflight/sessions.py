"""What the images of a session have cost so far: each is sent again with every call until the conversation drops it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from imgcost.errors import ImgcostError
from imgcost.messages import Block
from imgcost.paths import escape_path
from imgcost.preflight.seeing import see_block
from imgcost.prices import cost_usd, total_usd
from imgcost.tables import resolve_model

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date
    from decimal import Decimal

    from imgcost.preflight.costs import Costs
    from imgcost.preflight.locations import Locator
    from imgcost.prices import Cache
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
        usd: What that cost at the price of each call, US dollars, exact: as cached where the usage of the call says that
            so many tokens were; None where a model has no price, or an image cannot be measured.
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
    quotes = [_quote(call, costs, day) for call in history.calls]
    turns: dict[int, list[SentImage]] = {}
    for image in history.images:
        if image.block.get("type") == "image":
            turns.setdefault(image.turn, []).append(image)
    return tuple(_turn_cost(turn, images, history.calls, quotes, locator) for turn, images in sorted(turns.items()))


def _turn_cost(
    turn: int, images: list[SentImage], calls: tuple[Call, ...], quotes: list[Quote | None], locator: Locator
) -> TurnCost:
    tokens = 0
    prices: list[Decimal | None] = []
    for image in images:
        size = _size(image.block)
        for number in (number for stretch in image.calls for number in stretch):
            quote = quotes[number]
            if size is None or quote is None:
                prices.append(None)
                continue
            count = quote.tokens(*size)
            tokens += count
            first = any(number == stretch.start for stretch in image.calls)
            rate = quote.standard.prompt(_cache_use(calls[number].usage, count, first=first))
            prices.append(None if rate is None else cost_usd(count, rate))
    known = [price for price in prices if price is not None]
    usd = total_usd(known) if len(known) == len(prices) else None
    kept = sum(image.location is not None for image in images)
    location = locator.at(images[0].path)
    return TurnCost(location, turn, len(images), kept, sum(image.sent for image in images), tokens, usd)


def _quote(call: Call, costs: Costs, day: date) -> Quote | None:
    try:
        return None if call.model is None else costs.quote(resolve_model(call.model, as_of=day))
    except ImgcostError:
        return None


def _size(block: Mapping[str, Any]) -> tuple[int, int] | None:
    """Measure an image, px; None where its bytes are not here or cannot be read."""
    source = block.get("source")
    if not isinstance(source, dict):
        return None
    contents = see_block(Block("", "image", source, None, None)).contents
    return (contents.header.width, contents.header.height) if contents and contents.header else None


def _cache_use(usage: Mapping[str, Any], tokens: int, *, first: bool) -> Cache:
    """Say what the cache did with an image, as far as the usage of a call tells: reads come first, so it was in them."""
    if not first and _counted(usage, "cache_read_input_tokens") >= tokens:
        return "read"
    if _counted(usage, "cache_creation_input_tokens") < tokens:
        return "none"
    detail = usage.get("cache_creation")
    return "write-1h" if isinstance(detail, dict) and _counted(detail, "ephemeral_1h_input_tokens") else "write-5m"


def _counted(usage: Mapping[str, Any], key: str) -> int:
    value = usage.get(key)
    return value if isinstance(value, int) else 0
