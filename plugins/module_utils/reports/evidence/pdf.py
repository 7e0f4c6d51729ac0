# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A pack's document as a PDF. The same document gives the same bytes."""

from __future__ import annotations

import io
import pathlib
import typing as t
from xml.sax.saxutils import escape

from ...libraries import library
from .document import Document, Section
from .letters import Letters

colors = library("reportlab.lib.colors")
pagesizes = library("reportlab.lib.pagesizes")
platypus = library("reportlab.platypus")
styles = library("reportlab.lib.styles")

_MARGIN = 34.0
#: A cell shows so many letters at most; the tables beside the PDF have the whole text.
_LONGEST = 600
#: Of a column's width, in letters: no narrower and no wider than this weighs.
_NARROW, _WIDE = 5, 46
#: A word of so many letters is not broken.
_WORD = 20


def render_pdf(document: Document, font: pathlib.Path | None = None) -> bytes:
    """Return the document as a PDF. Raises EvidenceError for a font that cannot be used."""
    letters = Letters(font)
    words = _Words(letters)
    body = [flowable for section in document.sections for flowable in _section(section, words)]
    # what could not be written as it is counts all texts, so the first page comes last
    story = [*_first_page(document, words), *body]
    out = io.BytesIO()
    size = pagesizes.landscape(pagesizes.A4)
    template = platypus.SimpleDocTemplate(
        out,
        pagesize=size,
        leftMargin=_MARGIN,
        rightMargin=_MARGIN,
        topMargin=_MARGIN,
        bottomMargin=_MARGIN + 12,
        title=letters.fit(document.title),
        author="Rollcall",
        subject=letters.fit(document.subtitle),
        invariant=1,
    )
    foot = letters.fit(f"{document.subtitle} - {document.title}")

    def footer(canvas: t.Any, _template: t.Any) -> None:
        canvas.saveState()
        canvas.setFont(letters.plain, 7)
        canvas.setFillColor(colors.HexColor("#55606b"))
        canvas.drawString(_MARGIN, _MARGIN - 8, foot[:180])
        canvas.drawRightString(size[0] - _MARGIN, _MARGIN - 8, f"page {canvas.getPageNumber()}")
        canvas.restoreState()

    template.build(story, onFirstPage=footer, onLaterPages=footer)
    return out.getvalue()


class _Words:
    """Texts as paragraphs: escaped, for what looks like markup is none, and in letters that the font has."""

    def __init__(self, letters: Letters) -> None:
        self._letters = letters
        self.letters = letters

        def style(name: str, size: float, *, bold: bool = False, **more: t.Any) -> t.Any:
            font = letters.bold if bold else letters.plain
            return styles.ParagraphStyle(name, fontName=font, fontSize=size, leading=size * 1.25, **more)

        quiet = colors.HexColor("#55606b")
        self.styles = {
            "title": style("title", 20, bold=True, spaceAfter=6),
            "heading": style("heading", 12, bold=True, spaceBefore=14, spaceAfter=3, keepWithNext=1),
            "text": style("text", 9, spaceAfter=4),
            "quiet": style("quiet", 8, textColor=quiet, spaceAfter=4),
            "cell": style("cell", 7, splitLongWords=1),
            "head": style("head", 7, bold=True),
            "number": style("number", 13, bold=True),
        }

    def __call__(self, text: str, style: str) -> t.Any:
        return platypus.Paragraph(self.markup(text), self.styles[style])

    def markup(self, text: str) -> str:
        cut = text if len(text) <= _LONGEST else f"{text[:_LONGEST]} ..."
        return escape(self._letters.fit(cut))


def _first_page(document: Document, words: _Words) -> list[t.Any]:
    title = [words(document.subtitle, "quiet"), words(document.title, "title")]
    about = [[words(what, "quiet"), words(value, "text")] for what, value in document.about]
    numbers = [[words(count, "number"), words(what, "text")] for count, what, _where in document.numbers]
    half = (len(numbers) + 1) // 2
    beside = [[*left, *right] for left, right in zip(numbers[:half], [*numbers[half:], ["", ""]], strict=False)]
    notes = (
        "All rows and all columns are in the tables beside this PDF. It is signed as a part of the pack: manifest.json."
    )
    if words.letters.replaced:
        notes += (
            f" {words.letters.replaced} texts hold letters that the font of this PDF does not have; here they stand in "
            "Latin letters. index.html and the tables have them as they are."
        )
    width = pagesizes.landscape(pagesizes.A4)[0] - 2 * _MARGIN
    top = [
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
        ("LEFTPADDING", (0, 0), (-1, -1), 0),
        ("TOPPADDING", (0, 0), (-1, -1), 1),
    ]
    return [
        *title,
        platypus.Table(about, colWidths=[110, width - 110], style=top),
        platypus.Spacer(1, 8),
        platypus.Table(
            beside, colWidths=[60, width / 2 - 60] * 2, style=[*top, ("VALIGN", (0, 0), (-1, -1), "MIDDLE")]
        ),
        platypus.Spacer(1, 6),
        words(notes, "quiet"),
        platypus.PageBreak(),
    ]


def _section(section: Section, words: _Words) -> list[t.Any]:
    made = [words(section.title, "heading"), words(section.says, "quiet")]
    if not section.rows:
        return [*made, words("None in this period and scope.", "text")]
    rows = [[words(column, "head") for column in section.columns]]
    rows += [[words(cell, "cell") if cell else "" for cell in row] for row in section.rows]
    line = colors.HexColor("#d5dbe1")
    table = platypus.LongTable(
        rows,
        colWidths=_widths(section),
        repeatRows=1,
        style=[
            ("VALIGN", (0, 0), (-1, -1), "TOP"),
            # of empty cells, which would make their rows higher
            ("FONTSIZE", (0, 0), (-1, -1), 7),
            ("LEADING", (0, 0), (-1, -1), 8.75),
            ("BACKGROUND", (0, 0), (-1, 0), colors.HexColor("#f3f5f7")),
            ("LINEBELOW", (0, 0), (-1, -1), 0.4, line),
            ("LEFTPADDING", (0, 0), (-1, -1), 3),
            ("RIGHTPADDING", (0, 0), (-1, -1), 3),
            ("TOPPADDING", (0, 0), (-1, -1), 1.5),
            ("BOTTOMPADDING", (0, 0), (-1, -1), 2.5),
        ],
    )
    shown, total = len(section.rows), section.total
    said = f"The first {shown:,} of {total:,} rows; all of them in {section.file}." if total > shown else ""
    return [*made, table, words(said, "quiet")] if said else [*made, table]


def _widths(section: Section) -> list[float]:
    """Share the page's width among the columns by how long their texts are."""
    width = pagesizes.landscape(pagesizes.A4)[0] - 2 * _MARGIN
    weights = []
    for place, column in enumerate(section.columns):
        lengths = sorted(len(row[place]) for row in section.rows)
        usual = lengths[int(len(lengths) * 0.9)] if lengths else 0
        parts = [part for text in (column, *(row[place] for row in section.rows)) for part in text.split()]
        word = min(max((len(part) for part in parts), default=1), _WORD) + 1
        weights.append(max(_NARROW, word, min(usual, _WIDE)))
    return [width * weight / sum(weights) for weight in weights]
