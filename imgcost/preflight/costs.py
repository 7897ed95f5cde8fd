"""Add up the costs of a check, and record what is unknown."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from imgcost.conditions import conditions
from imgcost.errors import ImgcostError
from imgcost.prices import cost_usd, total_usd
from imgcost.quoting import quote

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date
    from decimal import Decimal

    from imgcost.quoting import Quote
    from imgcost.rules import DocumentInput, ImageInput
    from imgcost.tables import Model, NamedModel, Platform

__all__ = ["Costs"]

NOT_HERE = "images whose bytes are not in the request, because nothing is fetched"
TEXT_OF_PAGES = "PDF pages, counted with measured tokens (not published) and from no text to full pages of text"
NOT_COUNTED = "documents whose pages cannot be counted"
UNREADABLE = "images and documents that cannot be read"
NO_MODEL = "requests without a known model"
LONG = "requests over the long-context threshold, all at its higher rate"
MAYBE_LONG = "requests at the standard rate, assuming that their text keeps them within the long-context threshold"


class _Count(NamedTuple):
    number: int
    first: str  # location


class Costs:
    """Adds up the costs of images and PDF pages, request by request.

    The tokens of text are unknown: the long-context price applies if the images alone exceed its threshold. A token is
    at least one byte, so the length of the text limits how many tokens it can add.

    Args:
        day: The date whose prices apply.
        platform: The platform, unless the name of a model implies another; may be changed between requests.
    """

    def __init__(self, day: date, platform: Platform) -> None:
        """Start without costs."""
        self._day = day
        self.platform = platform
        self._quotes: dict[tuple[NamedModel, Platform, bool], Quote] = {}
        self._known: list[Decimal] = []
        self._extra: list[Decimal] = []
        self._unknown: dict[str, _Count] = {}
        self._notes: dict[str, _Count] = {}
        self._unread: dict[str, _Count] = {}
        self.pages = 0

    def add(
        self,
        tokens: int,
        model: NamedModel | None,
        location: str,
        *,
        upper_tokens: int = 0,
        text_bytes: int = 0,
        batch: bool = False,
        alone: bool = True,
    ) -> None:
        """Add the costs of the images and PDF pages of a request.

        Args:
            tokens: Visual tokens of the images and pages.
            model: The main model; None if unknown.
            location: The location of the request.
            upper_tokens: The tokens with full pages of text; 0 without pages.
            text_bytes: Size of everything else in the request, bytes.
            batch: Whether the batch price applies.
            alone: Whether all tokens are in one request; otherwise each image is a request of its own.
        """
        if model is None:
            self._count(self._unknown, NO_MODEL, location)
            return
        if not tokens:
            return
        try:
            quote = self.quote(model, batch=batch)
        except ImgcostError as error:
            self._count(self._unknown, f"requests without a price ({error})", location)
            return
        rates = quote.rates(tokens) if alone else quote.standard
        known, upper_tokens = cost_usd(tokens, rates.input), max(tokens, upper_tokens)
        self._known.append(known)
        upper = quote.rates(upper_tokens + text_bytes) if alone else rates
        if rates is not quote.standard:
            self._count(self._notes, LONG, location)
        elif upper is not rates:
            self._count(self._notes, MAYBE_LONG, location)
        self._extra.append(cost_usd(upper_tokens, upper.input) - known)

    def add_image(self, image: ImageInput, model: Model | None) -> None:
        """Record an image without tokens."""
        if image.contents is None and image.base64_problem is None:
            self._count(self._unknown, NOT_HERE, image.location)
        elif not (image.contents and image.contents.header):
            self._count(self._unread, UNREADABLE, image.location)
        elif model is not None:
            what = f"images for {model.id}, whose resolution tier was never published"
            self._count(self._unknown, what, image.location)

    def add_document(self, document: DocumentInput, model: Model | None) -> None:
        """Record a document."""
        if document.uncounted:
            self._count(self._unknown, NOT_COUNTED, document.location)
        elif document.tokens:
            self._count(self._notes, TEXT_OF_PAGES, document.location, document.pages or 0)
            self.pages += document.pages or 0
        elif document.pages is not None and model is not None:
            self._count(
                self._unknown,
                f"PDF pages for {model.id}, whose tokens were not measured",
                document.location,
                document.pages,
            )
        elif document.problem:
            self._count(self._unread, UNREADABLE, document.location)

    def text_usd(self, tokens: int, model: NamedModel, *, batch: bool) -> Decimal | None:
        """Return the cost of tokens of text at the standard rate, US dollars; None if no price is known."""
        try:
            return self.quote(model, batch=batch).input_usd(tokens)
        except ImgcostError:
            return None

    @property
    def known_usd(self) -> Decimal:
        """The known costs, US dollars."""
        return total_usd(self._known)

    @property
    def upper_usd(self) -> Decimal:
        """Maximum cost, with the long-context price wherever it may apply and full pages of text, US dollars."""
        return total_usd((*self._known, *self._extra))

    @property
    def models(self) -> tuple[str, ...]:
        """Ids of the models whose prices are used, in the order of their first request."""
        return tuple(dict.fromkeys(quote.model.id for quote in self._quotes.values()))

    @property
    def unknown(self) -> tuple[str, ...]:
        """Descriptions of what has an unknown cost."""
        return tuple(_sentences(self._unknown))

    @property
    def unread(self) -> tuple[str, ...]:
        """Descriptions of unreadable files: they cost nothing, but no budget can be checked with them."""
        return tuple(_sentences(self._unread))

    @property
    def notes(self) -> tuple[str, ...]:
        """Assumptions about the costs."""
        return tuple(_sentences(self._notes))

    @staticmethod
    def _count(counts: dict[str, _Count], what: str, location: str, times: int = 1) -> None:
        number, first = counts.get(what, (0, location))
        counts[what] = _Count(number + times, first)

    def quote(self, model: NamedModel, *, batch: bool = False) -> Quote:
        """Return the prices of a model on the platform.

        Raises:
            ImgcostError: The model has no price.
        """
        key = model, self.platform, batch
        if key not in self._quotes:
            platform = None if model.platform else self.platform
            sent = conditions([model], as_of=self._day, platform=platform, batch=batch)
            self._quotes[key] = quote(model, sent)
        return self._quotes[key]


def _sentences(counts: dict[str, _Count]) -> Iterator[str]:
    for what, (number, first) in counts.items():
        yield f"{what}: {first}" if number == 1 else f"{number:,} {what}, the first: {first}"
