"""The result of fitting one image."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from imgcost import geometry
from imgcost.errors import ArgumentError
from imgcost.figures import number
from imgcost.fitting.layout import SUFFIXES
from imgcost.headers import format_name
from imgcost.notebooks import html_table
from imgcost.outputs import Output
from imgcost.preflight.inputs import IMAGE_SUFFIXES, suffix_of

if TYPE_CHECKING:
    from decimal import Decimal

    from imgcost.quoting import Quote

__all__ = ["Fitted", "ImageChange"]

ImageChange: TypeAlias = Literal[
    "resized", "rotated", "converted", "recolored", "flattened", "first-frame", "compressed", "re-encoded"
]
"""What was done to an image: see `Fitted.changes`."""


@dataclass(frozen=True, slots=True, repr=False)
class Fitted:
    """An image that is ready to be sent.

    Attributes:
        data: The bytes to send.
        media_type: Such as `image/jpeg`.
        width: Width of the upright image, px.
        height: Height of the upright image, px.
        tokens: Visual tokens.
        quality: Quality of JPEG or lossy WebP, 1 to 95; None if lossless or unchanged.
        changes: What was done to the image; empty if `data` are the bytes of the original. `resized`; `rotated` until
            upright; `converted` to another format; `recolored`, to sRGB with 8 bits per channel; `flattened`,
            transparent pixels on a background; `first-frame` of an animation, or first page; `compressed` with loss
            that the original does not have, or with more than by default, to limit the bytes; or just `re-encoded`.
        original_media_type: Media type of the original; empty for a Pillow image without a file format.
        original_width: Width of the upright original, px.
        original_height: Height of the upright original, px.
        original_bytes: Size of the original, bytes; None for a Pillow image.
        original_tokens: Visual tokens of the original; None if the API would reject it.
        rejected: Why the API would reject the original, such as `TIFF` or `over 8,000 px`; None if it would not.
        quote: The model, and what it charges.
    """

    data: bytes
    media_type: str
    width: int
    height: int
    tokens: int
    quality: int | None
    changes: tuple[ImageChange, ...]
    original_media_type: str
    original_width: int
    original_height: int
    original_bytes: int | None
    original_tokens: int | None
    rejected: str | None
    quote: Quote

    def __repr__(self) -> str:
        kind = self.media_type.removeprefix("image/")
        changes = ", ".join(self.changes) or "unchanged"
        return f"<Fitted {self.width}x{self.height} {kind} bytes={len(self.data)} tokens={self.tokens} ({changes})>"

    @property
    def changed(self) -> bool:
        """Whether `data` differ from the bytes of the original."""
        return bool(self.changes)

    @property
    def saved_tokens(self) -> int | None:
        """Visual tokens saved; None if the API would reject the original.

        0 unless you limit the size: the API downscales an image that is too large to the same number of tokens.
        """
        return None if self.original_tokens is None else self.original_tokens - self.tokens

    @property
    def saved_usd(self) -> Decimal | None:
        """US dollars saved on input, exact; None if the API would reject the original."""
        return None if self.saved_tokens is None else self.quote.image_usd(self.saved_tokens)

    @property
    def saved_bytes(self) -> int | None:
        """Bytes saved, negative if the copy is larger; None for a Pillow image."""
        return None if self.original_bytes is None else self.original_bytes - len(self.data)

    @property
    def suffix(self) -> str:
        """The usual file extension of `media_type`, such as `.jpg`."""
        return SUFFIXES[self.media_type][0]

    def rescale_point(self, x: float, y: float) -> tuple[float, float]:
        """Convert a point that Claude returned to pixels of the upright original.

        Args:
            x: Pixels from the left of the image that Claude saw.
            y: Pixels from the top.

        Returns:
            x and y in the upright original, px.

        Source: https://platform.claude.com/docs/en/build-with-claude/vision-coordinates (read 2026-09-26)

        >>> from imgcost import fit
        >>> photo = fit("data/samples/photos/dandelion-2800.jpg", model="claude-opus-4-6", max_tokens=500)
        >>> photo.width, photo.rescale_point(photo.width, 0)
        (812, (2800.0, 0.0))
        """
        x, y = geometry.rescale_point(x, y, self.width, self.height, self.quote.tier)  # if not resized, the API does
        return x * self.original_width / self.width, y * self.original_height / self.height

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the image to a file, which is complete or untouched.

        Args:
            path: The file. If its extension is that of an image, it has to match `media_type`, because programs derive
                the media type from it: the API rejects PNG data that is declared as JPEG.

        Raises:
            ArgumentError: The extension is that of another format; nothing is written.
            OSError: The file cannot be written.
        """
        suffix = suffix_of(os.fsdecode(path))
        if suffix in IMAGE_SUFFIXES and suffix not in SUFFIXES[self.media_type]:
            expected = f"a file that ends with {self.suffix}, because the data is {format_name(self.media_type)}"
            raise ArgumentError("path", path, f"{expected}; output_format in fit() selects another format")
        with Output(path) as file:
            file.write(self.data)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, without the image data; dollars as exact decimal text."""
        saved_usd = self.saved_usd
        return self.quote.to_dict() | {
            "media_type": self.media_type,
            "width": self.width,
            "height": self.height,
            "file_bytes": len(self.data),
            "tokens": self.tokens,
            "quality": self.quality,
            "changes": list(self.changes),
            "original_media_type": self.original_media_type,
            "original_width": self.original_width,
            "original_height": self.original_height,
            "original_bytes": self.original_bytes,
            "original_tokens": self.original_tokens,
            "rejected": self.rejected,
            "saved_tokens": self.saved_tokens,
            "saved_bytes": self.saved_bytes,
            "saved_usd": None if saved_usd is None else f"{saved_usd:f}",
        }

    def _repr_html_(self) -> str:
        unknown = "unknown"
        before = (
            "original",
            format_name(self.original_media_type) or unknown,
            f"{self.original_width}x{self.original_height}",
            unknown if self.original_bytes is None else number(self.original_bytes),
            f"rejected: {self.rejected}" if self.original_tokens is None else number(self.original_tokens),
        )
        after = (
            ", ".join(self.changes) or "unchanged",
            format_name(self.media_type),
            f"{self.width}x{self.height}",
            number(len(self.data)),
            number(self.tokens),
        )
        caption = f"{self.quote.model.id} on {self.quote.conditions.as_of}"
        return html_table(caption, ("", "format", "size", ">bytes", ">tokens"), (before, after))
