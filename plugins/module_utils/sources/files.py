# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A file of HR as text, or a clear word on why it is none."""

from __future__ import annotations

import codecs
import pathlib
import typing as t

from ..errors import FeedError, SettingsError, SourceUnreachable
from ..model import Origin
from .contract import Source

# Longest first: the mark of UTF-32 begins with that of UTF-16.
_WIDE_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


class FileSource(Source):
    """The base of the sources that are files: ``path`` and ``encoding`` (utf-8 unless told otherwise)."""

    options: t.ClassVar[t.Mapping[str, str]] = {"path": "required", "encoding": "optional"}

    def text(self) -> str:
        """Return the whole file.

        Raises SourceUnreachable when it cannot be opened, FeedError when it is empty or not in the encoding expected.
        """
        path = self.base_dir / pathlib.Path(self.text_option("path")).expanduser()
        encoding = self.text_option("encoding", "utf-8")
        try:
            standard_name = codecs.lookup(encoding).name
        except LookupError:
            raise SettingsError(f"there is no encoding {encoding!r}", where=f"source {self.name}") from None
        try:
            content = path.read_bytes()
        except OSError as error:
            raise SourceUnreachable(
                f"the file cannot be read: {error.strerror or type(error).__name__}",
                where=self.name,
                todo=f"Expected it at {path}",
            ) from error
        if not content.strip():
            raise FeedError("the file is empty", where=self.name, todo="Export it from HR again")
        self._check_marks(content, standard_name)
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError as error:
            raise self._undecodable(content, error, encoding) from None
        if "\0" in text:
            raise FeedError(
                "a NUL byte, which no text has",
                where=str(self.at(text, text.index("\0"))),
                todo="The file is damaged or no text; export it again (or set `encoding` if it is in UTF-16)",
            )
        return text

    def at(self, text: str, offset: int) -> Origin:
        return Origin(self.name, text.count("\n", 0, offset) + 1)

    def _check_marks(self, content: bytes, encoding: str) -> None:
        if content.startswith(codecs.BOM_UTF8) and encoding != "utf-8-sig":
            raise FeedError(
                "the file begins with a byte order mark (BOM)",
                where=str(Origin(self.name, 1)),
                todo="Save it without one, or set `encoding: utf-8-sig` for this source",
            )
        for mark, wide in _WIDE_MARKS:
            if content.startswith(mark) and not encoding.startswith(wide):
                raise FeedError(
                    f"the file is in {wide.upper()}, expected {encoding}",
                    where=str(Origin(self.name, 1)),
                    todo=f"Save it as UTF-8, or set `encoding: {wide}` for this source",
                )
            if content.startswith(mark):
                return

    def _undecodable(self, content: bytes, error: UnicodeDecodeError, encoding: str) -> FeedError:
        line = content.count(b"\n", 0, error.start) + 1
        # Windows writes letters and quotes where Latin-1 has control characters.
        windows = any(0x80 <= byte <= 0x9F for byte in content[error.start : error.start + 1])
        return FeedError(
            f"the byte 0x{content[error.start]:02x} is not {encoding}",
            where=str(Origin(self.name, line)),
            todo=f"Save the file as UTF-8, or set `encoding: {'cp1252' if windows else 'latin-1'}` for this source",
        )
