"""Add up the cost of the images of a session: each is sent with every call until the conversation drops it."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple

from imgcost.errors import ImgcostError
from imgcost.paths import escape_path
from imgcost.payloads import read_payload
from imgcost.prices import cost_usd, total_usd
from imgcost.tables import resolve_model

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import date
    from decimal import Decimal

    from imgcost.preflight.costs import Costs
    from imgcost.preflight.locations import Locator
    from imgcost.prices import CacheUse
    from imgcost.quoting import Quote
    from imgcost.shapes import Call, History, SentImage

__all__ = ["TurnCost", "turn_costs"]


class TurnCost(NamedTuple):
    """The cost so far of the images that one turn added to a session.

    Attributes:
        location: The file, and the line of the first image of the turn.
        turn: The turn, counted from 1.
        images: Number of images that it added.
        kept: How many of them the next request sends again.
        sent: How many times they were sent, in all API calls together.
        tokens: Visual tokens, counted each time that an image was sent.
        usd: Cost at the price of each call, US dollars, exact; None if a model has no price, or an image cannot be
            measured. The cache price applies if the usage of the call has enough cached tokens.
    """

    location: str
    turn: int
    images: int
    kept: int
    sent: int
    tokens: int
    usd: Decimal | None

    def to_dict(self) -> dict[str, Any]:
        """Return an item of what `imgcost check -f json` prints."""
        usd = None if self.usd is None else f"{self.usd:f}"
        return self._asdict() | {"location": escape_path(self.location), "usd": usd}


def turn_costs(history: History, locator: Locator, costs: Costs, day: date) -> tuple[TurnCost, ...]:
    """Add up the cost of the images of each turn.

    Args:
        history: The images and calls of the session.
        locator: The location of the session.
        costs: Provides the prices of models.
        day: The date whose prices apply.

    Returns:
        The turns with images, in order.
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
        # A session may send an image a thousand times, nearly always with the same model and cache use.
        for (model, usage), times in Counter(_cache_usages(image, calls)).items():
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
    location = locator.of_path(images[0].path)
    return TurnCost(location, turn, len(images), kept, sum(image.sent for image in images), tokens, usd)


def _quote(model: str | None, costs: Costs, day: date) -> Quote | None:
    try:
        return None if model is None else costs.quote(resolve_model(model, as_of=day))
    except ImgcostError:
        return None


def _size(block: Mapping[str, Any]) -> tuple[int, int] | None:
    """Return width and height of an image, px; None if its bytes are not in the request or cannot be read."""
    source = block.get("source")
    data = source.get("data") if type(source) is dict else None
    if type(data) is not str:  # a transcript is JSON; what is not text is an object of the caller
        return None
    contents = read_payload(data).contents
    return (contents.header.width, contents.header.height) if contents and contents.header else None


class _CacheUsage(NamedTuple):
    """The cache use of a call."""

    read: int
    written: int
    write: CacheUse

    def use(self, tokens: int) -> CacheUse:
        """Return the cache use of an image: it was read or written if the call had at least that many such tokens."""
        if self.read >= tokens:
            return "read"
        return self.write if self.written >= tokens else "none"


def _cache_usages(image: SentImage, calls: tuple[Call, ...]) -> Iterator[tuple[str | None, _CacheUsage]]:
    for span in image.calls:
        for number in span:
            usage = calls[number].usage
            read = 0 if number == span.start else _tokens(usage, "cache_read_input_tokens")
            detail = usage.get("cache_creation")
            hour = isinstance(detail, dict) and _tokens(detail, "ephemeral_1h_input_tokens")
            written = _tokens(usage, "cache_creation_input_tokens")
            yield calls[number].model, _CacheUsage(read, written, "write-1h" if hour else "write-5m")


def _tokens(usage: Mapping[str, Any], key: str) -> int:
    value = usage.get(key)
    return value if isinstance(value, int) else 0
