"""Fit one file of a run, in a worker process, which writes nothing."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias

from imgcost.acceptance import breaches, sent_bytes
from imgcost.errors import FitError
from imgcost.files import Image, Unreadable, inspect, no_access, probe
from imgcost.fitting.decoding import check_decodable
from imgcost.fitting.files import FittedFile
from imgcost.fitting.images import fit_with
from imgcost.fitting.layout import SUFFIXES, earlier_output, is_taken, output_name
from imgcost.fitting.options import FitOptions, is_excluded, target_size
from imgcost.fitting.originals import cannot_decode, check_contents
from imgcost.preflight.inputs import is_stray

if TYPE_CHECKING:
    from imgcost.fitting.files import FitStatus
    from imgcost.quoting import Quote

__all__ = ["FitOutcome", "FitTask", "Fitter", "Unchanged"]

Unchanged: TypeAlias = Literal["copy", "link", "skip"]
"""What is done with an image that is accepted and fits: copy it, make a hard link to it, or leave it where it is."""

_STATUSES: dict[Unchanged, FitStatus] = {"copy": "copied", "link": "linked", "skip": "skipped"}

_NOT_READ = frozenset({"link-not-followed", "seen-already", "not-a-file"})
"""Problems of paths that a walk does not read, by intention."""

_KEPT = frozenset({"image/jpeg", "image/webp"})
"""Formats that stay the same, whatever the pixels are."""


_NOT_SMALLER = "its resized copy would have more bytes, and the API downscales it at the same price"

_IF_SMALLER = "copied as it is if the resized copy would have more bytes"


class FitTask(NamedTuple):
    """A file to fit.

    Attributes:
        path: The file.
        destination: Where its copy goes, relative to the output folder, before its suffix is known.
        named: Whether the caller named it, so that it should be an image.
        problem: Why it cannot be read, if that is known.
    """

    path: str
    destination: str = ""
    named: bool = False
    problem: Unreadable | None = None


class FitOutcome(NamedTuple):
    """What became of a file, except that its copy is not written yet.

    Attributes:
        file: The result, if the copy can be written.
        name: Name of the copy, relative to the output folder; empty if there is none, or in a dry run if it depends on
            pixels.
        data: The bytes of the copy; None if they are those of the file, or the copy exists.
    """

    file: FittedFile
    name: str = ""
    data: bytes | None = None


class Fitter(NamedTuple):
    """Fits files. Pickled for worker processes.

    Attributes:
        quote: The model, platform and date.
        options: What the caller requests.
        output: The folder for the copies; empty in a dry run without one.
        unchanged: What is done with an image that is accepted and fits.
        overwrite: Whether existing copies are replaced.
        dry_run: Whether the result is predicted without decoding.
    """

    quote: Quote
    options: FitOptions
    output: str
    unchanged: Unchanged
    overwrite: bool
    dry_run: bool

    def fit(self, task: FitTask) -> FitOutcome:
        """Fit a file.

        Args:
            task: The file.

        Returns:
            The result. An image that cannot be fitted is one with the status `failed`.
        """
        image = task.problem or probe(task.path)
        if isinstance(image, Unreadable):
            return FitOutcome(_without_copy(image, named=task.named))
        file = self._measured(image)
        if name := self._earlier_output(task):
            return self._existing(file, name)
        try:
            outcome = self._predicted(task, file, image) if self.dry_run else self._fitted(task, file)
        except FitError as error:
            return FitOutcome(file.failed(error.problem, str(error)))
        except OSError as error:
            problem = no_access(task.path, error)
            return FitOutcome(file.failed(problem.problem, problem.reason))
        if outcome.name and is_taken(outcome.name, task.destination, task.path):
            return FitOutcome(file.failed("output", "another input has the name of its copy: rename one of them"))
        return outcome

    def _measured(self, image: Image) -> FittedFile:
        limits, size = self.quote.limits, (image.width, image.height)
        sent = sent_bytes(image.file_bytes, limits)
        breach = next(breaches(image.media_type, *size, sent, limits), None)
        rejected = breach.reason.rule if breach else None
        tokens = self.quote.tokens(*size)
        return FittedFile(image.path, "fitted", None, image.media_type, *size, image.file_bytes, tokens, rejected)

    def _earlier_output(self, task: FitTask) -> str | None:
        if self.overwrite or not self.output:
            return None
        chosen = self.options.output_format
        media_types = [f"image/{chosen}"] if chosen else SUFFIXES
        return earlier_output(self.output, task.destination, media_types, task.path)

    def _existing(self, file: FittedFile, name: str) -> FitOutcome:
        """Measure the copy of an earlier run."""
        path = os.path.join(self.output, name)
        copy = probe(path)
        problem = copy.reason if isinstance(copy, Unreadable) else self._measured(copy).rejected
        if isinstance(copy, Unreadable) or problem:
            reason = f"its existing copy {path} would be rejected ({problem}): remove or overwrite it"
            return FitOutcome(file.failed("output", reason))
        after = self._after(file, "exists", copy.media_type, (copy.width, copy.height), copy.file_bytes, path)
        if _modified(file.path) > _modified(path):
            after = after._replace(problem="outdated", reason="the existing copy is older than the file")
        return FitOutcome(after, name)

    def _fitted(self, task: FitTask, file: FittedFile) -> FitOutcome:
        fitted = fit_with(self.quote, task.path, self.options)
        if not fitted.changed:
            size = (fitted.width, fitted.height)
            resizes = target_size(*size, self.quote, self.options) != size
            return self._unchanged(task, file._replace(problem="not-smaller", reason=_NOT_SMALLER) if resizes else file)
        name = output_name(task.destination, fitted.media_type)
        size, path = (fitted.width, fitted.height), os.path.join(self.output, name)
        after = self._after(file, "fitted", fitted.media_type, size, len(fitted.data), path)
        return FitOutcome(after._replace(quality=fitted.quality), name, fitted.data)

    def _predicted(self, task: FitTask, file: FittedFile, image: Image) -> FitOutcome:
        """Predict the result from both ends of the file. Whether a PNG stays one, for example, depends on pixels."""
        check_contents(inspect(image.path))
        size = (image.width, image.height) if image.orientation < 5 else (image.height, image.width)
        target = target_size(*size, self.quote, self.options)
        described = image.media_type, image.file_bytes, size
        if not (file.rejected or is_excluded(*described, target, self.quote, self.options)):
            if target == size:
                return self._unchanged(task, file)
            file = file._replace(problem="if-smaller", reason=_IF_SMALLER)
        check_decodable(image.media_type, *size)
        chosen = f"image/{self.options.output_format}" if self.options.output_format else None
        media_type = chosen or (image.media_type if image.media_type in _KEPT else None)
        name = output_name(task.destination, media_type) if media_type else ""
        path = os.path.join(self.output, name) if name else None
        return FitOutcome(self._after(file, "fitted", media_type, target, None, path), name)

    def _unchanged(self, task: FitTask, file: FittedFile) -> FitOutcome:
        assert file.media_type and file.width and file.height  # noqa: S101, PT018 - it was measured
        name = "" if self.unchanged == "skip" else output_name(task.destination, file.media_type)
        path = os.path.join(self.output, name) if name else file.path
        size, status = (file.width, file.height), _STATUSES[self.unchanged]
        return FitOutcome(self._after(file, status, file.media_type, size, file.file_bytes, path), name)

    def _after(
        self,
        file: FittedFile,
        status: FitStatus,
        media_type: str | None,
        size: tuple[int, int],
        size_bytes: int | None,
        path: str | None,
    ) -> FittedFile:
        tokens = self.quote.tokens(*size)
        return file._replace(
            status=status,
            output=path,
            output_media_type=media_type,
            output_width=size[0],
            output_height=size[1],
            output_bytes=size_bytes,
            output_tokens=tokens,
            saved_usd=self.quote.image_usd(file.tokens or 0) - self.quote.image_usd(tokens),
        )


def _without_copy(problem: Unreadable, *, named: bool) -> FittedFile:
    """Return the result for a file that cannot be read as an image."""
    path, name, reason, kind = problem
    if name == "archive-not-entered":
        return FittedFile(path, "failed", problem=name, reason="an archive: extract it first")
    if name == "unsupported":
        reason = cannot_decode(kind or "the format").reason
    ignored = not named and (is_stray(path, name) or name in _NOT_READ)
    return FittedFile(path, "ignored" if ignored else "failed", problem=name, reason=reason)


def _modified(path: str) -> int:
    """Return when a file was modified; 0 if it was removed."""
    try:
        return os.stat(path).st_mtime_ns
    except OSError:
        return 0
