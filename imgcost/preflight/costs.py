"""What the images of a check cost, and what of it is not known."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from imgcost.errors import ImgcostError
from imgcost.prices import cost_usd, total_usd
from imgcost.quotes import conditions, quote

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date
    from decimal import Decimal

    from imgcost.quotes import Quote
    from imgcost.rules import DocumentInput, ImageInput
    from imgcost.tables import Model, NamedModel, Platform

__all__ = ["Costs"]

NOT_HERE = "images whose bytes are not in the request, because nothing is fetched"
TEXT_OF_PAGES = "pages of PDFs at a measured figure, which is not published, with no text up to full pages of text"
NOT_COUNTED = "documents whose pages cannot be counted"
UNREADABLE = "images and documents that cannot be read"
NO_MODEL = "requests without a known model"
LONG = "requests over the long-context threshold, all at its higher rate"
MAYBE_LONG = "requests at the standard rate, assuming that their text keeps them within the long-context threshold"


class _Places(NamedTuple):
    number: int
    first: str


class Costs:
    """Adds up what images and pages of PDFs cost, request by request.

    Text is never counted in tokens: a request has the long-context price where its images alone pass the threshold. A
    token has at least one byte, so that the length of the text bounds what else it could cost.

    Args:
        day: The date whose prices apply.
        platform: Where it will be sent, unless the model's name says more; it may be changed between requests.
    """

    def __init__(self, day: date, platform: Platform) -> None:
        """Start at nothing."""
        self._day = day
        self.platform = platform
        self._quotes: dict[tuple[NamedModel, Platform, bool], Quote] = {}
        self._known: list[Decimal] = []
        self._more: list[Decimal] = []
        self._unknown: dict[str, _Places] = {}
        self._notes: dict[str, _Places] = {}
        self._unreadable = _Places(0, "")
        self.pages = 0

    def add(
        self,
        tokens: int,
        model: NamedModel | None,
        location: str,
        *,
        most_tokens: int = 0,
        text_bytes: int = 0,
        batch: bool = False,
        alone: bool = True,
    ) -> None:
        """Price the images and the pages of a request.

        Args:
            tokens: Their visual tokens.
            model: The model that answers first; None where it is not known.
            location: The request.
            most_tokens: The same with full pages of text; 0 without pages.
            text_bytes: The length of everything else in it.
            batch: Whether it has the price of a message batch.
            alone: Whether all of them are in one request; otherwise each is a request of its own.
        """
        if model is None:
            self._count(self._unknown, NO_MODEL, location)
            return
        if not tokens:
            return
        try:
            found = self.quote(model, batch=batch)
        except ImgcostError as error:
            self._count(self._unknown, f"requests without a price ({error})", location)
            return
        rates = found.rates(tokens) if alone else found.standard
        known, most = cost_usd(tokens, rates.input), max(tokens, most_tokens)
        self._known.append(known)
        upper = found.rates(most + text_bytes) if alone else rates
        if rates is not found.standard:
            self._count(self._notes, LONG, location)
        elif upper is not rates:
            self._count(self._notes, MAYBE_LONG, location)
        self._more.append(cost_usd(most, upper.input) - known)

    def see_image(self, image: ImageInput, model: Model | None) -> None:
        """Note an image that has no tokens."""
        if image.contents is None and image.base64_problem is None:
            self._count(self._unknown, NOT_HERE, image.location)
        elif not (image.contents and image.contents.header):
            self._unreadable = _Places(self._unreadable.number + 1, self._unreadable.first or image.location)
        elif model is not None:
            what = f"images for {model.id}, whose resolution tier was never published"
            self._count(self._unknown, what, image.location)

    def document_input(self, document: DocumentInput, model: Model | None) -> None:
        """Note a document whose pages cost tokens."""
        if document.uncounted:
            self._count(self._unknown, NOT_COUNTED, document.location)
        elif document.tokens:
            self._count(self._notes, TEXT_OF_PAGES, document.location, document.pages or 0)
            self.pages += document.pages or 0
        elif document.pages is not None and model is not None:
            self._count(self._unknown, f"pages of PDFs for {model.id}", document.location, document.pages)
        elif document.problem:
            self._unreadable = _Places(self._unreadable.number + 1, self._unreadable.first or document.location)

    def text_usd(self, tokens: int, model: NamedModel, *, batch: bool) -> Decimal | None:
        """Price tokens of text at the standard rate, US dollars; None where no price is known."""
        try:
            return cost_usd(tokens, self.quote(model, batch=batch).standard.input)
        except ImgcostError:
            return None

    @property
    def known_usd(self) -> Decimal:
        """What is known, US dollars."""
        return total_usd(self._known)

    @property
    def most_usd(self) -> Decimal:
        """The most that it may be: the long-context price wherever it may apply, and full pages of text, US dollars."""
        return total_usd((*self._known, *self._more))

    @property
    def unknown(self) -> tuple[str, ...]:
        """What has a cost that is not known."""
        return tuple(_told(self._unknown))

    @property
    def unread(self) -> tuple[str, ...]:
        """What cannot be read: the API rejects it, so that it has no cost, and no budget vouches for it."""
        return tuple(_told({UNREADABLE: self._unreadable} if self._unreadable.number else {}))

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader of the sum should know."""
        return tuple(_told(self._notes))

    @staticmethod
    def _count(locations: dict[str, _Places], what: str, location: str, times: int = 1) -> None:
        number, first = locations.get(what, (0, location))
        locations[what] = _Places(number + times, first)

    def quote(self, model: NamedModel, *, batch: bool = False) -> Quote:
        """Quote a model on the platform.

        Raises:
            ImgcostError: It has no price.
        """
        key = model, self.platform, batch
        if key not in self._quotes:
            platform = None if model.platform else self.platform
            sent = conditions([model], as_of=self._day, platform=platform, batch=batch)
            self._quotes[key] = quote(model, sent)
        return self._quotes[key]


def _told(locations: dict[str, _Places]) -> Iterator[str]:
    for what, (number, first) in locations.items():
        yield f"{what}: {number:,}, the first at {first}"
