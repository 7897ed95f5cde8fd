"""Find images with the same bytes."""

from __future__ import annotations

import hashlib
import os
import stat
from typing import TYPE_CHECKING, TypeAlias

from imgcost.files.probing import open_without_waiting
from imgcost.files.results import Image

if TYPE_CHECKING:
    from collections.abc import Iterable

    from imgcost.files.results import Group, ScanResult

__all__ = ["Duplicates"]

_READ_BYTES = 1 << 20

_Key: TypeAlias = tuple[int, int, int]


class Duplicates:
    """Marks each duplicate image with the path of the first image that has the same bytes.

    Only candidates are read completely: images with the same file size, width and height. Archive members are skipped,
    because they cannot be opened by path. Memory use grows with the number of images.
    """

    def __init__(self) -> None:
        """Start without any images."""
        # Most sizes occur only once. The first image of a size is read only when a second one appears.
        self._single: dict[_Key, str] = {}
        self._digests: dict[_Key, dict[bytes, str]] = {}

    def mark(self, groups: Iterable[Group]) -> list[Group]:
        """Mark the duplicates in the next part of a scan.

        Args:
            groups: Folders and their results, in the order of the scan.

        Returns:
            The same groups, with `duplicate_of` set on each duplicate.
        """
        return [(folder, [self._marked(file) for file in files]) for folder, files in groups]

    def _marked(self, file: ScanResult) -> ScanResult:
        if not isinstance(file, Image):
            return file
        key = (file.file_bytes, file.width, file.height)
        if key not in self._single:
            self._single[key] = file.path
            return file
        if key not in self._digests:
            first = self._single[key]
            digest = _digest(first)
            self._digests[key] = {} if digest is None else {digest: first}
        digest = _digest(file.path)
        if digest is None:
            return file
        if digest in self._digests[key]:
            return file._replace(duplicate_of=self._digests[key][digest])
        self._digests[key][digest] = file.path
        return file


def _digest(path: str) -> bytes | None:
    """Return the digest of a file's bytes; None if it cannot be read, so that it is never treated as a duplicate."""
    digest = hashlib.blake2b(digest_size=16)
    try:
        with open(path, "rb", buffering=0, opener=open_without_waiting) as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                return None
            while chunk := file.read(_READ_BYTES):
                digest.update(chunk)
    except OSError:
        return None
    return digest.digest()
