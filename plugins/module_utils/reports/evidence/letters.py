# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Letters that a PDF's font does not have. They are written in Latin letters, and the PDF says so."""

from __future__ import annotations

import pathlib
import typing as t
import unicodedata

from ...errors import EvidenceError
from ...libraries import library

anyascii = library("anyascii")
pdfmetrics = library("reportlab.pdfbase.pdfmetrics")
ttfonts = library("reportlab.pdfbase.ttfonts")

#: Written from right to left: the library does not turn them round.
_RIGHT_TO_LEFT = frozenset({"R", "AL", "AN"})


class Letters:
    """The fonts of a PDF, and what becomes of letters that they do not have.

    Without a file these are the standard fonts that every reader has (Helvetica), which hold the letters of Western
    Europe. ``file`` is a TrueType font with more; its bold is the file beside it that ends in -Bold. ``replaced``
    counts the texts that could not be written as they are.

    Raises EvidenceError for a file that is no TrueType font.
    """

    def __init__(self, file: pathlib.Path | None = None) -> None:
        self.replaced = 0
        self.plain, self.bold = "Helvetica", "Helvetica-Bold"
        self._known: t.Callable[[str], bool] = _western
        if file is not None:
            self.plain = self.bold = "Given"
            glyphs = _register("Given", file).face.charToGlyph
            self._known = lambda letter: ord(letter) in glyphs
            bold = file.with_name(f"{file.stem}-Bold{file.suffix}")
            if bold.is_file():
                also = _register("Given-Bold", bold).face.charToGlyph
                self.bold = "Given-Bold"
                self._known = lambda letter: ord(letter) in glyphs and ord(letter) in also

    def fit(self, text: str) -> str:
        """Return a text as it can be written, and count it where that is not as it is."""
        if text.isascii() and text.isprintable():
            return text
        fitting = "".join(self._fit(letter) for letter in text)
        self.replaced += fitting != text
        return fitting

    def _fit(self, letter: str) -> str:
        if letter in "\n\t":
            return " "
        if not letter.isprintable() and letter != "\u00a0":
            return "?"
        if unicodedata.bidirectional(letter) not in _RIGHT_TO_LEFT and self._known(letter):
            return letter
        return str(anyascii.anyascii(letter)) or "?"


def _western(letter: str) -> bool:
    try:
        letter.encode("cp1252")
    except UnicodeEncodeError:
        return False
    return True


def _register(name: str, file: pathlib.Path) -> t.Any:
    try:
        font = ttfonts.TTFont(name, str(file))
    except (OSError, ttfonts.TTFError) as error:
        raise EvidenceError(
            f"this is no TrueType font that can be used: {error}",
            where=str(file),
            todo="Name a .ttf file, such as DejaVuSans.ttf, or leave the font out",
        ) from error
    pdfmetrics.registerFont(font)
    return font
