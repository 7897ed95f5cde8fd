"""What a check has found, and what it has measured on the way."""

from __future__ import annotations

from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from imgcost.errors import PreflightError
from imgcost.preflight.spools import Spool

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date
    from decimal import Decimal

    from imgcost.rules import Finding
    from imgcost.tables import Platform

__all__ = ["CheckedImage", "Findings", "Spools"]


class CheckedImage(NamedTuple):
    """An image that was checked.

    Attributes:
        place: Where it stands: in the request, or on the disk.
        media_type: By its bytes; None where it could not be read.
        width: As stored, px; None likewise.
        height: As stored, px; None likewise.
        resized_width: What Claude sees, px; None likewise, and where the model's tier is not known.
        resized_height: What Claude sees, px; None likewise.
        tokens: Visual tokens; None likewise.
    """

    place: str
    media_type: str | None = None
    width: int | None = None
    height: int | None = None
    resized_width: int | None = None
    resized_height: int | None = None
    tokens: int | None = None


class Spools(NamedTuple):
    """Where a check keeps what it finds, if that may be more than fits memory.

    Attributes:
        found: Findings.
        images: Images.
    """

    found: Spool[Finding]
    images: Spool[CheckedImage]

    @classmethod
    @contextmanager
    def open(cls) -> Iterator[Spools]:
        """Keep them as long as the context lasts."""
        spools = cls(Spool(), Spool())
        with closing(spools.found), closing(spools.images):
            yield spools


@dataclass(frozen=True, slots=True)
class Findings:
    """What a check has found.

    Attributes:
        found: All findings, in the order of what was checked; a tuple, unless a check of files keeps them on disk.
        images: Every image, in its order, with its size and tokens where they could be measured.
        input_usd: What the measured images cost as input at the standard price, or at that of a batch where a batch was
            checked: US dollars, exact; None where a model has no price on that day.
        platform: Where it was to be sent.
        as_of: The day whose limits hold.
    """

    found: tuple[Finding, ...] | Spool[Finding]
    images: tuple[CheckedImage, ...] | Spool[CheckedImage]
    input_usd: Decimal | None
    platform: Platform
    as_of: date

    def __iter__(self) -> Iterator[Finding]:
        return iter(self.found)

    def __len__(self) -> int:
        return len(self.found)

    @property
    def errors(self) -> tuple[Finding, ...]:
        """What the API would reject."""
        return tuple(one for one in self.found if one.severity == "error")

    @property
    def warnings(self) -> tuple[Finding, ...]:
        """What it would accept, and is worth knowing."""
        return tuple(one for one in self.found if one.severity == "warning")

    @property
    def ok(self) -> bool:
        """Whether nothing would be rejected, as far as it can be foreseen."""
        return all(one.severity != "error" for one in self.found)

    @property
    def tokens(self) -> int:
        """Visual tokens of all images that could be measured."""
        return sum(image.tokens or 0 for image in self.images)

    @property
    def unmeasured(self) -> int:
        """How many images could not be measured; they are in no sum."""
        return sum(image.tokens is None for image in self.images)

    def raise_for_errors(self) -> None:
        """Do nothing where `ok`.

        Raises:
            PreflightError: Something would be rejected; the message names the first errors.
        """
        if not self.ok:
            raise PreflightError(self)
