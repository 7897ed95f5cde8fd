"""Which images have the same bytes as an earlier one."""

from __future__ import annotations

import hashlib
import os
import stat
from typing import TYPE_CHECKING, TypeAlias

from imgcost.files.found import Image
from imgcost.files.probing import open_without_waiting

if TYPE_CHECKING:
    from collections.abc import Iterable

    from imgcost.files.found import Found, Group

__all__ = ["Duplicates"]

_BLOCK_BYTES = 1 << 20

_Alike: TypeAlias = tuple[int, int, int]


class Duplicates:
    """Marks every image whose bytes were seen before with the path of the first.

    Only candidates are read whole: images that share file size, width and height. Members of archives are left alone;
    they cannot be opened by path. What it remembers grows with the number of images.
    """

    def __init__(self) -> None:
        """Start with nothing seen."""
        # Of most sizes there is one image: its path waits, unread, until a second one comes.
        self._single: dict[_Alike, str] = {}
        self._digests: dict[_Alike, dict[bytes, str]] = {}

    def mark(self, groups: Iterable[Group]) -> list[Group]:
        """Look at what was found next in the order of the scan.

        Args:
            groups: Folders and what was found in them.

        Returns:
            The same, with `duplicate_of` set on each duplicate.
        """
        return [(folder, [self._marked(one) for one in found]) for folder, found in groups]

    def _marked(self, found: Found) -> Found:
        if not isinstance(found, Image):
            return found
        alike = (found.file_bytes, found.width, found.height)
        if alike not in self._single:
            self._single[alike] = found.path
            return found
        if alike not in self._digests:
            first = self._single[alike]
            digest = _digest(first)
            self._digests[alike] = {} if digest is None else {digest: first}
        digest = _digest(found.path)
        if digest is None:
            return found
        if digest in self._digests[alike]:
            return found._replace(duplicate_of=self._digests[alike][digest])
        self._digests[alike][digest] = found.path
        return found


def _digest(path: str) -> bytes | None:
    """The digest of a file's bytes, or None if it cannot be read: then it is nobody's duplicate."""
    digest = hashlib.blake2b(digest_size=16)
    try:
        with open(path, "rb", buffering=0, opener=open_without_waiting) as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                return None
            while block := file.read(_BLOCK_BYTES):
                digest.update(block)
    except OSError:
        return None
    return digest.digest()
