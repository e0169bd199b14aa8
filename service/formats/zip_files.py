"""Zip files from outside: their table of contents is read only up to a bound, and before a member is unpacked."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence
from typing import BinaryIO

from service.formats.bounds import ZIP_DIRECTORY_BYTES_MAX, ZIP_MEMBERS_MAX, BeyondBounds, Unpacking

_PACKED = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})
"""How members are packed. Other ways unpack a whole chunk at once, however much it comes to."""


class _SmallReads(io.RawIOBase):
    """A stream of which no large piece is read at once: a table of contents is read as one piece."""

    def __init__(self, stream: BinaryIO) -> None:
        super().__init__()
        self._stream = stream

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return self._stream.seekable()

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        return self._stream.seek(offset, whence)

    def tell(self) -> int:
        return self._stream.tell()

    def read(self, size: int = -1) -> bytes:
        if size > ZIP_DIRECTORY_BYTES_MAX:
            raise BeyondBounds(
                f"the zip file's table of contents has {size} bytes, which is more than {ZIP_DIRECTORY_BYTES_MAX}"
            )
        return self._stream.read(size)


def open_zip(stream: BinaryIO) -> zipfile.ZipFile:
    """A zip file that can be sought. BadZipFile where it is damaged, BeyondBounds where it lists too many members."""
    opened = zipfile.ZipFile(_SmallReads(stream))
    count = len(opened.infolist())
    if count > ZIP_MEMBERS_MAX:
        raise BeyondBounds(f"the zip file has {count} files in it, which is more than {ZIP_MEMBERS_MAX}")
    return opened


def check_members(members: Sequence[zipfile.ZipInfo], unpacking: Unpacking) -> None:
    """BeyondBounds where these unpack to too much, or in a way that cannot be bounded."""
    for member in members:
        unpacking.add(member.file_size)
        if member.compress_type not in _PACKED:
            raise BeyondBounds(f"{member.filename[:60]!r} in the zip file is packed in another way than deflate")
